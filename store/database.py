"""The store while it is open: its transactions, and the deletion ledger beside it.

Whichever database it is (`store.engines`), one code: a fault of the outside world becomes an `OutsideFault`, a fault of
ours passes as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from schemas.errors import OutsideFault
from schemas.settings import Settings
from store.engines import QUEUE, READ, make_engine, server_url
from store.home import Home
from store.keyring import KeyRing
from store.sealing import Vault
from store.tables import store_info

OSLO: Final = ZoneInfo("Europe/Oslo")
EPOCH: Final = "epoch"
"""The row of `store_info` that names the newest key epoch; none before the first rotation."""
_EPOCH: Final = select(store_info.c.value).where(store_info.c.key == EPOCH)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One open transaction: what every query function takes first."""

    connection: Connection
    vault: Vault
    keyring: KeyRing
    settings: Settings
    now: datetime
    today: date
    chain: list[Any] = field(default_factory=list)
    """The newest row of the audit's chain, once this transaction has written one."""

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """One of many in this transaction: what is written inside is taken back, alone, on any exception. As
        SQLAlchemy's own, which compiles its statements anew each time."""
        run, chain = self.connection.exec_driver_sql, list(self.chain)
        run("SAVEPOINT one")
        try:
            yield
        except BaseException:
            self.chain[:] = chain
            run("ROLLBACK TO SAVEPOINT one")
            run("RELEASE SAVEPOINT one")
            raise
        run("RELEASE SAVEPOINT one")


class Store:
    """The open store. `as_of` replaces today's date (Europe/Oslo) in every rule: retention's `--as-of`."""

    def __init__(self, home: Home, settings: Settings, keyring: KeyRing, as_of: date | None = None) -> None:
        self.home = home
        self.settings = settings
        self.keyring = keyring
        told = settings.store
        self.engine = make_engine(server_url(told.url, told.password_env) if told.url else home.database)
        self.deletions = make_engine(home.deletions)
        self._as_of = as_of

    @property
    def today(self) -> date:
        """The date in Oslo."""
        return self._as_of or datetime.now(OSLO).date()

    @property
    def now(self) -> datetime:
        """The moment, UTC. `as_of` moves the date of the rules and not this clock."""
        return datetime.now(UTC)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that may write, alone; commits at the end, rolls back on any exception."""
        with self.faults(), self.engine.begin() as connection:
            yield self._transaction(connection)

    @contextmanager
    def queue(self) -> Iterator[Transaction]:
        """A writing transaction of the queue alone: on PostgreSQL many work side by side, by row locks."""
        with self.faults(), self.engine.connect().execution_options(mode=QUEUE) as connection, connection.begin():
            yield self._transaction(connection, catch_up=False)  # nobody is looked up

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads: a consistent picture that blocks nobody."""
        with self.faults(), self.engine.connect().execution_options(mode=READ) as connection:
            yield self._transaction(connection)
            connection.rollback()

    @contextmanager
    def rehearse(self) -> Iterator[Transaction]:
        """A writing transaction that is always rolled back: what *would* be done."""
        with self.faults(), self.engine.connect() as connection:
            yield self._transaction(connection)
            connection.rollback()

    def checkpoint(self) -> None:
        """On SQLite: move the WAL into the file and truncate it, so that what was deleted is gone from the disk."""
        for engine in (self.engine, self.deletions):
            if engine.dialect.name != "sqlite":
                continue
            raw = engine.raw_connection()
            try:
                raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # type: ignore[union-attr]
            finally:
                raw.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()
        self.deletions.dispose()

    def _transaction(self, connection: Connection, *, catch_up: bool = True) -> Transaction:
        if catch_up and (epoch := connection.execute(_EPOCH).scalar_one_or_none()) is not None:
            self.keyring.catch_up(int(epoch))  # another process turned the keys: what it looks up, we must find
        vault = Vault(connection, self.keyring)
        return Transaction(connection, vault, self.keyring, self.settings, self.now, self.today)

    @contextmanager
    def faults(self) -> Iterator[None]:
        """What the outside world did to the database becomes an `OutsideFault`."""
        try:
            yield
        except (IntegrityError, DataError, ProgrammingError):  # a fault of ours, which must count as an attempt
            raise
        except (DBAPIError, self.engine.dialect.loaded_dbapi.OperationalError) as fault:  # the latter from store.bulk
            kind = type(fault).__name__
            raise OutsideFault("store_unavailable", f"the database answered {kind}", "check disk space") from None
