"""Where the keys lie: one file outside the database's folder, readable by its owner alone.

Plain (the embedded default), or sealed under a passphrase, under a key that the environment injects, or by a
key-management service, which then also holds the KEKs. Does not belong here: what the keys do (`store.keyring`).
"""

import base64
import json
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from schemas.errors import NotReady, UsageFault
from schemas.settings import KeySettings
from store.config import House
from store.home import private_write, replace_file
from store.keyring import KEY_BYTES, Document, HeldKeyRing, KeyRing
from store.transit import Transit

FORMAT: Final = 2
SCRYPT: Final = {"n": 2**17, "r": 8, "p": 1}  # 128 MB and some tenths of a second a guess
BOUND: Final = b"foresatt keys"

Seal = Callable[[bytes], dict[str, Any]]


def create_keyring(house: House) -> KeyRing:
    """Make fresh keys in a new 0600 file, kept as the settings say."""
    told = house.settings.keys
    transit = Transit(told) if told.kind == "transit" else None
    document = Document.fresh(transit.latest(), with_kek=False) if transit else Document.fresh()
    private_write(path(house), _file(told.kind, _sealer(told, transit)(document.to_json())))
    return open_keyring(house)


def open_keyring(house: House) -> KeyRing:
    """The keys of a house. Raises `NotReady` where the file is missing, damaged, open to others, or does not open."""
    told, file = house.settings.keys, path(house)
    transit = Transit(told) if told.kind == "transit" else None

    def load() -> bytes:
        return _open(told, _read(file, told.kind), transit)

    def save(data: bytes) -> None:
        replace_file(file, _file(told.kind, _sealer(told, transit)(data)))

    return HeldKeyRing(load, save, transit)


def path(house: House) -> Path:
    """Where the key file lies."""
    return house.settings.keys.file or house.home.keyring


def _read(file: Path, kind: str) -> dict[str, Any]:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise NotReady("keys_readable", "the key file can be read by other accounts", "run: chmod 600 on it")
        held: dict[str, Any] = json.loads(file.read_bytes())
        if held["format"] != FORMAT:
            raise NotReady("keys_format", "the key file was made by another release", "see CHANGELOG.md")
        if held["kind"] != kind:
            raise NotReady("keys_kind", "the key file is kept in another way than the settings say", "check keys.kind")
        return held
    except FileNotFoundError:
        raise NotReady("keys_missing", "the key file is not there", "restore it, or run: foresatt init") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotReady("keys_damaged", "the key file is damaged", "restore it from its escrow copy") from None


def _file(kind: str, sealed: dict[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, "kind": kind, **sealed}, indent=1).encode()


def _sealer(told: KeySettings, transit: Transit | None) -> Seal:
    if told.kind == "file":
        return lambda data: {"keys": json.loads(data)}
    if transit is not None:
        return lambda data: {"sealed": transit.seal(data)}
    if told.kind == "passphrase":
        return lambda data: _under_passphrase(told, data)
    key = _injected(told)
    return lambda data: {"sealed": _sealed(key, data)}


def _under_passphrase(told: KeySettings, data: bytes) -> dict[str, Any]:
    salt = secrets.token_bytes(16)
    return {"salt": base64.b64encode(salt).decode(), **SCRYPT, "sealed": _sealed(_stretched(told, salt, SCRYPT), data)}


def _open(told: KeySettings, held: dict[str, Any], transit: Transit | None) -> bytes:
    try:
        if told.kind == "file":
            return json.dumps(held["keys"]).encode()
        if transit is not None:
            return transit.open(held["sealed"])
        if told.kind == "passphrase":
            costs = {name: int(held[name]) for name in SCRYPT}
            if not all(1 <= costs[name] <= 4 * SCRYPT[name] for name in SCRYPT):
                raise ValueError
            key = _stretched(told, base64.b64decode(held["salt"], validate=True), costs)
        else:
            key = _injected(told)
        sealed = base64.b64decode(held["sealed"], validate=True)
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], BOUND)
    except InvalidTag:
        raise NotReady("keys_locked", "the key file does not open with this secret", "check the secret") from None
    except (ValueError, KeyError, TypeError):
        raise NotReady("keys_damaged", "the key file is damaged", "restore it from its escrow copy") from None


def _sealed(key: bytes, data: bytes) -> str:
    nonce = secrets.token_bytes(12)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, data, BOUND)).decode()


def _stretched(told: KeySettings, salt: bytes, costs: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, **costs).derive(_secret(told).encode())


def _injected(told: KeySettings) -> bytes:
    try:
        key = base64.b64decode(_secret(told), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise UsageFault(
            "keys_secret", "the injected key is not 32 bytes in base64", "make one: openssl rand -base64 32"
        )
    return key


def _secret(told: KeySettings) -> str:
    """From the file that the settings name, else from the environment."""
    if told.secret_file is not None:
        try:
            if stat.S_IMODE(told.secret_file.stat().st_mode) & 0o077:
                raise NotReady(
                    "secret_readable", "the secret's file can be read by other accounts", "run: chmod 600 on it"
                )
            secret = told.secret_file.read_text("utf-8").strip()
        except OSError:
            raise NotReady("secret_missing", "the secret's file cannot be read", "check keys.secret_file") from None
    else:
        secret = os.environ.get(told.secret_env, "")
    if not secret:
        raise NotReady("secret_missing", "the secret that opens the keys is not there", f"set {told.secret_env}")
    return secret
