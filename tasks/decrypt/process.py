"""One run of an outside program over data from a stranger, within bounds.

Belongs here: pipes, limits, the end of the process and of its group. Does not belong here: which program, and what its
answer means (`pgp.py`, `smime.py`). What goes in and out stays in memory: further inputs are files without a disk.
"""

import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from schemas.errors import NotReady, OutsideFault
from tasks.decrypt.keyring import environment

STATUS_BYTES: Final = 1_000_000
STDERR_BYTES: Final = 100_000
CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may cost: bytes of output, seconds of processor time, seconds of waiting."""

    plaintext_bytes: int = 60_000_000
    cpu_seconds: int = 20
    wall_seconds: float = 60.0


@dataclass(slots=True)
class Run:
    """What one process said. `cut` names the bound it ran into."""

    exit_code: int = 0
    stdout: bytearray = field(default_factory=bytearray, repr=False)
    status: bytearray = field(default_factory=bytearray, repr=False)
    stderr: bytearray = field(default_factory=bytearray, repr=False)
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Numbers of the open files that the program is given beside its standard three: where its status goes, nothing
    (for a passphrase that nobody gives), and each of the further inputs."""

    status: int
    nothing: int
    inputs: tuple[int, ...] = ()


def run(argv: Callable[[Descriptors], list[str]], data: bytes, limits: Limits, inputs: Sequence[bytes] = ()) -> Run:
    """The program that `argv` names, with `data` on its standard input; killed with its group at any bound.

    Raises `NotReady` where the program is missing, `OutsideFault` where it cannot be started.
    """
    with ExitStack() as stack:
        status_read, status_write = os.pipe()
        stack.callback(os.close, status_read)
        with ExitStack() as given:
            given.callback(os.close, status_write)
            nothing = os.open(os.devnull, os.O_RDONLY)  # read, so that nothing ever waits for a person
            given.callback(os.close, nothing)
            source, *extra = (_in_memory(one, given) for one in (data, *inputs))
            line = argv(Descriptors(status_write, nothing, tuple(extra)))
            child = _start(line, source, (status_write, nothing, *extra))
        return _watched(child, status_read, limits)


def _in_memory(data: bytes, stack: ExitStack) -> int:
    descriptor = os.memfd_create("input")
    stack.callback(os.close, descriptor)
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _start(argv: list[str], source: int, passed: tuple[int, ...]) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            argv,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=passed,
            env=environment(),
            start_new_session=True,
        )
    except FileNotFoundError:
        name, package = (argv[0], "gnupg" if argv[0] == "gpg" else argv[0])
        raise NotReady(f"{name}_missing", f"{name} is not installed", f"Install the package {package}.") from None
    except OSError:
        raise OutsideFault(f"{argv[0]}_not_started", f"{argv[0]} could not be started") from None


def _watched(child: "subprocess.Popen[bytes]", status: int, limits: Limits) -> Run:
    """Drain and end one process."""
    told = Run()
    finished = False
    try:
        _limit_cpu(child.pid, limits.cpu_seconds)
        finished = _drain(child, status, limits, told)
    finally:
        _end(child, kill=not finished)
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()
    told.exit_code = child.returncode
    if told.exit_code == -signal.SIGXCPU:
        told.cut = told.cut or "cpu_seconds"
    return told


def _drain(child: "subprocess.Popen[bytes]", status: int, limits: Limits, run: Run) -> bool:
    """Read what the process writes until it closes its output (True) or a bound is reached (False)."""
    assert child.stdout and child.stderr  # noqa: S101 - both are pipes by construction
    deadline = time.monotonic() + limits.wall_seconds
    sinks = {child.stdout.fileno(): run.stdout, status: run.status, child.stderr.fileno(): run.stderr}
    poll = select.poll()
    for fd in sinks:
        poll.register(fd, select.POLLIN)
    while sinks:
        ready = poll.poll(max(0.0, 1000 * (deadline - time.monotonic())))
        if not ready and time.monotonic() >= deadline:
            run.cut = "wall_seconds"
            return False
        for fd, _ in ready:
            chunk = os.read(fd, CHUNK)
            if not chunk:
                poll.unregister(fd)
                del sinks[fd]
            elif sinks[fd] is not run.stderr or len(run.stderr) < STDERR_BYTES:
                sinks[fd] += chunk
        if len(run.stdout) > limits.plaintext_bytes or len(run.status) > STATUS_BYTES:
            run.cut = "plaintext_bytes" if len(run.stdout) > limits.plaintext_bytes else "packets"
            return False
    return True


def _limit_cpu(pid: int, seconds: int) -> None:
    """Set from outside: a hook between fork and exec is not safe in a process with threads."""
    try:
        resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds + 1))
    except (ProcessLookupError, PermissionError):
        return  # gone already; or forbidden here, and then the wall limit alone holds


def _end(child: "subprocess.Popen[bytes]", *, kill: bool) -> None:
    """Whatever happened, leave no process: its group is killed at a bound, or where it lives on without its pipes."""
    try:
        if not kill:
            child.wait(timeout=5)
            return
    except subprocess.TimeoutExpired:
        pass
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
