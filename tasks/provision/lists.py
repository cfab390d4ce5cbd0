"""The lists as rows of text: what stands on the screen and in the CSV file is made here once."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from schemas.masking import mask
from schemas.settings import WorklistField
from store.worklist import Line

FIELDS: Final = tuple(get_args(WorklistField))
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMBERS: Final = {
    "": "",
    "there": "the person is there already: add the link",
    "let_go": "the number was let go: ask for a new form",
}
"""What a line says where an ADD has no number."""


def headers(fields: Sequence[str] = FIELDS) -> tuple[str, ...]:
    """The columns, those of Visma InSchool's screen in the order of the settings."""
    return ("line", "do", "why", "due", "overdue", *fields, "note")


def as_row(line: Line, *, reveal: bool = False) -> dict[str, str]:
    """One work-list line as text; number and contact data masked unless `reveal`."""
    values = {name: value if reveal else mask(name, value) for name, value in line.values.items() if value}
    return {
        "line": line.id,
        "do": line.kind.upper(),
        "why": line.why,
        "due": line.due_on.isoformat() if line.due_on else "",
        "overdue": late(line),
        "guardian": line.guardian,
        "pupil": line.pupil,
        "class": line.class_name,
        "fnr": values.get("fnr", ""),
        "mobile": values.get("mobile", ""),
        "email": values.get("email", ""),
        "note": note(line),
    }


def late(line: Line) -> str:
    """OVERDUE in words, with how many working days."""
    if not line.overdue:
        return ""
    return f"OVERDUE {line.days_late} {'day' if line.days_late == 1 else 'days'}" if line.days_late else "OVERDUE"


def note(line: Line) -> str:
    """What to mind: what to remove, where a number is, why it was not done so far."""
    told = [NUMBERS[line.number]]
    if line.kind == "remove":
        told = ["remove the link and the person" if line.person_too else "remove the link"]
    elif line.kind == "shred":
        told = [f"shred the {'sheet that came' if line.why == 'paper_sheet' else 'list printed'} {line.paper}".rstrip()]
    if line.state == "open" and line.signed_as == "not_done":
        told.append(f"not done so far: {line.sign_reason}")
    return "; ".join(filter(None, told))


def as_csv(rows: Iterable[dict[str, str]], columns: Sequence[str] = ()) -> str:
    """Semicolons, as Norwegian spreadsheets expect; a value that a spreadsheet would run as a formula is quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns or headers(), delimiter=";", lineterminator="\r\n", extrasaction="raise")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"'{v}" if v.startswith(DANGEROUS) and k != "mobile" else v for k, v in row.items()})
    return out.getvalue()
