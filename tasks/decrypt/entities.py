"""MIME entities out of bytes, within bounds.

Belongs here: parsing, and what an entity's structure says about its kind. Does not belong here: leaves and ciphertext
(`walk.py`), single header values (`headers.py`).
"""

import base64
import binascii
import email
import quopri
from typing import Final, cast

from schemas.errors import OutsideFault
from tasks.decrypt import headers
from tasks.decrypt.headers import Entity

MOST_LINES: Final = 1_000_000
MOST_WORK: Final = 50_000_000
"""Lines times boundaries: what the parser's time grows with (about 7 s at this bound)."""


def parse(raw: bytes) -> Entity | str:
    """`raw` as MIME, or the code of the bound it breaks. Raises `OutsideFault` where memory is short."""
    lines = raw.count(b"\n")
    if lines > MOST_LINES or lines * (raw.lower().count(b"boundary") + 1) > MOST_WORK:
        return "mime_lines"
    try:
        return email.message_from_bytes(raw.lstrip(b"\r\n"))
    except RecursionError:
        return "mime_depth"
    except MemoryError:
        raise OutsideFault("out_of_memory", "not enough memory to read a mail") from None


def children(entity: Entity) -> list[Entity]:
    """The entities directly inside; none for a leaf."""
    return cast("list[Entity]", entity.get_payload()) if entity.is_multipart() else []


def attached_mail(entity: Entity) -> Entity | str | None:
    """The mail inside a message/rfc822, or the code of the bound it breaks. Python's parser leaves one that came with
    a transfer encoding undecoded: forbidden by the standard, and sent all the same."""
    inner = next(iter(children(entity)), None)
    if inner is None or entity.get_content_type() == "message/delivery-status":
        return None
    coding = next(headers.raw_values(entity, "content-transfer-encoding"), "").strip().lower()
    data = inner.get_payload(decode=True)
    if coding not in ("base64", "quoted-printable") or len(inner) or not isinstance(data, bytes):
        return inner
    try:
        return parse(base64.b64decode(data) if coding == "base64" else quopri.decodestring(data))
    except binascii.Error:
        return inner


def is_legacy_display(entity: Entity) -> bool:
    """Whether this part of a protected mail only repeats its headers for old mail programs."""
    return (
        entity.get_content_type() in ("text/plain", "text/rfc822-headers")
        and bool(headers.parameter(entity, "protected-headers"))
        and not headers.is_attachment(entity)
    )


def protected_subject(inner: Entity) -> str:
    """The subject inside the encryption: from the top inner part, or the first part of a signed one, if it says that
    its headers are protected; else empty."""
    signed = inner.get_content_type() == "multipart/signed"
    for entity in [inner, *(children(inner)[:1] if signed else [])]:
        if headers.parameter(entity, "protected-headers") or headers.parameter(entity, "hp"):
            return headers.subject_of(entity)
    return ""
