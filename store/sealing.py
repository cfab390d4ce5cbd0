"""Sealing of single values: AES-256-GCM under the data key of one person, submission, refusal or line.

A sealed value is bound (AAD) to its table, column, row and row version, so it cannot be moved or rolled back. Text is
padded to 32-byte steps, because GCM shows the length. Erasing is destroying the data key *and* deleting the row.
"""

import os
import secrets
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, delete, insert, select

from schemas.errors import NotReady
from store.keyring import KeyRing
from store.tables import data_keys

FORMAT: Final = 1
STEP: Final = 32
PRELOAD: Final = 1_000
DAMAGED: Final = ("seal_broken", "erased")
"""Codes of `NotReady` that concern one value or one key; a wrong key file is another matter."""

_NEW_KEY: Final = insert(data_keys)
_ONE_WRAPPED: Final = select(data_keys.c.wrapped).where(data_keys.c.subject_id == bindparam("subject"))
_WRAPPED: Final = select(data_keys.c.subject_id, data_keys.c.wrapped).where(
    data_keys.c.subject_id.in_(bindparam("ids", expanding=True))
)


def pad(data: bytes) -> bytes:
    """Length (4 bytes), data, zeros up to a multiple of 32 bytes."""
    return len(data).to_bytes(4, "big") + data + bytes(-(len(data) + 4) % STEP)


def unpad(padded: bytes) -> bytes:
    """The data that `pad` was given."""
    return padded[4 : 4 + int.from_bytes(padded[:4], "big")]


class Vault:
    """Opens and seals values inside one transaction; holds the data keys it has unwrapped until that ends."""

    def __init__(self, connection: Connection, keyring: KeyRing) -> None:
        self._connection = connection
        self._keyring = keyring
        self._keys: dict[str, AESGCM] = {}

    def new_key(self, subject: str) -> None:
        """Make and store the data key of `subject` (an id of ours)."""
        key = secrets.token_bytes(32)
        wrapped = self._keyring.wrap([(subject, key)])[0]
        values = {"subject_id": subject, "wrapped": wrapped, "epoch": self._keyring.epoch}
        self._connection.execute(_NEW_KEY, values)
        self._keys[subject] = AESGCM(key)

    def new_keys(self, subjects: Sequence[str]) -> list[tuple[str, bytes, int]]:
        """Make the data keys of many at once; returns the rows of `data_keys` for the caller to insert in bulk."""
        keys = [(subject, secrets.token_bytes(32)) for subject in subjects]
        self._keys.update((subject, AESGCM(key)) for subject, key in keys)
        epoch = self._keyring.epoch
        return [(s, wrapped, epoch) for s, wrapped in zip(subjects, self._keyring.wrap(keys), strict=True)]

    def preload(self, subjects: Iterable[str]) -> None:
        """Unwrap the keys of many at once, before each is asked for: one question for many, where a service unwraps."""
        wanted = [subject for subject in subjects if subject not in self._keys]
        for start in range(0, len(wanted), PRELOAD):
            rows = self._connection.execute(_WRAPPED, {"ids": wanted[start : start + PRELOAD]}).all()
            self.take([(row.subject_id, row.wrapped) for row in rows])

    def take(self, wrapped: Sequence[tuple[str, bytes]]) -> None:
        """Unwrap the keys of many (subject, wrapped key) that the caller has read already."""
        found = self._keyring.unwrap(wrapped)
        self._keys.update((subject, AESGCM(key)) for (subject, _), key in zip(wrapped, found, strict=True))

    def let_go(self, subjects: Iterable[str]) -> None:
        """Forget keys held in memory, after work on many: the transaction need not hold them all to its end."""
        for subject in subjects:
            self._keys.pop(subject, None)

    def has_key(self, subject: str) -> bool:
        """Whether `subject` can still be opened."""
        return subject in self._keys or self._wrapped(subject) is not None

    def destroy(self, *subjects: str) -> None:
        """Delete the data keys: everything sealed under them is dead."""
        for start in range(0, len(subjects), PRELOAD):
            these = subjects[start : start + PRELOAD]
            self._connection.execute(delete(data_keys).where(data_keys.c.subject_id.in_(these)))
        for subject in subjects:
            self._keys.pop(subject, None)

    def seal(self, subject: str, place: str, row: str, data: bytes, version: int = 1) -> bytes:
        """`data` sealed under the key of `subject`; `place` is "table.column". Layout: format (1 byte), epoch (2),
        nonce (12), ciphertext and tag."""
        head = bytes([FORMAT]) + self._keyring.epoch.to_bytes(2, "big")
        nonce = os.urandom(12)
        return head + nonce + self._key(subject).encrypt(nonce, pad(data), self._aad(head, place, row, version))

    def open(self, subject: str, place: str, row: str, sealed: bytes, version: int = 1) -> bytes:
        """The data back. Raises `NotReady` where key, place, row or version are not those it was sealed with."""
        head, nonce, body = sealed[:3], sealed[3:15], sealed[15:]
        try:
            return unpad(self._key(subject).decrypt(nonce, body, self._aad(head, place, row, version)))
        except InvalidTag:
            raise NotReady("seal_broken", f"a sealed value in {place} does not belong where it stands") from None

    def open_column(self, place: str, values: Iterable[tuple[str, str, bytes | None, int]]) -> list[str | None]:
        """Many texts of one column, whose keys are in memory (`take`, `preload`): (subject, row, sealed, version) each.
        "" where nothing is stored, None where key, place, row or version do not fit: one damaged row stops no other."""
        keys, found, within = self._keys, list[str | None](), f"|{place}|".encode()
        for subject, row, sealed, version in values:
            if sealed is None:
                found.append("")
                continue
            try:
                aad = sealed[:3] + within + f"{row}|{version}".encode()
                plain = keys[subject].decrypt(sealed[3:15], sealed[15:], aad)
            except (InvalidTag, KeyError):
                found.append(None)
                continue
            found.append(plain[4 : 4 + int.from_bytes(plain[:4], "big")].decode())
        return found

    def seal_text(self, subject: str, place: str, row: str, text: str | None, version: int = 1) -> bytes | None:
        """As `seal`, for text; None and "" stay None."""
        return self.seal(subject, place, row, text.encode(), version) if text else None

    def open_text(self, subject: str, place: str, row: str, sealed: bytes | None, version: int = 1) -> str | None:
        """As `open`, for text."""
        return self.open(subject, place, row, sealed, version).decode() if sealed is not None else None

    @staticmethod
    def _aad(head: bytes, place: str, row: str, version: int) -> bytes:
        return head + f"|{place}|{row}|{version}".encode()

    def _wrapped(self, subject: str) -> bytes | None:
        return self._connection.execute(_ONE_WRAPPED, {"subject": subject}).scalar_one_or_none()

    def _key(self, subject: str) -> AESGCM:
        if subject not in self._keys:
            wrapped = self._wrapped(subject)
            if wrapped is None:
                raise NotReady("erased", "what this was sealed under has been erased")
            self._keys[subject] = AESGCM(self._keyring.unwrap([(subject, wrapped)])[0])
        return self._keys[subject]
