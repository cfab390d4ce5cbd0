"""Opening the store: the engine with its guards, transactions, and the deletion ledger beside it.

Every write is one BEGIN IMMEDIATE transaction (SQLAlchemy's default silently lost updates on SQLite), every
connection deletes securely, and no exception carries bind values.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from schemas.errors import NotReady, OutsideFault, SafetyRefusal
from schemas.settings import Settings
from store.config import House
from store.home import Home
from store.keyring import FileKeyRing, KeyRing
from store.sealing import Vault
from store.tables import ledger_metadata, store_info

OSLO: Final = ZoneInfo("Europe/Oslo")
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
)


def make_engine(path: Path) -> Engine:
    """An SQLite engine on `path` with the pragmas and transactions that the store relies on."""
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction: what every query function takes first."""

    connection: Connection
    vault: Vault
    keyring: KeyRing
    settings: Settings
    now: datetime
    today: date


class Store:
    """The open store. `as_of` replaces today's date (Europe/Oslo) in every rule: retention's `--as-of`."""

    def __init__(self, home: Home, settings: Settings, keyring: KeyRing, as_of: date | None = None) -> None:
        self.home = home
        self.settings = settings
        self.keyring = keyring
        self.engine = make_engine(home.database)
        self.deletions = make_engine(home.deletions)
        self._as_of = as_of

    @property
    def today(self) -> date:
        """The date in Oslo."""
        return self._as_of or datetime.now(OSLO).date()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may write; commits at the end, rolls back on any exception."""
        with self._faults(), self.engine.begin() as connection:
            yield self._transaction(connection)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads: a consistent picture that blocks nobody."""
        with self._faults(), self.engine.connect().execution_options(reading=True) as connection:
            yield self._transaction(connection)
            connection.rollback()

    @contextmanager
    def rehearse(self) -> Iterator[Transaction]:
        """A writing transaction that is always rolled back: what *would* be done."""
        with self._faults(), self.engine.connect() as connection:
            yield self._transaction(connection)
            connection.rollback()

    def checkpoint(self) -> None:
        """Move the WAL into the file and truncate it, so that what was deleted is gone from the disk."""
        for engine in (self.engine, self.deletions):
            raw = engine.raw_connection()
            try:
                raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # type: ignore[union-attr]
            finally:
                raw.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        self.deletions.dispose()

    def _transaction(self, connection: Connection) -> Transaction:
        vault = Vault(connection, self.keyring)
        return Transaction(connection, vault, self.keyring, self.settings, datetime.now(UTC), self.today)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (IntegrityError, DataError, ProgrammingError):  # a fault of ours, which must count as an attempt
            raise
        except DBAPIError as fault:
            kind = type(fault).__name__
            raise OutsideFault("store_unavailable", f"the database answered {kind}", "check disk space") from None


def create_store(house: House) -> Store:
    """Make the home, its keys, the migrated database stamped with its environment, and the deletion ledger."""
    from store.migrate import upgrade

    house.home.make()
    keyring = FileKeyRing.create(house.home.keyring)
    for path in (house.home.database, house.home.deletions):
        path.touch(mode=0o600)
    store = Store(house.home, house.settings, keyring)
    upgrade(store.engine)
    ledger_metadata.create_all(store.deletions)
    with store.write() as tx:
        stamp: dict[str, Any] = {"key": "environment", "value": house.settings.environment}
        tx.connection.execute(insert(store_info).values(**stamp))
    return store


def open_store(house: House, as_of: date | None = None) -> Store:
    """The store of `house`, ready to use: environment checked, interrupted erasures carried out.

    Raises `NotReady` (no home, keys, migrations), `SafetyRefusal` where the store is stamped for another environment.
    """
    from store.erasure import replay

    house.home.require()
    store = Store(house.home, house.settings, FileKeyRing(house.home.keyring), as_of)
    with store.read() as tx:
        try:
            query = select(store_info.c.value).where(store_info.c.key == "environment")
            stamped = tx.connection.execute(query).scalar_one_or_none()
        except DBAPIError:
            raise NotReady("not_migrated", "the store has no tables", "restore it, or run: foresatt init") from None
    if stamped != house.settings.environment:
        raise SafetyRefusal(
            "wrong_environment",
            f"the store is stamped {stamped}, the settings say {house.settings.environment}",
            "use the home that belongs to these settings",
        )
    replay(store)
    return store
