"""`foresatt person`: who asks is named and proven, nobody's data is an argument, and what is protected stays so."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from click.testing import CliRunner, Result
from support_store import Desk, Family, add_guardian, column

from console.main import cli
from schemas.errors import ForesattError
from store import guardians, protection, tables, worklist
from tasks.decrypt.keyring import export_public, generate_key, make_home, stop_agent

Call = Callable[..., Result]


@pytest.fixture
def call(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Call:
    """`foresatt` on the desk's home; `kari` has the restricted role."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")
    monkeypatch.setenv("FORESATT_STAFF_RESTRICTED", "kari,mona")

    def made(*words: str, stdin: str = "", fine: bool = True) -> Result:
        desk.store.checkpoint()
        told = CliRunner().invoke(cli, ["--home", str(desk.house.home.root), *words], input=stdin)
        assert not fine or told.exit_code == 0, told.output + repr(told.exception)
        return told

    return made


@pytest.fixture
def family(desk: Desk) -> Family:
    """A family whose mother is linked."""
    made = desk.family(lists=("number", "mobile", "email"))
    desk.decided(column(made, made.mother))
    return made


def refused(told: Result, code: str, exit_code: int) -> None:
    """The command stopped with this fault."""
    assert isinstance(told.exception, ForesattError), told.output
    assert (code, exit_code) == (told.exception.code, told.exception.exit_code)


def audited(desk: Desk) -> list[tuple[str, str, str | None, str]]:
    """The audit's rows by a person."""
    rows = [row for row in desk.rows(tables.audit) if row.actor != "rules"]
    return [(row.actor, row.action, row.subject_id, row.detail) for row in rows]


BY = ("--by", "ola", "--proven-by", "passport")


# ------------------------------------------------------------------------------------------------------------- report


def test_a_person_is_found_by_what_is_typed_in(desk: Desk, family: Family, call: Call) -> None:
    """By number or name on standard input, or by our id: the same report, and the audit says who, how proven, whom."""
    (guardian,) = desk.guardians(family)
    told = [
        call("person", "report", *BY, "--json", stdin=text)
        for text in (f"{family.mother.number}\n", family.mother.name)
    ]
    told.append(call("person", "report", guardian.id, *BY, "--json"))
    found = [json.loads(one.stdout) for one in told]

    assert {guardian.id} == {one["person"] for one in found}
    assert [one["values"] for one in found[0]["held"]] == [one["values"] for one in found[2]["held"]]
    assert [("ola", "person_reported", guardian.id, "proven=passport as=screen")] * 3 == audited(desk)


def test_nobody_is_told_without_proof(family: Family, call: Call) -> None:
    """Staff id and proof must be given, from the list of codes."""
    assert 2 == call("person", "report", "--by", "ola", stdin=family.mother.name, fine=False).exit_code
    assert 2 == call("person", "report", "--by", "ola", "--proven-by", "a feeling", fine=False).exit_code
    refused(call("person", "report", "--by", "Ola Nordmann", "--proven-by", "passport", fine=False), "staff_id", 2)


def test_nobody_and_several_are_said_without_a_name(desk: Desk, family: Family, call: Call) -> None:
    """Whoever is not kept is not kept; of several the ids are said, and nothing that was typed is repeated."""
    refused(call("person", "report", *BY, stdin="Ingen Slik\n", fine=False), "no_such_person", 2)
    desk.child("Rolig", (replace(desk.people.adult(), name=family.mother.name),), lists=("mobile",))
    told = call("person", "report", *BY, stdin=family.mother.name, fine=False)

    refused(told, "several_people", 2)
    assert family.mother.name not in str(told.exception) + told.output


@pytest.fixture
def keys(tmp_path: Path, short: Path) -> Iterator[tuple[Path, Path]]:
    """(GnuPG home, file with the public key) of the person who asks."""
    home = make_home(short / tmp_path.name[-8:])
    mark = generate_key(home, "Den som ber <den@example.org>")
    file = tmp_path / "key.asc"
    file.write_text(export_public(home, mark))
    yield home, file
    stop_agent(home)


def text_of(pdf: bytes) -> str:
    """All text of a PDF."""
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


@pytest.mark.parametrize("kind", ["pdf", "json"])
def test_the_report_goes_out_encrypted(
    kind: str, family: Family, call: Call, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    """To the one key in the file; what is on the disk opens with it alone, and holds the report."""
    out = tmp_path / "report.asc"
    words = ("--key", str(keys[1]), "--out", str(out), "--format", kind)
    call("person", "report", *BY, *words, stdin=family.mother.name)
    data = out.read_bytes()
    opened = subprocess.run(["gpg", "--homedir", str(keys[0]), "--batch", "--decrypt"], input=data, capture_output=True)
    told = text_of(opened.stdout) if kind == "pdf" else opened.stdout.decode()

    assert data.startswith(b"-----BEGIN PGP MESSAGE-----")
    assert 0o600 == out.stat().st_mode & 0o777
    assert family.mother.number in told.replace("\r\n", "")
    assert family.father.number not in told


def test_only_a_public_key_is_encrypted_to(family: Family, call: Call, tmp_path: Path) -> None:
    """Any other file is refused before anything is read."""
    other = tmp_path / "other.txt"
    other.write_text("no key")
    told = call("person", "report", *BY, "--key", str(other), "--out", str(tmp_path / "o"), stdin="x", fine=False)

    refused(told, "staff_key_unclear", 1)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_the_printed_report_holds_what_the_json_holds(lang: str, family: Family, call: Call, tmp_path: Path) -> None:
    """Every value stands on the paper too, in whichever language; the screen shows the same."""
    out = tmp_path / f"{lang}.pdf"
    call("person", "report", *BY, "--out", str(out), "--lang", lang, stdin=family.mother.name)
    made = json.loads(call("person", "report", *BY, "--json", stdin=family.mother.name).stdout)
    screen = call("person", "report", *BY, "--lang", lang, stdin=family.mother.name).stdout
    told = "".join(text_of(out.read_bytes()).split())
    values = {value for one in made["held"] for value in one["values"].values()}

    assert set() == {value for value in values if "".join(value.split()) not in told}
    assert set() == {value for value in values if value not in screen}
    assert not {"{", "}"} & set(told)


def test_a_file_is_never_written_over(family: Family, call: Call, tmp_path: Path) -> None:
    """What is there stays."""
    out = tmp_path / "there.pdf"
    out.write_text("mine")

    refused(call("person", "report", *BY, "--out", str(out), stdin=family.mother.name, fine=False), "file_exists", 2)
    assert "mine" == out.read_text()


# ------------------------------------------------------------------------------------------------------------ correct


def test_a_contact_is_corrected_told_and_listed(desk: Desk, family: Family, call: Call) -> None:
    """New values in the store, a message to the contact known before, a CHANGE line, an audit row without a value."""
    (guardian,) = desk.guardians(family)
    with desk.store.write() as tx:
        worklist.sync(tx)
        (line,) = [one for one in worklist.read_lines(tx) if one.kind == "add"]
        worklist.sign(tx, line.id, as_="done", by="ola")
    call("person", "correct", guardian.id, *BY, stdin="mobile 98 76 54 32\nname Kari Nyttnavn\n")
    (now,) = desk.guardians(family)

    assert ("Kari Nyttnavn", "+4798765432", family.mother.email.lower()) == (now.name, now.mobile, now.email.lower())
    assert ["change"] == [row.kind for row in desk.rows(tables.worklist_lines) if row.kind == "change"]
    assert ["contact_changed"] == [row.kind for row in desk.rows(tables.outbox) if row.kind != "answer"]
    assert ("ola", "person_corrected", guardian.id, "proven=passport fields=mobile,name") in audited(desk)


def test_a_wrong_number_goes_to_review(desk: Desk, family: Family, call: Call) -> None:
    """The number is not changed: a form waits, and a steward's confirmation replaces the old one."""
    (guardian,) = desk.guardians(family)
    number = desk.people.number(family.mother.born)
    told = call("person", "correct", *BY, "--json", stdin=f"{family.mother.number}\nfnr {number}\n")
    (submission,) = json.loads(told.stdout)["review"]

    assert [family.mother.number] == [one.number for one in desk.guardians(family)]
    assert ["needs_review"] == desk.outcomes(submission)
    call("review", "confirm", submission, "--slot", "1", "--by", "mona")
    assert [number] == [one.number for one in desk.guardians(family)]
    assert guardian.id not in {one.id for one in desk.guardians(family)}


@pytest.mark.parametrize("line", ["mobile 123", "email nonsense", "address Veien 1", "fnr 12345678901", ""])
def test_what_cannot_be_used_changes_nothing(line: str, desk: Desk, family: Family, call: Call) -> None:
    """A value that the judges do not take is wrong use, and is not repeated."""
    before = desk.guardians(family)
    told = call("person", "correct", *BY, stdin=f"{family.mother.name}\n{line}\n", fine=False)

    refused(told, "bad_correction", 2)
    assert before == desk.guardians(family)
    assert [] == [word for word in line.split()[1:] if word in str(told.exception)]


# ---------------------------------------------------------------------------------------------------------- protected


def test_protection_is_placed_seen_and_lifted(desk: Desk, family: Family, call: Call) -> None:
    """Any steward places it; the task stands before the restricted role alone, who sees to it and lifts it."""
    call("person", "protect", "place", "--by", "ola", stdin=family.pupil.name)
    assert ["by_school"] == [row.suspended for row in desk.links(family)]
    (task,) = json.loads(call("person", "protect", "list", "--by", "kari", "--json").stdout)
    assert (family.pupil_id, "steward", "") == (task["pupil_id"], task["says"], task["seen_by"])
    call("person", "protect", "seen", family.pupil_id, "--by", "kari")
    assert ["kari"] == [
        one["seen_by"] for one in json.loads(call("person", "protect", "list", "--by", "mona", "--json").stdout)
    ]
    call("person", "protect", "lift", family.pupil_id, "--by", "mona")
    assert [None] == [row.suspended for row in desk.links(family)]


@pytest.mark.parametrize(("source", "lifted"), [("form", 1), ("register", 0), ("roster", 0)])
def test_what_somebody_on_a_form_brought_is_lifted_by_hand(
    source: Any, lifted: int, desk: Desk, family: Family, call: Call
) -> None:
    """Nothing else would; what roster or register say stays while they say it."""
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, source)
    told = json.loads(call("person", "protect", "lift", family.pupil_id, "--by", "kari", "--json").stdout)

    assert {"lifted": lifted, "still_protected": 1 - lifted} == told


@pytest.mark.parametrize("words", [("list",), ("lift", "PUPIL"), ("seen", "PUPIL")])
def test_others_do_not_see_who_is_protected(words: tuple[str, ...], desk: Desk, family: Family, call: Call) -> None:
    """Refused with exit code 4 and remembered, whether there is anybody or not."""
    told = [family.pupil_id if word == "PUPIL" else word for word in words]
    refused(call("person", "protect", *told, "--by", "ola", fine=False), "by_school", 4)
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "roster")
    refused(call("person", "protect", *told, "--by", "ola", fine=False), "by_school", 4)
    assert 2 == sum(action == "restricted_refused" for _, action, _, _ in audited(desk))


def test_a_guardian_of_a_protected_pupil_is_told_by_the_role_alone(desk: Desk, family: Family, call: Call) -> None:
    """Others are refused. The role's report leaves out what hangs on the protected pupil, unless they say otherwise."""
    (guardian,) = desk.guardians(family)
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "register")
    refused(call("person", "report", guardian.id, *BY, fine=False), "by_school", 4)
    refused(call("person", "correct", guardian.id, *BY, stdin="name A B\n", fine=False), "by_school", 4)
    mine = ("person", "report", guardian.id, "--by", "kari", "--proven-by", "passport", "--json")

    assert family.pupil.name not in call(*mine).stdout
    assert family.pupil.name in call(*mine, "--also-protected").stdout
    assert "by_school" not in call(*mine, "--also-protected").stdout


def test_a_guardian_of_two_is_protected_in_both(desk: Desk, call: Call) -> None:
    """Placed on a guardian, the flag is on every pupil of theirs."""
    one = desk.family()
    two = desk.child("Rolig", one.adults)
    with desk.store.write() as tx:
        ident = add_guardian(tx, one, one.mother)
        guardians.link(tx, two.pupil_id, ident, basis="roster", submission="S-X", arrived=tx.now)
    call("person", "protect", "place", ident, "--by", "ola")

    assert [True, True] == [row.shielded for row in desk.rows(tables.pupils)]


# ------------------------------------------------------------------------------------------------------ erase and hold


def test_erase_shows_first_and_then_does(desk: Desk, family: Family, call: Call) -> None:
    """With --dry-run the same is said and nothing is done."""
    (guardian,) = desk.guardians(family)
    words = ("person", "erase", *BY, "--json")
    would = json.loads(call(*words, "--dry-run", stdin=family.mother.number).stdout)
    assert [guardian] == desk.guardians(family)
    did = json.loads(call(*words, stdin=family.mother.number).stdout)

    assert [] == desk.guardians(family)
    assert would | {"dry_run": False} == did
    assert {"audit", "paper"} <= set(did["stays"])


def test_erase_says_what_stays_in_words(desk: Desk, family: Family, call: Call) -> None:
    """For people: what goes, what stays and why."""
    told = call("person", "erase", *BY, "--dry-run", stdin=family.mother.name).stdout

    assert "register for paper" in told
    assert family.mother.name not in told


def test_a_hold_is_placed_listed_and_lifted(desk: Desk, family: Family, call: Call) -> None:
    """With a reason from the list, by a named person, until a day; the list holds ids and codes only."""
    (guardian,) = desk.guardians(family)
    until = str(desk.store.today.replace(year=desk.store.today.year + 1))
    place = ("person", "hold", "place", "--reason", "complaint", "--until", "2099-01-01", "--by", "ola")
    call(*place, stdin=family.mother.name)
    (listed,) = json.loads(call("person", "hold", "list", "--json").stdout)

    assert (guardian.id, "complaint", "ola", "2099-01-01") == tuple(
        listed[k] for k in ("of", "reason", "held_by", "ends_on")
    )
    call("person", "hold", "lift", listed["hold"], "--by", "mona")
    assert [] == json.loads(call("person", "hold", "list", "--json").stdout)
    refused(call("person", "hold", "lift", listed["hold"], "--by", "mona", fine=False), "no_such_hold", 2)
    bad = ("person", "hold", "place", guardian.id, "--reason", "because", "--until", until, "--by", "ola")
    refused(call(*bad, fine=False), "hold_reason", 2)


def test_erasing_a_protected_pupils_guardian_is_for_the_role(desk: Desk, family: Family, call: Call) -> None:
    """Others are refused, with and without --dry-run; so is a hold."""
    (guardian,) = desk.guardians(family)
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "roster")
    hold = ("hold", "place", guardian.id, "--reason", "complaint", "--until", "2099-01-01", "--by", "ola")
    for words in (("erase", guardian.id, *BY), ("erase", guardian.id, *BY, "--dry-run"), hold):
        refused(call("person", *words, fine=False), "by_school", 4)
    assert [guardian.id] == [one.id for one in desk.guardians(family)]
