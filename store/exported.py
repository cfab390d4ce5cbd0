"""Whom a OneRoster export may name, under which ids, and what of it was told before.

Belongs here: choosing from the store, the opaque ids, the memory that a delta needs. Does not belong here: files and
columns (`tasks.provision.oneroster`). The memory holds ids only: beside each an imprint of what was told, sealed under
the person's own key and dead with it. The id of somebody erased stays until the next export has said that they are
gone, as the recipient must be told (GDPR article 19), and `MEMORY_DAYS` at most: then a bulk export says it.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, Literal

from sqlalchemy import delete, func, or_, select, true, update

from schemas.due import is_adult
from schemas.errors import NotReady, SafetyRefusal, UsageFault
from store import guardians
from store.bulk import insert_rows
from store.database import OSLO, Transaction
from store.sealing import DAMAGED
from store.tables import audit, consents, exported_ids, links, pupils, store_info
from store.tables import guardians as guardian_rows

Role = Literal["student", "guardian"]
MARK: Final = "oneroster"
"""The row of `store_info` that says what the last export was."""
MEMORY_DAYS: Final = 31
"""How long after an export a delta may follow it."""
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


@dataclass(frozen=True, slots=True)
class Exported:
    """One person as an export tells them; `agents` are the ids of the other side. No number unless the settings say."""

    subject: str
    ident: str
    role: Role
    name: str = field(repr=False)
    email: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    number: str = field(default="", repr=False)
    agents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """What is told since the last export: who is new or changed, and (id, role) of who is gone."""

    active: list[Exported]
    gone: list[tuple[str, Role]]


def opaque_id(tx: Transaction, subject: str) -> str:
    """40 letters for an id of ours: keyed, another for each recipient, and made of a random id, so that nothing can be
    computed back from it, and no two recipients can lay their lists beside each other."""
    to = tx.settings.oneroster.recipient.encode()
    return tx.keyring.mac("delivery", b"oneroster|" + to + b"|" + subject.encode())[:20].hex().translate(_LETTERS)


def require_decided(tx: Transaction) -> None:
    """Raise `SafetyRefusal` unless the school has switched it on and said to whom, what for, and who decided."""
    told = tx.settings.oneroster
    if not told.on:
        raise SafetyRefusal("oneroster_off", "the OneRoster export is off", "see docs/operators/oneroster.md")
    said = {
        "recipient": told.recipient,
        "purpose": told.purpose,
        "processor_agreement": told.processor_agreement,
        "decided_by": told.decided_by,
        "decided_on": str(told.decided_on or ""),
    }
    missing = [name for name, value in said.items() if not value.strip()]
    if told.decided_on is not None and told.decided_on > tx.today:
        missing.append("decided_on (it lies ahead)")
    if missing:
        listed = ", ".join(f"oneroster.{name}" for name in missing)
        raise SafetyRefusal("oneroster_undecided", f"the settings do not say: {listed}", "fill them in first")


def exportable(tx: Transaction) -> list[Exported]:
    """Everyone who may be named today, pupils first, in the order of their ids.

    A link counts while it is live: not suspended, the pupil not protected, its date ahead (a legal hold keeps data, not
    access), and for a pupil of 18 only with a confirmed consent. A pupil stands here only with a guardian.
    """
    run, told = tx.connection.execute, tx.settings.oneroster
    ahead = or_(links.c.due_on.is_(None), links.c.due_on > tx.today)
    query = select(links.c.pupil_id, links.c.guardian_id, pupils.c.born).join(pupils)
    rows = run(query.where(links.c.suspended.is_(None), ~pupils.c.shielded, ahead)).all()
    confirmed = select(consents.c.pupil_id, consents.c.guardian_id).where(consents.c.state == "confirmed")
    covered = {(row.pupil_id, row.guardian_id) for row in run(confirmed)}
    of_pupil: dict[str, set[str]] = defaultdict(set)
    of_guardian: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        adult = is_adult(row.born, tx.today, tx.settings.retention.leap_day)
        if not adult or (row.pupil_id, row.guardian_id) in covered:
            of_pupil[row.pupil_id].add(row.guardian_id)
            of_guardian[row.guardian_id].add(row.pupil_id)
    ids = {subject: opaque_id(tx, subject) for subject in (*of_pupil, *of_guardian)}
    tx.vault.preload(ids)
    found = []
    columns = (pupils.c.id, pupils.c.name_ct, pupils.c.row_version)
    for row in run(select(*columns).where(~pupils.c.shielded)).all():
        if row.id in of_pupil:
            name = tx.vault.open_text(row.id, "pupils.name", row.id, row.name_ct, row.row_version) or ""
            agents = tuple(sorted(ids[one] for one in of_pupil[row.id]))
            found.append(Exported(row.id, ids[row.id], "student", name, agents=agents))
    for ident in run(select(guardian_rows.c.id)).scalars().all():
        person = guardians.read_guardian(tx, ident) if ident in of_guardian else None
        if person is not None:
            agents = tuple(sorted(ids[one] for one in of_guardian[ident]))
            contact = {"email": person.email, "mobile": person.mobile} if told.contact else {}
            number = person.number if told.identity_number else ""
            found.append(Exported(ident, ids[ident], "guardian", person.name, **contact, number=number, agents=agents))
    return sorted(found, key=lambda one: (one.role != "student", one.ident))


# -------------------------------------------------------------------------------------------------------------- memory


def since_last(tx: Transaction, people: Sequence[Exported]) -> Delta:
    """What a delta has to say. Raises `UsageFault` where there is nothing that it could follow: no export yet, another
    recipient or version since, or a store that was put back to an earlier day."""
    mark = tx.connection.execute(select(store_info.c.value).where(store_info.c.key == MARK)).scalar_one_or_none()
    last = json.loads(mark) if mark else {}
    restored = select(func.max(audit.c.seq)).where(audit.c.action == "store_restored")
    later = (tx.connection.execute(restored).scalar_one_or_none() or 0) > last.get("seq", 0)
    if later or last.get("to") != _to(tx):
        raise UsageFault("delta_needs_bulk", "there is no export that a delta could follow", "leave out --delta")
    before = {row.ident: row for row in tx.connection.execute(select(exported_ids)).all()}
    active = []
    for one in people:
        row = before.pop(one.ident, None)
        if row is None or _told(tx, one.subject, one.ident, row.imprint_ct) != _imprint(one):
            active.append(one)
    return Delta(active, sorted((row.ident, row.role) for row in before.values()))


def remember(tx: Transaction, people: Sequence[Exported]) -> None:
    """Note who was told of; whoever is not among them is forgotten."""
    run = tx.connection.execute
    run(delete(exported_ids))
    rows = [
        (one.ident, one.role, tx.vault.seal(one.subject, "exported_ids.imprint", one.ident, _imprint(one)), tx.now)
        for one in people
    ]
    insert_rows(tx.connection, exported_ids, ("ident", "role", "imprint_ct", "told_at"), rows)
    value = json.dumps({"to": _to(tx), "seq": run(select(func.max(audit.c.seq))).scalar_one() or 0})
    if run(update(store_info).where(store_info.c.key == MARK).values(value=value)).rowcount == 0:
        run(store_info.insert().values(key=MARK, value=value))


def forget_old(tx: Transaction) -> int:
    """Let go of the memory where no delta may follow any more: the export is off, or too long ago. What it holds are
    people's ids, and some of them may be erased. Returns how many they were; the next export is a bulk."""
    last_day = datetime.combine(tx.today - timedelta(days=MEMORY_DAYS), time(), OSLO)
    old = exported_ids.c.told_at < last_day if tx.settings.oneroster.on else true()
    if tx.connection.execute(select(exported_ids.c.ident).where(old).limit(1)).first() is None:
        return 0
    tx.connection.execute(delete(store_info).where(store_info.c.key == MARK))
    return tx.connection.execute(delete(exported_ids)).rowcount


def _to(tx: Transaction) -> str:
    return f"{tx.settings.oneroster.version} {opaque_id(tx, 'recipient')}"


def _imprint(one: Exported) -> bytes:
    told = [one.role, one.name, one.email, one.mobile, one.number, *one.agents]
    return hashlib.sha256(json.dumps(told).encode()).digest()


def _told(tx: Transaction, subject: str, ident: str, sealed: bytes) -> bytes | None:
    """What was told of somebody; None where their key is another since (their number was let go)."""
    try:
        return tx.vault.open(subject, "exported_ids.imprint", ident, sealed)
    except NotReady as fault:
        if fault.code not in DAMAGED:
            raise
        return None
