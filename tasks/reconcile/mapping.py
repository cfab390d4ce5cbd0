"""The mapping: which column of a list is which of ours; proposed from the names, saved by name, edited by hand.

It holds names of columns and ways of writing, never a value. Kept as TOML in the home's folder `mappings`. Does not
belong here: what the names mean (`headers`), reading by a mapping (`listing`).
"""

import json
import re
import tomllib
from collections.abc import Mapping as Dict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from schemas.errors import UsageFault
from schemas.roster import DATES, RosterRows
from store.home import replace_file
from tasks.reconcile.dates import FORMS
from tasks.reconcile.headers import MOST_GUARDIANS, meanings
from tasks.reconcile.roster import Unreadable

NAME: Final = re.compile(r"[a-z0-9æøå][a-z0-9æøå_-]{0,39}")
PARTS: Final = ("navn", "fnr", "adresse")
"""Ours that may be put together of several columns."""
PUPILS: Final = tuple(name for name in RosterRows.to_schema().columns if name != "line" and not name.startswith("for"))
TOLD: Final = ("navn", "fnr", "mobil", "epost", "adresse")
TARGETS: Final = (
    *PUPILS,
    *(f"foresatt{n}_{name}" for n in ("", *range(1, MOST_GUARDIANS + 1)) for name in TOLD),
)
"""Every name that a mapping may give a column. Without a number: the list has a row for each guardian of a pupil."""
KEYS: Final = ("elev_id", "fnr")
"""What tells pupils apart, the better one first."""
_KEY: Final = "elev_id (or fnr)"
_BY_NAME: Final = 'key = ["navn", "født"]'


@dataclass(frozen=True, slots=True)
class Mapping:
    """Ours -> the list's names of the columns, several where they are put together. `dates`: ours -> form. Of the file:
    `separator`, `encoding`, `sheet`; empty ones are found out. `key`: the columns that tell pupils apart, where that is
    not `elev_id`."""

    columns: Dict[str, tuple[str, ...]]
    dates: Dict[str, str] = field(default_factory=dict)
    separator: str = ""
    encoding: str = ""
    sheet: str = ""
    key: tuple[str, ...] = ()

    @property
    def wanted(self) -> list[str]:
        """Every column of the list that is used."""
        return [name for names in self.columns.values() for name in names]


def propose(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> tuple[Mapping, list[str]]:
    """The mapping that the names suggest, and the names that are not used. `rows` tell whether a number is whole or
    stands in two columns. Raises `Unreadable` where two columns might be the same of ours, or where one that must be
    there is not."""
    found = meanings(header)
    twice = {name: places for name, places in found.items() if len(places) > 1}
    columns = {name: tuple(header[at] for at in places) for name, places in found.items()}
    for prefix in ("", *(f"foresatt{n}_" for n in ("", *range(1, MOST_GUARDIANS + 1)))):
        if prefix + "født" in columns and _last_five(columns.get(prefix + "fnr", ()), header, rows):
            columns[prefix + "fnr"] = columns[prefix + "født"] + columns[prefix + "fnr"]
        if prefix + "etternavn" in columns and prefix + "fornavn" in columns:
            parts = [columns.get(prefix + part, ()) for part in ("fornavn", "mellomnavn", "etternavn")]
            columns[prefix + "navn"] = tuple(name for part in parts for name in part)
        elif prefix + "navn" not in columns and prefix + "etternavn" in columns:
            columns[prefix + "navn"] = columns[prefix + "etternavn"]
        for part in ("etternavn", "fornavn", "mellomnavn"):
            columns.pop(prefix + part, None)
        place = [name for part in ("postnr", "poststed") for name in columns.pop(prefix + part, ())]
        if prefix and prefix + "adresse" in columns:
            columns[prefix + "adresse"] += tuple(place)
    told = {name: names for name, names in columns.items() if name in TARGETS}
    missing = [name for name in ("navn", "født") if name not in told]
    if not any(name in told for name in KEYS):
        missing.insert(0, _KEY)
    if missing or twice:
        fault = _complaint(missing, {name: [header[at] for at in places] for name, places in twice.items()})
        fault.used = Mapping(told)
        raise fault
    key = () if "elev_id" in told else ("fnr",)
    used = {name for names in told.values() for name in names}
    return Mapping(told, key=key), [name for name in header if name and name not in used]


def _last_five(names: Sequence[str], header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether this column holds the last five digits of numbers (the first six stand with the birth date)."""
    at = header.index(names[0]) if len(names) == 1 else len(header)
    filled = [row[at] for row in rows if at < len(row) and row[at]]
    whole = sum(len(cell) == 5 for cell in filled)
    return 2 * whole > len(filled) and all(re.fullmatch("[0-9]{1,5}", cell) for cell in filled)


def _complaint(missing: Sequence[str], twice: Dict[str, Sequence[str]]) -> Unreadable:
    said = [f"columns missing: {', '.join(missing)}"] if missing else []
    said += [f"twice: {name} ({', '.join(names)})" for name, names in twice.items()]
    next_step = "name the columns in a mapping (--save-mapping NAME writes one to edit): see docs/operators/roster.md"
    if missing == [_KEY]:
        next_step = f"ask for a list with an id, or say {_BY_NAME} in a saved mapping: see docs/operators/roster.md"
    return Unreadable("roster_headers", "; ".join(said), next_step)


# ----------------------------------------------------------------------------------------------------- saved mappings


def load(folder: Path, name: str) -> Mapping:
    """The mapping saved as `name`. Raises `UsageFault` where there is none, or where it says what cannot be."""
    file = _file(folder, name)
    try:
        told = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        there = ", ".join(names(folder)) or "none"
        raise UsageFault("no_mapping", f"there is no mapping of that name; there are: {there}", _HOW) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise UsageFault("mapping_wrong", "the mapping's file is not valid TOML", _HOW) from None
    return _mapping(told)


def _mapping(told: dict[str, Any]) -> Mapping:
    of_file, columns, dates = told.pop("file", {}), told.pop("columns", {}), told.pop("dates", {})
    key = told.pop("key", [])
    sections = (of_file, columns, dates)
    if told or not all(isinstance(one, dict) for one in sections) or not _names(key):
        raise UsageFault("mapping_wrong", f"a mapping has no {', '.join(told) or 'such sections'}", _HOW)
    columns = {name: [value] if isinstance(value, str) else value for name, value in columns.items()}
    wrong = [name for name, value in columns.items() if name not in TARGETS or not _names(value) or not value]
    wrong += [
        name for name, value in columns.items() if isinstance(value, list) and len(value) > 1 and not _joins(name)
    ]
    wrong += [name for name, form in dates.items() if name not in (*DATES, "fnr") or form not in FORMS]
    wrong += [name for name, value in of_file.items() if name not in _OF_FILE or not isinstance(value, str)]
    wrong += [name for name in key if name not in columns]
    if wrong:
        raise UsageFault("mapping_wrong", f"the mapping says what cannot be of: {', '.join(map(str, wrong))}", _HOW)
    listed = {name: tuple(value) for name, value in columns.items()}
    needed = [name for name in ("navn", "født") if name not in listed]
    if needed or not (key or any(name in listed for name in KEYS)):
        raise _complaint(needed or [_KEY], {})
    return Mapping(listed, dates, **of_file, key=tuple(key) if key else () if "elev_id" in listed else ("fnr",))


def _names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _joins(name: str) -> bool:
    return name.rpartition("_")[2] in PARTS


_OF_FILE: Final = ("separator", "encoding", "sheet")
_HOW: Final = "see docs/operators/roster.md"


def names(folder: Path) -> list[str]:
    """The saved mappings."""
    return sorted(file.stem for file in folder.glob("*.toml")) if folder.is_dir() else []


def save(folder: Path, name: str, mapping: Mapping) -> Path:
    """Save it, in place of what had the name; returns the file."""
    file = _file(folder, name)
    folder.mkdir(mode=0o700, exist_ok=True)
    replace_file(file, as_toml(mapping).encode())
    return file


def _file(folder: Path, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise UsageFault("mapping_name", "a mapping's name is a word of small letters, digits, - and _", _HOW)
    return folder / f"{name}.toml"


def as_toml(mapping: Mapping) -> str:
    """As it is saved."""
    lines = [
        "# Which column of the school's list is which of ours (left): names of columns, nothing that stands in them.",
        '# Ours: docs/operators/roster.md. Several columns that make one: navn = ["Fornavn", "Etternavn"].',
    ]
    if mapping.key:
        lines += ["", f"key = {_toml(mapping.key)}   # what tells pupils apart, where the list has no id of its own"]
    elif not any(name in mapping.columns for name in KEYS):
        lines += ["", f"# {_BY_NAME}   # tells pupils apart, where no two share both; an id of the school's is better"]
    lines += ["", "[file]   # found out where left away"]
    of_file = [(name, getattr(mapping, name)) for name in _OF_FILE]
    lines += [f"{name} = {_toml(value)}" for name, value in of_file if value]
    lines += ["", "[columns]"]
    for name in (name for name in TARGETS if name in mapping.columns):
        columns = mapping.columns[name]
        lines.append(f"{_key(name)} = {_toml(columns[0] if len(columns) == 1 else columns)}")
    lines += ["", f"[dates]   # {', '.join(FORMS)}; found out where left away"]
    lines += [f"{_key(name)} = {_toml(form)}" for name, form in mapping.dates.items()]
    return "\n".join(lines) + "\n"


def _toml(value: str | Sequence[str]) -> str:
    """A TOML string is a JSON string."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.isascii() else json.dumps(name, ensure_ascii=False)
