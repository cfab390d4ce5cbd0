"""Guardians and their links to pupils: sealed, looked up by a truncated keyed bucket, kept no longer than a link.

A full keyed digest of an identity number is reversed in seconds by whoever gets the key, so the look-up value is 16
bits of it under the epoch's look-up key, and the few candidates are opened and compared. Only after sign-off, when the
number itself is let go, does the full keyed value remain, under the permanent key: it cannot be computed anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from schemas.ids import new_id
from store.bulk import insert_rows
from store.database import Transaction
from store.keyring import KeyRing
from store.tables import data_keys, guardians, links, outbox, pupils


@dataclass(frozen=True, slots=True)
class Guardian:
    """One guardian, opened. `number` is empty once it was reduced to its look-up value."""

    id: str
    name: str = field(repr=False)
    number: str = field(repr=False)
    mobile: str = field(repr=False)
    email: str = field(repr=False)
    number_mac: bytes | None = field(default=None, repr=False)
    arrived_at: datetime | None = field(default=None, compare=False)
    """When the form came that the link was made or last confirmed by; only where a pupil's guardians were asked for."""


REDUCED: Final = 0
"""The bucket's epoch where the number was reduced: its bucket is made of the permanent value."""


def _mac(tx: Transaction, number: str) -> bytes:
    return tx.keyring.mac("delivery", b"number|" + number.encode())


def bucket(keyring: KeyRing, number: str, epoch: int) -> int:
    """The 16-bit look-up value of a number in an epoch."""
    return int.from_bytes(keyring.lookup(b"number|" + number.encode(), epoch)[:2], "big")


def has_number(tx: Transaction, guardian: Guardian, number: str) -> bool:
    """Whether `guardian` is the one with this number, also after the number was reduced."""
    if not number:  # whose number was let go has none to compare
        return False
    return guardian.number == number or (guardian.number_mac is not None and guardian.number_mac == _mac(tx, number))


def read_guardian(tx: Transaction, guardian_id: str) -> Guardian | None:
    """One guardian, opened; None where there is none."""
    row = tx.connection.execute(_ONE, {"guardian": guardian_id}).one_or_none()
    return None if row is None else _opened(tx, row)


_ONE: Final = select(guardians).where(guardians.c.id == bindparam("guardian"))
_OF_PUPIL: Final = (
    select(guardians, links.c.arrived_at)
    .join(links, links.c.guardian_id == guardians.c.id)
    .where(links.c.pupil_id == bindparam("pupil"))
    .order_by(links.c.guardian_id)
)


def _opened(tx: Transaction, row: Row[Any]) -> Guardian:
    name, number, mobile, email = (
        tx.vault.open_text(row.id, f"guardians.{column}", row.id, sealed, row.row_version) or ""
        for column, sealed in (
            ("name", row.name_ct),
            ("number", row.number_ct),
            ("mobile", row.mobile_ct),
            ("email", row.email_ct),
        )
    )
    return Guardian(row.id, name, number, mobile, email, row.number_mac)


def find_by_number(tx: Transaction, number: str) -> Guardian | None:
    """The guardian with this number, wherever linked."""
    places = [(epoch, bucket(tx.keyring, number, epoch)) for epoch in tx.keyring.epochs]
    places.append((REDUCED, int.from_bytes(_mac(tx, number)[:2], "big")))
    fits = [(guardians.c.bucket_epoch == epoch) & (guardians.c.number_bucket == value) for epoch, value in places]
    query = select(guardians.c.id).where(or_(*fits))
    for ident in tx.connection.execute(query).scalars().all():
        guardian = read_guardian(tx, ident)
        if guardian is not None and has_number(tx, guardian, number):
            return guardian
    return None


def of_pupil(tx: Transaction, pupil_id: str) -> list[Guardian]:
    """The guardians linked to a pupil, suspended links included."""
    rows = tx.connection.execute(_OF_PUPIL, {"pupil": pupil_id}).all()
    return [replace(_opened(tx, row), arrived_at=row.arrived_at) for row in rows]


def preload(tx: Transaction, pupil_ids: Collection[str]) -> None:
    """Unwrap the keys of all who are linked to these pupils, before each is asked for."""
    query = select(links.c.guardian_id).where(links.c.pupil_id.in_(pupil_ids)).distinct()
    tx.vault.preload(tx.connection.execute(query).scalars().all())


def add(tx: Transaction, *, name: str, number: str, mobile: str, email: str) -> str:
    """A new guardian under a data key of their own; returns the id."""
    return add_many(tx, [(name, number, mobile, email)])[0]


def add_many(tx: Transaction, people: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """New guardians (name, number, mobile, e-mail), each under a data key of their own, by the database's quickest
    way; returns their ids in order."""
    idents = [new_id("G") for _ in people]
    epoch, now = tx.keyring.epoch, tx.now
    rows = []
    keys = tx.vault.new_keys(idents)
    for ident, (name, number, mobile, email) in zip(idents, people, strict=True):
        sealed = _sealed(tx, ident, 1, name=name, number=number, mobile=mobile, email=email)
        rows.append((ident, bucket(tx.keyring, number, epoch), epoch, 1, now, *sealed.values()))
    insert_rows(tx.connection, data_keys, ("subject_id", "wrapped", "epoch"), keys)
    columns = ("id", "number_bucket", "bucket_epoch", "row_version", "created_at")
    insert_rows(tx.connection, guardians, (*columns, "name_ct", "number_ct", "mobile_ct", "email_ct"), rows)
    tx.vault.let_go(idents if len(idents) > 1 else ())
    return idents


def change_contact(tx: Transaction, guardian: Guardian, *, mobile: str, email: str, name: str = "") -> None:
    """Store new contact data; the row version goes up, so that the old value cannot be put back."""
    _rewrite(tx, replace(guardian, name=name or guardian.name), number=guardian.number, mobile=mobile, email=email)


def change_number(tx: Transaction, guardian: Guardian, number: str) -> None:
    """The same person under a new number, as the register tells it: stored, and found by it from now on."""
    _rewrite(tx, guardian, number=number, mobile=guardian.mobile, email=guardian.email)
    epoch = tx.keyring.epoch
    place = {"number_bucket": bucket(tx.keyring, number, epoch), "bucket_epoch": epoch}
    tx.connection.execute(update(guardians).where(guardians.c.id == guardian.id).values(**place))


def numbers_of(tx: Transaction, pupil_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(pupil, number) of the guardians of many pupils, as far as their numbers are kept."""
    query = (
        select(links.c.pupil_id, guardians.c.id, guardians.c.number_ct, guardians.c.row_version)
        .join(guardians, guardians.c.id == links.c.guardian_id)
        .where(links.c.pupil_id.in_(pupil_ids), guardians.c.number_ct.is_not(None))
    )
    rows = tx.connection.execute(query).all()
    tx.vault.preload(row.id for row in rows)
    found = []
    for row in rows:
        told = tx.vault.open_text(row.id, "guardians.number", row.id, row.number_ct, row.row_version)
        found.append((row.pupil_id, told or ""))
    tx.vault.let_go(row.id for row in rows)
    return found


def reduce_number(tx: Transaction, guardian: Guardian) -> None:
    """Let go of the number and keep only its keyed look-up value. The person gets a new data key, so that copies of
    the old row are dead too."""
    if not guardian.number:
        return
    mac = _mac(tx, guardian.number)
    mine = (outbox.c.subject_id == guardian.id) & outbox.c.payload_ct.is_not(None)
    waiting = {
        row.id: tx.vault.open(guardian.id, "outbox.payload", row.id, row.payload_ct)
        for row in tx.connection.execute(select(outbox.c.id, outbox.c.payload_ct).where(mine)).all()
    }
    tx.vault.destroy(guardian.id)
    tx.vault.new_key(guardian.id)
    for ident, payload in waiting.items():
        sealed = tx.vault.seal(guardian.id, "outbox.payload", ident, payload)
        tx.connection.execute(update(outbox).where(outbox.c.id == ident).values(payload_ct=sealed))
    _rewrite(tx, guardian, number="", mobile=guardian.mobile, email=guardian.email)
    place = {"number_mac": mac, "number_bucket": int.from_bytes(mac[:2], "big"), "bucket_epoch": REDUCED}
    tx.connection.execute(update(guardians).where(guardians.c.id == guardian.id).values(**place))


def link(tx: Transaction, pupil_id: str, guardian_id: str, *, basis: str, submission: str, arrived: datetime) -> None:
    """Tie a guardian to a pupil; the due date is set by `store.due_dates.refresh_due`."""
    values = {"pupil_id": pupil_id, "guardian_id": guardian_id, "basis": basis, "submission_id": submission}
    shielded = tx.connection.execute(select(pupils.c.shielded).where(pupils.c.id == pupil_id)).scalar_one_or_none()
    suspended = "by_school" if shielded else None  # it may have become so since the decision
    tx.connection.execute(insert(links).values(**values, arrived_at=arrived, suspended=suspended))


def suspend(tx: Transaction, pupil_id: str, guardian_id: str, why: str | None) -> None:
    """Suspend a link (no export, no ADD line), or let it live again with None."""
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    tx.connection.execute(update(links).where(this).values(suspended=why))


def mark_due(tx: Transaction, pupil_id: str, guardian_id: str, why: str) -> None:
    """The link rests from now on and is due today; the erasure follows."""
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    tx.connection.execute(update(links).where(this).values(suspended=why, due_on=tx.today, due_reason=why))


def unlink(tx: Transaction, pupil_id: str, guardian_id: str) -> str | None:
    """Delete the link; returns the guardian's id where that was the last one (the guardian must go too)."""
    tx.connection.execute(delete(links).where(links.c.pupil_id == pupil_id, links.c.guardian_id == guardian_id))
    rest = tx.connection.execute(select(links.c.pupil_id).where(links.c.guardian_id == guardian_id).limit(1)).first()
    return guardian_id if rest is None else None


def _rewrite(tx: Transaction, guardian: Guardian, *, number: str, mobile: str, email: str) -> None:
    version = (
        tx.connection.execute(select(guardians.c.row_version).where(guardians.c.id == guardian.id)).scalar_one() + 1
    )
    sealed = _sealed(tx, guardian.id, version, name=guardian.name, number=number, mobile=mobile, email=email)
    tx.connection.execute(update(guardians).where(guardians.c.id == guardian.id).values(row_version=version, **sealed))


def _sealed(tx: Transaction, ident: str, version: int, **fields: str) -> dict[str, bytes | None]:
    return {f"{k}_ct": tx.vault.seal_text(ident, f"guardians.{k}", ident, v, version) for k, v in fields.items()}
