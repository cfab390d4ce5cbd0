"""Broken documents: bytes flipped, cut, repeated. Each is a reading or a fault, in its time; none stops the next."""

import random
import time

import pytest

from fixtures import office
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import packed, rendered, typed_pdf
from schemas.documents import FIELDS, Reading
from schemas.settings import Post
from tasks.extract import worker

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
FAULTS = {"damaged", "too_large", "layout_not_found", "password_only", "unsupported", "two_layers_disagree"}


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
    assert meant == values_of(whole) if name in ("pdf", "docx") else ("layout_not_found",) == whole.faults
