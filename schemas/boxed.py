"""The boxed edition's geometry: corner marks, cells, digit boxes, tick-boxes, and the reference in the QR code.

Belongs here: where things stand on the sheet that `foresatt form` prints, in millimetres from the page's top left
corner, and what its QR code says. Does not belong here: its words (`tasks/provision`), the labels and the seed's own
table (`schemas.form`). Every language has the same geometry; a change of any figure is a new `EDITION`.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from schemas.documents import FieldName
from schemas.form import PAGE_MM
from schemas.ids import is_id
from schemas.onetime import read_code

SheetKind = Literal["guardian", "consent"]
Language = Literal["nb", "nn", "en"]

EDITION: Final = 1


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its top left corner and its size, millimetres."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def digits(self, count: int) -> tuple["Box", ...]:
        """The first `count` digit boxes of a row of boxes that starts where this box does."""
        return tuple(Box(self.x + DIGIT_MM * i, self.y, DIGIT_MM, self.height) for i in range(count))


# Corner marks: ArUco, dictionary 4x4_50 (OpenCV's `cv2.aruco.DICT_4X4_50`), black, six modules wide with their border.

ARUCO: Final = "DICT_4X4_50"
MARK_MM: Final = 10.0
MARKS: Final[tuple[Box, Box, Box, Box]] = (
    Box(20.0, 132.0, MARK_MM, MARK_MM),
    Box(180.0, 132.0, MARK_MM, MARK_MM),
    Box(180.0, 262.0, MARK_MM, MARK_MM),
    Box(20.0, 262.0, MARK_MM, MARK_MM),
)
"""Top left, top right, bottom right, bottom left: the order of the ids below and of OpenCV's corners of one mark. They
stand around the fields, not the page, and 20 mm or more from every edge: scanners and printers cut the edge off."""

MARK_IDS: Final[dict[SheetKind, tuple[int, int, int, int]]] = {"guardian": (0, 1, 2, 3), "consent": (4, 5, 6, 7)}
"""The ids alone tell the sheets apart and which way up they lie."""

# The fields. Values are written inside the rectangle; labels, lines and headings stand outside it.

DIGIT_MM: Final = 5.5
FNR_DIGITS: Final = 11
MOBILE_BOXES: Final = 12
"""Eight for a Norwegian mobile, from the left; a number from abroad starts with + in the first box, then its country
code. Ink past the eighth box means a number from abroad, or a mistake."""

_LEFT: Final = (56.0, 124.0)
_WIDTH: Final = 66.0
_TOPS: Final[dict[FieldName, float]] = {"pupil": 153.0, "fnr": 165.0, "name": 177.0, "mobile": 189.0, "email": 201.0}
_HEIGHT: Final = 9.0

CELLS: Final[dict[int, dict[FieldName, Box]]] = {
    slot: {
        name: Box(left, top, DIGIT_MM * FNR_DIGITS if name == "fnr" else _WIDTH, _HEIGHT) for name, top in _TOPS.items()
    }
    for slot, left in enumerate(_LEFT, 1)
}
"""Slot 1 and 2 -> field -> where it is written. Pupil, name and e-mail are one free cell each; the number has 11 boxes,
the mobile 12, side by side without a gap, a box's rules being centred on its edges."""

DIGIT_BOXES: Final[dict[int, dict[FieldName, tuple[Box, ...]]]] = {
    slot: {"fnr": cells["fnr"].digits(FNR_DIGITS), "mobile": cells["mobile"].digits(MOBILE_BOXES)}
    for slot, cells in CELLS.items()
}

REFUSAL_BOXES: Final[dict[int, Box]] = {slot: Box(left, 216.0, 5.0, 5.0) for slot, left in enumerate(_LEFT, 1)}
"""The box to tick, under each column; the sentence stands to its right."""

# The consent to extend: the pupil, the guardians it covers, the date, the signature.

CONSENT_PUPIL: Final = Box(56.0, 153.0, 134.0, _HEIGHT)
CONSENT_GUARDIANS: Final[dict[int, Box]] = {1: Box(56.0, 165.0, 134.0, _HEIGHT), 2: Box(56.0, 177.0, 134.0, _HEIGHT)}
CONSENT_DATE: Final = Box(56.0, 189.0, DIGIT_MM * 8, _HEIGHT)
"""Eight boxes: day, month, year (DDMMYYYY)."""
CONSENT_SIGNATURE: Final = Box(56.0, 201.0, 134.0, 16.0)

# Names of the fields filled in on screen, in every language.

CONSENT_TITLES: Final[dict[Language, str]] = {
    "nb": "Samtykke til å utvide foresatt-tilgangen",
    "nn": "Samtykke til å utvide tilgangen for føresette",
    "en": "Consent to extend guardian access",
}
"""The heading tells a consent where neither marks nor code can be read."""


def titled_consent(line: str) -> bool:
    """Whether a line of text is a consent's heading; the guardians' letter has the same words within a sentence."""
    plain = " ".join(line.casefold().split()).strip(" *#_:.")
    return plain in {title.casefold() for title in CONSENT_TITLES.values()}


CONSENT_FIELDS: Final = ("consent_pupil", "consent_guardian_1", "consent_guardian_2", "consent_date")
"""A PDF that has fields of these names is a consent, never a guardian's form."""


def field_name(slot: int, name: FieldName | Literal["refused"]) -> str:
    """The AcroForm name of a guardian's field, "1_fnr" or "2_refused"; `refused` is a check box."""
    return f"{slot}_{name}"


# The QR code.

QR_PLACE: Final = Box(154.0, 252.0, 20.0, 20.0)
"""The code with its quiet zone, beside the lower right mark. The general edition has none."""

_REFERENCE: Final = re.compile(r"^FORESATT:(\d{1,2}):([GC]):(NB|NN|EN):([A-Z]-[A-Z]{26})(?::([A-Z]{16}))?$")
_KIND: Final[dict[str, SheetKind]] = {"G": "guardian", "C": "consent"}
_LANGUAGE: Final[dict[str, Language]] = {"NB": "nb", "NN": "nn", "EN": "en"}


@dataclass(frozen=True, slots=True)
class Reference:
    """What a sheet's QR code says: which sheet, and an id of ours that means nothing outside this store. It says whose
    sheet it is, and proves nothing about who filled it in. `onetime`: the code of a letter to one guardian, or ""."""

    kind: SheetKind
    language: Language
    ident: str
    edition: int = EDITION
    onetime: str = field(default="", repr=False)

    def text(self) -> str:
        """As printed: capitals, digits, colon and hyphen, which QR packs tightly. ValueError for a foreign id."""
        if not is_id(self.ident):
            raise ValueError("not an id of ours")
        code = f":{self.onetime}" if self.onetime else ""
        return f"FORESATT:{self.edition}:{self.kind[0].upper()}:{self.language.upper()}:{self.ident}{code}"


def read_reference(text: str) -> Reference | None:
    """The reference in a QR code's text; None for anybody else's code."""
    match = _REFERENCE.match(text)
    if not match:
        return None
    code = read_code(match[5] or "")
    return Reference(_KIND[match[2]], _LANGUAGE[match[3]], match[4], int(match[1]), code)


def inside_page(box: Box, edge: float = 0.0) -> bool:
    """Whether a rectangle stands on the page, at least `edge` millimetres from each side."""
    return min(box.x, box.y) >= edge and box.right <= PAGE_MM[0] - edge and box.bottom <= PAGE_MM[1] - edge
