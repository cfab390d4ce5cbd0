"""Shred lines: the paper that a scan was made of, and lists that were printed, are destroyed by a person, who signs.

A line is on the Visma InSchool work list like any other (`store.worklist` lists and signs it). It is due with the
sealed original, at once where that is destroyed at once, and outlives it: under a key of its own it holds the scan's
file name and the day it came, and nothing else. Does not belong here: anything that a machine can erase.
"""

import json
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update

from schemas.due import working_day_before
from schemas.errors import NotReady
from schemas.ids import new_id
from store.bulk import update_keyed
from store.database import OSLO, Transaction
from store.sealing import DAMAGED
from store.tables import submissions, worklist_lines

SHRED: Final = "shred"
SHEET: Final = "paper_sheet"
LIST: Final = "printed_list"


def follow(tx: Transaction, only: Collection[str] | None = None) -> int:
    """A line for every sheet (for those of these submissions) whose original has its date, on that date or the working
    day before; returns how many were made. Running it again changes nothing."""
    mine = (worklist_lines.c.submission_id == submissions.c.id) & (worklist_lines.c.kind == SHRED)
    columns = (submissions.c.id, submissions.c.about_ct, submissions.c.received_at, submissions.c.original_due_on)
    line = (worklist_lines.c.id.label("line"), worklist_lines.c.due_on, worklist_lines.c.state)
    sheets = select(*columns, *line).select_from(submissions.outerjoin(worklist_lines, mine))
    sheets = sheets.where(submissions.c.channel == "post", submissions.c.original_due_on.is_not(None))
    if only is not None:
        sheets = sheets.where(submissions.c.id.in_(only))
    moved, made = [], 0
    for row in tx.connection.execute(sheets).all():
        when = working_day_before(row.original_due_on) if row.original_due_on > tx.today else row.original_due_on
        if row.line is None:
            _add(tx, row, when)
            made += 1
        elif row.state == "open" and when > tx.today and row.due_on != when:
            moved.append((row.line, when))
    update_keyed(tx.connection, worklist_lines, ("id",), ("due_on",), moved)
    return made


def now_due(tx: Transaction, submission: str) -> None:
    """The sealed original of this submission is about to be destroyed: its paper, where there is any, is due today."""
    columns = (submissions.c.id, submissions.c.about_ct, submissions.c.received_at)
    sheet = select(*columns).where(submissions.c.id == submission, submissions.c.channel == "post")
    row = tx.connection.execute(sheet).one_or_none()
    if row is None:
        return
    mine = (worklist_lines.c.submission_id == submission) & (worklist_lines.c.kind == SHRED)
    if tx.connection.execute(select(worklist_lines.c.id).where(mine)).first() is None:
        _add(tx, row, tx.today)
        return
    later = mine & (worklist_lines.c.state == "open") & (worklist_lines.c.due_on > tx.today)
    tx.connection.execute(update(worklist_lines).where(later).values(due_on=tx.today))


def late(tx: Transaction) -> int:
    """How many sheets and lists should have been shredded before today."""
    opened = (worklist_lines.c.kind == SHRED) & (worklist_lines.c.state == "open")
    query = select(func.count()).select_from(worklist_lines).where(opened, worklist_lines.c.due_on < tx.today)
    return int(tx.connection.execute(query).scalar_one())


def printed(tx: Transaction, what: str) -> str:
    """A list of people was written to a file or printed: its line, due when an original decided today would be. `what`
    says which list, in words of ours. Returns the line's id."""
    due_on = working_day_before(tx.today + timedelta(days=tx.settings.retention.originals_days))
    return _insert(tx, LIST, None, max(due_on, tx.today), {"sheet": what, "came": tx.today.isoformat()})


def _add(tx: Transaction, row: Row[Any], due_on: date) -> None:
    came = row.received_at.astimezone(OSLO).date().isoformat()
    _insert(tx, SHEET, row.id, due_on, {"sheet": _name(tx, row), "came": came})


def _insert(tx: Transaction, why: str, submission: str | None, due_on: date, told: dict[str, str]) -> str:
    ident = new_id("L")
    tx.vault.new_key(ident)
    text = tx.vault.seal(ident, "worklist_lines.text", ident, json.dumps(told).encode())
    values = {"kind": SHRED, "why": why, "submission_id": submission, "due_on": due_on, "text_ct": text}
    tx.connection.execute(insert(worklist_lines).values(id=ident, **values))
    return ident


def _name(tx: Transaction, row: Row[Any]) -> str:
    """The scan's file name; empty where it no longer opens, for nothing may keep an erasure from being done."""
    if row.about_ct is None:
        return ""
    try:
        name: str = json.loads(tx.vault.open(row.id, "submissions.about", row.id, row.about_ct)).get("name", "")
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return ""
    return name
