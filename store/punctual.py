"""When retention last did all its work: the dead man's switch of the nightly run.

A flow that did not run raises no alarm of its own, so whatever runs later looks here: `foresatt check`, the
reconciliation, the work list. Does not belong here: what is late (`tasks.retain.overdue`).
"""

from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select

from schemas.errors import RunFault
from store.database import OSLO, Transaction
from store.tables import roster_runs, store_info

KEY: Final = "retention"
BY: Final = time(4)
"""Oslo's time by which the night's retention has ended."""


def succeeded(tx: Transaction) -> None:
    """Retention has done everything, for today. A run played ahead (`--as-of`) vouches for no day to come."""
    day = min(tx.today, tx.now.astimezone(OSLO).date())
    covered = last(tx)
    tx.connection.execute(delete(store_info).where(store_info.c.key == KEY))
    tx.connection.execute(insert(store_info).values(key=KEY, value=max(day, covered or day).isoformat()))


def last(tx: Transaction) -> date | None:
    """The newest day for which it has done everything; None where it never has."""
    found = tx.connection.execute(select(store_info.c.value).where(store_info.c.key == KEY)).scalar_one_or_none()
    return date.fromisoformat(found) if found else None


def missed(tx: Transaction, now: datetime | None = None) -> date | None:
    """The day that retention should have done by `now` and has not; None where all is well. While the school's list
    was never taken in there is nothing to be late with."""
    moment = (now or tx.now).astimezone(OSLO)
    expected = moment.date() if moment.time() >= BY else moment.date() - timedelta(days=1)
    covered = last(tx)
    if covered is None:
        first = tx.connection.execute(select(func.min(roster_runs.c.made_at))).scalar_one_or_none()
        covered = first.astimezone(OSLO).date() if first else None
    return expected if covered is not None and covered < expected else None


def fault(tx: Transaction) -> RunFault | None:
    """Why a run that comes after must be red; None where retention has run."""
    day = missed(tx)
    if day is None:
        return None
    told = f"retention has not done its work for {day.isoformat()}"
    return RunFault("retention_missed", told, "run: foresatt retention; then see why the schedule did not")
