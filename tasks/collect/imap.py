"""The mail channel over IMAP: what is new in a folder, and where each mail goes once it is decided.

Belongs here: identity, order, moving and deleting. Does not belong here: IMAP itself (`tasks/collect/imap_session`),
or what is inside a mail (`tasks/decrypt`).

A mail is known by UIDVALIDITY, UID and the SHA-256 of its bytes, never by being read or unread: people open the mailbox
too. What is unread stays so.
"""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from schemas.documents import ChannelName, Delivery, numbered
from schemas.errors import OutsideFault, UsageFault
from schemas.settings import Imap
from tasks.collect.census import Counted
from tasks.collect.channel import MEDIA_TYPE, Fate
from tasks.collect.imap_session import Login, Session

ORDINARY: Final = "foresatt-ordinary"
"""The keyword on ordinary mail, where the server keeps keywords; mail programs do not show it."""
NEEDED: Final = ("MOVE", "UIDPLUS")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies, and what it is known by where numbers no longer hold. As text it is a handle."""

    folder: str
    numbering: int
    uid: int
    size: int
    digest: str = field(repr=False)

    def __str__(self) -> str:
        return "\0".join((self.folder, str(self.numbering), str(self.uid), str(self.size), self.digest))

    @classmethod
    def read(cls, handle: str) -> "Place":
        """Raises `UsageFault` for what is no handle of this channel."""
        words = handle.split("\0")
        if len(words) != 5 or not all(word.isdecimal() and word.isascii() for word in words[1:4]):
            raise UsageFault("imap_handle", "not a handle of this channel")
        return cls(words[0], int(words[1]), int(words[2]), int(words[3]), words[4])


class ImapChannel:
    """The mails of one folder on an IMAP server. The connection is kept between calls, until `close`."""

    name: ChannelName = "email"

    def __init__(self, chosen: Imap, login: Login, max_bytes: int, *, read_only: bool = False) -> None:
        self._chosen, self._max_bytes, self._read_only = chosen, max_bytes, read_only
        self._session = Session(chosen, login)
        self._marked = 0

    def close(self) -> None:
        """Log out."""
        self._session.close()

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """The folder's mails that the ledger does not know, by time of receipt. One that the server lists and does not
        give is passed over, and `OutsideFault("mail_incomplete")` says so after all the others."""
        numbering, came = self._session.run(lambda: self._new(known))
        withheld = 0
        for uid, (received, size) in sorted(came.items(), key=lambda one: (one[1][0], one[0])):
            content = self._session.run(lambda uid=uid: self._content(uid))  # type: ignore[misc]
            if content is None:
                withheld += self._session.run(lambda uid=uid: self._is_here(uid))  # type: ignore[misc]
                continue
            yield self._delivery(numbering, uid, received, size, content)
        if withheld:
            told = f"the mail server lists {withheld} mails that it does not give"
            raise OutsideFault("mail_incomplete", told, "the next run tries again; if it goes on, look at the mailbox")

    def settle(self, handle: str, fate: Fate) -> str | None:
        """taken, person: moved to the folder for it, its new handle returned. ordinary: left as it is, with a keyword
        where the server keeps such. None where nothing is left of it."""
        if self._read_only:
            return handle
        place = Place.read(handle)
        return self._session.run(lambda: self._settle(place, fate))

    def dispose(self, handle: str) -> None:
        """Delete a mail taken in. What a person has moved out of our folders is not reached by this: the next intake
        finds it again and knows it."""
        if self._read_only:
            return
        place = Place.read(handle)
        self._session.run(lambda: self._dispose(place))

    def probe(self) -> str:
        """Log in, look, and say what is there. Raises `OutsideFault` where the server cannot do what is needed."""

        def look() -> str:
            if self._session.select(self._chosen.folder) is None:
                raise OutsideFault("mail_folder", "the mailbox has no folder of that name", "see imap.folder")
            self._require_moving()
            waits = "tells of new mail" if self._session.can("IDLE") else "is asked for new mail"
            return f"logs in, {waits}, {len(self._session.uids(self._chosen.since))} in the folder"

        return self._session.run(look)

    def count(self, known: Callable[[str], bool], handles: Sequence[str], before: datetime) -> Counted:
        """See `census.Countable`. A folder numbered anew is counted by the bytes of its mails."""
        return self._session.run(lambda: self._count(known, [Place.read(one) for one in handles], before))

    def wait(self, seconds: float) -> bool:
        """Wait until the server tells of mail that came since `mark` (True), or the time is out; a server that does not
        tell, or is not there, is waited out. Raises nothing of the outside world."""
        until = time.monotonic() + seconds
        try:
            told = self._session.run(lambda: self._wait(seconds))
        except OutsideFault:
            self._session.try_again()
            told = None
        if told is None:
            time.sleep(max(0.0, until - time.monotonic()))
        return bool(told)

    def mark(self) -> None:
        """What has come until now is no news for `wait`."""
        with contextlib.suppress(OutsideFault):
            self._session.run(self._look)
            self._marked = self._session.uid_next

    # ------------------------------------------------------------------------------------------------- collecting

    def _new(self, known: Callable[[str], bool]) -> tuple[int, dict[int, tuple[datetime, int]]]:
        self._session.forget_selection()
        numbering = self._session.select(self._chosen.folder)
        if numbering is None:
            raise OutsideFault("mail_folder", "the mailbox has no folder of that name", "see imap.folder")
        uids = self._session.uids(self._chosen.since)
        return numbering, self._session.outlines([uid for uid in uids if not known(self._ref(numbering, uid))])

    def _look(self) -> None:
        self._session.forget_selection()
        self._session.select(self._chosen.folder)

    def _wait(self, seconds: float) -> bool | None:
        self._look()
        if self._session.uid_next > self._marked:
            return True
        return self._session.idle(seconds) if self._session.can("IDLE") else None

    def _ref(self, numbering: int, uid: int) -> str:
        return numbered(f"imap:{self._chosen.user.lower()}", f"{self._chosen.folder}|{numbering}", uid)

    def _content(self, uid: int) -> bytes | None:
        """Asked for twice: Microsoft 365 now and then lists a mail that it gives only the second time. One byte over
        the bound is enough for decrypt to say too_large; what the server tells of a size may be wrong."""
        self._session.select(self._chosen.folder)
        most = self._max_bytes + 1
        return self._session.content(uid, most) or self._session.content(uid, most)

    def _is_here(self, uid: int) -> bool:
        self._session.select(self._chosen.folder)
        return self._session.has(uid)

    def _delivery(self, numbering: int, uid: int, received: datetime, size: int, content: bytes) -> Delivery:
        place = Place(self._chosen.folder, numbering, uid, size, hashlib.sha256(content).hexdigest())
        # A mail of which we hold only a part must stay where it is.
        movable = not self._read_only and len(content) <= self._max_bytes
        return Delivery(
            channel="email",
            source_ref=self._ref(numbering, uid),
            received_at=received,  # the server's receipt, never the mail's Date header
            content=content,
            media_type=MEDIA_TYPE,
            handle=str(place) if movable else None,
        )

    # --------------------------------------------------------------------------------------------------- counting

    def _count(self, known: Callable[[str], bool], places: list[Place], before: datetime) -> Counted:
        _, came = self._new(known)
        unknown = sum(received < before for received, _ in came.values())
        lost = [place for place in places if self._find(place) is None]
        for folder in (self._chosen.done_folder, self._chosen.review_folder):
            self._session.forget_selection()
            numbering_here = self._session.select(folder)
            if numbering_here is None:
                continue
            here = {place.uid for place in places if (place.folder, place.numbering) == (folder, numbering_here)}
            by_bytes = [one for one in places if one.folder != folder or one.numbering != numbering_here]
            for uid in set(self._session.uids()) - here:
                digest = hashlib.sha256(self._session.content(uid, self._max_bytes + 1) or b"").hexdigest()
                found = [place for place in by_bytes if place.digest == digest]
                unknown += not found
                lost = [place for place in lost if place not in found]
        return Counted(unknown, len(lost))

    # --------------------------------------------------------------------------------------------------- settling

    def _settle(self, place: Place, fate: Fate) -> str | None:
        session = self._session
        uid = self._find(place, writing=True)
        if fate == "ordinary":
            if uid is not None:
                session.keyword(uid, ORDINARY)
            return str(place) if uid is not None else None
        target = self._chosen.review_folder if fate == "person" else self._chosen.done_folder
        if uid is not None and place.folder == target:
            return str(place)
        if uid is None:  # moved by another run, or by one that was killed before it could write that down
            return self._elsewhere(place)
        self._require_moving()
        session.make(target)
        moved = session.move(uid, target)
        if moved is not None:
            return str(Place(target, *moved, place.size, place.digest))
        found = self._elsewhere(place)
        if found is None and self._find(place, writing=True) is not None:
            raise OutsideFault("mailbox_not_writable", "a mail could not be moved", "is the mailbox full?")
        return found

    def _dispose(self, place: Place) -> None:
        if place.folder == self._chosen.folder:  # a handle from before the mail was moved
            moved = self._elsewhere(place)
            if moved is None:
                return
            place = Place.read(moved)
        uid = self._find(place, writing=True)
        if uid is not None:
            self._require_moving()
            self._session.delete(uid)

    def _find(self, place: Place, *, writing: bool = False) -> int | None:
        """The mail's number in the folder of its handle: the one it had, or, numbered anew, the one of its bytes."""
        numbering = self._session.select(place.folder, writing=writing)
        if numbering is None:
            return None
        if numbering == place.numbering:
            return place.uid if self._session.has(place.uid) else None
        return self._session.find(place.size, place.digest)

    def _elsewhere(self, place: Place) -> str | None:
        """The handle of the mail in one of the folders that we move to."""
        for folder in (self._chosen.done_folder, self._chosen.review_folder):
            self._session.forget_selection()
            numbering = self._session.select(folder)
            uid = self._session.find(place.size, place.digest) if numbering is not None else None
            if numbering is not None and uid is not None:
                return str(Place(folder, numbering, uid, place.size, place.digest))
        return None

    def _require_moving(self) -> None:
        if not self._session.can(*NEEDED):
            raise OutsideFault(
                "mail_cannot_move", "the mail server cannot move one mail safely", "it needs MOVE and UIDPLUS"
            )
