"""The boxed edition on a picture: found by its marks, read box by box, or left to a person."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from fixtures.boxed import filled_pdf, printed, with_values
from fixtures.filled import FilledColumn, FilledForm
from fixtures.paperset import pen_boxed, worn
from schemas.boxed import MARKS, REFUSAL_BOXES, Language
from schemas.documents import FIELDS
from schemas.ids import new_id
from schemas.settings import Post
from tasks.extract.marks import find_sheet
from tasks.extract.scan import read_page
from tasks.provision.form_pdf import Pupil, form_pdf
from tasks.provision.words import LANGUAGES

POST = Post()
ONE = FilledForm(
    FilledColumn("Ola Nordmann", "41819077302", "Kari Nordmann", "91234567", "kari@example.no"),
    FilledColumn("Ola Nordmann", "10915596784", "Per Nordmann", "+46701234567", "per.nordmann@example.no"),
)
PAGE = printed(filled_pdf(ONE), dpi=200)
EMPTY = printed(form_pdf("nb"), dpi=200)
UNIT = 200 / 25.4

Told = Callable[[Any], dict[int, dict[str, Any]]]


def decisions(form: Any) -> set[str]:
    return {read.decision for entry in form.entries for name in FIELDS if (read := entry.get(name))}


@pytest.mark.parametrize(("seed", "turns"), [(1, 0), (2, 2), (3, 1)])
def test_print_in_boxes_is_read_exactly_and_accepted(told: Told, seed: int, turns: int) -> None:
    """Worn, skewed, upside down, on its side: every value as typed; only the foreign mobile waits for a person."""
    page = np.ascontiguousarray(np.rot90(worn(PAGE, np.random.default_rng(seed), 200), turns))
    read = read_page(page, POST)
    assert read.form is not None
    assert (told(ONE), ()) == (told(read.form), read.faults)
    waiting = [name for entry in read.form.entries for name in FIELDS if entry.get(name).decision != "accepted"]  # type: ignore[union-attr]
    assert ["mobile"] == waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_handwriting_in_boxes_is_a_suggestion(language: Language) -> None:
    """The digits of a pen are read, box by box, and every field is for review, on the form in each language."""
    rng = np.random.default_rng(4)
    blank = printed(form_pdf(language), dpi=200)
    read = read_page(worn(pen_boxed(ONE, blank, rng, 200), rng, 200), POST)
    assert read.form is not None
    assert (("handwritten",), {"review"}) == (read.faults, decisions(read.form))
    assert ["41819077302", "10915596784"] == [entry.fnr and entry.fnr.value for entry in read.form.entries]


def test_an_empty_sheet_has_no_entry() -> None:
    """Specimen digits, rules and printed words are no values."""
    read = read_page(worn(EMPTY, np.random.default_rng(5), 200), POST)
    assert ((), ()) == (read.form and read.form.entries, read.faults)


def test_a_hole_among_the_digits_leaves_the_number_to_a_person() -> None:
    """Ten digits and an empty box are not a number, wherever the hole is."""
    page = PAGE.copy()
    x, y = round((56 + 5.5 * 4 + 0.6) * UNIT), round(166 * UNIT)
    page[y : y + round(7 * UNIT), x : x + round(4.3 * UNIT)] = 255
    read = read_page(page, POST)
    fnr = read.form and read.form.entries[0].fnr
    assert fnr
    assert "review" == fnr.decision


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("cross", (True, False)),
        ("none", (False, False)),
        ("black", (False, True)),
        ("dot", (False, True)),
        ("fold", (False, True)),
    ],
)
def test_a_tick_is_a_refusal_and_a_smear_a_question(mark: str, expected: tuple[bool, bool]) -> None:
    """A cross refuses; a box blacked out, with only a trace in it or a fold through it, is put to a steward."""
    page, box = PAGE.copy(), REFUSAL_BOXES[1]
    x1, y1, x2, y2 = (round(one * UNIT) for one in (box.x + 0.6, box.y + 0.6, box.right - 0.6, box.bottom - 0.6))
    if mark == "cross":
        cv2.line(page, (x1, y1), (x2, y2), (20,), 3)
        cv2.line(page, (x2, y1), (x1, y2), (20,), 3)
    elif mark == "black":
        page[y1:y2, x1:x2] = 10
    elif mark == "dot":
        cv2.circle(page, ((x1 + x2) // 2, (y1 + y2) // 2), 2, (20,), -1)
    elif mark == "fold":
        cv2.line(page, (x1 + 6, 0), (x1 + 14, len(page)), (100,), 3)
    read = read_page(page, POST)
    assert read.form is not None
    assert expected == (read.form.entries[0].refused, read.form.entries[0].refused_in_words)


def test_three_marks_are_enough_and_two_are_not(told: Told) -> None:
    """A torn corner changes nothing; with two corners gone there is no layout."""
    page = PAGE.copy()

    def tear(box: Any) -> None:
        page[round((box.y - 1) * UNIT) : round((box.bottom + 1) * UNIT), :][
            :, round((box.x - 1) * UNIT) : round((box.right + 1) * UNIT)
        ] = 255

    tear(MARKS[0])
    read = read_page(page, POST)
    assert read.form is not None
    assert told(ONE) == told(read.form)
    tear(MARKS[2])
    assert read_page(page, POST).form is None


def test_a_crumpled_or_mirrored_sheet_has_no_layout() -> None:
    """Marks that do not lie on one flat sheet, seen from the front, are never trusted."""
    assert find_sheet(np.ascontiguousarray(PAGE[:, ::-1])) is None
    x = round(MARKS[1].x * UNIT) - 4
    y, side = round(MARKS[1].y * UNIT) - 4, round(10 * UNIT) + 8
    cut = PAGE[y : y + side, x : x + side].copy()
    moved = PAGE.copy()
    moved[y : y + side, x : x + side] = 255
    moved[y - 110 : y - 110 + side, x : x + side] = cut
    assert find_sheet(moved) is None


def test_the_code_says_whose_sheet_it_is() -> None:
    """The opaque id of a pupil's own form comes back with it; the general edition has none."""
    ident = new_id("P")
    own = with_values(form_pdf("nn", pupil=Pupil(ident, "Ola Nordmann", "1STA")), {"1_fnr": "41819077302"})
    read = read_page(worn(printed(own, dpi=200), np.random.default_rng(7), 200), POST)
    assert (ident, "") == (read.form and read.form.reference, replace(read_page(PAGE, POST)).form.reference)  # type: ignore[union-attr]
