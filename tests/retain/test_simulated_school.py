"""A school lives for a while, and whatever happens in it, every morning everything that must be true is true.

The short form takes in a summer, in which classes end, pupils wait between two years and new ones come. The long form
is five years of a school of 1,500: `make simulate`.
"""

import os
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text, update
from support_store import DAY, settings

from fixtures.invariants import broken
from fixtures.simulated import Simulation
from store import deletions, tables

LONG = "FORESATT_SIMULATE" in os.environ
"""pupils, first day, days, how busy, how rough."""
SCHOOLS = {
    "short": (30, date(2027, 6, 10), 115, 0.6, 5.0),
    "long": (1_500, date(2026, 8, 18), 5 * 365 + 2, 1.0, 1.0),
}


def school(folder: Path, *, seed: int = 1) -> Simulation:
    """The school of the form that was asked for."""
    pupils, first, _, busy, rough = SCHOOLS["long" if LONG else "short"]
    folder.mkdir()
    return Simulation(folder, settings(), pupils=pupils, first=first, seed=seed, busy=busy, rough=rough)


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
    for happened in (
        "arrived", "link erased", "left", "consent confirmed", "withdrew", "left undecided", "went on", "held",
        "hold ended", "crash", "night missed", "backup", "restore",
    ):  # fmt: skip
        assert world.events[happened] > 0, happened
    assert len(looked) > 100
    world.close()


WRONG = {
    "a link past its date that nothing holds": update(tables.links).values(due_on=date(2027, 6, 1)),
    "a guardian without a link": tables.links.delete(),
    "a link that should live is gone (alive)": tables.links.delete(),
    " overdue": update(tables.pupils).values(due_on=date(2027, 5, 31)),
    "a key without its subject": update(tables.data_keys).values(subject_id=tables.data_keys.c.subject_id + "X"),
    "a link past its date that is exported": update(tables.links).values(due_on=date(2027, 6, 1)),
    "a held entry past its date": update(tables.entries).values(outcome="needs_review", held_until=date(2027, 6, 1)),
    "sealed fields whose original is gone": update(tables.submissions).values(original_ct=None),
    "a consent without its link": text(
        "INSERT INTO consents (id, pupil_id, guardian_id, state, given_on, recorded_by, changed_at)"
        " SELECT 'C-A', min(id), 'G-A', 'pending', '2027-06-01', 'kari', '2027-06-01 00:00:00' FROM pupils"
    ),
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


def test_the_look_reads_the_deletion_ledger(tmp_path: Path) -> None:
    """Whoever was erased and is there again, and what was intended and never done, is seen, too, whoever forgot it."""
    world = Simulation(tmp_path, settings(), pupils=3, first=date(2027, 6, 1), busy=0.0)
    world.live(1, lambda seen: None)
    world.day -= DAY
    (guardian_id, *_) = {guardian for _, guardian in world.model.links}
    deletions.intend(world.store, [(guardian_id, "withdrawn")])
    assert "something intended and not done" in broken(world)
    deletions.done(world.store, [guardian_id])

    assert ["1 of the deletion ledger came back (G)"] == broken(world)
    world.close()
