"""The roster as PIFU-IMS XML, 1.1 and 1.3: pupils by their membership of a basisgruppe, guardians by the pupil's word.

Read through defusedxml: no entity, no document type, nothing fetched. Source: the PIFU-IMS profile of IMS Enterprise
1.1; guardians stand on the pupil as `pifu_hasContactPerson`, and are ordinary persons.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.due import Enrolment
from schemas.names import tidy
from schemas.numbers import clean
from schemas.settings import RosterSettings
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.files import FileRoster
from tasks.reconcile.roster import Listed, Place, Unreadable, unreadable
from tasks.reconcile.sound import mobile_of, sound

NAMESPACE: Final = "http://pifu.no/xsd/pifu-ims_sas/"
"""Every version's begins so: `pifu-ims_sas-v1`, `pifu-ims_sas-v1.1`."""
PUPIL: Final = "01"
CLASS: Final = "basisgruppe"
SCHOOL: Final = "skole"
GONE: Final = "3"
"""IMS: a record that is to be deleted; 1 and 2 add and change."""
_DAY: Final = timedelta(days=1)


class PifuRoster(FileRoster):
    """`data` is the whole file."""

    kind = "pifu"

    def read(self, since: str = "") -> Listed:
        """Every pupil of a full file, or what a delta tells. Raises `Unreadable` where it is no whole PIFU-IMS, or says
        too little of a pupil."""
        try:
            root = fromstring(self._data, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            raise Unreadable("roster_broken", "the XML is cut off or damaged", "export it again") from None
        namespace, _, name = root.tag.rpartition("}")
        if not namespace.startswith("{" + NAMESPACE) or name != "enterprise":
            raise Unreadable("roster_unknown", "the XML is no PIFU-IMS", "see docs/operators/roster.md")
        reader = _Reader(root, namespace + "}", self._settings, self._today)
        pupils, left_out = sound(reader.pupils(), "PIFU-IMS")
        return self._listed(
            pupils,
            complete=reader.complete,
            adds=not reader.complete,
            removed=frozenset(reader.removed()),
            left_out=left_out,
            understood=tuple(reader.understood),
        )


class _Reader:
    """One document."""

    def __init__(self, root: Element, namespace: str, settings: RosterSettings, today: date) -> None:
        self._root, self._space, self._settings, self._today = root, namespace, settings, today
        kind = self._text(root, "properties", "type").lower()
        if kind not in ("", "full", "delta"):
            raise Unreadable("roster_unknown", "the file is no full or delta list", "export a full one")
        self.complete = kind != "delta"
        self._persons = {self._id(one): one for one in self._all("person")}
        self._groups = {self._id(one): one for one in self._all("group")}
        self.understood = [
            ("told", "whole" if self.complete else "delta"),
            ("persons", str(len(self._persons))),
            ("groups", str(len(self._groups))),
        ]

    def pupils(self) -> list[RosterPupil]:
        """Whoever is a pupil of a group; of a delta also whoever it tells a person of with a guardian of theirs."""
        stays, classes = self._memberships()
        found, unborn = [], 0
        for ident, person in self._persons.items():
            if person.get("recstatus") == GONE and not self.complete:
                continue
            terms = tuple(dict.fromkeys(stays.get(ident, ())))
            if (not terms and self.complete) or self._inactive(person):
                continue
            if not terms and not self._contacts(person):
                continue
            born = self._day(self._text(person, "demographics", "bday"))
            unborn += born is None and self.complete
            found.append(
                RosterPupil(
                    key=ident,
                    name=self._name(person) or None,
                    born=born,
                    class_name=classes.get(ident, "" if self.complete else None),
                    number=self._number(person) or ("" if self.complete else None),
                    shielded=None,
                    enrolments=terms or None,
                    known=self._known(person),
                )
            )
        if unborn:
            raise unreadable([Place(0, "bday", "roster_no_birth", f"{unborn} pupils")])
        nameless = sum(one.name is None for one in found if self.complete)
        if nameless:
            raise unreadable([Place(0, "name", "roster_incomplete", f"{nameless} pupils")])
        return found

    def removed(self) -> list[str]:
        """Whom a delta says to delete."""
        return [] if self.complete else [i for i, one in self._persons.items() if one.get("recstatus") == GONE]

    # --------------------------------------------------------------------------------------------- memberships

    def _memberships(self) -> tuple[dict[str, list[Enrolment]], dict[str, str]]:
        """Person -> enrolments by the groups that they are a pupil of, and -> the class."""
        stays: dict[str, list[Enrolment]] = {}
        classes: dict[str, tuple[date, str]] = {}
        loose = 0
        ours = self._our_groups()
        for membership in self._all("membership"):
            ident_of_group = self._id(membership)
            group = self._groups.get(ident_of_group)
            kind = self._kind(group)
            if kind not in ("", CLASS, SCHOOL) or (ours is not None and ident_of_group not in ours):
                continue
            for member in membership.findall(self._space + "member"):
                ident = self._id(member)
                for role in member.findall(self._space + "role"):
                    if role.get("roletype") != PUPIL or self._gone(role):
                        continue
                    if ident not in self._persons and self.complete:
                        loose += 1
                        continue
                    term = self._term(role, group)
                    stays.setdefault(ident, []).append(term)
                    if kind == CLASS:
                        classes[ident] = max(classes.get(ident, (date.min, "")), (term.starts, self._title(group)))
        if loose:
            raise unreadable([Place(0, "membership", "roster_loose", f"{loose} members")])
        return stays, {ident: title for ident, (_, title) in classes.items() if title}

    def _our_groups(self) -> set[str] | None:
        """The school of the settings and the groups below it; None where only one has any."""
        above: dict[str, str] = {}
        for ident, group in self._groups.items():
            parents = [
                one for one in group.iterfind(self._space + "relationship") if one.get("relation") in (None, "1")
            ]
            if parents:
                above[ident] = self._id(parents[0])
        schools = {
            above[ident] for ident, group in self._groups.items() if ident in above and self._kind(group) == CLASS
        }
        wanted = self._settings.school
        if not wanted:
            if len(schools) > 1:
                raise Unreadable(
                    "roster_schools", f"classes of {len(schools)} schools are told", "set roster.school to one"
                )
            return None
        mine = {one for one in schools if wanted in (one, one.rpartition("|")[2], self._title(self._groups.get(one)))}
        if not mine:
            raise Unreadable("roster_schools", "the school of roster.school is not told of", "see roster.school")
        return mine | {ident for ident, school in above.items() if school in mine}

    def _term(self, role: Element, group: Element | None) -> Enrolment:
        """By the membership's own time, else by its group's, else from when the membership was made."""
        frame = role.find(self._space + "timeframe")
        if frame is None and group is not None:
            frame = group.find(self._space + "timeframe")
        start, end = (self._day(self._text(frame, one)) for one in ("begin", "end"))
        start = start or self._day(self._text(role, "datetime"))
        if start is None:
            start, end = self._settings.year_starts, end or self._settings.year_ends
        if start is None:
            raise unreadable([Place(0, "timeframe", "roster_no_start")])
        if self._text(role, "status") == "0" and (end is None or end >= self._today):
            end = self._today - _DAY
        return Enrolment(start, end)

    def _gone(self, role: Element) -> bool:
        """Whether the role is to be deleted, or is one no more and does not say since when: of a whole file it is as
        good as none."""
        ended = role.find(f"{self._space}timeframe/{self._space}end")
        return role.get("recstatus") == GONE or (self._text(role, "status") == "0" and ended is None)

    # ------------------------------------------------------------------------------------------------- persons

    def _contacts(self, person: Element) -> list[str]:
        told = person.iterfind(f"{self._space}extension/{self._space}pifu_hasContactPerson")
        return [self._id(one) for one in told if (one.get("type") or "").lower() == "guardian"]

    def _known(self, person: Element) -> tuple[KnownGuardian, ...] | None:
        idents = list(dict.fromkeys(self._contacts(person)))
        if not self.complete and any(ident not in self._persons for ident in idents):
            return None
        found = (self._persons[ident] for ident in idents if ident in self._persons)
        return tuple(self._guardian(one) for one in found if self._name(one))

    def _guardian(self, person: Element) -> KnownGuardian:
        phones = {
            (one.get("teltype") or "").lower(): (one.text or "") for one in self._extended(person, "pifu_tel", "tel")
        }
        private = [
            one for one in self._extended(person, "pifu_tel") if (one.get("type") or "") == "personMobilePrivate"
        ]
        mails = [one.text for one in self._extended(person, "pifu_email", "email")]
        homes = (
            one.find(self._space + "adr")
            for one in self._extended(person, "pifu_adr")
            if "Private" in one.get("type", "")
        )
        home = next((one for one in [person.find(self._space + "adr"), *homes] if one is not None), None)
        place = " ".join(filter(None, (self._text(home, "pcode"), self._text(home, "locality"))))
        return KnownGuardian(
            name=self._name(person),
            number=self._number(person),
            mobile=mobile_of(*(one.text for one in private), phones.get("mobile"), phones.get("3"), *phones.values()),
            email=mobile_of(*mails),
            address=", ".join(filter(None, (self._text(home, "street"), place))),
        )

    def _extended(self, person: Element, *names: str) -> Iterator[Element]:
        for name in names:
            yield from person.iterfind(f"{self._space}extension/{self._space}{name}")
            yield from person.iterfind(self._space + name)

    def _name(self, person: Element) -> str:
        parts = [self._text(person, "name", "n", part) for part in ("given", "family")]
        return tidy(" ".join(parts) if all(parts) else self._text(person, "name", "fn"))

    def _number(self, person: Element) -> str:
        for told in person.iterfind(self._space + "userid"):
            if told.get("useridtype") == "personNIN" and (number := clean((told.text or "").strip())).isdigit():
                return number if len(number) == 11 else ""
        return ""

    # -------------------------------------------------------------------------------------------------- pieces

    def _all(self, name: str) -> Iterable[Element]:
        return self._root.iterfind(self._space + name)

    def _text(self, element: Element | None, *path: str) -> str:
        found = element.find("/".join(self._space + one for one in path)) if element is not None else None
        return (found.text or "").strip() if found is not None else ""

    def _inactive(self, person: Element) -> bool:
        told = self._extended(person, "pifu_status")
        return any(
            one.get("type") == "activeInactive" and (one.text or "").strip().lower() == "inaktiv" for one in told
        )

    def _id(self, element: Element) -> str:
        """The id that holds: where one replaces another, the new one."""
        told = [one for one in element.findall(self._space + "sourcedid") if one.get("sourcedidtype") != "Duplicate"]
        told.sort(key=lambda one: one.get("sourcedidtype") != "New")
        ident = self._text(told[0], "id") if told else ""
        if not ident:
            raise unreadable([Place(0, "sourcedid", "roster_incomplete")])
        source = self._text(told[0], "source")
        return f"{source}|{ident}" if source else ident

    def _kind(self, group: Element | None) -> str:
        """basisgruppe, skole, or another word; "" of a group that is not told."""
        told = group.find(f"{self._space}grouptype/{self._space}typevalue") if group is not None else None
        if group is None or told is None:
            return ""
        word = (told.text or "").strip().lower()
        of_schools = "org" in self._text(group, "grouptype", "scheme").lower()
        plain = {"1": "skoleeier", "2": SCHOOL} if of_schools else {"1": CLASS}
        return word or plain.get(told.get("level") or "", "?")

    def _title(self, group: Element | None) -> str:
        return self._text(group, "description", "short") or self._text(group, "description", "long")

    def _day(self, text: str) -> date | None:
        if not text:
            return None
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            raise unreadable([Place(0, "date", "roster_date")]) from None
