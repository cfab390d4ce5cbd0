"""Reading what Folkeregisteret sends: a person's document, the answer to many numbers, a page of the feed.

Belongs here: JSON that was parsed in, `schemas.register` out. Does not belong here: asking. Tolerant of what may vary:
parts that are absent, one entry where a list is expected, unknown fields and codes, any number of fraction digits.
Strict where somebody could be harmed: what cannot be read of a protection, a death or a false identity counts as one,
and an entry of responsibility counts only while it says itself that it is current. Sources: the OpenAPI document
"offentlig med hjemmel" and the XSD of the person document.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, get_args

from schemas.register import (
    Answered,
    Protection,
    RegisterChange,
    RegisterPerson,
    Responsibility,
    ResponsibilityKind,
    Status,
)

ADDRESSES: Final = ("bostedsadresse", "deltBosted", "oppholdsadresse", "postadresse", "postadresseIUtlandet")
GRADES: Final[tuple[Protection, ...]] = ("ugradert", "klientadresse", "fortrolig", "strengtFortrolig", "other")
"""From open to strict."""
OF_ADULTS: Final = frozenset(
    {"voksen", "midlertidigForVoksen", "forvaltningUtenforVergemaal", "stadfestetFremtidsfullmakt"}
)
"""Kinds of guardianship that say nothing of a minor; one that is not known may."""
LONGEST_NUMBER: Final = 11
Entry = Mapping[str, Any]


class Unreadable(Exception):
    """The answer is no person, no list, no number: nothing can be concluded from it."""


# ------------------------------------------------------------------------------------------------------- one person


def read_person(document: object, asked: str = "") -> RegisterPerson:
    """The person of a document. `asked`: the number under which it was asked for, which is this person's however it is
    called now. Raises `Unreadable`."""
    if not isinstance(document, Mapping):
        raise Unreadable
    using, former = _numbers(document)
    names = tuple(dict.fromkeys(name for one in _current(document, "navn") if (name := _name(one))))
    births = {_text(one, "foedselsdato")[:10] for one in _current(document, "foedsel")} - {""}
    states = list(dict.fromkeys(_text(one, "status") for one in _current(document, "status")))
    number = using[0] if len(using) == 1 else ""
    others = dict.fromkeys([*former, *(using if not number else ()), *([asked] if asked else [])])
    return RegisterPerson(
        number=number,
        former=tuple(one for one in others if one != number),
        names=names,
        born=_day(next(iter(births))) if len(births) == 1 else None,
        status=_status(states),
        dead="doed" in states or _is_there(document.get("doedsfall")),
        responsibilities=tuple(_responsibility(one) for one in _entries(document, "foreldreansvar")),
        protection=_protection(document),
        false_identity=_is_there(document.get("falskIdentitet"), unless=("erFalsk", False)),
        minor_guardianship=any(
            _text(one, "vergemaaltype") not in OF_ADULTS for one in _current(document, "vergemaalEllerFremtidsfullmakt")
        ),
        contradictory=any(len(found) > 1 for found in (using, names, births, states)),
    )


def _numbers(document: Entry) -> tuple[list[str], list[str]]:
    """(numbers in use, others)."""
    using: dict[str, None] = {}
    former: dict[str, None] = {}
    for one in _entries(document, "identifikasjonsnummer"):
        number = _number(one, "foedselsEllerDNummer")
        in_use = _text(one, "status") != "opphoert" and one.get("erGjeldende") is not False
        (using if in_use else former)[number] = None
    return [one for one in using if one], [one for one in former if one and one not in using]


def _name(entry: Entry) -> str:
    return " ".join(" ".join(_text(entry, part) for part in ("fornavn", "mellomnavn", "etternavn")).split())


def _status(states: Sequence[str]) -> Status:
    if not states or not states[0]:
        return ""
    known: dict[str, Status] = {one: one for one in get_args(Status)}
    return known.get(states[0], "other")


def _responsibility(entry: Entry) -> Responsibility:
    kinds: dict[str, ResponsibilityKind] = {one: one for one in get_args(ResponsibilityKind)}
    return Responsibility(
        kind=kinds.get(_text(entry, "ansvar"), "other"),
        child=_number(entry, "ansvarssubjekt"),
        adult=_number(entry, "ansvarlig"),
        organisation=bool(entry.get("ansvarligOrganisasjon")),
        without_number=bool(entry.get("ansvarligUtenIdentifikator")),
        current=entry.get("erGjeldende") is True,
    )


def _protection(document: Entry) -> Protection:
    part = document.get("adressebeskyttelse") or []
    told: list[object] = []
    for one in part if isinstance(part, list) else [part]:
        if not isinstance(one, Mapping) or one.get("erGjeldende") is not False:
            told.append(one.get("graderingsnivaa") if isinstance(one, Mapping) else one)
    for address in ADDRESSES:
        told += [one["adressegradering"] for one in _current(document, address) if "adressegradering" in one]
    grades: list[Protection] = [next((grade for grade in GRADES if grade == one), "other") for one in told]
    return max(grades, key=GRADES.index, default="ugradert")


def _is_there(part: object, unless: tuple[str, object] = ("erGjeldende", False)) -> bool:
    """Whether a part that is one object says something now."""
    entries = part if isinstance(part, list) else [part] if part else []
    return any(
        not isinstance(one, Mapping) or (one.get("erGjeldende") is not False and one.get(unless[0], True) != unless[1])
        for one in entries
    )


def _entries(document: Entry, part: str) -> list[Entry]:
    found = document.get(part)
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, Mapping)]


def _current(document: Entry, part: str) -> list[Entry]:
    return [one for one in _entries(document, part) if one.get("erGjeldende") is not False]


def _text(entry: Entry, name: str) -> str:
    found = entry.get(name)
    return found if isinstance(found, str) else ""


def _number(entry: Entry, name: str) -> str:
    """An identity number, or "" for whatever else stands there."""
    found = _text(entry, name)
    return found if len(found) == LONGEST_NUMBER and found.isascii() and found.isdigit() else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------ many, and the feed


def read_answers(document: object, asked: Iterable[str]) -> Answered:
    """The answer to many, compared with what was asked, never by order: somebody who was not asked for is left out, and
    whoever was and is not there is `missing`. Raises `Unreadable`."""
    if not isinstance(document, Mapping) or not isinstance(document.get("oppslag"), list):
        raise Unreadable
    waiting = frozenset(asked)
    people: dict[str, RegisterPerson] = {}
    unknown: set[str] = set()
    for one in document["oppslag"]:
        if not isinstance(one, Mapping):
            continue
        number, told = _number(one, "foedselsEllerDNummer"), one.get("folkeregisterperson")
        if isinstance(told, Mapping):
            person = read_person(told)
            meant = {number} & waiting or person.numbers & waiting  # answered under the number that is in use now
            people |= {mine: _also(person, mine) for mine in meant}
        elif number in waiting:
            unknown.add(number)
    unknown -= people.keys()
    return Answered(people, frozenset(unknown), waiting - people.keys() - unknown)


def _also(person: RegisterPerson, number: str) -> RegisterPerson:
    return person if number in person.numbers else replace(person, former=(*person.former, number))


def read_page(document: object) -> list[RegisterChange]:
    """The events of a page, in order. Raises `Unreadable` for a page with an event that has no sequence number: who
    could not say how far it was read would lose what follows."""
    if not isinstance(document, list):
        raise Unreadable
    found = []
    for one in document:
        told = one.get("hendelse") if isinstance(one, Mapping) else None
        event = told if isinstance(told, Mapping) else {}
        kind = _text(event, "hendelsetype") or _text(event, "hendelsestype")
        sequence = read_sequence(one.get("sekvensnummer")) if isinstance(one, Mapping) else read_sequence(None)
        found.append(RegisterChange(sequence, _number(event, "folkeregisteridentifikator"), kind[:80]))
    return sorted(found, key=lambda change: change.sequence)


def read_sequence(document: object) -> int:
    """A sequence number, which stands as a bare integer. Raises `Unreadable`."""
    if not isinstance(document, int) or isinstance(document, bool) or document < 0:
        raise Unreadable
    return document
