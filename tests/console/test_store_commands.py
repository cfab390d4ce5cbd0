"""`foresatt keys`, `store` and `audit`: what people type, what programs read, and what is said when it cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import update
from support_store import PASSWORD, Desk, add_guardian, column

from console.main import cli
from console.state import account
from fixtures.postgresql import PostgreSQL
from schemas.errors import ForesattError, NotReady
from store import audit_guard, tables, worklist
from store.opening import open_store

Ask = Callable[..., Any]


@pytest.fixture
def ask(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A command on the desk's home; its JSON document, or the fault that it raised."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")

    def asked(*argv: str | Path, as_json: bool = True) -> Any:
        told = [*map(str, argv), "--home", str(desk.house.home.root), *(["--json"] if as_json else [])]
        done = CliRunner().invoke(cli, told)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert 0 == done.exit_code, done.output
        return json.loads(done.stdout) if as_json else done.output

    return asked


@pytest.fixture
def family(desk: Desk) -> str:
    """A family with a decided form and a linked guardian; the father's name."""
    made = desk.family(lists=("number",))
    desk.decided(column(made, made.mother))
    with desk.store.write() as tx:
        add_guardian(tx, made, made.father)
    return made.father.name


def test_keys_are_told_and_turned(desk: Desk, family: str, ask: Ask) -> None:
    """`keys status` says what there is to do, `keys rotate` does it, in counts; the audit names who."""
    before = ask("keys", "status")
    turned = ask("keys", "rotate", "--by", "kari")
    after = ask("keys", "status")

    assert {"epoch": 1, "age_days": 0, "waiting": 0, "old_epochs": [], "rotate": False}.items() <= before.items()
    assert {"epoch": 2, "rewrapped": before["data_keys"], "looked_up": 2, "destroyed": 0} == turned
    assert (2, [1]) == (after["epoch"], [one["epoch"] for one in after["old_epochs"]])
    assert ("kari", "keys_rotated") in [(row["actor"], row["action"]) for row in ask("audit", "show")]


def test_a_rotation_wants_a_name(ask: Ask) -> None:
    """Whoever turns the keys or puts a backup back is named, by a staff id."""
    with pytest.raises(AssertionError, match="--by"):
        ask("keys", "rotate")
    with pytest.raises(ForesattError, match="staff_id"):
        ask("keys", "rotate", "--by", "Kari Nordmann")


def test_a_backup_is_made_and_put_back(desk: Desk, family: str, ask: Ask, tmp_path: Path) -> None:
    """Counts by table on both ways, and who was erased meanwhile."""
    made = ask("store", "backup", "--out", tmp_path / "b.db")
    back = ask("store", "restore", tmp_path / "b.db", "--by", "kari")

    assert made["rows"] == back["rows"]
    assert (2, 0, str(tmp_path / "b.db")) == (back["rows"]["guardians"], back["erased_again"], made["file"])
    assert {"holds": True, "rows": made["rows"]["audit"] + 1}.items() <= ask("audit", "verify").items()


def test_a_lost_database_is_made_anew_and_filled_from_the_backup(
    desk: Desk, family: str, ask: Ask, tmp_path: Path
) -> None:
    """The file is gone, keys and deletion ledger are there: one command, and everybody is back."""
    ask("store", "backup", "--out", tmp_path / "b.db")
    desk.store.close()
    for file in desk.house.home.database.parent.iterdir():
        file.unlink()

    assert 2 == ask("store", "restore", tmp_path / "b.db", "--by", "kari")["rows"]["guardians"]
    desk.store = open_store(desk.house)
    assert 2 == len(desk.rows(tables.guardians))


def test_a_store_moves_to_postgresql(
    desk: Desk, family: str, ask: Ask, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`store copy --to` moves every row; with the new address set, the commands go on there."""
    assert PASSWORD == desk.house.settings.store.password_env
    url = server.url(server.database())
    moved = ask("store", "copy", "--to", url)
    monkeypatch.setenv("FORESATT_STORE_URL", url)

    assert 2 == moved["rows"]["guardians"]
    assert ask("audit", "verify")["holds"]
    assert 2 == ask("keys", "rotate", "--by", "kari")["looked_up"]
    monkeypatch.delenv("FORESATT_STORE_URL")


def test_a_changed_audit_row_is_named(desk: Desk, family: str, ask: Ask) -> None:
    """`audit verify` ends with 1, and says which row and what was done to it; `check` finds it too."""
    with desk.store.write() as tx:
        audit_guard.lift(tx.connection)
        tx.connection.execute(update(tables.audit).where(tables.audit.c.seq == 2).values(actor="ola"))
        audit_guard.guard(tx.connection)
    with pytest.raises(NotReady, match="row 2: changed") as told:
        ask("audit", "verify")
    assert (1, "audit_broken") == (told.value.exit_code, told.value.code)
    with pytest.raises(NotReady, match="check_failed"):
        ask("check")


def test_the_audit_of_one_thing_is_shown(desk: Desk, family: str, ask: Ask) -> None:
    """`audit show ID` tells the rows about that id, oldest first, and nothing of a person."""
    entry = desk.rows(tables.entries)[0].id
    rows = ask("audit", "show", entry)

    assert ["entry_decided"] == [row["action"] for row in rows]
    assert {entry} == {row["subject"] for row in rows}
    assert family not in ask("audit", "show", as_json=False)


def test_a_migration_that_is_not_needed_says_so(ask: Ask) -> None:
    """`store migrate` on a current store changes nothing."""
    assert {"changed": False} == ask("store", "migrate")


def test_no_command_runs_on_a_store_of_another_release(desk: Desk, ask: Ask) -> None:
    """Every command refuses, and names the one that mends it."""
    with desk.store.write() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    for argv in (("submissions",), ("worklist", "list"), ("keys", "status"), ("store", "backup", "--out", "x.db")):
        with pytest.raises(NotReady, match="not_migrated") as told:
            ask(*argv)
        assert "foresatt store migrate" in told.value.next_step


def test_a_home_without_its_deletion_ledger_is_refused(desk: Desk, ask: Ask) -> None:
    """Without the ledger nobody knows who was erased: nothing is opened, and no new one is made by itself."""
    desk.store.close()
    desk.house.home.deletions.unlink()
    with pytest.raises(NotReady, match="ledger_missing"):
        ask("submissions")
    assert not desk.house.home.deletions.exists()


def test_who_looks_at_a_list_of_names_is_remembered(desk: Desk, family: str, ask: Ask) -> None:
    """The work list, its export and the analogue register show names: the audit says which was read, and by whom."""
    with desk.store.write() as tx:
        worklist.sync(tx)
    for argv in (("worklist", "list"), ("worklist", "export"), ("analogue", "list")):
        ask(*argv)
    rows = [(row["actor"], row["action"], row["detail"]) for row in ask("audit", "show", "--last", "3")]

    # two additions, and the sheet that came by post to shred
    assert ["list=worklist", "count=3 revealed=no", "list=analogue"] == [detail for _, _, detail in rows]
    assert ["list_read", "worklist_exported", "list_read"] == [action for _, action, _ in rows]
    assert {account()} == {actor for actor, _, _ in rows}
