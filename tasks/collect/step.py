"""The collect step: everything new at a source goes sealed into the ledger; then the source may be touched.

A source's copy is settled once its submission is decided (moved aside, or flagged and left where it is ordinary post),
and disposed of after the set number of days.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from sqlalchemy import exists, select, update

from schemas.errors import OutsideFault
from schemas.outcomes import OPEN, SubmissionOutcome
from store.database import Store, Transaction
from store.ledger import known, take_in
from store.tables import entries, sightings, submissions
from tasks.collect.channel import Channel, Fate


def collect(channel: Channel, store: Store, seen: Callable[[int], None] = lambda _: None) -> int:
    """Take in what is new; returns how many. `seen` is called with the count so far. Raises `OutsideFault` where the
    source fails; what was taken in before that stays."""
    count = 0
    for delivery in channel.deliveries(known(store, channel.name)):
        if take_in(store, delivery) is not None:
            count += 1
            seen(count)
    return count


def settle(channels: Sequence[Channel], store: Store) -> int:
    """Settle the sources' copies of what was decided; returns how many. Raises `OutsideFault` after the others where
    one cannot be reached."""
    by_name = {channel.name: channel for channel in channels}
    is_open = exists().where(entries.c.submission_id == submissions.c.id, entries.c.outcome.in_(OPEN)).label("is_open")
    with store.read() as tx:
        query = (
            select(sightings.c.id, sightings.c.channel, sightings.c.handle_ct, submissions.c.outcome, is_open)
            .join(submissions, submissions.c.id == sightings.c.submission_id)
            .where(
                sightings.c.settled_at.is_(None), sightings.c.handle_ct.is_not(None), submissions.c.state == "decided"
            )
        )
        waiting = [
            (row.id, row.channel, _handle(tx, row.id, row.handle_ct), _fate(row.outcome, row.is_open))
            for row in tx.connection.execute(query).all()
            if row.channel in by_name
        ]
    faults: list[OutsideFault] = []
    for ident, name, handle, fate in waiting:
        try:
            kept = by_name[name].settle(handle, fate)
        except OutsideFault as fault:  # one copy out of reach does not keep the others
            faults.append(fault)
            continue
        with store.write() as tx:
            _settled(tx, ident, kept if fate != "ordinary" else None)
    if faults:
        raise faults[0]
    return len(waiting)


def dispose(channels: Sequence[Channel], store: Store) -> int:
    """Delete the sources' copies whose days are over; returns how many. Raises as `settle` does."""
    by_name = {channel.name: channel for channel in channels}
    with store.read() as tx:
        query = select(sightings).where(sightings.c.dispose_on <= tx.today, sightings.c.handle_ct.is_not(None))
        due = [
            (row.id, row.channel, _handle(tx, row.id, row.handle_ct))
            for row in tx.connection.execute(query).all()
            if row.channel in by_name
        ]
    faults: list[OutsideFault] = []
    for ident, name, handle in due:
        try:
            by_name[name].dispose(handle)
        except OutsideFault as fault:
            faults.append(fault)
            continue
        with store.write() as tx:
            _forget(tx, ident)
    if faults:
        raise faults[0]
    return len(due)


def _fate(outcome: str, is_open: bool) -> Fate:
    if outcome == SubmissionOutcome.NOT_A_FORM:
        return "ordinary"
    return "person" if is_open or outcome == SubmissionOutcome.UNREADABLE else "taken"


def _handle(tx: Transaction, ident: str, sealed: bytes) -> str:
    return tx.vault.open(ident, "sightings.handle", ident, sealed).decode()


def _settled(tx: Transaction, ident: str, handle: str | None) -> None:
    if handle is None:
        _forget(tx, ident)
        this = sightings.c.id == ident
        tx.connection.execute(update(sightings).where(this).values(settled_at=tx.now))
        return
    sealed = tx.vault.seal_text(ident, "sightings.handle", ident, handle)
    values = {"settled_at": tx.now, "handle_ct": sealed, "dispose_on": _dispose_on(tx, ident)}
    tx.connection.execute(update(sightings).where(sightings.c.id == ident).values(**values))


def _dispose_on(tx: Transaction, ident: str) -> date | None:
    """At once where the sealed original is gone already (a refusal, an adult pupil), else after the set days."""
    days = tx.settings.retention.source_copy_days
    if days == "leave":
        return None
    query = (
        select(submissions.c.original_ct.is_not(None))
        .join(sightings, sightings.c.submission_id == submissions.c.id)
        .where(sightings.c.id == ident)
    )
    kept = tx.connection.execute(query).scalar_one()
    return tx.today + timedelta(days=days) if kept else tx.today


def _forget(tx: Transaction, ident: str) -> None:
    tx.vault.destroy(ident)
    tx.connection.execute(update(sightings).where(sightings.c.id == ident).values(handle_ct=None, dispose_on=None))
