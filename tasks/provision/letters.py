"""Letters in the form's design: to the guardians who get paper instead of a login, and to pupils who turn 18.

Belongs here: one letter a recipient, the address where a window envelope shows it. Does not belong here: who gets one
(`merge`), what the school wants to tell them this time (given as text).
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from schemas.boxed import Language
from tasks.provision.consent_pdf import consent_page
from tasks.provision.form_pdf import LEFT, NOBODY, WIDE, Pupil, Sender
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
    recipients: Sequence[Recipient],
    language: Language = "nb",
    sender: Sender = NOBODY,
    text: str = "",
    *,
    own_language: bool = False,
) -> bytes:
    """A letter for each recipient, further pages where the text is long; with `own_language` in that of their form,
    where it is known. `text`: what the school has to tell, plain, paragraphs apart by an empty line; without it the
    standing words. ValueError for nobody.

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
            spoken = recipient.language if own_language and recipient.language else language
            _letter(sheets, recipient, spoken, sender, body or list(words(spoken).paper.text))
    return sheets.finished()


def eighteen_pdf(pupils: Sequence[tuple[Pupil, date]], language: Language = "nb", sender: Sender = NOBODY) -> bytes:
    """A letter to each pupil who turns 18 on that day, asking whether guardians keep their access, and on the page
    after it the consent with the pupil's name and QR code. ValueError for nobody. No guardian is named: whom a consent
    covers is for the pupil to write."""
    if not pupils:
        raise ValueError("nobody to write to")
    told = words(language)
    sheets = Sheets(told.eighteen.title, told.lang)
    for number, (pupil, day) in enumerate(pupils):
        if number:
            sheets.next_page()
        with sheets.tag("Sect"):
            about = told.eighteen.about.format(pupil=pupil.name, class_name=pupil.class_name).rstrip(", ")
            body = [text.format(day=_day(day, told.eighteen.months, language)) for text in told.eighteen.text]
            _top(sheets, sender, [pupil.name, pupil.class_name])
            _text(sheets, told.eighteen.title, about, [*body, _ending(told.eighteen.greeting, sender)])
        sheets.next_page()
        with sheets.tag("Sect"):
            consent_page(sheets, language, sender, pupil, fillable=False)
    return sheets.finished()


def _day(day: date, months: Sequence[str], language: Language) -> str:
    dot = "" if language == "en" else "."
    return f"{day.day}{dot} {months[day.month - 1]} {day.year}"


def _letter(sheets: Sheets, recipient: Recipient, language: Language, sender: Sender, body: list[str]) -> None:
    told = words(language).paper
    about = told.about.format(pupil=recipient.pupil, class_name=recipient.class_name).rstrip(", ")
    _top(sheets, sender, [recipient.name, *address_lines(recipient.address)])
    _text(sheets, told.title, about, [*body, _ending(told.greeting, sender)])


def _ending(greeting: str, sender: Sender) -> str:
    return greeting + (f"\n{sender.name}" if sender.name else "")


def _top(sheets: Sheets, sender: Sender, lines: Sequence[str]) -> None:
    with sheets.artefact():
        sheets.line(LEFT, 17.0, sender.name, 8.5, grey=QUIET)
    with sheets.tag("P"), sheets.content():
        y = _ADDRESS
        for line in lines:
            sheets.line(LEFT, y, line, _SIZE)
            y += _LEADING


def _text(sheets: Sheets, title: str, about: str, body: Sequence[str]) -> None:
    with sheets.tag("H1"), sheets.content():
        sheets.line(LEFT, _BODY, title, 13, "Semibold")
    y = sheets.paragraph(LEFT, _BODY + 7.5, about, WIDE, 9.5, 4.5, grey=QUIET) + 5
    for paragraph in body:
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


def address_lines(text: str) -> list[str]:
    """An address on lines, five at most: as given where it has lines, else parted at its commas."""
    given = text.splitlines() if "\n" in text else text.split(",")
    return [line.strip() for line in given if line.strip()][:5]
