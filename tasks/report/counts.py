"""What a steward reads in the morning: what needs a person, and what is late. Counts and codes, from the store alone.

Protected pupils have a task before the restricted role, and count nowhere here: a number that goes up by one the night
after a form says as much as a name.
"""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select

from schemas.outcomes import OPEN
from store import worklist
from store.database import Store, Transaction
from store.tables import entries, findings, pupils, roster_runs, submissions


@dataclass(slots=True)
class Morning:
    """`needs_you`: what waits for a person, by kind. `late`: what was due before today and is still open."""

    needs_you: dict[str, int] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)


def morning(store: Store) -> Morning:
    """The morning's counts, tonight."""
    with store.read() as tx:
        needs, late = Counter[str](), Counter[str]()
        _findings(tx, needs, late)
        _entries(tx, needs, late)
        late.update({f"line_{kind}": count for kind, count in worklist.late_by_kind(tx).items()})
        held = select(func.count()).select_from(roster_runs).where(roster_runs.c.state == "held")
        needs["roster_held"] = tx.connection.execute(held).scalar_one()
        shut = select(func.count()).select_from(submissions).where(submissions.c.outcome == "unreadable")
        needs["unreadable"] = tx.connection.execute(shut.where(submissions.c.original_ct.is_not(None))).scalar_one()
    return Morning(_some(needs), _some(late))


def _findings(tx: Transaction, needs: Counter[str], late: Counter[str]) -> None:
    """Those of protected pupils wait before the restricted role, and are counted by nobody else."""
    query = (
        select(findings.c.kind, findings.c.due_on < tx.today, func.count())
        .join(pupils, pupils.c.id == findings.c.pupil_id)
        .where(findings.c.state == "open", ~pupils.c.shielded)
        .group_by(findings.c.kind, findings.c.due_on < tx.today)
    )
    for kind, is_late, count in tx.connection.execute(query).all():
        needs[f"finding_{kind}"] += count
        late["findings"] += count if is_late else 0


def _entries(tx: Transaction, needs: Counter[str], late: Counter[str]) -> None:
    query = select(entries.c.outcome, entries.c.review_due_on < tx.today, func.count()).where(
        entries.c.outcome.in_([outcome.value for outcome in OPEN])
    )
    rows = tx.connection.execute(query.group_by(entries.c.outcome, entries.c.review_due_on < tx.today)).all()
    for outcome, is_late, count in rows:
        needs[f"entry_{outcome}"] += count
        late["reviews"] += count if is_late else 0


def _some(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(counts.items()) if count}
