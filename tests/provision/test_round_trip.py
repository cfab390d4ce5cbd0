"""Made, filled in on screen or printed and scanned, read back: nothing lost, nothing read that is not there."""

import io

import docx
import numpy as np
import pytest
from support_sheets import ink, picture, read, reader, squared, told

from fixtures.boxed import filled_pdf, printed, with_values
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import packed, worn
from schemas.boxed import CELLS, DIGIT_BOXES, REFUSAL_BOXES, Language
from schemas.documents import FIELDS, Opened, Part, Reading
from schemas.ids import new_id
from schemas.settings import Settings
from tasks.extract.read import read_opened
from tasks.provision.consent_pdf import consent_pdf
from tasks.provision.form_docx import UNTICKED, form_docx
from tasks.provision.form_pdf import Pupil, form_pdf
from tasks.provision.words import LANGUAGES

MOTHER = {
    "pupil": "Ola Ødegård",
    "fnr": "41819077302",
    "name": "Kari Ødegård",
    "mobile": "91234567",
    "email": "kari@example.com",
}
FATHER = {"pupil": "Ola Ødegård", "name": "Åge Bjørk", "mobile": "+46701234567"}
ODD = Pupil(new_id("P"), "Łukasz Čáhppes", "1STA")


def fields(slot: int, values: dict[str, str]) -> dict[str, str]:
    return {f"{slot}_{name}": value for name, value in values.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_filled_in_on_screen_is_read_exactly(language: Language) -> None:
    """Every field of both guardians comes back as typed, and a ticked box is that guardian's refusal."""
    returned = filled_pdf(FilledForm(FilledColumn(**MOTHER), FilledColumn(**FATHER, refused=True)), language=language)

    assert [{"slot": "1", **MOTHER}, {"slot": "2", **FATHER, "refused": "yes"}] == told(read(returned))


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_form_says_nothing(language: Language) -> None:
    """The printed words are no refusal and no value: a form sent back empty is no form."""
    assert () == read(form_pdf(language)).forms
    assert () == read(consent_pdf(language)).forms


def test_the_printed_name_of_the_pupil_comes_back_with_the_form() -> None:
    """A name with letters outside the Western set is kept in a pupil's own form, seen and read."""
    own = form_pdf("nb", pupil=ODD)
    entry = told(read(with_values(own, fields(1, {name: MOTHER[name] for name in ("fnr", "name")}))))[0]

    assert "Łukasz Čáhppes" == entry["pupil"]
    assert ink(picture(own, 254), CELLS[1]["pupil"]) > 0.01 > ink(picture(form_pdf("nb"), 254), CELLS[1]["pupil"])


def test_a_filled_form_is_still_fit_to_print() -> None:
    """The typed digits stand in their boxes, one in each, and the mobile's last four boxes stay empty."""
    page = picture(with_values(form_pdf("nb"), fields(1, MOTHER)), 254)

    assert 11 == sum(ink(page, box) > 0.01 for box in DIGIT_BOXES[1]["fnr"])
    assert [True] * 8 + [False] * 4 == [ink(page, box) > 0.01 for box in DIGIT_BOXES[1]["mobile"]]
    assert 0 == sum(ink(page, box) > 0.01 for name in ("fnr", "mobile") for box in DIGIT_BOXES[2][name])


@pytest.mark.parametrize(("dpi", "skew", "turned"), [(200, 4.0, False), (150, -5.0, True), (300, 1.0, False)])
def test_a_printed_and_worn_page_is_placed_by_its_marks(dpi: int, skew: float, turned: bool) -> None:
    """Skewed, upside down, soft, grainy: by the corner marks every box is found again, ticked and unticked apart."""
    returned = with_values(form_pdf("nn"), {**fields(1, MOTHER), "2_refused": "/Yes"})
    grey = worn(picture(returned, dpi), np.random.default_rng(dpi), dpi=dpi, skew_degrees=skew, noise=4.0)
    page = squared(np.ascontiguousarray(grey[::-1, ::-1]) if turned else grey, "guardian")

    assert [True] * 8 + [False] * 4 == [ink(page, box) > 0.02 for box in DIGIT_BOXES[1]["mobile"]]
    assert 11 == sum(ink(page, box) > 0.02 for box in DIGIT_BOXES[1]["fnr"])
    assert 0 == sum(ink(page, box) > 0.005 for box in DIGIT_BOXES[2]["fnr"])
    assert (False, True) == (ink(page, REFUSAL_BOXES[1]) > 0.01, ink(page, REFUSAL_BOXES[2]) > 0.05)


def test_a_consent_is_never_read_as_a_guardians_form() -> None:
    """A pupil's consent filled in on screen holds no entry of a guardian, whatever is written in it."""
    values = {"consent_pupil": "Ola Ødegård", "consent_guardian_1": "Kari Ødegård", "consent_date": "15102026"}
    for language in LANGUAGES:
        reading = read(with_values(consent_pdf(language), values))
        assert [] == [form for form in reading.forms if form.kind == "guardian"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_document_comes_back_exactly(language: Language) -> None:
    """Filled in in Word, the table gives every value; an x in place of the empty box is a refusal; empty, nothing."""
    document = docx.Document(io.BytesIO(form_docx(language)))
    table = document.tables[0]
    for column, values in ((1, MOTHER), (2, FATHER)):
        for row, name in enumerate(MOTHER, 1):
            table.cell(row, column).paragraphs[0].runs[0].text = values.get(name, "")
    box = table.cell(6, 2).paragraphs[0].runs[0]
    box.text = box.text.replace(UNTICKED, "[x]")
    out = io.BytesIO()
    document.save(out)

    assert [{"slot": "1", **MOTHER}, {"slot": "2", **FATHER, "refused": "yes"}] == told(_office(out.getvalue()))
    assert () == _office(form_docx(language)).forms


def _office(data: bytes) -> Reading:
    part = Part("skjema.docx", "application/octet-stream", data)
    return read_opened(Opened("office", "not_encrypted", parts=(part,)), Settings(environment="test"))


def test_the_pupils_id_is_all_that_the_file_holds_beyond_the_page() -> None:
    """Metadata say nothing of whose form it is."""
    metadata = reader(form_pdf("nb", pupil=ODD)).metadata

    assert metadata is not None
    assert "Łukasz" not in " ".join(map(str, metadata.values()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scan_of_the_form_is_read_back(language: Language) -> None:
    """Printed, scanned at 200 dpi, worn: number, mobile and tick come back; nothing is called good that differs."""
    form = FilledForm(FilledColumn(**MOTHER), FilledColumn(pupil="Ola Ødegård", name="Åge Bjørk", refused=True))
    grey = printed(filled_pdf(form, language=language), dpi=200)
    page = worn(grey, np.random.default_rng(7), dpi=200, skew_degrees=1.2, noise=4.0)
    part = Part("side.png", "image/png", packed([page], dpi=200, fmt="png"))
    reading = read_opened(Opened("image", "not_encrypted", parts=(part,)), Settings(environment="test"))
    entries = {entry.slot: entry for read_form in reading.forms for entry in read_form.entries}

    assert (MOTHER["fnr"], MOTHER["mobile"]) == tuple(f.value for f in (entries[1].fnr, entries[1].mobile) if f)
    assert entries[2].refused
    for slot, entry in entries.items():
        for name in FIELDS:
            field, meant = entry.get(name), getattr(form.columns[slot - 1], name)
            assert field is None or field.decision == "review" or meant == field.value
    assert not (entries[1].refused or entries[1].refused_in_words)
