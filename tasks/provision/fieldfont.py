# mypy: disable-error-code="no-untyped-call"
"""The font of the fields: embedded whole, one byte a letter, so that any reader can set what is typed.

Belongs here: its encoding and its PDF objects. Does not belong here: the type of the drawn text, of which the drawing
library embeds what is used (`sheet`).
"""

import io
from importlib.resources import files
from typing import Any, Final

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
)
from reportlab.pdfbase.ttfonts import TTFontFile

_SPARE: Final = (*range(0xA1, 0xA7), *range(0xA8, 0xB4), *range(0xB5, 0xC0))
"""Codes of signs that no name has: they are lent to letters outside Windows' Western set (Ł, Č, Đ …)."""
_NONSYMBOLIC: Final = 32


def lent(letters: str) -> dict[str, int]:
    """Letter -> code, for those of `letters` that the Western set lacks; what finds no room is left out."""
    wanted = sorted({letter for letter in letters if not letter.isspace() and not _western(letter)})
    return dict(zip(wanted, _SPARE, strict=False))


def encoded(text: str, letters: str) -> bytes:
    """`text` in the codes of the font that `embedded` made for `letters`."""
    codes = lent(letters)
    return b"".join(
        bytes([codes[letter]]) if letter in codes else letter.encode("cp1252", "replace") for letter in text
    )


def embedded(writer: PdfWriter, letters: str) -> Any:
    """The font as an object of the document; `letters` are all that its fields hold beforehand."""
    data = (files("tasks.provision") / "fonts" / "OpenSans-Regular.ttf").read_bytes()
    face = TTFontFile(io.BytesIO(data))
    stream = DecodedStreamObject()
    stream.set_data(data)
    stream[NameObject("/Length1")] = NumberObject(len(data))
    descriptor = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/FontDescriptor"),
            NameObject("/FontName"): NameObject("/OpenSans"),
            NameObject("/Flags"): NumberObject(_NONSYMBOLIC),
            NameObject("/FontBBox"): ArrayObject([NumberObject(round(side)) for side in face.bbox]),
            NameObject("/ItalicAngle"): NumberObject(0),
            NameObject("/Ascent"): NumberObject(round(face.ascent)),
            NameObject("/Descent"): NumberObject(round(face.descent)),
            NameObject("/CapHeight"): NumberObject(round(face.capHeight)),
            NameObject("/StemV"): NumberObject(round(face.stemV)),
            NameObject("/FontFile2"): writer._add_object(stream.flate_encode()),
        }
    )
    codes = {code: letter for letter, code in lent(letters).items()}
    widths = []
    for code in range(32, 256):
        letter = codes.get(code) or bytes([code]).decode("cp1252", "replace")
        widths.append(FloatObject(round(float(face.charWidths.get(ord(letter), face.defaultWidth) or 0), 1)))
    encoding: Any = NameObject("/WinAnsiEncoding")
    if codes:
        differences = ArrayObject()
        for code, letter in sorted(codes.items()):
            differences += [NumberObject(code), NameObject(f"/uni{ord(letter):04X}")]
        encoding = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Encoding"),
                NameObject("/BaseEncoding"): NameObject("/WinAnsiEncoding"),
                NameObject("/Differences"): differences,
            }
        )
    return writer._add_object(
        DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/TrueType"),
                NameObject("/BaseFont"): NameObject("/OpenSans"),
                NameObject("/Name"): NameObject("/Sans"),
                NameObject("/FirstChar"): NumberObject(32),
                NameObject("/LastChar"): NumberObject(255),
                NameObject("/Widths"): ArrayObject(widths),
                NameObject("/Encoding"): encoding,
                NameObject("/FontDescriptor"): writer._add_object(descriptor),
            }
        )
    )


def _western(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
