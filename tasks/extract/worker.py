"""Reading a stranger's document in a process that can be killed.

Belongs here: keeping that process, giving it a document, taking back a reading, and what it means when it does not
answer. Does not belong here: reading (`pdf`, `scan`, `office`). Documents and readings pass through pipes; nothing is
written, and what the process says goes nowhere. A reading comes back as plain JSON, so that a document which takes the
process over gains nothing here but a wrong reading.
"""

import contextlib
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import IO, Any, Final, Literal

from schemas.documents import ReadEntry, ReadField, ReadForm, Reading
from schemas.errors import OutsideFault
from schemas.settings import Post

Kind = Literal["pdf", "image", "office"]

_HEAD: Final = struct.Struct(">QQ")
_MOST_ANSWER: Final = 20_000_000
_lock: Final = threading.Lock()
_process: subprocess.Popen[bytes] | None = None


def read_apart(kind: Kind, data: bytes, settings: Post) -> Reading:
    """A document read in the other process, which is started where it is not there.

    Faults beside the readers' own: `too_large` where it took longer than the settings allow, and `damaged` where the
    process died of it. Raises OutsideFault as the readers do, or where no process can be started.
    """
    told = json.dumps({"kind": kind, "post": settings.model_dump(mode="json")}).encode()
    with _lock:
        process = _running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        deadline = time.monotonic() + settings.read_seconds
        try:
            _send(process.stdin, _HEAD.pack(len(told), len(data)) + told + data, deadline)
            (length,) = struct.unpack(">Q", _receive(process.stdout, 8, deadline))
            if length > _MOST_ANSWER:
                raise EOFError
            answer = json.loads(_receive(process.stdout, length, deadline))
        except TimeoutError:
            stop()
            return Reading(faults=("too_large",))
        except (EOFError, OSError, ValueError):
            stop()
            return Reading(faults=("damaged",))
        except BaseException:
            stop()
            raise
    if "fault" in answer:
        raise OutsideFault(*map(str, answer["fault"]))
    return _reading(answer)


def stop() -> None:
    """Kill the process, if there is one."""
    global _process
    if _process is not None:
        _process.kill()
        _process.wait()
        for pipe in (_process.stdin, _process.stdout):
            with contextlib.suppress(OSError):
                if pipe:
                    pipe.close()
        _process = None


def _running() -> "subprocess.Popen[bytes]":
    global _process
    if _process is not None and (_process.poll() is not None or _owner != os.getpid()):
        if _owner == os.getpid():
            stop()
        _process = None
    if _process is None:
        _start()
    assert _process is not None  # noqa: S101 - just started
    return _process


_owner = 0


def _start() -> None:
    global _process, _owner
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        _process = subprocess.Popen(
            [sys.executable, "-m", "tasks.extract.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
        )
    except OSError:
        raise OutsideFault("reader_unavailable", "the process that reads documents cannot be started") from None
    _owner = os.getpid()
    os.set_blocking(_process.stdin.fileno(), False)  # type: ignore[union-attr]


def _send(pipe: IO[bytes], data: bytes, deadline: float) -> None:
    view, sent = memoryview(data), 0
    while sent < len(view):
        _, ready, _ = select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        sent += os.write(pipe.fileno(), view[sent : sent + 65_536])


def _receive(pipe: IO[bytes], length: int, deadline: float) -> bytes:
    got = bytearray()
    while len(got) < length:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(pipe.fileno(), min(65_536, length - len(got)))
        if not piece:
            raise EOFError
        got += piece
    return bytes(got)


_made_entry: Final[Any] = ReadEntry


def _reading(answer: dict[str, Any]) -> Reading:
    forms = []
    for form in answer["forms"]:
        entries: list[Any] = [
            _made_entry(**{key: ReadField(**one) if isinstance(one, dict) else one for key, one in entry.items()})
            for entry in form["entries"]
        ]
        forms.append(ReadForm(**{**form, "entries": tuple(entries)}))
    return Reading(tuple(forms), tuple(answer["faults"]), bool(answer["holds_number"]), str(answer["onetime"]))


# --- the other side ---------------------------------------------------------------------------------------------------


def _serve() -> None:
    """Read documents until the pipe is closed."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - what a library prints must not be taken for an answer
        os.dup2(nowhere.fileno(), 1)
    limited = False
    while head := source.read(_HEAD.size):
        told, length = _HEAD.unpack(head)
        wanted = json.loads(source.read(told))
        post = Post(**wanted["post"])
        if not limited:
            _limit(post.read_memory_mb)
            limited = True
        data = source.read(length)
        try:
            answer: dict[str, Any] = asdict(_read(wanted["kind"], data, post))
        except OutsideFault as fault:
            answer = {"fault": [fault.code, fault.message, fault.next_step]}
        except MemoryError:
            answer = asdict(Reading(faults=("too_large",)))
        except Exception:  # whatever a stranger sent, the next document is read; the text may hold his words
            answer = asdict(Reading(faults=("damaged",)))
        out = json.dumps(answer).encode()
        target.write(struct.pack(">Q", len(out)) + out)
        target.flush()


def _limit(memory_mb: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 1_000_000, memory_mb * 1_000_000))


def _read(kind: str, data: bytes, post: Post) -> Reading:
    if kind == "pdf":
        from tasks.extract.pdf import read_pdf

        return read_pdf(data, post)
    if kind == "office":
        from tasks.extract.office import read_office

        return read_office(data, post)
    from tasks.extract.scan import read_image

    return read_image(data, post)


if __name__ == "__main__":
    _serve()
