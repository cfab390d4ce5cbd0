"""The roster as a CSV file: semicolons, UTF-8, one row an enrolment, up to two known guardians in columns."""

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Final

from schemas.due import Enrolment
from schemas.errors import UsageFault
from store.people import KnownGuardian, RosterPupil

PUPIL: Final = ("elev_id", "navn", "født", "klasse", "start", "slutt", "avbrudd", "avgangselev", "skjermet", "fnr")
GUARDIAN: Final = ("navn", "fnr", "mobil", "epost", "adresse")
HEADERS: Final = PUPIL + tuple(f"foresatt{n}_{column}" for n in (1, 2) for column in GUARDIAN)
YES: Final = frozenset({"ja", "j", "1", "x", "true", "yes"})
NO: Final = frozenset({"nei", "n", "0", "", "false", "no"})


class CsvRoster:
    """`data` is the whole file; nothing is kept but what `read` returns."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> list[RosterPupil]:
        """Every pupil, enrolments of the same `elev_id` gathered from its rows."""
        try:
            content = self._data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageFault("roster_encoding", "the roster is not UTF-8", "save it as CSV UTF-8") from None
        rows = csv.DictReader(io.StringIO(content, newline=""), delimiter=";", strict=True)
        missing = [name for name in HEADERS if name not in (rows.fieldnames or ())]
        if missing:
            raise UsageFault("roster_headers", f"columns missing: {', '.join(missing)}", "see docs/operators/roster.md")
        found: dict[str, RosterPupil] = {}
        try:
            for row in rows:
                if None in row or None in row.values():  # a cell too many, or a list that was cut off
                    raise csv.Error
                told = _pupil({k: v.strip() for k, v in row.items()}, rows.line_num)
                earlier = found.get(told.key)
                found[told.key] = _gathered(earlier, told, rows.line_num) if earlier else told
        except csv.Error:
            raise UsageFault("roster_broken", f"line {rows.line_num} is not proper CSV", "export it again") from None
        return list(found.values())


def _gathered(earlier: RosterPupil, told: RosterPupil, line: int) -> RosterPupil:
    """Two rows of one pupil: the later one holds, the enrolments add up, and protection in either is protection."""
    if earlier.born != told.born:
        raise UsageFault("roster_contradicts", f"line {line}, column født: another date than the same elev_id before")
    shielded, terms = earlier.shielded or told.shielded, (*earlier.enrolments, *told.enrolments)
    return replace(told, shielded=shielded, enrolments=terms, known=told.known or earlier.known)


def _pupil(row: dict[str, str], line: int) -> RosterPupil:
    def day(column: str) -> date | None:
        try:
            return date.fromisoformat(row[column]) if row[column] else None
        except ValueError:
            raise UsageFault("roster_date", f"line {line}, column {column}: not a date like 2026-08-17") from None

    def yes(column: str) -> bool:
        if row[column].lower() in YES | NO:
            return row[column].lower() in YES
        raise UsageFault("roster_yes_no", f"line {line}, column {column}: neither ja nor nei")

    born, starts = day("født"), day("start")
    if not row["elev_id"] or not row["navn"] or born is None or starts is None:
        raise UsageFault("roster_incomplete", f"line {line}: elev_id, navn, født and start must be filled in")
    term = Enrolment(starts, day("slutt"), day("avbrudd"), yes("avgangselev"))
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
    return RosterPupil(row["elev_id"], row["navn"], born, row["klasse"], row["fnr"], yes("skjermet"), (term,), known)
