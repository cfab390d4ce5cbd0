"""A file for one named person: encrypted to their OpenPGP key by GnuPG, in clear in memory alone.

Belongs here: the ring of staff keys and encrypting to one of them. Does not belong here: what is in the file; the
school's own keys and opening what others sent (`tasks/decrypt`). A ring is a folder of public keys, a file a person,
named by staff id: kari.asc.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import NotReady, OutsideFault, UsageFault

SUFFIXES: Final = (".asc", ".pgp", ".gpg")
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class StaffKey:
    """One person's public key: staff id (the file's name), fingerprint, and the file."""

    staff: str
    fingerprint: str
    file: Path


def find_key(ring: Path, who: str) -> StaffKey:
    """The key of a staff id or a fingerprint (40 digits of hex, blanks allowed). Raises `UsageFault` where the ring has
    none, `NotReady` where it cannot be encrypted to: expired, revoked, for signing only, or no single key."""
    wanted = re.sub(r"\s", "", who)
    by_fingerprint = bool(re.fullmatch(r"[0-9A-Fa-f]{40}", wanted))
    files = sorted(path for path in _files(ring) if path.suffix.lower() in SUFFIXES)
    for file in files:
        if by_fingerprint:
            key = _read(file)
            if key.fingerprint == wanted.upper():
                return key
        elif file.stem == who:
            return _read(file)
    known = ", ".join(file.stem for file in files) or "none"
    raise UsageFault("no_staff_key", "there is no such key in the ring of staff keys", f"keys there are: {known}")


def key_in(file: Path) -> StaffKey:
    """The one public key in a file that somebody brought, of anybody (`staff` is the file's name). Raises `NotReady` as
    `find_key` does."""
    return _read(file.absolute())


def encrypt(data: bytes, key: StaffKey, *, armour: bool = False) -> bytes:
    """`data` encrypted to one key. GnuPG reads it from a pipe; nothing is written. Raises `OutsideFault`."""
    argv = ["--trust-model", "always", *(["--armor"] if armour else []), "--encrypt", "--recipient-file"]
    sealed = _gpg([*argv, str(key.file)], data)
    if not sealed:
        raise OutsideFault("gpg_encrypt", "GnuPG could not encrypt to that key", "see: foresatt check")
    return sealed


def _files(ring: Path) -> Sequence[Path]:
    try:
        return [path for path in ring.iterdir() if path.is_file()]
    except OSError:
        raise UsageFault(
            "no_staff_keys", "there is no folder of staff keys", "put their public keys in the folder staff.keys"
        ) from None


def _read(file: Path) -> StaffKey:
    found = [line.split(":") for line in _gpg(["--with-colons", "--show-keys", str(file)]).decode().splitlines()]
    publics = [line for line in found if line[0] == "pub"]
    fingerprints = [line[9] for line in found if line[0] == "fpr"]
    if len(publics) != 1 or any(line[0] == "sec" for line in found):
        raise NotReady("staff_key_unclear", "that file is not one public key", "export it again: gpg --export")
    if publics[0][1] in ("e", "r", "d", "i") or "E" not in publics[0][11]:
        raise NotReady("staff_key_unusable", "that key has expired, is revoked, or only signs", "ask for a new one")
    return StaffKey(file.stem, fingerprints[0], file)


def _gpg(arguments: Sequence[str], data: bytes = b"") -> bytes:
    """GnuPG with a home of its own that holds nothing; its standard output, empty where it failed."""
    place = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108  (named, since tempfile would try it with a file)
    with tempfile.TemporaryDirectory(prefix="foresatt-", dir=place) as home:
        fixed = ["--batch", "--no-tty", "--no-options", "--no-autostart", "--disable-dirmngr", "--no-auto-key-locate"]
        argv = ["gpg", "--homedir", home, *fixed, *arguments]
        kept = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        try:
            done = subprocess.run(
                argv, env=kept | {"LC_ALL": "C.UTF-8"}, input=data, capture_output=True, timeout=_SECONDS, check=False
            )
        except FileNotFoundError:
            raise NotReady("gpg_missing", "GnuPG is not installed", "install the package gnupg") from None
        except (OSError, subprocess.SubprocessError):
            raise OutsideFault("gpg_tool_failed", "a GnuPG tool failed") from None
    return done.stdout if done.returncode == 0 else b""
