"""The reconcile step: each judged entry becomes a decision, by the roster and the evidence rule."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from schemas.contact import same_email, same_mobile
from schemas.documents import FieldName
from schemas.due import due, is_adult
from schemas.form import NO_NUMBER_WORDS
from schemas.names import agrees
from schemas.numbers import clean as clean_number
from schemas.outcomes import EntryOutcome
from schemas.reasons import reason
from schemas.verdicts import Decision, Entry, Fault, Protector, Verdict
from store import consents, guardians, onetime
from store.database import Store, Transaction
from store.guardians import Guardian
from store.people import Pupil, read_pupils
from tasks.reconcile.answering import answers
from tasks.reconcile.asking import NOT_ASKED, Told, ask
from tasks.reconcile.evidence import Evidence
from tasks.reconcile.match import Match, Roll

Out = EntryOutcome


def reconcile_batch(verdicts: Sequence[Verdict], store: Store) -> list[tuple[Verdict, list[Decision]]]:
    """Each verdict with a decision for every entry, in order of arrival. Reads the store, and writes nothing but the
    audit of what the register was asked. Raises `OutsideFault` where the register is on and does not answer."""
    ordered = sorted(verdicts, key=lambda verdict: (verdict.received_at, verdict.submission))
    with store.read() as tx:
        pupils = read_pupils(tx)
        carried = [(entry.onetime, entry.submission) for verdict in ordered for entry in verdict.entries]
        roll = Roll(pupils, onetime.letters(tx, carried, {pupil.id: pupil for pupil in pupils}))
    told = ask(store, ordered, roll.find, _still_kept)  # outside of any transaction: it takes its time
    with store.read() as tx:
        decided = []
        for verdict in ordered:
            decisions = [decide(tx, entry, verdict, roll, told) for entry in verdict.entries]
            hidden = {one.pupil_id for one in decisions if one.protect and one.pupil_id}
            known = {**roll.by_id, **{ident: replace(roll.by_id[ident], shielded=True) for ident in hidden}}
            decided.append((replace(verdict, answers=answers(verdict, decisions, known)), decisions))
        return decided


def decide(tx: Transaction, entry: Entry, verdict: Verdict, roll: Roll, told: Told = NOT_ASKED) -> Decision:
    """One entry. Order: is the pupil known and of age or gone (then nothing else matters), protected, refused, faulty
    in itself, in doubt as a document, proven. `told`: what the register says, where it was asked."""
    match = roll.find(entry, told.children(entry))
    pupil = match.pupil
    if entry.kind == "consent":
        return _consent(tx, entry, match, told.protects(verdict, match.pupil))
    if pupil is None:
        return replace(_weigh(tx, entry, verdict, match, roll, told), candidates=match.candidates)
    over, covered = _no_longer(tx, entry, pupil)
    awaited = consents.awaited(tx, pupil.id) if over == _ADULT and entry.get("fnr") and not entry.refused else None
    if over is not None and not awaited and not _pupil_in_doubt(entry):
        return Decision(_bare(entry), Out.NOT_APPLICABLE, (over,), pupil.id)
    decision = replace(_weigh(tx, entry, verdict, match, roll, told), guardian_id=covered or awaited)
    if awaited and decision.outcome is Out.LOADED and decision.basis != "steward":
        return replace(decision, outcome=Out.NEEDS_REVIEW, faults=(*decision.faults, _AWAITED))
    if awaited and decision.outcome is Out.NEEDS_REVIEW and not decision.restricted:
        return replace(decision, faults=(_AWAITED, *decision.faults))
    return decision


_ADULT: Final = Fault("pupil", "pupil_adult")
_AWAITED: Final = Fault("consent", "consent_for_whom")


def _consent(tx: Transaction, entry: Entry, match: Match, news: Protector | None) -> Decision:
    """A pupil's consent for one guardian: proposed to a steward, who speaks with the pupil; never worth anything by
    itself, since a guardian has every motive to send one."""
    pupil, unproven = match.pupil, Fault("consent", "consent_unproven")
    no = entry.decided_as in ("reject", "refuse")
    why = _rejection(entry) if entry.decided_as == "reject" else unproven
    if pupil is None:
        faults = (why,) if no else (unproven, *([match.fault] if match.fault else []))
        return Decision(entry, Out.REJECTED if no else Out.NEEDS_REVIEW, faults)
    if pupil.shielded or news:
        neutral = (Fault("link", "by_school"),)
        return Decision(entry, Out.NEEDS_REVIEW, neutral, pupil.id, restricted=True, protect=news)
    linked = guardians.of_pupil(tx, pupil.id)
    named = [one for one in linked if agrees(one.name, entry.get("name"))]
    if no:
        return Decision(entry, Out.REJECTED, (why,), pupil.id, guardian_id=named[0].id if len(named) == 1 else None)
    if not linked and is_adult(pupil.born, tx.today, tx.settings.retention.leap_day) and not _pupil_in_doubt(entry):
        return Decision(_bare(entry), Out.NOT_APPLICABLE, (Fault("consent", "consent_too_late"),), pupil.id)
    if len(named) != 1:
        unknown = (Fault("consent", "consent_guardian_unknown"),) * (not named and bool(entry.get("name")))
        return Decision(entry, Out.NEEDS_REVIEW, (unproven, *unknown, *entry.faults), pupil.id)
    if entry.decided_as == "confirm":
        return Decision(entry, Out.CONSENT_RECORDED, (), pupil.id, "steward", guardian_id=named[0].id)
    return Decision(entry, Out.NEEDS_REVIEW, (unproven,), pupil.id, guardian_id=named[0].id)


def _still_kept(tx: Transaction, entry: Entry, pupil: Pupil) -> bool:
    over, _ = _no_longer(tx, entry, pupil)
    return over is None or _pupil_in_doubt(entry)


def _weigh(tx: Transaction, entry: Entry, verdict: Verdict, match: Match, roll: Roll, told: Told) -> Decision:
    pupil = match.pupil
    news = told.protects(verdict, pupil)
    if news or (pupil is not None and pupil.shielded):
        neutral = (Fault("link", "by_school"),)
        return Decision(entry, Out.NEEDS_REVIEW, neutral, _id(pupil), restricted=True, protect=news)
    if entry.decided_as == "reject":
        return Decision(entry, Out.REJECTED, (_rejection(entry),), _id(pupil))
    found = _evidence(tx, entry, pupil, roll, told)
    doubts = _doubts(entry, verdict)
    faults = tuple(dict.fromkeys([*entry.faults, *_about_pupil(entry, pupil), *([match.fault] if match.fault else [])]))
    if entry.refused:
        return _refusal(tx, entry, pupil, found, doubts, faults)
    if entry.refused_in_words and not entry.decided_as:
        return Decision(
            entry, Out.NEEDS_REVIEW, (Fault("refusal", "refusal_unproven"), *doubts), _id(pupil), found.basis
        )
    if ("fnr" in entry.values and _says_none(entry.values["fnr"])) or any(
        f.code == "fnr_kind_no_login" for f in faults
    ):
        return _without_login(entry, pupil, found, doubts, match.fault)
    if pupil is not None and not entry.values.get("fnr") and (known := _known_by_name(tx, entry, pupil)):
        return _contact_change(entry, pupil, known, doubts, faults)
    severities = {reason(fault.code).severity for fault in faults}
    if "reject" in severities and not doubts:
        return Decision(entry, Out.REJECTED, faults, _id(pupil))
    if pupil is None or "reject" in severities:
        return Decision(entry, Out.NEEDS_REVIEW, tuple(dict.fromkeys([*doubts, *faults])), _id(pupil), found.basis)
    unproven = [found.fault, *found.more] if found.fault and not found.basis else []
    unsettled = "review" in severities and not entry.decided_as
    if doubts or unproven or unsettled:
        review = tuple(dict.fromkeys([*doubts, *faults, *unproven]))
        return Decision(entry, Out.NEEDS_REVIEW, review, pupil.id, found.basis)
    return Decision(entry, Out.LOADED, faults, pupil.id, found.basis, _address(found), spends=found.reference)


def _no_longer(tx: Transaction, entry: Entry, pupil: Pupil) -> tuple[Fault | None, str | None]:
    """(fault, None) where the pupil is no longer one here, or 18 without a consent that covers this guardian;
    (None, guardian) where one of age has given it."""
    ends = due(pupil.born, pupil.enrolments, consent_until_leaving=True, today=tx.today, settings=tx.settings.retention)
    if ends.has_come(tx.today):
        return Fault("pupil", "pupil_left"), None
    if not is_adult(pupil.born, tx.today, tx.settings.retention.leap_day):
        return None, None
    for guardian in guardians.of_pupil(tx, pupil.id):  # a refusal or a new contact comes without a number
        same = guardians.has_number(tx, guardian, entry.get("fnr")) or agrees(guardian.name, entry.get("name"))
        if same and consents.covers(tx, pupil.id, guardian.id):
            return None, guardian.id
    return _ADULT, None


def _pupil_in_doubt(entry: Entry) -> bool:
    """Whether a machine read the pupil's name unsurely: that is no positive identification, and erases nothing."""
    _, _, decision = entry.sources.get("pupil", (1.0, "", "accepted"))
    return entry.machine_read and decision == "review" and not entry.decided_as


def _evidence(tx: Transaction, entry: Entry, pupil: Pupil | None, roll: Roll, told: Told) -> Evidence:
    """In the domain's order: a steward's word settles it, then the register's, then the school's list. Where the
    register speaks, the list cannot outdo it."""
    if pupil is None:
        return Evidence(None)
    listed = roll.evidence(entry, pupil)
    if entry.decided_as in ("confirm", "refuse"):
        return Evidence("steward", None, listed.known, reference=listed.reference)
    finding = told.finding(entry, pupil, tx.today, tx.settings.retention.leap_day)
    if finding is not None and finding.answer == "yes":
        if listed.fault == Fault("fnr", "fnr_differs_from_known"):  # a person looks, whoever else agrees
            return listed
        return Evidence("register", None, listed.known, reference=listed.reference)
    if finding is not None:
        return Evidence(None, finding.faults[0], listed.known, finding.faults[1:])
    if not tx.settings.evidence.roster:
        return Evidence(None, Fault("link", "number_unproven"))
    return listed


def _doubts(entry: Entry, verdict: Verdict) -> tuple[Fault, ...]:
    """What a person must look at before any of it is used; a steward's confirmation settles it."""
    if entry.decided_as:
        return ()
    enough = ("accepted",) if entry.machine_read else ("accepted", "ready")
    unsure = any(decision not in enough for _, _, decision in entry.sources.values())
    read = (Fault("document", "low_confidence"),) if unsure else ()
    return tuple(dict.fromkeys([*verdict.faults, *read]))


def _about_pupil(entry: Entry, pupil: Pupil | None) -> list[Fault]:
    same = pupil is not None and pupil.number and clean_number(pupil.number) == entry.get("fnr")
    return [Fault("fnr", "fnr_is_pupils")] if same else []


def _refusal(
    tx: Transaction,
    entry: Entry,
    pupil: Pupil | None,
    found: Evidence,
    doubts: tuple[Fault, ...],
    faults: tuple[Fault, ...],
) -> Decision:
    """A refusal drops the number at once; it counts only with the evidence of a load, and against a guardian who is
    already loaded only with a steward's word, because a form proves nobody as its sender."""
    bare = _bare(entry)
    told = tuple(
        fault for fault in faults if reason(fault.code).severity == "warn" or fault.code == "refusal_and_number"
    )
    if pupil is None or not entry.get("name"):
        return Decision(bare, Out.NEEDS_REVIEW, (*doubts, *faults), _id(pupil))
    proven = found.basis == "steward" or (found.basis is not None and not doubts)
    if not proven:
        why = Fault("refusal", "refusal_unproven")
        return Decision(bare, Out.NEEDS_REVIEW, (why, *doubts, *told), pupil.id, found.basis)
    return Decision(bare, Out.REFUSED, told, pupil.id, found.basis, _address(found), spends=found.reference)


def _without_login(
    entry: Entry, pupil: Pupil | None, found: Evidence, doubts: tuple[Fault, ...], missing: Fault | None
) -> Decision:
    faults = [Fault("fnr", "fnr_kind_no_login")]
    if pupil is None or found.basis is None or doubts:
        faults += [*doubts, *([missing] if missing else []), *([found.fault] if found.fault else [])]
        return Decision(entry, Out.NEEDS_REVIEW, tuple(dict.fromkeys(faults)), _id(pupil), found.basis)
    return Decision(
        _bare(entry), Out.NO_LOGIN, tuple(faults), pupil.id, found.basis, _address(found), spends=found.reference
    )


def _known_by_name(tx: Transaction, entry: Entry, pupil: Pupil) -> Guardian | None:
    """The one guardian already linked to this pupil under the name on the form."""
    named = [one for one in guardians.of_pupil(tx, pupil.id) if agrees(one.name, entry.get("name"))]
    return named[0] if len(named) == 1 else None


def _contact_change(
    entry: Entry, pupil: Pupil, known: Guardian, doubts: tuple[Fault, ...], faults: tuple[Fault, ...]
) -> Decision:
    """A known guardian who gives no number: mobile or e-mail may change on a steward's word; a form proves nobody."""
    faults = tuple(fault for fault in faults if fault.code != "fnr_missing")
    told = ((entry.get("mobile"), known.mobile, same_mobile), (entry.get("email"), known.email, same_email))
    new = any(value and not same(value, stored) for value, stored, same in told)
    if new and entry.decided_as == "confirm":
        return Decision(entry, Out.UPDATED, faults, pupil.id, "steward")
    why = (Fault("link", "contact_change_unproven"),) if new else ()
    if doubts or why:
        return Decision(entry, Out.NEEDS_REVIEW, (*doubts, *faults, *why), pupil.id)
    return Decision(entry, Out.UNCHANGED, faults, pupil.id)


def _says_none(text: str) -> bool:
    """Whether the number's cell says in words that there is no Norwegian number."""
    lowered = text.lower()
    return not any(c.isdigit() for c in text) and any(word in lowered for word in NO_NUMBER_WORDS)


def _address(found: Evidence) -> str:
    return found.known.address if found.known else ""


def _bare(entry: Entry) -> Entry:
    """The entry without its number."""
    number: FieldName = "fnr"
    values = {k: v for k, v in entry.values.items() if k != number}
    clean = {k: v for k, v in entry.clean.items() if k != number}
    return replace(entry, values=values, clean=clean)


def _rejection(entry: Entry) -> Fault:
    """A steward's own reason, under the field that the catalogue gives it."""
    code = entry.decided_reason or "by_school"
    return Fault(reason(code).field, code)


def _id(pupil: Pupil | None) -> str | None:
    return pupil.id if pupil is not None else None
