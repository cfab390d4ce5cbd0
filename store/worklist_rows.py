"""The rows behind the work list: how one is made, found, closed, and what a pair's rows say.

Belongs here: single rows and the one rule for who may stand in Visma InSchool. Does not belong here: which lines there
must be, reading and signing them (`store.worklist`), what an erasure leaves (`store.worklist_erasure`).
"""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from schemas.errors import NotReady
from schemas.ids import new_id
from store import guardians
from store.database import Transaction
from store.people import name_and_class
from store.sealing import DAMAGED
from store.tables import links, pupils, worklist_lines

IN_VIS: Final = ("done", "already_in_vis", "newer_in_vis")
CHUNK: Final = 5_000


# ------------------------------------------------------------------------------------------------------------- making


def make_adds(tx: Transaction, pairs: Sequence[Row[Any]]) -> None:
    """An ADD line for each link (pupil_id, guardian_id, shielded), due today."""
    told = {"kind": "add", "why": "loaded", "due_on": tx.today}
    for start in range(0, len(pairs), CHUNK):
        rows = [
            {"id": new_id("L"), "pupil_id": p, "guardian_id": g, "restricted": shielded, **told}
            for p, g, shielded in pairs[start : start + CHUNK]
        ]
        tx.connection.execute(insert(worklist_lines), rows)


def make_line(tx: Transaction, kind: str, pupil_id: str, guardian_id: str, *, why: str, due_on: date) -> None:
    """One line; a REMOVE line with what it says, sealed under its own key."""
    ident = new_id("L")
    values: dict[str, object] = {
        "kind": kind,
        "pupil_id": pupil_id,
        "guardian_id": guardian_id,
        "why": why,
        "due_on": due_on,
    }
    shielded = tx.connection.execute(select(pupils.c.shielded).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    values["restricted"] = bool(shielded)
    text = None
    if kind == "remove":
        tx.vault.new_key(ident)
        told = _names(tx, pupil_id, guardian_id)
        text = tx.vault.seal(ident, "worklist_lines.text", ident, json.dumps(told).encode())
    tx.connection.execute(insert(worklist_lines).values(id=ident, text_ct=text, **values))


def _names(tx: Transaction, pupil_id: str, guardian_id: str) -> dict[str, str]:
    """What a REMOVE line says; empty where it no longer opens, for nothing may keep an erasure from being done."""
    try:
        guardian = guardians.read_guardian(tx, guardian_id)
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        guardian = None
    pupil, class_name = name_and_class(tx, pupil_id) or ("", "")
    return {"guardian": guardian.name if guardian else "", "pupil": pupil, "class": class_name}


# ------------------------------------------------------------------------------------------------------------- ending


def close(tx: Transaction, row: Row[Any], state: str) -> None:
    """Empty a line to its codes."""
    tx.vault.destroy(row.id)
    this = worklist_lines.c.id == row.id
    tx.connection.execute(update(worklist_lines).where(this).values(state=state, text_ct=None))


def cancel(tx: Transaction, rows: Sequence[Row[Any]]) -> None:
    """Withdraw lines. One that was shown stays as a row: the guardian may have been typed in by it."""
    run, ident = tx.connection.execute, worklist_lines.c.id
    tx.vault.destroy(*(row.id for row in rows))
    for start in range(0, len(rows), CHUNK):
        these = rows[start : start + CHUNK]
        run(delete(worklist_lines).where(ident.in_([row.id for row in these if not row.shown])))
        seen = ident.in_([row.id for row in these if row.shown])
        run(update(worklist_lines).where(seen).values(state="cancelled", text_ct=None))


def part(tx: Transaction, pupil_id: str, guardian_id: str) -> None:
    """That story is over: should the pair come again, it begins with an ADD."""
    pair = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.guardian_id == guardian_id)
    closed = pair & (worklist_lines.c.state != "open")
    tx.connection.execute(update(worklist_lines).where(closed).values(pupil_id=None, guardian_id=None))


# ------------------------------------------------------------------------------------------------------------- finding


def linked(tx: Transaction, pupil_id: str, guardian_id: str) -> Row[Any] | None:
    """The pair's link."""
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    return tx.connection.execute(select(links).where(this)).one_or_none()


def of_pair(tx: Transaction, pupil_id: str, guardian_id: str) -> Sequence[Row[Any]]:
    """All lines of a pair, whatever their state."""
    pair = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.guardian_id == guardian_id)
    return tx.connection.execute(select(worklist_lines).where(pair)).all()


def newest(rows: Sequence[Row[Any]], kind: str) -> Row[Any] | None:
    """The newest of a pair's lines of a kind that was not cancelled; an open one before any other."""
    mine = [row for row in rows if row.kind == kind and row.state != "cancelled"]
    opened = [row for row in mine if row.state == "open"]
    found = opened or sorted(mine, key=lambda row: row.signed_at)
    return found[-1] if found else None


def live() -> ColumnElement[bool]:
    """SQL: the line's pair is linked and not suspended."""
    paired = select(links.c.pupil_id).where(
        links.c.pupil_id == worklist_lines.c.pupil_id,
        links.c.guardian_id == worklist_lines.c.guardian_id,
        links.c.suspended.is_(None),
    )
    return paired.exists()


def stood(rows: Sequence[Row[Any]]) -> bool:
    """Whether one of a pair's lines is an ADD that was signed as in, or is shown to somebody: the guardian may stand
    in Visma InSchool."""
    return any(row.kind == "add" and (row.signed_as in IN_VIS or row.shown) for row in rows)


def has_access(rows: Sequence[Row[Any]]) -> bool:
    """Whether a pair's lines say that the guardian stands in Visma InSchool: signed as in, and not as removed."""
    add, remove = newest(rows, "add"), newest(rows, "remove")
    return add is not None and add.signed_as in IN_VIS and (remove is None or remove.state != "signed")


def stands() -> ColumnElement[bool]:
    """SQL: `stood` of the line's pair."""
    add = worklist_lines.alias("an_add")
    seen = or_(add.c.signed_as.in_(IN_VIS), add.c.shown)
    same = and_(add.c.pupil_id == worklist_lines.c.pupil_id, add.c.guardian_id == worklist_lines.c.guardian_id)
    return select(add.c.id).where(add.c.kind == "add", same, seen).exists()


def stands_elsewhere(tx: Transaction, pupil_id: str, guardian_id: str) -> bool:
    """Whether the guardian stands in Visma InSchool for another pupil, by what was signed."""
    others = (worklist_lines.c.guardian_id == guardian_id) & (worklist_lines.c.pupil_id != pupil_id)
    rows = tx.connection.execute(select(worklist_lines).where(others)).all()
    gone = {row.pupil_id for row in rows if row.kind == "remove" and row.state == "signed"}
    return any(row.kind == "add" and row.signed_as in IN_VIS and row.pupil_id not in gone for row in rows)


def last_of_all(tx: Transaction, row: Row[Any]) -> bool:
    """Whether no other pupil keeps the guardian. While the link lives: whether it is the last one to go."""
    link = linked(tx, row.pupil_id, row.guardian_id) if row.kind == "remove" else None
    if link is None:
        return bool(row.person_too)
    others = select(links.c.due_on, links.c.pupil_id).where(
        links.c.guardian_id == link.guardian_id, links.c.pupil_id != link.pupil_id
    )
    mine = (link.due_on or date.max, link.pupil_id)
    return all((other.due_on or date.max, other.pupil_id) < mine for other in tx.connection.execute(others))
