"""Files that are zips: opened within bounds, before anything in them is unpacked.

Belongs here: how large, how many, how tightly packed. Does not belong here: what is in them.
"""

import io
import zipfile
import zlib
from typing import Final

from tasks.reconcile.roster import Unreadable

MOST_FILES: Final = 2_000
RATIO: Final = 200
"""Packed more tightly than this is no list of people."""
_AGAIN: Final = "export it again"


class Packed:
    """A zip of at most `most` bytes, unpacked."""

    def __init__(self, data: bytes, most: int) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, EOFError):
            raise Unreadable("roster_broken", "the file is cut off, or no whole zip", _AGAIN) from None
        self._infos = {info.filename: info for info in self._zip.infolist() if not info.is_dir()}
        size = sum(info.file_size for info in self._infos.values())
        tight = any(
            i.file_size > 1_000_000 and i.file_size > RATIO * max(1, i.compress_size) for i in self._infos.values()
        )
        if len(self._zip.infolist()) > MOST_FILES or size > most or tight:
            raise Unreadable(
                "roster_too_large", "the file is larger than allowed once unpacked", "see roster.max_bytes"
            )
        if any(info.flag_bits & 1 for info in self._infos.values()):
            raise Unreadable("roster_locked", "the file is locked by a password", "save it without")
        self._most = most

    @property
    def names(self) -> list[str]:
        """What is in it."""
        return list(self._infos)

    def read(self, name: str) -> bytes:
        """One file, whole: its length and checksum are as the zip says."""
        try:
            with self._zip.open(self._infos[name]) as opened:
                data = opened.read(self._infos[name].file_size + 1)
                if len(data) != self._infos[name].file_size:  # the size it tells is the one that was bounded
                    raise zipfile.BadZipFile
                return data
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError):
            raise Unreadable("roster_broken", "a file in the zip is damaged", _AGAIN) from None
