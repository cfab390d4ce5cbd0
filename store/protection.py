"""Protected pupils: what follows from a protected address, whoever says so (the roster, the register, a steward).

All links of the pupil rest, what is open for them is withdrawn, and one task waits for the stewards of the restricted
role. Nothing else shows it: the flag is as secret as the address. Does not belong here: who has that role
(`store.roles`). Source: the domain's "Protected addresses".
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, func, select, update

from schemas.errors import UsageFault
from schemas.outcomes import OPEN
from store import audit, guardians, outbox, worklist
from store.database import Transaction
from store.people import note_protection
from store.tables import entries, links, protections, pupils, reasons, worklist_lines

Source = Literal["roster", "register", "form", "steward"]
"""form: the register, of somebody on a form who is neither the pupil nor linked; nothing takes it back by itself."""
BY_SCHOOL: Final = "by_school"
"""Why a link rests, and the one reason that anybody is shown."""


@dataclass(frozen=True, slots=True)
class Protected:
    """One protected pupil, as a task: `seen_at` is None while nobody of the restricted role has looked at it."""

    pupil_id: str
    sources: tuple[str, ...]
    since: datetime
    seen_by: str | None
    seen_at: datetime | None


def protect(tx: Transaction, pupil_id: str, source: Source, by: str = audit.RULES) -> bool:
    """`source` says that this pupil is protected; True where it did not before. Raises `UsageFault` for nobody."""
    return _told(tx, pupil_id, source, True, by)


def lift(tx: Transaction, pupil_id: str, source: Source, by: str = audit.RULES) -> bool:
    """`source` says so no longer; the pupil stays protected while another one does. True where it did before."""
    return _told(tx, pupil_id, source, False, by)


def is_protected(tx: Transaction, pupil_id: str) -> bool:
    """Whether any source says so."""
    return bool(tx.connection.execute(select(pupils.c.shielded).where(pupils.c.id == pupil_id)).scalar_one_or_none())


def protected(tx: Transaction) -> frozenset[str]:
    """The ids of all protected pupils, whoever says so."""
    return frozenset(tx.connection.execute(select(pupils.c.id).where(pupils.c.shielded)).scalars())


def protected_by(tx: Transaction, source: Source) -> frozenset[str]:
    """The ids of all pupils of whom `source` says so."""
    mine = select(protections.c.pupil_id).where(protections.c.source == source)
    return frozenset(tx.connection.execute(mine).scalars())


def restricted_entry() -> ColumnElement[bool]:
    """SQL: the entry is for the restricted role alone: its pupil is protected, or its reason is the neutral one."""
    theirs = entries.c.pupil_id.in_(select(pupils.c.id).where(pupils.c.shielded))
    neutral = select(reasons.c.entry_id).where(reasons.c.code == BY_SCHOOL, reasons.c.entry_id.is_not(None))
    return (entries.c.pupil_id.is_not(None) & theirs) | entries.c.id.in_(neutral)


def restricted(tx: Transaction, subjects: Collection[str]) -> frozenset[str]:
    """Those of these pupils (P-), guardians (G-) and submissions (S-) that concern a protected pupil."""
    run = tx.connection.execute
    linked = select(links.c.guardian_id).join(pupils).where(pupils.c.shielded, links.c.guardian_id.in_(subjects))
    sent = select(entries.c.submission_id).where(entries.c.submission_id.in_(subjects), restricted_entry())
    return (protected(tx) & frozenset(subjects)) | {*run(linked).scalars(), *run(sent).scalars()}


def tasks(tx: Transaction) -> list[Protected]:
    """The protected pupils, those that nobody has looked at first. For the restricted role's eyes."""
    found: dict[str, Protected] = {}
    for row in tx.connection.execute(select(protections).order_by(protections.c.since, protections.c.source)):
        before = found.get(row.pupil_id)
        sources = (*(before.sources if before else ()), row.source)
        seen = row if before is None or before.seen_at is not None else before  # one unseen source, and it is a task
        since = before.since if before else row.since
        found[row.pupil_id] = Protected(row.pupil_id, sources, since, seen.seen_by, seen.seen_at)
    return sorted(found.values(), key=lambda one: (one.seen_at is not None, one.since))


def told_count(code: str, count: int) -> int | str:
    """A count by reason, as anybody may read it: how many families the school takes care of is not told while they
    are few."""
    return "<5" if code == BY_SCHOOL and 0 < count < 5 else count


def waiting(tx: Transaction, pupil_id: str) -> tuple[int, int]:
    """(forms held for this pupil, REMOVE lines open): what the role may have to act on."""
    held = (
        select(func.count())
        .select_from(entries)
        .where(entries.c.pupil_id == pupil_id, entries.c.outcome.in_([outcome.value for outcome in OPEN]))
    )
    lines = (
        select(func.count())
        .select_from(worklist_lines)
        .where(worklist_lines.c.pupil_id == pupil_id, worklist_lines.c.state == "open", worklist_lines.c.restricted)
    )
    return tx.connection.execute(held).scalar_one(), tx.connection.execute(lines).scalar_one()


def seen(tx: Transaction, pupil_id: str, by: str) -> None:
    """A steward of the role has done what there was to do. Raises `UsageFault` where there is no such task."""
    waits = (protections.c.pupil_id == pupil_id) & protections.c.seen_at.is_(None)
    if tx.connection.execute(update(protections).where(waits).values(seen_by=by, seen_at=tx.now)).rowcount == 0:
        raise UsageFault("no_such_task", "no such task waits", "see: foresatt person protect list")
    audit.write(tx, by, "protection_seen", pupil_id)


def _told(tx: Transaction, pupil_id: str, source: Source, on: bool, by: str) -> bool:
    if tx.connection.execute(select(pupils.c.id).where(pupils.c.id == pupil_id)).first() is None:
        raise UsageFault("no_such_pupil", "there is no such pupil", "a pupil's id is P- and 26 letters")
    before = is_protected(tx, pupil_id)
    news = note_protection(tx, pupil_id, source, on)
    _follow(tx, pupil_id, before=before, on=is_protected(tx, pupil_id))
    if news:
        _remember(tx, by, pupil_id, source, on)
    return news


def _follow(tx: Transaction, pupil_id: str, *, before: bool, on: bool) -> None:
    """Bring links, lines and messages in step. Running it again changes nothing; a link that rests for another reason
    goes on resting for it."""
    if on and not before:
        outbox.forget(tx, pupil_id)  # what waits now; later forms are answered as anybody's are
    rests = select(links.c.guardian_id, links.c.suspended).where(links.c.pupil_id == pupil_id)
    for row in tx.connection.execute(rests).all():
        if on and row.suspended is None:
            guardians.suspend(tx, pupil_id, row.guardian_id, BY_SCHOOL)
        elif not on and row.suspended == BY_SCHOOL:
            guardians.suspend(tx, pupil_id, row.guardian_id, None)
        if on and _no_other_pupil(tx, row.guardian_id):
            outbox.forget_guardian(tx, row.guardian_id)
    worklist.protect(tx, pupil_id, on)


def _remember(tx: Transaction, by: str, pupil_id: str, source: Source, on: bool) -> None:
    audit.write(tx, by, "protected" if on else "unprotected", pupil_id, f"source={source}")


def _no_other_pupil(tx: Transaction, guardian_id: str) -> bool:
    """Whether every pupil of this guardian is protected."""
    other = (
        select(links.c.pupil_id)
        .join(pupils, pupils.c.id == links.c.pupil_id)
        .where(links.c.guardian_id == guardian_id, ~pupils.c.shielded)
    )
    return tx.connection.execute(other.limit(1)).first() is None
