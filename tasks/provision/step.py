"""The provision step: the work list brought in step with the store, and what of it is late."""

from dataclasses import dataclass

from sqlalchemy import func, select

from store import shredding, worklist
from store.database import Store
from store.tables import refusals


@dataclass(frozen=True, slots=True)
class Provided:
    """Counts: lines made, cancelled, open to work on; open REMOVE lines past their date, and how many of those by
    enough working days for `foresatt check` to fail (`alarm`) or for every run to be red (`serious`); pairs on the
    analogue register."""

    made: int
    cancelled: int
    open: int
    overdue: int
    on_paper: int
    alarm: int = 0
    serious: int = 0


def provide(store: Store) -> Provided:
    """Make and cancel lines until they say what the links say. Running it again changes nothing."""
    with store.write() as tx:
        counts = worklist.sync(tx)
        sheets = shredding.follow(tx)
        shown = worklist.count_lines(tx)
        paper = tx.connection.execute(select(func.count()).select_from(refusals)).scalar_one()
        late, paper_late = worklist.late(tx), shredding.late(tx)
    louder = {"alarm": late["alarm"] + late["serious"], "serious": late["serious"]}
    made, overdue = counts["add"] + counts["remove"] + sheets, sum(late.values()) + paper_late
    return Provided(made, counts["cancelled"], shown, overdue, paper, **louder)
