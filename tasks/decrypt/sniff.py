"""What a file is, by its own first bytes: names and declared types are the sender's word.

Belongs here: recognising kinds. Does not belong here: opening them.
"""

import re
from typing import Final, Literal

from schemas.documents import Container
from tasks.decrypt.texts import is_text

FileKind = Literal["pdf", "image", "office", "html", "mail", "text", "unknown", "empty"]

MAGIC: Final[tuple[tuple[bytes, FileKind, str], ...]] = (
    (b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (b"\xff\xd8\xff", "image", "image/jpeg"),
    (b"II*\0", "image", "image/tiff"),
    (b"MM\0*", "image", "image/tiff"),
    (b"GIF8", "image", "image/gif"),
    (b"{\\rtf", "office", "application/rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office", "application/x-ole-storage"),
)
OFFICE_MARKS: Final = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"application/vnd.oasis.opendocument.", "application/vnd.oasis.opendocument.spreadsheet"),
)
CONTAINERS: Final[dict[FileKind, Container]] = {
    "pdf": "pdf", "image": "image", "office": "office", "html": "text", "text": "text", "mail": "plain",
}  # fmt: skip
HEADER_NAME: Final = re.compile(rb"^([!-9;-~]{1,76}):")
ENTITY_NAMES: Final = frozenset(
    {b"content-type", b"content-transfer-encoding", b"mime-version", b"content-disposition"}
)
MAIL_NAMES: Final = ENTITY_NAMES | {
    b"from", b"to", b"date", b"subject", b"received", b"message-id", b"return-path", b"delivered-to", b"sender", b"cc",
}  # fmt: skip


def kind_of(data: bytes) -> tuple[FileKind, str]:
    """The kind of file and its media type."""
    if not data:
        return "empty", "application/octet-stream"
    for magic, kind, media_type in MAGIC:
        if data.startswith(magic):
            return kind, media_type
    if b"%PDF-" in data[:1024]:
        return "pdf", "application/pdf"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image", "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif"):
        return "image", "image/heic"
    if data.startswith(b"PK\x03\x04"):
        directory = data[:4096] + data[-65_536:]
        for mark, media_type in OFFICE_MARKS:
            if mark in directory:
                return "office", media_type
        return "unknown", "application/zip"
    if looks_like_mail(data):
        return "mail", "message/rfc822"
    if is_text(data):
        head = data[:1024].lstrip().lower()
        return ("html", "text/html") if head.startswith((b"<!doctype html", b"<html")) else ("text", "text/plain")
    return "unknown", "application/octet-stream"


def looks_like_mail(data: bytes) -> bool:
    """Whether `data` begins with the header of a whole mail."""
    names = header_names(data)
    return len(names & MAIL_NAMES) >= 2 or bool(names & ENTITY_NAMES)


def looks_like_entity(data: bytes) -> bool:
    """Whether decrypted `data` is a MIME entity; a form's "Navn: ..." lines are not."""
    return bool(header_names(data) & ENTITY_NAMES)


def header_names(data: bytes) -> frozenset[bytes]:
    """Lower-case names of the header block at the start of `data`; none where its first line is no header."""
    names: set[bytes] = set()
    for line in data[:65_536].lstrip(b"\r\n").split(b"\n")[:400]:
        if not line.strip():
            break
        if line[:1] in b" \t" and names:
            continue
        if line.startswith((b"From ", b">From ")) and not names:
            continue  # the separator line of a mailbox file
        found = HEADER_NAME.match(line)
        if not found:
            return frozenset()
        names.add(found[1].lower())
    return frozenset(names)
