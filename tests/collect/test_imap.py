"""The mail channel over IMAP, on a real Dovecot: nothing lost, nothing doubled, nobody's mailbox disturbed."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from support_mailbox import NOON, Mailbox, Wire, mail
from support_store import DAY, TODAY, Desk, column, settings

from fixtures.dovecot import PASSWORD
from fixtures.filled import FilledForm, as_lines
from fixtures.mail import Letterhead, plain
from schemas.errors import ForesattError, NotReady, OutsideFault, UsageFault
from store import ledger, tables
from tasks.collect.channels import channels
from tasks.collect.imap import ORDINARY, ImapChannel, Place
from tasks.collect.imap_login import imap_channel
from tasks.collect.step import collect, dispose, settle


def channel(box: Mailbox, *, max_bytes: int = 1_000_000, read_only: bool = False, **more: Any) -> ImapChannel:
    """The channel to a mailbox."""
    email = {"max_bytes": max_bytes, "read_only": read_only}
    return imap_channel(settings(email=email, imap=box.chosen(**more).model_dump()))


def every(made: ImapChannel, known: Callable[[str], bool] = lambda ref: False) -> list[Any]:
    """All that is new, the connection closed."""
    found = list(made.deliveries(known))
    made.close()
    return found


def taken(box: Mailbox, fate: Any = "taken") -> tuple[str, str | None]:
    """The first mail's handle, before and after it was settled."""
    made = channel(box)
    handle = every(made)[0].handle
    return handle, made.settle(handle, fate)


def held(desk: Desk) -> bytes:
    """A mail that a person has to look at: a form with a number, unencrypted."""
    family = desk.family()
    return plain(as_lines(FilledForm(column(family, family.mother))))


def submissions(desk: Desk) -> int:
    """How many there are."""
    return len(desk.rows(tables.submissions))


def code(fault: "pytest.ExceptionInfo[ForesattError]") -> str:
    """The code of what was raised, once it is certain that it tells nothing else."""
    assert fault.value.__cause__ is None
    assert "skolen.example" not in str(fault.value)
    return fault.value.code


# ------------------------------------------------------------------------------------------------------------ reading


def test_mails_come_byte_for_byte_by_time_of_receipt(mailbox: Mailbox) -> None:
    """Each mail's bytes are the server's, its time is the server's receipt, and the oldest comes first."""
    raw = plain("blåbær\nFrom here", Letterhead(date=NOON + timedelta(days=9)))
    mailbox.lay(raw)
    mailbox.lay(mail("eldst"), start=NOON - timedelta(hours=2))

    found = every(channel(mailbox))

    assert [(mail("eldst"), NOON - timedelta(hours=2)), (raw, NOON)] == [(d.content, d.received_at) for d in found]
    assert {("email", "message/rfc822")} == {(d.channel, d.media_type) for d in found}
    assert 2 == len({d.source_ref for d in found} | {d.handle for d in found}) / 2


def test_reading_leaves_no_trace(mailbox: Mailbox) -> None:
    """A mail that was unread is unread after it was fetched, with no flag or keyword that it did not have."""
    mailbox.lay(mail("ulest"))
    every(channel(mailbox))

    assert [set()] == mailbox.flags()


def test_what_is_known_is_not_fetched(mailbox: Mailbox) -> None:
    """Only what the ledger does not know crosses the net; so a mail that a person has read meanwhile is still seen."""
    mailbox.lay(mail("en"), mail("to"))
    first, second = every(channel(mailbox))
    with mailbox.open() as client:
        client.add_flags([2], [b"\\Seen"])

    found = every(channel(mailbox), lambda ref: ref == first.source_ref)

    assert [second.source_ref] == [d.source_ref for d in found]


def test_a_large_mail_is_fetched_one_byte_over_the_bound(mailbox: Mailbox) -> None:
    """Of a mail over the bound no more than is needed to see that crosses the net, and it stays where it lies."""
    mailbox.lay(mail("x" * 5_000), mail("y"))

    large, small = every(channel(mailbox, max_bytes=1_000))

    assert (1_001, None) == (len(large.content), large.handle)
    assert small.handle is not None


def test_mail_from_before_a_day_is_not_looked_at(mailbox: Mailbox) -> None:
    """With `since`, what a general mailbox has gathered over the years is left alone."""
    mailbox.lay(mail("gammel"), start=NOON - timedelta(days=400))
    mailbox.lay(mail("ny"))

    assert [mail("ny")] == [d.content for d in every(channel(mailbox, since=NOON.date()))]


def test_a_mail_that_vanishes_is_passed_over(mailbox: Mailbox) -> None:
    """Somebody deletes a mail between our listing and our fetch: the others come, and nothing is wrong."""
    mailbox.lay(mail("en"), mail("to"), mail("tre"))
    running = channel(mailbox).deliveries(lambda ref: False)
    next(running)
    with mailbox.open() as client:
        client.delete_messages([2])
        client.expunge()

    assert [mail("tre")] == [d.content for d in running]


def test_a_mail_that_the_server_will_not_give_is_an_alarm(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that is listed and not given is asked for twice, the others are taken, and the run is red."""
    mailbox.lay(mail("en"), mail("to"))
    made, asked = channel(mailbox), []
    real = made._session.content

    def withheld(uid: int, most: int) -> bytes | None:
        asked.append(uid)
        return None if uid == 1 else real(uid, most)

    monkeypatch.setattr(made._session, "content", withheld)
    found = []
    with pytest.raises(OutsideFault) as fault:
        found.extend(made.deliveries(lambda ref: False))

    assert ("mail_incomplete", [1, 1, 2]) == (code(fault), asked)


def test_nothing_of_a_mail_is_logged(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    """Also where somebody has turned every log up, neither mail, mailbox nor password is told."""
    caplog.set_level(logging.DEBUG)
    mailbox.lay(mail("Hvalrosshamn"))
    caplog.clear()
    made = channel(mailbox)
    made.settle(every(made)[0].handle, "taken")
    made.close()

    assert [] == [word for word in ("Hvalross", mailbox.user, PASSWORD) if word in caplog.text]
    assert [] == [one.name for one in caplog.records if one.name.startswith("imapclient")]


# ----------------------------------------------------------------------------------------------------------- settling


@pytest.mark.parametrize(("fate", "folder"), [("taken", "Ferdig"), ("person", "Til skolen")])
def test_a_decided_mail_moves_to_its_folder(mailbox: Mailbox, fate: str, folder: str) -> None:
    """What is done goes to one folder, what a person must look at to another, byte for byte and unread."""
    mailbox.lay(mail("skjema"))
    before, after = taken(mailbox, fate)

    assert ([], [mail("skjema")], [set()]) == (mailbox.contents(), mailbox.contents(folder), mailbox.flags(folder))
    assert after is not None
    assert (folder, Place.read(before).digest) == (Place.read(after).folder, Place.read(after).digest)


def test_settling_again_is_harmless(mailbox: Mailbox) -> None:
    """Under its old handle, or its new one, a mail that was moved is found where it lies."""
    mailbox.lay(mail("skjema"))
    before, after = taken(mailbox)
    made = channel(mailbox)

    assert [after, after] == [made.settle(handle, "taken") for handle in (before, after)]
    assert [mail("skjema")] == mailbox.contents("Ferdig")


def test_ordinary_mail_stays_where_it_is_and_unread(mailbox: Mailbox) -> None:
    """Ordinary mail gets a keyword that programs see, and keeps its place, its flags and its being unread."""
    mailbox.lay(mail("ulest"), mail("lest"))
    with mailbox.open() as client:
        client.add_flags([2], [b"\\Seen", b"\\Flagged"])
    made = channel(mailbox)
    for delivery in every(made):
        assert delivery.handle == made.settle(delivery.handle, "ordinary")

    word = ORDINARY.encode()
    assert [{word}, {b"\\Seen", b"\\Flagged", word}] == mailbox.flags()


def test_a_disposed_mail_is_gone_and_no_other(mailbox: Mailbox) -> None:
    """Only the mail itself is deleted, also where a person has marked others for deletion; doing it again is
    harmless."""
    mailbox.lay(mail("skjema"), mail("annet"))
    _, after = taken(mailbox)
    mailbox.lay(mail("merket"), folder="Ferdig")
    with mailbox.open("Ferdig") as client:
        client.delete_messages([2])
    made = channel(mailbox)
    made.dispose(after)
    made.dispose(after)

    assert ([mail("annet")], [mail("merket")]) == (mailbox.contents(), mailbox.contents("Ferdig"))


def test_a_handle_from_before_the_move_deletes_the_moved_mail(mailbox: Mailbox) -> None:
    """A run that was killed between moving and writing it down leaves a handle that still leads to the mail."""
    mailbox.lay(mail("skjema"))
    before, _ = taken(mailbox)
    channel(mailbox).dispose(before)

    assert [] == mailbox.contents("Ferdig")


def test_a_mail_in_the_inbox_is_never_deleted(mailbox: Mailbox) -> None:
    """A mail that was not moved is not deleted by its handle."""
    mailbox.lay(mail("skjema"))
    made = channel(mailbox)
    made.dispose(every(made)[0].handle)

    assert [mail("skjema")] == mailbox.contents()


def test_a_mail_that_a_person_deleted_is_let_go(mailbox: Mailbox) -> None:
    """Where nothing is left of a mail, settling it says so."""
    mailbox.lay(mail("skjema"))
    made = channel(mailbox)
    (found,) = every(made)
    with mailbox.open() as client:
        client.delete_messages([1])
        client.expunge()

    assert [None, None] == [made.settle(found.handle, fate) for fate in ("taken", "ordinary")]


def test_two_workers_move_a_mail_once(mailbox: Mailbox) -> None:
    """Two that settle the same mail at the same time end with one mail and the same handle."""
    mailbox.lay(mail("skjema"))
    one, other = channel(mailbox), channel(mailbox)
    handle = every(one)[0].handle
    place = Place.read(handle)
    other._session.run(lambda: other._session.select("INBOX", writing=True))
    first = one.settle(handle, "taken")

    assert first == other._session.run(lambda: other._settle(place, "taken"))
    assert ([], [mail("skjema")]) == (mailbox.contents(), mailbox.contents("Ferdig"))


def test_read_only_means_nothing_is_touched(mailbox: Mailbox) -> None:
    """A read-only channel hands out no handle, and moves, marks and deletes nothing."""
    mailbox.lay(mail("skjema"))
    handle = every(channel(mailbox))[0].handle
    made = channel(mailbox, read_only=True)
    assert [None] == [d.handle for d in made.deliveries(lambda ref: False)]
    made.settle(handle, "taken")
    made.settle(handle, "ordinary")
    made.dispose(handle)

    assert ([mail("skjema")], [set()]) == (mailbox.contents(), mailbox.flags())


def test_only_a_handle_of_ours_is_followed(mailbox: Mailbox) -> None:
    """What is no handle of this channel is refused before anything is asked of the server."""
    made = channel(mailbox, host="nowhere.invalid")
    for bad in ("", "x", "INBOX\0a\0b\0c\0d", "\0".join("12345") + "\0"):
        with pytest.raises(UsageFault):
            made.settle(bad, "taken")
        with pytest.raises(UsageFault):
            made.dispose(bad)


def test_a_mail_that_cannot_be_moved_keeps_its_handle(mailbox: Mailbox) -> None:
    """Where the server refuses the move, the fault is raised, and the mail is not taken for gone."""
    mailbox.lay(mail("skjema"))
    made = channel(mailbox, done_folder="INBOX/../../x" + "y" * 300)
    with pytest.raises(OutsideFault):
        made.settle(every(made)[0].handle, "taken")

    assert [mail("skjema")] == mailbox.contents()


# ------------------------------------------------------------------------------------------- nothing lost or doubled


def test_a_mailbox_numbered_anew_doubles_nothing(mailbox: Mailbox, desk: Desk) -> None:
    """After its UIDVALIDITY has changed the same mails are known by their bytes, those that were there twice too; only
    the new one is taken in, and the old ones are settled under their new numbers."""
    mailbox.lay(mail("en"), mail("to"))
    mailbox.lay(mail("to"), start=NOON + timedelta(days=1))
    assert 3 == collect(channel(mailbox), desk.store)
    mailbox.server.renumber(mailbox.user)
    mailbox.lay(mail("ny"))
    before = every(channel(mailbox))[0].source_ref

    assert 1 == collect(channel(mailbox), desk.store)
    assert (4, 4 + 3) == (submissions(desk), len(desk.rows(tables.sightings)))
    assert ledger.known(desk.store, "email")(before)
    desk.run()
    settle([channel(mailbox)], desk.store)
    assert 4 == sum(ORDINARY.encode() in one for one in mailbox.flags())


def test_a_handle_outlives_a_new_numbering(mailbox: Mailbox) -> None:
    """Numbered anew, a mail is found by its bytes: moved from the inbox, deleted from the folder of what is done."""
    mailbox.lay(mail("skjema"), mail("samme størrelse"))
    made = channel(mailbox)
    handle = every(made)[0].handle
    mailbox.server.renumber(mailbox.user)
    after = made.settle(handle, "taken")
    made.close()
    assert [mail("skjema")] == mailbox.contents("Ferdig")
    mailbox.server.renumber(mailbox.user)
    made.dispose(after)

    assert [] == mailbox.contents("Ferdig")


def test_a_mail_put_back_by_a_person_is_the_same_delivery(mailbox: Mailbox, desk: Desk) -> None:
    """Moved back to the inbox it has a new number, and is neither taken in twice nor forgotten there."""
    form = held(desk)
    mailbox.lay(form)
    collect(channel(mailbox), desk.store)
    desk.run()
    settle([channel(mailbox)], desk.store)
    mailbox.by_hand(1, "Til skolen", "INBOX")
    assert (0, 1) == (collect(channel(mailbox), desk.store), submissions(desk))
    settle([channel(mailbox)], desk.store)
    assert ([], [form]) == (mailbox.contents(), mailbox.contents("Til skolen"))
    desk.on(TODAY + 7 * DAY)
    dispose([channel(mailbox)], desk.store)

    assert [] == mailbox.contents("Til skolen")


def test_the_same_mail_sent_again_is_a_new_delivery(mailbox: Mailbox, desk: Desk) -> None:
    """The same bytes that arrive once more, at another time, are a new submission: people may change their mind."""
    mailbox.lay(mail("en"))
    assert 1 == collect(channel(mailbox), desk.store)
    mailbox.lay(mail("en"), start=NOON + timedelta(minutes=1))

    assert (1, 2) == (collect(channel(mailbox), desk.store), submissions(desk))


def test_two_fetchers_take_in_each_mail_once(mailbox: Mailbox, desk: Desk) -> None:
    """Two runs that fetch the same mails side by side end with one submission for each."""
    mailbox.lay(*(mail(str(n)) for n in range(4)))
    one, other = (channel(mailbox).deliveries(lambda ref: False) for _ in range(2))
    taken_in = [ledger.take_in(desk.store, d) for pair in zip(one, other, strict=True) for d in pair]

    assert (4, 4) == (submissions(desk), sum(ident is None for ident in taken_in))


@pytest.mark.parametrize("cut_after", [500, 3_000, 9_000, 14_000])
def test_a_cut_connection_loses_and_doubles_nothing(mailbox: Mailbox, desk: Desk, cut_after: int) -> None:
    """Cut at the greeting, at the listing or in the middle of a mail: the run is red, what came whole is in, and the
    next run takes the rest."""
    mailbox.lay(*(mail("x" * 3_000 + str(n)) for n in range(3)))
    wire = Wire(mailbox.server.port)
    wire.cut_after = cut_after
    mailbox.port = wire.port
    with pytest.raises(OutsideFault) as fault:
        collect(channel(mailbox), desk.store)
    assert "mail_source_unreachable" == code(fault)
    before = submissions(desk)

    assert before < 3
    assert 3 - before == collect(channel(mailbox), desk.store)
    assert 3 == submissions(desk)
    wire.close()


def test_a_cut_while_settling_is_made_up_for(mailbox: Mailbox, desk: Desk) -> None:
    """A connection that breaks between two moves leaves the rest for the next run, and each mail lies in one place."""
    forms = [held(desk) for _ in range(6)]
    mailbox.lay(*forms)
    collect(channel(mailbox), desk.store)
    desk.run()
    wire = Wire(mailbox.server.port)
    mailbox.port = wire.port
    made = channel(mailbox)
    made.probe()
    wire.cut_after = wire.passed + 900
    with pytest.raises(OutsideFault):
        settle([made], desk.store)
    settle([channel(mailbox)], desk.store)

    assert ([], set(forms)) == (mailbox.contents(), set(mailbox.contents("Til skolen")))
    assert 6 == len(mailbox.contents("Til skolen"))
    assert [True] * 6 == [row.settled_at is not None for row in desk.rows(tables.sightings)]
    wire.close()


def test_a_full_disk_loses_nothing(mailbox: Mailbox, desk: Desk) -> None:
    """When the store's disk is full the run is red and the mailbox untouched; with room again everything comes in."""
    mailbox.lay(*(mail(str(n) * 60_000) for n in range(4)))
    desk.store.engine.dispose()
    pages = []

    def limit(connection: Any, _record: object) -> None:
        size = connection.execute("PRAGMA page_count").fetchone()[0]
        pages.append(connection.execute(f"PRAGMA max_page_count = {size + 40}").fetchone()[0])

    event.listen(desk.store.engine, "connect", limit)
    with pytest.raises(OutsideFault) as fault:
        collect(channel(mailbox), desk.store)
    assert "store_unavailable" == code(fault)
    assert pages
    assert ([set()] * 4, 4) == (mailbox.flags(), len(mailbox.contents()))
    event.remove(desk.store.engine, "connect", limit)
    desk.store.engine.dispose()
    before = submissions(desk)

    assert before < 4
    assert 4 - before == collect(channel(mailbox), desk.store)


def test_the_mailbox_is_touched_only_once_it_is_decided(mailbox: Mailbox, desk: Desk) -> None:
    """The whole way: taken in and left, decided and moved by what became of it, deleted after seven days; ordinary
    mail stays."""
    family = desk.family()
    refused = plain(as_lines(FilledForm(column(family, family.mother, fnr="", refused=True))))
    form = held(desk)
    mailbox.lay(refused, form, mail("Velkommen"))
    collect(channel(mailbox), desk.store)
    assert (0, 3) == (settle([channel(mailbox)], desk.store), len(mailbox.contents()))
    desk.run()
    settle([channel(mailbox)], desk.store)
    folders = [mailbox.contents(name) for name in ("INBOX", "Ferdig", "Til skolen")]
    assert [[mail("Velkommen")], [refused], [form]] == folders
    dispose([channel(mailbox)], desk.store)
    assert [[], [form]] == [mailbox.contents(name) for name in ("Ferdig", "Til skolen")]
    desk.on(TODAY + 7 * DAY)
    dispose([channel(mailbox)], desk.store)

    assert ([mail("Velkommen")], []) == (mailbox.contents(), mailbox.contents("Til skolen"))
    assert 0 == collect(channel(mailbox), desk.store)


# ------------------------------------------------------------------------------------------------------------- login


def test_a_server_that_cannot_prove_its_name_gets_no_password(mailbox: Mailbox) -> None:
    """A certificate of another authority, or for another name, ends the connection before the login."""
    for wrong in ({"ca_file": mailbox.server.stranger}, {"host": "127.0.0.1"}, {"ca_file": None}):
        with pytest.raises(OutsideFault) as fault:
            every(channel(mailbox, **wrong))
        assert "mail_certificate" == code(fault)


def test_a_wrong_password_is_said_to_be_wrong(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault names neither the mailbox nor the password."""
    monkeypatch.setenv("FORESATT_IMAP_PASSWORD", "feil")
    with pytest.raises(OutsideFault) as fault:
        every(channel(mailbox))

    assert "mail_login" == code(fault)


def test_the_password_may_lie_in_a_file_of_ones_own(mailbox: Mailbox, tmp_path: Path) -> None:
    """A file that only its owner can read holds it; one that others can read is not used."""
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n", "utf-8")
    file.chmod(0o600)
    mailbox.lay(mail("skjema"))
    assert 1 == len(every(channel(mailbox, password_file=file)))
    file.chmod(0o640)
    with pytest.raises(NotReady) as fault:
        every(channel(mailbox, password_file=file))

    assert "password_readable" == code(fault)


def test_no_password_at_all_is_said(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither file nor variable: the message says what to set."""
    monkeypatch.delenv("FORESATT_IMAP_PASSWORD")
    with pytest.raises(NotReady) as fault:
        every(channel(mailbox))

    assert "no_password" == code(fault)
    assert "FORESATT_IMAP_PASSWORD" in fault.value.next_step


def test_a_server_that_is_down_is_not_waited_for_again_and_again(mailbox: Mailbox) -> None:
    """Once it could not be reached, a run asks no more: a hundred mails to settle do not wait a hundred times."""
    mailbox.lay(mail("skjema"))
    handle = every(channel(mailbox))[0].handle
    wire = Wire(mailbox.server.port)
    wire.close()
    mailbox.port = wire.port
    made = channel(mailbox)
    faults = []
    for _ in range(3):
        with pytest.raises(OutsideFault) as fault:
            made.settle(handle, "taken")
        faults.append(fault.value)

    assert faults[0] is faults[1] is faults[2]


def test_a_folder_that_is_not_there_is_said(mailbox: Mailbox) -> None:
    """A folder's name that is wrong is no empty folder."""
    with pytest.raises(OutsideFault) as fault:
        every(channel(mailbox, folder="Skjema"))

    assert "mail_folder" == code(fault)


def test_the_settings_choose_the_channel(mailbox: Mailbox, desk: Desk, tmp_path: Path) -> None:
    """A host leads to the server, and a source of files that is named goes before it."""
    (tmp_path / "export").mkdir()
    told = {"imap": mailbox.chosen().model_dump()}
    (on_server,) = channels(settings(**told), desk.house.home, "email")
    (on_files,) = channels(settings(**told, email={"source": tmp_path / "export"}), desk.house.home, "email")

    assert (ImapChannel, False) == (type(on_server), isinstance(on_files, ImapChannel))


def test_the_probe_says_what_is_there(mailbox: Mailbox) -> None:
    """`foresatt check` logs in, sees what the server can do, and counts what lies in the folder."""
    mailbox.lay(mail("en"), mail("to"))
    made = channel(mailbox)

    assert "logs in, tells of new mail, 2 in the folder" == made.probe()
    made.close()
