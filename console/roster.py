"""`foresatt roster`: pupils, enrolments and known guardians from the school's own list; lists that are held."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.state import State, account, by_option, common, pass_state
from schemas.errors import SafetyRefusal, UsageFault

if TYPE_CHECKING:
    from tasks.reconcile.importing import Imported


@click.group(short_help="The school's pupils and known guardians.")
@common
def roster() -> None:
    """The school's own list: whom a form may be about, and what proves who sent it."""


@roster.command("import", short_help="Take in a roster.")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would change, and change nothing.")
@common
@pass_state
def import_(state: State, file: Path | None, dry_run: bool) -> None:
    """Take in the list in FILE (columns in docs/operators/roster.md), or else the roster that the settings name.

    A list that is empty, sharply shorter than what is known, or that would turn much of it around, is held (exit 4):
    see `foresatt roster runs` and `release`. Retention runs afterwards in any case: nothing waits for the night.
    """
    from tasks.reconcile.importing import import_roster
    from tasks.reconcile.rosters import configured_roster, file_roster
    from tasks.retain.sweep import sweep

    house = state.house()
    told = configured_roster(house.settings, house.home) if file is None else None
    chosen = file_roster(file, house.settings, house.home) if file is not None else told
    if chosen is None:
        raise UsageFault(
            "no_roster", "no file is named, and the settings name no roster", "name FILE, or set roster.file"
        )
    with state.store() as store:
        try:
            result = import_roster(store, chosen, dry_run=dry_run, by=account())
        except SafetyRefusal:
            if not dry_run:
                sweep(store)  # whose time is out goes, whatever the list says
            raise
        erased = {} if dry_run else sweep(store)
    _show(state, "Would change" if dry_run else "Roster", result, {"dry_run": dry_run, "erased": erased})


@roster.command(short_help="The imports so far, and which of them waits for a person.")
@click.option("--held", is_flag=True, help="Only those that wait.")
@common
@pass_state
def runs(state: State, held: bool) -> None:
    """List the roster imports, newest first: what they were, and why one is held."""
    from store import rosters

    with state.store() as store, store.read() as tx:
        rows = [
            {
                "run": row.id, "at": row.made_at.isoformat(timespec="minutes"), "state": row.state, "kind": row.kind,
                "complete": row.complete, "pupils": row.pupils, "added": row.added, "changed": row.changed,
                "gone": row.gone, "why": row.why, "kept_until": row.content_due_on, "released_by": row.released_by,
            }
            for row in rosters.runs(tx, held=held)
        ]  # fmt: skip
    state.emit({"runs": rows})
    shown = ("run", "at", "state", "kind", "pupils", "added", "changed", "gone", "why", "kept_until")
    state.table("Roster imports", shown, [[row[name] for name in shown] for row in rows])


@roster.command(short_help="Take in a list that is held.")
@click.argument("run", metavar="RUN")
@by_option
@common
@pass_state
def release(state: State, run: str, by: str) -> None:
    """Take in the held list RUN on your word: it is right, though it looked broken. See `foresatt roster runs --held`.

    Whoever it does not name was missing once by it; their enrolment ends with the next list that lacks them too.
    """
    from tasks.reconcile import importing
    from tasks.retain.sweep import sweep

    with state.store() as store:
        result = importing.release(store, run, by=by)
        erased = sweep(store)
    _show(state, "Released", result, {"erased": erased})


def _show(state: State, title: str, result: "Imported", more: dict[str, Any]) -> None:
    told = asdict(result)
    understood = dict(told.pop("understood"))
    state.emit({**told, "understood": understood, **more})
    if understood:
        state.table("Understood", ("what", "as"), list(understood.items()))
    state.table(title, ("what", "count"), [*told.items(), *more.get("erased", {}).items()])
