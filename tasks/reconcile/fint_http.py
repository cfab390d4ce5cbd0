"""Asking FINT over HTTP: a token by the password grant, collections page by page, single resources by their links.

Belongs here: what to believe, how long to wait, how much to take. Does not belong here: what the resources mean
(`fint`). An identity number stands in the addresses, so no address gets into an exception or a log.
"""

import json
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from schemas.errors import NotReady, OutsideFault
from schemas.settings import Fint
from store.outside import secret, tls
from tasks.reconcile.fint import Resource, entries, hrefs
from tasks.reconcile.roster import Unreadable

MOST_PAGES: Final = 5_000
MOST_BYTES: Final = 200_000_000
PAUSES: Final = (0.2, 1.0)
"""Seconds before the second and the third try; what fails longer is the next run's."""
EARLY: Final = 30.0
_AGAIN: Final = "the next run tries again"


class FintClient:
    """One organisation's FINT. Raises `OutsideFault` while it does not answer as it should, `NotReady` where it is half
    set up or refuses us."""

    def __init__(self, chosen: Fint, sleep: Callable[[float], None] = time.sleep) -> None:
        for library in ("httpx", "httpcore"):  # both write addresses to their logs
            logging.getLogger(library).setLevel(logging.WARNING)
        base = httpx.URL(chosen.url)
        for told in (base, httpx.URL(chosen.token_url)):
            if told.host and told.scheme != "https" and not _local(told.host):
                raise NotReady("fint_url", "FINT is asked over https only", "see fint.url and fint.token_url")
        self._chosen, self._base, self._sleep = chosen, base, sleep
        self._client = httpx.Client(
            timeout=chosen.timeout_seconds,
            verify=tls(chosen.ca_file),
            trust_env=not _local(base.host),
            headers={"Accept": "application/json"},
        )
        self._token, self._until, self._taken = "", 0.0, 0

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def collection(self, name: str, since: int | None = None) -> list[Resource] | None:
        """Every resource of a collection, or what changed since a moment (in ms); None where there is no such one."""
        parameters = {"size": str(self._chosen.page_size)} if since is None else {"sinceTimeStamp": str(since)}
        url: httpx.URL | None = self._base.join(self._path(name)).copy_merge_params(parameters)
        found: list[Resource] = []
        seen: set[str] = set()
        total: object = None
        while url is not None:
            if str(url) in seen or len(seen) >= MOST_PAGES:
                raise OutsideFault("fint_pages", "FINT's pages lead in a circle", _AGAIN)
            seen.add(str(url))
            page = self._get(url)
            if page is None:
                if found or len(seen) > 1:
                    raise OutsideFault("fint_cut", "a page of FINT's is not there", _AGAIN)
                return None
            found += _entries(page)
            total = page.get("total_items", total) if isinstance(page, dict) else total
            following = hrefs(page, "next") if isinstance(page, dict) else []
            url = self._ours(following[0], url) if following else None
        if isinstance(total, int) and total > len(found) and since is None:
            raise OutsideFault("fint_cut", "FINT told fewer resources than it says there are", _AGAIN)
        return found

    def last_updated(self, name: str) -> int:
        """When a collection last changed, in ms; 0 where it does not say."""
        page = self._get(self._base.join(self._path(name) + "/last-updated"))
        told = page.get("lastUpdated", page.get("last_updated")) if isinstance(page, dict) else None
        try:
            return int(str(told))
        except ValueError:
            return 0

    def one(self, href: str) -> Resource | None:
        """The resource that a link leads to; None where there is none."""
        page = self._get(self._ours(href, self._base))
        found = _entries(page) if page is not None else []
        return found[0] if found else None

    # -------------------------------------------------------------------------------------------------- one answer

    def _path(self, name: str) -> str:
        component = "utdanningsprogram" if name == "skole" else "elev"
        return f"{self._base.path.rstrip('/')}/utdanning/{component}/{name}"

    def _ours(self, href: str, from_: httpx.URL) -> httpx.URL:
        """A link's address, if it leads to where we are: the token is for nobody else."""
        try:
            url = from_.join(href)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise OutsideFault("fint_host", "FINT points to another host", "see fint.url")
        return url

    def _get(self, url: httpx.URL) -> Any:
        """The JSON at an address; None for 404. A token that is refused is renewed once."""
        renewed = False
        for pause in (*PAUSES, None):
            status, body = self._ask(url)
            if status == 401 and not renewed:
                self._token, renewed = "", True
                status, body = self._ask(url)
            if status == 404:
                return None
            if status == 200:
                try:
                    return json.loads(body)
                except (ValueError, RecursionError):
                    raise OutsideFault("fint_answer", "FINT answered something else than JSON", _AGAIN) from None
            if status in (401, 403):
                raise NotReady(
                    "fint_refused", f"FINT answers {status}", "see the access of client and user in FINT's portal"
                )
            if pause is None or (0 < status < 500 and status != 429):
                raise OutsideFault("fint_down", f"FINT answers {status or 'not at all'}", _AGAIN)
            self._sleep(pause)
        raise AssertionError

    def _ask(self, url: httpx.URL) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {self._current()}"}
        return self._exchange("GET", url, headers=headers)

    def _exchange(self, method: str, url: httpx.URL, **more: Any) -> tuple[int, bytes]:
        """Status and body; status 0 where nothing came."""
        pieces: list[bytes] = []
        try:
            with self._client.stream(method, url, follow_redirects=False, **more) as answer:
                for piece in answer.iter_bytes():
                    pieces.append(piece)
                    self._taken += len(piece)
                    if self._taken > MOST_BYTES:
                        raise OutsideFault(
                            "fint_too_large", "FINT tells more than can be a school", "see roster.school"
                        )
                return answer.status_code, b"".join(pieces)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return 0, b""

    # ------------------------------------------------------------------------------------------------------- token

    def _current(self) -> str:
        if self._token and time.monotonic() < self._until:
            return self._token
        chosen = self._chosen
        if not (chosen.token_url and chosen.client_id and chosen.username):
            raise NotReady("fint_half_set", "FINT is not set up", "set fint token_url, client_id and username")
        word = secret("FINT's user", chosen.password_file, chosen.password_env)
        client = secret("FINT's client", chosen.client_secret_file, chosen.client_secret_env)
        form = {"grant_type": "password", "username": chosen.username, "password": word, "scope": chosen.scope}
        began = time.monotonic()
        status, body = self._exchange("POST", httpx.URL(chosen.token_url), data=form, auth=(chosen.client_id, client))
        if status == 0 or status >= 500:
            raise OutsideFault("fint_token", "no token can be asked for", _AGAIN)
        try:
            told = json.loads(body) if status == 200 else {}
            self._token, lives = str(told["access_token"]), float(told.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotReady(
                "fint_refused", "FINT gives no token", "see fint client_id, username and their secrets"
            ) from None
        self._until = began + max(1.0, lives - EARLY)
        return self._token


def _entries(page: Any) -> list[Resource]:
    try:
        return entries(page)
    except Unreadable:
        raise OutsideFault("fint_answer", "FINT's answer has another shape than its collections have", _AGAIN) from None


def _local(host: str) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")
