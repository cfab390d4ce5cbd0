"""`foresatt roster import`: pupils, enrolments and known guardians from the school's own list."""

from dataclasses import asdict
from pathlib import Path

import click

from console.state import State, common, pass_state


@click.group(short_help="The school's pupils and known guardians.")
@common
def roster() -> None:
    """The school's own list: whom a form may be about, and what proves who sent it."""


@roster.command("import", short_help="Take in a roster file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would change, and change nothing.")
@common
@pass_state
def import_(state: State, file: Path, dry_run: bool) -> None:
    """Take in a CSV roster (semicolons, UTF-8; columns in docs/operators/roster.md).

    A file that is empty or sharply shorter than what is known is refused (exit 4). Retention runs afterwards, so that
    nothing waits for the night.
    """
    from tasks.reconcile.importing import import_roster
    from tasks.reconcile.roster_csv import CsvRoster
    from tasks.retain.sweep import sweep

    data = file.read_bytes()
    with state.store() as store:
        result = asdict(import_roster(store, CsvRoster(data), data, dry_run=dry_run))
        erased = {} if dry_run else sweep(store)
    state.emit({**result, "dry_run": dry_run, "erased": erased})
    title = "Would change" if dry_run else "Roster"
    state.table(title, ("what", "count"), [*result.items(), *erased.items()])
