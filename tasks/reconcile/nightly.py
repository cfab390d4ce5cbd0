"""The night's findings that need the store alone: links against the school's list, and who is between two years."""

from collections import Counter
from collections.abc import Callable

from sqlalchemy import select

from schemas.findings import OF_ROSTER
from store import findings
from store.database import Store
from store.findings import Fact
from store.tables import links, pupils
from tasks.reconcile.standing import against_the_list

BETWEEN: tuple[str, ...] = ("between_years",)


def look_at_links(store: Store, watch: Callable[[int], None] = lambda done: None) -> Counter[str]:
    """Bring the findings about the school's list, and about pupils who wait between two years, in step; returns what
    was opened, by kind, and `settled`. The comparison reads, and only what differs is written."""
    with store.read() as tx:
        facts = against_the_list(tx, watch)
    with store.write() as tx:
        opened = findings.keep(tx, facts, OF_ROSTER)
        waits = select(pupils.c.id, links.c.due_on).join(links, links.c.pupil_id == pupils.c.id)
        waits = waits.where(links.c.due_reason == "between_years", links.c.due_on > tx.today).distinct()
        between = [Fact("between_years", row.id, due_on=row.due_on) for row in tx.connection.execute(waits).all()]
        return opened + findings.keep(tx, between, BETWEEN)
