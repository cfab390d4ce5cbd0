"""A mailbox on a real Dovecot, as people and mail programs see it, and a wire to it that can be cut.

Belongs here: laying mails in, looking, moving by hand, cutting. Does not belong here: any expectation.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from imapclient import IMAPClient

from fixtures.dovecot import PASSWORD, Dovecot
from schemas.settings import Imap

NOON = datetime(2026, 10, 12, 12, 0, tzinfo=UTC)
_users = count(1)


@dataclass
class Mailbox:
    """One user's mailbox, used by nobody else."""

    server: Dovecot
    user: str = field(default_factory=lambda: f"skjema{next(_users)}@skolen.example")
    port: int = 0

    def chosen(self, **more: Any) -> Imap:
        """The settings that lead here."""
        told = {"host": "localhost", "port": self.port or self.server.port, "user": self.user, "timeout_seconds": 10}
        return Imap.model_validate({**told, "ca_file": self.server.ca, **more})

    @contextlib.contextmanager
    def open(self, folder: str = "INBOX") -> Iterator[IMAPClient]:
        """A mail program that has a folder open."""
        context = ssl.create_default_context(cafile=self.server.ca)
        client = IMAPClient("localhost", port=self.server.port, ssl_context=context, timeout=10)
        client.normalise_times = False
        client.plain_login(self.user, PASSWORD)
        client.select_folder(folder)
        try:
            yield client
        finally:
            client.logout()

    def lay(self, *mails: bytes, folder: str = "INBOX", start: datetime = NOON) -> None:
        """Mails that the server received hour by hour."""
        with self.open() as client:
            if folder != "INBOX" and not client.folder_exists(folder):
                client.create_folder(folder)
            for hour, raw in enumerate(mails):
                client.append(folder, raw, msg_time=start + timedelta(hours=hour))

    def contents(self, folder: str = "INBOX") -> list[bytes]:
        """What lies in a folder, by number; nothing where there is no such folder."""
        with self.open() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            told = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [told[uid][b"BODY[]"] for uid in sorted(told)]

    def flags(self, folder: str = "INBOX") -> list[set[bytes]]:
        """The flags of each mail, without \\Recent, which a server gives by itself."""
        with self.open(folder) as client:
            told = client.get_flags(client.search())
            return [{*told[uid]} - {b"\\Recent"} for uid in sorted(told)]

    def by_hand(self, uid: int, source: str, target: str) -> None:
        """A person moves a mail."""
        with self.open(source) as client:
            if not client.folder_exists(target):
                client.create_folder(target)
            client.move([uid], target)


def mail(text: str) -> bytes:
    """A small mail, with the line ends that IMAP wants."""
    return f"From: kari@foresatt.example\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


class Wire:
    """A TCP proxy to a port; `cut_after` bytes from the server it hangs up, once."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.cut_after: int | None = None
        self.passed = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or the thread that accepts would keep it
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if counted:
                    self.passed += len(data)
                    if self.cut_after is not None and self.passed >= self.cut_after:
                        self.cut_after = None
                        break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
