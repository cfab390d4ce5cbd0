"""Attachments that nobody here opens, and that may be the form: packed folders, and whatever came encrypted.

Belongs here: telling them from what any ordinary mail carries. Does not belong here: opening anything.
"""

import io
import zipfile
from typing import Final

from schemas.documents import Part

_PACKED: Final = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b\x08")
_LETTERS: Final = (".pdf", ".docx", ".doc", ".odt", ".rtf", ".pages", ".heic")
NOT_WRITTEN_BY_PEOPLE: Final = ("pgp", "pkcs7", "calendar", "vcard", "delivery-status", "rfc822", "css")
_NO_FORM: Final = (*NOT_WRITTEN_BY_PEOPLE, "font", "audio", "video")
_ATTACHED: Final = b"\x02\x90\x06\x00"
"""How a winmail.dat begins each file that it carries (attAttachRenddata of MS-OXTNEF)."""
_MOST_NAMES: Final = 1_000


def is_winmail(part: Part) -> bool:
    """Whether Outlook packed the part for itself alone."""
    return "ms-tnef" in part.media_type.lower() or part.name.lower() == "winmail.dat"


def unopened(part: Part) -> str:
    """Why a part that was not read may be the form: a fault, or "" where it is none.

    A packed folder counts by the names in it, since ordinary mail brings photographs packed; whatever came encrypted to
    the school counts in any case.
    """
    data, media = part.content, part.media_type.lower()
    if media.startswith(("text/", "image/", "multipart/")) or any(word in media for word in _NO_FORM):
        return ""
    if is_winmail(part):
        return "unsupported" if _ATTACHED in data else ""
    if data.startswith(b"PK\x03\x04"):
        names, locked = _names(data)
        if locked:
            return "password_only"
        return "unsupported" if part.encrypted or any(name.lower().endswith(_LETTERS) for name in names) else ""
    return "unsupported" if data and (part.encrypted or data.startswith(_PACKED)) else ""


def _names(data: bytes) -> tuple[list[str], bool]:
    """The names in a zip file, and whether any is locked with a password."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()[:_MOST_NAMES]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return [], bool(data[6:7] and data[6] & 1)
    return [member.filename for member in members], any(member.flag_bits & 1 for member in members)
