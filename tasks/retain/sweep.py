"""The sweep: what is due goes, intent first, a chunk at a time; run twice, the second finds nothing.

What a legal hold keeps stays sealed and loses its access. Whether nothing is late is counted elsewhere, by a query that
shares nothing with this (`overdue`).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, or_, select, update

from schemas.outcomes import OPEN
from store import audit, entries, erasure, exported, holds, onetime, outbox, shredding, warnings, worklist
from store.database import Store, Transaction
from store.tables import entries as entry_rows
from store.tables import links, pupils, reasons, refusals, roster_runs, sightings, submissions

CHUNK: Final = 500
ROUNDS: Final = 5
"""One erasure may make another due, as a withdrawal does to earlier originals; never more than a few deep."""
_OPEN: Final = [outcome.value for outcome in OPEN]


@dataclass(slots=True)
class Due:
    """What is due today: (subject, reason) for the deletion ledger, open entries whose time is out, and tombstones.
    `resting`: links that are due and that a hold keeps."""

    subjects: list[tuple[str, str]] = field(default_factory=list)
    entries: list[Row[Any]] = field(default_factory=list)
    tombstones: list[str] = field(default_factory=list)
    resting: list[tuple[str, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.subjects or self.entries or self.tombstones)

    def listed(self) -> list[tuple[str, str]]:
        """(id, "what:why") of everything that goes."""
        return [
            *((subject, f"{_kind(subject)}:{reason}") for subject, reason in self.subjects),
            *((row.id, "entry:expired") for row in self.entries),
            *((ident, "tombstone:time_out") for ident in self.tombstones),
        ]

    def counts(self) -> dict[str, int]:
        """The same in counts."""
        return tally(self.listed())


def recompute(store: Store) -> int:
    """Recompute every pupil's due dates: time itself is an input (a summer ends, an enrolment runs out)."""
    with store.write() as tx:
        count = worklist.refresh_all(tx)
        worklist.let_go_of_numbers(tx)
        shredding.follow(tx)
        return count


def foreseen(store: Store) -> list[tuple[str, str]]:
    """What `sweep` would erase, as (id, "what:why"): it is erased, in a transaction that is rolled back, so that this
    says neither more nor less. Nothing is changed, not even a due date."""
    with store.rehearse() as tx:
        worklist.refresh_all(tx)
        found: list[tuple[str, str]] = []
        for _ in range(ROUNDS):
            due = plan(tx)
            if not due:
                break
            found += due.listed()
            _expire(tx, due)
            erasure.rehearse(tx, due.subjects)
            _purge(tx, due.tombstones)
        return found


def warn(store: Store) -> dict[str, int]:
    """Give the warnings that are due; returns "kind:days" -> how many."""
    with store.write() as tx:
        return warnings.warn(tx)


def preview(store: Store) -> dict[str, int]:
    """`foreseen` in counts."""
    return tally(foreseen(store))


def tally(listed: list[tuple[str, str]]) -> dict[str, int]:
    """ "what:why" -> how many."""
    return dict(sorted(Counter(what for _, what in listed).items()))


def plan(tx: Transaction) -> Due:
    """Everything due on or before today that no hold keeps."""
    today, run, held = tx.today, tx.connection.execute, holds.held(tx)
    due = Due()
    for row in run(select(links.c.pupil_id, links.c.guardian_id, links.c.due_reason).where(links.c.due_on <= today)):
        if held.link(row.pupil_id, row.guardian_id):
            due.resting.append((row.pupil_id, row.guardian_id))
        else:
            due.subjects.append((f"{row.pupil_id}/{row.guardian_id}", row.due_reason or "turned_18"))
    for row in run(select(refusals.c.id, refusals.c.pupil_id).where(refusals.c.due_on <= today)):
        if row.pupil_id not in held.pupils:
            due.subjects.append((row.id, "pupil_over"))
    known = select(pupils.c.id, pupils.c.known_id, pupils.c.due_reason)
    for row in run(known.where(pupils.c.due_on <= today, pupils.c.known_id.is_not(None))):
        if row.id not in held.pupils:
            due.subjects.append((row.known_id, row.due_reason))
    due.entries = list(run(select(entry_rows).where(entry_rows.c.held_until <= today, entry_rows.c.outcome.in_(_OPEN))))
    expired = {row.submission_id for row in due.entries}
    decided = (submissions.c.state == "decided") & submissions.c.original_ct.is_not(None)
    for row in run(select(submissions.c.id).where(decided, submissions.c.original_due_on <= today)):
        if row.id not in held.submissions:
            due.subjects.append((row.id, "expired" if row.id in expired else "original_time_out"))
    for row in run(select(roster_runs.c.id).where(roster_runs.c.content_due_on <= today)):
        due.subjects.append((row.id, "held_time_out"))
    stay = held.pupils | holds.held_through_links(tx, held)
    due.subjects += [(ident, "left") for ident in _gone(tx) if ident not in stay]
    due.tombstones = _old_tombstones(tx)
    return due


def _gone(tx: Transaction) -> list[str]:
    """Pupils off the roster on whom nothing hangs any more."""
    gone = (pupils.c.missing_runs >= 2) & (pupils.c.due_on <= tx.today)
    for table in (links, refusals):  # asked pupil by pupil: of all that is stored, only what is due is looked at
        later = or_(table.c.due_on.is_(None), table.c.due_on > tx.today)
        gone &= ~select(table.c.pupil_id).where(table.c.pupil_id == pupils.c.id, later).exists()
    return list(tx.connection.execute(select(pupils.c.id).where(gone)).scalars())


def sweep(store: Store, watch: Callable[[int, int], None] = lambda done, total: None) -> dict[str, int]:
    """Erase what is due; returns counts per kind and reason. `watch` is called with (done, total)."""
    recompute(store)
    return erase_due(store, watch)


def erase_due(store: Store, watch: Callable[[int, int], None] = lambda done, total: None) -> dict[str, int]:
    """Erase what the stored dates say is due: what it costs follows what is due, not what is stored."""
    gone: Counter[str] = Counter()
    for _ in range(ROUNDS):
        with store.read() as tx:
            due = plan(tx)
        _let_rest(store, due)
        if not due:
            break
        _carry_out(store, due, watch)
        gone.update(due.counts())
    with store.write() as tx:
        outbox.forget_old(tx)
        onetime.forget_expired(tx)
        holds.forget(tx)
        exported.forget_old(tx)
        for name, number in sorted(gone.items()):
            audit.write(tx, audit.RULES, "erased", None, f"{name.replace(':', '=')} count={number}")
    if gone:
        store.checkpoint()
    return dict(sorted(gone.items()))


def _carry_out(store: Store, due: Due, watch: Callable[[int, int], None]) -> None:
    if due.entries:
        with store.write() as tx:
            _expire(tx, due)
    total = len(due.subjects)
    for start in range(0, total, CHUNK):
        erasure.intend(store, due.subjects[start : start + CHUNK])
        erasure.replay(store)
        watch(min(start + CHUNK, total), total)
    if due.tombstones:
        with store.write() as tx:
            _purge(tx, due.tombstones)


def _let_rest(store: Store, due: Due) -> None:
    """A hold keeps the data and not the access: nothing of such a link is exported, added or changed any more."""
    with store.read() as tx:
        awake = select(links.c.pupil_id, links.c.guardian_id).where(
            links.c.due_on <= tx.today, links.c.suspended.is_(None)
        )
        found = {tuple(row) for row in tx.connection.execute(awake)} & set(due.resting)
    if not found:
        return
    with store.write() as tx:
        for pupil_id, guardian_id in sorted(found):
            this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
            tx.connection.execute(update(links).where(this).values(suspended="held"))


def _expire(tx: Transaction, due: Due) -> None:
    """Entries whose time is out become tombstones; what a hold keeps of them stays sealed until its end."""
    kept = holds.held(tx).submissions if due.entries else frozenset()
    for row in due.entries:
        entries.expire(tx, row, kept=row.submission_id in kept)


def _old_tombstones(tx: Transaction) -> list[str]:
    """What is left of submissions whose original went more than N months ago, and that no source still holds."""
    before = tx.now - timedelta(days=31 * tx.settings.retention.tombstone_months)
    at_source = select(sightings.c.submission_id).where(sightings.c.handle_ct.is_not(None))
    old = select(submissions.c.id).where(
        submissions.c.state == "decided",
        submissions.c.original_ct.is_(None),
        submissions.c.decided_at < before,
        submissions.c.id.not_in(at_source),
    )
    return list(tx.connection.execute(old).scalars())


def _purge(tx: Transaction, idents: list[str]) -> None:
    for start in range(0, len(idents), CHUNK):
        chunk = idents[start : start + CHUNK]
        outbox.forget_tombstones(tx, chunk)
        for table in (reasons, entry_rows, sightings):
            tx.connection.execute(delete(table).where(table.c.submission_id.in_(chunk)))
        tx.connection.execute(delete(submissions).where(submissions.c.id.in_(chunk)))


def _kind(subject: str) -> str:
    if "/" in subject:
        return "link"
    return {"R": "register", "K": "known_guardians", "S": "original", "P": "pupil", "N": "held_roster"}[subject[0]]
