"""Data for one named person: encrypted to their OpenPGP public key, by GnuPG, from memory to memory.

Belongs here: the one place where something is encrypted on its way out. Does not belong here: our own keys and what
comes in (`tasks/decrypt`). The key is used from its file alone; no keyring of ours learns it.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from schemas.errors import NotReady, OutsideFault, UsageFault

MOST: Final = 1_000_000
"""Bytes of a key file."""


def encrypt_to(data: bytes, key: Path) -> bytes:
    """`data`, encrypted and armoured for the one public key in the file `key`. Raises `UsageFault` where that is no
    public key of one person that can be encrypted to (a secret one, several, one that has expired)."""
    fingerprint(key)
    return _gpg(["--armor", "--trust-model", "always", "--recipient-file", str(key.absolute()), "--encrypt"], data)


def fingerprint(key: Path) -> str:
    """The fingerprint of that key, for a person to compare with the owner's."""
    try:
        if key.stat().st_size > MOST:
            raise OSError
        content = key.read_bytes()
    except OSError:
        raise _no_key() from None
    told = _gpg(["--with-colons", "--show-keys"], content).decode("utf-8", "replace")
    rows = [line.split(":") for line in told.split("\n")]
    kinds = [row[0] for row in rows]
    if kinds.count("pub") != 1 or "sec" in kinds:
        raise _no_key()
    return next(row[9] for row in rows if row[0] == "fpr")


def _gpg(arguments: list[str], data: bytes) -> bytes:
    env = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ} | {"LC_ALL": "C.UTF-8"}
    place = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  (named, since tempfile would try it with a file)
    with tempfile.TemporaryDirectory(prefix="fs", dir=place) as home:  # an empty keyring; no data is written
        argv = ["gpg", "--homedir", home, *_QUIETLY, *arguments]
        try:
            done = subprocess.run(argv, env=env, input=data, capture_output=True, timeout=60)
        except FileNotFoundError:
            raise NotReady("gpg_missing", "GnuPG is not installed", "install the package gnupg") from None
        except (OSError, subprocess.SubprocessError):
            raise OutsideFault("gpg_tool_failed", "GnuPG failed") from None
    if done.returncode:
        raise _no_key()
    return done.stdout


_QUIETLY: Final = ("--batch", "--no-tty", "--no-options", "--no-auto-key-retrieve", "--disable-dirmngr")


def _no_key() -> UsageFault:
    told = "the key file does not hold one public key that can be encrypted to"
    return UsageFault("no_key", told, "ask for their public key, as .asc")
