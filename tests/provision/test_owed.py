"""Paper is owed without anybody saying so: to a proven guardian whom a person has not decided in time, and to the
guardians of a protected pupil, before their stewards alone.
"""

from datetime import date

import pytest
from support_store import DAY, TODAY, Desk, Family, add_guardian, column, refusal

from store import analogue, protection, tables, worklist
from tasks.provision import merge
from tasks.provision.step import provide
from tasks.retain.sweep import sweep

# 14 October 2026 is a Wednesday: its tenth working day is Wednesday the 28th, so paper is owed from the 29th.
TENTH = date(2026, 10, 28)
AFTER = TENTH + DAY


def on_register(desk: Desk, family: Family) -> list[tuple[str, str]]:
    """(name, why) of the pupil's rows."""
    with desk.store.read() as tx:
        return sorted((row.name, row.why) for row in analogue.of_pupil(tx, family.pupil_id))


def in_doubt(desk: Desk) -> tuple[Family, str]:
    """A family whose mother is proven by her mobile, and held because both columns give one and the same number."""
    family = desk.family()
    mother = column(family, family.mother)
    sent = desk.decided(mother, column(family, family.father, fnr=family.mother.number))
    assert ["needs_review", "needs_review"] == desk.outcomes(sent)
    return family, sent


def test_a_proven_guardian_in_review_is_owed_paper_after_ten_working_days(desk: Desk) -> None:
    """Not on the tenth, from the day after it; on the same date as a link goes; again changes nothing."""
    family, _ = in_doubt(desk)
    desk.on(TENTH)
    provide(desk.store)
    assert [] == on_register(desk, family)
    desk.on(AFTER)

    assert 2 == provide(desk.store).on_paper
    rows = desk.rows(tables.refusals)
    assert sorted((who.name, "in_review") for who in family.adults) == on_register(desk, family)
    assert {date(2028, 3, 5)} == {row.due_on for row in rows}  # born on 5 March 2010
    provide(desk.store)
    assert rows == desk.rows(tables.refusals)


def test_who_is_not_proven_is_owed_nothing(desk: Desk) -> None:
    """A name alone proves nobody: an impostor does not get the school's letters either."""
    family = desk.family(lists=())
    desk.decided(column(family, family.mother))
    desk.on(AFTER)

    assert 0 == provide(desk.store).on_paper


def test_the_letter_goes_to_the_address_of_the_list(desk: Desk) -> None:
    """The list's address as it is today; where it has none, finding it is a task from the day that paper is owed."""
    family, _ = in_doubt(desk)
    desk.on(AFTER)
    provide(desk.store)

    with desk.store.read() as tx:
        assert {who.address for who in family.adults} == {one.address for one in merge.on_paper(tx)}


@pytest.mark.parametrize("decision", ["confirm", "reject name_differs"])
def test_deciding_ends_it(decision: str, desk: Desk) -> None:
    """They are not who they say, or digital access starts, which is when the ADD line is signed off: the row goes, at
    the latest by the next provision."""
    family, sent = in_doubt(desk)
    desk.on(AFTER)
    provide(desk.store)
    desk.steward(sent, decision, slot=1)
    provide(desk.store)
    if decision == "confirm":
        waits = [(family.father.name, "in_review"), (family.mother.name, "until_access")]
        assert sorted(waits) == on_register(desk, family)
        with desk.store.write() as tx:
            (add,) = worklist.read_lines(tx)
            worklist.sign(tx, add.id, as_="done", by="kari")

    assert [(family.father.name, "in_review")] == on_register(desk, family)


def test_a_refusal_takes_its_place(desk: Desk) -> None:
    """What the guardian says counts, and there is one row."""
    family, sent = in_doubt(desk)
    desk.on(AFTER)
    provide(desk.store)
    desk.steward(sent, "refuse", slot=1)
    provide(desk.store)

    assert sorted([(family.father.name, "in_review"), (family.mother.name, "refused")]) == on_register(desk, family)


def test_a_protected_pupils_guardians_are_owed_paper_before_their_stewards_alone(desk: Desk) -> None:
    """Both of them, once, with the neutral reason; on no list and in no count of anybody else's."""
    family = desk.family(shielded=True)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    told = provide(desk.store)
    rows = desk.rows(tables.refusals)
    provide(desk.store)

    assert rows == desk.rows(tables.refusals)
    assert sorted((who.name, "by_school") for who in family.adults) == on_register(desk, family)
    assert 0 == told.on_paper
    with desk.store.read() as tx:
        assert [] == merge.on_paper(tx)
        assert {who.name for who in family.adults} == {one.name for one in merge.on_paper(tx, restricted=True)}
        assert ["2STA"] == merge.classes(tx)  # a sheet that is left out in class would tell of it


def test_lifting_ends_it_at_once_on_every_list(desk: Desk) -> None:
    """Nobody reads the row once the pupil is not protected, and the next provision takes it away."""
    family = desk.family()
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "steward", "kari")
    provide(desk.store)
    with desk.store.write() as tx:
        protection.lift(tx, family.pupil_id, "steward", "kari")
        assert [] == merge.on_paper(tx)
    assert 0 == provide(desk.store).on_paper

    assert [] == on_register(desk, family)


def test_whoever_refused_before_keeps_that_row(desk: Desk) -> None:
    """Protection adds the other guardian, and says nothing new about the one who is on paper already."""
    family = desk.family()
    desk.decided(refusal(family, family.mother))
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "steward", "kari")
    provide(desk.store)

    assert sorted([(family.father.name, "by_school"), (family.mother.name, "refused")]) == on_register(desk, family)


def test_it_goes_on_the_pupils_date_and_does_not_come_back(desk: Desk) -> None:
    """At 18 the sweep takes the rows, and provision owes nothing any more."""
    family = desk.family(born=TODAY.replace(year=2008, day=20), shielded=True)
    provide(desk.store)
    desk.on(date(2026, 10, 20))
    sweep(desk.store)
    provide(desk.store)

    assert [] == on_register(desk, family)
    assert [] == desk.rows(tables.refusals)
