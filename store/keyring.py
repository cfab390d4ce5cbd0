"""The KeyRing seam: who holds the keys that open everything else, and the keys while they are held in memory.

Four kinds of key, kept apart: the key-encryption key (KEK) by epoch, the look-up key by epoch, the permanent delivery
key (digests, tombstones, roster ids and reduced numbers cannot be computed anew once the original is gone), the audit
key. Where they lie is `store.keyfile`; who wraps instead of us, `store.transit`.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import NotReady

Purpose = Literal["delivery", "audit"]
FORMAT: Final = 1
"""Of a wrapped key: format (1 byte), epoch (2 bytes), then what the wrapper made."""
KEY_BYTES: Final = 32

Load = Callable[[], bytes]
"""Gets the document of keys from where it lies."""
Save = Callable[[bytes], None]
"""Puts the document of keys back where it came from, durably and in one step."""


class KeyRing(Protocol):
    """What the store asks of a key holder; a key-management service can fill it, since no KEK ever leaves it."""

    @property
    def epoch(self) -> int:
        """The epoch that new keys are wrapped under, and new look-up values made in."""
        ...

    @property
    def epochs(self) -> dict[int, datetime]:
        """Every epoch whose keys are still there, and when it began."""
        ...

    def wrap(self, keys: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Each (subject, data key) encrypted under the current KEK, bound to its subject; format and epoch in front."""
        ...

    def unwrap(self, wrapped: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """The data keys back. Raises `NotReady` where an epoch's KEK is gone or a binding does not hold."""
        ...

    def mac(self, purpose: Purpose, data: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes) under the permanent key of `purpose`."""
        ...

    def lookup(self, data: bytes, epoch: int) -> bytes:
        """HMAC-SHA256 (32 bytes) under an epoch's look-up key."""
        ...

    def begin_epoch(self) -> int:
        """Make the keys of a new epoch, durably, and use them from now on."""
        ...

    def destroy_before(self, epoch: int) -> list[int]:
        """Destroy for good the keys of every epoch before this one; returns which there were."""
        ...

    def catch_up(self, epoch: int) -> None:
        """Read the keys again where another process has begun `epoch`; `NotReady` where there is no such epoch."""
        ...


class Wrapper(Protocol):
    """Who holds the KEKs: `store.transit`, or the document itself."""

    def wrap(self, epoch: int, keys: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Each (subject, data key), encrypted under the KEK of `epoch`."""
        ...

    def unwrap(self, epoch: int, bodies: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """The data keys back."""
        ...

    def begin(self) -> int:
        """Make a new KEK; returns its epoch."""
        ...

    def destroy_before(self, epoch: int) -> None:
        """Destroy every older KEK for good."""
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """Every key that we hold ourselves. `kek` is empty where a service holds those."""

    epoch: int
    began: dict[int, datetime]
    kek: dict[int, bytes] = field(repr=False)
    lookup: dict[int, bytes] = field(repr=False)
    delivery: bytes = field(repr=False)
    audit: bytes = field(repr=False)

    @staticmethod
    def fresh(first_epoch: int = 1, *, with_kek: bool = True) -> "Document":
        """New keys of every kind."""
        kek = {first_epoch: _key()} if with_kek else {}
        return Document(first_epoch, {first_epoch: _now()}, kek, {first_epoch: _key()}, _key(), _key())

    def to_json(self) -> bytes:
        """As it lies in the file."""
        told = {
            "epoch": self.epoch,
            "began": {str(e): at.isoformat() for e, at in self.began.items()},
            "kek": {str(e): _b64(k) for e, k in self.kek.items()},
            "lookup": {str(e): _b64(k) for e, k in self.lookup.items()},
            "delivery": _b64(self.delivery),
            "audit": _b64(self.audit),
        }
        return json.dumps(told, indent=1).encode()

    @staticmethod
    def from_json(data: bytes) -> "Document":
        """Back from the file; `NotReady` where it is damaged."""
        try:
            told = json.loads(data)
            keys = {n: {int(e): _bytes(k) for e, k in told[n].items()} for n in ("kek", "lookup")}
            began = {int(e): datetime.fromisoformat(at) for e, at in told["began"].items()}
            made = Document(
                int(told["epoch"]), began, **keys, delivery=_bytes(told["delivery"]), audit=_bytes(told["audit"])
            )
            if made.epoch not in made.lookup or not set(made.kek) <= set(made.lookup):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotReady("keys_damaged", "the key file is damaged", "restore it from its escrow copy") from None
        return made


class HeldKeyRing:
    """A document of keys in memory, and whoever wraps: the document's own KEKs unless a service is given."""

    def __init__(self, load: Load, save: Save, wrapper: Wrapper | None = None) -> None:
        self._load = load
        self._save = save
        self._wrapper = wrapper
        self._hold(Document.from_json(load()))

    @property
    def epoch(self) -> int:
        """The epoch that new keys are wrapped under."""
        return self._held.epoch

    @property
    def epochs(self) -> dict[int, datetime]:
        """Every epoch whose keys are still there, and when it began."""
        return dict(self._held.began)

    def wrap(self, keys: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Each (subject, data key), wrapped."""
        head = _head(self.epoch)
        if self._wrapper is not None:
            return [head + body for body in self._wrapper.wrap(self.epoch, keys)]
        seal, made = self._kek[self.epoch].encrypt, []
        for subject, key in keys:
            nonce = secrets.token_bytes(12)
            made.append(head + nonce + seal(nonce, key, head + subject.encode()))
        return made

    def unwrap(self, wrapped: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """The data keys back."""
        if self._wrapper is not None:
            return self._unwrap_elsewhere(self._wrapper, wrapped)
        found = []
        for subject, sealed in wrapped:
            head, nonce, body = sealed[:3], sealed[3:15], sealed[15:]
            kek = self._kek[self._known(int.from_bytes(head[1:], "big"))]
            try:
                found.append(kek.decrypt(nonce, body, head + subject.encode()))
            except InvalidTag:
                raise NotReady("key_mismatch", "the key file does not belong to this store", "check --home") from None
        return found

    def _unwrap_elsewhere(self, wrapper: Wrapper, wrapped: Sequence[tuple[str, bytes]]) -> list[bytes]:
        found = [b""] * len(wrapped)
        of_epoch: dict[int, list[int]] = {}
        for i, (_, sealed) in enumerate(wrapped):
            of_epoch.setdefault(int.from_bytes(sealed[1:3], "big"), []).append(i)
        for epoch, places in of_epoch.items():
            keys = wrapper.unwrap(self._known(epoch), [(wrapped[i][0], wrapped[i][1][3:]) for i in places])
            for i, key in zip(places, keys, strict=True):
                found[i] = key
        return found

    def _known(self, epoch: int) -> int:
        """An epoch whose keys are there, also where another process began it after we read the file."""
        if epoch > self.epoch:
            self.catch_up(epoch)
        if epoch not in self._held.began:
            raise NotReady("kek_destroyed", "a key was wrapped under a key epoch that was destroyed", _OLD)
        return epoch

    def catch_up(self, epoch: int) -> None:
        """Read the keys again where another process has begun `epoch`."""
        if epoch > self.epoch:
            self._hold(Document.from_json(self._load()))
        if epoch > self.epoch:
            raise NotReady("keys_older", "the key file is older than the store", "put its newest copy back")

    def mac(self, purpose: Purpose, data: bytes) -> bytes:
        """HMAC-SHA256 under the permanent key of `purpose`."""
        return hmac.digest(self._held.delivery if purpose == "delivery" else self._held.audit, data, hashlib.sha256)

    def lookup(self, data: bytes, epoch: int) -> bytes:
        """HMAC-SHA256 under an epoch's look-up key."""
        return hmac.digest(self._held.lookup[epoch], data, hashlib.sha256)

    def begin_epoch(self) -> int:
        """Make the keys of a new epoch, durably, and use them from now on."""
        held = self._held
        epoch = self._wrapper.begin() if self._wrapper is not None else held.epoch + 1
        kek = dict(held.kek) if self._wrapper is not None else {**held.kek, epoch: _key()}
        self._replace(
            Document(
                epoch, {**held.began, epoch: _now()}, kek, {**held.lookup, epoch: _key()}, held.delivery, held.audit
            )
        )
        return epoch

    def destroy_before(self, epoch: int) -> list[int]:
        """Destroy for good the keys of every epoch before this one."""
        held = self._held
        gone = sorted(e for e in held.began if e < epoch)
        if gone:
            if self._wrapper is not None:
                self._wrapper.destroy_before(epoch)
            kept = {n: {e: k for e, k in getattr(held, n).items() if e >= epoch} for n in ("began", "kek", "lookup")}
            self._replace(Document(held.epoch, **kept, delivery=held.delivery, audit=held.audit))
        return gone

    def _replace(self, document: Document) -> None:
        self._save(document.to_json())
        self._hold(document)

    def _hold(self, document: Document) -> None:
        self._held = document
        self._kek = {epoch: AESGCM(key) for epoch, key in document.kek.items()}


_OLD: Final = "a backup older than its keys cannot be read any more: that is meant"


def _head(epoch: int) -> bytes:
    return bytes([FORMAT]) + epoch.to_bytes(2, "big")


def _key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return key
