"""A process that has imported the house once, and plays each run that it is asked for in a forked child.

Belongs here: forking, and telling how each child ended. Does not belong here: asking (`support_runs`), what goes wrong
on purpose (`support_spoil`). Importing Prefect and pandas takes seconds; a child starts as after that, and may be
killed like any other process.
"""

import atexit
import gc
import importlib
import json
import os
import selectors
import sys
import threading
import traceback
from typing import Any, NoReturn

import support_spoil

from schemas.settings import Settings

HOUSE = (
    "console.main", "console.server", "flows.deployments", "store.listing", "tasks.provision.lists",
    "tasks.extract.ocr", "tasks.extract.pdf", "tasks.extract.scan", "prefect.task_engine",
    "prefect.concurrency.services", "prefect.concurrency._sync", "prefect.utilities.visualization", "fastapi",
    "sqlalchemy.dialects.sqlite", "anyio.streams.tls", "anyio._core._sockets", "anyio._backends._asyncio",
    "phonenumbers.data.region_NO", "anyascii._data",
)  # fmt: skip
"""What a run imports: once here instead of in every run."""


def main() -> None:
    """Answer one JSON line with the exit status for every JSON line that asks for a run, until the input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    for name in HOUSE:
        importlib.import_module(name)
    importlib.import_module("tasks.validate.step").check_switched_on(Settings())
    if threading.active_count() > 1:
        raise RuntimeError("a thread is running: no child can be forked safely")
    gc.collect()
    gc.freeze()  # so that no child copies what it only looks at
    replies.write('{"ready": true}\n')
    with selectors.DefaultSelector() as waiting:
        waiting.register(0, selectors.EVENT_READ)
        buffer = b""
        while True:
            for key, _ in waiting.select():
                if key.data is not None:
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    ident, pid = key.data
                    replies.write(json.dumps({"id": ident, "status": os.waitpid(pid, 0)[1]}) + "\n")
                    continue
                chunk = os.read(0, 65536)
                if not chunk:
                    return
                buffer += chunk
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    asked = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        play(asked)
                    waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (asked["id"], pid))


def play(asked: dict[str, Any]) -> NoReturn:
    """Be one run: its input, output and environment, what is to go wrong in it, and its ending as a process has it."""
    for number, path, flags in (
        (0, asked["stdin"] or os.devnull, os.O_RDONLY),
        (1, asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, asked["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.closerange(3, 256)
    code = 70
    try:
        os.environ.update(asked["env"])
        sys.stdin = os.fdopen(os.dup(0), encoding="utf-8")
        for spoil in asked["spoil"]:
            support_spoil.install(spoil)
        if asked["watch"]:
            support_spoil.watch(asked["watch"])
        code = _run(asked)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        # As the interpreter does: the hook that the product may have set, else the whole traceback.
        (sys.excepthook if sys.excepthook is not sys.__excepthook__ else _traceback)(*sys.exc_info())
        code = 1
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(asked: dict[str, Any]) -> int:
    if asked["code"]:
        exec(compile(asked["code"], "<code>", "exec"), {"__name__": "code"})  # noqa: S102 - the tests' own
        return 0
    import console.main

    sys.argv = ["foresatt", *asked["argv"]]
    console.main.main()
    return 0


def _traceback(*told: Any) -> None:
    traceback.print_exception(*told)


if __name__ == "__main__":
    main()
