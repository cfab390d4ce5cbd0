"""Migrations: an upgraded database is the one that the code describes; its files and connections are guarded."""

import shutil
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, update
from support_store import TODAY, Desk, add_guardian, settings

from schemas.errors import NotReady, SafetyRefusal, UsageFault
from store import migrate
from store.config import House
from store.engines import make_engine
from store.home import Home
from store.migrate import is_current, upgrade
from store.opening import create_store, open_store
from store.tables import REVISION, data_keys, enrolments, links, metadata, pupils, store_info


def test_an_empty_database_upgraded_is_the_one_described(tmp_path: Path) -> None:
    """From nothing to the newest revision there is no difference left to the tables in the code."""
    engine = make_engine(tmp_path / "new.db")
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert [] == compare_metadata(context, metadata)
    assert is_current(engine)
    assert {*metadata.tables, "alembic_version"} == set(inspect(engine).get_table_names())
    engine.dispose()


def test_upgrading_twice_changes_nothing(desk: Desk) -> None:
    """An upgrade of a current store keeps what is in it."""
    family = desk.family()
    upgrade(desk.store.engine)

    assert is_current(desk.store.engine)
    assert [family.pupil_id] == [row.id for row in desk.rows(pupils)]


def test_every_index_that_the_sweep_needs_is_there(desk: Desk) -> None:
    """Due dates and both directions of a link are indexed: without them a sweep takes minutes."""
    found = {
        (table, tuple(index["column_names"]))
        for table in metadata.tables
        for index in inspect(desk.store.engine).get_indexes(table)
    }
    wanted = {("links", ("due_on",)), ("links", ("guardian_id",)), ("pupils", ("due_on",)), ("refusals", ("due_on",))}

    assert set() == wanted - found


REBUILD = """
from alembic import op
from sqlalchemy import String

revision, down_revision, branch_labels, depends_on = "next", "NEWEST", None, None


def upgrade():
    with op.batch_alter_table("pupils", recreate="always") as batch:
        batch.alter_column("due_reason", type_=String(60))
"""


ORPHAN = """
from alembic import op

revision, down_revision, branch_labels, depends_on = "next", "NEWEST", None, None


def upgrade():
    op.execute("DELETE FROM pupils")
"""


def next_revision(desk: Desk, folder: Path, text: str) -> Config:
    """The migrations with one more revision after the newest."""
    shutil.copytree(Path(migrate.__file__).parent / "migrations", folder)
    (folder / "versions/next.py").write_text(text.replace("NEWEST", REVISION))
    config = migrate._config(desk.store.engine)
    config.set_main_option("script_location", str(folder))
    return config


def test_a_migration_that_rebuilds_a_table_loses_no_child_row(sqlite_desk: Desk, tmp_path: Path) -> None:
    """SQLite rebuilds a table to alter a column; rows that hang on it must not fall with it by cascade."""
    family = sqlite_desk.family()
    with sqlite_desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    command.upgrade(next_revision(sqlite_desk, tmp_path / "migrations", REBUILD), "head")

    assert [1, 1, 1] == [len(sqlite_desk.rows(table)) for table in (pupils, links, enrolments)]
    with sqlite_desk.store.engine.connect() as connection:
        assert 1 == connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()


def test_a_migration_that_orphans_a_row_is_undone(desk: Desk, tmp_path: Path) -> None:
    """Nothing is committed where a revision leaves a link without its pupil."""
    family = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    with pytest.raises(RuntimeError):
        command.upgrade(next_revision(desk, tmp_path / "migrations", ORPHAN), "head")

    assert [1, 1] == [len(desk.rows(table)) for table in (pupils, links)]
    assert is_current(desk.store.engine)


def test_a_store_of_another_environment_is_refused(desk: Desk) -> None:
    """A test store is never opened with a production's settings, nor the other way round."""
    desk.store.close()
    told = {**desk.house.settings.model_dump(), "environment": "production"}
    house = House(desk.house.home, settings(**told), None)
    with pytest.raises(SafetyRefusal, match="wrong_environment") as told:
        open_store(house)
    assert 4 == told.value.exit_code


def test_a_folder_without_a_store_is_said_to_be_none(tmp_path: Path) -> None:
    """Nothing is created by opening."""
    with pytest.raises(NotReady, match="no_home"):
        open_store(House(Home(tmp_path / "nowhere"), settings(), None))
    assert not (tmp_path / "nowhere").exists()


def test_a_home_that_others_can_read_is_refused(desk: Desk) -> None:
    """The whole home is its owner's alone."""
    desk.store.close()
    desk.house.home.root.chmod(0o750)
    with pytest.raises(NotReady, match="home_readable"):
        open_store(desk.house)


def test_a_home_is_made_once(sqlite_desk: Desk) -> None:
    """`init` never writes over a store or its keys."""
    with pytest.raises(UsageFault, match="home_exists"):
        create_store(sqlite_desk.house)


def test_a_database_without_tables_is_said_to_be_so(tmp_path: Path) -> None:
    """An empty file in the store's place is named as what it is."""
    house = House(Home(tmp_path / "home"), settings(), None)
    create_store(house).close()
    house.home.database.unlink()
    house.home.database.touch(0o600)
    with pytest.raises(NotReady, match="not_migrated"):
        open_store(house)


def test_every_file_of_a_home_is_its_owners_alone(desk: Desk) -> None:
    """Folders 0700, files 0600, write-ahead logs included."""
    desk.family()
    modes = {
        path.relative_to(desk.house.home.root): path.stat().st_mode & 0o777 for path in desk.house.home.root.rglob("*")
    }

    assert {} == {path: oct(mode) for path, mode in modes.items() if mode & 0o077}


def test_every_connection_is_guarded(sqlite_desk: Desk) -> None:
    """Secure deletion, write-ahead log, full synchronisation and foreign keys hold on every connection there is."""
    with sqlite_desk.store.engine.connect() as one, sqlite_desk.store.deletions.connect() as two:
        for connection in (one, two):
            found = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("secure_delete", "journal_mode", "synchronous", "foreign_keys")
            ]
            assert [1, "wal", 2, 1] == found


def test_no_update_is_lost_between_two_writers(desk: Desk) -> None:
    """Read-then-write transactions of many threads add up: each begins by taking the write lock."""
    from concurrent.futures import ThreadPoolExecutor

    with desk.store.write() as tx:
        tx.connection.execute(update(store_info).values(value="0"))

    def more(_: int) -> None:
        with desk.store.write() as tx:
            now = int(tx.connection.execute(select(store_info.c.value)).scalar_one())
            tx.connection.execute(update(store_info).values(value=str(now + 1)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(more, range(80)))
    assert "80" == desk.rows(store_info)[0].value


def test_a_rehearsal_leaves_nothing(desk: Desk) -> None:
    """What is only rehearsed is rolled back."""
    family = desk.family()
    keys = len(desk.rows(data_keys))
    with desk.store.rehearse() as tx:
        add_guardian(tx, family, family.mother)

    assert [] == desk.links(family)
    assert keys == len(desk.rows(data_keys))


def test_the_store_says_which_day_it_is(desk: Desk) -> None:
    """A date given replaces today in every rule; without one it is Oslo's."""
    from datetime import datetime

    from store.database import OSLO

    assert TODAY == desk.store.today
    desk.store.close()
    desk.store = open_store(desk.house)
    assert datetime.now(OSLO).date() == desk.store.today
