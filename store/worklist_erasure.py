"""What a link's erasure leaves on the work list: where the guardian may stand in Visma InSchool, the REMOVE line stays
and is due; where the ADD line was never shown to anyone, both lines go.

A whole chunk at once: what is read and written does not grow with the number of lines that stay. Does not belong here:
the lines' ordinary life (`store.worklist`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from store.database import Transaction
from store.tables import worklist_lines
from store.worklist_removals import ensure_remove
from store.worklist_rows import cancel, newest, stood

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Going:
    """A link about to be erased; `last`: no other pupil keeps the guardian."""

    pupil_id: str
    guardian_id: str
    why: str
    due_on: date | None
    last: bool

    @property
    def pair(self) -> Pair:
        """Whose line."""
        return self.pupil_id, self.guardian_id


def before_erasure(tx: Transaction, going: Sequence[Going]) -> None:
    """Bring the lines of these pairs to where they stand once the links are gone."""
    lines = _lines(tx, going)
    lacking = [one for one in going if _needs_a_line(lines.get(one.pair, []))]
    for one in lacking:
        ensure_remove(tx, one.pupil_id, one.guardian_id, one.why, tx.today)
    lines.update(_lines(tx, lacking))
    cancelled: list[Row[Any]] = []
    parted: list[str] = []
    due: list[dict[str, object]] = []
    for one in going:
        mine = lines.get(one.pair, [])
        opened = [row for row in mine if row.state == "open"]
        remove = newest(mine, "remove")
        stays = stood(mine) and remove is not None and remove.state == "open"
        # A change rests beside a removal that is still open: the pair may come again before it is done.
        kept = () if not stays else ("remove",) if one.last else ("remove", "change")
        cancelled += [row for row in opened if row.kind not in kept]
        if remove is not None and stays:
            when = min(day for day in (one.due_on, remove.due_on, tx.today) if day is not None)
            due.append({"line": remove.id, "why": one.why, "person_too": one.last, "due_on": when})
        else:  # that story is over: should the pair come again, it begins with an ADD
            parted += [row.id for row in mine]
    _write(tx, cancelled, parted, due)


def _write(tx: Transaction, cancelled: list[Row[Any]], parted: list[str], due: list[dict[str, object]]) -> None:
    run, line = tx.connection.execute, worklist_lines.c.id
    cancel(tx, cancelled)
    run(update(worklist_lines).where(line.in_(parted)).values(pupil_id=None, guardian_id=None))
    if due:
        told: dict[str, Any] = {name: bindparam(name) for name in ("why", "person_too", "due_on")}
        run(update(worklist_lines).where(line == bindparam("line")).values(told), due)


def _lines(tx: Transaction, going: Sequence[Going]) -> dict[Pair, list[Row[Any]]]:
    wanted = {one.pair for one in going}
    if not wanted:
        return {}
    query = select(worklist_lines).where(worklist_lines.c.guardian_id.in_({one.guardian_id for one in going}))
    found: dict[Pair, list[Row[Any]]] = {}
    for row in tx.connection.execute(query).all():
        if (row.pupil_id, row.guardian_id) in wanted:
            found.setdefault((row.pupil_id, row.guardian_id), []).append(row)
    return found


def _needs_a_line(mine: Sequence[Row[Any]]) -> bool:
    """The guardian may stand there, and no open line says that they must go."""
    remove = newest(mine, "remove")
    return stood(mine) and (remove is None or remove.state != "open")
