"""A mail with its containers undone.

Belongs here: the way from raw bytes to `Opened`. Does not belong here: the walk through the parts (`walk.py`), what a
text says (`tasks/extract`).
"""

from pathlib import Path

from schemas.documents import Opened
from schemas.settings import Email
from tasks.decrypt import headers, sniff
from tasks.decrypt.entities import parse
from tasks.decrypt.texts import is_text
from tasks.decrypt.walk import Place, Walk


def open_mail(raw: bytes, *, settings: Email, home: Path) -> Opened:
    """`raw` mail with its containers undone, within the bounds of `settings`; `home` is our GnuPG home.

    Bad input never raises. `OutsideFault` and `NotReady` mean that this machine cannot open anything just now.
    """
    if len(raw) > settings.max_bytes:
        return Opened("plain", "too_large", detail="mail_bytes")
    raw = _tidied(raw)
    if not sniff.header_names(raw) and not is_text(raw) and b"-----BEGIN PGP" not in raw:
        return Opened("plain", "damaged", detail="not_a_mail")
    top = parse(raw)
    if isinstance(top, str):
        return Opened("plain", "too_large", detail=top)
    walk = Walk(settings, home, subject=headers.subject_of(top))
    walk.entity(top, Place(source=raw))
    signature = walk.findings.signature()
    verdict, detail = walk.findings.verdict()
    return Opened(
        container=walk.container or ("pgp_mime" if walk.findings.expected else "plain"),
        decryption=verdict,
        signature=signature,
        detail=detail,
        subject=walk.subject,
        parts=tuple(walk.parts),
        ordinary=headers.is_ordinary(top),
    )


def _tidied(raw: bytes) -> bytes:
    """A mail as it was before a program saved it as a text of its own kind: with a byte order mark, or with each line
    end turned into two."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    return raw.replace(b"\r\r\n", b"\r\n") if b"\r\r\n" in raw[:2000] else raw
