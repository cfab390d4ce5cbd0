"""Erasing, so that it stays erased: intent in the deletion ledger first, then key and rows, then done.

Two files cannot commit together, so the intent is written and synced before the erasure, and every start and every
sweep carries out what was intended and not done. Subjects: a guardian (G-), known guardians (K-), a register row (R-),
a submission (S-), a pupil who has left (P-), what a
roster run holds (N-), or a link written "P-…/G-…".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update

from schemas.outcomes import OPEN, EntryOutcome, SubmissionOutcome
from store import analogue, deletions, holds, onetime, rosters, shredding
from store.database import Store, Transaction
from store.entries import expire
from store.outbox import forget
from store.tables import (
    consents,
    corrections,
    data_keys,
    entries,
    findings,
    guardians,
    links,
    outbox,
    pupils,
    refusals,
    roster_runs,
    submissions,
)
from store.worklist_erasure import Going, before_erasure

CHUNK = 500


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What a replay did: how many subjects were there to be erased, which are done now, which intents were void."""

    erased: int
    done: list[str]
    void: list[str]


def intend(store: Store, subjects: Sequence[tuple[str, str]]) -> None:
    """Write (subject, reason) into the deletion ledger, but for what a legal hold keeps; with each guardian whose last
    link is among them, so that everyone who is erased has a row of their own there."""
    with store.read() as tx:
        held = holds.held(tx)
        free = [one for one in subjects if not (held.any and holds.keeps(tx, one[0]))]
        whole = _with_their_last_link(tx, free)
    deletions.intend(store, [*free, *whole])


def _with_their_last_link(tx: Transaction, subjects: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    going = {subject: reason for subject, reason in subjects if "/" in subject}
    people = {subject.split("/")[1]: reason for subject, reason in going.items()}
    theirs = select(links.c.pupil_id, links.c.guardian_id).where(links.c.guardian_id.in_(people))
    for row in tx.connection.execute(theirs):
        if f"{row.pupil_id}/{row.guardian_id}" not in going:
            people.pop(row.guardian_id, None)
    return list(people.items())


def rehearse(tx: Transaction, subjects: Sequence[tuple[str, str]]) -> None:
    """Erase in the caller's transaction, without the ledger: for one that is rolled back."""
    erase_pairs(tx, subjects)
    for subject, reason in subjects:
        if "/" not in subject:
            erase(tx, subject, reason)


def replay(store: Store) -> int:
    """Carry out what was intended and not done; returns how many subjects were erased now."""
    waiting = deletions.read(store)
    if not waiting:
        return 0
    with store.write() as tx:
        carried_out = _carry_out(tx, waiting)
    note_replayed(store, carried_out)
    store.checkpoint()
    return carried_out.erased


def replay_everything(store: Store, tx: Transaction) -> CarriedOut:
    """After a restore, in the transaction that does it: all that was ever erased or intended is erased again.
    `note_replayed` once that is committed."""
    return _carry_out(tx, deletions.read(store, everything=True))


def note_replayed(store: Store, carried_out: CarriedOut) -> None:
    """Write into the ledger what is committed."""
    deletions.done(store, carried_out.done)
    deletions.forget(store, carried_out.void)


def _carry_out(tx: Transaction, rows: Sequence[Row[Any]]) -> CarriedOut:
    # Erased once, and linked anew by a later form: that link is not what was meant.
    again = any(row.done_at for row in rows)  # after a restore: nearly all of it was gone before the backup was made
    there, arrived = _there(tx) if again else (None, {})
    mine = [row for row in rows if not (row.done_at and _came_later(arrived, row.subject_id, row.done_at))]
    void, erased, finished = [], 0, []
    erased += erase_pairs(tx, [(row.subject_id, row.reason) for row in mine])
    for row in mine:
        subject = row.subject_id
        if "/" not in subject:
            if subject.startswith("S-") and _state(tx, subject) not in (None, "decided"):
                if not row.done_at:  # a decision that never was: it is decided anew
                    void.append(subject)
                    continue
                _close(tx, subject)
            if there is None or subject[0] == "E" or subject in there:
                erased += erase(tx, subject, row.reason)
        finished.append(subject)
    return CarriedOut(erased, finished, void)


def erase(tx: Transaction, subject: str, reason: str) -> bool:
    """Erase one subject in the caller's transaction; True where something was there."""
    if "/" in subject:
        pupil_id, guardian_id = subject.split("/")
        return erase_links(tx, [(pupil_id, guardian_id, reason)]) == 1
    there = tx.connection.execute(select(data_keys.c.epoch).where(data_keys.c.subject_id == subject)).first()
    if subject.startswith("S-"):
        return drop_original(tx, subject) if there and _state(tx, subject) == "decided" else False
    if subject.startswith("K-"):
        for pupil_id in tx.connection.execute(select(pupils.c.id).where(pupils.c.known_id == subject)).scalars().all():
            forget(tx, pupil_id)
            onetime.forget(tx, pupil_id)
        tx.connection.execute(update(pupils).where(pupils.c.known_id == subject).values(known_id=None, known_ct=None))
        tx.vault.destroy(subject)
    elif subject.startswith("E-"):
        return forget_forms(tx, [subject]) > 0
    elif subject.startswith("R-"):
        analogue.remove(tx, subject)
    elif subject.startswith("N-"):
        rosters.expire(tx, subject)
    elif subject.startswith("G-"):
        return _erase_guardian(tx, subject)
    elif subject.startswith("P-"):
        _erase_pupil(tx, subject, reason)
    return there is not None


def _erase_guardian(tx: Transaction, guardian_id: str) -> bool:
    """With the last link the guardian is gone already; whoever has a link again came later, and stays."""
    run, this = tx.connection.execute, guardians.c.id == guardian_id
    linked = run(select(links.c.pupil_id).where(links.c.guardian_id == guardian_id).limit(1)).first()
    if linked is not None or run(select(guardians.c.id).where(this)).first() is None:
        return False
    run(delete(outbox).where(outbox.c.subject_id == guardian_id))
    tx.vault.destroy(guardian_id)
    run(delete(guardians).where(this))
    return True


def _erase_pupil(tx: Transaction, pupil_id: str, reason: str) -> None:
    """With links, register rows and known guardians first: no key and no guardian outlives what they were for."""
    run = tx.connection.execute
    linked = run(select(links.c.guardian_id).where(links.c.pupil_id == pupil_id)).scalars().all()
    erase_links(tx, [(pupil_id, guardian_id, reason) for guardian_id in linked])
    for ident in run(select(refusals.c.id).where(refusals.c.pupil_id == pupil_id)).scalars().all():
        analogue.remove(tx, ident)
    for known in run(select(pupils.c.known_id).where(pupils.c.id == pupil_id)).scalars().all():
        tx.vault.destroy(known or "")
    forget(tx, pupil_id)
    onetime.forget(tx, pupil_id)
    run(delete(pupils).where(pupils.c.id == pupil_id))
    tx.vault.destroy(pupil_id)


def erase_pairs(tx: Transaction, subjects: Sequence[tuple[str, str]]) -> int:
    """Erase those of (subject, reason) that are links, a chunk at a time; returns how many there were."""
    pairs = [(*subject.partition("/")[::2], reason) for subject, reason in subjects if "/" in subject]
    return sum(erase_links(tx, pairs[start : start + CHUNK]) for start in range(0, len(pairs), CHUNK))


def erase_links(tx: Transaction, pairs: Sequence[tuple[str, str, str]]) -> int:
    """Erase the links (pupil, guardian, reason), and each guardian whose last link goes, with everything derived;
    returns how many links there were. A few statements, however many go together."""
    run = tx.connection.execute
    of_guardians = links.c.guardian_id.in_({guardian_id for _, guardian_id, _ in pairs})
    there = {(r.pupil_id, r.guardian_id): r.due_on for r in run(select(links).where(of_guardians)).all()}
    wanted = {(pupil_id, guardian_id): reason for pupil_id, guardian_id, reason in pairs}
    left = [guardian_id for pupil_id, guardian_id in there]
    going = []
    for (pupil_id, guardian_id), reason in wanted.items():
        if (pupil_id, guardian_id) in there:
            left.remove(guardian_id)
            due_on = there[pupil_id, guardian_id]
            going.append(Going(pupil_id, guardian_id, reason, due_on, last=guardian_id not in left))
    before_erasure(tx, going)
    _forget_entries(tx, going)
    if going:
        this = (links.c.pupil_id == bindparam("pupil")) & (links.c.guardian_id == bindparam("guardian"))
        pairs_gone = [{"pupil": one.pupil_id, "guardian": one.guardian_id} for one in going]
        run(delete(links).where(this), pairs_gone)
        found = (findings.c.pupil_id == bindparam("pupil")) & (findings.c.guardian_id == bindparam("guardian"))
        run(delete(findings).where(found), pairs_gone)
        given = (consents.c.pupil_id == bindparam("pupil")) & (consents.c.guardian_id == bindparam("guardian"))
        run(delete(consents).where(given), pairs_gone)
    orphans = [one.guardian_id for one in going if one.last]
    run(delete(outbox).where(outbox.c.subject_id.in_(orphans)))
    tx.vault.destroy(*orphans)
    run(delete(guardians).where(guardians.c.id.in_(orphans)))
    return len(going)


def _forget_entries(tx: Transaction, going: Sequence[Going]) -> None:
    """What was read off the forms of these pairs; entries that still wait for a person expire."""
    run = tx.connection.execute
    wanted = {(one.pupil_id, one.guardian_id) for one in going}
    of_guardians = entries.c.guardian_id.in_({one.guardian_id for one in going})
    found = [row for row in run(select(entries).where(of_guardians)).all() if (row.pupil_id, row.guardian_id) in wanted]
    withdrawn = {(one.pupil_id, one.guardian_id) for one in going if one.why == "withdrawn"}
    if earlier := {row.submission_id for row in found if (row.pupil_id, row.guardian_id) in withdrawn}:
        _originals_due(tx, earlier)  # the number goes at once: earlier originals do not wait out their days
    for row in found:
        if row.outcome in _OPEN:
            expire(tx, row)
    kept = holds.held(tx).submissions  # its original is held for itself, and what was read off it
    for fields, which in (({}, kept), ({"fields_ct": None}, {row.submission_id for row in found} - kept)):
        mine = entries.c.id.in_([row.id for row in found if row.submission_id in which])
        run(update(entries).where(mine).values(guardian_id=None, pupil_id=None, **fields))


def forget_forms(tx: Transaction, idents: Sequence[str]) -> int:
    """What was read off these entries, and what stewards typed over it; open ones expire. Their originals are due today
    unless another entry of theirs still waits. Returns how many held anything."""
    rows = tx.connection.execute(select(entries).where(entries.c.id.in_(idents))).all()
    for row in rows:
        if row.outcome in _OPEN:
            expire(tx, row)
        place = (corrections.c.submission_id == row.submission_id) & (corrections.c.slot == row.slot)
        tx.connection.execute(delete(corrections).where(place, corrections.c.ord == row.ord))
    tx.connection.execute(update(entries).where(entries.c.id.in_(idents)).values(fields_ct=None))
    _originals_due(tx, {row.submission_id for row in rows})
    return sum(row.fields_ct is not None for row in rows)


_OPEN = [outcome.value for outcome in OPEN]


def _close(tx: Transaction, submission: str) -> None:
    """A submission that a backup brought back undecided, though it was decided and its original destroyed since."""
    read = {"state": "decided", "outcome": SubmissionOutcome.READ.value, "decided_at": tx.now}
    gone = {"owner": None, "lease_until": None, "alone": False}
    tx.connection.execute(update(submissions).where(submissions.c.id == submission).values(**read, **gone))


def _state(tx: Transaction, submission: str) -> str | None:
    """Of the queue; None where there is no such submission. An undecided one's original is never destroyed."""
    query = select(submissions.c.state).where(submissions.c.id == submission)
    return tx.connection.execute(query).scalar_one_or_none()


def drop_original(tx: Transaction, submission: str) -> bool:
    """Destroy a submission's key, original and everything sealed with it; what stays is a tombstone: keyed digest,
    channel, dates, outcomes."""
    shredding.now_due(tx, submission)
    tx.vault.destroy(submission)
    this = submissions.c.id == submission
    tx.connection.execute(update(submissions).where(this).values(original_ct=None, about_ct=None, original_due_on=None))
    mine = entries.c.submission_id == submission
    tx.connection.execute(update(entries).where(mine).values(fields_ct=None))
    expired = mine & (entries.c.outcome == EntryOutcome.EXPIRED.value)
    tx.connection.execute(update(entries).where(expired).values(pupil_id=None, guardian_id=None))
    tx.connection.execute(delete(corrections).where(corrections.c.submission_id == submission))
    return True


def _originals_due(tx: Transaction, which: set[str]) -> None:
    waiting = select(entries.c.submission_id).where(entries.c.outcome.in_(_OPEN))
    these = submissions.c.id.in_(which) & submissions.c.id.not_in(waiting) & submissions.c.original_ct.is_not(None)
    tx.connection.execute(update(submissions).where(these).values(original_due_on=tx.today))


def _there(tx: Transaction) -> tuple[set[str], dict[str, datetime]]:
    """All that the store holds of what can be erased, but entries; and when the newest form of each link came."""
    run = tx.connection.execute
    subjects = (data_keys.c.subject_id, guardians.c.id, pupils.c.id, pupils.c.known_id, refusals.c.id, roster_runs.c.id)
    there = {ident for column in subjects for ident in run(select(column)).scalars()}
    pairs = run(select(links.c.pupil_id, links.c.guardian_id, links.c.arrived_at)).all()
    return there, {f"{row.pupil_id}/{row.guardian_id}": row.arrived_at for row in pairs}


def _came_later(arrived: dict[str, datetime], subject: str, moment: datetime) -> bool:
    found = arrived.get(subject)
    return found is not None and found > moment
