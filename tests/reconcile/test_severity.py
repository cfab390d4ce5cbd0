"""What follows from a reason is what the catalogue says: reject, review, go on with a warning, or just a note."""

from datetime import date
from typing import Any

import pytest
from support_store import TODAY, Desk, Family, column, noon, refusal, settings

from fixtures.filled import FilledForm
from schemas.documents import Opened, ReadEntry, ReadField, ReadForm, Reading
from schemas.identity import judge
from schemas.reasons import reason
from store import tables
from store.ledger import Claimed
from tasks.reconcile.step import reconcile_batch
from tasks.validate.step import validate_batch


def outcomes_and_codes(desk: Desk, sent: str) -> tuple[list[str], list[str]]:
    """What became of a form."""
    return desk.outcomes(sent), desk.codes(sent)


# --- the same on both -------------------------------------------------------------------------------------------------


def twice_her_number(family: Family) -> FilledForm:
    """A form on which the father's column holds the mother's number."""
    return FilledForm(column(family, family.mother), column(family, family.father, fnr=family.mother.number))


def test_the_same_number_on_both_guardians_waits_for_a_person(desk: Desk) -> None:
    """Both entries are held, also the one that the list would prove: nobody can tell whose number it is."""
    family = desk.family(lists=("mobile", "email", "number"))
    sent = desk.decided(twice_her_number(family))

    assert ["needs_review", "needs_review"] == desk.outcomes(sent)
    assert 2 == desk.codes(sent).count("fnr_same_on_both")
    assert [] == desk.links(family)


def test_a_steward_settles_whose_number_it_is(desk: Desk) -> None:
    """Confirmed for her, she is loaded; he stays open until his own number is put in, and is then loaded too."""
    family = desk.family(lists=("mobile",))
    sent = desk.decided(twice_her_number(family))
    desk.steward(sent, "confirm", slot=1)
    assert ["loaded", "needs_review"] == desk.outcomes(sent)

    desk.steward(sent, slot=2, fnr=family.father.number)
    assert ["loaded", "loaded"] == desk.outcomes(sent)
    assert 2 == len(desk.links(family))


@pytest.mark.parametrize("field", ["mobile", "email"])
def test_the_same_contact_on_both_is_a_warning(desk: Desk, field: str) -> None:
    """A family may share an address: who is proven is loaded with it, and the steward is told."""
    family = desk.family(lists=("number",))
    hers = getattr(family.mother, field)
    form = FilledForm(column(family, family.mother), column(family, family.father, **{field: hers}))
    sent = desk.decided(form)

    assert ["loaded", "loaded"] == desk.outcomes(sent)
    assert [f"{field}_same_on_both"] * 2 == desk.codes(sent)


def test_a_contact_that_both_share_proves_only_whose_it_is(desk: Desk) -> None:
    """One parent fills in both columns with own contacts: they prove nothing of the other."""
    family = desk.family(lists=("mobile",))
    form = FilledForm(column(family, family.mother), column(family, family.father, mobile=family.mother.mobile))
    sent = desk.decided(form)

    assert ["loaded", "needs_review"] == desk.outcomes(sent)
    assert ["mobile_same_on_both", "mobile_same_on_both", "number_unproven"] == desk.codes(sent)


# --- the number is somebody else's ------------------------------------------------------------------------------------


def test_the_pupils_own_number_is_rejected(desk: Desk) -> None:
    """However it is spelt, and not even a steward's confirmation makes it the guardian's."""
    family = desk.family(born=date(2010, 3, 5))
    number = family.pupil.number
    sent = desk.decided(column(family, family.mother, fnr=f"{number[:6]} {number[6:]}"))
    assert (["rejected"], ["fnr_is_pupils", "guardian_maybe_minor"]) == outcomes_and_codes(desk, sent)

    desk.steward(sent, "confirm")
    assert ["rejected"] == desk.outcomes(sent)
    assert [] == desk.links(family)


def test_a_guardian_who_looks_too_young_is_loaded_with_a_warning(desk: Desk) -> None:
    """The birth date in a number is a hint, so it decides nothing: proven is proven."""
    family = desk.family(lists=("mobile",))
    number = desk.people.number(date(2009, 1, 2))
    sent = desk.decided(column(family, family.mother, fnr=number))

    assert judge(number, environment="test").birth_date_hint == date(2009, 1, 2)
    assert (["loaded"], ["guardian_maybe_minor"]) == outcomes_and_codes(desk, sent)


# --- what each severity does ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "code", "changes"),
    [
        ("rejected", "pupil_missing", {"pupil": ""}),
        ("rejected", "name_missing", {"name": ""}),
        ("rejected", "fnr_missing", {"fnr": ""}),
        ("rejected", "fnr_length", {"fnr": "4181907730"}),
        ("rejected", "fnr_lost_leading_zero", {"fnr": "1810000186"}),
        ("rejected", "fnr_date", {"fnr": "41934063587"}),
        ("rejected", "fnr_real_in_test", {"fnr": "30108299920"}),
        ("loaded", "mobile_invalid", {"mobile": "9123"}),
        ("loaded", "mobile_no_sms", {"mobile": "22 12 34 56"}),
        ("loaded", "email_invalid", {"email": "har ingen"}),
        ("loaded", "email_looks_mistyped", {"email": "kari@gmail.con"}),
    ],
)
def test_severity_decides_what_follows(desk: Desk, outcome: str, code: str, changes: dict[str, str]) -> None:
    """Reject rejects, a warning lets the rest of the form be used: where the number is on the list, it is loaded."""
    family = desk.family(lists=("number",))
    sent = desk.decided(column(family, family.mother, **changes))

    assert {"rejected": "reject", "loaded": "warn"}[outcome] == reason(code).severity
    assert [outcome] == desk.outcomes(sent)
    assert code in desk.codes(sent)


def test_a_number_in_other_digits_is_loaded_as_ordinary_ones(desk: Desk) -> None:
    """Full-width digits are digits, the steward is told, and what is stored can be found by the number."""
    family = desk.family(lists=("number",))
    wide = family.mother.number.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    sent = desk.decided(column(family, family.mother, fnr="1"))
    desk.steward(sent, fnr=wide)  # text is folded where it is read, so only a field typed in keeps them
    assert (["loaded"], ["fnr_folded"]) == outcomes_and_codes(desk, sent)

    again = desk.decided(column(family, family.mother))
    assert ["unchanged"] == desk.outcomes(again)


def test_a_kind_that_cannot_log_in_goes_on_paper(desk: Desk) -> None:
    """An FH-number is right and of no use: with evidence the guardian is informed on paper, and the number is gone."""
    family = desk.family(lists=("mobile",))
    sent = desk.decided(column(family, family.mother, fnr="81234567802"))

    assert (["no_login"], ["fnr_kind_no_login"]) == outcomes_and_codes(desk, sent)
    assert ["no_login"] == [row.why for row in desk.rows(tables.refusals)]


def test_refusal_wins_over_the_number_beside_it(desk: Desk) -> None:
    """The refusal counts, the steward is told, and no number is kept."""
    family = desk.family(lists=("mobile",))
    sent = desk.decided(refusal(family, family.mother, fnr=family.mother.number))

    assert (["refused"], ["refusal_and_number"]) == outcomes_and_codes(desk, sent)
    assert [] == desk.rows(tables.guardians)


def test_a_name_other_than_the_known_one_is_reviewed(desk: Desk) -> None:
    """The number is known, the name is another's: a person looks."""
    family = desk.family(lists=("mobile", "email"))
    desk.decided(column(family, family.mother))
    other = desk.family(lists=("mobile",))
    sent = desk.decided(column(other, other.mother, fnr=family.mother.number))

    assert (["needs_review"], ["name_differs"]) == outcomes_and_codes(desk, sent)


def test_another_number_than_the_known_one_is_reviewed(desk: Desk) -> None:
    """A known guardian with a different number is always for a person."""
    family = desk.family(lists=("mobile",))
    desk.decided(column(family, family.mother))
    sent = desk.decided(column(family, family.mother, fnr=desk.people.number(date(1980, 5, 6))))

    assert (["needs_review"], ["fnr_differs_from_known"]) == outcomes_and_codes(desk, sent)


@pytest.mark.parametrize(("machine", "decision"), [(True, "ready"), (False, "review")])
def test_what_was_read_unsurely_waits_for_a_person(desk: Desk, machine: bool, decision: Any) -> None:
    """Off a picture, or with a doubt about one field: proven by the list or not, a person looks first."""
    family = desk.family(lists=("number", "mobile"))
    who = family.mother
    told = {"pupil": family.pupil.name, "fnr": who.number, "name": who.name, "mobile": who.mobile}
    read = {name: ReadField(value, 0.9, "page 1", decision) for name, value in told.items()}
    reading = Reading((ReadForm((ReadEntry(1, **read),), machine_read=machine),))
    claim = Claimed("S-A", "post", noon(TODAY), b"", "image/png", "", 0, False)
    verdicts = validate_batch([claim], {"S-A": Opened("image", "not_encrypted")}, {"S-A": reading}, desk.store.settings)
    (_, (decided,)) = reconcile_batch(verdicts, desk.store)[0]

    assert ("needs_review", ["low_confidence"]) == (decided.outcome, [fault.code for fault in decided.faults])


def test_a_settings_choice_reaches_the_judge() -> None:
    """What a month + 40 is, is the school's setting."""
    nav = settings(identity={"plus40": "nav"}).identity.plus40

    assert ("fnr_kind_no_login", None) == (
        judge("15507600333", environment="test").reason,
        judge("15507600333", environment="test", plus40=nav).reason,
    )
