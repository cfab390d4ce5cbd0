"""Making and opening the store of a house: environment checked, interrupted erasures carried out before anything else.

Does not belong here: what one does with it once it is open (`store.database`).
"""

from datetime import date
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from schemas.errors import NotReady, SafetyRefusal
from store.config import House
from store.database import Store
from store.erasure import replay
from store.keyring import FileKeyRing
from store.tables import ledger_metadata, store_info


def create_store(house: House) -> Store:
    """Make the home, its keys, the migrated database stamped with its environment, and the deletion ledger."""
    house.home.make()
    keyring = FileKeyRing.create(house.home.keyring)
    for path in (house.home.database, house.home.deletions):
        path.touch(mode=0o600)
    from store.migrate import upgrade  # Alembic is slow to import, and only this needs it

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
