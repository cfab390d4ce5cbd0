"""The audit chain's newest row, written down every night at a place of its own: what a cut tail is found by.

One line each: sequence number, seal in hex, time, and `restored` where the store was put back to it. The place is only
worth something where the database's owner cannot write: another host, or storage that only appends.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from schemas.errors import NotReady, OutsideFault
from store import audit
from store.database import Store


def file(store: Store) -> Path:
    """Where the heads are written."""
    return store.settings.audit.head_file or store.home.heads


def export(store: Store) -> int | None:
    """Append the newest row's number and seal, unless the last line says it already; returns its number."""
    with store.read() as tx:
        newest = audit.head(tx)
    if newest is None:
        return None
    written = read(store)
    if not written or (written[-1].seq, written[-1].mac) != (newest.seq, newest.mac):
        append(store, newest)
    return newest.seq


def append(store: Store, newest: audit.Head, *, restored: bool = False) -> None:
    """Add a line, synced. Raises `OutsideFault` where it cannot be written."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = f"{newest.seq} {newest.mac.hex()} {now}{' restored' if restored else ''}\n"
    try:
        descriptor = os.open(file(store), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        why = "the audit's newest row could not be written down"
        raise OutsideFault("audit_head", why, "check audit.head_file") from None


def read(store: Store) -> list[audit.Head]:
    """Every head that was written down, oldest first; a last line that a crash cut short is left out."""
    try:
        lines = file(store).read_text(encoding="ascii").split("\n")[:-1]
        pieces = [line.split() for line in lines if line]
        return [audit.Head(int(p[0]), bytes.fromhex(p[1]), "restored" in p[3:]) for p in pieces]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, IndexError):
        raise NotReady("audit_heads", "the list of audit heads cannot be read", "look at audit.head_file") from None
