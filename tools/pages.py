#!/usr/bin/env python3
"""Writes the pages that only repeat what the code says: the reasons for stewards, the settings for operators.

`make docs` runs it; `tests/test_docs.py` fails while a page is not what this would write. Does not belong here: words
of its own beyond a page's head. What a reason or a setting means is said where it is declared.
"""

import ast
import inspect
import types
import typing
from pathlib import Path
from typing import Any, Final

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schemas.reasons import CATALOGUE, Reason
from schemas.settings import Section, Settings

ROOT: Final = Path(__file__).parents[1]
LANGUAGES: Final = (("nb", "bokmål"), ("nn", "nynorsk"), ("en", "English"))
SEVERITY: Final = {
    "reject": "rejected: cannot be used as it is",
    "review": "a person decides",
    "warn": "goes on, without that field or with a note",
    "info": "told only; nothing to do",
}
FIELDS: Final = {
    "fnr": "The number",
    "name": "The name",
    "mobile": "The mobile",
    "email": "The e-mail address",
    "pupil": "The pupil",
    "link": "Guardian and pupil",
    "refusal": "A refusal",
    "consent": "A consent",
    "document": "The document",
    "system": "The system",
}

REASONS_HEAD: Final = """\
# The reasons, in three languages

This page is made from `schemas/reasons.py` by `make docs`. Change the words there.

A reason is a code that stands beside an outcome. `foresatt submissions --reason CODE` lists everything that has it, and
`foresatt show ID` says it in the language of the settings. The words hold no value and name nobody, so they may be
read out on the telephone. To a guardian, quote only reasons whose owner is the guardian, and only those of their own
column: nothing about the pupil, the other guardian, or what the school knows.

| code | in short | what follows | owner |
|---|---|---|---|
"""
SETTINGS_HEAD: Final = """\
# Settings

This page is made from `schemas/settings.py` by `make docs`. Change the words there.

Settings stand in a TOML file with the sections below. `foresatt init` writes one with comments into the home. Every
setting can also come from the environment, which wins over the file; its variable stands in the table. A key that does
not exist is an error, and the message names the key, never a value.

| what | looked for in this order |
|---|---|
| the home | `--home`, `FORESATT_HOME`, `home` in the settings file (relative to that file), `~/.local/share/foresatt` |
| the settings file | `--config`, `FORESATT_CONFIG`, then `foresatt.toml`: in the home where one is named, else in the \
working folder, in `~/.config/foresatt`, in the home |

All other relative paths are relative to the folder in which the command runs, so write them in full.

Secrets never stand in the file: a setting names the file or the variable that holds one.
"""


def pages() -> dict[str, str]:
    """Each page's whole text, by its path below the root."""
    return {"docs/stewards/reasons.md": reasons_page(), "docs/operators/settings.md": settings_page()}


def reasons_page() -> str:
    """The catalogue: an index, then every reason in every language."""
    raised = words_in_code()
    lines = [REASONS_HEAD.rstrip("\n")]
    for code, one in CATALOGUE.items():
        lines.append(f"| [`{code}`](#{code}) | {one.text['en']} | {_follows(one)} | {one.owner} |")
    seen = ""
    for code, one in CATALOGUE.items():
        if one.field != seen:
            seen = one.field
            lines += ["", f"## {FIELDS[one.field]}"]
        lines += ["", *_reason(one, code in raised)]
    return "\n".join(lines) + "\n"


def _reason(one: Reason, raised: bool) -> list[str]:
    spare = "" if raised else " Nothing in this version raises it yet."
    rows = [f"| {name} | {one.text[key]} | {one.next_step[key]} |" for key, name in LANGUAGES]  # type: ignore[index]
    head = [f"### {one.code}", "", f"{_follows(one).capitalize()}. Owner: {one.owner}.{spare}", ""]
    return [*head, "| | what it says | what to do |", "|---|---|---|", *rows]


def _follows(one: Reason) -> str:
    whole = one.field == "document" and one.severity == "reject"
    return "unreadable: a new one is needed" if whole else SEVERITY[one.severity]


def words_in_code() -> set[str]:
    """Every string constant in the rooms that can raise a reason."""
    found: set[str] = set()
    for folder in ("schemas", "store", "tasks", "flows"):
        for file in (ROOT / folder).rglob("*.py"):
            if file.name != "reasons.py":
                nodes = ast.walk(ast.parse(file.read_text("utf-8")))
                found |= {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def settings_page() -> str:
    """Every section and every key, with default, bounds, variable and meaning."""
    top = {name: field for name, field in Settings.model_fields.items() if not _section(field)}
    lines = [SETTINGS_HEAD, "## Above all sections", "", *_table(top, "")]
    for name, field in Settings.model_fields.items():
        section = _section(field)
        if section is not None:
            lines += ["", f"## [{name}]", "", inspect.getdoc(section) or "", "", *_table(section.model_fields, name)]
    return "\n".join(lines) + "\n"


def _section(field: FieldInfo) -> type[Section] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _table(fields: dict[str, FieldInfo], section: str) -> list[str]:
    rows = ["| key | takes | default | means | variable |", "|---|---|---|---|---|"]
    for name, field in fields.items():
        variable = "_".join(part.upper() for part in ("foresatt", section, name) if part)
        default = _plain(field.default)
        means = field.description or ""
        rows.append(f"| `{name}` | {_kind(field)} | {default} | {means} | `{variable}` |")
    return rows


def _plain(value: Any) -> str:
    if value is PydanticUndefined or value is None or value == "":
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value}`"


def _kind(field: FieldInfo) -> str:
    """What may be written, in words."""
    bounds = [*field.metadata]
    kinds = typing.get_args(field.annotation) if _is_union(field.annotation) else (field.annotation,)
    words = []
    for kind in kinds:
        if typing.get_origin(kind) is typing.Annotated:
            kind, *more = typing.get_args(kind)
            bounds += [limit for info in more for limit in getattr(info, "metadata", [info])]
        if typing.get_origin(kind) is typing.Literal:
            words += [f"`{one}`" for one in typing.get_args(kind)]
        elif kind is not type(None):
            words.append(_word(kind))
    told = " or ".join(words)
    limits = [f"over {b.gt}" for b in bounds if isinstance(b, Gt)]
    limits += [f"from {b.ge}" for b in bounds if isinstance(b, Ge)] + [
        f"to {b.le}" for b in bounds if isinstance(b, Le)
    ]
    return f"{told}, {' '.join(limits)}" if limits else told


def _is_union(kind: Any) -> bool:
    return typing.get_origin(kind) in (typing.Union, types.UnionType)


def _word(kind: Any) -> str:
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Path: "path"}
    if kind in names:
        return names[kind]
    return "list of text" if typing.get_origin(kind) is tuple else "date"


def main() -> None:
    """Write every page that is not what it should be."""
    for name, told in pages().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text("utf-8") != told:
            path.write_text(told, "utf-8")


if __name__ == "__main__":
    main()
