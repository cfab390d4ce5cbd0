"""Making and opening the store of a house: environment checked, interrupted erasures carried out before anything else.

Does not belong here: what one does with it once it is open (`store.database`).
"""

from datetime import date
from typing import Any

from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from schemas.errors import NotReady, OutsideFault, SafetyRefusal, UsageFault
from store.config import House
from store.database import Store
from store.engines import READ, make_engine, server_url
from store.erasure import replay
from store.keyfile import create_keyring, open_keyring
from store.tables import REVISION, ledger_metadata, store_info


def create_store(house: House) -> Store:
    """Make the home, its keys, the migrated database stamped with its environment, and the deletion ledger."""
    from store.migrate import upgrade  # Alembic is slow to import, and only this needs it

    if house.settings.store.url:
        _refuse_a_used_one(house)
    house.home.make()
    keyring = create_keyring(house)
    if not house.settings.store.url:
        house.home.database.touch(mode=0o600)
    house.home.deletions.touch(mode=0o600)
    store = Store(house.home, house.settings, keyring)
    try:
        upgrade(store.engine)
        ledger_metadata.create_all(store.deletions)
        with store.write() as tx:
            stamp: dict[str, Any] = {"key": "environment", "value": house.settings.environment}
            tx.connection.execute(insert(store_info).values(**stamp))
    except BaseException:
        store.close()
        raise
    return store


def open_store(house: House, as_of: date | None = None) -> Store:
    """The store of `house`, ready to use: environment checked, interrupted erasures carried out.

    Raises `NotReady` (no home, keys, migrations), `SafetyRefusal` where the store is stamped for another environment.
    """
    store = unopened(house, as_of)
    try:
        require_current(store)
        require_environment(store, house)
        replay(store)
    except BaseException:
        store.close()
        raise
    return store


def unopened(house: House, as_of: date | None = None) -> Store:
    """The store as it stands, nothing asked of it yet: for migrating and restoring."""
    house.home.require()
    return Store(house.home, house.settings, open_keyring(house), as_of)


def require_current(store: Store) -> None:
    """Raise `NotReady` unless the tables are those of this release. Alembic itself is too slow for every command."""
    with store.faults():
        found = _revision(store)
    if found is None:
        raise NotReady("not_migrated", "the store has no tables", "restore it, or run: foresatt init")
    if found != REVISION:
        raise NotReady("not_migrated", "the store's tables are another release's", "run: foresatt store migrate")


def _revision(store: Store) -> str | None:
    with store.engine.connect().execution_options(mode=READ) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return found


def require_environment(store: Store, house: House) -> None:
    """Raise `SafetyRefusal` where the store is stamped for another environment."""
    with store.read() as tx:
        query = select(store_info.c.value).where(store_info.c.key == "environment")
        stamped = tx.connection.execute(query).scalar_one_or_none()
    if stamped != house.settings.environment:
        raise SafetyRefusal(
            "wrong_environment",
            f"the store is stamped {stamped}, the settings say {house.settings.environment}",
            "use the home that belongs to these settings",
        )


def _refuse_a_used_one(house: House) -> None:
    engine = make_engine(server_url(house.settings.store.url, house.settings.store.password_env))
    try:
        tables = inspect(engine).get_table_names()
    except DBAPIError as fault:
        kind = type(fault.orig).__name__
        raise OutsideFault("store_unavailable", f"the database answered {kind}", "check address and rights") from None
    finally:
        engine.dispose()
    if tables:
        raise UsageFault("store_exists", "the database already holds tables", "name an empty one in store.url")
