"""The night's comparison, measured: a store of hundreds of thousands in which nothing has changed since yesterday.

Belongs here: making that store, and a floor beside it: the same rows read by the bare driver, opened by the bare
library and merged by bare pandas. Does not belong here: matching (`bench_reconcile`).
"""

import gc
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.bench import Figure, figure, process_status, took

if TYPE_CHECKING:
    from store.database import Store
    from store.people import RosterPupil

SIZES = (20_000, 400_000)
RUNS = 3
CHUNK = 10_000
STARTS = date(2025, 8, 18)


def nightly_figures(
    opened: Callable[[], Any], say: Callable[[str], None], sizes: tuple[int, int] = SIZES
) -> list[Figure]:
    """The figures about the night's comparison: `seconds_400k`, `ratio_to_floor`, `peak_mb_400k` and whether it is
    linear. `opened` gives a fresh store, as a context."""
    seconds: dict[int, float] = {}
    for count in sizes:
        say(f"{count:,} guardians of {count // 2:,} pupils, nothing changed …")
        with opened() as store:
            fill(store, count)
            whole, floor, opening, ratios = [], [], [], []
            for run in range(RUNS):
                say(f"  {run + 1} of {RUNS} …")
                told = listed(count)
                taken = took(lambda told=told: compare_all(store, told))  # type: ignore[misc]
                gc.collect()
                opened_in, merged_in = bare(store, told)
                least = opened_in + merged_in
                del told
                whole.append(taken)
                opening.append(opened_in)
                floor.append(least)
                ratios.append(taken / least)
            seconds[count] = statistics.median(whole)
            if count == sizes[-1]:
                say("  memory, in a process of its own …")
                peak = _peak_mb(store, count)
    name = f"{sizes[-1] // 1000}k"
    per_row = (seconds[sizes[1]] / sizes[1]) / (seconds[sizes[0]] / sizes[0])
    beyond = statistics.median(a - b for a, b in zip(whole, opening, strict=True))
    return [
        figure(f"seconds_{name}", beyond, "s", "CPU time beyond decrypting: list, due dates, links; nothing changed"),
        figure(
            f"decrypt_seconds_{name}", statistics.median(opening), "s", "the same sealed values by the bare library"
        ),
        figure(
            "ratio_to_floor",
            statistics.median(ratios),
            "ratio",
            "the same rows read and opened by bare means, and a bare pandas merge",
        ),
        figure(f"time_per_row_{name}_to_{sizes[0] // 1000}k", per_row, "ratio", "the same at a twentieth; 1 is linear"),
        figure(
            f"peak_mb_{name}", peak, "MB", "a process that does one night and nothing else, the list in memory included"
        ),
    ]


def compare_all(store: "Store", told: "list[RosterPupil]") -> None:
    """What a night does with a list and a store that agree. Raises RuntimeError where anything would change."""
    from tasks.reconcile.comparing import compare
    from tasks.reconcile.nightly import look_at_links
    from tasks.reconcile.roster import Listed
    from tasks.retain.sweep import recompute

    with store.read() as tx:
        plan = compare(tx, Listed("csv", b"bench", told))
    recompute(store)
    found = look_at_links(store)
    if plan.unchanged != len(told) or found:
        raise RuntimeError("not what was to be compared")


def fill(store: "Store", count: int) -> None:
    """Pupils as the list tells them, two guardians each, proven by it, with ADD and REMOVE lines."""
    from store import guardians
    from store.bulk import insert_rows
    from store.due_dates import refresh_due
    from store.people import save_pupils
    from store.tables import links

    told = listed(count)
    with store.write() as tx:
        for start in range(0, len(told), CHUNK):
            some = told[start : start + CHUNK]
            idents = save_pupils(tx, [(one, None) for one in some])
            people = [(g.name, g.number, g.mobile, g.email) for one in some for g in one.known or ()]
            theirs = guardians.add_many(tx, people)
            rows = [
                (idents[at // 2], ident, "roster", "S-BENCH", tx.now, None, None, None)
                for at, ident in enumerate(theirs)
            ]
            insert_rows(tx.connection, links, [column.name for column in links.columns], rows)
        refresh_due(tx)
        _lines(store, tx)
    store.checkpoint()


def _lines(store: "Store", tx: Any) -> None:
    """The ADD, which nobody has signed off, so that every number is still held and opened, and the REMOVE, for every
    link; as `store.worklist` writes them."""
    from sqlalchemy import select

    from schemas.due import working_day_before
    from schemas.ids import new_id
    from store.bulk import insert_rows
    from store.tables import data_keys, links, worklist_lines

    names = ("id", "kind", "pupil_id", "guardian_id", "state", "why", "due_on", "text_ct")
    pairs = tx.connection.execute(
        select(links.c.pupil_id, links.c.guardian_id, links.c.due_on, links.c.due_reason)
    ).all()
    for start in range(0, len(pairs), CHUNK):
        some = pairs[start : start + CHUNK]
        removes = [new_id("L") for _ in some]
        insert_rows(tx.connection, data_keys, ("subject_id", "wrapped", "epoch"), tx.vault.new_keys(removes))
        rows: list[tuple[Any, ...]] = []
        for ident, pair in zip(removes, some, strict=True):
            text = tx.vault.seal(ident, "worklist_lines.text", ident, b'{"guardian": "", "pupil": "", "class": ""}')
            both = (pair.pupil_id, pair.guardian_id)
            due_on = working_day_before(pair.due_on)
            rows.append((new_id("L"), "add", *both, "open", "loaded", tx.today, None))
            rows.append((ident, "remove", *both, "open", pair.due_reason, due_on, text))
        insert_rows(tx.connection, worklist_lines, names, rows)
        tx.vault.let_go(removes)


def listed(count: int) -> "list[RosterPupil]":
    """The school's list: `count` guardians, two to a pupil, all different."""
    from fixtures.numbers import synthetic_numbers
    from schemas.due import Enrolment
    from store.people import KnownGuardian, RosterPupil

    numbers = list(synthetic_numbers(count + count // 2, wrong_share=0))
    stays = (Enrolment(STARTS),)
    found = []
    for at in range(count // 2):
        known = tuple(
            KnownGuardian(
                f"Kåre {n} Maurtue {at % 997}",
                numbers[2 * at + n],
                f"+4791{at % 1_000_000:06}",
                f"k{at}.{n}@example.no",
            )
            for n in (0, 1)
        )
        born = date(2009, 1 + at % 12, 1 + at % 28)
        name = f"Ola {at} Maurtue {at % 997}"
        found.append(RosterPupil(f"elev-{at}", name, born, "1STA", numbers[count + at], False, stays, known))
    return found


def bare(store: "Store", told: "list[RosterPupil]") -> tuple[float, float]:
    """(CPU seconds of opening, of merging) by bare means: the same rows read once by the driver, opened by the library,
    every key and value bound as it is stored, and merged by pandas with what the list tells. No rule, no check."""
    import json

    import pandas as pd
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    kek = store.keyring._kek[store.keyring.epoch]  # type: ignore[attr-defined]
    raw: Any = store.engine.raw_connection().driver_connection
    began = time.process_time()
    boxes = {}
    for subject, wrapped in raw.execute("SELECT subject_id, wrapped FROM data_keys WHERE subject_id NOT LIKE 'L%'"):
        boxes[subject] = AESGCM(kek.decrypt(wrapped[3:15], wrapped[15:], wrapped[:3] + subject.encode()))

    def value(subject: str, place: str, row: str, sealed: bytes, version: int) -> str:
        about = sealed[:3] + f"|{place}|{row}|{version}".encode()
        plain = boxes[subject].decrypt(sealed[3:15], sealed[15:], about)
        return plain[4 : 4 + int.from_bytes(plain[:4], "big")].decode()

    people, known = [], []
    query = "SELECT id, name_ct, class_ct, number_ct, known_id, known_ct, row_version, born FROM pupils"
    for ident, name, class_, number, family, list_, version, born in raw.execute(query):
        columns = (("name", name), ("class", class_), ("number", number))
        texts = [value(ident, f"pupils.{column}", ident, sealed, version) for column, sealed in columns]
        people.append((ident, *texts, born))
        for one in json.loads(value(family, "pupils.known", ident, list_, version)):
            known.append((ident, one["name"], one["number"]))
    linked = []
    query = (
        "SELECT links.pupil_id, guardians.id, name_ct, number_ct, row_version FROM links"
        " JOIN guardians ON guardians.id = links.guardian_id"
    )
    for pupil, ident, name, number, version in raw.execute(query):
        theirs = (("name", name), ("number", number))
        texts = [value(ident, f"guardians.{column}", ident, sealed, version) for column, sealed in theirs]
        linked.append((pupil, ident, *texts))
    opened = time.process_time() - began
    began = time.process_time()
    names = ["name", "class", "number", "born"]
    stored = pd.DataFrame(people, columns=["id", *names])
    listed_ = pd.DataFrame([(p.name, p.class_name, p.number, str(p.born)) for p in told], columns=names)
    both = stored.merge(listed_, on="number", how="outer", indicator=True)
    (both["name_x"] == both["name_y"]).all()
    columns_ = ["pupil", "name", "number"]
    pairs = pd.DataFrame(linked, columns=["pupil", "guardian", "name", "number"]).merge(
        pd.DataFrame(known, columns=columns_), on=["pupil", "number"], how="outer", indicator=True
    )
    (pairs["name_x"] == pairs["name_y"]).all()
    return opened, time.process_time() - began


def _peak_mb(store: "Store", count: int) -> float:
    """The peak of a process of its own that does nothing but a night: its list, the comparison. In MB."""
    store.close()
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        return alone.submit(_night_alone, store.home.root, count).result() / 1e6


def _night_alone(home: Path, count: int) -> int:
    from schemas.settings import Settings
    from store.config import House
    from store.home import Home
    from store.opening import open_store

    compare_all(open_store(House(Home(home), Settings(environment="test"), None)), listed(count))
    return process_status("VmHWM")
