"""What the store holds of people, opened once, and the shape of one person gathered from it.

Belongs here: reading everything that may be about somebody. Does not belong here: who somebody is (`store.person`),
which of it is theirs (`store.person_gather`).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from schemas.contact import same_email, same_mobile
from schemas.errors import NotReady
from schemas.names import agrees
from store import analogue, entries, rosters
from store.analogue import OnPaper
from store.database import Transaction
from store.guardians import Guardian
from store.people import KnownGuardian, Pupil, RosterPupil, read_pupils, roster_key
from store.sealing import DAMAGED
from store.tables import corrections, links, worklist_lines
from store.tables import entries as entry_rows
from store.tables import pupils as pupil_rows


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as the school's list has them for one pupil. `list_id`: K-, or N- of a list that is held; there
    `pupil_id` is empty where the pupil is new."""

    pupil_id: str
    list_id: str
    at: int
    known: KnownGuardian = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """One entry of a form, its fields and a steward's corrections opened. `whole`: it is theirs altogether; else a form
    of another that names them, or one whose sender nothing proves, and only what is certainly theirs may be told."""

    row: Row[Any]
    fields: dict[str, str] = field(repr=False)
    corrected: tuple[tuple[Row[Any], str], ...] = field(repr=False)
    whole: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the work list; `told` is what a REMOVE line holds."""

    row: Row[Any]
    told: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits, opened."""

    row: Row[Any]
    told: dict[str, Any] = field(repr=False)


@dataclass(slots=True)
class Person:
    """Everything about one person. `id` is the one that the audit names them by. `pupils`: whose guardian they are.
    `told`: what lists that are held say of a pupil. `unsure`: forms that only bear the name."""

    id: str
    guardian: Guardian | None = None
    pupil: Pupil | None = None
    listed: list[Listed] = field(default_factory=list)
    paper: list[OnPaper] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    unsure: list[Form] = field(default_factory=list)
    told: list[tuple[str, RosterPupil]] = field(default_factory=list)
    pupils: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set, repr=False)
    numbers: set[str] = field(default_factory=set, repr=False)
    mobiles: set[str] = field(default_factory=set, repr=False)
    emails: set[str] = field(default_factory=set, repr=False)

    def named(self, name: str) -> bool:
        """Whether this is their name."""
        return bool(name) and any(agrees(mine, name) for mine in self.names)

    def reached_by(self, mobile: str, email: str) -> bool:
        """Whether one of the two is theirs."""
        return any(same_mobile(mobile, mine) for mine in self.mobiles) or any(
            same_email(email, mine) for mine in self.emails
        )


@dataclass(frozen=True, slots=True)
class Everything:
    """All that may be about a person, opened once. `held`: (run, pupil's id or "", pupil) of held lists."""

    pupils: dict[str, Pupil] = field(repr=False)
    held: tuple[tuple[str, str, RosterPupil], ...] = field(repr=False)
    linked: dict[str, set[str]]
    paper: tuple[OnPaper, ...]
    forms: tuple[Form, ...]
    lines: tuple[Line, ...]


def read_all(tx: Transaction) -> Everything:
    """Everything, opened; what no longer opens is left out."""
    run = tx.connection.execute
    linked: dict[str, set[str]] = {}
    for row in run(select(links.c.pupil_id, links.c.guardian_id)):
        linked.setdefault(row.pupil_id, set()).add(row.guardian_id)
    lines = tuple(Line(row, _line_text(tx, row)) for row in run(select(worklist_lines)).all())
    pupils = {pupil.id: pupil for pupil in read_pupils(tx)}
    return Everything(pupils, tuple(_held(tx)), linked, tuple(analogue.kept(tx)), tuple(_forms(tx)), lines)


def _held(tx: Transaction) -> Iterator[tuple[str, str, RosterPupil]]:
    keys = {row.roster_key: row.id for row in tx.connection.execute(select(pupil_rows.c.roster_key, pupil_rows.c.id))}
    for run in rosters.runs(tx, held=True):
        for told in rosters.held_content(tx, run.id)[1]:
            yield run.id, keys.get(roster_key(tx, told.key), ""), told


def _forms(tx: Transaction) -> Iterator[Form]:
    overlay: dict[tuple[str, int, int], list[Row[Any]]] = {}
    for one in tx.connection.execute(select(corrections).order_by(corrections.c.id)).all():
        overlay.setdefault((one.submission_id, one.slot, one.ord), []).append(one)
    for row in tx.connection.execute(select(entry_rows).order_by(entry_rows.c.received_at, entry_rows.c.id)).all():
        try:
            fields = {name: value for name, (value, *_) in entries.fields(tx, row, held=True).items()}
            laid = tuple(
                (one, entries.corrected(tx, one)) for one in overlay.get((row.submission_id, row.slot, row.ord), ())
            )
        except NotReady as fault:
            if fault.code not in DAMAGED:
                raise
            continue  # what no longer opens holds nothing any more
        yield Form(row, fields, laid, False)


def _line_text(tx: Transaction, row: Row[Any]) -> dict[str, str]:
    if row.text_ct is None:
        return {}
    try:
        told: dict[str, str] = json.loads(tx.vault.open(row.id, "worklist_lines.text", row.id, row.text_ct))
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return {}
    return told


def on_lists(every: Everything) -> Iterator[Listed]:
    """Everybody on the school's list, and on lists that are held."""
    for pupil in every.pupils.values():
        for at, known in enumerate(pupil.known):
            yield Listed(pupil.id, pupil.list_id, at, known)
    at = 0
    for run, pupil_id, told in every.held:
        for known in told.known or ():
            yield Listed(pupil_id, run, at, known)
            at += 1


def values_of(form: Form, name: str) -> Iterable[str]:
    """What a field holds, as read and as a steward corrected it."""
    read = [form.fields[name]] if form.fields.get(name) else []
    return [*read, *(value for row, value in form.corrected if row.field == name)]
