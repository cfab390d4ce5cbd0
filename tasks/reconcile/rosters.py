"""Which roster: by the settings for the nightly run, by the content for a file that somebody names.

Belongs here: choosing a reader. Does not belong here: reading (`roster_csv` and its neighbours).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from schemas.errors import OutsideFault, UsageFault
from schemas.settings import RosterSettings, Settings
from store.home import Home
from tasks.reconcile import mapping as mappings
from tasks.reconcile.mapping import Mapping
from tasks.reconcile.packed import Packed
from tasks.reconcile.roster import Roster, Unreadable
from tasks.reconcile.roster_csv import CsvRoster
from tasks.reconcile.roster_fint import FintFiles, FintRoster
from tasks.reconcile.roster_oneroster import OneRosterRoster
from tasks.reconcile.roster_pifu import PifuRoster
from tasks.reconcile.roster_xlsx import XlsxRoster


class Source(NamedTuple):
    """The bytes of a file and what goes with them."""

    data: bytes
    mark: str
    mapping: Mapping | None
    settings: RosterSettings


Make = Callable[[Source], Roster]


def configured_roster(settings: Settings, home: Home) -> Roster | None:
    """The roster that the settings name, for runs that nobody watches: the file at `roster.file`, else FINT where it is
    set up; None where there is neither. Hand it to `tasks.reconcile.importing.import_roster`, whose
    `SafetyRefusal` means that the list is held; an unchanged file may be read every night, and counts once.

    Raises `OutsideFault` where the file is not there: nobody is missing by that.
    """
    if settings.roster.file is not None:
        return file_roster(settings.roster.file, settings, home, watched=True)
    return FintRoster(settings.fint, settings.roster) if settings.fint.url else None


def file_roster(file: Path, settings: Settings, home: Home, *, mapping: str = "", watched: bool = False) -> Roster:
    """The reader for what lies at `file`, under a saved mapping where one is named. `watched`: the same file, unchanged
    on its disk, is the same list whenever it is read."""
    name = mapping or (settings.roster.mapping if watched else "")
    told = mappings.load(home.mappings, name) if name else None
    if file.is_dir():
        files, mark = _saved(file, settings.roster.max_bytes)
        return FintFiles(files, mark if watched else "", settings.roster)
    try:
        about = file.stat()
        if about.st_size > settings.roster.max_bytes:
            raise _too_large()
        data = file.read_bytes()
    except OSError:
        raise OutsideFault(
            "roster_file", "the roster's file cannot be read", "see roster.file; it is retried"
        ) from None
    mark = f"file {about.st_mtime_ns}" if watched else ""
    make = reader(data, settings.roster)
    if told is not None and make not in _MAPPED:
        raise UsageFault("mapping_wrong", "a mapping is for lists as CSV and XLSX", "leave --mapping away")
    return make(Source(data, mark, told, settings.roster))


def reader(data: bytes, settings: RosterSettings) -> Make:
    """How a file of this content is read."""
    start = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    for sign, make in _SIGNS:
        if start.startswith(sign):
            return make
    if data.startswith(b"PK"):
        names = Packed(data, settings.max_bytes).names
        for within, make in _PACKED:
            if any(name == within or name.rpartition("/")[2] == within for name in names):
                return make
        if any(name.lower().endswith(".json") for name in names):
            return _fint
        raise Unreadable("roster_unknown", "the zip holds no list that is known", _KNOWN)
    return _csv


def _saved(folder: Path, most: int) -> tuple[dict[str, bytes], str]:
    """The JSON files of a folder, and when the newest was written."""
    try:
        told = [(file, file.stat()) for file in sorted(folder.glob("*.json"))]
        if sum(about.st_size for _, about in told) > most:
            raise _too_large()
        files = {file.name: file.read_bytes() for file, _ in told}
    except OSError:
        raise OutsideFault(
            "roster_file", "the roster's files cannot be read", "see roster.file; it is retried"
        ) from None
    if not files:
        raise Unreadable("roster_unknown", "the folder holds no saved answers of FINT's", _KNOWN)
    return files, f"file {max(about.st_mtime_ns for _, about in told)}"


def _csv(source: Source) -> Roster:
    return CsvRoster(source.data, source.mark, source.mapping, source.settings)


def _xlsx(source: Source) -> Roster:
    return XlsxRoster(source.data, source.mark, source.mapping, source.settings)


def _oneroster(source: Source) -> Roster:
    return OneRosterRoster(source.data, source.mark, source.settings)


def _pifu(source: Source) -> Roster:
    return PifuRoster(source.data, source.mark, source.settings)


def _fint(source: Source) -> Roster:
    packed = Packed(source.data, source.settings.max_bytes)
    files = {name: packed.read(name) for name in packed.names if name.lower().endswith(".json")}
    return FintFiles(files, source.mark, source.settings)


def _json(source: Source) -> Roster:
    raise Unreadable(
        "roster_unknown", "one answer of FINT's is no roster", "save them all in a folder or zip: " + _KNOWN
    )


def _old_excel(source: Source) -> Roster:
    raise Unreadable("roster_unknown", "the file is an old or a locked workbook", "save it as xlsx, without a password")


def _open_document(source: Source) -> Roster:
    raise Unreadable("roster_unknown", "the file is an OpenDocument sheet", "save it as xlsx, or as CSV UTF-8")


_SIGNS: Final[tuple[tuple[bytes, Make], ...]] = ((b"\xd0\xcf\x11\xe0", _old_excel), (b"<", _pifu), (b"{", _json))
_PACKED: Final[tuple[tuple[str, Make], ...]] = (
    ("workbook.xml", _xlsx),
    ("manifest.csv", _oneroster),
    ("users.csv", _oneroster),
    ("content.xml", _open_document),
)
_MAPPED: Final = (_csv, _xlsx)
_KNOWN: Final = "see docs/operators/roster.md for the kinds of lists"


def _too_large() -> Unreadable:
    return Unreadable("roster_too_large", "the roster's file is larger than allowed", "see roster.max_bytes")
