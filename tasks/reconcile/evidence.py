"""The evidence rule: what proves that this guardian, with this number, belongs to this pupil.

Anyone can post a form naming any child with a valid number of his own, so a name alone proves nothing. Source: the
domain's section "What makes an entry trustworthy".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.contact import same_email, same_mobile
from schemas.names import agrees
from schemas.numbers import clean as clean_number
from schemas.verdicts import Basis, Entry, Fault
from store.onetime import Letter
from store.people import KnownGuardian, Pupil


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found: the basis where there is proof, else the fault that says what is missing, and `more` beside it.
    `known` is the line on the school's list that agrees by name. `reference`: the keyed digest of the unspent one-time
    reference of that guardian's which came with the form."""

    basis: Basis | None
    fault: Fault | None = None
    known: KnownGuardian | None = None
    more: tuple[Fault, ...] = ()
    reference: bytes | None = field(default=None, repr=False)


def roster_evidence(entry: Entry, pupil: Pupil, holders: Iterable[str] = (), letter: Letter | None = None) -> Evidence:
    """The school's list names this guardian for this pupil, and number, mobile or e-mail agrees too, or the form
    carries the unspent reference of the letter that the school sent to this guardian.

    A contact that the list has for both guardians proves neither. `letter`: whose reference the form carries; another
    guardian's, another pupil's or a spent one adds nothing. `holders`: under which names the whole list has the
    form's number; a number that is somebody else's there proves nobody, whatever else agrees.
    """
    named = [known for known in pupil.known if known.name and agrees(entry.get("name"), known.name)]
    if not named:
        return Evidence(None, Fault("link", "guardian_not_on_roster"))
    if len(named) > 1:  # father and son of one name: only what else agrees can tell
        named = [known for known in named if agreeing(entry, known) or _sent_to(letter, pupil, known)] or named
    known = named[0]
    if entry.get("fnr") and known.number and clean_number(known.number) != entry.get("fnr"):
        return Evidence(None, Fault("fnr", "fnr_differs_from_known"), known)
    others = [one for one in pupil.known if one is not known]
    shared = {what for other in others for what in agreeing(entry, other)}
    strangers = [name for name in holders if not agrees(entry.get("name"), name)]
    addressed = _sent_to(letter, pupil, known) and not any(one.name == known.name for one in others)
    unspent = letter is not None and addressed and not letter.spent
    if len(named) > 1 or strangers or not (unspent or agreeing(entry, known) - shared):
        again = (Fault("link", "reference_spent"),) if addressed and not unspent else ()
        return Evidence(None, Fault("link", "number_unproven"), known, again)
    return Evidence("roster", None, known, reference=letter.digest if letter is not None and unspent else None)


def _sent_to(letter: Letter | None, pupil: Pupil, known: KnownGuardian) -> bool:
    return letter is not None and (letter.pupil_id, letter.guardian) == (pupil.id, known.name)


def agreeing(entry: Entry, known: KnownGuardian) -> frozenset[str]:
    """What of number, mobile and email is the same on the form and in this line of the list."""
    found = set()
    if entry.get("fnr") and known.number and clean_number(known.number) == entry.get("fnr"):
        found.add("number")
    if entry.get("mobile") and known.mobile and same_mobile(entry.get("mobile"), known.mobile):
        found.add("mobile")
    if entry.get("email") and known.email and same_email(entry.get("email"), known.email):
        found.add("email")
    return frozenset(found)
