"""What forms say of one person, for article 15: their own column, a steward's corrections, the original and its copy.

Belongs here: which values of a form are this person's to be told. Does not belong here: whose a form is
(`store.person_gather`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select

from schemas.contact import same_email, same_mobile
from schemas.names import normalise
from schemas.numbers import clean
from schemas.reasons import CATALOGUE
from store import guardians
from store.database import OSLO, Transaction
from store.dossier_rows import Record, day, delivery, filled
from store.people import Pupil
from store.person_rows import Form, Person
from store.tables import reasons, sightings, submissions

ABOUT_THE_FORM: Final = frozenset({"fnr", "name", "mobile", "email", "refusal", "document"})
ABOUT_ANOTHER: Final = frozenset({"fnr_is_pupils", "fnr_same_on_both"})


def of_forms(tx: Transaction, person: Person, others: frozenset[str], leave_out: frozenset[str]) -> Iterator[Record]:
    """A record for each form, its corrections, and once for each delivery its original."""
    told: set[str] = set()
    for form in person.forms:
        row = form.row
        if row.pupil_id in leave_out:
            continue
        values, withheld = _own_fields(person, form, others)
        source = delivery(tx, row.submission_id)
        until, why = _form_until(tx, form)
        details = {"outcome": row.outcome, "decided": day(row.decided_at), "decided_by": row.decided_by}
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
        made = {"channel": "steward", "at": day(row.made_at)}
        details = {"made_by": row.made_by}
        yield Record("correction", form.row.id, {row.field: value}, made, "form", "steward", until, why, details)


def _original(tx: Transaction, person: Person, submission: str) -> Iterator[Record]:
    """The sealed original and its copy at the source: that they are there, and those words of their names that are
    this person's."""
    row = tx.connection.execute(select(submissions).where(submissions.c.id == submission)).one()
    source = delivery(tx, submission)
    if row.original_ct is not None:
        name = own_words(person, _file_name(tx, submission, row.about_ct))
        yield Record(
            "original", submission, filled({"file": name}), source, "form", "form", row.original_due_on, "original"
        )
    copies = select(sightings).where(sightings.c.submission_id == submission, sightings.c.handle_ct.is_not(None))
    for copy in tx.connection.execute(copies).all():
        handle = tx.vault.open(copy.id, "sightings.handle", copy.id, copy.handle_ct).decode()
        yield Record(
            "source_copy", copy.id, filled({"file": own_words(person, handle)}), source, "form", "form",
            copy.dispose_on, "source_copy",
        )  # fmt: skip


def _file_name(tx: Transaction, submission: str, about: bytes | None) -> str:
    if about is None:
        return ""
    return str(json.loads(tx.vault.open(submission, "submissions.about", submission, about)).get("name", ""))


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


def own_words(person: Person, text: str) -> str:
    """`text` with only those words left that are this person's own: name, number, mobile, e-mail."""
    mine = {word for name in person.names for word in normalise(name).split()}
    mine |= {normalise(word) for email in person.emails for word in re.split(r"[\W_]+", email)}
    mine |= person.numbers | {re.sub(r"\D", "", mobile)[-8:] for mobile in person.mobiles}
    mine -= {"", "no", "com", "org"}
    kept = [word if normalise(word) in mine or word in mine else "…" for word in re.findall(r"[^\W_]+", text)]
    return " ".join(word for at, word in enumerate(kept) if word != "…" or kept[at - 1 : at] != ["…"]).strip("… ")


def numbers_of_others(tx: Transaction, person: Person, every: Mapping[str, Pupil]) -> frozenset[str]:
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
