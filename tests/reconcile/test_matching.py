"""Who is the pupil: certain, or a person is shown the likeliest few and why."""

from datetime import UTC, date, datetime

import pytest
from support_store import TODAY, Desk, Family, column

from console.bench_reconcile import enrol, match
from fixtures.noise import Noise
from schemas.documents import FieldName
from schemas.verdicts import Candidate, Entry
from store.entries import candidates
from store.people import KnownGuardian, Pupil
from tasks.reconcile.match import Roll

NUMBER, OTHER_NUMBER = "12829499914", "12829499833"
MOBILE, OTHER_MOBILE = "+4791234567", "+4797654321"
MOTHER = KnownGuardian("Åse Rundmaur", NUMBER, MOBILE)


def pupil(name: str, *known: KnownGuardian, number: str = "") -> Pupil:
    """A pupil of this name and of these guardians; the id is made of the name."""
    ident = "P-" + "".join(c for c in name.upper() if c.isascii() and c.isalpha()).ljust(26, "X")[:26]
    return Pupil(ident, name, date(2010, 3, 5), "1STA", number, False, (), known)


def form(child: str, **values: str) -> Entry:
    """A column that the mother filled in."""
    told: dict[FieldName, str] = {"pupil": child, "name": MOTHER.name, "fnr": NUMBER, "mobile": MOBILE, **values}  # type: ignore[dict-item]
    return Entry("S-A", 1, 0, datetime(2026, 10, 14, tzinfo=UTC), dict(told), told, {})


def found(entry: Entry, *pupils: Pupil, children: tuple[str, ...] = ()) -> str | None:
    """The name of the pupil who is certain."""
    certain = Roll(pupils).find(entry, children).pupil
    return certain.name if certain else None


@pytest.mark.parametrize(
    "written", ["Kristian Rundmuar", "Kristian Rundmau", "Rundmaurr Kristian", "Christian Rundmar"]
)
def test_a_misspelt_surname_is_certain_where_number_and_contact_prove_the_guardian(written: str) -> None:
    """The list has this guardian's name, number and mobile for this pupil alone: nobody else can be meant."""
    assert "Kristian Rundmaur" == found(form(written), pupil("Kristian Rundmaur", MOTHER), pupil("Kristian Rundmus"))


@pytest.mark.parametrize("known", [KnownGuardian(MOTHER.name, NUMBER), KnownGuardian(MOTHER.name, "", MOBILE)])
def test_number_or_contact_alone_is_not_enough_for_a_misspelt_pupil(known: KnownGuardian) -> None:
    """One proof says who the guardian is; for a name that is wrong as well it takes two."""
    assert None is found(form("Kristian Rundmuar"), pupil("Kristian Rundmaur", known))


@pytest.mark.parametrize("written", ["Kristina Rundmaur", "Kristin Rundmaur", "Kristia Rundmaur", "Krsitian Rundmaur"])
def test_a_slip_in_the_given_name_goes_to_a_person(written: str) -> None:
    """It may be a sister's who goes elsewhere, whatever proves the mother."""
    assert None is found(form(written), pupil("Kristian Rundmaur", MOTHER))


def test_a_second_name_of_somebody_elses_is_no_slip() -> None:
    """Ida Sofie and Ida Marie are two, though they begin alike."""
    others = pupil("Marie Blidbil")

    assert None is found(form("Ida Marie Rundmuar"), pupil("Ida Sofie Rundmaur", MOTHER), others)
    assert "Ida Sofie Rundmaur" == found(form("Ida Sofie Rundmuar"), pupil("Ida Sofie Rundmaur", MOTHER), others)


def test_the_same_name_by_sound_is_certain_with_any_proof_of_the_guardian() -> None:
    """Christian and Kristian are one name; without proof it is still a guess."""
    child = pupil("Kristian Rundmaur", KnownGuardian(MOTHER.name, "", MOBILE))

    assert "Kristian Rundmaur" == found(form("Christian Rundmaur"), child)
    assert None is found(form("Christian Rundmaur", mobile=OTHER_MOBILE), child)


def test_siblings_too_alike_go_to_a_person() -> None:
    """Twins whose names both fit: the lead must be clear."""
    twins = (pupil("Ida Rundmaur Berg", MOTHER), pupil("Ida Rundmaur Borg", MOTHER))

    assert None is found(form("Ida Rundmaur Barg"), *twins)


def test_a_better_name_elsewhere_in_the_school_makes_it_doubtful() -> None:
    """The proven guardian's child fits less well than somebody else's: a person looks."""
    assert None is found(form("Ola Rundmus"), pupil("Ola Rundmaur", MOTHER), pupil("Ola Rundmuss"))


def test_the_registers_word_is_enough_for_a_misspelt_pupil() -> None:
    """Whom the register names this guardian's child, and no other."""
    child = pupil("Kristian Rundmaur", number="15819999912")

    assert "Kristian Rundmaur" == found(form("Kristian Rundmuar"), child, children=("15819999912",))
    assert None is found(form("Kristian Rundmuar"), child, children=("15819999831",))


def test_namesakes_are_told_apart_by_the_register_too() -> None:
    """Two of one name, of whom the register names one."""
    two = (
        pupil("Ida Blidbil", number="15819999912"),
        Pupil("P-" + "B" * 26, "Ida Blidbil", TODAY, "", "", False, (), ()),
    )

    assert "15819999912" == getattr(Roll(two).find(form("Ida Blidbil"), ("15819999912",)).pupil, "number", None)
    assert "pupil_ambiguous" == getattr(Roll(two).find(form("Ida Blidbil")).fault, "code", None)


def test_a_number_that_is_somebody_elses_on_the_list_proves_nobody() -> None:
    """Her name and her mobile, and the number of another pupil's father: a slip or worse."""
    mine = pupil("Ida Rundmaur", KnownGuardian(MOTHER.name, "", MOBILE))
    theirs = pupil("Per Blidbil", KnownGuardian("Kåre Blidbil", OTHER_NUMBER))
    entry = form("Ida Rundmaur", fnr=OTHER_NUMBER)

    assert "number_unproven" == getattr(Roll([mine, theirs]).evidence(entry, mine).fault, "code", None)
    assert "roster" == Roll([mine]).evidence(entry, mine).basis


def test_a_contact_that_the_list_has_for_both_parents_proves_neither() -> None:
    """The family's one address stands beside both names."""
    both = pupil("Ida Rundmaur", KnownGuardian(MOTHER.name, "", MOBILE), KnownGuardian("Kåre Rundmaur", "", MOBILE))

    assert None is Roll([both]).evidence(form("Ida Rundmaur"), both).basis


# --- what a person is shown -------------------------------------------------------------------------------------------


def shown(desk: Desk, submission: str) -> list[Candidate]:
    """The pupils that a steward may choose from."""
    with desk.store.read() as tx:
        return candidates(tx, desk.entry(submission))


def given(family: Family, name: str) -> str:
    """A name with the family's surname."""
    return f"{name} {family.pupil.name.rsplit(' ', 1)[1]}"


def test_the_likeliest_five_are_shown_best_first_and_why(desk: Desk) -> None:
    """The child of the guardian whom the form names comes first; each says what made it be shown."""
    family = desk.child("Finbil", (desk.people.adult(), desk.people.adult()), given="Karoline")
    for each in ("Kari", "Karin", "Karina", "Karen", "Kåre", "Kara"):
        desk.child("Finbil", (desk.people.adult(), desk.people.adult()), given=each)
    likely = shown(desk, desk.decided(column(family, family.mother, pupil="Karl Finbil")))

    assert (5, family.pupil_id) == (len(likely), likely[0].pupil_id)
    assert {"mobile", "guardian"} < set(likely[0].why)
    assert [("near_name",)] * 4 == [one.why for one in likely[1:]]


def test_namesakes_are_shown_as_such(desk: Desk) -> None:
    """Both have the very name, and nothing else tells them apart."""
    adults = [desk.people.adult() for _ in range(5)]
    one = desk.child("Finbil", (adults[0], adults[1]), given="Ingrid")
    two = desk.child("Finbil", (adults[2], adults[3]), given="Ingrid")
    likely = shown(desk, desk.decided(column(one, adults[4])))

    assert {(one.pupil_id, ("same_name",)), (two.pupil_id, ("same_name",))} == {(c.pupil_id, c.why) for c in likely}


def test_nobody_is_shown_for_a_name_that_is_like_no_ones(desk: Desk) -> None:
    """Chance likeness is no proposal."""
    family = desk.family()

    assert [] == shown(desk, desk.decided(column(family, desk.people.adult(), pupil="Zoé Xylofon")))


def test_what_was_shown_is_gone_once_the_entry_is_decided(desk: Desk) -> None:
    """The steward has chosen; the others' ids are kept no longer. So it is when the time is out."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, pupil=given(family, "Annen")))
    assert shown(desk, sent)
    desk.steward(sent, "confirm", pupil=family.pupil_id)

    assert [] == shown(desk, sent)


# --- measured ---------------------------------------------------------------------------------------------------------


def test_nobody_is_let_in_for_another_in_a_noisy_school(desk: Desk) -> None:
    """The benchmark's forms, fewer of them: absent children, impostors, slips; no wrong link, most right ones found."""
    noise = Noise(150, seed=3)
    tally, _ = match(desk.store, list(noise.forms(400)), enrol(desk.store, noise))

    assert 0 == tally["wrong"]
    assert tally["right"] > tally["missed"]
    assert tally["held"] > 60


def test_the_noise_holds_what_it_says() -> None:
    """One form in five about a child who is not on the list, one in twenty an impostor's."""
    kinds = [one.kind for one in Noise(150, seed=4).forms(2_000)]

    assert 0.17 < kinds.count("absent") / 2_000 < 0.23
    assert 0.035 < kinds.count("impostor") / 2_000 < 0.065
