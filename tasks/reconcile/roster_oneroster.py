"""The roster as a OneRoster zip: who of its users is a pupil, since when, and whose guardian is whose.

Birth dates stand in demographics alone: without them nobody's 18th birthday is known, and the list is refused. A
delta says what changed and never who is missing; it can add to an enrolment and not shorten one, for one row of many
says nothing about the others: only a pupil that is to be deleted ends by it.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from schemas.due import Enrolment
from schemas.names import tidy
from schemas.numbers import clean
from schemas.settings import RosterSettings
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.dates import form_of, read_date
from tasks.reconcile.files import FileRoster
from tasks.reconcile.oneroster import OneRoster, Row, open_oneroster
from tasks.reconcile.packed import Packed
from tasks.reconcile.roster import Listed, Place, Unreadable, unreadable
from tasks.reconcile.sound import mobile_of, sound

PUPILS: Final = ("student",)
GUARDIANS: Final = ("guardian", "parent")
_IDS: Final = re.compile(r"\{?\s*([^:{},]+):([^{},]+)\}?")
_DAY: Final = timedelta(days=1)


class OneRosterRoster(FileRoster):
    """`data` is the whole zip."""

    kind = "oneroster"

    def read(self, since: str = "") -> Listed:
        """Every pupil of a bulk, or what a delta tells. Raises `Unreadable` where a table is broken, a pupil of a bulk
        has no birth date, or nothing says since when somebody is one."""
        source = open_oneroster(Packed(self._data, self._settings.max_bytes), self._settings.max_rows)
        reader = _Reader(source, self._settings, self._today)
        pupils, left_out = sound(reader.pupils(), "demographics.csv")
        return self._listed(
            pupils,
            complete=source.complete,
            adds=not source.complete,
            removed=frozenset(reader.removed()),
            left_out=left_out,
            understood=tuple(reader.understood),
        )


class _Reader:
    """One zip."""

    def __init__(self, source: OneRoster, settings: RosterSettings, today: date) -> None:
        self._source, self._settings, self._today = source, settings, today
        self._users = {row["sourcedid"]: row for row in source.rows("users")}
        self._roles = self._all_roles()
        self._school = self._the_school()
        self._births = self._dates("demographics", "birthdate", today)
        told = "whole" if source.complete else f"delta: {', '.join(sorted(source.deltas))}"
        self.understood = [("version", source.version), ("told", told)]
        self.understood += [(f"rows of {name}", str(len(rows))) for name, rows in source.tables.items()]

    def pupils(self) -> list[RosterPupil]:
        """Everyone with the role of a student, at this school."""
        stays, classes = self._stays()
        guardians = self._guardians()
        found, unborn = [], []
        for ident, row in self._users.items():
            if not self._roles.get(ident, set()) & set(PUPILS):
                continue
            terms = tuple(dict.fromkeys(stays.get(ident, ())))
            if self._source.complete:
                if not terms and not self._without_enrolment(row):
                    continue
                terms = terms or (self._school_year(),)
                if ident not in self._births:
                    unborn.append(Place(int(row["line"]), "birthDate", "roster_no_birth", "users.csv"))
            found.append(self._pupil(row, terms, classes.get(ident, ""), guardians.get(ident)))
        if unborn:
            raise unreadable(unborn)
        return found if self._source.complete else self._added_to(found, stays)

    def removed(self) -> list[str]:
        """Pupils that are to be deleted; in a bulk, a row that says so is as good as none."""
        if self._source.complete:
            return []
        return [row["sourcedid"] for row in self._source.gone("users")]

    # ------------------------------------------------------------------------------------------------- who is who

    def _all_roles(self) -> dict[str, set[str]]:
        """User -> roles: 1.1 has one in each row, 1.2 a table of them."""
        found: dict[str, set[str]] = {}
        for ident, row in self._users.items():
            if role := row.get("role", "").strip().lower():
                found.setdefault(ident, set()).add(role)
        for row in self._source.rows("roles"):
            ends = self._day(row.get("enddate", ""))
            if ends is None or ends > self._today:
                found.setdefault(row["usersourcedid"], set()).add(row["role"].strip().lower())
        return found

    def _the_school(self) -> str:
        """The id of the school whose pupils are meant; "" where only one has any."""
        enrolled = {row.get("schoolsourcedid", "") for row in self._source.rows("enrollments") if _is_pupils(row)} - {
            ""
        }
        orgs = {row["sourcedid"]: row for row in self._source.rows("orgs")}
        wanted = self._settings.school
        if not wanted:
            if len(enrolled) > 1:
                raise Unreadable(
                    "roster_schools", f"pupils of {len(enrolled)} schools are told", "set roster.school to one"
                )
            return ""
        for ident, row in orgs.items():
            if wanted in (ident, row.get("identifier"), row.get("name")):
                return ident
        if wanted in enrolled:
            return wanted
        raise Unreadable("roster_schools", "the school of roster.school is not told of", "see roster.school")

    def _guardians(self) -> dict[str, tuple[KnownGuardian, ...]]:
        """Pupil -> known guardians, from the children's rows and the guardians'; a pupil with an agent of whom a delta
        does not tell is left out."""
        pairs: dict[str, list[str]] = {}
        for ident, row in self._users.items():
            for agent in _split(row.get("agentsourcedids", "")):
                child, adult = (agent, ident) if self._roles.get(ident, set()) & set(GUARDIANS) else (ident, agent)
                pairs.setdefault(child, []).append(adult)
        found = {}
        for child, adults in pairs.items():
            known = [adult for adult in dict.fromkeys(adults) if adult in self._users]
            if not self._source.complete and len(known) < len(set(adults)):
                continue
            mine = [self._users[adult] for adult in known if self._roles.get(adult, set()) & set(GUARDIANS)]
            found[child] = tuple(_guardian(row) for row in mine if _name(row))
        return found

    def _pupil(
        self, row: Row, terms: tuple[Enrolment, ...], class_name: str, known: tuple[KnownGuardian, ...] | None
    ) -> RosterPupil:
        whole = self._source.complete
        return RosterPupil(
            key=row["sourcedid"],
            name=_name(row) or None,
            born=self._births.get(row["sourcedid"]),
            class_name=class_name if whole or class_name else None,
            number=_number(row) if whole or _number(row) else None,
            shielded=None,
            enrolments=terms or None,
            known=known if known is not None or not whole else (),
        )

    # ------------------------------------------------------------------------------------------------ enrolments

    def _stays(self) -> tuple[dict[str, list[Enrolment]], dict[str, str]]:
        """Pupil -> enrolments at the school, and -> the class that is called home."""
        sessions = {row["sourcedid"]: row for row in self._source.rows("academicsessions")}
        classes = {row["sourcedid"]: row for row in self._source.rows("classes")}
        begins, ends = self._dates_of("enrollments", "begindate"), self._dates_of("enrollments", "enddate")
        stays: dict[str, list[Enrolment]] = {}
        named: dict[str, tuple[bool, date, str]] = {}
        for row in self._source.rows("enrollments"):
            if not _is_pupils(row) or (self._school and row.get("schoolsourcedid") not in ("", self._school)):
                continue
            within = classes.get(row.get("classsourcedid", ""), {})
            start, end = begins.get(row["line"]), ends.get(row["line"])
            if start is None:
                terms = [sessions[one] for one in _split(within.get("termsourcedids", "")) if one in sessions]
                start = min(filter(None, (self._day(one["startdate"]) for one in terms)), default=None)
                start = start or self._school_year(int(row["line"])).starts
            # The end is the first day on which the enrolment is no more.
            stays.setdefault(row["usersourcedid"], []).append(Enrolment(start, end and end - _DAY))
            home = within.get("classtype", "").lower() == "homeroom"
            told = (home, start, within.get("title", ""))
            named[row["usersourcedid"]] = max(named.get(row["usersourcedid"], told), told)
        return stays, {ident: title for ident, (home, _, title) in named.items() if home}

    def _without_enrolment(self, row: Row) -> bool:
        """Whether a pupil without any is one all the same: where the zip tells no enrolments at all."""
        orgs = _split(row.get("orgsourcedids", "") or row.get("primaryorgsourcedid", ""))
        return "enrollments" not in self._source.tables and (not self._school or self._school in orgs)

    def _school_year(self, line: int = 0) -> Enrolment:
        starts, ends = self._settings.year_starts, self._settings.year_ends
        if starts is None:
            raise unreadable([Place(line, "beginDate", "roster_no_start", "enrollments.csv")])
        if ends is not None and ends < self._today:
            raise unreadable([Place(0, "beginDate", "roster_year_over")])
        return Enrolment(starts, ends)

    def _added_to(self, found: list[RosterPupil], stays: dict[str, list[Enrolment]]) -> list[RosterPupil]:
        """Of a delta, also those of whom it tells an enrolment, a birth date or nothing else."""
        there = {one.key for one in found}
        gone = {row["sourcedid"] for row in self._source.gone("users")}
        others = [ident for ident in dict.fromkeys([*stays, *self._births]) if ident not in there | gone]
        others = [ident for ident in others if ident not in self._users]  # a teacher's row is a teacher's
        return found + [
            RosterPupil(
                ident, None, self._births.get(ident), None, None, None, tuple(stays.get(ident, ())) or None, None
            )
            for ident in others
        ]

    # ------------------------------------------------------------------------------------------------------ dates

    def _dates_of(self, table: str, column: str) -> dict[str, date]:
        """Line -> date."""
        rows = self._source.rows(table)
        form = self._form([row.get(column, "") for row in rows], date(self._today.year + 50, 1, 1), table, column)
        return self._read(table, column, [(row["line"], row) for row in rows], form, date(self._today.year + 50, 1, 1))

    def _dates(self, table: str, column: str, latest: date) -> dict[str, date]:
        """Id -> date."""
        rows = self._source.rows(table)
        form = self._form([row.get(column, "") for row in rows], latest, table, column)
        return self._read(table, column, [(row["sourcedid"], row) for row in rows], form, latest)

    def _form(self, cells: list[str], latest: date, table: str, column: str) -> str:
        forms = form_of([cell for cell in cells if cell], latest)
        if len(forms) > 1:
            raise unreadable([Place(0, column, "roster_date_form", f"{table}.csv")])
        return forms[0] if forms else "YYYY-MM-DD"

    def _read(
        self, table: str, column: str, rows: Iterable[tuple[str, Row]], form: str, latest: date
    ) -> dict[str, date]:
        found, wrong = {}, []
        for key, row in rows:
            if cell := row.get(column, ""):
                day = read_date(cell, form, latest)
                if day is None:
                    wrong.append(Place(int(row["line"]), column, "roster_date", f"{table}.csv"))
                else:
                    found[key] = day
        if wrong:
            raise unreadable(wrong)
        return found

    def _day(self, cell: str) -> date | None:
        return read_date(cell, "YYYY-MM-DD", self._today) if cell else None


def _is_pupils(row: Row) -> bool:
    return row["role"].strip().lower() in PUPILS


def _split(cell: str) -> list[str]:
    return [one.strip() for one in cell.split(",") if one.strip()]


def _name(row: Row) -> str:
    return tidy(" ".join(row.get(part, "") for part in ("givenname", "middlename", "familyname")))


def _guardian(row: Row) -> KnownGuardian:
    email = row.get("email", "")
    username = row.get("username", "")
    return KnownGuardian(
        name=_name(row),
        number=_number(row),
        mobile=mobile_of(row.get("sms"), row.get("phone")),
        email=email or (username if "@" in username else ""),
    )


def _number(row: Row) -> str:
    """The identity number, where `identifier` or one of `userIds` is one; "" for any other identifier."""
    told = [
        value for kind, value in _IDS.findall(row.get("userids", "")) if re.search("nin|fnr|fodsel|fødsel", kind, re.I)
    ]
    for text in [row.get("identifier", ""), *told]:
        number = clean(text)
        if len(number) == 11 and number.isdigit():
            return number
    return ""
