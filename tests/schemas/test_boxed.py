"""The boxed edition's geometry and the reference in its QR code."""

from itertools import combinations

import pytest

from schemas import boxed
from schemas.boxed import Box, Reference, read_reference
from schemas.ids import new_id

FIELDS = [box for cells in boxed.CELLS.values() for box in cells.values()]
CONSENT = [
    boxed.CONSENT_PUPIL,
    *boxed.CONSENT_GUARDIANS.values(),
    boxed.CONSENT_DATE,
    boxed.CONSENT_SIGNATURE,
]


def apart(one: Box, two: Box) -> bool:
    return one.right <= two.x or two.right <= one.x or one.bottom <= two.y or two.bottom <= one.y


def test_nothing_that_is_read_stands_near_the_edge() -> None:
    """Marks, fields and code stand at least 20 mm from every edge of the sheet."""
    read = [*boxed.MARKS, *FIELDS, *CONSENT, *boxed.REFUSAL_BOXES.values(), boxed.QR_PLACE]

    assert [] == [box for box in read if not boxed.inside_page(box, 20.0)]


def test_nothing_that_is_read_overlaps() -> None:
    """No mark, field, tick-box or code lies over another, on either sheet."""
    around = [*boxed.MARKS, boxed.QR_PLACE]
    guardian = [*around, *FIELDS, *boxed.REFUSAL_BOXES.values()]

    assert [] == [
        pair for sheet in (guardian, [*around, *CONSENT]) for pair in combinations(sheet, 2) if not apart(*pair)
    ]


def test_the_fields_lie_between_the_marks() -> None:
    """What is filled in lies within the frame of the four marks, so that its place is never guessed outwards."""
    left, top = boxed.MARKS[0].x, boxed.MARKS[0].y
    right, bottom = boxed.MARKS[2].right, boxed.MARKS[2].bottom
    framed = [*FIELDS, *CONSENT, *boxed.REFUSAL_BOXES.values()]

    assert [] == [b for b in framed if b.x < left or b.y < top or b.right > right or b.bottom > bottom]


def test_each_sheet_has_marks_of_its_own() -> None:
    """The two sheets share no mark's id, and every id is one of the dictionary's 50."""
    ids = [ident for four in boxed.MARK_IDS.values() for ident in four]

    assert 8 == len(set(ids))
    assert max(ids) < 50


def test_digit_boxes_fill_their_cell() -> None:
    """Eleven boxes of the number and twelve of the mobile end where their cells end."""
    for slot in (1, 2):
        for name, count in (("fnr", 11), ("mobile", 12)):
            boxes = boxed.DIGIT_BOXES[slot][name]  # type: ignore[index]
            assert count == len(boxes)
            assert boxed.CELLS[slot][name].right == pytest.approx(boxes[-1].right)  # type: ignore[index]


def test_a_reference_is_read_back() -> None:
    """What the QR code says comes back as it was: kind, language, id, edition."""
    reference = Reference("consent", "nn", new_id("P"))

    assert reference == read_reference(reference.text())


def test_a_reference_has_only_characters_that_qr_packs_tightly() -> None:
    """Capitals, digits, colon and hyphen, at most 47 of them: a code of 29 modules with a quarter to spare."""
    text = Reference("guardian", "en", new_id("P")).text()

    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-")
    assert len(text) <= 47


@pytest.mark.parametrize(
    "text", ["", "https://example.org", "FORESATT:1:G:NB:", "FORESATT:1:X:NB:P-" + "A" * 26, "FORESATT:1:G:NB:Kari"]
)
def test_anybody_elses_code_is_no_reference(text: str) -> None:
    """Codes that we did not print say nothing."""
    assert read_reference(text) is None


def test_only_an_id_of_ours_goes_into_a_code() -> None:
    """A name or a number can never be printed as a reference."""
    with pytest.raises(ValueError, match="not an id"):
        Reference("guardian", "nb", "418190 77302").text()
