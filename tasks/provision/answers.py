"""Saying what waits in the outbox: by mail, each once; on paper, for a person to post.

Belongs here: which messages are due, and that one goes once. Does not belong here: SMTP (`tasks/provision/smtp`), the
sheet (`tasks/provision/answer_letters`), or who is told what (decided long before).
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import OutsideFault
from store import audit, outbox
from store.database import Store
from store.outbox import Message
from tasks.provision.smtp import Post, RefusedError, connected


@dataclass(frozen=True, slots=True)
class Said:
    """Counts: mails sent now, mails that the server refuses, letters to print, and messages for which there is no
    address at all (somebody has to call)."""

    sent: int
    refused: int
    letters: int
    by_hand: int


def send(store: Store) -> Said:
    """Send every mail that waits. A second run at the same time sends nothing; one after a crash sends again only what
    was being sent then. Raises `OutsideFault` where the server fails; what was sent before stays sent."""
    with _alone(store.home.database.parent / "answers.lock") as mine:
        with store.read() as tx:
            waits = outbox.waiting(tx)
        mails = [one for one in waits if one.way == "mail"] if mine else []
        due = [one for one in mails if one.attempts < outbox.MOST_ATTEMPTS]
        gone = 0
        if due:
            with connected(store.settings.smtp, store.settings.school.name) as post:
                gone = sum(_send(store, post, one) for one in due)
    letters = sum(one.way == "letter" for one in waits)
    return Said(gone, len(mails) - gone, letters, sum(one.way == "none" for one in waits))


def send_where_set_up(store: Store) -> Said:
    """The same, and only counts where no mail server is set up."""
    if store.settings.smtp.host:
        return send(store)
    with store.read() as tx:
        ways = [one.way for one in outbox.waiting(tx)]
    return Said(0, 0, ways.count("letter"), ways.count("none"))


def _send(store: Store, post: Post, message: Message) -> bool:
    with store.write() as tx:
        if not outbox.claim(tx, message):
            return False
    try:
        post.send(message)
    except RefusedError:
        return False
    except OutsideFault:
        with store.write() as tx:
            outbox.unclaim(tx, message)
        raise
    with store.write() as tx:
        outbox.sent(tx, [message.id])
        audit.write(tx, audit.RULES, "message_sent", message.id, f"kind={message.kind}")
    return True


@contextmanager
def _alone(lock: Path) -> Iterator[bool]:
    """Whether no other run on this host is sending; the system lets go of the lock of a process that died."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
