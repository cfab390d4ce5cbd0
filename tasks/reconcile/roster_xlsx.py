"""The roster as an Excel workbook: cells as text, dates as year-month-day, what was never worked out told.

Belongs here: a workbook's bytes into `Table`. Read within bounds, XML through defusedxml (openpyxl uses it where it is
there), no formula is worked out and no link followed. Does not belong here: what the columns mean.
"""

import io
import warnings
from datetime import date, datetime, time
from typing import Any, Final

import openpyxl
from openpyxl.xml import DEFUSEDXML

from schemas.settings import RosterSettings
from tasks.reconcile.files import TableRoster
from tasks.reconcile.packed import Packed
from tasks.reconcile.roster import Unreadable
from tasks.reconcile.table import MOST_COLUMNS, Table

_AGAIN: Final = "save it again as xlsx, or as CSV UTF-8"


class XlsxRoster(TableRoster):
    """The mapping may name the sheet."""

    kind = "xlsx"

    def _table(self) -> Table:
        told = self._mapping
        tables = sheets(self._data, self._settings, told.sheet if told else "")
        wanted = told.wanted if told else ()
        fitting = [table for table in tables if table.header_at(wanted) is not None]
        if len(fitting) > 1:
            found = ", ".join(dict(table.about)["sheet"] for table in fitting)
            raise Unreadable("roster_sheets", f"several sheets may be the list: {found}", "name one in a mapping")
        return (fitting or tables)[0]


def sheets(data: bytes, settings: RosterSettings, only: str = "") -> list[Table]:
    """The workbook's sheets that hold anything. Raises `Unreadable` where it is none, is too large, or lacks `only`."""
    packed = Packed(data, settings.max_bytes)
    if not DEFUSEDXML:
        raise RuntimeError("openpyxl must read through defusedxml")
    formulas = any(b"<f" in packed.read(name) for name in packed.names if name.startswith("xl/worksheets/"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that concern nobody
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            raw = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False) if formulas else None
            names = [name for name in book.sheetnames if only in ("", name)]
            if not names:
                raise Unreadable("roster_sheets", "the workbook has no sheet of the mapping's name", "see the mapping")
            made = [_table(name, book[name], raw[name] if raw else None, settings.max_rows) for name in names]
    except Unreadable:
        raise
    except Exception:  # openpyxl raises whatever a damaged file makes it stumble over, values in the text
        raise Unreadable("roster_broken", "the workbook is damaged", _AGAIN) from None
    return [table for table in made if table.rows] or made[:1]


def _table(name: str, sheet: Any, raw: Any, most: int) -> Table:
    if not hasattr(sheet, "reset_dimensions"):  # a chart
        return Table("xlsx", [], [], (("sheet", name),))
    sheet.reset_dimensions()  # what the file says of its size need not be so
    formulas = None
    if raw is not None:
        raw.reset_dimensions()
        formulas = raw.iter_rows()
    rows: list[list[str]] = []
    lines: list[int] = []
    unread: list[tuple[int, int, str]] = []
    for line, cells in enumerate(sheet.iter_rows(), 1):
        if len(cells) > MOST_COLUMNS and any(cell.value is not None for cell in cells[MOST_COLUMNS:]):
            raise _too_large()
        asked = next(formulas, ()) if formulas is not None else ()
        row = []
        for at, cell in enumerate(cells[:MOST_COLUMNS]):
            if cell.data_type == "e":
                unread.append((line, at, "roster_cell"))
            if cell.value is None and at < len(asked) and asked[at].data_type == "f":
                unread.append((line, at, "roster_formula"))
            row.append(_text(cell.value))
        if any(row) or any(place[0] == line for place in unread[-len(row) :]):
            rows.append(row)
            lines.append(line)
            if len(rows) > most:
                raise _too_large()
    widest = max(map(len, rows), default=0)
    for row in rows:
        row += [""] * (widest - len(row))
    return Table("xlsx", rows, lines, (("sheet", name),), tuple(unread), name="")


def _text(value: Any) -> str:
    """A cell's value as it would be written in a list."""
    if value is None or isinstance(value, time):
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nei"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _too_large() -> Unreadable:
    return Unreadable("roster_too_large", "the sheet has more rows or columns than allowed", "see roster.max_rows")
