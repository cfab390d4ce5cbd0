"""Folkeregisteret's own interface: the operations that a school needs, by Skatteetaten or by KS Fiks.

Belongs here: paths, parameters, and how an answer is made sure of. Does not belong here: HTTP (`freg_http`), reading
bodies (`freg_reader`), and whether somebody may be asked for at all: the gate of `tasks.reconcile.register` comes
before this, and nobody else makes one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from schemas.errors import OutsideFault
from schemas.register import Answered, Changes, Pages, RegisterPerson, Wanted
from tasks.reconcile.freg_http import RegisterHttp, unreadable
from tasks.reconcile.freg_reader import Unreadable, read_answers, read_page, read_person, read_sequence

BULK: Final = 1_000
"""Numbers in one request, the most that the register takes."""
SINGLES: Final = 20
"""So many that a bulk answer passed over are asked for one by one: a merged number may be answered under another."""
FORMER: Final = (("part", "identifikasjonsnummer"), ("part", "historikk"))


class Folkeregisteret:
    """One rights package (or role) of the register. Every method raises `OutsideFault`."""

    def __init__(self, http: RegisterHttp, parts: Sequence[str]) -> None:
        self._http = http
        self._parts = tuple(("part", part) for part in parts)
        self._etag: tuple[int, str] = (0, "")

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def person(self, number: str) -> RegisterPerson | None:
        """One person, whatever number they have now."""
        return self._single(number, self._parts)

    def people(self, numbers: Sequence[str], *, former: bool = False) -> Answered:
        """Many; `former`: with the numbers no longer in use, and nothing else."""
        people: dict[str, RegisterPerson] = {}
        unknown: set[str] = set()
        parts = FORMER if former else self._parts
        for start in range(0, len(numbers), BULK):
            told = self._bulk(numbers[start : start + BULK], parts)
            people |= told.people
            unknown |= told.unknown
        missing = [number for number in numbers if number not in people and number not in unknown]
        for number in missing if len(missing) <= SINGLES else ():
            found = self._single(number, parts)
            if found is None:
                unknown.add(number)
            else:
                people[number] = found
        return Answered(people, frozenset(unknown), frozenset(numbers) - people.keys() - unknown)

    def search(self, wanted: Wanted) -> RegisterPerson | None:
        """The one person; the register answers none and several alike, so None is never "unknown"."""
        names = (("navn", wanted.name), ("foedselsdato", f"{wanted.born:%Y%m%d}"))
        answer = self._http.get("v1/personer/entydigsoek", (*names, *self._parts))
        return self._person(answer.status, answer.body, "")

    def last_sequence(self) -> int:
        """The newest event's sequence number."""
        answer = self._http.get("v1/hendelser/siste/sekvensnummer")
        if answer.status != 200:
            raise _wrong_path()
        with _reading():
            return read_sequence(answer.body)

    def changes(self, since: int) -> Pages:
        """The events after `since`, a page at a time."""
        while True:
            wanted = since + 1
            etag = self._etag[1] if self._etag[0] == wanted else ""
            answer = self._http.get("v1/hendelser/feed", (("seq", str(wanted)),), etag)
            if answer.status == 406:
                yield Changes((), since, too_old=True)
                return
            if answer.status == 304:
                return
            if answer.status != 200:
                raise _wrong_path()
            with _reading():
                items = [change for change in read_page(answer.body) if change.sequence >= wanted]
            if not items:
                self._etag = (wanted, answer.etag)
                return
            since = items[-1].sequence
            yield Changes(tuple(items), since)

    def _bulk(self, numbers: Sequence[str], parts: tuple[tuple[str, str], ...]) -> Answered:
        body = {"foedselsEllerDNummer": list(numbers)}
        answer = self._http.post("v1/personer/bulkoppslag", (*parts, ("somBestilt", "true")), body)
        if answer.status != 200:
            raise _wrong_path()
        with _reading():
            return read_answers(answer.body, numbers)

    def _single(self, number: str, parts: tuple[tuple[str, str], ...]) -> RegisterPerson | None:
        answer = self._http.get(f"v1/personer/{number}", parts)
        return self._person(answer.status, answer.body, number)

    def _person(self, status: int, body: object, asked: str) -> RegisterPerson | None:
        if status == 404:
            return None
        if status != 200:
            raise _wrong_path()
        with _reading():
            return read_person(body, asked)


@contextmanager
def _reading() -> Iterator[None]:
    """An answer that cannot be read is the world's fault, and nobody's form's."""
    try:
        yield
    except Unreadable:
        raise unreadable() from None


def _wrong_path() -> OutsideFault:
    return OutsideFault("register_path", "the register knows no such service", "compare folkeregister.url and prefix")
