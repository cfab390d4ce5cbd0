"""Pupils as the school's roster tells them: names and known guardians sealed, birth dates in the clear for the sweep.

The roster's known guardians have a data key of their own (K-…), so that they can be shredded on the due date while
the pupil, now of age, stays on the roster.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Final, TypeVar

from sqlalchemy import Row, delete, insert, select, update

from schemas.due import Due, Enrolment, due
from schemas.errors import NotReady
from schemas.ids import new_id
from schemas.names import agrees
from store import analogue
from store.bulk import insert_rows, update_keyed
from store.database import Transaction
from store.enrolments import stays
from store.sealing import DAMAGED
from store.tables import data_keys, enrolments, protections, pupils, refusals

CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class KnownGuardian:
    """One guardian as the school's list has it; empty where the list says nothing."""

    name: str = field(repr=False)
    number: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Pupil:
    """One pupil, opened. `list_id`: of the list of known guardians (K-…), where there is one."""

    id: str
    name: str = field(repr=False)
    born: date = field(repr=False)
    class_name: str
    number: str = field(repr=False)
    shielded: bool = field(repr=False)
    enrolments: tuple[Enrolment, ...]
    known: tuple[KnownGuardian, ...] = field(repr=False)
    list_id: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RosterPupil:
    """One pupil as a roster tells it; `key` is the roster's own id. What is None the roster does not say: what is known
    stays. Who is new needs name, birth date and an enrolment."""

    key: str = field(repr=False)
    name: str | None = field(repr=False)
    born: date | None = field(repr=False)
    class_name: str | None
    number: str | None = field(repr=False)
    shielded: bool | None = field(repr=False)
    enrolments: tuple[Enrolment, ...] | None
    known: tuple[KnownGuardian, ...] | None = field(repr=False)


def roster_key(tx: Transaction, key: str) -> bytes:
    """The keyed digest under which a roster's id is looked up."""
    return tx.keyring.mac("delivery", b"roster|" + key.encode())


def read_pupils(tx: Transaction, only: str | Sequence[str] | None = None) -> list[Pupil]:
    """Every pupil (or those with the ids `only`), opened, in roster order of arrival."""
    which = [only] if isinstance(only, str) else only
    query = select(pupils)
    if which is not None:
        query = query.where(pupils.c.id.in_(which))
    return list(open_pupils(tx, tx.connection.execute(query).all(), stays(tx, which)).values())


def open_pupils(
    tx: Transaction, rows: Sequence[Row[Any]], terms: Mapping[str, tuple[Enrolment, ...]]
) -> dict[str, Pupil]:
    """Rows of `pupils`, opened, by id. One damaged row stops nobody else's form: that pupil is left out, not found
    until the next roster mends it."""
    if not rows:
        return {}
    tx.vault.preload(key for row in rows for key in (row.id, row.known_id) if key)
    told = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    idents, versions = told["id"], told["row_version"]
    columns = [
        tx.vault.open_column(f"pupils.{name}", zip(idents, idents, told[f"{name}_ct"], versions, strict=True))
        for name in ("name", "class", "number")
    ]
    whose = [known_id or "" for known_id in told["known_id"]]
    lists = tx.vault.open_column("pupils.known", zip(whose, idents, told["known_ct"], versions, strict=True))
    found = {}
    for row, name, class_name, number, listed in zip(rows, *columns, lists, strict=True):
        if name is None or class_name is None or number is None or listed is None:
            continue
        known = tuple(KnownGuardian(**one) for one in json.loads(listed)) if listed else ()
        places = terms.get(row.id, ())
        found[row.id] = Pupil(
            row.id, name, row.born, class_name, number, row.shielded, places, known, row.known_id or ""
        )
    return found


def name_and_class(tx: Transaction, pupil_id: str) -> tuple[str, str] | None:
    """What a list says of a pupil; None where there is none, or none that opens."""
    columns = (pupils.c.id, pupils.c.name_ct, pupils.c.class_ct, pupils.c.row_version)
    row = tx.connection.execute(select(*columns).where(pupils.c.id == pupil_id)).one_or_none()
    if row is None:
        return None
    try:
        name = tx.vault.open_text(row.id, "pupils.name", row.id, row.name_ct, row.row_version)
        class_name = tx.vault.open_text(row.id, "pupils.class", row.id, row.class_ct, row.row_version)
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return None
    return name or "", class_name or ""


def save_pupil(tx: Transaction, told: RosterPupil) -> tuple[str, bool]:
    """As `save_pupils`, for one; returns (id, is new)."""
    query = select(pupils.c.id, pupils.c.row_version, pupils.c.known_id).where(
        pupils.c.roster_key == roster_key(tx, told.key)
    )
    before = tx.connection.execute(query).one_or_none()
    ident = save_pupils(tx, [(told, before)])[0]
    note_protection(tx, ident, "roster", bool(told.shielded))
    return ident, before is None


def save_pupils(tx: Transaction, told: Sequence[tuple[RosterPupil, Row[Any] | None]]) -> list[str]:
    """Insert or replace pupils, each told whole, in a few statements; returns their ids in order. `before` is the row
    that is replaced (id, row_version, known_id). Known guardians are kept only while the pupil's own due date lies
    ahead, and get a new key each time, so that what is left of an older row opens no more. What is told of protection
    is for `note_protection`."""
    idents = [before.id if before else new_id("P") for _, before in told]
    fit = _without_refused_numbers(tx, idents, [one for one, _ in told])
    told = [(one, before) for one, (_, before) in zip(fit, told, strict=True)]
    old = [before for _, before in told if before]
    tx.vault.preload(row.id for row in old)
    tx.vault.destroy(*(row.known_id for row in old if row.known_id))
    ends = [pupil_due(tx, _said(one.born), _said(one.enrolments), consent=False) for one, _ in told]
    ahead = [due_day.on is None or due_day.on > tx.today for due_day in ends]
    kept = [new_id("K") if one.known and later else None for (one, _), later in zip(told, ahead, strict=True)]
    lost = [row.id for row in old if not tx.vault.has_key(row.id)]
    fresh = [*(ident for ident, (_, before) in zip(idents, told, strict=True) if before is None), *lost]
    keys = tx.vault.new_keys([*fresh, *filter(None, kept)])
    insert_rows(tx.connection, data_keys, ("subject_id", "wrapped", "epoch"), keys)
    rows = []
    for ident, (one, before), due_day, known_id in zip(idents, told, ends, kept, strict=True):
        version = before.row_version + 1 if before else 1
        sealed = [
            tx.vault.seal_text(ident, f"pupils.{column}", ident, text, version)
            for column, text in (("name", one.name), ("class", one.class_name), ("number", one.number))
        ]
        known_ct = None
        if known_id:
            listed = json.dumps([asdict(guardian) for guardian in one.known or ()]).encode()
            known_ct = tx.vault.seal(known_id, "pupils.known", ident, listed, version)
        row = (roster_key(tx, one.key), one.born, *sealed, known_id, known_ct, version)
        rows.append((ident, *row, due_day.on, due_day.reason, 0))
    new = [row for row, (_, before) in zip(rows, told, strict=True) if before is None]
    changed = [row for row, (_, before) in zip(rows, told, strict=True) if before is not None]
    if new:
        insert_rows(tx.connection, pupils, ("id", *_COLUMNS), new)
    if changed:
        update_keyed(tx.connection, pupils, ("id",), _COLUMNS, changed)
        tx.connection.execute(delete(enrolments).where(enrolments.c.pupil_id.in_([row[0] for row in changed])))
    terms = [
        (ident, term.starts, term.ends, term.interrupted, term.final_year)
        for ident, (one, _) in zip(idents, told, strict=True)
        for term in _said(one.enrolments)
    ]
    insert_rows(tx.connection, enrolments, ("pupil_id", "starts", "ends", "interrupted", "final_year"), terms)
    tx.vault.let_go([*idents, *filter(None, kept)] if len(told) > 1 else ())
    return idents


_COLUMNS: Final = (
    "roster_key", "born", "name_ct", "class_ct", "number_ct", "known_id", "known_ct", "row_version",
    "due_on", "due_reason", "missing_runs",
)  # fmt: skip
T = TypeVar("T")


def _said(value: T | None) -> T:
    if value is None:
        raise TypeError("a pupil is written whole")
    return value


def strip_numbers(tx: Transaction, pupil_id: str, at: Collection[int]) -> None:
    """Take the numbers off these lines of a pupil's list, under a new key: what is left of the old row opens no
    more."""
    row = tx.connection.execute(select(pupils).where(pupils.c.id == pupil_id)).one()
    listed = json.loads(tx.vault.open(row.known_id, "pupils.known", row.id, row.known_ct, row.row_version))
    for place in at:
        listed[place]["number"] = ""
    fresh = new_id("K")
    tx.vault.destroy(row.known_id)
    tx.vault.new_key(fresh)
    sealed = tx.vault.seal(fresh, "pupils.known", row.id, json.dumps(listed).encode(), row.row_version)
    tx.connection.execute(update(pupils).where(pupils.c.id == pupil_id).values(known_id=fresh, known_ct=sealed))


def _without_refused_numbers(tx: Transaction, idents: Sequence[str], told: Sequence[RosterPupil]) -> list[RosterPupil]:
    """The list as the school has it, but for the numbers of those who have refused: no number of theirs is kept."""
    paper: dict[str, list[str]] = {}
    numbered = [
        ident for ident, one in zip(idents, told, strict=True) if any(known.number for known in one.known or ())
    ]
    query = select(refusals.c.pupil_id).where(refusals.c.pupil_id.in_(numbered), refusals.c.why == "refused")
    for pupil_id in set(tx.connection.execute(query).scalars()) if numbered else ():
        paper[pupil_id] = [one.name for one in analogue.of_pupil(tx, pupil_id) if one.why == "refused"]

    def kept(known: KnownGuardian, refused: Sequence[str]) -> KnownGuardian:
        return replace(known, number="") if any(agrees(known.name, name) for name in refused) else known

    return [
        replace(one, known=tuple(kept(known, paper[ident]) for known in one.known or ())) if ident in paper else one
        for ident, one in zip(idents, told, strict=True)
    ]


def note_protection(tx: Transaction, pupil_id: str, source: str, on: bool) -> bool:
    """Note what one source says of a pupil's protection; True where that is news. The pupil is shielded while any
    source says so. What follows from it is `store.protection`'s."""
    mine = (protections.c.pupil_id == pupil_id) & (protections.c.source == source)
    there = tx.connection.execute(select(protections.c.since).where(mine)).first() is not None
    if on and not there:
        tx.connection.execute(insert(protections).values(pupil_id=pupil_id, source=source, since=tx.now))
    elif there and not on:
        tx.connection.execute(delete(protections).where(mine))
    if on != there:
        anybody = select(protections.c.source).where(protections.c.pupil_id == pupil_id)
        shielded = tx.connection.execute(anybody.limit(1)).first() is not None
        tx.connection.execute(update(pupils).where(pupils.c.id == pupil_id).values(shielded=shielded))
    return on != there


def mark_missing(tx: Transaction, idents: Sequence[str]) -> list[str]:
    """Count one complete roster run without these pupils; returns those for whom it is the second, and whose enrolments
    therefore end today."""
    counted = pupils.c.missing_runs + 1
    second: list[str] = []
    for start in range(0, len(idents), CHUNK):
        these = pupils.c.id.in_(idents[start : start + CHUNK])
        tx.connection.execute(update(pupils).where(these).values(missing_runs=counted))
        second += tx.connection.execute(select(pupils.c.id).where(these, pupils.c.missing_runs == 2)).scalars()
    end_now(tx, second)
    return second


def end_now(tx: Transaction, idents: Sequence[str]) -> None:
    """End today every enrolment of these pupils that has not ended."""
    open_still = enrolments.c.interrupted.is_(None) & (enrolments.c.ends.is_(None) | (enrolments.c.ends >= tx.today))
    for start in range(0, len(idents), CHUNK):
        mine = enrolments.c.pupil_id.in_(idents[start : start + CHUNK])
        tx.connection.execute(update(enrolments).where(mine, open_still).values(interrupted=tx.today))


def pupil_due(tx: Transaction, born: date, terms: tuple[Enrolment, ...], *, consent: bool) -> Due:
    """The one due-date function, with this store's settings and today."""
    return due(born, terms, consent_until_leaving=consent, today=tx.today, settings=tx.settings.retention)
