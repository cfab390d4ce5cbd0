"""The Visma InSchool work list: ADD, CHANGE and REMOVE lines per guardian-pupil pair, signed off by a person.

The list is the difference between what should stand in Visma InSchool and what was signed off as standing there. A
REMOVE line is made when the link gets its due date, carries just guardian name, pupil name and class under a key of
its own, and so outlives the erasure; at sign-off it is emptied to a code. Nothing in Visma InSchool removes a guardian
who was typed in by hand: these lines are why it happens. Rows and their rules: `store.worklist_rows`.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update

from schemas.due import working_days_after
from schemas.errors import UsageFault
from store import analogue, audit, guardians
from store.database import Transaction
from store.due_dates import refresh_due
from store.people import name_and_class
from store.shredding import SHRED
from store.tables import guardians as guardian_rows
from store.tables import links, pupils, worklist_lines
from store.worklist_removals import follow
from store.worklist_rows import (
    IN_VIS,
    cancel,
    close,
    last_of_all,
    linked,
    live,
    make_adds,
    make_line,
    newest,
    of_pair,
    part,
    stands,
    stands_elsewhere,
)

Signature = Literal["done", "already_in_vis", "newer_in_vis", "not_done"]
LASTING: Final = ("remove", SHRED)
"""Lines with a text of their own, that outlive what they are about."""
Level = Literal["late", "alarm", "serious"]
LEVELS: Final[tuple[Level, ...]] = ("late", "alarm", "serious")
"""An open REMOVE line past its date: from the day after, and louder after as many working days as the settings say."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, opened for a list. `values` holds the number, mobile and e-mail of an ADD or CHANGE, else nothing.

    `days_late` counts working days. `number` says why an ADD has none: `there` (the person stands in Visma InSchool
    for another pupil, only the link is new) or `let_go` (it went with an earlier sign-off). `paper` is the day and file
    name of the sheet that a shred line is about.
    """

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
    sign_reason: str | None = None
    days_late: int = 0
    number: Literal["", "there", "let_go"] = ""
    paper: str = field(default="", repr=False)


def sync(tx: Transaction) -> dict[str, int]:
    """Bring the lines in step with the links; returns how many were made or cancelled. Running it again does nothing.

    Every live, unsuspended link has an ADD line, every link a REMOVE line with its due date. An open ADD is cancelled
    when the link is suspended or gone; a CHANGE rests unseen, for it is old there still when the link lives again. A
    few questions for all links, however many.
    """
    run = tx.connection.execute
    removes = follow(tx)
    settled = or_(
        and_(worklist_lines.c.kind == "add", worklist_lines.c.state != "cancelled"),
        and_(worklist_lines.c.kind == "remove", worklist_lines.c.state == "signed"),
    )
    known = select(worklist_lines.c.id).where(
        worklist_lines.c.pupil_id == links.c.pupil_id, worklist_lines.c.guardian_id == links.c.guardian_id, settled
    )
    lacking = select(links.c.pupil_id, links.c.guardian_id, pupils.c.shielded).join(pupils)
    added = run(lacking.where(links.c.suspended.is_(None), ~known.exists())).all()
    make_adds(tx, added)
    orphans = (worklist_lines.c.kind == "add") & (worklist_lines.c.state == "open") & ~live()
    gone = run(select(worklist_lines).where(orphans)).all()
    cancel(tx, gone)
    return {"add": len(added), "remove": removes, "cancelled": len(gone)}


def refresh(tx: Transaction, pupil_id: str) -> None:
    """Recompute every due date that hangs on this pupil, and let the REMOVE lines follow: a consent puts them off, a
    leaving date brings them nearer."""
    refresh_all(tx, [pupil_id])


def refresh_all(tx: Transaction, only: Collection[str] | None = None) -> int:
    """The same for these pupils, or without `only` for all of them; returns how many pupils were looked at. The number
    of statements follows what differs, not what is stored."""
    count = refresh_due(tx, only)
    follow(tx, only)
    return count


def contact_changed(tx: Transaction, guardian_id: str) -> None:
    """`changed`, for every pupil for whom the guardian may stand there; also where a removal is still open, since the
    pair may come again before it is done."""
    query = select(worklist_lines.c.pupil_id).where(worklist_lines.c.guardian_id == guardian_id).distinct()
    for pupil_id in tx.connection.execute(query).scalars().all():
        changed(tx, pupil_id, guardian_id)


def changed(tx: Transaction, pupil_id: str, guardian_id: str) -> None:
    """Contact data of a guardian has changed by a newer report: a CHANGE line where the ADD is signed off. A line that
    somebody has opened already may be signed with what it said before: then a CHANGE follows its signature."""
    rows = of_pair(tx, pupil_id, guardian_id)
    add, change, remove = (newest(rows, kind) for kind in ("add", "change", "remove"))
    if add is None or (remove is not None and remove.state == "signed"):
        return  # nobody to change there
    opened = [row.id for row in (add, change) if row is not None and row.state == "open" and row.shown]
    tx.connection.execute(update(worklist_lines).where(worklist_lines.c.id.in_(opened)).values(stale=True))
    if add.signed_as in IN_VIS and (change is None or change.state != "open"):
        make_line(tx, "change", pupil_id, guardian_id, why="contact_changed", due_on=tx.today)


def read_lines(
    tx: Transaction, *, signed: bool = False, only: str | None = None, reveal: bool = False, restricted: bool = False
) -> list[Line]:
    """The lines to work through, due first: open ADD and CHANGE lines, and REMOVE lines from N days ahead; those of
    protected pupils only where the caller is known to have the role (`restricted`).

    `reveal` opens numbers and contact data and marks the lines as shown; the caller writes the audit row.
    """
    query = select(worklist_lines).where(worklist_lines.c.state == "signed" if signed else _to_do())
    if not restricted:
        query = query.where(~worklist_lines.c.restricted)
    if only is not None:
        query = query.where(worklist_lines.c.id == only)
    elif not signed:
        query = query.where(_shows(tx))
    in_order = (worklist_lines.c.due_on, worklist_lines.c.kind.desc(), worklist_lines.c.id)
    rows = tx.connection.execute(query.order_by(*in_order)).all()
    tx.vault.preload({key for row in rows for key in (row.id, row.pupil_id, row.guardian_id) if key})
    lines = [_open(tx, row) for row in rows]
    if reveal and lines:
        shown = worklist_lines.c.id.in_([line.id for line in lines])
        tx.connection.execute(update(worklist_lines).where(shown).values(shown=True, stale=False))
    return lines


def count_lines(tx: Transaction) -> int:
    """How many lines `read_lines` shows, without opening them."""
    wanted = (_to_do(), _shows(tx), ~worklist_lines.c.restricted)
    query = select(func.count()).select_from(worklist_lines).where(*wanted)
    return int(tx.connection.execute(query).scalar_one())


def _to_do() -> ColumnElement[bool]:
    """SQL: open, and neither an addition that nobody may make now, whenever `sync` ran last, nor the removal of
    somebody who never stood there."""
    kind = worklist_lines.c.kind
    wanted = or_(kind == SHRED, and_(kind == "remove", stands()), and_(kind.not_in(LASTING), live()))
    return and_(worklist_lines.c.state == "open", wanted)


def _shows(tx: Transaction) -> ColumnElement[bool]:
    """SQL: near enough its date to be shown."""
    shown_from = tx.today + timedelta(days=tx.settings.worklist.show_days_ahead)
    return or_(worklist_lines.c.kind.not_in(LASTING), worklist_lines.c.due_on <= shown_from)


def late(tx: Transaction) -> dict[Level, int]:
    """How many open REMOVE lines are past their date, by level; each line counts once, at its highest. What is late is
    late, whoever may see whom it concerns."""
    told = tx.settings.worklist
    counts: dict[Level, int] = dict.fromkeys(LEVELS, 0)
    opened = select(worklist_lines.c.due_on).where(
        worklist_lines.c.kind == "remove", worklist_lines.c.state == "open", worklist_lines.c.due_on < tx.today
    )
    for due_on in tx.connection.execute(opened.where(stands())).scalars():
        days = working_days_after(due_on, tx.today)
        counts["serious" if days >= told.red_days else "alarm" if days >= told.alarm_days else "late"] += 1
    return counts


def late_by_kind(tx: Transaction) -> dict[str, int]:
    """Kind -> how many lines to work through are past their date; protected families' are not among them."""
    past = (_to_do(), ~worklist_lines.c.restricted, worklist_lines.c.due_on < tx.today)
    query = select(worklist_lines.c.kind, func.count()).where(*past).group_by(worklist_lines.c.kind)
    return {row.kind: row[1] for row in tx.connection.execute(query)}


def sign(
    tx: Transaction, ident: str, *, as_: Signature, by: str, reason: str | None = None, restricted: bool = False
) -> None:
    """Sign a line off. What was not done stays open, with the reason. A REMOVE line is emptied; after an ADD the number
    is reduced to its look-up value where the settings say so. Raises `UsageFault` where there is no such open line, a
    reason is missing, or a REMOVE would be signed as `newer_in_vis`: whoever stands there must go."""
    row = tx.connection.execute(select(worklist_lines).where(worklist_lines.c.id == ident)).one_or_none()
    if row is None or row.state != "open" or (row.restricted and not restricted):
        raise UsageFault("no_such_line", "there is no such open line", "see: foresatt worklist list")
    if (as_ == "not_done") != (reason is not None):
        raise UsageFault("sign_reason", "not_done needs a reason code, the others take none", "add --reason CODE")
    if row.kind == "remove" and as_ == "newer_in_vis":
        next_step = "remove the guardian there and sign as done, or sign as not_done with a reason"
        raise UsageFault("sign_remove", "whoever stands on a REMOVE line must go, whatever is newer there", next_step)
    values: dict[str, object] = {"signed_as": as_, "sign_reason": reason, "signed_by": by, "signed_at": tx.now}
    if as_ == "not_done":  # the difference is still there; who typed nothing in has not used what was shown
        values["shown"] = False
        tx.connection.execute(update(worklist_lines).where(worklist_lines.c.id == ident).values(**values))
        audit.write(tx, by, "line_not_done", ident, f"kind={row.kind} reason={reason}")
        return
    tx.connection.execute(update(worklist_lines).where(worklist_lines.c.id == ident).values(**values))
    close(tx, row, "signed")
    if row.kind == "remove":
        rest = of_pair(tx, row.pupil_id, row.guardian_id) if row.pupil_id else []
        cancel(tx, [one for one in rest if one.state == "open"])
        if not linked(tx, row.pupil_id, row.guardian_id):
            part(tx, row.pupil_id, row.guardian_id)
    elif row.stale:
        make_line(tx, "change", row.pupil_id, row.guardian_id, why="contact_changed", due_on=tx.today)
    guardian = guardians.read_guardian(tx, row.guardian_id) if row.kind == "add" else None
    if guardian is not None:
        analogue.access_started(tx, row.pupil_id, guardian.name)
        if _reduces(tx) and not _open_adds(tx, row.guardian_id):
            guardians.reduce_number(tx, guardian)
    audit.write(tx, by, "line_signed", ident, f"kind={row.kind} as={as_}")


def let_go_of_numbers(tx: Transaction) -> int:
    """Numbers that a sign-off did not let go of, as the settings were others then: now they go; returns how many."""
    if not _reduces(tx):
        return 0
    signed = (worklist_lines.c.kind == "add") & worklist_lines.c.signed_as.in_(IN_VIS)
    whose = select(worklist_lines.c.guardian_id).where(signed, worklist_lines.c.state == "signed")
    numbered = select(guardian_rows.c.id).where(guardian_rows.c.number_ct.is_not(None), guardian_rows.c.id.in_(whose))
    count = 0
    for ident in tx.connection.execute(numbered).scalars().all():
        guardian = None if _open_adds(tx, ident) else guardians.read_guardian(tx, ident)
        if guardian is not None and guardian.number:
            guardians.reduce_number(tx, guardian)
            count += 1
    return count


def _reduces(tx: Transaction) -> bool:
    return tx.settings.retention.reduce_number_after_signoff and not tx.settings.folkeregister.on


def protect(tx: Transaction, pupil_id: str, on: bool) -> None:
    """What is open for a protected pupil: nobody is added any more, a change rests, and whoever must be removed stands
    before the restricted role only. `sync` makes anew what is due once the protection ends."""
    mine = (worklist_lines.c.pupil_id == pupil_id) & (worklist_lines.c.state == "open")
    if on:
        cancel(tx, tx.connection.execute(select(worklist_lines).where(mine, worklist_lines.c.kind == "add")).all())
    tx.connection.execute(update(worklist_lines).where(mine).values(restricted=on))


def _open_adds(tx: Transaction, guardian_id: str) -> bool:
    query = select(worklist_lines.c.id).where(
        worklist_lines.c.guardian_id == guardian_id, worklist_lines.c.kind == "add", worklist_lines.c.state == "open"
    )
    return tx.connection.execute(query.limit(1)).first() is not None


def _open(tx: Transaction, row: Row[Any]) -> Line:
    values: dict[str, str] = {}
    number: Literal["", "there", "let_go"] = ""
    if row.text_ct is not None:
        told = json.loads(tx.vault.open(row.id, "worklist_lines.text", row.id, row.text_ct))
    else:
        guardian = guardians.read_guardian(tx, row.guardian_id) if row.guardian_id else None
        pupil, class_name = (name_and_class(tx, row.pupil_id) if row.pupil_id else None) or ("", "")
        told = {"guardian": guardian.name if guardian else "", "pupil": pupil, "class": class_name}
        if guardian and row.kind != "remove":
            values = {"fnr": guardian.number, "mobile": guardian.mobile, "email": guardian.email}
        if guardian and row.kind == "add" and row.state == "open" and not guardian.number:
            number = "there" if stands_elsewhere(tx, row.pupil_id, row.guardian_id) else "let_go"
    overdue = row.state == "open" and row.due_on is not None and row.due_on < tx.today
    return Line(
        id=row.id,
        kind=row.kind,
        why=row.why,
        due_on=row.due_on,
        state=row.state,
        person_too=last_of_all(tx, row),
        overdue=overdue,
        guardian=told.get("guardian", ""),
        pupil=told.get("pupil", ""),
        class_name=told.get("class", ""),
        values=values,
        signed_as=row.signed_as,
        sign_reason=row.sign_reason,
        days_late=working_days_after(row.due_on, tx.today) if overdue else 0,
        number=number,
        paper=f"{told['came']} {told['sheet']}".strip() if row.kind == SHRED else "",
    )
