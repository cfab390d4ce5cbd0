"""What a store lives through: workers killed at any moment, a database that goes away, a full disk, a clock set back.

Belongs here: the queue and the store under faults, on both databases. Does not belong here: whole runs (`test_kill`).
"""

import multiprocessing
import os
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from support_store import TODAY, Desk, Template, open_desk

from fixtures.postgresql import PostgreSQL, postgresql
from schemas.documents import Delivery
from schemas.errors import OutsideFault
from schemas.ids import new_id
from store import audit, guardians, ledger
from store.config import House
from store.database import Store
from store.opening import open_store
from store.owner import own_name
from store.tables import outbox, submissions

JOBS = 2_000
WORKERS = 4
BATCH = 25
FORK = multiprocessing.get_context("fork")


def deliver(store: Store, count: int) -> list[str]:
    """So many submissions, taken in."""
    when = datetime.now(UTC) - timedelta(hours=1)
    told = (Delivery("post", f"r{n}", when, b"a form", "text/plain", "f", None) for n in range(count))
    return [ident for one in told if (ident := ledger.take_in(store, one))]


def work(house: House) -> None:
    """A worker: claim, decide each with an answer in the outbox, send what is there; until nothing is left."""
    store = open_store(house)
    owner = own_name()
    while True:
        claimed = ledger.claim(store, owner, BATCH)
        if not claimed and not ledger.undecided(store):
            break
        with store.write() as tx:
            for one in claimed:
                if ledger.finish(tx, one.id, owner, "read"):
                    values = {"id": new_id("O"), "dedup_key": f"answer:{one.id}", "kind": "answer"}
                    tx.connection.execute(insert(outbox).values(subject_id=one.id, made_at=tx.now, **values))
        send(store, house.home.root / "sent")
    os._exit(0)


def send(store: Store, receiver: Path) -> None:
    """At least once to a receiver that knows what it has had: each key is a file's name."""
    with store.read() as tx:
        unsent = select(outbox.c.id, outbox.c.dedup_key).where(outbox.c.sent_at.is_(None)).limit(BATCH)
        waiting = tx.connection.execute(unsent).all()
    for row in waiting:
        (receiver / row.dedup_key.removeprefix("answer:")).touch()
    with store.write() as tx:
        mine = outbox.c.id.in_([row.id for row in waiting])
        tx.connection.execute(update(outbox).where(mine).values(sent_at=tx.now, attempts=outbox.c.attempts + 1))


def test_workers_killed_at_random_decide_everything_exactly_once(desk: Desk) -> None:
    """Four workers on 2,000 submissions, one of them killed after each tenth, at whatever it is doing: every one is
    decided once, answered once in effect, and no lease is left."""
    (desk.house.home.root / "sent").mkdir()
    sent = deliver(desk.store, JOBS)
    chance, killed, mark = random.Random(7), 0, JOBS - JOBS // 10
    workers = [FORK.Process(target=work, args=(desk.house,)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    until = time.monotonic() + 120
    while any(worker.is_alive() for worker in workers) and time.monotonic() < until:
        time.sleep(0.02)
        victim, left = chance.randrange(WORKERS), ledger.undecided(desk.store)
        if workers[victim].is_alive() and 4 * BATCH < left <= mark:
            mark = left - JOBS // 10
            os.kill(workers[victim].pid or 0, signal.SIGKILL)
            workers[victim].join()
            killed += 1
            workers[victim] = FORK.Process(target=work, args=(desk.house,))
            workers[victim].start()
    for worker in workers:
        worker.join(10)
    while desk.rows(outbox, outbox.c.sent_at.is_(None)):
        send(desk.store, desk.house.home.root / "sent")
    rows = desk.rows(submissions)

    assert killed > 3
    assert {("decided", None, None)} == {(row.state, row.owner, row.lease_until) for row in rows}
    assert Counter(f"answer:{ident}" for ident in sent) == Counter(row.dedup_key for row in desk.rows(outbox))
    assert sorted(sent) == sorted(path.name for path in (desk.house.home.root / "sent").iterdir())
    with desk.store.read() as tx:
        assert audit.verify(tx) is None


def test_a_worker_that_lost_its_lease_decides_nothing(desk: Desk) -> None:
    """The fence: a slow worker whose lease ran out finds it is no longer its own, and writes nothing."""
    (sent,) = deliver(desk.store, 1)
    slow, other = f"{own_name()}slow", f"{own_name()}other"
    assert [sent] == [one.id for one in ledger.claim(desk.store, slow, 1)]
    with desk.store.write() as tx:
        past = datetime.now(UTC) - timedelta(seconds=1)
        tx.connection.execute(update(submissions).values(lease_until=past))
    assert [sent] == [one.id for one in ledger.claim(desk.store, other, 1)]

    with desk.store.write() as tx:
        assert not ledger.finish(tx, sent, slow, "read")
        assert ledger.finish(tx, sent, other, "read")


def test_a_clock_set_back_an_hour_holds_nobody_up(desk: Desk) -> None:
    """A lease of before the step ends later than any lease could: it is free, to be worked on alone."""
    (sent,) = deliver(desk.store, 1)
    ledger.claim(desk.store, "another host|x|x|1|1|x", 1)
    assert [] == ledger.claim(desk.store, own_name(), 1)
    with desk.store.write() as tx:
        ahead = datetime.now(UTC) + timedelta(hours=1, seconds=desk.house.settings.intake.lease_seconds)
        tx.connection.execute(update(submissions).values(lease_until=ahead))

    assert [(sent, True)] == [(one.id, one.alone) for one in ledger.claim(desk.store, own_name(), 1)]


def test_a_clock_set_back_keeps_the_audit_chain_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are in the order they were written, whatever the clock said."""
    from store import database

    with desk.store.write() as tx:
        audit.write(tx, "kari", "looked")
    earlier = type("T", (), {"now": staticmethod(lambda zone: datetime.now(zone) - timedelta(hours=1))})
    monkeypatch.setattr(database, "datetime", earlier)
    with desk.store.write() as tx:
        audit.write(tx, "kari", "looked")

    with desk.store.read() as tx:
        assert audit.verify(tx) is None


# --- a disk that is full ----------------------------------------------------------------------------------------------


def _fill(house: House) -> None:
    """A child whose files may not grow any more; exits with how it ended."""
    store = open_store(house)
    size = max(path.stat().st_size for path in house.home.database.parent.iterdir())
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 200_000, size + 200_000))
    try:
        for n in range(10_000):
            told = Delivery("post", f"big{n}", datetime.now(UTC), os.urandom(50_000), "text/plain", "f", None)
            ledger.take_in(store, told)
    except OutsideFault:
        os._exit(3)
    os._exit(4)


def test_a_full_disk_loses_nothing_that_was_taken_in(sqlite_desk: Desk) -> None:
    """Taking in fails as a fault of the outside world; what was committed is whole, and with room again it goes on."""
    deliver(sqlite_desk.store, 3)
    child = FORK.Process(target=_fill, args=(sqlite_desk.house,))
    child.start()
    child.join(60)

    assert 3 == child.exitcode
    with sqlite_desk.store.read() as tx:
        assert "ok" == tx.connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
        rows = tx.connection.execute(select(submissions.c.id)).scalars().all()
        assert all(ledger.original(tx, ident) for ident in rows)
    assert len(rows) > 3
    assert 1 == len(deliver_more(sqlite_desk.store))


def deliver_more(store: Store) -> list[str]:
    """One more."""
    told = Delivery("post", "later", datetime.now(UTC), b"later", "text/plain", "f", None)
    return [ident for ident in [ledger.take_in(store, told)] if ident]


# --- a database that goes away ----------------------------------------------------------------------------------------


@pytest.fixture
def restartable(
    tmp_path: Path, server: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Desk, PostgreSQL]]:
    """A desk on a server of its own, which a test may stop."""
    from support_store import PASSWORD, settings

    from fixtures.people import People
    from store.home import Home
    from store.opening import create_store

    with postgresql(durable=True) as own:
        monkeypatch.setenv(PASSWORD, own.password)
        told = settings(store={"url": own.url(own.database()), "password_env": PASSWORD})
        house = House(Home(tmp_path / "home"), told, None)
        create_store(house).close()
        made = Desk(open_store(house, as_of=TODAY), house, People(random.Random(1)))
        yield made, own
        made.store.close()


def test_a_database_that_restarts_in_the_middle_loses_nothing(restartable: tuple[Desk, PostgreSQL]) -> None:
    """Killed without warning: what was committed is there, what was not is undecided, and the same store goes on."""
    desk, server = restartable
    sent = deliver(desk.store, 5)
    owner = own_name()
    claimed = ledger.claim(desk.store, owner, 5)
    with desk.store.write() as tx:
        ledger.finish(tx, claimed[0].id, owner, "read")
    with pytest.raises(OutsideFault, match="store_unavailable"), desk.store.write() as tx:
        ledger.finish(tx, claimed[1].id, owner, "read")
        server.stop(signal.SIGQUIT)
        tx.connection.execute(select(1))
    with pytest.raises(OutsideFault):
        ledger.undecided(desk.store)
    server.start()

    assert 4 == ledger.undecided(desk.store)
    with desk.store.write() as tx:
        assert all(ledger.finish(tx, one.id, owner, "read") for one in claimed[1:])
    assert sorted(sent) == sorted(row.id for row in desk.rows(submissions, submissions.c.state == "decided"))


def test_a_connection_that_is_cut_is_a_fault_outside_and_heals(
    server_template: Template, server: PostgreSQL, tmp_path: Path
) -> None:
    """The transaction is undone, said to be the outside world's doing, and the next one works."""
    desk = open_desk(tmp_path / "home", server_template)
    with pytest.raises(OutsideFault, match="store_unavailable") as told, desk.store.write() as tx:
        guardians.add(tx, name="Kari Kuttmaur", number="", mobile="", email="")
        name = tx.connection.execute(select(func.current_database())).scalar_one()
        with server.connect() as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )
        tx.connection.execute(select(1))

    assert "Kuttmaur" not in str(told.value)
    assert [] == desk.rows(guardians.guardians)
    assert 1 == len(deliver(desk.store, 1))
    desk.store.close()


def test_a_batch_that_outlasts_its_lease_is_not_taken_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is alive and at work keeps what it claimed, however long reading takes; once it stops, the lease
    runs out."""
    intake = desk.house.settings.intake.model_copy(update={"lease_seconds": 2})
    monkeypatch.setattr(desk.store, "settings", desk.house.settings.model_copy(update={"intake": intake}))
    (sent,) = deliver(desk.store, 1)
    owner = "another host|x|x|1|1|x"  # of which nobody here can tell whether it lives
    ledger.claim(desk.store, owner, 1)
    with ledger.renewing(desk.store, owner):
        time.sleep(4)
        assert [] == ledger.claim(desk.store, own_name(), 1)
    time.sleep(3.5)

    assert [sent] == [one.id for one in ledger.claim(desk.store, own_name(), 1)]
