"""The validate step: a batch of readings becomes judged entries and verdicts on submissions."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from schemas.documents import FIELDS, FieldName, Opened, ReadEntry, Reading
from schemas.errors import NotReady
from schemas.frames import TEXT, judge
from schemas.names import split_pupils
from schemas.outcomes import SubmissionOutcome
from schemas.settings import Settings
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

FORMS_APART: Final = 10
"""`ord` of the first entry of the second form in a document: room for nine pupils in a column."""

DECISIONS: Final = ("confirm", "refuse", "reject")


def validate_batch(
    claims: Sequence[Claimed], opened: Mapping[str, Opened], readings: Mapping[str, Reading], settings: Settings
) -> list[Verdict]:
    """One verdict a claim, entries judged by the pandera model in one pass over the whole batch."""
    check_switched_on(settings)
    drafts: list[tuple[Entry, Claimed]] = []
    for claim in claims:
        for entry in _draft(claim, readings[claim.id]):
            drafts.append((entry, claim))
    judged = _judge([entry for entry, _ in drafts], settings)
    by_claim: dict[str, list[Entry]] = {claim.id: [] for claim in claims}
    for entry in judged:
        by_claim[entry.submission].append(entry)
    return [_verdict(claim, opened[claim.id], readings[claim.id], by_claim[claim.id]) for claim in claims]


def _verdict(claim: Claimed, opened: Opened, reading: Reading, entries: list[Entry]) -> Verdict:
    document = [Fault("document", code) for code in reading.faults]
    outcome = SubmissionOutcome.READ
    if opened.decryption in UNREADABLE:
        outcome = SubmissionOutcome.UNREADABLE
        document = [Fault("document", UNREADABLE[opened.decryption])]
        entries = []
    elif claim.channel == "email" and opened.decryption == "not_encrypted" and reading.holds_number:
        document.append(Fault("document", "arrived_unencrypted"))
    if outcome is SubmissionOutcome.READ and not entries and not document:
        outcome = SubmissionOutcome.NOT_A_FORM
    elif outcome is SubmissionOutcome.READ and not entries and reading.faults and _hopeless(reading.faults):
        outcome = SubmissionOutcome.UNREADABLE
    if len(reading.forms) > 1:
        document.append(Fault("document", "form_ambiguous"))
    return Verdict(claim.id, claim.received_at, outcome, tuple(dict.fromkeys(document)), tuple(entries))


def _hopeless(faults: Iterable[str]) -> bool:
    """Faults of a file that nobody can read as it is; the others (no layout found, say) a person can look at."""
    return set(faults) <= {"damaged", "password_only", "unsupported", "too_large"}


def _draft(claim: Claimed, reading: Reading) -> list[Entry]:
    """Entries as read, one for each pupil named in a column, with the steward's corrections laid over them."""
    drafts = []
    for number, form in enumerate(reading.forms):
        if form.kind != "guardian":
            continue
        for column in form.entries:
            overlay = [c for c in claim.corrections if c.slot == column.slot]
            if column.empty and not overlay:
                continue
            for position, pupil in enumerate(_pupils(column)):
                ord_ = number * FORMS_APART + position
                drafts.append(_entry(claim, column, ord_, pupil, form.machine_read, overlay))
    read = {(entry.slot, entry.ord) for entry in drafts}
    typed = {(c.slot, c.ord) for c in claim.corrections if c.slot > 0} - read
    for slot, ord_ in sorted(typed):  # what a person typed off a page that no reader could read
        overlay = [c for c in claim.corrections if c.slot == slot]
        drafts.append(_entry(claim, ReadEntry(slot), ord_, None, False, overlay))
    return drafts


def _pupils(column: ReadEntry) -> list[str | None]:
    return [*split_pupils(column.pupil.value)] if column.pupil and column.pupil.value.strip() else [None]


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
        refused=column.refused or word == "refuse",
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


def _judge(drafts: list[Entry], settings: Settings) -> list[Entry]:
    if not drafts:
        return []
    frame = as_frame(drafts)
    clean, faults = judge(frame, settings)
    judged = []
    for place, entry in enumerate(drafts):
        row = clean.iloc[place]
        kept: dict[FieldName, str] = {n: str(row[n]) for n in FIELDS if isinstance(row[n], str) and row[n]}
        found = faults.get(place, [])
        if entry.refused:
            if "fnr" in entry.values:
                found = [*found, Fault("refusal", "refusal_and_number")]
            kept.pop("fnr", None)
            entry.values.pop("fnr", None)
            found = [fault for fault in found if fault.field != "fnr"]
        judged.append(_with(entry, kept, tuple(dict.fromkeys(found))))
    return judged


def _with(entry: Entry, clean: dict[FieldName, str], faults: tuple[Fault, ...]) -> Entry:
    from dataclasses import replace

    return replace(entry, clean=clean, faults=faults)


def as_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """Entries as the frame that `schemas.frames.EntriesAsRead` describes."""
    text = {name: pd.array([e.values.get(name) for e in entries], dtype="str") for name in TEXT}
    return pd.DataFrame(
        {
            "submission": pd.array([e.submission for e in entries], dtype="str"),
            "slot": [e.slot for e in entries],
            "ord": [e.ord for e in entries],
            **text,
            "refused": [e.refused for e in entries],
        }
    )


def check_switched_on(settings: Settings) -> None:
    """Raise `NotReady` where pandera is switched off (it has an environment variable for that): a row known to be bad
    must be found bad before any real one is believed."""
    bad = {"submission": "S-CANARY", "slot": 1, "ord": 0, "pupil": "x", "fnr": "x", "name": "x"}
    row = {**bad, "mobile": None, "email": None, "refused": False}
    frame = pd.DataFrame(
        {k: pd.Series([v], dtype="str" if k in ("submission", *TEXT) else None) for k, v in row.items()}
    )
    if os.environ.get("PANDERA_VALIDATION_ENABLED", "True").lower() == "false" or not judge(frame, settings)[1]:
        raise NotReady("validation_off", "validation is switched off", "unset PANDERA_VALIDATION_ENABLED")
