"""The roster as a CSV file: encoding and separator found out, rows that were cut off refused."""

import csv
import io
import re
from typing import Final

from tasks.reconcile.files import TableRoster
from tasks.reconcile.roster import Unreadable
from tasks.reconcile.table import MOST_COLUMNS, Table, broken_row

SEPARATORS: Final = (";", ",", "\t")
_MOJIBAKE: Final = re.compile("[ÃÂ][\x80-\xbf]|Ã[…†˜¥¦¸]|\ufffd")
"""UTF-8 that was read as Windows-1252."""
_AGAIN: Final = "export it again"


class CsvRoster(TableRoster):
    """Encoding and separator by the mapping, where it says them."""

    kind = "csv"

    def _table(self) -> Table:
        told = self._mapping
        encoding, separator = (told.encoding, told.separator) if told else ("", "")
        return csv_table(self._data, encoding, separator, self._settings.max_rows)


def csv_table(data: bytes, encoding: str = "", separator: str = "", most: int = 1_000_000, name: str = "") -> Table:
    """The cells of a CSV file. Raises `Unreadable` where it is no CSV, or a row has another number of cells than the
    names above it."""
    text, encoding = decoded(data, encoding)
    declared = re.match(r"sep=(.)\r?\n", text)
    if declared:  # Excel's own hint
        text, separator = text[declared.end() :], separator or declared[1]
    separator = separator or _separator(text)
    rows, lines = _rows(text, separator, most, name)
    if declared:
        lines = [line + 1 for line in lines]
    open_end = not text.endswith(("\n", "\r"))
    named = {"\t": "tab"}.get(separator, separator)
    return Table("csv", rows, lines, (("encoding", encoding), ("separator", named)), name=name, open_end=open_end)


def decoded(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of a file, and its encoding: by its mark, else UTF-8 where it is that, else Windows-1252. A text that is
    neither (cut within a letter, or put together of two) is refused: as Windows-1252 anything can be read."""
    try:
        if encoding:
            return data.decode(encoding).removeprefix("\ufeff"), encoding
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), "UTF-16"
        if data.startswith(b"\xef\xbb\xbf"):
            return data.decode("utf-8-sig"), "UTF-8 with a mark"
        try:
            return data.decode("utf-8"), "UTF-8"
        except UnicodeDecodeError as fault:
            if fault.reason == "unexpected end of data":  # UTF-8 all the way to the cut
                raise
            text = data.decode("cp1252")
    except (UnicodeDecodeError, LookupError):
        raise Unreadable("roster_encoding", "the roster's letters cannot be read", f"{_AGAIN}, as CSV UTF-8") from None
    if _MOJIBAKE.search(text) or "\0" in text:
        raise Unreadable("roster_encoding", "the roster is cut within a letter, or in two encodings", _AGAIN)
    return text, "Windows-1252"


def _separator(text: str) -> str:
    """The one that parts the most cells evenly, in the first lines."""
    lines = text[:20_000].splitlines()[:30]

    def score(separator: str) -> tuple[int, int]:
        try:
            counts = [len(row) for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            return 0, 0
        widest = max(counts, default=0)
        return sum(count == widest for count in counts if widest > 1), widest

    return max(SEPARATORS, key=score)


def _rows(text: str, separator: str, most: int, name: str) -> tuple[list[list[str]], list[int]]:
    """The rows that hold anything, cells trimmed, and the line in which each ends."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):  # spreadsheets leave lines of nothing but separators
                rows.append(cells)
                lines.append(reader.line_num)
            if len(rows) > most or len(cells) > MOST_COLUMNS:
                raise Unreadable(
                    "roster_too_large", "the roster has more rows or columns than allowed", "see roster.max_rows"
                )
    except csv.Error:
        raise broken_row(reader.line_num, name) from None
    return rows, lines
