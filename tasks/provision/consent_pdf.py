"""The pupil's consent to extend guardian access, as PDF: one page of the form's design.

Belongs here: what stands where on the consent. Does not belong here: the consent itself (`store.consents`), which
counts only once a steward has confirmed it with the pupil.
"""

from typing import Final

from schemas.boxed import (
    CONSENT_DATE,
    CONSENT_FIELDS,
    CONSENT_GUARDIANS,
    CONSENT_PUPIL,
    CONSENT_SIGNATURE,
    QR_PLACE,
    Box,
    Language,
    Reference,
)
from tasks.provision import scripts
from tasks.provision.form_pdf import LEFT, NOBODY, Pupil, Sender
from tasks.provision.letterhead import letter
from tasks.provision.sheet import QUIET, Sheets, lines_of
from tasks.provision.tagged import Field
from tasks.provision.words import ConsentWords, words

_DAY_MONTH_YEAR: Final = (2, 4)
"""Where month and year begin."""


def consent_pdf(language: Language = "nb", sender: Sender = NOBODY, pupil: Pupil | None = None) -> bytes:
    """One A4 page with fields, but for the signature, which is written by hand; a pupil's own with name and QR code."""
    told = words(language)
    sheets = Sheets(told.consent.title, told.lang)
    consent_page(sheets, language, sender, pupil)
    return sheets.finished()


def consent_page(
    sheets: Sheets, language: Language, sender: Sender, pupil: Pupil | None = None, *, fillable: bool = True
) -> None:
    """The consent on the page that is being drawn; without fields where many pupils' pages lie in one document."""
    told = words(language)
    consent = told.consent
    letter(sheets, consent.title, consent.letter, above=(sender.name, pupil.class_name if pupil else ""), size=10.5)
    with sheets.artefact():
        sheets.marks("consent")
    with sheets.tag("H2"), sheets.content():
        sheets.line(34, 135.4, consent.form_heading, 11, "Semibold")
    sheets.paragraph(34, 140.4, consent.declare, 142, 9, 4.2)
    with sheets.tag("Table"):
        name = f"{pupil.name}, {pupil.class_name}".rstrip(", ") if pupil else ""
        _rows(sheets, consent, name, fillable=fillable)
    sheets.paragraph(34, 266.6, consent.sending, 112, 9, 4.3, weight="Semibold")
    if pupil:
        with sheets.tag("Figure", alt=told.qr_alt), sheets.content():
            sheets.qr(QR_PLACE, Reference("consent", language, pupil.ident).text())


def _rows(sheets: Sheets, consent: ConsentWords, name: str, *, fillable: bool) -> None:
    cells = (CONSENT_PUPIL, CONSENT_GUARDIANS[1], CONSENT_GUARDIANS[2], CONSENT_DATE)
    labels = (consent.pupil, *consent.guardians, consent.date)
    for label, box, called in zip(labels, cells, CONSENT_FIELDS, strict=True):
        dated = box is CONSENT_DATE
        with sheets.tag("TR"):
            _label(sheets, label, box)
            with sheets.tag("TD"):
                with sheets.artefact():
                    if dated:
                        sheets.digit_boxes(box.digits(8))
                        for begins in _DAY_MONTH_YEAR:
                            sheets.rule(
                                box.digits(8)[begins].x, box.y, box.digits(8)[begins].x, box.bottom, thickness=1.3
                            )
                    else:
                        sheets.outline(box)
                if dated:
                    with sheets.tag("P"), sheets.content():
                        sheets.line(box.right + 3, box.y + box.height / 2 + 1.0, consent.how, 8, grey=QUIET)
                if not fillable:
                    if box is CONSENT_PUPIL:
                        with sheets.tag("P"), sheets.content():
                            sheets.line(box.x + 2, box.y + box.height / 2 + 1.2, name, 10)
                    continue
                inside = box if dated else Box(box.x + 0.8, box.y + 0.8, box.width - 1.6, box.height - 1.6)
                sheets.field(
                    Field(
                        called,
                        sheets.page,
                        inside,
                        label.rstrip(":"),
                        limit=8 if dated else 120,
                        combed=dated,
                        value=name if box is CONSENT_PUPIL else "",
                        keystroke=scripts.digits_alone() if dated else "",
                        size=12 if dated else 10,
                    )
                )
    with sheets.tag("TR"):
        _label(sheets, consent.signature, CONSENT_SIGNATURE)
        with sheets.tag("TD"), sheets.artefact():
            sheets.rule(
                CONSENT_SIGNATURE.x, CONSENT_SIGNATURE.bottom, CONSENT_SIGNATURE.right, CONSENT_SIGNATURE.bottom, QUIET
            )


def _label(sheets: Sheets, text: str, box: Box) -> None:
    broken = lines_of(text, 9.5, box.x - LEFT - 1)
    with sheets.tag("TH", scope="Row"), sheets.content():
        y = box.y + box.height / 2 + 1.2 - 2.0 * (len(broken) - 1)
        for line in broken:
            sheets.line(LEFT, y, line, 9.5)
            y += 4.0
