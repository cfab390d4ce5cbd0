"""Answers to print: a page each, the address where a window envelope shows it.

Belongs here: setting the page. Does not belong here: the words (`schemas.answers`), who gets one, or the letters to
those who get paper instead of a login (`letters`).
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

from schemas import answers
from store.outbox import Message
from tasks.provision.form_pdf import LEFT
from tasks.provision.sheet import QUIET, Sheets

_ADDRESS: Final = 52.0
_BODY: Final = 105.0
_SIZE: Final = 10.5
_LEADING: Final = 5.2
_WIDTH: Final = 145.0


def answer_letters(messages: Sequence[Message], school: str, day: date) -> bytes:
    """A PDF with a page for each message, in their order; nothing about anybody stands in its properties. ValueError
    for no message."""
    if not messages:
        raise ValueError("nobody to write to")
    sheets = Sheets(answers.subject("answer", "nb", school), "nb")
    for number, message in enumerate(messages):
        if number:
            sheets.next_page()
        with sheets.tag("Sect"):
            _letter(sheets, message, school, day)
    return sheets.finished()


def _letter(sheets: Sheets, message: Message, school: str, day: date) -> None:
    with sheets.artefact():
        sheets.line(LEFT, 17.0, school, 8.5, grey=QUIET)
        sheets.line(LEFT, _BODY - 10, day.isoformat(), 8.5, grey=QUIET)
    address = message.address.replace("\n", ",").split(",")
    with sheets.tag("P"), sheets.content():
        y = _ADDRESS
        for line in [message.name, *(part.strip() for part in address if part.strip())][:6]:
            sheets.line(LEFT, y, line, _SIZE)
            y += _LEADING
    with sheets.tag("H1"), sheets.content():
        sheets.line(LEFT, _BODY, answers.subject(message.kind, message.language, school), 13, "Semibold")
    y = _BODY + 9
    for paragraph in answers.body(message.kind, message.language, school, message.codes).split("\n\n"):
        y = sheets.paragraph(LEFT, y, paragraph, _WIDTH, _SIZE, _LEADING) + 2.6
