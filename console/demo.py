"""`foresatt demo`: a whole synthetic school in a fresh home, from the sources to the work list, on real input.

Nobody in it exists. No questions, no network beyond loopback.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from console.state import State, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from fixtures.casebook import Case
    from fixtures.school import School
    from store.config import House

MARK = "this-is-a-demo"
STEWARD = "demo.steward"


@dataclass(frozen=True, slots=True)
class World:
    """A synthetic school with its home, its sources filled."""

    house: "House"
    school: "School"
    cases: "list[Case]"
    standin: Any

    def fill(self, *, late: bool) -> None:
        """Put the cases into their sources, or with `late` those that are collected the second time."""
        from fixtures.town import fill

        home = self.house.home
        fill(
            self.school,
            self.cases,
            maildir=home.mail,
            scans=home.scans,
            standin=self.standin,
            gnupg=home.gnupg,
            late=late,
        )


@click.command(short_help="A whole synthetic school, run before your eyes.")
@common
@pass_state
def demo(state: State) -> None:
    """Make a synthetic school of some 120 pupils, fill mailbox, Digipost stand-in and scan folder with real mails,
    letters and scans, and run intake, reconcile, provision and retention on them.

    The home is ./foresatt-demo (or --home); an earlier demo there is replaced.
    """
    began = time.monotonic()
    state.home = fresh(state.home or Path.cwd() / "foresatt-demo")
    document: dict[str, Any] = {"home": str(state.home)}
    from console.server import Orchestrator
    from store.config import House, load
    from store.home import Home

    os.environ["FORESATT_ENVIRONMENT"] = "test"
    server = Orchestrator(House(Home(state.home), load(None, state.home).settings, None))
    try:
        state.say("Starting a Prefect server on loopback, and making a school meanwhile …")
        server.start()
        with world(state, datetime.now(ZoneInfo("Europe/Oslo")).date()) as made:
            _say_world(state, made)
            server.ready()
            document |= _play(state, made)
        document["seconds"] = round(time.monotonic() - began, 1)
        state.emit(document)
        if not state.as_json:
            _farewell(state.home, document)
    finally:
        if "tasks.decrypt.keyring" in sys.modules:
            sys.modules["tasks.decrypt.keyring"].stop_agent(state.home / "gnupg")
        server.stop()


def fresh(home: Path) -> Path:
    """An empty folder for the demo; only an earlier demo is ever replaced."""
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise UsageFault("not_a_demo", "that folder holds something that is not a demo", "choose another --home")
        shutil.rmtree(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    (home / MARK).touch(mode=0o600)
    return home.absolute()


@contextmanager
def world(state: State, today: date) -> Iterator[World]:
    """A home with the school's roster imported and every source filled, the Digipost stand-in answering."""
    from console.setup import create
    from fixtures.cases import make_cases
    from fixtures.digipost import DigipostStandIn, make_key_file
    from fixtures.school import make_school
    from store.opening import open_store
    from tasks.reconcile.importing import import_roster
    from tasks.reconcile.roster_csv import CsvRoster

    create(state, "test", "Demoskolen")
    house = state.house()
    school = make_school(today)
    roster = school.roster_csv()
    store = open_store(house)
    import_roster(store, CsvRoster(roster))
    store.close()
    key = house.home.keyring.parent / "digipost.pem"
    with DigipostStandIn(1000, 2000, make_key_file(key)) as standin:
        told = {"URL": standin.url, "BROKER_ID": "1000", "SENDER_ID": "2000", "KEY_FILE": str(key)}
        told["CONTENT_HOSTS"] = "127.0.0.1"
        os.environ.update({f"FORESATT_DIGIPOST_{name}": value for name, value in told.items()})
        made = World(state.house(), school, make_cases(school), standin)
        try:
            made.fill(late=False)
            yield made
        finally:
            for name in told:
                os.environ.pop(f"FORESATT_DIGIPOST_{name}", None)


def _play(state: State, made: World) -> dict[str, Any]:
    """The whole journey; returns every run's summary."""
    from console.runs import call_flow, show_summary

    quiet = State(state.config, state.home, True)
    runs: dict[str, Any] = {}

    def run(title: str, name: str, **parameters: Any) -> None:
        summary = call_flow(quiet, name, **parameters)
        runs[title] = summary
        if not state.as_json:
            click.echo(f"\n== {title}")
            show_summary(State(), "", summary)

    run("First intake", "intake", channel="all")
    made.fill(late=True)
    run("Second intake (an older form that came to light later)", "intake", channel="all")
    run("Nightly reconcile", "reconcile")
    run("Work list", "provision")
    runs["consents"] = _consents(made)
    runs["signed"] = _sign_some(made)
    run("Retention today", "retention")
    run("Retention tomorrow, played ahead", "retention", as_of=made.school.today + timedelta(days=1))
    runs["remove_lines"] = _removals(state, made)
    return runs


def _consents(made: World) -> int:
    """A pupil who turns 18 tomorrow consents, for one guardian only; a steward confirms it."""
    from schemas.names import agrees
    from store import consents, guardians
    from store.opening import open_store
    from store.people import read_pupils

    count = 0
    store = open_store(made.house)
    with store.write() as tx:
        for pupil, adult in made.school.consents:
            for known in (one for one in read_pupils(tx) if one.name == pupil.name):
                for guardian in guardians.of_pupil(tx, known.id):
                    if agrees(guardian.name, adult.name):
                        consents.confirm(tx, consents.record(tx, known.id, guardian.id, STEWARD), STEWARD)
                        count += 1
    store.close()
    return count


def _sign_some(made: World) -> int:
    """The steward has typed every second ADD line into Visma InSchool, and signs."""
    from store import audit, worklist
    from store.opening import open_store

    store = open_store(made.house)
    with store.write() as tx:
        lines = [line for line in worklist.read_lines(tx) if line.kind == "add"]
        leaving = {line.id for line in lines if _leaves_soon(made, line.pupil)}
        chosen = [line for at, line in enumerate(lines) if at % 2 == 0 or line.id in leaving]
        for line in chosen:
            worklist.read_lines(tx, only=line.id, reveal=True)
            audit.write(tx, STEWARD, "line_revealed", line.id)
            worklist.sign(tx, line.id, as_="done", by=STEWARD)
    store.close()
    return len(chosen)


def _removals(state: State, made: World) -> int:
    """The REMOVE lines that stand after the erasure: what the school still has to do in Visma InSchool."""
    from store import worklist
    from store.opening import open_store
    from tasks.provision.lists import as_row

    store = open_store(made.house)
    with store.read() as tx:
        rows = [as_row(line) for line in worklist.read_lines(tx) if line.kind == "remove"]
    store.close()
    shown = ("do", "due", "guardian", "pupil", "class", "note")
    if not state.as_json:
        click.echo("\n== What the school must now remove in Visma InSchool: the erasure here cannot do it there")
        state.table("", shown, [[row[name] for name in shown] for row in rows])
    return len(rows)


def _leaves_soon(made: World, name: str) -> bool:
    return any(pupil.name == name for role in ("turns_18_tomorrow", "extends") for pupil in made.school.group(role))


def _say_world(state: State, made: World) -> None:
    ways = {name: sum(case.channel == name for case in made.cases) for name in ("email", "digipost", "post")}
    told = ", ".join(f"{count} by {name}" for name, count in ways.items())
    state.say(f"A school of {len(made.school.pupils)} pupils; {len(made.cases)} deliveries: {told}")


def _farewell(home: Path, document: dict[str, Any]) -> None:
    here = f"--home {home}"
    click.echo(f"\nDone in {document['seconds']} seconds. Nobody in it exists. Look around:")
    for command, what in (
        (f"foresatt review list {here}", "what a steward has to decide"),
        (f"foresatt submissions {here}", "everything that came, and what became of it"),
        (f"foresatt worklist {here}", "what to do in Visma InSchool, REMOVE lines that outlived the erasure included"),
        (f"foresatt analogue list {here}", "who gets paper"),
        (f"foresatt answers list {here}", "what waits to be said to those who sent something"),
        (f"foresatt check {here}", "the self-test"),
    ):
        click.echo(f"  {command:60} {what}")
