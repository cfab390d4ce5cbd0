"""The exception tree. Every text here may be logged: it never holds a value from a form, a roster or a message.

    ForesattError                 anything this software raises on purpose
    ├── UsageFault        exit 2  wrong use: unknown id, bad setting, missing argument
    ├── SafetyRefusal     exit 4  refused for safety: wrong environment, a roster that suddenly shrank
    ├── NotReady          exit 1  something must be mended first: no home, no key, gpg missing
    ├── OutsideFault      exit 1  the world failed (disk full, server down): work stays undecided, heals by itself
    └── RunFault          exit 1  what a guarded flow or task raises in place of the real exception

What is wrong with a *form* is never an exception: it is an outcome with reasons (`schemas.reasons`).
"""

from typing import ClassVar


class ForesattError(Exception):
    """Base of all. `code` is stable for programs, `message` says what, `next_step` says what to do now."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str = "", next_step: str = "") -> None:
        super().__init__(code, message, next_step)
        self.code = code
        self.message = message or code
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message != self.code else self.code


class UsageFault(ForesattError):
    """Wrong use of a command, an id that does not exist, a setting that cannot be."""

    exit_code = 2


class SafetyRefusal(ForesattError):
    """Refused because going on could harm someone."""

    exit_code = 4


class NotReady(ForesattError):
    """Cannot start before something is made or mended."""


class OutsideFault(ForesattError):
    """The outside world failed; nothing was decided by it, and the next run takes it up again."""


class RunFault(ForesattError):
    """The clean stand-in for whatever went wrong inside a guarded flow or task: type and place, no text."""
