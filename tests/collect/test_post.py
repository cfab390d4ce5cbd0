"""The scan folder, with real files: what is taken, when, under which identity, and where it goes afterwards."""

import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.documents import Delivery
from schemas.errors import OutsideFault, UsageFault
from schemas.settings import Post, Settings
from tasks.collect.post import ScanFolderChannel, post_channel

NOON = 1_790_000_000
"""A moment in 2026; every file here is an hour older unless it says otherwise."""


def nothing(_ref: str) -> bool:
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "scans"
    path.mkdir()
    return path


def put(folder: Path, name: str, content: bytes = b"%PDF-1.7 form", age: float = 3600.0) -> Path:
    path = folder / name
    path.write_bytes(content)
    at = int((NOON - age) * 1e9)
    os.utime(path, ns=(at, at))
    return path


def channel(
    folder: Path, max_bytes: int = 1000, stable: float = 2.0, read_only: bool = False, done: str = ""
) -> ScanFolderChannel:
    return ScanFolderChannel(folder, max_bytes, stable, read_only, done_suffix=done, now=lambda: NOON)


def only(deliveries: ScanFolderChannel) -> Delivery:
    (one,) = deliveries.deliveries(nothing)
    return one


def handle(delivery: Delivery) -> str:
    assert delivery.handle is not None
    return delivery.handle


# --- what is taken ----------------------------------------------------------------------------------------------------


def test_each_plain_file_is_a_delivery_oldest_first(folder: Path) -> None:
    """PDF, TIFF, PNG, JPEG and any other plain file are handed over, in the order in which they came."""
    names = ["b.pdf", "a.TIF", "d.png", "c.jpeg", "note.txt", "thing"]
    for number, name in enumerate(names):
        put(folder, name, content=name.encode(), age=600 - number)

    found = list(channel(folder).deliveries(nothing))

    types = ["application/pdf", "image/tiff", "image/png", "image/jpeg", "text/plain", "application/octet-stream"]
    assert names == [one.name for one in found]
    assert types == [one.media_type for one in found]
    assert [name.encode() for name in names] == [one.content for one in found]
    assert {"post"} == {one.channel for one in found}


def test_a_file_arrived_when_it_was_last_written(folder: Path) -> None:
    """The arrival is the file's own time, with an offset."""
    put(folder, "a.pdf", age=3600)

    assert datetime.fromtimestamp(NOON - 3600, UTC) == only(channel(folder)).received_at


@pytest.mark.parametrize("name", [".hidden.pdf", "a.pdf.part", "a.TMP", "a.pdf.crdownload"])
def test_unfinished_and_hidden_files_are_not_seen(folder: Path, name: str) -> None:
    """Files that a program marks as its own or as unfinished are left alone."""
    put(folder, name)

    assert [] == list(channel(folder).deliveries(nothing))


def test_folders_are_not_entered(folder: Path) -> None:
    """What lies in a folder below, the channel's own two among them, is not taken."""
    for name in ("ferdig", "andre", "2026"):
        (folder / name).mkdir()
        put(folder / name, "a.pdf")

    assert [] == list(channel(folder).deliveries(nothing))


def test_a_symlink_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A link in the folder cannot make the channel read a file elsewhere, and a named pipe cannot hang it."""
    (folder / "link.pdf").symlink_to(put(tmp_path, "secret.pdf"))
    os.mkfifo(folder / "pipe.pdf")

    assert [] == list(channel(folder, stable=0).deliveries(nothing))


def test_a_file_that_changed_just_now_waits_for_the_next_run(folder: Path) -> None:
    """A file younger than `stable_seconds` is still being written; from then on it is taken."""
    put(folder, "a.pdf", age=1.9)
    assert [] == list(channel(folder, stable=2.0).deliveries(nothing))

    put(folder, "a.pdf", age=2.0)
    assert "a.pdf" == only(channel(folder, stable=2.0)).name


def test_a_file_that_grows_between_two_runs_is_taken_once_and_whole(folder: Path) -> None:
    """The half of a scan that lay there at the first run is never handed over."""
    put(folder, "a.pdf", b"half", age=0)
    assert [] == list(channel(folder).deliveries(nothing))

    put(folder, "a.pdf", b"half and half", age=5)
    assert b"half and half" == only(channel(folder)).content


def test_a_file_that_changes_while_the_run_goes_on_waits(folder: Path) -> None:
    """A file that is written to after the folder was listed is left for the next run."""
    put(folder, "a.pdf", age=20)
    put(folder, "b.pdf", b"first half", age=10)
    found = channel(folder).deliveries(nothing)
    assert "a.pdf" == next(found).name

    put(folder, "b.pdf", b"first half and more", age=0)

    assert [] == list(found)


@pytest.mark.parametrize("ending", [".lock", ".lck"])
def test_a_file_with_a_lock_beside_it_waits_and_is_counted(folder: Path, ending: str) -> None:
    """However long it has not changed; the lock itself is no delivery; one that was forgotten is found out by count."""
    put(folder, "a.pdf")
    lock = put(folder, f"a.pdf{ending}", b"")
    assert [] == list(channel(folder).deliveries(nothing))
    assert 1 == channel(folder).count(nothing, [], datetime.fromtimestamp(NOON, UTC)).unknown

    lock.unlink()
    assert "a.pdf" == only(channel(folder)).name


@pytest.mark.parametrize("how", [fcntl.flock, fcntl.lockf])
def test_a_file_that_a_program_has_locked_waits(folder: Path, how: Callable[[int, int], None]) -> None:
    """Another program's lock on the file, of either kind, is asked for before it is read."""
    path = put(folder, "a.pdf")
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, how.__name__, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert b"held\n" == holder.stdout.readline()
    assert [] == list(channel(folder).deliveries(nothing))

    holder.communicate(b"")
    assert "a.pdf" == only(channel(folder)).name


_HOLDER = """
import fcntl, sys
with open(sys.argv[2], "r+b") as file:
    getattr(fcntl, sys.argv[1])(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("marker", ["a.pdf.done", "a.done"])
def test_where_the_scanner_leaves_done_markers_a_file_waits_for_its_own(folder: Path, marker: str) -> None:
    """Without its marker, or with one from before it, a scan is not whole; the marker goes with it."""
    put(folder, marker, b"", age=4000)
    put(folder, "a.pdf", age=3600)
    assert [] == list(channel(folder, done=".done").deliveries(nothing))

    put(folder, marker, b"", age=3500)
    taken = only(channel(folder, done=".done"))
    assert ("a.pdf", True) == (taken.name, (folder / marker).exists())

    channel(folder, done=".done").settle(handle(taken), "taken")
    assert ["ferdig"] == [path.name for path in folder.iterdir()]


def test_a_file_that_vanishes_while_the_run_goes_on_is_no_fault(folder: Path) -> None:
    """A person may take a file away again at any time."""
    put(folder, "a.pdf", age=20)
    gone = put(folder, "b.pdf", age=10)
    found = channel(folder).deliveries(nothing)
    next(found)

    gone.unlink()

    assert [] == list(found)


def test_an_empty_file_is_a_delivery_once_it_is_stable(folder: Path) -> None:
    """A scan of 0 bytes is taken in, so that somebody hears of it, but not while the scanner may yet fill it."""
    put(folder, "a.pdf", b"", age=1)
    assert [] == list(channel(folder).deliveries(nothing))

    put(folder, "a.pdf", b"", age=10)
    assert b"" == only(channel(folder)).content


def test_a_file_from_the_future_is_taken_and_arrived_when_it_came_to_this_disk(folder: Path) -> None:
    """A scanner whose clock is years ahead neither hides its scans nor makes them newer than everything after them."""
    path = put(folder, "a.pdf", age=-10 * 365 * 86400)
    came = path.stat().st_ctime

    late = ScanFolderChannel(folder, 1000, 2.0, now=lambda: came + 60)

    assert abs(only(late).received_at.timestamp() - came) < 0.001


def test_a_file_from_long_ago_arrived_when_it_came_to_this_disk(folder: Path) -> None:
    """A scanner whose clock stands at the year 2000 would have its scans erased as ninety days old, unseen."""
    path = put(folder, "a.pdf", age=25 * 365 * 86400)
    came = path.stat().st_ctime

    late = ScanFolderChannel(folder, 1000, 2.0, now=lambda: came + 60)

    assert abs(only(late).received_at.timestamp() - came) < 0.001


def test_no_more_than_a_byte_above_the_limit_is_read(folder: Path) -> None:
    """An oversized file is cut one byte above the limit, where it shows as too large, and stays at its source."""
    put(folder, "a.pdf", b"x" * 5000)
    put(folder, "b.pdf", b"x" * 1000)

    large, exact = channel(folder, max_bytes=1000).deliveries(nothing)

    assert (1001, None) == (len(large.content), large.handle)
    assert 1000 == len(exact.content)
    assert exact.handle is not None


def test_a_name_of_any_bytes_is_handled(folder: Path) -> None:
    """A name that is no UTF-8, or holds our own separators, does no harm and is found again."""
    for raw in (b"Sj\xf8l|2%2F\xff.PDF", "Blåbær / \u202e".replace("/", ":").encode()):
        name = os.fsdecode(raw)
        put(folder, name)
        one = only(channel(folder))

        one.name.encode("utf-8"), one.source_ref.encode("utf-8"), handle(one).encode("utf-8")
        moved = channel(folder).settle(handle(one), "taken")
        assert moved is not None
        assert not os.path.lexists(folder / name)
        channel(folder).dispose(moved)
    assert [] == [path for path in folder.rglob("*") if path.is_file()]


# --- known again ------------------------------------------------------------------------------------------------------


def test_a_known_file_is_not_read_again(folder: Path) -> None:
    """What the ledger has is passed over without being opened."""
    path = put(folder, "a.pdf")
    seen = only(channel(folder)).source_ref
    path.chmod(0)

    assert [] == list(channel(folder).deliveries(lambda ref: ref == seen))


def test_a_scanner_that_uses_a_name_again_makes_a_new_delivery(folder: Path) -> None:
    """The same name with other content, or only another time, is another delivery."""
    put(folder, "scan001.pdf", b"one", age=100)
    first = only(channel(folder))
    put(folder, "scan001.pdf", b"two", age=50)
    second = only(channel(folder))
    put(folder, "scan001.pdf", b"longer", age=50)
    third = only(channel(folder))

    assert 3 == len({first.source_ref, second.source_ref, third.source_ref})


def test_a_scanner_without_a_clock_makes_new_deliveries_too(folder: Path) -> None:
    """Name, size and time all the same, and yet another file: the inode tells them apart."""
    put(folder, "scan001.tif", b"aaaa", age=100)
    first = only(channel(folder))
    channel(folder).settle(handle(first), "taken")
    put(folder, "scan001.tif", b"bbbb", age=100)
    second = only(channel(folder))

    assert first.source_ref != second.source_ref
    assert channel(folder).settle(handle(second), "taken") is not None
    assert {b"aaaa", b"bbbb"} == {path.read_bytes() for path in (folder / "ferdig").iterdir()}


def test_settling_never_moves_a_newer_scan_of_the_same_name(folder: Path) -> None:
    """Between taking a file in and moving it, the scanner may write the next one under its name: that one stays."""
    put(folder, "scan001.pdf", b"old", age=100)
    old = handle(only(channel(folder)))
    put(folder, "scan001.pdf", b"new", age=50)

    assert channel(folder).settle(old, "taken") is None
    channel(folder).dispose(old)
    assert b"new" == only(channel(folder)).content


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_what_was_taken_moves_under_a_made_up_name(folder: Path) -> None:
    """A taken file lies in "ferdig", for its owner's eyes, its name gone and its kind kept."""
    put(folder, "Kari Nordmann.PDF", b"form")

    moved = channel(folder).settle(handle(only(channel(folder))), "taken")

    (path,) = (folder / "ferdig").iterdir()
    assert moved is not None
    assert "Nordmann" not in moved
    assert path.suffix == ".pdf"
    assert path.stem.isalpha()
    assert b"form" == path.read_bytes()
    assert 0o700 == stat.S_IMODE((folder / "ferdig").stat().st_mode)
    assert [] == list(channel(folder).deliveries(nothing))


def test_what_holds_no_form_keeps_its_name(folder: Path) -> None:
    """An ordinary file lies in "andre" under its own name; a second one of that name does not overwrite the first."""
    put(folder, "menu.txt", b"monday", age=100)
    assert channel(folder).settle(handle(only(channel(folder))), "ordinary") is not None
    put(folder, "menu.txt", b"tuesday", age=50)
    assert channel(folder).settle(handle(only(channel(folder))), "ordinary") is not None

    assert b"monday" == (folder / "andre" / "menu.txt").read_bytes()
    assert {b"monday", b"tuesday"} == {path.read_bytes() for path in (folder / "andre").iterdir()}


@pytest.mark.parametrize("fate", ["taken", "ordinary"])
def test_settling_again_is_harmless(folder: Path, fate: str) -> None:
    """With the new handle nothing changes, and the old one finds the file that a killed run had moved."""
    put(folder, "a.pdf")
    old = handle(only(channel(folder)))
    settle: Callable[[str, str], str | None] = channel(folder).settle  # type: ignore[assignment]

    new = settle(old, fate)

    assert new is not None
    assert new == settle(new, fate)
    assert new == settle(old, fate)
    assert 1 == len([path for path in folder.rglob("*") if path.is_file()])


def test_a_decision_may_change(folder: Path) -> None:
    """A file set aside as ordinary, then read as a form after all, goes from "andre" to "ferdig"."""
    put(folder, "a.pdf")
    old = handle(only(channel(folder)))
    aside = channel(folder).settle(old, "ordinary")
    assert aside is not None

    assert channel(folder).settle(aside, "taken") is not None

    assert [] == list((folder / "andre").iterdir())
    assert 1 == len(list((folder / "ferdig").iterdir()))


def test_disposing_deletes_the_file_and_only_that(folder: Path) -> None:
    """The copy goes, wherever a run has left it; doing it again, or after a person did it, is harmless."""
    put(folder, "a.pdf", b"a", age=20)
    put(folder, "b.pdf", b"b", age=10)
    first, second = channel(folder).deliveries(nothing)
    moved = channel(folder).settle(handle(first), "taken")
    assert moved is not None

    channel(folder).dispose(moved)
    channel(folder).dispose(moved)

    assert [] == list((folder / "ferdig").iterdir())
    assert b"b" == (folder / "b.pdf").read_bytes()
    channel(folder).settle(handle(second), "taken")
    channel(folder).dispose(handle(second))
    assert [] == [path for path in folder.rglob("*") if path.is_file()]
    assert channel(folder).settle(moved, "taken") is None


def test_a_read_only_folder_gives_no_handle(folder: Path) -> None:
    """Where the source must not be touched, nothing can be moved or deleted by mistake."""
    put(folder, "a.pdf")

    assert only(channel(folder, read_only=True)).handle is None


def test_a_handle_cannot_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    """A handle that is not one of ours is refused, and a subfolder that is a link elsewhere is not written to."""
    put(tmp_path, "secret.pdf")
    for bad in ("..%2Fsecret.pdf|1|1|1", "ferdig/..|1|1|1", "..|1|1|1", "/etc/passwd|1|1|1", "x", "a%00b|1|1|1", ""):
        with pytest.raises(UsageFault):
            channel(folder).dispose(bad)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "ferdig").symlink_to(elsewhere)
    put(folder, "a.pdf")
    with pytest.raises(OutsideFault):
        channel(folder).settle(handle(only(channel(folder))), "taken")
    assert [] == list(elsewhere.iterdir())


def test_a_link_put_in_a_files_place_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """Also where a file or a subfolder is swapped for a link behind our back, nothing elsewhere is read or deleted."""
    put(folder, "a.pdf", b"a", age=20)
    swapped = put(folder, "b.pdf", b"b", age=10)
    found = channel(folder).deliveries(nothing)
    moved = channel(folder).settle(handle(next(found)), "taken")
    assert moved is not None
    swapped.unlink()
    swapped.symlink_to(put(tmp_path, "secret.pdf", b"b", age=10))

    with pytest.raises(OutsideFault, match="post_incomplete"):
        next(found)

    (folder / "ferdig").rename(tmp_path / "elsewhere")
    (folder / "ferdig").symlink_to(tmp_path / "elsewhere")
    channel(folder).dispose(moved)
    assert 1 == len(list((tmp_path / "elsewhere").iterdir()))


# --- faults of the world ----------------------------------------------------------------------------------------------


def test_a_missing_folder_is_a_fault_and_not_an_empty_inbox(folder: Path) -> None:
    """A share that is not mounted stops the run; it never makes a copy count as gone."""
    put(folder, "a.pdf")
    scans = channel(folder)
    known = handle(only(scans))
    folder.rename(folder.with_name("unmounted"))

    for act in (lambda: list(scans.deliveries(nothing)), lambda: scans.settle(known, "taken")):
        with pytest.raises(OutsideFault, match="post_folder") as caught:
            act()
        assert str(folder) not in str(caught.value)
    with pytest.raises(OutsideFault):
        scans.dispose(known)


def test_a_file_that_cannot_be_read_does_not_stop_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are handed over first; then the run shows red, without a name in it."""
    put(folder, "Kari Nordmann.pdf", age=20)
    put(folder, "b.pdf", age=10)
    real = os.open

    def deny(path: Path, *rest: int) -> int:
        if "Kari" in str(path):
            raise PermissionError(13, "denied", str(path))
        return real(path, *rest)

    monkeypatch.setattr(os, "open", deny)  # root may read everything, so a mode would prove nothing
    found = channel(folder).deliveries(nothing)

    assert "b.pdf" == next(found).name
    with pytest.raises(OutsideFault, match="post_incomplete") as caught:
        next(found)
    assert "Kari" not in repr(caught.value)


def test_the_settings_choose_the_folder(tmp_path: Path) -> None:
    """The home's own folder is made, closed to others; a configured one is used as it is."""
    list(post_channel(Settings(), tmp_path).deliveries(nothing))
    assert 0o700 == stat.S_IMODE((tmp_path / "scans").stat().st_mode)

    with pytest.raises(OutsideFault):
        list(post_channel(Settings(post=Post(folder=tmp_path / "share")), tmp_path).deliveries(nothing))
    assert not (tmp_path / "share").exists()
