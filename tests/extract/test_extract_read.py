"""A delivery's parts, each by its own reader, and what they give together."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.filled import FilledColumn, FilledForm, as_lines
from fixtures.pages import password_pdf, scanned, typed_pdf
from schemas.documents import Container, Opened, Part
from schemas.settings import Settings
from tasks.extract.read import read_opened

SETTINGS = Settings()
KARI, PER = "41819077302", "10915596784"
ONE = FilledForm(FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no"))
TWO = FilledForm(FilledColumn("Ola Nordmann", PER, "Per Nordmann"))
TYPED = typed_pdf(ONE)

Told = Callable[[Any], dict[int, dict[str, Any]]]


def text(body: str, media_type: str = "text/plain") -> Part:
    return Part("", media_type, body.encode(), "utf-8", body, encrypted=True)


def file(name: str, content: bytes, media_type: str = "application/octet-stream") -> Part:
    return Part(name, media_type, content, encrypted=True)


def opened(*parts: Part, container: Container = "pgp_mime") -> Opened:
    return Opened(container, "decrypted", parts=parts)


def test_the_same_form_in_text_and_html_counts_once(told: Told) -> None:
    """Both editions of a mail's text hold the form; it is read once, from the first."""
    reading = read_opened(opened(text(as_lines(ONE)), text(as_lines(ONE).replace("\n", "\n\n"), "text/html")), SETTINGS)
    assert ([told(ONE)], [0]) == ([told(form) for form in reading.forms], [form.part for form in reading.forms])


def test_editions_that_contradict_each_other_are_two_forms(told: Told) -> None:
    """Text and HTML with different numbers are not merged: the caller sees both."""
    reading = read_opened(opened(text(as_lines(ONE)), text(as_lines(TWO), "text/html")), SETTINGS)
    assert [told(ONE), told(TWO)] == [told(form) for form in reading.forms]


def test_the_typed_form_is_kept_where_a_scan_says_the_same(told: Told) -> None:
    """A form sent typed and scanned is one form, and it is the typed one, wherever it stands."""
    reading = read_opened(
        opened(file("a.png", scanned(ONE, seed=5, dpi=150, fmt="jpeg")), file("b.pdf", TYPED)), SETTINGS
    )
    assert [(told(ONE), False, 1)] == [(told(form), form.machine_read, form.part) for form in reading.forms]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("skjema.pdf", as_lines(ONE).encode(), "application/pdf"),
        ("skjema.txt", as_lines(ONE).encode("latin-1"), "text/plain"),
        ("skjema.txt", as_lines(ONE).encode("utf-16"), "text/plain"),
        ("skjema", TYPED, "application/octet-stream"),
        ("skjema.png", TYPED, "image/png"),
        ("skjema.pdf", b"\r\n\r\n" + TYPED, "application/pdf"),
        ("skjema.dat", scanned(ONE, seed=5, dpi=150, fmt="jpeg"), "text/plain"),
    ],
    ids=[
        "text named pdf",
        "latin-1",
        "utf-16",
        "nameless pdf",
        "pdf as png",
        "blank lines first",
        "jpeg called text",
    ],
)
def test_a_file_is_what_its_bytes_say(told: Told, name: str, content: bytes, media_type: str) -> None:
    """Names and declared types are the sender's word."""
    reading = read_opened(opened(file(name, content, media_type)), SETTINGS)
    assert ([told(ONE)], ()) == ([told(form) for form in reading.forms], reading.faults)


def _zip(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x" * 100)
    return out.getvalue()


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (file("skjema.pdf", password_pdf(ONE), "application/pdf"), "password_only"),
        (file("skjema.pdf", TYPED[:700], "application/pdf"), "damaged"),
        (file("scan.pdf", b"", "application/pdf"), "damaged"),
        (file("scan.png", b"", "image/png"), "damaged"),
        (file("scan.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 60_000, "image/png"), "damaged"),
        (file("scan.jpg", bytes(range(256)) * 40, "image/jpeg"), "damaged"),
        (file("skjema.docx", _zip("word/document.xml")), "damaged"),
        (file("skjema.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "application/msword"), "unsupported"),
        (file("IMG_1.heic", b"\0\0\0\x18ftypheic" + b"\0" * 600, "image/heic"), "unsupported"),
    ],
    ids=["password", "cut pdf", "empty pdf", "empty png", "broken png", "noise as jpeg", "docx", "doc", "heic"],
)
def test_a_part_that_cannot_be_read_is_a_fault_and_hides_no_other(told: Told, part: Part, fault: str) -> None:
    """Each bad part has its code, and the form in the part beside it is read all the same."""
    assert ((), (fault,)) == (read_opened(opened(part), SETTINGS).forms, read_opened(opened(part), SETTINGS).faults)
    both = read_opened(opened(part, text(as_lines(ONE))), SETTINGS)
    assert ([told(ONE)], (fault,)) == ([told(form) for form in both.forms], both.faults)


@pytest.mark.parametrize(
    "part",
    [
        text("Hei, Ola er syk i dag.\n\nMvh Kari"),
        text("", "text/plain"),
        file("logo.png", scanned(FilledForm(), seed=1, dpi=30), "image/png"),
        file("smime.p7s", b"0\x82\x05\x01" + b"\0\1" * 300, "application/pkcs7-signature"),
        file("key.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", "application/pgp-keys"),
        file("timeplan.xlsx", _zip("xl/workbook.xml")),
        file("tale.mp3", b"ID3\x04\0\0" + bytes(range(200)), "audio/mpeg"),
    ],
    ids=["words", "empty text", "logo", "signature", "key", "sheet", "sound"],
)
def test_what_cannot_be_the_form_is_no_fault(part: Part) -> None:
    """Ordinary mail with its logos, keys and attachments stays ordinary."""
    reading = read_opened(opened(replace(part, encrypted=False), container="plain"), SETTINGS)
    assert ((), (), False) == (reading.forms, reading.faults, reading.holds_number)


@pytest.mark.parametrize("container", ["image", "pdf", "text"])
def test_a_lone_empty_file_is_damaged(container: Container) -> None:
    """A scan of no bytes is something to look at, whatever it was called."""
    assert ("damaged",) == read_opened(opened(file("scan", b""), container=container), SETTINGS).faults


def test_a_number_is_noticed_in_any_part() -> None:
    """Also where there is no form: in a PDF's text beside an empty mail. What was encrypted does not count."""
    for encrypted in (False, True):
        part = replace(file("a.pdf", TYPED), encrypted=encrypted)
        reading = read_opened(opened(text("Se vedlegg"), part, container="plain"), SETTINGS)
        assert reading.holds_number is not encrypted


def test_no_parts_give_nothing() -> None:
    """An empty mail holds no form and no fault."""
    assert ((), ()) == (read_opened(opened(), SETTINGS).forms, read_opened(opened(), SETTINGS).faults)


HEADS = [b"", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF89a", b"\xff\xd8\xff\xe0", b"RIFF0000WEBP"]
HEADS += [b"PK\x03\x04", b"{\\rtf", b"BM"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(HEADS), st.binary(max_size=400), st.sampled_from(["text/plain", "application/pdf", "image/tiff"])
)
def test_no_bytes_whatever_raise(head: bytes, tail: bytes, media_type: str) -> None:
    """Any content under any type gives a reading without a form."""
    reading = read_opened(opened(file("x", head + tail, media_type), container="image"), SETTINGS)
    assert () == reading.forms
    assert {"damaged", "unsupported", "layout_not_found", "too_large", "password_only"} >= set(reading.faults)
