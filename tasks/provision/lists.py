"""The lists as rows of text: what stands on the screen and in the CSV file is made here once."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from schemas.masking import mask
from store.worklist import Line

HEADERS: Final = ("line", "do", "why", "due", "overdue", "guardian", "pupil", "class", "fnr", "mobile", "email", "note")
DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r")


def as_row(line: Line, *, reveal: bool = False) -> dict[str, str]:
    """One work-list line as text; number and contact data masked unless `reveal`."""
    values = {name: value if reveal else mask(name, value) for name, value in line.values.items() if value}
    note = ""
    if line.kind == "remove":
        note = "remove the link and the person" if line.person_too else "remove the link"
    return {
        "line": line.id,
        "do": line.kind.upper(),
        "why": line.why,
        "due": line.due_on.isoformat() if line.due_on else "",
        "overdue": "OVERDUE" if line.overdue else "",
        "guardian": line.guardian,
        "pupil": line.pupil,
        "class": line.class_name,
        "fnr": values.get("fnr", ""),
        "mobile": values.get("mobile", ""),
        "email": values.get("email", ""),
        "note": note,
    }


def as_csv(rows: Iterable[dict[str, str]], headers: Sequence[str] = HEADERS) -> str:
    """Semicolons, as Norwegian spreadsheets expect; a value that a spreadsheet would run as a formula is quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, headers, delimiter=";", lineterminator="\r\n", extrasaction="raise")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"'{v}" if v.startswith(DANGEROUS) and k != "mobile" else v for k, v in row.items()})
    return out.getvalue()
