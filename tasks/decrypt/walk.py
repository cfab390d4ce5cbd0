"""The walk through a mail's parts: every ciphertext opened, every text decoded.

Belongs here: leaves, ciphertext, the bounds of one mail and its one verdict. Does not belong here: GnuPG (`pgp.py`),
how armour looks (`armour.py`), how entities nest (`entities.py`).

Real mails lie about their structure (Exchange takes multipart/encrypted apart, Outlook renames parts, Gmail puts
armour in text/plain), so ciphertext is looked for in every leaf, whatever its type or name.
"""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from schemas.documents import Container, Part
from schemas.settings import Email
from tasks.decrypt import armour, headers, sniff
from tasks.decrypt.entities import attached_mail, children, is_legacy_display, parse, protected_subject
from tasks.decrypt.headers import Entity
from tasks.decrypt.pgp import Decrypted, Limits, decrypt
from tasks.decrypt.texts import decode_text, html_to_text, is_text
from tasks.decrypt.verdict import Finding, Findings

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
    """Where in the mail the walk is. `pgp`: a sibling says PGP/MIME. `html_copy`: the HTML rendering of a text that
    stands beside it. `top`: still the mail's own content, not something attached."""

    depth: int = 0
    encrypted: bool = False
    pgp: bool = False
    html_copy: bool = False
    top: bool = True
    legacy: bool = False


@dataclass(slots=True)
class Walk:
    """One mail's walk: what it found and what it may still spend."""

    settings: Email
    home: Path
    parts: list[Part] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    containers: list[Container] = field(default_factory=list)
    subject: str = ""
    leaves: int = 0
    plaintext_left: int = 0
    deadline: float = 0.0
    digests: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.plaintext_left = self.settings.max_plaintext_bytes
        self.deadline = time.monotonic() + self.settings.gpg_wall_seconds

    # -- the walk ---------------------------------------------------------------------------------------------------

    def entity(self, entity: Entity, place: Place) -> None:
        """One MIME entity and all below it."""
        if place.depth > self.settings.max_depth:
            self.findings.over = "mime_depth"
        if self.findings.over:
            return
        if entity.get_content_maintype() == "message":
            inner = attached_mail(entity)
            if isinstance(inner, str):
                self.findings.over = inner
            elif inner is not None:
                self.entity(inner, Place(place.depth + 1, place.encrypted, top=False))
        elif entity.is_multipart():
            self._multipart(entity, place)
        else:
            data = entity.get_payload(decode=True)
            self._leaf(data if isinstance(data, bytes) else b"", entity, place)

    def _multipart(self, entity: Entity, place: Place) -> None:
        kind, below = entity.get_content_type(), children(entity)
        kinds = [child.get_content_type() for child in below]
        if kind == "multipart/signed" and not place.encrypted:
            self.containers.append("smime" if "pkcs7" in headers.parameter(entity, "protocol") else "pgp_mime")
        protected = bool(headers.parameter(entity, "protected-headers"))
        inner = Place(
            depth=place.depth + 1,
            encrypted=place.encrypted,
            pgp=kind == "multipart/encrypted" or "application/pgp-encrypted" in kinds,
            top=place.top,
        )
        self.findings.expected = self.findings.expected or inner.pgp
        beside_text = kind == "multipart/alternative" and "text/plain" in kinds
        for child in below:
            if not (protected and is_legacy_display(child)):
                self.entity(child, replace(inner, html_copy=place.html_copy or beside_text))

    def _leaf(self, data: bytes, entity: Entity, place: Place) -> None:
        media_type, name = entity.get_content_type(), headers.file_name_of(entity)
        charset = headers.parameter(entity, "charset") or None
        if media_type in SMIME_TYPES or name.lower().endswith((".p7m", ".p7c")):
            self.containers.append("smime")
            self.findings.results.append(Finding("unsupported", "smime"))
            return
        if media_type == "application/ms-tnef" or name.lower() == "winmail.dat":
            self.findings.notes.add("tnef")
        if media_type in SILENT_TYPES:
            self.parts.append(Part(name, media_type, data, encrypted=place.encrypted))
            return
        inline = media_type.startswith("text/") and not headers.is_attachment(entity)
        if (
            media_type == "application/pgp-encrypted"
            and b"BEGIN PGP MESSAGE" not in data
            and not armour.is_message(data)
        ):
            return  # "Version: 1"
        legacy = headers.parameter(entity, "hp-legacy-display") == "1"
        place = replace(place, legacy=legacy, html_copy=place.html_copy and media_type == "text/html")
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
        if armour.is_message(data) or (kind == "unknown" and (suffix or place.pgp) and not armour.is_key_matter(data)):
            self._open(data, name, charset, place, "pgp_mime" if place.pgp else "pgp_attachment")
            return
        if kind in ("pdf", "image", "office"):
            declared_office = (
                kind == "office" and media_type.startswith("application/") and media_type not in VAGUE_TYPES
            )
            self.parts.append(Part(name, media_type if declared_office else sniffed, data, encrypted=place.encrypted))
            return
        if media_type in VAGUE_TYPES and kind in ("text", "html"):
            media_type = sniffed
        html = media_type == "text/html"
        readable = media_type.startswith("text/") or name.lower().endswith(TEXT_SUFFIXES)
        if (
            b"-----BEGIN PGP " in data
            and len(data) <= self.settings.max_bytes
            and self._blocks(data, name, charset, place, html=html, inline=inline)
        ):
            return
        text, used = None, None
        if readable and len(data) <= TEXT_BYTES and is_text(data):
            text, used = decode_text(data, charset)
            text = html_to_text(text) if html else text
            if place.legacy and "\n\n" in text:
                text = text.split("\n\n", 1)[1]  # RFC 9788: the leading lines repeat protected headers
            if place.html_copy and any(_same_words(text, part.text) for part in self.parts[-3:]):
                text = ""  # the plain rendering beside it says the same; nothing new to read
        self.parts.append(Part(name, media_type, data, used, text, place.encrypted))

    # -- ciphertext -------------------------------------------------------------------------------------------------

    def _blocks(self, data: bytes, name: str, charset: str | None, place: Place, *, html: bool, inline: bool) -> bool:
        """Open the armour blocks of one leaf; False where there is none. Text around them stays separate, so that
        nothing unencrypted is ever read together with what was encrypted."""
        if html:
            # As if all were preformatted: the armour's line ends may be the source's own or <br>, mending takes both.
            data = html_to_text(f"<pre>{decode_text(data, charset)[0]}").encode("utf-8")
            charset = "utf-8"
        found = armour.blocks(data, self.settings.max_parts)
        position = 0
        for block in found:
            self._around(data[position : block.start], name, charset, place)
            position = block.end
            if block.kind == "signed":
                self.containers.append("pgp_inline" if inline else "pgp_attachment")
                self.file(
                    armour.cleartext(block.data), "text/plain", name, armour.charset_of(block.data) or charset,
                    Place(place.depth + 1, place.encrypted, html_copy=place.html_copy),
                )  # fmt: skip
            else:
                container: Container = "pgp_mime" if place.pgp else "pgp_inline" if inline else "pgp_attachment"
                self._open(block.data, name, charset, place, container)
        if found:
            self._around(data[position:], name, charset, place)
        return bool(found)

    def _around(self, data: bytes, name: str, charset: str | None, place: Place) -> None:
        if not data.strip() or place.html_copy:
            return
        self.findings.notes.add("text_around")
        text, used = decode_text(data, charset)
        self.parts.append(Part(name, "text/plain", data, used, text, place.encrypted))

    def _open(self, data: bytes, name: str, charset: str | None, place: Place, container: Container) -> None:
        digest = armour.digest(data)
        if digest in self.digests:
            return
        self.digests.add(digest)
        result = self._decrypt(data)
        if result.verdict in ("damaged", "integrity_failed") and data[:1] in b"- \t>|":
            tidy = armour.mended(data)
            again = self._decrypt(tidy) if tidy != data else result
            result = again if again.plaintext is not None else result
        self.containers.append(container)
        self.findings.results.append(Finding(result.verdict, result.detail, place.html_copy))
        if result.plaintext is None:
            return
        plaintext = result.plaintext
        self.plaintext_left -= len(plaintext)
        sound = place.encrypted or result.verdict == "decrypted"
        below = Place(place.depth + 1, sound, top=place.top and container != "pgp_attachment")
        attached = container == "pgp_attachment"
        if sniff.looks_like_entity(plaintext) or ((place.pgp or attached) and sniff.looks_like_mail(plaintext)):
            if attached and not _without_suffix(name).lower().endswith(".eml"):
                self.containers[-1] = "pgp_mime"  # whatever became of its outer structure, it was a whole mail
            self._inner(plaintext, below)
            return
        kind, media_type = sniff.kind_of(plaintext)
        if kind in ("mail", "text"):
            media_type = "text/plain"
        inner_name = _without_suffix(name) or _without_suffix(result.literal_name)
        declared = "utf-8" if result.literal_format == "u" else armour.charset_of(data) or charset
        self.file(plaintext, media_type, inner_name, declared, below)

    def _inner(self, plaintext: bytes, place: Place) -> None:
        inner = parse(plaintext)
        if isinstance(inner, str):
            self.findings.over = inner
            return
        if place.top:
            self.subject = protected_subject(inner) or self.subject
        self.entity(inner, place)

    def _decrypt(self, data: bytes) -> Decrypted:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0 or self.plaintext_left <= 0:
            return Decrypted("too_large", detail="wall_seconds" if seconds <= 0 else "plaintext_bytes")
        return decrypt(data, home=self.home, limits=Limits(self.plaintext_left, self.settings.gpg_cpu_seconds, seconds))


def _without_suffix(name: str) -> str:
    for suffix in (".pgp", ".gpg", ".asc"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _same_words(text: str, other: str | None) -> bool:
    return other is not None and text.split() == other.split()
