"""Who is the pupil: matching the name on the form against the roster. Never the nearest name: certain, or a person.

Belongs here: the roll of a school's pupils made ready for many questions, the rule of what is certain, and the few
pupils that a person is shown otherwise. Does not belong here: how names are compared (`schemas.names`), what proves a
guardian (`tasks.reconcile.evidence`). Source of the thresholds: measurements on a synthetic roster with harsh noise;
`foresatt bench reconcile` measures them again on a set that knows nothing of these rules.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from schemas.ids import is_id
from schemas.names import agrees, fit, normalise, phonetic
from schemas.numbers import clean as clean_number
from schemas.verdicts import Candidate, Entry, Fault
from store.onetime import Letter
from store.people import Pupil
from tasks.reconcile.evidence import Evidence, agreeing, roster_evidence

CERTAIN: Final = 0.75
"""A misspelt name must fit at least so well, beside proof that the guardian is this pupil's."""
LEAD: Final = 0.10
"""And so much better than any other pupil of the same guardian."""
LIKELY: Final = 0.60
"""Below, a name alone is no reason to show a pupil to anybody."""
SHOWN: Final = 5
SHORTLIST: Final = 40
"""Names that are compared word by word, of those that a quick look finds alike."""
_WEIGHT: Final = {"number": 0.5, "mobile": 0.3, "email": 0.3, "guardian": 0.15}


@dataclass(frozen=True, slots=True)
class Match:
    """The pupil, or the fault and the likeliest few for the steward (best first)."""

    pupil: Pupil | None
    fault: Fault | None = None
    candidates: tuple[Candidate, ...] = ()


class Roll:
    """The pupils of a school, made ready to be asked for by name or by what a form tells of a guardian. Making it costs
    about as much as reading the pupils; a question then costs a millisecond in a school of 1,500."""

    def __init__(self, pupils: Sequence[Pupil], letters: Mapping[tuple[str, str], Letter] | None = None) -> None:
        """`letters`: of the forms to be asked about, by (one-time code, submission)."""
        self._letters = letters or {}
        self.pupils = tuple(pupils)
        self.by_id = {pupil.id: pupil for pupil in self.pupils}
        self._keys = [normalise(pupil.name) for pupil in self.pupils]
        self._sounds = [phonetic(pupil.name) for pupil in self.pupils]
        self._words: dict[str, list[int]] = defaultdict(list)
        self._given: set[str] = set()
        self._told: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._holders: dict[str, list[str]] = defaultdict(list)
        spelt: set[str] = set()
        for at, pupil in enumerate(self.pupils):
            for word in set(self._keys[at].split()):
                self._words[word].append(at)
            self._given.update(self._sounds[at].split()[:-1])
            for known in pupil.known:
                spelt.update(known.name.split()[:-1])
                number = clean_number(known.number) if known.number else ""
                if number and known.name:
                    self._holders[number].append(known.name)
                for place in _places(number, known.mobile, known.email):
                    self._told[place].append(at)
        self._given.update(word for name in spelt for word in phonetic(name).split())

    def evidence(self, entry: Entry, pupil: Pupil) -> Evidence:
        """What the school's list proves of this guardian for this pupil."""
        letter = self._letters.get((entry.onetime, entry.submission))
        return roster_evidence(entry, pupil, self._holders.get(entry.get("fnr"), ()), letter)

    def find(self, entry: Entry, children: Collection[str] = ()) -> Match:
        """One pupil whose whole name is the one on the form; of several, the one whose guardian the form proves; a
        misspelt one only where the guardian is proven beyond doubt and no other child could be meant.

        `children`: the numbers of those whom the register names this guardian's. A steward may name the pupil by id,
        which tells namesakes apart. So does the code on a pupil's own sheet, where the name beside it is the same, or
        none that could be read surely: it says whose sheet it is, and proves no sender."""
        told = entry.values.get("pupil", "")
        if is_id(told, "P"):
            chosen = self.by_id.get(told)
            return Match(chosen) if chosen else Match(None, Fault("pupil", "pupil_not_found"))
        own = self.by_id.get(entry.reference)
        unsure = entry.sources.get("pupil", (1.0, "", "review"))[2] == "review"
        if own is not None and (unsure or agrees(entry.get("pupil"), own.name)):
            return Match(own)
        wanted = normalise(entry.get("pupil"))
        if not wanted:
            return Match(None, Fault("pupil", "pupil_missing"))
        exact = [at for at in self._sharing(wanted) if self._keys[at] == wanted]
        exact = exact or [at for at in self._sharing(wanted) if self._same_words(entry, at)]
        if len(exact) == 1:
            return Match(self.pupils[exact[0]])
        proven = [at for at in exact if self._proven(entry, at, children)]
        if len(proven) == 1:
            return Match(self.pupils[proven[0]])
        if exact:
            return Match(None, Fault("pupil", "pupil_ambiguous"), self._candidates(entry, exact))
        form = phonetic(entry.get("pupil")).split()
        scores, listed = self._near(entry, form)
        certain = self._misspelt(entry, form, scores, listed, children)
        if certain is not None:
            return Match(self.pupils[certain])
        ranked = sorted(scores, key=lambda at: (-scores[at], at))[: 2 * SHOWN]
        return Match(None, Fault("pupil", "pupil_not_found"), self._candidates(entry, sorted({*ranked, *listed})))

    def _sharing(self, key: str) -> list[int]:
        """Pupils who share words with the key: all of it where it is one word, else two at least."""
        words = set(key.split())
        count = Counter(at for word in words for at in self._words.get(word, ()))
        return sorted(at for at, shared in count.items() if shared >= min(2, len(words)))

    def _same_words(self, entry: Entry, at: int) -> bool:
        """A middle name left out, a name turned round: still the same words."""
        words, known = set(normalise(entry.get("pupil")).split()), set(self._keys[at].split())
        return len(words & known) >= 2 and (words <= known or known <= words) and self._agrees(entry, at)

    def _agrees(self, entry: Entry, at: int) -> bool:
        return agrees(entry.get("pupil"), self.pupils[at].name)

    def _proven(self, entry: Entry, at: int, children: Collection[str]) -> bool:
        return self._is_child(at, children) or self.evidence(entry, self.pupils[at]).basis is not None

    def _is_child(self, at: int, children: Collection[str]) -> bool:
        number = self.pupils[at].number
        return bool(number) and clean_number(number) in children

    def _near(self, entry: Entry, form: list[str]) -> tuple[dict[int, float], set[int]]:
        """Whoever could be meant, with how well the name fits: alike by sound, or the child of a guardian whom the form
        names by number or contact; the latter again by themselves."""
        sound, cutoff = " ".join(form), 50
        alike = process.extract(sound, self._sounds, scorer=fuzz.token_set_ratio, limit=SHORTLIST, score_cutoff=cutoff)
        places = _places(entry.get("fnr"), entry.get("mobile"), entry.get("email"))
        listed = {at for place in places for at in self._told.get(place, ())}
        return {at: fit(form, self._sounds[at].split()) for at in {*(at for _, _, at in alike), *listed}}, listed

    def _misspelt(
        self, entry: Entry, form: list[str], scores: dict[int, float], listed: set[int], children: Collection[str]
    ) -> int | None:
        """The one pupil who must be meant though the name is spelt otherwise; None where a person has to look.

        The same by sound: with any proof of the guardian. A slip: where the register or number *and* contact prove the
        guardian, the name fits best of the whole school, and no sibling's nearly as well. Never a slip in the given
        name: it may be a brother's or sister's own who goes elsewhere, as Kristina is beside Kristian.
        """
        own = [at for at in scores if self._is_child(at, children)]
        own += [at for at in sorted(listed) if at not in own and self.evidence(entry, self.pupils[at]).basis]
        if not own:
            return None
        best = max(own, key=scores.__getitem__)
        if scores[best] < CERTAIN or scores[best] < max(scores.values()):
            return None
        if any(scores[best] - scores[at] < LEAD for at in own if at != best):
            return None
        known = self._sounds[best].split()
        if self._agrees(entry, best) and (set(form) <= set(known) or set(known) <= set(form)):
            return best
        sure = self._is_child(best, children) or _beyond_doubt(entry, self.pupils[best])
        return best if sure and self._no_other_given_name(form, known) else None

    def _no_other_given_name(self, form: list[str], known: list[str]) -> bool:
        """Whether the first given name is the pupil's by sound, and no other on the form is somebody's own."""
        if len(form) < 2 or len(known) < 2:
            return False
        meant = known[:-1]
        if form[0] in known[-1:] and form[-1] in meant:  # surname first, without a comma
            form = [*form[1:], form[0]]
        strange = [word for word in form[1:-1] if word not in known and len(word) > 1]
        return form[0] == meant[0] and not self._given & set(strange)

    def _candidates(self, entry: Entry, near: Iterable[int]) -> tuple[Candidate, ...]:
        """The likeliest five, with why each is shown: codes, never a name."""
        form = phonetic(entry.get("pupil")).split()
        wanted = normalise(entry.get("pupil"))
        ranked = []
        for at in near:
            score = fit(form, self._sounds[at].split())
            why = agreeing_with_any(entry, self.pupils[at])
            if score < LIKELY and not {"number", "mobile", "email"} & set(why):
                continue
            name = "same_name" if self._keys[at] == wanted else "near_name" if score >= LIKELY else "other_name"
            ranked.append(
                (score + sum(_WEIGHT[one] for one in why), -at, Candidate(self.pupils[at].id, score, (name, *why)))
            )
        return tuple(candidate for _, _, candidate in sorted(ranked, reverse=True, key=lambda one: one[:2])[:SHOWN])


def agreeing_with_any(entry: Entry, pupil: Pupil) -> tuple[str, ...]:
    """What of the form stands on the list for a guardian of this pupil: number, mobile, email, guardian (the name)."""
    found = {what for known in pupil.known for what in agreeing(entry, known)}
    if any(known.name and agrees(entry.get("name"), known.name) for known in pupil.known):
        found.add("guardian")
    return tuple(one for one in _WEIGHT if one in found)


def _beyond_doubt(entry: Entry, pupil: Pupil) -> bool:
    """One line of the list has the guardian's name, number and a contact of the form."""
    found = [agreeing(entry, known) for known in pupil.known if known.name and agrees(entry.get("name"), known.name)]
    return len(found) == 1 and "number" in found[0] and len(found[0]) > 1


def _places(number: str, mobile: str, email: str) -> list[tuple[str, str]]:
    """Where to look for a line of the list; what is found there is compared properly."""
    digits = "".join(c for c in mobile if c.isdigit())[-8:]
    told = (("number", number), ("mobile", digits), ("email", email.strip().casefold()))
    return [(what, value) for what, value in told if value]
