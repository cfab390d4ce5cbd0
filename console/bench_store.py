"""`foresatt bench store`: what the store costs beside the bare driver, on both databases, in the same run."""

import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.bench import Figure, figure, show, took
from console.state import State, common, pass_state

if TYPE_CHECKING:
    from store.database import Store

RUNS = 3
CHUNK = 20_000
DUE = 1_500
JOBS = 400
BATCH = 200
BARE = "the bare two statements, each in a transaction of its own"
Open = Callable[[], "Store"]


@click.command(short_help="Loading, erasing and the queue, on SQLite and PostgreSQL.")
@click.option("--guardians", default=400_000, show_default=True, type=click.IntRange(20_000), help="How many to load.")
@common
@pass_state
def store(state: State, guardians: int) -> None:
    """Load guardians with their links, erase 1,500 of them, run the queue; each beside the bare driver doing the same.

    Needs PostgreSQL's programs (tools/setup.sh --tests). Takes about ten minutes; --guardians 40000 takes one.
    """
    show(state, "bench store", store_figures(guardians, state.say))


def store_figures(count: int, say: Callable[[str], None]) -> list[Figure]:
    """The figures of `bench store`."""
    figures = []
    with ExitStack() as stack:
        for name in ("sqlite", "postgresql"):
            say(f"{name} …")
            figures += _of_one(name, stack.enter_context(stores(name)), count, say)
    return figures


def _of_one(name: str, fresh: Open, count: int, say: Callable[[str], None]) -> list[Figure]:
    ratios, erasing = [], {}
    for run in range(RUNS):
        store, bare = fresh(), fresh()
        say(f"  {count:,} guardians, {run + 1} of {RUNS} …")
        ratios.append(load(store, count) / _load_bare(store, bare))
        bare.close()
        if run < RUNS - 1:
            store.close()
    erasing[count] = statistics.median(erased(store, time.perf_counter) for _ in range(RUNS))
    store.close()
    small = fresh()
    load(small, count // 10)
    erasing[count // 10] = statistics.median(erased(small, time.perf_counter) for _ in range(RUNS))
    small.close()
    say("  the queue …")
    queue, single = (statistics.median(_queue(fresh(), size) for _ in range(RUNS)) for size in (BATCH, 1))
    thousands = f"{count // 1000}k"
    return [
        figure(f"load_ratio_{name}", statistics.median(ratios), "ratio", "a bare bulk insert of the same bytes"),
        figure(f"erase_seconds_{thousands}_{name}", erasing[count], "s", f"{DUE:,} due, each with work-list lines"),
        figure(
            f"erase_ratio_{thousands}_to_{count // 10_000}k_{name}",
            erasing[count] / erasing[count // 10],
            "ratio",
            "the same number due of a tenth",
        ),
        figure(f"queue_ratio_{name}", queue, "ratio", f"{BARE}; ours claims {BATCH} at a time, as intake does"),
        figure(f"queue_ratio_one_by_one_{name}", single, "ratio", f"{BARE}; ours claims one at a time"),
    ]


@contextmanager
def stores(name: str) -> Iterator[Open]:
    """A maker of fresh stores on one kind of database."""
    from fixtures.postgresql import postgresql
    from schemas.settings import Settings
    from store.config import House
    from store.home import Home
    from store.opening import create_store

    folder = Path(tempfile.mkdtemp(prefix="foresatt-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = stack.enter_context(postgresql(durable=True)) if name == "postgresql" else None
        if server is not None:
            os.environ["FORESATT_STORE_PASSWORD"] = server.password

        def fresh() -> "Store":
            place = {"url": server.url(server.database())} if server is not None else {}
            told = Settings.model_validate({"environment": "test", "store": place})
            return create_store(House(Home(folder / secrets.token_hex(4)), told, None))

        yield fresh


def load(store: "Store", count: int) -> float:
    """Seconds to load guardians, each linked to a pupil, in one transaction."""
    from fixtures.numbers import synthetic_numbers
    from store import guardians
    from store.bulk import insert_rows
    from store.tables import links

    numbers = list(synthetic_numbers(count))
    people = [(f"Kari Nordmann {i % 97}", n, "+4791234567", f"kari.{i}@example.no") for i, n in enumerate(numbers)]
    pupils = _pupils(store, count // 2)
    began = time.perf_counter()
    with store.write() as tx:
        for start in range(0, count, CHUNK):
            idents = guardians.add_many(tx, people[start : start + CHUNK])
            rows = [
                (pupils[(start + i) // 2], ident, "roster", "S-BENCH", tx.now, None, None, None)
                for i, ident in enumerate(idents)
            ]
            insert_rows(tx.connection, links, [column.name for column in links.columns], rows)
    return time.perf_counter() - began


def _pupils(store: "Store", count: int) -> list[str]:
    """Pupils to link to; not timed."""
    from schemas.ids import new_id
    from store.bulk import insert_rows
    from store.tables import pupils

    idents = [new_id("P") for _ in range(count)]
    born = datetime(2010, 3, 5, tzinfo=UTC).date()
    rows = ((ident, os.urandom(32), born, os.urandom(79)) for ident in idents)
    with store.write() as tx:
        insert_rows(tx.connection, pupils, ("id", "roster_key", "born", "name_ct"), rows)
    return idents


def _load_bare(loaded: "Store", empty: "Store") -> float:
    """Seconds in which the driver alone puts the very same rows into the same tables, in one transaction."""
    from sqlalchemy import select

    from store.tables import data_keys, guardians, links, pupils

    taken = 0.0
    with loaded.read() as source:
        rows = source.connection.execute(select(pupils)).all()
        _bare_insert(empty, [(pupils, rows)])
        batches = [(table, source.connection.execute(select(table)).all()) for table in (data_keys, guardians, links)]
    taken += _bare_insert(empty, batches)
    return taken


def _bare_insert(store: "Store", batches: list[tuple[Any, Any]]) -> float:
    plain = [(table, [tuple(_as_stored(v, store) for v in row) for row in rows]) for table, rows in batches]
    from store.bulk import pg_types

    raw = store.engine.raw_connection()
    driver: Any = raw.driver_connection
    began = time.perf_counter()
    if store.engine.dialect.name == "sqlite":
        driver.execute("BEGIN IMMEDIATE")
        for table, rows in plain:
            names = [column.name for column in table.columns]
            into = f"INSERT INTO {table.name} ({', '.join(names)})"
            driver.executemany(f"{into} VALUES ({', '.join('?' * len(names))})", rows)
    else:
        for table, rows in plain:
            names = [column.name for column in table.columns]
            with driver.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(pg_types(table, names))
                for row in rows:
                    copy.write_row(row)
    driver.commit()
    taken = time.perf_counter() - began
    raw.close()
    return taken


def _as_stored(value: Any, store: "Store") -> Any:
    if store.engine.dialect.name == "sqlite" and hasattr(value, "isoformat"):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return value


def erased(store: "Store", clock: Callable[[], float]) -> float:
    """Seconds to erase what is due, from the plan to the note in the deletion ledger."""
    from tasks.retain.sweep import erase_due

    counts: dict[str, int] = {}
    _make_due(store)
    taken = took(lambda: counts.update(erase_due(store)), clock)
    if counts != {"link:turned_18": DUE}:
        raise RuntimeError("not what was to be erased")
    return taken


def _make_due(store: "Store") -> None:
    """1,500 links due today, each with an ADD line that was signed off and its REMOVE line; not timed."""
    from sqlalchemy import select, update

    from schemas.ids import new_id
    from store.bulk import insert_rows
    from store.tables import data_keys, links, worklist_lines

    with store.write() as tx:
        pairs = tx.connection.execute(select(links.c.pupil_id, links.c.guardian_id).limit(DUE)).all()
        chosen = links.c.guardian_id.in_([pair.guardian_id for pair in pairs])
        tx.connection.execute(update(links).where(chosen).values(due_on=tx.today, due_reason="turned_18"))
        lines: list[tuple[Any, ...]] = []
        keys: list[tuple[str, bytes, int]] = []
        for pair in pairs:
            add, remove = new_id("L"), new_id("L")
            keys += tx.vault.new_keys([remove])
            text = tx.vault.seal(remove, "worklist_lines.text", remove, b'{"guardian": "", "pupil": "", "class": ""}')
            common_ = (pair.pupil_id, pair.guardian_id)
            lines.append((add, "add", *common_, "signed", "loaded", tx.today, None, "done", tx.now))
            lines.append((remove, "remove", *common_, "open", "turned_18", tx.today, text, None, None))
        columns = (
            "id",
            "kind",
            "pupil_id",
            "guardian_id",
            "state",
            "why",
            "due_on",
            "text_ct",
            "signed_as",
            "signed_at",
        )
        insert_rows(tx.connection, data_keys, ("subject_id", "wrapped", "epoch"), keys)
        insert_rows(tx.connection, worklist_lines, columns, lines)


def _queue(store: "Store", batch: int) -> float:
    """How often a submission is claimed (opened too) and finished, as a share of the bare two statements' rate."""
    from store import ledger
    from store.owner import own_name

    for n in range(2 * JOBS):
        _deliver(store, n)
    owner = own_name()
    began = time.perf_counter()
    for _ in range(JOBS // batch):
        for one in ledger.claim(store, owner, batch):
            with store.queue() as tx:
                ledger.finish(tx, one.id, owner, "read")
    ours = time.perf_counter() - began
    bare = _queue_bare(store)
    store.close()
    return bare / ours


def _deliver(store: "Store", n: int) -> None:
    from schemas.documents import Delivery
    from store.ledger import take_in

    take_in(
        store,
        Delivery("post", f"r{n}", datetime.now(UTC) - timedelta(hours=1), b"form %d" % n, "text/plain", "f", None),
    )


def _queue_bare(store: "Store") -> float:
    raw = store.engine.raw_connection()
    driver: Any = raw.driver_connection
    lite = store.engine.dialect.name == "sqlite"
    begin = "BEGIN IMMEDIATE" if lite else "BEGIN"
    lock = "" if lite else " FOR UPDATE SKIP LOCKED"
    oldest = f"SELECT id FROM submissions WHERE state = 'new' AND NOT alone ORDER BY received_at LIMIT 1{lock}"  # noqa: S608
    claim = f"UPDATE submissions SET state = 'leased', owner = 'bare' WHERE id = ({oldest}) RETURNING id"  # noqa: S608
    mark = "?" if lite else "%s"
    finish = f"UPDATE submissions SET state = 'decided', owner = NULL WHERE id = {mark} AND owner = 'bare'"  # noqa: S608
    if not lite:
        driver.autocommit = True
    began = time.perf_counter()
    for _ in range(JOBS):
        driver.execute(begin)
        ((ident,),) = driver.execute(claim).fetchall()
        driver.execute("COMMIT")
        driver.execute(begin)
        driver.execute(finish, (ident,))
        driver.execute("COMMIT")
    taken = time.perf_counter() - began
    raw.close()
    return taken
