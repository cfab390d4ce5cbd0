"""What a person may have erased (GDPR article 17), and what of theirs must stay.

A guardian who asks has withdrawn: the links go at once by the ordinary road (intent in the ledger first), the pair goes
on the register for paper, and no older form undoes it. A pupil who has come of age takes the guardians' access away.
Does not belong here: who may ask, and how that is proven (`console/person`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from schemas.due import is_adult
from schemas.errors import UsageFault
from schemas.outcomes import OPEN
from store import analogue, audit, consents, deletions, erasure, exported, guardians, holds, outbox, people, worklist
from store.database import Store, Transaction
from store.person_rows import Person
from store.tables import consents as consent_rows
from store.tables import exported_ids, links, submissions
from store.worklist_rows import of_pair, stood

WHY: Final = "withdrawn"
_OPEN: Final = {outcome.value for outcome in OPEN}


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes and what stays. `links` as "P-…/G-…"; `kept`: those that a legal hold keeps, which only rest. `forms`:
    entries whose fields go. `numbers`: how many the school's list holds. `stays` are codes (`STAYS`)."""

    links: tuple[str, ...]
    kept: tuple[str, ...]
    forms: tuple[str, ...]
    messages: tuple[str, ...]
    numbers: int
    stays: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether there is nothing that can go."""
        return not (self.links or self.kept or self.forms or self.messages or self.numbers)


STAYS: Final = {
    "paper": "name and address on the register for paper, while the school owes them information",
    "roster": "the line on the school's own list: it comes from the school's system, and goes on the pupil's date",
    "remove_line": "the REMOVE line with the name, until somebody signs that they are gone from Visma InSchool",
    "original": "the sealed original of a form that others stand on, until its own date",
    "tombstone": "that a delivery came and when, without a value",
    "audit": "who did what and when, by ids of ours",
    "hold": "what a legal hold keeps, sealed, until the hold ends",
    "exported": "what the recipient of an export holds, until the next export tells them: run it soon",
    "pupil": "the pupil's own row: it comes from the school's own list",
}
"""What an erasure leaves, and until when."""


def plan(tx: Transaction, person: Person) -> Plan:
    """What an erasure would do; changes nothing. Raises `UsageFault` for a pupil under 18, who has nothing to take
    away yet: the access is the guardians' own."""
    pupil = person.pupil
    if pupil is not None:
        if not is_adult(pupil.born, tx.today, tx.settings.retention.leap_day):
            raise UsageFault("too_young", "a pupil can take the guardians' access away from 18", "ask again then")
        theirs = select(links.c.guardian_id).where(links.c.pupil_id == pupil.id).order_by(links.c.guardian_id)
        pairs = [f"{pupil.id}/{guardian}" for guardian in tx.connection.execute(theirs).scalars()]
        return Plan(*_parted(tx, pairs), (), (), 0, ("pupil", *_lines_stay(tx, pairs), "audit"))
    pairs = [f"{one}/{person.guardian.id}" for one in sorted(person.pupils)] if person.guardian else []
    pairs = [pair for pair in pairs if _is_linked(tx, pair)]
    forms = [f for f in person.forms if f.whole and (f.fields or f.corrected or f.row.outcome in _OPEN)]
    goes, kept = _parted(tx, pairs)
    held = [f for f in forms if holds.keeps(tx, f.row.submission_id)]
    stays = ["paper"] * bool(person.paper or pairs) + ["roster"] * bool(person.listed)
    stays += [*_lines_stay(tx, pairs), *(["original"] if _originals(tx, person) else [])]
    stays += ["exported"] * _was_exported(tx, person)
    stays += ["tombstone"] * bool(person.forms) + ["hold"] * bool(kept or held) + ["audit"]
    numbers = sum(bool(one.known.number) and one.list_id.startswith("K-") for one in person.listed)
    free = tuple(form.row.id for form in forms if form not in held)
    return Plan(goes, kept, free, tuple(message.row.id for message in person.messages), numbers, tuple(stays))


def carry_out(store: Store, person: Person, *, by: str, proven_by: str) -> Plan:
    """Erase. What the first transaction writes (the links rest and are due, paper) holds also where we are killed right
    after it: the next sweep goes on. What it empties stands in the ledger before it is committed, so that no backup
    brings it back."""
    with store.write() as tx:
        made = plan(tx, person)
        pairs = [(*pair.split("/"),) for pair in (*made.links, *made.kept)]
        for pupil_id, guardian_id in pairs:
            if person.pupil is None:
                _on_paper(tx, person, pupil_id)
            guardians.mark_due(tx, pupil_id, guardian_id, WHY)
            worklist.refresh(tx, pupil_id)
        if person.pupil is not None:
            _withdraw_consents(tx, person.pupil.id, by)
        erasure.forget_forms(tx, made.forms)
        outbox.sent(tx, made.messages)
        if made.numbers:
            _strip_numbers(tx, person)
        audit.write(
            tx, by, "person_erased", person.id, f"proven={proven_by} links={len(made.links)} kept={len(made.kept)}"
        )
        deletions.intend(store, [(form, WHY) for form in made.forms])
    erasure.intend(store, [(pair, WHY) for pair in made.links])
    erasure.replay(store)
    store.checkpoint()
    return made


def _parted(tx: Transaction, pairs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    kept = tuple(pair for pair in pairs if holds.keeps(tx, pair))
    return tuple(pair for pair in pairs if pair not in kept), kept


def _is_linked(tx: Transaction, pair: str) -> bool:
    pupil_id, guardian_id = pair.split("/")
    this = (links.c.pupil_id == pupil_id) & (links.c.guardian_id == guardian_id)
    return tx.connection.execute(select(links.c.pupil_id).where(this)).first() is not None


def _lines_stay(tx: Transaction, pairs: Sequence[str]) -> tuple[str, ...]:
    """Whether one of them may stand in Visma InSchool."""
    return ("remove_line",) if any(_stood(tx, pair) for pair in pairs) else ()


def _was_exported(tx: Transaction, person: Person) -> bool:
    if person.guardian is None:
        return False
    this = exported_ids.c.ident == exported.opaque_id(tx, person.guardian.id)
    return tx.connection.execute(select(exported_ids.c.ident).where(this)).first() is not None


def _stood(tx: Transaction, pair: str) -> bool:
    pupil_id, guardian_id = pair.split("/")
    return stood(of_pair(tx, pupil_id, guardian_id))


def _originals(tx: Transaction, person: Person) -> bool:
    idents = {form.row.submission_id for form in person.forms}
    kept = select(submissions.c.id).where(submissions.c.id.in_(idents), submissions.c.original_ct.is_not(None))
    return tx.connection.execute(kept.limit(1)).first() is not None


def _on_paper(tx: Transaction, person: Person, pupil_id: str) -> None:
    """As a refusal: the address is the roster's; one that is there already counts from now on, so that no older form
    comes after it."""
    for one in [one for one in person.paper if one.pupil_id == pupil_id]:
        analogue.remove(tx, one.id)
    address = next((one.known.address for one in person.listed if one.pupil_id == pupil_id), "")
    name = person.guardian.name if person.guardian else min(person.names)
    analogue.add(tx, pupil_id, why="refused", name=name, address=address, submission="", arrived=tx.now)


def _withdraw_consents(tx: Transaction, pupil_id: str, by: str) -> None:
    standing = select(consent_rows.c.id).where(consent_rows.c.pupil_id == pupil_id, consent_rows.c.state != WHY)
    for ident in tx.connection.execute(standing).scalars().all():
        row = tx.connection.execute(select(consent_rows.c.state).where(consent_rows.c.id == ident)).scalar_one()
        if row != WHY:  # one withdrawal takes every consent of its pair back
            consents.withdraw(tx, ident, by)


def _strip_numbers(tx: Transaction, person: Person) -> None:
    """The number on the school's list goes too; name and address stay there, and contact, which proves a new form."""
    for pupil_id in {one.pupil_id for one in person.listed if one.list_id.startswith("K-")}:
        mine = {one.at for one in person.listed if one.pupil_id == pupil_id and one.list_id.startswith("K-")}
        people.strip_numbers(tx, pupil_id, mine)
