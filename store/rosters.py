"""Roster runs: what each import was, and the sealed content of one that is held until a named person releases it.

States: `applied` changed the store; `held` changed nothing and waits, its content sealed under a key of its own;
`released` was held and then applied by a person; `refused` held nobody, so that there is nothing to release;
`superseded` was held when a later list was applied, `expired` when its time was out: the content is destroyed.
Does not belong here: what a list says, and when it is held (`tasks.reconcile`).
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Row, desc, insert, select, update

from schemas.due import Enrolment
from schemas.errors import UsageFault
from schemas.ids import new_id
from store.database import OSLO, Transaction
from store.people import KnownGuardian, RosterPupil
from store.tables import roster_runs

State = Literal["applied", "held", "released", "refused", "superseded", "expired"]
_CONTENT: Final = "roster_runs.content"


def record(tx: Transaction, state: State, **values: Any) -> str:
    """Write a run down; returns its id."""
    ident = new_id("N")
    moment = datetime.combine(tx.today, tx.now.astimezone(OSLO).time(), OSLO)  # on the day that the store is on
    tx.connection.execute(insert(roster_runs).values(id=ident, state=state, made_at=moment, **values))
    return ident


def hold(
    tx: Transaction, listed: Sequence[RosterPupil], removed: Sequence[str], *, adds: bool = False, **values: Any
) -> str:
    """Write a run down as held, with what it told sealed under a key of its own; returns its id."""
    until = tx.today + timedelta(days=tx.settings.roster.held_days)
    ident = record(tx, "held", content_due_on=until, **values)
    tx.vault.new_key(ident)
    told = {"pupils": [asdict(one) for one in listed], "removed": list(removed), "adds": adds}
    packed = zlib.compress(json.dumps(told, default=date.isoformat).encode())
    sealed = tx.vault.seal(ident, _CONTENT, ident, packed)
    tx.connection.execute(update(roster_runs).where(roster_runs.c.id == ident).values(content_ct=sealed))
    return ident


def held_content(tx: Transaction, ident: str) -> tuple[Row[Any], list[RosterPupil], list[str], bool]:
    """A held run, opened: its row, what it told, whom it told to be gone, and whether it adds enrolments. Raises
    `UsageFault` where it does not wait."""
    row = tx.connection.execute(select(roster_runs).where(roster_runs.c.id == ident)).one_or_none()
    if row is None or row.state != "held" or row.content_ct is None:
        raise UsageFault("no_such_run", "no such roster run is held", "see: foresatt roster runs")
    told = json.loads(zlib.decompress(tx.vault.open(ident, _CONTENT, ident, row.content_ct)))
    return row, [_pupil(one) for one in told["pupils"]], told["removed"], told["adds"]


def released(tx: Transaction, ident: str, by: str, **counts: Any) -> None:
    """A held run was applied: it says by whom, and its content is destroyed."""
    this = roster_runs.c.id == ident
    tx.connection.execute(update(roster_runs).where(this).values(state="released", released_by=by, **counts))
    forget(tx, ident)


def supersede(tx: Transaction) -> int:
    """A whole list was applied: what was held before it is out of date, and destroyed; returns how many."""
    held = tx.connection.execute(select(roster_runs.c.id).where(roster_runs.c.state == "held")).scalars().all()
    for ident in held:
        tx.connection.execute(update(roster_runs).where(roster_runs.c.id == ident).values(state="superseded"))
        forget(tx, ident)
    return len(held)


def expire(tx: Transaction, ident: str) -> None:
    """The time of what a run holds is out."""
    this = (roster_runs.c.id == ident) & (roster_runs.c.state == "held")
    tx.connection.execute(update(roster_runs).where(this).values(state="expired"))
    forget(tx, ident)


def forget(tx: Transaction, ident: str) -> None:
    """Destroy what a run holds."""
    tx.vault.destroy(ident)
    empty = {"content_ct": None, "content_due_on": None}
    tx.connection.execute(update(roster_runs).where(roster_runs.c.id == ident).values(**empty))


def runs(tx: Transaction, *, held: bool = False) -> list[Row[Any]]:
    """Every run, newest first; with `held` only those that wait for a person."""
    query = select(roster_runs).order_by(desc(roster_runs.c.made_at), desc(roster_runs.c.id))
    return list(tx.connection.execute(query.where(roster_runs.c.state == "held") if held else query).all())


def last_taken_in(tx: Transaction, kind: str | None = None) -> Row[Any] | None:
    """The newest run that changed the store, of one kind of source or of any."""
    query = select(roster_runs).where(roster_runs.c.state.in_(("applied", "released")))
    if kind is not None:
        query = query.where(roster_runs.c.kind == kind)
    return tx.connection.execute(query.order_by(desc(roster_runs.c.made_at)).limit(1)).one_or_none()


def _pupil(told: dict[str, Any]) -> RosterPupil:
    stays, known = told["enrolments"], told["known"]
    days = [{name: _day(value) for name, value in stay.items()} for stay in stays or ()]
    told["born"] = _day(told["born"])
    told["enrolments"] = None if stays is None else tuple(Enrolment(**stay) for stay in days)
    told["known"] = None if known is None else tuple(KnownGuardian(**one) for one in known)
    return RosterPupil(**told)


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value
