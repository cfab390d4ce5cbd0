"""The roster as a CSV file: semicolons, UTF-8, one row an enrolment, up to two known guardians in columns."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from schemas.due import Enrolment
from schemas.errors import UsageFault
from schemas.roster import UNUSABLE, WHERE, YES, RosterRows
from schemas.stations import build, misfits
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile.roster import Listed, Place, unreadable

HEADERS: Final = tuple(name for name in RosterRows.to_schema().columns if name != "line")
Row = Mapping[str, str]


class CsvRoster:
    """`data` is the whole file; nothing is kept but what `read` returns. `mark`: see `Listed`."""

    kind = "csv"

    def __init__(self, data: bytes, mark: str = "") -> None:
        self._data, self._mark = data, mark

    def read(self, since: str = "") -> Listed:
        """Every pupil, enrolments of the same `elev_id` gathered from its rows; numbers that are none are left out.
        Raises `Unreadable` with the first broken rule's code, naming line and column of every one."""
        rows, lines = self._rows()
        columns = {name: [row[name] or None for row in rows] for name in HEADERS}
        frame = build(RosterRows, line=lines, **columns)
        places = [(m.row, Place(lines[m.row], m.column or WHERE[m.rule], m.rule)) for m in misfits(RosterRows, frame)]
        broken = [place for _, place in places if place.code not in UNUSABLE]
        if broken:
            raise unreadable(broken)
        for at, place in places:
            rows[at] = {**rows[at], place.column: ""}
        found: dict[str, RosterPupil] = {}
        for row in rows:
            pupil = _pupil(row)
            earlier = found.get(pupil.key)
            found[pupil.key] = _gathered(earlier, pupil) if earlier else pupil
        left_out = tuple(place for _, place in places)
        digest = hashlib.sha256(self._data).digest()
        return Listed(self.kind, digest, list(found.values()), mark=self._mark, left_out=left_out)

    def _rows(self) -> tuple[list[Row], list[int]]:
        """The rows that hold anything, cells trimmed, and the line in which each ends."""
        try:
            content = self._data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageFault("roster_encoding", "the roster is not UTF-8", "save it as CSV UTF-8") from None
        reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=";", strict=True)
        found: list[Row] = []
        lines: list[int] = []
        try:
            _check_headers(reader.fieldnames or ())
            for row in reader:
                if None in row or None in row.values():  # a cell too many, or a list that was cut off
                    raise csv.Error
                cells = {name: row[name].strip() for name in HEADERS}
                if any(cells.values()):  # spreadsheets leave lines of nothing but separators
                    found.append(cells)
                    lines.append(reader.line_num)
        except csv.Error:
            raise UsageFault("roster_broken", f"line {reader.line_num} is not proper CSV", "export it again") from None
        return found, lines


def _check_headers(names: Sequence[str]) -> None:
    missing = [name for name in HEADERS if name not in names]
    twice = [name for name in HEADERS if names.count(name) > 1]
    if missing or twice:
        told = [f"columns missing: {', '.join(missing)}"] * bool(missing) + [f"twice: {', '.join(twice)}"] * bool(twice)
        raise UsageFault("roster_headers", "; ".join(told), "see docs/operators/roster.md")


def _gathered(earlier: RosterPupil, told: RosterPupil) -> RosterPupil:
    """Two rows of one pupil: the later one holds, the enrolments add up, and protection in either is protection."""
    shielded = earlier.shielded or told.shielded
    terms = tuple(dict.fromkeys((*(earlier.enrolments or ()), *(told.enrolments or ()))))
    return replace(told, shielded=shielded, enrolments=terms, known=told.known or earlier.known)


def _pupil(row: Row) -> RosterPupil:
    """One checked row."""

    def day(column: str) -> date | None:
        return date.fromisoformat(row[column]) if row[column] else None

    stay = Enrolment(
        starts=date.fromisoformat(row["start"]),
        ends=day("slutt"),
        interrupted=day("avbrudd"),
        final_year=row["avgangselev"].lower() in YES,
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
        if row[f"foresatt{n}_navn"]
    )
    return RosterPupil(
        key=row["elev_id"],
        name=row["navn"],
        born=date.fromisoformat(row["født"]),
        class_name=row["klasse"],
        number=row["fnr"],
        shielded=row["skjermet"].lower() in YES,
        enrolments=(stay,),
        known=known,
    )
