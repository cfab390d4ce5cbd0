"""Signed assertions (RFC 7519, RS256 and PS256), and the tokens that they are exchanged for.

Belongs here: reading a key that only its owner can read, signing, asking with bounds, keeping a token until shortly
before it runs out. Does not belong here: what an issuer demands of an assertion (`store.token` for Microsoft 365,
`tasks.reconcile.maskinporten`).
"""

import base64
import json
import os
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from schemas.errors import NotReady, OutsideFault
from store.outside import hush, tls

MOST: Final = 100_000
"""Bytes of a key file, and of an answer with a token in it."""


def read_key(file: Path, setting: str) -> rsa.RSAPrivateKey:
    """The RSA key in `file`, PEM without a passphrase. Raises `NotReady` naming `setting`, also where others can read
    the file."""
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise NotReady("token_key_readable", "others can read the key of the login", f"chmod 600 on {setting}")
            key = load_pem_private_key(opened.read(MOST), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise NotReady("token_key", "the key cannot be read", f"see {setting}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise NotReady("token_key", "the key is no RSA key", f"see {setting}")
    return key


def read_certificates(file: Path, key: rsa.RSAPrivateKey, setting: str) -> list[x509.Certificate]:
    """The certificates in `file` (PEM), that of `key` first. Raises `NotReady` naming `setting`."""
    try:
        chain = x509.load_pem_x509_certificates(file.read_bytes()[:MOST])
    except (OSError, ValueError):
        raise NotReady("token_key", "the certificate cannot be read", f"see {setting}") from None
    if key.public_key() != chain[0].public_key():
        raise NotReady("token_key", "key and certificate do not belong together", f"see {setting}")
    return chain


def b64(data: bytes) -> str:
    """Base64 as a JWT has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def signed(
    head: Mapping[str, Any], claims: Mapping[str, Any], key: rsa.RSAPrivateKey, alg: Literal["RS256", "PS256"]
) -> str:
    """A JWT of these claims."""
    head = {"alg": alg, "typ": "JWT", **head}
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    fill = pss if alg == "PS256" else padding.PKCS1v15()
    return f"{text}.{b64(key.sign(text.encode('ascii'), fill, hashes.SHA256()))}"


def ask(
    url: str, form: Mapping[str, str], ca_file: Path | None, timeout: float, *, own_proxy: bool = False
) -> tuple[int, Any]:
    """(status, the JSON of the answer, None where it is none). Raises `OutsideFault` where there is no answer."""
    hush()
    try:
        with (
            httpx.Client(verify=tls(ca_file), timeout=timeout, trust_env=own_proxy) as client,
            client.stream("POST", url, data=form) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MOST:
                    return answer.status_code, None
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise OutsideFault("token_unreachable", "no token can be asked for", "the next run tries again") from None
    try:
        return status, json.loads(body)
    except (ValueError, RecursionError):
        return status, None


class KeptToken:
    """A token, asked for again `early` seconds before it runs out. `request` gives an answer with `access_token` and
    `expires_in`, or raises; `refused` is raised for an answer that has none."""

    def __init__(
        self,
        request: Callable[[], Mapping[str, Any]],
        refused: Callable[[], OutsideFault],
        early: float,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._request, self._refused, self._early, self._ticks = request, refused, early, ticks
        self._token, self._until = "", 0.0

    def current(self) -> tuple[str, bool]:
        """(a token that is good for some time yet, whether it was asked for just now)."""
        if self._token and self._ticks() < self._until:
            return self._token, False
        return self.renew(), True

    def renew(self) -> str:
        """A new token, whatever the one we have is worth."""
        self._token = ""
        began = self._ticks()
        told = self._request()
        token, lives = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lives, int | float | str):
            raise self._refused()
        try:
            self._until = began + max(0.0, float(lives) - self._early)
        except ValueError:
            raise self._refused() from None
        self._token = token
        return token
