"""Letters to the guardians who get paper instead of a login: the form's design, a page each.

Belongs here: one letter a recipient, the address where a window envelope shows it. Does not belong here: who gets one
(`merge`), what the school wants to tell them this time (given as text).
"""

from collections.abc import Sequence
from typing import Final

from schemas.boxed import Language
from tasks.provision.form_pdf import LEFT, NOBODY, WIDE, Sender
from tasks.provision.merge import Recipient
from tasks.provision.sheet import QUIET, Sheets, lines_of
from tasks.provision.words import words

_ADDRESS: Final = 52.0
"""First line of the address, in DIN 5008's field for it (45 to 90 mm from the top), which window envelopes show."""
_BODY: Final = 105.0
_FOOT: Final = 270.0
_SIZE: Final = 10.5
_LEADING: Final = 5.2


def letters_pdf(
    recipients: Sequence[Recipient], language: Language = "nb", sender: Sender = NOBODY, text: str = ""
) -> bytes:
    """A letter for each recipient, further pages where the text is long. `text`: what the school has to tell, plain,
    paragraphs apart by an empty line; without it the standing words. ValueError for nobody.

    Name, pupil and class stand in it and nothing else of theirs: no number, no mobile, no e-mail, no reason.
    """
    if not recipients:
        raise ValueError("nobody to write to")
    told = words(language)
    body = [" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    sheets = Sheets(told.paper.title, told.lang)
    for number, recipient in enumerate(recipients):
        if number:
            sheets.next_page()
        with sheets.tag("Sect"):
            _letter(sheets, recipient, language, sender, body or list(told.paper.text))
    return sheets.finished()


def _letter(sheets: Sheets, recipient: Recipient, language: Language, sender: Sender, body: list[str]) -> None:
    told = words(language).paper
    with sheets.artefact():
        sheets.line(LEFT, 17.0, sender.name, 8.5, grey=QUIET)
    with sheets.tag("P"), sheets.content():
        y = _ADDRESS
        for line in (recipient.name, *_address(recipient.address)):
            sheets.line(LEFT, y, line, _SIZE)
            y += _LEADING
    with sheets.tag("H1"), sheets.content():
        sheets.line(LEFT, _BODY, told.title, 13, "Semibold")
    about = told.about.format(pupil=recipient.pupil, class_name=recipient.class_name).rstrip(", ")
    y = sheets.paragraph(LEFT, _BODY + 7.5, about, WIDE, 9.5, 4.5, grey=QUIET) + 5
    for paragraph in (*body, told.greeting + (f"\n{sender.name}" if sender.name else "")):
        for part in paragraph.split("\n"):
            y = _flowing(sheets, part, y)
        y += 2.6


def _flowing(sheets: Sheets, text: str, y: float) -> float:
    """A paragraph, continued on the next page where this one ends."""
    with sheets.tag("P"):
        lines = lines_of(text, _SIZE, 145)
        while lines:
            room = int((_FOOT - y) // _LEADING) + 1
            if room < 1:
                sheets.next_page()
                y = 30.0
                continue
            with sheets.content():
                for line in lines[:room]:
                    sheets.line(LEFT, y, line, _SIZE)
                    y += _LEADING
            lines = lines[room:]
    return y


def _address(text: str) -> list[str]:
    """An address on lines: as given where it has lines, else parted at its commas."""
    given = text.splitlines() if "\n" in text else text.split(",")
    return [line.strip() for line in given if line.strip()][:5]
