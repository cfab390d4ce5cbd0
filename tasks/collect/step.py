"""The collect step: everything new at a source goes sealed into the ledger; then the source may be touched.

A source's copy is settled once its submission is decided (moved aside, or flagged and left where it is ordinary post),
and disposed of after the set number of days.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, exists, select, update

from schemas.documents import Delivery
from schemas.errors import OutsideFault
from schemas.outcomes import OPEN, SubmissionOutcome
from store.database import Store, Transaction
from store.ledger import known, take_in_all
from store.tables import entries, sightings, submissions
from tasks.collect.channel import Channel, Fate

TOGETHER: Final = 50
"""Deliveries that are taken in, and copies that are settled, in one transaction; a crash repeats at most so many."""
TOGETHER_BYTES: Final = 8_000_000


def collect(channel: Channel, store: Store, seen: Callable[[int], None] = lambda _: None) -> int:
    """Take in what is new; returns how many. `seen` is called with the count so far. Raises `OutsideFault` where the
    source fails; what was taken in before that stays."""
    count = 0
    failed: list[Exception] = []
    for some in _together(channel.deliveries(known(store, channel.name)), failed):
        for made in _taken_in(store, some):
            if made is not None:
                count += 1
                seen(count)
    if failed:
        raise failed[0]
    return count


def _together(deliveries: Iterator[Delivery], failed: list[Exception]) -> Iterator[list[Delivery]]:
    """Deliveries in handfuls that are committed at once; one before the source failed is handed on all the same."""
    some: list[Delivery] = []
    try:
        for delivery in deliveries:
            some.append(delivery)
            if len(some) == TOGETHER or sum(len(one.content) for one in some) > TOGETHER_BYTES:
                yield some
                some = []
    except Exception as fault:
        failed.append(fault)
    if some:
        yield some


def _taken_in(store: Store, some: Sequence[Delivery]) -> Iterator[str | None]:
    """A handful, or one by one where that fails: what is wrong with one keeps none of those before it out."""
    try:
        yield from take_in_all(store, some)
    except Exception:
        if len(some) == 1:
            raise
        for one in some:
            yield from take_in_all(store, [one])


def settle(channels: Sequence[Channel], store: Store) -> int:
    """Settle the sources' copies of what was decided; returns how many. Raises `OutsideFault` after the others where
    one cannot be reached."""
    by_name: dict[str, Channel] = {channel.name: channel for channel in channels}
    waiting = (
        select(sightings.c.id)
        .join(submissions, submissions.c.id == sightings.c.submission_id)
        .where(sightings.c.settled_at.is_(None), sightings.c.handle_ct.is_not(None), submissions.c.state == "decided")
        .where(sightings.c.channel.in_(list(by_name)))
    )
    with store.read() as tx:  # ids alone: a mailbox may hold years
        ids = tx.connection.execute(waiting).scalars().all()
    faults: list[OutsideFault] = []
    for start in range(0, len(ids), TOGETHER):
        _settle_some(store, by_name, ids[start : start + TOGETHER], faults)
    if faults:
        raise faults[0]
    return len(ids)


def _settle_some(store: Store, by_name: Mapping[str, Channel], ids: Sequence[str], faults: list[OutsideFault]) -> None:
    """Settle a handful of copies; adds to `faults` those that are out of reach, which do not keep the others."""
    with store.read() as tx:
        tx.vault.preload(ids)
        rows = tx.connection.execute(_UNSETTLED, {"ids": list(ids)}).all()
        some = [row for row in rows if tx.vault.has_key(row.id)]  # another run may have settled one meanwhile
        handles = [_handle(tx, row.id, row.handle_ct) for row in some]
    moved: dict[str, str | None] = {}
    for row, handle in zip(some, handles, strict=True):
        fate = _fate(row.outcome, row.is_open)
        try:
            kept = by_name[row.channel].settle(handle, fate)
        except OutsideFault as fault:
            faults.append(fault)
            continue
        moved[row.id] = kept if fate != "ordinary" else None
    if moved:
        with store.write() as tx:
            _settled(tx, moved)


_UNSETTLED: Final = (
    select(
        sightings.c.id,
        sightings.c.channel,
        sightings.c.handle_ct,
        submissions.c.outcome,
        exists()
        .where(entries.c.submission_id == submissions.c.id, entries.c.outcome.in_([one.value for one in OPEN]))
        .label("is_open"),
    )
    .join(submissions, submissions.c.id == sightings.c.submission_id)
    .where(sightings.c.id.in_(bindparam("ids", expanding=True)))
    .where(sightings.c.settled_at.is_(None), sightings.c.handle_ct.is_not(None))
)


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


def _settled(tx: Transaction, moved: Mapping[str, str | None]) -> None:
    """Note where each source's copy lies now; one of None is left to its source."""
    for ident in [ident for ident, handle in moved.items() if handle is None]:
        _forget(tx, ident)
    kept = {ident: handle for ident, handle in moved.items() if handle is not None}
    tx.vault.preload(kept)
    days = tx.settings.retention.source_copy_days
    whole = {row.id: row.whole for row in tx.connection.execute(_WHOLE, {"ids": list(kept)})} if kept else {}
    rows: list[dict[str, object]] = []
    for ident, handle in moved.items():
        sealed = tx.vault.seal_text(ident, "sightings.handle", ident, handle) if handle is not None else None
        # At once where the sealed original is gone already (a refusal, an adult pupil), else after the set days.
        last = None if days == "leave" or sealed is None else tx.today + timedelta(days=days if whole[ident] else 0)
        rows.append({"this": ident, "now": tx.now, "handle": sealed, "last": last})
    tx.connection.execute(_SETTLE, rows)


_WHOLE: Final = (
    select(sightings.c.id, submissions.c.original_ct.is_not(None).label("whole"))
    .join(submissions, submissions.c.id == sightings.c.submission_id)
    .where(sightings.c.id.in_(bindparam("ids", expanding=True)))
)
_SETTLE: Final = (
    update(sightings)
    .where(sightings.c.id == bindparam("this"))
    .values(settled_at=bindparam("now"), handle_ct=bindparam("handle"), dispose_on=bindparam("last"))
)


def _forget(tx: Transaction, ident: str) -> None:
    tx.vault.destroy(ident)
    tx.connection.execute(update(sightings).where(sightings.c.id == ident).values(handle_ct=None, dispose_on=None))
