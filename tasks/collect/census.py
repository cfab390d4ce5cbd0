"""The daily count: what each source holds against what the ledger knows. A difference is an alarm.

Belongs here: the count. Does not belong here: mending a difference; a person looks, because something
is where nothing of ours has put it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from sqlalchemy import select

from store.database import Store
from store.ledger import known
from store.tables import sightings
from tasks.collect.channel import Channel

GRACE: Final = timedelta(hours=12)
"""Longer than any pause between two intakes: what came since may still be on its way in."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`unknown`: deliveries that no intake has taken in, or that lie among ours without being known. `gone`: copies
    that the ledger counts on and that are not there. Both must be 0."""

    unknown: int
    gone: int


@runtime_checkable
class Countable(Protocol):
    """A channel that can say what lies at its source."""

    def count(self, known: Callable[[str], bool], handles: Sequence[str], before: datetime) -> Counted:
        """The mails in the inbox from before `before` that are not known, and those in our folders that none of
        `handles` leads to; and the handles that lead nowhere."""
        ...


def census(channels: Sequence[Channel], store: Store) -> Counted:
    """Count every channel that can be counted. Raises `OutsideFault` where a source cannot be reached."""
    unknown = gone = 0
    for channel in channels:
        if not isinstance(channel, Countable):
            continue
        with store.read() as tx:
            held = sightings.c.handle_ct.is_not(None) & (sightings.c.channel == channel.name)
            rows = tx.connection.execute(select(sightings.c.id, sightings.c.handle_ct).where(held)).all()
            handles = [tx.vault.open(row.id, "sightings.handle", row.id, row.handle_ct).decode() for row in rows]
            before = tx.now - GRACE
        counted = channel.count(known(store, channel.name), handles, before)
        unknown += counted.unknown
        # With "leave" the copies are the school's own, to delete when it likes.
        gone += 0 if store.settings.retention.source_copy_days == "leave" else counted.gone
    return Counted(unknown, gone)
