"""A consent that came on a sheet: proposed to a steward, worth nothing before, and never stronger than a withdrawal."""

from datetime import date

import pytest
from support_store import STAFF, TODAY, Desk, Family, add_guardian, both, noon

from fixtures.boxed import with_values
from schemas.documents import Delivery
from schemas.errors import UsageFault
from store import consents, ledger, tables
from tasks.provision.consent_pdf import consent_pdf
from tasks.provision.form_pdf import Pupil
from tasks.retain.sweep import sweep

SEVENTEEN = date(2009, 10, 14)
"""17 on the desk's today."""


def family_of(desk: Desk, born: date = SEVENTEEN, **more: object) -> tuple[Family, str]:
    """A family whose mother is linked."""
    family = desk.child(desk.people.surname(), (desk.people.adult(), desk.people.adult()), born=born, **more)  # type: ignore[arg-type]
    with desk.store.write() as tx:
        return family, add_guardian(tx, family, family.mother)


def sheet(desk: Desk, family: Family, name: str, *, pupil: str | None = None, own: bool = False) -> str:
    """A consent filled in on screen, sent and decided. `own`: the pupil's own sheet."""
    blank = consent_pdf("nb", pupil=Pupil(family.pupil_id, "", "") if own else None)
    values = {"consent_pupil": family.pupil.name if pupil is None else pupil, "consent_guardian_1": name}
    content = with_values(blank, values)
    delivery = Delivery("post", f"consent {len(desk.sent)}", noon(TODAY), content, "application/pdf", "samtykke.pdf")
    made = ledger.take_in(desk.store, delivery)
    assert made
    desk.sent.append(made)
    desk.run()
    return made


def states(desk: Desk) -> list[str]:
    return [row.state for row in desk.rows(tables.consents)]


def test_a_sheet_is_a_pending_consent_and_counts_for_nothing(desk: Desk) -> None:
    """It waits for a steward, who finds it among the consents; processed again it is the same one."""
    family, mother = family_of(desk)
    sent = sheet(desk, family, family.mother.name)

    assert (["needs_review"], ["consent_unproven"]) == (desk.outcomes(sent), desk.codes(sent))
    assert [(family.pupil_id, mother, "pending")] == [
        (row.pupil_id, row.guardian_id, row.state) for row in desk.rows(tables.consents)
    ]
    desk.again(sent)
    assert ["pending"] == states(desk)
    with desk.store.read() as tx:
        assert not consents.covers(tx, family.pupil_id, mother)


@pytest.mark.parametrize("way", ["consent", "review"])
def test_a_steward_confirms_it_either_way(desk: Desk, way: str) -> None:
    """By the consent or by the sheet: it counts from then on, and the sheet is decided."""
    family, mother = family_of(desk)
    sent = sheet(desk, family, family.mother.name)
    if way == "review":
        desk.steward(sent, "confirm")
    else:
        with desk.store.write() as tx:
            consents.confirm(tx, desk.rows(tables.consents)[0].id, STAFF)

    assert (["consent_recorded"], [], ["confirmed"]) == (desk.outcomes(sent), desk.codes(sent), states(desk))
    with desk.store.read() as tx:
        assert consents.covers(tx, family.pupil_id, mother)


def test_what_was_withdrawn_since_is_not_given_again_by_an_older_sheet(desk: Desk) -> None:
    """The pupil's no is newer than the sheet."""
    family, mother = family_of(desk)
    with desk.store.write() as tx:
        ident = consents.record(tx, family.pupil_id, mother, STAFF)
        consents.withdraw(tx, ident, STAFF)
        tx.connection.execute(tables.consents.update().values(changed_at=noon(TODAY).replace(hour=23)))
    sent = sheet(desk, family, family.mother.name)

    assert (["superseded"], ["withdrawn"]) == (desk.outcomes(sent), states(desk))


def test_a_withdrawal_decides_the_sheet_that_waits(desk: Desk) -> None:
    """What the pupil takes back before it was confirmed is asked about no more."""
    family, _ = family_of(desk)
    sent = sheet(desk, family, family.mother.name)
    with desk.store.write() as tx:
        consents.withdraw(tx, desk.rows(tables.consents)[0].id, STAFF)

    assert ["consent_withdrawn"] == desk.outcomes(sent)


@pytest.mark.parametrize("case", ["16", "not linked", "unknown pupil", "rejected"])
def test_what_cannot_be_a_consent_records_none(desk: Desk, case: str) -> None:
    """Too young, a guardian who is not linked, a pupil nobody knows: a person's, and no consent comes of it."""
    family, _ = family_of(desk, born=date(2010, 6, 1) if case == "16" else SEVENTEEN)
    name = family.father.name if case == "not linked" else family.mother.name
    sent = sheet(desk, family, name, pupil="Ukjent Person" if case == "unknown pupil" else None)
    if case == "rejected":
        desk.steward(sent, "reject consent_unproven")
        assert (["rejected"], ["withdrawn"]) == (desk.outcomes(sent), states(desk))
        return

    assert (["needs_review"], []) == (desk.outcomes(sent), states(desk))
    assert "consent_unproven" in desk.codes(sent)


def test_a_consent_for_somebody_who_is_not_here_says_so(desk: Desk) -> None:
    """The name is compared with those who are registered, while there is time."""
    family, _ = family_of(desk)
    sent = sheet(desk, family, family.father.name)

    assert ["consent_guardian_unknown", "consent_unproven"] == desk.codes(sent)


def test_a_consent_that_comes_after_the_erasure_is_too_late_and_says_so(desk: Desk) -> None:
    """18, and the mother went that night: nothing waits, the sheet is destroyed with the decision, the pupil is told.
    While another guardian stays by a consent, the name may be misspelt, and a person looks."""
    family, _ = family_of(desk, born=date(2008, 10, 20))
    other, stays = family_of(desk, born=date(2008, 10, 20))
    with desk.store.write() as tx:
        consents.confirm(tx, consents.record(tx, other.pupil_id, stays, STAFF), STAFF)
    desk.on(date(2026, 10, 20))
    sweep(desk.store)
    assert [other.pupil_id] == [row.pupil_id for row in desk.rows(tables.links)]
    late, doubt = sheet(desk, family, family.mother.name), sheet(desk, other, other.father.name)

    assert (["not_applicable"], ["consent_too_late"]) == (desk.outcomes(late), desk.codes(late))
    (gone,) = desk.rows(tables.submissions, tables.submissions.c.id == late)
    assert gone.original_ct is None
    assert (["needs_review"], True) == (desk.outcomes(doubt), "consent_guardian_unknown" in desk.codes(doubt))


def test_a_shielded_pupils_consent_is_told_as_any_of_the_schools_own(desk: Desk) -> None:
    """The neutral reason, and nothing recorded by itself."""
    family, _ = family_of(desk, shielded=True)
    sent = sheet(desk, family, family.mother.name)

    assert (["needs_review"], ["by_school"], []) == (desk.outcomes(sent), desk.codes(sent), states(desk))


def grown_up(desk: Desk) -> tuple[Family, str]:
    """A pupil of 18 whose guardians went on the birthday, and the confirmed consent for one who is not here."""
    family, _ = family_of(desk, born=date(2008, 10, 20))
    desk.on(date(2026, 10, 20))
    sweep(desk.store)
    assert [] == desk.rows(tables.links)
    with desk.store.write() as tx:
        ident = consents.record(tx, family.pupil_id, None, STAFF)
        consents.confirm(tx, ident, STAFF)
    return family, ident


def test_after_the_birthday_a_new_form_and_a_new_consent_bring_a_guardian_back(desk: Desk) -> None:
    """The form is a steward's to judge, also the night after; whom the pupil meant is then kept until the pupil leaves,
    and a second guardian is not let in by the same consent."""
    family, ident = grown_up(desk)
    sent = desk.decided(both(family))

    assert (["needs_review"] * 2, True) == (desk.outcomes(sent), "consent_for_whom" in desk.codes(sent))
    desk.on(date(2026, 10, 21))
    sweep(desk.store)
    assert ["needs_review"] * 2 == desk.outcomes(sent)
    desk.steward(sent, "confirm", slot=1)
    desk.again(sent)
    sweep(desk.store)

    (link,) = desk.rows(tables.links)
    (given,) = desk.rows(tables.consents)
    assert (ident, link.guardian_id, "extended") == (given.id, given.guardian_id, link.due_reason)
    assert ["loaded", "not_applicable"] == desk.outcomes(sent)


def test_a_consent_taken_back_before_the_form_lets_nobody_in(desk: Desk) -> None:
    """What was awaited is awaited no more."""
    family, ident = grown_up(desk)
    with desk.store.write() as tx:
        consents.withdraw(tx, ident, STAFF)

    assert ["not_applicable"] * 2 == desk.outcomes(desk.decided(both(family)))


def test_before_18_a_consent_names_a_linked_guardian(desk: Desk) -> None:
    """Nobody is awaited while those whom it could cover are here."""
    family, _ = family_of(desk)
    with pytest.raises(UsageFault, match="no such pupil of 18"), desk.store.write() as tx:
        consents.record(tx, family.pupil_id, None, STAFF)
