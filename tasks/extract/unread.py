"""Whether a page on which no form was found looks like one all the same.

Belongs here: what is left of a form that is torn, folded or cut: a corner mark, its labels, a number. Does not belong
here: reading it, which nobody but a person can. Beside forms that were read such a page would be lost without a word,
as a cover sheet or a blank back is.
"""

from typing import Final

import numpy as np
from rapidfuzz import fuzz

from schemas.documents import FieldName
from schemas.form import LABELS
from schemas.settings import Post
from tasks.extract import ocr
from tasks.extract.layout import Grey, reduced
from tasks.extract.marks import shows_mark
from tasks.extract.numbers import holds_number

SIDE: Final = 2_400
"""Pixels of a long side at which labels can still be read."""
_ALIKE: Final = 80
"""How alike the beginning of a line and a label must be, of 100."""
_FEWEST: Final = 3
_OWN: Final[tuple[FieldName, ...]] = ("pupil", "fnr")
"""Labels that no letterhead has."""
_DARK: Final = 0.6
_BLANK: Final = 0.0005
"""Share of a page darker than that share of its paper up to which nothing is printed on it: a blank back, with dust."""


def kept(page: Grey) -> Grey:
    """The page, small enough to be kept until it is known whether it matters."""
    return reduced(page, SIDE).copy()


def like_form(page: Grey, settings: Post) -> bool:
    """Whether a page as `kept` looks like a form, whichever way up it lies. Raises OutsideFault as the engines do."""
    if float((page < _DARK * ocr.shade_at(page, 50)).mean()) <= _BLANK:
        return False
    if shows_mark(page):
        return True
    return any(_labelled(one, settings) for one in (page, np.ascontiguousarray(page[::-1, ::-1])))


def _labelled(page: Grey, settings: Post) -> bool:
    text = ocr.read(page, settings.tessdata, "nor", lines=True).text
    starts = [line.casefold().strip(" |_:.-[]") for line in text.splitlines()]
    found = {
        name
        for name, labels in LABELS.items()
        if any(fuzz.ratio(start[: len(label)], label) >= _ALIKE for start in starts for label in labels)
    }
    return holds_number(text) or (len(found) >= _FEWEST and not found.isdisjoint(_OWN))
