"""The one door: letters, scans, bare files and garbage."""

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures import mail
from schemas.errors import NotReady
from schemas.settings import Email, Settings
from tasks.decrypt.open import open_delivery
from tasks.decrypt.sniff import kind_of
from tasks.decrypt.texts import html_to_text

MAIL = "message/rfc822"
PDF = b"%PDF-1.7\n%\xe2\xe3\n1 0 obj\n"


@pytest.fixture
def opens(school):
    """Opens one delivery with the school's key."""
    return lambda content, media_type="", name="": open_delivery(
        content, media_type, name, settings=Settings(), home=school.home
    )


def zipped(*names: str) -> bytes:
    """A zip file with empty members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "media_type", "content"),
    [
        ("pdf", "application/pdf", PDF),
        ("pdf", "application/pdf", b"\r\n\r\n" + PDF),
        ("image", "image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 20),
        ("image", "image/jpeg", b"\xff\xd8\xff\xe0" + b"\0" * 20),
        ("image", "image/tiff", b"II*\0" + b"\0" * 20),
        ("image", "image/tiff", b"MM\0*" + b"\0" * 20),
        ("office", "application/rtf", b"{\\rtf1 hei}"),
        (
            "office",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            zipped("[Content_Types].xml", "word/document.xml"),
        ),
        ("office", "application/x-ole-storage", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20),
        ("text", "text/plain", "Foresatte til: Åse".encode()),
        ("text", "text/html", b"<!DOCTYPE html><p>Hei"),
    ],
)
def test_kind_comes_from_the_bytes(opens, container, media_type, content):
    """A file is what its bytes say, whatever it is declared to be; it is one part, not encrypted."""
    for declared in ("", "application/octet-stream", "image/gif"):
        opened = opens(content, declared, "fil")
        assert (container, "not_encrypted") == (opened.container, opened.decryption)
        assert [(media_type, content, False)] == [(p.media_type, p.content, p.encrypted) for p in opened.parts]


def test_text_named_pdf(opens):
    """A text file named .pdf is read as the text it is, and the wrong name is noted."""
    opened = opens(b"Hei, her er skjemaet", "application/pdf", "skjema.pdf")
    assert ("text", "not_encrypted", "misnamed") == (opened.container, opened.decryption, opened.detail)
    assert "Hei, her er skjemaet" == opened.parts[0].text


@pytest.mark.parametrize("media_type", ["application/pdf", MAIL, ""])
@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_empty(opens, media_type, content):
    """Nothing at all is damaged, by whatever channel it came."""
    opened = opens(content, media_type, "x.pdf")
    assert ("damaged", "empty", ()) == (opened.decryption, opened.detail, opened.parts)


def test_garbage(opens):
    """Bytes of no known kind are unsupported as a file and damaged as a mail."""
    garbage = bytes(range(256)) * 20
    assert "unsupported" == opens(garbage, "application/pdf", "x.pdf").decryption
    assert "damaged" == opens(garbage, MAIL, "x.eml").decryption


@pytest.mark.parametrize("content", [bytes(range(256)) * 20, b"%PDF-1.7\n", b"<html>x</html>", b"Navn: Per\n"])
def test_a_mail_is_one_by_either_door(opens, content):
    """What is decided of a file that is called a mail is the same where its channel says so and where its name does."""
    by_type, by_name = opens(content, MAIL, ""), opens(content, "", "x.eml")
    assert (by_type.container, by_type.decryption, by_type.detail) == (
        by_name.container,
        by_name.decryption,
        by_name.detail,
    )


def test_encrypted_file(opens, school):
    """An encrypted file that came by itself is opened: binary as an attachment, armour as inline."""
    for armour, container, name in (
        (False, "pgp_attachment", "skjema.pdf.pgp"),
        (True, "pgp_inline", "skjema.pdf.asc"),
    ):
        opened = opens(school.encrypt(PDF, armour=armour), "application/octet-stream", name)
        assert (container, "decrypted") == (opened.container, opened.decryption)
        assert [("skjema.pdf", "application/pdf", PDF, True)] == [
            (part.name, part.media_type, part.content, part.encrypted) for part in opened.parts
        ]


def test_signed_or_damaged_file(opens, school):
    """A file named .pgp that is merely signed is not_encrypted and read; one that is no OpenPGP data is damaged."""
    signed = opens(school.gpg("--sign", data=b"Navn: Per\n"), "", "skjema.txt.pgp")
    assert ("pgp_attachment", "not_encrypted", "Navn: Per\n") == (
        signed.container, signed.decryption, signed.parts[0].text
    )  # fmt: skip
    assert "damaged" == opens(b"\x00\x9f" * 500, "", "skjema.pdf.pgp").decryption


def test_encrypted_file_in_the_mail_folder(opens, school):
    """Bare ciphertext is opened also where it lies among mails."""
    for armour in (False, True):
        assert "decrypted" == opens(school.encrypt(b"Navn: Per\n", armour=armour), MAIL, "x.eml").decryption


def test_mail_file(opens, school):
    """A mail saved as a file is opened as a mail, whatever its type says."""
    raw = mail.pgp_mime("Hei\n", home=school.home, recipients=[school.fingerprint])
    for prefix in (b"", b"\r\n", b"From kari@foresatt.example Thu Aug 20 12:00:00 2026\r\n"):
        opened = opens(prefix + raw, "application/octet-stream", "skjema.eml")
        assert ("pgp_mime", "decrypted", "Hei\n") == (opened.container, opened.decryption, opened.parts[0].text)


def test_machine_faults_are_not_verdicts(tmp_path):
    """A missing key folder raises: no mail may be decided by it."""
    raw = b"From: a@b.example\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n"
    with pytest.raises(NotReady):
        open_delivery(raw, MAIL, "", settings=Settings(), home=tmp_path / "missing")


def test_large_encrypted_file(school):
    """An encrypted file over the bound is too_large, unopened."""
    sealed = school.encrypt(b"x" * 5_000, "--compress-algo", "none")
    small = Settings(email=Email(max_bytes=1_000))
    assert "too_large" == open_delivery(sealed, "", "x.pgp", settings=small, home=school.home).decryption


PIECES = (
    *(
        b"Content-Type: ",
        b"multipart/mixed",
        b"multipart/signed",
        b"; boundary=b",
        b"\r\n",
        b"\r\n\r\n",
        b"--b",
        b"--b--",
    ),
    *(b"text/html", b"; charset=\xff", b"; charset*0=x; charset*1=y", b"message/rfc822", b"message/delivery-status"),
    *(
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename*=x'y'%ff",
        b'; name="=?x?B?a?="',
    ),
    *(b"Subject: =?x?B?a?=", b"<td", b"&#99999999;", b"application/pkcs7-mime", b"%PDF-", b"\xc3\x28", b"From: a"),
    *(b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----BEGIN PGP SIGNATURE-----", b"-----BEGIN PGP MESSAGE-----"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)),
    media_type=st.sampled_from([MAIL, "application/pdf", ""]),
)
def test_nothing_that_is_sent_raises(school, content, media_type):
    """Whatever bytes arrive, opening them gives an answer."""
    opened = open_delivery(content, media_type, "x", settings=Settings(), home=school.home)
    assert opened.decryption
    assert "parser" != opened.detail


@given(html=st.text(alphabet="<>/!-&;#=\"' abtdr\n", max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_html_gives_text(html):
    """Any string is HTML enough to be flattened."""
    assert html_to_text(html).endswith("\n")


def test_hostile_html_is_linear():
    """Unclosed tags, which cost html.parser minutes, are flattened at once (a run here would hang otherwise)."""
    for piece in ("<a ", "<a b='x", "<!--", "<td>", "<a b"):
        assert html_to_text(piece * 20_000) is not None


def test_table_row_is_one_line():
    """A table's row is one line with a tab between cells, a cell's own lines joined; a ticked box is [x]."""
    html = """<table><tr><td></td><th>Foresatte 1</th><th>Foresatte 2</th></tr>
    <tr><td><p>Foresatte til:</p></td><td><p>Ola</p><p>Kari</p></td><td>&nbsp;</td></tr>
    <tr><td>Navn:<td>&Aring;se &lt;x&gt;<td>Per</table>
    <!-- <b>skjult</b> --><style>p{}</style><input type=checkbox checked> Jeg avslår<br>Hilsen"""
    assert [
        "\tForesatte 1\tForesatte 2",
        "Foresatte til:\tOla; Kari",
        "Navn:\tÅse <x>\tPer",
        "[x] Jeg avslår",
        "Hilsen",
    ] == [line for line in html_to_text(html).split("\n") if line]


def test_form_lines_are_no_mail():
    """A text whose first line has a colon is not taken for a mail."""
    assert "text" == kind_of(b"Navn: Per\nMobil: 90000000\n\nHilsen")[0]
    assert "text" == kind_of("Foresatte til: Åse\nNavn: Per\n".encode())[0]
    assert "mail" == kind_of(b"Received: x\nFrom: a@b.example\n\nHei")[0]
