"""`foresatt oneroster`: guardians and their pupils as OneRoster CSV, for a system that the school has decided on."""

from pathlib import Path

import click

from console.state import State, by_option, common, pass_state
from schemas.errors import UsageFault


@click.group(short_help="OneRoster CSV, where decided.")
@common
def oneroster() -> None:
    """The OneRoster export: off until the settings say to whom, what for, and who decided it and when."""


@oneroster.command(short_help="Write a zip for the recipient.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file, .zip.")
@click.option("--delta", is_flag=True, help="Only what changed since the last export, and who is gone.")
@by_option
@common
@pass_state
def export(state: State, out: Path, delta: bool, by: str) -> None:
    """Write everyone whose guardian access is live today, as OneRoster CSV 1.1 or 1.2 (a setting).

    Without --delta it is the whole truth: whoever is missing from it is gone. Suspended links, protected families and
    pupils of 18 without a confirmed consent are never in it. The audit remembers every export. The file holds names:
    hand it on encrypted, and delete it here.
    """
    from store import audit
    from store.home import private_write
    from tasks.provision.oneroster import export as make

    if out.suffix.lower() != ".zip":
        raise UsageFault("file_kind", "a OneRoster export is a .zip", "end the file's name with .zip")
    by = audit.staff(by)
    with state.store() as store, store.write() as tx:
        made = make(tx, by, delta=delta)
        private_write(out, made.data)
    told = {"students": made.students, "guardians": made.guardians, "gone": made.gone}
    state.emit({"kind": "delta" if delta else "bulk", **told})
    state.say(f"{made.students} pupils and {made.guardians} guardians written; {made.gone} gone")
