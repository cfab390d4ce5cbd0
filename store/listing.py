"""What lists and screens ask of the ledger: submissions with their entries and reasons, newest last. Ids and codes;
fields are opened only by whoever asks for them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from schemas.errors import UsageFault
from store.database import Transaction
from store.protection import restricted_entry
from store.tables import audit, entries, reasons, submissions


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry of a list. `restricted`: it concerns a protected pupil, and is for the stewards of that role alone."""

    id: str
    slot: int
    ord: int
    outcome: str
    codes: tuple[str, ...]
    pupil_id: str | None
    decided_by: str
    held_until: date | None
    review_due_on: date | None
    row: Row[Any]
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """One submission of a list; `codes` are those of the submission as a whole."""

    id: str
    channel: str
    received_at: datetime
    state: str
    outcome: str | None
    codes: tuple[str, ...]
    attempts: int
    has_original: bool
    entries: tuple[EntryLine, ...]


def read(
    tx: Transaction,
    *,
    only: str | None = None,
    outcome: str | None = None,
    reason: str | None = None,
    channel: str | None = None,
) -> list[SubmissionLine]:
    """Submissions, oldest first, narrowed by id, outcome (of the submission or an entry), reason code and channel."""
    query = select(submissions).order_by(submissions.c.received_at, submissions.c.id)
    if only is not None:
        query = query.where(submissions.c.id == only)
    if channel is not None:
        query = query.where(submissions.c.channel == channel)
    if outcome is not None:
        mine = select(entries.c.submission_id).where(entries.c.outcome == outcome)
        query = query.where((submissions.c.outcome == outcome) | submissions.c.id.in_(mine))
    if reason is not None:
        query = query.where(submissions.c.id.in_(select(reasons.c.submission_id).where(reasons.c.code == reason)))
    rows = tx.connection.execute(query).all()
    wanted = {row.id for row in rows}
    codes: dict[tuple[str, str | None], list[str]] = {}
    told: dict[str, list[EntryLine]] = {}
    why = select(reasons).order_by(reasons.c.id)
    which = select(entries, restricted_entry().label("rests")).order_by(entries.c.slot, entries.c.ord)
    if only is not None:
        why, which = why.where(reasons.c.submission_id == only), which.where(entries.c.submission_id == only)
    for r in tx.connection.execute(why):
        codes.setdefault((r.submission_id, r.entry_id), []).append(r.code)
    for e in tx.connection.execute(which).all():
        if e.submission_id in wanted:
            mine_codes = tuple(codes.get((e.submission_id, e.id), ()))
            said = (e.pupil_id, e.decided_by, e.held_until, e.review_due_on)
            line = EntryLine(e.id, e.slot, e.ord, e.outcome, mine_codes, *said, e, bool(e.rests))
            told.setdefault(e.submission_id, []).append(line)
    return [
        SubmissionLine(
            row.id,
            row.channel,
            row.received_at,
            row.state,
            row.outcome,
            tuple(codes.get((row.id, None), ())),
            row.attempts,
            row.original_ct is not None,
            tuple(told.get(row.id, ())),
        )
        for row in rows
    ]


def one(tx: Transaction, ident: str) -> SubmissionLine:
    """One submission. Raises `UsageFault` where there is none."""
    found = read(tx, only=ident)
    if not found:
        raise UsageFault("no_such_submission", "there is no such submission", "see: foresatt submissions")
    return found[0]


def history(tx: Transaction, idents: list[str]) -> list[Row[Any]]:
    """The audit rows about these ids, oldest first."""
    return list(tx.connection.execute(select(audit).where(audit.c.subject_id.in_(idents)).order_by(audit.c.seq)).all())
