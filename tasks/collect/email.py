"""The mail channel on files: a Maildir, or a folder of .eml.

Belongs here: listing, reading, moving and deleting mails as files. Does not belong here: what is inside a mail
(`tasks/decrypt`), or sealing and the ledger.

Mails are moved by renaming, not through `mailbox.Maildir.add`, which would write them anew: the bytes and the time of
receipt must stay what they were.
"""

import mailbox
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from schemas.documents import ChannelName, Delivery
from schemas.errors import OutsideFault
from schemas.settings import Settings
from tasks.collect.census import Counted
from tasks.collect.channel import MEDIA_TYPE, Channel, Fate
from tasks.collect.mbox import MboxChannel

DONE: Final = "Ferdig"
"""The Maildir++ subfolder for mails taken in; people see it in their mail program."""


class MaildirChannel:
    """Mails of one Maildir. A mail's `source_ref` is the part of its file name that never changes, so it survives being
    read, flagged or moved from new to cur. A handle is that name, with ".Ferdig/" before it once it lies there."""

    name: ChannelName = "email"

    def __init__(self, folder: Path, max_bytes: int, *, read_only: bool = False) -> None:
        self.folder = folder
        self.done = folder / f".{DONE}"
        self.max_bytes = max_bytes
        self.read_only = read_only
        self._seen: dict[Path, dict[str, Path]] = {}

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """The inbox's mails that the ledger does not know, by time of receipt."""
        listed = [(path, key) for key, path in self._list(self.folder).items() if not known(key)]
        yield from _read(listed, self.max_bytes, handles=not self.read_only)

    def settle(self, handle: str, fate: Fate) -> str | None:
        """taken, person: moved to `.Ferdig`. ordinary: flagged (F) and left where it is, unread if it was.

        Raises `OutsideFault` where the mailbox cannot be changed.
        """
        if self.read_only:
            return handle
        key = handle.removeprefix(f"{self.done.name}/")
        kept = f"{self.done.name}/{key}"
        path = self._find(self.folder, key)
        if path is None:
            return kept if self._find(self.done, key) is not None else None
        flags = path.name.partition(":2,")[2]
        try:
            if fate == "ordinary":
                target = self.folder / "cur" / f"{key}:2,{''.join(sorted({*flags, 'F'}))}"
                path.rename(target)
                self._seen.setdefault(self.folder, {})[key] = target
                return key
            if not self.done.is_dir():
                mailbox.Maildir(self.folder, create=False).add_folder(DONE)
            path.rename(self.done / "cur" / f"{key}:2,{flags}")
        except FileNotFoundError:
            return self._moved_meanwhile(key, fate)
        except OSError:
            raise OutsideFault("mailbox_not_writable", "a mail could not be moved or flagged") from None
        return kept

    def dispose(self, handle: str) -> None:
        """Delete a mail taken in. A handle from before it was moved reaches only what lies in `.Ferdig` too: the inbox
        is deleted from only where we had moved the mail and a person moved it back."""
        if self.read_only:
            return
        key = handle.removeprefix(f"{self.done.name}/")
        for folder in (self.done, self.folder) if key != handle else (self.done,):
            path = self._find(folder, key)
            try:
                if path is not None:
                    path.unlink(missing_ok=True)
            except OSError:
                raise OutsideFault("mailbox_not_writable", "a mail could not be deleted") from None

    def close(self) -> None:
        """Nothing is open."""

    def count(self, known: Callable[[str], bool], handles: Sequence[str], before: datetime) -> Counted:
        """See `census.Countable`."""
        inbox, done = self._list(self.folder), self._list(self.done)
        ours = {handle.removeprefix(f"{self.done.name}/") for handle in handles}
        waits = [path for key, path in inbox.items() if not known(key)]
        unknown = sum(_came(path) < before.timestamp() for path in waits)
        return Counted(unknown + len(done.keys() - ours), len(ours - inbox.keys() - done.keys()))

    def _moved_meanwhile(self, key: str, fate: Fate) -> str | None:
        """A mail program renamed or deleted it between our look and our move: look once more."""
        self._seen.clear()
        if self._find(self.folder, key) is not None:
            return self.settle(key, fate)
        return f"{self.done.name}/{key}" if self._find(self.done, key) is not None else None

    def _find(self, folder: Path, key: str) -> Path | None:
        """Where mail `key` lies now. Listings are kept and read again only on a miss: settling one mail must not cost
        a look at all of them."""
        if not key or "/" in key or key.startswith("."):
            return None
        path = self._seen.get(folder, {}).get(key)
        if path is None or not path.is_file():
            path = self._list(folder).get(key)
        return path

    def _list(self, folder: Path) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for name in ("new", "cur"):
            try:
                paths = list((folder / name).iterdir())
            except FileNotFoundError:
                if folder == self.folder and not folder.is_dir():
                    raise _unreachable() from None
                continue
            except OSError:
                raise _unreachable() from None
            found |= {path.name.partition(":")[0]: path for path in paths if not path.name.startswith(".")}
        self._seen[folder] = found
        return found


class EmlFolderChannel:
    """A folder of .eml files, such as an export: read, never touched, so no mail has a handle."""

    name: ChannelName = "email"

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self.max_bytes = max_bytes

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """The folder's .eml files that the ledger does not know, by file time."""
        try:
            paths = [path for path in self.folder.iterdir() if path.suffix.lower() == ".eml"]
        except OSError:
            raise _unreachable() from None
        yield from _read([(path, path.name) for path in paths if not known(path.name)], self.max_bytes, handles=False)

    def settle(self, handle: str, fate: Fate) -> str | None:
        """Nothing is ever moved here."""
        return handle

    def dispose(self, handle: str) -> None:
        """Nothing is ever deleted here."""

    def close(self) -> None:
        """Nothing is open."""


def email_channel(settings: Settings, home: Path) -> Channel:
    """The channel that `settings.email` names; without a source, the Maildir `home/mail`, made where it is missing.

    A folder with `new` or `cur` in it is a Maildir, any other is a folder of .eml, a file is an mbox. Raises
    `OutsideFault` where a named source is not there (an unmounted disk, perhaps).
    """
    mail = settings.email
    source = mail.source or home / "mail"
    try:
        if mail.source is None and not (source.is_dir() and any(source.iterdir())):
            mailbox.Maildir(source, create=True).close()
            for folder in (source, *(source / name for name in ("new", "cur", "tmp"))):
                folder.mkdir(mode=0o700, exist_ok=True)
        if source.is_file():
            return MboxChannel(source, mail.max_bytes)
        if not source.is_dir():
            raise _unreachable()
    except OSError:
        raise _unreachable() from None
    if (source / "new").is_dir() or (source / "cur").is_dir():
        return MaildirChannel(source, mail.max_bytes, read_only=mail.read_only)
    return EmlFolderChannel(source, mail.max_bytes)


def _came(path: Path) -> float:
    """When a mail came; one that goes while we look is none to count."""
    try:
        return path.stat().st_mtime
    except OSError:
        return math.inf


def _read(listed: list[tuple[Path, str]], max_bytes: int, *, handles: bool) -> Iterator[Delivery]:
    """Deliveries oldest first; what vanished meanwhile is passed over (a person, or another run, took it)."""
    dated: list[tuple[float, str, Path]] = []
    for path, key in listed:
        try:
            if path.is_file() and not path.is_symlink():
                dated.append((path.stat().st_mtime, key, path))
        except OSError:
            continue
    for received, key, path in sorted(dated):
        try:
            with path.open("rb") as file:
                # One byte over the bound is enough: decrypt then says too_large and opens nothing, and a mail of any
                # size cannot fill the memory. The rest stays at the source.
                content = file.read(max_bytes + 1)
        except FileNotFoundError:
            continue
        except OSError:
            raise OutsideFault("mail_unreadable", "a mail could not be read from its folder") from None
        yield Delivery(
            channel="email",
            source_ref=key,
            # Our own receipt, never the mail's Date header: order decides who is superseded.
            received_at=datetime.fromtimestamp(received, UTC),
            content=content,
            media_type=MEDIA_TYPE,
            name=path.name,
            handle=key if handles else None,
        )


def _unreachable() -> OutsideFault:
    return OutsideFault("mail_source_unreachable", "the mail folder cannot be read", "Check that it is mounted.")
