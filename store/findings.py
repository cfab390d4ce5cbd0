"""Findings: what the night found out about stored links, until a person has looked. Ids of ours, codes and dates.

Belongs here: keeping them in step with what holds, suspending what must rest, and closing by a named person. Does not
belong here: what counts as a finding (`schemas.findings`) and finding it out (`tasks.reconcile`).

The same fact is one row for good: once a person has closed it, it does not come again the next night. A fact's detail
(a name, a number) is kept as 16 bits of a keyed digest: enough to tell another one, too little to tell which.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, delete, select, update

from schemas.due import next_working_day
from schemas.errors import UsageFault
from schemas.findings import KINDS, SUSPENDING, ClosedAs
from schemas.ids import new_id
from store import audit, guardians, worklist
from store.bulk import insert_rows
from store.database import Transaction
from store.tables import findings, links, pupils

COLUMNS: Final = ("id", "kind", "pupil_id", "guardian_id", "fact", "opened_on", "due_on")
CHUNK: Final = 500
_PROTECTED: Final = select(pupils.c.id).where(pupils.c.shielded)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that holds tonight. `guardian_id` is empty where it is about the pupil. `detail` tells one fact of a
    kind from the next; `due_on` where the date is another's than the kind's own."""

    kind: str
    pupil_id: str
    guardian_id: str = ""
    detail: str = field(default="", repr=False)
    due_on: date | None = None


def keep(
    tx: Transaction, facts: Sequence[Fact], kinds: Collection[str], only: Collection[str] | None = None
) -> Counter[str]:
    """Bring the findings of these kinds in step with the facts, which are all that hold (about the pupils `only`,
    where given); returns how many were opened, by kind, and how many `settled` by themselves. Running it again changes
    nothing."""
    wanted = {_digest(tx, fact): fact for fact in facts}
    there = {bytes(row.fact): row for row in _rows(tx, kinds, only)}
    counts = _insert(tx, {digest: fact for digest, fact in wanted.items() if digest not in there})
    for row in (row for digest, row in there.items() if digest not in wanted):  # should it come again, it is a new one
        tx.connection.execute(delete(findings).where(findings.c.id == row.id))
        if row.state == "open":
            _live_again(tx, row)
            audit.write(tx, audit.RULES, "finding_settled", row.id, f"kind={row.kind}")
            counts["settled"] += 1
    if counts:
        detail = " ".join(f"{name}={number}" for name, number in sorted(counts.items()))
        audit.write(tx, audit.RULES, "findings", None, detail[:200])
    enforce(tx)
    return counts


def add(tx: Transaction, fact: Fact) -> bool:
    """Note one thing that happened, which no later night can take back by itself; False where it is known."""
    digest = _digest(tx, fact)
    if tx.connection.execute(select(findings.c.id).where(findings.c.fact == digest)).first() is not None:
        return False
    _insert(tx, {digest: fact})
    return True


def _insert(tx: Transaction, new: Mapping[bytes, Fact]) -> Counter[str]:
    """What was erased since it was found out is none any more."""
    rows = []
    gone = _gone(tx, list(new.values()))
    new = {digest: fact for digest, fact in new.items() if (fact.pupil_id, fact.guardian_id) not in gone}
    for digest, fact in new.items():
        due_on = fact.due_on or next_working_day(tx.today, KINDS[fact.kind].days or 1)
        rows.append((new_id("F"), fact.kind, fact.pupil_id, fact.guardian_id or None, digest, tx.today, due_on))
    insert_rows(tx.connection, findings, COLUMNS, rows)
    return Counter(fact.kind for fact in new.values())


def _gone(tx: Transaction, facts: Sequence[Fact]) -> set[tuple[str, str]]:
    there: set[tuple[str, str]] = set()
    idents = sorted({fact.pupil_id for fact in facts})
    for start in range(0, len(idents), CHUNK):
        chunk = idents[start : start + CHUNK]
        pairs = select(links.c.pupil_id, links.c.guardian_id).where(links.c.pupil_id.in_(chunk))
        there |= {(row.pupil_id, row.guardian_id) for row in tx.connection.execute(pairs)}
        there |= {
            (ident, "") for ident in tx.connection.execute(select(pupils.c.id).where(pupils.c.id.in_(chunk))).scalars()
        }
    return {(fact.pupil_id, fact.guardian_id) for fact in facts} - there


def enforce(tx: Transaction) -> int:
    """Let every link rest of which something is found that makes it; a protection that was lifted meanwhile, say, does
    not wake it. Returns how many."""
    pair = (links.c.pupil_id == findings.c.pupil_id) & (links.c.guardian_id == findings.c.guardian_id)
    awake = select(findings.c.pupil_id, findings.c.guardian_id, findings.c.kind).join(links, pair)
    awake = awake.where(findings.c.state == "open", findings.c.kind.in_(SUSPENDING), links.c.suspended.is_(None))
    rows = tx.connection.execute(awake).all()
    for row in rows:
        guardians.suspend(tx, row.pupil_id, row.guardian_id, row.kind)
    return len(rows)


def listed(tx: Transaction, *, closed: bool = False, restricted: bool = False) -> list[Row[Any]]:
    """The open ones (with `closed` all), most urgent first; those of protected pupils only for the restricted role."""
    query = select(findings).order_by(findings.c.state.desc(), findings.c.due_on, findings.c.kind, findings.c.id)
    if not restricted:
        query = query.where(findings.c.pupil_id.not_in(_PROTECTED))
    return list(tx.connection.execute(query if closed else query.where(findings.c.state == "open")).all())


def is_restricted(tx: Transaction, ident: str) -> bool:
    """Whether it is about a protected pupil."""
    query = select(findings.c.id).where(findings.c.id == ident, findings.c.pupil_id.in_(_PROTECTED))
    return tx.connection.execute(query).first() is not None


def close(tx: Transaction, ident: str, as_: ClosedAs, by: str) -> Row[Any]:
    """A named person has looked. `kept` lets a suspended link live again; `ended` makes the link due today, so that it
    is erased and a REMOVE line shows. Raises `UsageFault` where no such finding is open, or the word does not fit."""
    row = tx.connection.execute(select(findings).where(findings.c.id == ident)).one_or_none()
    if row is None or row.state != "open":
        raise UsageFault("no_such_finding", "there is no such open finding", "see: foresatt findings list")
    if as_ not in (fits := KINDS[row.kind].closes):
        raise UsageFault("finding_closes", f"{row.kind} is closed as {' or '.join(fits)}", f"add --as {fits[0]}")
    _close(tx, row, as_, by)
    if as_ == "kept":
        _live_again(tx, row)
        enforce(tx)  # another finding may still hold
    if as_ == "ended":
        this = (links.c.pupil_id == row.pupil_id) & (links.c.guardian_id == row.guardian_id)
        values = {"suspended": row.kind, "due_on": tx.today, "due_reason": "responsibility_ended"}
        tx.connection.execute(update(links).where(this).values(**values))
        worklist.refresh(tx, row.pupil_id)
    audit.write(tx, by, "finding_closed", ident, f"kind={row.kind} as={as_}")
    return row


def _live_again(tx: Transaction, row: Row[Any]) -> None:
    """Where it is this finding that the link rests for; a protected pupil's goes on resting."""
    this = (links.c.pupil_id == row.pupil_id) & (links.c.guardian_id == row.guardian_id)
    shielded = select(pupils.c.shielded).where(pupils.c.id == row.pupil_id)
    rests = "by_school" if tx.connection.execute(shielded).scalar_one() else None
    mine = this & (links.c.suspended == row.kind)
    tx.connection.execute(update(links).where(mine).values(suspended=rests))


def _close(tx: Transaction, row: Row[Any], as_: str, by: str) -> None:
    values = {"state": "closed", "closed_as": as_, "closed_by": by, "closed_at": tx.now}
    tx.connection.execute(update(findings).where(findings.c.id == row.id).values(**values))


def _rows(tx: Transaction, kinds: Collection[str], only: Collection[str] | None) -> list[Row[Any]]:
    query = select(findings).where(findings.c.kind.in_(kinds))
    if only is None:
        return list(tx.connection.execute(query).all())
    found: list[Row[Any]] = []
    idents = sorted(only)
    for start in range(0, len(idents), CHUNK):
        mine = query.where(findings.c.pupil_id.in_(idents[start : start + CHUNK]))
        found += tx.connection.execute(mine).all()
    return found


def _digest(tx: Transaction, fact: Fact) -> bytes:
    detail = tx.keyring.mac("delivery", b"finding|" + fact.detail.encode())[:2] if fact.detail else b""
    place = f"finding|{fact.kind}|{fact.pupil_id}|{fact.guardian_id}|".encode()
    return tx.keyring.mac("delivery", place + detail)
