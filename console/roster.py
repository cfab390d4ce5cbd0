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
@click.option("--mapping", default="", metavar="NAME", help="Read its columns by this saved mapping.")
@click.option("--save-mapping", default="", metavar="NAME", help="Save how its columns were read, under this name.")
@click.option("--dry-run", is_flag=True, help="Say what was understood and what would change, and change nothing.")
@common
@pass_state
def import_(state: State, file: Path | None, mapping: str, save_mapping: str, dry_run: bool) -> None:
    """Take in the list in FILE, or else the roster that the settings name. What it is, is found out from its content:
    CSV, XLSX, a OneRoster zip, PIFU-IMS XML, or saved FINT answers (a folder or zip of JSON).

    \b
    Begin with
      foresatt roster import FILE --dry-run --save-mapping skolen
    It says which column was taken as what, and saves that for an editor: mappings/skolen.toml in the home. From then on
      foresatt roster import FILE --mapping skolen

    A list that is empty, sharply shorter than what is known, or that would turn much of it around, is held (exit 4):
    see `foresatt roster runs` and `release`. Retention runs afterwards in any case: nothing waits for the night.
    """
    from tasks.reconcile import mapping as mappings
    from tasks.reconcile.importing import import_roster
    from tasks.reconcile.roster import Unreadable
    from tasks.reconcile.rosters import configured_roster, file_roster
    from tasks.retain.sweep import sweep

    house = state.house()
    if file is None:
        chosen = configured_roster(house.settings, house.home)
    else:
        chosen = file_roster(file, house.settings, house.home, mapping=mapping)
    if chosen is None:
        raise UsageFault(
            "no_roster", "no file is named, and the settings name no roster", "name FILE, or set roster.file"
        )
    used: object = None
    with state.store() as store:
        try:
            result = import_roster(store, chosen, dry_run=dry_run, by=account())
        except SafetyRefusal:
            if not dry_run:
                sweep(store)  # whose time is out goes, whatever the list says
            raise
        except Unreadable as fault:
            used = fault.used
            if fault.understood:
                state.table("Understood", ("what", "as"), fault.understood)
            if fault.places:
                state.table("Cannot be read", ("where",), [(str(place),) for place in fault.places[:_MOST_SHOWN]])
            raise
        finally:
            used = used or getattr(chosen, "used", None)
            if save_mapping and isinstance(used, mappings.Mapping):
                saved = mappings.save(house.home.mappings, save_mapping, used)
                state.say(f"saved: {saved}")
        erased = {} if dry_run else sweep(store)
    _show(state, "Would change" if dry_run else "Roster", result, {"dry_run": dry_run, "erased": erased})


_MOST_SHOWN = 200


@roster.command("mappings", short_help="The saved mappings of columns.")
@click.argument("mapping", required=False)
@common
@pass_state
def mappings_(state: State, mapping: str | None) -> None:
    """List the saved mappings, or show the one called MAPPING. They are files in the home's folder `mappings`, to be
    edited by hand; they hold names of columns, and nothing of what stands in them."""
    from tasks.reconcile import mapping as mappings

    folder = state.house().home.mappings
    if mapping is None:
        state.emit({"mappings": mappings.names(folder)})
        state.table("Mappings", ("name",), [(one,) for one in mappings.names(folder)])
        return
    told = mappings.load(folder, mapping)
    state.emit({"name": mapping, "columns": {ours: list(theirs) for ours, theirs in told.columns.items()}})
    state.table(mapping, ("ours", "the list's"), [(ours, " + ".join(theirs)) for ours, theirs in told.columns.items()])


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
    left_out = [one for one in told.pop("left_out").split("; ") if one]
    counts = {**told, "left_out": len(left_out), **more.get("erased", {})}
    state.table(title, ("what", "count"), list(counts.items()))
    if left_out:
        state.table("Left out: put right at the source", ("where",), [(one,) for one in left_out[:_MOST_SHOWN]])
