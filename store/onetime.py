"""One-time references: what a letter to one guardian carries, so that the form which comes back with it is known to be
that guardian's.

Kept are keyed digests alone: of the code, and of the pupil with the guardian's name as the school's list has it. A list
that names somebody else voids the reference by itself. Does not belong here: how a code looks (`schemas.onetime`), what
it proves (`tasks.reconcile.evidence`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import delete, insert, or_, select, update

from schemas.names import normalise
from schemas.onetime import new_code
from store.database import Transaction
from store.people import Pupil
from store.tables import one_time_references as references
from store.tables import pupils


@dataclass(frozen=True, slots=True)
class Letter:
    """A reference that a form carries, and whose it is by today's list. `spent`: by another submission."""

    digest: bytes = field(repr=False)
    pupil_id: str
    guardian: str = field(repr=False)
    spent: bool = False


def make(tx: Transaction, pupil_id: str, guardian: str) -> tuple[str, date]:
    """A new code for the guardian of this name on the pupil's list, and the first day on which it is worth nothing: the
    pupil's own due date, or when the days of the settings are over. An earlier unspent one is void from now on."""
    whose = _whose(tx, pupil_id, guardian)
    earlier = (references.c.pupil_id == pupil_id) & (references.c.guardian == whose) & references.c.spent_at.is_(None)
    tx.connection.execute(delete(references).where(earlier))
    ends = tx.connection.execute(select(pupils.c.due_on).where(pupils.c.id == pupil_id)).scalar_one()
    last = tx.today + timedelta(days=tx.settings.evidence.reference_days)
    expires = min(last, ends) if ends else last
    code = new_code()
    row = {"code": _digest(tx, code), "pupil_id": pupil_id, "guardian": whose}
    tx.connection.execute(insert(references).values(**row, made_at=tx.now, expires_on=expires))
    return code, expires


def letters(
    tx: Transaction, carried: Iterable[tuple[str, str]], known: Mapping[str, Pupil]
) -> dict[tuple[str, str], Letter]:
    """Of (code, submission) those that the school sent, have not expired, and whose guardian the list still names."""
    asked = {(code, submission): _digest(tx, code) for code, submission in carried if code}
    if not asked:
        return {}
    query = select(references).where(references.c.code.in_(set(asked.values())), references.c.expires_on > tx.today)
    rows = {bytes(row.code): row for row in tx.connection.execute(query)}
    found = {}
    for (code, submission), digest in asked.items():
        row = rows.get(digest)
        pupil = known.get(row.pupil_id) if row is not None else None
        if row is None or pupil is None:
            continue
        names = (one.name for one in pupil.known if one.name)
        name = next((name for name in names if _whose(tx, pupil.id, name) == bytes(row.guardian)), "")
        if name:
            spent = row.spent_by is not None and row.spent_by != submission
            found[code, submission] = Letter(digest, pupil.id, name, spent)
    return found


def spend(tx: Transaction, digest: bytes, submission: str) -> bool:
    """Mark a reference as used by this submission, in the transaction that writes what it proved. False where another
    has used it, or it is gone; the same submission, processed again, is still the one."""
    free = (references.c.code == digest) & or_(references.c.spent_by.is_(None), references.c.spent_by == submission)
    values = {"spent_at": tx.now, "spent_by": submission}
    return bool(tx.connection.execute(update(references).where(free).values(**values)).rowcount)


def forget(tx: Transaction, pupil_id: str) -> None:
    """With the pupil's known guardians their references go."""
    tx.connection.execute(delete(references).where(references.c.pupil_id == pupil_id))


def forget_expired(tx: Transaction) -> None:
    """What is worth nothing any more, spent or not, tells nobody anything."""
    tx.connection.execute(delete(references).where(references.c.expires_on <= tx.today))


def _digest(tx: Transaction, code: str) -> bytes:
    return tx.keyring.mac("delivery", b"onetime|" + code.encode())


def _whose(tx: Transaction, pupil_id: str, guardian: str) -> bytes:
    return tx.keyring.mac("delivery", f"onetime-whose|{pupil_id}|{normalise(guardian)}".encode())
