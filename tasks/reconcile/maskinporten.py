"""Tokens from Maskinporten: a JWT grant, signed with a registered key or a company certificate.

Belongs here: every claim as Digdir's documentation has it, and what its error codes mean. Does not belong here: signing
and keeping (`store.jwt`), or what a token opens. Sources: Digdir's pages on the JWT grant, the token and error codes.
"""

import base64
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from schemas.errors import NotReady, OutsideFault
from schemas.settings import Environment, Folkeregister
from store.jwt import KeptToken, ask, read_certificates, read_key, signed

ISSUERS: Final[dict[Environment, str]] = {
    "production": "https://maskinporten.no/",
    "test": "https://test.maskinporten.no/",
}
GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANT_LIVES: Final = 100
"""Seconds; 120 is the most that Maskinporten takes."""
EARLY: Final = 30.0
"""Seconds before its end that a token is no longer used. Lifetimes vary: what `expires_in` says counts."""

_KEY: Final = "see folkeregister.key_file and key_id, and the keys registered at Maskinporten"
_CERTIFICATE: Final = "see folkeregister.certificate_file: one of the same environment, with its whole chain"
_SCOPE: Final = "apply for the scope at Skatteetaten (or KS), and compare folkeregister.scope"
NEXT: Final = {
    "MP-011": "report this: the grant is not as Maskinporten wants it",
    "MP-012": "report this: a grant was used twice",
    "MP-100": "see folkeregister.client_id; has the client been made in this environment?",
    "MP-110": "see folkeregister.issuer: with https, and a slash at its end",
    "MP-120": _CERTIFICATE,
    "MP-121": "the key has expired (they last a year): register a new one, and set folkeregister.key_file and key_id",
    "MP-122": "the certificate belongs to another organisation than the client",
    "MP-123": _CERTIFICATE,
    "MP-124": _KEY,
    "MP-130": "set this machine's clock, by NTP",
    "MP-200": _SCOPE,
    "MP-201": _SCOPE,
    "MP-250": _SCOPE,
    "MP-251": "the school must delegate the scope to its supplier in Altinn; see folkeregister.consumer_org",
}
"""What to do about each of Maskinporten's codes that a school can meet."""


class Maskinporten:
    """The tokens for one client and scope. `now` is the clock that grants are dated by, `ticks` the one that waits."""

    def __init__(
        self,
        chosen: Folkeregister,
        environment: Environment,
        now: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chosen, self._now = chosen, now
        self.issuer = chosen.issuer or ISSUERS[environment]
        if not re.fullmatch(r"https://[^\s?#]+/", self.issuer):
            raise NotReady("maskinporten_issuer", "the issuer must be https, with a slash at its end", NEXT["MP-110"])
        if not (chosen.client_id and chosen.key_file) or bool(chosen.key_id) == bool(chosen.certificate_file):
            raise NotReady(
                "maskinporten_half_set",
                "the client at Maskinporten is not set up",
                "set folkeregister client_id and key_file, and one of key_id and certificate_file",
            )
        self._kept = KeptToken(self._ask, _refused, EARLY, ticks)
        self._grant_parts()  # a key that cannot be read is said before anybody is asked

    def current(self) -> tuple[str, bool]:
        """(a token, whether it was asked for just now). Raises `OutsideFault` where none is given."""
        return self._kept.current()

    def renew(self) -> str:
        """A new token, whatever the one we have is worth."""
        return self._kept.renew()

    def _ask(self) -> dict[str, Any]:
        form = {"grant_type": GRANT, "assertion": self._grant()}
        status, told = ask(f"{self.issuer}token", form, self._chosen.token_ca_file, self._chosen.timeout_seconds)
        if status == 200 and isinstance(told, dict):
            return told
        if status >= 500:
            raise OutsideFault("token_unreachable", f"Maskinporten answered {status}", "the next run tries again")
        raise _refused(told)

    def _grant(self) -> str:
        """A new grant for every attempt: Maskinporten takes each `jti` once, and wants `iat` within ten seconds."""
        chosen, (key, head) = self._chosen, self._grant_parts()
        now = int(self._now())
        claims = {
            "aud": self.issuer,
            "iss": chosen.client_id,
            "scope": chosen.scope,
            "iat": now,
            "exp": now + GRANT_LIVES,
            "jti": secrets.token_urlsafe(24),
        }
        if chosen.consumer_org:
            claims["consumer_org"] = chosen.consumer_org
        return signed(head, claims, key, "RS256")

    def _grant_parts(self) -> tuple[Any, dict[str, Any]]:
        chosen = self._chosen
        if chosen.key_file is None:
            raise AssertionError("checked when it was made")
        key = read_key(chosen.key_file, "folkeregister.key_file")
        if chosen.certificate_file is None:
            return key, {"kid": chosen.key_id}
        chain = read_certificates(chosen.certificate_file, key, "folkeregister.certificate_file")
        return key, {"x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]}


def _refused(told: Any = None) -> OutsideFault:
    """The fault with Maskinporten's own code in it, where the answer holds one that we know; nothing else of it."""
    text = str(told.get("error_description", "")) if isinstance(told, dict) else ""
    code = next((one for one in re.findall(r"MP-\d{3}", text[:1000]) if one in NEXT), None)
    if code is None:
        return OutsideFault(
            "maskinporten_refused", "Maskinporten gives no token", "see folkeregister, client_id and scope"
        )
    return OutsideFault(f"maskinporten_{code[3:]}", f"Maskinporten gives no token: {code}", NEXT[code])
