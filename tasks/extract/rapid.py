"""The second reader: RapidOCR's recogniser, called directly.

Belongs here: finding the model file that its package brings, loading it once in a process, turning a line of ink into
letters. Does not belong here: the first reader (`ocr`), whether to believe either (`policy`). The package itself is
never imported, nothing is fetched, nothing is written.
"""

import importlib.util
import math
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from schemas.errors import OutsideFault

Grey = NDArray[np.uint8]

MODEL: Final = "models/PP-OCRv6_rec_small.onnx"
_HIGH: Final = 48
_NARROW, _WIDE = 48, 1_600
_BLANK: Final = 0
_SEPARATORS: Final = " .-"
_lock: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Line:
    """What was read, and the probability of its least sure letter, 0 to 1."""

    text: str = field(default="", repr=False)
    confidence: float = 0.0
    strange: bool = False
    """Something stands there that is none of the letters asked for, nor a separator."""
    other: float = 0.0
    """How likely the other reader's text is, as a share of this one's: 1 is as likely."""


def read(piece: Grey, only: str, other: str = "") -> Line:
    """A piece (dark on white, one line, tight) read with the letters of `only` and the space alone.

    The decoding is limited, not its result: a letter that was read as another script's is read again as the best of
    these, with the low probability that it has. `other` is another
    reader's text, to be weighed. Raises OutsideFault where the model cannot be loaded.
    """
    session, letters = _loaded()
    places = _places(only)
    allowed = np.array([_BLANK, *(place for place, _ in places)])
    with _lock:
        (found,) = session.run(None, {"x": _shaped(piece)})
    chances = np.asarray(found)[0]
    free = {int(place) for place in chances.argmax(axis=1)} - {_BLANK}
    strange = any(letters[place - 1] not in only and letters[place - 1] not in _SEPARATORS for place in free)
    return _decoded(chances[:, allowed], "".join(letter for _, letter in places), strange, other)


def _decoded(chances: NDArray[np.float32], letters: str, strange: bool, other: str) -> Line:
    """Steps x letters (the blank first) to a text: neighbours that repeat are one letter, blanks part them."""
    best = chances.argmax(axis=1)
    text: list[str] = []
    sure: list[float] = []
    last = _BLANK
    for step, place in enumerate(best):
        chance = float(chances[step, place])
        if place != _BLANK and place != last:
            text.append(letters[place - 1])
            sure.append(chance)
        elif place != _BLANK:
            sure[-1] = max(sure[-1], chance)
        last = int(place)
    told = "".join(text)
    weighed = 0.0
    if other and told and set(other) <= set(letters):
        weighed = math.exp(min(0.0, _score(chances, letters, other) - _score(chances, letters, told)))
    return Line(" ".join(told.split()), round(min(sure, default=0.0), 3), strange, round(weighed, 4))


def _score(chances: NDArray[np.float32], letters: str, text: str) -> float:
    """The logarithm of the probability that these steps spell `text`, over every way to space it (CTC forward)."""
    places = np.zeros(2 * len(text) + 1, np.int64)
    places[1::2] = [letters.index(letter) + 1 for letter in text]
    skips = np.zeros(len(places), bool)
    skips[3::2] = places[3::2] != places[1:-2:2]
    steps = np.log(chances.astype(np.float64) + 1e-12)[:, places]
    ways = np.full(len(places), -np.inf)
    ways[:2] = steps[0, :2]
    for step in steps[1:]:
        one = np.concatenate(([-np.inf], ways[:-1]))
        two = np.where(skips, np.concatenate(([-np.inf, -np.inf], ways[:-2])), -np.inf)
        ways = np.logaddexp(np.logaddexp(ways, one), two) + step
    return float(np.logaddexp(ways[-1], ways[-2]))


def _shaped(piece: Grey) -> NDArray[np.float32]:
    high, wide = piece.shape
    width = min(max(round(wide * _HIGH / high), _NARROW), _WIDE)
    how = cv2.INTER_AREA if high > _HIGH else cv2.INTER_CUBIC
    scaled = cv2.resize(piece, (width, _HIGH), interpolation=how).astype(np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(np.broadcast_to(scaled, (1, 3, _HIGH, width)))


@cache
def _places(only: str) -> tuple[tuple[int, str], ...]:
    """Where the letters stand in the model's output."""
    _, letters = _loaded()
    return tuple((letters.index(letter) + 1, letter) for letter in dict.fromkeys([*only, " "]) if letter in letters)


@cache
def _loaded() -> tuple[Any, list[str]]:
    """The session on one thread (workers are processes), and the model's letters in its order."""
    import onnxruntime

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    found = importlib.util.find_spec("rapidocr")
    try:
        if found is None or found.origin is None:
            raise FileNotFoundError
        model = Path(found.origin).parent / MODEL
        session = runtime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
        letters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    except Exception:  # onnxruntime's errors share no base class; whichever it is, the installation is at fault
        raise OutsideFault(
            "ocr_unavailable", "the second reader's model cannot be loaded", "run make setup again"
        ) from None
    return session, [*letters, " "]
