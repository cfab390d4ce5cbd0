"""The scan folder as a channel: whatever a scanner, or a person, puts there as a file.

Belongs here: which files are ready, how one is known again, where it goes afterwards. Does not belong here: opening
them. Scanners reuse names, write slowly and have wrong clocks: a file is known by name, size, time and inode together.
"""

import errno
import fcntl
import hashlib
import mimetypes
import os
import re
import stat
import string
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from schemas.documents import ChannelName, Delivery
from schemas.errors import OutsideFault, UsageFault
from schemas.settings import Settings
from tasks.collect.census import Counted
from tasks.collect.channel import Channel, Fate

TAKEN: Final = "ferdig"
ORDINARY: Final = "andre"
UNFINISHED: Final = (".part", ".tmp", ".crdownload")
LOCKS: Final = (".lock", ".lck")
"""What a scanner's lock beside a file ends in: `a.pdf.lock` holds `a.pdf`."""
_OLDEST_NS: Final = 30 * 86_400 * 10**9
"""A scan that lies there is no older, whatever its time says: intake runs every day."""
_ROOMS: Final = {"taken": TAKEN, "person": TAKEN, "ordinary": ORDINARY}
_SUFFIX: Final = re.compile(r"\.[a-z][a-z0-9]{0,5}\Z")
_HANDLE: Final = re.compile(r"(?:(ferdig|andre)/)?([^/|]+)\|(\d+)\|(-?\d+)\|(\d+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file lies and what it was like. As text it is a handle, with the name's bytes escaped (they need not be
    UTF-8; in `name` they stand as `os.fsdecode` gives them)."""

    room: str
    name: str = field(repr=False)
    size: int
    mtime_ns: int
    inode: int

    def __str__(self) -> str:
        room = f"{self.room}/" if self.room else ""
        return f"{room}{quote(os.fsencode(self.name), safe='')}|{self.size}|{self.mtime_ns}|{self.inode}"

    @classmethod
    def of(cls, name: str, status: os.stat_result) -> "_Place":
        return cls("", name, status.st_size, status.st_mtime_ns, status.st_ino)

    @classmethod
    def read(cls, handle: str) -> "_Place":
        found = _HANDLE.match(handle)
        name = os.fsdecode(unquote_to_bytes(found[2])) if found else ""
        if not found or name in ("", ".", "..") or "/" in name or "\0" in name:
            raise UsageFault("post_handle", "not a handle of this channel")
        return cls(found[1] or "", name, int(found[3]), int(found[4]), int(found[5]))

    def moved_to(self, room: str) -> "Iterator[_Place]":
        """Where it may come to lie in `room`, best first. The same each time, so that a move that a killed run made
        without writing it down is found again."""
        names = [self.name] if room == ORDINARY else []
        suffix = _SUFFIX.search(self.name.lower())
        for number in range(3):
            digest = hashlib.sha256(f"{number}|{self}".encode()).digest()
            made_up = "".join(string.ascii_lowercase[byte % 26] for byte in digest[:26])
            names.append(made_up + (suffix[0] if suffix else ""))
        return (_Place(room, name, self.size, self.mtime_ns, self.inode) for name in names)


class ScanFolderChannel:
    """The files of one folder, not of those below it. `settle` moves what was taken to "ferdig" under a made-up name,
    and what holds no form to "andre" under its own. A handle never means another file that has got its name since."""

    name: ChannelName = "post"

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        stable_seconds: float,
        read_only: bool = False,
        done_suffix: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._stable_ns = int(stable_seconds * 1e9)
        self._read_only = read_only
        self._done = done_suffix.lower()
        self._now = now

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """Oldest first. A file that changed just now, or while it was read, that is locked or lacks its done-marker is
        left for the next run; one that cannot be read is passed over, and `OutsideFault("post_incomplete")` says so
        after all the others."""
        refused = 0
        for changed_ns, status, name, held in self._settled():
            if held:
                continue
            ref = str(_Place.of(name, status))
            if known(ref):
                continue
            try:
                content = self._read(name, status)
            except FileNotFoundError:
                continue
            except OSError:
                refused += 1
                continue
            if content is None:
                continue
            # A file of which we hold only a part must stay where it is.
            movable = not self._read_only and len(content) <= self._max_bytes
            shown = os.fsencode(name).decode("utf-8", "replace")
            yield Delivery(
                channel=self.name,
                source_ref=ref,
                received_at=datetime.fromtimestamp(changed_ns / 1e9, UTC),
                content=content,
                media_type=mimetypes.guess_type(f"x{Path(shown).suffix}")[0] or "application/octet-stream",
                name=shown,
                handle=ref if movable else None,
            )
        if refused:
            raise OutsideFault("post_incomplete", f"{refused} scanned files could not be read", "see who may read them")

    def settle(self, handle: str, fate: Fate) -> str | None:
        """Move the file; its new handle, or None where it is gone. The old handle finds a file moved before."""
        with self._folder_at_hand():
            place, room = self._find(handle), _ROOMS[fate]
            if place is None or place.room == room:
                return str(place) if place else None
            self._make(room)
            target = next((one for one in place.moved_to(room) if not os.path.lexists(self._path(one))), None)
            if target is None:
                raise OutsideFault("post_names", "the same scan was moved many times", f'empty "{room}"')
            self._path(place).replace(self._path(target))
            self._drop_markers(place)
            return str(target)

    def dispose(self, handle: str) -> None:
        """Delete the file; harmless where it is gone, or where another file has its name now."""
        with self._folder_at_hand():
            place = self._find(handle)
            if place is not None:
                self._path(place).unlink(missing_ok=True)
                self._drop_markers(place)

    def count(self, known: Callable[[str], bool], handles: Sequence[str], before: datetime) -> Counted:
        """See `census.Countable`. What a person put into "andre" is the person's own. A file that is held counts: its
        lock may have been forgotten."""
        with self._folder_at_hand():
            found = [self._find(handle) for handle in handles]
            ours = {place.name for place in found if place is not None and place.room == TAKEN}
            old = [
                (status, name)
                for changed_ns, status, name, _ in self._settled()
                if changed_ns < before.timestamp() * 1e9
            ]
            waits = sum(not known(str(_Place.of(name, status))) for status, name in old)
            done = self._folder / TAKEN
            strays = [entry for entry in done.iterdir() if entry.name not in ours] if done.is_dir() else []
            return Counted(waits + len(strays), sum(place is None for place in found))

    def close(self) -> None:
        """Nothing is open."""

    def _find(self, handle: str) -> _Place | None:
        """Where the file lies now; a run that was killed may have moved it and not have written that down."""
        place = _Place.read(handle)
        moved = [] if place.room else [*place.moved_to(TAKEN), *place.moved_to(ORDINARY)]
        return next((one for one in (place, *moved) if self._is_there(one)), None)

    def _settled(self) -> list[tuple[int, os.stat_result, str, bool]]:
        """Plain files that nobody writes to any more, oldest first, with the time of it, and whether a lock or the want
        of a done-marker holds them. A symlink is no plain file."""
        now_ns = int(self._now() * 1e9)
        found = []
        with self._folder_at_hand():
            lying = self._lying()
            for name, status in lying.items():
                if name.startswith(".") or name.lower().endswith((*UNFINISHED, *LOCKS, *filter(None, [self._done]))):
                    continue
                # A time to come is a wrong clock's. Taken as it is, the file would be "still being written" until then,
                # and newer than every form that comes after it; a time long past would have it erased unseen. So it is
                # the time when it came to this disk.
                likely = now_ns - _OLDEST_NS <= status.st_mtime_ns <= now_ns
                changed_ns = status.st_mtime_ns if likely else status.st_ctime_ns
                if stat.S_ISREG(status.st_mode) and now_ns - changed_ns >= self._stable_ns:
                    found.append((changed_ns, status, name, self._held(name, status, lying)))
        return sorted(found, key=lambda one: (one[0], one[2]))

    def _lying(self) -> dict[str, os.stat_result]:
        lying = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    lying[entry.name] = entry.stat(follow_symlinks=False)
        return lying

    def _held(self, name: str, status: os.stat_result, lying: Mapping[str, os.stat_result]) -> bool:
        """Whether a lock lies beside the file, or no done-marker of this very scan: one that is older is another's."""
        if any(f"{name}{ending}" in lying for ending in LOCKS):
            return True
        markers = [lying[marker] for marker in self._markers(name) if marker in lying]
        return bool(self._done) and not any(marker.st_mtime_ns >= status.st_mtime_ns for marker in markers)

    def _markers(self, name: str) -> list[str]:
        return [f"{name}{self._done}", f"{Path(name).stem}{self._done}"] if self._done else []

    def _drop_markers(self, place: _Place) -> None:
        """Delete the done-markers of a file that is gone from the folder."""
        if place.room == "" and not os.path.lexists(self._path(place)):
            for marker in self._markers(place.name):
                (self._folder / marker).unlink(missing_ok=True)

    def _read(self, name: str, status: os.stat_result) -> bytes | None:
        """The content, or None where it is no longer the file that was seen, or another program has locked it."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(self._folder / name, flags), "rb") as file:
            if _locked(file.fileno()):
                return None
            # One byte more than allowed, so that the next step sees `too_large` instead of a damaged file.
            content = file.read(self._max_bytes + 1)
            after = os.fstat(file.fileno())
        same = _Place.of(name, after) == _Place.of(name, status) and stat.S_ISREG(after.st_mode)
        return content if same and len(content) == min(after.st_size, self._max_bytes + 1) else None

    def _is_there(self, place: _Place) -> bool:
        """Whether the file still lies there. Under a made-up name it can be no other; under its own, size and time tell
        (the inode does not: on a network share it may change)."""
        try:
            status = self._path(place).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        same = place.room == TAKEN or (status.st_size, status.st_mtime_ns) == (place.size, place.mtime_ns)
        outside = place.room != "" and (self._folder / place.room).is_symlink()
        return stat.S_ISREG(status.st_mode) and same and not outside

    def _path(self, place: _Place) -> Path:
        return self._folder / place.room / place.name

    def _make(self, room: str) -> None:
        path = self._folder / room
        if not os.path.lexists(path):
            path.mkdir(0o700)
        elif path.is_symlink() or not path.is_dir():
            raise OutsideFault("post_folder", f'"{room}" in the scan folder is not a folder', "move it away")

    @contextmanager
    def _folder_at_hand(self) -> Iterator[None]:
        """A folder that is not there (a share that is not mounted, for instance) is not an empty folder."""
        try:
            if not self._folder.is_dir():
                raise NotADirectoryError
            yield
        except OSError:
            raise OutsideFault(
                "post_folder", "the scan folder cannot be used", "see that it is there and may be written to"
            ) from None


def _locked(file: int) -> bool:
    """Whether another program holds the open file for itself; a share that knows no locks has none."""
    for lock in (fcntl.flock, fcntl.lockf):
        try:
            lock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return True
    return False


def post_channel(settings: Settings, home: Path) -> Channel:
    """The channel as the settings say. The home's own folder is made where it is missing; a configured one is not."""
    chosen = settings.post
    if chosen.folder is None:
        try:
            (home / "scans").mkdir(mode=0o700, exist_ok=True)
        except OSError:
            raise OutsideFault(
                "post_folder", "the scan folder cannot be made", "see who may write to the home"
            ) from None
    folder = chosen.folder or home / "scans"
    return ScanFolderChannel(
        folder, chosen.max_bytes, chosen.stable_seconds, chosen.read_only, done_suffix=chosen.done_suffix
    )
