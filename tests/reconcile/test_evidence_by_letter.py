"""The evidence rule, its last part: an unspent one-time reference that the school sent to that guardian."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from schemas.verdicts import Entry, Fault
from store.onetime import Letter
from store.people import KnownGuardian, Pupil
from tasks.reconcile.evidence import roster_evidence

# Synthetic numbers, month + 80.
NUMBER, OTHER_NUMBER = "12829499914", "12829499833"
MOTHER, FATHER = KnownGuardian("Kari Modigmaur", address="Maurveien 1"), KnownGuardian("Per Snillbjørk")
PUPIL = Pupil("P-A", "Ola Modigmaur", date(2010, 3, 5), "2STA", "", False, (), (MOTHER, FATHER))
HERS = Letter(b"x" * 32, "P-A", "Kari Modigmaur")
FORM = Entry(
    "S-A", 1, 0, datetime(2026, 10, 14, tzinfo=UTC), {}, {"name": "Kari Modigmaur", "fnr": NUMBER}, {}
)  # fmt: skip
UNPROVEN = Fault("link", "number_unproven")


def test_her_own_unspent_letter_proves_her_number() -> None:
    """The list has her name alone; without the letter nothing is proven, with it she is, and it is used up."""
    with_it, without = roster_evidence(FORM, PUPIL, (), HERS), roster_evidence(FORM, PUPIL)

    assert ("roster", None, HERS.digest) == (with_it.basis, with_it.fault, with_it.reference)
    assert (None, UNPROVEN, None) == (without.basis, without.fault, without.reference)


@pytest.mark.parametrize(
    "letter",
    [replace(HERS, guardian="Per Snillbjørk"), replace(HERS, pupil_id="P-B")],
    ids=["the father's", "a sister's"],
)
def test_another_guardians_or_another_pupils_letter_adds_nothing(letter: Letter) -> None:
    """Nor is it used up, nor called spent."""
    found = roster_evidence(FORM, PUPIL, (), letter)

    assert (None, UNPROVEN, (), None) == (found.basis, found.fault, found.more, found.reference)


def test_a_spent_letter_is_a_reason_to_look_and_no_proof() -> None:
    """Somebody has used it already: a person sees that it came again."""
    found = roster_evidence(FORM, PUPIL, (), replace(HERS, spent=True))

    assert (None, UNPROVEN, (Fault("link", "reference_spent"),)) == (found.basis, found.fault, found.more)


def test_a_spent_letter_takes_nothing_from_other_proof() -> None:
    """Her mobile is the list's: proven as ever."""
    listed = replace(PUPIL, known=(replace(MOTHER, mobile="+4791234567"), FATHER))
    form = replace(FORM, clean={**FORM.clean, "mobile": "+4791234567"})
    found = roster_evidence(form, listed, (), replace(HERS, spent=True))

    assert ("roster", None) == (found.basis, found.reference)


def test_another_number_than_the_lists_goes_before() -> None:
    """A known guardian with a different number is always for a person."""
    listed = replace(PUPIL, known=(replace(MOTHER, number=OTHER_NUMBER), FATHER))
    found = roster_evidence(FORM, listed, (), HERS)

    assert (None, Fault("fnr", "fnr_differs_from_known")) == (found.basis, found.fault)


def test_a_number_that_is_somebody_elses_on_the_list_proves_nobody() -> None:
    """The letter in hand, a stranger's number in the cell."""
    found = roster_evidence(FORM, PUPIL, ("Anne Blid",), HERS)

    assert (None, UNPROVEN, ()) == (found.basis, found.fault, found.more)


def test_a_name_that_does_not_agree_is_not_made_good() -> None:
    """Whoever has her letter and writes his own name is not on the list."""
    found = roster_evidence(replace(FORM, clean={**FORM.clean, "name": "Åge Fremmed"}), PUPIL, (), HERS)

    assert (None, Fault("link", "guardian_not_on_roster")) == (found.basis, found.fault)


def test_two_of_one_name_are_told_apart_only_by_a_letter_to_one_of_them() -> None:
    """Mother and grandmother: by her own fuller name the letter tells them apart; of one and the same name, not."""
    elder = KnownGuardian("Kari Anne Modigmaur")
    apart = replace(PUPIL, known=(MOTHER, elder))
    same = replace(PUPIL, known=(MOTHER, MOTHER))

    assert (None, UNPROVEN) == (roster_evidence(FORM, apart).basis, roster_evidence(FORM, apart).fault)
    assert "roster" == roster_evidence(FORM, apart, (), replace(HERS, guardian=elder.name)).basis
    assert None is roster_evidence(FORM, same, (), HERS).basis
