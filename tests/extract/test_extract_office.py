"""The form in Word and OpenDocument files: every cell exactly, and nothing used that a reader might not see."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.filled import FilledColumn, FilledForm
from fixtures.office import docx, odt, run, zipped
from fixtures.pages import scanned
from schemas.documents import Opened, Part
from schemas.settings import Post, Settings
from tasks.extract.office import read_office
from tasks.extract.read import read_opened

POST = Post()
KARI, PER = "41819077302", "10915596784"
ONE = FilledForm(FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no"))
WORD = docx(ONE)

Filled = Callable[[int], FilledForm]
Told = Callable[[Any], dict[int, dict[str, Any]]]


@pytest.mark.parametrize("made", [docx, odt], ids=["docx", "odt"])
def test_a_table_comes_back_cell_by_cell(filled: Filled, told: Told, made: Callable[[FilledForm], bytes]) -> None:
    """Every cell and ticked refusal of thirty forms, exactly, and accepted."""
    for number in range(30):
        form = filled(number)
        reading = read_office(made(form), POST)
        assert ([told(form)], ()) == ([told(read) for read in reading.forms], reading.faults)
        assert {"accepted"} == {
            read.decision for entry in reading.forms[0].entries for read in (entry.pupil, entry.fnr, entry.name) if read
        }


@pytest.mark.parametrize("made", [docx, odt], ids=["docx", "odt"])
def test_a_document_is_known_by_its_bytes(told: Told, made: Callable[[FilledForm], bytes]) -> None:
    """Whatever an attachment is called, its form is read."""
    part = Part("skjema", "application/octet-stream", made(ONE))
    reading = read_opened(Opened("office", "not_encrypted", parts=(part,)), Settings())
    assert [told(ONE)] == [told(form) for form in reading.forms]


@pytest.mark.parametrize("look", ["hidden", "white", "tiny"])
def test_a_hidden_number_is_never_used(look: str) -> None:
    """Text that a reader cannot see is left out, and a person looks at the whole form."""
    table = WORD_TABLE.replace(run(KARI), run(KARI, look) + run(PER))
    reading = read_office(_body(table), POST)
    assert ("two_layers_disagree",) == reading.faults
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    assert (PER, "review") == (fnr.value, fnr.decision)


def test_a_struck_out_value_leaves_the_form_to_a_person() -> None:
    """What was struck out is no value, and what stands beside it is for review."""
    reading = read_office(_body(WORD_TABLE.replace(run(KARI), run(PER, "struck") + run(KARI))), POST)
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    assert (KARI, "review", ()) == (fnr.value, fnr.decision, reading.faults)


def test_a_tracked_change_is_for_review() -> None:
    """Programs differ in whether they show a change that nobody has taken."""
    changed = WORD_TABLE.replace(
        run(KARI), f"<w:del><w:r><w:delText>{PER}</w:delText></w:r></w:del><w:ins>{run(KARI)}</w:ins>"
    )
    fnr = read_office(_body(changed), POST).forms[0].entries[0].fnr
    assert fnr is not None
    assert (KARI, "review") == (fnr.value, fnr.decision)


def test_hidden_text_in_open_document_is_for_review() -> None:
    """A style that hides a number is seen through in OpenDocument as well."""
    reading = read_office(odt(ONE, extra=f'<text:p text:style-name="gone">Fnr: {PER}</text:p>'), POST)
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    assert (KARI, "review", ("two_layers_disagree",)) == (fnr.value, fnr.decision, reading.faults)


def test_lines_without_a_table_and_content_controls_are_read(told: Told) -> None:
    """A form typed line by line, one value in a content control, an unfilled control beside it."""
    lines = ["Foresatte 1", "Foresatte til: Ola Nordmann", "Navn: Kari Nordmann", "Mobil: 912 34 567"]
    made = "".join(f"<w:p>{run(line)}</w:p>" for line in lines)
    control = f"<w:sdt><w:sdtPr/><w:sdtContent>{run(KARI)}</w:sdtContent></w:sdt>"
    empty = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Klikk her')}</w:sdtContent></w:sdt>"
    made += f"<w:p>{run('Fødselsnr: ')}{control}</w:p><w:p>{run('E-post: ')}{empty}</w:p>"
    reading = read_office(_body(made), POST)
    expected = {1: {"pupil": "Ola Nordmann", "fnr": KARI, "name": "Kari Nordmann", "mobile": "912 34 567"}}
    assert [expected] == [told(form) for form in reading.forms]


def test_a_pasted_photograph_is_read_as_a_picture() -> None:
    """A sheet pasted into an otherwise empty document is machine-read; none of it counts as typed."""
    picture = scanned(ONE, seed=3, dpi=150, fmt="jpeg")
    reading = read_office(docx(FilledForm(), media={"image1.jpeg": picture}), POST)
    assert ([True], ()) == ([form.machine_read for form in reading.forms], reading.faults)


def test_a_photograph_that_contradicts_the_typed_table_is_a_persons_to_judge() -> None:
    """Table and picture with different numbers: none of it is used."""
    other = FilledForm(FilledColumn("Ola Nordmann", PER, "Kari Nordmann", "91234567", "kari@example.no"))
    reading = read_office(docx(ONE, media={"image1.jpeg": scanned(other, seed=3, dpi=150, fmt="jpeg")}), POST)
    decisions = {f.decision for form in reading.forms for entry in form.entries for f in (entry.fnr,) if f}
    assert (("two_layers_disagree",), False) == (reading.faults, "accepted" in decisions)


def _body(markup: str) -> bytes:
    document = zipfile.ZipFile(io.BytesIO(WORD)).read("word/document.xml").decode()
    start, end = document.index("<w:body>") + 8, document.index("</w:body>")
    return zipped({"word/document.xml": (document[:start] + markup + document[end:]).encode()})


_DOCUMENT = zipfile.ZipFile(io.BytesIO(WORD)).read("word/document.xml").decode()
WORD_TABLE = _DOCUMENT[_DOCUMENT.index("<w:tbl>") : _DOCUMENT.index("</w:body>")]
BOMB = b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">]><d>&a;</d>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _twice() -> bytes:
    out = io.BytesIO(WORD)
    with zipfile.ZipFile(out, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", "<d/>")
    return out.getvalue()


def _locked() -> bytes:
    data = bytearray(WORD)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (zipped({"word/document.xml": BOMB}), "damaged"),
        (zipped({"word/document.xml": b"<d>" * 5_000 + b"</d>" * 5_000}), "too_large"),
        (zipped({"word/document.xml": b"<d>" + b"<p/>" * 300_000 + b"</d>"}), "too_large"),
        (zipped({"word/document.xml": b"<d>" + b" " * 9_000_000 + b"</d>"}), "too_large"),
        (zipped({"word/document.xml": b"<d>", "a": b""}), "damaged"),
        (zipped({**{f"a{n}": b"" for n in range(2_100)}, "word/document.xml": b"<d/>"}), "too_large"),
        (zipped({"content.xml": b"<d/>", "META-INF/manifest.xml": b"<encryption-data/>"}), "password_only"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password_only"),
        (OLE + b"\0" * 600, "unsupported"),
        (WORD[:300], "damaged"),
        (_twice(), "damaged"),
        (_locked(), "password_only"),
    ],
    ids=[
        "entities",
        "deep",
        "many",
        "inflated",
        "cut xml",
        "members",
        "odt password",
        "docx password",
        "doc",
        "cut zip",
        "two bodies",
        "lock",
    ],
)
def test_what_cannot_be_read_is_a_fault(data: bytes, fault: str) -> None:
    """Bombs, traps and locked files each have their code and give no form."""
    reading = read_office(data, POST)
    assert ((), (fault,)) == (reading.forms, reading.faults)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WORD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_a_broken_document_never_raises(changes: list[tuple[int, int]]) -> None:
    """Any bytes changed in a good file give a reading or a fault."""
    data = bytearray(WORD)
    for place, byte in changes:
        data[place] = byte
    assert {"damaged", "too_large", "password_only", "unsupported"} >= set(read_office(bytes(data), POST).faults)
