"""The sweep: what is due goes, intent first, a chunk at a time; run twice, the second finds nothing.

`overdue` counts by a query of its own, sharing nothing with the sweep: it must be 0.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, func, or_, select, text

from schemas.outcomes import OPEN
from store import audit, deletions, entries, erasure, outbox, worklist
from store.database import Store, Transaction
from store.tables import entries as entry_rows
from store.tables import links, pupils, reasons, refusals, roster_runs, sightings, submissions

CHUNK: Final = 500


@dataclass(slots=True)
class Due:
    """What is due today: (subject, reason) for the deletion ledger, and open entries whose time is out."""

    subjects: list[tuple[str, str]] = field(default_factory=list)
    entries: list[Row[Any]] = field(default_factory=list)
    tombstones: int = 0

    def counts(self) -> dict[str, int]:
        """Reason -> how many."""
        found = Counter(f"{_kind(subject)}:{reason}" for subject, reason in self.subjects)
        found.update({"entry:expired": len(self.entries)} if self.entries else {})
        found.update({"tombstone:time_out": self.tombstones} if self.tombstones else {})
        return dict(sorted(found.items()))


def recompute(store: Store) -> int:
    """Recompute every pupil's due dates: time itself is an input (a summer ends, an enrolment runs out)."""
    with store.write() as tx:
        return worklist.refresh_all(tx)


def preview(store: Store) -> dict[str, int]:
    """What `sweep` would erase, in counts; nothing is changed, not even a due date."""
    with store.rehearse() as tx:
        worklist.refresh_all(tx)
        return plan(tx).counts()


def plan(tx: Transaction) -> Due:
    """Everything due on or before today."""
    today, run = tx.today, tx.connection.execute
    due = Due()
    for row in run(select(links.c.pupil_id, links.c.guardian_id, links.c.due_reason).where(links.c.due_on <= today)):
        due.subjects.append((f"{row.pupil_id}/{row.guardian_id}", row.due_reason or "turned_18"))
    for row in run(select(refusals.c.id).where(refusals.c.due_on <= today)):
        due.subjects.append((row.id, "pupil_over"))
    known = select(pupils.c.known_id, pupils.c.due_reason).where(
        pupils.c.due_on <= today, pupils.c.known_id.is_not(None)
    )
    for row in run(known):
        due.subjects.append((row.known_id, row.due_reason))
    decided = (submissions.c.state == "decided") & submissions.c.original_ct.is_not(None)
    for row in run(select(submissions.c.id).where(decided, submissions.c.original_due_on <= today)):
        due.subjects.append((row.id, "original_time_out"))
    for row in run(select(roster_runs.c.id).where(roster_runs.c.content_due_on <= today)):
        due.subjects.append((row.id, "held_time_out"))
    gone = (pupils.c.missing_runs >= 2) & (pupils.c.due_on <= today)
    for table in (links, refusals):  # asked pupil by pupil: of all that is stored, only what is due is looked at
        later = or_(table.c.due_on.is_(None), table.c.due_on > today)
        gone &= ~select(table.c.pupil_id).where(table.c.pupil_id == pupils.c.id, later).exists()
    for row in run(select(pupils.c.id).where(gone)):
        due.subjects.append((row.id, "left"))
    out = entry_rows.c.held_until <= today
    due.entries = list(run(select(entry_rows).where(out, entry_rows.c.outcome.in_([o.value for o in OPEN]))).all())
    return due


def sweep(store: Store, watch: Callable[[int, int], None] = lambda done, total: None) -> dict[str, int]:
    """Erase what is due; returns counts per kind and reason. `watch` is called with (done, total)."""
    recompute(store)
    return erase_due(store, watch)


def erase_due(store: Store, watch: Callable[[int, int], None] = lambda done, total: None) -> dict[str, int]:
    """Erase what the stored dates say is due: what it costs follows what is due, not what is stored."""
    with store.read() as tx:
        due = plan(tx)
    _expire(store, due.entries)
    total = len(due.subjects)
    for start in range(0, total, CHUNK):
        chunk = due.subjects[start : start + CHUNK]
        deletions.intend(store, chunk)
        erasure.replay(store)
        watch(min(start + CHUNK, total), total)
    due.tombstones = _purge_tombstones(store)
    with store.write() as tx:
        outbox.forget_old(tx)
    if total or due.entries or due.tombstones:
        with store.write() as tx:
            for name, number in due.counts().items():
                audit.write(tx, audit.RULES, "erased", None, f"{name.replace(':', '=')} count={number}")
        store.checkpoint()
    return due.counts()


def overdue(store: Store) -> int:
    """How much should have gone before today and is still here. Plain SQL on the stored dates, no code of the sweep."""
    query = """
        SELECT (SELECT count(*) FROM links WHERE due_on < :today)
             + (SELECT count(*) FROM refusals WHERE due_on < :today)
             + (SELECT count(*) FROM pupils WHERE due_on < :today AND known_ct IS NOT NULL)
             + (SELECT count(*) FROM submissions WHERE original_due_on < :today AND original_ct IS NOT NULL
                AND state = 'decided')
             + (SELECT count(*) FROM roster_runs WHERE content_due_on < :today AND content_ct IS NOT NULL)
             + (SELECT count(*) FROM entries WHERE held_until < :today AND outcome IN ('needs_review', 'rejected'))
    """
    with store.read() as tx:
        return int(tx.connection.execute(text(query), {"today": tx.today.isoformat()}).scalar_one())


def _expire(store: Store, rows: list[Row[Any]]) -> None:
    """Entries whose time is out become tombstones; the original follows with the last of them."""
    if not rows:
        return
    originals = []
    with store.write() as tx:
        for row in rows:
            entries.expire(tx, row)
        for submission in sorted({row.submission_id for row in rows}):
            query = (
                select(func.count())
                .select_from(entry_rows)
                .where(entry_rows.c.submission_id == submission, or_(*(entry_rows.c.outcome == o.value for o in OPEN)))
            )
            if tx.connection.execute(query).scalar_one() == 0:
                originals.append((submission, "expired"))
    deletions.intend(store, originals)
    erasure.replay(store)


def _purge_tombstones(store: Store) -> int:
    """Delete what is left of submissions whose original went more than N months ago; returns how many."""
    with store.write() as tx:
        before = tx.now - timedelta(days=31 * tx.settings.retention.tombstone_months)
        held = select(sightings.c.submission_id).where(sightings.c.handle_ct.is_not(None))
        old = select(submissions.c.id).where(
            submissions.c.state == "decided",
            submissions.c.original_ct.is_(None),
            submissions.c.decided_at < before,
            submissions.c.id.not_in(held),
        )
        idents = list(tx.connection.execute(old).scalars())
        for start in range(0, len(idents), CHUNK):
            chunk = idents[start : start + CHUNK]
            outbox.forget_tombstones(tx, chunk)
            for table in (reasons, entry_rows, sightings):
                tx.connection.execute(delete(table).where(table.c.submission_id.in_(chunk)))
            tx.connection.execute(delete(submissions).where(submissions.c.id.in_(chunk)))
    return len(idents)


def _kind(subject: str) -> str:
    if "/" in subject:
        return "link"
    return {"R": "register", "K": "known_guardians", "S": "original", "P": "pupil", "N": "held_roster"}[subject[0]]
