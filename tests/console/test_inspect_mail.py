"""`foresatt inspect --keyring` on mails: one line of JSON a file, every layer in it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from console.main import cli
from fixtures import mail
from fixtures.filled import FilledColumn, FilledForm
from tasks.decrypt.keyring import generate_key, make_home, stop_agent

FORM = FilledForm(FilledColumn("Åse Ødegård", "41819077302", "Kåre Ærlig", "912 34 567", "kare@example.no"))


def test_each_mail_is_one_line(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Container, verdict, signature, subject, parts and the form's fields stand in the line; a file that cannot be read
    is a result; without --reveal no value shows."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")
    home = make_home(short / "inspect")
    fingerprint = generate_key(home, "Skolen <post@skolen.example>")
    import gnupg

    keys = tmp_path / "keys"
    keys.mkdir()
    secret = gnupg.GPG(gnupghome=str(home)).export_keys(fingerprint, True, expect_passphrase=False)
    (keys / "school.asc").write_text(secret)
    head = mail.Letterhead(subject="Skjema for Åse")
    raw = mail.pgp_mime(FORM, head, home=home, recipients=[fingerprint], hide_subject=True)
    stop_agent(home)
    (tmp_path / "a.eml").write_bytes(raw)
    (tmp_path / "b.eml").write_bytes(b"\0\xff" * 50)

    files = [str(tmp_path / name) for name in ("a.eml", "b.eml", "missing.eml")]
    call = ["--home", str(tmp_path / "home"), "--json", "inspect", *files, "--keyring", str(keys)]
    shown, hidden = (CliRunner().invoke(cli, [*call, *more]) for more in (["--reveal"], []))

    assert (0, 0) == (shown.exit_code, hidden.exit_code), shown.output
    lines = [json.loads(line) for line in shown.output.splitlines()]
    assert files == [line["file"] for line in lines]
    first = lines[0]
    told = first["decryption"]
    assert ("pgp_mime", "decrypted", "none") == (first["container"], told["verdict"], told["signature"])
    assert "Skjema for Åse" == first["subject"]
    (entry,) = first["forms"][0]["entries"]
    assert ("41819077302", "accepted") == (entry["fnr"]["value"], entry["fnr"]["decision"])
    assert "Åse Ødegård" == entry["pupil"]["value"]
    assert "Kåre Ærlig" in first["parts"][0]["text"]
    assert ["damaged", "damaged"] == [line["decryption"]["verdict"] for line in lines[1:]]
    assert not [value for value in ("41819077302", "Åse", "Kåre", "912 34 567") if value in hidden.output]
