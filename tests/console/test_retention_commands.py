"""`foresatt turning-18`, `warnings`, `erased`: what is ahead, and the proof of what went."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from support_store import Desk, Family, add_guardian, column, refusal

from console.main import cli
from console.runs import show_summary
from console.state import State
from fixtures.filled import FilledForm
from schemas.due import birthday_18
from schemas.errors import NotReady, SafetyRefusal, UsageFault
from store import consents, tables
from tasks.retain.sweep import sweep

Ask = Callable[..., Any]


@pytest.fixture
def ask(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A command on the desk's home; its JSON document, or the fault that it raised."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")

    def asked(*argv: str | Path) -> Any:
        done = CliRunner().invoke(cli, [*map(str, argv), "--home", str(desk.house.home.root), "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout)

    return asked


def born_for(desk: Desk, days: int) -> date:
    """Somebody who turns 18 in so many days, counted from the real today."""
    day = desk.store.now.date() + timedelta(days=days)
    born = day.replace(year=day.year - 18) if (day.month, day.day) != (2, 29) else date(day.year - 18, 3, 1)
    assert birthday_18(born) >= day
    return born


@pytest.fixture
def grown(desk: Desk) -> tuple[Family, str, str]:
    """A pupil who turns 18 in ten days, and both guardians' ids; the mother is covered by a pending consent."""
    desk.on(desk.store.now.date())
    adults = (desk.people.adult(), desk.people.adult())
    family = desk.child(desk.people.surname(), adults, born=born_for(desk, 10))
    with desk.store.write() as tx:
        mother, father = add_guardian(tx, family, family.mother), add_guardian(tx, family, family.father)
        consents.record(tx, family.pupil_id, mother, "kari")
    return family, mother, father


def test_who_turns_18_is_listed_with_each_consent(desk: Desk, grown: tuple[Family, str, str], ask: Ask) -> None:
    """One row a guardian: pending for the one, none for the other; nobody whose birthday lies farther ahead."""
    family, mother, father = grown
    rows = ask("turning-18", "--days", "10")["pupils"]

    assert {mother: "pending", father: "none"} == {row["guardian_id"]: row["consent"] for row in rows}
    assert {(family.pupil.name, 10)} == {(row["pupil"], row["days"]) for row in rows}
    assert [] == ask("turning-18", "--days", "9")["pupils"]


def test_a_confirmed_consent_needs_nobody_asked(desk: Desk, grown: tuple[Family, str, str], ask: Ask) -> None:
    """--pending leaves out whom a confirmed consent covers."""
    _, mother, father = grown
    with desk.store.write() as tx:
        consents.confirm(tx, consents.read(tx)[0].id, "ola")

    assert [father] == [row["guardian_id"] for row in ask("turning-18", "--pending")["pupils"]]
    assert {mother, father} == {row["guardian_id"] for row in ask("turning-18")["pupils"]}


@pytest.mark.parametrize(("lang", "words"), [("nb", "Du fyller 18"), ("nn", "skal føresette"), ("en", "You turn 18")])
def test_each_pupil_gets_a_letter_and_a_consent_of_their_own(
    desk: Desk, grown: tuple[Family, str, str], ask: Ask, tmp_path: Path, lang: str, words: str
) -> None:
    """A letter to the pupil with the day, and the consent form with the name; no guardian is named in it."""
    family, _, _ = grown
    out = tmp_path / "letters.pdf"
    told = ask("turning-18", "--letters", out, "--by", "kari", "--lang", lang)
    pages = [page.extract_text() for page in PdfReader(out).pages]

    assert (1, 2) == (told["letters"], len(pages))
    assert [True, True] == [family.pupil.name in page for page in pages]
    assert words in pages[0]
    assert str((desk.store.now.date() + timedelta(days=10)).year) in pages[0]
    assert not any(adult.name in page for adult in family.adults for page in pages)
    with desk.store.read() as tx:
        from store import audit

        assert [("kari", "kind=turning_18 count=1")] == [
            (row.actor, row.detail) for row in audit.read(tx) if row.action == "letters_printed"
        ]


def test_letters_need_a_name_and_somebody_to_write_to(desk: Desk, ask: Ask, tmp_path: Path) -> None:
    """Without --by, or for nobody, nothing is written."""
    out = tmp_path / "letters.pdf"
    with pytest.raises(UsageFault, match="by_missing"):
        ask("turning-18", "--letters", out)
    with pytest.raises(UsageFault, match="no_letters"):
        ask("turning-18", "--letters", out, "--by", "kari")

    assert not out.exists()


def test_what_is_ahead_is_listed_by_id(desk: Desk, grown: tuple[Family, str, str], ask: Ask) -> None:
    """`warnings`: the pupil once, with the next step; names nobody."""
    family, _, _ = grown
    (row,) = ask("warnings")

    assert ("turning_18", family.pupil_id, 10) == (row["kind"], row["id"], row["days"])
    assert family.pupil.name not in json.dumps(row)


def test_what_was_erased_can_be_proved(desk: Desk, grown: tuple[Family, str, str], ask: Ask) -> None:
    """A ledger row for each link, each guardian and the known ones; counts by day and reason; ids and nothing else."""
    family, mother, father = grown
    desk.on(desk.store.now.date() + timedelta(days=10))
    sweep(desk.store)
    counts = {(row["what"], row["reason"]): row["count"] for row in ask("erased")["erased"]}
    ids = {row["id"] for row in ask("erased", "--ids")["erased"]}

    assert {("link", "turned_18"): 2, ("guardian", "turned_18"): 2, ("known_guardians", "turned_18"): 1} == counts
    assert {mother, father, f"{family.pupil_id}/{mother}", f"{family.pupil_id}/{father}"} <= ids
    assert [] == ask("erased", "--since", "2099-01-01")["erased"]


def test_what_was_refused_is_read_by_the_restricted_role_alone(
    desk: Desk, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One column refused, the other waits for a person: until it is decided only the role sees the values."""
    family = desk.family(lists=("mobile",))
    form = FilledForm(refusal(family, family.mother), column(family, desk.people.adult()))
    sent = desk.decided(form)
    assert ["refused", "needs_review"] == desk.outcomes(sent)
    told = ("show", sent, "--reveal", "--by", "ola", "--why", "correct")
    with pytest.raises(SafetyRefusal):
        ask(*told)
    monkeypatch.setenv("FORESATT_STAFF_RESTRICTED", "ola")

    assert family.pupil.name == ask(*told)["entries"][1]["fields"]["pupil"]["value"]


def test_a_list_in_a_file_is_to_be_shredded(
    desk: Desk, grown: tuple[Family, str, str], ask: Ask, tmp_path: Path
) -> None:
    """`worklist export` to a file that is printed leaves a line that says so; on standard output it leaves none."""
    ask("worklist", "export")
    ask("worklist", "export", "--out", tmp_path / "list.pdf")
    lines = desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "shred")

    assert ["printed_list"] == [line.why for line in lines]


def test_a_check_fails_where_something_is_late(desk: Desk, grown: tuple[Family, str, str], ask: Ask) -> None:
    """The line `retention` of `check`: nothing late, and somebody to decide about; then something late."""
    from console.check import _retention

    assert "foresatt warnings" in _retention(desk.house)
    with desk.store.write() as tx:
        tx.connection.execute(tables.links.update().values(due_on=tx.today - timedelta(days=1)))

    with pytest.raises(NotReady, match="overdue"):
        _retention(desk.house)


def test_a_rehearsal_is_a_list_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    """`retention --dry-run` for people: the counts, then what would go, a line each."""
    told = {"erased": {"original:expired": 1}, "listed": [{"id": "S-A", "what": "original:expired"}], "overdue": 0}
    show_summary(State(), "Retention", told)
    lines = capsys.readouterr().out.splitlines()

    assert ["what\tcount", "erased: original:expired\t1", "overdue\t0", "id\twhat", "S-A\toriginal:expired"] == lines
