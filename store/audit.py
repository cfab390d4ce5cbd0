"""The audit chain: who did what to which id, with a code, never a value; each row keyed to the one before it.

It outlives every person in it, so nothing about pupils or guardians stands here; stewards by staff id.
"""

import json
import re
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from schemas.errors import UsageFault
from store.database import Transaction
from store.tables import audit

RULES: Final = "rules"
"""The actor of what no person decided."""
STAFF: Final = re.compile(r"[a-z][a-z0-9._-]{0,39}")
DETAIL: Final = re.compile(r"[A-Za-z0-9_:,=./ -]{0,200}")


def staff(name: str) -> str:
    """A steward's staff id. Raises `UsageFault` for anything that could be a number or a sentence."""
    if not STAFF.fullmatch(name) or sum(c.isdigit() for c in name) > 6:
        raise UsageFault(
            "staff_id", "a staff id is a short word of small letters", "use the same id as in your user list"
        )
    return name


def write(tx: Transaction, actor: str, action: str, subject: str | None = None, detail: str = "") -> None:
    """Append one row in the caller's transaction. `detail` holds codes and counts only."""
    if not DETAIL.fullmatch(detail):
        raise ValueError("an audit detail holds codes only")
    last = tx.connection.execute(select(audit.c.seq, audit.c.mac).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    seq, prev = (last.seq + 1, last.mac) if last else (1, bytes(32))
    at = tx.now
    row = {
        "seq": seq,
        "at": at,
        "actor": actor,
        "action": action,
        "subject_id": subject,
        "detail": detail,
        "prev": prev,
    }
    mac = tx.keyring.mac("audit", prev + _canonical(seq, at, actor, action, subject, detail))
    tx.connection.execute(insert(audit).values(**row, mac=mac))


def verify(tx: Transaction) -> int | None:
    """None where the chain holds, else the sequence number of the first row that does not."""
    prev, expected = bytes(32), 1
    for row in tx.connection.execute(select(audit).order_by(audit.c.seq)):
        told = _canonical(row.seq, row.at, row.actor, row.action, row.subject_id, row.detail)
        if row.seq != expected or row.prev != prev or row.mac != tx.keyring.mac("audit", prev + told):
            return int(row.seq)
        prev, expected = row.mac, expected + 1
    return None


def _canonical(seq: int, at: datetime, actor: str, action: str, subject: str | None, detail: str) -> bytes:
    return json.dumps([seq, at.isoformat(), actor, action, subject, detail], separators=(",", ":")).encode()
