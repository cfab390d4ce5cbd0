"""`foresatt bench retention`: what a night costs, by what is due and by what is stored; and five years of nights."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.bench import Figure, figure, show, took
from console.bench_store import DUE, erased, load, stores
from console.state import State, common, pass_state

if TYPE_CHECKING:
    from store.database import Store

RUNS = 3
FIRST = date(2026, 8, 18)
"""The simulated school's first day."""


@click.command(short_help="A night of retention, and five years of them.")
@click.option("--links", default=400_000, show_default=True, type=click.IntRange(50_000), help="How many are stored.")
@click.option("--years", default=5, show_default=True, type=click.IntRange(1, 10), help="How long the school lives.")
@click.option("--pupils", default=1_500, show_default=True, type=click.IntRange(30), help="How large it is.")
@common
@pass_state
def retention(state: State, links: int, years: int, pupils: int) -> None:
    """Erase 1,500 of many and of a tenth as many; recompute every due date, all wrong and all right; and let a made-up
    school live through years, day by day, looking every morning whether anything is late.

    Takes some twenty-five minutes; --years 1 --pupils 60 takes five.
    """
    show(state, "bench retention", retention_figures(links, years, pupils, state.say))


def retention_figures(links: int, years: int, pupils: int, say: Callable[[str], None]) -> list[Figure]:
    """The figures of `bench retention`."""
    figures = []
    with ExitStack() as stack:
        fresh = stack.enter_context(stores("sqlite"))
        taken = {}
        thousands = f"{links // 1000}k"
        for count in (links // 10, links):
            say(f"{count:,} links: erasing {DUE:,} …")
            store = fresh()
            load(store, count)
            taken[count] = statistics.median(erased(store, time.process_time) for _ in range(RUNS))
            if count < links:
                store.close()
        ratio = taken[links] / taken[links // 10]
        floor = f"CPU time of the same {DUE:,} due of a tenth as many; what is stored and not due costs nothing at 1"
        figures.append(figure(f"ratio_{thousands}_to_{links // 10_000}k", ratio, "ratio", floor))
        say("  every due date, all of them wrong, then all of them right …")
        _furnish(store)
        alone, wrong, right = _due_dates(store, say)
        store.close()
    told = f"CPU time for {links:,} links and their pupils; all of them wrong before"
    figures.append(figure(f"due_dates_seconds_{thousands}", alone, "s", told))
    figures.append(figure(f"due_dates_and_lines_seconds_{thousands}", wrong, "s", "the same, and every REMOVE line"))
    figures.append(figure(f"due_dates_unchanged_seconds_{thousands}", right, "s", "both, none of them wrong"))
    return [*figures, *_years(years, pupils, say)]


def _due_dates(store: "Store", say: Callable[[str], None]) -> tuple[float, float, float]:
    from store import due_dates, worklist

    def recompute(work: Callable[[Any], object]) -> float:
        def written() -> None:
            with store.write() as tx:
                work(tx)

        return took(written)

    alone, wrong, right = [], [], []
    for run in range(RUNS):
        say(f"  {run + 1} of {RUNS} …")
        _spoil(store)
        alone.append(recompute(due_dates.refresh_due))
        _spoil(store)
        wrong.append(recompute(worklist.refresh_all))
        right.append(recompute(worklist.refresh_all))
    return statistics.median(alone), statistics.median(wrong), statistics.median(right)


def _furnish(store: "Store") -> None:
    """Birth dates over three years, an enrolment each, and a REMOVE line for every link; not timed."""
    from sqlalchemy import delete, select

    from schemas.ids import new_id
    from store import tables
    from store.bulk import insert_rows, update_keyed

    chance = random.Random(1)  # noqa: S311 - birth dates of nobody
    with store.write() as tx:
        run = tx.connection.execute
        run(delete(tables.worklist_lines))
        pupils = list(run(select(tables.pupils.c.id)).scalars())
        day = tx.today.replace(day=1)
        born = [(one, day - timedelta(days=365 * 16 + chance.randrange(365 * 2))) for one in pupils]
        update_keyed(tx.connection, tables.pupils, ("id",), ("born",), born)
        stays = ((one, day - timedelta(days=100), day + timedelta(days=chance.randrange(150, 300))) for one in pupils)
        insert_rows(tx.connection, tables.enrolments, ("pupil_id", "starts", "ends"), stays)
        pairs = run(select(tables.links.c.pupil_id, tables.links.c.guardian_id)).all()
        rows = ((new_id("L"), "remove", p, g, "open", "turned_18", tx.today, b"sealed") for p, g in pairs)
        columns = ("id", "kind", "pupil_id", "guardian_id", "state", "why", "due_on", "text_ct")
        insert_rows(tx.connection, tables.worklist_lines, columns, rows)


def _spoil(store: "Store") -> None:
    """A wrong date everywhere; not timed."""
    from sqlalchemy import update

    from store import tables

    wrong: dict[str, Any] = {"due_on": date(2099, 1, 1)}
    with store.write() as tx:
        for table in (tables.pupils, tables.links, tables.worklist_lines):
            tx.connection.execute(update(table).values(**wrong))


def _years(years: int, pupils: int, say: Callable[[str], None]) -> list[Figure]:
    """The school that lives; what is late is counted after every night."""
    from fixtures.invariants import broken
    from fixtures.simulated import Simulation
    from schemas.settings import Settings
    from tasks.retain.overdue import overdue

    late, wrong, days = 0, 0, (FIRST.replace(year=FIRST.year + years) - FIRST).days
    began = time.process_time()

    def look(world: Simulation) -> None:
        nonlocal late, wrong
        late += overdue(world.store)
        wrong += len(broken(world))
        if world.day.day == 1:
            say(f"  {world.day:%B %Y} …")

    say(f"{pupils:,} pupils, {days:,} days …")
    with tempfile.TemporaryDirectory(prefix="foresatt-bench-") as folder:
        world = Simulation(Path(folder), Settings(environment="test"), pupils=pupils, first=FIRST)
        world.live(days, look)
        happened = sum(world.events.values())
        world.close()
    name = {5: "five"}.get(years, str(years))
    told = f"things late after any night; {pupils:,} pupils, {days:,} days, {happened:,} events; 0 is the promise"
    return [
        figure(f"late_in_{name}_years", late, "count", told),
        figure(f"broken_in_{name}_years", wrong, "count", "invariants that did not hold on some day; 0 is the promise"),
        figure(f"{name}_years_seconds", time.process_time() - began, "s", "CPU time of the same, looking included"),
    ]
