"""The form in a Word or OpenDocument file: its tables cell by cell, its lines, the pictures pasted into it.

Belongs here: opening the container within bounds, choosing what counts. Does not belong here: the two markups
(`officeword`, `officeopen`), what rows mean (`table`), pictures (`scan`). Macros, links and embedded objects are never
looked at.
"""

import io
import re
import zipfile
import zlib
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import iterparse

from schemas.documents import ReadForm, Reading
from schemas.settings import Post
from tasks.extract.consent import unread_consent
from tasks.extract.doubt import doubted, without_rival
from tasks.extract.draft import distinct
from tasks.extract.numbers import holds_number
from tasks.extract.officeopen import odt, odt_margins, odt_styles
from tasks.extract.officetext import Walk
from tasks.extract.officeword import docx, docx_styles
from tasks.extract.table import read_rows
from tasks.extract.text import MAX_CHARS, read_text

MAX_XML: Final = 8_000_000
"""Bytes of one part of markup; a form's is some ten thousand."""
MAX_MEMBERS: Final = 2_000
MAX_ELEMENTS: Final = 200_000
MAX_DEPTH: Final = 120

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")
_WORD: Final = re.compile(r"word/document\d*\.xml")
_BESIDE: Final = re.compile(r"word/(?:header\d*|footer\d*|footnotes|endnotes|comments)\.xml")
_MOST_BESIDE: Final = 20
_HEAD: Final = 4_096
_FLAT: Final = re.compile(rb"<office:document[\s>]")
_PICTURES: Final = re.compile(r"(?:word/media|Pictures)/[^/]+\.(?:png|jpe?g|tiff?|bmp|gif|webp)", re.IGNORECASE)


class _Locked(Exception):
    """A password is needed."""


class _TooLarge(Exception):
    """More members, bytes, elements or depth than the bounds allow."""


def read_office(data: bytes, settings: Post) -> Reading:
    """Every form in a `.docx` or `.odt`. Typed values are `accepted` as in a mail's text; where a part is hidden,
    struck out or a tracked change, what a person sees depends on his program, so all of it is for `review`.

    Faults: `unsupported` (.doc, .rtf, .pages), `password_only`, `damaged`, `too_large`, `two_layers_disagree` (hidden
    text that could be a value). Raises OutsideFault where a picture must be read and Tesseract's files are missing.
    """
    if len(data) > settings.max_bytes:
        return Reading(faults=("too_large",))
    if data.startswith(_OLE):
        return Reading(faults=("password_only" if _LOCKED in data else "unsupported",))
    flat = bool(_FLAT.search(data[:_HEAD]))
    if data.lstrip()[:1] == b"<" and not flat:
        return Reading(faults=("unsupported",))
    try:
        if flat:
            return _flat(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, settings)
    except _Locked:
        return Reading(faults=("password_only",))
    except (_TooLarge, MemoryError):
        return Reading(faults=("too_large",))
    except (
        zipfile.BadZipFile,
        zlib.error,
        defusedxml.DefusedXmlException,
        ParseError,
        ValueError,
        KeyError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
    ):
        return Reading(faults=("damaged",))


def _read(archive: zipfile.ZipFile, settings: Post) -> Reading:
    names = [info.filename for info in archive.infolist()]
    if len(names) > MAX_MEMBERS:
        raise _TooLarge
    word = next((name for name in names if _WORD.fullmatch(name)), None)
    if word:
        walk = docx(_tree(archive, names, word), _styles(archive, names, "word/styles.xml", docx_styles))
        for name in [name for name in names if _BESIDE.fullmatch(name)][:_MOST_BESIDE]:
            for line in docx(_tree(archive, names, name), {}).lines:
                walk.remark(line, comment="comments" in name)
    elif "content.xml" in names:
        if "META-INF/manifest.xml" in names and b"encryption-data" in _member(archive, names, "META-INF/manifest.xml"):
            raise _Locked
        walk = odt(_tree(archive, names, "content.xml"), _styles(archive, names, "styles.xml", odt_styles))
        for line in odt_margins(_tree(archive, names, "styles.xml")) if "styles.xml" in names else ():
            walk.remark(line)
    else:
        return Reading(faults=("unsupported",))
    text, forms = _forms(walk)
    seen, faults, numbers = _pictures(archive, names, settings)
    if forms and (walk.hidden or (seen and any(form.entries for form in seen) and len(distinct([*forms, *seen])) > 1)):
        faults = {"two_layers_disagree"}
        forms, seen = tuple(map(doubted, forms)), list(map(doubted, seen))
    elif forms or any(form.entries for form in seen):
        faults = set()
    every = distinct([*forms, *(form for form in seen if form.entries or form.kind == "consent")])
    return Reading(every, tuple(sorted(faults)), numbers or holds_number(text))


def _forms(walk: Walk) -> tuple[str, tuple[ReadForm, ...]]:
    """The text of a body, and the forms in it."""
    text = "\n".join(walk.lines)[:MAX_CHARS]
    forms = unread_consent(text.splitlines(), read_rows(walk.rows)) or read_text(text).forms
    forms = without_rival(walk.lines, forms)
    return text, tuple(doubted(form, refuses=walk.worded) for form in forms) if walk.doubts else forms


def _flat(data: bytes) -> Reading:
    """An OpenDocument text in one XML file."""
    root = _parsed(data)
    walk = odt(root, odt_styles(root))
    for line in odt_margins(root):
        walk.remark(line)
    text, forms = _forms(walk)
    hidden = bool(forms) and walk.hidden
    return Reading(forms, ("two_layers_disagree",) if hidden else (), holds_number(text))


def _pictures(archive: zipfile.ZipFile, names: list[str], settings: Post) -> tuple[list[ReadForm], set[str], bool]:
    """The forms on pictures as large as a page: many photograph the sheet and paste it in."""
    from tasks.extract.scan import page_sized, read_image

    forms: list[ReadForm] = []
    faults: set[str] = set()
    numbers = False
    for name in [name for name in names if _PICTURES.fullmatch(name)][: settings.max_pages]:
        data = _member(archive, names, name, settings.max_bytes)
        if page_sized(data):
            reading = read_image(data, settings)
            forms += reading.forms
            faults |= {*reading.faults}
            numbers = numbers or reading.holds_number
    return forms, faults, numbers


def _styles(archive: zipfile.ZipFile, names: list[str], name: str, ask: Any) -> dict[str, str]:
    return ask(_tree(archive, names, name)) if name in names else {}


def _member(archive: zipfile.ZipFile, names: list[str], name: str, most: int = MAX_XML) -> bytes:
    """One member's bytes. Two of one name are a trap: programs differ in which of them they show."""
    if names.count(name) != 1:
        raise zipfile.BadZipFile
    info = archive.getinfo(name)
    if info.flag_bits & 1:
        raise _Locked
    with archive.open(info) as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise _TooLarge
    return data


def _tree(archive: zipfile.ZipFile, names: list[str], name: str) -> Element:
    """A member as XML."""
    return _parsed(_member(archive, names, name))


def _parsed(data: bytes) -> Element:
    """XML without DTD and entities, bounded in bytes, elements and depth."""
    if len(data) > MAX_XML:
        raise _TooLarge
    depth = count = 0
    root: Element | None = None
    for event, element in iterparse(io.BytesIO(data), ("start", "end"), forbid_dtd=True):
        if event == "start":
            root = element if root is None else root
            depth, count = depth + 1, count + 1
            if depth > MAX_DEPTH or count > MAX_ELEMENTS:
                raise _TooLarge
        else:
            depth -= 1
    if root is None:
        raise ParseError
    return root
