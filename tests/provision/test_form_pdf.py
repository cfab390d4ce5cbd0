"""The school's form as it is drawn: its words, its places, its fields, its tags. Reading it back: `test_round_trip`."""

import re
from itertools import chain

import cv2
import pypdfium2
import pytest
from support_sheets import corners_of, elements, fonts, picture, reader, squared

from fixtures.pages import LETTER_ABOVE, LETTER_BELOW
from schemas import boxed
from schemas.boxed import CELLS, Language, read_reference
from schemas.documents import FIELDS
from schemas.form import LABELS, REFUSAL_LABELS, TITLE
from schemas.ids import new_id
from tasks.provision.consent_pdf import consent_pdf
from tasks.provision.form_pdf import Pupil, Sender, class_pdf, form_pdf
from tasks.provision.letterhead import DoesNotFit, letter
from tasks.provision.sheet import Sheets
from tasks.provision.words import LANGUAGES, Section, words

SENDER = Sender("Prøveskolen", "prove#1A2B", "skjema@example.com")
ODD = Pupil(new_id("P"), "Łukasz Čáhppes Ødegård", "1STA")
SHEETS = {
    **{f"form-{language}": form_pdf(language, SENDER) for language in LANGUAGES},
    **{f"consent-{language}": consent_pdf(language, SENDER) for language in LANGUAGES},
    "form-pupil": form_pdf("nb", SENDER, ODD),
    "class": class_pdf("nn", SENDER, [ODD, Pupil(new_id("P"), "Åse Bjørk", "1STA")]),
}


def text_of(pdf: bytes, page: int = 0) -> str:
    """All words of a page with single blanks between, as a copy from the screen gives them."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join(document[page].get_textpage().get_text_bounded().replace("\ufffe", "-").split())
    finally:
        document.close()


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_letter_in_bokmaal_is_the_schools_own() -> None:
    """Every sentence of the school's letter stands on the form, word for word and in its order."""
    told = words("nb")
    drawn = [
        ((number == 0 and section.heading) or "", text)
        for section in told.letter
        for number, text in enumerate(section.text)
    ]

    assert TITLE == told.title
    assert list(LETTER_ABOVE) == [*drawn, ("", told.form_heading)]
    assert list(LETTER_BELOW) == [told.sending.format(digipost="wang#V16M", email="info@wang.no"), told.refusal_note]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_as_much(language: Language) -> None:
    """Nynorsk and English have a paragraph for each one in bokmål, and labels and refusal that are known to reading."""
    told, model = words(language), words("nb")

    assert [len(section.text) for section in model.letter] == [len(section.text) for section in told.letter]
    assert [len(section.text) for section in model.consent.letter] == [len(s.text) for s in told.consent.letter]
    assert told.refusal.casefold() in REFUSAL_LABELS
    for name in FIELDS:
        plain = re.sub(r" \(.*", "", told.labels[name].casefold().rstrip(":"))
        assert any(label.startswith(plain) for label in LABELS[name]), told.labels[name]
    assert boxed.CONSENT_TITLES[language] == told.consent.title


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_stands_on_the_page(language: Language) -> None:
    """Nothing of the letter is lost in setting it: the page's text holds each paragraph whole."""
    told, text = words(language), text_of(SHEETS[f"form-{language}"])
    squeezed = re.sub(r"[\s-]", "", text)
    sending = told.sending.format(digipost=SENDER.digipost, email=SENDER.email)
    paragraphs = [*chain.from_iterable(section.text for section in told.letter), told.title, told.refusal_note, sending]

    assert [] == [paragraph for paragraph in paragraphs if re.sub(r"[\s-]", "", paragraph) not in squeezed]


def test_a_letter_that_does_not_fit_is_refused() -> None:
    """Longer words than the page has room for are never printed over the form."""
    with pytest.raises(DoesNotFit):
        letter(Sheets("Title", "nb-NO"), "Title", [Section(heading="Long", text=("word " * 900,))], above=("", ""))


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHEETS)
def test_every_sheet_is_one_page_of_a4(name: str) -> None:
    """One page A4 portrait; a class has a page for each pupil."""
    pages = reader(SHEETS[name]).pages

    assert (2 if name == "class" else 1) == len(pages)
    assert {(210, 297)} == {tuple(round(float(side) / 72 * 25.4) for side in page.mediabox[2:]) for page in pages}


@pytest.mark.parametrize("name", ["form-nb", "consent-en"])
def test_the_corner_marks_stand_where_reading_looks_for_them(name: str) -> None:
    """OpenCV finds the four marks of this kind of sheet within 0.2 mm of the geometry."""
    kind = "consent" if name.startswith("consent") else "guardian"
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(picture(SHEETS[name]))
    found = dict(zip(ids.ravel().tolist(), corners, strict=True))

    assert set(boxed.MARK_IDS[kind]) == set(found)
    for ident, box in zip(boxed.MARK_IDS[kind], boxed.MARKS, strict=True):
        for seen, meant in zip(found[ident][0] * 25.4 / 200, corners_of(box), strict=True):
            assert meant == pytest.approx(tuple(seen), abs=0.2)


def test_a_pupils_own_sheet_bears_a_reference_and_the_general_one_none() -> None:
    """The QR code says kind, language and the pupil's opaque id, in its place; never a name."""
    detector = cv2.QRCodeDetector()
    page = squared(picture(SHEETS["form-pupil"], 300), "guardian")
    place = boxed.QR_PLACE
    cut = page[round(place.y * 10) : round(place.bottom * 10), round(place.x * 10) : round(place.right * 10)]
    reference = read_reference(detector.detectAndDecode(cut)[0])

    assert reference is not None
    assert (ODD.ident, "guardian", "nb") == (reference.ident, reference.kind, reference.language)
    assert "" == detector.detectAndDecode(picture(SHEETS["form-nb"], 300))[0]


def test_a_class_has_each_name_on_its_own_page_and_no_fields() -> None:
    """Each page names its pupil in both columns and nobody else; shared fields would all fill at once."""
    first, second = (text_of(SHEETS["class"], page) for page in (0, 1))

    assert (2, 0) == (first.count("Łukasz Čáhppes Ødegård"), second.count("Łukasz Čáhppes Ødegård"))
    assert (0, 2) == (first.count("Åse Bjørk"), second.count("Åse Bjørk"))
    assert "/AcroForm" not in reader(SHEETS["class"]).trailer["/Root"]


def test_a_class_without_pupils_is_refused() -> None:
    """No pages is no document."""
    with pytest.raises(ValueError, match="no pupils"):
        class_pdf("nb", SENDER, [])


# --- fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_cell_is_a_field_of_its_own(language: Language) -> None:
    """Five text fields and a tick-box for each guardian, in the cells, with a limit and words to be read out."""
    pdf, told = reader(SHEETS[f"form-{language}"]), words(language)
    widgets = {str(held["/T"]): held for held in (one.get_object() for one in pdf.pages[0]["/Annots"])}

    assert {f"{slot}_{name}" for slot in (1, 2) for name in (*FIELDS, "refused")} == set(widgets)
    for slot in (1, 2):
        assert (11, 12) == (widgets[f"{slot}_fnr"]["/MaxLen"], widgets[f"{slot}_mobile"]["/MaxLen"])
        assert "/Btn" == widgets[f"{slot}_refused"]["/FT"]
        for name in FIELDS:
            widget, cell = widgets[f"{slot}_{name}"], CELLS[slot][name]
            left, bottom, right, top = (float(side) / 72 * 25.4 for side in widget["/Rect"])
            assert (cell.x, cell.right) == pytest.approx((left, right), abs=0.81)
            assert (297 - cell.bottom, 297 - cell.y) == pytest.approx((bottom, top), abs=0.81)
            assert str(widget["/TU"]).startswith(f"{told.columns[slot - 1]}: {told.labels[name].rstrip(':')}")
            assert (name in ("fnr", "mobile")) == bool(widget["/Ff"] & 1 << 24), "one character in each box"


def test_the_scripts_only_tidy_move_on_and_say() -> None:
    """What the fields run calls nothing but these: no address, no submit, no launch."""
    allowed = {"replace", "test", "alert", "getField", "setFocus", "AFMergeChange", "if"}
    for name in ("form-nb", "form-en", "consent-nb"):
        for one in reader(SHEETS[name]).pages[0]["/Annots"]:
            for action in one.get_object().get("/AA", {}).values():
                script = re.sub(r'"(?:[^"\\]|\\.)*"', '""', str(action["/JS"]))
                script = re.sub(r"/\S+?/g?(?=[,.])", "_", script)
                assert allowed >= set(re.findall(r"(\w+)\(", script)), script


def test_the_number_moves_on_to_the_name_of_the_same_guardian() -> None:
    """After the eleventh digit the cursor stands in that guardian's next field."""
    scripts = {
        str(held["/T"]): str(held["/AA"]["/K"]["/JS"])
        for held in (one.get_object() for one in reader(SHEETS["form-nb"]).pages[0]["/Annots"])
        if "/AA" in held and "/K" in held["/AA"]
    }

    for slot in (1, 2):
        assert f'length>=11)this.getField("{slot}_name").setFocus()' in scripts[f"{slot}_fnr"]
        assert f'this.getField("{slot}_email").setFocus()' in scripts[f"{slot}_mobile"]


# --- tags and fonts ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHEETS)
def test_every_font_is_embedded(name: str) -> None:
    """No sheet depends on what is installed where it is opened; the fields' font included."""
    found = fonts(reader(SHEETS[name]))

    assert len(found) >= 2
    assert [] == [font["/BaseFont"] for font in found if "/FontFile2" not in font["/FontDescriptor"].get_object()]


@pytest.mark.parametrize("name", SHEETS)
def test_every_mark_is_tagged_or_an_artefact(name: str) -> None:
    """All that is drawn belongs to one structure element or is not read aloud; language and title are told."""
    pdf = reader(SHEETS[name])
    root = pdf.trailer["/Root"]
    tree = root["/StructTreeRoot"]
    numbers = tree["/ParentTree"]["/Nums"]
    owners = {int(key): held.get_object() for key, held in zip(numbers[::2], numbers[1::2], strict=True)}

    assert (True, True) == (bool(root["/MarkInfo"]["/Marked"]), bool(root["/ViewerPreferences"]["/DisplayDocTitle"]))
    assert root["/Lang"] in ("nb-NO", "nn-NO", "en-GB")
    assert pdf.metadata is not None and pdf.metadata.title
    for page in pdf.pages:
        drawn = page.get_contents().get_data().decode("latin-1")
        marks = [int(mark) for mark in re.findall(r"/MCID (\d+)", drawn)]
        depth = 0
        for operator in re.findall(r"\b(BDC|BMC|EMC|Tj|re|S|f|f\*|B)\s*$|\bBT .*?(Tj)", drawn, re.MULTILINE):
            word = operator[0] or operator[1]
            depth += {"BDC": 1, "BMC": 1, "EMC": -1}.get(word, 0)
            assert 0 <= depth <= 1
            assert word == "EMC" or depth == 1, f"{word} outside of every tag"
        assert list(range(len(marks))) == marks
        assert len(marks) == len(owners[int(page["/StructParents"])])
        for one in page.get("/Annots", []):
            assert "/Form" == owners[int(one.get_object()["/StructParent"])]["/S"]


def test_the_form_is_read_aloud_in_order() -> None:
    """Title, letter, then a table whose headings say what they head, with each field in its cell."""
    tree = reader(SHEETS["form-nb"]).trailer["/Root"]["/StructTreeRoot"]
    kinds = [str(one["/S"])[1:] for one in elements(tree)]
    scopes = [str(one["/A"]["/Scope"]) for one in elements(tree) if one["/S"] == "/TH"]

    assert ["Document", "H1", "H2", "P", "H2", *["P"] * 6, "H2", "P", "Figure", "Table"] == kinds[:15]
    assert 12 == kinds.count("Form")
    assert ["/Column"] * 3 + ["/Row"] * 6 == scopes
    assert [] == [one for one in elements(tree) if one["/S"] == "/Figure" and "/Alt" not in one]


def test_words_stay_apart_where_lines_break() -> None:
    """Read aloud or copied, the last word of a line and the first of the next are two."""
    for name in ("form-nb", "form-en", "consent-nn"):
        told = words(name[-2:])  # type: ignore[arg-type]
        sections = told.letter if name.startswith("form") else told.consent.letter
        whole = "".join(reader(SHEETS[name]).pages[0].extract_text(extraction_mode="plain").split("\n"))
        for text in chain.from_iterable(section.text for section in sections):
            assert text in whole


def test_the_same_words_give_the_same_bytes() -> None:
    """A form drawn again is the same file: a changed file means a changed form."""
    assert SHEETS["form-en"] == form_pdf("en", SENDER)
