"""Following the register by night, over the stand-ins: what it says of stored links, and what comes of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from support_register import Registry
from support_store import DAY, TODAY, Desk, Family, Template, add_guardian, both, open_desk, settings

from fixtures.freg_people import Document, die, document, grade, number_of, responsible
from schemas.errors import OutsideFault
from store import consents, findings, guardians, protection, tables
from tasks.reconcile import following
from tasks.reconcile.following import Followed, follow
from tasks.reconcile.register import make_register
from tasks.retain.sweep import sweep

THURSDAY = date(2026, 10, 15)
"""The working day after the desk's."""


@pytest.fixture
def desk(template: Template, tmp_path: Path, registry: Registry) -> Iterator[Desk]:
    """A desk whose settings lead to the register."""
    made = open_desk(tmp_path / "home", template, chosen=settings(folkeregister=registry.settings()))
    yield made
    made.store.close()


def loaded(desk: Desk, registry: Registry, *, basis: str = "register") -> tuple[Family, list[Document]]:
    """A family in the register, both guardians linked."""
    family = desk.family(lists=())
    documents = registry.enter(family)
    with desk.store.write() as tx:
        for adult in family.adults:
            add_guardian(tx, family, adult)
        mine = tables.links.c.pupil_id == family.pupil_id
        tx.connection.execute(update(tables.links).where(mine).values(basis=basis))
    return family, documents


def night(desk: Desk) -> Followed:
    """One night."""
    register = make_register(desk.store)
    try:
        return follow(desk.store, register)
    finally:
        register.close()


def found(desk: Desk) -> list[tuple[str, Any]]:
    """Kind and due date of the open findings."""
    with desk.store.read() as tx:
        return [(row.kind, row.due_on) for row in findings.listed(tx, restricted=True)]


def rests(desk: Desk, family: Family) -> dict[str, str | None]:
    """Guardian's name -> why the link rests."""
    names = {one.id: one.name for one in desk.guardians(family)}
    return {names[row.guardian_id]: row.suspended for row in desk.links(family)}


def test_the_first_night_looks_at_everybody_and_finds_nothing_wrong(desk: Desk, registry: Registry) -> None:
    """Three people asked in one question, no finding; the second night asks for events alone."""
    loaded(desk, registry)
    first = night(desk)
    asked = len(registry.asked("bulkoppslag"))
    second = night(desk)

    assert (True, 3, {}, 1) == (first.whole, first.asked, dict(first.opened), asked)
    assert (False, 0, 1) == (second.whole, second.asked, len(registry.asked("bulkoppslag")))


def test_of_a_pupil_of_age_only_death_and_protection_are_looked_for(desk: Desk, registry: Registry) -> None:
    """Born 15 October 2008, 18 today: nobody has responsibility for an adult, and a consent is what keeps the link."""
    family = desk.family(born=date(2008, 10, 15), lists=())
    child, mother, _ = registry.enter(family)
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        consents.confirm(tx, consents.record(tx, family.pupil_id, ident, by="kari"), by="kari")
    desk.on(THURSDAY)
    child["foreldreansvar"] = mother["foreldreansvar"] = []

    assert {} == night(desk).opened
    assert {family.mother.name: None} == rests(desk, family)


def test_an_event_about_somebody_else_asks_about_nobody(desk: Desk, registry: Registry) -> None:
    """Whoever is none of ours is never looked up."""
    loaded(desk, registry)
    night(desk)
    stranger = desk.people.adult()
    registry.freg.add([document(stranger)])
    registry.freg.happen(stranger.number, "endringINavn")
    told = night(desk)

    assert (1, 0) == (told.events, told.asked)


def test_a_guardian_who_died_rests_at_once_and_is_due_the_next_working_day(desk: Desk, registry: Registry) -> None:
    """The other parent's link lives on; a second night finds nothing new."""
    family, (_, mother, _) = loaded(desk, registry)
    night(desk)
    die(mother)
    registry.freg.happen(family.mother.number, "personErDoed")
    told = night(desk)

    assert {"guardian_died": 1} == told.opened
    assert [("guardian_died", THURSDAY)] == found(desk)
    assert {family.mother.name: "guardian_died", family.father.name: None} == rests(desk, family)
    assert {} == night(desk).opened


def _ends(child: Document, adult: Document) -> None:
    for one in (child, adult):
        kept = [r for r in one["foreldreansvar"] if r.get("ansvarlig") != number_of(adult)]
        one["foreldreansvar"] = kept


@pytest.mark.parametrize(("basis", "kind"), [("register", "responsibility_ended"), ("roster", "responsibility_ended")])
def test_a_lost_responsibility_rests_at_once(desk: Desk, registry: Registry, basis: str, kind: str) -> None:
    """Whether the register or the list had proven it. Nobody is erased by it: a person looks first."""
    family, (child, mother, _) = loaded(desk, registry, basis=basis)
    night(desk)
    _ends(child, mother)
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")
    night(desk)

    assert [(kind, THURSDAY)] == found(desk)
    assert {family.mother.name: kind, family.father.name: None} == rests(desk, family)
    sweep(desk.store)
    assert 2 == len(desk.guardians(family))


def test_whom_a_steward_confirmed_waits_for_the_steward(desk: Desk, registry: Registry) -> None:
    """The register never had this one; the steward's word stands until they have looked."""
    family, (child, mother, _) = loaded(desk, registry, basis="steward")
    _ends(child, mother)
    night(desk)

    assert ["responsibility_unclear"] == [kind for kind, _ in found(desk)]
    assert {None} == set(rests(desk, family).values())


@pytest.mark.parametrize("as_", ["kept", "ended"])
def test_what_a_steward_says_of_a_resting_link_is_done(desk: Desk, registry: Registry, as_: Any) -> None:
    """kept: it lives again, and tomorrow night asks nobody again. ended: erased, with a REMOVE line due that day."""
    family, (child, mother, _) = loaded(desk, registry)
    night(desk)
    _ends(child, mother)
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")
    night(desk)
    with desk.store.write() as tx:
        (row,) = findings.listed(tx)
        findings.close(tx, row.id, as_, "kari")
    sweep(desk.store)
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")
    night(desk)

    living = {family.father.name: None} | ({family.mother.name: None} if as_ == "kept" else {})
    assert (living, []) == (rests(desk, family), found(desk))


def test_what_the_register_takes_back_settles_by_itself(desk: Desk, registry: Registry) -> None:
    """An error there, put right: the link lives again without anybody."""
    family, (child, mother, _) = loaded(desk, registry)
    night(desk)
    before = [list(one["foreldreansvar"]) for one in (child, mother)]
    _ends(child, mother)
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")
    night(desk)
    child["foreldreansvar"], mother["foreldreansvar"] = before
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")

    assert {"settled": 1} == night(desk).opened
    assert ({None}, []) == (set(rests(desk, family).values()), found(desk))


def test_a_protection_that_is_lifted_does_not_wake_a_resting_link(desk: Desk, registry: Registry) -> None:
    """Two reasons to rest: the one that is left still counts."""
    family, (child, mother, _) = loaded(desk, registry)
    night(desk)
    die(mother)
    grade(child, "fortrolig")
    registry.freg.happen(family.pupil.number, "endringIAdressebeskyttelse")
    night(desk)
    with desk.store.read() as tx:
        assert protection.is_protected(tx, family.pupil_id)
    grade(child, "ugradert")
    registry.freg.happen(family.pupil.number, "endringIAdressebeskyttelse")
    night(desk)

    assert {family.mother.name: "guardian_died", family.father.name: None} == rests(desk, family)


@pytest.mark.parametrize("who", [0, 1, 2])
def test_a_new_protection_of_anybody_acts_at_once_and_is_no_finding(desk: Desk, registry: Registry, who: int) -> None:
    """Pupil, mother or father: all links of the pupil rest as `by_school`; there is nothing to count."""
    family, documents = loaded(desk, registry)
    night(desk)
    grade(documents[who], "strengtFortrolig")
    registry.freg.happen(number_of(documents[who]), "endringIAdressebeskyttelse")
    told = night(desk)

    assert {"by_school"} == set(rests(desk, family).values())
    assert ({}, []) == (dict(told.opened), found(desk))


def test_a_new_name_is_a_finding_and_changes_nothing(desk: Desk, registry: Registry) -> None:
    """Five working days to look; the link goes on."""
    family, (_, mother, _) = loaded(desk, registry)
    night(desk)
    mother["navn"][0]["etternavn"] = "XYLOFON"
    registry.freg.happen(family.mother.number, "endringINavn")
    night(desk)

    assert [("name_changed", date(2026, 10, 21))] == found(desk)
    assert {None} == set(rests(desk, family).values())


def test_a_d_number_that_became_a_fodselsnummer_is_followed(desk: Desk, registry: Registry) -> None:
    """The look-up by the old one tells the new: the same guardian is found by it from now on, and a person is told."""
    family, (child, _mother, father) = loaded(desk, registry)
    night(desk)
    new = desk.people.number(date(1980, 5, 6))
    registry.freg.people[new] = document(replace(family.mother, number=new))
    now = registry.freg.people[new]
    child["foreldreansvar"] = []
    father["foreldreansvar"] = []
    for adult in (now, father):
        responsible(child, adult, "felles")
    registry.freg.merge(family.mother.number, new)
    registry.freg.happen(family.mother.number, "endringIIdentifikasjonsnummer")
    told = night(desk)

    assert (1, ["number_changed"]) == (told.renumbered, [kind for kind, _ in found(desk)])
    with desk.store.read() as tx:
        assert family.mother.name == getattr(guardians.find_by_number(tx, new), "name", None)
        assert None is guardians.find_by_number(tx, family.mother.number)
    assert (0, {}) == (night(desk).renumbered, dict(night(desk).opened))


def test_a_register_that_is_down_changes_nothing_and_is_caught_up_with(desk: Desk, registry: Registry) -> None:
    """The night fails; what happened meanwhile is found the next night, from where it was."""
    family, (_, mother, _) = loaded(desk, registry)
    night(desk)
    die(mother)
    registry.freg.happen(family.mother.number, "personErDoed")
    before = [desk.rows(table) for table in (tables.links, tables.findings, tables.guardians)]
    registry.freg.faults.extend(["500"] * 20)
    with pytest.raises(OutsideFault):
        night(desk)
    registry.freg.faults.clear()

    assert before == [desk.rows(table) for table in (tables.links, tables.findings, tables.guardians)]
    assert {"guardian_died": 1} == night(desk).opened


def test_a_whole_pass_goes_on_where_it_was_stopped(
    desk: Desk, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the first of three pupils: the next night asks about the other two alone."""
    monkeypatch.setattr(following, "PUPILS", 1)
    for _ in range(3):
        loaded(desk, registry)
    night_ = follow
    register = make_register(desk.store)
    calls: list[int] = []

    def stop(done: int) -> None:
        calls.append(done)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        night_(desk.store, register, stop)
    told = follow(desk.store, register)
    register.close()

    assert ([3], 6, True) == (calls, told.asked, told.whole)


def test_a_new_month_looks_at_everybody_again(desk: Desk, registry: Registry) -> None:
    """What no event told is found within a month."""
    _family, (child, mother, _) = loaded(desk, registry)
    night(desk)
    _ends(child, mother)
    assert {} == night(desk).opened
    november = desk.on(date(2026, 11, 2))

    assert {"responsibility_ended": 1} == night(november).opened


def test_a_feed_that_reaches_back_no_longer_means_looking_at_everybody(desk: Desk, registry: Registry) -> None:
    """Too long away: the whole pass tells what the events cannot."""
    family, (child, mother, _) = loaded(desk, registry)
    night(desk)
    _ends(child, mother)
    registry.freg.happen(family.pupil.number, "endringIForeldreansvar")
    registry.freg.oldest = 10_000
    told = night(desk)

    assert (True, {"responsibility_ended": 1}) == (told.whole, told.opened)


def test_whom_the_register_no_longer_knows_lifts_no_protection(desk: Desk, registry: Registry) -> None:
    """One of the family it knows nothing of: nobody can say that all are safe, so the links rest on. A person looks."""
    family, (child, _, _) = loaded(desk, registry)
    grade(child, "fortrolig")
    night(desk)
    grade(child, "ugradert")
    registry.freg.people.pop(family.mother.number)
    registry.freg.happen(family.pupil.number, "endringIAdressebeskyttelse")
    night(desk)

    assert ({"by_school"}, ["not_in_register"]) == (set(rests(desk, family).values()), [k for k, _ in found(desk)])


def test_a_register_that_is_off_is_not_followed(template: Template, tmp_path: Path) -> None:
    """Nothing asked, nothing remembered."""
    off = open_desk(tmp_path / "off", template)
    told = night(off)

    assert (0, [], False) == (told.asked, [r for r in off.rows(tables.store_info) if "register" in r.key], told.whole)
    off.store.close()


def test_another_persons_claim_changes_nothing(desk: Desk, registry: Registry) -> None:
    """A form of somebody who says that the mother has lost it: her link stays as it is."""
    family, _ = loaded(desk, registry)
    night(desk)
    stranger = desk.people.adult()
    registry.freg.add([document(stranger)])
    desk.decided(both(Family(family.pupil_id, family.pupil, (stranger, stranger))), when=TODAY - DAY)

    assert {None} == set(rests(desk, family).values())
