"""The list against the store: what a comparison holds while it runs."""

from datetime import date

from support_store import HERE, Desk

from store.people import RosterPupil
from tasks.reconcile.comparing import compare
from tasks.reconcile.roster import Listed


def test_no_key_is_held_once_a_pupil_is_compared(desk: Desk) -> None:
    """Every pupil is opened, and none of their keys stays in memory: of 200,000 it would be a gigabyte."""
    desk.family()
    told = RosterPupil(f"elev-{desk.keys}", "Ola Vik", date(2010, 3, 5), "3STA", "", False, HERE, ())
    with desk.store.read() as tx:
        plan = compare(tx, Listed("csv", b"list", [told]))

        assert 1 == len(plan.changed)
        assert {} == tx.vault._keys  # as no public function tells it
