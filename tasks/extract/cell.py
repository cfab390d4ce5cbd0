"""One cell of a picture, read by both readers.

Belongs here: a crop to what was seen in it. Does not belong here: where the crop comes from (`layout`, `marks`), how
far to believe it (`policy`), the engines (`ocr`, `rapid`).
"""

from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.documents import FieldName
from tasks.extract import hand, ocr, rapid
from tasks.extract.policy import NUMBERS, POLICY, Seen

Grey = NDArray[np.uint8]

_CROSSING_MM: Final = 1.5
"""How far ink must reach in from the edge: what is left of a rule does not."""


def look(name: FieldName, crop: Grey, millimetre: float, tessdata: Path, *, boxes: int | None = None) -> Seen | None:
    """What stands in the inside of a cell; None where it is blank. `millimetre` in pixels.

    Raises OutsideFault where an engine's files are missing.
    """
    piece = ocr.cleaned(crop, millimetre)
    if piece is None:
        return None
    rule, lines = POLICY[name], ocr.lines_in(piece)
    first = ocr.read(piece, tessdata, rule.language, only=rule.only, lines=lines > 1)
    text = " ".join(first.text.split())
    second = rapid.read(tight(piece), rule.letters, text)
    printed = hand.printed_digits(piece) if name in NUMBERS else hand.printed_words(piece)
    return Seen(
        name,
        text,
        second.text,
        second.confidence,
        first.confidence,
        second.other,
        printed,
        lines,
        second.strange,
        crosses(crop, millimetre),
        boxes,
    )


def tight(piece: Grey) -> Grey:
    """A cleaned piece without its white border: the second reader wants the line alone."""
    return piece[ocr.BORDER - 2 : 2 - ocr.BORDER, ocr.BORDER - 2 : 2 - ocr.BORDER]


def crosses(crop: Grey, millimetre: float) -> bool:
    """Whether ink runs over the crop's edge: a pen over the rules, or a value that goes on in the next cell."""
    paper = float(np.percentile(crop, 80))
    ink = (crop < 0.6 * paper).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    high, wide = crop.shape
    reach = _CROSSING_MM * millimetre
    for left, top, width, height, _ in stats[1:count]:
        beside = left <= 1 or left + width >= wide - 1
        above = top <= 1 or top + height >= high - 1
        if (beside and not above and width > reach) or (above and not beside and height > reach):
            return True
        if beside and above and min(width, height) > reach:
            return True
    return False
