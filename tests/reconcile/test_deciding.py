"""Deciding an entry: who is the pupil, may a guardian be kept at all, is it proven, and what a steward's word does."""

from datetime import date
from typing import Any

import pytest
from support_store import DAY, HERE, TODAY, Desk, Family, Template, add_guardian, both, column, known, refusal

from fixtures.filled import FilledForm
from schemas.due import Enrolment
from store import analogue, consents, tables


def turning(day: date) -> date:
    """A birth date whose 18th birthday is `day`."""
    return day.replace(year=day.year - 18)


def told(desk: Desk, *forms: Any) -> tuple[list[str], list[str]]:
    """Outcomes and codes of one delivery."""
    sent = desk.decided(*forms)
    return desk.outcomes(sent), desk.codes(sent)


# --- proof ------------------------------------------------------------------------------------------------------------


def test_a_proven_guardian_is_loaded(desk: Desk) -> None:
    """Name and mobile as the school has them: in the store, linked, and nothing to ask."""
    family = desk.family()

    assert (["loaded", "loaded"], []) == told(desk, both(family))
    assert sorted(who.name for who in family.adults) == [one.name for one in desk.guardians(family)]
    assert {("roster", None)} == {(row.basis, row.suspended) for row in desk.links(family)}


def test_an_impostor_is_not_loaded(desk: Desk) -> None:
    """The mother's name with his own valid number, mobile and e-mail waits for a person, and nothing is stored."""
    family, liar = desk.family(), desk.people.adult()
    outcome = told(desk, column(family, liar, name=family.mother.name))

    assert (["needs_review"], ["number_unproven"]) == outcome
    assert [] == desk.rows(tables.guardians)


def test_an_impostor_after_her_is_not_loaded_either(desk: Desk) -> None:
    """Her name and mobile, his number, after she was loaded: review, and her number stays."""
    family, liar = desk.family(), desk.people.adult()
    desk.decided(column(family, family.mother))
    outcome = told(desk, column(family, family.mother, fnr=liar.number))

    assert (["needs_review"], ["fnr_differs_from_known"]) == outcome
    assert [family.mother.number] == [one.number for one in desk.guardians(family)]


def test_one_column_does_not_carry_the_other(desk: Desk) -> None:
    """A father who fills in both columns with his own contacts is loaded; the mother waits."""
    family = desk.family()
    mine = {"mobile": family.father.mobile, "email": family.father.email}
    form = FilledForm(column(family, family.father), column(family, family.mother, **mine))
    outcomes, codes = told(desk, form)

    assert ["loaded", "needs_review"] == outcomes
    assert "number_unproven" in codes


def test_one_bad_column_does_not_spoil_the_other(desk: Desk) -> None:
    """Outcomes are decided guardian by guardian."""
    family = desk.family()
    wrong = family.father.number[:-1] + str((int(family.father.number[-1]) + 1) % 10)
    form = FilledForm(column(family, family.mother), column(family, family.father, fnr=wrong))

    assert (["loaded", "rejected"], ["fnr_checksum"]) == told(desk, form)


def test_the_same_number_on_both_waits_for_a_person(desk: Desk) -> None:
    """Proven by their mobiles, both with one number: neither is loaded, since it can be only one's."""
    family = desk.family()
    form = FilledForm(column(family, family.mother), column(family, family.father, fnr=family.mother.number))
    outcomes, codes = told(desk, form)

    assert ["needs_review", "needs_review"] == outcomes
    assert ["fnr_same_on_both", "fnr_same_on_both"] == codes
    assert [] == desk.rows(tables.guardians)


def test_the_pupils_own_number_is_no_guardians(desk: Desk) -> None:
    """A common slip: the pupil's number in the guardian's cell is rejected."""
    family = desk.family()

    outcomes, codes = told(desk, column(family, family.mother, fnr=family.pupil.number))

    assert (["rejected"], True) == (outcomes, "fnr_is_pupils" in codes)


def test_a_d_number_can_log_in(desk: Desk) -> None:
    """Many foreign guardians have only that, and it is enough."""
    who = desk.people.adult("Stønøtt", d_number=True)
    family = desk.child("Stønøtt", (who, desk.people.adult()))

    assert (["loaded"], []) == told(desk, column(family, who))


def test_a_roster_that_is_switched_off_proves_nothing(template: Template, tmp_path: Any) -> None:
    """The school may turn the roster's word off: then a steward decides each."""
    from support_store import open_desk, settings

    desk = open_desk(tmp_path / "home", template, chosen=settings(evidence={"roster": False}))
    family = desk.family(lists=("number", "mobile", "email"))

    assert (["needs_review"], ["number_unproven"]) == told(desk, column(family, family.mother))
    desk.store.close()


# --- which pupil ------------------------------------------------------------------------------------------------------


def namesakes(desk: Desk) -> tuple[Family, Family]:
    """Two pupils of one name with different guardians."""
    surname = desk.people.surname()
    adults = [tuple(desk.people.adult() for _ in range(2)) for _ in range(2)]
    one, two = (desk.child(surname, pair, given="Ingrid") for pair in adults)  # type: ignore[arg-type]
    return one, two


def test_namesakes_are_told_apart_by_a_proven_guardian(desk: Desk) -> None:
    """Only one of the two Ingrids has this mother with this mobile."""
    one, two = namesakes(desk)
    told(desk, column(two, two.mother))

    assert ([], [two.mother.name]) == ([g.name for g in desk.guardians(one)], [g.name for g in desk.guardians(two)])


def test_namesakes_that_nothing_tells_apart_go_to_a_person(desk: Desk) -> None:
    """Never the likelier one: the steward names the pupil by id, and the guardian is linked to that one alone."""
    one, two = namesakes(desk)
    sent = desk.decided(column(one, desk.people.adult()))
    assert (["needs_review"], ["pupil_ambiguous"]) == (desk.outcomes(sent), desk.codes(sent))
    assert desk.entry(sent).pupil_id is None
    desk.steward(sent, "confirm", pupil=two.pupil_id)

    assert ["loaded"] == desk.outcomes(sent)
    assert (0, 1) == (len(desk.links(one)), len(desk.links(two)))


def test_an_id_that_is_nobodys_is_not_found(desk: Desk) -> None:
    """A slip in the id names nobody; it is not compared as a name."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, pupil="Nobody Nowhere"))
    desk.steward(sent, "confirm", pupil="P-" + "A" * 26)

    assert (["needs_review"], ["pupil_not_found"]) == (desk.outcomes(sent), desk.codes(sent))


def test_a_misspelt_pupil_is_proposed_and_never_taken(desk: Desk) -> None:
    """The nearest name is not good enough, not even with a guardian who would be proven."""
    family = desk.family()
    given, surname = family.pupil.name.rsplit(" ", 1)
    wrong = f"{given} {surname[0]}{surname[2]}{surname[1]}{surname[3:]}"

    assert (["needs_review"], ["pupil_not_found"]) == told(desk, column(family, family.mother, pupil=wrong))


def test_a_pupil_is_found_by_any_spelling_of_the_whole_name(desk: Desk) -> None:
    """Surname first, other case, æøå written out: the same pupil."""
    family = desk.child("Måløy", (desk.people.adult(), desk.people.adult()), given="Åse")
    for spelt in ("Måløy, Åse", "ÅSE MÅLØY", "Aase Maaloy", "  åse   måløy "):
        sent = desk.decided(column(family, family.mother, pupil=spelt))

        assert (spelt, True) == (spelt, desk.outcomes(sent)[0] in ("loaded", "unchanged"))


def test_siblings_in_one_column_are_decided_apart(desk: Desk) -> None:
    """A guardian of a pupil of 17 is loaded, and the sibling of 18 in the same cell is not applicable."""
    adults = (desk.people.adult("Finfin"), desk.people.adult("Finfin"))
    young = desk.child("Finfin", adults, born=turning(TODAY + DAY), given="Ola")
    grown = desk.child("Finfin", adults, born=turning(TODAY), given="Kari")
    sent = desk.decided(column(young, young.mother, pupil="Ola og Kari Finfin"))

    assert (["loaded", "not_applicable"], ["pupil_adult"]) == (desk.outcomes(sent), desk.codes(sent))
    assert (1, 0) == (len(desk.links(young)), len(desk.links(grown)))


# --- of age, gone, not yet here ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birthday", "outcome"), [(TODAY - DAY, "not_applicable"), (TODAY, "not_applicable"), (TODAY + DAY, "loaded")]
)
def test_the_18th_birthday_decides_by_the_day(desk: Desk, birthday: date, outcome: str) -> None:
    """Yesterday and today: not applicable and erased at once; tomorrow: loaded."""
    family = desk.family(born=turning(birthday))
    sent = desk.decided(column(family, family.mother))

    assert [outcome] == desk.outcomes(sent)
    if outcome == "not_applicable":
        entry, row = desk.entry(sent), desk.rows(tables.submissions)[0]
        assert (None, None, None) == (entry.fields_ct, entry.pupil_id, row.original_ct)
        assert [] == desk.rows(tables.guardians)


@pytest.mark.parametrize(
    ("stay", "outcome"),
    [
        (Enrolment(date(2025, 8, 18), interrupted=TODAY), "not_applicable"),
        (Enrolment(date(2025, 8, 18), interrupted=TODAY + DAY), "loaded"),
        (Enrolment(date(2025, 8, 18), ends=TODAY - DAY, final_year=True), "not_applicable"),
        (Enrolment(date(2025, 8, 18), ends=TODAY, final_year=True), "loaded"),
        (Enrolment(date(2027, 8, 16)), "loaded"),
    ],
    ids=["left today", "leaves tomorrow", "ended yesterday", "last day", "starts in August"],
)
def test_enrolment_decides_by_the_day(desk: Desk, stay: Enrolment, outcome: str) -> None:
    """A leaver's guardians are not kept; a pupil who has not begun yet is one already."""
    family = desk.child("Lunmose", (desk.people.adult(), desk.people.adult()), stays=(stay,))
    sent = desk.decided(column(family, family.mother))

    assert [outcome] == desk.outcomes(sent)
    assert (["pupil_left"] if outcome == "not_applicable" else []) == desk.codes(sent)


def test_between_years_a_form_is_loaded(desk: Desk) -> None:
    """Vg1 ended in June, not the final year: until 1 September the pupil only waits."""
    desk.on(date(2027, 7, 10))
    stay = Enrolment(date(2026, 8, 17), ends=date(2027, 6, 18))
    family = desk.child("Lunmose", (desk.people.adult(), desk.people.adult()), stays=(stay,))
    sent = desk.decided(column(family, family.mother))

    assert ["loaded"] == desk.outcomes(sent)
    assert [(date(2027, 9, 1), "between_years")] == [(row.due_on, row.due_reason) for row in desk.links(family)]


def consented(desk: Desk) -> tuple[Family, str]:
    """A pupil who turned 18 yesterday and wants the mother to keep access; returns the mother's id too."""
    family = desk.family(born=turning(TODAY + DAY))
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother, arrived=TODAY - 5 * DAY)
        consents.confirm(tx, consents.record(tx, family.pupil_id, mother, "kari"), "kari")
    desk.on(TODAY + 2 * DAY)
    return family, mother


def test_of_an_adult_pupil_only_the_covered_guardian_is_applicable(desk: Desk) -> None:
    """The consent is for the mother: her form counts, the father's is erased at once."""
    family, _ = consented(desk)
    form = FilledForm(column(family, family.mother), column(family, family.father))

    assert (["unchanged", "not_applicable"], ["pupil_adult"]) == told(desk, form)


def test_a_covered_guardian_may_refuse(desk: Desk) -> None:
    """Whom a pupil of 18 has consented to may still say no, and is asked; the refusal is not thrown away."""
    family, mother = consented(desk)
    sent = desk.decided(refusal(family, family.mother), when=TODAY + 2 * DAY)

    assert ["needs_review"] == desk.outcomes(sent)
    assert "refusal_unproven" in desk.codes(sent)
    assert ["refusal_unproven"] == [row.suspended for row in desk.links(family)]
    assert mother == desk.entry(sent).guardian_id


def test_what_a_covered_guardian_sends_waits_for_its_person(desk: Desk) -> None:
    """A change of contact is held for 90 days like any other, not until a birthday that is past."""
    from tasks.retain.overdue import overdue
    from tasks.retain.sweep import sweep

    family, _ = consented(desk)
    new = desk.people.adult()
    sent = desk.decided(column(family, family.mother, mobile=new.mobile), when=TODAY + 2 * DAY)
    sweep(desk.store)

    assert ["needs_review"] == desk.outcomes(sent)
    assert TODAY + 92 * DAY == desk.entry(sent).held_until
    assert 0 == overdue(desk.store)


# --- protection -------------------------------------------------------------------------------------------------------


def test_a_protected_pupils_form_says_nothing_of_why(desk: Desk) -> None:
    """Proven or not, refusal or not: the same neutral reason, and nothing is linked, put on paper or suspended anew."""
    family = desk.family(shielded=True)
    liar = desk.people.adult()
    for form in (column(family, family.mother), column(family, liar), refusal(family, family.mother)):
        assert (["needs_review"], ["by_school"]) == told(desk, form)
    assert ([], []) == (desk.links(family), desk.rows(tables.refusals))


def test_nothing_a_steward_says_links_a_protected_pupil(desk: Desk) -> None:
    """A confirmation by whoever lacks that role leaves it where it is."""
    family = desk.family(shielded=True)
    sent = desk.decided(column(family, family.mother))
    for word in ("confirm", "refuse", "reject fnr_missing"):
        desk.steward(sent, word)

        assert (["needs_review"], ["by_school"]) == (desk.outcomes(sent), desk.codes(sent))
    assert [] == desk.links(family)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_a_proven_refusal_puts_the_pair_on_paper(desk: Desk) -> None:
    """Name and mobile as the school has them: no number is kept, and the register holds name and address alone."""
    family = desk.family()
    outcome = told(desk, refusal(family, family.mother))
    with desk.store.read() as tx:
        rows = analogue.of_pupil(tx, family.pupil_id)

    assert (["refused"], []) == outcome
    assert [("refused", family.mother.name, family.mother.address)] == [(r.why, r.name, r.address) for r in rows]
    assert date(2028, 3, 5) == rows[0].due_on  # the pupil's 18th birthday, as for a link


def test_a_refusal_without_proof_waits_and_puts_nobody_on_paper(desk: Desk) -> None:
    """Somebody says no for her with his own mobile: nothing happens to her."""
    family, liar = desk.family(), desk.people.adult()
    form = refusal(family, family.mother, mobile=liar.mobile, email=liar.email)

    assert (["needs_review"], ["refusal_unproven"]) == told(desk, form)
    assert [] == desk.rows(tables.refusals)


def test_a_refusal_with_a_number_keeps_no_number(desk: Desk) -> None:
    """The refusal counts; the number is in no row, and a person is told."""
    family = desk.family()
    sent = desk.decided(refusal(family, family.mother, fnr=family.mother.number))

    assert (["refused"], ["refusal_and_number"]) == (desk.outcomes(sent), desk.codes(sent))
    assert ([], None) == (desk.rows(tables.guardians), desk.entry(sent).fields_ct)


def test_an_unproven_refusal_keeps_no_number_either(desk: Desk) -> None:
    """What waits for a person is held without it."""
    from store import entries

    family = desk.family(lists=())
    sent = desk.decided(refusal(family, family.mother, fnr=family.mother.number))
    with desk.store.read() as tx:
        held = entries.fields(tx, entries.existing(tx, sent)[(1, 0)])

    assert ["needs_review"] == desk.outcomes(sent)
    assert {"pupil", "name", "mobile", "email"} == set(held)


WORDED = (
    "Foresatte 1\nForesatte til: {pupil}\nFødselsnr (11 Siffer): {fnr}\nNavn: {name}\nMobil: {mobile}\n\nJeg {words}.\n"
)


def test_a_refusal_in_words_is_proposed_to_a_steward(desk: Desk) -> None:
    """Not ticked but said: nothing is loaded, and a confirmation means the refusal, not the number."""
    family = desk.family()
    who = family.mother
    text = WORDED.format(
        pupil=family.pupil.name, fnr=who.number, name=who.name, mobile=who.mobile, words="avslår at skolen bruker det"
    )
    sent = desk.decided(text)
    assert (["needs_review"], True) == (desk.outcomes(sent), "refusal_unproven" in desk.codes(sent))
    assert [] == desk.rows(tables.guardians)
    desk.steward(sent, "confirm")

    assert ["refused"] == desk.outcomes(sent)
    assert [] == desk.rows(tables.guardians)


# --- no number --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["har ikke norsk fødselsnummer", "ingen", "I do not have one", "har ikkje"])
def test_no_number_in_words_means_paper(desk: Desk, words: str) -> None:
    """A proven guardian who says so has no login and gets paper."""
    family = desk.family()

    assert (["no_login"], ["fnr_kind_no_login"]) == told(desk, column(family, family.mother, fnr=words))
    assert ["no_login"] == [row.why for row in desk.rows(tables.refusals)]


def test_no_number_in_words_without_proof_waits(desk: Desk) -> None:
    """Nobody is put on paper by somebody else's form."""
    family = desk.family(lists=())
    outcomes, codes = told(desk, column(family, family.mother, fnr="ingen"))

    assert (["needs_review"], True) == (outcomes, "number_unproven" in codes)
    assert [] == desk.rows(tables.refusals)


def test_an_empty_number_without_a_refusal_is_asked_about(desk: Desk) -> None:
    """Rejected as missing, with the choice to say that there is none."""
    family = desk.family()

    assert (["rejected"], ["fnr_missing"]) == told(desk, column(family, family.mother, fnr=""))


# --- a steward's word -------------------------------------------------------------------------------------------------


def test_a_steward_may_always_confirm(desk: Desk) -> None:
    """Not on the list at all: with a named steward's word the guardian is loaded, and it is remembered whose."""
    family, step = desk.family(), desk.people.adult()
    sent = desk.decided(column(family, step))
    assert ["guardian_not_on_roster"] == desk.codes(sent)
    desk.steward(sent, "confirm decision_seen")

    assert ["loaded"] == desk.outcomes(sent)
    assert [("steward", None)] == [(row.basis, row.suspended) for row in desk.links(family)]
    assert "kari" == desk.entry(sent).decided_by
    assert ("kari", "guardian_linked") in [(row.actor, row.action) for row in desk.rows(tables.audit)]


def test_a_steward_cannot_confirm_a_number_that_is_none(desk: Desk) -> None:
    """What is wrong in itself stays rejected until it is corrected."""
    family = desk.family()
    wrong = family.mother.number[:-1] + str((int(family.mother.number[-1]) + 1) % 10)
    sent = desk.decided(column(family, family.mother, fnr=wrong))
    desk.steward(sent, "confirm")
    assert (["rejected"], ["fnr_checksum"]) == (desk.outcomes(sent), desk.codes(sent))
    desk.steward(sent, "confirm", fnr=family.mother.number)

    assert ["loaded"] == desk.outcomes(sent)


def test_a_steward_may_refuse_on_a_guardians_behalf(desk: Desk) -> None:
    """She called: no number is kept, and the pair goes on paper."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    desk.steward(sent, "refuse")

    assert (["refused"], [], 1) == (desk.outcomes(sent), desk.rows(tables.guardians), len(desk.rows(tables.refusals)))


def test_a_steward_may_reject_with_any_reason_of_the_catalogue(desk: Desk) -> None:
    """The reason stands under its own field, and the entry can still be put right until its time is out."""
    family = desk.family()
    sent = desk.decided(column(family, desk.people.adult()))
    desk.steward(sent, "reject no_responsibility")

    assert (["rejected"], ["no_responsibility"]) == (desk.outcomes(sent), desk.codes(sent))
    assert ["link"] == [row.field for row in desk.rows(tables.reasons)]
    desk.steward(sent, "reject pupil_not_found")
    assert ["pupil"] == [row.field for row in desk.rows(tables.reasons)]
    desk.steward(sent, "confirm")
    assert ["loaded"] == desk.outcomes(sent)


def test_a_confirmed_new_number_replaces_the_old(desk: Desk) -> None:
    """From D-number to fødselsnummer: seen by a steward, the same person has one link, with the new number."""
    family = desk.family()
    desk.decided(column(family, family.mother), when=TODAY - DAY)
    new = desk.people.number(family.mother.born)
    sent = desk.decided(column(family, family.mother, fnr=new))
    assert ["fnr_differs_from_known"] == desk.codes(sent)
    desk.steward(sent, "confirm")

    assert ["loaded"] == desk.outcomes(sent)
    assert [new] == [one.number for one in desk.guardians(family)]
    assert 1 == len(desk.rows(tables.guardians))


def test_the_roster_may_know_another_number(desk: Desk) -> None:
    """The list's own number contradicts the form's: review, whatever else agrees."""
    family = desk.family(lists=("number", "mobile", "email"))
    other = desk.people.number(family.mother.born)

    assert (["needs_review"], ["fnr_differs_from_known"]) == told(desk, column(family, family.mother, fnr=other))


def test_a_known_guardian_of_the_list_is_as_the_list_says(desk: Desk) -> None:
    """The helpers of these tests give the roster what they promise, and no more."""
    who = desk.people.adult()

    assert ("", who.mobile, "") == (
        known(who, ("mobile",)).number,
        known(who, ("mobile",)).mobile,
        known(who, ()).email,
    )
    assert HERE[0].covers(TODAY)
