"""REMOVE lines: made when a link gets its due date, and moved with it, for one pair or for all at once.

Belongs here: which REMOVE lines there must be, and their dates. Does not belong here: what an erasure leaves
(`store.worklist_erasure`), signing (`store.worklist`).
"""

from collections.abc import Collection
from contextlib import closing
from datetime import date
from typing import Any, Final

from sqlalchemy import Column, Date, MetaData, Result, Table, and_, bindparam, case, func, or_, select, update

from schemas.due import working_day_before
from store.bulk import each, lay_out
from store.database import Transaction
from store.tables import links, worklist_lines
from store.worklist_rows import linked, make_line, newest, of_pair, part

_DAYS: Final = Table(
    "asked_removals",
    MetaData(),
    Column("due_on", Date, primary_key=True),
    Column("remove_on", Date, nullable=False),
    prefixes=["TEMPORARY"],
)
"""The links' due dates, and when what is due then is to be removed."""
_LINES: Final = worklist_lines.c
_TODAY: Final = bindparam("today", type_=Date)
_LATE_ALREADY: Final = (links.c.due_on <= _TODAY) & (_LINES.due_on < links.c.due_on)  # as `_remove_on` says it
_ON_ITS_DAY: Final = select(_DAYS.c.remove_on).where(_DAYS.c.due_on == links.c.due_on).scalar_subquery()
_THEN: Final = case((_LATE_ALREADY, _LINES.due_on), else_=_ON_ITS_DAY)
_WHY: Final = func.coalesce(links.c.due_reason, "turned_18")
_OPEN: Final = _LINES.state == "open"
_LACKING: Final = _LINES.id.is_(None) & links.c.due_on.is_not(None)
_MOVES: Final = _OPEN & or_(_LINES.due_on.is_distinct_from(_THEN), _LINES.why != _WHY)
_SIGNED_BEFORE: Final = ~_OPEN & or_(_LINES.due_on.is_distinct_from(links.c.due_on), _LINES.why != links.c.due_reason)
_REMOVES: Final = and_(
    _LINES.pupil_id == links.c.pupil_id, _LINES.guardian_id == links.c.guardian_id, _LINES.kind == "remove"
)
_UNLIKE: Final = (
    select(links.c.pupil_id, links.c.guardian_id, _LINES.state)
    .select_from(links.outerjoin(worklist_lines, _REMOVES & (_LINES.state != "cancelled")))
    .where(or_(_LACKING, _MOVES, _SIGNED_BEFORE))
)
_MOVE: Final = update(worklist_lines).where(_REMOVES, _MOVES).values(due_on=_THEN, why=_WHY)
_DUE: Final = select(links.c.due_on).where(links.c.due_on.is_not(None)).distinct()


def ensure_remove(
    tx: Transaction, pupil_id: str, guardian_id: str, why: str | None = None, latest: date | None = None
) -> int:
    """Make or update the REMOVE line of a pair; returns 1 where one was made. With no due date (a consent until the
    pupil leaves) a line that is there waits without one, unseen. It is due on `latest` at the latest."""
    link = linked(tx, pupil_id, guardian_id)
    if link is None:
        return 0
    ahead = working_day_before(link.due_on) if link.due_on is not None else None
    why = why or link.due_reason or "turned_18"
    line = newest(of_pair(tx, pupil_id, guardian_id), "remove")
    due_on = _remove_on(tx, link.due_on, line.due_on if line else None)
    if latest is not None:
        due_on = min(due_on or latest, latest)
    if line is not None and line.state == "signed" and latest is None and (ahead is None or ahead > line.due_on):
        part(tx, pupil_id, guardian_id)  # removed ahead of a date that was put off since: it begins anew
        line = None
    if line is None:
        if due_on is None:
            return 0
        make_line(tx, "remove", pupil_id, guardian_id, why=why, due_on=due_on)
        return 1
    if line.state == "open" and (line.due_on, line.why) != (due_on, why):
        this_line = worklist_lines.c.id == line.id
        tx.connection.execute(update(worklist_lines).where(this_line).values(due_on=due_on, why=why))
    return 0


def follow(tx: Transaction, only: Collection[str] | None = None) -> int:
    """Let the REMOVE lines say what the links say; returns how many were made."""
    run, today = tx.connection.execute, {"today": tx.today}
    mine = [links.c.pupil_id.in_(only)] if only is not None else []
    days = run(_DUE.where(*mine)).scalars().all()
    lay_out(tx.connection, _DAYS, [(day, _remove_on(tx, day, None)) for day in days])
    unlike = _UNLIKE.where(*mine)
    while (others := _before_a_move(run(unlike, today))) is None:
        run(_MOVE.where(*mine), today)
    return sum(ensure_remove(tx, *one) for one in others)  # none yet, or signed off: may begin anew


def _before_a_move(unlike: Result[Any]) -> dict[tuple[str, str], None] | None:
    """The pairs, where none has an open line; None, and read no further, where one has: those move at once."""
    found = dict[tuple[str, str], None]()
    with closing(unlike):
        for pupil_id, guardian_id, state in each(unlike):
            if state == "open":
                return None
            found[pupil_id, guardian_id] = None
    return found


def _remove_on(tx: Transaction, due_on: date | None, before: date | None) -> date | None:
    """When the REMOVE line of a link due on `due_on` is due: that day or the working day before. One that was due on
    the Friday before (`before`) is not less late on the Saturday."""
    if due_on is None or due_on > tx.today:
        return due_on and working_day_before(due_on)
    return min(due_on, before or due_on)
