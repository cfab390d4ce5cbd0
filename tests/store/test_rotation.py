"""Turning the keys: everything opens after it, nothing opens with the old ones, and a kill half-way loses nothing."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support_store import STAFF, TODAY, Desk, add_guardian, column

from schemas.errors import NotReady
from store import audit, guardians, ledger, rotation, tables, worklist
from store.keyfile import open_keyring
from store.opening import open_store
from store.people import read_pupils

ROOT = Path(__file__).parents[2]


def everything(desk: Desk) -> list[object]:
    """Every sealed value that the store holds, opened."""
    with desk.store.read() as tx:
        people = [guardians.read_guardian(tx, row.id) for row in tx.connection.execute(select(tables.guardians.c.id))]
        pupils = sorted(read_pupils(tx), key=lambda one: one.id)
        lines = worklist.read_lines(tx)
        originals = [ledger.original(tx, i) for i in tx.connection.execute(select(tables.submissions.c.id)).scalars()]
    return [*sorted(people, key=repr), *pupils, *lines, *originals]


@pytest.fixture
def school(desk: Desk) -> Desk:
    """Some families, forms and work-list lines."""
    for n in range(3):
        family = desk.family(lists=("number", "mobile"))
        desk.decided(column(family, family.mother))
        with desk.store.write() as tx:
            add_guardian(tx, family, family.father)
            if n == 0:
                worklist.sync(tx)
    return desk


def test_everything_opens_after_a_rotation_and_nothing_is_left_in_the_old_epoch(school: Desk) -> None:
    """Every data key is wrapped under the new epoch, every look-up value made in it, all values as they were."""
    before, keys = everything(school), len(school.rows(tables.data_keys))
    done = rotation.rotate(school.store, STAFF)

    assert {"epoch": 2, "rewrapped": keys, "looked_up": 6, "destroyed": 0} == done
    assert before == everything(school)
    assert {2} == {row.epoch for row in school.rows(tables.data_keys)}
    assert {2} == {row.bucket_epoch for row in school.rows(tables.guardians)}


def test_guardians_are_found_by_number_before_during_and_after(school: Desk) -> None:
    """A look-up that falls into the middle of a rotation finds people on either side of it, the reduced too."""
    with school.store.write() as tx:
        people = [
            guardians.read_guardian(tx, row.id) for row in tx.connection.execute(select(tables.guardians.c.id)).all()
        ]
        numbers = {one.number: one.id for one in people if one}
        reduced = next(iter(numbers))
        guardians.reduce_number(tx, next(one for one in people if one and one.number == reduced))
    rotation.rotate(school.store, STAFF)
    with school.store.write() as tx:  # three of them as if not reached yet
        for ident in list(numbers.values())[1:4]:
            number = next(n for n, i in numbers.items() if i == ident)
            old = {"number_bucket": guardians.bucket(tx.keyring, number, 1), "bucket_epoch": 1}
            tx.connection.execute(tables.guardians.update().where(tables.guardians.c.id == ident).values(**old))
    for _ in range(2):
        with school.store.read() as tx:
            found = {number: guardians.find_by_number(tx, number) for number in numbers}
        assert numbers == {number: one.id for number, one in found.items() if one}
        rotation.rotate(school.store, STAFF)


def test_an_old_epoch_is_destroyed_when_its_days_are_over(school: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, not while anything needs it; then what lay in an old copy of the store is dead."""
    old = school.rows(tables.data_keys)[0]
    rotation.rotate(school.store, STAFF)
    assert [] == rotation.destroy_old(school.store, STAFF)
    assert old.wrapped != school.rows(tables.data_keys, tables.data_keys.c.subject_id == old.subject_id)[0].wrapped
    later = rotation.datetime.now(rotation.UTC) + timedelta(days=31)
    monkeypatch.setattr(rotation, "datetime", type("T", (), {"now": staticmethod(lambda _zone: later)}))

    assert [1] == rotation.destroy_old(school.store, STAFF)
    assert [2] == list(open_keyring(school.house).epochs)
    with pytest.raises(NotReady, match="kek_destroyed"):
        school.store.keyring.unwrap([(old.subject_id, old.wrapped)])
    assert len(everything(school)) > 6


def test_an_epoch_that_something_still_needs_is_kept(school: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However old: a key that a slow process wrapped under it meanwhile is not lost."""
    kept = school.rows(tables.data_keys)[0]
    rotation.rotate(school.store, STAFF)
    with school.store.write() as tx:
        back = {"wrapped": kept.wrapped, "epoch": 1}
        mine = tables.data_keys.c.subject_id == kept.subject_id
        tx.connection.execute(tables.data_keys.update().where(mine).values(**back))
    later = rotation.datetime.now(rotation.UTC) + timedelta(days=500)
    monkeypatch.setattr(rotation, "datetime", type("T", (), {"now": staticmethod(lambda _zone: later)}))

    assert [] == rotation.destroy_old(school.store, STAFF)


KILLED = """
import os, signal, sys
from pathlib import Path
from schemas.settings import Settings
from store import rotation
from store.config import House
from store.home import Home
from store.opening import open_store
rotation.CHUNK = 3
left = [int(sys.argv[3])]
def die(done, total):
    left[0] -= 1
    if left[0] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
store = open_store(House(Home(Path(sys.argv[1])), Settings.model_validate_json(sys.argv[2]), None))
if left[0] == 0:
    store.keyring.begin_epoch()
    os.kill(os.getpid(), signal.SIGKILL)
rotation.rotate(store, "kari", die)
"""


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_a_rotation_killed_half_way_is_gone_on_with(school: Desk, steps: int) -> None:
    """Killed before the first batch or among them: the values open meanwhile, and the next call ends the same epoch."""
    before = everything(school)
    told = [str(school.house.home.root), school.house.settings.model_dump_json(), str(steps)]
    done = subprocess.run([sys.executable, "-c", KILLED, *told], cwd=ROOT, env=os.environ, capture_output=True)
    assert -signal.SIGKILL == done.returncode, done.stderr
    school.store.close()
    school.store = open_store(school.house, as_of=TODAY)
    assert before == everything(school)

    assert 2 == rotation.rotate(school.store, STAFF)["epoch"]
    assert {2} == {row.epoch for row in school.rows(tables.data_keys)}
    assert before == everything(school)
    with school.store.read() as tx:
        assert audit.verify(tx) is None
    assert 1 == len(school.rows(tables.audit, tables.audit.c.action == "keys_rotated"))


def test_a_process_that_read_its_keys_before_learns_of_the_new_epoch(school: Desk) -> None:
    """A worker that runs through a rotation finds everybody, doubles nobody, and wraps under the new epoch."""
    worker = open_store(school.house, as_of=TODAY)
    rotation.rotate(school.store, STAFF)
    family = school.family(lists=("number",))
    with school.store.write() as tx:
        known = add_guardian(tx, family, family.mother)
    with worker.write() as tx:
        found = guardians.find_by_number(tx, family.mother.number)
        fresh = guardians.add(tx, name="Ny", number=family.father.number, mobile="", email="")

    assert known == getattr(found, "id", None)
    assert [2] == [row.epoch for row in school.rows(tables.data_keys, tables.data_keys.c.subject_id == fresh)]
    worker.close()


def test_an_older_key_file_than_the_stores_is_said_to_be_that(school: Desk) -> None:
    """A key file put back from before a rotation opens nothing by chance: it is refused."""
    before = school.house.home.keyring.read_bytes()
    rotation.rotate(school.store, STAFF)
    school.house.home.keyring.write_bytes(before)
    school.store.close()
    with pytest.raises(NotReady, match="keys_older"):
        open_store(school.house, as_of=TODAY)


def test_the_status_tells_what_there_is_to_do(school: Desk) -> None:
    """Epoch, age, keys and what waits, without a key in it."""
    told = rotation.status(school.store)
    assert (1, 0, 0, []) == (told["epoch"], told["age_days"], told["waiting"], told["old_epochs"])
    school.store.keyring.begin_epoch()
    assert len(school.rows(tables.data_keys)) + 6 == rotation.status(school.store)["waiting"]


def test_progress_is_told(school: Desk) -> None:
    """Done counts up to the total."""
    seen: list[tuple[int, int]] = []
    rotation.rotate(school.store, STAFF, lambda done, total: seen.append((done, total)))

    assert seen[-1][0] == seen[-1][1] > 0
