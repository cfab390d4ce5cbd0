"""MIME entities out of bytes, within bounds.

Belongs here: parsing, and what an entity's structure says about its kind. Does not belong here: leaves and ciphertext
(`walk.py`), single header values (`headers.py`).
"""

import base64
import binascii
import email
import quopri
import re
from typing import Final, cast

from schemas.errors import OutsideFault
from tasks.decrypt import headers
from tasks.decrypt.headers import Entity

MOST_LINES: Final = 1_000_000
MOST_WORK: Final = 50_000_000
"""Lines times boundaries: what the parser's time grows with (about 7 s at this bound)."""


def parse(raw: bytes, *, exact: bool = False) -> Entity | str:
    """`raw` as MIME, or the code of the bound it breaks. Blank lines before a mail are passed over; `exact`: they end
    an empty header. Raises `OutsideFault` where memory is short."""
    lines = raw.count(b"\n")
    if lines > MOST_LINES or lines * (raw.lower().count(b"boundary") + 1) > MOST_WORK:
        return "mime_lines"
    try:
        return email.message_from_bytes(raw if exact else raw.lstrip(b"\r\n"))
    except RecursionError:
        return "mime_depth"
    except MemoryError:
        raise OutsideFault("out_of_memory", "not enough memory to read a mail") from None


def children(entity: Entity) -> list[Entity]:
    """The entities directly inside; none for a leaf."""
    return cast("list[Entity]", entity.get_payload()) if entity.is_multipart() else []


def attached_mail(entity: Entity) -> tuple[Entity | str | None, bytes]:
    """The mail inside a message/rfc822, or the code of the bound it breaks; and its bytes, where they had to be decoded
    first. Python's parser leaves one that came with a transfer encoding undecoded: forbidden by the standard, and sent
    all the same."""
    inner = next(iter(children(entity)), None)
    if inner is None or entity.get_content_type() in ("message/delivery-status", "message/disposition-notification"):
        return None, b""
    coding = next(headers.raw_values(entity, "content-transfer-encoding"), "").strip().lower()
    data = inner.get_payload(decode=True)
    if coding not in ("base64", "quoted-printable") or len(inner) or not isinstance(data, bytes):
        return inner, b""
    try:
        raw = base64.b64decode(data) if coding == "base64" else quopri.decodestring(data)
    except binascii.Error:
        return inner, b""
    return parse(raw), raw


def wrapped(entity: Entity) -> bool:
    """Whether this message/rfc822 is the mail itself, wrapped so that its headers are protected (RFC 8551, 3.1)."""
    return headers.parameter(entity, "forwarded") == "no"


def signed_halves(entity: Entity, source: bytes) -> tuple[bytes, bytes]:
    """What a multipart/signed has signed, as it stands in `source` byte for byte, and the signature; empty where they
    are not both there. The parser's own copy would not do: writing it out again changes it."""
    boundary = headers.boundary_of(entity)
    below = children(entity)
    if not boundary or len(below) < 2:
        return b"", b""
    mark = rb"--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)"
    first = re.search(rb"(?:\A|\n)" + mark, source)
    second = re.compile(rb"\r?\n" + mark).search(source, first.end() - 2) if first else None
    if first is None or second is None:
        return b"", b""
    signature = below[1].get_payload(decode=True)
    return source[first.end() : second.start()], signature if isinstance(signature, bytes) else b""


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
