"""GnuPG as a process: one ciphertext in, a verdict out, and plaintext only where the strict rule holds.

Belongs here: the runner with its limits, and how GnuPG's status words become our verdicts. Does not belong here: what
a mail looks like (`mime.py`), what the status words mean (`verdict.py`), keys and homes
(`keyring.py`). Plaintext never touches disk.

Why our own runner: python-gnupg's `ok` accepts messages that must be refused, keeps all output in memory and has no
time limit.
"""

import os
import re
import resource
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemas.documents import DecryptionVerdict
from schemas.errors import NotReady, OutsideFault
from tasks.decrypt.keyring import (
    check_home,
    environment,
    export_public,
    generate_key,
    import_secret_keys,
    launch_agent,
    make_home,
    secret_keys,
    stop_agent,
)
from tasks.decrypt.verdict import Run, judge, literal_format, words_of

__all__ = [
    "Decrypted",
    "Limits",
    "decrypt",
    "export_public",
    "generate_key",
    "import_secret_keys",
    "make_home",
    "secret_keys",
    "stop_agent",
]

NO_AGENT: Final = re.compile(rb"no (gpg-)?agent running", re.IGNORECASE)
STATUS_BYTES: Final = 1_000_000
STDERR_BYTES: Final = 100_000
CHUNK: Final = 65_536
SLACK: Final = 1_048_576
"""GnuPG's own output limit lies this far above ours: it would go on unpacking after reaching it, our reader kills."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one ciphertext may cost: bytes of plaintext, seconds of GnuPG's processor time, seconds of waiting."""

    plaintext_bytes: int = 60_000_000
    cpu_seconds: int = 20
    wall_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Decrypted:
    """What became of one ciphertext. `plaintext` is set for `decrypted`, and for `not_encrypted` (a merely signed or
    literal message, which is no secret). `detail` is a code. `literal_format` is b, t, u or empty; `literal_name` is
    the sender's word and may be anything."""

    verdict: DecryptionVerdict
    plaintext: bytes | None = field(default=None, repr=False)
    detail: str = ""
    literal_format: str = ""
    literal_name: str = field(default="", repr=False)


def decrypt(ciphertext: bytes, *, home: Path, limits: Limits | None = None) -> Decrypted:
    """Decrypt one OpenPGP message (armoured or binary) with the secret keys in `home`.

    Bad input is a verdict. Raises `NotReady` (no GnuPG, no safe home) and `OutsideFault` (out of memory, no agent):
    neither is the sender's fault, and neither may be told to the sender.
    """
    check_home(home)
    limits = limits or Limits()
    for attempt in range(2):
        run = _run(ciphertext, home, limits)
        if not NO_AGENT.search(run.stderr):
            break
        if attempt:
            raise OutsideFault("gpg_agent_down", "gpg-agent does not answer") from None
        launch_agent(home)
    verdict, detail = judge(run)
    plain = next((words for words in words_of(run.status) if words[0] == "PLAINTEXT"), [])
    sound = verdict in ("decrypted", "not_encrypted")
    return Decrypted(
        verdict=verdict,
        plaintext=bytes(run.stdout) if sound else None,
        detail=detail,
        literal_format=literal_format(plain) if sound else "",
        literal_name=plain[3] if sound and len(plain) > 3 else "",
    )


def _run(ciphertext: bytes, home: Path, limits: Limits) -> Run:
    """One GnuPG process over `ciphertext`, killed with its group at any bound."""
    status_read, status_write = os.pipe()
    passphrase = os.open(os.devnull, os.O_RDONLY)  # read, so that nothing ever waits for a person
    argv = [
        "gpg", "--homedir", str(home), "--batch", "--no-tty", "--no-options", "--status-fd", str(status_write),
        "--pinentry-mode", "loopback", "--passphrase-fd", str(passphrase), "--disable-dirmngr",
        "--no-auto-key-retrieve", "--no-auto-key-locate", "--trust-model", "always", "--skip-verify", "--no-verbose",
        # An agent that gpg starts would inherit its processor limit and die of it later: we start it (launch_agent).
        "--no-autostart", "--max-output", str(limits.plaintext_bytes + SLACK), "--decrypt",
    ]  # fmt: skip
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(status_write, passphrase),
            env=environment(),
            start_new_session=True,
        )
    except FileNotFoundError:
        os.close(status_read)
        raise NotReady("gpg_missing", "GnuPG is not installed", "Install the package gnupg.") from None
    except OSError:
        os.close(status_read)
        raise OutsideFault("gpg_not_started", "gpg could not be started") from None
    finally:
        os.close(status_write)
        os.close(passphrase)
    run = Run()
    finished = False
    try:
        _limit_cpu(child.pid, limits.cpu_seconds)
        finished = _pump(child, status_read, ciphertext, limits, run)
    finally:
        _end(child, kill=not finished)
        os.close(status_read)
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()
    run.exit_code = child.returncode
    if run.exit_code == -signal.SIGXCPU:
        run.cut = run.cut or "cpu_seconds"
    return run


def _pump(child: "subprocess.Popen[bytes]", status: int, data: bytes, limits: Limits, run: Run) -> bool:
    """Feed and drain the four descriptors until all are closed (True) or a bound is reached (False)."""
    assert child.stdin and child.stdout and child.stderr  # noqa: S101 - all three are pipes by construction
    deadline = time.monotonic() + limits.wall_seconds
    left = memoryview(data)
    sinks = {child.stdout.fileno(): run.stdout, status: run.status, child.stderr.fileno(): run.stderr}
    source = child.stdin.fileno()
    with selectors.DefaultSelector() as selector:
        for fd in (*sinks, source):
            os.set_blocking(fd, False)
            selector.register(fd, selectors.EVENT_WRITE if fd == source else selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                run.cut = "wall_seconds"
                return False
            for key, _ in ready:
                if key.fd == source:
                    left = _feed(source, left)
                    if not left:
                        selector.unregister(source)
                        child.stdin.close()
                    continue
                chunk = os.read(key.fd, CHUNK)
                if not chunk:
                    selector.unregister(key.fd)
                elif sinks[key.fd] is not run.stderr or len(run.stderr) < STDERR_BYTES:
                    sinks[key.fd] += chunk
            if len(run.stdout) > limits.plaintext_bytes or len(run.status) > STATUS_BYTES:
                run.cut = "plaintext_bytes" if len(run.stdout) > limits.plaintext_bytes else "packets"
                return False
    return True


def _feed(source: int, left: memoryview) -> memoryview:
    """Write what the pipe takes; nothing is left once the reader has gone."""
    try:
        return left[os.write(source, left[:CHUNK]) :] if left else left
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]


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
