"""Is X the guardian of pupil Y: every case in which the register says yes, no, or leaves it to a person.

Belongs here: the rule, over persons as the register tells them. Does not belong here: reading documents or asking.
"""

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from schemas.register import Protection, RegisterPerson, Responsibility, ResponsibilityKind, Status
from tasks.reconcile.responsibility import anyone_protected, is_guardian

TODAY = date(2026, 10, 14)
# Synthetic numbers, month + 80.
PUPIL, MOTHER, FATHER, OTHER, OLD = "12829499914", "12905299938", "10915596784", "21883649874", "41819077302"
ANSWERS = tuple[str, tuple[str, ...]]


def over(adult: str = MOTHER, kind: ResponsibilityKind = "felles", **more: Any) -> Responsibility:
    """An entry over the pupil."""
    return Responsibility(**{"kind": kind, "child": PUPIL, "adult": adult, **more})


SHARED = (over(MOTHER), over(FATHER))
Y = RegisterPerson(PUPIL, (), ("OLA MODIGMAUR",), date(2010, 3, 5), "bosatt", responsibilities=SHARED)
X = RegisterPerson(
    MOTHER, (), ("KARI ANNE MODIGMAUR",), date(1980, 1, 2), "bosatt", responsibilities=(over(MOTHER, "felles"),)
)


def told(
    guardian: RegisterPerson | None = X,
    pupil: RegisterPerson = Y,
    *,
    name: str = "Kari Modigmaur",
    pupil_name: str = "Ola Modigmaur",
    born: date = date(2010, 3, 5),
    today: date = TODAY,
) -> ANSWERS:
    """The answer and its codes."""
    found = is_guardian(
        guardian, pupil, name=name, pupil_name=pupil_name, born=born, today=today, leap_day="28_february"
    )
    return found.answer, tuple(fault.code for fault in found.faults)


def held(*entries: Responsibility) -> RegisterPerson:
    """The pupil with these entries instead."""
    return replace(Y, responsibilities=entries)


# --- yes --------------------------------------------------------------------------------------------------------------


def test_shared_responsibility_is_yes_for_either() -> None:
    """Two entries `felles`, one for each parent."""
    father = replace(X, number=FATHER, names=("PER MODIGMAUR",), responsibilities=(over(FATHER),))

    assert ("yes", ()) == told()
    assert ("yes", ()) == told(father, name="Per Modigmaur")


@pytest.mark.parametrize("kind", ["mor", "far", "medmor"])
def test_whoever_has_it_alone_is_one(kind: ResponsibilityKind) -> None:
    """One entry with the parent's role."""
    alone = over(MOTHER, kind)

    assert ("yes", ()) == told(replace(X, responsibilities=(alone,)), held(alone))


def test_an_entry_under_a_former_number_counts() -> None:
    """Responsibility was noted when the mother had a D-number; the register knows both as hers."""
    pupil = held(over(OLD), over(FATHER))

    assert ("yes", ()) == told(replace(X, former=(OLD,)), pupil)
    assert ("no", ("no_responsibility",)) == told(X, pupil)


def test_the_pupils_own_former_number_counts_in_the_mirror() -> None:
    """The mother's document still names the child by its D-number."""
    mother = replace(X, responsibilities=(over(MOTHER, child=OLD),))

    assert ("yes", ()) == told(mother, replace(Y, former=(OLD,)))


def test_another_parent_without_a_number_casts_no_doubt() -> None:
    """Shared with somebody whom the register knows by name alone: hers is as clear as ever."""
    assert ("yes", ()) == told(X, held(over(MOTHER), over("", without_number=True)))


def test_what_was_once_so_says_nothing_now() -> None:
    """Sole after the father's death; the shared entries stay as history."""
    past = tuple(replace(one, current=False) for one in SHARED)
    alone = over(MOTHER, "mor")

    assert ("yes", ()) == told(replace(X, responsibilities=(alone, *past)), held(alone, *past))


def test_a_pupil_who_is_a_parent_too_is_still_somebodys_child() -> None:
    """Entries over her own child stand in her document beside those over her."""
    baby = Responsibility("mor", child=OTHER, adult=PUPIL)

    assert ("yes", ()) == told(X, held(*SHARED, baby))


# --- no ---------------------------------------------------------------------------------------------------------------


def test_whoever_else_has_it_this_one_has_not() -> None:
    """The register names two others: a clear no, which a person still sees."""
    stranger = replace(X, number=OTHER, responsibilities=())

    assert ("no", ("no_responsibility",)) == told(stranger)


def test_responsibility_that_ended_is_none() -> None:
    """Her entry is history, the father's is current."""
    ended = replace(over(MOTHER), current=False)

    assert ("no", ("no_responsibility",)) == told(
        replace(X, responsibilities=(ended,)), held(ended, over(FATHER, "far"))
    )


# --- a person must look -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ((), "no_responsibility"),
        ((over("", "andre"),), "responsibility_other"),
        ((over(MOTHER, "andre"),), "responsibility_other"),
        ((over("", "andre", organisation=True),), "responsibility_other"),
        ((over("", organisation=True), over(MOTHER)), "responsibility_other"),
        ((over("", "ukjent"),), "responsibility_unclear"),
        ((over(MOTHER, "other"),), "responsibility_unclear"),
        ((over(""),), "responsibility_unclear"),
        ((over(""), over(MOTHER)), "responsibility_unclear"),
        ((over("", "far", without_number=True),), "responsibility_unclear"),
        ((over(MOTHER), over(FATHER), over(OTHER)), "register_contradicts"),
        ((over(MOTHER, "mor"), over(FATHER, "far")), "register_contradicts"),
        ((over(MOTHER, "felles"), over(FATHER, "far")), "register_contradicts"),
        ((over(MOTHER, "mor"), over(FATHER, "mor")), "register_contradicts"),
    ],
    ids=[
        "none at all", "others, unnamed", "others, this one", "an organisation", "an organisation beside her",
        "unknown", "a kind that is new", "nobody named", "nobody named beside her", "without a number",
        "three share it", "two alone", "shared and alone", "two mothers alone",
    ],
)  # fmt: skip
def test_what_is_not_plain_goes_to_a_person(entries: tuple[Responsibility, ...], code: str) -> None:
    """Neither yes nor no, with the one reason that it is."""
    assert ("review", (code,)) == told(X, held(*entries))


@pytest.mark.parametrize(
    ("guardian", "code"),
    [
        (None, "fnr_not_in_register"),
        (replace(X, dead=True), "fnr_not_in_use"),
        (replace(X, status="doed"), "fnr_not_in_use"),
        (replace(X, status="opphoert"), "fnr_not_in_use"),
        (replace(X, status="other"), "fnr_not_in_use"),
        (replace(X, false_identity=True), "fnr_false_identity"),
        (replace(X, contradictory=True), "register_contradicts"),
        (replace(X, names=("PER SNILLBJØRK",)), "name_differs_in_register"),
        (replace(X, names=()), "name_differs_in_register"),
        (replace(X, born=date(2008, 10, 15)), "guardian_maybe_minor"),
        (replace(X, former=(PUPIL,)), "fnr_is_pupils"),
        (replace(X, responsibilities=()), "register_contradicts"),
        (replace(X, responsibilities=(replace(over(MOTHER), current=False),)), "register_contradicts"),
        (replace(X, responsibilities=(over(MOTHER, child=OTHER),)), "register_contradicts"),
    ],
    ids=[
        "nobody", "dead", "dead by status", "out of use", "a state that is new", "false", "contradictory", "other name",
        "no name", "17 until tomorrow", "the pupil", "not in her document", "past in her document", "another child's",
    ],
)  # fmt: skip
def test_what_is_odd_about_the_guardian_goes_to_a_person(guardian: RegisterPerson | None, code: str) -> None:
    """Though the pupil's document names this number."""
    assert ("review", (code,)) == told(guardian)


@pytest.mark.parametrize(
    ("pupil", "code"),
    [
        (replace(Y, dead=True), "pupil_differs_in_register"),
        (replace(Y, status="opphoert"), "pupil_differs_in_register"),
        (replace(Y, false_identity=True), "pupil_differs_in_register"),
        (replace(Y, names=("ULLA SNILLBJØRK",)), "pupil_differs_in_register"),
        (replace(Y, born=None), "pupil_differs_in_register"),
        (replace(Y, born=date(2010, 3, 6)), "pupil_differs_in_register"),
        (replace(Y, contradictory=True), "register_contradicts"),
        (replace(Y, minor_guardianship=True), "guardianship_for_minor"),
    ],
    ids=["dead", "out of use", "false", "other name", "no birth date", "a day off", "contradictory", "has a verge"],
)
def test_what_is_odd_about_the_pupil_goes_to_a_person(pupil: RegisterPerson, code: str) -> None:
    """It may not be the one whom the school means."""
    assert ("review", (code,)) == told(X, pupil)


@pytest.mark.parametrize(("today", "answer"), [(date(2028, 3, 4), "yes"), (date(2028, 3, 5), "review")])
def test_responsibility_ends_on_the_18th_birthday_whatever_the_register_still_has(today: date, answer: str) -> None:
    """Born 5 March 2010: 18 on 5 March 2028, and never yes from that day."""
    assert answer == told(today=today)[0]


def test_every_doubt_is_told_at_once() -> None:
    """Whoever looks need not come back for the next."""
    guardian = replace(X, names=("PER SNILLBJØRK",), dead=True)
    pupil = replace(Y, minor_guardianship=True, responsibilities=())
    answer, codes = told(guardian, pupil)

    assert "review" == answer
    assert ("fnr_not_in_use", "name_differs_in_register", "guardianship_for_minor", "no_responsibility") == codes


def test_only_what_is_known_to_be_a_parents_counts() -> None:
    """Of all kinds of entry, and of all states of a guardian, just these lead to a yes."""
    alone = {kind: over(MOTHER, kind) for kind in get_args(ResponsibilityKind)}
    yes = {kind for kind, one in alone.items() if "yes" == told(replace(X, responsibilities=(one,)), held(one))[0]}
    states = {state for state in get_args(Status) if "yes" == told(replace(X, status=state))[0]}

    assert {"felles", "mor", "far", "medmor"} == yes
    assert {"doed", "opphoert", "forsvunnet", "other", ""} == set(get_args(Status)) - states


# --- protection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grade", get_args(Protection))
def test_whoevers_address_is_graded_everyone_is_protected(grade: Protection) -> None:
    """Guardian, pupil or anyone else; a grading that is new counts as one."""
    graded = replace(X, protection=grade)

    assert (grade not in ("ugradert", "klientadresse")) == anyone_protected([Y, None, graded])
    assert not anyone_protected([Y, None, X])
