"""All that is held about one person, told to that person: GDPR article 15.

One record for each row: what it is, its values, where it came from, why it is kept, until when. Then who has looked.
It holds nothing of anybody else: not the other column of a form, no number that is a pupil's or another guardian's,
nothing of protection. The original of a form is told of and not copied: others stand on it. Does not belong here: the
records themselves (`store.dossier_rows`, `store.dossier_forms`), who the person is (`store.person`), words and paper
(`tasks/provision`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select

from store.analogue import BY_SCHOOL
from store.database import Transaction
from store.dossier_forms import numbers_of_others, of_forms
from store.dossier_rows import (
    Record,
    day,
    of_exports,
    of_guardian,
    of_holds,
    of_lines,
    of_lists,
    of_messages,
    of_paper,
    of_pupil,
)
from store.people import read_pupils
from store.person_rows import Person
from store.tables import audit as audit_rows
from store.tables import outbox

COLUMNS: Final = {
    "submissions.original_ct": "told of, not copied: others stand on it; what was read off it is told field by field",
    "submissions.about_ct": "those words of the file's name that are theirs",
    "sightings.handle_ct": "those words of the place that are theirs",
    "entries.fields_ct": "their own column",
    "corrections.value_ct": "their own column",
    "pupils.name_ct": "a pupil's own; a guardian's own pupils by name",
    "pupils.class_ct": "a pupil's own",
    "pupils.number_ct": "a pupil's own",
    "pupils.known_ct": "their own line of the list",
    "guardians.number_ct": "their own",
    "guardians.name_ct": "their own",
    "guardians.mobile_ct": "their own",
    "guardians.email_ct": "their own",
    "refusals.details_ct": "their own",
    "worklist_lines.text_ct": "a guardian's own name; a pupil's own name and class",
    "outbox.payload_ct": "their own",
    "exported_ids.imprint_ct": "that they were exported, to whom and when; it is a digest of what is told already",
    "roster_runs.content_ct": "their own line, and a pupil's own",
}
"""Every sealed column, and what of it a person is told. A new column has no place here until somebody gives it one."""
KEPT_TO_OURSELVES: Final = frozenset({"protected", "unprotected", "protection_seen", "restricted_refused"})
"""What the audit says of protection is told to nobody: it would tell that there is some, or none."""
LISTS: Final = {
    "list_read": ("worklist", "analogue", "turning_18", "consents"),
    "worklist_exported": ("",),
}
"""Audit rows that have no subject: whoever is on the list was looked at with the others."""


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked, or did something: by staff id, `rules` where no person did."""

    at: datetime
    by: str
    action: str
    subject: str | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """The whole answer. `unsure`: how many forms bear the name without anything that proves whose they are."""

    person: str
    is_a: tuple[str, ...]
    made_at: datetime
    made_by: str
    proven_by: str
    held: tuple[Record, ...]
    looked: tuple[Look, ...]
    lists: tuple[Look, ...]
    unsure: int

    def as_json(self) -> dict[str, Any]:
        """For `--json`: plain types."""
        return {
            "person": self.person,
            "is_a": list(self.is_a),
            "made_at": self.made_at.isoformat(),
            "made_by": self.made_by,
            "proven_by": self.proven_by,
            "held": [
                {
                    **asdict(one),
                    "until": one.until.isoformat() if one.until else None,
                    "withheld": list(one.withheld),
                }
                for one in self.held
            ],
            "looked": [_look(one) for one in self.looked],
            "lists": [_look(one) for one in self.lists],
            "unsure": self.unsure,
        }


def _look(one: Look) -> dict[str, str | None]:
    return {"at": one.at.isoformat(), "by": one.by, "action": one.action, "subject": one.subject}


def dossier(
    tx: Transaction, person: Person, *, by: str, proven_by: str, leave_out: frozenset[str] = frozenset()
) -> Dossier:
    """Everything about `person`; nothing that hangs on the pupils in `leave_out`."""
    every = {pupil.id: pupil for pupil in read_pupils(tx)}
    others = numbers_of_others(tx, person, every)
    records = [
        *of_guardian(tx, person, every, leave_out),
        *of_lists(tx, person, every, leave_out),
        *of_paper(tx, person, every, leave_out),
        *of_pupil(tx, person),
        *of_forms(tx, person, others, leave_out),
        *of_lines(tx, person, every, leave_out),
        *of_messages(person, leave_out),
        *of_exports(tx, person),
    ]
    records += of_holds(tx, {one.id for one in records})
    idents = {person.id, *(one.id for one in records)}
    looked = list(_looked(tx, person, idents))
    since = min((found for one in records if (found := one.source.get("at"))), default="")
    paper = any(one.why != BY_SCHOOL for one in person.paper)
    kinds = {"guardian": person.guardian, "listed": person.listed, "paper": paper, "pupil": person.pupil}
    return Dossier(
        person.id,
        tuple(name for name, there in kinds.items() if there) or ("form",),
        tx.now,
        by,
        proven_by,
        tuple(records),
        tuple(looked),
        tuple(_lists(tx, person, since)),
        len([form for form in person.unsure if form.row.pupil_id not in leave_out]),
    )


def _looked(tx: Transaction, person: Person, idents: set[str]) -> Iterator[Look]:
    """Rows about them, and about forms of theirs; not what concerns the other column."""
    forms = {form.row.submission_id: form.row.slot for form in person.forms}
    wanted = idents | set(forms) | _said_to(tx, person, forms)
    for row in tx.connection.execute(select(audit_rows).where(audit_rows.c.subject_id.in_(wanted))).all():
        slot = re.search(r"\bslot=(\d+)", row.detail)
        other = slot is not None and row.subject_id in forms and int(slot[1]) != forms[row.subject_id]
        if row.action in KEPT_TO_OURSELVES or other:
            continue
        yield Look(row.at, row.actor, row.action, row.subject_id)


def _said_to(tx: Transaction, person: Person, forms: Mapping[str, int]) -> set[str]:
    """Messages that were said: what was in them is gone, and that somebody printed one is not."""
    keys = [f"answer:{submission}:{slot}" for submission, slot in forms.items()]
    whose = person.guardian.id if person.guardian is not None else ""
    mine = or_(outbox.c.dedup_key.in_(keys), outbox.c.subject_id == whose)
    return set(tx.connection.execute(select(outbox.c.id).where(mine)).scalars()) if person.pupil is None else set()


def _lists(tx: Transaction, person: Person, since: str) -> Iterator[Look]:
    """Who read a whole list since they first stood on one."""
    on = {"worklist": bool(person.lines), "analogue": any(one.why != BY_SCHOOL for one in person.paper)}
    on["turning_18"] = on["consents"] = bool(person.guardian or person.pupil)
    alone = {"worklist_exported": bool(person.lines)}
    query = select(audit_rows).where(audit_rows.c.action.in_(LISTS), audit_rows.c.subject_id.is_(None))
    for row in tx.connection.execute(query.order_by(audit_rows.c.seq)):
        which = re.search(r"\blist=(\w+)", row.detail)
        named = on.get(which[1], False) if which else alone.get(row.action, False)
        if named and day(row.at) >= since:
            yield Look(row.at, row.actor, row.action, None)
