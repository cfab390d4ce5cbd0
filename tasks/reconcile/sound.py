"""What every source but a list is held to: birth dates that can be, numbers that can be, names as they are said.

A list has its model (`schemas.roster`); what is read from systems is judged here, by the same rules.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from schemas.identity import classify
from schemas.roster import UNUSABLE
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.roster import Place, unreadable

_YOUNGEST: Final = 10
_OLDEST: Final = 100


def sound(pupils: Sequence[RosterPupil], file: str = "") -> tuple[list[RosterPupil], tuple[Place, ...]]:
    """The pupils without the numbers that cannot be any, and how many of those there were. Raises `Unreadable` where a
    birth date cannot be a pupil's: it decides what is erased when."""
    wrong = [one for one in pupils if not _plausible(one)]
    if wrong:
        raise unreadable([Place(0, "birth date", "roster_age", f"{file or 'the source'}, {len(wrong)} pupils")])
    numbers = sorted({n for one in pupils for n in (one.number, *(k.number for k in one.known or ())) if n})
    codes = dict(
        zip(numbers, classify(numbers, environment="production", accept_2032_from=date.min)["reason"], strict=True)
    )
    bad = {number: str(code) for number, code in codes.items() if code in UNUSABLE}
    found = [_without(one, bad) for one in pupils] if bad else list(pupils)
    counts = Counter(bad.values())
    return found, tuple(Place(0, "number", code, f"{count} persons") for code, count in sorted(counts.items()))


def mobile_of(*candidates: str | None) -> str:
    """The first that says anything."""
    return next((text.strip() for text in candidates if text and text.strip()), "")


def _plausible(one: RosterPupil) -> bool:
    if one.born is None or not one.enrolments:
        return True
    years = (min(term.starts for term in one.enrolments) - one.born).days / 365.25
    return _YOUNGEST <= years <= _OLDEST


def _without(one: RosterPupil, bad: dict[str, str]) -> RosterPupil:
    def fit(known: KnownGuardian) -> KnownGuardian:
        return replace(known, number="") if known.number in bad else known

    number = "" if one.number in bad else one.number
    return replace(one, number=number, known=one.known and tuple(map(fit, one.known)))
