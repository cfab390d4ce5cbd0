"""Collecting: sealed and committed first, then the source; ordinary post is left there, what is ours goes in time."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support_store import DAY, TODAY, Desk, Template, column, noon, open_desk, refusal, settings

from fixtures.filled import FilledColumn, FilledForm, as_lines
from schemas.documents import ChannelName, Delivery
from schemas.errors import OutsideFault
from store import ledger, tables
from tasks.collect.channel import Fate
from tasks.collect.post import ScanFolderChannel
from tasks.collect.step import collect, dispose, settle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scan folder."""
    made = tmp_path / "scans"
    made.mkdir()
    return made


def channel(folder: Path) -> ScanFolderChannel:
    """The real scan folder channel on it."""
    return ScanFolderChannel(folder, max_bytes=1_000_000, stable_seconds=0)


def scan(folder: Path, name: str, told: FilledColumn | str) -> None:
    """A file that was put there an hour ago."""
    text = told if isinstance(told, str) else as_lines(FilledForm(told))
    (folder / name).write_text(text)
    hour_ago = time.time() - 3600
    os.utime(folder / name, (hour_ago, hour_ago))


def files(folder: Path) -> list[str]:
    """Where what lies, relative to the folder."""
    return sorted(str(path.relative_to(folder).parent) for path in folder.rglob("*") if path.is_file())


def sightings(desk: Desk) -> list[tuple[bool, bool, object]]:
    """(settled, handle kept, when to dispose)."""
    rows = desk.rows(tables.sightings)
    return [(row.settled_at is not None, row.handle_ct is not None, row.dispose_on) for row in rows]


def test_everything_new_is_taken_in_once(desk: Desk, folder: Path) -> None:
    """A second run finds nothing new, and the source has not been touched by either."""
    for n in range(3):
        scan(folder, f"scan{n}.txt", f"sheet {n}")
    seen: list[int] = []

    assert 3 == collect(channel(folder), desk.store, seen.append)
    assert 0 == collect(channel(folder), desk.store)
    assert ([1, 2, 3], [".", ".", "."]) == (seen, files(folder))
    assert 3 == ledger.undecided(desk.store)


def test_an_undecided_submissions_copy_is_not_touched(desk: Desk, folder: Path) -> None:
    """As long as nobody knows what it is, it lies where it lay."""
    scan(folder, "scan.txt", "sheet")
    collect(channel(folder), desk.store)

    assert 0 == settle([channel(folder)], desk.store)
    assert (["."], [(False, True, None)]) == (files(folder), sightings(desk))


def test_what_was_taken_goes_after_seven_days(desk: Desk, folder: Path) -> None:
    """Moved aside when it is decided, deleted a week later, and no sooner; the sealed original stays."""
    family = desk.family()
    scan(folder, "Ola.txt", column(family, family.mother))
    collect(channel(folder), desk.store)
    desk.run()
    assert 1 == settle([channel(folder)], desk.store)
    assert (["ferdig"], [(True, True, TODAY + 7 * DAY)]) == (files(folder), sightings(desk))
    desk.on(TODAY + 6 * DAY)
    assert 0 == dispose([channel(folder)], desk.store)
    desk.on(TODAY + 7 * DAY)
    assert 1 == dispose([channel(folder)], desk.store)

    assert ([], [(True, False, None)]) == (files(folder), sightings(desk))
    assert desk.rows(tables.submissions)[0].original_ct is not None
    assert 0 == collect(channel(folder), desk.store)


def test_the_copy_of_a_dropped_original_goes_at_once(desk: Desk, folder: Path) -> None:
    """A refusal's original is destroyed when it is decided; its copy at the source does not outlive it by a day."""
    family = desk.family()
    scan(folder, "Ola.txt", refusal(family, family.mother))
    collect(channel(folder), desk.store)
    desk.run()
    settle([channel(folder)], desk.store)
    assert [(True, True, TODAY)] == sightings(desk)
    dispose([channel(folder)], desk.store)

    assert ([], [(True, False, None)]) == (files(folder), sightings(desk))


def test_ordinary_post_is_left_and_forgotten(desk: Desk, folder: Path) -> None:
    """Not ours: it stays at its source, set apart there, and we keep no handle to it."""
    scan(folder, "letter.txt", "Dear school")
    collect(channel(folder), desk.store)
    desk.run()
    settle([channel(folder)], desk.store)
    desk.on(TODAY + 30 * DAY)
    dispose([channel(folder)], desk.store)

    assert (["andre"], [(True, False, None)]) == (files(folder), sightings(desk))
    assert "Dear school" == (folder / "andre/letter.txt").read_text()


def test_copies_may_be_left_by_the_settings(template: Template, tmp_path: Path, folder: Path) -> None:
    """With "leave" nothing is deleted, ever, and the handle stays, so that they can be counted."""
    desk = open_desk(tmp_path / "home", template, chosen=settings(retention={"source_copy_days": "leave"}))
    family = desk.family()
    scan(folder, "Ola.txt", column(family, family.mother))
    collect(channel(folder), desk.store)
    desk.run()
    settle([channel(folder)], desk.store)
    desk.on(TODAY + 100 * DAY)

    assert 0 == dispose([channel(folder)], desk.store)
    assert (["ferdig"], [(True, True, None)]) == (files(folder), sightings(desk))
    desk.store.close()


def test_settling_twice_is_settling_once(desk: Desk, folder: Path) -> None:
    """A run that died between moving the file and writing it down is made up for by the next."""
    family = desk.family()
    scan(folder, "Ola.txt", column(family, family.mother))
    collect(channel(folder), desk.store)
    desk.run()
    with desk.store.read() as tx:
        row = desk.rows(tables.sightings)[0]
        handle = tx.vault.open(row.id, "sightings.handle", row.id, row.handle_ct).decode()
    channel(folder).settle(handle, "taken")

    assert 1 == settle([channel(folder)], desk.store)
    assert 0 == settle([channel(folder)], desk.store)
    assert (["ferdig"], 0) == (files(folder), collect(channel(folder), desk.store))


@dataclass
class Flaky:
    """A source that breaks where told: a channel of three deliveries."""

    breaks_after: int = 99
    out_of_reach: frozenset[str] = frozenset()
    touched: list[str] = field(default_factory=list)
    name: ChannelName = "post"

    def deliveries(self, known: Callable[[str], bool]) -> Iterator[Delivery]:
        """Three sheets; a fault after so many."""
        for n in range(3):
            if n == self.breaks_after:
                raise OutsideFault("source_down", "the source is down")
            if not known(f"r{n}"):
                yield Delivery("post", f"r{n}", noon(TODAY), self.content(n), "text/plain", "x.txt", f"h{n}")

    def content(self, n: int) -> bytes:
        """A sheet that says nothing."""
        return b"" if n == 1 else f"sheet {n}".encode()

    def settle(self, handle: str, fate: Fate) -> str | None:
        """Moved, unless it cannot be reached."""
        self._reach(handle)
        return f"moved-{handle}"

    def dispose(self, handle: str) -> None:
        """Deleted, unless it cannot be reached."""
        self._reach(handle)

    def _reach(self, handle: str) -> None:
        if handle[-2:] in self.out_of_reach:
            raise OutsideFault("source_down", "the source is down")
        self.touched.append(handle)


def test_what_came_before_the_source_failed_stays(desk: Desk) -> None:
    """The fault makes the run red; two of three are safe, and the next run takes the third."""
    with pytest.raises(OutsideFault):
        collect(Flaky(breaks_after=2), desk.store)
    assert 2 == ledger.undecided(desk.store)

    assert 1 == collect(Flaky(), desk.store)


def test_the_source_is_not_touched_before_the_original_is_safe(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where taking in fails, nothing at the source was moved or deleted."""
    source = Flaky()

    def broken(*_: object) -> str:
        raise OutsideFault("store_unavailable", "disk full")

    from tasks.collect import step

    monkeypatch.setattr(step, "take_in_all", broken)
    with pytest.raises(OutsideFault):
        collect(source, desk.store)
    assert ([], []) == (source.touched, desk.rows(tables.submissions))


def test_one_copy_out_of_reach_does_not_keep_the_others(desk: Desk) -> None:
    """Settling and deleting go on with the rest, and say at the end that one failed."""
    broken = Flaky(out_of_reach=frozenset({"h0"}))
    collect(broken, desk.store)
    desk.run()
    with pytest.raises(OutsideFault):
        settle([broken], desk.store)
    assert ["h1", "h2"] == sorted(broken.touched)
    assert [False, True, True] == sorted(settled for settled, _, _ in sightings(desk))
    mended = Flaky()
    assert 1 == settle([mended], desk.store)

    assert ["h0"] == mended.touched


def test_a_deletion_out_of_reach_does_not_keep_the_others(desk: Desk) -> None:
    """What cannot be deleted today is tried again tomorrow; the others are gone in time."""

    class Letters(Flaky):
        def content(self, n: int) -> bytes:
            return b""  # unreadable each, so that all of them are ours

    source = Letters()
    collect(source, desk.store)
    desk.run()
    settle([source], desk.store)
    desk.on(TODAY + 7 * DAY)
    broken = Letters(out_of_reach=frozenset({"h1"}))
    with pytest.raises(OutsideFault):
        dispose([broken], desk.store)
    assert ["moved-h0", "moved-h2"] == sorted(broken.touched)

    assert 1 == dispose([Letters()], desk.store)


def test_a_channel_that_does_not_run_is_left_alone(desk: Desk) -> None:
    """An intake of the mail alone settles and deletes nothing of the scans."""
    source = Flaky()
    collect(source, desk.store)
    desk.run()

    assert (0, 0, []) == (settle([], desk.store), dispose([], desk.store), source.touched)
