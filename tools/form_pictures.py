#!/usr/bin/env python3
"""Draws the pictures of the school's paper in docs/pictures/forms, as `foresatt form` makes it; a few seconds.

`make forms` runs it. The name on the pupil's own sheet is made up. Does not belong here: anything a test needs.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pypdfium2
from PIL import Image

from tasks.provision.consent_pdf import consent_pdf
from tasks.provision.form_pdf import Pupil, Sender, form_pdf
from tasks.provision.letters import letters_pdf
from tasks.provision.merge import Recipient

PICTURES: Final = Path(__file__).parents[1] / "docs" / "pictures" / "forms"
DPI: Final = 90
SENDER: Final = Sender("Prøveskolen")
PUPIL: Final = Pupil("P-" + "MADEUPMADEUPM" * 2, "Iben Mykørret", "1STA")
RECIPIENT: Final = Recipient("Ingrid Mykørret", "Blåbærveien 3, 0123 Oslo", "Iben Mykørret", "1STA")


def main() -> None:
    """All of them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    sheets = {
        "nb": form_pdf("nb", SENDER),
        "nn": form_pdf("nn", SENDER),
        "en": form_pdf("en", SENDER),
        "pupil": form_pdf("nb", SENDER, PUPIL),
        "consent": consent_pdf("nb", SENDER, PUPIL),
        "letter": letters_pdf([RECIPIENT], "nb", SENDER),
    }
    for name, pdf in sheets.items():
        _picture(pdf).save(PICTURES / f"{name}.png", optimize=True)


def _picture(pdf: bytes) -> Image.Image:
    """The first page on a grey ground, in sixteen greys: enough for print, and small."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        if document.get_formtype():
            document.init_forms()
        page = np.array(document[0].render(scale=DPI / 72, grayscale=True).to_numpy())
    finally:
        document.close()
    framed = np.pad(page.reshape(page.shape[:2]), 1, constant_values=200)
    return Image.fromarray(framed).quantize(16)


if __name__ == "__main__":
    main()
