"""Whom the register is asked about for a batch of forms, and what its answers mean for each of them.

Belongs here: gathering the questions of a whole batch, so that they go in a few requests, and never more of them than
the forms need. Does not belong here: the rule (`responsibility`), the gate (`register`), or a decision (`step`).

Nobody is asked about for a form that is decided without: of a pupil who is of age or gone, shielded already, unknown
here, or rejected by a steward; nor the number of a guardian who refuses.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from schemas.due import LeapDay, is_adult
from schemas.errors import NotReady, OutsideFault
from schemas.numbers import clean as clean_number
from schemas.register import Purpose, RegisterPerson, Wanted
from schemas.verdicts import Entry, Fault, Protector, Verdict
from store import guardians
from store.database import Store, Transaction
from store.people import Pupil
from tasks.reconcile.match import Match
from tasks.reconcile.register import Register, make_register
from tasks.reconcile.responsibility import Finding, about_guardian, anyone_protected, is_guardian

WHY: Final[Purpose] = "guardian_check"


@dataclass(frozen=True, slots=True)
class Told:
    """What the register told for a batch; nothing where it is off. `people` by the number asked for, None where it
    answered with nobody; `by_pupil` by our id. `forms` and `pupils` are those that somebody protected concerns."""

    people: Mapping[str, RegisterPerson | None] = field(default_factory=dict, repr=False)
    by_pupil: Mapping[str, RegisterPerson | None] = field(default_factory=dict, repr=False)
    forms: frozenset[str] = field(default=frozenset(), repr=False)
    pupils: frozenset[str] = field(default=frozenset(), repr=False)

    def children(self, entry: Entry) -> frozenset[str]:
        """The numbers of the pupils whom the register names this guardian's today."""
        person = self.people.get(number_of(entry))
        return _children(person) if person is not None else frozenset()

    def protects(self, verdict: Verdict, pupil: Pupil | None) -> Protector | None:
        """Whether somebody has a protected address: `register`, the pupil or whoever is linked, whom the night asks
        about again; `form`, anyone else on the form, whom nobody asks about again."""
        if pupil is not None and pupil.id in self.pupils:
            return "register"
        return "form" if verdict.submission in self.forms else None

    def finding(self, entry: Entry, pupil: Pupil, today: date, leap_day: LeapDay) -> Finding | None:
        """What the register says of this guardian and pupil; None where it says nothing: it was not asked, the pupil is
        of age (nobody has responsibility then), or cannot be found there without a number."""
        number = number_of(entry)
        if number not in self.people or is_adult(pupil.born, today, leap_day):
            return None
        guardian, name = self.people[number], entry.get("name")
        if pupil.id not in self.by_pupil:
            doubts = about_guardian(guardian, name=name, today=today, leap_day=leap_day)
            return Finding("review", tuple(doubts)) if doubts else None
        child = self.by_pupil[pupil.id]
        if child is None:
            return Finding("review", (Fault("pupil", "pupil_differs_in_register"),))
        return is_guardian(
            guardian, child, name=name, pupil_name=pupil.name, born=pupil.born, today=today, leap_day=leap_day
        )


NOT_ASKED: Final = Told()
"""The register is off, or this is not the place to ask it."""


Find = Callable[[Entry, Collection[str]], Match]
Concerns = Callable[[Transaction, Entry, Pupil], bool]


def ask(store: Store, verdicts: Sequence[Verdict], find: Find, concerns: Concerns) -> Told:
    """Ask about everyone whom these forms concern: the guardians first, then their pupils and whoever is linked to
    those. `find` matches an entry with a pupil; `concerns` tells whether that pupil's guardians are still to be kept.

    Raises `OutsideFault` where the register is down, refuses, or is not set up: no form is to blame for it.
    """
    if not store.settings.folkeregister.on:
        return NOT_ASKED
    try:
        register = make_register(store)
    except NotReady as fault:
        raise OutsideFault(fault.code, fault.message, fault.next_step) from None
    try:
        return _ask(store, register, verdicts, find, concerns)
    finally:
        register.close()


def number_of(entry: Entry) -> str:
    """The number that may be asked for; none of whoever refuses."""
    return "" if entry.refused or entry.refused_in_words else entry.get("fnr")


def _ask(store: Store, register: Register, verdicts: Sequence[Verdict], find: Find, concerns: Concerns) -> Told:
    entries = [entry for verdict in verdicts for entry in verdict.entries]
    with store.read() as tx:
        entries = [entry for entry in entries if _is_needed(tx, entry, find, concerns)]
    people = _people(register, [number_of(entry) for entry in entries])
    told = Told(people)
    matched = {entry.place: find(entry, told.children(entry)).pupil for entry in entries}
    with store.read() as tx:
        pupils = {pupil.id: pupil for pupil in matched.values() if pupil is not None}
        linked = {ident: [one.number for one in guardians.of_pupil(tx, ident)] for ident in pupils}
    others = [number for numbers in linked.values() for number in numbers]
    people |= _people(register, [*(_number(pupil) for pupil in pupils.values()), *others], but=people)
    by_pupil = {ident: people[_number(pupil)] for ident, pupil in pupils.items() if _number(pupil) in people}
    by_pupil |= _searched(register, entries, matched, people, by_pupil, store.today)
    people |= _former(register, entries, matched, people, by_pupil)
    forms = frozenset(
        entry.submission
        for entry in entries
        if anyone_protected([people.get(number_of(entry)), by_pupil.get(_id(matched[entry.place]))])
    )
    protected = frozenset(
        ident for ident in pupils if anyone_protected([by_pupil.get(ident), *(people.get(n) for n in linked[ident])])
    )
    return Told(people, by_pupil, forms, protected)


def _is_needed(tx: Transaction, entry: Entry, find: Find, concerns: Concerns) -> bool:
    if entry.kind not in ("guardian", "consent") or entry.decided_as == "reject":
        return False
    found = find(entry, ())
    if found.pupil is None:
        return bool(found.candidates)
    return not found.pupil.shielded and concerns(tx, entry, found.pupil)


def _people(
    register: Register, numbers: Iterable[str], but: Mapping[str, RegisterPerson | None] | None = None
) -> dict[str, RegisterPerson | None]:
    """Everyone of these who may be asked for, None where the register answers with nobody."""
    wanted = [number for number in dict.fromkeys(numbers) if number and number not in (but or {})]
    if not wanted:
        return {}
    told = register.people(wanted, WHY)
    return {number: told.people.get(number) for number in wanted if number not in told.unsent}


def _searched(
    register: Register,
    entries: Sequence[Entry],
    matched: Mapping[tuple[str, int, int], Pupil | None],
    people: Mapping[str, RegisterPerson | None],
    known: Mapping[str, RegisterPerson | None],
    today: date,
) -> dict[str, RegisterPerson]:
    """Pupils of whom the school has no number, by name and birth date; only where the guardian has a child at all."""
    found: dict[str, RegisterPerson | None] = {}
    for entry in entries:
        pupil, guardian = matched[entry.place], people.get(number_of(entry))
        if pupil is None or pupil.id in known or pupil.id in found or guardian is None or not _children(guardian):
            continue
        if not is_adult(pupil.born, today):
            found[pupil.id] = register.search(Wanted(pupil.name, pupil.born), WHY)
    return {ident: person for ident, person in found.items() if person is not None}


def _former(
    register: Register,
    entries: Sequence[Entry],
    matched: Mapping[tuple[str, int, int], Pupil | None],
    people: Mapping[str, RegisterPerson | None],
    by_pupil: Mapping[str, RegisterPerson | None],
) -> dict[str, RegisterPerson | None]:
    """Guardians whom the pupil's document does not name, once more with the numbers that they had before: it may name
    them by one of those."""
    wanted: dict[str, RegisterPerson] = {}
    for entry in entries:
        guardian, child = people.get(number_of(entry)), by_pupil.get(_id(matched[entry.place]))
        if guardian is not None and child is not None:
            adults = {one.adult for one in child.responsibilities if one.current} - {""}
            if adults and not adults & guardian.numbers:
                wanted[number_of(entry)] = guardian
    told = register.people(list(wanted), WHY, former=True).people if wanted else {}
    return {number: _with(wanted[number], person) for number, person in told.items()}


def _with(guardian: RegisterPerson, history: RegisterPerson) -> RegisterPerson:
    more = sorted((guardian.numbers | history.numbers) - {guardian.number})
    return replace(guardian, former=tuple(more))


def _children(person: RegisterPerson) -> frozenset[str]:
    mine = person.numbers
    return frozenset(one.child for one in person.responsibilities if one.current and one.child) - mine


def _number(pupil: Pupil) -> str:
    return clean_number(pupil.number) if pupil.number else ""


def _id(pupil: Pupil | None) -> str:
    return pupil.id if pupil is not None else ""
