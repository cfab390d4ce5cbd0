"""The ledger and the queue: what came in, sealed, and who is working on it.

Durable point 1 is `take_in_all`. The database is the queue: `claim` leases undecided rows, `finish` fences out whoever
lost the lease meanwhile. A submission that was in a crashed batch is next claimed alone, and only a lone claim counts
as an attempt.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as kept
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Table, and_, bindparam, case, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from schemas.documents import Delivery
from schemas.errors import NotReady, OutsideFault
from schemas.ids import new_id
from store.database import Store, Transaction
from store.entries import corrected
from store.keyring import KeyRing
from store.owner import is_dead
from store.sealing import DAMAGED
from store.tables import corrections, data_keys, sightings, submissions

SLACK: Final = timedelta(minutes=1)
"""How far two transactions' times may lie apart without the clock having been set."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A steward's value for one field, laid over what was read."""

    slot: int
    ord: int
    field: str
    value: str = kept(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One submission under our lease, opened; `lost` where what was sealed no longer opens."""

    id: str
    channel: str
    received_at: datetime
    content: bytes = kept(repr=False)
    media_type: str
    name: str = kept(repr=False)
    attempts: int
    alone: bool
    corrections: tuple[Correction, ...] = ()
    lost: bool = False


def source_digests(tx: Transaction, delivery: Delivery) -> tuple[bytes, bytes, bytes]:
    """(source key, source reference, content digest), keyed: nothing at the source can be recognised by them."""
    ref = f"{delivery.channel}|{delivery.source_ref}".encode()
    mac = tx.keyring.mac
    digest = mac("delivery", b"content|" + delivery.content)
    return (
        mac("delivery", b"key|" + ref + b"|" + digest),
        _reference(tx.keyring, delivery.channel, delivery.source_ref),
        digest,
    )


def _reference(keyring: KeyRing, channel: str, source_ref: str) -> bytes:
    """A source's reference, keyed (32 bytes); of a numbered one 8 tell the place and 8 the numbering."""
    ref = f"{channel}|{source_ref}".encode()
    whole = keyring.mac("delivery", b"ref|" + ref)
    parts = ref.split(b"\0")
    if len(parts) != 3:
        return whole
    place, numbering = (keyring.mac("delivery", b"place|" + b"\0".join(parts[:n])) for n in (1, 2))
    return place[:8] + numbering[:8] + whole[:16]


def known(store: Store, channel: str) -> Callable[[str], bool]:
    """Tells whether a delivery with this reference at its source was taken in before, by what the ledger knows now: one
    look for a mailbox of any size. What another run takes in meanwhile `take_in_all` still sees."""
    with store.read() as tx:
        query = select(sightings.c.source_ref).where(sightings.c.channel == channel)
        refs = set(tx.connection.execute(query).scalars())
    return lambda source_ref: _reference(store.keyring, channel, source_ref) in refs


def take_in(store: Store, delivery: Delivery) -> str | None:
    """`take_in_all` for one."""
    return take_in_all(store, [delivery])[0]


def take_in_all(store: Store, deliveries: Sequence[Delivery]) -> list[str | None]:
    """Durable point 1: sealed originals, read back, and their ledger rows, all of them in one transaction.

    Returns for each the new submission's id, or None where this very delivery is known (a quiet repeat).
    """
    with store.write() as tx:
        digests = [source_digests(tx, delivery) for delivery in deliveries]
        seen = set(tx.connection.execute(_SEEN, {"keys": [key for key, _, _ in digests]}).scalars())
        alike = set(tx.connection.execute(_ALIKE, {"digests": [digest for _, _, digest in digests]}).scalars())
        made: list[str | None] = []
        fresh = _Fresh(tx)
        for delivery, (key, ref, digest) in zip(deliveries, digests, strict=True):
            made.append(None)
            if key in seen:
                continue
            seen.add(key)
            if "\0" in delivery.source_ref and digest in alike:
                fresh.write()
                if same := _numbered_anew(tx, delivery, ref, digest):
                    fresh.sight(delivery, same, key, ref)
                    continue
            alike.add(digest)
            made[-1] = fresh.submit(delivery, key, ref, digest)
        fresh.write()
        return made


_SEEN: Final = select(sightings.c.source_key).where(sightings.c.source_key.in_(bindparam("keys", expanding=True)))
_ALIKE: Final = select(submissions.c.content_digest).where(
    submissions.c.content_digest.in_(bindparam("digests", expanding=True))
)
_ORIGINALS: Final = select(submissions.c.id, submissions.c.original_ct).where(
    submissions.c.id.in_(bindparam("ids", expanding=True))
)


class _Fresh:
    """Rows of what is taken in, until they are written together."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._submitted: dict[str, Delivery] = {}
        self._digests: dict[str, bytes] = {}
        self._sighted: list[tuple[str, str, Delivery, bytes, bytes]] = []

    def submit(self, delivery: Delivery, key: bytes, ref: bytes, digest: bytes) -> str:
        """A new submission and its sighting."""
        subject = new_id("S")
        self._submitted[subject] = delivery
        self._digests[subject] = digest
        self.sight(delivery, subject, key, ref)
        return subject

    def sight(self, delivery: Delivery, submission: str, key: bytes, ref: bytes) -> None:
        """A delivery of a submission."""
        self._sighted.append((new_id("I"), submission, delivery, key, ref))

    def write(self) -> None:
        """All that was gathered, sealed; then the originals are read back."""
        tx, seal = self._tx, self._tx.vault.seal
        # A handle has a key of its own: the source's copy may outlive the sealed original.
        handled = [ident for ident, _, delivery, _, _ in self._sighted if delivery.handle is not None]
        keys = tx.vault.new_keys([*self._submitted, *handled])
        self._insert(data_keys, [{"subject_id": one, "wrapped": key, "epoch": epoch} for one, key, epoch in keys])
        self._insert(
            submissions,
            [
                {
                    "id": subject,
                    "channel": told.channel,
                    "received_at": told.received_at,
                    "collected_at": tx.now,
                    "content_digest": self._digests[subject],
                    "original_ct": seal(subject, "submissions.original", subject, told.content),
                    "about_ct": seal(subject, "submissions.about", subject, _about(told)),
                }
                for subject, told in self._submitted.items()
            ],
        )
        self._insert(
            sightings,
            [
                {
                    "id": ident,
                    "submission_id": submission,
                    "channel": told.channel,
                    "source_key": key,
                    "source_ref": ref,
                    "seen_at": tx.now,
                    "handle_ct": tx.vault.seal_text(ident, "sightings.handle", ident, told.handle),
                }
                for ident, submission, told, key, ref in self._sighted
            ],
        )
        self._read_back()
        tx.vault.let_go([*self._submitted, *handled])
        self._submitted, self._digests, self._sighted = {}, {}, []

    def _insert(self, table: Table, rows: list[dict[str, object]]) -> None:
        if rows:
            self._tx.connection.execute(insert(table), rows)

    def _read_back(self) -> None:
        found = self._tx.connection.execute(_ORIGINALS, {"ids": list(self._submitted)}) if self._submitted else ()
        opened = {row.id: self._tx.vault.open(row.id, "submissions.original", row.id, row.original_ct) for row in found}
        if opened != {subject: delivery.content for subject, delivery in self._submitted.items()}:
            raise AssertionError("a sealed original did not read back")


def _about(told: Delivery) -> bytes:
    return json.dumps({"media_type": told.media_type, "name": told.name}).encode()


def _numbered_anew(tx: Transaction, delivery: Delivery, ref: bytes, digest: bytes) -> str | None:
    """The submission that this numbered delivery is, under another number: the same bytes at the same place that either
    came in the same second (a person put it back) or have no number in today's numbering yet."""
    query = (
        select(submissions.c.id, submissions.c.received_at, sightings.c.source_ref)
        .join(sightings, sightings.c.submission_id == submissions.c.id)
        .where(submissions.c.content_digest == digest, submissions.c.channel == delivery.channel)
        .order_by(submissions.c.collected_at)
    )
    came: dict[str, datetime] = {}
    seen: dict[str, list[bytes]] = {}
    for row in tx.connection.execute(query):
        came[row.id] = row.received_at
        seen.setdefault(row.id, []).append(row.source_ref)
    for ident, refs in seen.items():
        here = any(one[:8] == ref[:8] for one in refs)
        if here and (came[ident] == delivery.received_at or all(one[:16] != ref[:16] for one in refs)):
            return ident
    return None


def original(tx: Transaction, submission: str) -> bytes | None:
    """The sealed original, opened; None once it was destroyed."""
    query = select(submissions.c.original_ct).where(submissions.c.id == submission)
    sealed = tx.connection.execute(query).scalar_one()
    return None if sealed is None else tx.vault.open(submission, "submissions.original", submission, sealed)


def claim(store: Store, owner: str, limit: int, only: Sequence[str] = (), skip: Sequence[str] = ()) -> list[Claimed]:
    """Lease the next undecided submissions, oldest first: up to `limit` together, then one by one those that must go
    alone; `only` these ids where any are given, never one of `skip`."""
    with store.queue() as tx:
        batch, alone = _BATCH, _ALONE
        if only:
            batch, alone = (query.where(submissions.c.id.in_(only)) for query in (batch, alone))
        if skip:
            batch, alone = (query.where(submissions.c.id.not_in(skip)) for query in (batch, alone))
        rows = tx.connection.execute(batch, {"most": limit}).all()
        if not rows or rows[0].leased:
            _free_dead_leases(tx, database_now(tx))
        rows = rows or tx.connection.execute(alone).all()
        if not rows:
            return []
        until = _aware(rows[0].now) + timedelta(seconds=store.settings.intake.lease_seconds)
        tx.connection.execute(_LEASE, {"ids": [row.id for row in rows], "mine": owner, "until": until})
        return _open_all(tx, rows)


# Made once: most of what a statement costs is its making.
_LEASED: Final = submissions.c.state == "leased"
_OTHERS: Final = submissions.alias()
_FRESH: Final = (
    select(
        submissions,
        func.current_timestamp().label("now"),
        select(func.count()).select_from(_OTHERS).where(_OTHERS.c.state == "leased").label("leased"),
        select(data_keys.c.wrapped).where(data_keys.c.subject_id == submissions.c.id).label("wrapped"),
        select(func.count()).where(corrections.c.submission_id == submissions.c.id).label("laid"),
    )
    .where(submissions.c.state == "new")
    .order_by(submissions.c.received_at, submissions.c.collected_at)
    .with_for_update(skip_locked=True, of=submissions)
)
_BATCH: Final = _FRESH.where(~submissions.c.alone).limit(bindparam("most"))
_ALONE: Final = _FRESH.limit(1)
_LEASE: Final = (
    update(submissions)
    .where(submissions.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="leased",
        owner=bindparam("mine"),
        lease_until=bindparam("until"),
        attempts=submissions.c.attempts + case((submissions.c.alone, 1), else_=0),
    )
)
_OVERLAYS: Final = (
    select(corrections)
    .where(corrections.c.submission_id.in_(bindparam("ids", expanding=True)))
    .order_by(corrections.c.id)
)


def _open_all(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Claimed]:
    """Many at once: what stewards laid over them in one question, and only where there is anything."""
    tx.vault.take([(row.id, row.wrapped) for row in rows if row.wrapped is not None])
    overlays: dict[str, list[Row[Any]]] = {}
    if laid := [row.id for row in rows if row.laid]:
        for one in tx.connection.execute(_OVERLAYS, {"ids": laid}).all():
            overlays.setdefault(one.submission_id, []).append(one)
    return [_open_or_lost(tx, row, overlays.get(row.id, []), row.attempts + row.alone) for row in rows]


def _open(tx: Transaction, row: Row[Any], overlay: Sequence[Row[Any]], attempts: int) -> Claimed:
    told = json.loads(tx.vault.open(row.id, "submissions.about", row.id, row.about_ct)) if row.about_ct else {}
    sealed = row.original_ct
    return Claimed(
        id=row.id,
        channel=row.channel,
        received_at=row.received_at,
        content=b"" if sealed is None else tx.vault.open(row.id, "submissions.original", row.id, sealed),
        media_type=told.get("media_type", ""),
        name=told.get("name", ""),
        attempts=attempts,
        alone=row.alone,
        corrections=tuple(Correction(c.slot, c.ord, c.field, corrected(tx, c)) for c in overlay),
    )


def _open_or_lost(tx: Transaction, row: Row[Any], overlay: Sequence[Row[Any]], attempts: int) -> Claimed:
    try:
        return _open(tx, row, overlay, attempts)
    except NotReady as fault:
        if fault.code not in DAMAGED:  # a wrong key file is no one submission's fault
            raise
        return Claimed(row.id, row.channel, row.received_at, b"", "", "", attempts, row.alone, lost=True)


def _free_dead_leases(tx: Transaction, now: datetime) -> None:
    """Leases that ran out, or whose process is dead, go back, to be claimed alone from now on. One that ends later
    than any lease could means that the clock was set back: it is no reason to wait that much longer."""
    leased = select(submissions.c.id, submissions.c.owner, submissions.c.lease_until).where(
        submissions.c.state == "leased"
    )
    held = tx.connection.execute(leased.with_for_update(skip_locked=True)).all()
    latest = now + timedelta(seconds=tx.settings.intake.lease_seconds) + SLACK
    dead = {owner: is_dead(owner) for owner in {row.owner for row in held}}
    gone = [row.id for row in held if not now < row.lease_until <= latest or dead[row.owner]]
    for start in range(0, len(gone), 500):
        chunk = submissions.c.id.in_(gone[start : start + 500])
        tx.connection.execute(
            update(submissions).where(chunk).values(state="new", owner=None, lease_until=None, alone=True)
        )


@contextmanager
def renewing(store: Store, owner: str) -> Iterator[None]:
    """While this lasts, `owner`'s leases are renewed at half-time: a batch of scans may take longer than one lease."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(store.settings.intake.lease_seconds / 2):
            with contextlib.suppress(OutsideFault, SQLAlchemyError):  # the work itself finds out, and so does the fence
                _renew(store, owner)

    keeper = threading.Thread(target=renew, name="leases", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _renew(store: Store, owner: str) -> None:
    with store.queue() as tx:
        until = database_now(tx) + timedelta(seconds=store.settings.intake.lease_seconds)
        mine = and_(submissions.c.owner == owner, submissions.c.state == "leased")
        tx.connection.execute(update(submissions).where(mine).values(lease_until=until))


def finish(tx: Transaction, submission: str, owner: str, outcome: str) -> bool:
    """Mark a submission decided, in the caller's transaction; False where the lease is no longer ours."""
    told = {"this": submission, "mine": owner, "became": outcome, "now": tx.now}
    return tx.connection.execute(_FINISH, told).rowcount == 1


_FINISH: Final = (
    update(submissions)
    .where(submissions.c.id == bindparam("this"), submissions.c.owner == bindparam("mine"), _LEASED)
    .values(
        state="decided",
        outcome=bindparam("became"),
        owner=None,
        lease_until=None,
        alone=False,
        decided_at=bindparam("now"),
    )
)


def decided_before(tx: Transaction, ids: Sequence[str]) -> frozenset[str]:
    """Which of these were decided once already, so that entries, reasons or answers of theirs may be there."""
    return frozenset(tx.connection.execute(_DECIDED, {"ids": list(ids)}).scalars())


_DECIDED: Final = select(submissions.c.id).where(
    submissions.c.id.in_(bindparam("ids", expanding=True)), submissions.c.decided_at.is_not(None)
)


def release(store: Store, owner: str, ids: Sequence[str], *, alone: bool) -> None:
    """Give leases back undecided: `alone` after a fault of ours, not after a fault of the outside world, which does
    not count as an attempt either."""
    with store.queue() as tx:
        for submission in ids:
            mine = and_(submissions.c.id == submission, submissions.c.owner == owner, submissions.c.state == "leased")
            values: dict[str, object] = {"state": "new", "owner": None, "lease_until": None}
            if alone:
                values["alone"] = True
            else:
                spent = submissions.c.attempts > 0
                tx.connection.execute(
                    update(submissions).where(mine, spent).values(attempts=submissions.c.attempts - 1)
                )
            tx.connection.execute(update(submissions).where(mine).values(**values))


def reopen(tx: Transaction, submission: str) -> bool:
    """Put a decided submission back into the queue with its attempts reset (one that waits there already stays, as
    after a review that failed half-way); False where its original is gone or another run is working on it."""
    _free_dead_leases(tx, database_now(tx))
    there = and_(
        submissions.c.id == submission, submissions.c.state != "leased", submissions.c.original_ct.is_not(None)
    )
    values = {"state": "new", "attempts": 0, "alone": False}
    return tx.connection.execute(update(submissions).where(there).values(**values)).rowcount == 1


def undecided(store: Store) -> int:
    """How many submissions wait or are being worked on."""
    with store.read() as tx:
        waiting = or_(submissions.c.state == "new", submissions.c.state == "leased")
        return tx.connection.execute(select(func.count()).select_from(submissions).where(waiting)).scalar_one()


def database_now(tx: Transaction) -> datetime:
    """The database's clock: leases must not depend on which host's clock is wrong."""
    return _aware(tx.connection.execute(select(func.current_timestamp())).scalar_one())


def _aware(found: object) -> datetime:
    moment = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
