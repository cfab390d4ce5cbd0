"""Warnings ahead of an erasure: what will go unless somebody acts, told 30, 14, 7 and 1 days ahead, each once.

Belongs here: finding what lies ahead, and remembering what was told. Does not belong here: who is told how
(`flows/retention.py`, `console/turning.py`). Source: the domain's "Consent to extend" and the row on held entries.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from sqlalchemy import delete, insert, select

from schemas.outcomes import OPEN
from store.database import Transaction
from store.protection import protected, restricted_entry
from store.tables import entries, links, warnings

STEPS: Final = (30, 14, 7, 1)
"""Days ahead."""
Kind = Literal["turning_18", "between_years", "expires_unseen"]
_KIND_OF: Final[dict[str, Kind]] = {"turned_18": "turning_18", "between_years": "between_years"}


@dataclass(frozen=True, slots=True)
class Ahead:
    """What will be erased on a day: the links of a pupil (P-) at 18, or waiting between two years; or what was sent in
    and still waits for a person (S-). `warned`: the nearest step told so far."""

    kind: Kind
    subject_id: str
    on: date
    days: int
    warned: int | None


def ahead(tx: Transaction, days: int = STEPS[0], *, restricted: bool = True) -> list[Ahead]:
    """Everything of the next `days` days, the nearest first. Guardians whom a confirmed consent covers are not among
    it: nothing happens to them on the birthday. Not `restricted`: without what concerns protected families."""
    last = tx.today + timedelta(days=days)
    soon = (links.c.due_on > tx.today) & (links.c.due_on <= last) & links.c.due_reason.in_(_KIND_OF)
    going = select(links.c.pupil_id, links.c.due_on, links.c.due_reason).where(soon).distinct()
    found = {(_KIND_OF[row.due_reason], row.pupil_id, row.due_on) for row in tx.connection.execute(going)}
    waits = (entries.c.held_until > tx.today) & (entries.c.held_until <= last)
    waits &= entries.c.outcome.in_([outcome.value for outcome in OPEN])
    held = select(entries.c.submission_id, entries.c.held_until).where(waits).distinct()
    if not restricted:
        hidden = protected(tx)
        found = {one for one in found if one[1] not in hidden}
        held = held.where(~restricted_entry())
    found |= {("expires_unseen", row.submission_id, row.held_until) for row in tx.connection.execute(held)}
    told: dict[tuple[str, str, date], int] = {}
    for row in tx.connection.execute(select(warnings).where(warnings.c.about_on <= last)):
        key = (row.kind, row.subject_id, row.about_on)
        told[key] = min(row.days_ahead, told.get(key, row.days_ahead))
    lines = [Ahead(kind, ident, on, (on - tx.today).days, told.get((kind, ident, on))) for kind, ident, on in found]
    return sorted(lines, key=lambda one: (one.on, one.kind, one.subject_id))


def warn(tx: Transaction) -> dict[str, int]:
    """Note every warning that is due and was not given yet; returns "kind:days" -> how many. A night that was missed
    is made up for by the next: the step that was passed is told late rather than never."""
    tx.connection.execute(delete(warnings).where(warnings.c.about_on <= tx.today))
    made: dict[str, int] = {}
    for one in ahead(tx):
        step = min(step for step in STEPS if one.days <= step)
        if one.warned is not None and one.warned <= step:
            continue
        values = {"kind": one.kind, "subject_id": one.subject_id, "about_on": one.on, "days_ahead": step}
        tx.connection.execute(insert(warnings).values(**values, warned_at=tx.now))
        key = f"{one.kind}:{step}"
        made[key] = made.get(key, 0) + 1
    return dict(sorted(made.items()))
