# mypy: disable-error-code="no-untyped-call"
"""The form in a PDF: fields filled on screen, a text layer, or only pictures of pages.

Belongs here: choosing the route for each page, and what to do where a page says two things. Does not belong here:
asking PDFium (`pdfpage`), reading pictures (`scan`).
"""

import re
import threading
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw

from schemas.boxed import titled_consent
from schemas.documents import FIELDS, FieldName, ReadEntry, ReadField, ReadForm, Reading
from schemas.onetime import find_code
from schemas.settings import Post
from tasks.extract import labels, pdfnotes, pdfpage, values
from tasks.extract.columns import Row
from tasks.extract.consent import filled_consent, is_consent
from tasks.extract.doubt import doubted, without_rival
from tasks.extract.draft import distinct, squeezed
from tasks.extract.numbers import holds_number
from tasks.extract.pdffields import Cells, by_name, form_of, joined
from tasks.extract.seen import sight
from tasks.extract.table import read_rows

pdfium_c: Final[Any] = pypdfium2.raw

_FULL_PAGE: Final = 0.6
"""Share of a page from which its pictures are the page, and a text layer is a second opinion."""

_ENCLOSED: Final = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".heic")
"""How files are named that may be a form inside a portfolio, or behind a cover page; an invoice's XML is none."""
_SPEAKS_OF_FORM: Final = re.compile(r"f(?:ø|o|oe)dsels?n|foresatt|føresett|guardian|identity n", re.IGNORECASE)
_MOST_ENCLOSED: Final = 100
_DPI: Final = 250
_lock: Final = threading.Lock()  # PDFium is not for several threads at once


@dataclass(slots=True)
class _Found:
    """What the pages gave so far. `named`: a page's fields that are read by name; `comments`: what was noted beside the
    form; `around`: what is printed on pages whose fields are read by name; `typed`: the visible lines of pages that are
    no pictures; `left`: pictures of pages on which no form was found."""

    rows: list[Row] = field(default_factory=list)
    named: list[Cells] = field(default_factory=list)
    around: list[Row] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    unfilled: list[int] = field(default_factory=list)
    scanned: list[ReadForm] = field(default_factory=list)
    left: list[Any] = field(default_factory=list)
    consents: list[ReadForm] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)
    numbers: bool = False
    doubts: bool = False
    hidden: bool = False
    encloses: bool = False
    inked: bool = False


def read_pdf(data: bytes, settings: Post) -> Reading:
    """Every form in a PDF, each by the best route of its page.

    Typed values are `accepted`; what was read off a picture is not, and its form says `machine_read`. Faults:
    `password_only`, `damaged` (no PDF, or broken), `too_large` (bytes, pages, pixels), `layout_not_found` (pictures of
    pages, none with the form's table), `two_layers_disagree` (a text layer over a picture of the page that says
    something else), `unsupported` (no form, and documents enclosed in the file: the form may be one). Raises
    OutsideFault where a picture must be read and Tesseract's files are missing.
    """
    if len(data) > settings.max_bytes:
        return Reading(faults=("too_large",))
    with _lock:
        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            locked = getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD
            return Reading(faults=("password_only" if locked else "damaged",))
        try:
            return _read(document, data, settings)
        finally:
            document.close()


def _read(document: Any, data: bytes, settings: Post) -> Reading:
    if len(document) > settings.max_pages:
        return Reading(faults=("too_large",))
    found = _Found()
    if document.get_formtype():
        document.init_forms()
    for number in range(len(document)):
        try:
            page = document[number]
            try:
                _page(document, data, page, number + 1, settings, found)
            finally:
                page.close()
        except pdfium.PdfiumError:
            found.faults.add("damaged")
    named = [form for cells in joined(found.named) if (form := form_of(cells, found.around))]
    typed = without_rival(found.typed, distinct([*named, *read_rows(found.rows), *found.consents]))
    if not typed:
        for number in found.unfilled:  # printed, then written on: ink, or text turned into outlines
            _scan(document[number - 1], number, settings, found, quiet=True)
    scanned = [form for form in found.scanned if form.entries or form.kind == "consent"]
    if (typed or scanned) and not _left_unread(found, settings):
        found.faults.discard("layout_not_found")
    said_no = any(values.refuses_in_words(line, on_form=True) for line in found.comments)
    if found.doubts or found.hidden or found.comments:
        typed = tuple(doubted(form, refuses=said_no) for form in typed)
        scanned = [doubted(form, refuses=said_no) for form in scanned] if found.comments else scanned
    if found.hidden and (typed or holds_number("\n".join(found.unseen))):
        found.faults.add("two_layers_disagree")
    forms = distinct([*typed, *scanned])
    if not forms and not found.faults and found.inked:
        found.faults.add("handwritten")
    if not forms and not found.faults and (found.encloses or _encloses(document) or _made_of_xfa(document)):
        found.faults.add("unsupported")
    numbers = found.numbers or holds_number("\n".join(found.text))
    return Reading(forms, tuple(sorted(found.faults)), numbers, find_code(found.typed))


def _left_unread(found: _Found, settings: Post) -> bool:
    """Whether a picture on which no form was found looks like one."""
    from tasks.extract.unread import like_form

    return any(like_form(page, settings) for page in found.left)


def _made_of_xfa(document: Any) -> bool:
    """Whether the file is one of Adobe's own forms, whose page says no more than that it cannot be shown."""
    return document.get_formtype() in (pdfium_c.FORMTYPE_XFA_FULL, pdfium_c.FORMTYPE_XFA_FOREGROUND)


def _encloses(document: Any) -> bool:
    """Whether the file carries files of a kind in which a form may come."""
    names = [
        document.get_attachment(number).get_name()
        for number in range(min(document.count_attachments(), _MOST_ENCLOSED))
    ]
    return any(name.lower().endswith(_ENCLOSED) for name in names)


def _page(document: Any, data: bytes, page: Any, number: int, settings: Post, found: _Found) -> None:
    """One page by its route."""
    where = f"page {number}"
    covered, pixels = pdfpage.pictures(page)
    if pixels > settings.max_pixels:
        found.faults.add("too_large")
        return
    textpage = page.get_textpage()
    try:
        words, turned = pdfpage.words(textpage), pdfpage.turned(textpage)
    finally:
        textpage.close()
    notes = pdfnotes.notes(page, document.formenv)
    found.comments += [note.text for note in notes.comments]
    found.encloses = found.encloses or notes.encloses
    filled, typed, look = notes.fields, notes.typed, None
    if turned and covered < _FULL_PAGE:  # its letters stand on their heads or their sides: only its picture is upright
        text = " ".join(word.text for word in words)
        found.text.append(text)
        _scan(page, number, settings, found, quiet=not _SPEAKS_OF_FORM.search(text))
        return
    if covered < _FULL_PAGE:
        look = sight(page, data, number - 1, words, notes)
        plain = set(look.words)  # a page may have thousands
        found.unseen += [word.text for word in words if word not in plain]
        found.unseen += [one.piece.text for one in notes.fields if one not in look.fields]
        words, filled, typed = look.words, look.fields, look.typed
        found.doubts = found.doubts or look.doubts or (notes.drawn and bool(words))
        found.hidden = found.hidden or look.hidden
    answered = [one.piece for one in filled if one.piece.text and one.piece not in words]
    rows = pdfpage.rows([*words, *typed, *answered], *pdfpage.rules(page), where)
    lines = [" ".join(cell.text for cell in row.cells) for row in rows]
    found.text += lines
    if covered >= _FULL_PAGE:
        _two_layers(page, number, settings, found, read_rows(rows))
        return
    found.typed += lines
    told = {one.name: one.piece.text for one in filled}
    if is_consent(told) or any(map(titled_consent, lines)):
        form = filled_consent(told)
        if form:
            found.consents.append(form)
        else:  # printed or written on: its marks say where
            _scan(page, number, settings, found, quiet=True)
            found.scanned = [one for one in found.scanned if one.entries]
        return
    labelled = any(isinstance(part, labels.Label) and part.own for line in lines for part in labels.labels_in(line))
    found.hidden = found.hidden or (labelled and look is not None and look.other_numbers())
    found.inked = found.inked or (labelled and notes.drawn)
    named = by_name(filled)
    if named is not None:
        found.named.append(named)
        found.around += rows
    else:
        found.rows += rows
    empty = not words and (covered > 0.05 or _busy(page))
    if empty and not answered:
        _scan(page, number, settings, found, quiet=covered < 0.3)
    elif labelled and (notes.drawn or covered > 0 or _busy(page)):
        found.unfilled.append(number)


def _busy(page: Any) -> bool:
    """Whether enough is drawn on the page to be writing."""
    drawn = page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_PATH])
    return sum(1 for _ in zip(drawn, range(60), strict=False)) == 60


def _scan(page: Any, number: int, settings: Post, found: _Found, *, quiet: bool = False) -> ReadForm | None:
    """The page as a picture. `quiet`: a page without the table is no fault."""
    from tasks.extract.scan import read_page
    from tasks.extract.unread import kept

    wide, high = page.get_size()
    if wide * high * (_DPI / 72) ** 2 > settings.max_pixels:
        found.faults.add("too_large")
        return None
    grey = pdfpage.only_picture(page)
    if grey is None:
        drawn = page.render(scale=_DPI / 72, grayscale=True).to_numpy()
        grey = drawn.reshape(drawn.shape[:2])
    read = read_page(grey, settings, number)
    form = read.form
    found.numbers = found.numbers or read.numbers
    found.faults |= {*read.faults}
    if form:
        found.scanned.append(form)
    elif not quiet:
        found.faults.add("layout_not_found")
        found.left.append(kept(grey))
    return form


def _two_layers(page: Any, number: int, settings: Post, found: _Found, typed: tuple[ReadForm, ...]) -> None:
    """A picture of the page, and perhaps text over it. The picture is what people see, so it is what is read; where
    the text says something else, or the picture cannot be read, a person decides."""
    before = len(found.left)
    form = _scan(page, number, settings, found)
    if not typed:
        return
    if form is None:
        del found.left[before:]
        found.scanned += [replace(doubted(one), machine_read=True) for one in typed]
    if form is None or len(typed) > 1 or not _agree(typed[0], form):
        found.scanned = [doubted(one) if one is form else one for one in found.scanned]
        found.faults.add("two_layers_disagree")


def _read_fields(entry: ReadEntry) -> list[tuple[FieldName, ReadField]]:
    return [(name, read) for name in FIELDS if (read := entry.get(name))]


def _agree(one: ReadForm, two: ReadForm) -> bool:
    """Whether both layers hold the same columns with the same values; digits and case alone count in numbers."""

    def told(form: ReadForm) -> dict[int, tuple[bool, dict[FieldName, str]]]:
        plain: dict[int, tuple[bool, dict[FieldName, str]]] = {}
        for entry in form.entries:
            values = {name: squeezed(read.value) for name, read in _read_fields(entry)}
            plain[entry.slot] = (entry.refused, values)
        return plain

    return told(one) == told(two)
