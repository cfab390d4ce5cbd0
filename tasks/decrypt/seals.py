"""Encryption and signatures undone, wherever the walk comes upon them.

Belongs here: what a ciphertext or a signature in a mail came to, and walking on into what was inside. Does not belong
here: finding them (`walk.py`), GnuPG (`pgp.py`), openssl (`smime.py`), how armour looks (`armour.py`).
"""

from __future__ import annotations

import hashlib
import quopri
from typing import TYPE_CHECKING

from schemas.documents import Part
from tasks.decrypt import armour, pgp, smime, sniff
from tasks.decrypt.pgp import Decrypted
from tasks.decrypt.texts import decode_text, html_to_text
from tasks.decrypt.verdict import Finding

if TYPE_CHECKING:
    from schemas.documents import Container
    from tasks.decrypt.walk import Place, Walk


def blocks(
    walk: Walk, data: bytes, name: str, charset: str | None, place: Place, *, html: bool, inline: bool
) -> bool:  # fmt: skip
    """Open the armour blocks of one leaf; False where there is none. Text around them stays separate, so that nothing
    unencrypted is ever read together with what was encrypted."""
    if html:
        # As if all were preformatted: the armour's line ends may be the source's own or <br>, mending takes both.
        data = html_to_text(f"<pre>{decode_text(data, charset)[0]}").encode("utf-8")
        charset = "utf-8"
    data = armour.straightened(data)
    found = armour.blocks(data, walk.settings.max_parts)
    position = 0
    for block in found:
        _around(walk, data[position : block.start], name, charset, place)
        position = block.end
        if block.kind == "signed":
            walk.signed.append("pgp_inline" if inline else "pgp_attachment")
            limits = walk.limits()
            as_sent = not html and not place.html_copy and block.data.startswith(b"-----")
            if as_sent and limits:
                walk.findings.signatures.append(pgp.signature(block.data, home=walk.home, limits=limits))
            walk.file(
                armour.cleartext(block.data), "text/plain", name, armour.charset_of(block.data) or charset,
                place.below(signed=as_sent), inline=inline,
            )  # fmt: skip
        else:
            container: Container = "pgp_mime" if place.pgp else "pgp_inline" if inline else "pgp_attachment"
            openpgp(walk, block.data, name, charset, place, container)
    if found:
        _around(walk, data[position:], name, charset, place)
    return bool(found)


def _around(walk: Walk, data: bytes, name: str, charset: str | None, place: Place) -> None:
    if not data.strip(b"\xa0\xc2 \t\r\n>|") or place.html_copy:
        return
    walk.findings.notes.add("text_around")
    text, used = decode_text(data, charset)
    walk.add(Part(name, "text/plain", data, used, text, place.encrypted), place)


def openpgp(walk: Walk, data: bytes, name: str, charset: str | None, place: Place, container: Container) -> None:
    """One OpenPGP message, armoured or not; the same ciphertext again is passed over."""
    if _seen(walk, armour.digest(data)):
        return
    result = _decrypt(walk, data)
    if result.verdict in ("damaged", "integrity_failed") and data[:1] in b"- \t>|":
        for tidy in _tidied(data):
            again = _decrypt(walk, tidy)
            if again.plaintext is not None:
                data, result = tidy, again
                break
    (walk.signed if result.verdict == "not_encrypted" else walk.sealed).append(container)
    walk.findings.results.append(Finding(result.verdict, result.detail, place.html_copy))
    if result.plaintext is None:
        return
    plaintext = result.plaintext
    walk.plaintext_left -= len(plaintext)
    limits = walk.limits() if result.signed else None
    if limits:
        walk.findings.signatures.append(pgp.signature(data, home=walk.home, limits=limits))
    attached = container == "pgp_attachment"
    below = place.below(encrypted=result.verdict == "decrypted", signed=result.signed, top=not attached)
    whole = sniff.looks_like_entity(plaintext) or ((place.pgp or attached) and sniff.looks_like_mail(plaintext))
    if whole and attached and not _without_suffix(name).lower().endswith(".eml"):
        # Whatever became of its outer structure, it was a whole mail.
        (walk.signed if result.verdict == "not_encrypted" else walk.sealed)[-1] = "pgp_mime"
        below = place.below(encrypted=result.verdict == "decrypted", signed=result.signed)
    inner_name = _without_suffix(name) or _without_suffix(result.literal_name)
    declared = "utf-8" if result.literal_format == "u" else armour.charset_of(data) or charset
    _inside(walk, plaintext, inner_name, declared, below, whole=whole, inline=container == "pgp_inline")


def _inside(
    walk: Walk, plaintext: bytes, name: str, charset: str | None, below: Place, *, whole: bool, inline: bool = False
) -> None:  # fmt: skip
    """Walk on into what was undone: a `whole` entity, or a bare file."""
    if whole:
        walk.mail(plaintext, below)
        return
    kind, media_type = sniff.kind_of(plaintext)
    walk.file(plaintext, "text/plain" if kind in ("mail", "text") else media_type, name, charset, below, inline=inline)


def _tidied(data: bytes) -> list[bytes]:
    """The armour as it may have been before mail programs handled it, each different reading once."""
    readings = [armour.mended(data)]
    if b"=3D" in data or b"=\n" in data or b"=\r\n" in data:
        readings.append(armour.mended(quopri.decodestring(data)))
    readings += [armour.without_checksum(reading) for reading in readings]
    return [reading for reading in dict.fromkeys(readings) if reading not in (data, b"")]


def cms(walk: Walk, data: bytes, place: Place) -> None:
    """One S/MIME object: opened, or its content taken out and its signature checked."""
    limits, kind = walk.limits(), smime.kind_of(data)
    if _seen(walk, hashlib.sha256(data).digest()):
        return
    if kind == "enveloped":
        walk.sealed.append("smime")
        result = smime.decrypt(data, home=walk.home, limits=limits) if limits else Decrypted("too_large")
    elif kind in ("signed", "compressed"):
        walk.signed.append("smime")
        result = smime.content_of(data, limits) if limits else Decrypted("too_large")
    else:
        walk.sealed.append("smime")
        result = Decrypted("unsupported" if smime.object_in(data) else "damaged", detail="smime_kind")
    walk.findings.results.append(Finding(result.verdict, result.detail, place.html_copy))
    if not result.plaintext:
        return
    walk.plaintext_left -= len(result.plaintext)
    signed = kind == "signed"
    if signed and (limits := walk.limits()):
        walk.findings.signatures.append(smime.signature(data, home=walk.home, limits=limits))
    below = place.below(encrypted=kind == "enveloped", signed=signed)
    _inside(walk, result.plaintext, "", None, below, whole=sniff.looks_like_mail(result.plaintext))


def detached(walk: Walk, content: bytes, signature: bytes) -> bool:
    """Check the signature beside `content`; False where there is none to check."""
    limits = walk.limits()
    if limits is None or not content:
        return False
    canonical = b"\r\n".join(content.replace(b"\r\n", b"\n").split(b"\n"))
    if (found := smime.object_in(signature)) is not None:
        verdict = smime.signature(found, home=walk.home, limits=limits, content=canonical)
    elif b"-----BEGIN PGP SIGNATURE" in signature or armour.is_key_matter(signature):
        verdict = pgp.detached_signature(canonical, signature, home=walk.home, limits=limits)
    else:
        return False
    walk.findings.signatures.append(verdict)
    return True


def _seen(walk: Walk, digest: bytes) -> bool:
    known = digest in walk.digests
    walk.digests.add(digest)
    return known


def _decrypt(walk: Walk, data: bytes) -> Decrypted:
    limits = walk.limits()
    if limits is None:
        return Decrypted("too_large")
    return pgp.decrypt(data, home=walk.home, limits=limits)


def _without_suffix(name: str) -> str:
    for suffix in (".pgp", ".gpg", ".asc"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name
