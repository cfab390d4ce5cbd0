"""The evidence rule: a name alone proves nothing; name and number, or name and a contact the school had, do."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product

import pytest

from schemas.documents import FieldName
from schemas.verdicts import Entry, Fault
from store.people import KnownGuardian, Pupil
from tasks.reconcile.evidence import Evidence, roster_evidence

# Synthetic numbers, month + 80.
NUMBER, OTHER_NUMBER = "12829499914", "12829499833"
MOBILE, OTHER_MOBILE = "+4791234567", "+4797654321"
EMAIL, OTHER_EMAIL = "kari@example.com", "per@example.com"
NAMES = {"same": "Kari Modigmaur", "spelt a little otherwise": "KARI  MODIGMAURR", "other": "Per Snillbjørk"}


def known(**more: str) -> KnownGuardian:
    """A guardian on the school's list."""
    return KnownGuardian(**{"name": "Kari Modigmaur", **more})


def pupil(*guardians: KnownGuardian) -> Pupil:
    """A pupil with these guardians on the list."""
    return Pupil("P-A", "Ola Modigmaur", date(2010, 3, 5), "2STA", "", False, (), guardians)


def entry(**values: str) -> Entry:
    """A form's column as judged."""
    clean: dict[FieldName, str] = {"name": "Kari Modigmaur", "fnr": NUMBER, **values}  # type: ignore[dict-item]
    return Entry(
        "S-A", 1, 0, datetime(2026, 10, 14, tzinfo=UTC), dict(clean), {k: v for k, v in clean.items() if v}, {}
    )


CELLS = ("same", "different", "not on the list", "not on the form")


def told(state: str, same: str, other: str) -> tuple[str, str]:
    """(on the form, on the list)."""
    return {
        "same": (same, same),
        "different": (other, same),
        "not on the list": (same, ""),
        "not on the form": ("", same),
    }[state]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", ["same", "different", "not on the list"])
@pytest.mark.parametrize(("mobile", "email"), list(product(CELLS, CELLS)))
def test_every_combination_of_name_number_mobile_and_email(name: str, number: str, mobile: str, email: str) -> None:
    """The name agrees, and the number or a contact with it, and no number contradicts: that is proof, nothing else."""
    on_form, on_list = {}, {}
    for field, state, same, other in (
        ("fnr", number, NUMBER, OTHER_NUMBER),
        ("mobile", mobile, MOBILE, OTHER_MOBILE),
        ("email", email, EMAIL, OTHER_EMAIL),
    ):
        on_form[field], on_list["number" if field == "fnr" else field] = told(state, same, other)
    found = roster_evidence(entry(name=NAMES[name], **on_form), pupil(known(**on_list)))

    if name == "other":
        expected = Fault("link", "guardian_not_on_roster")
    elif number == "different":
        expected = Fault("fnr", "fnr_differs_from_known")
    elif "same" in (number, mobile, email):
        assert ("roster", None) == (found.basis, found.fault)
        return
    else:
        expected = Fault("link", "number_unproven")
    assert (None, expected) == (found.basis, found.fault)


def test_an_impostor_with_the_mothers_name_is_not_believed() -> None:
    """Her name, his number, his mobile and e-mail: the case that the rule is for."""
    found = roster_evidence(
        entry(fnr=OTHER_NUMBER, mobile=OTHER_MOBILE, email=OTHER_EMAIL), pupil(known(mobile=MOBILE, email=EMAIL))
    )

    assert (None, Fault("link", "number_unproven")) == (found.basis, found.fault)


def test_the_other_parents_contacts_prove_nothing_for_her() -> None:
    """A father who fills in both columns proves himself with his mobile, not the mother."""
    both = pupil(known(mobile=MOBILE), known(name="Per Modigmaur", mobile=OTHER_MOBILE))

    assert roster_evidence(entry(mobile=OTHER_MOBILE), both).basis is None
    assert "roster" == roster_evidence(entry(name="Per Modigmaur", mobile=OTHER_MOBILE), both).basis


def test_an_unknown_list_proves_nothing() -> None:
    """Nobody on the list, or a line without a name: no proof for anybody, the nameless included."""
    nobody = Evidence(None, Fault("link", "guardian_not_on_roster"))

    assert nobody == roster_evidence(entry(mobile=MOBILE), pupil())
    assert nobody == roster_evidence(entry(name="", mobile=MOBILE), pupil(known(name="", mobile=MOBILE)))
    assert nobody == roster_evidence(entry(name="", mobile=MOBILE), pupil(known(mobile=MOBILE)))


def test_empty_cells_on_both_sides_do_not_agree() -> None:
    """No mobile on the form and none on the list is no agreement."""
    assert roster_evidence(entry(mobile="", email="", fnr=""), pupil(known())).basis is None


@pytest.mark.parametrize("spelt", ["91234567", "912 34 567", "+47 91 23 45 67", "0047 91234567"])
def test_a_mobile_is_the_same_however_it_is_spelt(spelt: str) -> None:
    """Spaces and country codes do not matter."""
    assert "roster" == roster_evidence(entry(mobile=MOBILE), pupil(known(mobile=spelt))).basis


def test_the_lists_number_is_the_same_however_it_is_spelt() -> None:
    """A space in the list's number neither hides an agreement nor makes a difference."""
    spelt = f"{NUMBER[:6]} {NUMBER[6:]}"

    assert "roster" == roster_evidence(entry(), pupil(known(number=spelt))).basis


def test_two_of_one_name_are_told_apart_by_what_else_agrees() -> None:
    """Father and grandfather of one name: the one whose mobile it is, and nobody where neither's is."""
    two = pupil(known(mobile=MOBILE, address="A"), known(mobile=OTHER_MOBILE, address="B"))
    found = roster_evidence(entry(mobile=OTHER_MOBILE), two)

    assert ("roster", "B") == (found.basis, found.known and found.known.address)
    assert Fault("link", "number_unproven") == roster_evidence(entry(mobile=""), two).fault


def test_two_of_one_name_who_share_a_contact_are_not_told_apart() -> None:
    """Where both lines agree, a person decides."""
    two = pupil(known(email=EMAIL), known(email=EMAIL))

    assert roster_evidence(entry(email=EMAIL), two).basis is None


def test_a_refusal_needs_the_same_evidence() -> None:
    """Without a number it is the contact that proves it; the name alone does not."""
    refused = replace(entry(fnr="", mobile=MOBILE), refused=True)

    assert "roster" == roster_evidence(refused, pupil(known(mobile=MOBILE))).basis
    assert Fault("link", "number_unproven") == roster_evidence(refused, pupil(known(mobile=OTHER_MOBILE))).fault
