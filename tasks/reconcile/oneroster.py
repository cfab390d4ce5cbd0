"""A OneRoster zip taken apart: the manifest, and the rows of its tables by their standard names.

Versions 1.1 and 1.2, tolerant as they are met: a folder around the files, `file.systemName` for
`source.systemName`, old column names, more columns than the standard has. Does not belong here: who is a pupil
(`roster_oneroster`). Source: the column tables of OneRoster 1.1 and 1.2.
"""

from dataclasses import dataclass, field
from typing import Final

from tasks.reconcile.packed import Packed
from tasks.reconcile.roster import Unreadable
from tasks.reconcile.roster_csv import csv_table

Row = dict[str, str]
NEEDED: Final = {
    "users": ("sourcedid", "givenname", "familyname"),
    "enrollments": ("usersourcedid", "role"),
    "demographics": ("sourcedid", "birthdate"),
    "roles": ("usersourcedid", "role"),
    "orgs": ("sourcedid", "name"),
    "classes": ("sourcedid", "title"),
    "academicsessions": ("sourcedid", "startdate", "enddate"),
}
"""The tables that are read, and the columns without which they say nothing."""
_OLD: Final = {
    "agents": "agentsourcedids",
    "userid": "userids",
    "orgsourcedid": "orgsourcedids",
    "user": "usersourcedid",
    "school": "schoolsourcedid",
    "class": "classsourcedid",
    "terms": "termsourcedids",
    "termsourcedid": "termsourcedids",
    "dob": "birthdate",
}
"""Names that columns have had; used where the standard's own is not there."""
GONE: Final = "tobedeleted"


@dataclass(frozen=True, slots=True)
class OneRoster:
    """The tables that were there: rows by small-lettered column names, with `line`. `deltas`: the tables of which only
    what changed is told; with any of them the whole is no complete roster."""

    version: str
    tables: dict[str, list[Row]] = field(repr=False)
    deltas: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether it names everybody."""
        return not self.deltas

    def rows(self, name: str) -> list[Row]:
        """A table's rows that are not to be deleted; none where it is absent."""
        return [row for row in self.tables.get(name, []) if row.get("status", "").lower() != GONE]

    def gone(self, name: str) -> list[Row]:
        """The rows that are to be deleted."""
        return [row for row in self.tables.get(name, []) if row.get("status", "").lower() == GONE]


def open_oneroster(packed: Packed, most_rows: int) -> OneRoster:
    """Everything of the zip that is read. Raises `Unreadable` where a table that the manifest promises is not there, or
    one is cut off or lacks a column."""
    files = {name.rpartition("/")[2].lower(): name for name in packed.names}
    told = _manifest(packed, files, most_rows)
    tables, deltas = {}, set()
    for name, needed in NEEDED.items():
        how = told.get(f"file.{name}", "").lower()
        file = files.get(f"{name}.csv")
        if how == "absent" or (file is None and how in ("", "absent")):
            continue
        if file is None:
            raise Unreadable(
                "roster_broken", f"the manifest promises {name}.csv, which is not there", "export it again"
            )
        tables[name] = _rows(packed.read(file), f"{name}.csv", needed, most_rows)
        if how == "delta":
            deltas.add(name)
    if "users" not in tables:
        raise Unreadable("roster_broken", "there is no users.csv", "export it again")
    version = told.get("oneroster.version", "") or ("1.2" if "roles" in tables else "1.1")
    return OneRoster(version, tables, frozenset(deltas))


def _manifest(packed: Packed, files: dict[str, str], most_rows: int) -> dict[str, str]:
    if "manifest.csv" not in files:
        return {}
    table = csv_table(packed.read(files["manifest.csv"]), "", ",", most_rows, "manifest.csv")
    return {row[0].strip().lower(): row[1].strip() for row in table.rows if len(row) > 1}


def _rows(data: bytes, file: str, needed: tuple[str, ...], most_rows: int) -> list[Row]:
    table = csv_table(data, "", ",", most_rows, file)
    if not table.rows:
        raise Unreadable("roster_broken", f"{file} is empty: not even its columns are named", "export it again")
    header = [cell.lower().replace(" ", "") for cell in table.rows[0]]
    header = [_OLD[name] if name in _OLD and _OLD[name] not in header else name for name in header]
    missing = [name for name in needed if name not in header]
    if missing:
        raise Unreadable("roster_headers", f"{file}, columns missing: {', '.join(missing)}", "export it again")
    rows, lines = table.below(0)
    return [{**dict(zip(header, row, strict=True)), "line": str(line)} for row, line in zip(rows, lines, strict=True)]
