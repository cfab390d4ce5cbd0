"""The daily count, and waiting for mail: what lies in the mailbox is what the ledger knows, or somebody is told."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support_mailbox import Mailbox, Wire, mail
from support_store import DAY, TODAY, Desk, column, open_desk, settings

from fixtures.filled import FilledForm, as_lines
from fixtures.mail import deliver, plain
from schemas.errors import OutsideFault
from store import tables
from tasks.collect.census import GRACE, Counted, census
from tasks.collect.email import EmlFolderChannel, MaildirChannel
from tasks.collect.imap import ImapChannel
from tasks.collect.imap_login import imap_channel
from tasks.collect.post import ScanFolderChannel
from tasks.collect.step import collect, dispose, settle

LONG_AGO = datetime.now(UTC) - GRACE - timedelta(hours=1)
NOTHING = Counted(0, 0)


def channel(box: Mailbox, **more: Any) -> ImapChannel:
    """The channel to a mailbox."""
    return imap_channel(settings(imap=box.chosen(**more).model_dump()))


def held(desk: Desk) -> bytes:
    """A mail that a person has to look at."""
    family = desk.family()
    return plain(as_lines(FilledForm(column(family, family.mother))))


def taken_in(desk: Desk, box: Mailbox, *mails: bytes) -> None:
    """Mails that were taken in, decided and moved."""
    box.lay(*mails, start=LONG_AGO - timedelta(days=1))
    collect(channel(box), desk.store)
    desk.run()
    settle([channel(box)], desk.store)


def counted(desk: Desk, box: Mailbox) -> Counted:
    """The count."""
    source = channel(box)
    found = census([source], desk.store)
    source.close()
    return found


# --- counting ---------------------------------------------------------------------------------------------------------


def test_a_mailbox_that_was_worked_through_agrees(mailbox: Mailbox, desk: Desk) -> None:
    """Forms in their folder, ordinary mail in the inbox, all of it known: no difference, before and after the copies
    are deleted."""
    taken_in(desk, mailbox, held(desk), mail("Velkommen"))
    assert NOTHING == counted(desk, mailbox)
    desk.on(TODAY + 7 * DAY)
    dispose([channel(mailbox)], desk.store)

    assert NOTHING == counted(desk, mailbox)


def test_a_mail_that_no_intake_took_is_an_alarm(mailbox: Mailbox, desk: Desk) -> None:
    """One that has lain there longer than any pause between two intakes counts; one that came since does not."""
    mailbox.lay(mail("forbigått"), start=LONG_AGO)
    mailbox.lay(mail("ny"), start=datetime.now(UTC) - timedelta(hours=1))

    assert Counted(1, 0) == counted(desk, mailbox)


def test_a_mail_among_ours_that_nothing_put_there_is_an_alarm(mailbox: Mailbox, desk: Desk) -> None:
    """Somebody dragged a mail into the folder of what is done, where no intake looks."""
    taken_in(desk, mailbox, held(desk))
    mailbox.lay(mail("dratt hit"), folder="Ferdig", start=LONG_AGO)

    assert Counted(1, 0) == counted(desk, mailbox)


def test_a_copy_that_is_gone_is_an_alarm(mailbox: Mailbox, desk: Desk) -> None:
    """Somebody deleted a mail that the ledger still means to delete itself."""
    taken_in(desk, mailbox, held(desk), held(desk))
    with mailbox.open("Til skolen") as client:
        client.delete_messages([1])
        client.expunge()

    assert Counted(0, 1) == counted(desk, mailbox)


def test_a_move_that_was_not_written_down_is_no_difference(mailbox: Mailbox, desk: Desk) -> None:
    """A run that was killed between moving and noting it: the mail is found by its bytes."""
    mailbox.lay(held(desk), start=LONG_AGO)
    collect(channel(mailbox), desk.store)
    mailbox.by_hand(1, "INBOX", "Ferdig")

    assert NOTHING == counted(desk, mailbox)


def test_folders_numbered_anew_are_counted_by_their_bytes(mailbox: Mailbox, desk: Desk) -> None:
    """A new UIDVALIDITY makes no false alarm about what was moved."""
    taken_in(desk, mailbox, held(desk), held(desk))
    mailbox.server.renumber(mailbox.user)

    assert NOTHING == counted(desk, mailbox)


def test_a_maildir_is_counted_too(desk: Desk, tmp_path: Path) -> None:
    """Inbox and `.Ferdig` against the ledger: one passed over, one dragged there, one gone."""
    folder = tmp_path / "mail"
    made = MaildirChannel(folder, 1_000_000)
    for n in range(3):
        deliver(folder, held(desk), LONG_AGO - timedelta(hours=n))
    collect(made, desk.store)
    desk.run()
    settle([made], desk.store)
    assert NOTHING == census([made], desk.store)
    deliver(folder, mail("forbigått"), LONG_AGO)
    deliver(folder, mail("ny"), datetime.now(UTC))
    (folder / ".Ferdig" / "cur" / "1.dratt.hit:2,").write_bytes(mail("dratt hit"))
    next(path for path in (folder / ".Ferdig" / "cur").iterdir() if path.name != "1.dratt.hit:2,").unlink()

    assert Counted(2, 1) == census([made], desk.store)


def test_copies_that_the_school_keeps_may_go(template: Path, tmp_path: Path) -> None:
    """With "leave" the copies are the school's own: one that it deletes is no alarm."""
    desk = open_desk(tmp_path / "home2", template, chosen=settings(retention={"source_copy_days": "leave"}))
    folder = tmp_path / "mail"
    made = MaildirChannel(folder, 1_000_000)
    deliver(folder, held(desk), LONG_AGO)
    collect(made, desk.store)
    desk.run()
    settle([made], desk.store)
    next((folder / ".Ferdig" / "cur").iterdir()).unlink()

    assert NOTHING == census([made], desk.store)
    desk.store.close()


def test_a_scan_folder_is_counted_like_a_mailbox(desk: Desk, tmp_path: Path) -> None:
    """An old scan that no intake took, one of ours that is gone, one among ours that is nobody's; what is new, and what
    was taken and moved, is no difference."""
    folder = tmp_path / "scans"
    folder.mkdir()
    made = ScanFolderChannel(folder, 1_000_000, 0)

    def scan(name: str, moment: datetime = LONG_AGO) -> None:
        (folder / name).write_bytes(held(desk))
        os.utime(folder / name, (moment.timestamp(), moment.timestamp()))

    scan("one.txt")
    scan("two.txt")
    collect(made, desk.store)
    desk.run()
    settle([made], desk.store)
    scan("new.txt", datetime.now(UTC))
    assert NOTHING == census([made], desk.store)
    next((folder / "ferdig").iterdir()).unlink()
    scan("old.txt")
    (folder / "ferdig" / "stray.pdf").write_bytes(b"x")

    assert Counted(2, 1) == census([made], desk.store)


def test_what_cannot_be_counted_is_left_out(desk: Desk, tmp_path: Path) -> None:
    """A folder of .eml is an export that nothing is ever moved in: it is not counted."""
    (tmp_path / "a.eml").write_text("x")

    assert NOTHING == census([EmlFolderChannel(tmp_path, 1_000)], desk.store)


def test_a_server_that_is_down_is_no_zero(mailbox: Mailbox, desk: Desk) -> None:
    """Where the mailbox cannot be reached, nothing is counted and that is said."""
    wire = Wire(mailbox.server.port)
    wire.close()
    mailbox.port = wire.port
    with pytest.raises(OutsideFault):
        census([channel(mailbox)], desk.store)
    assert [] == desk.rows(tables.sightings)


# --- waiting ----------------------------------------------------------------------------------------------------------


def later(box: Mailbox, seconds: float = 0.3) -> threading.Thread:
    """A mail that comes in a moment."""

    def lay() -> None:
        time.sleep(seconds)
        box.lay(mail("ny"))

    thread = threading.Thread(target=lay)
    thread.start()
    return thread


def test_the_server_tells_of_new_mail(mailbox: Mailbox) -> None:
    """The wait ends as soon as a mail comes, long before its time is out."""
    made = channel(mailbox)
    made.mark()
    thread = later(mailbox)

    assert made.wait(30)
    thread.join()
    made.close()


def test_mail_that_came_before_the_wait_ends_it_at_once(mailbox: Mailbox) -> None:
    """What came while an intake was running is not slept over."""
    made = channel(mailbox)
    made.mark()
    mailbox.lay(mail("ny"))

    assert made.wait(30)
    made.mark()
    assert not made.wait(0.2)
    made.close()


def test_without_idle_the_time_is_waited_out(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not tell is asked again when the time is out: mail that came is found then."""
    made = channel(mailbox)
    real = made._session.can
    monkeypatch.setattr(made._session, "can", lambda *names: names != ("IDLE",) and real(*names))
    made.mark()
    thread = later(mailbox, 0.0)

    assert not made.wait(0.5)
    thread.join()
    assert made.wait(0.5)
    made.close()


def test_a_server_that_is_down_is_waited_out_and_tried_again(mailbox: Mailbox) -> None:
    """A wait raises nothing, does not end at once, and the next one finds the server where it is back."""
    port = mailbox.server.port
    wire = Wire(port)
    wire.close()
    mailbox.port = wire.port
    made = channel(mailbox)
    made.mark()
    began = time.monotonic()
    assert not made.wait(0.3)
    assert time.monotonic() - began >= 0.3
    made._chosen = made._session._chosen = mailbox.chosen(port=port)
    mailbox.lay(mail("ny"))

    assert made.wait(0.3)
    made.close()
