"""Broken documents: bytes flipped, cut, repeated. Each is a reading or a fault, in its time; none stops the next."""

import io
import random
import time
import zlib

import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from fixtures import office
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import packed, rendered, typed_pdf
from schemas.documents import FIELDS, Part, Reading
from schemas.settings import Post
from tasks.extract import worker
from tasks.extract.read import sniffed

ONE = FilledForm(FilledColumn("Ola Nordmann", "41819077302", "Kari Nordmann", "91234567", "kari@example.no"))
PDF = typed_pdf(ONE)
SMALL = rendered(PDF, dpi=40)
POST = Post(read_seconds=30)
BOUND = 35.0
"""The kill bound and a little for starting another process."""

KINDS: dict[str, tuple[worker.Kind, bytes]] = {
    "pdf": ("pdf", PDF),
    "png": ("image", packed([SMALL], dpi=72, fmt="png")),
    "jpeg": ("image", packed([SMALL], dpi=72, fmt="jpeg")),
    "tiff": ("image", packed([SMALL, SMALL], dpi=72, fmt="tiff")),
    "docx": ("office", office.docx(ONE)),
}
FAULTS = {
    "damaged", "handwritten", "layout_not_found", "password_only", "too_large", "two_layers_disagree", "unsupported",
}  # fmt: skip


def spoilt(data: bytes, draw: random.Random) -> bytes:
    """The document with one to many of its bytes changed, a piece cut out, doubled or blanked."""
    broken = bytearray(data)
    at, length = draw.randrange(len(broken)), draw.randint(1, 400)
    way = draw.choice(("flip", "cut", "double", "blank", "end"))
    if way == "flip":
        for _ in range(draw.randint(1, 60)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
    elif way == "cut":
        del broken[at : at + length]
    elif way == "double":
        broken[at:at] = broken[at : at + length] * draw.randint(1, 50)
    elif way == "blank":
        broken[at : at + length] = bytes(length)
    else:
        del broken[at:]
    return bytes(broken)


def values_of(reading: Reading) -> set[str]:
    """Everything that was read, without blanks."""
    entries = [entry for form in reading.forms for entry in form.entries]
    return {read.value.replace(" ", "") for entry in entries for name in FIELDS if (read := entry.get(name))}


@pytest.mark.parametrize("name", KINDS)
def test_a_broken_document_is_a_reading_or_a_fault(name: str) -> None:
    """Thirty ways each; what is accepted nevertheless is what stood there; the whole document is read after them."""
    kind, data = KINDS[name]
    draw = random.Random(name)
    meant = {getattr(ONE.first, field).replace(" ", "") for field in FIELDS}
    for _ in range(30):
        began = time.monotonic()
        reading = worker.read_apart(kind, spoilt(data, draw), POST)
        assert time.monotonic() - began < BOUND
        assert set(reading.faults) <= FAULTS
        if name == "docx":  # its archive has checksums: what opens is whole
            assert values_of(reading) <= meant
    whole = worker.read_apart(kind, data, POST)
    if name in ("pdf", "docx"):
        assert meant == values_of(whole)
    else:  # so small that its table may be found and its print is no print
        assert whole.faults in (("layout_not_found",), ("handwritten",))


def drawn(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1, the first its catalogue."""
    out = b"%PDF-1.7\n"
    places = []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return out + head + table + b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(out))


def stream(data: bytes, told: bytes = b"") -> bytes:
    """A stream object with the entries `told`."""
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (told, len(data), data)


ROOT, PAGES = b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>>>"
NESTED = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</A %d 0 R>>>>"
WIDE = (
    b"/Type/XObject/Subtype/Image/Width 30000/Height 30000/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/FlateDecode"
)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (drawn(ROOT, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged"),
        (
            drawn(ROOT, PAGES, PAGE, stream(b"/A Do"), *(stream(b"/A Do " * 9, NESTED % n) for n in range(6, 17))),
            "too_large",
        ),
        (drawn(ROOT, PAGES, PAGE, stream(b"/A Do"), stream(zlib.compress(bytes(10**8), 9), WIDE)), "too_large"),
        (
            drawn(ROOT, PAGES, PAGE.replace(b"595 842", b"999999 999999"), stream(b"/A Do"), stream(b"", WIDE)),
            "too_large",
        ),
    ],
    ids=["pages within themselves", "forms within forms without end", "a picture that unpacks", "a page of 350 metres"],
)
def test_a_hostile_pdf_ends_within_its_bounds(data: bytes, fault: str) -> None:
    """Small files that would fill time or memory end as what they are, and the next document is read."""
    assert ("pdf", len(data) < 200_000) == (sniffed(Part("", "", data)), True)
    assert (fault,) == worker.read_apart("pdf", data, Post(read_seconds=3)).faults
    assert () == worker.read_apart("pdf", PDF, POST).faults


def test_what_a_pdf_would_run_or_carries_is_left_alone() -> None:
    """A script that never ends and a program inside change nothing: the form is read as it stands."""
    writer = PdfWriter(clone_from=io.BytesIO(PDF))
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("while(true){}")}
    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(action)
    writer.add_attachment("skjema.exe", b"MZ" * 1_000)
    out = io.BytesIO()
    writer.write(out)

    assert worker.read_apart("pdf", PDF, POST) == worker.read_apart("pdf", out.getvalue(), POST)
