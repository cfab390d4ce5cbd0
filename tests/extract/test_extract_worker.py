"""The process that reads documents: killed when it takes too long or dies, and none the wiser for it."""

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject

from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import scanned, typed_pdf
from schemas.documents import Opened, Part, Reading
from schemas.errors import OutsideFault
from schemas.settings import Post, Settings
from tasks.extract import worker
from tasks.extract.pdf import read_pdf
from tasks.extract.scan import read_image
from tasks.extract.step import extract_batch

ONE = FilledForm(FilledColumn("Ola Nordmann", "41819077302", "Kari Nordmann", "91234567", "kari@example.no"))
TYPED = typed_pdf(ONE)
SCAN = scanned(ONE, seed=1, fmt="jpeg")


def test_what_comes_back_is_what_was_read() -> None:
    """A reading passes whole: values, decisions, places, faults."""
    assert read_pdf(TYPED, Post()) == worker.read_apart("pdf", TYPED, Post())
    assert read_image(SCAN, Post()) == worker.read_apart("image", SCAN, Post())


def test_a_document_that_takes_too_long_is_too_large_and_the_next_is_read() -> None:
    """The process is killed at the bound, and another takes its place."""
    assert ("too_large",) == worker.read_apart("image", SCAN, Post(read_seconds=0.05)).faults
    assert () == worker.read_apart("pdf", TYPED, Post()).faults


def test_a_document_that_kills_the_process_is_damaged_and_the_next_is_read() -> None:
    """A crash in a library is that document's outcome alone."""
    worker.read_apart("pdf", TYPED, Post())
    process = worker._free.queue[-1].process  # the last used is the next
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    killer = threading.Timer(0.3, os.kill, (process.pid, signal.SIGKILL))
    killer.start()
    assert ("damaged",) == worker.read_apart("pdf", TYPED, Post()).faults
    killer.join()
    assert () == worker.read_apart("pdf", TYPED, Post()).faults


def test_a_document_that_takes_too_much_memory_is_too_large_and_the_next_is_read() -> None:
    """A few kilobytes whose drawing commands fill all memory: the process dies of its own bound."""
    worker._free.queue[-1].stop()  # one that is running has the bound it was started with
    writer = PdfWriter(clone_from=io.BytesIO(TYPED))
    bomb = StreamObject()
    bomb.set_data(b"q " * 20_000_000)
    writer.pages[0][NameObject("/Contents")] = writer._add_object(bomb.flate_encode().flate_encode())
    out = io.BytesIO()
    writer.write(out)

    assert len(out.getvalue()) < 20_000
    assert ("too_large",) == worker.read_apart("pdf", out.getvalue(), Post(read_memory_mb=2_000)).faults
    assert () == worker.read_apart("pdf", TYPED, Post()).faults


def test_nothing_can_be_written_where_documents_are_read(tmp_path: Path) -> None:
    """Neither Python nor a library can put a byte into a file, be it a temporary one, a log or a crash's remains."""
    file, picture = tmp_path / "file", tmp_path / "picture.png"
    told = subprocess.run([sys.executable, "-c", _WRITES, file, picture], capture_output=True, text=True, check=True)

    assert f"{errno.EFBIG}\n" == told.stdout
    assert [0, 0] == [path.stat().st_size if path.exists() else 0 for path in (file, picture)]


_WRITES = """
import sys
import cv2, numpy
from tasks.extract import worker
worker._limit(4_000)
try:
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(b"x")
except OSError as error:
    said = error.errno
cv2.imwrite(sys.argv[2], numpy.zeros((9, 9), numpy.uint8))  # which says that it did
print(said)
"""


def test_an_outside_fault_comes_through() -> None:
    """Missing language files leave the form undecided, as they do without the process between."""
    with pytest.raises(OutsideFault) as caught:
        worker.read_apart("image", SCAN, Post(tessdata=Path("/nowhere")))
    assert ("ocr_unavailable", "Tesseract's language files cannot be loaded") == (
        caught.value.code,
        caught.value.message,
    )


def opened(data: bytes) -> Opened:
    """A delivery that is this document alone."""
    return Opened("pdf", "not_encrypted", parts=(Part("", "application/octet-stream", data),))


def test_deliveries_with_documents_are_read_side_by_side() -> None:
    """Each submission has its own reading, in their order, also where one of them cannot be read."""
    asked = {"S-A": opened(SCAN), "S-B": opened(TYPED), "S-C": opened(b"%PDF-1.4 no"), "S-D": opened(SCAN)}
    read = extract_batch({**asked, "S-E": Opened("pdf", "damaged")}, Settings(environment="test"))

    assert ["S-A", "S-B", "S-C", "S-D", "S-E"] == list(read)
    assert read_pdf(TYPED, Post()).forms == read["S-B"].forms
    assert read["S-A"].forms == read["S-D"].forms != ()
    assert (("damaged",), Reading()) == (read["S-C"].faults, read["S-E"])
