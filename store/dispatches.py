"""Pieces of school information that go out on paper: to whom, and who ticked it off.

Belongs here: making a dispatch of what is on the register now, ticking, what is late. Names and addresses are the
register's (`store.analogue`): here stand ids, codes and dates, and a line goes with its row there.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, case, delete, func, insert, select, update

from schemas.due import next_working_day
from schemas.errors import UsageFault
from schemas.ids import new_id
from store import audit
from store.database import Transaction
from store.tables import dispatch_lines, dispatches, pupils, refusals

CODE: Final = re.compile(r"[a-z][a-z0-9-]{1,38}")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One piece of information: how many it goes to, and how many of those wait. `late`: past its date, and somebody
    waits."""

    code: str
    made_on: date
    made_by: str
    due_on: date
    total: int
    waiting: int
    late: bool


def make(tx: Transaction, code: str, rows: Sequence[str], by: str) -> date:
    """A dispatch to these rows of the register (R-…); returns the day by which it must be ticked off. `code` is a title
    without anybody's name. Raises `UsageFault` for a code that cannot be, or is taken, and for nobody."""
    if not CODE.fullmatch(code) or sum(c.isdigit() for c in code) > 6:
        raise UsageFault("dispatch_code", "a code is small letters, digits and hyphens", "such as: vinterferie-2027")
    if tx.connection.execute(select(dispatches.c.id).where(dispatches.c.code == code)).first() is not None:
        raise UsageFault("dispatch_exists", "there is a dispatch of that code", "see: foresatt analogue dispatch list")
    if not rows:
        raise UsageFault("dispatch_nobody", "nobody on the register would get it", "see: foresatt analogue list")
    ident, due_on = new_id("D"), next_working_day(tx.today, tx.settings.analogue.tick_days)
    values = {"id": ident, "code": code, "made_on": tx.today, "made_by": by, "due_on": due_on}
    tx.connection.execute(insert(dispatches).values(**values))
    tx.connection.execute(insert(dispatch_lines), [{"dispatch_id": ident, "refusal_id": row} for row in rows])
    audit.write(tx, by, "dispatch_made", ident, f"code={code} count={len(rows)}")
    return due_on


def read(tx: Transaction, *, restricted: bool = False) -> list[Dispatch]:
    """All of them, newest first. Protected families count only before the restricted role."""
    waits = case((dispatch_lines.c.ticked_at.is_(None), 1), else_=0)
    columns = (dispatches.c.code, dispatches.c.made_on, dispatches.c.made_by, dispatches.c.due_on)
    query = select(*columns, func.count(), func.sum(waits)).select_from(
        dispatches.join(dispatch_lines).join(refusals).join(pupils)
    )
    if not restricted:
        query = query.where(~pupils.c.shielded)
    query = query.group_by(*columns).order_by(dispatches.c.made_on.desc(), dispatches.c.code)
    found = []
    for code, made_on, made_by, due_on, total, waiting in tx.connection.execute(query):
        is_late = bool(waiting) and due_on < tx.today
        found.append(Dispatch(code, made_on, made_by, due_on, total, int(waiting), is_late))
    return found


def lines(tx: Transaction, code: str) -> dict[str, Row[Any]]:
    """Its lines by the register's ids. Raises `UsageFault` where there is no such dispatch."""
    query = select(dispatch_lines).where(dispatch_lines.c.dispatch_id == _one(tx, code))
    return {row.refusal_id: row for row in tx.connection.execute(query)}


def tick(tx: Transaction, code: str, rows: Sequence[str], by: str) -> int:
    """It was handed over or sent to these; returns how many waited until now. Raises `UsageFault` where one of them is
    not on it."""
    ident, there = _one(tx, code), lines(tx, code)
    if strange := [row for row in rows if row not in there]:
        raise UsageFault("not_on_dispatch", f"{len(strange)} of them are not on it", "see: foresatt analogue dispatch")
    waiting = [row for row in rows if there[row].ticked_at is None]
    these = (dispatch_lines.c.dispatch_id == ident) & dispatch_lines.c.refusal_id.in_(waiting)
    tx.connection.execute(update(dispatch_lines).where(these).values(ticked_by=by, ticked_at=tx.now))
    if waiting:
        audit.write(tx, by, "dispatch_ticked", ident, f"code={code} count={len(waiting)}")
    return len(waiting)


def late(tx: Transaction, *, restricted: bool = True) -> int:
    """How many sheets should have gone out before today, whoever may see to whom; not `restricted`: a number that
    anybody may read, without protected families."""
    query = select(func.count()).select_from(dispatch_lines.join(dispatches).join(refusals).join(pupils))
    query = query.where(dispatch_lines.c.ticked_at.is_(None), dispatches.c.due_on < tx.today)
    if not restricted:
        query = query.where(~pupils.c.shielded)
    return int(tx.connection.execute(query).scalar_one())


def forget_old(tx: Transaction) -> int:
    """Delete the dispatches that nobody is on any more, and those of long ago that are all ticked off."""
    everybody = select(dispatch_lines.c.refusal_id).where(dispatch_lines.c.dispatch_id == dispatches.c.id)
    waiting = everybody.where(dispatch_lines.c.ticked_at.is_(None)).exists()
    before = tx.today - timedelta(days=31 * tx.settings.retention.tombstone_months)
    done = ~everybody.exists() | (~waiting & (dispatches.c.made_on < before))
    return tx.connection.execute(delete(dispatches).where(done)).rowcount


def _one(tx: Transaction, code: str) -> str:
    ident = tx.connection.execute(select(dispatches.c.id).where(dispatches.c.code == code)).scalar_one_or_none()
    if ident is None:
        raise UsageFault("no_such_dispatch", "there is no such dispatch", "see: foresatt analogue dispatch list")
    return str(ident)
