"""One connection to a mailbox on an IMAP server: TLS, login, and the few commands that the channel needs.

Belongs here: talking IMAP, and turning whatever goes wrong into a clean `OutsideFault`. Does not belong here: which
mails are deliveries and where they go (`tasks/collect/imap`), or where a password or token comes from
(`store/outside`, `store/token`).
"""

import contextlib
import hashlib
import logging
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from schemas.errors import ForesattError, OutsideFault
from schemas.settings import Imap
from store.outside import tls

T = TypeVar("T")
WINDOW: Final = 50_000
"""UIDs asked for at once: a reply is one line, and a line has a bound."""
CHUNK: Final = 500
IDLE_AT_MOST: Final = 29 * 60.0
"""RFC 2177: a server may hang up on a client that has been idle for half an hour."""
# What a broken server's answers raise in the parsers, besides what sockets and IMAP itself do.
BROKEN: Final = (IMAPClientError, OSError, EOFError, ValueError, LookupError, TypeError, AssertionError)

Login = Callable[[IMAPClient], None]

logging.getLogger("imapclient").setLevel(logging.ERROR)  # at its debug level it tells every line that comes, mails too


class Session:
    """A connection that is made when it is first needed, and anew after it broke. One that cannot be made is not tried
    again by this object: a run must not wait for each of its mails until the time is out."""

    def __init__(self, chosen: Imap, login: Login) -> None:
        self._chosen, self._login = chosen, login
        self._client: IMAPClient | None = None
        self._down: ForesattError | None = None
        self._selected: tuple[str, bool] | None = None
        self._numbering = 0
        self.uid_next = 0
        self.keeps_keywords = False

    def run(self, work: Callable[[], T]) -> T:
        """`work`, with the connection up. Raises `OutsideFault`, and hangs up, where the server or the net fails."""
        try:
            self._connect()
            return work()
        except ForesattError:
            raise
        except BROKEN:
            self._drop()
            raise unreachable() from None

    def close(self) -> None:
        """Log out; harmless where nothing is open."""
        client, self._client, self._selected = self._client, None, None
        if client is not None:
            with contextlib.suppress(*BROKEN):
                client.logout()

    def try_again(self) -> None:
        """Forget that the server could not be reached: some time has passed."""
        self._down = None

    # ---------------------------------------------------------------- commands, for `work`

    def can(self, *names: str) -> bool:
        """Whether the server has these capabilities."""
        return all(self._up.has_capability(name) for name in names)

    def select(self, folder: str, *, writing: bool = False) -> int | None:
        """Open a folder; its UIDVALIDITY, or None where there is none of this name."""
        if self._selected != (folder, writing):
            self._selected = None
            if folder.upper() != "INBOX" and not self._up.folder_exists(folder):
                return None
            told: dict[bytes, Any] = self._up.select_folder(folder, readonly=not writing)
            self._selected = (folder, writing)
            self._numbering, self.uid_next = int(told[b"UIDVALIDITY"]), int(told.get(b"UIDNEXT", 0))
            self.keeps_keywords = b"\\*" in told.get(b"PERMANENTFLAGS", ())
        return self._numbering

    def make(self, folder: str) -> None:
        """Make a folder and show it to mail programs, where it is missing."""
        if not self._up.folder_exists(folder):
            self._up.create_folder(folder)
            with contextlib.suppress(IMAPClientError):
                self._up.subscribe_folder(folder)

    def uids(self, since: date | None = None) -> list[int]:
        """Every mail of the folder that is not marked as deleted, and came on `since` or later."""
        found: list[int] = []
        dated = ["SINCE", since] if since else []
        # A server need not tell UIDNEXT; then the last window is open.
        for start in range(1, max(self.uid_next, 2), WINDOW):
            last = "*" if start + WINDOW >= self.uid_next else start + WINDOW - 1
            told = self._up.search(["UID", f"{start}:{last}", "UNDELETED", *dated])
            found += [uid for uid in told if uid >= start]  # "5:*" means the last mail even where that is number 3
        return sorted(set(found))

    def has(self, uid: int) -> bool:
        """Whether the folder still holds this mail."""
        return uid in self._up.search(["UID", str(uid)])

    def outlines(self, uids: Sequence[int]) -> dict[int, tuple[datetime, int]]:
        """UID -> (when our server received it, UTC; its size as the server says), of those that are there."""
        found: dict[int, tuple[datetime, int]] = {}
        for start in range(0, len(uids), CHUNK):
            told = self._up.fetch(uids[start : start + CHUNK], ["INTERNALDATE", "RFC822.SIZE"])
            for uid, data in told.items():
                if b"INTERNALDATE" in data and b"RFC822.SIZE" in data:
                    found[uid] = (data[b"INTERNALDATE"].astimezone(UTC), int(data[b"RFC822.SIZE"]))
        return found

    def content(self, uid: int, most: int) -> bytes | None:
        """The first `most` bytes of a mail, whatever size was told; None where the server gives nothing. Whether the
        mail is unread stays as it was."""
        data = self._up.fetch([uid], [f"BODY.PEEK[]<0.{most}>"]).get(uid, {})
        found = data.get(b"BODY[]<0>", data.get(b"BODY[]"))
        return bytes(found) if found is not None else None

    def find(self, size: int, digest: str) -> int | None:
        """The mail of this folder with this content, known by its size and the SHA-256 of its bytes."""
        for uid, (_, told) in sorted(self.outlines(self.uids()).items()):
            if told == size and hashlib.sha256(self.content(uid, size + 1) or b"").hexdigest() == digest:
                return uid
        return None

    def move(self, uid: int, folder: str) -> tuple[int, int] | None:
        """Move a mail; (UIDVALIDITY, UID) there, or None where the server did not say (or another was faster)."""
        imap = self._up._imap  # IMAPClient drops the COPYUID of a MOVE
        imap.response("COPYUID")
        with contextlib.suppress(IMAPClientError):  # NO [EXPUNGEISSUED]: the mail is gone already
            self._up.move([uid], folder)
        told = imap.response("COPYUID")[1][-1]
        words = told.decode("ascii").split() if told else []
        return (int(words[0]), int(words[2])) if len(words) == 3 and words[2].isdigit() else None

    def keyword(self, uid: int, word: str) -> None:
        """Mark a mail for programs, not for people; does nothing where the server keeps no such marks."""
        if self.keeps_keywords:
            self._up.add_flags([uid], [word], silent=True)

    def delete(self, uid: int) -> None:
        """Delete this one mail for good."""
        self._up.delete_messages([uid], silent=True)
        self._up.uid_expunge([uid])

    def idle(self, seconds: float) -> bool:
        """Wait until the server tells of new mail (True) or the time is out."""
        self._up.idle()
        try:
            told = self._up.idle_check(timeout=min(seconds, IDLE_AT_MOST))
        finally:
            more = self._up.idle_done()[1]
        return any(isinstance(one, tuple) and b"EXISTS" in one for one in [*told, *more])

    def forget_selection(self) -> None:
        """Look at the folder anew at the next `select`."""
        self._selected = None

    # ---------------------------------------------------------------- the connection

    @property
    def _up(self) -> IMAPClient:
        if self._client is None:
            raise unreachable()
        return self._client

    def _connect(self) -> None:
        if self._client is not None:
            return
        if self._down is not None:
            raise self._down
        try:
            self._client = self._open()
        except ForesattError as fault:
            self._down = fault
            raise

    def _open(self) -> IMAPClient:
        chosen = self._chosen
        context = tls(chosen.ca_file)
        client = None
        try:
            client = IMAPClient(chosen.host, port=chosen.port, ssl_context=context, timeout=chosen.timeout_seconds)
            client.normalise_times = False
            self._login(client)
        except ForesattError:
            _hang_up(client)
            raise
        except ssl.SSLCertVerificationError:
            raise OutsideFault(
                "mail_certificate", "the mail server's certificate is not to be trusted", "see imap.host and ca_file"
            ) from None
        except LoginError:
            _hang_up(client)
            raise OutsideFault(
                "mail_login", "the mail server refuses the login", "see the password or the key of the mailbox"
            ) from None
        except BROKEN:
            _hang_up(client)
            raise unreachable() from None
        return client

    def _drop(self) -> None:
        client, self._client, self._selected = self._client, None, None
        _hang_up(client)


def unreachable() -> OutsideFault:
    """The mail server does not answer as one."""
    return OutsideFault("mail_source_unreachable", "the mail server does not answer", "the next run tries again")


def _hang_up(client: IMAPClient | None) -> None:
    if client is not None:
        with contextlib.suppress(*BROKEN):
            client.shutdown()
