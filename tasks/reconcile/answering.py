"""Who is answered, where, and what they may be told.

Belongs here: the rule. Does not belong here: the words (`schemas.answers`), keeping them (`store.outbox`) or sending.

An answer never hangs on what was decided, so it cannot tell: not of protection, not of age, not of the other guardian.
It goes to the contact on the school's own list, of the guardian whose column it is; what a form or a From line says is
never written to, nor what an earlier form said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from schemas.answers import MAY_BE_TOLD, Answer, Way
from schemas.contact import same_email
from schemas.names import agrees
from schemas.outcomes import SubmissionOutcome
from schemas.verdicts import Decision, Entry, Verdict
from store.people import Pupil
from tasks.reconcile.evidence import roster_evidence

NOBODY = Answer(0, "none")
"""Nothing is known of whoever it was; that is kept too, so that nobody is answered weeks later."""


def answers(verdict: Verdict, decisions: Sequence[Decision], pupils: Mapping[str, Pupil]) -> tuple[Answer, ...]:
    """At most one answer for each column; empty for what holds no form."""
    if verdict.outcome is SubmissionOutcome.NOT_A_FORM:
        return ()
    if verdict.sender is None:
        return (NOBODY,)
    found: dict[int, Answer] = {}
    for decision in decisions:
        pupil = pupils.get(decision.pupil_id or "")
        entry = decision.entry
        if pupil is None or entry.kind != "guardian" or entry.slot in found:
            continue
        if (answer := _to_guardian(entry, pupil, verdict)) is not None:
            found[entry.slot] = answer
    if not found and not verdict.entries and verdict.sender:
        return (_to_sender(verdict, pupils),)
    return tuple(found.values()) or (NOBODY,)


def _to_guardian(entry: Entry, pupil: Pupil, verdict: Verdict) -> Answer | None:
    name = entry.get("name")
    listed = [one for one in pupil.known if name and one.name and agrees(name, one.name)]
    if len(listed) != 1:
        return None
    email, address = listed[0].email, listed[0].address
    way = _way(verdict.channel, email, address, pupil)
    if way == "none":
        return None
    codes = _own_faults(entry)
    if codes and not _proven(entry, pupil, verdict, email):
        codes = ()
    answer = Answer(entry.slot, way, pupil.id, language=verdict.language, codes=codes)
    if way == "mail":
        return replace(answer, email=email)
    return replace(answer, name=listed[0].name, address=address)


def _proven(entry: Entry, pupil: Pupil, verdict: Verdict, email: str) -> bool:
    """Whether it is this guardian who wrote, by the school's own list or by whose address the mail came from."""
    if verdict.sender and same_email(verdict.sender, email):
        return True
    return roster_evidence(entry, pupil).basis is not None


def _to_sender(verdict: Verdict, pupils: Mapping[str, Pupil]) -> Answer:
    """A mail that nobody could open names no guardian; one who writes from an address on the school's list is told."""
    for pupil in pupils.values():
        for known in pupil.known:
            if known.email and same_email(known.email, verdict.sender or ""):
                codes = tuple(fault.code for fault in verdict.faults if fault.code in MAY_BE_TOLD)
                return Answer(0, "mail", pupil.id, email=known.email, language=verdict.language, codes=codes)
    return NOBODY


def _way(channel: str, email: str, address: str, pupil: Pupil) -> Way:
    if channel == "email" and email:
        return "mail"
    # A protected family's address goes on no list that the whole office prints from.
    return "letter" if address and not pupil.shielded else "none"


def _own_faults(entry: Entry) -> tuple[str, ...]:
    """What the guardian can mend in the own column. What a machine may have misread is nobody's mistake, and whoever
    declines need not correct a number."""
    unsure = entry.machine_read or any(decision == "review" for _, _, decision in entry.sources.values())
    if entry.refused or entry.refused_in_words or unsure:
        return ()
    return tuple(dict.fromkeys(fault.code for fault in entry.faults if fault.code in MAY_BE_TOLD))
