"""The provision step: the work list brought in step with the store, and what of it is late."""

from dataclasses import dataclass

from sqlalchemy import func, select

from store import dispatches, shredding, worklist
from store.analogue import BY_SCHOOL
from store.database import Store
from store.tables import pupils, refusals
from tasks.provision.merge import late_addresses
from tasks.provision.owed import keep_owed


@dataclass(frozen=True, slots=True)
class Provided:
    """Counts: lines made, cancelled, open to work on; open REMOVE lines past their date, and how many of those by
    enough working days for `foresatt check` to fail (`alarm`) or for every run to be red (`serious`); pairs on the
    analogue register, and what of it is late: sheets not ticked off, addresses not found. Protected families count in
    neither."""

    made: int
    cancelled: int
    open: int
    overdue: int
    on_paper: int
    alarm: int = 0
    serious: int = 0
    paper_late: int = 0


def provide(store: Store) -> Provided:
    """Make and cancel lines until they say what the links say. Running it again changes nothing."""
    with store.write() as tx:
        counts = worklist.sync(tx)
        sheets = shredding.follow(tx)
        keep_owed(tx)
        shown = worklist.count_lines(tx)
        listed = select(func.count()).select_from(refusals.join(pupils)).where(~pupils.c.shielded)
        paper = tx.connection.execute(listed.where(refusals.c.why != BY_SCHOOL)).scalar_one()
        late, to_shred = worklist.late(tx), shredding.late(tx)
        dispatches.forget_old(tx)
        paper_late = dispatches.late(tx, restricted=False) + late_addresses(tx)
    louder = {"alarm": late["alarm"] + late["serious"], "serious": late["serious"], "paper_late": paper_late}
    made, overdue = counts["add"] + counts["remove"] + sheets, sum(late.values()) + to_shred
    return Provided(made, counts["cancelled"], shown, overdue, paper, **louder)
