"""The validate step: a batch of readings becomes judged entries and verdicts on submissions."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import combinations
from typing import Final

import pandas as pd
from pandera.config import get_config_context, get_config_global
from rapidfuzz import fuzz

from schemas.documents import FIELDS, FieldName, Opened, ReadEntry, ReadForm, Reading
from schemas.errors import NotReady
from schemas.frames import FORMS_APART, EntriesAsRead
from schemas.judging import judge
from schemas.language import language_of
from schemas.names import split_pupils
from schemas.outcomes import SubmissionOutcome
from schemas.sender import answerable_sender
from schemas.settings import Settings
from schemas.stations import build, check
from schemas.verdicts import Entry, Fault, Verdict
from store.ledger import Claimed, Correction

UNREADABLE: Final[Mapping[str, str]] = {
    "wrong_key": "wrong_key",
    "integrity_failed": "integrity_failed",
    "damaged": "damaged",
    "too_large": "too_large",
    "password_only": "password_only",
    "unsupported": "unsupported",
}
"""Decryption verdicts that end a submission, with their reason."""

DECISIONS: Final = ("confirm", "refuse", "reject")

_MOST_ALIKE: Final = 80
"""How alike two pupils' names on sheets of one stack may be, of 100."""


def validate_batch(
    claims: Sequence[Claimed],
    opened: Mapping[str, Opened],
    readings: Mapping[str, Reading],
    settings: Settings,
    today: date | None = None,
) -> list[Verdict]:
    """One verdict a claim, entries judged by the pandera models in one pass over the whole batch."""
    check_switched_on(settings)
    drafts: list[tuple[Entry, Claimed]] = []
    for claim in claims:
        for entry in _draft(claim, readings[claim.id]):
            drafts.append((entry, claim))
    judged = _judge([entry for entry, _ in drafts], settings, today)
    by_claim: dict[str, list[Entry]] = {claim.id: [] for claim in claims}
    for entry in judged:
        by_claim[entry.submission].append(entry)
    return [_verdict(claim, opened[claim.id], readings[claim.id], by_claim[claim.id]) for claim in claims]


def _verdict(claim: Claimed, opened: Opened, reading: Reading, entries: list[Entry]) -> Verdict:
    document = [Fault("document", code) for code in reading.faults]
    if any(form.kind == "consent" and not form.entries for form in reading.forms):
        document.append(Fault("consent", "consent_unproven"))
    outcome = SubmissionOutcome.READ
    shut = [code for code in opened.detail.split() if code in UNREADABLE] if not entries else []
    if opened.ordinary:  # a bounce may carry back a mail that only its addressee could have opened
        document, entries = [], []
    elif opened.decryption == "partly_decrypted" and shut:  # the form may be in what stayed shut
        outcome = SubmissionOutcome.UNREADABLE
        document = [Fault("document", UNREADABLE[code]) for code in shut]
    elif opened.decryption in UNREADABLE:
        outcome = SubmissionOutcome.UNREADABLE
        document = [Fault("document", UNREADABLE[opened.decryption])]
        entries = []
    elif claim.channel == "email" and reading.holds_number:
        document.append(Fault("document", "arrived_unencrypted"))
    if outcome is SubmissionOutcome.READ and not entries and not document:
        outcome = SubmissionOutcome.NOT_A_FORM
    elif outcome is SubmissionOutcome.READ and not entries and reading.faults and _hopeless(reading.faults):
        outcome = SubmissionOutcome.UNREADABLE
    if len(reading.forms) > 1 and not (claim.channel == "post" and _of_different_pupils(reading.forms)):
        document.append(Fault("document", "form_ambiguous"))
    texts = " ".join(part.text for part in opened.parts if part.text)
    return Verdict(
        claim.id,
        claim.received_at,
        outcome,
        tuple(dict.fromkeys(document)),
        tuple(entries),
        channel=claim.channel,
        sender=_sender(claim, opened),
        language=language_of(texts),
    )


def _sender(claim: Claimed, opened: Opened) -> str | None:
    if opened.ordinary:  # a delivery report or an auto-reply, whatever else it holds
        return None
    return answerable_sender(claim.content) if claim.channel == "email" else ""


def _hopeless(faults: Iterable[str]) -> bool:
    """Faults of a file that nobody can read as it is; the others (no layout found, say) a person can look at."""
    return set(faults) <= {"damaged", "password_only", "unsupported", "too_large"}


def _of_different_pupils(forms: Sequence[ReadForm]) -> bool:
    """Whether a scanned stack holds a form for each of several pupils, so that none can be another's later edition: by
    their references, or by names that no misreading makes alike."""
    return all(
        one.reference != two.reference
        if one.reference and two.reference
        else bool(_named(one) and _named(two))
        and max(fuzz.ratio(a, b) for a in _named(one) for b in _named(two)) < _MOST_ALIKE
        for one, two in combinations(forms, 2)
    )


def _named(form: ReadForm) -> set[str]:
    return {pupil.casefold() for entry in form.entries for pupil in _pupils(entry) if pupil}


def _draft(claim: Claimed, reading: Reading) -> list[Entry]:
    """Entries as read, one for each pupil named in a column, with the steward's corrections laid over them."""
    drafts = []
    for number, form in enumerate(reading.forms):
        for column in form.entries:
            overlay = [c for c in claim.corrections if c.slot == column.slot]
            if column.empty and not overlay:
                continue
            for position, pupil in enumerate(_pupils(column)):
                ord_ = number * FORMS_APART + position
                entry = _entry(claim, column, ord_, pupil, form.machine_read, overlay)
                drafts.append(replace(entry, kind=form.kind, reference=form.reference, onetime=form.onetime))
    read = {(entry.slot, entry.ord) for entry in drafts}
    typed = {(c.slot, c.ord) for c in claim.corrections if c.slot > 0} - read
    for slot, ord_ in sorted(typed):  # what a person typed off a page that no reader could read
        overlay = [c for c in claim.corrections if c.slot == slot]
        drafts.append(_entry(claim, ReadEntry(slot), ord_, None, False, overlay))
    return drafts


def _pupils(column: ReadEntry) -> list[str | None]:
    """A cell that names nobody ("2STA") is judged as it stands: the entry is not lost with it."""
    return [*(split_pupils(column.pupil.value) if column.pupil else ())] or [None]


def _entry(
    claim: Claimed, column: ReadEntry, ord_: int, pupil: str | None, machine: bool, overlay: list[Correction]
) -> Entry:
    values: dict[FieldName, str] = {}
    sources: dict[FieldName, tuple[float, str, str]] = {}
    for name in FIELDS:
        found = column.get(name)
        if found is not None and found.value.strip():
            values[name] = pupil if name == "pupil" and pupil else found.value
            sources[name] = (found.confidence, found.source, found.decision)
    said: dict[str, str] = {}
    for correction in overlay:
        if correction.ord == ord_:
            said[correction.field] = correction.value
    for name in FIELDS:
        if name in said:
            values[name] = said[name]
            sources[name] = (1.0, "steward", "accepted")
    word, by, why = _decision(said.get("decision", ""))
    return Entry(
        submission=claim.id,
        slot=column.slot,
        ord=ord_,
        received_at=claim.received_at,
        values={k: v for k, v in values.items() if v},
        clean={},
        sources=sources,
        refused=column.refused or word == "refuse" or (column.refused_in_words and word == "confirm"),
        refused_in_words=column.refused_in_words,
        machine_read=machine,
        decided_as=word,
        decided_by=by,
        decided_reason=why,
    )


def _decision(text: str) -> tuple[str | None, str | None, str | None]:
    """A steward's word as the ledger keeps it: "confirm by CODE"."""
    parts = text.split(" ")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 and parts[0] in DECISIONS else (None, None, None)


def _judge(drafts: list[Entry], settings: Settings, today: date | None) -> list[Entry]:
    """The drafts with the values that may be used and the faults of each; who refuses keeps no number."""
    if not drafts:
        return []
    clean, failures = judge(as_frame(drafts), settings, today)
    faults: dict[tuple[str, int, int], list[Fault]] = {}
    for submission, slot, ord_, field, code in failures.itertuples(index=False, name=None):
        faults.setdefault((submission, slot, ord_), []).append(Fault(field, code))
    judged = []
    rows = zip(*(clean[name].tolist() for name in FIELDS), strict=True)
    for entry, row in zip(drafts, rows, strict=True):
        kept: dict[FieldName, str] = {n: value for n, value in zip(FIELDS, row, strict=True) if isinstance(value, str)}
        if entry.refused:
            entry.values.pop("fnr", None)
        found = faults.get(entry.place, [])
        if entry.kind == "consent":  # it names a pupil and a guardian, and needs no more
            found = [fault for fault in found if fault.field in ("pupil", "name")]
        judged.append(replace(entry, clean=kept, faults=tuple(found)))
    return judged


def as_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Entries as the frame that `schemas.frames.EntriesAsRead` describes."""
    return build(
        EntriesAsRead,
        submission=[entry.submission for entry in entries],
        slot=[entry.slot for entry in entries],
        ord=[entry.ord for entry in entries],
        **{name: [entry.values.get(name) for entry in entries] for name in FIELDS},
        refused=[entry.refused for entry in entries],
    )


def check_switched_on(settings: Settings) -> None:
    """Raise `NotReady` where pandera tries less than everything (an environment variable and its own configuration can
    say so). Tried anew whenever either has changed."""
    said = os.environ.get("PANDERA_VALIDATION_ENABLED", "True")
    configured = f"{get_config_global()} {get_config_context()}"
    if said not in ("True", "true", "1") or not _finds_the_bad(settings, configured):
        raise NotReady("validation_off", "validation is switched off", "unset the PANDERA_ variables")


@lru_cache(maxsize=8)
def _finds_the_bad(settings: Settings, configured: str) -> bool:
    """Whether a row known to be bad is found bad, and a frame known to be wrong is refused."""
    place: dict[str, list[object]] = {"submission": ["S-CANARY"], "slot": [1], "ord": [0], "refused": [False]}
    text: dict[str, list[object]] = {"pupil": ["x"], "fnr": ["x"], "name": [None], "mobile": [None], "email": [None]}
    bad = build(EntriesAsRead, **place, **text)
    found = list(judge(bad, settings).failures["code"])
    try:
        check(EntriesAsRead, bad.assign(slot=-1))
    except TypeError:
        return found == ["name_missing", "fnr_length"]
    return False
