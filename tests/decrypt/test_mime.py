"""Mails of every shape that real mail programs make, opened with a real key."""

import base64
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.policy import SMTP
from hashlib import sha256

import pytest

from fixtures import mail
from fixtures.filled import FilledColumn, FilledForm, as_lines
from schemas.documents import Opened
from schemas.settings import Email
from tasks.decrypt.mime import open_mail

FORM = FilledForm(
    FilledColumn(pupil="Åse Ødegård", name="Kåre Ærlig", mobile="900 00 000", email="kare@foresatt.example")
)
TEXT = as_lines(FORM)
PDF = mail.Attachment("skjema.pdf", b"%PDF-1.7 not a whole one")


@pytest.fixture
def opens(school):
    """Opens a raw mail with the school's key."""

    def run(raw: bytes, **settings: int) -> Opened:
        return open_mail(raw, settings=Email(**settings), home=school.home)

    return run


@pytest.fixture
def to_school(school):
    """Arguments that address a mail to the school."""
    return {"home": school.home, "recipients": [school.fingerprint]}


def texts(opened: Opened) -> list[str]:
    """The texts of the parts that have one."""
    return [part.text for part in opened.parts if part.text is not None]


def shape(opened: Opened) -> tuple[str, str]:
    """Container and verdict."""
    return opened.container, opened.decryption


def entity(kind: str, body: bytes, *more: str) -> bytes:
    """One MIME part as bytes, with headers `more`."""
    return "\r\n".join([f"Content-Type: {kind}", *more, "", ""]).encode() + body


def multipart(
    kind: str, *parts: bytes, head: str = "From: a@b.example\r\nSubject: Skjema\r\nMIME-Version: 1.0\r\n"
) -> bytes:
    """A multipart put together by hand, as mail servers mangle them."""
    mark = "b" + sha256(b"".join(parts)).hexdigest()[:20]
    inner = b"".join(b"--%b\r\n%b\r\n" % (mark.encode(), part) for part in parts)
    return f"{head}Content-Type: {kind}; boundary={mark}\r\n\r\n".encode() + inner + f"--{mark}--\r\n".encode()


def sealed_entity(school, text: str = TEXT, *extra: str) -> bytes:
    """Armour around a MIME entity with `text`."""
    return school.encrypt(entity("text/plain; charset=utf-8", text.encode(), *extra), armour=True)


def test_soft_lines(opens):
    """Lines that only the mail program broke are read as one; the part is kept as it was sent."""
    sent = b"Foresatte til: Nora \r\nLie\r\n"
    (part,) = opens(b"From: a@b.example\r\nSubject: S\r\n" + entity("text/plain; format=flowed", sent)).parts
    assert ("Foresatte til: Nora Lie\n", sent) == (part.text, part.content)


def test_plain(opens):
    """A plain mail is not_encrypted and its text is read."""
    opened = opens(mail.plain(FORM))
    assert ("plain", "not_encrypted", "none", False) == (*shape(opened), opened.signature, opened.ordinary)
    assert ([TEXT], [False]) == (texts(opened), [part.encrypted for part in opened.parts])


def test_pgp_mime(opens, to_school):
    """A PGP/MIME mail as RFC 3156 has it, with a PDF inside."""
    opened = opens(mail.pgp_mime(FORM, attachments=[PDF], **to_school))
    assert ("pgp_mime", "decrypted") == shape(opened)
    assert [TEXT] == texts(opened)
    assert [("", "text/plain", True), ("skjema.pdf", "application/pdf", True)] == [
        (part.name, part.media_type, part.encrypted) for part in opened.parts
    ]
    assert PDF.content == opened.parts[1].content


def test_protected_subject(opens, to_school):
    """A subject moved inside the encryption is the mail's subject."""
    head = mail.Letterhead(subject="Skjema for Åse")
    assert "Skjema for Åse" == opens(mail.pgp_mime(FORM, head, hide_subject=True, **to_school)).subject


def test_subject_inside_counts_only_where_it_says_so(opens, school):
    """A Subject line inside that does not claim protection does not replace the one outside."""
    sealed = sealed_entity(school, TEXT, "Subject: Falsk")
    raw = multipart(
        "multipart/encrypted",
        entity("application/pgp-encrypted", b"Version: 1"),
        entity("application/octet-stream", sealed),
    )
    assert "Skjema" == opens(raw).subject


def test_legacy_display_part_is_dropped(opens, school):
    """The copy of the protected subject that is made for old mail programs is no part of the text."""
    inner = multipart(
        'multipart/mixed; protected-headers="v1"',
        entity('text/rfc822-headers; protected-headers="v1"', b"Subject: Inne\r\n", "Content-Disposition: inline"),
        entity("text/plain; charset=utf-8", TEXT.encode()),
        head="Subject: Inne\r\n",
    )
    raw = multipart("multipart/encrypted", entity("application/pgp-encrypted", b""),
                    entity("application/octet-stream", school.encrypt(inner, armour=True)))  # fmt: skip
    opened = opens(raw)
    assert ("Inne", 1) == (opened.subject, len(opened.parts))
    assert TEXT.split() == texts(opened)[0].split()


def test_inline(opens, to_school):
    """Armour in the body, with the sender's charset inside."""
    opened = opens(mail.pgp_inline(FORM, **to_school))
    assert ("pgp_inline", "decrypted", [TEXT]) == (*shape(opened), texts(opened))


def test_clear_text_around_armour_stays_apart(opens, to_school):
    """Text around the armour is kept as parts of its own that are not encrypted, and flagged."""
    opened = opens(mail.pgp_inline(FORM, around="Sendt fra min telefon", **to_school))
    assert [False, True, False] == [part.encrypted for part in opened.parts]
    assert TEXT == texts(opened)[1]
    assert "text_around" in opened.detail


@pytest.mark.parametrize("armour", [False, True])
def test_encrypted_attachment(opens, to_school, armour):
    """An encrypted file is opened, gets its own name and type back, and stays apart from the plain text beside it."""
    opened = opens(mail.pgp_attachment(PDF, armour=armour, **to_school))
    assert ("pgp_attachment", "decrypted") == shape(opened)
    assert [("text/plain", False), ("application/pdf", True)] == [(p.media_type, p.encrypted) for p in opened.parts]
    assert "skjema.pdf" == opened.parts[1].name


@pytest.mark.parametrize(
    ("shape_of", "expected"),
    [
        ("exchange", "pgp_mime"),
        ("outlook", "pgp_mime"),
        ("symantec", "pgp_mime"),
        ("gmail", "pgp_mime"),
        ("list footer", "pgp_mime"),
        ("binary without a name", "pgp_mime"),
    ],
)
def test_mangled_pgp_mime(opens, school, shape_of, expected):
    """Structures that mail servers take apart or rename are opened all the same."""
    sealed = sealed_entity(school)
    version = entity("application/pgp-encrypted", b"Version: 1\r\n")
    stream = "application/octet-stream"
    binary = base64.encodebytes(school.encrypt(entity("text/plain; charset=utf-8", TEXT.encode())))
    raw = {
        "exchange": multipart("multipart/mixed", entity("text/plain", b""), version, entity(stream, sealed)),
        "outlook": multipart(
            "multipart/mixed",
            entity(
                "text/plain; name=ATT00001.txt", b"Version: 1", "Content-Disposition: attachment; filename=ATT00001"
            ),
            entity(stream, sealed, "Content-Disposition: attachment; filename=ATT00002"),
        ),
        "symantec": multipart(
            "multipart/mixed",
            entity("text/plain", b"Version: 1", "Content-Disposition: attachment; filename=Version.txt"),
            entity(stream, sealed, "Content-Disposition: attachment; filename=Message.pgp"),
        ),
        "gmail": multipart("multipart/mixed", entity("text/plain", sealed), entity("application/pgp-encrypted", b"")),
        "list footer": multipart(
            "multipart/mixed",
            multipart("multipart/encrypted", version, entity(stream, sealed), head=""),
            entity("text/plain", b"-- \r\nliste@skolen.example"),
        ),
        "binary without a name": multipart(
            "multipart/mixed", entity("image/jpeg", binary, "Content-Transfer-Encoding: base64")
        ),
    }[shape_of]
    opened = opens(raw)
    assert (expected, "decrypted") == shape(opened)
    assert TEXT.split() in [text.split() for text in texts(opened)]


def test_armour_in_html(opens, school):
    """Armour that a mail program turned into HTML, with <br> and a non-breaking separator line, is opened."""
    html = school.encrypt(TEXT.encode(), armour=True).decode().replace("\n\n", "\n\u00a0\n", 1).replace("\n", "<br>\n")
    raw = entity("text/html; charset=utf-8", f"<html><body><p>{html}</p></body></html>".encode())
    opened = opens(b"From: a@b.example\r\nSubject: x\r\n" + raw)
    assert ("pgp_inline", "decrypted", [TEXT]) == (*shape(opened), texts(opened))


def test_armour_in_html_without_breaks(opens, school):
    """Armour that stands in HTML with nothing but the line ends of its source is opened."""
    html = b"<p>" + school.encrypt(TEXT.encode(), armour=True) + b"</p>"
    opened = opens(b"From: a@b.example\r\n" + entity("text/html", html))
    assert ("decrypted", [TEXT]) == (opened.decryption, texts(opened))


def test_same_armour_twice(opens, school):
    """Armour in the text and again in its HTML rendering is one ciphertext and gives one result."""
    armour = school.encrypt(TEXT.encode(), armour=True)
    html = b"<pre>" + armour.replace(b"\n", b" \n") + b"</pre>"
    opened = opens(multipart("multipart/alternative", entity("text/plain", armour), entity("text/html", html)))
    assert ("decrypted", [TEXT]) == (opened.decryption, texts(opened))


def test_html_copy_beyond_repair(opens, school):
    """An HTML rendering that broke the armour does not spoil the sound one beside it."""
    armour = school.encrypt(TEXT.encode(), armour=True)
    html = b"<p>" + armour.replace(b"\n\n", b"\n\nAAAA", 1) + b"</p>"
    opened = opens(multipart("multipart/alternative", entity("text/plain", armour), entity("text/html", html)))
    assert ("decrypted", [TEXT]) == (opened.decryption, texts(opened))


def test_two_blocks_in_one_body(opens, school):
    """Two ciphertexts in one body are two results."""
    first, second = (school.encrypt(text, armour=True) for text in (b"en\n", b"to\n"))
    opened = opens(mail.plain((first + b"\n" + second).decode()))
    assert ("decrypted", ["en\n", "to\n"]) == (opened.decryption, texts(opened))


def test_partly_decrypted(opens, school, stranger):
    """Some ciphertexts open and others do not: partly_decrypted, and the detail says which fault and how many."""
    body = school.encrypt(b"en\n", armour=True) + stranger.encrypt(b"to\n", armour=True)
    opened = opens(mail.plain(body.decode()))
    assert ("partly_decrypted", ["en\n"]) == (opened.decryption, texts(opened))
    assert {"1_of_2", "wrong_key"} <= set(opened.detail.split())


def test_quoted_armour(opens, school):
    """Armour quoted in a reply is opened."""
    quoted = "\n".join(f"> {line}" for line in school.encrypt(TEXT.encode(), armour=True).decode().splitlines())
    assert [TEXT] == [text for text in texts(opens(mail.plain(quoted))) if "Foresatte" in text]


@pytest.mark.parametrize("expected", ["wrong_key", "damaged", "integrity_failed", "password_only", "locked_key"])
def test_failures_keep_no_text(opens, school, stranger, locked, expected):
    """A mail that cannot be opened says why and yields no text of the ciphertext."""
    raw = {
        "wrong_key": lambda: mail.pgp_mime(FORM, home=stranger.home, recipients=[stranger.fingerprint]),
        "damaged": lambda: mail.broken_armour(FORM, home=school.home, recipients=[school.fingerprint]),
        "integrity_failed": lambda: mail.plain(
            school.encrypt(TEXT.encode(), "--rfc2440", "--disable-mdc", "--cipher-algo", "3DES", armour=True).decode()
        ),
        "password_only": lambda: mail.plain(
            school.gpg("--passphrase", "x", "--armor", "--symmetric", data=TEXT.encode()).decode()
        ),
        "locked_key": lambda: mail.pgp_mime(FORM, home=locked.home, recipients=[locked.fingerprint]),
    }[expected]()
    home = locked.home if expected == "locked_key" else school.home
    opened = open_mail(raw, settings=Email(), home=home)
    assert expected == opened.decryption
    assert [] == [text for text in texts(opened) if text.strip()]


def test_signed_only(opens, school):
    """A clear-signed text and a signed message that looks encrypted are not_encrypted; their text is read as such."""
    for option in ("--clear-sign", "--sign"):
        body = school.gpg("--armor", option, data=b"- Navn: Per\nMobil\n").decode()
        opened = opens(mail.plain(body))
        assert ("pgp_inline", "not_encrypted") == shape(opened)
        assert (["- Navn: Per\nMobil\n"], [False]) == (texts(opened), [part.encrypted for part in opened.parts])


def test_signed_mail(opens):
    """A mail signed in clear (RFC 3156) is not_encrypted; its text is read and its signature is kept as a part."""
    signature = entity("application/pgp-signature; name=signature.asc", b"-----BEGIN PGP SIGNATURE-----\n")
    raw = multipart('multipart/signed; protocol="application/pgp-signature"', entity("text/plain", b"Hei"), signature)
    opened = opens(raw)
    assert ("pgp_mime", "not_encrypted", ["Hei"]) == (*shape(opened), [text.strip() for text in texts(opened)])


def forwarded(raw: bytes, coding: str) -> bytes:
    """`raw` as an attached mail, with a transfer encoding that the standard forbids and mail servers use."""
    body = base64.encodebytes(raw) if coding == "base64" else raw
    return multipart("multipart/mixed", entity("message/rfc822", body, f"Content-Transfer-Encoding: {coding}"))


def test_promised_ciphertext_that_is_not_there(opens):
    """A PGP/MIME structure whose armour lost its first line is damaged, not an unencrypted mail."""
    raw = multipart(
        "multipart/encrypted",
        entity("application/pgp-encrypted", b"Version: 1"),
        entity("application/octet-stream", b"hQEMA0000000\r\n=abcd\r\n-----END PGP MESSAGE-----"),
    )
    opened = opens(raw)
    assert ("pgp_mime", "damaged", "no_ciphertext") == (*shape(opened), opened.detail)


def test_encrypted_html(opens, school):
    """A body that was encrypted as HTML is read as HTML."""
    body = school.encrypt(b"<html><body><p>Navn:</p><p>Per</p></body></html>", armour=True).decode()
    assert ["Navn:\nPer\n"] == texts(opens(mail.plain(body)))


def test_html_copy_below_a_related_part(opens):
    """The HTML rendering is recognised as a copy also where it is wrapped together with its pictures."""
    related = multipart("multipart/related", entity("text/html", b"<p>Navn: Per"), head="")
    raw = multipart("multipart/alternative", entity("text/plain", b"Navn: Per"), related)
    assert ["Navn: Per", ""] == [text.strip() for text in texts(opens(raw))]


@pytest.mark.parametrize("coding", ["8bit", "base64"])
def test_forwarded(opens, to_school, coding):
    """An encrypted mail sent on as an attachment is opened, four deep too; the outer subject stays."""
    raw = mail.pgp_mime(FORM, mail.Letterhead(subject="Innerst"), hide_subject=True, **to_school)
    for _ in range(4):
        raw = forwarded(raw, coding)
    opened = opens(raw)
    assert ("pgp_mime", "decrypted", "Skjema") == (*shape(opened), opened.subject)
    assert [TEXT] == texts(opened)


@pytest.mark.parametrize(
    ("expected", "charset", "data"),
    [
        ("Åse", "iso-8859-1", "Åse".encode("latin-1")),
        ("Åse", "utf-8", "Åse".encode()),
        ("Åse", "iso-8859-1", "Åse".encode()),
        ("Åse", "x-unknown", "Åse".encode()),
        ("Åse – €", "x-unknown", "Åse – €".encode("windows-1252")),
        ("Åse", "us-ascii", "Åse".encode("windows-1252")),
        ("Åse", "utf-16", "Åse".encode("utf-16")),
        ("Åse", "unicode_escape", "Åse".encode()),
        ("Åse", "zlib", "Åse".encode()),
    ],
)
def test_charsets(opens, expected, charset, data):
    """Text is decoded as declared where that can be true, else as UTF-8, else as windows-1252; never an exception."""
    raw = entity(f"text/plain; charset={charset}", base64.encodebytes(data), "Content-Transfer-Encoding: base64")
    assert [expected] == texts(opens(b"From: a@b.example\r\n" + raw))


def test_unknown_transfer_encoding(opens):
    """A transfer encoding nobody knows is read as it stands."""
    assert ["Hei"] == texts(
        opens(b"From: a@b.example\r\n" + entity("text/plain", b"Hei", "Content-Transfer-Encoding: foobar"))
    )


def test_sender_cannot_choose_a_path(opens):
    """File names are the sender's words and are kept as data, without control characters."""
    part = entity("application/pdf", b"%PDF-1.4", 'Content-Disposition: attachment; filename="../../a\x07b.pdf"')
    assert ["../../ab.pdf"] == [part.name for part in opens(multipart("multipart/mixed", part)).parts]


def test_encoded_names(opens):
    """Names and subjects with Norwegian letters are read in every encoding mail programs use."""
    rfc2047 = "=?iso-8859-1?Q?S=F8knad=2Epdf?="
    rfc2231 = "filename*=utf-8''S%C3%B8knad.pdf"
    for disposition in (f'filename="{rfc2047}"', rfc2231):
        part = entity("application/pdf", b"%PDF-1.4", f"Content-Disposition: attachment; {disposition}")
        raw = multipart("multipart/mixed", part, head="Subject: =?utf-8?B?U8O4a25hZA==?=\r\n")
        opened = opens(raw)
        assert ("Søknad", "Søknad.pdf") == (opened.subject, opened.parts[0].name)
    assert "Søknad" == opens("Subject: Søknad\r\nFrom: a@b.example\r\n\r\nx".encode("latin-1")).subject


def test_html_beside_text(opens):
    """An HTML rendering that says the same as the text beside it is listed but not read twice; another is read."""
    same = opens(mail.plain("Navn: Per\n", html="<p>Navn: <b>Per</b></p>"))
    assert [("text/plain", "Navn: Per\n"), ("text/html", "")] == [(part.media_type, part.text) for part in same.parts]
    other = opens(mail.plain("Se vedlegg", html="<table><tr><td>Navn:<td>Per</table>"))
    assert "Navn:\tPer\n" == texts(other)[1]


def test_winmail_is_flagged(opens):
    """A winmail.dat cannot be read yet and is flagged."""
    part = entity("application/ms-tnef; name=winmail.dat", b"x\x9f>\x22", "Content-Transfer-Encoding: 8bit")
    assert "tnef" in opens(multipart("multipart/mixed", part)).detail


def test_public_key_is_no_text(opens):
    """An attached public key is listed and not read as text."""
    part = entity("application/pgp-keys; name=key.asc", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    assert [] == texts(opens(multipart("multipart/mixed", part)))


@pytest.mark.parametrize(("expected", "raw"), [
    (True, mail.bounce()), (True, mail.auto_reply()), (False, mail.newsletter()), (False, mail.reply()),
    (False, b"Auto-Submitted: auto-generated\r\nFrom: kopimaskin@skolen.example\r\n\r\nSkannet"),
    (True, b"Return-Path: <>\r\nFrom: a@b.example\r\n\r\nx"),
])  # fmt: skip
def test_automatic_mail(opens, expected, raw):
    """Bounces and automatic replies are ordinary by their kind; what a copier or a list sends may hold a form."""
    assert expected == opens(raw).ordinary


def test_empty_mail(opens):
    """A mail without a body is opened and holds nothing."""
    opened = opens(mail.empty())
    assert ("not_encrypted", "") == (opened.decryption, "".join(texts(opened)).strip())


def test_too_large(opens, to_school):
    """A mail over the bound is not opened; nor is plaintext over its bound."""
    assert "too_large" == opens(mail.plain("x" * 2_000), max_bytes=1_000).decryption
    opened = opens(mail.pgp_mime("x" * 200_000, **to_school), max_plaintext_bytes=100_000)
    assert ("too_large", ()) == (opened.decryption, opened.parts)


def test_plaintext_bound_is_the_whole_mails(opens, school):
    """The bound holds for all ciphertexts of a mail together."""
    body = b"\n".join(school.encrypt(bytes([65 + n]) * 40_000, armour=True) for n in range(4))
    opened = opens(mail.plain(body.decode()), max_plaintext_bytes=100_000)
    assert "partly_decrypted" == opened.decryption
    assert sum(len(part.content) for part in opened.parts) <= 100_000


def nested(depth: int, body: bytes) -> bytes:
    """`body` inside `depth` multiparts."""
    for _ in range(depth):
        body = multipart("multipart/mixed", body, head="")
    return body


def test_depth_and_parts_are_bounded(opens):
    """Containers nested too deep, and mails of too many parts, are too_large; so is what the parser cannot bear."""
    assert "not_encrypted" == opens(nested(18, entity("text/plain", b"x"))).decryption
    assert ("too_large", "mime_depth") == (lambda o: (o.decryption, o.detail))(
        opens(nested(30, entity("text/plain", b"x")))
    )
    many = multipart("multipart/mixed", *[entity("text/plain", b"%d" % n) for n in range(300)])
    assert ("too_large", "mime_parts") == (lambda o: (o.decryption, o.detail))(opens(many))
    assert "too_large" == opens(b"Content-Type: message/rfc822\r\n\r\n" * 20_000).decryption
    assert "too_large" == opens(nested(150, b"\nx\n" * 300_000)).decryption


def test_encrypted_matryoshka_is_bounded(opens, school):
    """Ciphertext inside ciphertext is opened, down to the same depth."""
    body = TEXT.encode()
    for _ in range(4):
        body = school.encrypt(body, armour=True)
    assert TEXT in texts(opens(mail.plain(body.decode())))
    assert "mime_depth" in opens(mail.plain(body.decode()), max_depth=2).detail


def test_mail_program_and_stdlib_agree(to_school):
    """The fixture's PGP/MIME has the structure RFC 3156 asks for."""
    made = message_from_bytes(mail.pgp_mime(FORM, **to_school))
    kinds = [part.get_content_type() for part in made.walk()]
    assert ["multipart/encrypted", "application/pgp-encrypted", "application/octet-stream"] == kinds
    assert "application/pgp-encrypted" == made.get_param("protocol")


def test_nothing_shows_in_repr(opens, to_school):
    """An opened mail in a traceback shows its shape and nothing of its text."""
    head = mail.Letterhead(subject="Skjema for Åse")
    shown = repr(opens(mail.pgp_mime(FORM, head, attachments=[PDF], **to_school)))
    assert "pgp_mime" in shown
    assert not [word for word in ("Åse", "Kåre", "900 00 000", "skjema.pdf") if word in shown]


def test_plaintext_in_the_wrong_container_stays_text(opens, school):
    """A form whose lines look like mail headers is text, not a MIME entity."""
    opened = opens(mail.plain(school.encrypt(b"Navn: Per\nMobil: 90000000\n\nHilsen\n", armour=True).decode()))
    assert ["Navn: Per\nMobil: 90000000\n\nHilsen\n"] == texts(opened)


def test_message_types_are_what_they_are(opens):
    """A part made with the stdlib's own classes is read like any other."""
    outer, inner = MIMEMultipart("mixed"), EmailMessage()
    inner.set_content("Hei\n")
    outer.attach(inner)
    assert isinstance(outer, Message)
    assert ["Hei\n"] == texts(opens(outer.as_bytes(policy=SMTP)))


@pytest.mark.parametrize("charset", ["utf-16le", "utf-16be", "utf-32le"])
def test_a_wide_character_set_without_its_mark_is_believed_where_it_is_declared(opens, charset) -> None:
    """Half of its bytes are null, and it is text all the same."""
    body = base64.encodebytes(TEXT.encode(charset))
    raw = b"From: a@b.example\r\nSubject: x\r\n" + entity(
        f"text/plain; charset={charset}", body, "Content-Transfer-Encoding: base64"
    )
    assert [TEXT.strip()] == [text.strip() for text in texts(opens(raw))]
