"""What the headers of a mail say, read without trusting them to be well formed.

Belongs here: subject, file names, marks of automatic mail, parameters. Does not belong here: bodies.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import Final

from tasks.decrypt.texts import decode_text

Entity = Message

SUBJECT_LENGTH: Final = 500
NAME_LENGTH: Final = 255


def raw_values(entity: Entity, name: str) -> Iterator[str]:
    """Every value of header `name`, 8-bit bytes as surrogates."""
    return (str(value) for key, value in entity.raw_items() if key.lower() == name)


def subject_of(entity: Entity) -> str:
    """The subject, decoded, on one line."""
    return _clean(decoded(next(raw_values(entity, "subject"), "")), SUBJECT_LENGTH)


def decoded(value: str) -> str:
    """A header value with its encoded words and raw 8-bit bytes as text."""
    text = decode_text(value.encode("utf-8", "surrogateescape"))[0]
    try:
        words = decode_header(text)
    except (HeaderParseError, ValueError):  # broken base64
        return text
    return "".join(word if isinstance(word, str) else decode_text(word, charset)[0] for word, charset in words)


def file_name_of(entity: Entity) -> str:
    """The sender's name for an attachment: data only, never a path to write to."""
    try:
        name = entity.get_filename("")
    except (LookupError, ValueError, TypeError):
        name = ""
    return _clean(decoded(str(name)), NAME_LENGTH)


def parameter(entity: Entity, name: str) -> str:
    """A parameter of Content-Type in lower case; empty where there is none."""
    if not any(name in value.lower() for value in raw_values(entity, "content-type")):
        return ""
    try:
        value = entity.get_param(name, "")
    except (LookupError, ValueError, TypeError):
        return ""
    return (value[2] if isinstance(value, tuple) else str(value or "")).strip().lower()


def boundary_of(entity: Entity) -> bytes:
    """The line that parts a multipart, as it stands in the mail; empty where there is none."""
    try:
        return (entity.get_boundary() or "").encode("utf-8", "surrogateescape")
    except (LookupError, ValueError, TypeError):
        return b""


def is_attachment(entity: Entity) -> bool:
    """Whether the sender calls it one."""
    return next(raw_values(entity, "content-disposition"), "").strip().lower().startswith("attachment")


def is_ordinary(entity: Entity) -> bool:
    """Whether the mail is a delivery report, a receipt or an automatic reply, which hold no form by their kind.

    `Auto-Submitted: auto-generated` and list headers are no such marks: copiers that mail their scans and a school's
    own groups set them.
    """
    if entity.get_content_type() in ("multipart/report", "message/delivery-status", "message/disposition-notification"):
        return True
    replied = any(value.strip().lower().startswith("auto-replied") for value in raw_values(entity, "auto-submitted"))
    null_sender = any(value.strip() == "<>" for value in raw_values(entity, "return-path"))
    return (
        replied
        or null_sender
        or any(True for name in ("x-autoreply", "x-autorespond") for _ in raw_values(entity, name))
    )


def _clean(text: str, length: int) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "", text)).strip()[:length]
