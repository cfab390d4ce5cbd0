"""The steps as task runs, and what every flow begins with: the house, opened from the environment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any, Final

from flows.road import PLAIN, Steps
from store.config import load
from store.database import Store
from store.opening import open_store
from tasks.guard import safe_task

GUARDED: Final = Steps(*(safe_task(function, name) for name, function in PLAIN._asdict().items()))

WATCH: ContextVar[Callable[[str, Any], None]] = ContextVar("watch", default=lambda step, state: None)
"""Progress for whoever runs a flow in this process; scheduled runs have nobody watching."""


@contextmanager
def opened(as_of: date | None = None) -> Iterator[Store]:
    """The store of the house that FORESATT_HOME and FORESATT_CONFIG name."""
    store = open_store(load(), as_of)
    try:
        yield store
    finally:
        store.close()
