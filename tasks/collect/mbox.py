"""The mail channel on an mbox file, such as an export: read, never touched.

Belongs here: the mails of one file. Does not belong here: Maildirs and folders (`tasks/collect/email`).
"""

import hashlib
import mailbox
import time
from calendar import timegm
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas.documents import ChannelName, Delivery
from schemas.errors import OutsideFault, UsageFault
from tasks.collect.channel import MEDIA_TYPE, Fate


class MboxChannel:
    """The mails of one mbox. A mail is known by its bytes, since nothing else in the file stays the same; so no mail
    has a handle, and one that stands there twice is one delivery."""

    name: ChannelName = "email"

    def __init__(self, file: Path, max_bytes: int) -> None:
        self.file = file
        self.max_bytes = max_bytes

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """The file's mails that the ledger does not know, by the time in the line before each, in UTC (RFC 4155).
        Raises `UsageFault` where it is no mbox."""
        try:
            with self.file.open("rb") as file:
                if file.read(5) not in (b"From ", b""):
                    raise UsageFault("not_an_mbox", "the file is no mbox", "name an mbox, or a folder of .eml")
            changed = self.file.stat().st_mtime
            box = mailbox.mbox(self.file, create=False)
        except (OSError, mailbox.Error):
            raise _unreadable() from None
        try:
            dated = sorted((_received(box, key, changed), key) for key in box.keys())  # noqa: SIM118
            for received, key in dated:
                content = box.get_file(key).read(self.max_bytes + 1)
                ref = f"mbox:{hashlib.sha256(content).hexdigest()}"
                if not known(ref):
                    moment = datetime.fromtimestamp(received, UTC)
                    yield Delivery("email", ref, moment, content, MEDIA_TYPE)
        except OSError:
            raise _unreadable() from None
        finally:
            box.close()

    def settle(self, handle: str, fate: Fate) -> str | None:
        """Nothing is ever moved here."""
        return handle

    def dispose(self, handle: str) -> None:
        """Nothing is ever deleted here."""

    def close(self) -> None:
        """Nothing is open."""


def _received(box: mailbox.mbox, key: str, otherwise: float) -> float:
    """The time at the end of the line "From sender Mon Nov 23 09:12:00 2026"; the file's own where there is none."""
    line = box.get_file(key, from_=True).readline(1000).decode("ascii", "replace").split()
    try:
        return float(timegm(time.strptime(" ".join(line[-5:]), "%a %b %d %H:%M:%S %Y")))
    except (ValueError, OverflowError):
        return otherwise


def _unreadable() -> OutsideFault:
    return OutsideFault("mail_source_unreachable", "the mbox cannot be read", "Check that it is there.")
