"""Whatever anybody writes is judged: no judge raises, none contradicts itself, none loses a row.

Belongs here: properties worth millions of examples. Does not belong here: what a given text must become
(`tests/schemas`). `make fuzz` runs these with a long profile; `make test` with a handful of examples each.
"""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.numbers import synthetic_numbers
from schemas.contact import check_email, check_mobile, propose_email, same_email, same_mobile
from schemas.documents import Opened
from schemas.errors import UsageFault
from schemas.frames import EntriesAsRead, EntriesValidated, Failures
from schemas.identity import classify, judge
from schemas.judging import judge as judge_frame
from schemas.names import LONGEST, agrees, normalise, phonetic, score, split_pupils, tidy
from schemas.numbers import clean
from schemas.repairs import propose_repairs
from schemas.settings import Settings
from schemas.stations import build, check
from store.ledger import Claimed
from tasks.extract.text import read_text
from tasks.reconcile.listing import COLUMNS as HEADERS
from tasks.reconcile.roster_csv import CsvRoster
from tasks.validate.step import validate_batch

LONG: Final = settings.default.max_examples > 1000
cheap = settings(max_examples=20_000 if LONG else 60, deadline=None)
dear = settings(max_examples=1_000 if LONG else 6, deadline=None)
"""Every frame costs a tenth of a second, however few its rows."""

TODAY = date(2026, 11, 23)
TEST = Settings(environment="test")
WEIGHTS = ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
FIELDS = ("pupil", "fnr", "name", "mobile", "email")
GOOD = list(synthetic_numbers(200, seed=11))
BITS = st.sampled_from(
    [
        *("Ola", "Kari", "Maur", "og", "&", ",", ";", "/", "-", "–", "(mor)", "van der", "Ł", "Ǧ", "م", "Nguyễn", "Ã¸"),
        *(
            "+47",
            "0047",
            "912",
            "34",
            "567",
            "22",
            "@",
            "gmail",
            ".com",
            ".con",
            "hotmial",
            "no",
            "xn--",
            '"',
            "<",
            ">",
        ),
        *("41819077302", "1810000186", "４１", "٤", "\u00a0", "\u200b", "\ud800", "\0", "\n", "'", "2STA", "8.3.2009"),
    ]
)
TEXT = st.text(max_size=60) | st.lists(BITS, max_size=9).map("".join) | st.lists(BITS, max_size=7).map(" ".join)
CELL = st.none() | TEXT | st.sampled_from(GOOD)
ENTRY = st.fixed_dictionaries({**dict.fromkeys(FIELDS, CELL), "refused": st.booleans()})


@st.composite
def nearly_numbers(draw: st.DrawFn) -> str:
    """A synthetic number with up to three digits changed, and something between them."""
    number = list(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 3))):
        number[draw(st.integers(0, 10))] = draw(st.sampled_from("0123456789?O"))
    at = draw(st.integers(0, 11))
    return "".join(number[:at]) + draw(st.sampled_from(["", " ", "-", ".", "\u00a0", "x"])) + "".join(number[at:])


# --- identity numbers -------------------------------------------------------------------------------------------------


@cheap
@given(st.lists(st.none() | TEXT | nearly_numbers(), max_size=40), st.integers(0, 40))
def test_a_column_is_judged_row_by_row(numbers: list[str | None], cut: int) -> None:
    """In order, whatever stands beside; cutting the column changes nothing, nor does cleaning it first."""
    whole = classify(numbers, environment="test", on=TODAY)
    parts = [classify(part, environment="test", on=TODAY) for part in (numbers[:cut], numbers[cut:])]
    cleaned = classify([None if n is None else clean(n[:256]) for n in numbers], environment="test", on=TODAY)

    assert len(numbers) == len(whole)
    pd.testing.assert_frame_equal(whole, pd.concat(parts, ignore_index=True).astype(whole.dtypes))
    pd.testing.assert_frame_equal(whole, cleaned)
    assert (whole["accepted"] == whole["reason"].isna()).all()
    assert not (whole["accepted"] & ~whole["valid"]).any()


@cheap
@given(st.none() | TEXT | nearly_numbers())
def test_what_is_accepted_is_right_by_the_arithmetic(number: str | None) -> None:
    """Eleven digits whose weighted sums are right, worked out here anew; and proposals for anything else check out."""
    verdict = judge(number, environment="test", on=TODAY)
    if verdict.valid:
        d = [int(c) for c in clean(number or "")]
        first, second = (sum(w * x for w, x in zip(weights, d, strict=False)) % 11 for weights in WEIGHTS)
        assert 11 == len(d)
        assert first <= 3
        assert second == 0
        assert [] == propose_repairs(number)
    for one in propose_repairs(number, environment="test", on=TODAY):
        assert judge(one.number, environment="test", on=TODAY).accepted


# --- contacts and names -----------------------------------------------------------------------------------------------


@cheap
@given(TEXT)
def test_contacts_are_their_own_spelling(text: str) -> None:
    """What may be used is read again as itself, and is the same as what it was read from."""
    for judge_one, same in ((check_mobile, same_mobile), (check_email, same_email)):
        usable, code = judge_one(text)
        assert code is None or code.startswith(("mobile_", "email_"))
        if usable is not None:
            assert usable == judge_one(usable)[0]
            assert same(text, usable)
    propose_email(text)


@cheap
@given(TEXT, TEXT)
def test_names_are_compared_without_a_fall(one: str, other: str) -> None:
    """Tidying and keys are idempotent and short; comparing is symmetric; scores lie between 0 and 1."""
    assert tidy(one) == tidy(tidy(one))
    assert normalise(one) == normalise(normalise(one))
    assert max(len(tidy(one)), len(normalise(one))) <= LONGEST
    assert phonetic(one) == phonetic(one.upper()) or not one.isascii()
    assert agrees(one, other) == agrees(other, one)
    assert 0.0 <= score(one, other) <= 1.0
    assert all(any(c.isalpha() for c in name) for name in split_pupils(one))


# --- frames -----------------------------------------------------------------------------------------------------------


@dear
@given(st.lists(ENTRY, max_size=60))
def test_any_entries_give_verdicts(entries: list[dict[str, Any]]) -> None:
    """Every row has values or a reason, both as their models say, and judging them again changes nothing."""
    rows = [
        {"submission": f"S-{at // 4}", "slot": at % 2 + 1, "ord": at // 2 % 2, **one} for at, one in enumerate(entries)
    ]
    names = ("submission", "slot", "ord", *FIELDS, "refused")
    clean_, failures = judge_frame(build(EntriesAsRead, **{n: [row[n] for row in rows] for n in names}), TEST, TODAY)
    check(EntriesValidated, clean_)
    check(Failures, failures)
    places = set(failures[["submission", "slot", "ord"]].itertuples(index=False, name=None))

    assert len(rows) == len(clean_)
    for row, made in zip(rows, clean_.itertuples(index=False), strict=True):
        missing = pd.isna(made.pupil) or pd.isna(made.name) or (pd.isna(made.fnr) and not row["refused"])
        assert not missing or (row["submission"], row["slot"], row["ord"]) in places
    pd.testing.assert_frame_equal(clean_, judge_frame(clean_, TEST, TODAY).clean)


LINES = st.lists(
    st.sampled_from(
        ["Foresatte 1", "Foresatte 2", "Foresatte til:", "Fødselsnr (11 Siffer):", "Navn:", "Mobil:", "E-post:"]
    )
    | TEXT,
    max_size=24,
)


@dear
@given(st.lists(LINES.map("\n".join) | LINES.map(" | ".join), max_size=8))
def test_any_letter_gets_a_verdict(letters: list[str]) -> None:
    """From text to judged entries, a batch at a time: one verdict each, in order, whatever the letters hold."""
    ids = [f"S-{at}" for at in range(len(letters))]
    claims = [Claimed(ident, "post", datetime.now(UTC), b"", "text/plain", "", 0, False) for ident in ids]
    readings = {ident: read_text(letter) for ident, letter in zip(ids, letters, strict=True)}
    verdicts = validate_batch(claims, dict.fromkeys(ids, Opened("text", "not_encrypted")), readings, TEST, TODAY)

    assert ids == [verdict.submission for verdict in verdicts]
    for verdict in verdicts:
        columns = sum(len(form.entries) for form in readings[verdict.submission].forms if form.kind == "guardian")
        assert len(verdict.entries) >= columns


# --- the roster -------------------------------------------------------------------------------------------------------

ROSTER_CELL = TEXT | st.sampled_from(["e1", "e2", "2010-03-05", "2025-08-18", "2026-02-30", "ja", "nei", *GOOD[:5]])


@dear
@given(
    st.lists(st.lists(ROSTER_CELL, min_size=len(HEADERS), max_size=len(HEADERS)), max_size=8),
    st.binary(max_size=12),
    st.integers(0, 3000),
)
def test_any_roster_gives_pupils_or_a_fault(rows: list[list[str]], noise: bytes, at: int) -> None:
    """Well-formed or damaged: pupils with key, name and dates, or one fault of its own kind without a value."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(HEADERS)
    writer.writerow(["e9", "Ola Maur", "2010-03-05", "2STA", "2025-08-18", *[""] * (len(HEADERS) - 5)])
    writer.writerows([[cell.replace("\0", "") for cell in row] for row in rows])
    whole = out.getvalue().encode("utf-8", "replace")
    for data in (whole, whole[:at] + noise + whole[at:]):
        try:
            pupils = CsvRoster(data).read().pupils
        except UsageFault as fault:
            assert fault.code.startswith("roster_")
            assert not any(number in fault.message for number in GOOD)
        else:
            assert all(one.key and one.name and one.enrolments for one in pupils)
