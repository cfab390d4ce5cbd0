"""Consents to extend: given by the pupil, one row for each guardian covered, valid only once a steward confirmed it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from schemas.due import is_adult
from schemas.errors import UsageFault
from schemas.ids import new_id
from schemas.outcomes import EntryOutcome
from store import audit, worklist
from store.database import Transaction
from store.enrolments import stays
from store.entries import AWAITS, original_kept_until
from store.people import pupil_due
from store.tables import consents, entries, links, pupils, reasons

_LINKED: Final = select(links.c.basis).where(
    links.c.pupil_id == bindparam("pupil"), links.c.guardian_id == bindparam("guardian")
)


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent; ids and dates only. `guardian_id` may be nobody's yet: see `record`."""

    id: str
    pupil_id: str
    guardian_id: str
    state: str
    given_on: date
    recorded_by: str
    confirmed_by: str | None


def record(tx: Transaction, pupil_id: str, guardian_id: str | None, by: str) -> str:
    """A pending consent. The pupil must be 17 and the guardian linked to them (`UsageFault` otherwise). Without a
    guardian: for a pupil of 18 and one who is not registered, erased that birthday most likely. An id is kept free for
    them, and their new form is a steward's to judge (`awaited`)."""
    born = tx.connection.execute(select(pupils.c.born).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    if guardian_id is None:
        if born is None or not _of_age_and_here(tx, pupil_id, born):
            raise UsageFault("not_of_age", "no such pupil of 18 is at the school", "name the guardian: --guardian G-…")
        guardian_id = new_id("G")
    elif born is None or tx.connection.execute(_LINKED, {"pupil": pupil_id, "guardian": guardian_id}).first() is None:
        told = "see: foresatt consent list; for a pupil of 18 and a guardian who is erased, leave --guardian away"
        raise UsageFault("not_linked", "no such guardian is linked to such a pupil", told)
    if (born.year + 17, born.month, born.day) > (tx.today.year, tx.today.month, tx.today.day):
        raise UsageFault("too_young", "a pupil can consent from the 17th birthday", "ask again then")
    ident = new_id("C")
    values = {"pupil_id": pupil_id, "guardian_id": guardian_id, "state": "pending", "given_on": tx.today}
    tx.connection.execute(insert(consents).values(id=ident, recorded_by=by, changed_at=tx.now, **values))
    audit.write(tx, by, "consent_recorded", ident)
    return ident


def propose(tx: Transaction, pupil_id: str, guardian_id: str, by: str) -> Consent:
    """The consent that stands for this pair, or a new pending one; a sheet that is read again asks once."""
    standing = [one for one in read(tx) if (one.pupil_id, one.guardian_id) == (pupil_id, guardian_id)]
    standing = sorted((one for one in standing if one.state != "withdrawn"), key=lambda one: one.state)
    if standing:
        return standing[0]
    ident = record(tx, pupil_id, guardian_id, by)
    return next(one for one in read(tx) if one.id == ident)


def drop_pending(tx: Transaction, pupil_id: str, guardian_id: str, by: str) -> None:
    """A steward found that the pupil gave none: what only waited is withdrawn; a confirmed one stands."""
    for one in read(tx):
        if (one.pupil_id, one.guardian_id, one.state) == (pupil_id, guardian_id, "pending"):
            _change(tx, one.id, "pending", "withdrawn", by)


def withdrawn_since(tx: Transaction, pupil_id: str, guardian_id: str, moment: datetime) -> bool:
    """Whether the pupil has taken a consent for this guardian back since then."""
    mine = (consents.c.pupil_id == pupil_id) & (consents.c.guardian_id == guardian_id)
    late = (consents.c.state == "withdrawn") & (consents.c.changed_at > moment)
    return tx.connection.execute(select(func.count()).select_from(consents).where(mine, late)).scalar_one() > 0


def confirm(tx: Transaction, ident: str, by: str) -> None:
    """A named steward has confirmed it with the pupil: from now on it counts, and the sheets that proposed it are
    decided."""
    row = _change(tx, ident, "pending", "confirmed", by)
    _settle(tx, row, EntryOutcome.CONSENT_RECORDED, by)


def withdraw(tx: Transaction, ident: str, by: str) -> None:
    """The pupil takes it back, however often it was recorded: the due date falls back to the 18th birthday."""
    row = _change(tx, ident, None, "withdrawn", by)
    _settle(tx, row, EntryOutcome.CONSENT_WITHDRAWN, by)
    pair = (consents.c.pupil_id == row.pupil_id) & (consents.c.guardian_id == row.guardian_id)
    standing = select(consents.c.id).where(pair, consents.c.state != "withdrawn")
    for again in tx.connection.execute(standing).scalars().all():
        _change(tx, again, None, "withdrawn", by)


def read(tx: Transaction) -> list[Consent]:
    """All of them, newest last."""
    rows = tx.connection.execute(select(consents).order_by(consents.c.changed_at))
    return [Consent(r.id, r.pupil_id, r.guardian_id, r.state, r.given_on, r.recorded_by, r.confirmed_by) for r in rows]


def covers(tx: Transaction, pupil_id: str, guardian_id: str) -> bool:
    """Whether a confirmed consent of this pupil covers this guardian."""
    mine = (consents.c.pupil_id == pupil_id) & (consents.c.guardian_id == guardian_id)
    query = select(func.count()).select_from(consents).where(mine, consents.c.state == "confirmed")
    return tx.connection.execute(query).scalar_one() > 0


def awaited(tx: Transaction, pupil_id: str) -> str | None:
    """The id that the pupil's confirmed consent keeps free for a guardian who is not registered; the oldest of them."""
    free = select(consents.c.guardian_id).where(consents.c.pupil_id == pupil_id, AWAITS)
    return tx.connection.execute(free.order_by(consents.c.changed_at, consents.c.id)).scalars().first()


def follow(tx: Transaction, pupil_id: str, before: str, guardian_id: str) -> None:
    """What covered `before` covers this guardian: the same person under a new number, or the one it was kept for."""
    mine = (consents.c.pupil_id == pupil_id) & (consents.c.guardian_id == before)
    tx.connection.execute(update(consents).where(mine).values(guardian_id=guardian_id))


def _of_age_and_here(tx: Transaction, pupil_id: str, born: date) -> bool:
    leaves = pupil_due(tx, born, stays(tx, [pupil_id]).get(pupil_id, ()), consent=True)
    return is_adult(born, tx.today, tx.settings.retention.leap_day) and not leaves.has_come(tx.today)


def _settle(tx: Transaction, row: Row[Any], outcome: EntryOutcome, by: str) -> None:
    """Decide the open entries of sheets that proposed this consent."""
    mine = (entries.c.pupil_id == row.pupil_id) & (entries.c.guardian_id == row.guardian_id)
    waiting = select(entries.c.id, entries.c.submission_id).where(
        mine, entries.c.kind == "consent", entries.c.outcome == EntryOutcome.NEEDS_REVIEW.value
    )
    for entry in tx.connection.execute(waiting).all():
        values = {"outcome": outcome.value, "decided_at": tx.now, "decided_by": by, "held_until": None}
        tx.connection.execute(update(entries).where(entries.c.id == entry.id).values(**values))
        tx.connection.execute(delete(reasons).where(reasons.c.entry_id == entry.id))
        original_kept_until(tx, entry.submission_id)
        audit.write(tx, by, "entry_decided", entry.id, f"outcome={outcome.value} basis=steward")


def _change(tx: Transaction, ident: str, expected: str | None, state: str, by: str) -> Row[Any]:
    row = tx.connection.execute(select(consents).where(consents.c.id == ident)).one_or_none()
    if row is None or (expected and row.state != expected) or row.state == "withdrawn":
        raise UsageFault(
            "consent_state", f"there is no such {expected or 'standing'} consent", "see: foresatt consent list"
        )
    values: dict[str, object] = {"state": state, "changed_at": tx.now}
    if state == "confirmed":
        values["confirmed_by"] = by
    tx.connection.execute(update(consents).where(consents.c.id == ident).values(**values))
    worklist.refresh(tx, row.pupil_id)
    audit.write(tx, by, f"consent_{state}", ident)
    return row
