"""Backups and moves: every row arrives as it left, and nobody who was erased comes back."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, select
from support_store import PASSWORD, STAFF, TODAY, Desk, Template, add_guardian, column, settings

from fixtures.postgresql import PostgreSQL
from schemas.errors import ForesattError, NotReady, OutsideFault, SafetyRefusal, UsageFault
from store import audit, audit_heads, backup, deletions, erasure, guardians, ledger, rotation, tables
from store.config import House
from store.home import Home
from store.opening import create_store, open_store
from store.tables import metadata


@pytest.fixture
def school(desk: Desk) -> Desk:
    """Three families with forms decided, one undecided, and both guardians linked."""
    for _ in range(3):
        family = desk.family(lists=("number", "mobile"))
        desk.decided(column(family, family.mother))
        with desk.store.write() as tx:
            add_guardian(tx, family, family.father)
    desk.send("en lapp")
    return desk


def contents(desk: Desk) -> dict[str, list[object]]:
    """Every row of every table."""
    with desk.store.read() as tx:
        return {
            t.name: sorted((tuple(row) for row in tx.connection.execute(select(t))), key=repr)
            for t in metadata.sorted_tables
        }


def names(desk: Desk) -> list[str]:
    """Every guardian's name, opened."""
    with desk.store.read() as tx:
        idents = tx.connection.execute(select(tables.guardians.c.id)).scalars().all()
        return sorted(one.name for ident in idents if (one := guardians.read_guardian(tx, ident)))


def erase_first(desk: Desk) -> tuple[str, str]:
    """Erase one link with its guardian; returns pupil and guardian."""
    row = desk.rows(tables.links)[0]
    deletions.intend(desk.store, [(f"{row.pupil_id}/{row.guardian_id}", "turned_18")])
    assert 1 == erasure.replay(desk.store)
    return row.pupil_id, row.guardian_id


def test_a_backup_put_back_is_the_store_as_it_was(school: Desk, tmp_path: Path) -> None:
    """Every row of every table, whichever database, and all of it opens."""
    before, people = contents(school), names(school)
    moved = backup.backup(school.store, tmp_path / "b.db")
    desk_goes_on = school.family()
    told = backup.restore(school.store, tmp_path / "b.db", STAFF)
    after = contents(school)
    extra = after.pop("audit")[len(before["audit"]) :]

    assert sum(len(rows) for rows in before.values()) == sum(moved.rows.values()) == sum(told.rows.values())
    assert {k: v for k, v in before.items() if k != "audit"} == after
    assert ["store_restored"] == [row[3] for row in extra]  # type: ignore[index]
    assert people == names(school)
    assert [] == school.rows(tables.pupils, tables.pupils.c.id == desk_goes_on.pupil_id)


def test_a_backup_is_one_private_file_without_a_key(school: Desk, tmp_path: Path) -> None:
    """Mode 0600, no companion files, and no name, number or key-encryption key in it."""
    person = school.family(lists=("number",))
    backup.backup(school.store, tmp_path / "b.db")
    data = (tmp_path / "b.db").read_bytes()

    assert 0o600 == (tmp_path / "b.db").stat().st_mode & 0o777
    assert ["b.db"] == [path.name for path in tmp_path.iterdir() if path.name.startswith("b.db")]
    words = [person.pupil.name, person.mother.name, person.mother.number]
    assert [] == [word for word in words if word.encode() in data]
    with pytest.raises(UsageFault, match="file_exists"):
        backup.backup(school.store, tmp_path / "b.db")


def test_who_was_erased_since_the_backup_is_erased_again(school: Desk, tmp_path: Path) -> None:
    """In the transaction that puts the backup back: nobody ever reads them; the others are untouched."""
    backup.backup(school.store, tmp_path / "b.db")
    everybody = {row.id for row in school.rows(tables.guardians)}
    _, gone = erase_first(school)
    told = backup.restore(school.store, tmp_path / "b.db", STAFF)

    assert 1 == told.erased
    assert everybody - {gone} == {row.id for row in school.rows(tables.guardians)}
    assert [] == school.rows(tables.data_keys, tables.data_keys.c.subject_id == gone)
    assert 5 == len(names(school))


def test_an_original_destroyed_since_does_not_come_back_undecided(school: Desk, tmp_path: Path) -> None:
    """A backup from before the decision holds the form as new: it is neither read again nor loaded again."""
    sent = school.send("en ny lapp")
    backup.backup(school.store, tmp_path / "b.db")
    school.run()
    deletions.intend(school.store, [(sent, "original_time_out")])
    erasure.replay(school.store)
    backup.restore(school.store, tmp_path / "b.db", STAFF)
    row = school.rows(tables.submissions, tables.submissions.c.id == sent)[0]

    assert ("decided", None) == (row.state, row.original_ct)
    assert sent not in [one.id for one in ledger.claim(school.store, "me", 50)]
    backup.restore(school.store, tmp_path / "b.db", STAFF)
    assert "decided" == school.rows(tables.submissions, tables.submissions.c.id == sent)[0].state


def test_an_intent_not_carried_out_yet_is_carried_out_by_the_restore(school: Desk, tmp_path: Path) -> None:
    """Killed between intent and erasure, then put back from a backup: the intent still holds."""
    backup.backup(school.store, tmp_path / "b.db")
    row = school.rows(tables.links)[0]
    deletions.intend(school.store, [(f"{row.pupil_id}/{row.guardian_id}", "turned_18")])
    backup.restore(school.store, tmp_path / "b.db", STAFF)

    assert [] == school.rows(tables.guardians, tables.guardians.c.id == row.guardian_id)
    assert [] == deletions.read(school.store)


def test_a_restore_that_fails_changes_nothing(school: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: whatever goes wrong half-way, the store is as it was, its triggers included."""
    backup.backup(school.store, tmp_path / "b.db")
    school.family()
    before = contents(school)

    def fails(*_: object) -> None:
        raise OutsideFault("disk", "no space left", "make room")

    monkeypatch.setattr(backup, "replay_everything", fails)
    with pytest.raises(OutsideFault):
        backup.restore(school.store, tmp_path / "b.db", STAFF)
    assert before == contents(school)
    with pytest.raises(Exception, match=r"audit|P0001"), school.store.engine.begin() as connection:
        connection.execute(tables.audit.delete())
    assert [] == [path.name for path in school.house.home.root.rglob("*") if path.name.startswith(".restore")]


def test_the_audit_holds_after_a_restore_though_later_heads_were_written_down(school: Desk, tmp_path: Path) -> None:
    """Putting a backup back is no tampering; cutting the chain afterwards is."""
    backup.backup(school.store, tmp_path / "b.db")
    school.decided(column(family := school.family(), family.mother))
    audit_heads.export(school.store)
    backup.restore(school.store, tmp_path / "b.db", STAFF)

    with school.store.read() as tx:
        assert audit.verify(tx, audit_heads.read(school.store)) is None


def test_a_backup_older_than_its_keys_is_dead(school: Desk, tmp_path: Path) -> None:
    """Once the epoch is destroyed, nothing in the backup opens, the erased least of all."""
    backup.backup(school.store, tmp_path / "b.db")
    rotation.rotate(school.store, STAFF)
    school.store.keyring.destroy_before(2)

    with pytest.raises(NotReady, match="kek_destroyed"):
        backup.restore(school.store, tmp_path / "b.db", STAFF)
    assert 6 == len(names(school))


@pytest.mark.parametrize("content", [b"", b"SQLite", b"SQLite format 3\0" + bytes(5_000)])
def test_a_file_that_is_no_backup_is_refused(school: Desk, tmp_path: Path, content: bytes) -> None:
    """Before anything in the store is touched."""
    (tmp_path / "b.db").write_bytes(content)
    before = contents(school)
    with pytest.raises(ForesattError):
        backup.restore(school.store, tmp_path / "b.db", STAFF)
    assert before == contents(school)


def test_another_database_is_no_backup(school: Desk, tmp_path: Path) -> None:
    """An SQLite file of something else."""
    with sqlite3.connect(tmp_path / "b.db") as other:
        other.execute("CREATE TABLE x (y)")
    with pytest.raises(UsageFault, match="no_backup"):
        backup.restore(school.store, tmp_path / "b.db", STAFF)
    with pytest.raises(UsageFault, match="no_backup"):
        backup.restore(school.store, tmp_path / "nothing.db", STAFF)


def test_a_backup_of_another_environment_is_refused(school: Desk, tmp_path: Path) -> None:
    """A test school's backup never lands in production."""
    backup.backup(school.store, tmp_path / "b.db")
    with sqlite3.connect(tmp_path / "b.db") as changed:
        changed.execute("UPDATE store_info SET value = 'production' WHERE key = 'environment'")
    with pytest.raises(SafetyRefusal, match="wrong_environment") as told:
        backup.restore(school.store, tmp_path / "b.db", STAFF)
    assert 4 == told.value.exit_code


# --- from one database to another -------------------------------------------------------------------------------------


@pytest.fixture
def moved(sqlite_desk: Desk, server: PostgreSQL) -> Desk:
    """A store moved from SQLite to PostgreSQL."""
    family = sqlite_desk.family(lists=("number",))
    sqlite_desk.decided(column(family, family.mother))
    sqlite_desk.send("en lapp")
    url = server.url(server.database())
    told = settings(store={"url": url, "password_env": PASSWORD})
    backup.copy_to(sqlite_desk.store, url, told)
    before = contents(sqlite_desk)
    sqlite_desk.store.close()
    sqlite_desk.house = House(sqlite_desk.house.home, told, None)
    sqlite_desk.store = open_store(sqlite_desk.house, as_of=TODAY)
    assert before == contents(sqlite_desk)
    return sqlite_desk


def test_a_store_moved_to_postgresql_goes_on_there(moved: Desk) -> None:
    """Everything opens, the queue goes on, new rows get new numbers, and the audit chain holds."""
    assert 1 == len(names(moved))
    moved.run()
    family = moved.family()
    moved.decided(column(family, family.mother, fnr=""))

    assert 0 == ledger.undecided(moved.store)
    with moved.store.read() as tx:
        assert audit.verify(tx) is None


def test_a_database_that_is_not_empty_is_not_written_over(moved: Desk, tmp_path: Path, template: Template) -> None:
    """Neither the target of a move nor a home made twice on one database."""
    told = moved.house.settings
    with pytest.raises(UsageFault, match="not_empty"):
        backup.copy_to(moved.store, told.store.url, told)
    with pytest.raises(UsageFault, match="store_exists"):
        create_store(House(Home(tmp_path / "second"), told, None))
    assert not (tmp_path / "second").exists()


def test_a_row_that_arrives_otherwise_is_found(
    sqlite_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One changed byte among all rows, and the copy is refused and removed."""
    sqlite_desk.family()
    real = backup.insert_rows

    def spoils(connection: object, table: object, columns: object, rows: object) -> None:
        changed = [[b"\0" + v[1:] if isinstance(v, bytes) else v for v in row] for row in rows]  # type: ignore[attr-defined]
        real(connection, table, columns, changed)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "insert_rows", spoils)
    with pytest.raises(NotReady, match="copy_differs"):
        backup.backup(sqlite_desk.store, tmp_path / "b.db")
    assert not (tmp_path / "b.db").exists()


def test_a_backup_of_postgresql_can_be_put_back_into_sqlite(
    server_template: Template, template: Template, tmp_path: Path
) -> None:
    """The same keys, another database: a school can move back."""
    from support_store import open_desk

    here = open_desk(tmp_path / "pg", server_template)
    family = here.family()
    with here.store.write() as tx:
        add_guardian(tx, family, family.mother)
    backup.backup(here.store, tmp_path / "b.db")
    before = {k: v for k, v in contents(here).items() if k != "audit"}
    here.store.close()
    shutil.copytree(template.root, tmp_path / "lite")
    shutil.copy(here.house.home.keyring, tmp_path / "lite" / "keys" / "keyring.json")
    there = open_desk(tmp_path / "there", Template(tmp_path / "lite"))
    backup.restore(there.store, tmp_path / "b.db", STAFF)

    assert before == {k: v for k, v in contents(there).items() if k != "audit"}
    assert 1 == len(names(there))
    there.store.close()


# --- migrations -------------------------------------------------------------------------------------------------------


def test_a_store_of_the_release_before_is_refused_then_migrated(desk: Desk, tmp_path: Path) -> None:
    """Every row of the first release's tables is there afterwards; until then no command runs on it."""
    from alembic import command

    from store import migrate

    family = desk.family(shielded=True)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    before = {name: len(rows) for name, rows in contents(desk).items()}
    to_first(desk, tmp_path / "first.db")
    with pytest.raises(NotReady, match="not_migrated") as told:
        open_store(desk.house)
    assert "store migrate" in told.value.next_step
    command.upgrade(migrate._config(desk.store.engine), "head")

    assert before == {name: len(rows) for name, rows in contents(desk).items()}
    assert [1] == [row.bucket_epoch for row in desk.rows(tables.guardians)]
    assert {"number_bucket", "bucket_epoch"} <= {c["name"] for c in inspect(desk.store.engine).get_columns("guardians")}
    open_store(desk.house).close()


def to_first(desk: Desk, scratch: Path) -> None:
    """Back to the tables of revision 0001, by hand: there is no road backwards. Whatever came since is dropped."""
    from alembic import command

    from store import audit_guard, migrate
    from store.engines import make_engine

    engine = make_engine(scratch)
    command.upgrade(migrate._config(engine), "0001")
    first = {name: {c["name"] for c in inspect(engine).get_columns(name)} for name in inspect(engine).get_table_names()}
    engine.dispose()
    with desk.store.engine.begin() as connection:
        audit_guard.lift(connection)
        look = inspect(connection)
        drop: list[str] = []
        children_first = [table.name for table in reversed(tables.metadata.sorted_tables)]
        for name in sorted(look.get_table_names(), key=[*children_first, "alembic_version"].index):
            if name not in first:
                drop.append(f"DROP TABLE {name}")
                continue
            new = {column["name"] for column in look.get_columns(name)} - first[name]
            drop += [
                f"DROP INDEX {index['name']}" for index in look.get_indexes(name) if new & {*index["column_names"]}
            ]
            drop += [f"ALTER TABLE {name} DROP COLUMN {column}" for column in sorted(new)]
        for statement in [*drop, "UPDATE alembic_version SET version_num = '0001'"]:
            connection.exec_driver_sql(statement)


def test_the_revision_that_commands_ask_for_is_the_newest(tmp_path: Path) -> None:
    """The constant and the migrations do not drift apart."""
    from alembic.script import ScriptDirectory

    from store import migrate
    from store.engines import make_engine

    engine = make_engine(tmp_path / "x.db")
    assert ScriptDirectory.from_config(migrate._config(engine)).get_current_head() == tables.REVISION


def test_the_ledger_keeps_the_reason_it_was_first_given(desk: Desk) -> None:
    """Intended twice: one row, done again, the first reason."""
    deletions.intend(desk.store, [("G-A", "turned_18"), ("G-B", "left")])
    deletions.done(desk.store, ["G-A"])
    deletions.intend(desk.store, [("G-A", "withdrawn")])

    assert {"G-A": ("turned_18", None), "G-B": ("left", None)} == {
        row.subject_id: (row.reason, row.done_at) for row in deletions.read(desk.store)
    }
