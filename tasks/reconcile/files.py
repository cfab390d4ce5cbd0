"""What the readers of files share: the bytes, where they stand, and how what was read becomes `Listed`.

Does not belong here: any format, or which reader a file is for (`rosters`).
"""

import hashlib
from datetime import date, datetime
from typing import Any

from schemas.settings import RosterSettings
from store.database import OSLO
from store.people import RosterPupil
from tasks.reconcile.listing import read_table
from tasks.reconcile.mapping import Mapping
from tasks.reconcile.roster import Listed
from tasks.reconcile.table import Table


class FileRoster:
    """`data` is the whole file; nothing is kept but what `read` returns. `mark`: see `Listed`; `today`: the newest day
    that a birth date may be."""

    kind: str

    def __init__(
        self, data: bytes, mark: str = "", settings: RosterSettings | None = None, today: date | None = None
    ) -> None:
        self._data, self._mark = data, mark
        self._settings = settings or RosterSettings()
        self._today = today or datetime.now(OSLO).date()

    def _listed(self, pupils: list[RosterPupil], **told: Any) -> Listed:
        """What this file gave; `told` as `Listed` has it."""
        return Listed(self.kind, hashlib.sha256(self._data).digest(), pupils, mark=self._mark, **told)


class TableRoster(FileRoster):
    """A file of rows and columns. `mapping`: what the columns mean; None proposes it, and `used` is what it was."""

    def __init__(
        self,
        data: bytes,
        mark: str = "",
        mapping: Mapping | None = None,
        settings: RosterSettings | None = None,
        today: date | None = None,
    ) -> None:
        super().__init__(data, mark, settings, today)
        self._mapping = mapping
        self.used: Mapping | None = None

    def read(self, since: str = "") -> Listed:
        """Every pupil, the rows of each gathered; numbers that are none are left out. Raises `Unreadable` with the
        first broken rule's code, naming line and column of every one."""
        reading = read_table(self._table(), self._mapping, self._settings, self._today)
        self.used = reading.mapping
        return self._listed(reading.pupils, left_out=tuple(reading.left_out), understood=tuple(reading.understood))

    def _table(self) -> Table:
        """The file's cells."""
        raise NotImplementedError
