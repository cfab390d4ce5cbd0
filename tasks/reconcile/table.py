"""A list as rows of cells, whatever file it came in, and the line of names above them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tasks.reconcile.headers import meanings
from tasks.reconcile.roster import Place, Unreadable

HEADER_WITHIN: Final = 20
"""Lines above the names of the columns: a title, the day of the export."""
MOST_COLUMNS: Final = 300


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, trimmed, in rows of the file, with the line of each; rows without any are left out.

    `about`: (what, how) of the file, for people. `unread`: cells that hold no value, such as an error or a formula that
    was never worked out, as (line, column from 0, code). `open_end`: nothing says that the last row is whole.
    """

    kind: str
    rows: list[list[str]] = field(repr=False)
    lines: list[int]
    about: tuple[tuple[str, str], ...] = ()
    unread: tuple[tuple[int, int, str], ...] = ()
    name: str = ""
    open_end: bool = False

    def header_at(self, wanted: Sequence[str] = ()) -> int | None:
        """The row that holds the names: with all of `wanted`, else the first in which the most of them mean something,
        two at least."""
        best, most = None, 1
        for at, row in enumerate(self.rows[:HEADER_WITHIN]):
            if wanted:
                if set(wanted) <= set(row):
                    return at
                continue
            known = len(meanings(row))
            if known > most:
                best, most = at, known
        return best

    def below(self, at: int) -> tuple[list[list[str]], list[int]]:
        """Rows and lines below the names. Raises `Unreadable` where a row has not as many cells as there are names: it
        was cut off, or shifted by a separator within a cell."""
        rows = self.rows[at + 1 :]
        width = len(self.rows[at])
        for row, line in zip(rows, self.lines[at + 1 :], strict=True):
            if len(row) != width:
                raise broken_row(line, self.name)
        return self.rows[at + 1 :], self.lines[at + 1 :]

    def place(self, line: int, column: int, code: str, header: Sequence[str]) -> Place:
        """A place in this table, by the column's own name."""
        name = header[column] if column < len(header) and header[column] else f"{column + 1}"
        return Place(line, name, code, self.name)


def broken_row(line: int, name: str = "") -> Unreadable:
    """The fault of a row that is none."""
    where = f"{name}, " if name else ""
    return Unreadable("roster_broken", f"{where}line {line} is cut off, or no row of this list", "export it again")
