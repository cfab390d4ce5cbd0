"""The Visma InSchool work list: ADD, CHANGE and REMOVE lines per guardian-pupil pair, signed off by a person.

A REMOVE line is made when the link gets its due date, carries just guardian name, pupil name and class under a key of
its own, and so outlives the erasure; at sign-off it is emptied to a code. Nothing in Visma InSchool removes a guardian
who was typed in by hand: these lines are why it happens.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, delete, insert, or_, select, update

from schemas.due import working_day_before
from schemas.errors import NotReady, UsageFault
from schemas.ids import new_id
from store import audit, guardians
from store.bulk import update_keyed
from store.database import Transaction
from store.due_dates import refresh_due
from store.people import read_pupils
from store.sealing import DAMAGED
from store.tables import links, pupils, worklist_lines

Signature = Literal["done", "already_in_vis", "newer_in_vis", "not_done"]
IN_VIS = ("done", "already_in_vis", "newer_in_vis")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, opened for a list. `values` holds the number, mobile and e-mail of an ADD or CHANGE, else nothing."""

    id: str
    kind: str
    why: str
    due_on: date | None
    state: str
    person_too: bool
    overdue: bool
    guardian: str = field(repr=False)
    pupil: str = field(repr=False)
    class_name: str
    values: dict[str, str] = field(repr=False)
    signed_as: str | None = None


def sync(tx: Transaction) -> dict[str, int]:
    """Bring the lines in step with the links; returns how many were made or cancelled. Running it again does nothing.

    Every live, unsuspended link has an ADD line and a REMOVE line with its due date; an ADD that was never shown to
    anyone is cancelled with its REMOVE when the link is suspended or gone.
    """
    counts = {"add": 0, "remove": 0, "cancelled": 0}
    for link in tx.connection.execute(select(links)).all():
        if link.suspended:
            continue
        if _line(tx, "add", link.pupil_id, link.guardian_id) is None:
            _insert(tx, "add", link.pupil_id, link.guardian_id, why="loaded", due_on=tx.today)
            counts["add"] += 1
        counts["remove"] += ensure_remove(tx, link.pupil_id, link.guardian_id)
    orphans = select(worklist_lines).where(
        worklist_lines.c.kind.in_(("add", "change")), worklist_lines.c.state == "open", ~_live()
    )
    for row in tx.connection.execute(orphans).all():
        _close(tx, row, "cancelled")
        counts["cancelled"] += 1
    return counts


def ensure_remove(
    tx: Transaction, pupil_id: str, guardian_id: str, why: str | None = None, latest: date | None = None
) -> int:
    """Make or update the REMOVE line of a pair; returns 1 where one was made. With no due date (a consent until the
    pupil leaves) a line that is there waits without one, unseen. It is due on `latest` at the latest."""
    link = _linked(tx, pupil_id, guardian_id)
    if link is None:
        return 0
    ahead = working_day_before(link.due_on) if link.due_on is not None else None
    why = why or link.due_reason or "turned_18"
    line = _line(tx, "remove", pupil_id, guardian_id)
    due_on = _remove_on(tx, link.due_on, line.due_on if line else None)
    if latest is not None:
        due_on = min(due_on or latest, latest)
    if line is not None and line.state == "signed" and latest is None and (ahead is None or ahead > line.due_on):
        _part(tx, pupil_id, guardian_id)  # removed ahead of a date that was put off since: it begins anew
        line = None
    if line is None:
        if due_on is None:
            return 0
        _insert(tx, "remove", pupil_id, guardian_id, why=why, due_on=due_on)
        return 1
    if line.state == "open" and (line.due_on, line.why) != (due_on, why):
        this_line = worklist_lines.c.id == line.id
        tx.connection.execute(update(worklist_lines).where(this_line).values(due_on=due_on, why=why))
    return 0


def refresh(tx: Transaction, pupil_id: str) -> None:
    """Recompute every due date that hangs on this pupil, and let the REMOVE lines follow: a consent puts them off, a
    leaving date brings them nearer."""
    refresh_all(tx, [pupil_id])


def refresh_all(tx: Transaction, only: Collection[str] | None = None) -> int:
    """The same for these pupils, or without `only` for all of them; returns how many pupils were looked at. The number
    of statements follows what differs, not what is stored."""
    count = refresh_due(tx, only)
    pair = (links.c.pupil_id == worklist_lines.c.pupil_id) & (links.c.guardian_id == worklist_lines.c.guardian_id)
    standing = pair & (worklist_lines.c.kind == "remove") & (worklist_lines.c.state != "cancelled")
    lacking = worklist_lines.c.id.is_(None) & links.c.due_on.is_not(None)
    differs = worklist_lines.c.due_on.is_distinct_from(links.c.due_on) | (worklist_lines.c.why != links.c.due_reason)
    query = select(links.c.pupil_id, links.c.guardian_id, links.c.due_on, links.c.due_reason, *_OF_LINE)
    query = query.select_from(links.outerjoin(worklist_lines, standing)).where(or_(lacking, differs))
    if only is not None:
        query = query.where(links.c.pupil_id.in_(only))
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in tx.connection.execute(query).all():
        found.setdefault((row.pupil_id, row.guardian_id), []).append(row)
    moved = []
    for (pupil_id, guardian_id), rows in found.items():
        opened = [row for row in rows if row.state == "open"]
        if not opened:  # none yet, or signed off: may begin anew
            ensure_remove(tx, pupil_id, guardian_id)
            continue
        line = opened[-1]
        when = _remove_on(tx, line.due_on, line.line_due_on)
        why = line.due_reason or "turned_18"
        if (line.line_due_on, line.why) != (when, why):
            moved.append((line.line, when, why))
    update_keyed(tx.connection, worklist_lines, ("id",), ("due_on", "why"), moved)
    return count


_OF_LINE: Final = (
    worklist_lines.c.id.label("line"),
    worklist_lines.c.state,
    worklist_lines.c.due_on.label("line_due_on"),
    worklist_lines.c.why,
)


def _remove_on(tx: Transaction, due_on: date | None, before: date | None) -> date | None:
    """When the REMOVE line of a link due on `due_on` is due: that day or the working day before. One that was due on
    the Friday before (`before`) is not less late on the Saturday."""
    if due_on is None or due_on > tx.today:
        return due_on and working_day_before(due_on)
    return min(due_on, before or due_on)


def changed(tx: Transaction, pupil_id: str, guardian_id: str) -> None:
    """Contact data of a guardian whose ADD is signed off has changed by a newer report: a CHANGE line."""
    add = _line(tx, "add", pupil_id, guardian_id)
    open_change = _line(tx, "change", pupil_id, guardian_id)
    if add is not None and add.signed_as in IN_VIS and (open_change is None or open_change.state != "open"):
        _insert(tx, "change", pupil_id, guardian_id, why="contact_changed", due_on=tx.today)


def read_lines(
    tx: Transaction, *, signed: bool = False, only: str | None = None, reveal: bool = False, restricted: bool = False
) -> list[Line]:
    """The lines to work through, due first: open ADD and CHANGE lines, and REMOVE lines from N days ahead; those of
    protected pupils only where the caller is known to have the role (`restricted`).

    `reveal` opens numbers and contact data and marks the lines as shown; the caller writes the audit row.
    """
    query = select(worklist_lines).where(worklist_lines.c.state == ("signed" if signed else "open"))
    if not restricted:
        query = query.where(~worklist_lines.c.restricted)
    if not signed:  # whom nobody may add now is on no list, whenever `sync` ran last
        query = query.where(or_(worklist_lines.c.kind == "remove", _live()))
    if only is not None:
        query = query.where(worklist_lines.c.id == only)
    elif not signed:
        shown_from = tx.today + timedelta(days=tx.settings.worklist.show_days_ahead)
        query = query.where(or_(worklist_lines.c.kind != "remove", worklist_lines.c.due_on <= shown_from))
    rows = tx.connection.execute(query.order_by(worklist_lines.c.due_on, worklist_lines.c.id)).all()
    lines = [line for line in (_open(tx, row, reveal) for row in rows) if line is not None]
    if reveal and lines:
        shown = worklist_lines.c.id.in_([line.id for line in lines])
        tx.connection.execute(update(worklist_lines).where(shown).values(shown=True))
    return lines


def sign(tx: Transaction, ident: str, *, as_: Signature, by: str, reason: str | None = None) -> None:
    """Sign a line off. A REMOVE line is emptied; after an ADD the number is reduced to its look-up value where the
    settings say so. Raises `UsageFault` where there is no such open line or a reason is missing."""
    row = tx.connection.execute(select(worklist_lines).where(worklist_lines.c.id == ident)).one_or_none()
    if row is None or row.state != "open":
        raise UsageFault("no_such_line", "there is no such open line", "see: foresatt worklist list")
    if (as_ == "not_done") != (reason is not None):
        raise UsageFault("sign_reason", "not_done needs a reason code, the others take none", "add --reason CODE")
    values = {"signed_as": as_, "sign_reason": reason, "signed_by": by, "signed_at": tx.now}
    tx.connection.execute(update(worklist_lines).where(worklist_lines.c.id == ident).values(**values))
    if row.kind == "remove" and as_ == "not_done":
        audit.write(tx, by, "line_not_done", ident, f"kind={row.kind} reason={reason}")
        return  # it stays open and overdue: the guardian is still in Visma InSchool
    _close(tx, row, "signed")
    if row.kind == "remove" and not _linked(tx, row.pupil_id, row.guardian_id):
        _part(tx, row.pupil_id, row.guardian_id)
    reduces = tx.settings.retention.reduce_number_after_signoff and not tx.settings.folkeregister.on
    if reduces and row.kind == "add" and as_ in IN_VIS and not _open_adds(tx, row.guardian_id):
        guardian = guardians.read_guardian(tx, row.guardian_id)
        if guardian is not None:
            guardians.reduce_number(tx, guardian)
    audit.write(tx, by, "line_signed", ident, f"kind={row.kind} as={as_}")


def _part(tx: Transaction, pupil_id: str, guardian_id: str) -> None:
    """That story is over: should the pair come again, it begins with an ADD."""
    pair = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.guardian_id == guardian_id)
    closed = pair & (worklist_lines.c.state != "open")
    tx.connection.execute(update(worklist_lines).where(closed).values(pupil_id=None, guardian_id=None))


def _live() -> ColumnElement[bool]:
    """SQL: the line's pair is linked and not suspended."""
    paired = select(links.c.pupil_id).where(
        links.c.pupil_id == worklist_lines.c.pupil_id,
        links.c.guardian_id == worklist_lines.c.guardian_id,
        links.c.suspended.is_(None),
    )
    return paired.exists()


def _linked(tx: Transaction, pupil_id: str, guardian_id: str) -> Row[Any] | None:
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    return tx.connection.execute(select(links).where(this)).one_or_none()


def _person_too(tx: Transaction, row: Row[Any]) -> bool:
    """Whether no other pupil keeps the guardian. While the link lives: whether it is the last one to go."""
    link = _linked(tx, row.pupil_id, row.guardian_id)
    if link is None or row.kind != "remove":
        return bool(row.person_too)
    others = select(links.c.due_on, links.c.pupil_id).where(
        links.c.guardian_id == link.guardian_id, links.c.pupil_id != link.pupil_id
    )
    mine = (link.due_on or date.max, link.pupil_id)
    return all((other.due_on or date.max, other.pupil_id) < mine for other in tx.connection.execute(others))


def _open_adds(tx: Transaction, guardian_id: str) -> bool:
    query = select(worklist_lines.c.id).where(
        worklist_lines.c.guardian_id == guardian_id, worklist_lines.c.kind == "add", worklist_lines.c.state == "open"
    )
    return tx.connection.execute(query.limit(1)).first() is not None


def _line(tx: Transaction, kind: str, pupil_id: str, guardian_id: str) -> Row[Any] | None:
    """The newest line of a kind for a pair that was not cancelled."""
    query = select(worklist_lines).where(
        worklist_lines.c.kind == kind,
        worklist_lines.c.pupil_id == pupil_id,
        worklist_lines.c.guardian_id == guardian_id,
        worklist_lines.c.state != "cancelled",
    )
    return newest(tx.connection.execute(query).all(), kind)


def newest(rows: Sequence[Row[Any]], kind: str) -> Row[Any] | None:
    """The newest of a pair's lines of a kind that was not cancelled; an open one before any other."""
    mine = [row for row in rows if row.kind == kind and row.state != "cancelled"]
    opened = [row for row in mine if row.state == "open"]
    found = opened or sorted(mine, key=lambda row: row.signed_at)
    return found[-1] if found else None


def _insert(tx: Transaction, kind: str, pupil_id: str, guardian_id: str, *, why: str, due_on: date) -> None:
    ident = new_id("L")
    shielded = tx.connection.execute(select(pupils.c.shielded).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    values = {"kind": kind, "pupil_id": pupil_id, "guardian_id": guardian_id, "why": why, "due_on": due_on}
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
    pupil = next(iter(read_pupils(tx, pupil_id)), None)
    return {
        "guardian": guardian.name if guardian else "",
        "pupil": pupil.name if pupil else "",
        "class": pupil.class_name if pupil else "",
    }


def _close(tx: Transaction, row: Row[tuple[object, ...]], state: str) -> None:
    tx.vault.destroy(row.id)
    this = worklist_lines.c.id == row.id
    tx.connection.execute(update(worklist_lines).where(this).values(state=state, text_ct=None))
    if state == "cancelled" and not row.shown:
        tx.connection.execute(delete(worklist_lines).where(this))


def _open(tx: Transaction, row: Row[tuple[object, ...]], reveal: bool) -> Line | None:
    values: dict[str, str] = {}
    if row.text_ct is not None:
        told = json.loads(tx.vault.open(row.id, "worklist_lines.text", row.id, row.text_ct))
    else:
        guardian = guardians.read_guardian(tx, row.guardian_id) if row.guardian_id else None
        pupil = read_pupils(tx, row.pupil_id) if row.pupil_id else []
        told = {
            "guardian": guardian.name if guardian else "",
            "pupil": pupil[0].name if pupil else "",
            "class": pupil[0].class_name if pupil else "",
        }
        if guardian and row.kind != "remove":
            values = {"fnr": guardian.number, "mobile": guardian.mobile, "email": guardian.email}
    if row.kind == "remove" and row.state == "open" and not may_stand(tx, row.pupil_id, row.guardian_id):
        return None
    overdue = row.state == "open" and row.due_on is not None and row.due_on < tx.today
    about = {"guardian": told["guardian"], "pupil": told["pupil"], "class_name": told["class"]}
    common = {"id": row.id, "kind": row.kind, "why": row.why, "due_on": row.due_on, "state": row.state}
    last = _person_too(tx, row)
    return Line(**common, **about, person_too=last, overdue=overdue, values=values, signed_as=row.signed_as)


def protect(tx: Transaction, pupil_id: str, on: bool) -> None:
    """What is open for a protected pupil: nobody is added or changed any more, and whoever must be removed stands
    before the restricted role only. `sync` makes anew what is due once the protection ends."""
    mine = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.state == "open")
    for row in tx.connection.execute(select(worklist_lines).where(mine)).all() if on else ():
        if row.kind in ("add", "change"):
            _close(tx, row, "cancelled")
    tx.connection.execute(update(worklist_lines).where(mine).values(restricted=on))


def may_stand(tx: Transaction, pupil_id: str, guardian_id: str) -> bool:
    """Whether the guardian may stand in Visma InSchool, by the pair's lines."""
    pair = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.guardian_id == guardian_id)
    return stood(tx.connection.execute(select(worklist_lines).where(pair)).all())


def stood(rows: Sequence[Row[Any]]) -> bool:
    """Whether one of a pair's lines is an ADD that was signed as in, or shown to somebody and not signed not done."""
    adds = [row for row in rows if row.kind == "add"]
    return any(row.signed_as in IN_VIS or (row.shown and row.signed_as is None) for row in adds)
