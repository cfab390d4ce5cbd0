"""Every stored link against the school's list: what it says otherwise than the store is a finding, and nothing else."""

from typing import Any

import pytest
from support_store import TODAY, Desk, Family, add_guardian, known

from schemas.due import Enrolment
from schemas.errors import UsageFault
from store import findings, guardians, tables
from store.people import KnownGuardian, RosterPupil, save_pupil
from store.worklist import refresh
from tasks.reconcile import standing
from tasks.reconcile.nightly import look_at_links
from tasks.retain.sweep import sweep


def loaded(desk: Desk, *, lists: tuple[str, ...] = ("mobile",), **more: Any) -> tuple[Family, str]:
    """A family whose mother is linked; and her id."""
    family = desk.family(lists=lists, **more)
    with desk.store.write() as tx:
        return family, add_guardian(tx, family, family.mother)


def relisted(desk: Desk, family: Family, *guardians_: KnownGuardian, key: int = 1) -> None:
    """The list's newer word on the guardians of a pupil."""
    with desk.store.write() as tx:
        stays = (Enrolment(TODAY.replace(year=TODAY.year - 1)),)
        save_pupil(
            tx,
            RosterPupil(f"elev-{key}", family.pupil.name, family.pupil.born, "2STA", "", False, stays, guardians_),
        )
        refresh(tx, family.pupil_id)


def kinds(desk: Desk) -> list[str]:
    """The open findings' kinds."""
    with desk.store.read() as tx:
        return [row.kind for row in findings.listed(tx)]


def test_what_agrees_finds_nothing(desk: Desk) -> None:
    """Number, name and pupil as on the list: quiet."""
    loaded(desk, lists=("number", "mobile"))

    assert {} == look_at_links(desk.store)
    assert [] == kinds(desk)


@pytest.mark.parametrize("spelt", [str.upper, lambda name: ", ".join(reversed(name.rsplit(" ", 1)))])
def test_another_spelling_is_no_finding(desk: Desk, spelt: Any) -> None:
    """Capitals, surname first: the same person."""
    family, _ = loaded(desk)
    relisted(desk, family, KnownGuardian(spelt(family.mother.name)))

    assert {} == look_at_links(desk.store)


def test_a_guardian_whom_the_list_names_no_longer_is_found_and_stays(desk: Desk) -> None:
    """Lists are often behind: a person looks within five working days, and nothing is changed until then."""
    family, mother = loaded(desk)
    relisted(desk, family, known(family.father, ("mobile",)))
    assert {"not_on_list": 1} == look_at_links(desk.store)
    (row,) = desk.rows(tables.findings)

    assert ("not_on_list", family.pupil_id, mother, TODAY.replace(day=21)) == (
        row.kind,
        row.pupil_id,
        row.guardian_id,
        row.due_on,
    )
    assert [None] == [link.suspended for link in desk.links(family)]


def test_a_pupil_of_whom_the_list_knows_nobody_says_nothing(desk: Desk) -> None:
    """A list without guardians is no statement about them."""
    family, _ = loaded(desk)
    relisted(desk, family)

    assert {} == look_at_links(desk.store)


def test_a_guardian_whom_a_steward_confirmed_need_not_be_on_the_list(desk: Desk) -> None:
    """Only a link that the list proved can lose that proof."""
    family = desk.family()
    stranger = desk.people.adult()
    with desk.store.write() as tx:
        ident = guardians.add(tx, name=stranger.name, number=stranger.number, mobile="", email="")
        guardians.link(tx, family.pupil_id, ident, basis="steward", submission="S-T", arrived=tx.now)

    assert {} == look_at_links(desk.store)


@pytest.mark.parametrize("let_go", [False, True])
def test_another_number_on_the_list_is_found(desk: Desk, let_go: bool) -> None:
    """Also where only the keyed value of ours is left; the same number is no finding in either case."""
    family, mother = loaded(desk)
    if let_go:
        with desk.store.write() as tx:
            guardians.reduce_number(tx, guardians.read_guardian(tx, mother))  # type: ignore[arg-type]
    relisted(desk, family, KnownGuardian(family.mother.name, family.mother.number))
    assert {} == look_at_links(desk.store)
    relisted(desk, family, KnownGuardian(family.mother.name, family.father.number))

    assert {"number_differs": 1} == look_at_links(desk.store)


def test_the_same_number_under_a_new_name_is_the_same_person(desk: Desk) -> None:
    """She has married: the list names her otherwise, and by her number she is still on it."""
    family, _ = loaded(desk)
    relisted(desk, family, KnownGuardian("Zoé Xylofon", family.mother.number))

    assert {} == look_at_links(desk.store)


def test_the_second_time_nothing_changes(desk: Desk) -> None:
    """Findings are the same rows, the audit has nothing new."""
    family, _ = loaded(desk)
    relisted(desk, family, known(family.father, ("mobile",)))
    look_at_links(desk.store)
    before = [desk.rows(table) for table in (tables.findings, tables.audit, tables.links)]

    assert {} == look_at_links(desk.store)
    assert before == [desk.rows(table) for table in (tables.findings, tables.audit, tables.links)]


def test_what_no_longer_holds_settles_and_may_come_again(desk: Desk) -> None:
    """Back on the list: gone. Off it once more: a new one."""
    family, _ = loaded(desk)
    relisted(desk, family, known(family.father, ("mobile",)))
    look_at_links(desk.store)
    relisted(desk, family, known(family.mother, ("mobile",)))
    assert ({"settled": 1}, []) == (look_at_links(desk.store), kinds(desk))
    relisted(desk, family, known(family.father, ("mobile",)))

    assert {"not_on_list": 1} == look_at_links(desk.store)


def test_what_a_person_has_closed_does_not_come_again(desk: Desk) -> None:
    """The steward knows that the list is behind: the same fact asks nobody twice. Another number is another fact."""
    family, _ = loaded(desk)
    relisted(desk, family, KnownGuardian(family.mother.name, family.father.number))
    look_at_links(desk.store)
    with desk.store.write() as tx:
        (row,) = findings.listed(tx)
        findings.close(tx, row.id, "kept", "kari")
    assert ({}, []) == (look_at_links(desk.store), kinds(desk))
    relisted(desk, family, KnownGuardian(family.mother.name, desk.people.adult().number))

    assert 1 == look_at_links(desk.store)["number_differs"]


def test_a_link_that_has_ended_is_erased_and_to_be_removed(desk: Desk) -> None:
    """Due that day: the next sweep takes guardian, link and finding, and a REMOVE line is there."""
    family, _ = loaded(desk)
    relisted(desk, family, known(family.father, ("mobile",)))
    look_at_links(desk.store)
    with desk.store.write() as tx:
        (row,) = findings.listed(tx)
        findings.close(tx, row.id, "ended", "kari")
    sweep(desk.store)

    assert [] == [*desk.rows(tables.guardians), *desk.rows(tables.links), *desk.rows(tables.findings)]


@pytest.mark.parametrize(("as_", "code"), [("seen", "finding_closes"), ("kept", "no_such_finding")])
def test_a_finding_is_closed_once_and_by_a_word_that_fits(desk: Desk, as_: Any, code: str) -> None:
    """A link that rests or may be wrong is kept or ended; looking alone decides nothing."""
    family, _ = loaded(desk)
    relisted(desk, family, known(family.father, ("mobile",)))
    look_at_links(desk.store)
    with desk.store.write() as tx:
        (row,) = findings.listed(tx)
        if as_ == "kept":
            findings.close(tx, row.id, "kept", "kari")
        with pytest.raises(UsageFault) as fault:
            findings.close(tx, row.id, as_, "kari")

    assert code == fault.value.code


def test_who_waits_between_two_years_is_listed_until_it_is_over(desk: Desk) -> None:
    """Last day 19 June, waited for until 1 September: one finding a pupil, with that date; a new enrolment ends it."""
    summer = TODAY.replace(month=7, day=1)
    july = desk.on(summer)
    adults = (desk.people.adult(), desk.people.adult())
    stays = (Enrolment(summer.replace(year=summer.year - 1), summer.replace(month=6, day=19)),)
    family = july.child("Finbil", adults, stays=stays)
    with july.store.write() as tx:
        add_guardian(tx, family, family.mother)
        add_guardian(tx, family, family.father)
    assert {"between_years": 1} == look_at_links(july.store)
    assert [TODAY.replace(month=9, day=1)] == [row.due_on for row in july.rows(tables.findings)]
    assert {} == look_at_links(july.store)
    relisted(july, family, *(known(adult, ("mobile",)) for adult in adults))

    assert {"settled": 1} == look_at_links(july.store)


def test_a_protected_familys_findings_are_for_the_restricted_role(desk: Desk) -> None:
    """On nobody else's list, and in nobody's count."""
    from tasks.report.counts import morning

    family, _ = loaded(desk, shielded=True)
    relisted(desk, family, known(family.father, ("mobile",)))
    with desk.store.write() as tx:
        from store import protection

        protection.protect(tx, family.pupil_id, "steward")
    look_at_links(desk.store)
    with desk.store.read() as tx:
        seen, restricted = findings.listed(tx), findings.listed(tx, restricted=True)

    assert ([], ["not_on_list"]) == (seen, [row.kind for row in restricted])
    assert {} == {name: n for name, n in morning(desk.store).needs_you.items() if "finding" in name}


def test_chunks_do_not_part_a_family(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few pupils at a time, the same is found."""
    for _ in range(5):
        family, _ = loaded(desk)
        relisted(desk, family, known(family.father, ("mobile",)), key=desk.keys)
    with desk.store.read() as tx:
        whole = standing.against_the_list(tx)
        monkeypatch.setattr(standing, "_PUPILS", standing._PUPILS.limit(2))
        parted = standing.against_the_list(tx)

    assert (5, whole) == (len(whole), parted)


def test_a_damaged_row_stops_nobody(desk: Desk) -> None:
    """What no longer opens says nothing; the others are compared."""
    from sqlalchemy import update

    _family, mother = loaded(desk)
    other, _ = loaded(desk)
    relisted(desk, other, known(other.father, ("mobile",)), key=2)
    with desk.store.write() as tx:
        damaged = tables.guardians.c.id == mother
        tx.connection.execute(update(tables.guardians).where(damaged).values(name_ct=b"x" * 60))

    assert {"not_on_list": 1} == look_at_links(desk.store)
