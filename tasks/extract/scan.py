"""The form read off a picture: a scan, a photograph, a fax.

Belongs here: opening pictures within bounds, which way up they are, reading cell by cell, how far to believe it. Does
not belong here: the geometry (`layout`), the engines (`ocr`). Nothing read here is ever `accepted`: a field is `ready`
(a person confirms it) or for `review`.
"""

import io
import re
import string
import warnings
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from PIL import Image, ImageOps, ImageSequence
from rapidfuzz import fuzz

from schemas.documents import Decision, FieldName, ReadField, ReadForm, Reading
from schemas.form import LABELS, REFUSAL_LABELS, ROWS
from schemas.settings import Post
from tasks.extract import ocr, values
from tasks.extract.draft import Draft, distinct
from tasks.extract.layout import Grey, Grid, find_grid
from tasks.extract.numbers import holds_number

FORMATS: Final[tuple[str, ...]] = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
READY: Final = 0.88
"""Tesseract's own figure for its least sure word, from which a typed cell is `ready`."""

_FOREIGN: Final = re.compile(r"[^\x20-\x7eæøåÆØÅ]")
"""Letters outside the Norwegian data's own come back as a neighbour (ë as é), so any such letter is a doubt."""

_ALLOWED: Final[dict[FieldName, str]] = {
    "fnr": string.digits,
    "mobile": string.digits + "+",
    "email": f"{string.ascii_letters}{string.digits}@._+-",
}
_SURELY: Final = 85
_PERHAPS: Final = 70
"""How alike a line and the printed refusal must be, of 100, for a tick and for a person's look."""

_LOGO_SIDE: Final = 250
_LOGO_AREA: Final = 250_000

_BAND_MM: Final = 17.0
_BOX: Final = re.compile(r"^\W*(?:[\[({|Il1]?\s?[xX×*]\s?[\])}|Il1J]?)\s")
_EMPTY_BOX: Final = re.compile(r"^\s*(?:[\[({|L]\s?[\])}|J]|[☐□O0D])\s*(?=\w)")


_BAD_PICTURE: Final = (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError)
"""What Pillow raises for bytes that are no picture (its own errors are OSErrors)."""


class _TooLarge(Exception):
    """More pages or pixels than the settings allow."""


def read_image(data: bytes, settings: Post) -> Reading:
    """Every form on a picture (PNG, JPEG, TIFF with its pages, BMP, GIF, WebP).

    Faults: `damaged` (no picture, or cut short), `too_large` (pages, pixels or bytes over the settings),
    `layout_not_found` (no page with the form's table). Raises OutsideFault where Tesseract's files are missing.
    """
    if len(data) > settings.max_bytes:
        return Reading(faults=("too_large",))
    forms: list[ReadForm] = []
    numbers = found = False
    try:
        for number, page in enumerate(_pages(data, settings), 1):
            form, holds = read_page(page, settings, number)
            found, numbers = found or form is not None, numbers or holds
            if form and form.entries:
                forms.append(form)
    except _TooLarge:
        return Reading(distinct(forms), ("too_large",), numbers)
    except Image.DecompressionBombError:
        return Reading(distinct(forms), ("too_large",), numbers)
    except _BAD_PICTURE:
        return Reading(distinct(forms), ("damaged",), numbers)
    return Reading(distinct(forms), () if found else ("layout_not_found",), numbers)


def page_sized(data: bytes) -> bool:
    """Whether a picture is large enough to be a page, not a logo below a mail; True where that cannot be told."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            return min(picture.size) >= _LOGO_SIDE and picture.width * picture.height >= _LOGO_AREA
    except (*_BAD_PICTURE, Image.DecompressionBombError):
        return True


def _pages(data: bytes, settings: Post) -> Iterator[Grey]:
    """The pictures of a file, grey, the way the camera was held."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own size warning: the bound below is ours
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if getattr(picture, "n_frames", 1) > settings.max_pages:
                raise _TooLarge
            for frame in ImageSequence.Iterator(picture):
                if frame.width * frame.height > settings.max_pixels:
                    raise _TooLarge
                yield _grey(ImageOps.exif_transpose(frame))
                if picture.format == "GIF":
                    return


def _grey(picture: Any) -> Grey:
    """Eight bits of grey on white paper."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        deep = np.asarray(picture, dtype=np.float64)
        return np.clip(deep * (255 / max(float(deep.max()), 1.0)), 0, 255).astype(np.uint8)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        picture = paper
    return np.asarray(picture.convert("L"), dtype=np.uint8)


def read_page(page: Grey, settings: Post, number: int = 1) -> tuple[ReadForm | None, bool]:
    """One grey page (uint8, height x width): its form, None where it has no such table, and whether a sound identity
    number was read. An empty table gives a form without entries."""
    grid = find_grid(page)
    grid = _upright(grid, settings) if grid else None
    if grid is None:
        return None, False
    draft = Draft(headed=True, own_label=True)
    holds = False
    for slot in (1, 2):
        for row, (name, _) in enumerate(ROWS, 1):
            field = _cell(grid, row, slot, name, settings, f"page {number}, column {slot}")
            if field:
                draft.put(slot, name, field)
                holds = holds or (name == "fnr" and holds_number(field.value))
        _refusal(grid, slot, draft, settings)
    form = draft.finished()
    return ReadForm(form.entries if form else (), machine_read=True), holds


def _upright(grid: Grid, settings: Post) -> Grid | None:
    """The grid the right way up, by the words in its label column; None where they read neither way."""
    narrow_first = grid.x[1] - grid.x[0] <= grid.x[3] - grid.x[2]
    for tried in (grid, grid.turned()) if narrow_first else (grid.turned(), grid):
        found = 0
        for row, (name, _) in enumerate(ROWS, 1):
            piece = ocr.cleaned(tried.cell(row, 0), tried.millimetre)
            read = ocr.read(piece, settings.tessdata, "nor").text.casefold().strip(" :.") if piece is not None else ""
            found += any(fuzz.ratio(read, label) >= 75 for label in LABELS[name])
            if found == 2:
                return tried
    return None


def _cell(grid: Grid, row: int, slot: int, name: FieldName, settings: Post, source: str) -> ReadField | None:
    """One cell read; None where it is blank."""
    piece = ocr.cleaned(grid.cell(row, slot), grid.millimetre)
    if piece is None:
        return None
    tessdata, several = settings.tessdata, ocr.lines_in(piece) > 1
    plain = ocr.read(piece, tessdata, "eng" if name == "email" else "nor", lines=several)
    value, confidence = values.cleaned(name, plain.text), plain.confidence
    sure = values.plausible(name, value) and not _FOREIGN.search(value)
    letters = sum(map(str.isalpha, plain.text))
    if name == "email" or (name in _ALLOWED and (letters <= len(plain.text) // 2 or confidence < 0.6)):
        tidy = "".join if name == "email" else _digits_of
        strict = ocr.read(piece, tessdata, "eng", only=_ALLOWED[name], lines=several)
        value, agree = tidy(strict.text.split()), tidy(strict.text.split()) == tidy(plain.text.split())
        # Limited to some letters the engine often says 0 for sound readings: two equal ones outweigh that.
        confidence = max(confidence, strict.confidence) if agree else min(confidence, strict.confidence)
        sure = agree and _sound(name, value)
    if not value:
        return None
    decision: Decision = "ready" if sure and confidence >= READY else "review"
    return ReadField(value[: values.MAX_VALUE], round(min(confidence, 0.99), 2), source, decision)


def _digits_of(words: list[str]) -> str:
    """The digits of a reading, a leading + kept."""
    text = "".join(words)
    return ("+" if text.startswith("+") else "") + re.sub(r"\D", "", text)


def _sound(name: FieldName, value: str) -> bool:
    """Whether a number or address is one by what it must be: check digits, a Norwegian mobile, an address' shape."""
    if name == "fnr":
        return holds_number(value)
    return bool(re.match(r"^(?:\+47)?[49]\d{7}$", value)) if name == "mobile" else values.plausible(name, value)


def _refusal(grid: Grid, slot: int, draft: Draft, settings: Post) -> None:
    """The box under a column: ticked only where the printed refusal and a cross before it are both read."""
    piece = ocr.cleaned(grid.below(slot, _BAND_MM), grid.millimetre)
    if piece is None:
        return
    text = ocr.read(piece, settings.tessdata, "nor", lines=True).text
    for line in text.splitlines():
        squeezed = " ".join(line.casefold().split())
        alike = max(fuzz.partial_ratio(" ".join(label.split()[:4]), squeezed) for label in REFUSAL_LABELS)
        if alike >= _SURELY and (_BOX.match(line) or values.ticks_in(line)[:1] == [True]):
            draft.ticked.add(slot)
        elif alike >= _PERHAPS and not _EMPTY_BOX.match(line):
            draft.worded.add(slot)
    draft.worded -= draft.ticked
