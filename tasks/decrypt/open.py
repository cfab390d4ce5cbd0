"""One door for every delivery: mail, letter, scan or bare file.

Belongs here: choosing how to open something by what it is. Does not belong here: the opening itself.
"""

from pathlib import Path
from typing import Final

from schemas.documents import Opened
from schemas.errors import ForesattError, OutsideFault
from schemas.settings import Email, Settings
from tasks.decrypt import armour, smime, sniff
from tasks.decrypt.mime import open_mail
from tasks.decrypt.walk import Place, Walk

MAIL_TYPES: Final = frozenset({"message/rfc822", "message/global"})


def open_delivery(content: bytes, media_type: str, name: str, *, settings: Settings, home: Path) -> Opened:
    """Open one delivery of any channel; `home` is the GnuPG home of our secret keys.

    Whatever `content` is, the answer is an `Opened`. Raises only what is this machine's fault (`OutsideFault`,
    `NotReady`).
    """
    mail = media_type in MAIL_TYPES or name.lower().endswith(".eml")
    try:
        if not content.strip():
            return Opened("plain" if mail else "text", "damaged", detail="empty")
        content = content.removeprefix(b"\xef\xbb\xbf") if sniff.looks_like_mail(content[3:]) else content
        bare = armour.is_message(content) or content.lstrip()[:15] == b"-----BEGIN PGP "
        named = mail and _may_be_mail(content)
        if (named or sniff.looks_like_mail(content)) and not bare:
            return open_mail(content, settings=settings.email, home=home)
        return open_file(content, media_type, name, settings=settings.email, home=home)
    except ForesattError:
        raise
    except MemoryError:
        raise OutsideFault("out_of_memory", "not enough memory to open a delivery") from None
    except Exception:  # whatever a stranger sent, the batch goes on; the text of the exception may hold his words
        return Opened("plain" if mail else "text", "damaged", detail="parser")


def _may_be_mail(content: bytes) -> bool:
    """Whether what is called a mail is none of the things that its bytes would show it to be; garbage is a damaged
    mail, by whichever door it comes."""
    kind, _ = sniff.kind_of(content)
    return kind in ("mail", "text") or (kind == "unknown" and smime.object_in(content) is None)


def open_file(raw: bytes, media_type: str, name: str, *, settings: Email, home: Path) -> Opened:
    """A letter, a scan or a bare OpenPGP file. The kind comes from the bytes; a declared type or a name that says
    otherwise is noted in `detail`."""
    binary, armoured = armour.is_message(raw), b"-----BEGIN PGP " in raw
    if len(raw) > settings.max_bytes and (binary or armoured):
        return Opened("pgp_attachment", "too_large", detail="file_bytes")
    kind, sniffed = sniff.kind_of(raw)
    walk = Walk(settings, home)
    walk.file(raw, sniffed, name, None, Place(), inline=armoured)
    parts = tuple(walk.parts)
    if walk.container:
        signature = walk.findings.signature()
        verdict, detail = walk.findings.verdict()
        return Opened(walk.container, verdict, signature, detail, walk.subject, parts)
    if kind in ("unknown", "empty"):
        return Opened("text", "unsupported" if kind == "unknown" else "damaged", detail=f"kind_{kind}")
    misnamed = kind != "pdf" and (name.lower().endswith(".pdf") or media_type == "application/pdf")
    return Opened(sniff.CONTAINERS[kind], "not_encrypted", detail="misnamed" if misnamed else "", parts=parts)
