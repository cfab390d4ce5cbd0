"""Tesseract, and making a piece of paper fit for it.

Belongs here: the engines, loaded once in a process and used in turn, and cleaning one crop. Does not belong here: where
the crop comes from (`layout`), whether to believe the result (`scan`). Nothing is written to disk.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
import tesserocr
from numpy.typing import NDArray

from schemas.errors import OutsideFault

Grey = NDArray[np.uint8]
Language = Literal["nor", "eng"]

_LETTER_HEIGHT: Final = 32
BORDER: Final = 14
"""White pixels round a cleaned piece."""
_DASH_MM: Final = 0.9
_PALEST: Final = 205
_FAINTEST: Final = 170
_ACROSS: Final = 0.8
"""Share of a row of pixels from which it is no writing."""

cv2.setNumThreads(1)  # readers are processes; more threads than cores halve the speed of all

_LSTM: Final[Any] = tesserocr.OEM.LSTM_ONLY
_engines: dict[tuple[Path, Language], Any] = {}
_lock: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Words:
    """What was read, and how sure the engine is of the least sure word, 0 to 1."""

    text: str = field(default="", repr=False)
    confidence: float = 0.0


def read(piece: Grey, tessdata: Path, language: Language, *, only: str = "", lines: bool = False) -> Words:
    """Read a cleaned piece (dark on white), as one line or as a block of `lines`.

    Norwegian data knows no @ and no underscore, so addresses are read as `eng`. `only` limits the letters. Raises
    OutsideFault where the language files cannot be loaded.
    """
    with _lock:
        engine = _engine(tessdata, language)
        engine.SetVariable("tessedit_char_whitelist", only)
        high, wide = piece.shape
        engine.SetImageBytes(np.ascontiguousarray(piece).tobytes(), wide, high, 1, wide)
        engine.SetSourceResolution(300)
        # The engine finds no line at all in some sound pieces; read as a block or raw, they come out.
        modes = [tesserocr.PSM.SINGLE_LINE, tesserocr.PSM.SINGLE_BLOCK, tesserocr.PSM.RAW_LINE]
        for mode in modes[1:] if lines else modes:
            engine.SetPageSegMode(mode)
            text = str(engine.GetUTF8Text())
            if text.strip():
                break
        confidences = engine.AllWordConfidences()
        engine.Clear()
    if not lines:
        text = " ".join(text.split())
    return Words(text, min(confidences, default=0) / 100)


def _engine(tessdata: Path, language: Language) -> Any:
    if (tessdata, language) not in _engines:
        try:
            engine = tesserocr.PyTessBaseAPI(path=str(tessdata), lang=language, oem=_LSTM)
        except RuntimeError:
            raise OutsideFault(
                "ocr_unavailable",
                "Tesseract's language files cannot be loaded",
                "install tesseract-ocr, tesseract-ocr-nor and tesseract-ocr-eng, or set post.tessdata",
            ) from None
        engine.SetVariable("debug_file", "/dev/null")
        _engines[tessdata, language] = engine
    return _engines[tessdata, language]


def shade_at(piece: Grey, percent: float) -> float:
    """The shade below which that share of the pixels lies, as `np.percentile` has it, in a tenth of its time."""
    upto = np.cumsum(cv2.calcHist([piece], [0], None, [256], [0, 256]).ravel())
    at = (piece.size - 1) * percent / 100
    low, high = np.searchsorted(upto, (int(at), int(at) + 1), side="right")
    return float(low + (high - low) * (at - int(at)))


def cleaned(piece: Grey, millimetre: float) -> Grey | None:
    """A crop without rules and specks, trimmed to its ink and brought to the size the engine likes; None if blank.

    `millimetre` is its length in pixels.
    """
    if min(piece.shape) < 4:
        return None
    paper = shade_at(piece, 80)
    white = np.clip(piece.astype(np.float32) * (255 / max(paper, 1)), 0, 255).astype(np.uint8)
    level, ink = cv2.threshold(white, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if white.min() > _FAINTEST:
        return None
    if level > _PALEST:  # thin or pale ink: what divides it from paper lies lower than the whole crop's shades say
        ink = cv2.threshold(white, _PALEST, 255, cv2.THRESH_BINARY_INV)[1]
    top, bottom = _rule_edges(ink.mean(axis=1) / 255, 0.15, millimetre)
    left, right = _rule_edges(ink.mean(axis=0) / 255, 0.3, millimetre)
    white, ink = white[top:bottom, left:right], ink[top:bottom, left:right]
    ink[ink.mean(axis=1) > _ACROSS * 255] = 0  # a fold
    count, marks, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    kept = [i for i in range(1, count) if not _dirt(stats[i], ink.shape, millimetre)]
    letters = [i for i in kept if max(stats[i, 2], stats[i, 3]) > 1.0 * millimetre]
    if not letters or all(_dash(stats[i], millimetre) for i in kept):
        return None
    own = np.zeros(count, np.uint8)
    own[kept] = 1
    left, top = (int(min(stats[i, side] for i in kept)) for side in (0, 1))
    right, bottom = (int(max(stats[i, side] + stats[i, side + 2] for i in kept)) for side in (0, 1))
    near = cv2.dilate(own[marks], np.ones((3, 3), np.uint8))
    text = np.where(near > 0, white, 255).astype(np.uint8)[top:bottom, left:right]
    tall = float(np.percentile([stats[i, 3] for i in letters], 75))
    factor = min(4.0, max(0.4, _LETTER_HEIGHT / tall))
    how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    sized = cv2.resize(text, None, fx=factor, fy=factor, interpolation=how)
    return np.asarray(
        cv2.copyMakeBorder(sized, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_CONSTANT, value=(255,)), dtype=np.uint8
    )


def _rule_edges(share: NDArray[np.float64], dark: float, millimetre: float) -> tuple[int, int]:
    """First and past-last index without the rules that a crop still has along its edges: at most 1 mm each."""
    most = min(max(2, round(millimetre)), len(share) // 4)
    first = next((i for i in range(most) if share[i] <= dark), most)
    last = next((i for i in range(most) if share[-1 - i] <= dark), most)
    return first, len(share) - last


def _dirt(stat: Any, shape: tuple[int, ...], millimetre: float) -> bool:
    """Whether a piece of ink is a speck, or what is left of a rule along the crop's edge."""
    left, top, wide, high, area = (int(value) for value in stat)
    if area < (0.25 * millimetre) ** 2:
        return True
    edge = left <= 1 or top <= 1 or left + wide >= shape[1] - 1 or top + high >= shape[0] - 1
    thin = min(wide, high) < 0.9 * millimetre
    return edge and thin and (wide > 0.2 * shape[1] or high > 0.5 * shape[0] or min(wide, high) < 0.35 * millimetre)


def _dash(stat: Any, millimetre: float) -> bool:
    """Whether a piece of ink is a stroke to say that nothing stands here."""
    wide, high = int(stat[2]), int(stat[3])
    return high < _DASH_MM * millimetre and wide > 1.5 * high


def lines_in(piece: Grey) -> int:
    """How many lines of text a cleaned piece holds."""
    rows = (piece < 128).any(axis=1)
    runs = np.flatnonzero(np.diff(np.concatenate(([False], rows, [False])).astype(np.int8))).reshape(-1, 2)
    return sum(1 for first, last in runs if last - first >= _LETTER_HEIGHT // 2) or 1
