"""Entries as decided: their rows, reasons and sealed fields, and a steward's corrections.

An entry is found again by (submission, slot, ord) through every reprocessing; a final one is never written over.
"""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, insert, select, update

from schemas.ids import new_id
from schemas.outcomes import DROPS_ORIGINAL_AT_ONCE, OPEN, EntryOutcome
from schemas.verdicts import Candidate, Entry, Fault, in_form_order
from store.bulk import update_keyed
from store.database import OSLO, Transaction
from store.enrolments import stays
from store.people import pupil_due
from store.tables import consents, corrections, entries, links, pupils, reasons, submissions

AWAITS: Final = (consents.c.state == "confirmed") & ~(
    select(links.c.basis)
    .where(links.c.pupil_id == consents.c.pupil_id, links.c.guardian_id == consents.c.guardian_id)
    .exists()
)
"""A consent that counts, for a guardian who is not linked."""
WITH_A_REFUSAL: Final = timedelta(days=7)
"""How long an original may wait for its last entry once one of them is refused or not applicable."""


def existing(tx: Transaction, submission: str) -> dict[tuple[int, int], Row[Any]]:
    """The entries of a submission by (slot, ord)."""
    rows = tx.connection.execute(_OF_SUBMISSION, {"submission": submission})
    return {(row.slot, row.ord): row for row in rows}


# Made once: most of what a statement costs is its making.
_OF_SUBMISSION: Final = select(entries).where(entries.c.submission_id == bindparam("submission"))
_NEW: Final = insert(entries)
_NEW_REASON: Final = insert(reasons)
_NO_REASONS: Final = delete(reasons).where(
    reasons.c.submission_id == bindparam("submission"), reasons.c.entry_id.is_(None)
)
_KEPT_UNTIL: Final = (
    update(submissions).where(submissions.c.id == bindparam("submission")).values(original_due_on=bindparam("last"))
)


def is_final(row: Row[Any]) -> bool:
    """Whether nothing may change this entry any more."""
    return EntryOutcome(row.outcome) not in OPEN


def save(
    tx: Transaction,
    entry: Entry,
    outcome: EntryOutcome,
    faults: Sequence[Fault],
    row: Row[Any] | None = None,
    *,
    pupil_id: str | None,
    guardian_id: str | None,
    review_due_on: date | None = None,
    candidates: Sequence[Candidate] = (),
    basis: str | None = None,
) -> str:
    """Write the entry and its reasons, in place of `row`, the one that was there; returns its id. `basis`: what proves
    the guardian, remembered while something else holds the entry in review (see `proven`)."""
    ident = row.id if row else new_id("E")
    keeps = outcome not in (EntryOutcome.REFUSED, EntryOutcome.NOT_APPLICABLE)
    told: dict[str, Any] = {
        "fields": {
            name: [value, *entry.sources.get(name, (1.0, "", "review"))] for name, value in in_form_order(entry.values)
        }
    }
    if candidates and outcome in OPEN:
        told["candidates"] = [[one.pupil_id, one.score, *one.why] for one in candidates]
    if basis and outcome is EntryOutcome.NEEDS_REVIEW:
        told["basis"] = basis
    keeps = keeps and bool(told["fields"])
    sealed = tx.vault.seal(entry.submission, "entries.fields", ident, json.dumps(told).encode()) if keeps else None
    values = {
        "submission_id": entry.submission,
        "slot": entry.slot,
        "ord": entry.ord,
        "kind": entry.kind,
        "outcome": outcome.value,
        "fields_ct": sealed,
        "pupil_id": pupil_id if outcome is not EntryOutcome.NOT_APPLICABLE else None,
        "guardian_id": guardian_id,
        "received_at": entry.received_at,
        "decided_at": tx.now,
        "decided_by": entry.decided_by or "rules",
        "held_until": held_until(tx, entry.received_at, pupil_id, guardian_id) if outcome in OPEN else None,
        "review_due_on": _earlier(review_due_on, row.review_due_on if row else None),
    }
    if row is None:
        tx.connection.execute(_NEW, values | {"id": ident})
    else:
        tx.connection.execute(update(entries).where(entries.c.id == ident).values(**values))
        tx.connection.execute(delete(reasons).where(reasons.c.entry_id == ident))
    for fault in dict.fromkeys(faults):
        place = {"submission_id": entry.submission, "entry_id": ident}
        tx.connection.execute(_NEW_REASON, place | {"field": fault.field, "code": fault.code})
    return ident


def save_document_reasons(tx: Transaction, submission: str, faults: Sequence[Fault]) -> None:
    """The reasons of a submission that has no entries, in place of earlier ones."""
    tx.connection.execute(_NO_REASONS, {"submission": submission})
    for fault in dict.fromkeys(faults):
        values = {"submission_id": submission, "entry_id": None, "field": fault.field, "code": fault.code}
        tx.connection.execute(_NEW_REASON, values)


def remove(tx: Transaction, ident: str) -> None:
    """Take away an open entry that reprocessing no longer finds."""
    tx.connection.execute(delete(reasons).where(reasons.c.entry_id == ident))
    tx.connection.execute(delete(entries).where(entries.c.id == ident))


def fields(tx: Transaction, row: Row[Any], *, held: bool = False) -> dict[str, tuple[str, float, str, str]]:
    """What was read, opened: field -> (value, confidence, source, decision); empty once it was erased, and once its
    time is out though a legal hold keeps it (`held` for who must answer what is held: article 15)."""
    if row.fields_ct is None or (row.outcome == EntryOutcome.EXPIRED and not held):
        return {}
    told = json.loads(tx.vault.open(row.submission_id, "entries.fields", row.id, row.fields_ct))
    return {name: tuple(found) for name, found in told["fields"].items()}


def proven(tx: Transaction, row: Row[Any]) -> bool:
    """Whether the guardian of an entry in review was proven when it was decided, and something else holds it there."""
    if row.fields_ct is None:
        return False
    told = json.loads(tx.vault.open(row.submission_id, "entries.fields", row.id, row.fields_ct))
    return bool(told.get("basis"))


def candidates(tx: Transaction, row: Row[Any]) -> list[Candidate]:
    """The pupils that a person may choose from, likeliest first; they are sealed, and go, with what was read."""
    if row.fields_ct is None:
        return []
    told = json.loads(tx.vault.open(row.submission_id, "entries.fields", row.id, row.fields_ct))
    return [Candidate(ident, score, tuple(why)) for ident, score, *why in told.get("candidates", ())]


def correct(tx: Transaction, submission: str, slot: int, ord_: int, field: str, value: str, by: str) -> None:
    """Lay a steward's value over one field (or `decision`), sealed under the submission's key."""
    row = correction_row(submission, slot, ord_, field)
    sealed = tx.vault.seal(submission, "corrections.value", row, value.encode())
    place = {"submission_id": submission, "slot": slot, "ord": ord_, "field": field}
    tx.connection.execute(insert(corrections).values(value_ct=sealed, made_by=by, made_at=tx.now, **place))


def corrected(tx: Transaction, row: Row[Any]) -> str:
    """A row of `corrections`, opened."""
    place = correction_row(row.submission_id, row.slot, row.ord, row.field)
    return tx.vault.open(row.submission_id, "corrections.value", place, row.value_ct).decode()


def correction_row(submission: str, slot: int, ord_: int, field: str) -> str:
    """What a correction's sealed value is bound to, so that it cannot be put under another field."""
    return f"{submission}/{slot}/{ord_}/{field}"


def original_kept(tx: Transaction, submission: str) -> None:
    """Set when the sealed original goes where all its entries are settled: N days after this, the last decision."""
    last = tx.today + timedelta(days=tx.settings.retention.originals_days)
    tx.connection.execute(_KEPT_UNTIL, {"submission": submission, "last": last})


def original_kept_until(tx: Transaction, submission: str, rows: Sequence[Row[Any]] | None = None) -> None:
    """Set when the sealed original goes: with its open entries' time, else N days after the last decision. `rows`: its
    entries as they are now, where the caller has just read them."""
    rows = list(existing(tx, submission).values()) if rows is None else rows
    if any(row.outcome in DROPS_ORIGINAL_AT_ONCE for row in rows):
        latest = with_a_refusal(tx, [submission])[
            submission
        ]  # what somebody refused, or what is not applicable, waits a week for the others and no longer
        late = (entries.c.submission_id == submission) & (entries.c.held_until > latest)
        tx.connection.execute(update(entries).where(late).values(held_until=latest))
        rows = list(existing(tx, submission).values())
    held = [row.held_until for row in rows if row.held_until is not None]
    when = max(held) if held else tx.today + timedelta(days=tx.settings.retention.originals_days)
    if not rows:  # nothing could be read: a person has as long as for anything held
        received = tx.connection.execute(select(submissions.c.received_at).where(submissions.c.id == submission))
        when = received.scalar_one().astimezone(OSLO).date() + timedelta(days=tx.settings.retention.held_days)
    tx.connection.execute(_KEPT_UNTIL, {"submission": submission, "last": when})


def expire(tx: Transaction, row: Row[Any], *, kept: bool = False) -> None:
    """An entry's time is out: its fields go, a tombstone stays. `kept`: a legal hold keeps the fields sealed until its
    end, and whom they are about; nobody reads them."""
    values = {"outcome": EntryOutcome.EXPIRED.value, "held_until": None, "decided_at": tx.now}
    gone = {} if kept else {"fields_ct": None, "pupil_id": None}
    tx.connection.execute(update(entries).where(entries.c.id == row.id).values(**values, **gone))
    tx.connection.execute(delete(reasons).where(reasons.c.entry_id == row.id))


def held_until(tx: Transaction, received_at: datetime, pupil_id: str | None, guardian_id: str | None) -> date:
    """90 days after receipt, or the proposed pupil's own due date if earlier (for a linked guardian the link's, which
    a consent may put off); reprocessing never restarts it."""
    run = tx.connection.execute
    link = run(select(links.c.due_on).where(links.c.pupil_id == pupil_id, links.c.guardian_id == guardian_id)).first()
    kept_free = {} if link or not guardian_id else _kept_free(tx, [str(pupil_id)])
    if (pupil_id, guardian_id) in kept_free:
        return _until(tx, received_at, kept_free[pupil_id, guardian_id])
    due_on = link.due_on if link else run(select(pupils.c.due_on).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    return _until(tx, received_at, due_on)


def _kept_free(tx: Transaction, only: Collection[str] | None) -> dict[tuple[str | None, str | None], date | None]:
    """(pupil, guardian) -> when the pupil leaves, of consents that await somebody not linked (`consents.awaited`)."""
    free = select(consents.c.pupil_id, consents.c.guardian_id, pupils.c.born).join(pupils).where(AWAITS)
    rows = tx.connection.execute(free if only is None else free.where(consents.c.pupil_id.in_(only))).all()
    terms = stays(tx, {row.pupil_id for row in rows}) if rows else {}
    leaves = (pupil_due(tx, row.born, terms.get(row.pupil_id, ()), consent=True) for row in rows)
    return {(row.pupil_id, row.guardian_id): ends.on for row, ends in zip(rows, leaves, strict=True)}


def _until(tx: Transaction, received_at: datetime, due_on: date | None) -> date:
    """By Oslo's calendar: what came at half past eleven at night in UTC came the day after."""
    latest = received_at.astimezone(OSLO).date() + timedelta(days=tx.settings.retention.held_days)
    return min(latest, due_on) if due_on else latest


def refresh_held(tx: Transaction, only: Collection[str] | None = None) -> None:
    """Let what is held for these pupils (for all, without `only`), and its originals, follow their due dates."""
    of_link = (links.c.pupil_id == entries.c.pupil_id) & (links.c.guardian_id == entries.c.guardian_id)
    dates = (pupils.c.due_on.label("pupil_due_on"), links.c.due_on.label("link_due_on"), links.c.pupil_id.label("link"))
    told = (entries.c.id, entries.c.submission_id, entries.c.pupil_id, entries.c.guardian_id)
    held = select(*told, entries.c.received_at, entries.c.held_until, *dates)
    held = held.select_from(entries.join(pupils, pupils.c.id == entries.c.pupil_id).outerjoin(links, of_link))
    held = held.where(entries.c.held_until.is_not(None))
    rows = tx.connection.execute(held if only is None else held.where(entries.c.pupil_id.in_(only))).all()
    latest = with_a_refusal(tx, {row.submission_id for row in rows})
    kept_free = _kept_free(tx, only) if rows else {}
    differs, which = [], set()
    for row in rows:
        pair = (row.pupil_id, row.guardian_id)
        due_on = kept_free.get(pair, row.link_due_on if row.link else row.pupil_due_on)
        until = _until(tx, row.received_at, due_on)
        until = min(until, latest.get(row.submission_id, until))
        if until != row.held_until:
            differs.append((row.id, until))
            which.add(row.submission_id)
    update_keyed(tx.connection, entries, ("id",), ("held_until",), differs)
    for submission in sorted(which):
        original_kept_until(tx, submission)


def with_a_refusal(tx: Transaction, which: Collection[str]) -> dict[str, date]:
    """Submission -> the day that it may wait for at the latest, of those with a refused or not applicable entry. Until
    then only the restricted role reads it."""
    decided = select(entries.c.submission_id, entries.c.decided_at).where(
        entries.c.outcome.in_([outcome.value for outcome in DROPS_ORIGINAL_AT_ONCE]), entries.c.submission_id.in_(which)
    )
    latest: dict[str, date] = {}
    for row in tx.connection.execute(decided):
        day = row.decided_at.astimezone(OSLO).date() + WITH_A_REFUSAL
        latest[row.submission_id] = min(day, latest.get(row.submission_id, day))
    return latest


def _earlier(told: date | None, before: date | None) -> date | None:
    """A review's date, which processing again does not put off."""
    return min(told, before) if told and before else told
