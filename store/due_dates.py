"""Stored due dates: recomputed for a few pupils when an input changes, and for all of them every night.

Belongs here: asking `schemas.due` once for equal inputs, and writing what differs. The answers are laid beside the
stored dates in a temporary table, and the database itself finds what differs: no link ever comes here. Does not belong
here: the rule itself (`schemas.due`), the REMOVE lines that follow (`store.worklist.refresh`).
"""

from collections.abc import Collection, Iterator
from datetime import date
from functools import cache
from typing import Any, Final

from sqlalchemy import Boolean, Column, ColumnElement, Date, MetaData, Table, Update, func, or_, select, update

from schemas.due import due
from store.bulk import each, lay_out
from store.database import Transaction
from store.enrolments import Terms, stays
from store.entries import refresh_held
from store.tables import Code, Id, consents, links, pupils, refusals

ENDED: Final = ("withdrawn", "replaced", "responsibility_ended")
"""Why a link may be due that no enrolment or consent puts off."""
FEW: Final = 5_000
"""Of more pupils than this all are recomputed: it is quicker than naming them."""
ASKED: Final = Table(
    "asked_due_dates",
    MetaData(),
    Column("pupil_id", Id, nullable=False),
    Column("consent", Boolean, nullable=False),
    Column("due_on", Date),
    Column("due_reason", Code, nullable=False),
    prefixes=["TEMPORARY"],
)
"""The function's answer for each pupil's guardians, and another for those whom a consent of the pupil's covers."""
Only = Collection[str] | None
Answer = tuple[str, bool, date | None, str]


def _written(table: Table, whose: ColumnElement[str], *which: ColumnElement[bool]) -> Update:
    """The answers into `table`, where they differ."""
    told = {name: ASKED.c[name] for name in ("due_on", "due_reason") if name in table.c}
    differs = or_(*(table.c[name].is_distinct_from(answer) for name, answer in told.items()))
    return update(table).where(whose == ASKED.c.pupil_id, *which, differs).values(told)


_PLAINLY: Final = ASKED.c.consent.is_(False)
_COVERED: Final = (
    select(consents.c.id)
    .where(consents.c.pupil_id == links.c.pupil_id, consents.c.guardian_id == links.c.guardian_id)
    .where(consents.c.state == "confirmed")
    .exists()
)
_OPEN_STILL: Final = or_(links.c.due_on.is_(None), links.c.due_reason.is_(None), links.c.due_reason.not_in(ENDED))
_WRITTEN: Final = (
    _written(pupils, pupils.c.id, _PLAINLY),
    _written(refusals, refusals.c.pupil_id, _PLAINLY),
    _written(links, links.c.pupil_id, ASKED.c.consent == _COVERED, _OPEN_STILL),
)
_HELD: Final = update(links).where(links.c.suspended == "held").values(suspended=None)
_LOOKED_AT: Final = select(func.count()).select_from(ASKED).where(_PLAINLY)
_BORN: Final = select(pupils.c.id, pupils.c.born)
_COVERS: Final = select(consents.c.pupil_id).where(consents.c.state == "confirmed")


def refresh_due(tx: Transaction, only: Only = None) -> int:
    """Recompute every due date that hangs on these pupils (on all, without `only`): known guardians, links, register,
    what is held. A handful of statements, however many there are; returns how many pupils were looked at."""
    if only is not None and len(only) > FEW:
        only = None
    lay_out(tx.connection, ASKED, _answers(tx, only))
    for written in _WRITTEN:
        tx.connection.execute(written)
    # what a hold kept past its date is suspended as `held`; where the date was put off since, it lives again
    ahead = or_(links.c.due_on.is_(None), links.c.due_on > tx.today)
    tx.connection.execute(_of(_HELD.where(ahead), links.c.pupil_id, only))
    refresh_held(tx, only)
    return int(tx.connection.execute(_LOOKED_AT).scalar_one())


def _answers(tx: Transaction, only: Only) -> Iterator[Answer]:
    """Rows of `ASKED`; everything is asked of the database before the first."""
    rules: dict[str, Any] = {"today": tx.today, "settings": tx.settings.retention}
    terms = stays(tx, only)
    covers = set(tx.connection.execute(_of(_COVERS, consents.c.pupil_id, only)).scalars())
    found = tx.connection.execute(_of(_BORN, pupils.c.id, only))

    @cache
    def ask(born: date, mine: Terms, consent: bool) -> tuple[date | None, str]:
        ends = due(born, mine, consent_until_leaving=consent, **rules)
        return ends.on, ends.reason

    def told() -> Iterator[Answer]:
        for pupil_id, born in each(found):
            mine = terms.get(pupil_id, ())
            yield pupil_id, False, *ask(born, mine, False)
            if pupil_id in covers:
                yield pupil_id, True, *ask(born, mine, True)

    return told()


def _of(query: Any, whose: ColumnElement[str], only: Only) -> Any:
    return query if only is None else query.where(whose.in_(only))
