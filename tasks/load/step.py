"""The load step, durable point 2: outcome, guardian, link and audit of a batch in one transaction.

One savepoint a submission: what goes wrong for one is rolled back for that one. A submission whose lease is no longer
ours is left alone.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from sqlalchemy import Row

from schemas.frames import EntriesReconciled
from schemas.outcomes import DROPS_ORIGINAL_AT_ONCE, OPEN, EntryOutcome, SubmissionOutcome
from schemas.stations import build, check
from schemas.verdicts import Decision, Entry, Fault, Verdict
from store import audit, deletions, entries, erasure, guardians, outbox, protection, shredding
from store.database import Store, Transaction
from store.ledger import decided_before, finish
from tasks.load.apply import Applied, apply


@dataclass(frozen=True, slots=True)
class Loaded:
    """Counts of one batch: submissions decided, outcomes of entries (and of submissions without any), reason codes."""

    decided: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class _LeaseLostError(Exception):
    """Somebody else has taken this submission over."""


def load_batch(decided: Sequence[tuple[Verdict, Sequence[Decision]]], store: Store, owner: str) -> Loaded:
    """Write a batch in order of arrival; returns what became of it. Erasures that a decision calls for are carried
    out right after, intent first. Raises TypeError, and writes nothing, where a decision breaks a rule of its model:
    nothing is loaded without evidence, nothing refused is kept."""
    check(EntriesReconciled, as_frame([one for _, decisions in decided for one in decisions]))
    outcomes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    count = 0
    to_erase: list[tuple[str, str]] = []
    originals: list[str] = []
    with store.write() as tx:
        again = decided_before(tx, [verdict.submission for verdict, _ in decided])
        waiting = outbox.unsent(tx)
        asked = {answer.owner for verdict, _ in decided for answer in verdict.answers}
        tx.vault.preload(ident for owner in asked for ident in waiting.get(owner, ()))
        tx.vault.preload(verdict.submission for verdict, _ in decided)
        guardians.preload(tx, {one.pupil_id for _, decisions in decided for one in decisions if one.pupil_id})
        for verdict, decisions in decided:
            first_time = verdict.submission not in again
            try:
                with tx.savepoint():
                    applied, drops = write_submission(tx, verdict, decisions, owner, waiting, first_time=first_time)
            except _LeaseLostError:
                continue
            count += 1
            outcomes.update(one.outcome.value for one in applied)
            codes.update(fault.code for one in applied for fault in dict.fromkeys(one.faults))
            if not applied:
                outcomes[verdict.outcome.value] += 1
                codes.update(fault.code for fault in verdict.faults)
            to_erase += [pair for one in applied for pair in one.to_erase]
            originals += drops
        shredding.follow(tx, [verdict.submission for verdict, _ in decided])
        if originals:
            deletions.intend(store, [(submission, "decided") for submission in originals])
    if originals:
        deletions.done(store, originals)
        store.checkpoint()
    if to_erase:
        erasure.intend(store, to_erase)
        erasure.replay(store)
    return Loaded(count, outcomes, codes)


def as_frame(decisions: Sequence[Decision]) -> pd.DataFrame:
    """Decisions as the frame that `schemas.frames.EntriesReconciled` describes."""
    return build(
        EntriesReconciled,
        submission=[one.entry.submission for one in decisions],
        slot=[one.entry.slot for one in decisions],
        ord=[one.entry.ord for one in decisions],
        pupil_id=[one.pupil_id for one in decisions],
        outcome=[one.outcome.value for one in decisions],
        basis=[one.basis for one in decisions],
        holds_number=["fnr" in one.entry.values or "fnr" in one.entry.clean for one in decisions],
    )


def write_submission(
    tx: Transaction,
    verdict: Verdict,
    decisions: Sequence[Decision],
    owner: str,
    waiting: dict[str, list[str]],
    *,
    first_time: bool,
) -> tuple[list[Applied], list[str]]:
    """One submission; returns what was applied to its entries, and its id where the original was destroyed with it.
    `first_time`: it was never decided before, so nothing of it is there yet; `waiting`: see `outbox.unsent`."""
    if not finish(tx, verdict.submission, owner, verdict.outcome.value):
        raise _LeaseLostError
    for one in decisions:  # before anything of this form is kept or answered
        if one.protect and one.pupil_id:
            protection.protect(tx, one.pupil_id, one.protect)
    outbox.prepare(tx, verdict.submission, verdict.answers, waiting, first_time=first_time)
    earlier = {} if first_time else entries.existing(tx, verdict.submission)
    if verdict.outcome is SubmissionOutcome.NOT_A_FORM and not earlier:
        entries.save_document_reasons(tx, verdict.submission, ())
        erasure.drop_original(tx, verdict.submission)
        return [], [verdict.submission]
    if not decisions and verdict.outcome is SubmissionOutcome.READ:
        decisions = [_whole(verdict)]
    if not decisions:
        entries.save_document_reasons(tx, verdict.submission, verdict.faults)
        entries.original_kept_until(tx, verdict.submission)
        return [], []
    if not first_time:
        entries.save_document_reasons(tx, verdict.submission, ())
    applied = [_write_entry(tx, replace(one, language=verdict.language), earlier) for one in decisions]
    for place in earlier.keys() - {(one.entry.slot, one.entry.ord) for one in decisions}:
        if not entries.is_final(earlier[place]):
            entries.remove(tx, earlier[place].id)
    if first_time and not (OPEN | DROPS_ORIGINAL_AT_ONCE) & {one.outcome for one in applied}:
        entries.original_kept(tx, verdict.submission)  # as most are, and nothing need be read back for it
        return applied, []
    rows = list(entries.existing(tx, verdict.submission).values())
    now = [EntryOutcome(row.outcome) for row in rows]
    if not OPEN & set(now) and DROPS_ORIGINAL_AT_ONCE & set(now):
        erasure.drop_original(tx, verdict.submission)
        return applied, [verdict.submission]
    entries.original_kept_until(tx, verdict.submission, rows)
    return applied, []


def give_up(store: Store, verdict: Verdict, owner: str, code: str = "processing_failed") -> Loaded:
    """Three attempts have failed, or the original no longer opens (`source_lost`): a person decides, and the
    administrator looks why."""
    failed = replace(verdict, outcome=SubmissionOutcome.READ, faults=(Fault("system", code),), entries=())
    return load_batch([(failed, [])], store, owner)


def _whole(verdict: Verdict) -> Decision:
    """Slot 0: the document as a whole, where no entry could be read off it."""
    entry = Entry(verdict.submission, 0, 0, verdict.received_at, {}, {}, {})
    return Decision(entry, EntryOutcome.NEEDS_REVIEW, verdict.faults)


def _write_entry(tx: Transaction, decision: Decision, earlier: Mapping[tuple[int, int], Row[Any]]) -> Applied:
    row = earlier.get((decision.entry.slot, decision.entry.ord))
    if row is not None and entries.is_final(row):
        return Applied(EntryOutcome(row.outcome))
    applied = apply(tx, decision)
    pupil_id = None if applied.outcome is EntryOutcome.SUPERSEDED else decision.pupil_id
    ident = entries.save(
        tx,
        decision.entry,
        applied.outcome,
        applied.faults,
        row,
        pupil_id=pupil_id,
        guardian_id=applied.guardian_id or decision.guardian_id,
        review_due_on=applied.review_due_on,
        candidates=decision.candidates,
        basis=None if decision.restricted else decision.basis,
    )
    detail = f"outcome={applied.outcome.value} basis={decision.basis or 'none'}"
    audit.write(tx, decision.entry.decided_by or audit.RULES, "entry_decided", ident, detail)
    return applied
