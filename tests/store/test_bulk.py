"""Many rows at once, where the disk has no room for them."""

from typing import Any

import pytest
from support_store import Desk

from schemas.errors import OutsideFault
from store.bulk import insert_rows, update_keyed
from store.tables import data_keys

KEYS = [(f"S-{number}", b"x" * 4_000, 1) for number in range(200)]
COLUMNS = ("subject_id", "wrapped", "epoch")


def full(tx: Any) -> None:
    """No page more than the database has."""
    pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_the_outside_worlds_fault(sqlite_desk: Desk) -> None:
    """The driver's own error, which no library wraps here, leaves the work undecided; nothing of it is kept, and once
    there is room again the same work is done."""
    with pytest.raises(OutsideFault, match="store_unavailable"), sqlite_desk.store.write() as tx:
        full(tx)
        insert_rows(tx.connection, data_keys, COLUMNS, KEYS)
    with sqlite_desk.store.write() as tx:
        tx.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        insert_rows(tx.connection, data_keys, COLUMNS, KEYS)

    assert len(KEYS) <= len(sqlite_desk.rows(data_keys))


def test_a_full_disk_while_rows_are_changed(sqlite_desk: Desk) -> None:
    """As with new rows: what was there stays as it was."""
    with sqlite_desk.store.write() as tx:
        insert_rows(tx.connection, data_keys, COLUMNS, [(one, b"x", 1) for one, _, _ in KEYS])
    with pytest.raises(OutsideFault, match="store_unavailable"), sqlite_desk.store.write() as tx:
        full(tx)
        update_keyed(tx.connection, data_keys, ("subject_id",), ("wrapped",), [(one, key) for one, key, _ in KEYS])

    assert {b"x"} == {row.wrapped for row in sqlite_desk.rows(data_keys) if row.subject_id.startswith("S-")}
