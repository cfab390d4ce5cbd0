"""The form read off a picture: a scan, a photograph, a fax.

Belongs here: opening pictures within bounds, which way up they are, reading cell by cell. Does
not belong here: the geometry (`layout`), the readers (`cell`), how far to believe them (`policy`).
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageOps, ImageSequence
from rapidfuzz import fuzz

from schemas.boxed import QR_PLACE
from schemas.documents import FieldName, ReadField, ReadForm, Reading
from schemas.form import LABELS, REFUSAL_LABELS, ROWS
from schemas.settings import Post
from tasks.extract import boxes, ocr, unread, values
from tasks.extract.cell import look
from tasks.extract.crease import creased
from tasks.extract.draft import Draft, distinct
from tasks.extract.layout import Grey, Grid, find_grid
from tasks.extract.marks import Sheet, find_sheet, reference
from tasks.extract.numbers import holds_number
from tasks.extract.policy import Seen, agreed, judged, page_printed

FORMATS: Final[tuple[str, ...]] = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_SURELY: Final = 85
_PERHAPS: Final = 70
"""How alike a line and the printed refusal must be, of 100, for a tick and for a person's look."""

_LOGO_SIDE: Final = 250
_LOGO_AREA: Final = 250_000

_BAND_MM: Final = 17.0
_LINE_MM: Final = 42.0
_WORDS: Final = 4
"""So much of a line, and so many of its words, are enough to know a refusal by."""
_SMALL: Final = 0.6
"""So much of the size that names are read at is enough for it, and takes less time."""
_BOX: Final = re.compile(r"^\W*(?:[\[({|Il1]?\s?[xX×*]\s?[\])}|Il1J]?)\s")
_EMPTY_BOX: Final = re.compile(r"^\s*(?:[\[({|L]\s?[\])}|J]|[☐□O0D])\s*(?=\w)")


_BAD_PICTURE: Final = (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError)
"""What Pillow raises for bytes that are no picture (its own errors are OSErrors)."""


class _TooLarge(Exception):
    """More pages or pixels than the settings allow."""


def read_image(data: bytes, settings: Post) -> Reading:
    """Every form on a picture (PNG, JPEG, TIFF with its pages, BMP, GIF, WebP).

    Faults: `damaged` (no picture, or cut short), `too_large` (pages, pixels or bytes over the settings),
    `layout_not_found` (no page with the form's table, or one more that looks like a form), `handwritten` (a page of
    it), `readers_disagree` (on a printed number). Raises OutsideFault where an engine's files are missing.
    """
    if len(data) > settings.max_bytes:
        return Reading(faults=("too_large",))
    forms: list[ReadForm] = []
    faults: set[str] = set()
    left: list[Grey] = []
    numbers = found = False
    try:
        for number, page in enumerate(_pages(data, settings), 1):
            read = read_page(page, settings, number)
            found, numbers = found or read.form is not None, numbers or read.numbers
            faults |= {*read.faults}
            if read.form is None:
                left.append(unread.kept(page))
            if read.form and (read.form.entries or read.form.kind == "consent"):
                forms.append(read.form)
    except _TooLarge:
        return Reading(distinct(forms), ("too_large",), numbers)
    except Image.DecompressionBombError:
        return Reading(distinct(forms), ("too_large",), numbers)
    except _BAD_PICTURE:
        return Reading(distinct(forms), ("damaged",), numbers)
    if not found:
        return Reading(distinct(forms), ("layout_not_found",), numbers)
    if any(unread.like_form(page, settings) for page in left):
        faults.add("layout_not_found")
    return Reading(distinct(forms), tuple(sorted(faults)), numbers)


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


@dataclass(frozen=True, slots=True)
class Page:
    """What one page gave. `form` is None where no layout was found, and has no entries where the table is empty;
    `numbers`: a sound identity number was read; `faults`: document codes."""

    form: ReadForm | None = None
    numbers: bool = False
    faults: tuple[str, ...] = ()


def read_page(page: Grey, settings: Post, number: int = 1) -> Page:
    """One grey page (uint8, height x width), by the boxed edition's marks or else by the seed's table."""
    sheet = find_sheet(page)
    if sheet:
        read, told = _boxed(sheet, settings, number), reference(sheet.cut(QR_PLACE, -3.0))
        foreign = told is not None and told.kind != sheet.kind
        form = (
            replace(read.form, reference=told.ident, onetime=told.onetime)
            if told and read.form and not foreign
            else read.form
        )
        return replace(read, form=form, faults=("form_ambiguous",) if foreign else read.faults)
    grid = find_grid(page)
    grid = _upright(grid, settings) if grid else None
    if grid is None:
        told = reference(page)
        return Page(ReadForm((), told.kind, True, reference=told.ident)) if told and told.kind == "consent" else Page()
    draft = Draft(headed=True, own_label=True)
    seen: dict[tuple[int, FieldName], Seen] = {}
    for slot in (1, 2):
        for row, (name, _) in enumerate(ROWS, 1):
            found = look(name, grid.cell(row, slot), grid.millimetre, settings.tessdata)
            if found:
                seen[slot, name] = found
        if any(place[0] == slot for place in seen) and creased(grid, slot):
            seen = {place: cell for place, cell in seen.items() if place[0] != slot}
        _refusal(grid, slot, draft, settings)
    if seen:
        _refusal_at_the_foot(grid, draft, settings)
    return taken(seen, draft, number)


def _boxed(sheet: Sheet, settings: Post, number: int) -> Page:
    """A sheet of the boxed edition. A consent proposes its pupil and guardians; its signature is for eyes."""
    if sheet.kind == "consent":
        seen = boxes.look_at_consent(sheet, settings.tessdata)
        read = taken(seen, Draft(headed=True, own_label=True), number, one_pupil=True)
        entries = read.form.entries if read.form else ()
        return Page(ReadForm(entries, "consent", machine_read=True), read.numbers, read.faults)
    draft = Draft(headed=True, own_label=True)
    for slot in (1, 2):
        found = boxes.tick(sheet, slot)
        if found != "empty":
            (draft.ticked if found == "ticked" else draft.worded).add(slot)
    return taken(boxes.look_at(sheet, settings.tessdata), draft, number)


def taken(seen: Mapping[tuple[int, FieldName], Seen], draft: Draft, number: int, *, one_pupil: bool = False) -> Page:
    """What was seen on a page as its form, by the policy. `one_pupil`: the pupil stands once, for both guardians."""
    printed = page_printed(seen.values())
    holds, faults = False, set[str]()
    for (slot, name), cell in seen.items():
        names = " ".join(other.first for (column, own), other in seen.items() if column == slot and own == "name")
        value, confidence, decision = judged(cell, page_printed=printed, names=names)
        value = cell.words or value
        if name == "fnr" and values.refuses_in_cell(value):
            draft.worded.add(slot)
        elif value:
            source = f"page {number}, column {slot}"
            read = ReadField(value[: values.MAX_VALUE], round(min(confidence, 0.99), 2), source, decision)
            draft.put(slot, name, read)
            holds = holds or (name == "fnr" and holds_number(value))
        if printed and name == "fnr" and not cell.words and not agreed(cell):
            faults.add("readers_disagree")
    if seen and not printed:
        faults.add("handwritten")
    if one_pupil:
        draft.shared = draft.values.get(1, {}).pop("pupil", None)
    form = draft.finished()
    entries = form.entries if form else ()
    return Page(ReadForm(entries, machine_read=True), holds, tuple(sorted(faults)) if entries else ())


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


def _refusal_at_the_foot(grid: Grid, draft: Draft, settings: Post) -> None:
    """A refusal in the letter's lines further down, under no column. That guardians *may* decline is the school's own
    sentence there."""
    piece = ocr.cleaned(grid.foot(_LINE_MM, _BAND_MM), grid.millimetre)
    if piece is None:
        return
    piece = np.asarray(cv2.resize(piece, None, fx=_SMALL, fy=_SMALL, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    for line in ocr.read(piece, settings.tessdata, "nor", lines=True).text.splitlines():
        begins = " ".join(line.split()[:_WORDS])
        if values.refuses_in_words(begins, on_form=True) and not _EMPTY_BOX.match(line):
            ticked = _BOX.match(line) or values.ticks_in(line)[:1] == [True]
            draft.loose_tick, draft.loose_words = draft.loose_tick or bool(ticked), draft.loose_words or not ticked
