"""Who asks and who answers at Digipost: the strings that are signed, their signatures, hashes and dates.

Belongs here: pure functions on text and bytes, and the signing of requests. Does not belong here: sockets, retries,
XML. Sources: the official Java and .NET clients; where they differ, the reading on which both agree for plain paths.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from schemas.errors import OutsideFault

DATE_SKEW: Final = timedelta(minutes=5)
_SIGNED_IN_REQUEST: Final = ("date", "x-content-sha256", "x-digipost-userid")
_SIGNED_IN_ANSWER: Final = ("content-md5", *_SIGNED_IN_REQUEST)


def content_hash(body: bytes) -> str:
    """Base64 of SHA-256, as in X-Content-SHA256."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def request_string(method: str, raw_path: str, headers: Mapping[str, str]) -> str:
    """What a request's signature covers. `raw_path` is path and query exactly as sent; header names in lower case."""
    path, _, query = raw_path.partition("?")
    lines = [method.upper(), path.lower(), *_header_lines(headers, _SIGNED_IN_REQUEST), query.lower()]
    return "".join(f"{line}\n" for line in lines)


def answer_string(status: int, path: str, headers: Mapping[str, str]) -> str:
    """What an answer's signature covers. There is no line for the query here."""
    lines = [str(status), path.partition("?")[0].lower(), *_header_lines(headers, _SIGNED_IN_ANSWER)]
    return "".join(f"{line}\n" for line in lines)


def _header_lines(headers: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
    return (f"{name}: {headers[name]}" for name in names if name in headers)


class SignedRequests(httpx.Auth):
    """Mode (a): an RSA signature on each request, with a date of its own, over the very URL that httpx sends.

    `httpx.Auth` is the seam for proving who asks. A bearer token over mutual TLS, which needs a second try after a
    401, fits it as well and can take this one's place.
    """

    requires_request_body = True

    def __init__(self, broker_id: int, key: rsa.RSAPrivateKey, now: Callable[[], datetime]) -> None:
        self._broker_id = broker_id
        self._key = key
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx once for every request."""
        request.headers["Date"] = format_datetime(self._now().astimezone(UTC), usegmt=True)
        request.headers["X-Digipost-UserId"] = str(self._broker_id)
        if request.content:
            request.headers["X-Content-SHA256"] = content_hash(request.content)
        text = request_string(request.method, request.url.raw_path.decode("ascii"), request.headers)
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), SHA256())
        request.headers["X-Digipost-Signature"] = base64.b64encode(signature).decode("ascii")
        yield request


def signed_by(public_key: rsa.RSAPublicKey, text: str, signature: str) -> bool:
    """Whether `signature` (base64) is RSASSA-PKCS1-v1_5 with SHA-256 over `text`."""
    try:
        raw = base64.b64decode(signature, validate=True)
        public_key.verify(raw, text.encode(), padding.PKCS1v15(), SHA256())
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True


def check_date(headers: Mapping[str, str], now: datetime) -> None:
    """Refuse an answer whose Date is missing, unreadable or more than five minutes off: it may be an old one."""
    try:
        off = abs(now - parsedate_to_datetime(headers["date"])) > DATE_SKEW
    except (KeyError, ValueError, TypeError, OverflowError):
        off = True
    if off:
        raise OutsideFault("digipost_answer_date", "Digipost's answer is not dated now", "check this machine's clock")


def check_hash(headers: Mapping[str, str], body: bytes, *, required: bool = True) -> None:
    """Refuse a body, as transferred, that is not the one whose hash the answer carries.

    An empty body needs no hash. The Java client also lets bodies of unknown length pass without one; we do not.
    """
    stated = headers.get("x-content-sha256")
    if stated is None and (not required or not body):
        return
    if stated != content_hash(body):
        raise OutsideFault("digipost_answer_hash", "Digipost's answer is not as it was sent")
