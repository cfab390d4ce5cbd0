"""What leaves by command: the work list as CSV, PDF and encrypted, and the OneRoster zip; who asked is remembered."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gnupg
import pytest
from click.testing import CliRunner
from sqlalchemy import update
from support_store import Desk, Family, add_guardian, refusal

from console.main import cli
from schemas.errors import SafetyRefusal, UsageFault
from store import tables, worklist
from tasks.decrypt.keyring import generate_key, make_home, stop_agent

Ask = Callable[..., Any]


@pytest.fixture
def ask(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A command on the desk's home; its JSON document, or the fault that it raised."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")

    def asked(*argv: str | Path) -> Any:
        told = [*map(str, argv), "--home", str(desk.house.home.root), "--json"]
        done = CliRunner().invoke(cli, told)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert 0 == done.exit_code, done.output
        return json.loads(done.stdout)

    return asked


@pytest.fixture
def family(desk: Desk) -> Family:
    """A linked mother, her ADD line made."""
    made = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, made, made.mother)
        worklist.sync(tx)
    return made


def audited(desk: Desk, action: str) -> list[tuple[str, str]]:
    return [(row.actor, row.detail) for row in desk.rows(tables.audit, tables.audit.c.action == action)]


def test_the_list_as_pdf_and_encrypted(desk: Desk, family: Family, ask: Ask, short: Path, tmp_path: Path) -> None:
    """A PDF is a private new file; with --to it is Kari's alone, by real GnuPG, and nothing of it lies in clear."""
    home = make_home(short / "k")
    ring = desk.house.home.staff_keys
    ring.mkdir(mode=0o700)
    (ring / "kari.asc").write_text(gnupg.GPG(gnupghome=str(home)).export_keys(generate_key(home, "k <k@example.org>")))
    plain, sealed = tmp_path / "liste.pdf", tmp_path / "liste.csv.pgp"
    ask("worklist", "export", "--out", sealed, "--to", "kari", "--reveal", "--by", "ola")
    assert [] == [row for row in desk.rows(tables.worklist_lines) if row.kind == "shred"]
    ask("worklist", "export", "--out", plain)
    assert ["printed_list"] == [row.why for row in desk.rows(tables.worklist_lines) if row.kind == "shred"]
    opened = gnupg.GPG(gnupghome=str(home)).decrypt(sealed.read_bytes()).data.decode("utf-8-sig")
    stop_agent(home)
    (row,) = csv.DictReader(io.StringIO(opened), delimiter=";")

    assert (b"%PDF", 0o600) == (plain.read_bytes()[:4], plain.stat().st_mode & 0o777)
    assert (family.mother.number, family.mother.name) == (row["fnr"], row["guardian"])
    assert family.mother.number.encode() not in sealed.read_bytes()
    assert ("ola", "count=1 revealed=yes to=kari") in audited(desk, "worklist_exported")
    for argv in (["--out", tmp_path / "x.pgp"], ["--out", tmp_path / "x.pdf", "--to", "kari"], ["--to", "kari"]):
        with pytest.raises(UsageFault, match="file_kind"):
            ask("worklist", "export", *argv)
    with pytest.raises(UsageFault, match="no_staff_key"):
        ask("worklist", "export", "--out", tmp_path / "y.pgp", "--to", "per")
    assert not (tmp_path / "y.pgp").exists()


def test_lines_of_protected_families_stand_before_their_stewards_only(
    desk: Desk, family: Family, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither listed, nor revealed, nor signed by anybody else; with the role all three."""
    with desk.store.write() as tx:
        tx.connection.execute(update(tables.worklist_lines).values(restricted=True))
    (line,) = (row.id for row in desk.rows(tables.worklist_lines) if row.kind == "add")
    monkeypatch.setenv("FORESATT_STAFF_RESTRICTED", "liv")
    sign = ("worklist", "sign", line, "--as", "done", "--by")
    assert [] == ask("worklist", "list") == ask("worklist", "list", "--by", "ola")
    for argv in (("worklist", "reveal", line, "--by", "ola"), (*sign, "ola")):
        with pytest.raises(UsageFault, match="no_such_line"):
            ask(*argv)

    assert [line] == [row["line"] for row in ask("worklist", "list", "--by", "liv")]
    assert family.mother.number == ask("worklist", "reveal", line, "--by", "liv")["fnr"]
    assert "done" == ask(*sign, "liv")["signed_as"]


def test_the_columns_follow_the_settings(desk: Desk, family: Family, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of Visma InSchool's screen; a list that leaves a field out is refused."""
    monkeypatch.setenv("FORESATT_WORKLIST_FIELDS", "guardian,fnr,mobile,email,pupil,class")
    header = ask("worklist", "export")["csv"].splitlines()[0]

    assert "line;do;why;due;overdue;guardian;fnr;mobile;email;pupil;class;note" == header
    monkeypatch.setenv("FORESATT_WORKLIST_FIELDS", "guardian,fnr")
    with pytest.raises(UsageFault, match="setting_wrong"):
        ask("worklist", "list")


def test_the_oneroster_zip(
    desk: Desk, family: Family, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Refused while undecided; then a private new file, whole and as a delta."""
    with pytest.raises(SafetyRefusal, match="oneroster_off"):
        ask("oneroster", "export", "--out", tmp_path / "a.zip", "--by", "kari")
    assert not (tmp_path / "a.zip").exists()
    told = {"ON": "true", "RECIPIENT": "x", "PURPOSE": "y", "PROCESSOR_AGREEMENT": "z", "DECIDED_BY": "rektor"}
    for name, value in {**told, "DECIDED_ON": "2026-01-01"}.items():
        monkeypatch.setenv(f"FORESATT_ONEROSTER_{name}", value)
    monkeypatch.setenv("FORESATT_SCHOOL_NAME", "Prøveskolen")
    whole = ask("oneroster", "export", "--out", tmp_path / "a.zip", "--by", "kari")
    delta = ask("oneroster", "export", "--out", tmp_path / "b.zip", "--delta", "--by", "kari")

    assert {"kind": "bulk", "students": 1, "guardians": 1, "gone": 0} == whole
    assert {"kind": "delta", "students": 0, "guardians": 0, "gone": 0} == delta
    assert 0o600 == (tmp_path / "a.zip").stat().st_mode & 0o777
    with pytest.raises(UsageFault, match="file_kind"):
        ask("oneroster", "export", "--out", tmp_path / "a.csv", "--by", "kari")


def test_paper_from_dispatch_to_tick(desk: Desk, ask: Ask, tmp_path: Path) -> None:
    """Made by code, shown with names, letters and labels for those who wait, ticked off; then nobody waits."""
    for _ in range(2):
        made = desk.family()
        desk.decided(refusal(made, made.mother))
    ask("analogue", "dispatch", "make", "vinterferie", "--by", "kari")
    shown = ask("analogue", "dispatch", "show", "vinterferie")
    one = shown[0]["id"]
    ticked = [ask("analogue", "tick", "vinterferie", one, "--by", "ola")["ticked"]]
    letters = ask("analogue", "letters", "--dispatch", "vinterferie", "--out", tmp_path / "b.pdf", "--by", "kari")
    labels = ask("analogue", "labels", "--dispatch", "vinterferie", "--out", tmp_path / "e.pdf", "--by", "kari")
    ticked.append(ask("analogue", "tick", "vinterferie", "--all", "--by", "ola")["ticked"])
    (listed,) = ask("analogue", "dispatch", "list")

    assert (2, [1, 1]) == (len(shown), ticked)
    assert ({"letters": 1, "address_missing": 0}, {"labels": 1, "address_missing": 0}) == (letters, labels)
    assert {0o600} == {(tmp_path / name).stat().st_mode & 0o777 for name in ("b.pdf", "e.pdf")}
    assert (2, 0, "") == (listed["to"], listed["waiting"], listed["late"])
    assert [("kari", "count=1")] == audited(desk, "labels_printed")
    with pytest.raises(UsageFault, match="no_letters"):
        ask("analogue", "letters", "--dispatch", "vinterferie", "--out", tmp_path / "c.pdf", "--by", "kari")
    for argv in (["tick", "vinterferie"], ["tick", "vinterferie", "--all", one]):
        with pytest.raises(UsageFault, match="tick_whom"):
            ask("analogue", *argv, "--by", "ola")
    with pytest.raises(UsageFault, match="labels_skip"):
        ask("analogue", "labels", "--sheet", "2x7", "--skip", "14", "--out", tmp_path / "f.pdf", "--by", "kari")


def test_protected_families_get_their_paper_from_their_stewards(
    desk: Desk, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On no list of the others; with the role on a list of their own. Who asks without it is refused, remembered."""
    made = desk.family()
    desk.decided(refusal(made, made.mother))
    ask("analogue", "dispatch", "make", "vinterferie", "--by", "kari")
    with desk.store.write() as tx:
        this = tables.pupils.c.id == made.pupil_id
        tx.connection.execute(update(tables.pupils).where(this).values(shielded=True))
    monkeypatch.setenv("FORESATT_STAFF_RESTRICTED", "liv")
    with pytest.raises(SafetyRefusal, match="by_school"):
        ask("analogue", "dispatch", "show", "vinterferie", "--restricted", "--by", "ola")
    with pytest.raises(UsageFault, match="by_missing"):
        ask("analogue", "dispatch", "show", "vinterferie", "--restricted")
    (row,) = ask("analogue", "list", "--by", "liv")
    with pytest.raises(UsageFault, match="not_on_dispatch"):
        ask("analogue", "tick", "vinterferie", row["id"], "--by", "ola")

    assert [] == ask("analogue", "list", "--by", "ola") == ask("analogue", "dispatch", "show", "vinterferie")
    assert made.mother.name == row["guardian"]
    assert 1 == ask("analogue", "tick", "vinterferie", "--all", "--restricted", "--by", "liv")["ticked"]
    assert [("ola", "what=analogue")] == audited(desk, "restricted_refused")


def test_a_sheet_for_each_guardian_is_written_once_and_remembered(desk: Desk, ask: Ask, tmp_path: Path) -> None:
    """Two guardians, two pages, a private file, one row in the audit with who printed; an existing file makes no new
    references, and nothing is printed without a staff id."""
    family, out = desk.family(), tmp_path / "2sta.pdf"
    argv = ("form", "--class", "2STA", "--per-guardian", "--out", out)
    made = ask(*argv, "--by", "kari")

    assert (2, 0o600) == (made["pages"], out.stat().st_mode & 0o777)
    assert [("kari", "count=2")] == audited(desk, "references_made")
    assert {family.pupil_id} == {row.pupil_id for row in desk.rows(tables.one_time_references)}
    for more, code in ((("--by", "kari"), "file_exists"), ((), "form_whose")):
        with pytest.raises(UsageFault) as fault:
            ask(*argv, *more)
        assert code == fault.value.code
    with pytest.raises(UsageFault) as fault:
        ask("form", "--class", "9Z", "--per-guardian", "--by", "kari", "--out", tmp_path / "9z.pdf")
    assert "no_such_class" == fault.value.code
    assert 2 == len(desk.rows(tables.one_time_references))
