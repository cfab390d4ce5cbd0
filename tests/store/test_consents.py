"""Consents to extend: the pupil's own, from 17, for named guardians, worth nothing until a steward has confirmed."""

from datetime import date

import pytest
from support_store import DAY, TODAY, Desk, Family, add_guardian

from schemas.due import Enrolment
from schemas.errors import UsageFault
from store import consents, tables
from tasks.retain.overdue import overdue
from tasks.retain.sweep import sweep

SEVENTEEN = date(2009, 10, 14)
"""17 on the desk's today."""
EIGHTEEN_TOMORROW = date(2008, 10, 15)


def linked(desk: Desk, born: date, **more: object) -> tuple[Family, str, str]:
    """A family with both guardians linked."""
    family = desk.child(desk.people.surname(), (desk.people.adult(), desk.people.adult()), born=born, **more)  # type: ignore[arg-type]
    with desk.store.write() as tx:
        return family, add_guardian(tx, family, family.mother), add_guardian(tx, family, family.father)


def due(desk: Desk, family: Family) -> dict[str, tuple[date | None, str]]:
    """Guardian -> (due date, reason)."""
    return {row.guardian_id: (row.due_on, row.due_reason) for row in desk.links(family)}


@pytest.mark.parametrize(
    ("born", "allowed"),
    [(SEVENTEEN, True), (SEVENTEEN + DAY, False), (date(2010, 3, 5), False), (EIGHTEEN_TOMORROW, True)],
    ids=["17 today", "17 tomorrow", "16", "17 for a year"],
)
def test_a_pupil_can_consent_from_17(desk: Desk, born: date, allowed: bool) -> None:
    """The day counts: on the 17th birthday yes, the day before no."""
    family, mother, _ = linked(desk, born)
    with desk.store.write() as tx:
        if allowed:
            assert consents.record(tx, family.pupil_id, mother, "kari").startswith("C-")
        else:
            with pytest.raises(UsageFault, match="too_young"):
                consents.record(tx, family.pupil_id, mother, "kari")


def test_a_consent_names_a_linked_guardian(desk: Desk) -> None:
    """Nobody can be covered who is not the pupil's guardian here."""
    family, mother, _ = linked(desk, SEVENTEEN)
    other = desk.family(born=SEVENTEEN)
    with desk.store.write() as tx:
        for pupil, guardian in ((other.pupil_id, mother), ("P-NOBODY", mother), (family.pupil_id, "G-NOBODY")):
            with pytest.raises(UsageFault, match="not_linked"):
                consents.record(tx, pupil, guardian, "kari")


def test_a_pending_consent_does_not_stop_the_erasure(desk: Desk) -> None:
    """Recorded and not confirmed, it counts for nothing on the birthday."""
    family, mother, _ = linked(desk, EIGHTEEN_TOMORROW)
    with desk.store.write() as tx:
        consents.record(tx, family.pupil_id, mother, "kari")
        assert not consents.covers(tx, family.pupil_id, mother)
    desk.on(TODAY + DAY)
    sweep(desk.store)

    assert {} == due(desk, family)


def test_a_confirmed_consent_covers_its_guardian_and_no_other(desk: Desk) -> None:
    """On the birthday the one it names stays and the other is erased."""
    family, mother, father = linked(desk, EIGHTEEN_TOMORROW)
    with desk.store.write() as tx:
        consents.confirm(tx, consents.record(tx, family.pupil_id, mother, "kari"), "ola")
    assert {mother: (None, "extended"), father: (date(2026, 10, 15), "turned_18")} == due(desk, family)
    desk.on(TODAY + DAY)
    sweep(desk.store)

    assert {mother: (None, "extended")} == due(desk, family)
    assert 0 == overdue(desk.store)
    row = desk.rows(tables.consents)[0]
    assert ("confirmed", "kari", "ola") == (row.state, row.recorded_by, row.confirmed_by)


def test_a_consent_lasts_until_the_pupil_leaves(desk: Desk) -> None:
    """The end of the last enrolment ends it too."""
    stay = (Enrolment(date(2024, 8, 19), ends=date(2027, 6, 18), final_year=True),)
    family, mother, _ = linked(desk, EIGHTEEN_TOMORROW, stays=stay)
    with desk.store.write() as tx:
        consents.confirm(tx, consents.record(tx, family.pupil_id, mother, "kari"), "kari")

    assert (date(2027, 6, 19), "left") == due(desk, family)[mother]
    desk.on(date(2027, 6, 19))
    sweep(desk.store)
    assert {} == due(desk, family)


def test_a_withdrawn_consent_ends_the_access(desk: Desk) -> None:
    """After the 18th birthday the guardian is erased as soon as the pupil takes it back."""
    family, mother, _ = linked(desk, EIGHTEEN_TOMORROW)
    with desk.store.write() as tx:
        ident = consents.record(tx, family.pupil_id, mother, "kari")
        consents.confirm(tx, ident, "kari")
    desk.on(TODAY + 30 * DAY)
    sweep(desk.store)
    with desk.store.write() as tx:
        consents.withdraw(tx, ident, "kari")
    sweep(desk.store)

    assert {} == due(desk, family)
    assert [] == desk.rows(tables.guardians)


def test_withdrawing_takes_back_every_consent_of_the_pair(desk: Desk) -> None:
    """A consent that was recorded twice does not survive its own withdrawal."""
    family, mother, _ = linked(desk, EIGHTEEN_TOMORROW)
    with desk.store.write() as tx:
        first, second = (consents.record(tx, family.pupil_id, mother, "kari") for _ in range(2))
        consents.confirm(tx, first, "kari")
        consents.confirm(tx, second, "kari")
        consents.withdraw(tx, first, "kari")

        assert not consents.covers(tx, family.pupil_id, mother)
    assert (date(2026, 10, 15), "turned_18") == due(desk, family)[mother]


def test_a_consent_goes_one_way(desk: Desk) -> None:
    """What is withdrawn stays so; what is confirmed is not confirmed twice; what is not there is said so."""
    family, mother, _ = linked(desk, SEVENTEEN)
    with desk.store.write() as tx:
        ident = consents.record(tx, family.pupil_id, mother, "kari")
        consents.confirm(tx, ident, "kari")
        with pytest.raises(UsageFault, match="consent_state"):
            consents.confirm(tx, ident, "kari")
        consents.withdraw(tx, ident, "kari")
        for call in (consents.confirm, consents.withdraw):
            with pytest.raises(UsageFault, match="consent_state"):
                call(tx, ident, "kari")
            with pytest.raises(UsageFault, match="consent_state"):
                call(tx, "C-NOTHING", "kari")


def test_every_step_of_a_consent_is_in_the_audit(desk: Desk) -> None:
    """Who recorded, confirmed and withdrew it."""
    family, mother, _ = linked(desk, SEVENTEEN)
    with desk.store.write() as tx:
        ident = consents.record(tx, family.pupil_id, mother, "kari")
        consents.confirm(tx, ident, "ola")
        consents.withdraw(tx, ident, "per")

    told = [(row.actor, row.action) for row in desk.rows(tables.audit, tables.audit.c.subject_id == ident)]
    assert [("kari", "consent_recorded"), ("ola", "consent_confirmed"), ("per", "consent_withdrawn")] == told
