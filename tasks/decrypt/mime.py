"""A mail with its containers undone: MIME walked, every ciphertext opened, texts decoded.

Belongs here: the walk and its bounds, and one verdict for the whole mail. Does not belong here: GnuPG (`pgp.py`), how
armour looks (`armour.py`), what a text says (`tasks/extract`).

Real mails lie about their structure (Exchange takes multipart/encrypted apart, Outlook renames parts, Gmail puts
armour in text/plain), so ciphertext is looked for in every leaf, whatever its type or name.
"""

import base64
import binascii
import email
import quopri
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

from schemas.documents import Container, DecryptionVerdict, Opened, Part
from schemas.errors import OutsideFault
from schemas.settings import Email
from tasks.decrypt import armour, headers, sniff
from tasks.decrypt.headers import Entity
from tasks.decrypt.pgp import Decrypted, Limits, decrypt
from tasks.decrypt.texts import decode_text, html_to_text, is_text

MOST_LINES: Final = 1_000_000
MOST_WORK: Final = 50_000_000
"""Lines times boundaries: what the parser's time grows with (about 7 s at this bound)."""
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
WORST_FIRST: Final[tuple[DecryptionVerdict, ...]] = (
    "locked_key", "integrity_failed", "damaged", "too_large", "wrong_key", "password_only", "unsupported",
)  # fmt: skip
"""Of several failures the first of these names the mail: what passes by itself, then what should alarm."""


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
    results: list[tuple[DecryptionVerdict, str, bool]] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    over: str = ""
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
            self.over = "mime_depth"
        if self.over:
            return
        media_type = entity.get_content_type()
        payload = entity.get_payload()
        if media_type.startswith("message/") and media_type != "message/delivery-status":
            inner = _inner_mail(entity)
            if inner is not None:
                self.entity(inner, Place(place.depth + 1, place.encrypted, top=False))
                return
        if isinstance(payload, list) and media_type.startswith("multipart/"):
            self._multipart(entity, cast("list[Entity]", payload), place)
            return
        if not isinstance(payload, list):
            data = entity.get_payload(decode=True)
            self._leaf(data if isinstance(data, bytes) else b"", entity, place)

    def _multipart(self, entity: Entity, children: list[Entity], place: Place) -> None:
        kinds = [child.get_content_type() for child in children]
        pgp = entity.get_content_type() == "multipart/encrypted" or "application/pgp-encrypted" in kinds
        alternative = entity.get_content_type() == "multipart/alternative" and "text/plain" in kinds
        if entity.get_content_type() == "multipart/signed" and not place.encrypted:
            protocol = headers.parameter(entity, "protocol")
            self.containers.append("smime" if "pkcs7" in protocol else "pgp_mime")
        protected = bool(headers.parameter(entity, "protected-headers"))
        for child, kind in zip(children, kinds, strict=True):
            if protected and kind in ("text/plain", "text/rfc822-headers") and _is_legacy_display(child):
                continue  # a copy of the protected subject for old mail programs
            self.entity(
                child,
                Place(place.depth + 1, place.encrypted, pgp, alternative and kind == "text/html", place.top),
            )

    def _leaf(self, data: bytes, entity: Entity, place: Place) -> None:
        media_type, name = entity.get_content_type(), headers.file_name_of(entity)
        charset = headers.parameter(entity, "charset") or None
        if media_type in SMIME_TYPES or name.lower().endswith((".p7m", ".p7c")):
            self.containers.append("smime")
            self.results.append(("unsupported", "smime", False))
            return
        if media_type == "application/ms-tnef" or name.lower() == "winmail.dat":
            self.notes.add("tnef")
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
        self.file(data, media_type, name, charset, replace(place, legacy=legacy), inline=inline)

    def file(
        self, data: bytes, media_type: str, name: str, charset: str | None, place: Place, *, inline: bool = False
    ) -> None:
        """One leaf: ciphertext in it is opened, anything else becomes a part."""
        self.leaves += 1
        if place.depth > self.settings.max_depth or self.leaves > self.settings.max_parts:
            self.over = self.over or ("mime_depth" if place.depth > self.settings.max_depth else "mime_parts")
        if self.over:
            return
        if armour.is_message(data):
            self._open(data, name, charset, place, "pgp_mime" if place.pgp else "pgp_attachment")
            return
        kind, sniffed = sniff.kind_of(data)
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
                text = None  # the plain rendering beside it says the same; read once
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
        self.notes.add("text_around")
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
        self.results.append((result.verdict, result.detail, place.html_copy))
        if result.plaintext is None:
            return
        plaintext = result.plaintext
        self.plaintext_left -= len(plaintext)
        sound = place.encrypted or result.verdict == "decrypted"
        below = Place(place.depth + 1, sound, top=place.top and container != "pgp_attachment")
        if sniff.looks_like_entity(plaintext) or (place.pgp and sniff.looks_like_mail(plaintext)):
            if container == "pgp_attachment" and not _without_suffix(name).lower().endswith(".eml"):
                self.containers[-1] = "pgp_mime"
            self._inner(plaintext, below)
            return
        inner_name = _without_suffix(name) or _without_suffix(result.literal_name)
        media_type = "text/plain" if container != "pgp_attachment" else sniff.kind_of(plaintext)[1]
        if not is_text(plaintext):
            media_type = sniff.kind_of(plaintext)[1]
        declared = "utf-8" if result.literal_format == "u" else armour.charset_of(data) or charset
        self.file(plaintext, media_type, inner_name, declared, below)

    def _inner(self, plaintext: bytes, place: Place) -> None:
        inner = parse(plaintext.lstrip(b"\r\n"), self)
        if inner is None:
            return
        if place.top:
            self.subject = _protected_subject(inner) or self.subject
        self.entity(inner, place)

    def _decrypt(self, data: bytes) -> Decrypted:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0 or self.plaintext_left <= 0:
            return Decrypted("too_large", detail="wall_seconds" if seconds <= 0 else "plaintext_bytes")
        return decrypt(data, home=self.home, limits=Limits(self.plaintext_left, self.settings.gpg_cpu_seconds, seconds))

    # -- what it comes to -------------------------------------------------------------------------------------------

    def verdict(self) -> tuple[DecryptionVerdict, str]:
        """One verdict for the mail, and the codes behind it."""
        results = [result for result in self.results if result[0] != "not_encrypted"]
        # The HTML copy of an armour is often bent beyond repair; the plain one beside it counts.
        results = [result for result in results if not result[2] or result[0] == "decrypted"] or results
        good = sum(verdict == "decrypted" for verdict, _, _ in results)
        failures = {verdict for verdict, _, _ in results if verdict != "decrypted"} | (
            {"too_large"} if self.over else set()
        )
        codes = {detail for _, detail, _ in [*results, *self.results] if detail} | self.notes | ({self.over} - {""})
        worst = next((verdict for verdict in WORST_FIRST if verdict in failures), None)
        if worst is None:
            return ("decrypted" if good else "not_encrypted"), " ".join(sorted(codes))
        if good:
            return "partly_decrypted", " ".join(sorted({*codes, *failures, f"{good}_of_{len(results)}"}))
        return worst, " ".join(sorted(codes))


def open_mail(raw: bytes, *, settings: Email, home: Path) -> Opened:
    """`raw` mail with its containers undone, within the bounds of `settings`.

    Bad input never raises. `OutsideFault` and `NotReady` mean that this machine cannot open anything just now.
    """
    if len(raw) > settings.max_bytes:
        return Opened("plain", "too_large", detail="mail_bytes")
    if not sniff.header_names(raw) and not is_text(raw) and b"-----BEGIN PGP" not in raw:
        return Opened("plain", "damaged", detail="not_a_mail")
    walk = Walk(settings, home)
    top = parse(raw, walk)
    if top is None:
        return Opened("plain", "too_large" if walk.over else "damaged", detail=walk.over or "parser")
    walk.subject = headers.subject_of(top)
    walk.entity(top, Place())
    verdict, detail = walk.verdict()
    return Opened(
        container=walk.containers[0] if walk.containers else "plain",
        decryption=verdict,
        detail=detail,
        subject=walk.subject,
        parts=tuple(walk.parts),
        ordinary=headers.is_ordinary(top),
    )


def parse(raw: bytes, walk: Walk) -> Entity | None:
    """`raw` as MIME; None where it is too deep or too long for the parser, and `walk.over` says so."""
    lines, low = raw.count(b"\n"), raw.lower()
    if lines > MOST_LINES or lines * (low.count(b"boundary") + 1) > MOST_WORK:
        walk.over = "mime_lines"
        return None
    try:
        return email.message_from_bytes(raw.lstrip(b"\r\n"))
    except RecursionError:
        walk.over = "mime_depth"
    except MemoryError:
        raise OutsideFault("out_of_memory", "not enough memory to read a mail") from None
    return None


def _inner_mail(entity: Entity) -> Entity | None:
    """The mail attached in a message/rfc822. Python's parser leaves one with a transfer encoding undecoded."""
    payload = entity.get_payload()
    if not isinstance(payload, list) or not payload:
        return None
    inner = cast(Entity, payload[0])
    coding = next(headers.raw_values(entity, "content-transfer-encoding"), "").strip().lower()
    body = inner.get_payload()
    if coding not in ("base64", "quoted-printable") or len(inner) or not isinstance(body, str):
        return inner
    data = body.encode("ascii", "surrogateescape")
    try:
        return email.message_from_bytes(base64.b64decode(data) if coding == "base64" else quopri.decodestring(data))
    except (binascii.Error, RecursionError):
        return inner


def _is_legacy_display(entity: Entity) -> bool:
    return bool(headers.parameter(entity, "protected-headers")) and not headers.is_attachment(entity)


def _protected_subject(inner: Entity) -> str:
    """The subject inside the encryption: from the top inner part, or the first part of a signed one, if it says that
    its headers are protected."""
    candidates = [inner]
    payload = inner.get_payload()
    if inner.get_content_type() == "multipart/signed" and isinstance(payload, list) and payload:
        candidates.append(cast(Entity, payload[0]))
    for entity in candidates:
        if headers.parameter(entity, "protected-headers") or headers.parameter(entity, "hp"):
            return headers.subject_of(entity)
    return ""


def _without_suffix(name: str) -> str:
    for suffix in (".pgp", ".gpg", ".asc"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def _same_words(text: str, other: str | None) -> bool:
    return other is not None and text.split() == other.split()
