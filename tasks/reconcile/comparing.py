"""What a roster would change, found out before anything is changed.

Belongs here: a list against what the store knows. Does not belong here: whether that may be (`guarding`), doing it
(`importing`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, or_, select

from store import protection, rosters
from store.bulk import each
from store.database import Transaction
from store.enrolments import Terms, stays
from store.people import CHUNK, KnownGuardian, Pupil, RosterPupil, open_pupils, pupil_due, roster_key
from store.tables import links, pupils
from tasks.reconcile.roster import Listed

SOON: Final = timedelta(days=14)
"""An end that comes this soon could not be taken back by the next list."""


@dataclass(slots=True)
class Plan:
    """What would be done, and what the guard asks about.

    `missing`: rows of pupils whom a complete list does not name. `removed`: whom the source says are no more.
    `incomplete`: new pupils of whom it says too little. `unshield`, `shield`: ids whose protection changes. The counts
    from `gone` on are of pupils whose time had not come: missing or removed, whose end is moved to these days,
    with another birth date, with another name, without any of the guardians known before, no longer protected.
    """

    known: int = 0
    added: list[RosterPupil] = field(default_factory=list)
    changed: list[tuple[RosterPupil, Row[Any]]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    dated: list[str] = field(default_factory=list)
    shield: list[str] = field(default_factory=list)
    unshield: list[str] = field(default_factory=list)
    incomplete: int = 0
    unchanged: int = 0
    protected: frozenset[str] = frozenset()
    gone: int = 0
    ended: int = 0
    births: int = 0
    names: int = 0
    guardians: int = 0


def compare(tx: Transaction, listed: Listed) -> Plan:
    """Everything the list tells against everything the store knows. Reads, and writes nothing."""
    last = rosters.last_taken_in(tx)
    doubted = 1 if last is None or last.state != "released" else 0  # whom a person let go is counted no second time
    query = select(pupils.c.id, pupils.c.roster_key, pupils.c.due_on, pupils.c.missing_runs)
    rows = {bytes(row.roster_key): row for row in each(tx.connection.execute(query))}
    told = {roster_key(tx, one.key): one for one in listed.pupils}
    over = {roster_key(tx, key) for key in listed.removed} - told.keys()
    alive = _alive(tx, rows.values())
    plan = Plan(known=len(rows), protected=protection.protected_by(tx, "roster"))
    for key, row in rows.items():
        if key in over or (listed.complete and key not in told):
            (plan.removed if key in over else plan.missing).append(row.id)
            plan.gone += row.id in alive and row.missing_runs <= doubted
    for one in (one for key, one in told.items() if key not in rows):
        if one.name and one.born and one.enrolments:
            plan.added.append(one)
        else:
            plan.incomplete += 1
    both = [(one, rows[key]) for key, one in told.items() if key in rows]
    terms = stays(tx)
    for chunk in _chunks(both):
        _compare(tx, plan, chunk, terms, alive, adds=listed.adds)
    return plan


def _compare(
    tx: Transaction,
    plan: Plan,
    chunk: Sequence[tuple[RosterPupil, Row[Any]]],
    terms: dict[str, Terms],
    alive: dict[str, date],
    *,
    adds: bool,
) -> None:
    idents = [row.id for _, row in chunk]
    whole = {row.id: row for row in tx.connection.execute(select(pupils).where(pupils.c.id.in_(idents)))}
    opened = open_pupils(tx, list(whole.values()), terms)
    tx.vault.let_go(key for row in whole.values() for key in (row.id, row.known_id))
    for told, head in chunk:
        row, before = whole[head.id], opened.get(head.id)
        stay = terms.get(head.id, ())
        told = _completed(told, before, row, stay)
        if adds:
            told = replace(told, enrolments=tuple(dict.fromkeys((*stay, *(told.enrolments or ())))))
        if told.shielded is not None and told.shielded != (row.id in plan.protected):
            (plan.shield if told.shielded else plan.unshield).append(row.id)
        ends = pupil_due(tx, told.born or row.born, told.enrolments or (), consent=False).on
        kept = told.known if ends is None or ends > tx.today else ()
        same_dates = told.born == row.born and set(told.enrolments or ()) == set(stay)
        after = before and replace(
            before,
            name=told.name or "",
            born=told.born or row.born,
            class_name=told.class_name or "",
            number=told.number or "",
            known=kept or (),
        )
        if same_dates and before is not None and before == after and row.missing_runs == 0:
            plan.unchanged += 1
            continue
        plan.changed.append((told, row))
        if not same_dates:
            plan.dated.append(row.id)
        if row.id in alive and before is not None:
            _count(tx, plan, told, before, row, alive[row.id])


def _count(tx: Transaction, plan: Plan, told: RosterPupil, before: Pupil, row: Row[Any], until: date) -> None:
    """What this pupil's change adds to what the guard asks about. `until`: how long something of theirs would live;
    where that is by a consent, past the 18th birthday, leaving alone ends it."""
    minor = row.due_on is None or row.due_on > tx.today
    then = pupil_due(tx, told.born or before.born, told.enrolments or (), consent=not minor).on or date.max
    plan.ended += then < (row.due_on or date.max if minor else until) and then <= tx.today + SOON
    plan.births += told.born != before.born
    plan.names += told.name != before.name
    if before.known and then > tx.today:
        mine, theirs = {one.name for one in told.known or ()}, {one.name for one in before.known}
        plan.guardians += not mine & theirs or len(mine) < len(theirs)


def _alive(tx: Transaction, rows: Collection[Row[Any]]) -> dict[str, date]:
    """Pupil -> the day until which something of theirs lives, for those of whom something does."""
    found = {row.id: row.due_on or date.max for row in rows if row.due_on is None or row.due_on > tx.today}
    live = or_(links.c.due_on.is_(None), links.c.due_on > tx.today)
    longer = pupils.c.due_on.is_not(None) & or_(links.c.due_on.is_(None), links.c.due_on > pupils.c.due_on)
    for link in tx.connection.execute(select(links.c.pupil_id, links.c.due_on).join(pupils).where(live, longer)):
        found[link.pupil_id] = max(found.get(link.pupil_id, date.min), link.due_on or date.max)
    return found


def _completed(told: RosterPupil, before: Pupil | None, row: Row[Any], stay: Terms) -> RosterPupil:
    """With what is known already where the roster does not say."""
    if None not in (told.name, told.born, told.class_name, told.number, told.enrolments, told.known):
        return told
    known: tuple[KnownGuardian, ...] = before.known if before else ()
    return replace(
        told,
        name=(before.name if before else "") if told.name is None else told.name,
        born=told.born or row.born,
        class_name=(before.class_name if before else "") if told.class_name is None else told.class_name,
        number=(before.number if before else "") if told.number is None else told.number,
        enrolments=stay if told.enrolments is None else told.enrolments,
        known=known if told.known is None else told.known,
    )


def _chunks(both: Sequence[tuple[RosterPupil, Row[Any]]]) -> Iterator[Sequence[tuple[RosterPupil, Row[Any]]]]:
    for start in range(0, len(both), CHUNK):
        yield both[start : start + CHUNK]
