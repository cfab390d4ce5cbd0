"""A guardian's name and contact, changed on somebody's word: stored, told to the contact known before, and put on the
work list.

Does not belong here: whose word counts (`tasks/load`, `console/person`), and the number, which is never just changed.
"""

import json

from sqlalchemy import insert, select

from schemas.ids import new_id
from store import guardians, worklist
from store.database import Transaction
from store.guardians import Guardian
from store.tables import outbox


def change(tx: Transaction, guardian: Guardian, changes: dict[str, str]) -> None:
    """Store `changes` (name, mobile, email), tell the contact known before, and make CHANGE lines."""
    tell(tx, guardian, "contact_changed", f"contact_changed:{guardian.id}:{tx.now.isoformat()}")
    new = {"name": guardian.name, "mobile": guardian.mobile, "email": guardian.email} | changes
    guardians.change_contact(tx, guardian, **new)
    worklist.contact_changed(tx, guardian.id)


def tell(tx: Transaction, guardian: Guardian, kind: str, dedup_key: str) -> None:
    """Queue a message to the contact known *before* this form, sealed with the guardian and gone with them."""
    if tx.connection.execute(select(outbox.c.id).where(outbox.c.dedup_key == dedup_key)).first():
        return
    ident = new_id("O")
    told = json.dumps({"mobile": guardian.mobile, "email": guardian.email}).encode()
    sealed = tx.vault.seal(guardian.id, "outbox.payload", ident, told)
    values = {"dedup_key": dedup_key, "kind": kind, "subject_id": guardian.id, "payload_ct": sealed}
    tx.connection.execute(insert(outbox).values(id=ident, made_at=tx.now, due_on=tx.today, **values))
