"""`foresatt bench`: the project's own benchmark. Every figure is a ratio to a floor or a peer measured in the same run,
the median of three runs or more; the tests never time.
"""

import contextlib
import os
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from console.state import State, common, pass_state

if TYPE_CHECKING:
    import pandas as pd

Figure = dict[str, Any]
RUNS = 3
PEER_ROWS = 20_000
ENTRIES = 10_000


@click.group(short_help="Measure, as ratios to a floor.")
@common
def bench() -> None:
    """Measure this software on this machine. Figures are ratios to a floor or a peer measured in the same run."""


@bench.command(short_help="Identity numbers, by the million.")
@common
@pass_state
def validate(state: State) -> None:
    """Judge 10 thousand, 400 thousand and 5 million synthetic numbers; against python-stdnum in a loop, and against a
    bare pass over the same bytes. Then whole entries, with contacts and every rule, against one at a time. Takes about
    two minutes."""
    show(state, "bench validate", validate_figures(state.say))


@bench.command(short_help="Sheets of paper, typed and by pen.")
@common
@pass_state
def paper(state: State) -> None:
    """Read worn scans of the seed's form and of the boxed one, typed and by pen strokes, and forms that need no OCR:
    what is right, what is accepted without a person, what is trusted wrongly, pages a second, against the engines
    alone. Takes three to ten minutes."""
    from console.bench_paper import paper_figures

    show(state, "bench paper", paper_figures(state.say))


@bench.command(short_help="Encrypted mail, against bare GnuPG.")
@common
@pass_state
def mail(state: State) -> None:
    """Open and read 200 encrypted mails three times, and take them in from mailbox to store, against GnuPG alone on the
    same messages; then ten thousand, to see whether memory grows. Takes some eight minutes."""
    from console.bench_mail import mail_figures

    show(state, "bench mail", mail_figures(state.say))


def show(state: State, title: str, figures: list[Figure]) -> None:
    """The figures as JSON or as a table."""
    state.emit({"figures": figures})
    rows = [(f["name"], f"{f['value']:,.2f}", f["unit"], f["floor"]) for f in figures]
    state.table(title, ("figure", "value", "unit", "measured against"), rows)


def figure(name: str, value: float, unit: str, floor: str) -> Figure:
    """One figure of the JSON."""
    return {"name": name, "value": round(value, 3), "unit": unit, "floor": floor}


def seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median CPU time of `runs` runs: other jobs on the machine do not count."""
    return statistics.median(took(work) for _ in range(runs))


def took(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds of one run: of this process alone, unless another clock is given."""
    began = clock()
    work()
    return clock() - began


def validate_figures(say: Callable[[str], None]) -> list[Figure]:
    """The figures of `bench validate`."""
    from stdnum.no import fodselsnummer

    from fixtures.numbers import synthetic_numbers
    from schemas.identity import classify

    figures: list[Figure] = []
    per_row: dict[str, float] = {}
    extra: dict[str, float] = {}
    for count, name in ((10_000, "10k"), (400_000, "400k"), (5_000_000, "5m")):
        say(f"{count:,} numbers …")
        numbers = synthetic_numbers(count)
        taken = seconds(lambda given=numbers: classify(given, environment="test"))  # type: ignore[misc]
        per_row[name] = taken / count
        figures.append(figure(f"rows_per_second_{name}", count / taken, "rows/s", "one core, CPU time"))
        extra[name] = statistics.median(extra_mb(numbers) for _ in range(RUNS))
    linear = per_row["5m"] / per_row["400k"]
    figures.append(
        figure("time_per_row_5m_to_400k", linear, "ratio", "the same rows' time at 400 thousand; 1 is linear")
    )
    say("python-stdnum, one by one …")
    peers = list(numbers.iloc[:PEER_ROWS])
    peer = seconds(lambda: [fodselsnummer.is_valid(one) for one in peers]) / PEER_ROWS
    floor = seconds(lambda: bare_pass(numbers)) / len(numbers)
    figures.append(
        figure("ratio_to_stdnum", peer / per_row["5m"], "ratio", "python-stdnum in a loop over the same numbers")
    )
    figures.append(figure("ratio_to_floor", per_row["5m"] / floor, "ratio", "one numpy pass over the same bytes"))
    above = "peak above input and returned frame"
    figures += [figure(f"extra_mb_{name}", extra[name], "MB", above) for name in ("400k", "5m")]
    return [*figures, *entry_figures(say)]


def entry_figures(say: Callable[[str], None]) -> list[Figure]:
    """Whole entries, all different: number, names, mobile, address and every rule, and the usual way beside it."""
    import phonenumbers
    from email_validator import EmailNotValidError, validate_email
    from stdnum.no import fodselsnummer

    from fixtures.numbers import synthetic_entries
    from schemas.judging import judge
    from schemas.settings import Settings

    say(f"{ENTRIES:,} entries, at once and one by one …")
    frame, settings = synthetic_entries(ENTRIES), Settings(environment="test")

    def one_by_one() -> None:
        for number, mobile, email in zip(frame["fnr"], frame["mobile"], frame["email"], strict=True):
            fodselsnummer.is_valid(number)
            phonenumbers.is_valid_number(phonenumbers.parse(mobile, "NO"))
            with contextlib.suppress(EmailNotValidError):
                validate_email(email, check_deliverability=False)

    judge(frame.iloc[:10], settings)
    taken = seconds(lambda: judge(frame, settings))
    peer = seconds(one_by_one)
    peers = "python-stdnum, phonenumbers and email-validator in a loop over the same rows"
    return [
        figure("entries_per_second_10k", ENTRIES / taken, "rows/s", "one core, CPU time; no value twice"),
        figure("ratio_to_row_by_row_10k", peer / taken, "ratio", peers),
    ]


def bare_pass(numbers: "pd.Series[str]") -> int:
    """The floor: every byte of the column read once."""
    import numpy as np
    import pyarrow

    pa: Any = pyarrow
    array = pa.array(numbers)
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    return sum(int(np.frombuffer(chunk.buffers()[2], dtype=np.uint8).sum()) for chunk in chunks)


def extra_mb(numbers: "pd.Series[str]") -> float:
    """Peak memory of one `classify` above its input and result, in MB, measured in a process of its own."""
    from schemas.identity import classify

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        classify(numbers.iloc[:1000], environment="test")
        _give_back()
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("5")
        before = process_status("VmRSS")
        result = classify(numbers, environment="test")
        kept = int(result.memory_usage(deep=True, index=False).sum())
        os.write(writing, str(process_status("VmHWM") - before - kept).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return int(told) / 1e6


def _give_back() -> None:
    """Memory that was freed before must not serve the measured call for nothing."""
    import ctypes
    import gc

    import pyarrow

    gc.collect()
    pool: Any = pyarrow
    pool.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)


def process_status(name: str) -> int:
    """A figure of /proc/self/status, in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith(name + ":"))
    return int(line.split()[1]) * 1024
