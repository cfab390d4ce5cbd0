"""Our own secret keys: where they lie, how they are made, listed, brought in and handed out.

Belongs here: GnuPG homes, their agent, their keys. Does not belong here: messages (`pgp.py`), keys for S/MIME
(`smime_keys.py`). The ring that decrypts holds our secret keys only; known senders stand in a ring apart.
"""

import os
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from schemas.errors import NotReady, OutsideFault, SafetyRefusal, UsageFault

AGENT_CONF: Final = """\
allow-loopback-pinentry
auto-expand-secmem 0x100000
s2k-count 65536
default-cache-ttl 0
max-cache-ttl 0
disable-scdaemon
no-allow-external-cache
"""
"""Without auto-expand-secmem, parallel RSA decrypts fail at random and look like a missing key. The low s2k-count is
for random passphrases only."""
KEYRING_CONF: Final = AGENT_CONF.replace("max-cache-ttl 0", "max-cache-ttl 2592000") + "allow-preset-passphrase\n"
"""For a keyring with passphrases: at max-cache-ttl 0 the agent forgets also a preset one within a second or two."""
SOCKET_PATH_BYTES: Final = 107
KEY_FILES: Final = frozenset({".asc", ".pgp", ".gpg"})
KNOWN_SENDERS: Final = "known.kbx"
"""The ring, in a home, with the keys of senders whose signatures can be checked. It never takes part in decrypting."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret key of ours. `expires` is None for never; `can_decrypt` says whether mail can be encrypted to it."""

    fingerprint: str
    created: datetime
    expires: datetime | None
    can_decrypt: bool
    uids: tuple[str, ...] = field(default=(), repr=False)


def environment() -> dict[str, str]:
    """The few variables GnuPG needs, in a locale that keeps its words English and its text UTF-8 (and no other part of
    it: each is a file that every process would load)."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LC_CTYPE": "C.UTF-8"}


def make_home(path: Path) -> Path:
    """A GnuPG home at `path` (0700, with our agent settings), made where it is missing; returns `path`.

    Raises `SafetyRefusal` where an existing one is open to others, `UsageFault` where the path is too long for the
    agent's socket.
    """
    path = path.absolute()
    if len(os.fsencode(path / "S.gpg-agent.browser")) > SOCKET_PATH_BYTES:
        raise UsageFault("keyring_path_too_long", "the key folder's path is too long", "Use a home nearer to the root.")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.stat()
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            raise SafetyRefusal("keyring_not_private", "the key folder is open to others", "chmod 700 the key folder.")
        conf = path / "gpg-agent.conf"
        if not conf.exists():
            conf.write_text(AGENT_CONF, "ascii")
    except OSError:
        raise NotReady("keyring_not_made", "the key folder could not be made") from None
    return path


def check_home(home: Path) -> None:
    """Raises `NotReady` where `home` is no private folder: a missing ring would make every mail a wrong_key."""
    try:
        mode = home.stat().st_mode
    except OSError:
        mode = 0
    if not stat.S_ISDIR(mode) or mode & 0o077:
        raise NotReady("keyring_not_private", "the key folder is missing or open to others", "Run foresatt init.")


def launch_agent(home: Path) -> None:
    """Start gpg-agent for `home`; harmless where it runs. Raises `OutsideFault`."""
    _gnupg(["gpgconf", "--homedir", str(home), "--launch", "gpg-agent"])


def stop_agent(home: Path) -> None:
    """End the agent of `home`, before the folder is deleted or at the end of a test; harmless where none runs."""
    _gnupg(["gpgconf", "--homedir", str(home), "--kill", "all"])


def generate_key(home: Path, uid: str, *, expires: str = "0") -> str:
    """Make a Curve25519 key without passphrase (it is protected by where it lies); returns its fingerprint.

    `expires` is GnuPG's word: 0 for never, 2y, 2030-01-01.
    """
    name, _, address = uid.partition("<")
    gpg = _python_gnupg(home)
    parameters = gpg.gen_key_input(
        key_type="EDDSA", key_curve="ed25519", key_usage="sign,cert", subkey_type="ECDH", subkey_curve="cv25519",
        subkey_usage="encrypt", name_real=name.strip(), name_email=address.rstrip(">").strip(), expire_date=expires,
        no_protection=True,
    )  # fmt: skip
    fingerprint = str(gpg.gen_key(parameters).fingerprint or "")
    if not fingerprint:
        raise OutsideFault("key_not_made", "GnuPG could not make a key")
    return fingerprint


def secret_keys(home: Path) -> list[Key]:
    """Our keys in `home`, oldest first."""
    keys = []
    for row in _python_gnupg(home).list_keys(True):
        keys.append(
            Key(row["fingerprint"], _moment(row["date"]), _moment(row["expires"]) if row["expires"] else None,
                "e" in row["cap"].lower(), tuple(row["uids"]))
        )  # fmt: skip
    return sorted(keys, key=lambda key: key.created)


def all_locked(home: Path) -> bool:
    """Whether no secret key in `home` can be used just now: each has a passphrase that the agent was not given. GnuPG
    does not say so of a message to nameless recipients; it passes over such keys and calls the message somebody else's.
    """
    said = _gnupg(["gpg-connect-agent", "--homedir", str(home), "--no-autostart", "KEYINFO --list", "/bye"])
    keys = [line.split() for line in said.decode("ascii", "replace").splitlines() if line.startswith("S KEYINFO ")]
    # S KEYINFO keygrip type serial id cached protection ...
    return bool(keys) and all(len(key) > 7 and key[6] != "1" and key[7] == "P" for key in keys)


def export_public(home: Path, fingerprint: str = "") -> str:
    """The armoured public key to hand to guardians: the one named, or all of `home`."""
    names = [fingerprint] if fingerprint else [key.fingerprint for key in secret_keys(home)]
    exported = _python_gnupg(home).export_keys(names) if names else ""
    return str(exported)


def import_secret_keys(home: Path, folder: Path) -> int:
    """Bring the keys of `folder` into `home`, for a keyring that lives as long as one command. Returns how many secret
    OpenPGP keys `home` has then.

    Secret keys (*.asc, *.pgp, *.gpg) can decrypt; a passphrase stands in a file of the same name with .pass, goes to
    the agent's memory, by key, and ends with it. Public keys can check signatures and go to the ring of known senders.
    Files that hold neither are passed over. Raises `UsageFault` where the folder cannot be read.
    """
    conf = home / "gpg-agent.conf"
    if conf.read_text("ascii") != KEYRING_CONF:
        conf.write_text(KEYRING_CONF, "ascii")
        stop_agent(home)
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in KEY_FILES and path.is_file())
        contents = [(path, path.read_bytes()) for path in files]
    except OSError:
        raise UsageFault("keyring_unreadable", "the folder of keys cannot be read") from None
    for path, content in contents:
        said = _import(home, content).split(b"\n")
        brought = [line.split()[-1].decode("ascii") for line in said if line.startswith(b"[GNUPG:] IMPORT_OK ")]
        phrase = passphrase_of(path)
        if brought and phrase:
            lines = "".join(f"PRESET_PASSPHRASE {g} -1 {phrase.hex().upper()}\n" for g in _keygrips(home, brought))
            _gnupg(["gpg-connect-agent", "--homedir", str(home)], lines.encode("ascii"))
    gpg = _python_gnupg(home)
    ours = {row["fingerprint"] for row in gpg.list_keys(True)}
    strangers = [row["fingerprint"] for row in gpg.list_keys() if row["fingerprint"] not in ours]
    if strangers:
        known = ["--no-default-keyring", "--keyring", str(home / KNOWN_SENDERS)]
        _import(home, _gpg(home, ["--export", *strangers]), known)
        gpg.delete_keys(strangers)
    return len(ours)


def _import(home: Path, keys: bytes, ring: Sequence[str] = ()) -> bytes:
    # Weak self-signatures decide whether others should use a key, not whether we may read with it.
    lenient = ["--allow-non-selfsigned-uid", "--allow-weak-digest-algos"]
    return _gpg(home, [*ring, *lenient, "--status-fd", "1", "--import"], keys)


def passphrase_of(path: Path) -> bytes:
    """The passphrase that lies beside a file of keys: `key.pass` or `key.asc.pass` for `key.asc`; empty for none."""
    for beside in (path.with_suffix(".pass"), path.with_name(path.name + ".pass")):
        try:
            return beside.read_bytes().rstrip(b"\r\n")
        except OSError:
            continue
    return b""


def _keygrips(home: Path, fingerprints: list[str]) -> list[str]:
    listing = _gpg(home, ["--with-colons", "--with-keygrip", "--list-secret-keys", *fingerprints]).split(b"\n")
    return sorted({line.split(b":")[9].decode("ascii") for line in listing if line.startswith(b"grp:")})


def _gpg(home: Path, arguments: list[str], data: bytes = b"") -> bytes:
    argv = ["gpg", "--homedir", str(home), "--batch", "--no-tty", "--no-options", "--no-auto-key-retrieve"]
    return _gnupg([*argv, "--disable-dirmngr", *arguments], data, check=False)


def _gnupg(argv: list[str], data: bytes = b"", *, check: bool = True) -> bytes:
    """One of GnuPG's tools over our own data (never a sender's); its standard output."""
    try:
        done = subprocess.run(argv, env=environment(), input=data, capture_output=True, timeout=60, check=check)
    except FileNotFoundError:
        raise NotReady("gpg_missing", "GnuPG is not installed", "Install the package gnupg.") from None
    except (OSError, subprocess.SubprocessError):
        raise OutsideFault("gpg_tool_failed", "a GnuPG tool failed") from None
    return done.stdout


def _python_gnupg(home: Path) -> Any:
    from gnupg import GPG  # imported where used: the light commands must start fast

    try:
        return GPG(  # type: ignore[no-untyped-call]
            gnupghome=str(home), env=environment(), options=["--no-options", "--disable-dirmngr"]
        )
    except (OSError, ValueError):
        raise NotReady(
            "gpg_missing", "GnuPG or its key folder is missing", "Install gnupg; run foresatt init."
        ) from None


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
