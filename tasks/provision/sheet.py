# mypy: disable-error-code="no-untyped-call"
"""One sheet after another, drawn in millimetres from the top left, every mark of it either tagged or an artefact.

Belongs here: pen, type and tags; what several documents draw alike (marks, boxes, specimen digits, QR code). Does not
belong here: what a document says (`form_pdf`, `consent_pdf`, `letters`), the PDF's structure and fields (`tagged`).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, Literal

from reportlab.lib.utils import simpleSplit
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from schemas.boxed import MARK_IDS, MARKS, Box, SheetKind
from schemas.form import PAGE_MM
from tasks.provision.strokes import SPECIMEN, smooth
from tasks.provision.tagged import MM, Field, Node, finished

Weight = Literal["Regular", "Semibold"]

INK: Final = 0.13
QUIET: Final = 0.38
"""Grey of small print: still 7 to 1 against white."""
RULE: Final = 0.70
"""Grey of the boxes: seen by people, faint to a reader of ink."""
FAINT: Final = 0.84
"""Grey of boxes that few need."""


def font_file(weight: Weight) -> bytes:
    """The shipped font, a TrueType file."""
    return (files("tasks.provision") / "fonts" / f"OpenSans-{weight}.ttf").read_bytes()


@cache
def _fonts() -> dict[Weight, str]:
    named: dict[Weight, str] = {"Regular": "OpenSans", "Semibold": "OpenSans-Semibold"}
    for weight, name in named.items():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(font_file(weight))))
    return named


def lines_of(text: str, size: float, width: float, weight: Weight = "Regular") -> list[str]:
    """The text broken to lines of at most `width` millimetres. Each but the last ends in a blank, so that words stay
    apart where it is read aloud or copied."""
    broken: list[str] = simpleSplit(text, _fonts()[weight], size, width * MM)
    return [f"{line} " for line in broken[:-1]] + broken[-1:]


def width_of(text: str, size: float, weight: Weight = "Regular") -> float:
    """How wide a line is, millimetres."""
    return float(pdfmetrics.stringWidth(text, _fonts()[weight], size)) / MM


class Sheets:
    """A document being drawn. Coordinates are millimetres from the top left; sizes of type are points."""

    def __init__(self, title: str, lang: str) -> None:
        self.title, self.lang = title, lang
        self.root = Node("Document")
        self.fields: list[Field] = []
        self.page = 0
        self._marked = 0
        self._at = [self.root]
        self._out = io.BytesIO()
        size = (PAGE_MM[0] * MM, PAGE_MM[1] * MM)
        self._pen: Any = Canvas(
            self._out, pagesize=size, invariant=1, pageCompression=1, initialFontName=_fonts()["Regular"]
        )
        self._pen.setTitle(title)

    def next_page(self) -> None:
        """The page is done; what follows stands on the next."""
        self._pen.showPage()
        self.page += 1
        self._marked = 0

    def finished(self) -> bytes:
        """The whole document, its last page ended: tagged, with its fields."""
        self._pen.save()
        return finished(self._out.getvalue(), self.root, self.fields, title=self.title, lang=self.lang)

    # tags

    @contextmanager
    def tag(self, kind: str, *, scope: Literal["Row", "Column"] | None = None, alt: str = "") -> Iterator[None]:
        """What is drawn inside belongs to a structure element of this kind."""
        node = Node(kind, scope=scope, alt=alt)
        self._at[-1].kids.append(node)
        self._at.append(node)
        try:
            yield
        finally:
            self._at.pop()

    @contextmanager
    def content(self) -> Iterator[None]:
        """Marks of the current element, in one piece."""
        node = self._at[-1]
        self._pen._code.append(f"/{node.kind} <</MCID {self._marked}>> BDC")
        node.kids.append((self.page, self._marked))
        self._marked += 1
        try:
            yield
        finally:
            self._pen._code.append("EMC")

    @contextmanager
    def artefact(self) -> Iterator[None]:
        """Rules and boxes, which are not read out."""
        self._pen._code.append("/Artifact BMC")
        try:
            yield
        finally:
            self._pen._code.append("EMC")

    def field(self, field: Field) -> None:
        """A field to fill in on screen, belonging to the current element."""
        node = Node("Form", widget=len(self.fields))
        self._at[-1].kids.append(node)
        self.fields.append(field)

    # type

    def line(
        self, x: float, y: float, text: str, size: float, weight: Weight = "Regular", *, grey: float = INK
    ) -> None:
        """One line, its baseline at `y`."""
        self._pen.setFillGray(grey)
        self._pen.setFont(_fonts()[weight], size)
        self._pen.drawString(x * MM, (PAGE_MM[1] - y) * MM, text)

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        size: float,
        leading: float,
        *,
        weight: Weight = "Regular",
        grey: float = INK,
        kind: str = "P",
    ) -> float:
        """A tagged paragraph, its first baseline at `y`; returns the baseline of the line after its last."""
        with self.tag(kind), self.content():
            for broken in lines_of(text, size, width, weight):
                self.line(x, y, broken, size, weight, grey=grey)
                y += leading
        return y

    # shapes

    def outline(self, box: Box, grey: float = RULE, thickness: float = 0.6) -> None:
        """An empty rectangle."""
        self._pen.setStrokeGray(grey)
        self._pen.setLineWidth(thickness)
        self._pen.rect(box.x * MM, (PAGE_MM[1] - box.bottom) * MM, box.width * MM, box.height * MM)

    def tick_box(self, box: Box, grey: float = 0.45) -> None:
        """A box to tick. Its sides are curves, if straight ones: whoever looks for the rules of a table finds none."""
        corners = [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom), (box.x, box.y)]
        points = [(x * MM, (PAGE_MM[1] - y) * MM) for x, y in corners]
        self._pen.setStrokeGray(grey)
        self._pen.setLineWidth(0.7)
        self._pen.setLineJoin(1)
        path = self._pen.beginPath()
        path.moveTo(*points[0])
        for start, end in pairwise(points):
            path.curveTo(*start, *end, *end)
        path.close()
        self._pen.drawPath(path)

    def digit_boxes(self, boxes: tuple[Box, ...], grey: float = RULE) -> None:
        """Boxes side by side: one frame and the rules between."""
        first, last = boxes[0], boxes[-1]
        self.outline(Box(first.x, first.y, last.right - first.x, first.height), grey)
        for box in boxes[1:]:
            self.rule(box.x, box.y, box.x, box.bottom, grey)

    def rule(self, x1: float, y1: float, x2: float, y2: float, grey: float = RULE, thickness: float = 0.6) -> None:
        """A straight line."""
        self._pen.setStrokeGray(grey)
        self._pen.setLineWidth(thickness)
        self._pen.line(x1 * MM, (PAGE_MM[1] - y1) * MM, x2 * MM, (PAGE_MM[1] - y2) * MM)

    def marks(self, kind: SheetKind) -> None:
        """The four corner marks of this kind of sheet."""
        for box, ident in zip(MARKS, MARK_IDS[kind], strict=True):
            self._squares(box, _mark(ident))

    def specimen(self, boxes: tuple[Box, ...]) -> None:
        """The digits 0 to 9 as one writes them, one in each of ten boxes."""
        self.digit_boxes(boxes)
        self._pen.setStrokeGray(QUIET)
        self._pen.setLineWidth(0.9)
        self._pen.setLineCap(1)
        for box, strokes in zip(boxes, SPECIMEN, strict=True):
            for stroke in strokes:
                path = self._pen.beginPath()
                start, curves = smooth(stroke)
                path.moveTo(*self._within(box, start))
                for one, two, end in curves:
                    path.curveTo(*self._within(box, one), *self._within(box, two), *self._within(box, end))
                self._pen.drawPath(path)
        self._pen.setLineCap(0)

    def qr(self, box: Box, text: str) -> None:
        """A QR code (error correction Q) with its quiet zone of four modules inside `box`."""
        from reportlab.graphics.barcode.qr import QrCodeWidget

        widget: Any = QrCodeWidget(text, barLevel="Q")
        code = widget.qr
        code.make()
        modules = [[bool(dark) for dark in row] for row in code.modules]
        quiet = 4 * box.width / (len(modules) + 8)
        self._squares(Box(box.x + quiet, box.y + quiet, box.width - 2 * quiet, box.height - 2 * quiet), modules)

    def _within(self, box: Box, point: tuple[float, float]) -> tuple[float, float]:
        """A point of the unit square inside a box, with room around, in points from the page's lower left."""
        x = box.x + box.width * (0.24 + 0.52 * point[0])
        y = box.y + box.height * (0.17 + 0.66 * point[1])
        return x * MM, (PAGE_MM[1] - y) * MM

    def _squares(self, box: Box, dark: list[list[bool]]) -> None:
        """A pattern of black squares; neighbours in a row as one, so that no seam is seen between them."""
        side = box.width / len(dark)
        self._pen.setFillGray(0)
        path = self._pen.beginPath()
        for row, squares in enumerate(dark):
            start = 0
            for column, (here, after) in enumerate(zip(squares, [*squares[1:], None], strict=True)):
                if here == after:
                    continue
                if here:
                    y = PAGE_MM[1] - box.y - side * (row + 1)
                    path.rect((box.x + side * start) * MM, y * MM, side * (column + 1 - start) * MM, side * MM)
                start = column + 1
        self._pen.drawPath(path, stroke=0, fill=1)


@cache
def _mark(ident: int) -> list[list[bool]]:
    """An ArUco mark as its six by six squares, True where black."""
    import cv2

    from schemas.boxed import ARUCO

    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, ARUCO))
    return [[bool(value == 0) for value in row] for row in cv2.aruco.generateImageMarker(dictionary, ident, 6)]
