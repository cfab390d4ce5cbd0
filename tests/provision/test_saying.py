"""Saying what waits: by a real mail server on loopback, each once; on paper, one sheet each."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import update
from support_store import DAY, TODAY, Desk, Family, add_guardian, column, noon, open_desk, settings

from fixtures import mail
from fixtures.filled import FilledForm
from fixtures.smtp import PASSWORD, USER, MailServer, mail_server
from schemas.answers import Answer
from schemas.errors import ForesattError, NotReady, OutsideFault
from store import audit, guardians, outbox, tables
from store.contact import tell
from tasks.provision import answers
from tasks.provision.answer_letters import answer_letters
from tasks.provision.answers import Said, send, send_where_set_up
from tasks.retain.sweep import sweep


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    """A mail server for all tests of this file."""
    with mail_server(tmp_path_factory.mktemp("smtp")) as made:
        yield made


@pytest.fixture
def server(servers: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """The server with nothing on it yet, and its password where the settings look for it."""
    monkeypatch.setenv("FORESATT_SMTP_PASSWORD", PASSWORD)
    servers.mails.clear()
    servers.envelopes.clear()
    servers.refused.clear()
    servers.hang_up_after = None
    return servers


def smtp(server: MailServer, **more: Any) -> dict[str, Any]:
    """The settings that lead to it."""
    told = {"host": "localhost", "port": server.port, "ca_file": server.ca, "user": USER, "timeout_seconds": 10}
    return {**told, "sender": "Skolen <skjema@skolen.example>", **more}


@pytest.fixture
def office(template: Path, tmp_path: Path, server: MailServer) -> Iterator[Desk]:
    """A desk that has a mail server."""
    chosen = settings(smtp=smtp(server), school={"name": "Testskolen"})
    made = open_desk(tmp_path / "office", template, chosen=chosen)
    yield made
    made.store.close()


def prepare(desk: Desk, *answers: Answer) -> None:
    """Answers of as many submissions."""
    with desk.store.write() as tx:
        for n, answer in enumerate(answers):
            outbox.prepare(tx, f"S-{chr(65 + n) * 26}", [answer])


def by_mail(n: int, **more: Any) -> Answer:
    """An answer by mail."""
    return Answer(1, "mail", "P-" + "A" * 26, email=f"foresatt{n}@hjemme.example", language="nb", **more)


def by_letter(name: str, address: str = "Veien 7, 0001 Oslo") -> Answer:
    """An answer on paper."""
    return Answer(1, "letter", "P-" + "A" * 26, name=name, address=address)


def with_settings(desk: Desk, **more: Any) -> Desk:
    """The same desk with other settings of its mail server."""
    told = desk.store.settings.smtp.model_dump() | more
    desk.store.settings = settings(smtp=told)
    return desk


def refuses(desk: Desk) -> ForesattError:
    """What sending raises, once it is certain that it tells of nobody."""
    with pytest.raises(ForesattError) as fault:
        send(desk.store)
    assert fault.value.__cause__ is None
    assert "hjemme" not in str(fault.value) + fault.value.next_step
    return fault.value


# --- by mail ----------------------------------------------------------------------------------------------------------


def test_each_mail_goes_once(office: Desk, server: MailServer) -> None:
    """Every mail that waits goes to its address; a second run sends nothing, and neither contact nor key is left."""
    prepare(office, by_mail(1), by_mail(2))

    assert [Said(2, 0, 0, 0), Said(0, 0, 0, 0)] == [send(office.store), send(office.store)]
    assert [["foresatt1@hjemme.example"], ["foresatt2@hjemme.example"]] == sorted(to for _, to in server.envelopes)
    assert [None, None] == [row.payload_ct for row in office.rows(tables.outbox)]
    assert [] == office.rows(tables.data_keys, tables.data_keys.c.subject_id.startswith("O-"))
    assert 2 == len(office.rows(tables.audit, tables.audit.c.action == "message_sent"))


def test_a_mail_says_what_may_be_said_and_is_marked_as_automatic(office: Desk, server: MailServer) -> None:
    """The text in the form's language, from the school, to one address without a name, and nothing that would be
    answered by a machine."""
    prepare(office, by_mail(1, codes=("fnr_checksum",)))
    send(office.store)
    (got,) = server.mails
    (text,) = server.bodies()

    assert ("skjema@skolen.example", "auto-replied", "All") == (
        got["From"].addresses[0].addr_spec,
        got["Auto-Submitted"],
        got["X-Auto-Response-Suppress"],
    )
    assert "foresatt1@hjemme.example" == got["To"]
    assert "Mottatt – Testskolen" == got["Subject"]
    assert "Skolen har mottatt" in text
    assert "rette" in text
    assert "The school" not in text
    assert re.fullmatch(r"<O-[A-Z]{26}@skolen\.example>", got["Message-ID"])


def test_a_refused_address_keeps_no_other_from_being_sent(office: Desk, server: MailServer) -> None:
    """The others go; what is refused is tried again on other days, five times, and counted."""
    prepare(office, by_mail(1), by_mail(2), by_mail(3))
    server.refused.add("foresatt2@hjemme.example")

    assert Said(2, 1, 0, 0) == send(office.store)
    assert [Said(0, 1, 0, 0)] * 5 == [send(office.store) for _ in range(5)]
    assert [5] == [row.attempts for row in office.rows(tables.outbox) if row.sent_at is None]


def test_an_address_that_is_none_is_refused_quietly(office: Desk, server: MailServer) -> None:
    """What no mail can be addressed to, or would smuggle in a header, is not sent and raises nothing."""
    for n, bad in enumerate(("x", "a@b\r\nBcc: c@d.example", "", "a@b.example, c@d.example")):
        with office.store.write() as tx:
            outbox.prepare(tx, f"S-{chr(75 + n) * 26}", [Answer(1, "mail", "P-X", email=bad)])

    assert 0 == send(office.store).sent
    assert [] == server.envelopes


def test_a_server_that_hangs_up_is_tried_again(office: Desk, server: MailServer) -> None:
    """It broke after the second mail was handed over and before it was acknowledged: the run is red, the first is not
    sent again, the second is, under the same Message-ID, and no attempt is held against anybody."""
    prepare(office, by_mail(1), by_mail(2), by_mail(3))
    server.hang_up_after = 2
    fault = refuses(office)
    assert (OutsideFault, "smtp_unreachable") == (type(fault), fault.code)
    assert [1, 0, 0] == sorted((row.attempts for row in office.rows(tables.outbox)), reverse=True)

    assert 2 == send(office.store).sent
    ids = [got["Message-ID"] for got in server.mails]
    assert (4, 3) == (len(ids), len(set(ids)))
    assert ids[1] == ids[2]


def test_a_crash_after_sending_sends_that_one_again(
    office: Desk, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: what was sent and not yet written down goes again, under the same Message-ID, and no other."""
    prepare(office, by_mail(1), by_mail(2))
    real = outbox.sent

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "sent", crash)
    with pytest.raises(KeyboardInterrupt):
        send(office.store)
    monkeypatch.setattr(outbox, "sent", real)

    assert 2 == send(office.store).sent
    assert 3 == len(server.mails)
    assert 2 == len({got["Message-ID"] for got in server.mails})


def test_two_runs_at_once_send_once(office: Desk, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that begins while another is sending sends nothing."""
    prepare(office, by_mail(1))
    seen = []
    real = answers.connected

    def meanwhile(*told: Any) -> Any:
        seen.append(send(office.store).sent)
        return real(*told)

    monkeypatch.setattr(answers, "connected", meanwhile)

    assert (1, [0], 1) == (send(office.store).sent, seen, len(server.mails))


def test_a_server_that_cannot_prove_its_name_gets_nothing(office: Desk, server: MailServer) -> None:
    """A certificate of a stranger's, or for another name: no password and no mail leaves."""
    prepare(office, by_mail(1))
    for wrong in ({"ca_file": server.stranger}, {"host": "127.0.0.1", "ca_file": server.ca}):
        assert "smtp_unreachable" == refuses(with_settings(office, **wrong)).code

    assert [] == server.envelopes


def test_a_wrong_password_is_said(office: Desk, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login is refused, and that is what the fault says."""
    prepare(office, by_mail(1))
    monkeypatch.setenv("FORESATT_SMTP_PASSWORD", "feil")

    assert "smtp_login" == refuses(office).code


def test_without_a_mail_server_the_mails_wait(desk: Desk) -> None:
    """Where none is set up nothing is lost; by hand it is said, and the nightly run only counts."""
    prepare(desk, by_mail(1), by_letter("Kari"))

    assert (NotReady, "smtp_off") == (type(refuses(desk)), refuses(desk).code)
    assert Said(0, 0, 1, 0) == send_where_set_up(desk.store)
    assert 2 == sum(row.sent_at is None for row in desk.rows(tables.outbox))


def test_the_notice_of_a_change_and_the_question_go_too(office: Desk, server: MailServer) -> None:
    """What the load step wrote to the contact known before is sent by the same road; with no e-mail address somebody
    has to call."""
    family = office.family()
    with office.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        other = guardians.add(tx, name="x", number=family.father.number, mobile=family.father.mobile, email="")
        guardians.link(tx, family.pupil_id, other, basis="roster", submission="S-T", arrived=noon(TODAY - DAY))
        for kind, who in (("contact_changed", ident), ("refusal_question", ident), ("refusal_question", other)):
            guardian = guardians.read_guardian(tx, who)
            assert guardian is not None
            tell(tx, guardian, kind, f"{kind}:{who}")

    assert Said(2, 0, 0, 1) == send(office.store)
    assert {family.mother.email} == {to for _, recipients in server.envelopes for to in recipients}
    assert {"auto-generated"} == {got["Auto-Submitted"] for got in server.mails}


def test_a_guardians_own_messages_wait_while_the_school_takes_care(office: Desk, server: MailServer) -> None:
    """Where every pupil of a guardian is protected, neither notice nor question goes out."""
    family = office.family()
    with office.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        guardian = guardians.read_guardian(tx, ident)
        assert guardian is not None
        tell(tx, guardian, "contact_changed", "contact_changed:x")
        guardians.suspend(tx, family.pupil_id, ident, "by_school")

    assert Said(0, 0, 0, 0) == send(office.store)


def test_what_nobody_sent_in_thirty_days_is_withdrawn(desk: Desk) -> None:
    """An answer that late says nothing any more: contact and key go with the sweep."""
    prepare(desk, by_mail(1), by_mail(2))
    with desk.store.write() as tx:
        first = desk.rows(tables.outbox)[0].id
        late = update(tables.outbox).where(tables.outbox.c.id == first).values(made_at=noon(TODAY - 400 * DAY))
        tx.connection.execute(late)
    sweep(desk.store)

    assert 1 == sum(row.payload_ct is not None for row in desk.rows(tables.outbox))


# --- on paper ---------------------------------------------------------------------------------------------------------


def sheets(pdf: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def waiting(desk: Desk) -> list[outbox.Message]:
    """What waits."""
    with desk.store.read() as tx:
        return outbox.waiting(tx)


def test_a_letter_is_a_sheet_with_the_address_and_the_text(desk: Desk) -> None:
    """Name and address above, the school's words below, in Norwegian and English where the language is not known."""
    prepare(desk, by_letter("Åse Ødegård", "Veien 7, 0001 Oslo"), by_letter("Łukasz Čapek", "Brua 1"))
    text = sheets(answer_letters(waiting(desk), "Testskolen", TODAY))
    first = next(sheet for sheet in text if "Ødegård" in sheet)

    assert 2 == len(text)
    assert "Åse Ødegård\nVeien 7\n0001 Oslo\n" in first
    assert "Skolen har mottatt" in first
    assert "The school has received" in first
    assert any("ukasz" in sheet and "apek" in sheet for sheet in text)


def test_the_properties_of_the_pdf_name_nobody(desk: Desk) -> None:
    """Whoever sees the file's title, author or dates learns nothing of anybody."""
    prepare(desk, by_letter("Åse Ødegård"))
    told = PdfReader(io.BytesIO(answer_letters(waiting(desk), "Testskolen", TODAY))).metadata or {}

    assert not any("Åse" in str(value) or "Veien" in str(value) for value in told.values())


def test_every_language_and_correction_fits_on_the_sheet(desk: Desk) -> None:
    """With all that can be told in one letter nothing runs off the page."""
    codes = ("fnr_lost_leading_zero", "name_missing", "mobile_invalid", "email_invalid")
    prepare(desk, Answer(1, "letter", "P-X", name="Åse", address="Veien 7", codes=codes))
    (text,) = sheets(answer_letters(waiting(desk), "Testskolen", TODAY))

    assert 2 <= text.count("Testskolen")
    assert text.rstrip().endswith("Testskolen")


def test_the_whole_way_of_a_mail(office: Desk, server: MailServer) -> None:
    """A form by mail, with a wrong number, is read, judged and answered: one mail, to the address on the list, with
    the correction, and no value of hers or of anybody's."""
    family: Family = office.family(lists=("mobile", "email"))
    told = column(family, family.mother, fnr=family.mother.number[:-1])
    raw = mail.plain(FilledForm(told), mail.Letterhead(sender="noen@annet.example"))
    from schemas.documents import Delivery
    from store import ledger

    ledger.take_in(office.store, Delivery("email", "m", noon(TODAY), raw, "message/rfc822"))
    office.run()
    send(office.store)
    (text,) = server.bodies()
    values = [*family.pupil.name.split(), *family.mother.name.split(), *family.father.name.split()]

    assert [family.mother.email] == server.envelopes[0][1]
    assert "11" not in text
    assert [] == [value for value in [*values, family.mother.mobile, told.fnr] if value in text]
    with office.store.read() as tx:
        assert audit.verify(tx) is None
