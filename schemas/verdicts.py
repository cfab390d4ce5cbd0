"""What passes between validate, reconcile and load: verdicts on submissions, entries under judgement, decisions.

Held in memory only; `repr` never shows a value.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.answers import Answer
from schemas.documents import FIELDS, FieldName
from schemas.outcomes import EntryOutcome, SubmissionOutcome
from schemas.reasons import CATALOGUE
from schemas.settings import Language

Basis = Literal["register", "roster", "steward"]
Protector = Literal["register", "form"]
"""Who brought a protected address: the pupil or whoever is linked, or somebody who stands on the form alone."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One (field, code) of the reason catalogue; never text, never a value. Raises ValueError for any other."""

    field: str
    code: str

    def __post_init__(self) -> None:
        """No step can give a reason that the catalogue does not know, or under a field that is not the reason's."""
        known = CATALOGUE.get(self.code)
        if known is None or known.field != self.field:
            raise ValueError("a reason that the catalogue does not have")


@dataclass(frozen=True, slots=True)
class Entry:
    """One guardian for one pupil, read and judged. `values` is what was read (corrections laid over it), `clean` the
    normalised values that may be used. `decided_as` is a steward's word: confirm, refuse or reject. `kind`: "guardian",
    or "consent", a pupil's for one guardian. `reference`: the id of ours on the sheet; `onetime`: the one-time code
    that came with the form."""

    submission: str
    slot: int
    ord: int
    received_at: datetime
    values: dict[FieldName, str] = field(repr=False)
    clean: dict[FieldName, str] = field(repr=False)
    sources: dict[FieldName, tuple[float, str, str]] = field(repr=False)
    faults: tuple[Fault, ...] = ()
    refused: bool = False
    refused_in_words: bool = False
    machine_read: bool = False
    decided_as: str | None = None
    decided_by: str | None = None
    decided_reason: str | None = None
    kind: str = "guardian"
    reference: str = field(default="", repr=False)
    onetime: str = field(default="", repr=False)

    def get(self, name: FieldName) -> str:
        """The clean value, or ""."""
        return self.clean.get(name, "")

    @property
    def place(self) -> tuple[str, int, int]:
        """What identifies an entry through every reprocessing."""
        return (self.submission, self.slot, self.ord)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validate says of one submission: its outcome, and document faults that concern it as a whole. `sender`: the
    address in a mail's From, None where nobody must be answered. `answers` are reconcile's."""

    submission: str
    received_at: datetime
    outcome: SubmissionOutcome
    faults: tuple[Fault, ...] = ()
    entries: tuple[Entry, ...] = ()
    channel: str = ""
    sender: str | None = field(default="", repr=False)
    language: Language | None = None
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pupil who may be meant: how well the name fits (0 to 1), and why this one is shown: `same_name`, `near_name` or
    `other_name`, then what the school's list has of this guardian: `number`, `mobile`, `email`, `guardian`."""

    pupil_id: str
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What reconcile decided about one entry; load applies it to the store's latest state. `guardian_id`: whom the
    consent of a pupil of age covers, or the id that it keeps free. `protect`: who says that the pupil is protected,
    which the school did not know. `candidates`: pupils for a person to choose from, where none is certain. `language`:
    the form's. `spends`: the keyed digest of the one-time reference that is used up with it."""

    entry: Entry
    outcome: EntryOutcome
    faults: tuple[Fault, ...] = ()
    pupil_id: str | None = None
    basis: Basis | None = None
    address: str = field(default="", repr=False)
    restricted: bool = False
    protect: Protector | None = field(default=None, repr=False)
    guardian_id: str | None = None
    candidates: tuple[Candidate, ...] = ()
    language: Language | None = None
    spends: bytes | None = field(default=None, repr=False)


def in_form_order(values: dict[FieldName, str]) -> list[tuple[FieldName, str]]:
    """The values in the order of the form's rows."""
    return [(name, values[name]) for name in FIELDS if name in values]
