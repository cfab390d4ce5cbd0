"""Which roster: by the settings for the nightly run, by the content for a file that somebody names.

Belongs here: choosing a reader. Does not belong here: reading (`roster_csv` and its neighbours).
"""

from pathlib import Path

from schemas.errors import OutsideFault
from schemas.settings import Settings
from store.home import Home
from tasks.reconcile.roster import Roster, Unreadable
from tasks.reconcile.roster_csv import CsvRoster


def configured_roster(settings: Settings, home: Home) -> Roster | None:
    """The roster that the settings name, for runs that nobody watches: the file at `roster.file`, else FINT where it is
    set up; None where there is neither. Hand it to `tasks.reconcile.importing.import_roster`, whose
    `SafetyRefusal` means that the list is held; an unchanged file may be read every night, and counts once.

    Raises `OutsideFault` where the file is not there: nobody is missing by that.
    """
    file = settings.roster.file
    return file_roster(file, settings, home, watched=True) if file is not None else None


def file_roster(file: Path, settings: Settings, home: Home, *, watched: bool = False) -> Roster:
    """The reader for what lies at `file`. `watched`: the same file, unchanged on its disk, is the same list whenever it
    is read."""
    try:
        about = file.stat()
        if about.st_size > settings.roster.max_bytes:
            raise Unreadable("roster_too_large", "the roster's file is larger than allowed", "see roster.max_bytes")
        return CsvRoster(file.read_bytes(), f"file {about.st_mtime_ns}" if watched else "")
    except OSError:
        raise OutsideFault(
            "roster_file", "the roster's file cannot be read", "see roster.file; it is retried"
        ) from None
