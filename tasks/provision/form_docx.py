"""The school's form as a Word document: the seed's table with lines, for those who fill it in there.

Belongs here: letter and table as python-docx sets them. Does not belong here: marks and digit boxes, which are for
paper (`form_pdf`), the words (`words`).
"""

import io
from datetime import UTC, datetime
from typing import Any, Final

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from schemas.boxed import Language
from schemas.documents import FIELDS
from tasks.provision.form_pdf import NOBODY, Sender
from tasks.provision.words import words

_FONT: Final = "Open Sans"
_COLUMNS: Final = (Mm(42), Mm(64), Mm(64))
UNTICKED: Final = "☐"


def form_docx(language: Language = "nb", sender: Sender = NOBODY) -> bytes:
    """One A4 page in Word's own styles: headings, paragraphs, a table whose first row is marked as its heading.

    The font is named, not embedded: Word sets another sans-serif where it is missing. The box before the refusal is a
    sign (☐) to be replaced by an x in brackets or a ticked box.
    """
    told = words(language)
    document: Any = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    page.top_margin, page.bottom_margin = Mm(15), Mm(12)
    _styles(document, told.lang)
    about = document.core_properties
    about.title, about.author, about.language = told.title, sender.name, told.lang
    about.comments, about.created = "", datetime(2000, 1, 1, tzinfo=UTC)
    if sender.name:
        document.add_paragraph(sender.name, style="Small")
    document.add_paragraph(told.title, style="Heading 1")
    for section in told.letter:
        document.add_paragraph(section.heading, style="Heading 2")
        for text in section.text:
            document.add_paragraph(text)
    document.add_paragraph(told.form_heading, style="Heading 2")
    table = document.add_table(rows=1, cols=3, style="Table Grid")
    table.autofit = False
    _row(table.rows[0], ["", *told.columns], bold=True)
    _repeated(table.rows[0])
    for name in FIELDS:
        _row(table.add_row(), [told.labels[name], "", ""])
    _row(table.add_row(), ["", *[f"{UNTICKED} {told.refusal}"] * 2])
    document.add_paragraph(told.refusal_note).paragraph_format.space_before = Pt(8)
    sending = document.add_paragraph()
    sending.add_run(told.sending.format(digipost=sender.digipost, email=sender.email)).bold = True
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _styles(document: Any, lang: str) -> None:
    """Calm type: one font, dark grey, small space between."""
    styles = document.styles
    small = styles.add_style("Small", WD_STYLE_TYPE.PARAGRAPH)
    small.base_style = styles["Normal"]
    for name, size, before, after in (
        ("Normal", 9.5, 0, 4), ("Small", 8.5, 0, 2), ("Heading 1", 14, 0, 6), ("Heading 2", 10.5, 6, 2)
    ):  # fmt: skip
        style = styles[name]
        style.font.name, style.font.size = _FONT, Pt(size)
        style.font.color.rgb = RGBColor(0x22, 0x22, 0x22)
        style.font.bold = name.startswith("Heading")
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for which in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
            fonts.attrib.pop(qn(which), None)
        for which in ("w:ascii", "w:hAnsi", "w:cs"):
            fonts.set(qn(which), _FONT)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.05
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), lang)
    properties = styles["Normal"].element.get_or_add_rPr()
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    properties.append(spoken)


def _row(row: Any, texts: list[str], *, bold: bool = False) -> None:
    row.height = Mm(9)
    for cell, text, width in zip(row.cells, texts, _COLUMNS, strict=True):
        cell.width = width
        cell.paragraphs[0].add_run(text).bold = bold
        cell.paragraphs[0].paragraph_format.space_before = Pt(3)


def _repeated(row: Any) -> None:
    """Mark a row as the table's heading, for screen readers."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
