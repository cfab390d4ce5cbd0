"""S/MIME (CMS) by the openssl program: one object in, a verdict out, and content only where openssl is content with it.

Belongs here: recognising CMS, how openssl is called, what its complaints mean. Does not belong here: the process itself
(`process.py`), our keys (`smime_keys.py`), where in a mail a CMS object stands (`walk.py`).

Why the program and not a library: decision 12. Older S/MIME carries no integrity check of its own, so a sound verdict
says less here than for OpenPGP.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Final, Literal

from schemas.documents import DecryptionVerdict, SignatureVerdict
from tasks.decrypt import process
from tasks.decrypt.keyring import check_home
from tasks.decrypt.pgp import Decrypted
from tasks.decrypt.process import Descriptors, Limits, Run
from tasks.decrypt.smime_keys import has_locked, known_senders, own_keys
from tasks.decrypt.sniff import header_names

Kind = Literal["signed", "enveloped", "compressed", "other"]

NO_STORE: Final = ("-no-CAfile", "-no-CApath", "-no-CAstore")
"""The machine's own authorities vouch for servers; they make no sender known."""
_OBJECT: Final = re.compile(
    rb"\x30(?:\x80|[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)\x06"
    rb"(?:\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07([\x01-\x06])|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01([\x01-\x20]))",
    re.DOTALL,
)
_KINDS: Final[dict[bytes | None, Kind]] = {b"\x02": "signed", b"\x03": "enveloped"}
_MORE_KINDS: Final[dict[bytes | None, Kind]] = {b"\x17": "enveloped", b"\x09": "compressed"}
_PEM: Final = re.compile(rb"-----BEGIN (?:PKCS7|CMS|PKCS #7 SIGNED DATA)-----(.*?)-----END", re.DOTALL)
_BASE64: Final = re.compile(rb"MI[A-Za-z0-9+/=\s]{20,}")

_COMPLAINTS: Final[tuple[tuple[bytes, DecryptionVerdict, str], ...]] = (
    (b"no matching recipient", "wrong_key", ""),
    (b"no recipient", "wrong_key", ""),
    (b"unsupported", "unsupported", "smime_algorithm"),
    (b"unknown cipher", "unsupported", "smime_algorithm"),
    (b"not supported", "unsupported", "smime_algorithm"),
    (b"unknown digest", "unsupported", "smime_algorithm"),
    (b"bad decrypt", "integrity_failed", "smime_content"),
    (b"wrong final block length", "integrity_failed", "smime_content"),
    (b"cipherfinal", "integrity_failed", "smime_content"),
    (b"ciphertext", "integrity_failed", "smime_content"),
    (b"decrypt error", "damaged", "smime_session_key"),
    (b"unwrap", "damaged", "smime_session_key"),
    (b"asn1", "damaged", "smime"),
    (b"error decrypting cms structure", "integrity_failed", "smime_content"),
)
"""In openssl's error text, the first that fits; anything else is damaged. Its own words are never shown."""


def object_in(data: bytes) -> bytes | None:
    """The CMS object that `data` is, also in base64 that nobody took off; None where it is none."""
    pem = _PEM.search(data) if data[:200].lstrip().startswith(b"-----BEGIN ") else None
    if pem or (data[:1] != b"\x30" and _BASE64.fullmatch(data.strip())):
        try:
            data = base64.b64decode(b"".join((pem[1] if pem else data).split()))
        except binascii.Error:
            return None
    return data if _OBJECT.match(data) else None


def kind_of(cms: bytes) -> Kind:
    """Which kind of CMS object `cms` is, by its own content type; what a mail calls it does not count."""
    found = _OBJECT.match(cms)
    if found is None:
        return "other"
    return _KINDS.get(found[1], "other") if found[1] else _MORE_KINDS.get(found[2], "other")


def decrypt(cms: bytes, *, home: Path, limits: Limits) -> Decrypted:
    """An enveloped object opened with one of our keys.

    Bad input is a verdict. Raises `NotReady` where openssl is missing or the key folder is no private one.
    """
    check_home(home)
    keys = own_keys(home)
    for key in keys:
        run = _openssl(["-decrypt", "-recip", str(key), "-inkey", str(key)], cms, limits)
        verdict, detail = _judge(run)
        if verdict != "wrong_key":
            return Decrypted(verdict, bytes(run.stdout) if verdict == "decrypted" else None, detail)
    # The key may be the right one although the certificate beside it was renewed since.
    for key in keys:
        run = _openssl(["-decrypt", "-debug_decrypt", "-inkey", str(key)], cms, limits)
        if _judge(run)[0] == "decrypted" and header_names(bytes(run.stdout[:4096])):
            return Decrypted("decrypted", bytes(run.stdout), "own_key_stale")
    if not keys:
        return Decrypted("locked_key" if has_locked(home) else "unsupported", detail="smime_no_key")
    return Decrypted("locked_key" if has_locked(home) else "wrong_key", detail="smime")


def content_of(cms: bytes, limits: Limits) -> Decrypted:
    """What an opaque-signed or compressed object holds, whoever signed it; empty for a mere list of certificates."""
    nobody = ["-noverify", "-nosigs", "-no_content_verify", "-no_attr_verify", *NO_STORE]
    work = ["-uncompress"] if kind_of(cms) == "compressed" else ["-verify", *nobody]
    run = _openssl(work, cms, limits)
    verdict, detail = _judge(run)
    if b"no content" in run.stderr or b"no signers" in run.stderr:
        return Decrypted("not_encrypted", b"", "smime_certificates")
    if verdict == "decrypted":
        return Decrypted("not_encrypted", bytes(run.stdout))
    return Decrypted("damaged" if verdict == "wrong_key" else verdict, detail=detail or "smime")


def signature(cms: bytes, *, home: Path, limits: Limits, content: bytes | None = None) -> SignatureVerdict:
    """What a signature is worth: `content` for a detached one. Good by a certificate that is known here (or one that a
    known authority issued), also where it has expired since; sound by anybody else's is unknown_key."""
    inputs = [] if content is None else [content]
    known = known_senders(home)
    checks = [["-noverify", *NO_STORE]]
    if known is not None:
        checks.insert(0, ["-CAfile", str(known), *NO_STORE[1:], "-partial_chain", "-no_check_time", "-purpose", "any"])
    run = Run()
    for check in checks:
        run = _openssl(["-verify", "-binary", *check], cms, limits, inputs)
        if not run.exit_code and not run.cut:
            return "good" if check[0] == "-CAfile" else "unknown_key"
    return "unknown_key" if b"signer certificate not found" in run.stderr else "bad"


def _openssl(work: list[str], cms: bytes, limits: Limits, inputs: list[bytes] | None = None) -> Run:
    def argv(given: Descriptors) -> list[str]:
        content = [word for one in given.inputs for word in ("-content", f"/dev/fd/{one}")]
        return ["openssl", "cms", work[0], "-inform", "DER", *legacy, *work[1:], *content]

    legacy: list[str] = []
    run = process.run(argv, cms, limits, inputs or [])
    if run.exit_code and b"unsupported" in run.stderr:  # RC2 and DES of old programs stand in a drawer of their own
        legacy = ["-provider", "default", "-provider", "legacy"]
        run = process.run(argv, cms, limits, inputs or [])
    return run


def _judge(run: Run) -> tuple[DecryptionVerdict, str]:
    if run.cut:
        return "too_large", run.cut
    if run.exit_code == 0:
        return "decrypted", ""
    said = bytes(run.stderr).lower()
    if b"decrypting cms using private key" in said and b":error:" not in said:
        return "wrong_key", ""  # recipients of the right kind, and none of them ours
    return next(((verdict, code) for words, verdict, code in _COMPLAINTS if words in said), ("damaged", "smime"))
