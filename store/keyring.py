"""The KeyRing seam: who holds the keys that open everything else.

Four kinds of key, kept apart: the key-encryption key (KEK) by epoch, the look-up key by epoch, the permanent delivery
key (digests and tombstones cannot be recomputed once the original is gone), the audit key. The embedded default is a
0600 file outside the database's folder.
"""

import base64
import hashlib
import hmac
import json
import secrets
import stat
from pathlib import Path
from typing import Final, Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import NotReady
from store.home import private_write

Purpose = Literal["delivery", "lookup", "audit"]
FORMAT: Final = 1


class KeyRing(Protocol):
    """What the store asks of a key holder; a KMS can fill it, since no key ever leaves it."""

    @property
    def epoch(self) -> int:
        """The KEK epoch that new keys are wrapped under."""
        ...

    def wrap(self, key: bytes, subject: str) -> bytes:
        """`key` encrypted under the current KEK, bound to `subject`; format and epoch stand in front."""
        ...

    def unwrap(self, wrapped: bytes, subject: str) -> bytes:
        """The data key back. Raises `NotReady` where its epoch's KEK is gone or the binding does not hold."""
        ...

    def mac(self, purpose: Purpose, data: bytes) -> bytes:
        """HMAC-SHA256 (32 bytes) under the key of `purpose`."""
        ...


class FileKeyRing:
    """The embedded default: every key in one JSON file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                raise NotReady("keys_readable", "the key file can be read by other accounts", "run: chmod 600 on it")
            held = json.loads(path.read_bytes())
            self._epoch = int(held["epoch"])
            self._kek = {int(e): AESGCM(base64.b64decode(k)) for e, k in held["kek"].items()}
            self._mac = {p: base64.b64decode(held[p], validate=True) for p in ("delivery", "lookup", "audit")}
        except FileNotFoundError:
            raise NotReady("keys_missing", "the key file is not there", "restore it, or run: foresatt init") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotReady("keys_damaged", "the key file is damaged", "restore it from its escrow copy") from None

    @staticmethod
    def create(path: Path) -> "FileKeyRing":
        """Make fresh keys at epoch 1 in a new 0600 file."""

        def key() -> str:
            return base64.b64encode(secrets.token_bytes(32)).decode()

        held = {"format": FORMAT, "epoch": 1, "kek": {"1": key()}, "delivery": key(), "lookup": key(), "audit": key()}
        private_write(path, json.dumps(held, indent=1).encode())
        return FileKeyRing(path)

    @property
    def epoch(self) -> int:
        """The KEK epoch that new keys are wrapped under."""
        return self._epoch

    def wrap(self, key: bytes, subject: str) -> bytes:
        """Layout: format (1 byte), epoch (2 bytes), nonce (12), ciphertext and tag (48)."""
        nonce = secrets.token_bytes(12)
        head = bytes([FORMAT]) + self._epoch.to_bytes(2, "big")
        return head + nonce + self._kek[self._epoch].encrypt(nonce, key, head + subject.encode())

    def unwrap(self, wrapped: bytes, subject: str) -> bytes:
        """The data key back; `NotReady` where it cannot be."""
        head, nonce, body = wrapped[:3], wrapped[3:15], wrapped[15:]
        kek = self._kek.get(int.from_bytes(head[1:], "big"))
        if kek is None:
            raise NotReady("kek_destroyed", "a key was wrapped under a key epoch that was destroyed")
        try:
            return kek.decrypt(nonce, body, head + subject.encode())
        except InvalidTag:
            raise NotReady("key_mismatch", "the key file does not belong to this store", "check --home") from None

    def mac(self, purpose: Purpose, data: bytes) -> bytes:
        """HMAC-SHA256 under the key of `purpose`."""
        return hmac.new(self._mac[purpose], data, hashlib.sha256).digest()
