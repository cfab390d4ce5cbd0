"""A school lives for a while, and whatever happens in it, every morning everything that must be true is true.

The short form takes in a summer, in which classes end, pupils wait between two years and new ones come. The long form
is five years of a school of 1,500: `make simulate`.
"""

import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update
from support_store import DAY, settings

from fixtures.invariants import broken
from fixtures.simulated import Simulation
from store import tables

LONG = "FORESATT_SIMULATE" in os.environ
"""pupils, first day, days, how busy."""
SCHOOLS = {
    "short": (30, date(2027, 6, 10), 115, 0.6),
    "long": (1_500, date(2026, 8, 18), 5 * 365 + 2, 1.0),
}


def school(folder: Path, *, seed: int = 1) -> Simulation:
    """The school of the form that was asked for."""
    pupils, first, _, busy = SCHOOLS["long" if LONG else "short"]
    folder.mkdir()
    return Simulation(folder, settings(), pupils=pupils, first=first, seed=seed, busy=busy)


def test_every_morning_everything_that_must_be_true_is_true(tmp_path: Path) -> None:
    """No guardian without a link, no link past its date, no key without its subject, nothing left for a second sweep,
    nothing of the deletion ledger back, nothing late, and exactly those links alive that a plain look at each day lets
    live: through arrivals, leavers, returns, siblings, consents, withdrawals, holds, crashes, nights that were missed,
    restores."""
    world = school(tmp_path / "school")
    looked: list[date] = []

    def look(seen: Simulation) -> None:
        assert [] == broken(seen), f"on {seen.day} ({seen.events})"
        looked.append(seen.day)

    world.live(SCHOOLS["long" if LONG else "short"][2], look)
    for happened in ("arrived", "link erased", "left", "consent confirmed", "withdrew", "left undecided", "went on"):
        assert world.events[happened] > 0, happened
    assert len(looked) > 100
    world.close()


WRONG = {
    "a link past its date that nothing holds": update(tables.links).values(due_on=date(2027, 6, 1)),
    "a guardian without a link": tables.links.delete(),
    "a link that should live is gone (alive)": tables.links.delete(),
    " overdue": update(tables.pupils).values(due_on=date(2027, 5, 31)),
    "a key without its subject": update(tables.data_keys).values(subject_id=tables.data_keys.c.subject_id + "X"),
    "a second sweep would find something": update(tables.pupils).values(due_on=date(2027, 6, 1)),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_look_sees_what_is_wrong(tmp_path: Path, what: str) -> None:
    """A look that finds nothing proves nothing, unless it finds what was broken on purpose."""
    world = Simulation(tmp_path, settings(), pupils=3, first=date(2027, 6, 1), busy=0.0)
    world.live(1, lambda seen: None)
    world.day -= DAY
    assert [] == broken(world)
    with world.store.write() as tx:
        tx.connection.execute(WRONG[what])

    assert any(what in one for one in broken(world))
    world.close()
