"""Who is the pupil: matching the name on the form against the roster. Never the nearest name: certain, or a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.ids import is_id
from schemas.names import agrees, normalise, score
from schemas.verdicts import Entry, Fault
from store.people import Pupil
from tasks.reconcile.evidence import roster_evidence


@dataclass(frozen=True, slots=True)
class Match:
    """The pupil, or the fault and the likeliest few for the steward (best first)."""

    pupil: Pupil | None
    fault: Fault | None = None
    proposals: tuple[Pupil, ...] = ()


def find_pupil(entry: Entry, pupils: Sequence[Pupil]) -> Match:
    """One pupil whose whole name is the one on the form; of several, the one whose guardian the form proves.

    A steward may name the pupil by id, which tells namesakes apart."""
    told = entry.values.get("pupil", "")
    if is_id(told, "P"):
        chosen = next((pupil for pupil in pupils if pupil.id == told), None)
        return Match(chosen) if chosen else Match(None, Fault("pupil", "pupil_not_found"))
    wanted = normalise(entry.get("pupil"))
    if not wanted:
        return Match(None, Fault("pupil", "pupil_missing"))
    exact = [pupil for pupil in pupils if normalise(pupil.name) == wanted]
    if not exact:  # a middle name left out, a name turned round: still the same words
        exact = [pupil for pupil in pupils if agrees(entry.get("pupil"), pupil.name) and _same_words(wanted, pupil)]
    if len(exact) == 1:
        return Match(exact[0])
    if exact:
        proven = [pupil for pupil in exact if roster_evidence(entry, pupil).basis]
        if len(proven) == 1:
            return Match(proven[0])
        return Match(None, Fault("pupil", "pupil_ambiguous"), tuple(exact[:5]))
    near = sorted(pupils, key=lambda pupil: score(entry.get("pupil"), pupil.name), reverse=True)[:5]
    likely = tuple(pupil for pupil in near if score(entry.get("pupil"), pupil.name) >= 0.6)
    return Match(None, Fault("pupil", "pupil_not_found"), likely)


def _same_words(wanted: str, pupil: Pupil) -> bool:
    words, known = set(wanted.split()), set(normalise(pupil.name).split())
    return len(words & known) >= 2 and (words <= known or known <= words)
