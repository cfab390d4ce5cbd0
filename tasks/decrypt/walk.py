"""The walk through a mail's parts: every ciphertext found, every text decoded.

Belongs here: leaves, the bounds of one mail, what a leaf becomes. Does not belong here: undoing encryption and
signatures (`seals.py`), how armour looks (`armour.py`), how entities nest (`entities.py`).

Real mails lie about their structure (Exchange takes multipart/encrypted apart, Outlook renames parts, Gmail puts
armour in text/plain), so ciphertext is looked for in every leaf, whatever its type or name.
"""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from schemas.documents import Container, Part
from schemas.settings import Email
from tasks.decrypt import armour, headers, seals, smime, sniff
from tasks.decrypt.entities import (
    attached_mail,
    children,
    is_legacy_display,
    parse,
    protected_subject,
    signed_halves,
    wrapped,
)
from tasks.decrypt.headers import Entity
from tasks.decrypt.process import Limits
from tasks.decrypt.texts import decode_text, html_to_text, is_text, unflowed
from tasks.decrypt.verdict import Findings

TEXT_BYTES: Final = 5_000_000
SMIME_TYPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SILENT_TYPES: Final = frozenset(
    {
        "application/pgp-keys",
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
VAGUE_TYPES: Final = frozenset({"application/octet-stream", "application/pgp-encrypted", "application/pgp"})
TEXT_SUFFIXES: Final = (".txt", ".text", ".htm", ".html", ".csv", ".md")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the mail the walk is. `source`: the bytes that the entity was parsed from. `pgp`: a sibling says
    PGP/MIME. `html_copy`: the HTML rendering of a text that stands beside it. `top`: still the mail's own content, not
    something attached. `flowed`, `delsp`: the leaf's lines are soft ones (RFC 3676). `signed`: inside something that
    carries a signature."""

    depth: int = 0
    encrypted: bool = False
    pgp: bool = False
    html_copy: bool = False
    top: bool = True
    legacy: bool = False
    flowed: bool = False
    delsp: bool = False
    signed: bool = False
    source: bytes = field(default=b"", repr=False)

    def below(self, *, encrypted: bool = False, signed: bool = False, top: bool = True) -> "Place":
        """One level further in, where nothing is known yet but what was undone to get there."""
        return Place(
            self.depth + 1, self.encrypted or encrypted, top=self.top and top, signed=self.signed or signed,
            html_copy=self.html_copy,
        )  # fmt: skip


@dataclass(slots=True)
class Walk:
    """One mail's walk: what it found and what it may still spend."""

    settings: Email
    home: Path
    parts: list[Part] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    sealed: list[Container] = field(default_factory=list)
    signed: list[Container] = field(default_factory=list)
    subject: str = ""
    leaves: int = 0
    plaintext_left: int = 0
    deadline: float = 0.0
    digests: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plaintext_left = self.settings.max_plaintext_bytes
        self.deadline = time.monotonic() + self.settings.gpg_wall_seconds

    @property
    def container(self) -> Container | None:
        """What the mail came in: its first encryption, else its first signature."""
        return next(iter([*self.sealed, *self.signed]), None)

    def limits(self) -> Limits | None:
        """What the next process may cost; None where the mail's time or room is used up."""
        seconds = self.deadline - time.monotonic()
        if seconds <= 0 or self.plaintext_left <= 0:
            self.findings.notes.add("wall_seconds" if seconds <= 0 else "plaintext_bytes")
            return None
        return Limits(self.plaintext_left, self.settings.gpg_cpu_seconds, seconds)

    def mail(self, raw: bytes, place: Place, *, exact: bool = False) -> None:
        """The bytes of an entity, parsed and walked; a decrypted one may bring the mail's real subject."""
        inner = parse(raw, exact=exact)
        if isinstance(inner, str):
            self.findings.over = inner
            return
        if place.top and (place.encrypted or place.signed):
            self.subject = protected_subject(inner) or self.subject
        self.entity(inner, replace(place, source=raw))

    def entity(self, entity: Entity, place: Place) -> None:
        """One MIME entity and all below it."""
        if place.depth > self.settings.max_depth:
            self.findings.over = "mime_depth"
        if self.findings.over:
            return
        if entity.get_content_maintype() == "message":
            self._attached(entity, place)
        elif entity.is_multipart():
            self._multipart(entity, place)
        else:
            data = entity.get_payload(decode=True)
            self._leaf(data if isinstance(data, bytes) else b"", entity, place)

    def _attached(self, entity: Entity, place: Place) -> None:
        inner, source = attached_mail(entity)
        if isinstance(inner, str):
            self.findings.over = inner
        elif inner is not None:
            own = place.top and wrapped(entity)
            if own:
                self.subject = headers.subject_of(inner) or self.subject
            below = replace(place.below(top=own), source=source or place.source)
            self.entity(inner, below)

    def _multipart(self, entity: Entity, place: Place) -> None:
        kind, below = entity.get_content_type(), children(entity)
        kinds = [child.get_content_type() for child in below]
        inner = replace(
            place,
            depth=place.depth + 1,
            pgp=kind == "multipart/encrypted" or "application/pgp-encrypted" in kinds,
            legacy=False,
        )
        if kind == "multipart/signed" and below:
            content, signature = signed_halves(entity, place.source)
            said = f"{headers.parameter(entity, 'protocol')} {kinds[1] if len(kinds) > 1 else ''}"
            self.signed.append("smime" if "pkcs7" in said else "pgp_mime")
            if signature and seals.detached(self, content, signature):
                # What was verified is what is read: the bytes between the boundaries, whatever the parser made of them.
                self.mail(content, replace(inner, signed=True), exact=True)
                below = below[1:]
        protected = bool(headers.parameter(entity, "protected-headers"))
        self.findings.expected = self.findings.expected or inner.pgp
        beside_text = kind == "multipart/alternative" and "text/plain" in kinds
        for child in below:
            if not (protected and is_legacy_display(child)):
                self.entity(child, replace(inner, html_copy=place.html_copy or beside_text))

    def _leaf(self, data: bytes, entity: Entity, place: Place) -> None:
        media_type, name = entity.get_content_type(), headers.file_name_of(entity)
        charset = headers.parameter(entity, "charset") or None
        smime_like = media_type in SMIME_TYPES or name.lower().endswith((".p7m", ".p7c"))
        if smime_like and not armour.may_hold_armour(data) and smime.object_in(data) is None:
            seals.cms(self, data, place)  # says so and is none: damaged
            return
        if media_type == "application/ms-tnef" or name.lower() == "winmail.dat":
            self.findings.notes.add("tnef")
        if media_type in SILENT_TYPES:
            self.parts.append(Part(name, media_type, data, encrypted=place.encrypted))
            return
        inline = media_type.startswith(("text/", "application/pgp")) and not headers.is_attachment(entity)
        if (
            media_type == "application/pgp-encrypted"
            and b"BEGIN PGP MESSAGE" not in data
            and not armour.is_message(data)
        ):
            return  # "Version: 1"
        legacy = headers.parameter(entity, "hp-legacy-display") == "1"
        flowed = media_type == "text/plain" and headers.parameter(entity, "format") == "flowed"
        place = replace(
            place, legacy=legacy, html_copy=place.html_copy and media_type == "text/html",
            flowed=flowed, delsp=flowed and headers.parameter(entity, "delsp") == "yes",
        )  # fmt: skip
        self.file(data, media_type, name, charset, place, inline=inline)

    def file(
        self, data: bytes, media_type: str, name: str, charset: str | None, place: Place, *, inline: bool = False
    ) -> None:
        """One leaf: ciphertext in it is opened, anything else becomes a part."""
        self.leaves += 1
        if place.depth > self.settings.max_depth or self.leaves > self.settings.max_parts:
            self.findings.over = self.findings.over or (
                "mime_depth" if place.depth > self.settings.max_depth else "mime_parts"
            )
        if self.findings.over:
            return
        kind, sniffed = sniff.kind_of(data)
        suffix = name.lower().endswith((".pgp", ".gpg"))
        openpgp = kind == "unknown" and not armour.is_key_matter(data)
        if armour.is_message(data) or (openpgp and (suffix or place.pgp or armour.may_be_message(data))):
            seals.openpgp(self, data, name, charset, place, "pgp_mime" if place.pgp else "pgp_attachment")
            return
        if (cms := smime.object_in(data)) is not None:
            seals.cms(self, cms, place)
            return
        if kind == "mail" and not media_type.startswith("text/"):
            # An .eml without its type; without a sender, a mail's own structure as one attachment (GpgOL, gateways).
            self.mail(data, place.below(top=b"from" not in sniff.header_names(data)))
            return
        if kind in ("pdf", "image", "office"):
            declared_office = (
                kind == "office" and media_type.startswith("application/") and media_type not in VAGUE_TYPES
            )
            self.add(Part(name, media_type if declared_office else sniffed, data, encrypted=place.encrypted), place)
            return
        if media_type in VAGUE_TYPES and kind in ("text", "html"):
            media_type = sniffed
        html = media_type == "text/html"
        readable = media_type.startswith("text/") or name.lower().endswith(TEXT_SUFFIXES)
        # What is kept is what was sent; what is read is what its writer saw.
        shown = unflowed(data, delete_space=place.delsp) if place.flowed else data
        if (
            armour.may_hold_armour(shown)
            and len(shown) <= self.settings.max_bytes
            and seals.blocks(self, shown, name, charset, place, html=html, inline=inline)
        ):
            return
        text, used = None, None
        if readable and len(shown) <= TEXT_BYTES and is_text(shown, charset):
            text, used = decode_text(shown, charset)
            text = html_to_text(text) if html else text
            if place.legacy and "\n\n" in text:
                text = text.split("\n\n", 1)[1]  # RFC 9788: the leading lines repeat protected headers
            if place.html_copy and any(_same_words(text, part.text) for part in self.parts[-3:]):
                text = ""  # the plain rendering beside it says the same; nothing new to read
        self.add(Part(name, media_type, data, used, text, place.encrypted), place)

    def add(self, part: Part, place: Place) -> None:
        """Keep a part. What stands outside a signature is not vouched for by it, unless it was outside the encryption
        and is kept apart for that already."""
        self.parts.append(part)
        if not place.signed and part.content.strip():
            self.findings.unsigned.add(part.encrypted)


def _same_words(text: str, other: str | None) -> bool:
    return other is not None and text.split() == other.split()
