"""The form on a picture: printed, scanned, turned, worn. Typed cells only; handwriting is always a person's to read."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fixtures import boxed
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import packed, rendered, scanned, typed_pdf
from fixtures.paperset import handwritten
from schemas.documents import FIELDS, FieldName
from schemas.errors import OutsideFault
from schemas.form import SEED_TABLE
from schemas.settings import Post
from tasks.extract.draft import Draft
from tasks.extract.layout import find_grid
from tasks.extract.ocr import shade_at
from tasks.extract.pdf import read_pdf
from tasks.extract.policy import Seen
from tasks.extract.scan import Page, read_image, read_page, taken

POST = Post()
Filled = Callable[[int], FilledForm]
Told = Callable[[Any], dict[int, dict[str, Any]]]
ONE = FilledForm(FilledColumn("Ola Nordmann", "41819077302", "Kari Åse Nordmann", "91234567", "kari@example.no"))


@pytest.mark.parametrize(
    ("number", "dpi", "fmt", "skew", "noise", "upside_down"),
    [
        (0, 200, "png", 0.0, 3, False),
        (1, 200, "jpeg", 3.0, 4, False),
        (2, 200, "tiff", -3.0, 4, True),
        (3, 300, "jpeg", 1.7, 6, True),
        (4, 300, "jpeg", -2.4, 4, False),
        (6, 150, "jpeg", 0.8, 3, False),
    ],
)
def test_a_scan_is_read_whichever_way_it_lies(
    filled: Filled, told: Told, number: int, dpi: int, fmt: Any, skew: float, noise: float, upside_down: bool
) -> None:
    """200 and 300 dpi, skewed up to 3 degrees, upside down: number, mobile, names, address and refusal exactly."""
    form = filled(number)
    page = scanned(form, seed=number, dpi=dpi, fmt=fmt, skew_degrees=skew, noise=noise, upside_down=upside_down)
    reading = read_image(page, POST)
    assert ([told(form)], ()) == ([told(read) for read in reading.forms], reading.faults)


def _decisions(form: Any) -> dict[str, str]:
    return {name: read.decision for name in FIELDS if (read := form.entries[0].get(name))}


def test_print_that_both_readers_read_alike_is_accepted() -> None:
    """A clean typed sheet needs no person: every field is `accepted`; the form says that a machine read it."""
    form = read_image(scanned(ONE, seed=5, fmt="jpeg"), POST).forms[0]
    assert {"accepted"} == set(_decisions(form).values())
    assert form.machine_read


def _over(draw: Callable[[Any], None], *, noise: float = 3.0) -> Any:
    """The typed sheet with something drawn on it before it is scanned, at 200 dpi."""
    page = rendered(typed_pdf(ONE), dpi=200)
    draw(page)
    return read_image(packed([page], dpi=200, fmt="png"), POST)


def _at(x: float, y: float) -> tuple[int, int]:
    return round(x * 200 / 25.4), round(y * 200 / 25.4)


@pytest.mark.parametrize(
    "draw",
    [
        lambda page: cv2.line(page, _at(71, 175), _at(105, 175.5), (0,), 3),
        lambda page: cv2.line(page, _at(75, 168), _at(95, 182), (30,), 4),
        lambda page: cv2.putText(page, "77302", _at(100, 179), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.1, (20,), 3),
        lambda page: cv2.circle(page, _at(84, 175), 30, (20,), -1),
        lambda page: cv2.putText(page, "?", _at(102, 177), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (0,), 3),
    ],
    ids=["struck out", "struck through the rules", "more digits by hand", "blot", "question mark"],
)
def test_a_number_that_was_written_on_is_never_accepted(draw: Callable[[Any], None]) -> None:
    """Crossed out, written over, added to, in doubt: a person reads the number."""
    reading = _over(draw)
    read = reading.forms[0].entries[0].fnr if reading.forms else None
    assert read is None or "review" == read.decision


@pytest.mark.parametrize("kind", ["pale", "digit over a digit", "digit below"])
def test_a_number_that_was_written_over_lightly_is_never_accepted(kind: str) -> None:
    """A thin grey pen through it, another digit over one of it or hanging below one: both readers read it still."""

    def draw(page: Any) -> None:
        if kind == "pale":
            cv2.line(page, _at(71, 174.6), _at(104, 175.4), (90,), 2)
        else:
            down = 1.2 if kind == "digit below" else -0.3
            at = _at(84.3, 176.5 + down)
            cv2.putText(page, "4", at, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (30,), 2, cv2.LINE_AA)

    reading = _over(draw)
    assert reading.forms[0].entries[0].fnr is not None
    assert "review" == reading.forms[0].entries[0].fnr.decision


@pytest.mark.parametrize("words", ["Ønsker ikke å oppgi", "Vil ikkje oppgi", "I refuse", "Nei"])
def test_a_no_in_words_where_the_number_should_stand_is_put_to_a_steward(words: str) -> None:
    """Though the number's cell is read for digits, words in it are read too."""
    entry = read_image(scanned(FilledForm(FilledColumn("Ola Nordmann", words, "Kari Nordmann")), seed=3), POST).forms[0]
    assert (True, False, None) == (entry.entries[0].refused_in_words, entry.entries[0].refused, entry.entries[0].fnr)


def test_that_it_stands_on_the_back_is_told_as_it_is() -> None:
    """A person sees the words, not digits made of them."""
    form = FilledForm(FilledColumn("Ola Nordmann", "se baksiden", "Kari Nordmann"))
    fnr = read_image(scanned(form, seed=3), POST).forms[0].entries[0].fnr
    assert fnr is not None
    assert ("se baksiden", "review") == (fnr.value, fnr.decision)


@pytest.mark.parametrize("told", ["-", "Ingen", "Ikke aktuelt"])
def test_a_column_of_nobody_is_empty(told: str) -> None:
    """A stroke or a word in each cell says that there is no second guardian, and makes the first no less clear."""
    form = read_image(scanned(FilledForm(ONE.first, FilledColumn(*[told] * 5)), seed=4), POST).forms[0]
    assert [1] == [entry.slot for entry in form.entries]
    if told == "-":
        assert {"accepted"} == set(_decisions(form).values())


def test_a_refusal_far_below_the_table_is_put_to_a_person() -> None:
    """Who has the box at the foot of the letter ticks it there; the number is not taken."""
    refused = rendered(typed_pdf(FilledForm(replace(ONE.first, refused=True))), dpi=200)
    page = rendered(typed_pdf(ONE), dpi=200)
    (left, top), (right, bottom) = _at(70.5, 211), _at(130, 226)
    x, y = _at(21, 262)
    np.minimum(
        page[y : y + bottom - top, x : x + right - left],
        refused[top:bottom, left:right],
        out=page[y : y + bottom - top, x : x + right - left],
    )
    form = read_page(page, POST).form
    assert form is not None
    assert form.entries[0].refused or form.entries[0].refused_in_words


@pytest.mark.parametrize("words", ["Per", "ja", "har ikke"])
def test_words_where_the_mobile_should_stand_are_not_lost(words: str) -> None:
    """The cell is read for digits and holds none: a person sees what stands there."""
    form = FilledForm(FilledColumn("Ola Nordmann", "41819077302", "Kari Nordmann", words))
    mobile = (
        read_image(packed([rendered(typed_pdf(form), dpi=150)], dpi=150, fmt="png"), POST).forms[0].entries[0].mobile
    )
    assert mobile is not None
    assert (words, "review") == (mobile.value, mobile.decision)


def test_a_mobile_with_a_digit_too_few_stays_digits() -> None:
    """Words are looked for only where few digits are read, so that no letters are made of a short number."""
    form = FilledForm(FilledColumn("Ola Nordmann", "41819077302", "Kari Nordmann", "9123456"))
    mobile = (
        read_image(packed([rendered(typed_pdf(form), dpi=150)], dpi=150, fmt="png"), POST).forms[0].entries[0].mobile
    )
    assert mobile is not None
    assert ("9123456", "review") == (mobile.value, mobile.decision)


@given(st.binary(min_size=1, max_size=400), st.sampled_from([80, 90]))
def test_the_papers_shade_is_the_percentile(shades: bytes, percent: int) -> None:
    """Counted, not sorted, and the same."""
    piece = np.frombuffer(shades, np.uint8).reshape(1, -1)
    assert shade_at(piece, percent) == pytest.approx(np.percentile(piece, percent))


def test_letters_of_the_school_close_below_the_table_are_no_refusal(told: Told) -> None:
    """That a guardian may say no is printed on every sheet; who printed it close below the table refuses nothing."""
    page = rendered(typed_pdf(ONE), dpi=200)
    high = round(60 * 200 / 25.4)
    top, bottom = round(236 * 200 / 25.4), round(222 * 200 / 25.4)
    moved = page.copy()
    moved[bottom : bottom + high] = page[top : top + high]
    assert told(ONE) == told(read_image(packed([moved], dpi=200, fmt="png"), POST).forms[0])


def test_two_numbers_in_one_cell_are_a_persons() -> None:
    """Which of them is meant, no reader knows."""
    two = FilledForm(FilledColumn("Ola Nordmann", "41819077302 10915596784", "Kari Nordmann"))
    fnr = read_image(scanned(two, seed=2, fmt="png"), POST).forms[0].entries[0].fnr
    assert fnr is not None
    assert "review" == fnr.decision


@pytest.mark.parametrize("seed", range(3))
def test_handwriting_is_never_accepted(seed: int) -> None:
    """A sheet filled in by hand is for review in every field and says so; a number stands there as a suggestion."""
    reading = read_image(handwritten(ONE, seed=seed), POST)
    assert ("handwritten" in reading.faults, {"review"}) == (True, set(_decisions(reading.forms[0]).values()))


def test_a_misread_number_is_said_to_be_one() -> None:
    """Readers that disagree about a printed number leave the whole sheet to a person."""
    cells: tuple[tuple[FieldName, str, str], ...] = (
        ("fnr", "41819077302", "41819077308"),
        ("name", "Kari Nordmann", "Kari Nordmann"),
        ("pupil", "Ola Nordmann", "Ola Nordmann"),
        ("email", "kari@example.no", "kari@example.no"),
    )
    seen: dict[tuple[int, FieldName], Seen] = {
        (1, name): Seen(name, text, other, least=1.0, sure=1.0, other=0.0, printed=True) for name, text, other in cells
    }
    page = taken(seen, Draft(headed=True, own_label=True), 1)
    assert (("readers_disagree",), "review") == (page.faults, page.form and _decisions(page.form)["fnr"])


def test_a_number_that_fails_its_check_digits_is_read_as_it_stands_and_never_ready(told: Told) -> None:
    """A wrong digit is shown to a person as written: no number is ever repaired."""
    wrong = FilledForm(FilledColumn("Ola Nordmann", "41819077303", "Kari Nordmann"))
    reading = read_image(scanned(wrong, seed=2, fmt="jpeg"), POST)
    fnr = reading.forms[0].entries[0].fnr
    assert fnr is not None
    assert ("41819077303", "review", False) == (fnr.value, fnr.decision, reading.holds_number)


def test_an_empty_table_is_found_and_gives_no_entry() -> None:
    """Blank cells stay blank, whatever the paper's grain, and an unfilled form is no fault."""
    reading = read_image(scanned(FilledForm(), seed=8, noise=9, skew_degrees=2, fmt="jpeg"), POST)
    assert ((), ()) == (reading.forms, reading.faults)


def _folded(draw: Callable[[Any], None]) -> list[int]:
    """The slots of the entries of a sheet with an empty second column, a fold down through it, and something drawn."""
    page = rendered(typed_pdf(ONE), dpi=200)
    cv2.line(page, _at(152, 60), _at(158, 240), (150,), 2, cv2.LINE_AA)
    draw(page)
    form = read_image(packed([page], dpi=200, fmt="png"), POST).forms[0]
    return [entry.slot for entry in form.entries]


def test_a_fold_through_an_empty_column_is_no_entry() -> None:
    """A line down through every cell of it is no writing."""
    assert [1] == _folded(lambda page: None)


@pytest.mark.parametrize("words", ["Per", "1", "91234567"])
def test_writing_beside_a_fold_is_a_persons(words: str) -> None:
    """However little it is: with the fold in its cell, somebody reads it."""
    assert [1, 2] == _folded(
        lambda page: cv2.putText(page, words, _at(136, 186), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60,), 2, cv2.LINE_AA)
    )


@pytest.mark.parametrize("turns", [1, 3])
def test_a_page_on_its_side_is_turned(told: Told, turns: int) -> None:
    """A landscape scan of the portrait page is read as well."""
    page = np.ascontiguousarray(np.rot90(rendered(typed_pdf(ONE), dpi=150), turns))
    assert told(ONE) == told(read_image(packed([page], dpi=200, fmt="png"), POST).forms[0])


def test_a_photograph_taken_at_an_angle_is_pulled_square(told: Told) -> None:
    """Perspective is taken out by the table's own corners."""
    page = rendered(typed_pdf(ONE), dpi=200)
    high, wide = page.shape
    seen = np.array([(60, 40), (wide - 20, 0), (wide - 90, high - 30), (0, high - 110)], np.float32)
    flat = np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32)
    photo = cv2.warpPerspective(page, cv2.getPerspectiveTransform(flat, seen), (wide, high), borderValue=(90,))
    assert told(ONE) == told(read_image(packed([photo], dpi=250, fmt="jpeg"), POST).forms[0])


def test_the_pages_of_a_tiff_are_read_each(told: Told) -> None:
    """A form on the second page of a multi-page file is found; the letter before it is no fault."""
    blank = np.full((1200, 900), 255, np.uint8)
    both = packed([blank, rendered(typed_pdf(ONE), dpi=150)], dpi=200, fmt="tiff")
    reading = read_image(both, POST)
    assert ([told(ONE)], ()) == ([told(form) for form in reading.forms], reading.faults)
    entry = reading.forms[0].entries[0]
    assert entry.fnr is not None
    assert "page 2, column 1" == entry.fnr.source


def test_two_different_forms_in_one_file_are_two_forms(filled: Filled, told: Told) -> None:
    """A batch fed through the scanner in one go keeps its forms apart."""
    pages = [rendered(typed_pdf(filled(number)), dpi=150) for number in (0, 4)]
    reading = read_image(packed(pages, dpi=200, fmt="tiff"), POST)
    assert [told(filled(0)), told(filled(4))] == [told(form) for form in reading.forms]


def _torn(page: Any) -> Any:
    """The page with its lower right corner torn off through the table."""
    high, wide = page.shape
    gone = np.add.outer(np.arange(high) * 0.6, np.arange(wide)) > 1.17 * wide
    return np.where(gone, np.uint8(255), page)


def _unlike(page: Any, keep: float) -> Any:
    """Its upper part alone: the letter, without the form below."""
    return np.concatenate([page[: int(page.shape[0] * keep)], np.full_like(page[int(page.shape[0] * keep) :], 255)])


@pytest.mark.parametrize("fmt", ["tiff", "pdf"])
def test_a_sheet_of_a_stack_that_cannot_be_read_is_not_lost(filled: Filled, told: Told, fmt: Any) -> None:
    """Beside forms that were read, one whose table is torn is a fault; a letter, a blank back and a cover are none."""
    reads = (lambda data: read_pdf(data, POST)) if fmt == "pdf" else (lambda data: read_image(data, POST))
    first, second = (rendered(typed_pdf(filled(number)), dpi=200) for number in (0, 4))
    cover = np.full_like(first, 255)
    cv2.putText(cover, "Til kontoret: skjema fra 1STA", (200, 700), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0,), 4)
    calm = reads(packed([cover, first, np.full_like(first, 250), _unlike(second, 0.42)], dpi=200, fmt=fmt))
    assert ([told(filled(0))], ()) == ([told(form) for form in calm.forms], calm.faults)
    torn = reads(packed([first, _torn(second)], dpi=200, fmt=fmt))
    assert ([told(filled(0))], ("layout_not_found",)) == ([told(form) for form in torn.forms], torn.faults)


def test_half_a_boxed_sheet_is_a_sheet_that_was_not_read() -> None:
    """One of its corner marks is enough to know it by, upside down as well."""
    sheet = boxed.printed(boxed.filled_pdf(ONE), dpi=200)
    half = np.ascontiguousarray(sheet[: sheet.shape[0] // 2])
    other = rendered(typed_pdf(ONE), dpi=200)
    for lies in (half, half[::-1, ::-1]):
        reading = read_image(packed([other, np.ascontiguousarray(lies)], dpi=200, fmt="tiff"), POST)
        assert ("layout_not_found",) == reading.faults


def _png(shape: tuple[int, int], value: int = 255) -> bytes:
    out = io.BytesIO()
    Image.new("L", (shape[1], shape[0]), value).save(out, "PNG")
    return out.getvalue()


SCAN = scanned(ONE, seed=1, dpi=150)


@pytest.mark.parametrize(
    ("data", "limits", "fault"),
    [
        (b"", POST, "damaged"),
        (b"no picture at all", POST, "damaged"),
        (SCAN[: len(SCAN) // 2], POST, "damaged"),
        (b"II*\0\xff\xff\xff\xff", POST, "damaged"),
        (_png((900, 700)), POST, "layout_not_found"),
        (_png((900, 700)), Post(max_pixels=600_000), "too_large"),
        (packed([np.zeros((9, 9), np.uint8)] * 5, dpi=72, fmt="tiff"), Post(max_pages=4), "too_large"),
        (SCAN, Post(max_bytes=1_000), "too_large"),
    ],
    ids=["empty", "garbage", "cut short", "broken tiff", "white", "pixels", "pages", "bytes"],
)
def test_what_is_no_page_is_a_fault(data: bytes, limits: Post, fault: str) -> None:
    """Each bad picture has its code and gives no form."""
    reading = read_image(data, limits)
    assert ((), (fault,)) == (reading.forms, reading.faults)


def test_another_table_is_not_taken_for_the_form() -> None:
    """Four by seven rules with other words in them are refused, either way up."""
    page = rendered(typed_pdf(FilledForm()), dpi=150)
    grid = find_grid(page)
    assert grid is not None
    other = page.copy()
    scale = 150 / 25.4
    other[round(151 * scale) : round(219 * scale), round(22 * scale) : round(68 * scale)] = 255
    for number in range(1, 7):
        top = round((150 + 10 * number) * scale)
        other[top - 1 : top + 2, round(20 * scale) : round(70 * scale)] = 0
    assert find_grid(other) is not None
    assert Page() == read_page(other, POST)


@pytest.mark.parametrize("up", [2.4, 2.8, 2.9, 3.0])
def test_a_ring_that_meets_the_rule_above_is_not_lost(up: float) -> None:
    """A word processor sets a line close under its rule: whether the ring is read or not, no other name is accepted."""
    page, unit = rendered(typed_pdf(replace(ONE, first=replace(ONE.first, name="Ola Åsen"))), dpi=200), 200 / 25.4
    top, bottom = round((SEED_TABLE.y[3] + 0.5) * unit), round((SEED_TABLE.y[4] - 0.5) * unit)
    cell = page[top:bottom, round(71 * unit) : round(129 * unit)]
    written, lift = cell.copy(), round(up * unit)
    cell[:] = 255
    first = int(np.flatnonzero((written < 128).any(axis=1))[0])
    place = page[top + first - lift :, round(71 * unit) : round(129 * unit)][: len(written) - first]
    np.minimum(place, written[first:], out=place)
    form = read_page(page, POST).form
    assert form is not None
    name = form.entries[0].name
    assert name is not None
    assert "review" == name.decision or "Ola Åsen" == name.value


def test_missing_language_files_are_the_outside_worlds_fault(tmp_path: Path) -> None:
    """Without Tesseract's files the form stays undecided: it is not the form that is wrong."""
    with pytest.raises(OutsideFault) as caught:
        read_image(SCAN, Post(tessdata=tmp_path))
    assert "ocr_unavailable" == caught.value.code
    assert str(tmp_path) not in str(caught.value)
