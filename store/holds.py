"""Legal holds: sealed data that is kept beyond its date, for a reason, by a named person, until a day.

A hold keeps *data*, never *access*: on the ordinary date the link is suspended, the REMOVE line is due, and nothing of
it is listed, exported or revealed any more. On the day the hold ends, what was due goes with the next sweep.

`place`, `end` and `active` are what a command needs; whoever erases by hand asks `keeps` first. What the sweep does
about holds stands in `tasks.retain.sweep`. A hold is on a pupil (and all that hangs on the pupil), on a guardian, or on
one submission.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import delete, insert, or_, select, update

from schemas.errors import UsageFault
from schemas.ids import new_id
from store import audit
from store.database import Transaction
from store.tables import entries, guardians, holds, links, pupils, refusals, submissions

REASONS: Final = ("legal_claim", "complaint", "supervision", "police", "access_request")
"""Why data may be kept beyond its date (GDPR articles 17.3 and 18, in codes)."""
_PEOPLE: Final = {"P": pupils, "G": guardians, "S": submissions}


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold; ids, codes and dates only. `ends_on` is the first day on which it holds nothing."""

    id: str
    subject_id: str
    reason: str
    held_by: str
    ends_on: date


@dataclass(frozen=True, slots=True)
class Held:
    """All that is held today, by kind; `submissions` with those that hold an entry of somebody held."""

    pupils: frozenset[str]
    guardians: frozenset[str]
    submissions: frozenset[str]

    @property
    def any(self) -> bool:
        """Whether anything is held at all."""
        return bool(self.pupils or self.guardians or self.submissions)

    def link(self, pupil_id: str, guardian_id: str) -> bool:
        """Whether this link stays."""
        return pupil_id in self.pupils or guardian_id in self.guardians


def place(tx: Transaction, subject_id: str, *, reason: str, ends_on: date, by: str) -> str:
    """Put a hold on a pupil (P-), a guardian (G-) or a submission (S-); returns its id (H-). Raises `UsageFault` for
    nobody, a reason that is not one of `REASONS`, or an end that is not ahead. Written into the audit."""
    table = _PEOPLE.get(subject_id[:1])
    if table is None or tx.connection.execute(select(table.c.id).where(table.c.id == subject_id)).first() is None:
        raise UsageFault("no_such_subject", "nobody and nothing here has this id", "give an id: P-…, G-… or S-…")
    if reason not in REASONS:
        raise UsageFault("hold_reason", "that is no reason for a hold", f"one of: {', '.join(REASONS)}")
    if ends_on <= tx.today:
        raise UsageFault("hold_end", "a hold ends on a day ahead", "give a later date")
    ident = new_id("H")
    values = {"subject_id": subject_id, "reason": reason, "held_by": by, "ends_on": ends_on}
    tx.connection.execute(insert(holds).values(id=ident, **values))
    audit.write(tx, by, "hold_placed", subject_id, f"reason={reason} ends={ends_on.isoformat()}")
    return ident


def end(tx: Transaction, ident: str, by: str) -> None:
    """End a hold today: what was due meanwhile goes with the next sweep. Raises `UsageFault` where it does not hold."""
    standing = (holds.c.id == ident) & (holds.c.ends_on > tx.today)
    subject = tx.connection.execute(select(holds.c.subject_id).where(standing)).scalar_one_or_none()
    if subject is None:
        raise UsageFault("no_such_hold", "there is no such hold, or it has ended", "see: foresatt person hold list")
    tx.connection.execute(update(holds).where(holds.c.id == ident).values(ends_on=tx.today))
    audit.write(tx, by, "hold_ended", subject)


def active(tx: Transaction, subject_id: str | None = None) -> list[Hold]:
    """The holds that hold today (on this subject alone, where one is given), the first to end first."""
    query = select(holds).where(holds.c.ends_on > tx.today).order_by(holds.c.ends_on, holds.c.id)
    if subject_id is not None:
        query = query.where(holds.c.subject_id == subject_id)
    return [Hold(r.id, r.subject_id, r.reason, r.held_by, r.ends_on) for r in tx.connection.execute(query)]


def held(tx: Transaction) -> Held:
    """All that is held today. Holds are few, and most nights there are none: then it is one statement."""
    subjects = [hold.subject_id for hold in active(tx)]
    kinds = {kind: frozenset(s for s in subjects if s[0] == kind) for kind in _PEOPLE}
    if not kinds["P"] and not kinds["G"]:
        return Held(kinds["P"], kinds["G"], kinds["S"])
    theirs = or_(entries.c.pupil_id.in_(kinds["P"]), entries.c.guardian_id.in_(kinds["G"]))
    with_them = set(tx.connection.execute(select(entries.c.submission_id).where(theirs)).scalars())
    of_links = or_(links.c.pupil_id.in_(kinds["P"]), links.c.guardian_id.in_(kinds["G"]))
    with_them |= set(tx.connection.execute(select(links.c.submission_id).where(of_links)).scalars())
    return Held(kinds["P"], kinds["G"], kinds["S"] | {one for one in with_them if one})


def keeps(tx: Transaction, subject: str) -> bool:
    """Whether a hold keeps this subject of the deletion ledger: P-, G-, S-, K-, R-, or a link "P-…/G-…"."""
    standing = held(tx)
    if "/" in subject:
        return standing.link(*subject.split("/"))
    if subject[0] == "K":
        return _pupil(tx, pupils.c.id, pupils.c.known_id == subject) in standing.pupils
    if subject[0] == "R":
        return _pupil(tx, refusals.c.pupil_id, refusals.c.id == subject) in standing.pupils
    if subject[0] == "P":
        return subject in standing.pupils | held_through_links(tx, standing)
    return subject in standing.guardians | standing.submissions


def held_through_links(tx: Transaction, standing: Held) -> frozenset[str]:
    """Pupils who cannot go yet, because a guardian linked to them is held."""
    if not standing.guardians:
        return frozenset()
    query = select(links.c.pupil_id).where(links.c.guardian_id.in_(standing.guardians))
    return frozenset(tx.connection.execute(query).scalars())


def forget(tx: Transaction) -> int:
    """Delete the holds that have ended (their story stays in the audit); returns how many."""
    return tx.connection.execute(delete(holds).where(holds.c.ends_on <= tx.today)).rowcount


def _pupil(tx: Transaction, column: object, where: object) -> str | None:
    return tx.connection.execute(select(column).where(where)).scalar_one_or_none()  # type: ignore[call-overload]
