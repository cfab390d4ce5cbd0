"""Whatever arrives by mail is opened within its bounds: MIME trees, armour, CMS, status streams, and bombs.

Belongs here: properties worth long runs, and the worst that anybody can send. Does not belong here: what real programs
send (`tests/decrypt`). `make fuzz` runs these with a long profile; `make test` with a handful of examples each.
"""

# ruff: noqa: E501 -- pieces of mail are long

import base64
import bz2
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures import mail
from fixtures.office import zipped
from schemas.documents import Opened
from schemas.errors import OutsideFault
from schemas.settings import Email, Settings
from tasks.decrypt import armour, smime
from tasks.decrypt.keyring import generate_key, make_home, stop_agent
from tasks.decrypt.open import open_delivery
from tasks.decrypt.process import Run
from tasks.decrypt.texts import html_to_text, unflowed
from tasks.decrypt.verdict import judge, signature_in
from tasks.extract.letters import readable
from tasks.extract.read import read_opened
from tasks.extract.sentences import in_sentences

LONG = settings.default.max_examples > 1000
cheap = settings(max_examples=20_000 if LONG else 150, deadline=None)
dear = settings(
    max_examples=2_000 if LONG else 40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BOUNDS = Settings(email=Email(max_parts=40, max_depth=8, max_plaintext_bytes=200_000))


@dataclass(frozen=True)
class Room:
    """A home with a key, and some sound messages for it to begin from."""

    home: Path
    fingerprint: str
    seeds: tuple[bytes, ...]

    def open(self, raw: bytes, bounds: Settings = BOUNDS) -> Opened:
        return open_delivery(raw, "message/rfc822", "", settings=bounds, home=self.home)

    def encrypt(self, data: bytes, *options: str) -> bytes:
        return mail.encrypt(data, home=self.home, recipients=[self.fingerprint], armour=False, options=options)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    """The school's mail room."""
    home = make_home(Path(tempfile.mkdtemp(dir="/tmp", prefix="fz")))
    key = generate_key(home, "Skolen <post@skolen.example>")
    to = {"home": home, "recipients": [key]}
    form = "Foresatte til: Åse\nNavn: Kåre\n"
    seeds = (
        mail.pgp_mime(form, **to),
        mail.pgp_inline(form, **to),
        mail.plain(form, html="<p>Navn:<td>Per"),
        mail.bounce(),
    )
    yield Room(home, key, seeds)
    stop_agent(home)
    shutil.rmtree(home, ignore_errors=True)


def within(opened: Opened) -> None:
    """The answer is one of ours, within every bound, and reading it raises nothing either."""
    assert "parser" != opened.detail
    assert 0 < len(opened.decryption)
    assert BOUNDS.email.max_parts + 2 >= len([part for part in opened.parts if part.encrypted])
    assert BOUNDS.email.max_plaintext_bytes >= sum(len(part.content) for part in opened.parts if part.encrypted)
    read_opened(opened, BOUNDS)


TYPES = st.sampled_from(
    [
        *("text/plain", "text/html; charset=x", "text/plain; format=flowed", "application/octet-stream"),
        *("application/pgp-encrypted", "application/pkcs7-mime", "application/pkcs7-signature", "message/rfc822"),
        *("message/delivery-status", "application/ms-tnef", "application/pgp-signature", "text/rfc822-headers; protected-headers=v1"),
    ]
)  # fmt: skip
CODINGS = st.sampled_from(
    [
        "",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Transfer-Encoding: ?\r\n",
    ]
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            *(b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEM\r\n-----END PGP MESSAGE-----", b"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx\r\n"),
            *(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\x00\x00", b"MIIBAgYJKoZIhvcNAQcDoA==", b"Version: 1", b""),
            *(b"\x85\x01\x0c\x03aaaaaaaa\x01", b"\xa3\x01x", b"PK\x03\x04word/", b"From: a@b\r\nTo: c\r\n\r\nhei", b"=C3=85\r\n"),
        ]
    ),
)  # fmt: skip
LEAVES = st.builds(lambda t, c, b: f"Content-Type: {t}\r\n{c}\r\n".encode() + b, TYPES, CODINGS, BODIES)
KINDS = st.sampled_from(
    [
        "mixed",
        "alternative",
        "encrypted",
        'signed; protocol="application/pgp-signature"',
        "signed; protocol=x-pkcs7",
        "report",
        "related",
    ]
)


def _branch(kind: str, parts: list[bytes], mark: str, closed: bool) -> bytes:
    inner = b"".join(f"--{mark}\r\n".encode() + part + b"\r\n" for part in parts)
    return (
        f"Content-Type: multipart/{kind}; boundary={mark}\r\n\r\n".encode()
        + inner
        + (f"--{mark}--\r\n".encode() if closed else b"")
    )


TREES = st.recursive(
    LEAVES,
    lambda below: st.builds(_branch, KINDS, st.lists(below, max_size=4), st.sampled_from(["a", "b", "c-d"]), st.booleans()),
    max_leaves=12,
)  # fmt: skip


@dear
@given(tree=TREES)
def test_any_tree_of_parts_is_opened(room: Room, tree: bytes) -> None:
    """However parts are nested, cut or contradict themselves, there is an answer within the bounds."""
    within(room.open(b"From: a@b.example\r\nSubject: x\r\n" + tree))


@dear
@given(data=st.data())
def test_a_sound_mail_damaged_anyhow(room: Room, data: st.DataObject) -> None:
    """Bytes of a sound mail changed, cut out, doubled or put elsewhere: an answer within the bounds, and never a text
    from a ciphertext that was touched."""
    raw = bytearray(data.draw(st.sampled_from(room.seeds)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        to = min(len(raw), at + data.draw(st.integers(0, 80)))
        piece = data.draw(st.sampled_from([b"", bytes(raw[at:to]) * 2, b"\0", b"\r\n", b"=", b"--", b"\xff", b"A"]))
        raw[at:to] = piece
        if not raw:
            break
    within(room.open(bytes(raw)))


@cheap
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(
                [
                    b"-----BEGIN PGP MESSAGE-----",
                    b"-----END PGP MESSAGE-----",
                    b"\n",
                    b"\n\n",
                    b"> ",
                    b"Comment: x",
                    b"=abcd",
                    b"A" * 64,
                    b"\xc2\xa0",
                    b"-----BEGIN PGP SIGNED MESSAGE-----",
                    b"-----BEGIN PGP SIGNATURE-----",
                    b"\xe2\x80\x94",
                    b"BEGIN PGP ",
                    b"hei du",
                ]
            ),
            max_size=25,
        ).map(b"".join),
    )
)
def test_any_armour_can_be_looked_at(data: bytes) -> None:
    """Looking for armour and mending it raises nothing, and blocks do not overlap."""
    found = armour.blocks(armour.straightened(data), 10)
    assert all(one.end <= two.start for one, two in pairwise(found))
    for block in found:
        armour.without_checksum(armour.mended(block.data))
        armour.cleartext(block.data)
        armour.digest(block.data)
    (
        armour.is_message(data),
        armour.is_key_matter(data),
        armour.may_be_message(data),
        smime.object_in(data),
        smime.kind_of(data),
    )


WORDS = st.sampled_from(
    [
        "DECRYPTION_OKAY",
        "GOODMDC",
        "BADMDC",
        "PLAINTEXT",
        "PLAINTEXT_LENGTH",
        "ENC_TO",
        "NO_SECKEY",
        "DECRYPTION_FAILED",
        "DECRYPTION_INFO",
        "NODATA",
        "ERROR",
        "BEGIN_DECRYPTION",
        "UNEXPECTED",
        "NEED_PASSPHRASE_SYM",
        "KEYEXPIRED",
        "DECRYPTION_KEY",
        "GOODSIG",
        "BADSIG",
        "ERRSIG",
        "EXPSIG",
        "SESSION_KEY",
        "FAILURE",
    ]
)
LINES = st.lists(
    st.tuples(
        WORDS,
        st.sampled_from(
            ["", "1", "0 9 0", "pkdecrypt_failed 11", "pkdecrypt_failed 4", "pkdecrypt_failed x", "A B u", "\xff"]
        ),
    ),
    max_size=12,
)


@cheap
@given(
    LINES,
    st.sampled_from([0, 2, -9, 1]),
    st.sampled_from([b"", b"gpg: CRC error; 1 - 2\n", b"exceeded --max-output limit"]),
)
def test_any_status_stream_is_judged(lines: list[tuple[str, str]], exit_code: int, stderr: bytes) -> None:
    """Every stream gives a verdict or the machine's own fault; `decrypted` only where the whole strict rule holds."""
    status = "".join(f"[GNUPG:] {word} {rest}\n" for word, rest in lines).encode("latin-1")
    seen = [word for word, _ in lines]
    signature_in(status)
    try:
        verdict, _ = judge(Run(exit_code, bytearray(b"text"), bytearray(status), bytearray(stderr)))
    except OutsideFault:
        return
    if verdict == "decrypted":
        assert (0, 1) == (exit_code, seen.count("PLAINTEXT"))
        assert {"DECRYPTION_OKAY", "GOODMDC"} <= set(seen)
        assert not {"DECRYPTION_FAILED", "BADMDC", "NODATA", "UNEXPECTED", "FAILURE"} & set(seen)


@cheap
@given(st.text(max_size=300), st.binary(max_size=300), st.booleans())
def test_any_text_can_be_put_right(text: str, data: bytes, delete: bool) -> None:
    """Mending letters, undoing soft line ends and reading sentences raises nothing; readable text stays as it is."""
    assert (
        readable(text) == readable(readable(text)) or "&" in text or "=" in text or "\u00c3" in text or "\u00c2" in text
    )
    unflowed(data, delete_space=delete)
    html_to_text(text)
    in_sentences([line for line in text.splitlines() if line.strip()])


def literal(data: bytes) -> bytes:
    """An OpenPGP literal packet."""
    body = b"b\0\0\0\0\0" + data
    return b"\xcb\xff" + len(body).to_bytes(4, "big") + body


def compressed(packets: bytes, how: int) -> bytes:
    """An OpenPGP compressed packet."""
    body = bytes([how]) + (bz2.compress(packets) if how == 3 else zlib.compress(packets, 9))
    return b"\xc8\xff" + len(body).to_bytes(4, "big") + body


def test_bombs_end_within_their_bounds(room: Room) -> None:
    """What unpacks without end, nests without end or repeats without end is too_large or damaged, and costs little."""
    nested = literal(b"\0" * 3_000_000)
    for _ in range(30):
        nested = compressed(nested, 2)
    zeros = b"\0" * 5_000_000
    inner = b"x"
    for _ in range(12):
        inner = room.encrypt(inner)
    bombs = {
        "bzip2": room.encrypt(zeros, "--compress-algo", "bzip2"),
        "compressed many times": nested,
        "compressed and not encrypted": compressed(literal(zeros), 3),
        "encrypted many times": inner,
    }
    for name, bomb in bombs.items():
        part = b"Content-Type: application/octet-stream; name=x.gpg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        opened = room.open(b"From: a@b.example\r\n" + part + base64.encodebytes(bomb))
        assert opened.decryption in ("too_large", "damaged", "partly_decrypted", "integrity_failed"), name
        assert sum(len(one.content) for one in opened.parts) <= BOUNDS.email.max_plaintext_bytes, name


def test_zip_in_zip_ends_within_its_bounds(room: Room) -> None:
    """A gigabyte of zeros in a zip, in a zip, in a zip, alone or called a document: nobody unpacks it to its end, and
    no form comes of it."""
    inner = zipped({f"{n}.bin": b"\0" * 1_000_000 for n in range(8)})
    for _ in range(3):
        inner = zipped({f"{n}.zip": inner for n in range(12)})
    document = zipped({"word/document.xml": inner, "word/a.zip": inner})
    for name, bomb in (("a.zip", inner), ("skjema.docx", document)):
        part = b"Content-Type: application/octet-stream; name=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        for sealed in (bomb, room.encrypt(bomb)):
            opened = room.open(b"From: a@b.example\r\n" + part % name.encode() + base64.encodebytes(sealed))
            reading = read_opened(opened, BOUNDS)
            assert () == reading.forms, name
            assert sum(len(one.content) for one in opened.parts) <= 2 * len(bomb), name


def test_many_and_deep_parts_end_within_their_bounds(room: Room) -> None:
    """Ten thousand parts, ten thousand layers, ten thousand blocks of armour, a mail inside a mail inside a mail."""
    many = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(10_000))
    block = b"-----BEGIN PGP MESSAGE-----\n\n" + b"A" * 64 + b"\n=aaaa\n-----END PGP MESSAGE-----\n"
    for raw in (
        b"From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + many + b"--b--\r\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)),
        b"From: a@b\r\n\r\n" + b"".join(block.replace(b"A" * 4, b"%04d" % (n % 10_000), 1) for n in range(10_000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
    ):
        opened = room.open(raw)
        assert opened.decryption in ("too_large", "damaged")
        assert 60 >= len(opened.parts)


def test_a_cms_object_without_end_is_refused(room: Room) -> None:
    """A CMS object that promises gigabytes, or nests without end, is no more than damaged."""
    head = b"\x30\x84\x7f\xff\xff\xff\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
    for cms in (head + b"\x03", head + b"\x02" + b"\xa0\x80\x30\x80" * 50_000, b"\x30\x80" * 100_000):
        part = b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        assert room.open(b"From: a@b\r\n" + part + base64.encodebytes(cms)).decryption in ("damaged", "unsupported")
