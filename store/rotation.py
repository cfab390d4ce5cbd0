"""Turning the keys: a new epoch, every live key rewrapped and every look-up value made anew, the old epoch destroyed.

Deleting a data key shreds nothing in a backup that holds it too; destroying the key that wraps it does. A rotation can
be interrupted anywhere: the next one goes on where it stood. Source: the facts on shredding by epoch.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select

from schemas.errors import NotReady
from store import audit, guardians
from store.bulk import update_keyed
from store.database import EPOCH, Store, Transaction
from store.sealing import DAMAGED
from store.tables import data_keys, store_info
from store.tables import guardians as guardian_rows

CHUNK: Final = 5_000

Watch = Callable[[int, int], None]
"""Called with (done, total)."""


def rotate(store: Store, by: str, watch: Watch = lambda done, total: None) -> dict[str, int]:
    """Begin a new epoch, or go on with one that was interrupted, and bring everything into it.

    Returns counts: `epoch`, `rewrapped`, `looked_up` (look-up values), `destroyed` (old epochs).
    """
    with store.read() as tx:
        waiting = _waiting(tx)
    if not waiting:
        store.keyring.begin_epoch()
    epoch = store.keyring.epoch
    with store.write() as tx:  # from here on every writer knows the new epoch before it looks anybody up
        stamped = tx.connection.execute(select(store_info.c.value).where(store_info.c.key == EPOCH))
        if stamped.scalar_one_or_none() != str(epoch):
            tx.connection.execute(delete(store_info).where(store_info.c.key == EPOCH))
            tx.connection.execute(insert(store_info).values(key=EPOCH, value=str(epoch)))
            audit.write(tx, by, "keys_rotated", None, f"epoch={epoch}")
        waiting = _waiting(tx)
    done = {"epoch": store.keyring.epoch, "rewrapped": 0, "looked_up": 0, "destroyed": 0}
    for name, step in (("rewrapped", _rewrap), ("looked_up", _look_up)):
        while count := _in_one_transaction(store, step):
            done[name] += count
            watch(done["rewrapped"] + done["looked_up"], waiting)
    done["destroyed"] = len(destroy_old(store, by))
    store.checkpoint()
    return done


def destroy_old(store: Store, by: str) -> list[int]:
    """Destroy the keys of epochs that ended more than the set number of days ago and that nothing needs any more."""
    ring, began = store.keyring, store.keyring.epochs
    limit = datetime.now(UTC) - timedelta(days=store.settings.keys.keep_old_days)
    with store.write() as tx:
        lowest = tx.connection.execute(select(func.min(data_keys.c.epoch))).scalar_one_or_none() or ring.epoch
        looked = guardian_rows.c.bucket_epoch > guardians.REDUCED
        used = tx.connection.execute(select(func.min(guardian_rows.c.bucket_epoch)).where(looked)).scalar_one_or_none()
        first = min(lowest, used or ring.epoch)
        ended = {epoch: min((at for e, at in began.items() if e > epoch), default=None) for epoch in began}
        for epoch in sorted(began):
            at = ended[epoch]
            if epoch >= first or at is None or at > limit:
                first = min(first, epoch)
                break
        gone = [epoch for epoch in sorted(began) if epoch < first]
        for epoch in gone:
            audit.write(tx, by, "key_destroyed", None, f"epoch={epoch}")
    if gone:
        ring.destroy_before(first)
    return gone


def status(store: Store) -> dict[str, object]:
    """What `foresatt keys status` tells: the epoch, its age in days, how many keys still wait for it, old epochs."""
    ring = store.keyring
    with store.read() as tx:
        keys = tx.connection.execute(select(func.count()).select_from(data_keys)).scalar_one()
        waiting = _waiting(tx)
    age = (datetime.now(UTC) - ring.epochs[ring.epoch]).days
    old = [{"epoch": epoch, "began": at} for epoch, at in sorted(ring.epochs.items()) if epoch != ring.epoch]
    return {"epoch": ring.epoch, "age_days": age, "data_keys": keys, "waiting": waiting, "old_epochs": old}


def _waiting(tx: Transaction) -> int:
    epoch = tx.keyring.epoch
    keys = select(func.count()).select_from(data_keys).where(data_keys.c.epoch != epoch)
    stale = guardian_rows.c.bucket_epoch.not_in((epoch, guardians.REDUCED))
    rows = select(func.count()).select_from(guardian_rows).where(stale)
    return int(tx.connection.execute(keys).scalar_one() + tx.connection.execute(rows).scalar_one())


def _in_one_transaction(store: Store, step: Callable[[Transaction], int]) -> int:
    with store.write() as tx:
        return step(tx)


def _rewrap(tx: Transaction) -> int:
    ring = tx.keyring
    query = select(data_keys.c.subject_id, data_keys.c.wrapped).where(data_keys.c.epoch != ring.epoch).limit(CHUNK)
    rows = [(row.subject_id, row.wrapped) for row in tx.connection.execute(query)]
    if not rows:
        return 0
    subjects = [subject for subject, _ in rows]
    fresh = ring.wrap(list(zip(subjects, ring.unwrap(rows), strict=True)))
    epochs = [ring.epoch] * len(rows)
    update_keyed(
        tx.connection,
        data_keys,
        ("subject_id",),
        ("wrapped", "epoch"),
        list(zip(subjects, fresh, epochs, strict=True)),
    )
    return len(rows)


def _look_up(tx: Transaction) -> int:
    epoch = tx.keyring.epoch
    stale = guardian_rows.c.bucket_epoch.not_in((epoch, guardians.REDUCED))
    columns = (guardian_rows.c.id, guardian_rows.c.number_ct, guardian_rows.c.row_version)
    rows = tx.connection.execute(select(*columns).where(stale).limit(CHUNK)).all()
    tx.vault.preload([row.id for row in rows])
    fresh = []
    for row in rows:
        try:
            number = tx.vault.open_text(row.id, "guardians.number", row.id, row.number_ct, row.row_version)
        except NotReady as fault:
            if fault.code not in DAMAGED:
                raise
            number = None  # one that does not open is found by nobody, in no epoch
        value = guardians.bucket(tx.keyring, number, epoch) if number else 0
        fresh.append((row.id, value, epoch if number else guardians.REDUCED))
    update_keyed(tx.connection, guardian_rows, ("id",), ("number_bucket", "bucket_epoch"), fresh)
    return len(fresh)
