"""A school's general mailbox: what holds no form, refusal, change or consent is none of ours, and none of it is kept."""

# ruff: noqa: E501 -- the bodies are long lines of mail

import base64
import io
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from fixtures import mail
from fixtures.filled import FilledForm
from fixtures.office import docx, zipped
from fixtures.pages import LETTER_ABOVE, LETTER_BELOW, typed_pdf
from schemas.documents import Opened, Part, Reading
from schemas.form import COLUMNS, ROWS, TITLE
from schemas.outcomes import SubmissionOutcome
from schemas.settings import Settings
from schemas.verdicts import Verdict
from store.ledger import Claimed
from tasks.decrypt.open import open_delivery
from tasks.extract.read import read_opened
from tasks.extract.step import extract_batch
from tasks.validate.step import validate_batch

LETTER = "\n\n".join([TITLE, *(f"{head}\n\n{text}".strip() for head, text in LETTER_ABOVE), " ".join(COLUMNS),
                      *(label for _, label in ROWS), *LETTER_BELOW])  # fmt: skip
QUOTED = "\n".join(f"> {line}" for line in LETTER.splitlines())
BLANK_TABLE = "<table><tr><td></td><td>Foresatte 1</td><td>Foresatte 2</td></tr>" + "".join(
    f"<tr><td>{label}</td><td>&nbsp;</td><td></td></tr>" for _, label in ROWS
) + "</table>"  # fmt: skip


def text(body: str, *, html: str = "", **headers: str) -> bytes:
    """A mail with that body."""
    message = EmailMessage()
    for name, value in (
        {"From": "Kari <kari@foresatt.example>", "To": "post@skolen.example", "Subject": "Hei"} | headers
    ).items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes(policy=SMTP)


def file(name: str, media_type: str, content: bytes, body: str = "Se vedlegg.") -> bytes:
    """A mail with a file."""
    return mail.plain(body, attachments=[mail.Attachment(name, content, media_type)])


def pdf(*lines: str) -> bytes:
    """A PDF with these lines."""
    out = io.BytesIO()
    canvas = Canvas(out)
    for number, line in enumerate(lines):
        canvas.drawString(60, 780 - 18 * number, line)
    canvas.save()
    return out.getvalue()


def picture(width: int, height: int) -> bytes:
    """A JPEG of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, "JPEG")
    return out.getvalue()


def parts(kind: str, *inner: str) -> bytes:
    """A multipart by hand."""
    body = "".join(f"--b\r\n{part}\r\n" for part in inner)
    return f"From: a@b.example\r\nSubject: Hei\r\nMIME-Version: 1.0\r\nContent-Type: {kind}; boundary=b\r\n\r\n{body}--b--\r\n".encode()


CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Foreldremøte\r\nORGANIZER:mailto:a@b.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
TNEF = base64.encodebytes(b"\x78\x9f\x3e\x22\x00\x00\x01\x06\x90\x08\x00\x04\x00\x00\x00").decode()
TNEF_FILE = base64.encodebytes(b"\x78\x9f\x3e\x22\x00\x00\x02\x02\x90\x06\x00\x0e\x00\x00\x00").decode()

ORDINARY: dict[str, bytes] = {
    "a newsletter": mail.newsletter(),
    "a newsletter in HTML": text("Ukens nytt", html="<table><tr><td>Navn på boken:</td><td>Sult</td></tr><tr><td>Pris</td><td>299</td></tr></table>", List_Id="<n.example>"),
    "a reply about a meeting": mail.reply(),
    "a bounce": mail.bounce(),
    "a bounce in plain words": text("Hi. This is the qmail-send program. I'm afraid I wasn't able to deliver your message.\n\n--- Below this line is a copy of the message.\n\n" + LETTER, Return_Path="<>"),
    "a bounce that returns an encrypted mail": parts("multipart/report; report-type=delivery-status", "Content-Type: text/plain\r\n\r\nUndelivered", "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA0000000\r\n-----END PGP MESSAGE-----\r\n"),
    "an automatic reply": mail.auto_reply(),
    "an automatic reply without its header": text("Takk for din e-post. Jeg er på ferie til 15. august. Ved behov ring 22 00 00 00.\n\nMed vennlig hilsen\nKari Nordmann\nMobil: 912 34 567"),
    "a read receipt": parts("multipart/report; report-type=disposition-notification", "Content-Type: text/plain\r\n\r\nLest", "Content-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;a@b.example\r\n"),
    "a calendar invitation": parts("multipart/alternative", "Content-Type: text/plain; charset=utf-8\r\n\r\nForeldremøte", f"Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n{CALENDAR}"),
    "a calendar file": file("invite.ics", "text/calendar", CALENDAR.encode()),
    "a visiting card": file("kari.vcf", "text/vcard", b"BEGIN:VCARD\r\nFN:Kari Nordmann\r\nTEL:91234567\r\nEMAIL:kari@example.no\r\nEND:VCARD\r\n"),
    "an invoice": text("Faktura 10234\nKundenummer: 41234567890\nKID: 0001234567890128\nKontonummer: 1234 56 78903\nBeløp: 1 250,00\nForfall: 20.08.2026"),
    "an invoice as PDF": file("faktura.pdf", "application/pdf", pdf("Faktura 10234", "Navn: Skolen", "KID: 0001234567890128", "Konto: 1234 56 78903", "Telefon: 22 00 00 00")),
    "a letter as PDF": file("brev.pdf", "application/pdf", pdf("Hei,", "her er rapporten fra skoleturen.", "Hilsen laereren")),
    "a spreadsheet": file("liste.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})),
    "an old spreadsheet": file("liste.xls", "application/vnd.ms-excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
    "slides": file("kurs.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", zipped({"[Content_Types].xml": b"<x/>", "ppt/presentation.xml": b"<x/>"})),
    "a packed folder": file("bilder.zip", "application/zip", zipped({"a.jpg": b"x", "b.jpg": b"y"})),
    "a Word letter": file("brev.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", zipped({"word/document.xml": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>Referat fra m\xc3\xb8tet i FAU.</w:t></w:r></w:p></w:body></w:document>'})),
    "a signature's logo": file("image001.jpg", "image/jpeg", picture(180, 60), "Hei, takk for sist.\n\nMvh\nKari"),
    "a winmail.dat beside the text": parts("multipart/mixed", "Content-Type: text/plain; charset=utf-8\r\n\r\nTakk for hyggelig møte.", f"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{TNEF}"),
    "a public key": file("kari.asc", "application/pgp-keys", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBA==\n-----END PGP PUBLIC KEY BLOCK-----\n", "Her er nøkkelen min."),
    "a mail signed by a program that nobody knows": parts('multipart/signed; protocol="application/pgp-signature"', "Content-Type: text/plain\r\n\r\nHei, kommer dere?", "Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----"),
    "absence": text("Ola er syk i dag, og kommer ikke på skolen.\n\nMvh\nKari Nordmann\nMobil: 912 34 567\nE-post: kari@example.no"),
    "absence with the pupil named": text("Elev: Ola Nordmann\nKlasse: 2STB\n\nOla er hos tannlegen fra 10 til 12.\n\nHilsen Kari"),
    "leave": text("Jeg søker fri for Ola Nordmann 12. til 14. oktober. Vi skal på bryllup. Mobilnummeret mitt er 912 34 567.\nKari Nordmann, mor til Ola"),
    "a question about the form": text("Hei! Vi har fått brev om fødselsnummer til Visma. Hvorfor trenger dere det, og hvordan sender jeg det trygt?\n\nMvh Kari Nordmann\nTlf 912 34 567"),
    "a question with the letter quoted": text(f"Hei, hva er fristen for å sende dette?\n\nKari\n\n{QUOTED}"),
    "the letter returned unfilled": text(f"Se under.\n\n{LETTER}"),
    "the unfilled table, quoted in HTML": text("Hva skal stå her?", html=f"<p>Hva skal stå her?</p><blockquote><p>{TITLE}</p>{BLANK_TABLE}</blockquote>"),
    "the unfilled form as PDF": file("skjema.pdf", "application/pdf", typed_pdf(FilledForm()), "Jeg får ikke åpnet dette, kan dere sende det på nytt?"),
    "the unfilled form in Word": file("skjema.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", docx(FilledForm()), "Er det dette skjemaet?"),
    "how to say no": text("Kan jeg avslå at skolen bruker fødselsnummeret? Hva skjer hvis jeg ikke ønsker å oppgi det?\nHilsen Kari"),
    "a problem with logging in": text("Jeg får ikke logget inn i Visma InSchool med BankID. Det står at jeg ikke er registrert. Kan dere hjelpe?\nMvh Per Nordmann, far til Ola"),
    "no to something else": text("Takk for invitasjonen, men vi må dessverre avslå. We decline the offer.\nHilsen Kari"),
    "no to pictures": text("Vi ønsker ikke at Ola skal være med på klassebildet.\nMvh Kari Nordmann"),
    "a job applicant": text("Søknad på stilling som lærer\n\nNavn: Kari Nordmann\nMobil: 912 34 567\nE-post: kari@example.no\n\nJeg har undervist i ti år."),
    "an order": text("Bestilling 4711\nLeveringsadresse: Skolegata 1\nTelefon: 22 00 00 00\nVarenr: 12345678901\nAntall: 3"),
    "a contact list of colleagues": text("Navn\tTelefon\tE-post\nKari Nordmann\t912 34 567\tkari@skolen.example\nPer Hansen\t413 45 678\tper@skolen.example"),
    "spam": text("You have won! Send your full name: and phone: to claim. Decline to stop.", html="<p>You have <b>won</b></p><p>Name: ______</p>"),
    "an empty mail": mail.empty(),
    "a thank-you": text("Tusen takk for hjelpen!"),
    "English small talk": text("Dear teacher, my name is Kari Nordmann and I am the mother of Ola. Could we meet on Monday? My phone is 912 34 567.\nBest regards\nKari"),
}  # fmt: skip


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, bytes]], dict[str, Verdict]]:
    """Takes mails by name through opening, reading and judging."""
    home = tmp_path_factory.mktemp("no-keys", numbered=True)
    home.chmod(0o700)

    def run(mails: dict[str, bytes]) -> dict[str, Verdict]:
        settings = Settings()
        claims = [
            Claimed(name, "email", datetime(2026, 8, 20, tzinfo=UTC), raw, "message/rfc822", "", 0, False)
            for name, raw in mails.items()
        ]
        opened = {
            claim.id: open_delivery(claim.content, "message/rfc822", "", settings=settings, home=Path(home))
            for claim in claims
        }
        return {
            verdict.submission: verdict
            for verdict in validate_batch(claims, opened, extract_batch(opened, settings), settings)
        }

    return run


def test_forty_ordinary_mails(judge: Callable[[dict[str, bytes]], dict[str, Verdict]]) -> None:
    """Of forty and more ordinary mails none is taken for a form, and so none has its original kept."""
    assert len(ORDINARY) >= 40
    verdicts = judge(ORDINARY)
    kept = {
        name: (v.outcome.value, [f.code for f in v.faults], len(v.entries))
        for name, v in verdicts.items()
        if v.outcome is not SubmissionOutcome.NOT_A_FORM or v.entries
    }
    assert {} == kept


def test_what_only_looks_ordinary_is_not_lost(judge: Callable[[dict[str, bytes]], dict[str, Verdict]]) -> None:
    """A form that could not be read is a person's matter, however ordinary the mail around it: an old Word file, a PDF
    cut short, a mail that Outlook packed up whole, a folder with a document in it or locked, text that is none."""
    verdicts = judge({
        "an old Word file": file("skjema.doc", "application/msword", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600),
        "all of it in a winmail.dat": parts("multipart/mixed", "Content-Type: text/plain\r\n\r\n", f"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{TNEF}"),
        "a file cut short": file("skjema.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj\n<<"),
        "a packed document": file("skjema.zip", "application/zip", zipped({"skjema.pdf": b"x" * 2_000})),
        "a folder packed otherwise": file("skjema.7z", "application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c" + b"\0" * 60),
        "a locked folder": file("skjema.zip", "application/zip", b"PK\x03\x04\x14\0\x09\0" + b"\0" * 60),
        "a file in a winmail.dat beside the text": parts("multipart/mixed", "Content-Type: text/plain\r\n\r\nSe vedlegg", f"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{TNEF_FILE}"),
        "a text whose base64 was broken": file("", "text/plain", bytes(range(256)) * 4, "\r\n"),
    })  # fmt: skip
    assert {SubmissionOutcome.UNREADABLE} == {verdict.outcome for verdict in verdicts.values()}


def test_what_stayed_shut_is_told() -> None:
    """A mail of which one ciphertext opened and another did not, and no form stood in the first: it says which fault."""
    opened = Opened("pgp_inline", "partly_decrypted", detail="1_of_2 wrong_key")
    claim = Claimed("S-A", "email", datetime(2026, 8, 20, tzinfo=UTC), b"", "", "", 0, False)
    (verdict,) = validate_batch([claim], {"S-A": opened}, {"S-A": Reading()}, Settings())
    assert (SubmissionOutcome.UNREADABLE, ["wrong_key"]) == (verdict.outcome, [f.code for f in verdict.faults])


def test_what_came_encrypted_and_cannot_be_read_is_told() -> None:
    """Whoever encrypts a spreadsheet or a packed picture to the school has sent a form; in plain mail it is anything."""
    sheet = zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"})
    faults = {
        sealed: read_opened(
            Opened("pgp_mime", "decrypted", parts=(Part("a.xlsx", "application/zip", sheet, encrypted=sealed),)),
            Settings(),
        ).faults
        for sealed in (True, False)
    }
    assert {True: ("unsupported",), False: ()} == faults
