"""Talking with Folkeregisteret over HTTP: a token on every request, a second try where that may help, bounds.

Belongs here: which answers are believed, and what each status means for us. Does not belong here: what is asked
(`freg`) or how a body is read (`freg_reader`). Nothing of a URL, a header or a body gets into an exception or a log:
identity numbers and names stand in them. Branches on the status alone; the bodies' own codes come in three shapes, and
the firewall in front answers HTML.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx

from schemas.errors import NotReady, OutsideFault
from store.outside import hush, is_loopback, tls

MOST: Final = 50_000_000
"""Bytes of one answer; a thousand persons are some ten million."""
TRIES: Final = 3
PAUSE: Final = 0.5
"""Seconds before the second try, doubled before the third; what fails longer is the next run's."""
LONGEST_PAUSE: Final = 20.0
BODY_TIMEOUTS: Final = 10
"""A whole body may take this many times the patience with a single read."""
MEANT: Final = (200, 304, 404, 406)
"""Statuses that the caller understands; every other one is a fault."""
_WHY: Final[Mapping[int, tuple[str, str, str]]] = {
    400: (
        "bad_request",
        "does not take the question",
        "compare folkeregister.parts with what the right or the role covers",
    ),
    401: ("token", "does not take a fresh token", "see folkeregister.url and issuer: are they of one environment?"),
    403: ("forbidden", "says that the school lacks the right", "apply for the rights package; see folkeregister.scope"),
}
_LATER: Final = "it is tried again in the next run"


class Tokens(Protocol):
    """Whoever gives tokens."""

    def current(self) -> tuple[str, bool]:
        """(a token, whether it was asked for just now)."""
        ...

    def renew(self) -> str:
        """A new one."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that means something: status, the parsed body (None where there is none), its ETag."""

    status: int
    body: Any = field(default=None, repr=False)
    etag: str = ""


class _Passing(Exception):
    """Worth another try, after `pause` seconds where it was told how long. Holds what to raise when there is none."""

    def __init__(self, fault: OutsideFault, pause: float | None = None) -> None:
        super().__init__()
        self.fault, self.pause = fault, pause


class RegisterHttp:
    """One base address, and whoever gives the tokens for it."""

    def __init__(
        self,
        base: str,
        tokens: Tokens,
        *,
        headers: Mapping[str, str],
        ca_file: Any = None,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        hush()
        try:
            url = httpx.URL(base)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme != "https" or not url.host or url.userinfo or url.query or url.fragment:
            raise NotReady("register_url", "the register's address must be https", "see folkeregister.url and prefix")
        self._tokens, self._timeout, self._sleep = tokens, timeout, sleep
        self._client = httpx.Client(
            base_url=url,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "foresatt", **headers},
            timeout=timeout,
            verify=tls(ca_file),
            trust_env=not is_loopback(url.host),  # a proxy knows nothing of our loopback
            follow_redirects=False,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get(self, path: str, params: Sequence[tuple[str, str]] = (), etag: str = "") -> Answer:
        """What stands at `path`. Raises `OutsideFault`."""
        return self._patiently("GET", path, params, None, {"If-None-Match": etag} if etag else {})

    def post(self, path: str, params: Sequence[tuple[str, str]], body: Any) -> Answer:
        """What `body` is answered with. Its type is said, or the answer would be XML. Raises `OutsideFault`."""
        content = json.dumps(body).encode()
        return self._patiently("POST", path, params, content, {"Content-Type": "application/json"})

    def _patiently(
        self, method: str, path: str, params: Sequence[tuple[str, str]], content: bytes | None, headers: dict[str, str]
    ) -> Answer:
        for turn in range(TRIES):
            try:
                token, fresh = self._tokens.current()
                try:
                    return self._once(method, path, params, content, headers, token)
                except _Stale:
                    if fresh:
                        raise _fault(401) from None
                try:  # a token may have been ended before its time: one new one, and no more
                    return self._once(method, path, params, content, headers, self._tokens.renew())
                except _Stale:
                    raise _fault(401) from None
            except _Passing as last:
                if turn + 1 == TRIES:
                    raise last.fault from None
                self._sleep(PAUSE * 2**turn if last.pause is None else last.pause)
        raise AssertionError("unreachable")

    def _once(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        content: bytes | None,
        headers: dict[str, str],
        token: str,
    ) -> Answer:
        """One request, its answer read up to a size and no longer than it may take."""
        ends = time.monotonic() + BODY_TIMEOUTS * self._timeout
        told = {**headers, "Authorization": f"Bearer {token}"}
        pieces: list[bytes] = []
        size = 0
        try:
            with self._client.stream(
                method, path, params=httpx.QueryParams(tuple(params)), content=content, headers=told
            ) as answer:
                for piece in answer.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > MOST:
                        raise OutsideFault("register_too_large", "the register's answer is too large", _LATER)
                    if time.monotonic() > ends:
                        raise _Passing(OutsideFault("register_slow", "the register's answer takes too long", _LATER))
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            fault = OutsideFault(
                "register_unreachable", "the register cannot be reached", f"check the network; {_LATER}"
            )
            raise _Passing(fault) from None
        return _judged(answer, b"".join(pieces))


class _Stale(Exception):
    """401: the token is not taken."""


def _judged(answer: httpx.Response, body: bytes) -> Answer:
    status = answer.status_code
    is_html = "html" in answer.headers.get("content-type", "").lower() or body.lstrip()[:1] == b"<"
    if status == 401:
        raise _Stale
    if status == 429:
        raise _Passing(_fault(status), _pause(answer.headers.get("retry-after", "")))
    if status >= 500:
        raise _Passing(_fault(status))
    if is_html and status not in (304,):  # also with a status that would mean something from the register itself
        raise OutsideFault(
            "register_firewall",
            f"something in front of the register answered {status} with a page",
            "ask whoever runs the register; this machine's address may be shut out",
        )
    if status not in MEANT:
        raise _fault(status)
    if status != 200:
        return Answer(status)
    try:
        return Answer(status, json.loads(body), answer.headers.get("etag", "")[:200])
    except (ValueError, RecursionError):
        raise unreadable() from None


def _pause(told: str) -> float | None:
    """Seconds to wait. The documentation counts Retry-After in milliseconds, the HTTP standard in seconds: a thousand
    and more is taken for the former, and nobody waits longer than `LONGEST_PAUSE`. None for anything else."""
    if not (told.isascii() and told.isdigit() and len(told) < 12):
        return None
    number = int(told)
    return min(number / 1000 if number >= 1000 else float(number), LONGEST_PAUSE)


def _fault(status: int) -> OutsideFault:
    code, what, step = _WHY.get(status, (f"status_{status}", f"answered {status}", _LATER))
    return OutsideFault(f"register_{code}", f"the register {what}", step)


def unreadable() -> OutsideFault:
    """The register's answer makes no sense, so nothing is concluded from it."""
    return OutsideFault("register_unreadable", "the register's answer cannot be read", _LATER)
