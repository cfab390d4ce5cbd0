"""`foresatt bench mail`: encrypted mail from the mailbox to the store, against bare GnuPG on the same ciphertexts.

Belongs here: making the mails, running both, counting processor time in this process, its children and the agents. Does
not belong here: what a figure looks like (`bench.py`). The orchestrator's server takes no part: the steps run plain.
"""

import os
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from schemas.errors import RunFault

if TYPE_CHECKING:
    from store.database import Store

MAILS: Final = 200
RUNS: Final = 3
FLAT: Final = 10_000
INTAKE: Final = 10_000
WARM: Final = 500
"""Mails after which everything is loaded and every buffer has been used once: growth is counted from here."""
Watch = Callable[[int], None]
ARMOUR: Final = re.compile(rb"-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----\r?\n", re.DOTALL)


@dataclass(frozen=True)
class Bench:
    """A home with a roster and a key, and the mails that its guardians write."""

    home: Path
    mails: list[bytes]


def mail_figures(say: Callable[[str], None], *, mails: int = MAILS, flat: int = FLAT) -> list[dict[str, Any]]:
    """The figures of `bench mail`: `mails` different mails three times, then memory over `flat` of them."""
    from console.bench import figure

    opening, whole, bare, seconds = [], [], [], []
    with _bench(say, mails) as bench:
        ciphertexts = [found[0].replace(b"\r\n", b"\n") for raw in bench.mails if (found := ARMOUR.search(raw))]
        _agent(bench.home)
        _open_and_read(bench, bench.mails[:3])  # everything is loaded once
        for run in range(RUNS):
            say(f"{mails} mails, run {run + 1} of {RUNS} …")
            bare.append(_spent(bench.home, lambda: _bare(bench.home, ciphertexts)))
            began = time.monotonic()
            opening.append(_spent(bench.home, lambda: _open_and_read(bench, bench.mails)))
            seconds.append(time.monotonic() - began)
            _lay(bench.home, bench.mails, f"run{run}")
            whole.append(_spent(bench.home, lambda: _all_taken_in(bench)))
        say(f"memory: {flat:,} mails opened and read, then {min(flat, INTAKE):,} taken in …")
        opened_mb = _growth(bench, flat, lambda watch: _again_and_again(bench, flat, watch))
        intake_mb = _growth(bench, min(flat, INTAKE), lambda watch: _taken_in(bench, min(flat, INTAKE), watch))
    floor = "bare GnuPG on the same ciphertexts in the same run, CPU time, Curve25519"
    room, road = f"{floor}; from a mail's bytes to its form as read", f"{floor}; from Maildir to store, without Prefect"
    above = f"mails, peak memory above that after the first {WARM}"
    extra = "extra_mb_10k" if flat == FLAT else f"extra_mb_{flat}"
    return [
        figure("cpu_ratio_to_gpg", _ratio(opening, bare), "ratio", room),
        figure("cpu_ratio_to_gpg_whole_intake", _ratio(whole, bare), "ratio", road),
        figure("mails_per_second", mails / statistics.median(seconds), "rows/s", "opened and read, by the clock"),
        figure("gpg_cpu_ms_per_mail", 1000 * statistics.median(bare) / mails, "ms", "the floor itself"),
        figure(extra, opened_mb, "MB", f"{flat:,} opened and read {above}"),
        figure("extra_mb_whole_intake", intake_mb, "MB", f"{min(flat, INTAKE):,} taken in {above}"),
    ]


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(mine / bare for mine, bare in zip(ours, theirs, strict=True))


def _spent(home: Path, work: Callable[[], object]) -> float:
    began = _cpu(home)
    work()
    return _cpu(home) - began


def _open_and_read(bench: Bench, mails: list[bytes]) -> None:
    """The mail room's own work: containers undone, the form read."""
    from schemas.settings import Settings
    from tasks.decrypt.open import open_delivery
    from tasks.extract.read import read_opened

    settings = Settings(environment="test")
    for raw in mails:
        opened = open_delivery(raw, "message/rfc822", "", settings=settings, home=bench.home / "gnupg")
        assert read_opened(opened, settings).forms  # noqa: S101 - a figure over other work would be none


def _all_taken_in(bench: Bench) -> None:
    with _store(bench.home) as store:
        assert _intake(store, bench.home) == len(bench.mails)  # noqa: S101 - a figure over other work would be none


def _again_and_again(bench: Bench, mails: int, watch: Watch) -> None:
    done = 0
    while done < mails:
        share = bench.mails[: mails - done]
        _open_and_read(bench, share)
        done += len(share)
        watch(done)


def _taken_in(bench: Bench, mails: int, watch: Watch) -> None:
    for at in range(0, mails, len(bench.mails)):
        _lay(bench.home, bench.mails[: mails - at], f"flat{at}")
    with _store(bench.home) as store:
        _intake(store, bench.home, watch)


@contextmanager
def _bench(say: Callable[[str], None], mails: int) -> Iterator[Bench]:
    from console.setup import create
    from console.state import State
    from fixtures import mail
    from fixtures.casebook import Casebook
    from fixtures.filled import FilledForm
    from fixtures.school import make_school
    from store.database import OSLO
    from tasks.decrypt.keyring import secret_keys, stop_agent
    from tasks.reconcile.importing import import_roster
    from tasks.reconcile.roster_csv import CsvRoster

    say(f"a school, its key and {mails} encrypted mails …")
    folder = Path(tempfile.mkdtemp(prefix="fs-"))  # near the root: an agent's socket allows no long path
    home = folder / "h"
    try:
        school = make_school(datetime.now(OSLO).date())
        create(State(home=home), "test", "Målt skole")
        with _store(home) as store:
            import_roster(store, CsvRoster(school.roster_csv()))
        keys = {"home": home / "gnupg", "recipients": [secret_keys(home / "gnupg")[0].fingerprint]}
        book, families = Casebook(school), school.group("ordinary")
        pages = [FilledForm(book.column(pupil, who)) for pupil in families for who in pupil.adults]
        made = []
        for number in range(mails):
            head = mail.Letterhead(subject=f"Skjema {number}")
            made.append(mail.pgp_mime(pages[number % len(pages)], head, **keys))  # type: ignore[arg-type]
        yield Bench(home, made)
    finally:
        if (home / "gnupg").is_dir():
            stop_agent(home / "gnupg")
        shutil.rmtree(folder, ignore_errors=True)


def _lay(home: Path, mails: list[bytes], name: str) -> None:
    """The mails as new ones, each another delivery: the message id differs."""
    from fixtures import mail

    received = datetime.now(UTC) - timedelta(hours=1)
    for number, raw in enumerate(mails):
        mail.deliver(
            home / "mail", raw.replace(b"Message-ID: <", f"Message-ID: <{name}.{number}.".encode(), 1), received
        )


@contextmanager
def _store(home: Path) -> "Iterator[Store]":
    from store.config import load
    from store.opening import open_store

    store = open_store(load(None, home, {}))
    try:
        yield store
    finally:
        store.close()


def _intake(store: "Store", home: Path, watch: Watch = lambda _: None) -> int:
    """Collect, walk the road, settle: what the intake flow does; returns how many were decided."""
    from flows.road import PLAIN, Tally, walk
    from tasks.collect.email import email_channel
    from tasks.collect.step import collect, settle

    channel, tally = email_channel(store.settings, home), Tally()
    collect(channel, store)
    walk(store, PLAIN, tally, watch=lambda state: watch(state.decided))
    settle([channel], store)
    channel.close()
    return tally.decided


def _bare(home: Path, ciphertexts: list[bytes]) -> None:
    argv = ["gpg", "--homedir", str(home / "gnupg"), "--batch", "--decrypt"]
    for ciphertext in ciphertexts:
        subprocess.run(argv, input=ciphertext, capture_output=True, check=True, timeout=60)


def _agent(home: Path) -> None:
    from tasks.decrypt.keyring import launch_agent

    launch_agent(home / "gnupg")


def _cpu(home: Path) -> float:
    """Processor seconds of this process, of its children that have ended, and of the agent of `home`."""
    spent = 0.0
    for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(whose)
        spent += used.ru_utime + used.ru_stime
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            if b"gpg-agent" in line and str(home / "gnupg").encode() in line:
                words = (process / "stat").read_text().rpartition(")")[2].split()
                spent += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:
            continue
    return spent


def _growth(bench: Bench, mails: int, work: Callable[[Watch], None]) -> float:
    """MB by which peak memory grew after the first `WARM` of `mails` mails, in a process of its own."""
    from console.bench import process_status

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        grown, warm = -1, 0

        def watch(done: int) -> None:
            nonlocal warm
            if not warm and done >= min(WARM, mails // 2):
                Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak counts from here
                warm = process_status("VmRSS")

        try:
            work(watch)
            grown = max(0, process_status("VmHWM") - warm)
        finally:
            os.write(writing, str(grown).encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = int(pipe.read())
    os.waitpid(child, 0)
    if told < 0:
        raise RunFault("bench_failed", "the memory run ended early")
    return told / 1e6
