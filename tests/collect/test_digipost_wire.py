"""Signing, checking and reading for Digipost, against the published vectors of the official clients."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import OutsideFault
from tasks.collect.digipost_wire import (
    SignedRequests,
    answer_string,
    check_date,
    check_hash,
    content_hash,
    request_string,
    signed_by,
)
from tasks.collect.digipost_xml import error_code, link_path, read_entry_point, read_inbox

# The .NET client's AuthenticationHandlerTests, and the key of its self-made "Sample" certificate.
SIGNATURE = (
    "HEZfhL+mu0Pb9Owvfs7pHLUXxZPthONK53nWTwXPFtFVjslr4AIxLqUSbAO7PerzBcRryYa84SellVabx8t16Ixg52afLQb02qyeDx1qF23YAIvv"
    "v01NmEJkVUUTV/oN7MgDAb4NGeujzVoUzXKTV+b5YC4W2c4M/RWSGYF1HxEEo+82SDyTlwGa3XxhcVem2Kg0LOgZvKaJnFWk0fsVDI7J9xWdOY0N"
    "Wbtlm/xu77w2IlR+91lbr2G5A75lyzboXVEYvOj3UGzKwFTqGDpR7var+/PzWh00lQ/dKtILKzDGz3E80CxCOtlU/6kczk9MtYVQvLCy7QR0GMUI"
    "6ypTzg=="
)
PUBLIC_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0unU2AMiIe1yivPy9dubodptLSOfWvBpknZmiPYfzn7924EikMjeEoim7pmAJjPQF//o"
    "E5O85ThlVtkm9L+UTfmDOvILqaMJbta4ySj812zipTtxO2zyj/wGQ9tU5E7R08aCGFXzk69mbiGWBsLUOrAbxKE9ujv315n2+NXiYgl7UwdcIYXp"
    "BAPlVkkkEXG9cKtF2LluOU7S/PyMh2Ru8TptJE/j7uua7RiFRaEDpdCcj/BCrsICt3cRcriT+GuHAYbR1xQaJlW7FZcZXt1CGLKHLeMcMrWrCyiV"
    "4x6AKDvWjtpVOjWW0klH33wCdS4jDhXHGLM9k7Qz4yY66oZ63QIDAQAB"
)
POSTED = {
    "date": "Mon, 07 Jul 2014 12:00:02 GMT",
    "x-content-sha256": "TheHashOfContentForHeader",
    "x-digipost-userid": "1337",
    "accept": "never signed",
}


# --- signing ----------------------------------------------------------------------------------------------------------


def test_the_clients_published_signature_verifies() -> None:
    """The string that we would sign for the .NET client's request is, to the byte, the one that it signed."""
    text = request_string("post", "/SomeEndpoint", POSTED)
    key = load_der_public_key(base64.b64decode(PUBLIC_KEY))
    assert isinstance(key, rsa.RSAPublicKey)

    digest = "257037df70c504cb8ed092f712de0e675d15398f37ffbd378d887984bc819fd1"
    assert digest == hashlib.sha256(text.encode()).hexdigest()
    assert signed_by(key, text, SIGNATURE)
    assert not signed_by(key, text + "\n", SIGNATURE)
    assert not signed_by(key, text, SIGNATURE[:-8] + "AAAAAA==")
    assert not signed_by(key, text, "not base64 æ")


def test_the_published_hashes_are_met() -> None:
    """Base64 of SHA-256, also of nothing."""
    assert "gvXOB75lBGBY6LVTAVVpapZkBOv531VUE0EHrP2rryE=" == content_hash(b"This is the content to hash.")
    assert "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" == content_hash(b"")


@pytest.mark.parametrize(
    ("path", "user", "expected"),
    [
        (
            "/?parameter1=58&parameter2=test",
            "9999",
            "GET\n/\ndate: Wed, 29 Jun 2011 14:58:11 GMT\nx-digipost-userid: 9999\nparameter1=58&parameter2=test\n",
        ),
        (
            "/1000/Inbox?offset=0&limit=100",
            "9999",
            "GET\n/1000/inbox\ndate: Wed, 29 Jun 2011 14:58:11 GMT\nx-digipost-userid: 9999\noffset=0&limit=100\n",
        ),
        ("/1000", "1", "GET\n/1000\ndate: Wed, 29 Jun 2011 14:58:11 GMT\nx-digipost-userid: 1\n\n"),
        ("/a?b=%2BC", "1", "GET\n/a\ndate: Wed, 29 Jun 2011 14:58:11 GMT\nx-digipost-userid: 1\nb=%2bc\n"),
    ],
)
def test_a_request_without_a_body_is_signed_as_documented(path: str, user: str, expected: str) -> None:
    """Path and query in lower case, the query in a line of its own, an empty line where there is none."""
    headers = {"date": "Wed, 29 Jun 2011 14:58:11 GMT", "x-digipost-userid": user}

    assert expected == request_string("GET", path, headers)


def test_an_answer_is_signed_as_documented() -> None:
    """Status, path without the query, headers sorted by name, and no line for parameters."""
    headers = {
        "x-content-sha256": "lTapuncEksiIcxVAw0ibcWzex3zoeMWmACvtov4IZJY=",
        "date": "Mon, 18 Nov 2013 09:06:42 GMT",
        "content-type": "never signed",
    }

    expected = (
        "200\n/messages\ndate: Mon, 18 Nov 2013 09:06:42 GMT\n"
        "x-content-sha256: lTapuncEksiIcxVAw0ibcWzex3zoeMWmACvtov4IZJY=\n"
    )
    assert expected == answer_string(200, "/Messages?a=b", headers)


@pytest.mark.parametrize("body", [b"", b"This is the content to hash."])
def test_the_url_that_is_sent_is_the_url_that_is_signed(body: bytes) -> None:
    """Whatever httpx makes of a URL, its signature is over those very bytes; a hash is sent only with a body."""
    key = rsa.generate_private_key(65537, 2048)
    auth = SignedRequests(1337, key, lambda: datetime(2016, 6, 29, 16, 58, 11, tzinfo=UTC))
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    httpx.Client(transport=httpx.MockTransport(answer), auth=auth).request(
        "POST", "https://x.no/Å b?q=a+b%2Bc&å", content=body
    )

    (sent,) = seen
    assert "Wed, 29 Jun 2016 16:58:11 GMT" == sent.headers["Date"]
    assert (content_hash(body) if body else None) == sent.headers.get("X-Content-SHA256")
    text = request_string("POST", sent.url.raw_path.decode(), sent.headers)
    assert "q=a+b%2bc&%c3%a5" in text
    assert signed_by(key.public_key(), text, sent.headers["X-Digipost-Signature"])
    assert "authorization" not in sent.headers


# --- checking ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("date", "good"),
    [
        ("Wed, 10 Apr 2013 21:10:58 GMT", True),
        ("Wed, 10 Apr 2013 21:15:58 GMT", True),
        ("Wed, 10 Apr 2013 21:05:58 GMT", True),
        ("Wed, 10 Apr 2013 21:15:59 GMT", False),
        ("Wed, 10 Apr 2013 21:05:57 GMT", False),
        ("Wed, 10 Apr 2013 21:20:58 GMT", False),
        ("Wed, 10 Apr 2013 21:00:58 GMT", False),
        ("Wed, 10 Apr 2013 21:10:58", False),
        ("yesterday", False),
        ("", False),
        (None, False),
    ],
)
def test_an_answer_is_dated_now(date: str | None, good: bool) -> None:
    """Five minutes either way pass (the Java client's vectors: ten minutes do not); no date, or no real one, never."""
    now = datetime(2013, 4, 10, 21, 10, 58, tzinfo=UTC)
    headers = {} if date is None else {"date": date}

    assert good == passes(check_date, headers, now)


def test_a_body_is_the_one_whose_hash_is_stated() -> None:
    """A body needs its hash; only where hashes are not promised (the content host) may one be missing, never wrong."""
    right = {"x-content-sha256": content_hash(b"body")}

    assert passes(check_hash, right, b"body")
    assert not passes(check_hash, right, b"Body")
    assert not passes(check_hash, right, b"")
    assert not passes(check_hash, {}, b"body")
    assert passes(check_hash, {}, b"")
    check_hash({}, b"body", required=False)
    with pytest.raises(OutsideFault):
        check_hash(right, b"Body", required=False)


def passes(check: object, headers: Mapping[str, str], value: object) -> bool:
    try:
        check(headers, value)  # type: ignore[operator]
    except OutsideFault:
        return False
    return True


# --- reading ----------------------------------------------------------------------------------------------------------

LETTER = """<document>{id}<subject>Skjema</subject><sender>Somebody</sender>
<delivery-time>{time}</delivery-time><authentication-level>TWO FACTOR</authentication-level>{rest}</document>"""
URIS = "<content-uri>https://api.x/1000/inbox/7/content</content-uri><delete-uri>/1000/inbox/7</delete-uri>"


def letter(ident: str = "<id>7</id>", time: str = "2026-01-26T13:56:59.140+01:00", rest: str = URIS) -> str:
    return LETTER.format(id=ident, time=time, rest=rest)


def inbox(*letters: str, xmlns: str = "") -> bytes:
    return f"<inbox{xmlns}>{''.join(letters)}</inbox>".encode()


@pytest.mark.parametrize("xmlns", ["", ' xmlns="http://api.digipost.no/schema/v8"', ' xmlns="urn:another"'])
def test_the_list_is_read_with_or_without_a_namespace(xmlns: str) -> None:
    """Id, subject, time and paths are read; what is unknown is passed over."""
    (found,) = read_inbox(inbox(letter(rest=URIS + "<novelty><id>9</id></novelty>"), "<other/>", xmlns=xmlns))

    assert found is not None
    assert ("7", "Skjema") == (found.id, found.subject)
    assert datetime(2026, 1, 26, 12, 56, 59, 140_000, tzinfo=UTC) == found.delivered_at
    assert ("/1000/inbox/7/content", "/1000/inbox/7") == (found.content_path, found.delete_path)


def test_links_are_preferred_to_the_older_uris() -> None:
    """A relation is known by its last segment in any case, and beats the deprecated element."""
    links = '<link rel="https://x/relations/Get_Document_Content" uri="/new/c"/><link rel="self_delete" uri="/new"/>'
    (found,) = read_inbox(inbox(letter(rest=URIS + links)))

    assert found is not None
    assert ("/new/c", "/new") == (found.content_path, found.delete_path)


def test_an_attachment_takes_its_letters_time_and_has_no_delete_path() -> None:
    """What the list leaves out of an attachment is filled from its letter; each part has its own id."""
    attached = "<attachment><id>8</id><content-uri>/1000/inbox/8/content</content-uri></attachment>"
    (found,) = read_inbox(inbox(letter(rest=URIS + attached)))

    assert found is not None
    assert ["7", "8"] == [part.id for part in found.parts]
    assert found.delivered_at == found.attachments[0].delivered_at
    assert "" == found.attachments[0].delete_path
    assert found.whole


@pytest.mark.parametrize(
    "bad",
    [
        letter(ident=""),
        letter(ident="<id>seven</id>"),
        letter(ident="<id>٧</id>"),
        letter(ident=f"<id>{'7' * 5000}</id>"),
        letter(time="0001-01-01T00:00:00+14:00"),
        letter(time="9999-12-31T23:59:59-14:00"),
        letter(time="2026-01-26T13:56:59"),
        letter(time="today"),
        letter(rest=""),
        letter(rest="<content-uri>https://x/a b</content-uri>"),
    ],
)
def test_an_unusable_entry_does_not_spoil_the_others(bad: str) -> None:
    """Without an id, a time with its offset, or a content link, an entry is counted and the rest is read."""
    first, second = read_inbox(inbox(bad, letter()))

    assert first is None
    assert second is not None


def test_a_letter_with_an_unusable_attachment_is_not_whole() -> None:
    """So that it is never deleted; attachments nested without end are cut off as unusable."""
    (found,) = read_inbox(inbox(letter(rest=URIS + "<attachment><id>8</id></attachment>")))
    nested = "".join(f"<attachment><id>{n}</id><content-uri>/a/b</content-uri>" for n in range(900))
    (deep,) = read_inbox(inbox(letter(rest=URIS + nested + "</attachment>" * 900)))

    assert found is not None
    assert deep is not None
    assert (False, 1) == (found.whole, len(found.parts))
    assert (False, 5) == (deep.whole, len(deep.parts))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>&nbsp;</body></html>",
        b"<inbox>",
        b"<error/>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="x-none"?><inbox/>',
        b'<!DOCTYPE inbox [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><inbox>&b;</inbox>',
        b'<!DOCTYPE inbox SYSTEM "file:///etc/passwd"><inbox/>',
    ],
)
def test_what_is_no_inbox_is_a_clean_fault(body: bytes) -> None:
    """Whatever comes instead of the list, also an attack on the parser, raises our fault with none of its text."""
    with pytest.raises(OutsideFault, match="digipost_answer_xml") as caught:
        read_inbox(body)

    assert "html" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(st.data())
def test_no_answer_breaks_the_reader(data: st.DataObject) -> None:
    """A good list with bytes changed, cut out or put in is read or refused, and nothing else ever happens."""
    body = bytearray(inbox(letter(rest=URIS + "<attachment><id>8</id></attachment>"), letter()))
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    for read in (read_inbox, read_entry_point):
        with suppress(OutsideFault):
            read(bytes(body))
    assert error_code(bytes(body)).startswith("digipost_")


@given(st.text())
def test_no_link_leads_off_its_path(uri: str) -> None:
    """Whatever stands in a link, what is followed is a plain path that means the same to every reader."""
    path = link_path(uri)

    assert path == "" or (path == link_path(path) and httpx.URL("https://api.x" + path).raw_path.decode() == path)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("https://api.digipost.no/1000/inbox/7/content", "/1000/inbox/7/content"),
        ("https://elsewhere.example/1000/inbox?x=1#y", "/1000/inbox"),
        ("/1000/inbox", "/1000/inbox"),
        ("1000/inbox", "/1000/inbox"),
        ("//elsewhere.example/1000", "/1000"),
        ("https://x/a/../b", ""),
        ("https://x//b", ""),
        ("https://x/a%2Fb", ""),
        ("https://x/å", ""),
        ("https://[x/a", ""),
        ("/a\n/b", "/a/b"),
        ("", ""),
        ("/", ""),
    ],
)
def test_only_a_plain_path_of_a_link_is_used(uri: str, path: str) -> None:
    """Host and query of a link count for nothing; a path that could be signed in two ways is not followed."""
    assert path == link_path(uri)


def test_an_error_gives_its_code_and_nothing_else() -> None:
    """A known code is passed on as ours; anything else, also a number in its place, is the general one."""
    body = b"<error><error-code>%s</error-code><error-message>Kari 12345678901</error-message></error>"

    assert "digipost_invalid_signature" == error_code(body % b"INVALID_SIGNATURE")
    assert "digipost_general_error" == error_code(body % b"12345678901")
    assert "digipost_general_error" == error_code(b"<html>")
    assert "digipost_general_error" == error_code(b"")


@pytest.mark.parametrize("pem", ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "nonsense"])
def test_a_broken_certificate_is_a_clean_fault(pem: str) -> None:
    """An entry point whose certificate cannot be read is no ground to trust anything."""
    with pytest.raises(OutsideFault, match="digipost_certificate"):
        read_entry_point(f"<entrypoint><certificate>{pem}</certificate></entrypoint>".encode())
