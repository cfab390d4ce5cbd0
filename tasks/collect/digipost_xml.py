"""What Digipost's answers say: the entry point, the inbox list and errors, read from XML.

Belongs here: a tolerant reader (namespace or none, unknown elements passed over, `link` before the older `*-uri`) that
trusts nothing it reads. Does not belong here: fetching. Source: `api_v8.xsd` of the official clients.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import load_pem_x509_certificate
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.errors import OutsideFault

MEDIA_TYPE: Final = "application/vnd.digipost-v8+xml"
MAX_DEPTH: Final = 5
"""Attachments of attachments: the schema sets no end, a letter has one level."""
MAX_SUBJECT: Final = 300
_ID: Final = re.compile(r"[0-9]{1,19}\Z")
# Plain ASCII segments only: there the official clients' two ways of lower-casing an escaped path agree.
_PATH: Final = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)+\Z")
_CODES: Final = frozenset(
    [
        "MISSING_CERTIFICATE",
        "REVOKED_CERTIFICATE",
        "BROKER_NOT_AUTHORIZED",
        "ACCOUNT_DEACTIVATED",
        "NOT_APPROVED_FOR_REST_API_USAGE",
        "INVALID_SIGNATURE",
        "MISSING_SIGNATURE",
        "INVALID_USER_ID_HEADER",
        "UNKNOWN_USER_ID",
        "MISSING_DATE_HEADER",
        "INVALID_DATE_HEADER",
        "DATE_HEADER_OUTSIDE_ACCEPTED_INTERVAL",
        "MISSING_SHA256",
        "INVALID_SHA256",
        "INVALID_QUERY_PARAMETER",
        "ILLEGAL_ACCESS",
        "DOCUMENT_NOT_FOUND",
    ]
)


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """Where the API says its resources are (relation in upper case -> path), and the key that it signs with."""

    public_key: rsa.RSAPublicKey | None = field(repr=False)
    links: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """One document of the list. `delete_path` is empty where the API gives none (attachments, as a rule); `whole` is
    False where something attached to it could not be read."""

    id: str = field(repr=False)
    subject: str = field(repr=False)
    delivered_at: datetime
    content_type: str
    content_path: str = field(repr=False)
    delete_path: str = field(repr=False)
    attachments: tuple["Listed", ...] = field(default=(), repr=False)
    whole: bool = True

    @property
    def parts(self) -> tuple["Listed", ...]:
        """The document itself and everything attached to it."""
        return (self, *(part for one in self.attachments for part in one.parts))


def link_path(uri: str) -> str:
    """The path of a link, absolute or relative; empty where it is not one that we would sign.

    The rest of the link is dropped: an answer cannot send us, and our signature, to another host.
    """
    try:
        path = urlsplit(uri.strip()).path
    except ValueError:
        return ""
    path = path if path.startswith("/") else f"/{path}"
    return path if _PATH.match(path) else ""


def read_entry_point(body: bytes) -> EntryPoint:
    """The `entrypoint` document. Raises `OutsideFault` where it is none, or its certificate holds no RSA key."""
    root = _root(body, "entrypoint")
    pem = _text(root, "certificate")
    if not pem:
        return EntryPoint(None, _links(root))
    try:
        key = load_pem_x509_certificate(pem.encode()).public_key()
    except ValueError:
        raise OutsideFault("digipost_certificate", "Digipost's certificate cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise OutsideFault("digipost_certificate", "Digipost's certificate holds no RSA key")
    return EntryPoint(key, _links(root))


def read_inbox(body: bytes) -> list[Listed | None]:
    """The `inbox` document, in its order; None stands for a document without a usable id, time or content link."""
    return [_listed(one, None, 1) for one in _children(_root(body, "inbox"), "document")]


def error_code(body: bytes) -> str:
    """Our code for an error body: from its `error-code` where that is a known one, and never from its text."""
    try:
        code = _text(_root(body, "error"), "error-code")
    except OutsideFault:
        code = ""
    return f"digipost_{code.lower()}" if code in _CODES else "digipost_general_error"


def _root(body: bytes, name: str) -> Element:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise OutsideFault("digipost_answer_xml", "Digipost's answer is not the XML that was asked for") from None
    if _name(root) != name:
        raise OutsideFault("digipost_answer_xml", "Digipost's answer is not the XML that was asked for")
    return root


def _name(element: Element) -> str:
    """The tag without its namespace: the documentation's samples have none, the API's answers have."""
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _name(child) == name)


def _text(element: Element, name: str) -> str:
    return next(((child.text or "").strip() for child in _children(element, name)), "")


def _links(element: Element) -> dict[str, str]:
    """A relation is known by the last segment of its `rel`, whatever the case."""
    return {
        link.get("rel", "").rstrip("/").rpartition("/")[2].upper(): link_path(link.get("uri", ""))
        for link in _children(element, "link")
    }


def _listed(element: Element, letter_time: datetime | None, depth: int) -> Listed | None:
    if depth > MAX_DEPTH:
        return None
    ident = _text(element, "id")
    links = _links(element)
    content = links.get("GET_DOCUMENT_CONTENT") or link_path(_text(element, "content-uri"))
    time = _time(_text(element, "delivery-time")) or letter_time  # what is attached arrived with its letter
    if not _ID.match(ident) or time is None or not content:
        return None
    attached = [_listed(one, time, depth + 1) for one in _children(element, "attachment")]
    return Listed(
        id=ident,
        subject=_text(element, "subject")[:MAX_SUBJECT],
        delivered_at=time,
        content_type=_text(element, "content-type"),
        content_path=content,
        delete_path=links.get("SELF_DELETE") or link_path(_text(element, "delete-uri")),
        attachments=tuple(one for one in attached if one is not None),
        whole=all(one is not None and one.whole for one in attached),
    )


def _time(text: str) -> datetime | None:
    """A time of our age with its offset, in UTC; None for anything else, which would put forms out of order."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo is not None and 2000 <= time.year < 2200 else None
    except (ValueError, OverflowError):
        return None
