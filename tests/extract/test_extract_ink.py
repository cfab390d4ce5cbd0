"""Ink that a printed cell's letters do not explain: something was written over or beside them."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from console.bench_marked import believed
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import rendered, typed_pdf
from fixtures.paperset import FONTS
from fixtures.penmarks import NUMBER_MARKS, WORD_MARKS, marked
from fixtures.printedcells import TYPEFACES
from tasks.extract import ink
from tasks.extract.ink import explained, explained_line
from tasks.extract.layout import find_grid

NUMBER = "41819077302"
ONE = FilledForm(FilledColumn("Ola Nordmann", NUMBER, "Kari Nordmann", "91234567", "kari@example.no"))
DPI = 300


def _cell(font: str = "Helvetica") -> tuple[Any, float]:
    grid = find_grid(rendered(typed_pdf(ONE, font=font), dpi=DPI))
    assert grid is not None
    return cv2.GaussianBlur(grid.cell(2, 1), (0, 0), 0.8), grid.millimetre


def _digit(cell: Any, place: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of the number's digit at a place."""
    stats = cv2.connectedComponentsWithStats((cell < 128).astype(np.uint8))[2][1:]
    left, top, wide, high, _ = sorted(stats[stats[:, 3] > 20].tolist())[place]
    return left, top, wide, high


@pytest.mark.parametrize("font", FONTS)
def test_print_alone_is_explained_by_its_digits(font: str) -> None:
    """Each typeface has its own share of ink for every digit."""
    assert explained(*_cell(font), NUMBER)


def _hollow(cell: Any) -> None:
    left, top, wide, high = _digit(cell, 3)
    for part in (1, 3):
        at = (left + wide, top + part * high // 4)
        cv2.ellipse(cell, at, (9, high // 4), 0, 0, 360, (130,), 2, cv2.LINE_AA)


def _within(cell: Any) -> None:
    left, top, wide, high = _digit(cell, 5)
    at = (left + wide // 2 - 4, top + high // 2 + 5)
    cv2.putText(cell, "4", at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30,), 2, cv2.LINE_AA)


def _bridge(cell: Any) -> None:
    left, top, wide, high = _digit(cell, 6)
    cv2.line(cell, (left + wide // 2, top + high // 2), (left + 2 * wide, top + high // 2 + 2), (30,), 4, cv2.LINE_AA)


def _pale(cell: Any) -> None:
    left, top, wide, high = _digit(cell, 2)
    cv2.line(cell, (left - wide, top + 5), (left + 2 * wide, top + high - 5), (140,), 4, cv2.LINE_AA)


def _other(cell: Any) -> None:
    left, top, _, high = _digit(cell, 4)
    cv2.putText(cell, "4", (left, top + high), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (60,), 2, cv2.LINE_AA)


@pytest.mark.parametrize("draw", [_hollow, _within, _bridge, _pale, _other])
def test_what_was_drawn_over_a_number_is_not(draw: Callable[[Any], None]) -> None:
    """A pale hollow digit, a 4 within a 0, a stroke from one digit to the next, a pale line, another digit."""
    cell, millimetre = _cell()
    draw(cell)
    assert not explained(cv2.GaussianBlur(cell, (0, 0), 0.6), millimetre, NUMBER)


def test_another_number_is_not_explained_by_the_same_ink() -> None:
    """What both readers took for a 1 must have the ink of a 1."""
    assert not explained(*_cell(), NUMBER.replace("1", "8", 1))


@pytest.mark.parametrize("kind", NUMBER_MARKS)
def test_a_number_with_a_pens_mark_on_it_is_never_believed(kind: str) -> None:
    """Each kind of mark on a scanned number, which both readers may read still: a person reads it."""
    place = [*NUMBER_MARKS].index(kind)
    cell = marked(NUMBER, TYPEFACES[place % len(TYPEFACES)], NUMBER_MARKS[kind], seed=100 + place)
    assert not believed("fnr", cell)


@pytest.mark.parametrize(
    ("number", "typeface", "kind", "seed"),
    [
        ("82828632054", "Helvetica-Bold", "correction fluid", 91_000),
        ("18856736187", "Courier-Bold", "pale digit beside", 97_018),
    ],
)
def test_a_paler_digit_and_a_pale_one_beside_are_seen(number: str, typeface: str, kind: str, seed: int) -> None:
    """Both were believed, before paper where there should be ink counted over a gap's breadth as ink in a gap does."""
    cell = marked(number, typeface, NUMBER_MARKS[kind], seed=seed)
    assert not explained(cell.grey, cell.unit, number)


@pytest.mark.parametrize("number", ["22827919911", "13919127737"])
def test_print_in_times_that_runs_together_is_known_by_its_shapes(number: str) -> None:
    """Digits of many typefaces are as wide and as high as these: sizes alone took a wrong one for the likeliest."""
    for seed in range(4):
        cell = marked(number, "Times-Roman", None, seed=seed, dpi=300)
        assert explained(cv2.GaussianBlur(cell.grey, (0, 0), 0.8), cell.unit, number)


def test_without_the_rule_some_of_them_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """The readers agree, and the digits stand in line: it is the typeface's shapes that tell."""
    faint = [marked(NUMBER, "Helvetica", NUMBER_MARKS[kind], seed=3) for kind in ("stroke at an edge", "pale stroke")]
    monkeypatch.setattr(ink, "explained", lambda *_: True)
    assert any(believed("fnr", cell) for cell in faint)


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_print_of_each_typeface_is_believed(typeface: str) -> None:
    """A clean number needs no person, bold or with serifs."""
    assert believed("fnr", marked(NUMBER, typeface, None, seed=11, dpi=300))


def test_a_speck_beside_a_number_is_no_mark() -> None:
    """Dust on the glass stands on most pages."""
    cell, millimetre = _cell()
    cv2.circle(cell, (cell.shape[1] - 80, 30), 2, (20,), -1)
    assert explained(cell, millimetre, NUMBER)


def test_a_pale_digit_under_a_number_is_no_speck() -> None:
    """Only its darkest dots are as small as dust; the whole of it is a pen's."""
    cell = marked("09836830587", "Vera", NUMBER_MARKS["pale digit beside"], seed=87051)
    assert not explained(cell.grey, cell.unit, cell.text)


def test_pale_ink_in_the_gap_between_two_digits_is_seen() -> None:
    """It is near to both outlines, and no darker than two soft edges might be: a letter's own softness tells."""
    cell = marked("16849318881", "VeraBd", NUMBER_MARKS["pale bridge"], seed=85084)
    clean = marked("16849318881", "VeraBd", None, seed=85084)
    assert explained(clean.grey, clean.unit, clean.text)
    assert not explained(cell.grey, cell.unit, cell.text)


NAME = "Bjørn Ødegård"
ADDRESS = "kari_nordmann@example.no"


@pytest.mark.parametrize("typeface", TYPEFACES)
def test_words_alone_are_explained_in_each_typeface(typeface: str) -> None:
    """Letters with rings, strokes, tails and serifs, touching or not; an address as long as its cell."""
    for name, text in (("name", NAME), ("email", ADDRESS)):
        cell = marked(text, typeface, None, seed=11, dpi=300)
        assert explained_line(cell.grey, cell.unit, text), name


@pytest.mark.parametrize("kind", WORD_MARKS)
def test_a_name_with_a_pens_mark_on_it_is_never_believed(kind: str) -> None:
    """Each kind of mark on a scanned name, which both readers may read still: a person reads it."""
    place = [*WORD_MARKS].index(kind)
    for seed in (100 + place, 200 + place):
        cell = marked(NAME, TYPEFACES[place % len(TYPEFACES)], WORD_MARKS[kind], seed=seed)
        assert not believed("name", cell)


def test_without_the_rule_some_of_the_names_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pale line, a stroke at a letter's edge: both readers read the name on through it."""
    faint = [
        marked("Kari Berg", "Helvetica", WORD_MARKS[kind], seed=seed)
        for kind in ("stroke at an edge", "pale line", "pale letter beside")
        for seed in (3, 4)
    ]
    assert not any(believed("name", cell) for cell in faint)
    monkeypatch.setattr(ink, "explained_line", lambda *_: True)
    assert any(believed("name", cell) for cell in faint)


@pytest.mark.parametrize(
    "other", ["Bjørn Odegård", "Bjørn Ødegard", "Bjorn Ødegård", "Björn Ødegård", "Bjørn Ødegårdl"]
)
def test_another_name_is_not_explained_by_the_same_ink(other: str) -> None:
    """A ring or a stroke less, a letter more; one that no typeface here has."""
    cell = marked(NAME, "Helvetica", None, seed=11, dpi=300)
    assert not explained_line(cell.grey, cell.unit, other)


def test_dust_over_a_name_is_no_mark_but_two_dots_over_a_letter_are() -> None:
    """Dust on the glass stands on most pages; a diaeresis makes another name."""
    cell = marked(NAME, "Helvetica", None, seed=11, dpi=300)
    top, _ = np.argwhere(cell.grey < 128).min(axis=0)
    _, right = np.argwhere(cell.grey < 128).max(axis=0)
    grey = cell.grey.copy()
    cv2.circle(grey, (int(right) - 33, int(top) + 2), 1, (20,), -1)
    assert explained_line(grey, cell.unit, NAME)
    cv2.circle(grey, (int(right) - 22, int(top) + 2), 1, (20,), -1)
    assert not explained_line(grey, cell.unit, NAME)


def test_a_cell_that_holds_something_else_is_not_explained() -> None:
    """Blank paper, a sliver, nothing read."""
    blank = np.full((109, 673), 240, np.uint8)
    assert not explained_line(blank, 11.8, NAME)
    assert not explained_line(blank[:12], 11.8, NAME)
    assert not explained_line(blank, 11.8, "")
