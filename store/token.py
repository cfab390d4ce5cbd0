"""Access tokens by client credentials with a certificate, as Microsoft 365 gives them to a program.

Belongs here: what Microsoft demands of an assertion. Does not belong here: signing and keeping (`store.jwt`), or what a
token opens. Sources: RFC 6749 section 4.4, RFC 7523 (the assertion), Microsoft's page on certificate credentials
(PS256, x5t#S256).
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from schemas.errors import NotReady, OutsideFault
from schemas.settings import Imap
from store.jwt import KeptToken, ask, b64, read_certificates, read_key, signed

MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
EARLY: Final = 300.0
"""Seconds before its end that a token is no longer used: a run that begins with it must be able to end."""
ASSERTION_LIVES: Final = 300


class Tokens:
    """The tokens for one mailbox. `now` is the clock that assertions are dated by, `ticks` the one that waits."""

    def __init__(
        self, chosen: Imap, now: Callable[[], float] = time.time, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._chosen, self._now = chosen, now
        self._kept = KeptToken(self._ask, _refused, EARLY, ticks)

    def current(self) -> tuple[str, bool]:
        """(a token that is good for some minutes, whether it was asked for just now). Raises `NotReady` where key or
        certificate are missing, `OutsideFault` where none is given."""
        return self._kept.current()

    def renew(self) -> str:
        """A new token, whatever the one we have is worth."""
        return self._kept.renew()

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
        status, told = ask(url, form, chosen.token_ca_file, chosen.timeout_seconds)
        if status != 200 or not isinstance(told, dict):
            raise _refused()
        return told

    def _assertion(self, url: str) -> str:
        """A JWT that says for a few minutes, once, that the owner of the key is the client."""
        chosen = self._chosen
        if not (chosen.client_id and chosen.key_file and chosen.certificate_file):
            raise NotReady(
                "token_half_set", "the login by token is not set up", "set imap client_id, key_file, certificate_file"
            )
        key = read_key(chosen.key_file, "imap.key_file")
        certificate = read_certificates(chosen.certificate_file, key, "imap.certificate_file")[0]
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
        now = int(self._now())
        claims = {
            "aud": url,
            "iss": chosen.client_id,
            "sub": chosen.client_id,
            "jti": secrets.token_urlsafe(24),
            "nbf": now - 30,
            "iat": now,
            "exp": now + ASSERTION_LIVES,
        }
        return signed({"x5t#S256": b64(digest)}, claims, key, "PS256")


def _refused() -> OutsideFault:
    return OutsideFault("token_refused", "no token was given", "see imap tenant, client_id and the certificate there")
