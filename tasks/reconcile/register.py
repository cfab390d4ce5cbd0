"""The register's seam: what Folkeregisteret may be asked, whom for, and that every question is remembered.

Belongs here: the protocol, the choice by the settings, and the gate that every question passes: numbers that may not
be sent stay here, and the audit gets its row before anything is asked. Does not belong here: HTTP
(`tasks/reconcile/freg.py`), or what an answer means (`tasks/reconcile/responsibility.py`).
"""

from collections.abc import Sequence
from typing import Protocol

from schemas.errors import NotReady
from schemas.register import Answered, Pages, Purpose, RegisterPerson, Wanted
from store.database import Store


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


def make_register(store: Store) -> Register:
    """The register of this store's settings. Folkeregisteret itself is not built yet, so switching it on is refused."""
    if store.settings.evidence.register_on:
        raise NotReady("register_missing", "the register client is not built yet", "set evidence.register_on = false")
    return RegisterOff()


def _off() -> NotReady:
    return NotReady("register_off", "the register is switched off", "see docs/operators/settings.md, register")
