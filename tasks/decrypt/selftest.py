"""Encrypting to our own key, for `foresatt check`: what was encrypted must open again."""

from pathlib import Path
from typing import Any

import gnupg

from schemas.errors import NotReady
from tasks.decrypt.keyring import environment


def encrypt_to(home: Path, fingerprint: str, data: bytes) -> bytes:
    """`data` encrypted to the key `fingerprint` of `home`, armoured. Raises `NotReady` where GnuPG refuses."""
    gpg: Any = gnupg.GPG(gnupghome=str(home), env=environment())  # type: ignore[no-untyped-call]
    sealed = gpg.encrypt(data, [fingerprint], always_trust=True)
    if not sealed.ok:
        raise NotReady("gpg_encrypt", "GnuPG cannot encrypt to the school's key", "the key may have expired")
    return bytes(sealed.data)
