"""The seam to the outside: what every channel can do."""

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from schemas.documents import ChannelName, Delivery

Fate = Literal["taken", "person", "ordinary"]
"""taken: sealed and decided here; person: the same, and somebody at the school has to look at what it holds; ordinary:
no form in it, so it is left as it is at its source and flagged there."""
MEDIA_TYPE: Final = "message/rfc822"
"""Of every delivery that is a mail."""


class Channel(Protocol):
    """One way in. Instances are made from settings, never chosen by `if` in a step."""

    name: ChannelName

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """What lies at the source, oldest first where the source allows; `known(source_ref)` tells what the ledger
        has already, so that it need not be fetched again. Raises `OutsideFault` where the source cannot be reached;
        what was handed out before that stays valid."""
        ...

    def settle(self, handle: str, fate: Fate) -> str | None:
        """Mark or move the source's copy, after the original is committed; returns the handle it has from now on,
        None where nothing is left there. Doing it again is harmless."""
        ...

    def dispose(self, handle: str) -> None:
        """Delete the source's copy; harmless where it is gone already."""
        ...

    def close(self) -> None:
        """Hang up, where there is a connection; the next call makes it anew."""
        ...
