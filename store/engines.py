"""Engines: how a connection to either database is made, and how its transactions begin.

The two behave alike for everything above: a writing transaction is alone with the data (BEGIN IMMEDIATE on SQLite, an
advisory lock on PostgreSQL: SQLAlchemy's default silently lost updates), a reading one sees a consistent picture. Only
the queue's own transactions (`QUEUE`) work side by side on PostgreSQL, by row locks. No exception carries bind values.
"""

import ipaddress
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError

from schemas.errors import NotReady, UsageFault

PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-32768",
)
WRITE, READ, QUEUE = "write", "read", "queue"
WRITER: Final = 0x666F7265
"""The advisory lock of whoever writes ("fore")."""
_BEGIN_SQLITE: Final = {WRITE: "BEGIN IMMEDIATE", READ: "BEGIN", QUEUE: "BEGIN IMMEDIATE"}
_BEGIN_POSTGRESQL: Final = {
    WRITE: f"SELECT pg_advisory_xact_lock({WRITER})",
    READ: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    QUEUE: "",
}
_SERVER: Final = (
    "-c timezone=UTC -c synchronous_commit=on -c lock_timeout=30s -c statement_timeout=10min"
    " -c idle_in_transaction_session_timeout=10min"
)


def make_engine(place: Path | URL) -> Engine:
    """An engine on an SQLite file, or on the PostgreSQL database of `server_url`."""
    return _sqlite(place) if isinstance(place, Path) else _postgresql(place)


def server_url(text: str, password_env: str) -> URL:
    """The address of a PostgreSQL database, as the settings tell it, with its password from the environment.

    A host other than this machine must prove itself (sslmode verify-full). Raises `UsageFault` for any other kind of
    address, a password in it, or TLS that verifies nothing.
    """
    try:
        url = make_url(text)
        query = dict(url.query)
    except (ArgumentError, ValueError):
        raise UsageFault("store_url", "the store's address is not an address", _EXAMPLE) from None
    if url.get_backend_name() != "postgresql" or not url.database:
        raise UsageFault("store_url", "the store's address is not one of a PostgreSQL database", _EXAMPLE)
    if url.password is not None:
        raise UsageFault("store_password", "a password stands in the store's address", f"put it into {password_env}")
    if not _is_here(str(query.get("host", url.host or ""))):
        if query.setdefault("sslmode", "verify-full") != "verify-full":
            raise UsageFault("store_tls", "the store's server would not be verified", "use sslmode=verify-full")
        query.setdefault("sslrootcert", "system")
    return url.set(drivername="postgresql+psycopg", query=query, password=os.environ.get(password_env) or None)


_EXAMPLE: Final = "for example postgresql://foresatt@db.skole.no/foresatt"


def _is_here(host: str) -> bool:
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(pragma)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", _beginner(_BEGIN_SQLITE))
    return engine


def _postgresql(url: URL) -> Engine:
    arguments: dict[str, Any] = {"options": _SERVER, "connect_timeout": 10, "application_name": "foresatt"}
    try:
        engine = create_engine(url, hide_parameters=True, connect_args=arguments)
    except ImportError:
        raise NotReady("no_driver", "psycopg is not installed", "run: make setup") from None
    event.listen(engine, "begin", _beginner(_BEGIN_POSTGRESQL))
    event.listen(engine, "handle_error", _say_no_values)
    return engine


def _say_no_values(context: ExceptionContext) -> None:
    """PostgreSQL's message and DETAIL quote whole rows; what is left of them is the error's code and constraint."""
    original: Any = context.original_exception
    told = f"{getattr(original, 'sqlstate', None)} {getattr(getattr(original, 'diag', None), 'constraint_name', None)}"
    original.args = (told,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(original).__name__}) {told}",)


def _beginner(by_mode: dict[str, str]) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        statement = by_mode[connection.get_execution_options().get("mode", WRITE)]
        if statement:
            connection.exec_driver_sql(statement)

    return begin
