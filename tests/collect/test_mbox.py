"""The mail channel on an mbox file."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.mail import plain
from schemas.documents import Delivery
from schemas.errors import OutsideFault, UsageFault
from schemas.settings import Email, Settings
from tasks.collect.email import email_channel
from tasks.collect.mbox import MboxChannel

MARCH = datetime(2026, 3, 5, 7, 30, tzinfo=UTC)
FIRST = plain("første").replace(b"\r\n", b"\n")
SECOND = plain("andre\n\nhilsen").replace(b"\r\n", b"\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An mbox of two mails, the younger first, and one whose line tells no time."""
    made = tmp_path / "export.mbox"
    lines = (
        b"From kari@foresatt.example Thu Mar  5 08:30:00 2026\n",
        b"From - Thu Mar  5 07:30:00 2026\n",
        b"From x\n",
    )
    made.write_bytes(b"".join(line + raw + b"\n" for line, raw in zip(lines, (SECOND, FIRST, FIRST), strict=True)))
    os.utime(made, (MARCH.timestamp() + 9_000, MARCH.timestamp() + 9_000))
    return made


def every(file: Path, most: int = 1_000_000, known: frozenset[str] = frozenset()) -> list[Delivery]:
    """All that the ledger does not know."""
    return list(MboxChannel(file, most).deliveries(known.__contains__))


def test_mails_come_by_the_time_on_their_line(file: Path) -> None:
    """The line before each mail tells when it came, in UTC; where it tells nothing, the file's own time counts."""
    found = every(file)

    assert [FIRST, SECOND, FIRST] == [d.content.rstrip(b"\n") + b"\n" for d in found]
    assert [0, 3600, 9000] == [(d.received_at - MARCH).total_seconds() for d in found]
    assert {("email", "message/rfc822", None)} == {(d.channel, d.media_type, d.handle) for d in found}


def test_a_mail_is_known_by_its_bytes(file: Path) -> None:
    """The same mail in a file that has grown is known, wherever it stands in it."""
    refs = {d.source_ref for d in every(file)}
    file.write_bytes(
        b"From - Thu Mar  5 06:00:00 2026\n" + plain("ny").replace(b"\r\n", b"\n") + b"\n" + file.read_bytes()
    )

    assert 2 == len(refs)
    assert 1 == len(every(file, known=frozenset(refs)))


def test_a_large_mail_is_cut_one_byte_over(file: Path) -> None:
    """Of a mail over the bound one byte more than the bound is handed out."""
    assert {101} == {len(d.content) for d in every(file, 100)}


def test_the_file_is_never_touched(file: Path) -> None:
    """Settling and disposing change nothing."""
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    channel = MboxChannel(file, 1_000)
    channel.settle("x", "taken")
    channel.dispose("x")

    assert before == (file.read_bytes(), file.stat().st_mtime_ns)


def test_what_is_no_mbox_is_said_to_be_none(file: Path, tmp_path: Path) -> None:
    """A file of another kind is wrong use; one that is gone is the world's fault; an empty one is empty."""
    file.write_bytes(b"%PDF-1.7")
    with pytest.raises(UsageFault):
        every(file)
    with pytest.raises(OutsideFault):
        every(tmp_path / "gone")
    file.write_bytes(b"")

    assert [] == every(file)


def test_a_file_as_source_is_an_mbox(file: Path, tmp_path: Path) -> None:
    """The settings, or `--from`, may name the file."""
    assert isinstance(email_channel(Settings(email=Email(source=file)), tmp_path), MboxChannel)
