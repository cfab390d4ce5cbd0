"""Finding OpenPGP data in bytes, wherever a mail program put it.

Belongs here: armour blocks (also bent by HTML, quoting or non-breaking spaces) and bare packets. Does not belong here:
deciding whether a message is sound: that is GnuPG's and `verdict.py`'s.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["message", "signed"]
HEADS: Final[dict[bytes, Kind]] = {
    b"-----BEGIN PGP MESSAGE-----": "message",
    b"-----BEGIN PGP SIGNED MESSAGE-----": "signed",
}
TAILS: Final[dict[Kind, bytes]] = {"message": b"-----END PGP MESSAGE-----", "signed": b"-----END PGP SIGNATURE-----"}
HEAD: Final = re.compile(rb"^([ \t>|]{0,40})(-----BEGIN PGP (?:SIGNED )?MESSAGE-----)", re.MULTILINE)
DASH: Final = rb"(?:-|\xe2\x80[\x90-\x95]|\x96|\x97)"
BENT: Final = re.compile(DASH + rb"{2,5}(BEGIN|END) PGP ((?:SIGNED )?MESSAGE|SIGNATURE)" + DASH + rb"{2,5}")
RADIX: Final = re.compile(rb"[A-Za-z0-9+/]+={0,2}|=[A-Za-z0-9+/]{4}|-----END [A-Z ]+-----")
ARMOUR_HEADER: Final = re.compile(rb"^[A-Za-z][A-Za-z-]{0,30}:(?: |$)")
PUBKEY_ALGORITHMS: Final = frozenset({1, 2, 3, 16, 18, 20, 25, 26})
NOISE: Final = (b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\xa0")  # U+00A0, U+200B, U+FEFF, U+00A0 in latin-1


@dataclass(frozen=True, slots=True)
class Block:
    """One armour block at `start:end` of its bytes."""

    kind: Kind
    start: int
    end: int
    data: bytes = field(repr=False)


def blocks(data: bytes, most: int) -> list[Block]:
    """The first `most` armour blocks of `data` that hold a message or a clear-signed text. An unclosed one runs to
    the end, or to where the next begins."""
    found: list[Block] = []
    position = 0
    while len(found) < most and (head := HEAD.search(data, position)):
        if _is_talk(data[head.end() : head.end() + 2000]):
            position = head.end()
            continue
        kind = HEADS[head[2]]
        following = HEAD.search(data, head.end())
        limit = following.start() if following else len(data)
        tail = data.find(TAILS[kind], head.end(), limit)
        end = tail + len(TAILS[kind]) if tail >= 0 else limit
        found.append(Block(kind, head.start(), end, data[head.start(1) : end]))
        position = end
    return found


def _is_talk(following: bytes) -> bool:
    """Whether a first line of armour is only spoken of: words follow it, and nothing like radix-64."""
    lines = [line.strip(b" \t>|\r") for line in following.split(b"\n")]
    first = next((line for line in lines if line and not ARMOUR_HEADER.match(line)), b"")
    return b" " in first and not re.search(rb"[A-Za-z0-9+/]{30}", following)


def may_hold_armour(data: bytes) -> bool:
    """Whether it is worth looking for armour in `data`."""
    return b"BEGIN PGP " in data


def straightened(data: bytes) -> bytes:
    """Armour whose dashes a word processor made long ones of, or whose first line does not begin a line, with them as
    they were. Other text stays as it is."""
    if HEAD.search(data):
        return data
    return BENT.sub(rb"\n-----\1 PGP \2-----\n", data)


def mended(armour: bytes) -> bytes:
    """The same armour as a careful sender would have written it: no quoting, no odd blanks, one empty line after the
    headers, and a line of the headers that was broken in two forgotten. Radix-64 and checksum are passed on as they
    are, so damage stays damage."""
    prefix = len(armour) - len(armour.lstrip(b" \t>|"))
    for noise in NOISE:
        armour = armour.replace(noise, b" ")
    lines = [
        line[prefix:].strip() if line[:prefix].strip(b" \t>|") == b"" else line.strip() for line in armour.splitlines()
    ]
    lines = [line for line in lines if line]
    headers = 1
    while headers < len(lines) and ARMOUR_HEADER.match(lines[headers]):
        headers += 1
    begin = headers
    while 1 < begin < min(len(lines) - 1, headers + 4) and not _begins_data(lines[begin], lines[begin + 1]):
        begin += 1
    return b"\n".join([*lines[:headers], b"", *lines[begin:], b""])


def without_checksum(tidy: bytes) -> bytes:
    """The packets in `mended` armour that ends without a checksum, as newer programs write it (RFC 9580, section 6.1):
    GnuPG wants one. Empty where it has one, or is none."""
    body = tidy.split(b"\n\n", 1)[-1].split(b"-----END", 1)[0].split()
    if not body or any(line[:1] == b"=" for line in body):
        return b""
    try:
        return base64.b64decode(b"".join(body), validate=True)
    except binascii.Error:
        return b""


def _begins_data(line: bytes, following: bytes) -> bool:
    """Whether `line` can be the first of the radix-64: a whole one, or a short one that is the last as well."""
    return bool(RADIX.fullmatch(line)) and (len(line) >= 40 or following[:1] in (b"=", b"-"))


def digest(ciphertext: bytes) -> bytes:
    """Equal for the same ciphertext in different wrapping: line ends, blanks and armour headers do not count."""
    if b"-----BEGIN" in ciphertext[:100]:
        body = mended(ciphertext).split(b"\n\n", 1)[-1].split(b"-----END", 1)[0]
        ciphertext = b"".join(body.split())
    return hashlib.sha256(ciphertext).digest()


def charset_of(armour: bytes) -> str | None:
    """The armour's own `Charset:` header."""
    found = re.search(rb"^Charset: *([A-Za-z0-9_.:-]{1,40})", armour[:2000], re.MULTILINE)
    return found[1].decode("ascii") if found else None


def is_message(data: bytes) -> bool:
    """Whether `data` begins as a binary encrypted message does: a session key packet, after a marker perhaps."""
    if data[:5] in (b"\xa8\x03PGP", b"\xca\x03PGP"):
        data = data[5:]
    tag, body = _first_packet(data)
    if tag == 1:
        return len(body) > 10 and ((body[0] == 3 and body[9] in PUBKEY_ALGORITHMS) or body[0] == 6)
    if tag == 3:
        return len(body) > 3 and body[0] in (4, 5, 6)
    return tag == 18 and body[:1] in (b"\x01", b"\x02")


def may_be_message(data: bytes) -> bool:
    """Whether `data`, of no other known kind, begins as a signed, compressed or literal message does: no secret, and
    sent in the place of one."""
    tag, body = _first_packet(data)
    if tag == 4:
        return body[:1] == b"\x03" and body[1:2] in (b"\x00", b"\x01")
    if tag == 8:
        return body[:1] in (b"\x01", b"\x02", b"\x03")
    if tag == 11:
        return body[:1] in (b"b", b"t", b"u")
    return tag in (9, 20) and len(body) > 20


def is_key_matter(data: bytes) -> bool:
    """Whether `data` begins as a binary key, certificate or detached signature does."""
    return _first_packet(data)[0] in (2, 5, 6, 7, 13, 14, 17)


def cleartext(block: bytes) -> bytes:
    """The text of a clear-signed block, without its signature and dash-escapes."""
    lines = block.replace(b"\r\n", b"\n").split(b"\n")
    begin = next((i + 1 for i, line in enumerate(lines) if not line.strip()), len(lines))
    text = []
    for line in lines[begin:]:
        if line.startswith(b"-----BEGIN PGP SIGNATURE"):
            break
        text.append(line.removeprefix(b"- "))
    return b"\n".join([*text, b""])


def _first_packet(data: bytes) -> tuple[int, bytes]:
    """Tag and first bytes of the first packet; tag -1 where there is none (RFC 4880, section 4.2)."""
    if len(data) < 4 or not data[0] & 0x80:
        return -1, b""
    if data[0] & 0x40:  # new format
        skip = 2 if data[1] < 192 or 224 <= data[1] < 255 else 3 if data[1] < 224 else 6
        return data[0] & 0x3F, data[skip : skip + 64]
    return (data[0] >> 2) & 0x0F, data[1 + (1, 2, 4, 0)[data[0] & 3] :][:64]
