"""Is this person the guardian of this pupil, as Folkeregisteret has it? Yes, no, or a person must look, and why.

Belongs here: one pure function over two persons of the register. Does not belong here: asking (`register`), or whether
the school may use the answer (`step`). Parental responsibility counts; parenthood, a shared address and daily care do
not. Source: Skatteetaten's documentation of foreldreansvar, and what its test population holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from schemas.due import LeapDay, is_adult
from schemas.names import agrees
from schemas.register import RegisterPerson, Responsibility, Status
from schemas.verdicts import Fault

PARENTS: Final = ("felles", "mor", "far", "medmor")
GONE: Final[tuple[Status, ...]] = ("doed", "opphoert", "forsvunnet", "other", "")
"""States of which nobody writes a form; one that is new to us, or none, is not trusted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer. `review` and `no` both go to a person, with `faults` that say why; `yes` has none."""

    answer: Literal["yes", "no", "review"]
    faults: tuple[Fault, ...] = ()


def is_guardian(
    guardian: RegisterPerson | None,
    pupil: RegisterPerson,
    *,
    name: str,
    pupil_name: str,
    born: date,
    today: date,
    leap_day: LeapDay,
) -> Finding:
    """Whether `guardian` (None: the register tells of nobody under the number) has parental responsibility for `pupil`
    today. `name` is the form's name of the guardian, `pupil_name` and `born` what the school knows of the pupil.

    Says nothing of protection: that concerns everyone on a form, and comes first (`anyone_protected`).
    """
    doubts = [*about_guardian(guardian, name=name, today=today, leap_day=leap_day)]
    doubts += _about_pupil(pupil, pupil_name, born, today, leap_day)
    if guardian is None:
        return Finding("review", tuple(doubts))
    if guardian.numbers & pupil.numbers:
        doubts.append(Fault("fnr", "fnr_is_pupils"))
    answer, why = _has_responsibility(guardian, pupil)
    faults = tuple(dict.fromkeys([*doubts, *why]))
    return Finding("review" if doubts and answer == "yes" else answer, faults)


def anyone_protected(people: Iterable[RegisterPerson | None]) -> bool:
    """Whether the address of any of them is graded."""
    return any(person is not None and person.protected for person in people)


def about_guardian(guardian: RegisterPerson | None, *, name: str, today: date, leap_day: LeapDay) -> list[Fault]:
    """What speaks against this person, whoever the pupil is."""
    if guardian is None:
        return [Fault("fnr", "fnr_not_in_register")]
    found = []
    if guardian.dead or guardian.status in GONE:
        found.append(Fault("fnr", "fnr_not_in_use"))
    if guardian.false_identity:
        found.append(Fault("fnr", "fnr_false_identity"))
    if guardian.contradictory:
        found.append(Fault("link", "register_contradicts"))
    if not any(agrees(name, one) for one in guardian.names):
        found.append(Fault("name", "name_differs_in_register"))
    if guardian.born is not None and not is_adult(guardian.born, today, leap_day):
        found.append(Fault("link", "guardian_maybe_minor"))
    return found


def _about_pupil(pupil: RegisterPerson, pupil_name: str, born: date, today: date, leap_day: LeapDay) -> list[Fault]:
    """Whether it is the pupil whom the school means, alive, and of the age that the school reckons with."""
    found = []
    same = any(agrees(pupil_name, one) for one in pupil.names) and pupil.born == born
    # The age is computed from the register's own date too, each time: what it does at 18 is nowhere written down.
    grown = pupil.born is not None and is_adult(pupil.born, today, leap_day)
    if not same or grown or pupil.dead or pupil.status in GONE or pupil.false_identity:
        found.append(Fault("pupil", "pupil_differs_in_register"))
    if pupil.contradictory:
        found.append(Fault("link", "register_contradicts"))
    if pupil.minor_guardianship:
        found.append(Fault("link", "guardianship_for_minor"))
    return found


def _has_responsibility(
    guardian: RegisterPerson, pupil: RegisterPerson
) -> tuple[Literal["yes", "no", "review"], list[Fault]]:
    """The entries over the pupil, compared with those that the guardian's own document has."""
    over = [one for one in pupil.responsibilities if one.current and _is_over(one, pupil)]
    if not over:
        return "review", [Fault("link", "no_responsibility")]
    if any(one.kind == "andre" or one.organisation for one in over):
        return "review", [Fault("link", "responsibility_other")]
    if any(one.kind not in PARENTS or not (one.adult or one.without_number) for one in over):
        return "review", [Fault("link", "responsibility_unclear")]
    if _contradict(over):
        return "review", [Fault("link", "register_contradicts")]
    if not any(one.adult in guardian.numbers for one in over):
        if any(one.without_number for one in over):  # it may be this person, who has a number since
            return "review", [Fault("link", "responsibility_unclear")]
        return "no", [Fault("link", "no_responsibility")]
    mirrored = any(
        one.current and one.kind in PARENTS and one.child in pupil.numbers for one in guardian.responsibilities
    )
    return ("yes", []) if mirrored else ("review", [Fault("link", "register_contradicts")])


def _is_over(entry: Responsibility, pupil: RegisterPerson) -> bool:
    """Whether an entry of the pupil's document is one over the pupil (a young mother's own holds both kinds)."""
    return entry.child in pupil.numbers or (not entry.child and entry.adult not in pupil.numbers)


def _contradict(over: Sequence[Responsibility]) -> bool:
    """Shared by two at most, or one alone: anything else cannot all be true."""
    holders = {(one.adult, one.without_number) for one in over}
    kinds = {one.kind for one in over}
    return len(kinds) > 1 or len(holders) > (2 if kinds == {"felles"} else 1)
