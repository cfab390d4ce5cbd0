"""The deletion ledger: what is to be erased and what has been, in a file of its own outside every backup.

Ids of ours, reason codes and times; nothing that says who it was. Does not belong here: the erasing (`store.erasure`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from store.database import Store
from store.engines import READ
from store.tables import deletion_ledger

CHUNK = 500
_SUBJECT = deletion_ledger.c.subject_id


def intend(store: Store, subjects: Iterable[tuple[str, str]]) -> None:
    """Write (subject, reason), committed and synced; one intended before is intended anew, and keeps its reason."""
    wanted = dict(subjects)
    now = store.now
    with store.deletions.begin() as connection:
        for chunk in _chunks(list(wanted)):
            known = set(connection.execute(select(_SUBJECT).where(_SUBJECT.in_(chunk))).scalars())
            again = update(deletion_ledger).where(_SUBJECT.in_(list(known)))
            connection.execute(again.values(done_at=None, intended_at=now))
            fresh = [{"subject_id": s, "reason": wanted[s], "intended_at": now} for s in chunk if s not in known]
            if fresh:
                connection.execute(insert(deletion_ledger), fresh)


def done(store: Store, subjects: Sequence[str]) -> None:
    """Note that these erasures are committed."""
    with store.deletions.begin() as connection:
        for chunk in _chunks(subjects):
            connection.execute(update(deletion_ledger).where(_SUBJECT.in_(chunk)).values(done_at=store.now))


def forget(store: Store, subjects: Sequence[str]) -> None:
    """Take back intents that outran a decision which then was never made."""
    with store.deletions.begin() as connection:
        for chunk in _chunks(subjects):
            connection.execute(delete(deletion_ledger).where(_SUBJECT.in_(chunk)))


def read(store: Store, *, everything: bool = False) -> list[Row[Any]]:
    """What was intended and not done; with `everything` all that ever was. Oldest first."""
    query = select(deletion_ledger).order_by(deletion_ledger.c.intended_at, _SUBJECT)
    if not everything:
        query = query.where(deletion_ledger.c.done_at.is_(None))
    with store.deletions.connect().execution_options(mode=READ) as connection:
        return list(connection.execute(query).all())


def _chunks(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(subjects), CHUNK):
        yield subjects[start : start + CHUNK]
