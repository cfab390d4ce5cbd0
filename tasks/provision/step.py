"""The provision step: the work list brought in step with the store, and what of it is late."""

from dataclasses import dataclass

from sqlalchemy import func, select

from store import worklist
from store.database import Store
from store.tables import refusals


@dataclass(frozen=True, slots=True)
class Provided:
    """Counts: lines made, cancelled, open to work on, open past their date, and pairs on the analogue register."""

    made: int
    cancelled: int
    open: int
    overdue: int
    on_paper: int


def provide(store: Store) -> Provided:
    """Make and cancel lines until they say what the links say. Running it again changes nothing."""
    with store.write() as tx:
        counts = worklist.sync(tx)
        lines = worklist.read_lines(tx)
        everyone = worklist.read_lines(tx, restricted=True)  # what is late is late, whoever may see whom it concerns
        paper = tx.connection.execute(select(func.count()).select_from(refusals)).scalar_one()
        overdue = sum(line.overdue and line.kind == "remove" for line in everyone)
    return Provided(counts["add"] + counts["remove"], counts["cancelled"], len(lines), overdue, paper)
