"""All that is held about one person, told to that person: GDPR article 15.

One record for each row: what it is, its values, where it came from, why it is kept, until when. Then who has looked.
It holds nothing of anybody else: not the other column of a form, no number that is a pupil's or another guardian's,
nothing of protection. The original of a form is told of and not copied: others stand on it. Does not belong here: who
the person is (`store.person`), words and paper (`tasks/provision`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select

from schemas.contact import same_email, same_mobile
from schemas.names import normalise
from schemas.numbers import clean
from schemas.reasons import CATALOGUE
from store import exported, guardians, rosters
from store.database import OSLO, Transaction
from store.people import Pupil, read_pupils
from store.person import Form, Person
from store.protection import BY_SCHOOL
from store.tables import audit as audit_rows
from store.tables import (
    consents,
    exported_ids,
    holds,
    links,
    outbox,
    pupils,
    reasons,
    refusals,
    roster_runs,
    sightings,
    submissions,
)

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
    "list_read": ("worklist", "analogue", "turning_18"),
    "worklist_exported": ("",),
}
"""Audit rows that have no subject: whoever is on the list was looked at with the others."""
ABOUT_THE_FORM: Final = frozenset({"fnr", "name", "mobile", "email", "refusal", "document"})
ABOUT_ANOTHER: Final = frozenset({"fnr_is_pupils", "fnr_same_on_both"})


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that is held. All but `values` are codes of ours, ids and dates; `details` too."""

    what: str
    id: str
    values: dict[str, str] = field(repr=False)
    source: dict[str, str]
    purpose: str
    basis: str
    until: date | None
    until_why: str
    details: dict[str, str] = field(default_factory=dict)
    withheld: tuple[str, ...] = ()


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
    others = _numbers_of_others(tx, person, every)
    records = [
        *_guardian(tx, person, every, leave_out),
        *_listed(tx, person, every, leave_out),
        *_paper(tx, person, every, leave_out),
        *_pupil(tx, person),
        *_forms(tx, person, others, leave_out),
        *_lines(tx, person, every, leave_out),
        *_messages(person, leave_out),
        *_exported(tx, person),
    ]
    records += _holds(tx, {one.id for one in records})
    idents = {person.id, *(one.id for one in records)}
    looked = list(_looked(tx, person, idents))
    since = min((found for one in records if (found := one.source.get("at"))), default="")
    kinds = {"guardian": person.guardian, "listed": person.listed, "paper": person.paper, "pupil": person.pupil}
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


# --------------------------------------------------------------------------------------------------- what is held


def _guardian(
    tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]
) -> Iterator[Record]:
    guardian = person.guardian
    if guardian is None:
        return
    mine = [
        row
        for row in tx.connection.execute(
            select(links).where(links.c.guardian_id == guardian.id).order_by(links.c.arrived_at)
        ).all()
        if row.pupil_id not in leave_out
    ]
    last = max((row.due_on or date.max for row in mine), default=None)
    values = {"name": guardian.name, "fnr": guardian.number, "mobile": guardian.mobile, "email": guardian.email}
    reduced = {"number": "reduced"} if not guardian.number and guardian.number_mac else {}
    first = _delivery(tx, mine[0].submission_id) if mine else {}
    yield Record(
        "guardian", guardian.id, _filled(values), first, "login", "form", None if last == date.max else last,
        "last_link", reduced,
    )  # fmt: skip
    for row in mine:
        state = {"suspended": row.suspended} if row.suspended and row.suspended != BY_SCHOOL else {}
        yield Record(
            "link", guardian.id, _pupils_name(every, row.pupil_id), _delivery(tx, row.submission_id), "login",
            row.basis, row.due_on, row.due_reason or "", state,
        )  # fmt: skip


def _listed(tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]) -> Iterator[Record]:
    run = _last_roster(tx)
    for one in person.listed:
        if one.pupil_id in leave_out:
            continue
        if one.list_id.startswith("N-"):
            until, why, held = _held_list(tx, one.list_id)
            values = _filled(asdict(one.known) | {"fnr": one.known.number, "number": ""})
            values |= _pupils_name(every, one.pupil_id)
            yield Record("held_list", one.list_id, values, held, "prove", "roster", until, why)
            continue
        due = tx.connection.execute(
            select(pupils.c.due_on, pupils.c.due_reason).where(pupils.c.id == one.pupil_id)
        ).one()
        known = one.known
        values = {
            "name": known.name,
            "fnr": known.number,
            "mobile": known.mobile,
            "email": known.email,
            "address": known.address,
        }
        values = _filled(values) | _pupils_name(every, one.pupil_id)
        yield Record("listed", one.list_id, values, run, "prove", "roster", due.due_on, due.due_reason or "")


def _paper(tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]) -> Iterator[Record]:
    for one in person.paper:
        if one.pupil_id in leave_out or one.why == BY_SCHOOL:
            continue  # who asks may be the one from whom they are protected
        row = tx.connection.execute(select(refusals).where(refusals.c.id == one.id)).one()
        values = _filled({"name": one.name, "address": one.address}) | _pupils_name(every, one.pupil_id)
        yield Record(
            "paper", one.id, values, _delivery(tx, row.submission_id), "paper", "form", one.due_on, "pupil_over",
            {"why": one.why},
        )  # fmt: skip


def _pupil(tx: Transaction, person: Person) -> Iterator[Record]:
    pupil = person.pupil
    if pupil is None:
        return
    run = _last_roster(tx)
    values = {"name": pupil.name, "class": pupil.class_name, "fnr": pupil.number, "born": pupil.born.isoformat()}
    yield Record("pupil", pupil.id, _filled(values), run, "pupil", "roster", None, "off_roster")
    for held, again in person.told:
        until, why, source = _held_list(tx, held)
        born = again.born.isoformat() if again.born else ""
        values = {"name": again.name or "", "class": again.class_name or "", "fnr": again.number or "", "born": born}
        yield Record("held_list", held, _filled(values), source, "pupil", "roster", until, why)
    for stay in pupil.enrolments:
        told = {name: day.isoformat() for name, day in _days(stay.starts, stay.ends, stay.interrupted).items() if day}
        yield Record("enrolment", pupil.id, told, run, "pupil", "roster", None, "off_roster")
    given = select(consents).where(consents.c.pupil_id == pupil.id).order_by(consents.c.changed_at)
    for row in tx.connection.execute(given):
        told = {"given": row.given_on.isoformat()}
        by = {"state": row.state, "recorded_by": row.recorded_by, "confirmed_by": row.confirmed_by or ""}
        yield Record(
            "consent", row.id, told, {"channel": "pupil"}, "consent", "consent", None, "pupil_over", _filled(by)
        )


def _held_list(tx: Transaction, ident: str) -> tuple[date | None, str, dict[str, str]]:
    """(until, why, source) of what stands on a list that waits for a person."""
    row = tx.connection.execute(select(roster_runs).where(roster_runs.c.id == ident)).one()
    return row.content_due_on, "held_list", {"channel": "roster", "at": _day(row.made_at), "run": ident}


def _days(starts: date, ends: date | None, interrupted: date | None) -> dict[str, date | None]:
    return {"starts": starts, "ends": ends, "interrupted": interrupted}


def _forms(tx: Transaction, person: Person, others: frozenset[str], leave_out: frozenset[str]) -> Iterator[Record]:
    told: set[str] = set()
    for form in person.forms:
        row = form.row
        if row.pupil_id in leave_out:
            continue
        values, withheld = _own_fields(person, form, others)
        source = _delivery(tx, row.submission_id)
        until, why = _form_until(tx, form)
        details = {"outcome": row.outcome, "decided": _day(row.decided_at), "decided_by": row.decided_by}
        if codes := _codes(tx, row.id):
            details["reasons"] = " ".join(codes)
        about = {"slot": str(row.slot)} if person.pupil is None else {}
        yield Record("form", row.id, values, source, "form", "form", until, why, {**about, **details}, withheld)
        yield from _corrections(person, form, others, until, why)
        if row.submission_id not in told:
            told.add(row.submission_id)
            yield from _original(tx, person, row.submission_id)


def _own_fields(person: Person, form: Form, others: frozenset[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    values, withheld = {}, []
    for name, value in form.fields.items():
        if not value:
            continue
        if _may_be_told(person, form, name, value, others):
            values[name] = value
        elif person.pupil is None:
            withheld.append(name)
    return values, tuple(withheld)


def _may_be_told(person: Person, form: Form, name: str, value: str, others: frozenset[str]) -> bool:
    if person.pupil is not None:  # of a guardian's form a pupil is told what stands there of the pupil
        return name == "pupil" or (name == "fnr" and clean(value) in person.numbers)
    if name == "fnr" and clean(value) in others:
        return False
    if form.whole:
        return True
    same = {"name": person.named(value), "fnr": clean(value) in person.numbers}
    same["pupil"] = form.row.pupil_id in person.pupils
    same["mobile"] = any(same_mobile(value, mine) for mine in person.mobiles)
    same["email"] = any(same_email(value, mine) for mine in person.emails)
    return same.get(name, False)


def _corrections(person: Person, form: Form, others: frozenset[str], until: date | None, why: str) -> Iterator[Record]:
    for row, value in form.corrected:
        decision = row.field == "decision"
        if decision and person.pupil is not None:
            continue
        if not decision and not _may_be_told(person, form, row.field, value, others):
            continue
        made = {"channel": "steward", "at": _day(row.made_at)}
        details = {"made_by": row.made_by}
        yield Record("correction", form.row.id, {row.field: value}, made, "form", "steward", until, why, details)


def _original(tx: Transaction, person: Person, submission: str) -> Iterator[Record]:
    """The sealed original and its copy at the source: that they are there, and those words of their names that are
    this person's."""
    row = tx.connection.execute(select(submissions).where(submissions.c.id == submission)).one()
    source = _delivery(tx, submission)
    if row.original_ct is not None:
        name = own_words(person, _file_name(tx, submission, row.about_ct))
        yield Record(
            "original", submission, _filled({"file": name}), source, "form", "form", row.original_due_on, "original"
        )
    copies = select(sightings).where(sightings.c.submission_id == submission, sightings.c.handle_ct.is_not(None))
    for copy in tx.connection.execute(copies).all():
        handle = tx.vault.open(copy.id, "sightings.handle", copy.id, copy.handle_ct).decode()
        yield Record(
            "source_copy", copy.id, _filled({"file": own_words(person, handle)}), source, "form", "form",
            copy.dispose_on, "source_copy",
        )  # fmt: skip


def _file_name(tx: Transaction, submission: str, about: bytes | None) -> str:
    if about is None:
        return ""
    return str(json.loads(tx.vault.open(submission, "submissions.about", submission, about)).get("name", ""))


def _lines(tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]) -> Iterator[Record]:
    for line in person.lines:
        row, told = line.row, line.told
        if row.pupil_id in leave_out or (row.restricted and leave_out):
            continue
        if person.pupil is not None:
            values = {"pupil": told.get("pupil", ""), "class": told.get("class", "")}
        else:
            values = {"name": told.get("guardian", "")} | _pupils_name(every, row.pupil_id)
        signed = {"signed_as": row.signed_as or "", "signed_by": row.signed_by or ""}
        if row.signed_at:
            signed["signed"] = _day(row.signed_at)
        yield Record(
            "line", row.id, _filled(values), {"channel": "rules"}, "vis", "law", row.due_on,
            "signed_off", _filled({"do": row.kind, "why": row.why, "state": row.state, **signed}),
        )  # fmt: skip


def _messages(person: Person, leave_out: frozenset[str]) -> Iterator[Record]:
    for message in person.messages:
        row = message.row
        if row.dedup_key.rpartition(":")[2] in leave_out:
            continue
        values = {name: str(message.told.get(name) or "") for name in ("name", "mobile", "email", "address")}
        made = {"channel": "rules", "at": _day(row.made_at)}
        until = (row.made_at + timedelta(days=30)).astimezone(OSLO).date()
        yield Record("message", row.id, _filled(values), made, "answer", "form", until, "said", {"kind": row.kind})


def _exported(tx: Transaction, person: Person) -> Iterator[Record]:
    """To whom they were told of: the recipients of article 15.1 c."""
    for subject in [one.id for one in (person.guardian, person.pupil) if one is not None]:
        ident = exported.opaque_id(tx, subject)
        row = tx.connection.execute(select(exported_ids).where(exported_ids.c.ident == ident)).one_or_none()
        if row is not None:
            told = tx.settings.oneroster
            details = {"recipient": told.recipient, "why": told.purpose}
            made = {"channel": "rules", "at": _day(row.told_at)}
            yield Record("exported", ident, {}, made, "export", "law", None, "next_export", _filled(details))


def _holds(tx: Transaction, idents: set[str]) -> Iterator[Record]:
    for row in tx.connection.execute(select(holds).where(holds.c.subject_id.in_(idents))):
        details = {"reason": row.reason, "held_by": row.held_by, "of": row.subject_id}
        yield Record("hold", row.id, {}, {"channel": "steward"}, "hold", "law", row.ends_on, "hold", details)


# ----------------------------------------------------------------------------------------------------- who looked


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
    on = {"worklist": bool(person.lines), "analogue": bool(person.paper)}
    on["turning_18"] = bool(person.guardian or person.pupil)
    alone = {"worklist_exported": bool(person.lines)}
    query = select(audit_rows).where(audit_rows.c.action.in_(LISTS), audit_rows.c.subject_id.is_(None))
    for row in tx.connection.execute(query.order_by(audit_rows.c.seq)):
        which = re.search(r"\blist=(\w+)", row.detail)
        named = on.get(which[1], False) if which else alone.get(row.action, False)
        if named and _day(row.at) >= since:
            yield Look(row.at, row.actor, row.action, None)


# ---------------------------------------------------------------------------------------------------------- small


def own_words(person: Person, text: str) -> str:
    """`text` with only those words left that are this person's own: name, number, mobile, e-mail."""
    mine = {word for name in person.names for word in normalise(name).split()}
    mine |= {normalise(word) for email in person.emails for word in re.split(r"[\W_]+", email)}
    mine |= person.numbers | {re.sub(r"\D", "", mobile)[-8:] for mobile in person.mobiles}
    mine -= {"", "no", "com", "org"}
    kept = [word if normalise(word) in mine or word in mine else "…" for word in re.findall(r"[^\W_]+", text)]
    return " ".join(word for at, word in enumerate(kept) if word != "…" or kept[at - 1 : at] != ["…"]).strip("… ")


def _numbers_of_others(tx: Transaction, person: Person, every: Mapping[str, Pupil]) -> frozenset[str]:
    """The numbers of every pupil, of everyone else on the lists, and of other guardians who stand on their forms."""
    mine = {(one.list_id, one.at) for one in person.listed}
    found = {clean(pupil.number) for pupil in every.values() if person.pupil is None or pupil.id != person.pupil.id}
    for pupil in every.values():
        found |= {clean(k.number) for at, k in enumerate(pupil.known) if (pupil.list_id, at) not in mine}
    for number in {clean(form.fields["fnr"]) for form in person.forms if form.fields.get("fnr")}:
        guardian = guardians.find_by_number(tx, number)
        if guardian is not None and (person.guardian is None or guardian.id != person.guardian.id):
            found.add(number)
    return frozenset(found - {""} - person.numbers)


def _pupils_name(every: Mapping[str, Pupil], pupil_id: str | None) -> dict[str, str]:
    pupil = every.get(pupil_id or "")
    return {"pupil": pupil.name} if pupil is not None else {}


def _delivery(tx: Transaction, submission: str | None) -> dict[str, str]:
    """Which delivery: channel, when it came, the submission's id."""
    row = tx.connection.execute(
        select(submissions.c.channel, submissions.c.received_at).where(submissions.c.id == submission)
    ).one_or_none()
    if row is None:
        return {"channel": "unknown"}
    return {"channel": row.channel, "at": _day(row.received_at), "submission": str(submission)}


def _last_roster(tx: Transaction) -> dict[str, str]:
    row = rosters.last_taken_in(tx)
    return {"channel": "roster"} | ({"at": _day(row.made_at), "run": row.id} if row else {})


def _form_until(tx: Transaction, form: Form) -> tuple[date | None, str]:
    """An open entry until its time is out; a decided one's values with the original; what is then left, a tombstone."""
    row = form.row
    if row.held_until is not None:
        return row.held_until, "held"
    query = select(submissions.c.original_due_on).where(submissions.c.id == row.submission_id)
    original = tx.connection.execute(query).scalar_one()
    if original is not None:
        return original, "original"
    months = tx.settings.retention.tombstone_months
    return (row.decided_at + timedelta(days=31 * months)).astimezone(OSLO).date(), "tombstone"


def _codes(tx: Transaction, entry: str) -> list[str]:
    """The reasons that are about this person's own part of the form."""
    found = tx.connection.execute(select(reasons.c.code).where(reasons.c.entry_id == entry)).scalars()
    return sorted({c for c in found if CATALOGUE[c].field in ABOUT_THE_FORM and c not in ABOUT_ANOTHER})


def _filled(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


def _day(moment: datetime) -> str:
    return moment.astimezone(OSLO).date().isoformat()
