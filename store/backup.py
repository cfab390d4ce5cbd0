"""The whole store from one database to another: moved, backed up, put back.

A backup is an SQLite file of the same tables, whichever database it was taken from: sealed values stay sealed, and the
keys and the deletion ledger are not in it. Putting one back replays the deletion ledger in the transaction that does
it, so that nobody ever reads what was erased since. Does not belong here: where backups are kept and for how long.
"""

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, delete, func, inspect, select
from sqlalchemy.exc import DatabaseError

from schemas.errors import NotReady, SafetyRefusal, UsageFault
from schemas.settings import Settings
from store import audit, audit_guard, audit_heads
from store.bulk import insert_rows, reset_sequence
from store.database import Store
from store.engines import READ, make_engine, server_url
from store.erasure import note_replayed, replay_everything
from store.home import private_write
from store.migrate import is_current, upgrade
from store.tables import data_keys, metadata, store_info

CHUNK: Final = 2_000

Watch = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was carried over: rows by table, and how many subjects were erased anew on the way."""

    rows: dict[str, int]
    erased: int = 0


def copy_to(store: Store, url: str, settings: Settings, watch: Watch = lambda done, total: None) -> Moved:
    """Copy the whole store into an empty PostgreSQL database, and compare every row. The store itself is not changed.

    Raises `UsageFault` where the database is not empty, `NotReady` where a row arrived other than it left.
    """
    target = make_engine(server_url(url, settings.store.password_env))
    try:
        return Moved(_carry(store, target, watch))
    finally:
        target.dispose()


def backup(store: Store, file: Path, watch: Watch = lambda done, total: None) -> Moved:
    """The whole store as it stands now, into a new SQLite file (0600), compared row by row."""
    private_write(file, b"")
    target = make_engine(file)
    try:
        moved = Moved(_carry(store, target, watch))
    except BaseException:
        target.dispose()
        for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)
        raise
    _close(target)
    return moved


def restore(store: Store, file: Path, by: str, watch: Watch = lambda done, total: None) -> Moved:
    """Put a backup in the store's place, and erase again what the deletion ledger says, in one transaction.

    The store must be at this release's tables (an emptied one too); the backup may be an older release's. Raises
    `SafetyRefusal` for a backup of another environment, `UsageFault` for a file that is none.
    """
    with _opened(store, file) as backed:
        _refuse_another_environment(store, backed)
        _refuse_a_dead_one(store, backed)
        with store.write() as tx:
            audit_guard.lift(tx.connection)
            for table in reversed(metadata.sorted_tables):
                tx.connection.execute(delete(table))
            rows = _transfer(backed, tx.connection, watch)
            audit_guard.guard(tx.connection)
            head = audit.head(tx)
            carried_out = replay_everything(store, tx)
            audit.write(tx, by, "store_restored", None, f"rows={sum(rows.values())} erased={carried_out.erased}")
    note_replayed(store, carried_out)
    store.checkpoint()
    if head is not None:
        audit_heads.append(store, head, restored=True)
    audit_heads.export(store)
    return Moved(rows, carried_out.erased)


@contextmanager
def _opened(store: Store, file: Path) -> Iterator[Connection]:
    """A copy of a backup, brought to this release's tables; the file itself is only read."""
    try:
        if file.open("rb").read(16) != b"SQLite format 3\0":
            raise ValueError
        copied = store.home.database.parent / f".restore-{secrets.token_hex(8)}.db"
        private_write(copied, b"")
        shutil.copyfile(file, copied)
    except (OSError, ValueError):
        raise UsageFault("no_backup", "there is no such backup", "name a file that `store backup` made") from None
    source = make_engine(copied)
    try:
        if not inspect(source).has_table("alembic_version"):
            raise UsageFault("no_backup", "this file is no backup of a store", "name one that `store backup` made")
        upgrade(source)
        with source.connect().execution_options(mode=READ) as connection:
            yield connection
    except DatabaseError:
        raise NotReady("backup_damaged", "the backup is damaged", "take an older one") from None
    finally:
        source.dispose()
        for end in ("", "-wal", "-shm"):
            copied.with_name(copied.name + end).unlink(missing_ok=True)


def _refuse_another_environment(store: Store, backed: Connection) -> None:
    query = select(store_info.c.value).where(store_info.c.key == "environment")
    if backed.execute(query).scalar_one_or_none() != store.settings.environment:
        raise SafetyRefusal("wrong_environment", "the backup is of another environment", "use the home it belongs to")


def _refuse_a_dead_one(store: Store, backed: Connection) -> None:
    needed = set(backed.execute(select(data_keys.c.epoch).distinct()).scalars())
    if not needed <= set(store.keyring.epochs):
        raise NotReady(
            "kek_destroyed", "the backup's key epoch was destroyed: it cannot be read any more", "that is meant"
        )


def _carry(store: Store, target: Engine, watch: Watch) -> dict[str, int]:
    """One consistent picture into an empty database, then both sides compared."""
    if inspect(target).get_table_names():
        raise UsageFault("not_empty", "the database there is not empty", "name an empty one")
    upgrade(target)
    with store.read() as tx:
        with target.begin() as there:
            rows = _transfer(tx.connection, there, watch)
        with target.connect().execution_options(mode=READ) as there:
            wrong = [t.name for t in metadata.sorted_tables if _digest(tx.connection, t) != _digest(there, t)]
    if wrong:
        raise NotReady("copy_differs", f"rows differ after copying: {', '.join(wrong)}", "empty the target, try again")
    return rows


def _transfer(source: Connection, target: Connection, watch: Watch) -> dict[str, int]:
    counts = {t.name: source.execute(select(func.count()).select_from(t)).scalar_one() for t in metadata.sorted_tables}
    done, total = 0, sum(counts.values())
    for table in metadata.sorted_tables:
        rows = _rows(source, table)
        insert_rows(target, table, [column.name for column in table.columns], rows)
        reset_sequence(target, table)
        done += counts[table.name]
        watch(done, total)
    return counts


def _rows(connection: Connection, table: Table) -> Iterator[Any]:
    """Every row in the order of its key; memory is flat."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=CHUNK)
    yield from connection.execute(query)


def _digest(connection: Connection, table: Table) -> tuple[int, bytes]:
    """How many rows, and one digest over each of them, whichever database they lie in and however it sorts text."""
    count, total = 0, 0
    for row in connection.execute(select(table).execution_options(yield_per=CHUNK)):
        told = hashlib.sha256(repr(tuple(row)).encode()).digest()
        count, total = count + 1, (total + int.from_bytes(told, "big")) % 2**256
    return count, total.to_bytes(32, "big")


def _close(engine: Engine) -> None:
    """Everything into the one file."""
    with engine.connect() as connection:
        connection.rollback()
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        raw.execute("PRAGMA journal_mode=DELETE").fetchall()
    engine.dispose()


def migrate(store: Store) -> bool:
    """Bring the store to this release's tables; True where it was not there yet."""
    if is_current(store.engine):
        return False
    upgrade(store.engine)
    return True
