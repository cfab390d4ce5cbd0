"""Erasing, so that it stays erased: intent in the deletion ledger first, then key and rows, then done.

Two files cannot commit together, so the intent is written and synced before the erasure, and every start and every
sweep carries out what was intended and not done. Subjects: a guardian (G-), known guardians (K-), a register row (R-),
a submission (S-), a pupil who has left (P-), or a link written "P-…/G-…".
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Select, delete, insert, select, update

from schemas.outcomes import OPEN
from store import analogue, guardians
from store.database import Store, Transaction
from store.engines import READ
from store.entries import expire
from store.tables import (
    corrections,
    data_keys,
    deletion_ledger,
    entries,
    links,
    outbox,
    pupils,
    refusals,
    submissions,
)
from store.tables import guardians as guardian_rows
from store.worklist import before_erasure


def intend(store: Store, subjects: Iterable[tuple[str, str]]) -> None:
    """Write (subject, reason) into the ledger, committed and synced; one intended before is intended anew."""
    with store.deletions.begin() as connection:
        for subject, reason in subjects:
            this = deletion_ledger.c.subject_id == subject
            if connection.execute(select(deletion_ledger.c.reason).where(this)).first():
                connection.execute(
                    update(deletion_ledger).where(this).values(done_at=None, intended_at=datetime.now(UTC))
                )
                continue
            values = {"subject_id": subject, "reason": reason, "intended_at": datetime.now(UTC)}
            connection.execute(insert(deletion_ledger).values(**values))


def done(store: Store, subjects: Iterable[str]) -> None:
    """Note that these erasures are committed."""
    with store.deletions.begin() as connection:
        for subject in subjects:
            this = deletion_ledger.c.subject_id == subject
            connection.execute(update(deletion_ledger).where(this).values(done_at=datetime.now(UTC)))


def replay(store: Store, *, everything: bool = False) -> int:
    """Carry out what was intended and not done; with `everything` (after a restore) all that ever was. Returns how
    many subjects were erased now."""
    query = select(deletion_ledger)
    if not everything:
        query = query.where(deletion_ledger.c.done_at.is_(None))
    with store.deletions.connect().execution_options(mode=READ) as connection:
        rows = list(connection.execute(query).all())
    if not rows:
        return 0
    with store.write() as tx:
        # Erased once, and linked anew by a later form: that link is not what was meant.
        waiting = [
            (r.subject_id, r.reason) for r in rows if not (r.done_at and _came_later(tx, r.subject_id, r.done_at))
        ]
        void = [s for s, _ in waiting if s.startswith("S-") and not is_decided(tx, s)]
        erased = sum(erase(tx, subject, reason) for subject, reason in waiting if subject not in void)
    done(store, [subject for subject, _ in waiting if subject not in void])
    with store.deletions.begin() as connection:  # a decision that never was: its submission is decided anew
        connection.execute(delete(deletion_ledger).where(deletion_ledger.c.subject_id.in_(void)))
    store.checkpoint()
    return erased


def erase(tx: Transaction, subject: str, reason: str) -> bool:
    """Erase one subject in the caller's transaction; True where something was there."""
    if "/" in subject:
        pupil_id, guardian_id = subject.split("/")
        return erase_link(tx, pupil_id, guardian_id, reason)
    there = tx.connection.execute(select(data_keys.c.epoch).where(data_keys.c.subject_id == subject)).first()
    if subject.startswith("S-"):
        return drop_original(tx, subject) if there and is_decided(tx, subject) else False
    if subject.startswith("K-"):
        tx.connection.execute(update(pupils).where(pupils.c.known_id == subject).values(known_id=None, known_ct=None))
        tx.vault.destroy(subject)
    elif subject.startswith("R-"):
        analogue.remove(tx, subject)
    elif subject.startswith("P-"):
        _erase_pupil(tx, subject, reason)
    return there is not None


def _erase_pupil(tx: Transaction, pupil_id: str, reason: str) -> None:
    """With links, register rows and known guardians first: no key and no guardian outlives what they were for."""
    run = tx.connection.execute
    for guardian_id in run(select(links.c.guardian_id).where(links.c.pupil_id == pupil_id)).scalars().all():
        erase_link(tx, pupil_id, guardian_id, reason)
    for ident in run(select(refusals.c.id).where(refusals.c.pupil_id == pupil_id)).scalars().all():
        analogue.remove(tx, ident)
    for known in run(select(pupils.c.known_id).where(pupils.c.id == pupil_id)).scalars().all():
        tx.vault.destroy(known or "")
    run(delete(pupils).where(pupils.c.id == pupil_id))
    tx.vault.destroy(pupil_id)


def erase_link(tx: Transaction, pupil_id: str, guardian_id: str, reason: str) -> bool:
    """Erase the link, and the guardian with everything derived where it was the last one."""
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    if tx.connection.execute(select(links.c.basis).where(this)).first() is None:
        return False
    others = _other_links(tx, pupil_id, guardian_id)
    before_erasure(tx, pupil_id, guardian_id, reason, last=not others)
    mine = (entries.c.pupil_id == pupil_id) & (entries.c.guardian_id == guardian_id)
    if reason == "withdrawn":  # the number goes at once: earlier originals do not wait out their days
        _originals_due(tx, select(entries.c.submission_id).where(mine))
    waiting = entries.c.outcome.in_([outcome.value for outcome in OPEN])
    for row in tx.connection.execute(select(entries).where(mine, waiting)).all():
        expire(tx, row)
    tx.connection.execute(update(entries).where(mine).values(guardian_id=None, pupil_id=None, fields_ct=None))
    orphan = guardians.unlink(tx, pupil_id, guardian_id)
    if orphan:
        tx.connection.execute(delete(outbox).where(outbox.c.subject_id == orphan))
        tx.vault.destroy(orphan)
        tx.connection.execute(delete(guardian_rows).where(guardian_rows.c.id == orphan))
    return True


def is_decided(tx: Transaction, submission: str) -> bool:
    """An undecided submission's original is never destroyed, whatever a ledger says."""
    query = select(submissions.c.state).where(submissions.c.id == submission)
    return tx.connection.execute(query).scalar_one_or_none() == "decided"


def drop_original(tx: Transaction, submission: str) -> bool:
    """Destroy a submission's key, original and everything sealed with it; what stays is a tombstone: keyed digest,
    channel, dates, outcomes."""
    tx.vault.destroy(submission)
    this = submissions.c.id == submission
    tx.connection.execute(update(submissions).where(this).values(original_ct=None, about_ct=None, original_due_on=None))
    tx.connection.execute(update(entries).where(entries.c.submission_id == submission).values(fields_ct=None))
    tx.connection.execute(delete(corrections).where(corrections.c.submission_id == submission))
    return True


def _originals_due(tx: Transaction, which: Select[tuple[str]]) -> None:
    still_open = entries.c.outcome.in_([outcome.value for outcome in OPEN])
    waiting = select(entries.c.submission_id).where(still_open)
    these = submissions.c.id.in_(which) & submissions.c.id.not_in(waiting) & submissions.c.original_ct.is_not(None)
    tx.connection.execute(update(submissions).where(these).values(original_due_on=tx.today))


def _came_later(tx: Transaction, subject: str, moment: datetime) -> bool:
    pupil_id, _, guardian_id = subject.partition("/")
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    found = tx.connection.execute(select(links.c.arrived_at).where(this)).scalar_one_or_none()
    return found is not None and bool(found > moment)


def _other_links(tx: Transaction, pupil_id: str, guardian_id: str) -> bool:
    query = select(links.c.pupil_id).where(links.c.guardian_id == guardian_id, links.c.pupil_id != pupil_id)
    return tx.connection.execute(query.limit(1)).first() is not None
