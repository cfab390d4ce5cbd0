"""The outbox: what is to be said to somebody, sealed until it is said, and said once.

Belongs here: preparing, listing, marking as sent, forgetting. Does not belong here: the words (`schemas.answers`), SMTP
or paper (`tasks/provision`).

Each answer has a data key of its own. Its dedup key names the submission and, until it is sent, whose contact it holds.
A message about a changed contact or a refusal is sealed with its guardian, as the load step wrote it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, get_args

from sqlalchemy import Row, bindparam, delete, insert, or_, select, update

from schemas.answers import Answer, Kind, Way
from schemas.errors import NotReady
from schemas.ids import new_id
from schemas.settings import Language
from store.database import Transaction
from store.sealing import DAMAGED
from store.tables import links, outbox

MOST_ATTEMPTS: Final = 5
KEPT_UNSENT: Final = timedelta(days=30)
"""An answer that nobody sent in so long says nothing any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that waits, opened."""

    id: str
    kind: Kind
    way: Way
    attempts: int
    due_on: date | None
    language: Language | None
    codes: tuple[str, ...]
    name: str = field(repr=False)
    email: str = field(repr=False)
    address: str = field(repr=False)


def unsent(tx: Transaction) -> dict[str, list[str]]:
    """Whose contact -> the answers that wait for them, by id. One look for a whole batch; `prepare` keeps it up to
    date, and asks for each answer by its id whether it waits still."""
    found: dict[str, list[str]] = {}
    for row in tx.connection.execute(_UNSENT):
        found.setdefault(row.dedup_key.rpartition(":")[2], []).append(row.id)
    return found


_UNSENT: Final = select(outbox.c.id, outbox.c.dedup_key).where(outbox.c.sent_at.is_(None), outbox.c.kind == "answer")
_WAITING: Final = select(outbox).where(
    outbox.c.id.in_(bindparam("ids", expanding=True)), outbox.c.sent_at.is_(None), outbox.c.payload_ct.is_not(None)
)
_NEW: Final = insert(outbox)


def prepare(
    tx: Transaction,
    submission: str,
    answers: Sequence[Answer],
    waiting: dict[str, list[str]] | None = None,
    *,
    first_time: bool = False,
) -> int:
    """Put the answers to one submission into the outbox; returns how many. Once for each submission: however often it
    is processed, nobody is answered twice, or later than others. The same said to the same person waits only once.

    `waiting`: what `unsent` told, for many submissions in one transaction; `first_time`: this one was never decided."""
    if not answers:
        return 0
    if not first_time:
        mine = outbox.c.dedup_key.startswith(f"answer:{submission}:")
        if tx.connection.execute(select(outbox.c.id).where(mine).limit(1)).first() is not None:
            return 0
    waiting = unsent(tx) if waiting is None else waiting
    made = 0
    for answer in answers:
        waits = answer.way != "none" and not _waits(tx, answer, waiting.get(answer.owner, ()))
        made += waits
        ident = new_id("O")
        sealed = None
        if waits:
            tx.vault.new_key(ident)
            told: dict[str, Any] = {
                "way": answer.way,
                "name": answer.name,
                "email": answer.email,
                "address": answer.address,
            }
            told |= {"language": answer.language, "codes": list(answer.codes)}
            sealed = tx.vault.seal(ident, "outbox.payload", ident, json.dumps(told).encode())
            waiting.setdefault(answer.owner, []).append(ident)
        whose = f":{answer.owner}" if waits else ""
        values = {"dedup_key": f"answer:{submission}:{answer.slot}{whose}", "kind": "answer", "subject_id": ident}
        when = {"made_at": tx.now, "due_on": tx.today, "sent_at": None if waits else tx.now}
        tx.connection.execute(_NEW, {"id": ident, "payload_ct": sealed} | values | when)
    return made


def waiting(tx: Transaction) -> list[Message]:
    """What is not said yet, oldest first; what its guardian's protection holds back is not among it."""
    unsent = select(outbox).where(outbox.c.sent_at.is_(None), outbox.c.payload_ct.is_not(None))
    rows = tx.connection.execute(unsent.order_by(outbox.c.made_at, outbox.c.id)).all()
    found = (_open(tx, row) for row in rows if not _held_back(tx, row))
    return [message for message in found if message is not None]


def claim(tx: Transaction, message: Message) -> bool:
    """Count an attempt, before it is made; False where another run was faster."""
    this = (outbox.c.id == message.id) & (outbox.c.attempts == message.attempts) & outbox.c.sent_at.is_(None)
    return tx.connection.execute(update(outbox).where(this).values(attempts=message.attempts + 1)).rowcount == 1


def unclaim(tx: Transaction, message: Message) -> None:
    """Take a counted attempt back: it was the server's fault, not the message's."""
    this = (outbox.c.id == message.id) & outbox.c.sent_at.is_(None)
    tx.connection.execute(update(outbox).where(this).values(attempts=message.attempts))


def sent(tx: Transaction, idents: Iterable[str]) -> None:
    """It is said: contact and key go, the row stays so that it is not said again."""
    for ident in idents:
        row = tx.connection.execute(select(outbox).where(outbox.c.id == ident)).one_or_none()
        if row is None:
            continue
        if row.subject_id == row.id:
            tx.vault.destroy(ident)
        key = ":".join(row.dedup_key.split(":")[:3]) if row.kind == "answer" else row.dedup_key
        values = {"sent_at": tx.now, "payload_ct": None, "dedup_key": key}
        tx.connection.execute(update(outbox).where(outbox.c.id == ident).values(**values))


def forget(tx: Transaction, owner: str) -> None:
    """Withdraw the answers that hold a contact from this pupil's list."""
    theirs = outbox.c.sent_at.is_(None) & outbox.c.dedup_key.endswith(f":{owner}")
    _withdraw(tx, list(tx.connection.execute(select(outbox.c.id).where(theirs)).scalars()))


def forget_guardian(tx: Transaction, guardian_id: str) -> None:
    """Withdraw what is to be said to a guardian and sealed with them."""
    theirs = outbox.c.sent_at.is_(None) & (outbox.c.subject_id == guardian_id)
    _withdraw(tx, list(tx.connection.execute(select(outbox.c.id).where(theirs)).scalars()))


def forget_old(tx: Transaction) -> int:
    """Withdraw what was not said in thirty days; returns how many."""
    old = outbox.c.sent_at.is_(None) & (outbox.c.made_at < tx.now - KEPT_UNSENT)
    found = list(tx.connection.execute(select(outbox.c.id).where(old)).scalars())
    _withdraw(tx, found)
    return len(found)


def forget_tombstones(tx: Transaction, submissions: Sequence[str]) -> None:
    """Delete what is left of the answers to these submissions, when the last of the submissions goes."""
    for submission in submissions:
        tx.connection.execute(delete(outbox).where(outbox.c.dedup_key.startswith(f"answer:{submission}:")))


def _withdraw(tx: Transaction, idents: list[str]) -> None:
    sent(tx, idents)


def _waits(tx: Transaction, answer: Answer, theirs: Sequence[str]) -> bool:
    """Whether the same words wait for the same person already: ten forms are answered once a day."""
    for row in tx.connection.execute(_WAITING, {"ids": theirs}).all() if theirs else ():
        found = _open(tx, row)
        if found and (found.way, found.email, found.address, found.name) == (
            answer.way, answer.email, answer.address, answer.name,
        ) and (found.codes, found.language) == (answer.codes, answer.language):  # fmt: skip
            return True
    return False


def _held_back(tx: Transaction, row: Row[Any]) -> bool:
    """A guardian's own messages wait while the school takes care of every pupil of theirs."""
    if row.kind == "answer":
        return False
    free = select(links.c.pupil_id).where(
        links.c.guardian_id == row.subject_id, or_(links.c.suspended.is_(None), links.c.suspended != "by_school")
    )
    return tx.connection.execute(free.limit(1)).first() is None


def payload(tx: Transaction, row: Row[Any]) -> dict[str, Any] | None:
    """What a message holds, opened; None where it no longer opens: it is not said, and nobody else's is kept back by
    it."""
    try:
        told: dict[str, Any] = json.loads(tx.vault.open(row.subject_id, "outbox.payload", row.id, row.payload_ct))
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return None
    return told


def _open(tx: Transaction, row: Row[Any]) -> Message | None:
    told = payload(tx, row) if row.kind in get_args(Kind) else None
    if told is None:
        return None
    way: Way = told.get("way") or ("mail" if told.get("email") else "none")
    about = {"name": told.get("name", ""), "email": told.get("email", ""), "address": told.get("address", "")}
    codes = tuple(told.get("codes", ()))
    return Message(row.id, row.kind, way, row.attempts, row.due_on, told.get("language"), codes, **about)
