"""Forms that wait: which of them a newer roster, or the register, may settle tonight.

Belongs here: trying what was read against the pupils of tonight, without opening a document anew. Does not belong here:
deciding: whatever looks different now goes the whole road again, and only that. No clock starts anew: how long an entry
is held follows from when it came.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, select

from schemas.documents import FIELDS
from schemas.frames import EntriesAsRead
from schemas.judging import judge
from schemas.outcomes import OPEN
from schemas.stations import build
from schemas.verdicts import Entry
from store import audit, ledger
from store.database import Store, Transaction
from store.entries import fields
from store.people import read_pupils
from store.tables import entries, reasons, submissions
from tasks.reconcile.match import Roll

OF_PUPIL: Final = ("pupil_not_found", "pupil_ambiguous")
OF_GUARDIAN: Final = ("guardian_not_on_roster", "number_unproven")
OF_REGISTER: Final = (
    "no_responsibility",
    "responsibility_other",
    "responsibility_unclear",
    "fnr_not_in_register",
    "name_differs_in_register",
    "register_contradicts",
    "pupil_differs_in_register",
)


def worth_trying(store: Store, changed: Collection[str] | None = ()) -> list[str]:
    """Ids of submissions with an open entry that tonight's pupils may settle: the pupil is there now, or another one is
    meant; the list proves the guardian now. `changed`: numbers of which the register told something new tonight (None:
    anything may be new), for entries that the register held up."""
    with store.read() as tx:
        open_ones = _open(tx)
        if not open_ones:
            return []
        told = {row.id: fields(tx, row) for row, _ in open_ones}
        roll = Roll(read_pupils(tx))
        judged = _judged(tx, [row for row, _ in open_ones], told)
        found = set()
        for (row, codes), entry in zip(open_ones, judged, strict=True):
            if _differs(tx, row, codes, entry, roll) or _register_spoke(codes, entry, changed):
                found.add(row.submission_id)
        return sorted(found)


def try_again(store: Store, idents: Sequence[str]) -> list[str]:
    """Put these back into the queue, and leave no trace where there are none; returns their ids."""
    if not idents:
        return []
    with store.write() as tx:
        chosen = [ident for ident in idents if ledger.reopen(tx, ident)]
        audit.write(tx, audit.RULES, "reprocess", None, f"count={len(chosen)} reason=waiting")
    return chosen


def _differs(tx: Transaction, row: Row[Any], codes: Collection[str], entry: Entry, roll: Roll) -> bool:
    pupil = roll.find(entry).pupil
    if pupil is not None and pupil.id != row.pupil_id and not pupil.shielded:
        return bool(set(OF_PUPIL) & set(codes))
    if pupil is None or not set(OF_GUARDIAN) & set(codes) or not tx.settings.evidence.roster:
        return False
    return roll.evidence(entry, pupil).basis is not None


def _register_spoke(codes: Collection[str], entry: Entry, changed: Collection[str] | None) -> bool:
    held_up = set(OF_REGISTER) & set(codes)
    return bool(held_up) and (changed is None or entry.get("fnr") in changed)


def _open(tx: Transaction) -> list[tuple[Row[Any], list[str]]]:
    """Open guardian entries that wait for something, whose original is still there, with their codes; in the queue too,
    where a night that was stopped may have put them back."""
    waits = (*OF_PUPIL, *OF_GUARDIAN, *OF_REGISTER)
    query = (
        select(entries, reasons.c.code)
        .join(reasons, reasons.c.entry_id == entries.c.id)
        .join(submissions, submissions.c.id == entries.c.submission_id)
        .where(
            entries.c.outcome.in_([outcome.value for outcome in OPEN]),
            entries.c.kind == "guardian",
            entries.c.fields_ct.is_not(None),
            submissions.c.original_ct.is_not(None),
            reasons.c.code.in_(waits),
        )
        .order_by(entries.c.id)
    )
    found: dict[str, tuple[Row[Any], list[str]]] = {}
    rows = tx.connection.execute(query).all()
    tx.vault.preload({row.submission_id for row in rows})
    for row in rows:
        found.setdefault(row.id, (row, []))[1].append(row.code)
    return list(found.values())


def _judged(tx: Transaction, rows: Sequence[Row[Any]], told: dict[str, dict[str, Any]]) -> list[Entry]:
    """The entries with the values that may be used, as validate judges them."""
    values = [{name: told[row.id][name][0] for name in FIELDS if name in told[row.id]} for row in rows]
    frame = build(
        EntriesAsRead,
        submission=[row.submission_id for row in rows],
        slot=[row.slot for row in rows],
        ord=[row.ord for row in rows],
        **{name: [one.get(name) for one in values] for name in FIELDS},
        refused=[False] * len(rows),
    )
    clean = judge(frame, tx.settings, tx.today).clean
    columns = zip(*(clean[name].tolist() for name in FIELDS), strict=True)
    found = []
    for row, read, usable in zip(rows, values, columns, strict=True):
        kept: dict[Any, str] = {name: v for name, v in zip(FIELDS, usable, strict=True) if isinstance(v, str)}
        found.append(Entry(row.submission_id, row.slot, row.ord, row.received_at, read, kept, {}))
    return found
