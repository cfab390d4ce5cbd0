"""One opened delivery to what its parts say.

Belongs here: choosing the reader by a part's own first bytes, keeping one bad part from the others, counting the same
form once. Does not belong here: opening containers (`tasks/decrypt`), reading any one kind.
"""

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from schemas.documents import Opened, Part, ReadForm, Reading
from schemas.settings import Settings
from tasks.extract.draft import distinct
from tasks.extract.packed import NOT_WRITTEN_BY_PEOPLE, is_winmail, unopened
from tasks.extract.text import read_text
from tasks.extract.worker import read_apart

Kind = Literal["empty", "pdf", "image", "office", "text", "other"]

_MAGIC: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"GIF8", "image"),
    (b"{\\rtf", "office"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"),
)
_OFFICE_MARKS: Final = (b"word/", b"application/vnd.oasis.opendocument.text", b"Index/Document.iwa")
_XML: Final = re.compile(
    rb"^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*>[^<]*(?:<\?[^>]*>\s*)*<(?:office:document|pkg:package|w:wordDocument)[\s>]"
)
"""A word processor's document in one XML file."""
_LETTERS: Final = ("pdf", "image", "msword", "word", "opendocument.text", "rtf")
_OTHER_OFFICE: Final = ("excel", "powerpoint", "ms-outlook", ".xls", ".ppt", ".msg", ".pub", ".vsd")
"""Old office files that share Word's container and are no letters."""
_APART: Final = ("pdf", "image", "office")
_FILES: Final = (*_APART, "text")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")


def read_opened(opened: Opened, settings: Settings) -> Reading:
    """Everything that the parts of a delivery hold: each form once, in the order of the parts, and the faults of
    parts that could not be read. A part's fault never hides another part's form.

    Raises OutsideFault alone (Tesseract's files are missing).
    """
    forms: list[ReadForm] = []
    faults: list[str] = []
    numbers, told = False, set[str]()
    for index, part in enumerate(opened.parts):
        reading = _read_part(part, settings, alone=opened.container in _FILES)
        numbers = numbers or (reading.holds_number and not part.encrypted)
        faults += [fault for fault in reading.faults if fault not in faults]
        forms += [replace(form, part=index) for form in reading.forms]
        told |= {reading.onetime} - {""}
    if _all_in_winmail(opened.parts):
        faults.append("unsupported")
    typed_first = sorted(distinct(sorted(forms, key=lambda form: form.machine_read)), key=lambda form: form.part)
    if not forms and not faults:
        faults += sorted({unopened(part) for part in opened.parts} - {""})
    if len(told) == 1:  # a mail's own words count for the form it carries; a sheet's own code goes before
        (code,) = told
        typed_first = [replace(form, onetime=form.onetime or code) for form in typed_first]
    return Reading(tuple(typed_first), tuple(faults), numbers)


def holds_document(opened: Opened) -> bool:
    """Whether any part is read by a process of its own, which takes its time."""
    return any(sniffed(part) in _APART for part in opened.parts)


def _read_part(part: Part, settings: Settings, *, alone: bool) -> Reading:
    """One part by its kind. `alone`: it is the whole delivery, so there is nothing else it could be than the form."""
    kind = sniffed(part)
    media = part.media_type.lower()
    if kind == "text":
        if any(word in media for word in NOT_WRITTEN_BY_PEOPLE):
            return Reading()
        return read_text(part.text if part.text is not None else _decoded(part.content), watch=not part.encrypted)
    if kind == "empty":
        return Reading(faults=("damaged",)) if alone or any(word in media for word in _LETTERS) else Reading()
    if kind == "pdf":
        return read_apart("pdf", part.content, settings.post)
    if kind == "image":
        return _guarded_image(part.content, settings, alone=alone)
    if kind == "office" and any(word in media or part.name.lower().endswith(word) for word in _OTHER_OFFICE):
        return Reading()
    if kind == "office":
        if not part.content.startswith((b"PK", b"\xd0\xcf")) and not _XML.search(part.content[:4096]):
            return Reading(faults=("unsupported",))
        return read_apart("office", part.content, settings.post)
    broken = alone or any(word in media for word in _LETTERS) or media in ("text/plain", "text/html")
    return Reading(faults=("damaged",)) if broken else Reading()


def _all_in_winmail(parts: Sequence[Part]) -> bool:
    """Whether Outlook packed the whole mail, its files too, into a winmail.dat, which nobody here can read. One beside
    a text only repeats it with its fonts."""
    return any(map(is_winmail, parts)) and not any((part.text or "").strip() for part in parts)


def sniffed(part: Part) -> Kind:
    """What a part is by its first bytes; its name and declared type are the sender's word."""
    data = part.content
    if _XML.search(data[:4096]):
        return "office"
    if part.text is not None and (part.media_type.lower().startswith("text/") or not data):
        return "text" if part.text.strip() or not data else "empty"
    if not data.strip():
        return "empty"
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif"):
        return "office"
    if data.startswith(b"PK\x03\x04"):
        directory = data[:4096] + data[-65_536:]
        return "office" if any(mark in directory for mark in _OFFICE_MARKS) else "other"
    if part.text is not None or _is_text(data):
        return "text"
    return "other"


def _is_text(data: bytes) -> bool:
    if data.startswith(_UTF_16):
        return b"\0\0" not in data[:4096]
    sample = data[:4096]
    return b"\0" not in sample and sum(byte < 32 and byte not in b"\t\n\r\f" for byte in sample) * 50 <= len(sample)


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF_16):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("windows-1252", "replace")


def _guarded_image(data: bytes, settings: Settings, *, alone: bool) -> Reading:
    """A picture, unless it is a logo below a mail."""
    from tasks.extract.scan import page_sized

    try:
        if not alone and not page_sized(data):
            return Reading()
    except (ValueError, OSError, MemoryError, ArithmeticError, struct.error, zlib.error):
        return Reading(faults=("damaged",))
    return read_apart("image", data, settings.post)
