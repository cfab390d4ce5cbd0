"""Access tokens by client credentials with a certificate, as Microsoft 365 gives them to a program.

Belongs here: asking for a token, and keeping it until shortly before it runs out. Does not belong here: what it opens.
Sources: RFC 6749 section 4.4, RFC 7523 (the assertion), Microsoft's page on certificate credentials (PS256, x5t#S256).
"""

import base64
import hashlib
import json
import os
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from schemas.errors import NotReady, OutsideFault
from schemas.settings import Imap
from store.outside import tls

MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
EARLY: Final = 300.0
"""Seconds before its end that a token is no longer used: a run that begins with it must be able to end."""
ASSERTION_LIVES: Final = 300
MOST: Final = 100_000


class Tokens:
    """The tokens for one mailbox. `now` is the clock that assertions are dated by, `ticks` the one that waits."""

    def __init__(
        self, chosen: Imap, now: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._chosen, self._now, self._ticks = chosen, now, ticks
        self._token, self._until = "", 0.0

    def current(self) -> tuple[str, bool]:
        """(a token that is good for some minutes, whether it was asked for just now). Raises `NotReady` where key or
        certificate are missing, `OutsideFault` where none is given."""
        if self._token and self._ticks() < self._until:
            return self._token, False
        return self.renew(), True

    def renew(self) -> str:
        """A new token, whatever the one we have is worth."""
        self._token = ""
        began = self._ticks()
        told = self._ask()
        token, lives = told.get("access_token"), told.get("expires_in")
        if not isinstance(token, str) or not token or not isinstance(lives, int | float | str):
            raise _refused()
        try:
            self._until = began + max(0.0, float(lives) - EARLY)
        except ValueError:
            raise _refused() from None
        self._token = token
        return token

    def _ask(self) -> dict[str, Any]:
        chosen = self._chosen
        url = chosen.token_url or MICROSOFT.format(tenant=chosen.tenant)
        if not url.startswith("https://"):
            raise NotReady("token_url", "tokens are asked for over https only", "see imap.token_url")
        form = {
            "grant_type": "client_credentials",
            "client_id": chosen.client_id,
            "scope": chosen.scope,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._assertion(url),
        }
        try:
            with (
                httpx.Client(
                    verify=tls(chosen.token_ca_file), timeout=chosen.timeout_seconds, trust_env=False
                ) as client,
                client.stream("POST", url, data=form) as answer,
            ):
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > MOST:
                        raise _refused()
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise OutsideFault("token_unreachable", "no token can be asked for", "the next run tries again") from None
        try:
            told = json.loads(body)
        except ValueError:
            raise _refused() from None
        if status != 200 or not isinstance(told, dict):
            raise _refused()
        return told

    def _assertion(self, url: str) -> str:
        """A JWT that says for a few minutes, once, that the owner of the key is the client."""
        key, certificate = self._read()
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        now = int(self._now())
        head = {"alg": "PS256", "typ": "JWT", "x5t#S256": _b64(digest)}
        claims = {
            "aud": url,
            "iss": self._chosen.client_id,
            "sub": self._chosen.client_id,
            "jti": secrets.token_urlsafe(24),
            "nbf": now - 30,
            "iat": now,
            "exp": now + ASSERTION_LIVES,
        }
        signed = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(claims).encode())}"
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
        return f"{signed}.{_b64(key.sign(signed.encode('ascii'), pss, hashes.SHA256()))}"

    def _read(self) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
        chosen = self._chosen
        if not (chosen.client_id and chosen.key_file and chosen.certificate_file):
            raise NotReady(
                "token_half_set", "the login by token is not set up", "set imap client_id, key_file, certificate_file"
            )
        try:
            key = load_pem_private_key(_private(chosen.key_file), None)
            certificate = x509.load_pem_x509_certificate(chosen.certificate_file.read_bytes())
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            raise NotReady("token_key", "key or certificate cannot be read", "see imap.key_file") from None
        if not isinstance(key, rsa.RSAPrivateKey) or key.public_key() != certificate.public_key():
            raise NotReady("token_key", "key and certificate do not belong together", "see imap.key_file")
        return key, certificate


def _private(file: Path) -> bytes:
    with file.open("rb") as opened:
        if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
            raise NotReady("token_key_readable", "others can read the key of the login", "chmod 600 on imap.key_file")
        return opened.read(MOST)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _refused() -> OutsideFault:
    return OutsideFault("token_refused", "no token was given", "see imap tenant, client_id and the certificate there")
