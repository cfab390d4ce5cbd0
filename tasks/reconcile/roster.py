"""The roster's seam: whoever can tell the school's pupils, enrolments and known guardians."""

from typing import Protocol

from store.people import RosterPupil


class Roster(Protocol):
    """A complete roster, whole or not at all."""

    def read(self) -> list[RosterPupil]:
        """Every pupil. Raises `UsageFault` naming line and column (never a value) where the source cannot be read."""
        ...
