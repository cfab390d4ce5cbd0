# mypy: disable-error-code="no-untyped-call"
"""Whether a person who looks at a page sees what its text and its fields say.

Belongs here: text that is invisible, covered, struck through or written over, a field that shows something else than
it holds, a box that was ticked by hand. Does not belong here: reading the text (`pdfpage`), the annotations
themselves (`pdfnotes`), pages that are pictures (`scan`), what follows (`pdf`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pypdfium2.raw
from numpy.typing import NDArray

from schemas.form import REFUSAL_LABELS
from tasks.extract import pdfnotes, rapid
from tasks.extract.draft import squeezed
from tasks.extract.pdfnotes import TICKED, UNTICKED, Field, Notes
from tasks.extract.pdfpage import MAX_OBJECTS, Piece, sides

pdfium_c: Final[Any] = pypdfium2.raw

_SCALE: Final = 150 / 72
_CONTRAST: Final = 40
"""Shades between the darkest and the lightest of a word's place; less is no ink, or a bar over it."""
_LOW: Final = 3.0
"""Points; no person reads lower letters."""
_STROKE: Final = 12.0
_SURE: Final = 0.9
_UPON: Final = 0.6
"""Share of a word's place from which another word in it stands upon it."""
_MOST_WORDS: Final = 2_500
_MOST_NUMBERS: Final = 12
_DARK: Final = 128
_MARK: Final = 0.03
"""Share of a box's inside from which its ink is a tick."""
_TICK_BOX: Final = (5.0, 24.0)
_REFUSAL: Final = tuple(" ".join(label.split()[:2]) for label in REFUSAL_LABELS)


@dataclass(slots=True)
class Sight:
    """What a person sees of a page. `doubts`: something is struck out, or was answered twice; `hidden`: something is
    there that he does not see, or sees differently."""

    words: list[Piece] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    typed: list[Piece] = field(default_factory=list)
    doubts: bool = False
    hidden: bool = False
    look: "Look | None" = None

    def other_numbers(self) -> bool:
        """Whether a number of the page plainly shows other digits than its text has."""
        numbers = [word for word in self.words if sum(map(str.isdigit, word.text)) >= 8][:_MOST_NUMBERS]
        return self.look is not None and any(map(self.look.shows_another, numbers))


def sight(page: Any, data: bytes, number: int, words: list[Piece], notes: Notes) -> Sight:
    """What is seen of a page that is no picture; `number` from 0, `data` the whole file."""
    look = Look(page)
    seen: list[Piece] = []
    unseen: list[Piece] = []
    for word in words:
        (seen if look.visible(word) else unseen).append(word)
    seen, upon = once(seen)
    found = Sight(look=look, fields=[one for one in notes.fields if not one.hidden and look.holds(one.piece)])
    lost = [one for one in notes.fields if one.piece.text not in ("", UNTICKED) and one not in found.fields]
    found.hidden = upon or notes.hidden or bool(lost) or any(any(map(str.isalnum, word.text)) for word in unseen)
    shown = pdfnotes.shown(data, number, words) if notes.fields or notes.typed or notes.looks else []
    _free_text(found, notes, shown)
    for place, one in enumerate(found.fields):
        found.fields[place] = _answered(one, look, shown, [*seen, *found.typed], found)
    claimed = [*(one.piece for one in notes.fields), *notes.typed]
    found.words = [*seen, *(word for word in shown if not any(pdfnotes.within([word], one) for one in claimed))]
    found.words = _boxed_refusals(page, look, found)
    answers = [*found.words, *found.typed, *(one.piece for one in found.fields if one.piece.text)]
    found.doubts = found.doubts or look.struck(answers) or covered(page, seen)
    return found


def _free_text(found: Sight, notes: Notes, shown: list[Piece]) -> None:
    """Free text as it is seen: its look tells it where nothing else does."""
    for note in notes.typed:
        look = pdfnotes.text_of(pdfnotes.within(shown, note))
        found.hidden = found.hidden or (bool(note.text) and pdfnotes.another(look, note.text))
        text = note.text or look
        found.typed += [replace(note, text=text)] if text else []


def _answered(one: Field, look: "Look", shown: list[Piece], upon: list[Piece], found: Sight) -> Field:
    """A field with what was typed onto it instead of into it, by a typewriter tool, and with ink in its box; whatever
    contradicts it is noted."""
    typed = pdfnotes.text_of(pdfnotes.within(upon, one.piece))
    if one.piece.text == UNTICKED:
        ticked = one.torn or bool(typed) or look.marked(one.piece)
        found.doubts = found.doubts or ticked
        return replace(one, piece=replace(one.piece, text=TICKED)) if ticked else one
    if one.piece.text == TICKED:
        found.doubts = found.doubts or one.torn
        return one
    if not one.piece.text:
        return replace(one, piece=replace(one.piece, text=typed))
    shows = pdfnotes.text_of(pdfnotes.within(shown, one.piece))
    differs = pdfnotes.another(shows, one.piece.text) or (not shows and look.shows_another(one.piece))
    found.hidden = found.hidden or differs
    found.doubts = found.doubts or bool(typed and squeezed(typed) != squeezed(one.piece.text))
    return one


def once(words: list[Piece]) -> tuple[list[Piece], bool]:
    """The words without those printed twice on the same place (some programs make bold type so), and whether any
    stands upon another that says something else."""
    if not 1 < len(words) <= _MOST_WORDS:
        return words, False
    left, right, bottom, top = (
        np.array([getattr(word, edge) for word in words]) for edge in ("left", "right", "bottom", "top")
    )
    wide = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    high = np.minimum.outer(top, top) - np.maximum.outer(bottom, bottom)
    size = np.maximum((right - left) * (top - bottom), 1.0)
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None) / np.minimum.outer(size, size)
    dropped, upon = set(), False
    for one, two in np.argwhere(np.triu(shared > _UPON, 1)):
        if words[one].text == words[two].text:
            dropped.add(int(two))
        else:
            upon = True
    return [word for number, word in enumerate(words) if number not in dropped], upon


def covered(page: Any, words: list[Piece]) -> bool:
    """Whether a picture was put upon any of these words: one that comes later on the page than the text there."""
    pictures: list[tuple[int, tuple[float, float, float, float]]] = []
    texts: list[tuple[int, tuple[float, float, float, float]]] = []
    kinds = [pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_TEXT]
    for order, drawn in enumerate(page.get_objects(filter=kinds)):
        if order > MAX_OBJECTS:
            break
        (pictures if drawn.type == pdfium_c.FPDF_PAGEOBJ_IMAGE else texts).append((order, drawn.get_bounds()))
    for order, (left, bottom, right, top) in pictures:
        inside = pdfnotes.within(words, Piece("", left, right, bottom, top))
        later = [bounds for text, bounds in texts if text > order]
        for word in inside:
            x = (word.left + word.right) / 2
            if not any(a - 1 <= x <= c + 1 and b - 3 <= word.middle <= d + 3 for a, b, c, d in later):
                return True
    return False


def _boxed_refusals(page: Any, look: "Look", found: Sight) -> list[Piece]:
    """The words, a refusal's first one with the drawn box before it, ticked or not: a form that is printed, or printed
    into a PDF, has no other."""
    lined = [" ".join(one.text for one in found.words[at : at + 2]).casefold() for at in range(len(found.words))]
    starts = [at for at, text in enumerate(lined) if text in _REFUSAL]
    boxes = [one.piece for one in found.fields if one.piece.text in (TICKED, UNTICKED)]
    marks: dict[int, str] = {}
    inside: list[Piece] = []
    for box in _squares(page) if starts else ():
        wide = box.right - box.left
        for at in starts:
            word = found.words[at]
            near = -1 <= word.left - box.right <= wide + 8 and box.bottom - 2 <= word.middle <= box.top + 2
            if near and at not in marks and not pdfnotes.within(boxes, box):
                marks[at] = TICKED if look.marked(box) else UNTICKED
                inside += pdfnotes.within([*found.words, *found.typed], box)
    found.typed = [one for one in found.typed if one not in inside]
    return [
        replace(word, text=f"{marks[at]} {word.text}") if at in marks else word
        for at, word in enumerate(found.words)
        if word not in inside
    ]


def _squares(page: Any) -> list[Piece]:
    """The places of what is drawn as large as a box to tick."""
    least, most = _TICK_BOX
    found = []
    for number, drawn in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH])):
        if number > MAX_OBJECTS:
            break
        left, bottom, right, top = drawn.get_bounds()
        wide, high = right - left, top - bottom
        if least <= wide <= most and least <= high <= most and abs(wide - high) < 0.25 * max(wide, high):
            found.append(Piece("", left, right, bottom, top))
    return found


class Look:
    """A page as it is drawn, 150 dots an inch, its fields and notes with it."""

    def __init__(self, page: Any) -> None:
        rotation = page.get_rotation()
        page.set_rotation(0)  # letters are placed on the page as it is before it is turned
        try:
            drawn = page.render(scale=_SCALE, grayscale=True).to_numpy()
        finally:
            page.set_rotation(rotation)
        self._grey: NDArray[np.uint8] = drawn.reshape(drawn.shape[:2])
        self._page = page
        self._left, _, _, self._top = page.get_cropbox()

    def visible(self, piece: Piece) -> bool:
        """Whether there is any ink where a word stands, and it is large enough to be read."""
        place = self._place(piece)
        inked = place.size > 0 and int(place.max()) - int(place.min()) >= _CONTRAST
        return inked and piece.top - piece.bottom >= _LOW

    def holds(self, piece: Piece) -> bool:
        """Whether a place lies on the page."""
        return self._place(piece).size > 0

    def marked(self, box: Piece) -> bool:
        """Whether there is ink inside a box."""
        wide, high = (box.right - box.left) / 5, (box.top - box.bottom) / 5
        inside = Piece("", box.left + wide, box.right - wide, box.bottom + high, box.top - high)
        place = self._place(inside)
        return place.size > 0 and float((place < _DARK).mean()) > _MARK

    def _place(self, piece: Piece) -> NDArray[np.uint8]:
        x1, x2 = ((x - self._left) * _SCALE for x in (piece.left, piece.right))
        y1, y2 = ((self._top - y) * _SCALE for y in (piece.top, piece.bottom))
        return self._grey[max(0, int(y1)) : max(0, int(y2) + 1), max(0, int(x1)) : max(0, int(x2) + 1)]

    def shows_another(self, piece: Piece) -> bool:
        """Whether a word or field of digits plainly shows other digits than it holds: letters may be kept apart from
        their look."""
        held = re.sub(r"\D", "", piece.text)
        place = self._place(piece)
        if len(held) < 8 or min(place.shape) < 8:
            return False
        ink = np.nonzero(place < _DARK)
        if not len(ink[0]):
            return False
        tight = place[ink[0].min() : ink[0].max() + 1, ink[1].min() : ink[1].max() + 1]
        line = rapid.read(np.pad(tight, 2, constant_values=255), "0123456789")
        told = re.sub(r"\D", "", line.text)
        return line.confidence >= _SURE and len(told) == len(held) and told != held

    def struck(self, pieces: list[Piece]) -> bool:
        """Whether a drawn line runs through the middle of any of these."""
        strokes = list(_strokes(self._page))
        return any(_through(stroke, piece) for stroke in strokes for piece in pieces)


_Stroke = tuple[tuple[float, float], tuple[float, float]]


def _strokes(page: Any) -> Iterator[_Stroke]:
    for number, drawn in enumerate(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH])):
        if number > MAX_OBJECTS:
            return
        for start, end in sides(drawn, curves=True):
            if abs(start[0] - end[0]) + abs(start[1] - end[1]) >= _STROKE:
                yield start, end


def _through(stroke: _Stroke, piece: Piece) -> bool:
    """Whether a stroke crosses the middle third of a word: a line above or below it is a rule of the table."""
    (x1, y1), (x2, y2) = stroke
    high = piece.top - piece.bottom
    low, top = piece.bottom + high / 3, piece.top - high / 3
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        x = piece.left + share * (piece.right - piece.left)
        if min(x1, x2) < x < max(x1, x2) and low < y1 + (y2 - y1) * (x - x1) / (x2 - x1) < top:
            return True
    return False
