"""What concerns protected families stands before the restricted role alone: in lists, on screens, in the audit.

Belongs here: the commands that others use every day. Does not belong here: `foresatt person` (`test_person`), the work
list and the findings (beside their own tests).
"""

import json
from datetime import date, datetime, timedelta

import pytest
from support_store import Desk, Family, add_guardian, column
from test_person import Call, audited, call, refused

from store import analogue, consents, guardians, protection, tables, worklist
from store.database import OSLO
from tasks.retain.sweep import sweep

__all__ = ["call"]


@pytest.fixture
def held(desk: Desk) -> tuple[Family, str]:
    """A protected family, and their form, which is held."""
    family = desk.family(lists=("number",), shielded=True)
    return family, desk.decided(column(family, family.mother))


def test_the_review_list_shows_them_to_the_role_alone(desk: Desk, held: tuple[Family, str], call: Call) -> None:
    """Others see the other forms, and no word that there are more."""
    other = desk.family(lists=())
    mine = desk.decided(column(other, other.mother))
    shown = {
        by: json.loads(call("review", "list", *by, "--json").stdout) for by in ((), ("--by", "ola"), ("--by", "kari"))
    }

    assert [mine] == [one["submission"] for one in shown[()]] == [one["submission"] for one in shown[("--by", "ola")]]
    assert {mine, held[1]} == {one["submission"] for one in shown[("--by", "kari")]}


def test_submissions_show_the_neutral_reason_and_not_whose(held: tuple[Family, str], call: Call) -> None:
    """On the list of what came in the form stands like any other: reason by_school, no pupil's id, no value."""
    told = call("submissions", "--json").stdout
    (entry,) = json.loads(told)[0]["entries"]

    assert (["by_school"], None) == (entry["reasons"], entry["pupil_id"])
    assert held[0].pupil_id not in told


@pytest.mark.parametrize(
    "words",
    [
        ("show",),
        ("show", "--reveal", "--why", "audit"),
        ("review", "confirm", "--slot", "1"),
        ("review", "refuse", "--slot", "1"),
        ("review", "reject", "--slot", "1", "--reason", "by_school"),
    ],
)
def test_looking_and_deciding_is_refused(
    words: tuple[str, ...], desk: Desk, held: tuple[Family, str], call: Call
) -> None:
    """Exit code 4 and a row in the audit for whoever has not the role; nothing is shown, nothing is decided."""
    name = [words[0]] if words[0] == "show" else list(words[:2])
    rest = words[len(name) :]
    told = call(*name, held[1], *rest, "--by", "ola", fine=False)

    refused(told, "by_school", 4)
    assert ("ola", "restricted_refused", held[1]) in {row[:3] for row in audited(desk)}
    assert held[0].mother.number not in told.output
    assert ["needs_review"] == desk.outcomes(held[1])


def test_the_role_sees_and_is_remembered(desk: Desk, held: tuple[Family, str], call: Call) -> None:
    """Masked, and revealed with a reason, like any other form."""
    call("show", held[1], "--by", "kari")
    told = call("show", held[1], "--reveal", "--why", "answer", "--by", "kari").stdout

    assert held[0].mother.number in told
    assert ("kari", "revealed", held[1]) in {row[:3] for row in audited(desk)}


def test_the_paper_register_leaves_them_out(desk: Desk, call: Call) -> None:
    """Name, address and pupil of a protected family stand on no list that the office reads."""
    family, other = desk.family(), desk.family()
    with desk.store.write() as tx:
        for one in (family, other):
            who = {"name": one.mother.name, "address": one.mother.address}
            analogue.add(tx, one.pupil_id, why="refused", submission="S-X", arrived=tx.now, **who)
        protection.protect(tx, family.pupil_id, "register")
    shown = json.loads(call("analogue", "list", "--json").stdout)

    assert [other.mother.name] == [one["guardian"] for one in shown]
    assert 2 == len(json.loads(call("analogue", "list", "--by", "kari", "--json").stdout))


def test_birthdays_of_protected_pupils_are_for_the_role(desk: Desk, call: Call) -> None:
    """Who turns 18, and whose guardians: a protected family stands there for those who take care of it."""
    day = (datetime.now(OSLO).date() + timedelta(days=40)).replace(day=15)
    born = day.replace(year=day.year - 18)
    family = desk.family(born=born)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
        protection.protect(tx, family.pupil_id, "roster")
    words = ("turning-18", "--days", "400", "--json")
    shown = [json.loads(call(*words, *by).stdout)["pupils"] for by in ((), ("--by", "kari"))]

    assert [[], [family.pupil_id]] == [[one["pupil_id"] for one in told] for told in shown]


def test_the_audit_tells_others_nothing_of_it(desk: Desk, held: tuple[Family, str], call: Call) -> None:
    """Who was protected, and who asked and was refused, is left out; the role sees it."""
    with desk.store.write() as tx:
        protection.protect(tx, held[0].pupil_id, "steward", "mona")
    call("show", held[1], "--by", "ola", fine=False)
    actions = {by: {row["action"] for row in json.loads(call("audit", "show", *by, "--json").stdout)}
               for by in ((), ("--by", "kari"))}  # fmt: skip

    assert {"protected", "restricted_refused"} <= actions[("--by", "kari")]
    assert set() == {"protected", "restricted_refused"} & actions[()]


def test_a_run_does_not_tell_how_few_they_are() -> None:
    """Below five the count is not told; other reasons are counted."""
    told = [protection.told_count(code, n) for code, n in (("by_school", 1), ("by_school", 5), ("fnr_date", 3))]

    assert ["<5", 5, 3] == told


# ----------------------------------------------------------------------------------------- who looked, about each one


def test_printed_letters_are_remembered_for_each(desk: Desk, call: Call, tmp_path: object) -> None:
    """Whoever writes letters to the register has seen each name and address: a row for each of them."""
    family = desk.family()
    with desk.store.write() as tx:
        who = {"name": family.mother.name, "address": family.mother.address}
        ident = analogue.add(tx, family.pupil_id, why="refused", submission="S-X", arrived=tx.now, **who)
    call("analogue", "letters", "--out", f"{tmp_path}/letters.pdf", "--by", "ola")

    assert ("ola", "letter_printed", ident, "") in audited(desk)


def test_an_export_with_numbers_is_remembered_for_each_line(desk: Desk, call: Call) -> None:
    """A row for every line whose number went out."""
    family = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
        worklist.sync(tx)
    call("worklist", "export", "--reveal", "--by", "ola")
    lines = {row.id for row in desk.rows(tables.worklist_lines) if row.kind == "add"}

    assert lines == {row[2] for row in audited(desk) if row[1] == "line_revealed"}


def test_consents_and_warnings_show_them_to_the_role_alone(desk: Desk, call: Call) -> None:
    """A protected pupil of 17 who turns 18 soon stands, even by an id, on neither list of anybody else's."""
    now = desk.store.now.astimezone(OSLO).date()
    desk.on(now)
    soon = now + timedelta(days=10)
    family = desk.family(born=date(soon.year - 18, soon.month, min(soon.day, 28)), shielded=True)
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
        add_guardian(tx, family, family.father)
        consents.record(tx, family.pupil_id, mother, "kari")
    for words in (("consent", "list"), ("warnings",)):
        told = {by: call(*words, *by, "--json").stdout for by in ((), ("--by", "ola"), ("--by", "kari"))}

        assert [False, False, True] == [family.pupil_id in said for said in told.values()]
    reads = [row[3] for row in audited(desk) if row[:2] == ("kari", "list_read")]
    assert ["list=consents", "list=warnings"] == reads


def test_a_held_form_of_theirs_is_ahead_for_the_role_alone(desk: Desk, held: tuple[Family, str], call: Call) -> None:
    """What expires unseen is told to whoever can see it."""
    told = {by: call("warnings", "--days", "120", *by, "--json").stdout for by in ((), ("--by", "kari"))}

    assert [False, True] == [held[1] in said for said in told.values()]


def test_holds_on_them_are_listed_and_lifted_by_the_role_alone(
    desk: Desk, held: tuple[Family, str], call: Call
) -> None:
    """On the pupil, on a guardian, on a form of theirs: nobody else reads an id of theirs off the list, or places or
    lifts one."""
    other = desk.family()
    with desk.store.write() as tx:
        mother = add_guardian(tx, held[0], held[0].mother)
    until = ("--until", f"{datetime.now(OSLO).year + 1}-06-01", "--reason", "complaint")
    theirs = (held[0].pupil_id, mother, held[1])
    for one in (other.pupil_id, *theirs):
        call("person", "hold", "place", one, *until, "--by", "kari")
    shown = {by: json.loads(call("person", "hold", "list", *by, "--json").stdout)
             for by in ((), ("--by", "ola"), ("--by", "kari"))}  # fmt: skip

    assert [[other.pupil_id]] * 2 == [[one["of"] for one in shown[by]] for by in ((), ("--by", "ola"))]
    assert {other.pupil_id, *theirs} == {one["of"] for one in shown[("--by", "kari")]}
    for one in theirs:
        refused(call("person", "hold", "place", one, *until, "--by", "ola", fine=False), "by_school", 4)
    for one in shown[("--by", "kari")]:
        told = call("person", "hold", "lift", one["hold"], "--by", "ola", fine=False)
        assert (4 if one["of"] in theirs else 0) == getattr(told.exception, "exit_code", 0), one
    left = json.loads(call("person", "hold", "list", "--by", "kari", "--json").stdout)
    assert set(theirs) == {one["of"] for one in left}


def test_their_consents_are_recorded_confirmed_and_withdrawn_by_the_role_alone(desk: Desk, call: Call) -> None:
    """Exit code 4 and a row in the audit for whoever has not the role, and the consent is as it was."""
    now = desk.store.now.astimezone(OSLO).date()
    family = desk.family(born=date(now.year - 17, 1, 1), shielded=True)
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
    record = ("consent", "record", "--pupil", family.pupil_id, "--guardian", mother)
    refused(call(*record, "--by", "ola", fine=False), "by_school", 4)
    assert [] == desk.rows(tables.consents)
    ident = json.loads(call(*record, "--by", "kari", "--json").stdout)["consent"]
    for word, state in (("confirm", "confirmed"), ("withdraw", "withdrawn")):
        before = desk.rows(tables.consents)
        refused(call("consent", word, ident, "--by", "ola", fine=False), "by_school", 4)
        assert before == desk.rows(tables.consents)
        call("consent", word, ident, "--by", "kari")
        assert [state] == [row.state for row in desk.rows(tables.consents)]
    asked = [row for row in audited(desk) if row[1] == "restricted_refused"]
    assert [("ola", "restricted_refused", family.pupil_id, "what=consent")] * 3 == asked


def test_the_proof_by_id_leaves_them_out(desk: Desk, call: Call) -> None:
    """A guardian of theirs who was erased: the row by its id is the role's to read, the counts are everybody's."""
    family = desk.family(shielded=True)
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
        guardians.mark_due(tx, family.pupil_id, mother, "withdrawn")
    sweep(desk.store)
    told = {by: call("erased", "--ids", *by, "--json").stdout for by in ((), ("--by", "kari"))}

    assert [False, True] == [f"{family.pupil_id}/{mother}" in said for said in told.values()]
    assert '"what": "link"' in call("erased", "--json").stdout


@pytest.mark.parametrize("shielded", [False, True])
def test_check_says_that_nobody_has_the_role(desk: Desk, shielded: bool) -> None:
    """Said whenever the setting is empty, in the same words: whether somebody is protected cannot be read off it."""
    from console.check import PROBES

    desk.family(shielded=shielded)
    said = dict(PROBES)["staff"](desk.house)

    assert said.startswith("no steward has the restricted role")
