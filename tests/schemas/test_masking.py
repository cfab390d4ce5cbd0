"""What people see by default shows nobody, and what a log keeps holds nobody."""

import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.ids import KINDS, new_id
from schemas.masking import Redact, mask, scrub, skeleton

NUMBER = "41819077302"  # synthetic: month + 80


@pytest.mark.parametrize(
    ("shown", "field", "value"),
    [
        ("***********", "fnr", NUMBER),
        ("***********", "fnr", "418190 77302"),
        ("**********", "fnr", NUMBER[:10]),
        ("***", "fnr", "har ikke"),
        ("K. N.", "name", "Kari Nordmann"),
        ("Å. M. Ø.", "pupil", "Åse-Marie Ødegård"),
        ("********67", "mobile", "+47 912 34 567"),
        ("******67", "mobile", "912 34 567 (mor)"),
        ("***", "mobile", "1234"),
        ("k***@***.no", "email", "kari.nordmann@skole.no"),
        ("***", "email", "kari.nordmann"),
        ("***", "address", "Storgata 1"),
        ("", "fnr", ""),
        ("", "name", None),
    ],
)
def test_a_masked_value_shows_only_its_shape(shown: str, field: str, value: str | None) -> None:
    """Numbers show their length, names initials, mobiles two digits, e-mails a letter and the top-level domain."""
    assert shown == mask(field, value)


@given(st.text(), st.sampled_from(["fnr", "name", "pupil", "mobile", "email"]))
def test_no_text_breaks_the_mask(value: str, field: str) -> None:
    """Any text can be masked, to something short; a masked number holds no digit at all."""
    shown = mask(field, value)

    assert len(shown) <= 40
    assert field != "fnr" or not any(c.isdigit() for c in shown)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        NUMBER[:9],
        NUMBER + "1",
        f"fnr{NUMBER}x",
        "418190 77302",
        "418190-77302",
        "41.81.90.773.02",
        "4 1 8 1 9 0 7 7 3 0 2",
        "418190\u00a077302",
        "418190 – 77302",
        "418190/77302",
        "418190%2077302",
        "418190\n77302",
        "４１８１９０７７３０２",
        "٤١٨١٩٠٧٧٣٠٢",
        "912 34 567",
        "91 23 45 67",
        "+4791234567",
    ],
)
def test_numbers_are_scrubbed_however_they_are_written(written: str) -> None:
    """A run of nine digits or more is gone, whatever people put between the digits; so is a Norwegian mobile."""
    cleaned = scrub(f"before: {written} after")

    assert "before: " in cleaned
    assert " after" in cleaned
    assert not any(c.isdigit() for c in cleaned)


@pytest.mark.parametrize(
    "written", ["kari@skole.no", "<kari@skole.no>", "kari%40skole.no", "KARI.Æ@bø.no", "kari@skole"]
)
def test_e_mail_addresses_are_scrubbed(written: str) -> None:
    """No part of an address is left."""
    cleaned = scrub(f"mail from {written}, read").casefold()

    assert "mail from " in cleaned
    assert "kari" not in cleaned
    assert "skole" not in cleaned
    assert "bø" not in cleaned


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 17:42:33,123 INFO loaded 15, refused 1",
        "2026-11-23T17:42:33.123456+01:00 batch done",
        "17:42:33.123 | INFO | Flow run",
        "due 2026-11-23",
        "flow run 550e8400-e29b-41d4-a716-446655440000 done in 3.2 s",
        "tasks/load/write.py:1234",
        "http://127.0.0.1:4200/api",
        "400 000 rows",
    ],
)
def test_what_operators_need_survives(line: str) -> None:
    """Time stamps, dates, UUIDs, places in code and counts are left as they are."""
    assert line == scrub(line)


def test_a_time_stamp_does_not_shelter_a_number() -> None:
    """A number beside a time stamp goes."""
    assert "2026-11-23 17:42:33,123 [number]" == scrub(f"2026-11-23 17:42:33,123 {NUMBER}")
    assert NUMBER not in scrub(f"{NUMBER} 2026-11-23 17:42:33,123")
    assert NUMBER[:6] not in scrub(f"2026-11-23 17:42:33,{NUMBER}")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_our_own_ids_are_never_touched(kind: str) -> None:
    """An id of ours stands in logs unharmed."""
    own = new_id(kind)

    assert f"decided {own}: loaded" == scrub(f"decided {own}: loaded")


@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    """Scrubbing never raises and is idempotent."""
    once = scrub(text)

    assert once == scrub(once)


@given(
    st.from_regex(r"\A[0-9]{11}\Z"),
    st.lists(st.sampled_from(["", " ", ".", "-", "\u00a0", " - "]), min_size=10, max_size=10),
    st.text(alphabet="abc :,;\n([", max_size=5),
)
def test_no_spelling_of_eleven_digits_gets_through(number: str, gaps: list[str], around: str) -> None:
    """Eleven digits with any mix of the usual separators leave no digit behind."""
    written = number[0] + "".join(gap + digit for gap, digit in zip(gaps, number[1:], strict=True))

    assert not any(c.isdigit() for c in scrub(around + written + around))


def _record(msg: str, *args: object, exc: BaseException | None = None) -> logging.LogRecord:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    return logging.LogRecord("x", logging.ERROR, "x.py", 1, msg, args, info)  # type: ignore[arg-type]


def _fail() -> BaseException:
    try:
        try:
            raise KeyError(NUMBER)
        except KeyError as cause:
            raise ValueError("kari@skole.no") from cause
    except ValueError as exc:
        return exc


def test_an_exception_becomes_its_skeleton() -> None:
    """Types and places of an exception and its cause are kept, their texts are not, nor any folder of the machine."""
    shown = skeleton(_fail())

    assert "ValueError at schemas/test_masking.py:" in shown
    assert "after KeyError at schemas/test_masking.py:" in shown
    assert NUMBER not in shown
    assert "kari" not in shown
    assert "/tests/" not in shown


def test_the_filter_cleans_message_arguments_and_exception() -> None:
    """What a handler with the filter prints holds no value from message, arguments, exception or stack."""
    record = _record("read %s from %s", NUMBER, "kari@skole.no", exc=_fail())
    record.stack_info = f"Stack: {NUMBER}"

    assert Redact().filter(record)
    printed = logging.Formatter("%(message)s").format(record)
    assert "read [number] from [e-mail]" in printed
    assert "ValueError at" in printed
    assert NUMBER not in printed
    assert "kari" not in printed


def test_a_traceback_cached_by_another_handler_is_dropped() -> None:
    """A formatter that ran before the filter has cached the traceback with its text; the filter drops it."""
    record = _record("failed", exc=_fail())
    logging.Formatter().format(record)
    record.exc_info = None

    Redact().filter(record)

    assert "kari" not in logging.Formatter().format(record)


def test_two_filters_in_a_row_keep_the_skeleton() -> None:
    """A record that passes two handlers keeps its skeleton for the second."""
    record = _record("failed", exc=_fail())

    Redact().filter(record)
    Redact().filter(record)

    assert "ValueError at" in logging.Formatter().format(record)


def test_a_message_that_cannot_be_formatted_is_replaced() -> None:
    """A wrong argument count must not put the arguments on standard error."""
    record = _record("read %s and %s", NUMBER)

    assert Redact().filter(record)
    assert NUMBER not in record.getMessage()


def test_masking_needs_no_pandas() -> None:
    """Light commands mask values, so this file imports nothing heavy."""
    import subprocess

    code = "import sys, schemas.masking; sys.exit('pandas' in sys.modules or 'pydantic' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
