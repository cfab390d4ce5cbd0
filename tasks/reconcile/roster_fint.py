"""The roster from FINT: everything, or what changed since the last time; asked over HTTP, or saved as files.

What changed tells nothing of what was deleted, so a whole reading comes at least every `fint.full_days`. Between them a
pupil of whom anything changed is asked for whole, by the links. Does not belong here: the model (`fint`), HTTP
(`fint_http`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any, Final

from schemas.settings import Fint, RosterSettings
from store.database import OSLO
from tasks.reconcile.fint import COLLECTIONS, NEEDED, OLD_NAMES, Joined, Resource, entries, hrefs, own_refs, refs
from tasks.reconcile.fint_http import FintClient
from tasks.reconcile.roster import Listed, Place, Unreadable
from tasks.reconcile.sound import sound

MOST_CHANGED: Final = 500
"""Of more pupils than this everything is read instead."""


class FintRoster:
    """FINT over HTTP."""

    kind = "fint"

    def __init__(
        self,
        chosen: Fint,
        settings: RosterSettings,
        today: date | None = None,
        make: Callable[[Fint], FintClient] = FintClient,
    ) -> None:
        self._chosen, self._settings, self._make = chosen, settings, make
        self._today = today or datetime.now(OSLO).date()

    def read(self, since: str = "") -> Listed:
        """All pupils of the school; with the mark of the last reading only those of whom something changed, where a
        whole reading is not due. Raises `OutsideFault` and `NotReady` as `FintClient` does."""
        full, moments = _from_mark(since)
        with closing(self._make(self._chosen)) as client:
            now = {name: client.last_updated(name) for name in NEEDED}
            due = full is None or full + timedelta(days=self._chosen.full_days) <= self._today
            if not due and all(moments.get(name) for name in NEEDED):
                changed = _Changed(client).since(moments)
                if changed is not None:
                    return self._listed(changed, complete=False, full=full or self._today, now=now)
            return self._listed(_everything(client), complete=True, full=self._today, now=now)

    def probe(self) -> None:
        """Whether FINT gives a token and answers. Raises as `read` does."""
        with closing(self._make(self._chosen)) as client:
            client.last_updated("elev")

    def _listed(
        self, found: Mapping[str, Iterable[Resource]], *, complete: bool, full: date, now: Mapping[str, int]
    ) -> Listed:
        mark = json.dumps({"full": full.isoformat(), "at": dict(now)})
        listed = listed_of(found, self._settings, self._today, complete=complete)
        return Listed(
            listed.kind, listed.digest, listed.pupils, complete, mark=mark, left_out=listed.left_out,
            understood=listed.understood,
        )  # fmt: skip


class FintFiles:
    """Answers of FINT's that were saved: (name, bytes) of each file."""

    kind = "fint"

    def __init__(
        self,
        files: Mapping[str, bytes],
        mark: str = "",
        settings: RosterSettings | None = None,
        today: date | None = None,
    ) -> None:
        self._files, self._mark = files, mark
        self._settings = settings or RosterSettings()
        self._today = today or datetime.now(OSLO).date()

    def read(self, since: str = "") -> Listed:
        """All pupils of the school. Raises `Unreadable` where a file is cut off, or a page or collection is not
        there."""
        found: dict[str, list[Resource]] = {}
        totals: dict[str, int] = {}
        ends: dict[str, int] = {}
        for file in sorted(self._files):
            page = _json(self._files[file])
            listed = entries(page)
            name = _kind(listed, file)
            found.setdefault(name, []).extend(listed)
            if isinstance(page, dict) and isinstance(page.get("total_items"), int):
                totals[name] = max(totals.get(name, 0), page["total_items"])
            ends[name] = ends.get(name, 0) + (isinstance(page, dict) and not hrefs(page, "next"))
        missing = [name for name in NEEDED if name not in found]
        if missing:
            raise Unreadable("roster_broken", f"collections missing: {', '.join(missing)}", "save them too")
        found = {name: list({_identity(name, one): one for one in listed}.values()) for name, listed in found.items()}
        cut = [name for name, listed in found.items() if totals.get(name, 0) > len(listed) or not ends[name]]
        if cut:
            raise Unreadable("roster_broken", f"pages are missing of: {', '.join(sorted(cut))}", "save all of them")
        digest = hashlib.sha256(b"".join(hashlib.sha256(self._files[name]).digest() for name in sorted(self._files)))
        listed_ = listed_of(found, self._settings, self._today, complete=True)
        return Listed(
            listed_.kind, digest.digest(), listed_.pupils, mark=self._mark, left_out=listed_.left_out,
            understood=listed_.understood,
        )  # fmt: skip


def listed_of(
    found: Mapping[str, Iterable[Resource]], settings: RosterSettings, today: date, *, complete: bool
) -> Listed:
    """The roster of these resources."""
    joined = Joined(found, settings, today)
    pupils, left_out = sound(joined.pupils(), "FINT")
    if joined.without_person:
        left_out = (*left_out, Place(0, "fodselsdato", "roster_no_birth", f"{joined.without_person} pupils"))
    told = [("told", "whole" if complete else "what changed")]
    told += [(name, str(len(list(listed)))) for name, listed in found.items()]
    digest = hashlib.sha256(repr(sorted((one.key, repr(_fields(one))) for one in pupils)).encode()).digest()
    return Listed("fint", digest, pupils, complete, left_out=left_out, understood=tuple(told))


def _fields(one: Any) -> list[Any]:
    """Everything that is told of a pupil, also what `repr` hides."""
    known = [[getattr(k, name) for name in k.__slots__] for k in one.known or ()]
    return [one.name, one.born, one.class_name, one.number, one.enrolments, known]


def _everything(client: FintClient) -> dict[str, list[Resource]]:
    found = {}
    for name in COLLECTIONS:
        listed = client.collection(name)
        if listed is None and name in OLD_NAMES:
            listed = client.collection(OLD_NAMES[name])
        if listed is None and name in NEEDED:
            raise Unreadable(
                "roster_broken", f"FINT has no collection {name}", "see the access of the client in FINT's portal"
            )
        found[name] = listed or []
    return found


class _Changed:
    """What changed, and for each pupil whom that concerns everything of theirs."""

    def __init__(self, client: FintClient) -> None:
        self._client = client
        self._seen: dict[str, Resource | None] = {}
        self._found: dict[str, dict[int, Resource]] = {name: {} for name in COLLECTIONS}

    def since(self, moments: Mapping[str, int]) -> dict[str, list[Resource]] | None:
        """The resources to join; None where so much changed that everything is better read."""
        pupils: set[str] = set()
        for name in COLLECTIONS[:5]:
            moment = moments.get(name) or min(moments.values())
            changed = self._client.collection(name, since=moment)
            if changed is None and name in OLD_NAMES:
                changed = self._client.collection(OLD_NAMES[name], since=moment)
            for one in changed or []:
                pupils.update(self._concerned(name, one))
            if len(pupils) > MOST_CHANGED:
                return None
        for href in sorted(pupils):
            self._gather(href)
        return {name: list(found.values()) for name, found in self._found.items()}

    def _concerned(self, name: str, one: Resource) -> list[str]:
        """The links to the pupils whom a changed resource is about."""
        if name == "elev":
            return hrefs(one, "self")[:1]
        if name in ("elevforhold", "person"):
            mine = hrefs(one, "elev")
            children = [self._one(href) for href in hrefs(one, "foreldreansvar")]
            return mine + [href for child in children if child for href in hrefs(child, "elev")]
        through = "kontaktperson" if name == "kontaktperson" else "elevforhold"
        related = [self._one(href) for href in hrefs(one, through)]
        return [href for other in related if other for href in hrefs(other, "elev")]

    def _gather(self, href: str) -> None:
        elev = self._take("elev", href)
        if elev is None:
            return
        for relation in ("elevforhold", "person", "parorende"):
            for link in hrefs(elev, relation):
                self._around(relation if relation != "parorende" else "kontaktperson", link)

    def _around(self, name: str, href: str) -> None:
        one = self._take(name, href)
        if one is None:
            return
        if name == "elevforhold":
            for link in hrefs(one, "skole"):
                self._take("skole", link)
            for link in hrefs(one, "klasse", "basisgruppe"):
                self._take("klasse", link)
            for link in hrefs(one, "klassemedlemskap", "basisgruppemedlemskap"):
                within = self._take("klassemedlemskap", link)
                for group in hrefs(within or {}, "klasse", "basisgruppe"):
                    self._take("klasse", group)
        if name == "person":
            for link in hrefs(one, "foreldre"):
                self._take("person", link)
            for link in hrefs(one, "parorende"):
                contact = self._take("kontaktperson", link)
                for person in hrefs(contact or {}, "person"):
                    self._take("person", person)

    def _take(self, name: str, href: str) -> Resource | None:
        one = self._one(href)
        if one is not None:
            self._found[name][id(one)] = one
        return one

    def _one(self, href: str) -> Resource | None:
        if href not in self._seen:
            self._seen[href] = self._client.one(href)
        return self._seen[href]


def _from_mark(mark: str) -> tuple[date | None, dict[str, int]]:
    """(the day of the last whole reading, collection -> ms), as `_listed` wrote them."""
    try:
        told = json.loads(mark)
        return date.fromisoformat(told["full"]), {str(k): int(v) for k, v in told["at"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, {}


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("roster_broken", "a saved answer of FINT's is cut off or damaged", "save it again") from None


def _kind(listed: list[Resource], file: str) -> str:
    """The collection of a saved answer: by the links of what is in it, else by the file's name."""
    new = {old: name for name, old in OLD_NAMES.items()}
    told = next((ref.kind for one in listed for ref in refs(one, "self")), "")
    told = told or file.rpartition("/")[2].lower().partition(".")[0].rstrip("-_ 0123456789")
    name = new.get(told, told)
    if name not in COLLECTIONS:
        raise Unreadable(
            "roster_broken", "a saved answer is of no collection that is read", "see docs/operators/roster.md"
        )
    return name


def _identity(name: str, one: Resource) -> object:
    return min(own_refs(name, one), default=id(one))
