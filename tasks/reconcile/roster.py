"""The roster's seam: whoever can tell the school's pupils, enrolments and known guardians.

A reader turns one source into `Listed`; `take in` is the same for all (`importing`). Which reader it is, the content
and the settings say (`rosters`). Does not belong here: any format.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from schemas.errors import UsageFault
from schemas.roster import WORDS
from store.people import RosterPupil

MOST_TOLD: Final = 10
"""So many places are named in a message; the next export will tell the others."""


class Place(NamedTuple):
    """Where something cannot be read: line (0: no line of its own), column and code, never the value. `file`: which of
    several."""

    line: int
    column: str
    code: str
    file: str = ""

    def __str__(self) -> str:
        """For people."""
        where = [self.file] * bool(self.file) + [f"line {self.line}"] * bool(self.line)
        where += [f"column {self.column}"] * bool(self.column)
        return f"{', '.join(where)}: {WORDS.get(self.code, self.code)}"


@dataclass(frozen=True, slots=True)
class Listed:
    """What one reading of a roster gave.

    `digest`: of the source, so that the same list twice on one day counts once. `complete`: it names every pupil, so
    that whoever is not named is missing; a delta is not. `removed`: roster ids that the source says are no more.
    `adds`: what it tells of enrolments comes to what is known, and does not replace it.
    `mark`: where this reading stands, handed to the next one; the same mark again is the same list, on whatever day.
    `left_out`: what was not taken. `understood`: (what, how), for people, without values.
    """

    kind: str
    digest: bytes
    pupils: list[RosterPupil] = field(repr=False)
    complete: bool = True
    adds: bool = False
    removed: frozenset[str] = field(default=frozenset(), repr=False)
    mark: str = ""
    left_out: tuple[Place, ...] = ()
    understood: tuple[tuple[str, str], ...] = ()


class Roster(Protocol):
    """A source of rosters. `kind` names its format: csv, xlsx, oneroster, fint or pifu."""

    kind: str

    def read(self, since: str = "") -> Listed:
        """Everything it tells; `since` is the mark of the last reading that was taken in, for sources that can tell
        what changed after it. Raises `Unreadable` where it cannot be read, `OutsideFault` where it is not there."""
        ...


class Unreadable(UsageFault):
    """A roster that cannot be read: `places` say where and why, `understood` what was made of it until then, and by
    which mapping (`used`)."""

    def __init__(
        self,
        code: str,
        message: str,
        next_step: str = "",
        places: Sequence[Place] = (),
        understood: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(code, message, next_step)
        self.places, self.understood = tuple(places), tuple(understood)
        self.used: object = None


def unreadable(places: Sequence[Place], understood: Sequence[tuple[str, str]] = ()) -> Unreadable:
    """The fault that names these places."""
    told = "; ".join(str(place) for place in places[:MOST_TOLD])
    more = f"; and {len(places) - MOST_TOLD} more" if len(places) > MOST_TOLD else ""
    next_step = "see docs/operators/roster.md"
    if any(place.line for place in places):
        next_step = "put it right in the school's system, and export it again"
    return Unreadable(places[0].code, told + more, next_step, places, understood)
