"""What goes wrong on purpose in a run: the process dies, or a function raises, at a place named by a test.

Belongs here: putting the fault in place inside the run. Does not belong here: which faults (the tests say), what they
must lead to.
"""

import functools
import importlib
import itertools
import json
import os
import pickle
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn


def install(spoil: dict[str, Any]) -> None:
    """Put one fault in place.

    `target` is module:name or module:Class.name. `do` is "kill" or a key of `FAULTS`, or a list of keys to take in
    turn; `when` "before" (the default) or "after" the call; `nth` the only call it befalls, without it every one;
    `holding` a text that must be among the arguments; `values` what the exceptions say.
    """
    module, _, path = spoil["target"].partition(":")
    *outer, name = path.split(".")
    holder: Any = importlib.import_module(module)
    for one in outer:
        holder = getattr(holder, one)
    original: Callable[..., Any] = getattr(holder, name)
    kinds = [spoil["do"]] if isinstance(spoil["do"], str) else spoil["do"]
    calls, turns = itertools.count(1), itertools.cycle(kinds)

    @functools.wraps(original)
    def spoiled(*args: Any, **kwargs: Any) -> Any:
        hit = _held(spoil.get("holding", ""), args) and spoil.get("nth") in (None, next(calls))
        if hit and spoil.get("when", "before") == "before":
            act(next(turns), spoil.get("values", []))
        result = original(*args, **kwargs)
        if hit and spoil.get("when", "before") == "after":
            act(next(turns), spoil.get("values", []))
        return result

    setattr(holder, name, spoiled)


def act(kind: str, values: Sequence[str]) -> NoReturn:
    """Die, or raise."""
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    FAULTS[kind](" | ".join(values), values)
    raise AssertionError(f"{kind} did not raise")


def _held(text: str, args: Sequence[Any]) -> bool:
    if not text:
        return True
    for one in args:
        try:
            if text.encode() in pickle.dumps(one):
                return True
        except Exception:  # noqa: S112 - a store, a connection: no document is in it
            continue
    return False


# ------------------------------------------------------------------------ exceptions that tell everything they know


class _Telling(Exception):
    """Values in the text, in an attribute, in notes."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.value = text
        self.add_note(text)


class _Panic(BaseException):
    """As libraries written in other languages raise: no Exception at all."""


def _value(text: str, values: Sequence[str]) -> None:
    raise _Telling(text)


def _key(text: str, values: Sequence[str]) -> None:
    {}[text]


def _panic(text: str, values: Sequence[str]) -> None:
    raise _Panic(text)


def _cause(text: str, values: Sequence[str]) -> None:
    try:
        raise ValueError(text)
    except ValueError as fault:
        raise RuntimeError(text) from fault


def _context(text: str, values: Sequence[str]) -> None:
    try:
        _value(text, values)
    except _Telling:
        raise OSError(2, text, text) from None


def _implicit(text: str, values: Sequence[str]) -> None:
    try:
        _value(text, values)
    except _Telling:
        _key(text, values)


def _group(text: str, values: Sequence[str]) -> None:
    raise ExceptionGroup(text, [ValueError(value) for value in values])


def _unicode(text: str, values: Sequence[str]) -> None:
    (text + "\ud800").encode("utf-8")


def _pandera(text: str, values: Sequence[str]) -> None:
    """The real thing: lazy validation of a frame that holds the values."""
    import pandas as pd
    import pandera.pandas as pa

    frame = pd.DataFrame({"fnr": list(values), "name": [text for _ in values]})
    schema = pa.DataFrameSchema({"fnr": pa.Column(int), "name": pa.Column(str, pa.Check(lambda v: v.str.len() < 1))})
    schema.validate(frame, lazy=True)


def _pydantic(text: str, values: Sequence[str]) -> None:
    import pydantic

    pydantic.TypeAdapter(int).validate_python(text)


def _process(text: str, values: Sequence[str]) -> None:
    import subprocess

    raise subprocess.CalledProcessError(2, ["gpg", *values], output=text, stderr=text)


def _database(text: str, values: Sequence[str]) -> None:
    from sqlalchemy.exc import IntegrityError

    raise IntegrityError("INSERT INTO guardians VALUES (?)", {"name": text}, ValueError(text))


def _thread(text: str, values: Sequence[str]) -> None:
    """A thread and a finaliser that fail beside it, with a warning and log lines of a library before. What a library
    says in words of its own is redacted for numbers only: a name cannot be known from other words."""
    import logging
    import threading

    warnings.warn(f"it warns of {_digits(values)}", stacklevel=2)
    thread = threading.Thread(target=_value, args=(text, values))
    thread.start()
    thread.join()
    _Final(text)
    try:
        _value(text, values)
    except _Telling:
        logging.getLogger("prefect.flow_runs").error("it failed for a number: %s", _digits(values), exc_info=True)
        logging.getLogger("somelibrary").exception("it failed for a number: %s", _digits(values))
    raise _Telling(text)


class _Final:
    def __init__(self, text: str) -> None:
        self.text = text

    def __del__(self) -> None:
        raise ValueError(self.text)


def _digits(values: Sequence[str]) -> str:
    return " ".join(value for value in values if value.isdigit())


def _outside(text: str, values: Sequence[str]) -> None:
    from schemas.errors import OutsideFault

    raise OutsideFault("disk_full", "the disk is full", "make room")


FAULTS: dict[str, Callable[[str, Sequence[str]], None]] = {
    "value": _value,
    "key": _key,
    "panic": _panic,
    "cause": _cause,
    "context": _context,
    "implicit": _implicit,
    "group": _group,
    "unicode": _unicode,
    "pandera": _pandera,
    "pydantic": _pydantic,
    "process": _process,
    "database": _database,
    "thread": _thread,
    "outside": _outside,
}
TELLING = tuple(name for name in FAULTS if name != "outside")
"""The faults that hold values."""


# -------------------------------------------------------------------------------------------- what a run lets be seen


def watch(path: str) -> None:
    """From now on, write every command line and every file that Python opens for writing into `path`, a JSON list a
    line."""
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            told: list[Any] = ["run", *map(str, args[1])]
        elif event == "open" and isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR):
            told = ["write", args[0]]
        else:
            return
        os.write(log, json.dumps(told).encode() + b"\n")

    sys.addaudithook(hook)
