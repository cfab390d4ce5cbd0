#!/usr/bin/env python3
"""Draws tasks/extract/typefaces.png, the letters of the usual typefaces by which written-over print is told.

`python tools/typefaces.py FOLDER` with a folder that holds the TrueType files named below (Debian: fonts-croscore,
fonts-crosextra-carlito, fonts-crosextra-caladea, fonts-dejavu, fonts-open-sans, fonts-roboto-unhinted, fonts-lato,
fonts-noto-core). Does not belong here: what the picture is used for (`tasks.extract.typefaces`).
"""

# mypy: disable-error-code="no-untyped-call"
import io
import sys
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import pypdfium2
from PIL import Image
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen.canvas import Canvas

from tasks.extract.typefaces import HEIGHT, LETTERS, PICTURE, REACH, SIDE, figures_row

STANDARD: Final = ("Helvetica", "Helvetica-Bold", "Times-Roman", "Times-Bold", "Courier", "Courier-Bold")
"""The PDF's own, as PDFium draws them."""
FILES: Final = (
    "Arimo-Regular",  # Arial and Liberation Sans
    "Arimo-Bold",
    "Tinos-Regular",  # Times New Roman and Liberation Serif
    "Tinos-Bold",
    "Cousine-Regular",  # Courier New's width; Liberation Mono
    "Cousine-Bold",
    "Carlito-Regular",  # Calibri
    "Carlito-Bold",
    "Caladea-Regular",  # Cambria
    "Caladea-Bold",
    "DejaVuSans",  # Verdana's like
    "DejaVuSans-Bold",
    "DejaVuSansMono",
    "DejaVuSerif",
    "OpenSans-Regular",  # Segoe's like, and the school's own form's
    "OpenSans-Semibold",
    "Roboto-Regular",
    "Lato-Regular",
    "NotoSerif-Regular",
)
_LARGE: Final = 400.0


def main(folder: Path) -> None:
    """Every typeface's letters, a row each."""
    for name in FILES:
        pdfmetrics.registerFont(ttfonts.TTFont(name, str(next(folder.rglob(f"{name}.ttf")))))
    rows = [np.hstack(_letters(name)) for name in (*STANDARD, *FILES)]
    Image.fromarray(np.vstack(rows)).save(PICTURE, optimize=True)


def _letters(font: str) -> list[Any]:
    drawn = [_ink(font, letter) for letter in LETTERS]
    boxes = [cv2.boundingRect(ink) for ink in drawn]
    scale = HEIGHT / float(np.median([box[3] for box in boxes[:10]]))
    made = []
    for letter, ink, (left, top, wide, high) in zip(LETTERS, drawn, boxes, strict=True):
        inside, outside = (cv2.distanceTransform(one, cv2.DIST_L2, 5) for one in (ink, 1 - ink))
        middle = (left + wide / 2 - 0.5, top + high / 2 - 0.5)
        shift = np.array(
            [[scale, 0, (SIDE - 1) / 2 - scale * middle[0]], [0, scale, (SIDE - 1) / 2 - scale * middle[1]]]
        )
        apart = cv2.warpAffine((inside - outside) * scale, shift, (SIDE, SIDE), borderValue=(-REACH,))
        square = np.clip(np.round(127.5 + apart * 127.5 / REACH), 0, 255).astype(np.uint8)
        right = left + wide / 2 - _LARGE / 4
        down = top + high / 2 - (ink.shape[0] - _LARGE / 3)
        advance = pdfmetrics.stringWidth(letter, font, _LARGE)
        made.append(np.vstack((square, figures_row(np.array((wide, high, right, down, advance)) * scale))))
    return made


def _ink(font: str, letter: str) -> Any:
    out = io.BytesIO()
    sheet = Canvas(out, pagesize=(_LARGE * 1.5, _LARGE * 1.5), invariant=1)
    sheet.setFont(font, _LARGE)
    sheet.drawString(_LARGE / 4, _LARGE / 3, letter)
    sheet.save()
    document = pypdfium2.PdfDocument(out.getvalue())
    try:
        grey = document[0].render(scale=1, grayscale=True).to_numpy()
        return (grey.reshape(grey.shape[:2]) < 128).astype(np.uint8)
    finally:
        document.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
