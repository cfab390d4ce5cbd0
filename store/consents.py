"""Consents to extend: given by the pupil, one row for each guardian covered, valid only once a steward confirmed it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from schemas.errors import UsageFault
from schemas.ids import new_id
from store import audit, worklist
from store.database import Transaction
from store.tables import consents, links, pupils


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent; ids and dates only."""

    id: str
    pupil_id: str
    guardian_id: str
    state: str
    given_on: date
    recorded_by: str
    confirmed_by: str | None


def record(tx: Transaction, pupil_id: str, guardian_id: str, by: str) -> str:
    """A pending consent. The pupil must be 17 and the guardian linked to them (`UsageFault` otherwise)."""
    born = tx.connection.execute(select(pupils.c.born).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    linked = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    if born is None or tx.connection.execute(select(links.c.basis).where(linked)).first() is None:
        raise UsageFault("not_linked", "no such guardian is linked to such a pupil", "see: foresatt consent list")
    if (born.year + 17, born.month, born.day) > (tx.today.year, tx.today.month, tx.today.day):
        raise UsageFault("too_young", "a pupil can consent from the 17th birthday", "ask again then")
    ident = new_id("C")
    values = {"pupil_id": pupil_id, "guardian_id": guardian_id, "state": "pending", "given_on": tx.today}
    tx.connection.execute(insert(consents).values(id=ident, recorded_by=by, changed_at=tx.now, **values))
    audit.write(tx, by, "consent_recorded", ident)
    return ident


def confirm(tx: Transaction, ident: str, by: str) -> None:
    """A named steward has confirmed it with the pupil: from now on it counts."""
    _change(tx, ident, "pending", "confirmed", by)


def withdraw(tx: Transaction, ident: str, by: str) -> None:
    """The pupil takes it back, however often it was recorded: the due date falls back to the 18th birthday."""
    row = _change(tx, ident, None, "withdrawn", by)
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
