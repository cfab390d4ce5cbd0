"""What Folkeregisteret tells of a person and of changes, as far as a school may ask; the same for every variant of it.

Belongs here: frozen types, nothing read and nothing asked. No `repr` shows a value, since a flag of protection is as
secret as an address. Codes that the register adds later become "other": they never crash, and never count as safe.
Source: Skatteetaten's documentation of Folkeregisterperson and of the event feed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

Purpose = Literal["guardian_check", "nightly_check", "self_test"]
"""Why somebody is looked up; in the audit beside every look-up. guardian_check: a form names the person. nightly_check:
whether what is stored still holds. self_test: `foresatt check`, which asks for nobody."""

ResponsibilityKind = Literal["felles", "mor", "far", "medmor", "andre", "ukjent", "other"]
Status = Literal[
    "bosatt", "utflyttet", "forsvunnet", "doed", "opphoert", "foedselsregistrert", "midlertidig", "inaktiv",
    "ikkeBosatt", "aktiv", "other", "",
]  # fmt: skip
"""Empty where the register tells none."""
Protection = Literal["ugradert", "klientadresse", "fortrolig", "strengtFortrolig", "other"]

OPEN: Final = ("ugradert", "klientadresse")
"""Gradings that hide no address from us."""


@dataclass(frozen=True, slots=True, repr=False)
class Responsibility:
    """One entry of foreldreansvar. `child` and `adult` are identity numbers, empty where the register has none;
    `organisation`: an organisation holds it; `without_number`: the adult is known by name alone."""

    kind: ResponsibilityKind
    child: str = ""
    adult: str = ""
    organisation: bool = False
    without_number: bool = False
    current: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class RegisterPerson:
    """One person. `number` is the number in use, empty where there is none (status opphoert); `former` every other
    number that is known to be this person's, the one asked for included. `names` are the current ones, given names
    first: more than one, or `contradictory`, means that the register contradicts itself. `responsibilities` holds those
    over this person and those that this person has. `protection` is the strictest grading of person and addresses."""

    number: str
    former: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    born: date | None = None
    status: Status = ""
    dead: bool = False
    responsibilities: tuple[Responsibility, ...] = ()
    protection: Protection = "ugradert"
    false_identity: bool = False
    minor_guardianship: bool = False
    contradictory: bool = False

    @property
    def numbers(self) -> frozenset[str]:
        """Every number of this person, current or historic."""
        return frozenset((self.number, *self.former)) - {""}

    @property
    def protected(self) -> bool:
        """Whether the address is graded, or may be: a grading that we do not know counts."""
        return self.protection not in OPEN


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of asking for many. Every number asked for is in exactly one of the four: `people` by the number asked
    for (the person's own current number may differ), `unknown` where the register says so, `missing` where it said
    nothing of it, `unsent` what may never be sent there (malformed, H and FH, synthetic in production, real in test).
    """

    people: Mapping[str, RegisterPerson] = field(default_factory=dict, repr=False)
    unknown: frozenset[str] = field(default=frozenset(), repr=False)
    missing: frozenset[str] = field(default=frozenset(), repr=False)
    unsent: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a unique search looks for: a name of two words or more, and a birth date."""

    name: str = field(repr=False)
    born: date = field(repr=False)


@dataclass(frozen=True, slots=True)
class RegisterChange:
    """One event of the feed. `kind` is its hendelsetype (or whatever it may be called one day); `number` the one that
    the event was stored under, empty where it names none."""

    sequence: int
    number: str = field(repr=False)
    kind: str


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of the feed. `last` is the sequence number to remember once the page is dealt with. `too_old`: the feed
    no longer reaches back to where we were, so only a full pass tells what changed; it is then the only page."""

    items: tuple[RegisterChange, ...]
    last: int
    too_old: bool = False


Pages = Iterator[Changes]
