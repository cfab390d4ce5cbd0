"""One run of an outside program: what it may cost, whatever it does."""

import os
import signal
import time
from pathlib import Path

import pytest

from tasks.decrypt.process import STATUS_BYTES, STDERR_BYTES, Descriptors, Limits, run

SMALL = Limits(plaintext_bytes=100_000, cpu_seconds=5, wall_seconds=10)


def test_a_program_reads_what_it_is_given() -> None:
    """All of the input, however long, then its end; nothing is left open."""
    data = os.urandom(3_000_000)
    before = len(list(Path("/proc/self/fd").iterdir()))
    told = run(lambda _: ["sha256sum"], data, SMALL)
    counted = run(lambda _: ["wc", "-c"], data, SMALL)

    assert (0, b"", "") == (told.exit_code, bytes(told.stderr), told.cut)
    assert b"3000000" == counted.stdout.strip()
    assert before == len(list(Path("/proc/self/fd").iterdir()))


def test_each_further_input_and_the_status_are_its_own() -> None:
    """What goes to the status descriptor is no output, and the other way round."""

    def argv(given: Descriptors) -> list[str]:
        return ["bash", "-c", f"cat <&{given.inputs[0]}; echo word >&{given.status}; cat"]

    told = run(argv, b"two", SMALL, [b"one "])
    assert (b"one two", b"word\n", 0) == (bytes(told.stdout), bytes(told.status), told.exit_code)


@pytest.mark.parametrize(
    ("script", "cut"),
    [
        ("cat /dev/zero", "plaintext_bytes"),
        ("cat /dev/zero >&{status}", "packets"),
        ("sleep 60", "wall_seconds"),
        ("sleep 60 & sleep 60", "wall_seconds"),
        ("while :; do :; done", "cpu_seconds"),
    ],
)
def test_each_bound_ends_it(script: str, cut: str) -> None:
    """Without end in its output, its status, its time or its work: it is killed, and says at which bound."""
    limits = Limits(100_000, 1, 0.3 if cut == "wall_seconds" else 30)
    began = time.monotonic()
    told = run(lambda given: ["bash", "-c", script.format(status=given.status)], b"", limits)

    assert cut == told.cut
    assert told.exit_code in (-signal.SIGKILL, -signal.SIGXCPU)
    assert len(told.status) < 2 * STATUS_BYTES
    assert time.monotonic() - began < 25


def test_words_without_end_on_its_error_output_are_dropped() -> None:
    """They end nothing, and are kept no further than a bound."""
    told = run(lambda _: ["bash", "-c", "head -c 2000000 /dev/zero >&2; echo done"], b"", SMALL)

    assert (b"done\n", "") == (bytes(told.stdout), told.cut)
    assert len(told.stderr) < 2 * STDERR_BYTES
