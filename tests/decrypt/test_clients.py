"""Mails as other programs write them: container, verdict, signature, subject and text of each.

Belongs here: what real programs and servers make of a mail. Does not belong here: single rules (`test_mime`,
`test_pgp`).
"""

# ruff: noqa: E501 -- what mail programs write has long lines

import base64
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support_clients import (
    AUTOCRYPT,
    Person,
    Sender,
    aead,
    cms,
    coded,
    encrypted,
    entity,
    enveloped,
    message,
    multipart,
    p7m,
    person,
    session_key,
    signed_object,
    smime_signed,
)

from schemas.documents import Opened
from schemas.settings import Settings
from tasks.decrypt.keyring import export_public, generate_key, import_secret_keys, make_home, stop_agent
from tasks.decrypt.open import open_delivery
from tasks.decrypt.smime_keys import import_smime_keys

FORM = "Foresatte til: Åse Ødegård\nNavn: Kåre Ærlig\n"
TEXT = entity("text/plain; charset=utf-8", FORM, "Content-Transfer-Encoding: 8bit")
LATIN = entity(
    "text/plain; charset=iso-8859-1",
    "Foresatte til: =C5se =D8deg=E5rd\nNavn: K=E5re =C6rlig\n",
    "Content-Transfer-Encoding: quoted-printable",
)
FLOWED = entity("text/plain; charset=utf-8; format=flowed", "Foresatte til: Åse \nØdegård\nNavn: Kåre Ærlig\n")
HTML = entity("text/html; charset=utf-8", "<p>Foresatte til: &Aring;se &Oslash;deg&aring;rd<br>Navn: Kåre Ærlig</p>")
PROTECTED = "Subject: Skjema for =?utf-8?Q?=C3=85se?=\r\nFrom: Kari <kari@foresatt.example>\r\n"


@dataclass(frozen=True)
class Room:
    """The school's mail room and those who write to it: `kari` is known there, `stranger` is not; `office` and `curve`
    are the school's certificates, `teacher` a known sender's, `other` a stranger's."""

    home: Path
    folder: Path
    kari: Sender
    stranger: Sender
    office: Person
    curve: Person
    teacher: Person
    other: Person

    def open(self, raw: bytes, name: str = "skjema.eml") -> Opened:
        return open_delivery(raw, "", name, settings=Settings(), home=self.home)


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    """A key folder made from files, as `--keyring` makes one: OpenPGP and S/MIME, secret keys and known senders."""
    base = Path(tempfile.mkdtemp(dir="/tmp", prefix="fc"))
    homes = {name: make_home(base / name[0]) for name in ("room", "makes", "kari", "stranger")}
    keys = base / "keys"
    keys.mkdir()
    school = generate_key(homes["makes"], "Skolen <post@skolen.example>")
    senders = {}
    for name in ("kari", "stranger"):
        generate_key(homes[name], f"{name} <{name}@foresatt.example>")
        senders[name] = Sender(homes[name], school)
        senders[name].gpg("--import", data=export_public(homes["makes"]).encode())
    exporting = Sender(homes["makes"], school)
    (keys / "school.asc").write_bytes(exporting.gpg("--armor", "--export-secret-keys"))
    (keys / "kari.asc").write_bytes(senders["kari"].gpg("--armor", "--export", "kari"))
    people = {name: person(base, name, curve=name == "curve") for name in ("office", "curve", "teacher", "other")}
    for name in ("office", "curve"):
        (keys / f"{name}.p12").write_bytes(people[name].bundle)
        (keys / f"{name}.pass").write_text("hemmelig\n")
    shutil.copy(people["teacher"].certificate, keys)
    import_secret_keys(homes["room"], keys)
    import_smime_keys(homes["room"], keys)
    yield Room(homes["room"], keys, **senders, **people)
    for home in homes.values():
        stop_agent(home)
    shutil.rmtree(base, ignore_errors=True)


def told(opened: Opened) -> tuple[str, str, str]:
    """Container, verdict and signature."""
    return opened.container, opened.decryption, opened.signature


def words(opened: Opened) -> list[str]:
    """All that can be read, each text once, as words in a row."""
    texts = [" ".join((part.text or "").split()) for part in opened.parts]
    return list(dict.fromkeys(text for text in texts if text))


READ = [" ".join(FORM.split())]


def thunderbird(room: Room) -> bytes:
    attached = entity(
        'application/pgp-keys; name="OpenPGP_0x00.asc"', "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBA==\n"
    )
    inner = multipart(
        'multipart/mixed; protected-headers="v1"', multipart("multipart/mixed", FLOWED, attached), above=PROTECTED
    )
    return message(encrypted(room.kari.encrypt(inner, "--sign")), "...", AUTOCRYPT)


def enigmail(room: Room) -> bytes:
    shown = entity(
        'text/rfc822-headers; protected-headers="v1"', "Subject: Skjema for Åse\n", "Content-Disposition: inline"
    )
    inner = multipart('multipart/mixed; protected-headers="v1"', shown, TEXT, above=PROTECTED)
    return message(encrypted(room.kari.encrypt(inner)), "Encrypted Message")


def apple(room: Room) -> bytes:
    inner = room.kari.signed(multipart("multipart/alternative", LATIN, HTML), micalg="pgp-sha512")
    return message(encrypted(room.kari.encrypt(inner)), extra="X-Mailer: Apple Mail (2.3445.104.11)\r\n")


def k9(room: Room) -> bytes:
    inner = entity('text/plain; charset=utf-8; protected-headers="v1"', FORM, *PROTECTED.strip().split("\r\n"))
    return message(encrypted(room.kari.encrypt(inner, "--sign")), "...", AUTOCRYPT)


def rfc9788(room: Room) -> bytes:
    inner = entity(
        'text/plain; charset=utf-8; hp="cipher"; hp-legacy-display="1"',
        f"Subject: Skjema for Åse\n\n{FORM}",
        *PROTECTED.strip().split("\r\n"),
        "HP-Outer: Subject: [...]",
    )
    return message(encrypted(room.kari.encrypt(inner)), "[...]")


def proton(room: Room) -> bytes:
    key = coded(
        'application/pgp-keys; filename="publickey.asc"; name="publickey.asc"',
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    )
    inner = multipart("multipart/mixed", multipart("multipart/alternative", TEXT, HTML), key)
    return message(encrypted(room.stranger.encrypt(inner, "--sign")))


def exchange(room: Room) -> bytes:
    sealed = base64.b64encode(room.kari.encrypt(TEXT)).decode()
    return message(
        multipart(
            "multipart/mixed",
            entity("text/plain", ""),
            entity(
                'application/pgp-encrypted; name="ATT00001"', "VmVyc2lvbjogMQ==\n", "Content-Transfer-Encoding: base64"
            ),
            entity('application/octet-stream; name="encrypted.asc"', sealed, "Content-Transfer-Encoding: base64"),
        )
    )


def gmail_api(room: Room) -> bytes:
    return message(
        multipart(
            "multipart/mixed", entity("text/plain", room.kari.encrypt(TEXT)), entity("application/pgp-encrypted", "")
        )
    )


def gpgol_structure(room: Room) -> bytes:
    """The whole structure as one attachment, which GpgOL puts into Exchange."""
    body = coded('application/octet-stream; name="GpgOL_MIME_structure.txt"', encrypted(room.kari.encrypt(TEXT)))
    return message(multipart("multipart/mixed", entity("text/plain", ""), body))


def mailman(room: Room) -> bytes:
    footer = entity('text/plain; charset="us-ascii"', "____\nliste mailing list\n", "Content-Disposition: inline")
    return message(multipart("multipart/mixed", encrypted(room.kari.encrypt(TEXT, "--sign")), footer), "[liste] Skjema")


def mailvelope(room: Room) -> bytes:
    armour = room.kari.encrypt(FORM).replace(
        b"\n\n", b"\nVersion: Mailvelope v4.5.1\nComment: https://www.mailvelope.com\n\n", 1
    )
    return message(entity("text/plain; charset=utf-8", armour))


def flowcrypt(room: Room) -> bytes:
    file = coded(
        'application/octet-stream; name="notat.txt.pgp"',
        room.kari.encrypt(FORM, armour=False),
        'Content-Disposition: attachment; filename="notat.txt.pgp"',
    )
    return message(multipart("multipart/mixed", entity("text/plain", room.kari.encrypt("Se vedlegg\n")), file))


def symantec(room: Room) -> bytes:
    """PGP Desktop and Universal: each part encrypted by itself."""
    body = entity("text/plain", room.kari.encrypt(FORM))
    html = entity(
        'application/octet-stream; name="PGPexch.htm.pgp"',
        base64.encodebytes(room.kari.encrypt(f"<html><body>{FORM}</body></html>", armour=False)),
        "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="PGPexch.htm.pgp"',
    )
    return message(multipart("multipart/mixed", body, html))


def old_application_pgp(room: Room) -> bytes:
    return message(entity("application/pgp; format=text; x-action=encrypt", room.kari.encrypt(FORM)))


def html_only(room: Room) -> bytes:
    armour = room.kari.encrypt(FORM).decode().replace("\n", "<br>\r\n")
    return message(entity("text/html; charset=utf-8", f'<div dir="ltr">Hei<br><br>{armour}</div>'))


def outlook_html(room: Room) -> bytes:
    lines = "".join(
        f"<p class=MsoNormal><span lang=NO>{line or '<o:p>&nbsp;</o:p>'}</span></p>\n"
        for line in room.kari.encrypt(FORM).decode().split("\n")
    )
    return message(
        entity(
            "text/html; charset=windows-1252", f"<html><head><style>p.x{{}}</style></head><body>{lines}</body></html>"
        )
    )


def one_line(room: Room) -> bytes:
    """A web form that joined all lines."""
    return message(entity("text/plain", "Hei " + " ".join(room.kari.encrypt(FORM).decode().split("\n"))))


def long_dashes(room: Room) -> bytes:
    armour = room.kari.encrypt(FORM).decode().replace("-----", "—–")
    return message(entity("text/plain; charset=utf-8", armour))


def wrapped_comment(room: Room) -> bytes:
    armour = room.kari.encrypt(FORM).replace(
        b"\n\n", b"\nComment: Using GnuPG with Thunderbird -\nhttps://www.enigmail.net/ now\n\n", 1
    )
    return message(entity("text/plain", armour))


def undecoded_quoted_printable(room: Room) -> bytes:
    armour = room.kari.encrypt(FORM).replace(b"=", b"=3D").replace(b"\n", b"\r\n")
    return message(entity("text/plain", armour))


def no_checksum(room: Room) -> bytes:
    """What RFC 9580 allows and OpenPGP.js, RNP and Sequoia write."""
    lines = room.kari.encrypt(FORM).split(b"\n")
    return message(entity("text/plain", b"\n".join(line for line in lines if line[:1] != b"=")))


def saved_by_an_editor(room: Room) -> bytes:
    return b"\xef\xbb\xbf" + message(encrypted(room.kari.encrypt(TEXT))).replace(b"\r\n", b"\r\r\n")


def with_her_public_key(room: Room) -> bytes:
    key = coded('application/octet-stream; name="0x1.asc"', room.kari.gpg("--export", "kari"))
    return message(multipart("multipart/mixed", entity("text/plain", room.kari.encrypt(FORM)), key))


def forwarded_as_text(room: Room) -> bytes:
    """An .eml attached without its type."""
    file = coded('application/octet-stream; name="Skjema.eml"', message(encrypted(room.kari.encrypt(TEXT))))
    return message(multipart("multipart/mixed", entity("text/plain", "Se under\n"), file))


def broken_image_around(room: Room) -> bytes:
    """Somebody else's HTML around the encryption, to carry its text away (EFAIL): the parts stay apart."""
    before, after = entity("text/html", '<img src="http://x.example/'), entity("text/html", '">')
    return message(multipart("multipart/mixed", before, encrypted(room.kari.encrypt(TEXT)), after))


def double_spaced(room: Room) -> bytes:
    return message(entity("text/plain", room.kari.encrypt(FORM).replace(b"\n", b"\n\n")))


def flowed_around(room: Room) -> bytes:
    body = b"Hei, her kommer \nskjemaet \n\n" + room.kari.encrypt(FORM).replace(b"\n\n", b"\n \n", 1) + b"\n-- \nKari\n"
    return message(entity("text/plain; charset=utf-8; format=flowed; delsp=yes", body))


def signed_around_encrypted(room: Room) -> bytes:
    return message(room.kari.signed(encrypted(room.kari.encrypt(TEXT))))


def clear_signed_around_armour(room: Room) -> bytes:
    return message(entity("text/plain", room.kari.gpg("--clear-sign", data=room.kari.encrypt(FORM))))


def forwarded_mail(room: Room) -> bytes:
    return message(
        multipart(
            "multipart/mixed",
            entity("text/plain", "Se under\n"),
            entity("message/rfc822", thunderbird(room), 'Content-Disposition: attachment; filename="Skjema.eml"'),
        )
    )


def named_p7m(room: Room) -> bytes:
    """A server that knows S/MIME only and calls all that is encrypted so."""
    return message(entity('application/pkcs7-mime; name="smime.p7m"', encrypted(room.kari.encrypt(TEXT))))


def hidden(room: Room) -> bytes:
    return message(encrypted(room.kari.encrypt(TEXT, "--throw-keyids", "--recipient", "kari")))


def old_ciphers(room: Room) -> bytes:
    armours = [
        room.kari.encrypt(f"{cipher}\n", "--cipher-algo", cipher, "--force-mdc", "--compress-algo", packing)
        for cipher, packing in (("3DES", "zip"), ("CAST5", "zlib"), ("TWOFISH", "bzip2"), ("CAMELLIA192", "none"))
    ]
    return message(entity("text/plain", b"\n".join(armours)))


def ocb(room: Room) -> bytes:
    packets = room.kari.encrypt(b"x", armour=False)
    made = aead(packets, session_key(room.home, packets), FORM.encode())
    return message(multipart("multipart/mixed", coded('application/octet-stream; name="skjema.txt.gpg"', made)))


OPENED = {
    thunderbird: ("pgp_mime", "good", "Skjema for Åse", READ),
    enigmail: ("pgp_mime", "none", "Skjema for Åse", READ),
    apple: ("pgp_mime", "good", "Skjema", READ),
    k9: ("pgp_mime", "good", "Skjema for Åse", READ),
    rfc9788: ("pgp_mime", "none", "Skjema for Åse", READ),
    proton: ("pgp_mime", "unknown_key", "Skjema", READ),
    exchange: ("pgp_mime", "none", "Skjema", READ),
    gmail_api: ("pgp_mime", "none", "Skjema", READ),
    gpgol_structure: ("pgp_mime", "none", "Skjema", READ),
    mailman: ("pgp_mime", "good", "[liste] Skjema", [*READ, "____ liste mailing list"]),
    mailvelope: ("pgp_inline", "none", "Skjema", READ),
    flowcrypt: ("pgp_inline", "none", "Skjema", ["Se vedlegg", *READ]),
    symantec: ("pgp_inline", "none", "Skjema", READ),
    old_application_pgp: ("pgp_inline", "none", "Skjema", READ),
    html_only: ("pgp_inline", "none", "Skjema", ["Hei", *READ]),
    outlook_html: ("pgp_inline", "none", "Skjema", READ),
    one_line: ("pgp_inline", "none", "Skjema", ["Hei", *READ]),
    long_dashes: ("pgp_inline", "none", "Skjema", READ),
    wrapped_comment: ("pgp_inline", "none", "Skjema", READ),
    undecoded_quoted_printable: ("pgp_inline", "none", "Skjema", READ),
    no_checksum: ("pgp_inline", "none", "Skjema", READ),
    saved_by_an_editor: ("pgp_mime", "none", "Skjema", READ),
    with_her_public_key: ("pgp_inline", "none", "Skjema", READ),
    forwarded_as_text: ("pgp_mime", "none", "Skjema", ["Se under", *READ]),
    broken_image_around: ("pgp_mime", "none", "Skjema", ['<img src="http://x.example/', *READ, '">']),
    double_spaced: ("pgp_inline", "none", "Skjema", READ),
    flowed_around: ("pgp_inline", "none", "Skjema", ["Hei, her kommerskjemaet", *READ, "-- Kari"]),
    signed_around_encrypted: ("pgp_mime", "good", "Skjema", READ),
    clear_signed_around_armour: ("pgp_inline", "good", "Skjema", READ),
    forwarded_mail: ("pgp_mime", "good", "Skjema", ["Se under", *READ]),
    named_p7m: ("pgp_mime", "none", "Skjema", READ),
    hidden: ("pgp_mime", "none", "Skjema", READ),
    old_ciphers: ("pgp_inline", "none", "Skjema", ["3DES", "CAST5", "TWOFISH", "CAMELLIA192"]),
    ocb: ("pgp_attachment", "none", "Skjema", READ),
}


@pytest.mark.parametrize("make", OPENED, ids=lambda make: make.__name__)
def test_what_programs_send_is_opened(room: Room, make: Callable[[Room], bytes]) -> None:
    """However a program or a server arranged it: it opens, the signature is judged, the subject found, the text read."""
    container, signature, subject, text = OPENED[make]
    opened = room.open(make(room))
    assert (container, "decrypted", signature) == told(opened), opened.detail
    assert (subject, text) == (opened.subject, words(opened))
    assert all(part.encrypted for part in opened.parts if " ".join((part.text or "").split()) in READ)


def test_signatures_in_clear(room: Room) -> None:
    """A signature beside or around a plain text is good, of an unknown sender, or bad; the text is read all the same."""
    good, unknown = room.kari.signed(TEXT), room.stranger.signed(LATIN)
    bad = good.replace("Kåre".encode(), b"Ola")
    for expected, raw in (("good", good), ("unknown_key", unknown), ("bad", bad)):
        for ends in (b"\r\n", b"\n"):
            assert ("pgp_mime", "not_encrypted", expected) == told(room.open(message(raw).replace(b"\r\n", ends)))
    clear = room.kari.gpg("--clear-sign", data=FORM.encode())
    for expected, body in (("good", clear), ("bad", clear.replace(b"rlig", b"rlik"))):
        opened = room.open(message(entity("text/plain; charset=utf-8", body)))
        assert ("pgp_inline", "not_encrypted", expected) == told(opened)
    opaque = room.open(message(entity("text/plain", room.stranger.gpg("--armor", "--sign", data=FORM.encode()))))
    assert ("pgp_inline", "not_encrypted", "unknown_key", READ) == (*told(opened := opaque), words(opened))


def test_a_signature_vouches_for_what_it_covers(room: Room) -> None:
    """Something else to read beside what was signed: the good signature counts for nothing, and this is noted."""
    foreign = entity("text/plain; charset=utf-8", "Fnr: annen\n")
    opened = room.open(message(multipart("multipart/mixed", foreign, room.kari.signed(TEXT))))
    assert ("pgp_mime", "not_encrypted", "none") == told(opened)
    assert "signed_in_part" in opened.detail
    sealed = multipart("multipart/mixed", foreign, room.kari.signed(TEXT))
    assert "none" == room.open(message(encrypted(room.kari.encrypt(sealed)))).signature


def test_what_is_read_is_what_was_signed(room: Room) -> None:
    """A second boundary line hidden in the preamble does not make the reader look at other bytes than the checker."""
    signed = room.kari.signed(TEXT)
    head, _, body = signed.partition(b"\r\n\r\n")
    mark = body.split(b"\r\n", 1)[0]
    forged = head + b"\r\n\r\n" + mark + b"\r\nContent-Type: text/plain\r\n\r\nNavn: Falsk\r\n" + body
    opened = room.open(message(forged))
    assert "good" != opened.signature


def test_verdicts(room: Room) -> None:
    """What cannot be opened says why: for somebody else, a password, no integrity, damaged, a new kind of packet."""
    whole = room.kari.encrypt(TEXT, armour=False)
    newer = whole.replace(b"\xd2", b"\xd2", 1)
    place = whole.index(b"\xd2", whole[1])
    newer = whole[: place + 2] + b"\x02" + whole[place + 3 :]
    for expected, sealed in (
        ("wrong_key", room.kari.gpg("--recipient", "kari", "--encrypt", data=TEXT)),
        ("password_only", room.kari.gpg("--passphrase", "x", "--symmetric", data=TEXT)),
        (
            "integrity_failed",
            room.kari.encrypt(TEXT, "--rfc2440", "--disable-mdc", "--cipher-algo", "CAST5", armour=False),
        ),
        ("damaged", whole[: place + 1]),
        ("unsupported", newer),
    ):
        body = coded('application/octet-stream; name="encrypted.asc"', sealed)
        version = entity("application/pgp-encrypted", "Version: 1\n")
        opened = room.open(
            message(multipart('multipart/encrypted; protocol="application/pgp-encrypted"', version, body))
        )
        assert ("pgp_mime", expected, "none", []) == (*told(opened), words(opened))


ENVELOPES = {
    "3DES": ("-des3", ()),
    "AES-128-CBC": ("-aes128", ()),
    "AES-256-CBC": ("-aes-256-cbc", ()),
    "AES-256-GCM": ("-aes-256-gcm", ()),
    "OAEP": ("-aes256", ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_enveloped(room: Room, name: str) -> None:
    """S/MIME for the school's RSA certificate opens, whatever cipher and padding the program chose."""
    cipher, options = ENVELOPES[name]
    opened = room.open(message(p7m(enveloped(TEXT, room.office, cipher=cipher, options=options))))
    assert ("smime", "decrypted", "none", "Skjema", READ) == (*told(opened), opened.subject, words(opened))
    assert [True] == [part.encrypted for part in opened.parts]


def test_enveloped_otherwise(room: Room) -> None:
    """For an elliptic curve, for several people, in pieces (as Thunderbird writes), under another name, in base64 that
    nobody declared, or with a bare text inside: it opens."""
    streamed = cms(
        "-encrypt", "-binary", "-stream", "-indef", "-outform", "DER", "-aes256", room.office.certificate, data=TEXT
    )
    for raw in (
        message(p7m(enveloped(TEXT, room.curve))),
        message(p7m(enveloped(TEXT, room.other, room.office))),
        message(p7m(streamed)),
        message(entity("application/x-pkcs7-mime", base64.encodebytes(streamed))),
        message(
            multipart(
                "multipart/mixed",
                entity("text/plain", ""),
                coded('application/octet-stream; name="ATT0001.dat"', streamed),
            )
        ),
        streamed,
        enveloped(TEXT, room.office),
        message(p7m(enveloped(FORM.encode(), room.office))),
    ):
        opened = room.open(raw, "smime.p7m" if raw[:1] == b"\x30" else "x.eml")
        assert ("smime", "decrypted", READ) == (*told(opened)[:2], words(opened))


def test_signed_and_enveloped(room: Room) -> None:
    """Signed and then enveloped: opaque as Outlook does it, in two parts as others do, three layers, protected headers."""
    inner = entity('text/plain; charset=utf-8; protected-headers="v1"', FORM, *PROTECTED.strip().split("\r\n"))
    carried = entity("message/rfc822; forwarded=no", message(TEXT, "Skjema for =?utf-8?Q?=C3=85se?="))
    for expected, subject, content in (
        ("good", "...", p7m(signed_object(TEXT, room.teacher), "signed-data")),
        ("good", "...", smime_signed(TEXT, room.teacher)),
        ("unknown_key", "...", smime_signed(TEXT, room.other)),
        ("good", "Skjema for Åse", smime_signed(inner, room.teacher)),
        ("none", "Skjema for Åse", carried),
    ):
        opened = room.open(message(p7m(enveloped(content, room.office)), "..."))
        assert ("smime", "decrypted", expected, subject, READ) == (*told(opened), opened.subject, words(opened))
    triple = smime_signed(p7m(enveloped(smime_signed(TEXT, room.teacher), room.office)), room.teacher)
    assert ("smime", "decrypted", "good") == told(room.open(message(triple)))


def test_smime_signed_in_clear(room: Room) -> None:
    """An S/MIME signature on a plain mail is judged; good is one by a certificate that the school knows."""
    for expected, raw in (
        ("good", smime_signed(TEXT, room.teacher)),
        ("unknown_key", smime_signed(TEXT, room.other)),
        ("bad", smime_signed(TEXT, room.teacher).replace("Kåre".encode(), b"Ola")),
        ("good", p7m(signed_object(TEXT, room.teacher), "signed-data")),
        ("unknown_key", p7m(signed_object(TEXT, room.other), "signed-data")),
    ):
        opened = room.open(message(raw))
        assert ("smime", "not_encrypted", expected) == told(opened)
        assert 1 == len(words(opened))


def test_smime_that_cannot_be_opened(room: Room, empty_home: Path) -> None:
    """For somebody else's certificate, cut short, altered on the way, or without any key here: each says so."""
    whole = enveloped(TEXT, room.office, cipher="-aes-256-gcm")
    for expected, data in (
        ("wrong_key", enveloped(TEXT, room.other)),
        ("damaged", whole[:-30]),
        ("damaged", whole[:100]),
        ("integrity_failed", whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:]),
        ("damaged", b"0\x82\x01\x00 no such thing"),
    ):
        opened = room.open(message(p7m(data)))
        assert ("smime", expected, []) == (*told(opened)[:2], words(opened))
    alone = open_delivery(message(p7m(whole)), "", "x.eml", settings=Settings(), home=empty_home)
    assert ("smime", "unsupported", "smime_no_key") == (*told(alone)[:2], alone.detail)


def test_a_locked_smime_key_is_not_the_senders_fault(room: Room, empty_home: Path, tmp_path: Path) -> None:
    """A bundle whose passphrase is missing leaves the mail locked_key: undecided until somebody unlocks it."""
    (tmp_path / "office.p12").write_bytes(room.office.bundle)
    assert 0 == import_smime_keys(empty_home, tmp_path)
    raw = message(p7m(enveloped(TEXT, room.office)))
    assert "locked_key" == open_delivery(raw, "", "", settings=Settings(), home=empty_home).decryption


def test_a_nameless_recipient_excuses_nothing_else(room: Room) -> None:
    """A message to nameless recipients that is not sound is refused like any other."""
    sealed = room.kari.encrypt(TEXT, "--throw-keyids", "--recipient", "kari", armour=False)
    for bad in (
        sealed + sealed,
        sealed + room.kari.gpg("--store", data=TEXT),
        sealed[:-3],
        sealed[:-30] + b"x" + sealed[-29:],
    ):
        opened = room.open(message(coded("application/octet-stream; name=x.gpg", bad)))
        assert (True, []) == (opened.decryption in ("damaged", "integrity_failed"), words(opened))
    nobody = room.kari.gpg("--throw-keyids", "--recipient", "kari", "--encrypt", data=TEXT)
    assert "wrong_key" == room.open(message(coded("application/octet-stream; name=x.gpg", nobody))).decryption


def test_bare_signed_or_compressed_packets(room: Room) -> None:
    """A binary file without a telling name that is merely signed or stored by OpenPGP is not encrypted, and is read."""
    for made in (
        room.kari.gpg("--sign", data=FORM.encode()),
        room.kari.gpg("--store", "--compress-algo", "none", data=FORM.encode()),
    ):
        opened = room.open(made, "fil")
        assert ("not_encrypted", READ) == (opened.decryption, words(opened))


def test_keys_of_every_kind_are_found_in_a_folder(room: Room) -> None:
    """A folder gave the ring our secret keys alone, the known senders a ring apart, and openssl its keys in a private
    folder."""
    assert {"known.kbx", "smime"} <= {path.name for path in room.home.iterdir()}
    kept = sorted((room.home / "smime").glob("*.pem"))
    assert (3, {0o600}) == (len(kept), {path.stat().st_mode & 0o777 for path in kept})
    assert b"kari" not in Sender(room.home, "").gpg("--list-keys", "--with-colons")


@pytest.mark.parametrize(
    "body",
    [
        "Se etter -----BEGIN PGP MESSAGE----- i brevet.\n",
        "Teksten begynner med\n-----BEGIN PGP MESSAGE-----\nog slutter med\n-----END PGP MESSAGE-----\n",
    ],
)
def test_armour_that_is_only_spoken_of(room: Room, body: str) -> None:
    """Words about armour are a plain mail and no damaged one."""
    opened = room.open(message(entity("text/plain", body)))
    assert ("plain", "not_encrypted", [" ".join(body.split())]) == (*told(opened)[:2], words(opened))


def test_opening_leaves_nothing_behind(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening and checking write no file: neither in the folder for temporary ones nor among the keys."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = {path: path.read_bytes() for path in room.home.rglob("*") if path.is_file()}
    for raw in (
        message(p7m(enveloped(smime_signed(TEXT, room.teacher), room.office))),
        message(encrypted(room.kari.encrypt(room.stranger.signed(TEXT), "--sign"))),
        message(p7m(signed_object(TEXT, room.other), "signed-data")),
    ):
        assert READ == words(room.open(raw))
    assert [] == list(tmp_path.rglob("*"))
    assert before == {path: path.read_bytes() for path in room.home.rglob("*") if path.is_file()}
