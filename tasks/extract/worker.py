"""Reading a stranger's document in a process that can be killed.

Belongs here: keeping such processes, giving one a document, taking back a reading, and what it means when it does not
answer. Does not belong here: reading (`pdf`, `scan`, `office`). Documents and readings pass through pipes; the process
cannot write to any file, and what it says goes nowhere. A reading comes back as plain JSON, so that a document which
takes the process over gains nothing here but a wrong reading.
"""

import contextlib
import json
import os
import queue
import select
import signal
import struct
import subprocess
import sys
import time
from dataclasses import asdict
from typing import IO, Any, Final, Literal

from schemas.documents import ReadEntry, ReadField, ReadForm, Reading
from schemas.errors import OutsideFault
from schemas.settings import Post

Kind = Literal["pdf", "image", "office"]

_HEAD: Final = struct.Struct(">QQ")
_MOST_ANSWER: Final = 20_000_000
_FULL: Final = 0.5
"""Share of its memory from which a process that died is taken to have died of it: arrays double as they grow."""
READERS: Final = min(2, os.cpu_count() or 1)
"""So many documents are read at once, each in a process of its own, which holds its engines in some 350 MB."""


def read_apart(kind: Kind, data: bytes, settings: Post) -> Reading:
    """A document read in another process, which is started where it is not there; waits for one that is free.

    Faults beside the readers' own: `too_large` where it took longer or more memory than the settings allow, and
    `damaged` where the process died of anything else. Raises OutsideFault as the readers do, or where no process can
    be started.
    """
    reader = _free.get()
    try:
        return reader.read(kind, data, settings)
    finally:
        _free.put(reader)


class _Reader:
    """One such process; whoever has taken it from `_free` has it alone."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def read(self, kind: Kind, data: bytes, settings: Post) -> Reading:
        """As `read_apart`."""
        told = json.dumps({"kind": kind, "post": settings.model_dump(mode="json")}).encode()
        process = self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        deadline = time.monotonic() + settings.read_seconds
        try:
            _send(process.stdin, _HEAD.pack(len(told), len(data)) + told + data, deadline)
            (length,) = struct.unpack(">Q", _receive(process.stdout, 8, deadline))
            if length > _MOST_ANSWER:
                raise EOFError
            answer = json.loads(_receive(process.stdout, length, deadline))
        except TimeoutError:
            self.stop()
            return Reading(faults=("too_large",))
        except (EOFError, OSError, ValueError):
            # Libraries end the process when memory is refused to them, and say no more than when they fall.
            full = self.stop() > _FULL * settings.read_memory_mb
            return Reading(faults=("too_large" if full else "damaged",))
        except BaseException:
            self.stop()
            raise
        if "fault" in answer:
            raise OutsideFault(*map(str, answer["fault"]))
        return _reading(answer)

    def stop(self) -> float:
        """Kill the process, if there is one; the most memory that it held, MB."""
        most = 0.0
        if self.process is not None:
            if self.process.returncode is None:  # not waited for yet, so the id is still its own
                os.kill(self.process.pid, signal.SIGKILL)
                _, status, used = os.wait4(self.process.pid, 0)
                self.process.returncode, most = os.waitstatus_to_exitcode(status), used.ru_maxrss / 1000
            for pipe in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    if pipe:
                        pipe.close()
            self.process = None
        return most

    def _running(self) -> "subprocess.Popen[bytes]":
        if self.process is not None and self._owner != os.getpid():
            self.process = None  # a parent's, from before a fork
        if self.process is not None and self.process.poll() is not None:
            self.stop()
        if self.process is None:
            self.process, self._owner = _started(), os.getpid()
        return self.process


_free: Final[queue.LifoQueue[_Reader]] = queue.LifoQueue()
"""The last one used is the next: whoever reads one document after another has one process."""
for _ in range(READERS):
    _free.put(_Reader())


def _started() -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tasks.extract.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
        )
    except OSError:
        raise OutsideFault("reader_unavailable", "the process that reads documents cannot be started") from None
    os.set_blocking(process.stdin.fileno(), False)  # type: ignore[union-attr]
    return process


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
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no library leaves a byte in a file
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
