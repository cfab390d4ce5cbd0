#!/usr/bin/env python3
"""Writes docs/stewards/fields.md: every column and rule of the frames between the steps, from their models.

`make docs` runs it; `tests/test_fields_page.py` fails while the page is not what this would write. Does not belong
here: what a column or a rule means, which is said where it is declared.
"""

from pathlib import Path
from typing import Any, Final

from schemas.frames import STATIONS
from schemas.reasons import CATALOGUE
from schemas.roster import UNUSABLE, WHERE, RosterRows
from schemas.stations import Rule, rules

PAGE: Final = Path(__file__).parents[1] / "docs/stewards/fields.md"
HEAD: Final = """\
# The columns and rules of every station

This page is made from `schemas/frames.py` and `schemas/roster.py` by `make docs`. Change the words there.

Between being read and being stored a form passes these stations, each a table with exactly these columns. Every rule is
tried on every row. A rule about what stands on the form gives a reason, and [the reasons](reasons.md) say in words what
it means. The others guard the software against itself; where one is broken, nothing is written, and after three
attempts the form waits for the administrator as `processing_failed`. A broken rule is told by place and code, never by
the value.

The last table is the school's own list, as `foresatt roster import` takes it in.
"""
TITLES: Final = {
    "EntriesAsRead": "As read",
    "EntriesJudged": "As judged",
    "Failures": "What is wrong",
    "EntriesValidated": "Validated",
    "EntriesReconciled": "Reconciled",
    "RosterRows": "The school's list",
}
KINDS: Final = {"int64": "whole number", "bool": "yes or no"}
SEVERITY: Final = {
    "reject": "rejected",
    "review": "a person decides",
    "warn": "goes on, with a warning",
    "info": "goes on, with a note",
}


def page() -> str:
    """The page's whole text."""
    return "\n".join([HEAD, *(line for model in (*STATIONS, RosterRows) for line in _station(model))]).rstrip() + "\n"


def _station(model: Any) -> list[str]:
    lines = [f"## {TITLES[model.__name__]}", "", " ".join((model.__doc__ or "").split()), ""]
    lines += ["| column | holds | may be missing | means |", "|---|---|---|---|"]
    for name, column in model.to_schema().columns.items():
        kind = KINDS.get(str(column.dtype), "text")
        lines.append(f"| `{name}` | {kind} | {'yes' if column.nullable else 'no'} | {column.description} |")
    lines += ["", "| rule | about | must hold | if not |", "|---|---|---|---|"]
    return [*lines, *(_rule(one, model is RosterRows) for one in rules(model)), ""]


def _rule(one: Rule, of_roster: bool) -> str:
    columns = one.columns or ((WHERE[one.name],) if of_roster else ())
    about = ", ".join(f"`{name}`" for name in columns) or "the whole row"
    return f"| {_name(one)} | {about} | {one.sentence} | {_follows(one, of_roster)} |"


def _name(one: Rule) -> str:
    return f"[`{one.name}`](reasons.md#{one.name})" if one.name in CATALOGUE else f"`{one.name}`"


def _follows(one: Rule, of_roster: bool) -> str:
    if of_roster:
        return "the number is left out, and told" if one.name in UNUSABLE else "the file is refused"
    return SEVERITY[CATALOGUE[one.name].severity] if one.name in CATALOGUE else "waits for the administrator"


def main() -> None:
    """Write the page where it is not what it should be."""
    told = page()
    if not PAGE.exists() or PAGE.read_text("utf-8") != told:
        PAGE.write_text(told, "utf-8")


if __name__ == "__main__":
    main()
