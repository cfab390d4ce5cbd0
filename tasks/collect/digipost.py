"""The Digipost organisation inbox as a channel.

Belongs here: which documents are deliveries, in which order, and what may be deleted. Does not belong here: HTTP
(`digipost_http`), signatures (`digipost_wire`), XML (`digipost_xml`).
"""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from schemas.documents import ChannelName, Delivery
from schemas.errors import NotReady, OutsideFault, UsageFault
from schemas.settings import Settings
from store.outside import is_loopback
from tasks.collect.census import Counted
from tasks.collect.channel import Channel, Fate
from tasks.collect.digipost_http import Answer, DigipostClient, Unreachable
from tasks.collect.digipost_wire import SignedRequests
from tasks.collect.digipost_xml import Listed, link_path, read_inbox

PAGE: Final = 100
"""The API's default. Asking for more could be cut to it, and a page shorter than asked for means the end."""
MAX_PAGES: Final = 1000
GIVE_UP_AFTER: Final = 3
"""So many documents in a row without any answer, and it is not the documents."""
LETTERS_BUDGET: Final = 4
"""One letter's parts are held in memory together up to this many times `max_bytes`."""
_HOST: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\Z")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9.+_-]*/[a-z0-9][a-z0-9.+_-]*\Z")


class DigipostChannel:
    """Letters in one organisation's inbox: a delivery for each document and for each attachment.

    `source_ref` is the document's id, `handle` the path by which its letter is deleted. The API cannot delete an
    attachment alone (it gives no link for it), so an attachment's handle is its letter's, and a letter's handle is
    given out only once every part of it is in hand or known: no part can be deleted before it was taken in.
    """

    name: ChannelName = "digipost"

    def __init__(self, client: DigipostClient, sender_id: int, max_bytes: int, page: int = PAGE) -> None:
        self._client = client
        self._sender_id = sender_id
        self._max_bytes = max_bytes
        self._page = page

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """Oldest first. What cannot be read or fetched is passed over, to be tried in the next run; after all the
        others `OutsideFault("digipost_incomplete")` says so."""
        letters, failed = self._inbox()
        silent = 0
        for letter in sorted(letters, key=lambda one: (one.delivered_at, int(one.id))):
            whole, size = letter.whole, 0
            failed += not whole
            fetched: list[tuple[Listed, Answer]] = []
            for part in letter.parts:
                if known(part.id):
                    continue
                try:
                    # One byte more than allowed, so that the next step sees `too_large` instead of a damaged file.
                    answer = self._client.content(part.content_path, self._max_bytes + 1)
                except OutsideFault as fault:
                    silent = silent + 1 if isinstance(fault, Unreachable) else 0
                    if silent == GIVE_UP_AFTER:
                        raise
                    failed, whole = failed + 1, False
                    continue
                silent = 0
                fetched.append((part, answer))
                size += len(answer.body)
                whole = whole and len(answer.body) <= self._max_bytes
                if size > LETTERS_BUDGET * self._max_bytes:
                    whole = False
                    yield from (self._delivery(letter, *one, whole) for one in fetched)
                    fetched.clear()
            yield from (self._delivery(letter, *one, whole) for one in fetched)
        if failed:
            raise OutsideFault(
                "digipost_incomplete",
                f"{failed} documents in Digipost could not be read or fetched",
                "they are tried again in the next run; if it stays so, open them in Digipost",
            )

    def settle(self, handle: str, fate: Fate) -> str | None:
        """The API has nowhere to move a letter to, and no flag that can be set."""
        return handle

    def dispose(self, handle: str) -> None:
        """Delete the letter. Raises `OutsideFault` unless it is gone."""
        if not handle or link_path(handle) != handle:
            raise UsageFault("digipost_handle", "not a handle of this channel")
        self._client.delete(handle)

    def count(self, known: Callable[[str], bool], handles: Sequence[str], before: datetime) -> Counted:
        """See `census.Countable`. Only the list is read. A letter of which something is unusable is counted by what can
        be read of it."""
        letters, _ = self._inbox()
        there = {path for letter in letters for path in (letter.delete_path, *(p.delete_path for p in letter.parts))}
        waits = sum(part.delivered_at < before and not known(part.id) for letter in letters for part in letter.parts)
        return Counted(waits, len(set(handles) - there))

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _inbox(self) -> tuple[list[Listed], int]:
        """All letters, each once, and how many entries of the list were unusable.

        New letters push others on to the next page, so a place in the list means nothing and the id everything. The
        whole list is read before anything is fetched: an older letter may have failed last time.
        """
        path = self._client.entry_point(f"/{self._sender_id}").links.get("GET_INBOX", "")
        if not path:
            raise OutsideFault("digipost_no_inbox", "Digipost offers no inbox to this account", "ask Digipost for it")
        letters: dict[str, Listed] = {}
        unusable = 0
        for number in range(MAX_PAGES):
            listed = read_inbox(self._client.get(f"{path}?offset={number * self._page}&limit={self._page}"))
            for one in listed:
                if one is None:
                    unusable += 1
                else:
                    letters.setdefault(one.id, one)
            if len(listed) < self._page:
                return list(letters.values()), unusable
        raise OutsideFault("digipost_endless", "Digipost's list does not end", "empty the inbox, or tell Digipost")

    def _delivery(self, letter: Listed, part: Listed, answer: Answer, whole: bool) -> Delivery:
        """`whole`: everything of the letter is in hand, so that it may be deleted once that is committed."""
        return Delivery(
            channel=self.name,
            source_ref=part.id,
            received_at=part.delivered_at,
            content=answer.body,
            media_type=_media_type(answer.headers.get("content-type", ""), part.content_type),
            name=part.subject,
            handle=(part.delete_path or letter.delete_path or None) if whole else None,
        )


def _media_type(*stated: str) -> str:
    """The first that says something; what it really is, the next step finds out."""
    types = [one.partition(";")[0].strip().lower() for one in stated]
    return next(
        (t for t in types if _MEDIA_TYPE.match(t) and t != "application/octet-stream"), "application/octet-stream"
    )


def digipost_channel(settings: Settings) -> Channel:
    """The channel as the settings say. Raises `UsageFault` or `NotReady` where they cannot be."""
    chosen = settings.digipost
    if not (chosen.url and chosen.broker_id and chosen.sender_id and chosen.key_file):
        raise NotReady("digipost_off", "Digipost is not set up", "set digipost url, broker_id, sender_id and key_file")
    try:
        url = httpx.URL(chosen.url)
    except httpx.InvalidURL:
        url = httpx.URL("")
    safe = (url.scheme == "https" and _HOST.match(url.host)) or (url.scheme == "http" and is_loopback(url.host))
    if not safe or url.raw_path != b"/" or url.userinfo:
        raise UsageFault("digipost_url", "digipost url must be https and a host, no more", "see settings, digipost")
    auth = SignedRequests(chosen.broker_id, read_key(chosen.key_file), _now)
    client = DigipostClient(chosen.url, auth, chosen.content_hosts, chosen.timeout_seconds, _now)
    return DigipostChannel(client, chosen.sender_id, chosen.max_bytes)


def read_key(path: Path) -> rsa.RSAPrivateKey:
    """The RSA key that signs, from an unencrypted PEM file that only its owner may read. Raises `NotReady`."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise NotReady("digipost_key_open", "others may read Digipost's key file", "chmod 600 the key file")
            key = load_pem_private_key(file.read(100_000), password=None)
    except OSError:
        raise NotReady("digipost_key_missing", "Digipost's key file cannot be read", "set digipost key_file") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        message = "Digipost's key file is no unencrypted PEM with an RSA key of 2048 bits or more"
        raise NotReady("digipost_key_bad", message, "make it anew from the registered certificate's .p12")
    return key


def _now() -> datetime:
    return datetime.now(UTC)
