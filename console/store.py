"""`foresatt store`: the store itself: its tables, its backups, and the move to another database."""

import json
from pathlib import Path

import click

from console.state import State, by_option, common, pass_state


@click.group(short_help="Tables, backups, and moving to PostgreSQL.")
@common
def store() -> None:
    """The store itself. Neither its keys nor the deletion ledger are in a backup: keep copies of both apart from it."""


@store.command(short_help="Bring the tables to this release.")
@common
@pass_state
def migrate(state: State) -> None:
    """After an update of foresatt. All of it or nothing, and no row is lost; make a backup first all the same."""
    from store.backup import migrate
    from store.opening import unopened

    made = unopened(state.house())
    try:
        changed = migrate(made)
    finally:
        made.close()
    state.emit({"changed": changed})
    state.say("migrated" if changed else "nothing to do: the tables are this release's")


@store.command(short_help="The whole store into one file.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A new file.")
@common
@pass_state
def backup(state: State, out: Path) -> None:
    """A consistent picture, sealed as it is, compared row by row after writing. Work goes on meanwhile."""
    from store import backup

    with state.store() as opened, state.progress("backup") as watch:
        moved = backup.backup(opened, out, watch)
    _told(state, moved.rows, file=str(out))


@store.command(short_help="Put a backup in the store's place.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@by_option
@common
@pass_state
def restore(state: State, file: Path, by: str) -> None:
    """Everything in the store is replaced, and whoever was erased since is erased again before anybody can read.

    Stop every worker first. Afterwards run intake: what came in since the backup is fetched again where its source
    still has it.
    """
    from store import audit, backup
    from store.opening import unopened

    by = audit.staff(by)
    made = unopened(state.house())
    try:
        backup.migrate(made)
        with state.progress("restore") as watch:
            moved = backup.restore(made, file, by, watch)
    finally:
        made.close()
    _told(state, moved.rows, erased_again=moved.erased)


@store.command(short_help="Move to a PostgreSQL database.")
@click.option("--to", "url", required=True, metavar="URL", help="postgresql://user@host/database, without password.")
@common
@pass_state
def copy(state: State, url: str) -> None:
    """Copy everything into an empty PostgreSQL database, and compare every row. The store here stays as it is.

    The password comes from FORESATT_STORE_PASSWORD. Stop every worker first; afterwards set store.url to the new one.
    """
    from store import backup

    house = state.house()
    with state.store() as opened, state.progress("copy") as watch:
        moved = backup.copy_to(opened, url, house.settings, watch)
    _told(state, moved.rows)
    state.say(f"Compared, all equal. Now put into the settings, under [store]: url = {json.dumps(url)}")


def _told(state: State, rows: dict[str, int], **more: object) -> None:
    state.emit({"rows": rows, **more})
    state.table("Rows", ("table", "rows"), [*sorted(rows.items()), ("all", sum(rows.values())), *more.items()])
