"""Article 17: a guardian who asks is gone at once and stays gone, and what must stay is said."""

from datetime import date, timedelta
from typing import Any

import pytest
from support_store import DAY, HERE, STAFF, TODAY, Desk, Family, add_guardian, column, noon

from fixtures.filled import FilledForm
from schemas.errors import UsageFault
from store import analogue, consents, deletions, erasure, guardians, holds, person, tables, withdrawal, worklist
from store.people import KnownGuardian, RosterPupil, read_pupils, save_pupil

LISTED = ("number", "mobile", "email")


@pytest.fixture
def family(sqlite_desk: Desk) -> Family:
    """Both guardians loaded, the mother's ADD line shown, one form of hers held."""
    desk = sqlite_desk
    made = desk.family(lists=LISTED)
    desk.decided(FilledForm(*(column(made, who) for who in made.adults)), when=TODAY - 2 * DAY)
    desk.decided(column(made, made.mother, fnr="123", email="ny@example.com"), when=TODAY - DAY)
    with desk.store.write() as tx:
        worklist.sync(tx)
        worklist.read_lines(tx, reveal=True)
    return made


def ask(desk: Desk, ident: str) -> Any:
    """The person, as the command finds them."""
    with desk.store.read() as tx:
        return person.by_id(tx, ident)


def mothers_id(desk: Desk, family: Family) -> str:
    return next(one.id for one in desk.guardians(family) if one.name == family.mother.name)


def erase(desk: Desk, ident: str) -> withdrawal.Plan:
    return withdrawal.carry_out(desk.store, ask(desk, ident), by=STAFF, proven_by="passport")


def test_a_guardian_who_asks_is_gone_at_once(sqlite_desk: Desk, family: Family) -> None:
    """Guardian, link, key, number on the list, the held form's fields; the other guardian stays whole."""
    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    made = erase(desk, ident)

    assert ((f"{family.pupil_id}/{ident}",), (), 1) == (made.links, made.kept, made.numbers)
    assert [family.father.name] == [one.name for one in desk.guardians(family)]
    assert [] == desk.rows(tables.data_keys, tables.data_keys.c.subject_id == ident)
    with desk.store.read() as tx:
        (pupil,) = read_pupils(tx, family.pupil_id)
        left = person.find(tx, family.mother.number)
    assert [("", family.mother.address), (family.father.number, family.father.address)] == [
        (one.number, one.address) for one in pupil.known
    ]
    assert [] == left


def test_what_must_stay_is_said(sqlite_desk: Desk, family: Family) -> None:
    """A REMOVE line due today with the name, the pair on the register for paper, the other's original, the audit."""
    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    made = erase(desk, ident)

    assert {"paper", "roster", "remove_line", "original", "tombstone", "audit"} == set(made.stays)
    assert set(made.stays) <= set(withdrawal.STAYS)
    with desk.store.read() as tx:
        (line,) = [one for one in worklist.read_lines(tx) if one.kind == "remove"]
        (paper,) = analogue.of_pupil(tx, family.pupil_id)
    assert (family.mother.name, TODAY, "withdrawn") == (line.guardian, line.due_on, line.why)
    assert (family.mother.name, family.mother.address, "refused") == (paper.name, paper.address, paper.why)
    (row,) = [row for row in desk.rows(tables.audit) if row.action == "person_erased"]
    assert (STAFF, ident) == (row.actor, row.subject_id)
    assert row.detail.startswith("proven=passport links=1 kept=0")


def test_the_intent_stands_in_the_ledger(sqlite_desk: Desk, family: Family) -> None:
    """The link, the guardian and each form: a backup from before brings none of them back."""
    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    made = erase(desk, ident)
    told = {
        row.subject_id: (row.reason, row.done_at is not None) for row in deletions.read(desk.store, everything=True)
    }

    assert {(reason, done) for reason, done in told.values()} == {("withdrawn", True)}
    assert {f"{family.pupil_id}/{ident}", ident, *made.forms} <= set(told)


def test_a_form_comes_back_with_a_backup_and_goes_again(sqlite_desk: Desk, family: Family) -> None:
    """What was read off a form is forgotten anew when an older state is put back."""
    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    made = erase(desk, ident)
    with desk.store.write() as tx:
        tx.connection.execute(tables.entries.update().where(tables.entries.c.id.in_(made.forms)).values(fields_ct=b"x"))
        erasure.replay_everything(desk.store, tx)

    assert {None} == {row.fields_ct for row in desk.rows(tables.entries, tables.entries.c.id.in_(made.forms))}


def test_no_older_form_undoes_it(sqlite_desk: Desk, family: Family) -> None:
    """A form that arrived before is superseded, also when processed later; a newer one is an opt-in."""
    desk = sqlite_desk
    erase(desk, mothers_id(desk, family))
    old = desk.decided(column(family, family.mother), when=TODAY - timedelta(hours=36))

    assert ["superseded"] == desk.outcomes(old)
    assert [family.father.name] == [one.name for one in desk.guardians(family)]


def test_the_next_list_does_not_bring_the_number_back(sqlite_desk: Desk, family: Family) -> None:
    """Whoever refused has no number here, whatever the school's list says; contact and address stay to write to."""
    desk = sqlite_desk
    erase(desk, mothers_id(desk, family))
    known = tuple(KnownGuardian(w.name, w.number, w.mobile, w.email, w.address) for w in family.adults)
    told = RosterPupil("elev-1", family.pupil.name, family.pupil.born, "2STA", "", False, HERE, known)
    with desk.store.write() as tx:
        save_pupil(tx, told)
        (pupil,) = read_pupils(tx, family.pupil_id)

    assert [("", family.mother.mobile), (family.father.number, family.father.mobile)] == [
        (one.number, one.mobile) for one in pupil.known
    ]


def test_a_hold_keeps_the_data_and_not_the_access(sqlite_desk: Desk, family: Family) -> None:
    """The link rests and is due; the guardian stays sealed until the hold ends, and then goes with the sweep."""
    from tasks.retain.sweep import sweep

    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    with desk.store.write() as tx:
        hold = holds.place(tx, ident, reason="complaint", ends_on=TODAY + 30 * DAY, by=STAFF)
    made = erase(desk, ident)

    assert ((), (f"{family.pupil_id}/{ident}",)) == (made.links, made.kept)
    assert "hold" in made.stays
    (row,) = [row for row in desk.links(family) if row.guardian_id == ident]
    assert ("withdrawn", TODAY) == (row.suspended, row.due_on)
    with desk.store.write() as tx:
        holds.end(tx, hold, STAFF)
    sweep(desk.store)
    assert [family.father.name] == [one.name for one in desk.guardians(family)]


def test_a_rehearsal_changes_nothing(sqlite_desk: Desk, family: Family) -> None:
    """The plan alone: the same as what is then done, and nothing is written."""
    desk, ident = sqlite_desk, mothers_id(sqlite_desk, family)
    who = ask(desk, ident)
    before = {table.name: len(desk.rows(table)) for table in tables.metadata.sorted_tables}
    with desk.store.read() as tx:
        planned = withdrawal.plan(tx, who)

    assert before == {table.name: len(desk.rows(table)) for table in tables.metadata.sorted_tables}
    assert planned == withdrawal.carry_out(desk.store, who, by=STAFF, proven_by="passport")


def test_whoever_is_only_on_a_held_form_is_forgotten(sqlite_desk: Desk) -> None:
    """The fields and a steward's corrections go, the entry expires, and the original goes with the next sweep."""
    from store import entries
    from tasks.retain.sweep import sweep

    desk = sqlite_desk
    family, who = desk.family(), desk.people.adult()
    sent = desk.decided(column(family, who))
    with desk.store.write() as tx:
        entries.correct(tx, sent, 1, 0, "mobile", "91 11 22 33", STAFF)
    with desk.store.read() as tx:
        found = person.by_id(tx, sent, slot=1)
    made = withdrawal.carry_out(desk.store, found, by=STAFF, proven_by="id_porten")
    sweep(desk.store)

    assert (1, "expired") == (len(made.forms), desk.entry(sent).outcome)
    assert [] == desk.rows(tables.corrections)
    assert [None] == [row.original_ct for row in desk.rows(tables.submissions)]


def test_a_pupil_of_18_takes_the_guardians_access_away(sqlite_desk: Desk) -> None:
    """The consent ends and the link is erased that day; nobody is put on paper. At 17 it is refused."""
    desk = sqlite_desk
    family = desk.family(born=date(2008, 10, 20))
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother, arrived=TODAY)
        consents.confirm(tx, consents.record(tx, family.pupil_id, ident, STAFF), STAFF)
    with pytest.raises(UsageFault, match="too_young"):
        erase(desk, family.pupil_id)
    desk.on(date(2026, 10, 20))
    assert [ident] == [one.id for one in desk.guardians(family)]
    made = erase(desk, family.pupil_id)

    assert (f"{family.pupil_id}/{ident}",) == made.links
    assert [] == desk.guardians(family)
    with desk.store.read() as tx:
        assert [] == analogue.of_pupil(tx)
        assert guardians.read_guardian(tx, ident) is None


def test_a_second_time_there_is_nothing_to_erase(sqlite_desk: Desk, family: Family) -> None:
    """Found by name again (on the list, on paper, on the line), nothing goes any more."""
    desk = sqlite_desk
    erase(desk, mothers_id(desk, family))
    with desk.store.read() as tx:
        found = person.find(tx, family.mother.name)

    assert found
    for one in found:
        with desk.store.read() as tx:
            assert withdrawal.plan(tx, one).empty, noon(TODAY)
