"""The register's seam: what Folkeregisteret may be asked, whom for, and that every question is remembered.

Belongs here: the protocol, the choice by the settings, and the gate that every question passes: numbers that may not
be sent stay here, and the audit gets its row before anything is asked. Does not belong here: the register's own
interface (`tasks/reconcile/freg.py`), or what an answer means (`tasks/reconcile/responsibility.py`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from schemas.errors import NotReady
from schemas.identity import classify
from schemas.register import Answered, Pages, Purpose, RegisterPerson, Wanted
from schemas.settings import REGISTER_PARTS, Environment
from store import audit
from store.database import Store
from store.outside import secret
from tasks.reconcile.freg import Folkeregisteret
from tasks.reconcile.freg_http import RegisterHttp
from tasks.reconcile.maskinporten import Maskinporten

ADDRESSES: Final[dict[Environment, str]] = {
    "production": "https://folkeregisteret.api.skatteetaten.no",
    "test": "https://folkeregisteret-api-konsument.sits.no",
}
"""Where Skatteetaten answers."""


class Register(Protocol):
    """Whoever can tell what Folkeregisteret knows. Every method raises `OutsideFault` where it is down or refuses, and
    writes an audit row (purpose and counts) before it asks, in a transaction of its own: ask outside of any. Where `on`
    is false nobody may ask: see `RegisterOff`."""

    @property
    def on(self) -> bool:
        """Whether there is anybody to ask."""
        ...

    def person(self, number: str, purpose: Purpose) -> RegisterPerson | None:
        """One person; None where the register knows none, or the number may not be sent. The number stands in the
        request's path: for anything but a single question prefer `people`."""
        ...

    def people(self, numbers: Sequence[str], purpose: Purpose, *, former: bool = False) -> Answered:
        """Many at once, in as few requests as the register allows (1 000 in each). `former`: their identity numbers
        alone, those no longer in use included."""
        ...

    def search(self, wanted: Wanted, purpose: Purpose) -> RegisterPerson | None:
        """The one person of this name and birth date; None where there is none or more than one: the register does not
        tell which."""
        ...

    def last_sequence(self, purpose: Purpose) -> int:
        """The newest event's sequence number."""
        ...

    def changes(self, since: int, purpose: Purpose) -> Pages:
        """The events after `since`, oldest first, a page at a time, until there are no more. Nothing is asked before
        the first page is taken; whoever stops early has asked for no more than that."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class RegisterOff:
    """The default for schools without a legal basis: there is nobody to ask, and asking is a fault of ours."""

    on = False

    def person(self, number: str, purpose: Purpose) -> RegisterPerson | None:
        """Never asks."""
        raise _off()

    def people(self, numbers: Sequence[str], purpose: Purpose, *, former: bool = False) -> Answered:
        """Never asks."""
        raise _off()

    def search(self, wanted: Wanted, purpose: Purpose) -> RegisterPerson | None:
        """Never asks."""
        raise _off()

    def last_sequence(self, purpose: Purpose) -> int:
        """Never asks."""
        raise _off()

    def changes(self, since: int, purpose: Purpose) -> Pages:
        """Never asks."""
        raise _off()

    def close(self) -> None:
        """Nothing is open."""


class Asked(Protocol):
    """Whoever answers behind the gate."""

    def person(self, number: str) -> RegisterPerson | None:
        """See `Register`."""
        ...

    def people(self, numbers: Sequence[str], *, former: bool = False) -> Answered:
        """See `Register`."""
        ...

    def search(self, wanted: Wanted) -> RegisterPerson | None:
        """See `Register`."""
        ...

    def last_sequence(self) -> int:
        """See `Register`."""
        ...

    def changes(self, since: int) -> Pages:
        """See `Register`."""
        ...

    def close(self) -> None:
        """See `Register`."""
        ...


class Gate:
    """The register as it may be asked: what must not be sent stays here, and every question is remembered first."""

    on = True

    def __init__(self, store: Store, asked: Asked) -> None:
        self._store, self._asked = store, asked

    def person(self, number: str, purpose: Purpose) -> RegisterPerson | None:
        """One person; see `Register`."""
        if not self._fit([number]):
            return None
        self._remember("person", purpose, 1)
        return self._asked.person(number)

    def people(self, numbers: Sequence[str], purpose: Purpose, *, former: bool = False) -> Answered:
        """Many; see `Register`."""
        wanted = list(dict.fromkeys(numbers))
        fit = self._fit(wanted)
        unsent = frozenset(wanted) - frozenset(fit)
        if not fit:
            return Answered(unsent=unsent)
        self._remember("former_numbers" if former else "people", purpose, len(fit))
        return replace(self._asked.people(fit, former=former), unsent=unsent)

    def search(self, wanted: Wanted, purpose: Purpose) -> RegisterPerson | None:
        """The one; see `Register`."""
        if len(wanted.name.split()) < 2:
            return None
        self._remember("search", purpose, 1)
        return self._asked.search(wanted)

    def last_sequence(self, purpose: Purpose) -> int:
        """The newest; see `Register`."""
        self._remember("last_sequence", purpose, 0)
        return self._asked.last_sequence()

    def changes(self, since: int, purpose: Purpose) -> Pages:
        """Page by page; see `Register`."""
        self._remember("changes", purpose, 0)
        yield from self._asked.changes(since)

    def close(self) -> None:
        """Give the connections back."""
        self._asked.close()

    def _fit(self, numbers: Sequence[str]) -> list[str]:
        """The numbers that may be sent: well-formed fødselsnummer and D-numbers, real ones in production and synthetic
        ones in a store for tests."""
        if not numbers:
            return []
        told, rules = self._store.settings.environment, self._store.settings.identity
        verdicts = classify(
            numbers,
            environment=told,
            plus40=rules.plus40,
            accept_2032_from=rules.accept_2032_from,
            on=self._store.today,
        )
        return [number for number, fine in zip(numbers, verdicts["accepted"], strict=True) if fine]

    def _remember(self, what: str, purpose: Purpose, count: int) -> None:
        with self._store.write() as tx:
            audit.write(tx, audit.RULES, "register_asked", detail=f"what={what} purpose={purpose} count={count}")


def make_register(store: Store) -> Register:
    """The register of this store's settings. Raises `NotReady` where it is switched on and something is missing: the
    decision that it may be asked, its address, the key."""
    told = store.settings.folkeregister
    if not told.on:
        return RegisterOff()
    if not (told.legal_basis.strip() and told.decided_by.strip() and told.decided_on):
        raise NotReady(
            "register_undecided",
            "the register is switched on, and nothing says by what right",
            "set folkeregister legal_basis, decided_by and decided_on, or on = false",
        )
    if told.decided_on > store.today:
        raise NotReady("register_undecided", "the register may not be asked yet", "see folkeregister.decided_on")
    if lacking := [part for part in REGISTER_PARTS if part not in told.parts]:
        raise NotReady("register_parts", f"not asked for: {', '.join(lacking)}", "see folkeregister.parts")
    environment = store.settings.environment
    base = f"{(told.url or ADDRESSES[environment]).rstrip('/')}/{told.prefix.strip('/')}"
    headers = {}
    if told.integration_id:
        password = secret("KS Fiks", told.integration_password_file, told.integration_password_env)
        headers = {"IntegrasjonId": told.integration_id, "IntegrasjonPassord": password}
    tokens = Maskinporten(told, environment)
    http = RegisterHttp(base, tokens, headers=headers, ca_file=told.ca_file, timeout=told.timeout_seconds)
    return Gate(store, Folkeregisteret(http, told.parts))


def _off() -> NotReady:
    return NotReady("register_off", "the register is switched off", "see docs/operators/register.md")
