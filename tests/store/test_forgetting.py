"""Forgetting, and proof of it: a whole school, some of it erased, every byte of every file looked at."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select
from support_store import STAFF, TODAY, Desk, Family, add_guardian, column

from schemas.errors import NotReady
from store import backup, deletions, erasure, guardians, tables, worklist
from store.opening import open_store

ROOT = Path(__file__).parents[2]
FAMILIES = 24


def school(desk: Desk) -> list[tuple[Family, str]]:
    """Families with decided forms, guardians linked, lines on the work list; returns each with its second guardian."""
    made = []
    for n in range(FAMILIES):
        family = desk.family(lists=("number", "mobile", "email"))
        if n % 4 == 0:
            desk.decided(column(family, family.mother))
        with desk.store.write() as tx:
            made.append((family, add_guardian(tx, family, family.father)))
    with desk.store.write() as tx:
        worklist.sync(tx)
    return made


def erase(desk: Desk, who: list[tuple[Family, str]]) -> None:
    """As the sweep does."""
    deletions.intend(desk.store, [(f"{family.pupil_id}/{ident}", "turned_18") for family, ident in who])
    erasure.replay(desk.store)


def traces(desk: Desk, idents: list[str]) -> list[bytes]:
    """What of these guardians lies in the database: wrapped keys and sealed values."""
    keys = desk.rows(tables.data_keys, tables.data_keys.c.subject_id.in_(idents))
    rows = desk.rows(tables.guardians, tables.guardians.c.id.in_(idents))
    return [row.wrapped for row in keys] + [v for row in rows for v in row if isinstance(v, bytes) and len(v) > 20]


def opened(desk: Desk, idents: list[str]) -> list[guardians.Guardian | None]:
    """These guardians, opened."""
    with desk.store.read() as tx:
        return [guardians.read_guardian(tx, ident) for ident in idents]


def found(root: Path, words: list[bytes]) -> list[bytes]:
    """Those that stand in any file below a folder, whatever it is called."""
    data = b"\n".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())
    return [word for word in words if word in data]


def test_no_byte_is_left_and_no_backup_brings_anybody_back(sqlite_desk: Desk, tmp_path: Path) -> None:
    """Values, sealed values and wrapped keys of the erased are in no file of the home; a backup from before brings
    them back no more than that; the others are untouched throughout."""
    desk = sqlite_desk
    everybody = school(desk)
    gone, kept = everybody[::3], [ident for family, ident in everybody if (family, ident) not in everybody[::3]]
    idents = [ident for _, ident in gone]
    words = traces(desk, idents)
    plain = [w.encode() for family, _ in gone for w in (family.father.name, family.father.number, family.father.mobile)]
    before = opened(desk, kept)
    desk.store.checkpoint()
    assert len(idents) * 4 <= len(words) == len(found(desk.house.home.root, words))
    backup.backup(desk.store, tmp_path / "b.db")
    erase(desk, gone)

    assert [] == found(desk.house.home.root, words + plain)
    assert before == opened(desk, kept)
    assert found(tmp_path / ".", words)  # the backup has them still
    backup.restore(desk.store, tmp_path / "b.db", STAFF)
    assert [] == found(desk.house.home.root, words + plain)
    assert ([None] * len(idents), before) == (opened(desk, idents), opened(desk, kept))


def test_the_erased_are_dead_on_either_database(desk: Desk) -> None:
    """Their keys and rows are gone from every table: what a database's own log still holds opens no more."""
    everybody = school(desk)
    gone = everybody[::3]
    idents = [ident for _, ident in gone]
    sealed = desk.rows(tables.guardians, tables.guardians.c.id == idents[0])[0].name_ct
    erase(desk, gone)

    assert [] == traces(desk, idents)
    with desk.store.read() as tx:
        for table in tables.metadata.sorted_tables:
            if table in (tables.audit, tables.worklist_lines):  # ids alone outlive them, in the audit and REMOVE lines
                continue
            told = repr(tx.connection.execute(select(table)).all())
            assert [] == [ident for ident in idents if ident in told], table.name
        with pytest.raises(NotReady, match="erased"):
            tx.vault.open(idents[0], "guardians.name", idents[0], sealed)


KILLED = """
import os, signal, sys
from pathlib import Path
from schemas.settings import Settings
from store import erasure, opening
from store.config import House
from store.home import Home
real, left = erasure.erase_links, [int(sys.argv[3])]
def erase_links(tx, pairs):
    left[0] -= 1
    count = real(tx, pairs)
    if left[0] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return count
erasure.erase_links, erasure.CHUNK = erase_links, 2
opening.open_store(House(Home(Path(sys.argv[1])), Settings.model_validate_json(sys.argv[2]), None))
"""


def test_an_erasure_killed_half_way_is_ended_by_the_next_start(desk: Desk) -> None:
    """Killed among the chunks: nothing is half erased, and opening the store again ends it."""
    everybody = school(desk)
    gone, idents = everybody[::3], [ident for _, ident in everybody[::3]]
    deletions.intend(desk.store, [(f"{family.pupil_id}/{ident}", "turned_18") for family, ident in gone])
    told = [str(desk.house.home.root), desk.house.settings.model_dump_json(), "2"]
    done = subprocess.run([sys.executable, "-c", KILLED, *told], cwd=ROOT, env=os.environ, capture_output=True)
    assert -signal.SIGKILL == done.returncode, done.stderr
    assert all(opened(desk, idents))
    desk.store.close()
    desk.store = open_store(desk.house, as_of=TODAY)

    assert [None] * len(idents) == opened(desk, idents)
    assert [] == deletions.read(desk.store)
    assert len(everybody) - len(gone) == sum(one is not None for one in opened(desk, [i for _, i in everybody]))
