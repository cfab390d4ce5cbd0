"""The one guard between our code and Prefect: the only way to make a flow or a task.

`safe_flow` and `safe_task` clean every exception (type and place, never text), switch persistence, caching and print
logging off. Importing this module fails unless the redacting filter and the settings are live, because Prefect itself
would go on without them. Does not belong here: what a step does.
"""

import functools
import logging
from asyncio import CancelledError
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import prefect
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import ExternalSignal, PrefectSignal
from prefect.logging.configuration import setup_logging
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run
from prefect.settings import get_current_settings

from schemas.errors import ForesattError, NotReady, RunFault
from schemas.masking import Redact, quiet, scrub, skeleton

P = ParamSpec("P")
R = TypeVar("R")
CONTROL = (SystemExit, KeyboardInterrupt, GeneratorExit, CancelledError, PrefectSignal, ExternalSignal)


def cleaned(function: Callable[P, R]) -> Callable[P, R]:
    """`function`, raising only exceptions whose text we wrote ourselves: no cause, no context, no frames inside."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except CONTROL:
            raise
        except ForesattError as fault:
            clean: ForesattError = type(fault)(fault.code, scrub(fault.message), fault.next_step)
        except BaseException as fault:
            clean = RunFault("unexpected", skeleton(fault), "show this line to whoever looks after foresatt")
        raise clean

    return guarded


class _Held:
    """The arguments of one call, as something that Prefect does not look into: it would visit every frame and setting
    in search of futures, which takes long, and trips over a settings section that is called `keys`."""

    __slots__ = ("args", "kwargs")

    def __init__(self, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        self.args, self.kwargs = args, kwargs


def safe_task(function: Callable[P, R], name: str) -> Callable[P, R]:
    """`function` as a Prefect task called `name`; call it directly, there is no `submit`, `map` or `delay`."""
    work: Callable[..., R] = cleaned(function)

    def step(held: _Held) -> R:
        return work(*held.args, **held.kwargs)

    task = prefect.task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False, log_prints=False)(
        step
    )

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return task(_Held(args, kwargs))

    return call


def safe_flow(name: str, timeout_seconds: int | None = None) -> Callable[[Callable[P, R]], prefect.Flow[P, R]]:
    """A decorator making a Prefect flow called `name`; parameters may be ids of ours, codes, dates and switches."""

    def decorate(function: Callable[P, R]) -> prefect.Flow[P, R]:
        made = prefect.flow(name=name, persist_result=False, log_prints=False, timeout_seconds=timeout_seconds)
        return made(cleaned(function))

    return decorate


def current_run() -> str:
    """The id of the flow run we are in, or ""."""
    return str(flow_run.id or "")


def check_live() -> None:
    """Raise `NotReady` unless Prefect is as blind as we need it."""
    setup_logging()
    settings = get_current_settings()
    found = [h for logger in _loggers() for h in logger.handlers if type(h).__module__.startswith("prefect")]
    url = settings.api.url or ""
    wrong = [
        name
        for name, fine in (
            (
                "a log handler without the redacting filter",
                all(any(isinstance(f, Redact) for f in h.filters) for h in found),
            ),
            ("no log handler to the API", any(isinstance(h, APILogHandler) for h in found)),
            ("results persisted by default", not settings.results.persist_by_default),
            ("task caching on", settings.tasks.default_no_cache and settings.tasks.disable_caching),
            ("task results persisted", not settings.tasks.default_persist_result),
            ("prints logged", not settings.logging.log_prints),
            ("an ephemeral server allowed", not settings.server.ephemeral.enabled),
            ("an API address that is neither loopback nor https", _safe_url(url)),
        )
        if not fine
    ]
    if wrong:
        raise NotReady(
            "prefect_open", f"Prefect would leak: {'; '.join(wrong)}", "start flows with the foresatt command"
        )


def _safe_url(url: str) -> bool:
    return url.startswith(("https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"))


def _loggers() -> list[logging.Logger]:
    named = [
        logging.getLogger(name)
        for name in logging.root.manager.loggerDict
        if name.startswith(("prefect", "uvicorn", "fastapi"))
    ]
    return [logging.root, *named]


check_live()
quiet()
