"""The records of article 15, but for forms: guardian, links, lists, paper, pupil, lines, messages, exports, holds.

Belongs here: one record for each row, with where it is from, why it is kept and until when. Does not belong here: what
a form says (`store.dossier_forms`), who looked (`store.dossier`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select

from store import exported, rosters
from store.analogue import BY_SCHOOL
from store.database import OSLO, Transaction
from store.people import Pupil
from store.person_rows import Person
from store.tables import (
    consents,
    exported_ids,
    holds,
    links,
    pupils,
    refusals,
    roster_runs,
    submissions,
)


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


def of_guardian(
    tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]
) -> Iterator[Record]:
    """The loaded guardian, and each link."""
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
    first = delivery(tx, mine[0].submission_id) if mine else {}
    yield Record(
        "guardian", guardian.id, filled(values), first, "login", "form", None if last == date.max else last,
        "last_link", reduced,
    )  # fmt: skip
    for row in mine:
        state = {"suspended": row.suspended} if row.suspended and row.suspended != BY_SCHOOL else {}
        yield Record(
            "link", guardian.id, pupils_name(every, row.pupil_id), delivery(tx, row.submission_id), "login",
            row.basis, row.due_on, row.due_reason or "", state,
        )  # fmt: skip


def of_lists(
    tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]
) -> Iterator[Record]:
    """Their line of the school's list, and of one that is held."""
    run = _last_roster(tx)
    for one in person.listed:
        if one.pupil_id in leave_out:
            continue
        if one.list_id.startswith("N-"):
            until, why, held = _held_list(tx, one.list_id)
            values = filled(asdict(one.known) | {"fnr": one.known.number, "number": ""})
            values |= pupils_name(every, one.pupil_id)
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
        values = filled(values) | pupils_name(every, one.pupil_id)
        yield Record("listed", one.list_id, values, run, "prove", "roster", due.due_on, due.due_reason or "")


def of_paper(
    tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]
) -> Iterator[Record]:
    """Their rows of the register for paper."""
    for one in person.paper:
        if one.pupil_id in leave_out or one.why == BY_SCHOOL:
            continue  # who asks may be the one from whom they are protected
        row = tx.connection.execute(select(refusals).where(refusals.c.id == one.id)).one()
        values = filled({"name": one.name, "address": one.address}) | pupils_name(every, one.pupil_id)
        yield Record(
            "paper", one.id, values, delivery(tx, row.submission_id), "paper", "form", one.due_on, "pupil_over",
            {"why": one.why},
        )  # fmt: skip


def of_pupil(tx: Transaction, person: Person) -> Iterator[Record]:
    """The pupil's own row, stays and consents."""
    pupil = person.pupil
    if pupil is None:
        return
    run = _last_roster(tx)
    values = {"name": pupil.name, "class": pupil.class_name, "fnr": pupil.number, "born": pupil.born.isoformat()}
    yield Record("pupil", pupil.id, filled(values), run, "pupil", "roster", None, "off_roster")
    for held, again in person.told:
        until, why, source = _held_list(tx, held)
        born = again.born.isoformat() if again.born else ""
        values = {"name": again.name or "", "class": again.class_name or "", "fnr": again.number or "", "born": born}
        yield Record("held_list", held, filled(values), source, "pupil", "roster", until, why)
    for stay in pupil.enrolments:
        told = {name: day.isoformat() for name, day in _days(stay.starts, stay.ends, stay.interrupted).items() if day}
        yield Record("enrolment", pupil.id, told, run, "pupil", "roster", None, "off_roster")
    given = select(consents).where(consents.c.pupil_id == pupil.id).order_by(consents.c.changed_at)
    for row in tx.connection.execute(given):
        told = {"given": row.given_on.isoformat()}
        by = {"state": row.state, "recorded_by": row.recorded_by, "confirmed_by": row.confirmed_by or ""}
        yield Record(
            "consent", row.id, told, {"channel": "pupil"}, "consent", "consent", None, "pupil_over", filled(by)
        )


def _held_list(tx: Transaction, ident: str) -> tuple[date | None, str, dict[str, str]]:
    """(until, why, source) of what stands on a list that waits for a person."""
    row = tx.connection.execute(select(roster_runs).where(roster_runs.c.id == ident)).one()
    return row.content_due_on, "held_list", {"channel": "roster", "at": day(row.made_at), "run": ident}


def _days(starts: date, ends: date | None, interrupted: date | None) -> dict[str, date | None]:
    return {"starts": starts, "ends": ends, "interrupted": interrupted}


def of_lines(
    tx: Transaction, person: Person, every: Mapping[str, Pupil], leave_out: frozenset[str]
) -> Iterator[Record]:
    """The lines of the work list that name them."""
    for line in person.lines:
        row, told = line.row, line.told
        if row.pupil_id in leave_out or (row.restricted and leave_out):
            continue
        if person.pupil is not None:
            values = {"pupil": told.get("pupil", ""), "class": told.get("class", "")}
        else:
            values = {"name": told.get("guardian", "")} | pupils_name(every, row.pupil_id)
        signed = {"signed_as": row.signed_as or "", "signed_by": row.signed_by or ""}
        if row.signed_at:
            signed["signed"] = day(row.signed_at)
        yield Record(
            "line", row.id, filled(values), {"channel": "rules"}, "vis", "law", row.due_on,
            "signed_off", filled({"do": row.kind, "why": row.why, "state": row.state, **signed}),
        )  # fmt: skip


def of_messages(person: Person, leave_out: frozenset[str]) -> Iterator[Record]:
    """What waits to be said to them."""
    for message in person.messages:
        row = message.row
        if row.dedup_key.rpartition(":")[2] in leave_out:
            continue
        values = {name: str(message.told.get(name) or "") for name in ("name", "mobile", "email", "address")}
        made = {"channel": "rules", "at": day(row.made_at)}
        until = (row.made_at + timedelta(days=30)).astimezone(OSLO).date()
        yield Record("message", row.id, filled(values), made, "answer", "form", until, "said", {"kind": row.kind})


def of_exports(tx: Transaction, person: Person) -> Iterator[Record]:
    """To whom they were told of: the recipients of article 15.1 c."""
    for subject in [one.id for one in (person.guardian, person.pupil) if one is not None]:
        ident = exported.opaque_id(tx, subject)
        row = tx.connection.execute(select(exported_ids).where(exported_ids.c.ident == ident)).one_or_none()
        if row is not None:
            told = tx.settings.oneroster
            details = {"recipient": told.recipient, "why": told.purpose}
            made = {"channel": "rules", "at": day(row.told_at)}
            yield Record("exported", ident, {}, made, "export", "law", None, "next_export", filled(details))


def of_holds(tx: Transaction, idents: set[str]) -> Iterator[Record]:
    """The legal holds on any of this."""
    for row in tx.connection.execute(select(holds).where(holds.c.subject_id.in_(idents))):
        details = {"reason": row.reason, "held_by": row.held_by, "of": row.subject_id}
        yield Record("hold", row.id, {}, {"channel": "steward"}, "hold", "law", row.ends_on, "hold", details)


def pupils_name(every: Mapping[str, Pupil], pupil_id: str | None) -> dict[str, str]:
    """The pupil's name, where there is one."""
    pupil = every.get(pupil_id or "")
    return {"pupil": pupil.name} if pupil is not None else {}


def delivery(tx: Transaction, submission: str | None) -> dict[str, str]:
    """Which delivery: channel, when it came, the submission's id."""
    row = tx.connection.execute(
        select(submissions.c.channel, submissions.c.received_at).where(submissions.c.id == submission)
    ).one_or_none()
    if row is None:
        return {"channel": "unknown"}
    return {"channel": row.channel, "at": day(row.received_at), "submission": str(submission)}


def _last_roster(tx: Transaction) -> dict[str, str]:
    row = rosters.last_taken_in(tx)
    return {"channel": "roster"} | ({"at": day(row.made_at), "run": row.id} if row else {})


def filled(values: Mapping[str, str]) -> dict[str, str]:
    """Without what is empty."""
    return {name: value for name, value in values.items() if value}


def day(moment: datetime) -> str:
    """The day in Oslo, as ISO 8601."""
    return moment.astimezone(OSLO).date().isoformat()
