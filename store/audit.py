"""The audit chain: who did what to which id, with a code, never a value; each row keyed to the one before it.

It outlives every person in it, so nothing about pupils or guardians stands here; stewards by staff id.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, insert, select

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
    last = tx.chain[0] if tx.chain else head(tx)  # whoever writes is alone
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
    tx.connection.execute(_APPEND, row | {"mac": mac})
    tx.chain[:] = [Head(seq, mac)]


# Made once: most of what a statement costs is its making.
_NEWEST: Final = select(audit.c.seq, audit.c.mac).order_by(audit.c.seq.desc()).limit(1)
_APPEND: Final = insert(audit)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row at some time, as it was written down elsewhere. `restored`: the chain was put back to this row."""

    seq: int
    mac: bytes
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold, and what was done to that row as far as it can be told: `changed` (or forged),
    `removed`, `inserted`, `cut` (it and all after it are gone)."""

    seq: int
    what: Literal["changed", "removed", "inserted", "cut"]


def head(tx: Transaction) -> Head | None:
    """The newest row; None where nothing was written yet."""
    row = tx.connection.execute(_NEWEST).one_or_none()
    return Head(row.seq, row.mac) if row else None


def read(tx: Transaction, subjects: Sequence[str] = (), last: int = 50) -> list[Row[Any]]:
    """The newest `last` rows (about these ids, where any are given), oldest first."""
    query = select(audit).order_by(audit.c.seq.desc()).limit(last)
    if subjects:
        query = query.where(audit.c.subject_id.in_(subjects))
    return list(tx.connection.execute(query).all())[::-1]


def verify(tx: Transaction, heads: Sequence[Head] = ()) -> Break | None:
    """None where the whole chain holds and every head that was written down lies on it, else the first break.

    Memory is flat. A chain that lost its newest rows verifies by itself: only `heads`, kept elsewhere, tell.
    """
    known = _standing(heads)
    prev, expected = bytes(32), 1
    rows = select(audit).order_by(audit.c.seq).execution_options(yield_per=5_000)
    for row in tx.connection.execute(rows):
        if row.seq != expected:
            return Break(expected, "removed")
        if row.prev != prev or row.mac != _mac(tx, row, prev, row.seq):
            return Break(row.seq, _what(tx, row, prev))
        if known.get(row.seq, row.mac) != row.mac:
            return Break(row.seq, "changed")
        prev, expected = row.mac, expected + 1
    return Break(expected, "cut") if any(seq >= expected for seq in known) else None


def _standing(heads: Sequence[Head]) -> dict[int, bytes]:
    """seq -> mac, of the heads that a later restore has not made void."""
    known: dict[int, bytes] = {}
    for one in heads:
        if one.restored:
            known = {seq: mac for seq, mac in known.items() if seq <= one.seq}
        known[one.seq] = one.mac
    return known


def _what(tx: Transaction, row: Row[Any], prev: bytes) -> Literal["changed", "removed", "inserted"]:
    """Rows can be numbered anew, but then their own seal still knows the number they had."""
    if row.mac == _mac(tx, row, row.prev, row.seq + 1):
        return "removed"
    after = tx.connection.execute(select(audit).where(audit.c.seq == row.seq + 1)).one_or_none()
    if after is not None and after.prev == prev and after.mac == _mac(tx, after, prev, row.seq):
        return "inserted"
    return "changed"


def _mac(tx: Transaction, row: Row[Any], prev: bytes, seq: int) -> bytes:
    told = _canonical(seq, row.at, row.actor, row.action, row.subject_id, row.detail)
    return tx.keyring.mac("audit", prev + told)


def _canonical(seq: int, at: datetime, actor: str, action: str, subject: str | None, detail: str) -> bytes:
    return json.dumps([seq, at.isoformat(), actor, action, subject, detail], separators=(",", ":")).encode()
