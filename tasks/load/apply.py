"""Applying one decision to the store's latest state: the rules for a known pair, an older form, a refusal.

Order is by arrival, never the mail's own date. A form adds or changes; it never removes.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import bindparam, select, update

from schemas.contact import same_email, same_mobile
from schemas.due import next_working_day
from schemas.errors import UsageFault
from schemas.names import agrees
from schemas.outcomes import EntryOutcome
from schemas.verdicts import Decision, Fault
from store import analogue, audit, consents, contact, guardians, onetime, worklist
from store.database import Transaction
from store.guardians import Guardian
from store.tables import links
from store.worklist_rows import has_access, of_pair

Out = EntryOutcome

_UNPROVEN = Fault("consent", "consent_unproven")
_SPENT = Fault("link", "reference_spent")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of an entry; `to_erase` holds (subject, reason) for the deletion ledger."""

    outcome: EntryOutcome
    faults: tuple[Fault, ...] = ()
    guardian_id: str | None = None
    review_due_on: date | None = None
    to_erase: tuple[tuple[str, str], ...] = ()


def apply(tx: Transaction, decision: Decision) -> Applied:
    """Carry out one decision in the caller's transaction."""
    match decision.outcome:
        case _ if decision.entry.kind == "consent":
            return _consent(tx, decision)
        case Out.LOADED:
            return _load(tx, decision)
        case Out.UPDATED:
            return _contact_only(tx, decision)
        case Out.REFUSED | Out.NO_LOGIN:
            return _on_paper(tx, decision)
        case Out.NEEDS_REVIEW if decision.entry.refused and not decision.restricted:
            return _doubtful_refusal(tx, decision)
        case Out.REJECTED if decision.entry.refused:
            _let_live(tx, decision)
            return Applied(decision.outcome, decision.faults)
        case _:
            return Applied(decision.outcome, decision.faults)


def _consent(tx: Transaction, decision: Decision) -> Applied:
    """A pupil's consent for a linked guardian becomes a pending one, or with a steward's word a confirmed one. What was
    withdrawn since it came is not given again by it."""
    pupil_id, guardian_id, entry = decision.pupil_id, decision.guardian_id, decision.entry
    if not pupil_id or not guardian_id or decision.restricted:
        return Applied(decision.outcome, decision.faults)
    if decision.outcome is Out.REJECTED:
        consents.drop_pending(tx, pupil_id, guardian_id, entry.decided_by or audit.RULES)
        return Applied(decision.outcome, decision.faults, guardian_id)
    if consents.withdrawn_since(tx, pupil_id, guardian_id, entry.received_at):
        return Applied(Out.SUPERSEDED)
    by = entry.decided_by or audit.RULES
    try:
        standing = consents.propose(tx, pupil_id, guardian_id, by)
    except UsageFault:  # not 17 yet: a person tells the pupil
        return Applied(Out.NEEDS_REVIEW, tuple(dict.fromkeys((*decision.faults, _UNPROVEN))), guardian_id)
    if standing.state == "confirmed":
        return Applied(Out.CONSENT_RECORDED, (), guardian_id)
    if decision.outcome is Out.CONSENT_RECORDED:
        consents.confirm(tx, standing.id, by)
    return Applied(decision.outcome, decision.faults, guardian_id)


def _load(tx: Transaction, decision: Decision) -> Applied:
    entry, pupil_id = decision.entry, str(decision.pupil_id)
    steward = decision.basis == "steward"
    paper = [row for row in analogue.of_pupil(tx, pupil_id) if agrees(row.name, entry.get("name"))]
    if any(row.arrived_at > entry.received_at for row in paper if row.why in analogue.BY_THEMSELVES):
        return Applied(Out.SUPERSEDED)
    linked = guardians.of_pupil(tx, pupil_id)
    same = next((g for g in linked if guardians.has_number(tx, g, entry.get("fnr"))), None)
    namesakes = [g for g in linked if g is not same and agrees(g.name, entry.get("name"))]
    if any(_arrived(g) > entry.received_at for g in [*namesakes, *([same] if same else [])]):
        return Applied(Out.SUPERSEDED)
    if same is not None:
        if not steward and not agrees(same.name, entry.get("name")):
            return Applied(Out.NEEDS_REVIEW, (*decision.faults, Fault("name", "name_differs")), same.id)
        _spend(tx, decision)
        return _known_pair(tx, decision, same)
    if namesakes and not steward:
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, Fault("fnr", "fnr_differs_from_known")))
    person = guardians.find_by_number(tx, entry.get("fnr"))
    if person is not None and not steward and not agrees(person.name, entry.get("name")):
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, Fault("name", "name_differs")))
    if not _spend(tx, decision):
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, _SPENT))
    faults = decision.faults
    if person is None:
        reached = {"mobile": entry.get("mobile"), "email": entry.get("email")}
        guardian_id = guardians.add(tx, name=entry.get("name"), number=entry.get("fnr"), **reached)
    else:
        guardian_id = person.id
        changes, unproven = _changes(tx, decision, person)
        if changes:
            contact.change(tx, person, changes)
        if unproven:
            faults = (*faults, Fault("link", "contact_change_unproven"))
    guardians.link(
        tx, pupil_id, guardian_id, basis=str(decision.basis), submission=entry.submission, arrived=entry.received_at
    )
    if has_access(of_pair(tx, pupil_id, guardian_id)):  # never removed since they were there before
        analogue.access_started(tx, pupil_id, entry.get("name"))
    else:
        for row in paper:  # whoever refused has opted in by a newer form; paper ends when they can log in
            analogue.until_access(tx, row.id)
    for before in {decision.guardian_id, *(old.id for old in namesakes)} - {None, guardian_id}:
        consents.follow(tx, pupil_id, str(before), guardian_id)
    to_erase = []
    for old in namesakes:  # a steward has seen it: the same person with a new number
        guardians.mark_due(tx, pupil_id, old.id, "replaced")
        to_erase.append((f"{pupil_id}/{old.id}", "replaced"))
    worklist.refresh(tx, pupil_id)
    audit.write(tx, entry.decided_by or audit.RULES, "guardian_linked", guardian_id, f"basis={decision.basis}")
    return Applied(Out.LOADED, faults, guardian_id, to_erase=tuple(to_erase))


def _spend(tx: Transaction, decision: Decision) -> bool:
    """Use up the one-time reference with what it proves, in the same savepoint. False where another form was first,
    since this one was judged: then the school's list proves nothing by it."""
    if decision.spends is None or onetime.spend(tx, decision.spends, decision.entry.submission):
        return True
    return decision.basis != "roster"


def _contact_only(tx: Transaction, decision: Decision) -> Applied:
    """A known guardian's new contact without a number, on a steward's word."""
    named = _named(tx, decision)
    if len(named) != 1:
        return Applied(Out.REJECTED, (Fault("fnr", "fnr_missing"),))
    if _arrived(named[0]) > decision.entry.received_at:
        return Applied(Out.SUPERSEDED)
    return _known_pair(tx, decision, named[0])


def _known_pair(tx: Transaction, decision: Decision, guardian: Guardian) -> Applied:
    """The pair is known with this number: contact data may change, but only where something proves it."""
    changes, unproven = _changes(tx, decision, guardian)
    if unproven and not changes:
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, Fault("link", "contact_change_unproven")), guardian.id)
    told = {"pupil": decision.pupil_id, "guardian": guardian.id, "arrived": decision.entry.received_at}
    tx.connection.execute(_ARRIVED_NOW, told)
    if not changes:
        return Applied(Out.UNCHANGED, decision.faults, guardian.id)
    contact.change(tx, guardian, changes)
    faults = (*decision.faults, Fault("link", "contact_change_unproven")) if unproven else decision.faults
    return Applied(Out.UPDATED, faults, guardian.id)


def _changes(tx: Transaction, decision: Decision, guardian: Guardian) -> tuple[dict[str, str], bool]:
    """(proven new contact values, whether there are unproven ones). Only a steward's word proves a sender here. An
    empty cell changes nothing, nor does a form older than one about the same guardian and another pupil."""
    changes: dict[str, str] = {}
    entry, unproven = decision.entry, False
    for field, stored, same in (("mobile", guardian.mobile, same_mobile), ("email", guardian.email, same_email)):
        told = entry.get("mobile") if field == "mobile" else entry.get("email")
        if not told or (stored and same(told, stored)):
            continue
        if decision.basis == "steward":
            changes[field] = told
        else:
            unproven = True
    if not changes and not unproven:
        return {}, False
    since = tx.connection.execute(_NEWER, {"guardian": guardian.id, "arrived": entry.received_at}).first()
    return (changes, unproven) if since is None else ({}, False)


def _on_paper(tx: Transaction, decision: Decision) -> Applied:
    """A refusal, or a guardian without a number that can log in: paper, and the number of a loaded one goes; but not
    by a form alone where somebody is loaded under that name."""
    entry, pupil_id = decision.entry, str(decision.pupil_id)
    named = _named(tx, decision)
    there = [row for row in analogue.of_pupil(tx, pupil_id) if agrees(row.name, entry.get("name"))]
    said = [row.arrived_at for row in there if row.why in analogue.BY_THEMSELVES]
    arrivals = [*(_arrived(g) for g in named), *said]
    if any(arrived > entry.received_at for arrived in arrivals):
        return Applied(Out.SUPERSEDED)
    if named and decision.basis != "steward":
        if decision.outcome is Out.REFUSED:
            return _doubtful_refusal(tx, decision)
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, Fault("fnr", "fnr_differs_from_known")))
    if not _spend(tx, decision):
        return Applied(Out.NEEDS_REVIEW, (*decision.faults, _SPENT))
    for row in there:
        analogue.remove(tx, row.id)
    about: dict[str, Any] = {"name": entry.get("name"), "address": decision.address}
    why = decision.outcome.value
    about |= {"submission": entry.submission, "arrived": entry.received_at, "language": decision.language}
    analogue.add(tx, pupil_id, why=why, **about)
    worklist.refresh(tx, pupil_id)
    for guardian in named:
        guardians.mark_due(tx, pupil_id, guardian.id, "withdrawn")
    to_erase = tuple((f"{pupil_id}/{guardian.id}", "withdrawn") for guardian in named)
    return Applied(decision.outcome, decision.faults, to_erase=to_erase)


def _doubtful_refusal(tx: Transaction, decision: Decision) -> Applied:
    """Nobody can remove the other parent by a form: a loaded guardian's link is suspended, a review is due in one
    working day, and the guardian is asked at the contact already known."""
    faults = tuple(dict.fromkeys((Fault("refusal", "refusal_unproven"), *decision.faults)))
    pupil_id = decision.pupil_id
    everyone = _named(tx, decision) if pupil_id else []
    named = [g for g in everyone if _arrived(g) <= decision.entry.received_at]
    if everyone and not named:  # they have sent a newer form since
        return Applied(Out.SUPERSEDED)
    for guardian in named:
        guardians.suspend(tx, str(pupil_id), guardian.id, "refusal_unproven")
        contact.tell(tx, guardian, "refusal_question", f"refusal_question:{guardian.id}:{decision.entry.submission}")
    return Applied(Out.NEEDS_REVIEW, faults, review_due_on=next_working_day(tx.today) if named else None)


def _let_live(tx: Transaction, decision: Decision) -> None:
    """A steward found that the guardian never refused: the suspended link lives again."""
    for guardian in guardians.of_pupil(tx, decision.pupil_id) if decision.pupil_id else ():
        this = (links.c.pupil_id == decision.pupil_id) & (links.c.guardian_id == guardian.id)
        why = tx.connection.execute(select(links.c.suspended).where(this)).scalar_one()
        if why == "refusal_unproven" and agrees(guardian.name, decision.entry.get("name")):
            guardians.suspend(tx, str(decision.pupil_id), guardian.id, None)


def _named(tx: Transaction, decision: Decision) -> list[Guardian]:
    """Whoever is linked to the pupil under the name on the form."""
    linked = guardians.of_pupil(tx, str(decision.pupil_id))
    return [guardian for guardian in linked if agrees(guardian.name, decision.entry.get("name"))]


def _arrived(guardian: Guardian) -> datetime:
    """When the newest form of a linked guardian came."""
    assert guardian.arrived_at is not None  # noqa: S101 - those of a pupil were asked for
    return guardian.arrived_at


_THIS: Final = (links.c.pupil_id == bindparam("pupil")) & (links.c.guardian_id == bindparam("guardian"))
_ARRIVED_NOW: Final = update(links).where(_THIS).values(arrived_at=bindparam("arrived"))
_NEWER: Final = (
    select(links.c.pupil_id)
    .where(links.c.guardian_id == bindparam("guardian"), links.c.arrived_at > bindparam("arrived"))
    .limit(1)
)
