"""The Digipost inbox over real HTTP on loopback, against a stand-in that checks and signs as Digipost does."""

import itertools
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fixtures.digipost import DigipostStandIn, Letter, make_key_file
from fixtures.digipost_http import Fault
from schemas.documents import Delivery
from schemas.errors import ForesattError, NotReady, OutsideFault, UsageFault
from schemas.settings import Digipost, Settings
from tasks.collect.digipost import DigipostChannel, digipost_channel, read_key
from tasks.collect.digipost_http import DigipostClient
from tasks.collect.digipost_wire import SignedRequests

BROKER, SENDER = 9999, 1000
SPRING = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def nothing(_ref: str) -> bool:
    return False


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "digipost.pem"
    make_key_file(path)
    return path


@pytest.fixture(scope="module")
def keys(key_file: Path) -> dict[str, rsa.RSAPrivateKey]:
    """Making and reading keys is the slow part, so the tests share them."""
    made = {name: rsa.generate_private_key(65537, 2048) for name in ("server", "another")}
    return {"client": read_key(key_file), **made}


@pytest.fixture
def standin(keys: dict[str, rsa.RSAPrivateKey]) -> Iterator[DigipostStandIn]:
    with DigipostStandIn(BROKER, SENDER, keys["client"].public_key(), keys["server"]) as server:
        yield server


class Inbox:
    """The channel as the settings make it, but with pauses that are written down instead of waited for."""

    def __init__(self, standin: DigipostStandIn, key: rsa.RSAPrivateKey) -> None:
        self.standin = standin
        self.key = key
        self.pauses: list[float] = []
        self.hosts: tuple[str, ...] = (standin.content_host,)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.broker = BROKER
        self.max_bytes = 1000
        self.page = 100

    def client(self) -> DigipostClient:
        auth = SignedRequests(self.broker, self.key, self.now)
        return DigipostClient(self.standin.url, auth, self.hosts, 5.0, self.now, self.pauses.append)

    def channel(self) -> DigipostChannel:
        return DigipostChannel(self.client(), SENDER, self.max_bytes, self.page)

    def take(self, known: Callable[[str], bool] = nothing) -> tuple[list[Delivery], ForesattError | None]:
        """One run: what was handed over, and the fault that ended it."""
        found: list[Delivery] = []
        try:
            for one in self.channel().deliveries(known):
                found.append(one)
        except OutsideFault as fault:
            return found, fault
        return found, None

    def paths(self, what: str) -> list[str]:
        return [request.path for request in self.standin.requests if what in request.path]


@pytest.fixture
def inbox(standin: DigipostStandIn, keys: dict[str, rsa.RSAPrivateKey]) -> Inbox:
    return Inbox(standin, keys["client"])


def letters(count: int) -> list[Letter]:
    return [Letter(b"%%PDF %d" % n, f"Brev {n}", delivered_at=SPRING + timedelta(hours=n)) for n in range(count)]


def code(fault: ForesattError | None) -> str:
    return fault.code if fault else ""


# --- the inbox --------------------------------------------------------------------------------------------------------


def test_the_whole_inbox_comes_oldest_first(standin: DigipostStandIn, key_file: Path) -> None:
    """Each letter is a delivery, with its bytes, kind, subject, arrival and id, in the order of arrival."""
    ids = standin.add(*letters(3)[::-1], Letter(b"note", "", media_type="text/plain", delivered_at=SPRING))
    chosen = Digipost(
        url=standin.url, broker_id=BROKER, sender_id=SENDER, key_file=key_file, content_hosts=(standin.content_host,)
    )

    found = list(digipost_channel(Settings(digipost=chosen)).deliveries(nothing))

    assert [ids[2], ids[3], ids[1], ids[0]] == [one.source_ref for one in found]
    assert [b"%PDF 0", b"note", b"%PDF 1", b"%PDF 2"] == [one.content for one in found]
    assert ["application/pdf", "text/plain", "application/pdf", "application/pdf"] == [one.media_type for one in found]
    assert ["Brev 0", "", "Brev 1", "Brev 2"] == [one.name for one in found]
    assert [SPRING + timedelta(hours=n) for n in (0, 0, 1, 2)] == [one.received_at for one in found]
    assert {"digipost"} == {one.channel for one in found}


@pytest.mark.parametrize("links", ["link", "uri", "relative", "both"])
@pytest.mark.parametrize("namespace", [True, False])
def test_links_in_every_form_are_followed(inbox: Inbox, links: str, namespace: bool) -> None:
    """With `link` or the older elements, absolute or relative, with or without a namespace, letters come and go."""
    inbox.standin.links = links  # type: ignore[assignment]
    inbox.standin.namespace = namespace
    inbox.standin.add(*letters(1))

    (found,), fault = inbox.take()

    assert fault is None
    assert found.handle == f"/{SENDER}/inbox/{found.source_ref}"
    inbox.channel().dispose(found.handle)
    assert [] == inbox.standin.documents


def test_an_empty_inbox_gives_nothing(inbox: Inbox) -> None:
    """Nothing there is no fault."""
    assert ([], None) == inbox.take()


def test_what_is_known_is_not_fetched_again(inbox: Inbox) -> None:
    """A known letter's content is not asked for, which would mark it as opened, and the listing alone never does."""
    old, new = inbox.standin.add(*letters(2))

    found, fault = inbox.take(lambda ref: ref == old)

    assert ([new], None) == ([one.source_ref for one in found], fault)
    assert [f"/{SENDER}/inbox/{new}/content"] == inbox.paths("/content")
    opened = {one.id: one.first_accessed for one in inbox.standin.documents}
    assert opened[old] is None
    assert opened[new] is not None


@pytest.mark.parametrize(("count", "offsets"), [(5, [0, 2, 4]), (4, [0, 2, 4]), (1, [0])])
def test_pages_are_read_until_a_short_one(inbox: Inbox, count: int, offsets: list[int]) -> None:
    """The list has no total and no next link: a page shorter than asked for is the last."""
    ids = inbox.standin.add(*letters(count))
    inbox.page = 2

    found, _ = inbox.take()

    assert ids == [one.source_ref for one in found]
    assert [f"/{SENDER}/inbox?offset={offset}&limit=2" for offset in offsets] == inbox.paths("offset")


def test_letters_that_arrive_between_pages_are_neither_lost_nor_doubled(inbox: Inbox) -> None:
    """New letters push others on to the next page; this run takes each old one once, the next run the new ones."""
    ids = inbox.standin.add(*letters(5))
    late: list[str] = []

    def arrive(offset: int) -> None:
        if offset and len(late) < 3:
            late.extend(inbox.standin.add(Letter(b"late", delivered_at=SPRING + timedelta(days=1 + len(late)))))

    inbox.page = 2
    inbox.standin.on_list = arrive
    first, fault = inbox.take()
    taken = [one.source_ref for one in first]

    assert fault is None
    assert ids == taken
    assert 3 == len(late)
    second, _ = inbox.take(set(taken).__contains__)
    assert late == [one.source_ref for one in second]


def test_a_letter_that_a_deletion_hid_comes_in_the_next_run(inbox: Inbox) -> None:
    """Somebody deletes between two pages and one letter slips through the gap: it is found later, since known letters
    do not end the reading of the list."""
    ids = inbox.standin.add(*letters(4))
    inbox.page = 2

    def delete(offset: int) -> None:
        if offset == 2:
            inbox.standin.remove(ids[3])

    inbox.standin.on_list = delete
    first = [one.source_ref for one in inbox.take()[0]]
    assert ids[1] not in first

    inbox.standin.on_list = None
    second = [one.source_ref for one in inbox.take(set(first).__contains__)[0]]

    assert [ids[1]] == second


def test_a_list_without_an_end_is_given_up(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that repeats the same page for ever cannot keep a run busy for ever."""
    monkeypatch.setattr("tasks.collect.digipost.MAX_PAGES", 3)
    inbox.standin.add(*letters(1))
    inbox.page = 1

    def grow(_offset: int) -> None:
        inbox.standin.add(Letter(b"more"))

    inbox.standin.on_list = grow

    found, fault = inbox.take()

    assert ([], "digipost_endless") == (found, code(fault))


# --- attachments and deleting -----------------------------------------------------------------------------------------


def family() -> Letter:
    return Letter(b"cover", "Brev", attachments=(Letter(b"form", "Skjema"), Letter(b"more", "Mer")))


def test_each_attachment_is_a_delivery_of_its_own(inbox: Inbox) -> None:
    """A letter and what is attached to it come one after the other, each under its own id."""
    inbox.standin.add(family())

    found, fault = inbox.take()

    assert fault is None
    assert [b"cover", b"form", b"more"] == [one.content for one in found]
    assert ["Brev", "Skjema", "Mer"] == [one.name for one in found]
    assert 3 == len({one.source_ref for one in found})


def test_an_attachment_is_deleted_with_its_letter(inbox: Inbox) -> None:
    """The API cannot delete an attachment alone, so its handle is the letter's, and one deletion is enough."""
    inbox.standin.add(family())
    found, _ = inbox.take()
    channel = inbox.channel()

    for one in found:
        assert one.handle is not None
        assert one.handle == channel.settle(one.handle, "taken")
        channel.dispose(one.handle)

    assert [] == inbox.standin.documents


def test_a_letter_is_not_deleted_before_every_part_is_in_hand(inbox: Inbox) -> None:
    """While one attachment cannot be fetched, no part gets a handle; the next run brings the part, with one."""
    (ident,) = inbox.standin.add(family())
    missing = inbox.standin.documents[0].attachments[0].id
    inbox.standin.fail("html", path=f"/{missing}/content")

    first, fault = inbox.take()

    assert "digipost_incomplete" == code(fault)
    assert [b"cover", b"more"] == [one.content for one in first]
    assert [None, None] == [one.handle for one in first]
    second, fault = inbox.take({one.source_ref for one in first}.__contains__)
    assert fault is None
    assert [(missing, f"/{SENDER}/inbox/{ident}")] == [(one.source_ref, one.handle) for one in second]


def test_settling_leaves_the_letter_as_it_is(inbox: Inbox) -> None:
    """Digipost has nowhere to move a letter to: taken or ordinary, it stays where it is."""
    inbox.standin.add(*letters(1))
    channel = inbox.channel()
    before = len(inbox.standin.requests)

    assert ["/1000/inbox/1001"] * 2 == [channel.settle("/1000/inbox/1001", fate) for fate in ("taken", "ordinary")]
    assert before == len(inbox.standin.requests)
    assert 1 == len(inbox.standin.documents)


def test_deleting_again_is_harmless(inbox: Inbox) -> None:
    """A letter that is gone already is what was wanted."""
    (ident,) = inbox.standin.add(*letters(1))

    inbox.channel().dispose(f"/{SENDER}/inbox/{ident}")
    inbox.channel().dispose(f"/{SENDER}/inbox/{ident}")

    assert [] == inbox.standin.documents


@pytest.mark.parametrize("fault", ["drop", "drop_after", "http_500", "http_503"])
def test_a_deletion_whose_answer_was_lost_is_tried_again(inbox: Inbox, fault: Fault) -> None:
    """Whether the first try got through or not, the letter is gone and the run goes on."""
    first, second = inbox.standin.add(*letters(2))
    inbox.standin.fail(fault, path=f"/inbox/{first}")

    inbox.channel().dispose(f"/{SENDER}/inbox/{first}")

    assert [second] == [one.id for one in inbox.standin.documents]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("html", "digipost_general_error"),
        ("empty", "digipost_general_error"),
        ("unsigned", "digipost_server_signature_error"),
        ("wrong_signature", "digipost_server_signature_error"),
        ("stale_date", "digipost_answer_date"),
    ],
)
def test_a_deletion_counts_only_with_a_sound_answer(inbox: Inbox, fault: Fault, expected: str) -> None:
    """An error, or an answer that need not be Digipost's, is no proof that a letter is gone: also a 404 without one."""
    inbox.standin.add(*letters(1))
    inbox.standin.fail(fault, path="/inbox/4711")

    with pytest.raises(OutsideFault, match=expected):
        inbox.channel().dispose(f"/{SENDER}/inbox/4711")


def test_only_a_handle_of_ours_is_deleted(inbox: Inbox) -> None:
    """A handle that is no plain path is refused before anything is sent."""
    for bad in ("", "/", "1000/inbox/1", "https://x/1000", "/1000/../1", "/1000?x", "//x/1000"):
        with pytest.raises(UsageFault):
            inbox.channel().dispose(bad)

    assert [] == inbox.standin.requests


# --- who asks ---------------------------------------------------------------------------------------------------------


def test_a_key_that_is_not_registered_is_turned_away(inbox: Inbox, keys: dict[str, rsa.RSAPrivateKey]) -> None:
    """The server's refusal comes through as its code, without the text, which repeats what was signed."""
    inbox.key = keys["another"]

    found, fault = inbox.take()

    assert ([], "digipost_invalid_signature") == (found, code(fault))
    assert "START" not in repr(fault)
    assert [] == inbox.paths("offset")


def test_another_account_is_turned_away(inbox: Inbox) -> None:
    """An account that Digipost does not know for this key gets nothing."""
    inbox.broker = 1

    assert "digipost_unknown_user_id" == code(inbox.take()[1])


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_clock_that_is_wrong_is_said_to_be(inbox: Inbox, minutes: int) -> None:
    """When our clock is off, Digipost refuses the date, and that code reaches the administrator."""
    inbox.now = lambda: datetime.now(UTC) + timedelta(minutes=minutes)

    assert "digipost_date_header_outside_accepted_interval" == code(inbox.take()[1])


def test_the_stand_in_is_strict(standin: DigipostStandIn, keys: dict[str, rsa.RSAPrivateKey]) -> None:
    """It refuses what Digipost refuses, with the codes that Digipost uses, and shows the string it expected."""
    auth = SignedRequests(BROKER, keys["client"], lambda: datetime.now(UTC))

    def ask(path: str, without: str = "", method: str = "GET", body: bytes = b"", **changed: str) -> httpx.Response:
        request = httpx.Request(method, standin.url + path, content=body or None)
        signed = next(auth.auth_flow(request))
        for name, value in changed.items():
            signed.headers[name.replace("_", "-")] = value
        if without:
            del signed.headers[without]
        with httpx.Client(trust_env=False) as client:
            return client.send(signed)

    def said(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, (re.findall(r"error-code>(\w+)<", answer.text) or [""])[0]

    assert (400, "INVALID_QUERY_PARAMETER") == said(ask("/1000/inbox?offset=0&limit=1001"))
    assert (400, "INVALID_QUERY_PARAMETER") == said(ask("/1000/inbox?offset=x"))
    assert (200, "") == said(ask("/1000/inbox?offset=0&limit=1000"))
    assert (400, "MISSING_DATE_HEADER") == said(ask("/", without="Date"))
    assert (400, "INVALID_DATE_HEADER") == said(ask("/", Date="now"))
    assert (403, "MISSING_SIGNATURE") == said(ask("/", without="X-Digipost-Signature"))
    assert (400, "MISSING_SHA256") == said(ask("/", method="POST", body=b"x", without="X-Content-SHA256"))
    assert (400, "INVALID_SHA256") == said(ask("/", method="POST", body=b"x", X_Content_SHA256="AAAA"))
    assert (403, "ILLEGAL_ACCESS") == said(ask("/2000/inbox"))
    assert (404, "DOCUMENT_NOT_FOUND") == said(ask("/1000/inbox/1/content"))
    refused = ask("/1000/Inbox?Limit=1", X_Digipost_Signature="AAAA")
    assert (403, "INVALID_SIGNATURE") == said(refused)
    echo = refused.text.partition("===START===")[2].partition("===SLUTT===")[0]
    assert re.fullmatch(r"GET\n/1000/inbox\ndate: .* GMT\nx-digipost-userid: 9999\nlimit=1\n", echo)


# --- who answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/inbox?", "/1000"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("tampered", "digipost_answer_hash"),
        ("no_hash", "digipost_answer_hash"),
        ("wrong_signature", "digipost_server_signature_error"),
        ("stale_date", "digipost_answer_date"),
        ("html", "digipost_general_error"),
        ("empty", "digipost_general_error"),
    ],
)
def test_an_answer_that_is_not_sound_is_not_believed(inbox: Inbox, fault: Fault, expected: str, path: str) -> None:
    """Tampered, badly signed, old or not even XML: nothing is handed over, and the fault says what it was."""
    inbox.standin.add(*letters(2))
    inbox.standin.fail(fault, path=path)

    found, raised = inbox.take()

    assert ([], expected) == (found, code(raised))


def test_an_unsigned_list_is_not_believed(inbox: Inbox) -> None:
    """A list without a signature is nobody's list."""
    inbox.standin.fail("unsigned", path="/inbox?")

    assert "digipost_server_signature_error" == code(inbox.take()[1])


def test_the_key_for_checking_is_fetched_anew_once(inbox: Inbox) -> None:
    """Digipost may change its certificate while we run; a check that still fails then is a failed check."""
    inbox.standin.add(*letters(2))
    channel = inbox.channel()
    assert 2 == len(list(channel.deliveries(nothing)))

    inbox.standin.rotate_certificate()
    inbox.standin.requests.clear()

    assert 2 == len(list(channel.deliveries(nothing)))
    assert 1 == [request.path for request in inbox.standin.requests].count("/")
    inbox.standin.requests.clear()
    inbox.standin.fail("wrong_signature", path="/inbox?")
    with pytest.raises(OutsideFault, match="digipost_server_signature_error"):
        list(channel.deliveries(nothing))
    assert 1 == [request.path for request in inbox.standin.requests].count("/")


@pytest.mark.parametrize("fault", ["tampered", "no_hash", "wrong_signature", "stale_date", "html", "empty", "unsigned"])
@pytest.mark.parametrize("direct", [True, False])
def test_one_bad_document_does_not_stop_the_others(inbox: Inbox, fault: Fault, direct: bool) -> None:
    """The others are handed over, the run shows red, and the next run brings the one that is missing."""
    if fault in ("tampered", "no_hash") and not direct:
        fault = "wrong_signature"  # a redirect has no body that could be tampered with
    inbox.standin.direct = direct
    ids = inbox.standin.add(*letters(3))
    inbox.standin.fail(fault, path=f"/{ids[1]}/content")

    first, raised = inbox.take()

    assert ([ids[0], ids[2]], "digipost_incomplete") == ([one.source_ref for one in first], code(raised))
    second, raised = inbox.take({one.source_ref for one in first}.__contains__)
    assert ([ids[1]], None) == ([one.source_ref for one in second], raised)


def test_an_unusable_entry_of_the_list_does_not_stop_the_others(inbox: Inbox) -> None:
    """An entry without links is counted, and the rest is taken."""
    ids = inbox.standin.add(*letters(3))
    inbox.standin.linkless.add(ids[0])

    found, raised = inbox.take()

    assert (ids[1:], "digipost_incomplete") == ([one.source_ref for one in found], code(raised))


def test_an_unusable_attachment_shows_and_keeps_its_letter(inbox: Inbox) -> None:
    """What can be read is taken, the letter is not deleted, and the run shows red."""
    inbox.standin.add(family())
    inbox.standin.linkless.add(inbox.standin.documents[0].attachments[1].id)

    found, raised = inbox.take()

    assert ([b"cover", b"form"], "digipost_incomplete") == ([one.content for one in found], code(raised))
    assert {None} == {one.handle for one in found}


# --- content ----------------------------------------------------------------------------------------------------------


def test_content_may_come_straight_from_the_api(inbox: Inbox) -> None:
    """A direct answer, checked like any other, does as well as a redirect."""
    inbox.standin.direct = True
    inbox.standin.add(*letters(1))

    (found,), fault = inbox.take()

    assert (b"%PDF 0", None) == (found.content, fault)
    assert [] == inbox.standin.content_headers


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("Application/PDF; charset=utf-8", "application/pdf"),
        ("text/plain", "text/plain"),
        ("txt", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("a/b\u00e6", "application/octet-stream"),
    ],
)
def test_the_kind_is_what_the_content_comes_as(inbox: Inbox, stated: str, expected: str) -> None:
    """A media type without its parameters; what is none (the field is free text) says nothing."""
    inbox.standin.add(Letter(b"x", media_type=stated))

    (found,), _ = inbox.take()

    assert expected == found.media_type


@pytest.mark.parametrize("path", ["/inbox?", "/content"])
def test_an_answer_in_chunks_is_checked_like_any_other(inbox: Inbox, path: str) -> None:
    """Without a stated length the hash is compared all the same."""
    inbox.standin.direct = True
    inbox.standin.add(*letters(1))
    inbox.standin.fail("chunked", path=path)

    found, fault = inbox.take()

    assert ([b"%PDF 0"], None) == ([one.content for one in found], fault)


def test_a_packed_answer_is_refused(inbox: Inbox) -> None:
    """We ask for answers as they are; one that is packed could unpack to any size."""
    inbox.standin.fail("gzip", path="/inbox?")

    assert "digipost_answer_encoding" == code(inbox.take()[1])


def test_an_answer_that_drags_on_is_given_up(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body has a time for the whole of it, besides the time-out for each read."""
    monkeypatch.setattr("tasks.collect.digipost_http.BODY_TIMEOUTS", -1)

    assert "digipost_slow" == code(inbox.take()[1])


def test_nothing_of_ours_is_sent_to_the_content_host(inbox: Inbox) -> None:
    """The one-time token is all that the content host gets: no signature, account, hash, date or cookie."""
    inbox.standin.add(*letters(1))
    inbox.take()

    (headers,) = inbox.standin.content_headers
    assert {"host", "accept", "accept-encoding", "connection", "user-agent"} == headers


def test_a_token_serves_once(inbox: Inbox) -> None:
    """The stand-in gives content once for a token of 128 hex digits."""
    inbox.standin.add(*letters(1))
    auth = SignedRequests(BROKER, inbox.key, inbox.now)
    with httpx.Client(trust_env=False) as client:
        where = client.get(f"{inbox.standin.url}/1000/inbox/1001/content", auth=auth).headers["Location"]

        assert re.search(r"/documents/1001\?token=[0-9a-f]{128}&download=false\Z", where)
        assert [200, 403] == [client.get(where).status_code for _ in range(2)]


def test_an_expired_token_is_no_content(inbox: Inbox) -> None:
    """A token is asked for anew a few times; when all are too late, the letter is left for the next run."""
    (ident,) = inbox.standin.add(*letters(1))
    inbox.standin.token_seconds = 0.0

    found, fault = inbox.take()

    assert ([], "digipost_incomplete") == (found, code(fault))
    assert 3 == len(inbox.paths(f"/{ident}/content"))
    inbox.standin.token_seconds = 30.0
    assert 1 == len(inbox.take()[0])


@pytest.mark.parametrize("fault", ["http_500", "drop"])
def test_a_content_host_that_stumbles_is_asked_again_with_a_new_token(inbox: Inbox, fault: Fault) -> None:
    """A one-time URL is never tried twice: the API is asked for another."""
    (ident,) = inbox.standin.add(*letters(1))
    inbox.standin.fail(fault, path="/documents/")

    found, raised = inbox.take()

    assert ([b"%PDF 0"], None) == ([one.content for one in found], raised)
    assert 2 == len(inbox.paths(f"/{ident}/content"))


@pytest.mark.parametrize(
    "where",
    [
        "http://localhost:{port}/documents/1?token=x",
        "http://127.0.0.1.example/documents/1",
        "http://example.no/documents/1",
        "https://example.no/documents/1",
        "https://evildigipostdata.no/documents/1",
        "https://digipostdata.no.example/documents/1",
        "http://www.digipostdata.no/documents/1",
        "https://user:pass@www.digipostdata.no/documents/1",
        "http://x@127.0.0.1:{port}/documents/1",
        "ftp://127.0.0.1/documents/1",
        "file:///etc/hostname",
        "/documents/1",
        "//127.0.0.1:{port}/documents/1",
    ],
)
def test_content_is_fetched_only_where_the_settings_allow(inbox: Inbox, where: str) -> None:
    """One hop, to a host of the list, over TLS or on this machine: anywhere else nothing is asked."""
    inbox.hosts = ("127.0.0.1", "digipostdata.no")
    inbox.standin.add(*letters(1))
    inbox.standin.redirect_to = where.replace("{port}", inbox.standin.content_url.rpartition(":")[2])

    found, fault = inbox.take()

    assert ([], "digipost_incomplete") == (found, code(fault))
    assert [] == inbox.pauses, "refused, not tried"
    assert [] == inbox.standin.content_headers


@pytest.mark.parametrize("where", ["https://[::1/", "https://www.digipostdata.no:port/", "https://\u2603\u0301..no/"])
def test_a_redirect_to_no_address_at_all_is_one_letters_fault(inbox: Inbox, where: str) -> None:
    """Nonsense in the place of a one-time URL leaves that letter for the next run, and nothing else happens."""
    ids = inbox.standin.add(*letters(1))
    inbox.standin.redirect_to = where

    found, fault = inbox.take()

    assert ([], "digipost_incomplete") == (found, code(fault))
    assert f"/{ids[0]}/content" in inbox.paths("/content")[0]


def test_a_second_redirect_is_not_followed(inbox: Inbox) -> None:
    """The content host cannot send us on, not even to a host that we know."""
    inbox.standin.add(*letters(1))
    inbox.standin.fail("redirect", times=3, path="/documents/")

    found, fault = inbox.take()

    assert ([], "digipost_incomplete") == (found, code(fault))
    assert 3 == len(inbox.standin.content_headers)
    assert {f"/{SENDER}", f"/{SENDER}/inbox", "/"} == {
        request.path.partition("?")[0] for request in inbox.standin.requests if "content" not in request.path
    }
    assert 1 == [request.path for request in inbox.standin.requests].count("/"), "for the certificate only"


@pytest.mark.parametrize("direct", [True, False])
def test_no_more_than_a_byte_above_the_limit_is_read(inbox: Inbox, direct: bool) -> None:
    """An oversized document is cut where it shows as too large, its letter is never deleted, the next one is taken."""
    inbox.standin.direct = direct
    inbox.standin.add(
        Letter(b"x" * 5_000_000, delivered_at=SPRING, attachments=(Letter(b"small"),)),
        *letters(2)[1:],
        Letter(b"y" * 1000),
    )

    found, fault = inbox.take()

    assert fault is None
    assert [1001, 5, 6, 1000] == [len(one.content) for one in found]
    assert [False, False, True, True] == [one.handle is not None for one in found]


def test_a_huge_body_is_not_read_to_its_end(inbox: Inbox) -> None:
    """We hang up as soon as the limit is passed, however much more the other side would send."""
    inbox.standin.add(*letters(1))
    inbox.standin.fail("endless", path="/documents/")

    (found,), _ = inbox.take()

    assert 1001 == len(found.content)
    assert not inbox.standin.sent_whole


@pytest.mark.parametrize("fault", ["tampered", "wrong_signature"])
def test_a_hash_or_signature_of_the_content_host_must_hold_where_there_is_one(inbox: Inbox, fault: Fault) -> None:
    """The content host need not send them, but false ones are a bad sign."""
    inbox.standin.add(*letters(1))
    inbox.standin.fail(fault, path="/documents/")

    found, raised = inbox.take()

    assert ([], "digipost_incomplete") == (found, code(raised))


def test_a_letter_that_outgrows_memory_is_handed_over_bit_by_bit(inbox: Inbox) -> None:
    """More parts than are held together come all the same, and then the letter is not deleted."""
    inbox.max_bytes = 100
    inbox.standin.add(Letter(b"a" * 100, attachments=tuple(Letter(b"%d" % n * 100) for n in range(9))))

    found, fault = inbox.take()

    assert fault is None
    assert 10 == len(found)
    assert {None} == {one.handle for one in found}


# --- faults that pass -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["http_500", "http_503", "drop"])
@pytest.mark.parametrize("path", ["/1000", "/inbox?", "/content"])
def test_a_passing_fault_is_waited_out(inbox: Inbox, fault: Fault, path: str) -> None:
    """Two failures are tried again after short, growing pauses, and nobody notices."""
    inbox.standin.add(*letters(1))
    inbox.standin.fail(fault, times=2, path=path)

    found, raised = inbox.take()

    assert ([b"%PDF 0"], None) == ([one.content for one in found], raised)
    assert [0.2, 0.6] == inbox.pauses


@pytest.mark.parametrize(
    ("fault", "expected"), [("http_500", "unavailable"), ("http_503", "unavailable"), ("drop", "unreachable")]
)
def test_a_fault_that_stays_ends_the_run_and_heals_by_itself(inbox: Inbox, fault: Fault, expected: str) -> None:
    """After three tries the run is red with nothing decided; the next one takes everything."""
    inbox.standin.add(*letters(2))
    inbox.standin.fail(fault, times=3, path="/inbox?")

    found, raised = inbox.take()

    assert ([], f"digipost_{expected}") == (found, code(raised))
    assert 2 == len(inbox.take()[0])


def test_each_try_is_signed_anew(inbox: Inbox) -> None:
    """A second try carries its own date, so that a slow one is not refused as old."""
    ticks = itertools.count()
    start = datetime.now(UTC)
    inbox.now = lambda: start + timedelta(seconds=next(ticks))
    inbox.standin.fail("http_500", times=2, path="/inbox?")

    inbox.take()

    dates = [request.date for request in inbox.standin.requests if "/inbox?" in request.path]
    assert 3 == len(set(dates))


def test_a_content_host_that_is_down_is_not_asked_for_every_letter(inbox: Inbox) -> None:
    """After three letters without any answer the run stops, instead of waiting for thousands."""
    inbox.standin.add(*letters(10))
    inbox.standin.fail("drop", times=100, path="/documents/")

    found, raised = inbox.take()

    assert ([], "digipost_unreachable") == (found, code(raised))
    assert 9 == len(inbox.paths("/content"))


def test_a_server_that_is_not_there_is_a_clean_fault(inbox: Inbox) -> None:
    """No connection at all: a code, and no address in it."""
    inbox.standin.url = "http://127.0.0.1:1"

    found, raised = inbox.take()

    assert ([], "digipost_unreachable") == (found, code(raised))
    assert "127.0.0.1" not in repr(raised)


# --- nothing leaks ----------------------------------------------------------------------------------------------------


def test_nothing_of_a_letter_or_a_one_time_url_is_logged(inbox: Inbox, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger wide open, neither subject nor id nor token nor content appears, in good runs and in bad."""
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    inbox.standin.add(Letter(b"Planted content", "Planted subject", "Planted sender"))
    inbox.take()
    inbox.standin.fail("http_500", times=3, path="/documents/")
    tokens += inbox.standin.tokens
    _, fault = inbox.take()

    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records) + repr(fault)
    for secret in ("Planted", "1001", "token=", "documents/", "X-Digipost"):
        assert secret.lower() not in logged.lower()


def test_a_delivery_shows_nothing_of_itself(inbox: Inbox) -> None:
    """A stray debug line with a delivery, a listed letter or an answer in it holds no value."""
    inbox.standin.add(Letter(b"Planted", "Planted"))

    (found,), _ = inbox.take()

    assert "Planted" not in repr(found)
    assert "1001" not in repr(found)


# --- settings ---------------------------------------------------------------------------------------------------------


def settings(key_file: Path | None, url: str = "https://api.digipost.no", broker: int = BROKER) -> Settings:
    return Settings(digipost=Digipost(url=url, broker_id=broker, sender_id=SENDER, key_file=key_file))


@pytest.mark.parametrize("url", ["https://api.digipost.no", "https://api.digipost.no/", "http://127.0.0.1:8282"])
def test_a_good_setting_makes_a_channel(key_file: Path, url: str) -> None:
    """Digipost's own address, or a stand-in on this machine."""
    assert "digipost" == digipost_channel(settings(key_file, url)).name


def test_a_channel_that_is_not_set_up_says_so(key_file: Path) -> None:
    """Without an address, an account or a key there is no channel."""
    for bad in (settings(key_file, url=""), settings(key_file, broker=0), settings(None)):
        with pytest.raises(NotReady, match="digipost_off"):
            digipost_channel(bad)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.digipost.no",
        "api.digipost.no",
        "https://api.digipost.no/v8",
        "https://a:b@api.digipost.no",
        "https://api.digipost.no/?x=1",
        "https://",
        "https://[",
    ],
)
def test_an_address_that_is_not_safe_is_refused(key_file: Path, url: str) -> None:
    """Never without TLS over the net; and scheme and host only, since links bring their own path."""
    with pytest.raises(UsageFault, match="digipost_url"):
        digipost_channel(settings(key_file, url))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, key_file: Path, mode: int) -> None:
    """The key speaks for the school; its file is its owner's alone, and the one we make is so from the start."""
    assert 0o600 == key_file.stat().st_mode & 0o777
    path = tmp_path / "key.pem"
    path.write_bytes(key_file.read_bytes())
    path.chmod(mode)

    with pytest.raises(NotReady, match="digipost_key_open"):
        read_key(path)


def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, key_file: Path) -> None:
    """Missing, not a key, locked, not RSA or too short: each says so without showing anything of the file."""
    good = load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(good, rsa.RSAPrivateKey)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    none = serialization.NoEncryption()
    bad = {
        "nonsense": b"nonsense",
        "empty": b"",
        "locked": good.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"x")),
        "curve": ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, pkcs8, none),
        "short": rsa.generate_private_key(65537, 1024).private_bytes(pem, pkcs8, none),  # noqa: S505 (meant)
    }
    for name, content in bad.items():
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(NotReady, match="digipost_key_bad"):
            read_key(path)
    with pytest.raises(NotReady, match="digipost_key_missing"):
        read_key(tmp_path / "none")
