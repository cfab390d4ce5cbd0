"""FINT's education resources joined: who is a pupil of the school, from when to when, and whose parents are whose.

Belongs here: the model (HAL+JSON as dictionaries), its older and newer names, dates and the enrolment rule. Does not
belong here: where resources come from (`fint_http`, `roster_fint`). An identity number stands in the links: no link
gets into a message. Source: FINT's information model 3.1 to 4.1.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from schemas.due import Enrolment
from schemas.names import tidy
from schemas.numbers import clean
from schemas.settings import RosterSettings
from store.database import OSLO
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.roster import Place, Unreadable, unreadable
from tasks.reconcile.sound import mobile_of

Resource = Mapping[str, Any]
COLLECTIONS: Final = ("elev", "elevforhold", "person", "kontaktperson", "klassemedlemskap", "klasse", "skole")
"""What is read; the first three must be there."""
NEEDED: Final = COLLECTIONS[:3]
OLD_NAMES: Final = {"klasse": "basisgruppe", "klassemedlemskap": "basisgruppemedlemskap"}
"""Before 4.0."""
GUARDIAN_WORDS: Final = ("foresatt", "forelder", "foreldre", "føresett", "mor", "far", "verge", "guardian", "parent")
"""Types of a contact person, which are free text, that mean one who stands in for the pupil."""


class Ref(NamedTuple):
    """Where a link leads: class, identifier's name, value; whatever host it stands on."""

    kind: str
    field: str
    value: str


def ref_of(href: object) -> Ref | None:
    """The end of a link's path; None for what is none."""
    if not isinstance(href, str):
        return None
    try:
        path = urlsplit(href).path
    except ValueError:  # brackets where a host should stand
        return None
    parts = [unquote(part) for part in path.split("/") if part]
    return Ref(parts[-3].lower(), parts[-2].lower(), parts[-1]) if len(parts) >= 3 else None


def hrefs(resource: Resource, *relations: str) -> list[str]:
    """The links of these relations."""
    told = resource.get("_links")
    links = told if isinstance(told, dict) else {}
    listed = [one for name in relations for one in _list(links.get(name))]
    return [one["href"] for one in listed if isinstance(one, dict) and isinstance(one.get("href"), str)]


def refs(resource: Resource, *relations: str) -> list[Ref]:
    """Where they lead."""
    return [ref for ref in map(ref_of, hrefs(resource, *relations)) if ref is not None]


def entries(page: object) -> list[Resource]:
    """The resources of one answer: a collection, or a single one. Raises `Unreadable` for anything else."""
    if isinstance(page, dict):
        embedded = page.get("_embedded")
        if isinstance(embedded, dict) and isinstance(embedded.get("_entries"), list):
            listed: list[Resource] = embedded["_entries"]
            if all(isinstance(one, dict) for one in listed):
                return listed
        elif "_links" in page and "total_items" not in page:
            return [page]
        elif page.get("total_items") == 0:
            return []
    raise Unreadable("roster_broken", "an answer of FINT's has another shape than its collections have")


class Joined:
    """Resources by what leads to them. `pupils` makes the roster of them."""

    def __init__(self, resources: Mapping[str, Iterable[Resource]], settings: RosterSettings, today: date) -> None:
        self._settings, self._today = settings, today
        self._by: dict[Ref, Resource] = {}
        self._all = {name: list(found) for name, found in resources.items()}
        for name, found in self._all.items():
            for one in found:
                for ref in own_refs(name, one):
                    self._by[ref] = one
        self._parents = self._parents_by_child()
        self.without_person = 0

    def pupils(self) -> list[RosterPupil]:
        """Every pupil of the school. Of whom there is no person or birth date nothing but the enrolment is told, so
        that what is known stays. Raises `Unreadable` where nothing says which school, or since when."""
        stays: dict[str, tuple[Resource, list[Resource]]] = {}
        for term in self._of_our_school():
            for elev in self._follow(term, "elev"):
                key = identifier(elev, "systemId")
                if key:
                    stays.setdefault(key, (elev, []))[1].append(term)
        found = [self._pupil(key, elev, terms) for key, (elev, terms) in stays.items()]
        if found and self.without_person == len(found):
            raise unreadable([Place(0, "fodselsdato", "roster_no_birth", f"{len(found)} pupils")])
        return found

    # -------------------------------------------------------------------------------------------------- the school

    def _of_our_school(self) -> list[Resource]:
        terms = self._all.get("elevforhold", [])
        schools = {ref for term in terms for ref in refs(term, "skole")}
        wanted = self._settings.school
        if not wanted:
            distinct = {id(self._by[ref]) if ref in self._by else ref for ref in schools}
            if len(distinct) > 1:
                raise Unreadable(
                    "roster_schools", f"pupils of {len(distinct)} schools are told", "set roster.school to one"
                )
            return terms
        told = [one for one in self._all.get("skole", []) if wanted in _names_of_school(one)]
        mine = {ref for one in told for ref in own_refs("skole", one)} | {ref for ref in schools if ref.value == wanted}
        if not mine & schools:
            raise Unreadable("roster_schools", "the school of roster.school is not told of", "see roster.school")
        return [term for term in terms if mine & set(refs(term, "skole"))]

    # --------------------------------------------------------------------------------------------------- one pupil

    def _pupil(self, key: str, elev: Resource, terms: list[Resource]) -> RosterPupil:
        person = next(iter(self._follow(elev, "person")), None)
        born = day_of(person.get("fodselsdato")) if person else None
        stays = tuple(dict.fromkeys(self._stay(term) for term in terms))
        if person is None or born is None or not _name(person):
            self.without_person += 1
            return RosterPupil(key, None, None, None, None, None, stays, None)
        return RosterPupil(
            key=key,
            name=_name(person),
            born=born,
            class_name=self._class_of(terms),
            number=_number(person),
            shielded=None,
            enrolments=stays,
            known=self._known(elev, person),
        )

    def _stay(self, term: Resource) -> Enrolment:
        """Is a pupil on a day: the start has come, the end is empty or not passed, and the interruption is empty or
        still ahead."""
        period = term.get("gyldighetsperiode")
        period = period if isinstance(period, dict) else {}
        start = day_of(period.get("start")) or self._settings.year_starts
        if start is None:
            raise unreadable([Place(0, "gyldighetsperiode", "roster_no_start")])
        return Enrolment(start, day_of(period.get("slutt")), day_of(term.get("avbruddsdato")))

    def _class_of(self, terms: list[Resource]) -> str:
        told: list[tuple[date, str]] = []
        for term in terms:
            for within in self._follow(term, "klassemedlemskap", "basisgruppemedlemskap"):
                period = within.get("gyldighetsperiode")
                since = day_of(period.get("start")) if isinstance(period, dict) else None
                for one in self._follow(within, "klasse", "basisgruppe"):
                    told.append((since or date.min, str(one.get("navn") or "")))
            for one in self._follow(term, "klasse", "basisgruppe"):
                told.append((date.min, str(one.get("navn") or "")))
        return max(told, default=(date.min, ""))[1]

    # --------------------------------------------------------------------------------------------------- guardians

    def _known(self, elev: Resource, person: Resource) -> tuple[KnownGuardian, ...]:
        """Who holds parental responsibility, and contact persons who are called guardians."""
        adults = [*self._follow(person, "foreldre")]
        for ref in own_refs("person", person):
            adults += self._parents.get(ref, [])
        known = {one.name: one for one in (_guardian(adult) for adult in adults) if one.name}
        contacts = [*self._follow(person, "parorende"), *self._follow(elev, "parorende")]
        for ref in own_refs("person", person):
            contacts += self._contacts.get(ref, [])
        for contact in contacts:
            if _stands_in(contact):
                one = self._contact(contact)
                known.setdefault(one.name, one)
        known.pop("", None)
        return tuple(known.values())

    def _parents_by_child(self) -> dict[Ref, list[Resource]]:
        """Child -> adults, from the adults' side; contact persons beside them."""
        found: dict[Ref, list[Resource]] = {}
        for adult in self._all.get("person", []):
            for child in refs(adult, "foreldreansvar"):
                found.setdefault(child, []).append(adult)
        self._contacts: dict[Ref, list[Resource]] = {}
        for contact in self._all.get("kontaktperson", []):
            for child in refs(contact, "kontaktperson"):
                self._contacts.setdefault(child, []).append(contact)
        return found

    def _contact(self, contact: Resource) -> KnownGuardian:
        """A contact person has a name and ways to reach them; before 3.2 those of the person it stood for."""
        person = next(iter(self._follow(contact, "person")), None)
        told = _guardian({**(person or {}), **{k: v for k, v in contact.items() if v is not None}})
        return told

    def _follow(self, resource: Resource, *relations: str) -> list[Resource]:
        return [self._by[ref] for ref in refs(resource, *relations) if ref in self._by]


# ------------------------------------------------------------------------------------------------------------ pieces


def own_refs(kind: str, resource: Resource) -> set[Ref]:
    """Everything that leads to a resource: its own links, and its identifiers under its class's name."""
    found = set(refs(resource, "self"))
    for field, value in resource.items():
        if isinstance(value, dict) and isinstance(value.get("identifikatorverdi"), str):
            for name in (kind, OLD_NAMES.get(kind, kind)):
                found.add(Ref(name, field.lower(), value["identifikatorverdi"]))
    return found


def identifier(resource: Resource, field: str) -> str:
    """The value of one of its identifiers."""
    told = resource.get(field)
    value = told.get("identifikatorverdi") if isinstance(told, dict) else None
    return value if isinstance(value, str) else ""


def day_of(value: object) -> date | None:
    """A date in Oslo: ISO 8601, with or without time, or milliseconds since 1970. Raises `Unreadable` for what is
    neither; None and "" are none."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError
        if isinstance(value, int | float) or (value.lstrip("-").isdigit() and len(value.lstrip("-")) > 8):
            return datetime.fromtimestamp(int(value) / 1000, UTC).astimezone(OSLO).date()
        if len(value) == 10:
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
        return (moment.astimezone(OSLO) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError, OSError):
        raise unreadable([Place(0, "date", "roster_date")]) from None


def _name(resource: Resource) -> str:
    told = resource.get("navn")
    parts = told if isinstance(told, dict) else {}
    return tidy(" ".join(str(parts.get(part) or "") for part in ("fornavn", "mellomnavn", "etternavn")))


def _number(person: Resource) -> str:
    number = clean(identifier(person, "fodselsnummer"))
    return number if len(number) == 11 and number.isdigit() else ""


def _guardian(adult: Resource) -> KnownGuardian:
    reached = adult.get("kontaktinformasjon")
    reached = reached if isinstance(reached, dict) else {}
    homes = [adult.get("postadresse"), adult.get("bostedsadresse")]
    home = next((one for one in homes if isinstance(one, dict)), {})
    lines = [str(line) for line in _list(home.get("adresselinje")) if line]
    place = " ".join(str(home[part]) for part in ("postnummer", "poststed") if home.get(part))
    return KnownGuardian(
        name=_name(adult),
        number=_number(adult),
        mobile=mobile_of(_text(reached.get("mobiltelefonnummer")), _text(reached.get("telefonnummer"))),
        email=_text(reached.get("epostadresse")),
        address=", ".join([*lines, *([place] if place else [])]),
    )


def _stands_in(contact: Resource) -> bool:
    if isinstance(contact.get("foreldreansvar"), bool):
        return bool(contact["foreldreansvar"])
    words = _text(contact.get("type")).lower()
    return any(word in words.replace("/", " ").split() or words.startswith(word) for word in GUARDIAN_WORDS)


def _names_of_school(school: Resource) -> set[str]:
    return {
        *(identifier(school, field) for field in ("skolenummer", "systemId", "organisasjonsnummer")),
        _text(school.get("navn")),
    } - {""}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
