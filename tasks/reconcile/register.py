"""The register's seam: what Folkeregisteret may be asked. Off: most independent schools have no legal basis."""

from typing import Protocol

from schemas.settings import Settings


class Register(Protocol):
    """Whoever can say that a person holds parental responsibility for a pupil."""

    def has_responsibility(self, guardian_number: str, pupil_number: str) -> bool | None:
        """True or False as the register says; None where it was not asked. Raises `OutsideFault` where it is down."""
        ...


class RegisterOff:
    """The default for schools without a legal basis: never asks, never answers."""

    def has_responsibility(self, guardian_number: str, pupil_number: str) -> bool | None:
        """Not asked."""
        return None


def make_register(settings: Settings) -> Register:
    """The register of these settings. Folkeregisteret itself is not built yet, so switching it on is refused."""
    from schemas.errors import NotReady

    if settings.evidence.register_on:
        raise NotReady("register_missing", "the register client is not built yet", "set evidence.register_on = false")
    return RegisterOff()
