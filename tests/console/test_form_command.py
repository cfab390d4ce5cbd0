"""`foresatt form` for everyone: it needs no home and no store."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from console.main import cli
from console.state import State
from fixtures.boxed import with_values
from schemas.errors import UsageFault


def run(*argv: str | Path) -> Result:
    """The command as it is typed; a fault is raised."""
    return CliRunner().invoke(cli, [*map(str, argv)], obj=State(), catch_exceptions=False, standalone_mode=False)


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESATT_HOME", str(tmp_path / "none"))
    monkeypatch.delenv("FORESATT_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "begins"), [("s.pdf", b"%PDF-1.7"), ("s.docx", b"PK"), ("S.PDF", b"%PDF-1.7")])
def test_the_form_is_written_without_a_home(name: str, begins: bytes, tmp_path: Path) -> None:
    """The file's ending decides what it is; the file is new and its owner's alone; no home comes to be."""
    ran = run("form", "--lang", "en", "--out", tmp_path / name, "--json")

    assert begins == (tmp_path / name).read_bytes()[: len(begins)]
    assert 0o600 == (tmp_path / name).stat().st_mode & 0o777
    assert '"pages": 1' in ran.stdout
    assert not (tmp_path / "none").exists()


def test_the_schools_name_and_language_come_from_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --lang the form is in the school's language, with its own addresses."""
    import pypdfium2

    for name, value in (("LANGUAGE", "nn"), ("EMAIL", "skjema@example.com"), ("NAME", "Prøveskolen")):
        monkeypatch.setenv(f"FORESATT_SCHOOL_{name}", value)
    run("form", "--out", tmp_path / "s.pdf")
    document = pypdfium2.PdfDocument((tmp_path / "s.pdf").read_bytes())
    text = document[0].get_textpage().get_text_bounded()
    document.close()

    assert all(word in text for word in ("Føresette 1", "skjema@example.com", "Prøveskolen"))


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("--out", "s.txt"), "file_kind"),
        (("--out", "s.docx", "--consent"), "file_kind"),
        (("--out", "s.pdf", "--class", "1A", "--pupil", "P-X"), "form_whose"),
        (("--out", "s.pdf", "--class", "1A", "--consent"), "form_whose"),
    ],
)
def test_what_does_not_go_together_is_said(argv: tuple[str, ...], code: str) -> None:
    """Wrong use has its own code, and writes nothing."""
    with pytest.raises(UsageFault) as fault:
        run("form", *argv)

    assert code == fault.value.code
    assert not Path(argv[1]).exists()


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    """A form on disk may have been filled in."""
    (tmp_path / "s.pdf").write_bytes(b"mine")
    with pytest.raises(UsageFault):
        run("form", "--out", tmp_path / "s.pdf")

    assert b"mine" == (tmp_path / "s.pdf").read_bytes()


def test_the_form_goes_the_whole_way_from_the_command_to_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written by `form`, filled in on screen, shown by `inspect`: the values as typed, each good enough to be used."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")
    run("form", "--lang", "nn", "--out", tmp_path / "s.pdf")
    values = {"1_pupil": "Ola Ødegård", "1_fnr": "41819077302", "1_name": "Kari Ødegård", "2_refused": "/Yes"}
    (tmp_path / "t.pdf").write_bytes(with_values((tmp_path / "s.pdf").read_bytes(), values))
    shown = json.loads(run("inspect", tmp_path / "t.pdf", "--json", "--reveal").stdout)
    first, second = shown["forms"][0]["entries"]

    assert ("41819077302", "accepted") == (first["fnr"]["value"], first["fnr"]["decision"])
    assert ("Kari Ødegård", "Ola Ødegård") == (first["name"]["value"], first["pupil"]["value"])
    assert (False, True) == (first["refused"], second["refused"])
