"""A night in which retention did not run is seen by whatever runs after it."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert
from support_store import TODAY, Desk

from schemas.ids import new_id
from store import punctual, tables


def took_in(desk: Desk, moment: datetime) -> None:
    """The school's list was taken in."""
    row = {"id": new_id("N"), "source_digest": b"x" * 32, "state": "applied", "pupils": 1, "added": 1, "gone": 0}
    with desk.store.write() as tx:
        tx.connection.execute(insert(tables.roster_runs).values(**row, made_at=moment))


@pytest.mark.parametrize(
    ("expected", "now"),
    [
        (None, datetime(2026, 10, 15, 1, 59, tzinfo=UTC)),  # 03:59 in Oslo, summer time: yesterday's is enough
        (date(2026, 10, 15), datetime(2026, 10, 15, 2, 0, tzinfo=UTC)),  # 04:00: today's should be there
        (None, datetime(2026, 10, 14, 21, 59, tzinfo=UTC)),  # 23:59 of the same day in Oslo
        (None, datetime(2026, 10, 14, 22, 30, tzinfo=UTC)),  # half past midnight in Oslo
        (date(2026, 10, 15), datetime(2026, 10, 15, 22, 30, tzinfo=UTC)),  # the night after: even yesterday's lacks
        (date(2026, 11, 2), datetime(2026, 11, 2, 3, 0, tzinfo=UTC)),  # 04:00 in winter time
        (date(2026, 11, 1), datetime(2026, 11, 2, 2, 59, tzinfo=UTC)),
    ],
)
def test_the_night_must_be_done_by_four(desk: Desk, expected: date | None, now: datetime) -> None:
    """Retention has run for 14 October and not since: from 04:00 in Oslo it is missed."""
    took_in(desk, datetime(2026, 10, 1, tzinfo=UTC))
    with desk.store.write() as tx:
        punctual.succeeded(tx)
        assert TODAY == punctual.last(tx)
        assert expected == punctual.missed(tx, now)


def test_it_counts_from_the_first_list(desk: Desk) -> None:
    """A school that just began is late with nothing; from the night after its first list it can be."""
    with desk.store.read() as tx:
        assert punctual.missed(tx, datetime(2026, 10, 20, 12, tzinfo=UTC)) is None
    took_in(desk, datetime(2026, 10, 14, 12, tzinfo=UTC))
    with desk.store.read() as tx:
        assert punctual.missed(tx, datetime(2026, 10, 14, 18, tzinfo=UTC)) is None
        assert date(2026, 10, 15) == punctual.missed(tx, datetime(2026, 10, 15, 4, tzinfo=UTC))


def test_a_run_played_ahead_vouches_for_no_day_to_come(desk: Desk) -> None:
    """`--as-of` next year erases ahead; the nights until then must be run all the same."""
    desk.on(date(2099, 1, 1))
    with desk.store.write() as tx:
        punctual.succeeded(tx)
        assert punctual.last(tx) <= tx.now.date()  # type: ignore[operator]


def test_a_run_of_an_earlier_day_takes_nothing_back(desk: Desk) -> None:
    """`--as-of` last month does not undo that tonight's was done."""
    with desk.store.write() as tx:
        punctual.succeeded(tx)
    desk.on(date(2026, 9, 1))
    with desk.store.write() as tx:
        punctual.succeeded(tx)
        assert TODAY == punctual.last(tx)


def test_the_fault_says_what_to_do(desk: Desk) -> None:
    """It names the day and the next step, and nobody."""
    took_in(desk, datetime(2026, 10, 1, tzinfo=UTC))
    with desk.store.read() as tx:
        fault = punctual.fault(tx)

    assert fault is not None
    assert ("retention_missed", "foresatt retention" in fault.next_step) == (fault.code, True)
