"""Forms that wait are tried every night, go the road again only where something is new, and no clock starts anew."""

from typing import Any

import pytest
from sqlalchemy import select, update
from support_store import DAY, HERE, TODAY, Desk, Family, column, settings

from flows.road import PLAIN, Tally, walk
from store import tables
from store.people import KnownGuardian, RosterPupil, save_pupil
from store.worklist import refresh
from tasks.reconcile.waiting import try_again, worth_trying


def night(desk: Desk) -> list[str]:
    """One night's trying: which submissions went the road again."""
    chosen = try_again(desk.store, worth_trying(desk.store))
    if chosen:
        walk(desk.store, PLAIN, Tally(), only=chosen)
    return chosen


def listed(desk: Desk, family: Family, key: str, *known: KnownGuardian) -> None:
    """The pupil stands on the list, or stands there otherwise."""
    with desk.store.write() as tx:
        told = RosterPupil(key, family.pupil.name, family.pupil.born, "2STA", "", False, HERE, known)
        ident, _ = save_pupil(tx, told)
        refresh(tx, ident)


def absent(desk: Desk) -> Family:
    """A family that no list knows yet."""
    surname = desk.people.surname()
    adults = (desk.people.adult(surname), desk.people.adult(surname))
    return Family("", desk.people.pupil(surname, TODAY.replace(year=2010)), adults)


def test_a_form_whose_pupil_is_not_there_waits_untouched(desk: Desk) -> None:
    """Tried, and nothing of it changes: no row, no audit, no attempt."""
    family = absent(desk)
    desk.decided(column(family, family.mother))
    before = [desk.rows(table) for table in (tables.submissions, tables.entries, tables.audit, tables.reasons)]

    assert [] == night(desk)
    assert before == [desk.rows(table) for table in (tables.submissions, tables.entries, tables.audit, tables.reasons)]


def test_a_form_is_loaded_the_night_its_pupil_appears(desk: Desk) -> None:
    """That one alone; the night after has nothing to do."""
    family, other = absent(desk), absent(desk)
    sent = desk.decided(column(family, family.mother))
    desk.decided(column(other, other.mother))
    listed(desk, family, "new", KnownGuardian(family.mother.name, mobile=family.mother.mobile))

    assert ([sent], ["loaded"]) == (night(desk), desk.outcomes(sent))
    assert [] == night(desk)


def test_a_form_is_loaded_once_the_list_names_the_guardian(desk: Desk) -> None:
    """Who is not on the list, or without a number that proves it, may be tomorrow."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    assert (["number_unproven"], []) == (desk.codes(sent), night(desk))
    listed(desk, family, "elev-1", KnownGuardian(family.mother.name, family.mother.number))

    assert ([sent], ["loaded"], []) == (night(desk), desk.outcomes(sent), night(desk))


def test_namesakes_are_told_apart_once_one_has_left(desk: Desk) -> None:
    """Two of one name: ambiguous. One is renamed on the list: the other is meant."""
    adults = [desk.people.adult() for _ in range(5)]
    one = desk.child("Finbil", (adults[0], adults[1]), given="Ingrid")
    desk.child("Finbil", (adults[2], adults[3]), given="Ingrid")
    sent = desk.decided(column(one, adults[4]))
    assert ["pupil_ambiguous"] == desk.codes(sent)
    renamed = Family("", desk.people.pupil("Myktue", one.pupil.born, given="Ingrid"), one.adults)
    listed(desk, renamed, "elev-2")

    assert [sent] == night(desk)
    assert (["guardian_not_on_roster"], one.pupil_id) == (desk.codes(sent), desk.entry(sent).pupil_id)
    assert [] == night(desk)


def test_no_clock_starts_anew(desk: Desk) -> None:
    """Sent twenty days ago: it is kept until ninety days after that, before and after it was tried."""
    family = absent(desk)
    sent = desk.decided(column(family, desk.people.adult()), when=TODAY - 20 * DAY)
    assert TODAY + 70 * DAY == desk.entry(sent).held_until
    listed(desk, family, "new", KnownGuardian(family.mother.name))
    assert [sent] == night(desk)

    assert (["guardian_not_on_roster"], TODAY + 70 * DAY) == (desk.codes(sent), desk.entry(sent).held_until)


def test_what_a_person_decided_or_time_ended_is_not_tried(desk: Desk) -> None:
    """A rejection for another reason, or an original that is gone, is left alone."""
    family = absent(desk)
    sent = desk.decided(column(family, family.mother))
    with desk.store.write() as tx:
        this = tables.submissions.c.id == sent
        tx.connection.execute(update(tables.submissions).where(this).values(original_ct=None))
    listed(desk, family, "new", KnownGuardian(family.mother.name, family.mother.number))

    assert [] == night(desk)


def test_a_school_that_does_not_trust_its_list_tries_for_pupils_alone(desk: Desk) -> None:
    """With evidence.roster off the list proves nobody, however often it is asked."""
    family = desk.family(lists=("number",))
    desk.store.settings = settings(evidence={"roster": False})
    sent = desk.decided(column(family, family.mother))

    assert (["number_unproven"], []) == (desk.codes(sent), night(desk))


@pytest.mark.parametrize("changed", [None, "mine", "other"])
def test_what_the_register_held_up_is_tried_when_it_spoke(desk: Desk, changed: Any) -> None:
    """Of this number, or of everybody; not when it spoke of others."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, mobile="", email=""))
    with desk.store.write() as tx:
        mine = tables.reasons.c.submission_id == sent
        tx.connection.execute(update(tables.reasons).where(mine).values(code="no_responsibility"))
        assert ["no_responsibility"] == tx.connection.execute(select(tables.reasons.c.code)).scalars().all()
    told = {"mine": {family.mother.number}, "other": {family.father.number}, None: None}[changed]

    assert ([] if changed == "other" else [sent]) == worth_trying(desk.store, told)
