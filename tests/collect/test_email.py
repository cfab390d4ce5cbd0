"""The mail channel over real Maildirs and folders."""

import os
import stat
from datetime import UTC, datetime, timedelta
from mailbox import Maildir
from pathlib import Path

import pytest

from fixtures.mail import Letterhead, deliver, plain
from schemas.errors import OutsideFault
from schemas.settings import Email, Settings
from tasks.collect.email import EmlFolderChannel, MaildirChannel, email_channel

NOON = datetime(2026, 8, 20, 12, 0, tzinfo=UTC)
FIRST = plain("første", Letterhead(date=NOON + timedelta(days=3)))
SECOND = plain("andre", Letterhead(date=NOON))


@pytest.fixture
def folder(tmp_path):
    """A Maildir with two mails; the first received says in its Date that it is the younger."""
    deliver(tmp_path / "mail", SECOND, NOON + timedelta(hours=1))
    deliver(tmp_path / "mail", FIRST, NOON)
    return tmp_path / "mail"


@pytest.fixture
def channel(folder):
    """The channel over that Maildir."""
    return MaildirChannel(folder, 1_000_000)


def none_known(ref: str) -> bool:
    """A ledger that knows nothing."""
    return False


def every(channel):
    """All that lies at the source."""
    return list(channel.deliveries(none_known))


def files(folder: Path) -> set[str]:
    """Every mail file below `folder`, by its path."""
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "maildirfolder"
    }


def test_in_order_of_receipt(channel):
    """Mails come in order of our receipt, with that moment in UTC, whatever their own Date says."""
    assert [(FIRST, NOON), (SECOND, NOON + timedelta(hours=1))] == [(d.content, d.received_at) for d in every(channel)]
    assert {timedelta(0)} == {d.received_at.utcoffset() for d in every(channel)}
    assert {("email", "message/rfc822")} == {(d.channel, d.media_type) for d in every(channel)}


def test_known_mails_are_not_fetched(channel):
    """What the ledger knows is not handed out again."""
    first, second = every(channel)
    assert [second.source_ref] == [d.source_ref for d in channel.deliveries(lambda ref: ref == first.source_ref)]


def test_source_ref_survives_mail_programs(channel, folder):
    """A mail that a person reads, flags or marks keeps its reference."""
    before = [d.source_ref for d in every(channel)]
    for path in (folder / "new").iterdir():
        path.rename(folder / "cur" / f"{path.name}:2,RS")
    assert before == [d.source_ref for d in every(channel)]
    assert sorted(before) == sorted(Maildir(folder).keys())


def test_nothing_is_touched_before_it_is_settled(channel, folder):
    """Reading changes nothing at the source: no name, no time, no byte."""
    before = {(name, (folder / name).stat().st_mtime_ns) for name in files(folder)}
    every(channel)
    assert before == {(name, (folder / name).stat().st_mtime_ns) for name in files(folder)}


def test_taken_mail_moves(channel, folder):
    """A mail taken in moves to the folder Ferdig with its bytes and time as they were, and its handle goes along."""
    first, second = every(channel)
    handle = channel.settle(first.handle, "taken")
    assert handle is not None
    assert [second.source_ref] == [d.source_ref for d in every(channel)]
    moved = folder / ".Ferdig" / "cur" / f"{first.source_ref}:2,"
    assert (FIRST, NOON.timestamp()) == (moved.read_bytes(), moved.stat().st_mtime)
    assert ["Ferdig"] == Maildir(folder).list_folders()


def test_settling_again_is_harmless(channel, folder):
    """After a crash the same mail is settled again, under its old handle or its new one."""
    first, _ = every(channel)
    handle = channel.settle(first.handle, "taken")
    before = files(folder)
    assert handle == channel.settle(first.handle, "taken")
    assert handle == channel.settle(handle, "taken")
    assert handle == MaildirChannel(folder, 1_000_000).settle(first.handle, "taken")
    assert before == files(folder)


def test_ordinary_mail_stays_unread_and_flagged(channel, folder):
    """Ordinary post stays in the inbox, flagged and still unread; flags it had stay too."""
    first, second = every(channel)
    (folder / "new" / second.source_ref).rename(folder / "cur" / f"{second.source_ref}:2,RS")
    for delivery in (first, second, first):
        assert delivery.source_ref == channel.settle(delivery.handle, "ordinary")
    assert {f"cur/{first.source_ref}:2,F", f"cur/{second.source_ref}:2,FRS"} == files(folder)
    assert {first.source_ref, second.source_ref} == {d.source_ref for d in every(channel)}


def test_disposed_mail_is_gone(channel, folder):
    """Disposing deletes the copy in Ferdig and nothing else; doing it again is harmless."""
    first, second = every(channel)
    handle = channel.settle(first.handle, "taken")
    channel.dispose(second.handle)
    channel.dispose(handle)
    channel.dispose(handle)
    assert {f"new/{second.source_ref}"} == files(folder)


def test_crash_between_move_and_ledger(channel, folder):
    """A handle from before the move still deletes the mail in Ferdig."""
    first, second = every(channel)
    channel.settle(first.handle, "taken")
    channel.dispose(first.handle)
    assert {f"new/{second.source_ref}"} == files(folder)


def test_mail_moved_back_by_a_person(channel, folder):
    """A mail that we took in and a person moved back to the inbox is deleted when its time is out."""
    first, second = every(channel)
    handle = channel.settle(first.handle, "taken")
    (folder / ".Ferdig" / "cur" / f"{first.source_ref}:2,").rename(folder / "cur" / f"{first.source_ref}:2,S")
    channel.dispose(handle)
    assert {f"new/{second.source_ref}"} == files(folder)


def test_vanished_mails(channel, folder):
    """A mail that somebody deletes before, between or after our steps harms nothing."""
    first, second = every(channel)
    running = channel.deliveries(none_known)
    next(running)
    (folder / "new" / second.source_ref).unlink()
    assert [] == list(running)
    assert None is channel.settle(second.handle, "taken")
    assert None is channel.settle(second.handle, "ordinary")
    channel.dispose(second.handle)
    assert [first.source_ref] == [d.source_ref for d in every(channel)]


def test_renamed_meanwhile(channel, folder):
    """A mail that a mail program renames between our listing and our move is moved all the same."""
    first, _ = every(channel)
    (folder / "new" / first.source_ref).rename(folder / "cur" / f"{first.source_ref}:2,S")
    assert f".Ferdig/{first.source_ref}" == channel.settle(first.handle, "taken")
    assert f".Ferdig/cur/{first.source_ref}:2,S" in files(folder)


def test_large_mail_is_cut_one_byte_over(folder):
    """Of a mail over the bound one byte more than the bound is handed out, so that it is seen to be too large."""
    assert [101, 101] == [len(d.content) for d in every(MaildirChannel(folder, 100))]


def test_read_only(folder):
    """A read-only Maildir hands out no handle, and nothing is ever moved, flagged or deleted."""
    channel = MaildirChannel(folder, 1_000_000, read_only=True)
    before = files(folder)
    deliveries = every(channel)
    assert [None, None] == [d.handle for d in deliveries]
    channel.settle(deliveries[0].source_ref, "taken")
    channel.settle(deliveries[0].source_ref, "ordinary")
    channel.dispose(f".Ferdig/{deliveries[0].source_ref}")
    assert before == files(folder)


def test_handles_reach_no_other_file(channel, folder, tmp_path):
    """A handle that is no mail's name reaches nothing."""
    outside = tmp_path / "outside"
    outside.write_text("x")
    for handle in ("../../outside", ".Ferdig/../../outside", "", ".", "..", str(outside)):
        assert None is channel.settle(handle, "taken")
        channel.dispose(handle)
    assert outside.exists()


def test_links_and_dot_files_are_no_mails(channel, folder, tmp_path):
    """Links out of the Maildir and the files of mail servers are not read."""
    (tmp_path / "secret").write_text("x")
    (folder / "new" / "1.link").symlink_to(tmp_path / "secret")
    (folder / "cur" / ".uidlist").write_text("x")
    assert 2 == len(every(channel))


def test_folder_of_eml(folder, tmp_path):
    """A folder of .eml is read in order of file time; it has no handles and is never changed."""
    exported = tmp_path / "export"
    exported.mkdir()
    for name, raw, hour in (("b.eml", FIRST, 0), ("a.EML", SECOND, 1), ("notes.txt", b"x", 2)):
        (exported / name).write_bytes(raw)
        moment = (NOON + timedelta(hours=hour)).timestamp()
        os.utime(exported / name, (moment, moment))
    channel = email_channel(Settings(email=Email(source=exported)), tmp_path)
    assert isinstance(channel, EmlFolderChannel)
    assert [("b.eml", FIRST, None), ("a.EML", SECOND, None)] == [
        (d.source_ref, d.content, d.handle) for d in every(channel)
    ]
    before = files(exported)
    channel.settle("b.eml", "taken")
    channel.dispose("b.eml")
    assert before == files(exported)


def test_default_source_is_a_maildir_of_the_home(tmp_path):
    """Without a source the home's own Maildir is made, private, and read."""
    channel = email_channel(Settings(), tmp_path)
    assert [] == every(channel)
    assert {0o700} == {stat.S_IMODE((tmp_path / "mail" / name).stat().st_mode) for name in ("new", "cur", "tmp")}
    deliver(tmp_path / "mail", FIRST, NOON)
    assert [FIRST] == [d.content for d in every(email_channel(Settings(), tmp_path))]


def test_settings_choose_the_channel(folder, tmp_path):
    """A source with new or cur in it is a Maildir, also where an empty folder got lost on the way."""
    (folder / "tmp").rmdir()
    (folder / "cur").rmdir()
    channel = email_channel(Settings(email=Email(source=folder, read_only=True)), tmp_path)
    assert isinstance(channel, MaildirChannel)
    assert [None, None] == [d.handle for d in every(channel)]


def test_source_that_is_not_there(tmp_path):
    """A named source that is missing is the world's fault, and nothing is made in its place."""
    with pytest.raises(OutsideFault):
        email_channel(Settings(email=Email(source=tmp_path / "gone")), tmp_path)
    for channel in (MaildirChannel(tmp_path / "gone", 10), EmlFolderChannel(tmp_path / "gone", 10)):
        with pytest.raises(OutsideFault):
            every(channel)
    assert [] == list(tmp_path.iterdir())


def test_many_mails_are_settled_without_listing_each_time(folder, monkeypatch):
    """Settling a mailbox lists it once, not once a mail."""
    for number in range(50):
        deliver(folder, plain(f"mail {number}"), NOON)
    channel = MaildirChannel(folder, 1_000_000)
    handles = [d.handle for d in every(channel)]
    looks = []
    listing = MaildirChannel._list
    monkeypatch.setattr(MaildirChannel, "_list", lambda self, where: looks.append(where) or listing(self, where))
    for handle in handles:
        channel.settle(handle, "taken")
    assert [] == looks
    assert 52 == len(list((folder / ".Ferdig" / "cur").iterdir()))
