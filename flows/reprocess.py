"""Reprocess: the rejected or held forms again, with the steward's corrections, on the same road."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import or_, select

from flows.intake import summarise
from flows.road import Tally, red, walk
from flows.steps import GUARDED, WATCH, opened
from schemas.outcomes import OPEN, SubmissionOutcome
from store import audit, ledger
from store.database import Store, Transaction
from store.ledger import undecided
from store.tables import entries, reasons, submissions
from tasks.guard import safe_flow
from tasks.report.summary import publish

SubmissionId = Annotated[str, StringConstraints(pattern=r"^S-[A-Z]{26}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_0-9]{3,40}$")]


@safe_flow("reprocess")
def reprocess(
    submission_ids: list[SubmissionId] | None = None, reason: Code | None = None, since: date | None = None
) -> dict[str, Any]:
    """Run the named submissions again, or all open ones, with their attempts reset; final entries stay as they are."""
    began, watch = time.monotonic(), WATCH.get()
    with opened() as store:
        chosen = reopen(store, submission_ids or [], reason, since)
        tally = Tally()
        if chosen:
            walk(store, GUARDED, tally, only=chosen, watch=lambda state: watch("decide", state))
        summary = summarise(tally, undecided(store), began)
    publish("reprocess", {"outcome": tally.outcomes, "reason": tally.reasons})
    if fault := red(tally):
        raise fault
    return summary


def reopen(store: Store, idents: list[str], reason: str | None, since: date | None) -> list[str]:
    """Put the chosen submissions back into the queue; returns their ids."""
    with store.write() as tx:
        chosen = [ident for ident in choose(tx, idents, reason, since) if ledger.reopen(tx, ident)]
        audit.write(tx, audit.RULES, "reprocess", None, f"count={len(chosen)} reason={reason or 'any'}")
    return chosen


def choose(tx: Transaction, idents: list[str], reason: str | None, since: date | None) -> list[str]:
    """Ids of submissions that hold an open entry, or could not be read, narrowed by id, reason and date received."""
    is_open = select(entries.c.submission_id).where(entries.c.outcome.in_([o.value for o in OPEN]))
    query = select(submissions.c.id).where(
        or_(submissions.c.id.in_(is_open), submissions.c.outcome == SubmissionOutcome.UNREADABLE.value)
    )
    if idents:
        query = query.where(submissions.c.id.in_(idents))
    if reason:
        query = query.where(submissions.c.id.in_(select(reasons.c.submission_id).where(reasons.c.code == reason)))
    if since:
        start = datetime(since.year, since.month, since.day, tzinfo=UTC) - timedelta(hours=2)
        query = query.where(submissions.c.received_at >= start)
    return list(tx.connection.execute(query.order_by(submissions.c.received_at)).scalars())
