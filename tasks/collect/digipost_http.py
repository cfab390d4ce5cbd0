"""Talking with Digipost over HTTP: signed requests out, checked answers in, and the one-time hop to the content host.

Belongs here: retries, bounds in size and time, which answers to believe, where content may come from. Does not belong
here: what the answers mean. No URL, header or text of an answer gets into an exception or a log.
"""

import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from schemas.errors import OutsideFault
from store.outside import hush, is_loopback
from tasks.collect.digipost_wire import answer_string, check_date, check_hash, signed_by
from tasks.collect.digipost_xml import MEDIA_TYPE, EntryPoint, error_code, read_entry_point

MAX_ANSWER_BYTES: Final = 20_000_000
PAUSES: Final = (0.2, 0.6)
"""Seconds before the second and the third try; what fails longer is the next run's."""
BODY_TIMEOUTS: Final = 30
"""A whole body may take this many times the time-out of a single read."""
T = TypeVar("T")


class Unreachable(OutsideFault):
    """No usable answer after all tries: it may concern everything, not just one document."""


class _Passing(Exception):
    """Worth another try. Holds what to raise when there is none left."""

    def __init__(self, fault: OutsideFault) -> None:
        super().__init__()
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as transferred. `cut`: the body went on beyond the limit."""

    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False


class DigipostClient:
    """One account at one API. `base` is scheme and host, without a path."""

    def __init__(
        self,
        base: str,
        auth: httpx.Auth,
        content_hosts: Iterable[str],
        timeout_seconds: float,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        hush()  # one-time tokens stand in the URLs
        self._base = base.rstrip("/")
        self._auth = auth
        self._content_hosts = tuple(host.lower() for host in content_hosts)
        self._timeout = timeout_seconds
        self._now = now
        self._sleep = sleep
        self._key: rsa.RSAPublicKey | None = None
        headers = {"Accept-Encoding": "identity", "User-Agent": "foresatt"}
        environment = not is_loopback(httpx.URL(base).host)  # a proxy knows nothing of our loopback
        # Two clients, so that nothing of the API's (signature, cookies) can follow to the content host.
        self._api, self._content = (
            httpx.Client(headers=headers, timeout=timeout_seconds, trust_env=environment, verify=_tls())
            for _ in range(2)
        )

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()
        self._content.close()

    def entry_point(self, path: str) -> EntryPoint:
        """The entry point at `path`. As in the official client it needs no signature (the trust is TLS'), but one that
        is there must hold, except at "/" itself, where the key for checking comes from."""

        def attempt() -> EntryPoint:
            answer = self._ask("GET", path, MEDIA_TYPE, MAX_ANSWER_BYTES)
            self._expect(answer, answer.status // 100 == 2)
            self._check(answer, path, signed=path != "/" and "x-digipost-signature" in answer.headers)
            return read_entry_point(answer.body)

        return self._patiently(attempt)

    def get(self, path: str) -> bytes:
        """The XML at `path` (with its query). Raises `OutsideFault`."""

        def attempt() -> bytes:
            answer = self._ask("GET", path, MEDIA_TYPE, MAX_ANSWER_BYTES)
            self._expect(answer, answer.status // 100 == 2)
            self._check(answer, path)
            return answer.body

        return self._patiently(attempt)

    def content(self, path: str, limit: int) -> Answer:
        """A document's bytes, `limit` at most, from a one-time URL or straight from the API. Raises `OutsideFault`."""

        def attempt() -> Answer:
            answer = self._ask("GET", path, "*/*", limit)
            self._expect(answer, answer.status == 307 or answer.status // 100 == 2)
            self._check(answer, path)
            return self._follow(answer.headers.get("location", ""), limit) if answer.status == 307 else answer

        return self._patiently(attempt)

    def delete(self, path: str) -> None:
        """Delete what lies at `path`; done as well where it is gone (an earlier try may have got through)."""

        def attempt() -> None:
            answer = self._ask("DELETE", path, MEDIA_TYPE, MAX_ANSWER_BYTES)
            self._expect(answer, answer.status == 404 or answer.status // 100 == 2)
            self._check(answer, path)

        self._patiently(attempt)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        """Try again after a passing fault. Each try is signed anew, and asks for a new one-time URL."""
        for pause in PAUSES:
            try:
                return attempt()
            except _Passing:
                self._sleep(pause)
        try:
            return attempt()
        except _Passing as last:
            raise last.fault from None

    def _ask(self, method: str, path: str, accept: str, limit: int) -> Answer:
        return self._exchange(self._api, method, self._base + path, {"Accept": accept}, self._auth, limit)

    def _exchange(
        self,
        client: httpx.Client,
        method: str,
        url: str | httpx.URL,
        headers: dict[str, str],
        auth: httpx.Auth | None,
        limit: int,
    ) -> Answer:
        """One request, its answer read up to `limit` bytes and no longer than it may take."""
        ends = time.monotonic() + BODY_TIMEOUTS * self._timeout
        chunks: list[bytes] = []
        size = 0
        try:
            with client.stream(method, url, headers=headers, auth=auth, follow_redirects=False) as response:
                if response.headers.get("content-encoding", "identity").lower() != "identity":
                    raise OutsideFault("digipost_answer_encoding", "Digipost's answer is packed in a way not asked for")
                for chunk in response.iter_raw():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > limit:
                        break
                    if time.monotonic() > ends:
                        raise _Passing(Unreachable("digipost_slow", "Digipost's answer takes too long"))
                return Answer(response.status_code, response.headers, b"".join(chunks)[:limit], size > limit)
        except (httpx.HTTPError, httpx.InvalidURL):
            fault = Unreachable(
                "digipost_unreachable", "Digipost cannot be reached", "check the network; it is retried"
            )
            raise _Passing(fault) from None

    def _expect(self, answer: Answer, good: bool) -> None:
        """Raise for an answer that is an error. Its code is only a hint from a closed list, so it needs no proof."""
        if good:
            return
        code = error_code(answer.body)
        if answer.status >= 500:
            unknown = code == "digipost_general_error"
            kind = Unreachable if answer.status == 503 else OutsideFault
            raise _Passing(kind("digipost_unavailable" if unknown else code, f"Digipost answered {answer.status}"))
        raise OutsideFault(code, f"Digipost answered {answer.status}")

    def _check(self, answer: Answer, path: str, *, signed: bool = True, required: bool = True) -> None:
        """Refuse an answer that is stale, changed on its way or not Digipost's. A body that was cut has no hash to
        compare; it is `too_large` and is never opened."""
        if required:
            check_date(answer.headers, self._now())
        if not answer.cut:
            check_hash(answer.headers, answer.body, required=required)
        if signed and not self._is_digiposts(answer, path):
            raise OutsideFault("digipost_server_signature_error", "Digipost's answer does not carry its signature")

    def _is_digiposts(self, answer: Answer, path: str) -> bool:
        text = answer_string(answer.status, path, answer.headers)
        signature = answer.headers.get("x-digipost-signature", "")
        if self._key is not None and signed_by(self._key, text, signature):
            return True
        self._key = self.entry_point("/").public_key  # first use, or the certificate was changed meanwhile
        return self._key is not None and signed_by(self._key, text, signature)

    def _follow(self, location: str, limit: int) -> Answer:
        """The second hop, which proves itself by its token alone: nothing of ours is sent, no third hop is made, and a
        hash or a signature is checked where there is one."""
        url = self._allowed(location)
        answer = self._exchange(self._content, "GET", url, {"Accept": "*/*"}, None, limit)
        if answer.status != 200:  # a spent token, for instance: the next try gets another
            raise _Passing(OutsideFault("digipost_content", f"Digipost's content host answered {answer.status}"))
        self._check(answer, url.path, signed="x-digipost-signature" in answer.headers, required=False)
        return answer

    def _allowed(self, location: str) -> httpx.URL:
        """The one-time URL, if it leads to a content host over TLS (or stays on this machine, for a stand-in)."""
        try:
            url = httpx.URL(location)
            host = url.raw_host.decode("ascii").lower()
        except (httpx.InvalidURL, UnicodeDecodeError):
            url, host = httpx.URL(""), ""
        known = any(host == one or host.endswith(f".{one}") for one in self._content_hosts)
        safe = url.scheme == "https" or (url.scheme == "http" and is_loopback(host))
        if not (known and safe) or url.userinfo:
            raise OutsideFault(
                "digipost_content_host",
                "Digipost points to a content host that the settings do not allow",
                "compare content_hosts in the settings with Digipost's documentation",
            )
        return url


@cache
def _tls() -> ssl.SSLContext:
    """Reading the authorities' certificates takes longer than many a run has requests."""
    return httpx.create_ssl_context()
