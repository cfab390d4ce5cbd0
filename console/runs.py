"""The commands that run a flow once: intake, reconcile, retention, provision, reprocess."""

import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from console.state import State, common, pass_state
from schemas.errors import ForesattError, UsageFault


def run_flow(state: State, name: str, **parameters: Any) -> dict[str, Any]:
    """Run a flow in this process against the configured Prefect server, or one started for it."""
    house = state.house()
    house.home.require()
    from console.server import orchestrator

    with orchestrator(house):
        return call_flow(state, name, **parameters)


def call_flow(state: State, name: str, **parameters: Any) -> dict[str, Any]:
    """Run a flow where the server is up already; shows progress on a terminal."""
    import importlib

    module = importlib.import_module(f"flows.{name}")
    from flows.steps import WATCH

    token = WATCH.set(_watcher(state))
    try:
        result: dict[str, Any] = getattr(module, name)(**parameters)
    finally:
        WATCH.reset(token)
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", err=True, nl=False)
    return result


def _watcher(state: State) -> Callable[[str, Any], None]:
    def on_terminal(step: str, now: Any) -> None:
        if now is None:
            told = "at it"
        elif isinstance(now, tuple):
            told = f"{now[0]} of {now[1]}"
        else:
            told = f"{now.collected} collected, {now.decided} decided"
        click.echo(f"\r\x1b[K{step}: {told} …", err=True, nl=False)

    return on_terminal if sys.stderr.isatty() else (lambda step, now: None)


def show_summary(state: State, title: str, summary: Mapping[str, Any]) -> None:
    """A run's summary as JSON or as a short table."""
    state.emit(summary)
    rows: list[tuple[object, ...]] = []
    lists: dict[str, list[Mapping[str, object]]] = {}
    for key, value in summary.items():
        if isinstance(value, Mapping):
            rows += [(f"{key}: {code}", number) for code, number in value.items()]
        elif isinstance(value, list):
            lists[key] = value
        elif key != "flow_run_id":
            rows.append((key, value))
    state.table(title, ("what", "count"), rows)
    for key, listed in lists.items():
        if listed:
            state.table(key.capitalize(), tuple(listed[0]), [tuple(one.values()) for one in listed])


@click.command(short_help="Take in what came, and decide it.")
@click.argument("channel", type=click.Choice(["email", "digipost", "post", "all"]), default="all")
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, path_type=Path),
    help="With email or post: a Maildir, a folder of .eml, an mbox, or a folder of scans, read and never touched.",
)
@click.option("--watch", is_flag=True, help="With email: go on taking in mail as it comes, until Ctrl-C.")
@common
@pass_state
def intake(state: State, channel: str, source: Path | None, watch: bool) -> None:
    """Run the intake flow once: collect, decrypt, read, validate, reconcile, load.

    \b
    foresatt intake                        every channel that is set up
    foresatt intake email --from ./mails   a folder of .eml, left untouched
    foresatt intake email --watch          mail as it comes, until Ctrl-C
    """
    if source is not None:
        if channel not in ("email", "post"):
            raise UsageFault("from_needs_channel", "--from goes with email or post", "foresatt intake email --from …")
        if channel == "post" and not source.is_dir():
            raise UsageFault("from_needs_folder", "scans are read from a folder", "foresatt intake post --from FOLDER")
        name, key = ("EMAIL", "SOURCE") if channel == "email" else ("POST", "FOLDER")
        os.environ[f"FORESATT_{name}_{key}"] = str(source.absolute())
        os.environ[f"FORESATT_{name}_READ_ONLY"] = "true"
    if watch:
        if channel != "email" or source is not None:
            raise UsageFault("watch_needs_email", "--watch goes with email alone", "foresatt intake email --watch")
        _watch(state)
        return
    show_summary(state, "Intake", run_flow(state, "intake", channel=channel))


def _watch(state: State) -> None:
    """Intake, wait until the mail server tells of new mail or the time is out, intake again. A run that fails is told,
    and the next one makes up for it."""
    house = state.house()
    house.home.require()
    from console.server import orchestrator
    from tasks.collect.channels import channels
    from tasks.collect.imap import ImapChannel

    seconds = house.settings.imap.poll_seconds
    (source,) = channels(house.settings, house.home, "email")
    with orchestrator(house):
        while True:
            if isinstance(source, ImapChannel):
                source.mark()
            try:
                show_summary(state, "Intake", call_flow(state, "intake", channel="email"))
            except ForesattError as fault:
                state.say(f"foresatt: {fault.message}")
            if isinstance(source, ImapChannel):
                source.wait(seconds)
            else:
                time.sleep(seconds)


@click.command(short_help="The nightly reconciliation, now.")
@common
@pass_state
def reconcile(state: State) -> None:
    """Roster, due dates, register, every stored link, forms that wait, and each channel's count against its source.

    What it finds out: foresatt findings. A second run the same night changes nothing.
    """
    show_summary(state, "Reconcile", run_flow(state, "reconcile"))


@click.command(short_help="Erase what is due.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Treat this date as today.")
@click.option("--dry-run", is_flag=True, help="Only list what would go.")
@common
@pass_state
def retention(state: State, as_of: datetime | None, dry_run: bool) -> None:
    """Erase what is due, and prove that nothing is overdue. What is erased cannot be brought back."""
    day = as_of.date() if as_of else None
    show_summary(state, "Retention", run_flow(state, "retention", as_of=day, dry_run=dry_run))


@click.command(short_help="Bring the work list in step.")
@common
@pass_state
def provision(state: State) -> None:
    """Bring the Visma InSchool work list and the analogue register in step with the store."""
    show_summary(state, "Provision", run_flow(state, "provision"))


@click.command(short_help="Rejected or held forms again.")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reason", metavar="CODE", help="Only those with this reason code.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those received since this date.")
@common
@pass_state
def reprocess(state: State, ids: tuple[str, ...], reason: str | None, since: datetime | None) -> None:
    """Run rejected or held forms again, with the corrections made meanwhile and their attempts reset."""
    from schemas.ids import is_id
    from schemas.reasons import CATALOGUE

    if any(not is_id(ident, "S") for ident in ids):
        raise UsageFault("bad_id", "a submission's id is S- and 26 letters", "see: foresatt submissions")
    if reason is not None and reason not in CATALOGUE:
        raise UsageFault("bad_reason", "there is no such reason code", "see: foresatt submissions")
    day = since.date() if since else None
    summary = run_flow(state, "reprocess", submission_ids=list(ids) or None, reason=reason, since=day)
    show_summary(state, "Reprocess", summary)
