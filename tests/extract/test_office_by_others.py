"""The form in documents as people leave them: marks for ticks, merged cells, words beside the text."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from fixtures.filled import FilledColumn, FilledForm
from fixtures.office import docx, odt, run, zipped
from schemas.documents import Opened, Part, Reading
from schemas.settings import Post, Settings
from tasks.extract.office import read_office
from tasks.extract.read import read_opened
from tasks.provision.form_docx import UNTICKED, form_docx

POST = Post()
KARI, PER = "41819077302", "10915596784"
BOTH = FilledForm(
    FilledColumn("Ola Nordmann", KARI, "Kari Nordmann", "91234567", "kari@example.no"),
    FilledColumn("Ola Nordmann", PER, "Per Nordmann", "41234567", "per@example.no"),
)
WORD, ODT = docx(BOTH), odt(BOTH)
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
NO = "Jeg ønsker ikke at skolen bruker fødselsnummeret mitt"

Told = Callable[[Any], dict[int, dict[str, Any]]]


def _changed(data: bytes, *pairs: tuple[str, str], name: str = "word/document.xml", **more: str) -> bytes:
    """A document with pieces of one member's markup exchanged; `more`: members beside it, a dot for two underscores."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    text = files[name].decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return zipped({**files, name: text.encode(), **{f"word/{key}.xml": value.encode() for key, value in more.items()}})


def _used(reading: Reading) -> bool:
    reads = [entry.fnr for form in reading.forms for entry in form.entries if entry.fnr]
    return not reading.faults and any(read.decision == "accepted" for read in reads)


@pytest.mark.parametrize("mark", ["x", "X", "Ja", "■", "●", "☒", "[x]", "X:"])
def test_whatever_people_put_in_the_boxs_place_refuses(mark: str) -> None:
    """Our own Word form: the box exchanged for a cross, a blot or a yes, before the first column's sentence."""
    data = _changed(form_docx(), (UNTICKED, mark))
    entries = read_office(data, POST).forms[0].entries
    assert [(1, True)] == [(entry.slot, entry.refused) for entry in entries]


def test_a_no_before_the_sentence_is_a_persons_to_understand() -> None:
    """ "Nei" before "Jeg avslår" may mean either."""
    entries = read_office(_changed(form_docx(), (UNTICKED, "Nei")), POST).forms[0].entries
    assert (False, True) == (entries[0].refused, entries[0].refused_in_words)


@pytest.mark.parametrize(
    "said", ["Ønsker ikke å oppgi", "Eg vil ikkje gje nummeret mitt", "I do not want to give it", "nei", "Vi nekter"]
)
def test_a_refusal_in_the_numbers_cell_is_proposed(said: str) -> None:
    """In three languages, at whatever length."""
    entry = read_office(_changed(WORD, (run(KARI), run(said))), POST).forms[0].entries[0]
    assert (True, None) == (entry.refused_in_words, entry.fnr)


@pytest.mark.parametrize("part", ["header1", "footer2", "footnotes", "endnotes", "comments"])
def test_a_refusal_beside_the_text_is_proposed(part: str) -> None:
    """Words at the head or foot of the page, in a note or a comment, are the guardian's too."""
    beside = f"<w:x {W}><w:p>{run('Vi ønsker ikke at skolen skal bruke fødselsnumrene våre.')}</w:p></w:x>"
    reading = read_office(_changed(WORD, **{part: beside}), POST)
    assert ([True, True], False) == ([entry.refused_in_words for entry in reading.forms[0].entries], _used(reading))


def test_a_comment_or_another_number_beside_the_text_is_a_persons_and_a_letterhead_is_not() -> None:
    """A comment may say anything; a school's name, address and telephone at the head say nothing."""
    told = {
        "comments": "Dette stemmer ikke lenger",
        "footer1": "Riktig nummer: 198708 83297",
        "header1": "Prøveskolen vgs, Storgata 1, 0155 Oslo. Tlf. 22 00 00 00",
    }
    used = {
        part: _used(read_office(_changed(WORD, **{part: f"<w:x {W}><w:p>{run(text)}</w:p></w:x>"}), POST))
        for part, text in told.items()
    }
    assert {"comments": False, "footer1": False, "header1": True} == used


@pytest.mark.parametrize("mark", ["<w:hidden/>", '<w:del w:id="1"/>', '<w:ins w:id="1"/>'])
def test_a_row_that_is_hidden_or_tracked_leaves_the_form_to_a_person(mark: str) -> None:
    """Whole rows are deleted and hidden as well as words."""
    assert not _used(read_office(_changed(WORD, ("<w:tr>", f"<w:tr><w:trPr>{mark}</w:trPr>")), POST))


@pytest.mark.parametrize("look", ['<w:highlight w:val="black"/>', '<w:color w:val="F4F6F8"/>'])
def test_a_number_blacked_out_or_nearly_white_is_not_used(look: str) -> None:
    """Whoever blacks a number out has taken it back; nobody reads pale grey on white."""
    seen = run(KARI).replace("<w:r>", f"<w:r><w:rPr>{look}</w:rPr>")
    reading = read_office(_changed(WORD, (run(KARI), seen)), POST)
    assert (("two_layers_disagree",), None) == (reading.faults, reading.forms[0].entries[0].fnr)


def test_a_control_that_still_asks_may_hold_a_value() -> None:
    """Programs fill in a content control and forget to say so: the value is shown to a person, not dropped."""
    asks = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run(KARI)}</w:sdtContent></w:sdt>"
    fnr = read_office(_changed(WORD, (run(KARI), asks)), POST).forms[0].entries[0].fnr
    assert fnr is not None
    assert (KARI, "review") == (fnr.value, fnr.decision)


def test_a_label_repeated_before_each_value_moves_no_column(told: Told) -> None:
    """ "Fnr: …" in both cells beside the printed label."""
    data = _changed(WORD, (run(KARI), run(f"Fnr: {KARI}")), (run(PER), run(f"Fnr: {PER}")))
    assert [told(BOTH)] == [told(form) for form in read_office(data, POST).forms]
    first = _changed(WORD, (run(KARI), run(f"Fnr: {KARI}")))
    assert [told(BOTH)] == [told(form) for form in read_office(first, POST).forms]


def test_a_pupil_in_one_cell_below_both_headings_is_both_guardians(told: Told) -> None:
    """A merged cell in Word, a spanned or a repeated one in OpenDocument."""
    cell = f"<w:tc><w:p>{run('Ola Nordmann')}</w:p></w:tc>"
    wide = cell.replace("<w:tc>", '<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>')
    plain = "<table:table-cell><text:p>Ola Nordmann</text:p></table:table-cell>"
    spanned = plain.replace("cell>", 'cell table:number-columns-spanned="2">', 1) + "<table:covered-table-cell/>"
    repeated = plain.replace("cell>", 'cell table:number-columns-repeated="2">', 1)
    made = [
        _changed(WORD, (cell * 2, wide)),
        *(_changed(ODT, (plain * 2, other), name="content.xml") for other in (spanned, repeated)),
    ]
    assert [told(BOTH)] * 3 == [told(read_office(data, POST).forms[0]) for data in made]


@pytest.mark.parametrize("kind", ["office:annotation", "text:note"])
def test_open_documents_comments_and_notes_are_heard(kind: str) -> None:
    """A comment or a footnote in OpenDocument that says no is proposed as a refusal."""
    said = f"{KARI}<{kind}><text:p>{NO}</text:p></{kind}>"
    reading = read_office(_changed(ODT, (KARI, said), name="content.xml"), POST)
    assert (True, False) == (reading.forms[0].entries[0].refused_in_words, _used(reading))


def test_open_documents_hidden_row_leaves_the_form_to_a_person() -> None:
    """A row that is folded away is not seen."""
    hidden = '<table:table-row table:visibility="collapse">'
    assert not _used(read_office(_changed(ODT, ("<table:table-row>", hidden), name="content.xml"), POST))


def test_a_document_in_one_xml_file_is_read_or_told(told: Told) -> None:
    """OpenDocument's flat edition is read like the zipped one, Word's has its outcome; neither is plain text."""
    with zipfile.ZipFile(io.BytesIO(ODT)) as archive:
        content = archive.read("content.xml").decode()
    flat = '<?xml version="1.0" encoding="UTF-8"?>\n' + content.replace("office:document-content", "office:document")
    word = '<?xml version="1.0"?><?mso-application progid="Word.Document"?><pkg:package xmlns:pkg="x"></pkg:package>'
    parts = [Part("skjema", "text/plain", text.encode(), text=text) for text in (flat, word)]
    read = [read_opened(Opened("text", "not_encrypted", parts=(part,)), Settings()) for part in parts]
    assert [[told(BOTH)], []] == [[told(form) for form in reading.forms] for reading in read]
    assert [(), ("unsupported",)] == [reading.faults for reading in read]


def test_another_number_below_the_table_leaves_it_to_a_person() -> None:
    """A correction that was typed under the form instead of into it."""
    extra = f"<w:p>{run('Rettelse: riktig nummer for Kari er 058572 11210')}</w:p>"
    assert (False, True) == (_used(read_office(docx(BOTH, extra=extra), POST)), _used(read_office(docx(BOTH), POST)))
