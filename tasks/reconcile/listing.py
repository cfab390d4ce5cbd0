"""From a list's rows to the school's pupils: each row judged by the model, the rows of one pupil gathered.

Belongs here: what a row says, by a mapping. Does not belong here: files (`roster_csv`, `roster_xlsx`), names of
columns (`headers`).
"""

from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from schemas.due import Enrolment
from schemas.names import tidy
from schemas.numbers import clean
from schemas.roster import DATES, UNUSABLE, WHERE, YES, RosterRows
from schemas.settings import RosterSettings
from schemas.stations import build, misfits
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.dates import form_of, read_date
from tasks.reconcile.headers import MOST_GUARDIANS
from tasks.reconcile.mapping import TOLD, Mapping, propose
from tasks.reconcile.roster import Place, Unreadable, unreadable
from tasks.reconcile.table import Table

COLUMNS: Final = tuple(name for name in RosterRows.to_schema().columns if name != "line")
"""Ours: what a list is turned into, and what an ordinary one may call its columns."""
Cells = dict[str, str]
_TELLING: Final = frozenset({*DATES, "skjermet", "avgangselev", "elev_id", "fnr", "navn"})
"""Where a cut cell could say something else than it did: a year, nothing instead of ja."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A list, read: its pupils, the numbers that were left out, and (what, how) of how it was understood."""

    pupils: list[RosterPupil]
    left_out: list[Place]
    understood: list[tuple[str, str]]
    mapping: Mapping


def read_table(table: Table, mapping: Mapping | None, settings: RosterSettings, today: date) -> Reading:
    """The pupils of a list. Raises `Unreadable` with every place that breaks a rule, and with how it was understood."""
    at = table.header_at(mapping.wanted if mapping else ())
    if at is None:
        missing = [f"columns missing: {', '.join(mapping.wanted)}"] if mapping else ["no line names the columns"]
        raise Unreadable("roster_headers", missing[0], _HOW, understood=table.about)
    header, (rows, lines) = table.rows[at], table.below(at)
    understood = [*table.about, ("rows", str(len(rows)))]
    unused: list[str] = []
    if mapping is None:
        try:
            mapping, unused = propose(header, rows)
        except Unreadable as fault:
            found = fault.used.columns if isinstance(fault.used, Mapping) else {}
            fault.understood = (*understood, *_taken_as(found))
            raise
    reader = _Reader(table, header, mapping, settings, today)
    understood += _taken_as(mapping.columns)
    understood += [("key", " + ".join(mapping.key))] if mapping.key else []
    understood += [("not used", ", ".join(unused))] if unused else []
    try:
        pupils, left_out = reader.read(rows, lines)
    except Unreadable as fault:
        fault.understood = (*understood, *reader.forms.items())
        fault.used = mapping
        raise
    used = replace(mapping, dates=reader.dates)
    return Reading(pupils, left_out, [*understood, *reader.forms.items()], used)


_HOW: Final = "see docs/operators/roster.md"


def _taken_as(columns: Dict[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(name, " + ".join(names)) for name, names in columns.items()]


class _Reader:
    """One table under one mapping. `forms`: what was found out of it, for people; `dates`: ours -> form."""

    def __init__(
        self, table: Table, header: list[str], mapping: Mapping, settings: RosterSettings, today: date
    ) -> None:
        self._table, self._header, self._mapping, self._settings = table, header, mapping, settings
        self._today = today
        self.forms: dict[str, str] = {}
        self.dates: dict[str, str] = {}
        twice = sorted({name for name in mapping.wanted if header.count(name) > 1})
        if twice:
            raise Unreadable("roster_headers", f"twice: {', '.join(twice)}", _HOW, understood=table.about)
        self._at = {ours: [header.index(name) for name in names] for ours, names in mapping.columns.items()}

    def read(self, rows: Sequence[list[str]], lines: Sequence[int]) -> tuple[list[RosterPupil], list[Place]]:
        """Pupils, and numbers that were left out."""
        used = {at for places in self._at.values() for at in places}
        unread = [
            self._table.place(line, at, code, self._header) for line, at, code in self._table.unread if at in used
        ]
        if unread:
            raise unreadable(unread)
        last = {ours for ours, places in self._at.items() if len(self._header) - 1 in places}
        if self._table.open_end and last & _TELLING:
            said = "the last line has no end, so its last cell may be cut"
            raise Unreadable("roster_broken", said, "export it again, or end it with a line break")
        cells, origin = self._cells(rows)
        where = [lines[at] for at in origin]
        columns = {name: [row.get(name) or None for row in cells] for name in COLUMNS}
        frame = build(RosterRows, line=where, **columns)
        places = []
        for misfit in misfits(RosterRows, frame):
            ours = misfit.column or WHERE[misfit.rule]
            places.append((misfit.row, ours, self._place(where[misfit.row], ours, misfit.rule)))
        broken = [place for _, _, place in places if place.code not in UNUSABLE]
        if broken:
            raise unreadable(list(dict.fromkeys(broken)))
        for at, ours, _ in places:
            cells[at][ours] = ""
        return gather([_pupil(row, "skjermet" in self._at) for row in cells]), [place for _, _, place in places]

    def _cells(self, rows: Sequence[list[str]]) -> tuple[list[Cells], list[int]]:
        """Every row by our names, dates as year-month-day; a third and fourth guardian, or one that has a row, as a row
        of its own beside it. And the row that each came from."""
        dates = {name: self._dates(name, rows) for name in DATES if name in self._at}
        found: list[Cells] = []
        origin: list[int] = []
        for at, row in enumerate(rows):
            cells = {name: self._joined(name, row) for name in self._at}
            cells |= {name: days[at] for name, days in dates.items()}
            cells["elev_id"] = self._key(cells, at)
            if not cells.get("start"):
                cells |= self._school_year(at) if any(cells.values()) else {}
            for turned in _by_two(cells):
                found.append(turned)
                origin.append(at)
        return found, origin

    def _joined(self, name: str, row: list[str]) -> str:
        parts = [row[at] for at in self._at[name] if at < len(row)]
        told = name.rpartition("_")[2]
        if told == "navn":
            return tidy(" ".join(filter(None, parts)))
        if told == "fnr" and len(parts) > 1:
            return self._number(parts)
        if told == "adresse" and len(parts) > 1:  # street, then post code and place
            return ", ".join(filter(None, (parts[0], " ".join(filter(None, parts[1:])))))
        return parts[0] if parts else ""

    def _number(self, parts: list[str]) -> str:
        """Six digits or a date, and five; as they stand: a lost zero is told, never put back."""
        first = parts[0]
        if not first.isdigit():
            day = next((read_date(first, form, self._today) for form in ("DD.MM.YYYY", "YYYY-MM-DD", "DD.MM.YY")
                        if read_date(first, form, self._today)), None)  # fmt: skip
            first = day.strftime("%d%m%y") if day else first
        return "".join([first, *parts[1:]])

    def _dates(self, name: str, rows: Sequence[list[str]]) -> list[str]:
        """A column of dates, as year-month-day; a cell that is none stays as it is, for the rule to find."""
        at = self._at[name][0]
        cells = [row[at] if at < len(row) else "" for row in rows]
        latest = self._today if name == "født" else self._today.replace(year=self._today.year + 50, day=1)
        form = self._mapping.dates.get(name)
        if form is None:
            forms = form_of([cell for cell in cells if cell], latest)
            if len(forms) > 1:
                place = self._table.place(0, at, "roster_date_form", self._header)
                raise Unreadable("roster_date_form", f"{place} ({' or '.join(forms)})", _HOW, [place])
            form = forms[0] if forms else ""
        if not form:
            return cells
        self.forms[f"dates in {self._header[at]}"] = self.dates[name] = form
        days = [read_date(cell, form, latest) for cell in cells]
        return [day.isoformat() if day else cell for day, cell in zip(days, cells, strict=True)]

    def _key(self, cells: Cells, at: int) -> str:
        names = self._mapping.key or ("elev_id",)
        parts = [cells.get(name, "") for name in names]
        if not all(parts) or names == ("elev_id",):
            return "" if not all(parts) else parts[0]
        if "fnr" in names and len(clean(cells["fnr"])) != 11:
            return ""
        return "|".join(clean(part) if name == "fnr" else part for name, part in zip(names, parts, strict=True))

    def _school_year(self, at: int) -> Cells:
        """The enrolment of a list that does not say: the school year of the settings, or a question."""
        starts, ends = self._settings.year_starts, self._settings.year_ends
        if "start" in self._at or starts is None:
            return {}
        if ends is not None and ends < self._today:
            raise unreadable([Place(0, "start", "roster_year_over")])
        self.forms["enrolments"] = f"from {starts}" + (f" to {ends}" if ends else ", open") + " (roster.year_starts)"
        return {
            "start": starts.isoformat(),
            **({"slutt": ends.isoformat()} if ends and "slutt" not in self._at else {}),
        }

    def _place(self, line: int, ours: str, code: str) -> Place:
        """By the list's own name of the column, where it has one."""
        if code == "roster_incomplete" and ours == "start" and "start" not in self._at:
            return Place(0, "start", "roster_no_start")
        if code == "roster_incomplete" and ours == "elev_id" and self._mapping.key:
            names = [name for key in self._mapping.key for name in self._mapping.columns[key]]
            return Place(line, " + ".join(names), "roster_key")
        mine = self._mapping.columns.get(ours) or self._mapping.columns.get(ours.replace("1", "", 1)) or (ours,)
        return Place(line, " + ".join(mine), code)


def _by_two(cells: Cells) -> list[Cells]:
    """The row with its first two guardians, and one more of the same for the third and fourth."""
    prefixes = [f"foresatt{n}_" for n in ("", *range(1, MOST_GUARDIANS + 1))]
    told = [{name: cells.get(prefix + name, "") for name in TOLD} for prefix in prefixes if cells.get(prefix + "navn")]
    plain = {name: value for name, value in cells.items() if not name.startswith("foresatt")}
    groups = [told[at : at + 2] for at in range(0, len(told), 2)] or [[]]
    return [
        plain | {f"foresatt{n}_{name}": value for n, one in enumerate(group, 1) for name, value in one.items()}
        for group in groups
    ]


def _pupil(row: Cells, says_shielded: bool) -> RosterPupil:
    """One checked row."""

    def day(column: str) -> date | None:
        return date.fromisoformat(row[column]) if row.get(column) else None

    stay = Enrolment(
        starts=date.fromisoformat(row["start"]),
        ends=day("slutt"),
        interrupted=day("avbrudd"),
        final_year=row.get("avgangselev", "").lower() in YES,
    )
    known = tuple(
        KnownGuardian(
            name=row[f"foresatt{n}_navn"],
            number=row[f"foresatt{n}_fnr"],
            mobile=row[f"foresatt{n}_mobil"],
            email=row[f"foresatt{n}_epost"],
            address=row[f"foresatt{n}_adresse"],
        )
        for n in (1, 2)
        if row.get(f"foresatt{n}_navn")
    )
    return RosterPupil(
        key=row["elev_id"],
        name=row["navn"],
        born=date.fromisoformat(row["født"]),
        class_name=row.get("klasse", ""),
        number=row.get("fnr", ""),
        shielded=row.get("skjermet", "").lower() in YES if says_shielded else None,
        enrolments=(stay,),
        known=known,
    )


def gather(rows: Sequence[RosterPupil]) -> list[RosterPupil]:
    """The rows of each pupil as one: enrolments add up, protection in any is protection, and name, class and guardians
    are those of the latest enrolment; where that has several rows, all their guardians. The order of rows is of no
    account, and a row that stands twice counts once."""
    found: dict[str, list[RosterPupil]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return [mine[0] if len(mine) == 1 else _one(mine) for mine in found.values()]


def _one(rows: list[RosterPupil]) -> RosterPupil:
    def began(row: RosterPupil) -> Any:
        return max(term.starts for term in row.enrolments or ())

    latest = max(map(began, rows))
    newest = [row for row in rows if began(row) == latest]
    known = dict.fromkeys(one for row in newest for one in row.known or ()) or dict.fromkeys(
        one for row in sorted(rows, key=began) for one in row.known or ()
    )
    marks = [row.shielded for row in rows if row.shielded is not None]
    return replace(
        max(newest, key=lambda row: (row.class_name or "", row.name or "")),
        number=max(row.number or "" for row in newest),
        shielded=any(marks) if marks else None,
        enrolments=tuple(dict.fromkeys(term for row in rows for term in row.enrolments or ())),
        known=tuple(known),
    )
