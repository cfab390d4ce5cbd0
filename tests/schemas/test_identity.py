"""Identity numbers are judged as the rules say. All numbers are synthetic or published arithmetic vectors."""

from calendar import monthrange
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.exceptions import InvalidComponent
from stdnum.no import fodselsnummer as stdnum

from schemas import identity
from schemas.identity import KINDS, REASONS, SCHEMES, SYNTHETICS, classify, judge
from schemas.numbers import WEIGHTS_1, WEIGHTS_2, check_digits, clean

ON = date(2026, 11, 23)
FNR, D, H, FH = KINDS
S80, S65, S40 = SYNTHETICS
SYNTHETIC = "41819077302"  # a D-number, month + 80


def first_number(day: int, month: int, yy: int, series: range) -> str:
    """The first number of the series that has check digits by the rule of 1964."""
    nines = (f"{day:02}{month:02}{yy:02}{s:03}" for s in series)
    return next(nine + checks for nine in nines if (checks := check_digits(nine)))


# -------------------------------------------------------------------------------------------- the published vectors

VECTORS = [
    # number, kind, synthetic, scheme, birth date
    ("41819077302", D, S80, "legacy", "1990-01-01"),
    ("30108299920", FNR, None, "legacy", "1982-10-30"),
    ("02013299997", FNR, None, "legacy", "2032-01-02"),
    ("02013299903", FNR, None, "2032", None),
    ("29020073150", FNR, None, "legacy", "2000-02-29"),
    ("41814061033", D, S80, "legacy", "1940-01-01"),
    ("41814075603", D, S80, "legacy", "1940-01-01"),
    ("41810021827", D, S80, "legacy", "2000-01-01"),
    ("41810034422", D, S80, "legacy", "2000-01-01"),
    ("17912099997", FNR, S80, "legacy", "2020-11-17"),
    ("29822099635", FNR, S80, "legacy", "2020-02-29"),
    ("12829499914", FNR, S80, "legacy", "1994-02-12"),
    ("52829400197", D, S80, "legacy", "1994-02-12"),
    ("12905299938", FNR, S80, "legacy", "1952-10-12"),
    ("21883649874", FNR, S80, "legacy", "1936-08-21"),
    ("61883600222", D, S80, "legacy", "1936-08-21"),
    ("21929774873", FNR, S80, "legacy", "1897-12-21"),
    ("15507600333", FNR, S40, "legacy", "1976-10-15"),
    ("55507608360", D, S40, "legacy", "1976-10-15"),
    ("29422059278", FNR, S40, "legacy", "2020-02-29"),
    ("05440355678", FNR, S40, "legacy", "2003-04-05"),
    ("45440356293", D, S40, "legacy", "2003-04-05"),
    ("10915596784", FNR, S80, "legacy", "1955-11-10"),
    ("50846202355", D, S80, "legacy", "1962-04-10"),
    ("46879700922", D, S80, "legacy", "1997-07-06"),
    ("41664061188", D, S65, "legacy", "1940-01-01"),
    ("41774061388", D, S65, "legacy", "1940-12-01"),
    ("49680699185", D, S65, "legacy", "2006-03-09"),
    ("01415612385", FNR, S40, "legacy", "1956-01-01"),
    ("81234567802", FH, None, "legacy", None),
]
FAULTY = [
    ("41934063587", "fnr_date"),  # month 93, check digits right
    ("41804061033", "fnr_date"),  # month 80
    ("15407300685", "fnr_date"),  # month 40, check digits right
    ("01535612303", "fnr_date"),  # month 53, check digits right
    ("13097248032", "fnr_checksum"),
    ("13097248023", "fnr_checksum"),
    ("02013299987", "fnr_checksum"),
    ("1234567890", "fnr_length"),
    ("123456789101", "fnr_length"),
    ("1234567891A", "fnr_length"),
]


@pytest.mark.parametrize(("number", "kind", "synthetic", "scheme", "born"), VECTORS)
def test_published_vectors_are_read_right(
    number: str, kind: str, synthetic: str | None, scheme: str, born: str | None
) -> None:
    """Every published vector has its kind, origin, scheme and date (+ 40 read as NAV's)."""
    verdict = judge(number, environment="test", on=ON, plus40="nav")

    assert (kind, synthetic, scheme, True) == verdict[:4]
    assert (born and date.fromisoformat(born)) == verdict.birth_date_hint


@pytest.mark.parametrize(("number", "reason"), FAULTY)
@pytest.mark.parametrize("environment", ["test", "production"])
def test_published_faults_are_named(number: str, reason: str, environment: Any) -> None:
    """Every published faulty vector is invalid for its own reason, the same in every environment."""
    assert (None, None, None, False, False, reason, None, False) == judge(number, environment=environment, on=ON)


@pytest.mark.parametrize("number", ["21528704651", "27862199486", "02851798067"])
def test_vectors_without_a_stated_date_are_valid(number: str) -> None:
    """Published as valid, with nothing asserted of the date."""
    assert judge(number, environment="test", on=ON, plus40="nav").accepted


# ------------------------------------------------------------------------------------------------- acceptance


@pytest.mark.parametrize(
    ("in_production", "in_test", "number"),
    [
        ("fnr_synthetic_in_production", None, SYNTHETIC),
        ("fnr_synthetic_in_production", None, "41664061188"),  # + 65
        (None, "fnr_real_in_test", "30108299920"),
        ("fnr_kind_no_login", "fnr_kind_no_login", "81234567802"),  # FH
        ("fnr_kind_no_login", "fnr_kind_no_login", "15507600333"),  # + 40, undecided
        ("fnr_checksum", "fnr_real_in_test", "02013299903"),  # only by the rule of 2032
    ],
)
def test_each_environment_accepts_its_own(in_production: str | None, in_test: str | None, number: str) -> None:
    """Production takes nothing synthetic, test nothing else, and what cannot log in is told so in both."""
    production, test = (judge(number, environment=e, on=ON) for e in ("production", "test"))

    assert production.valid
    assert test.valid
    assert (in_production, in_test) == (production.reason, test.reason)
    assert (in_production is None, in_test is None) == (production.accepted, test.accepted)


@pytest.mark.parametrize(
    ("plus40", "kind", "synthetic", "in_production", "in_test"),
    [
        (None, None, S40, "fnr_kind_no_login", "fnr_kind_no_login"),
        ("nav", FNR, S40, "fnr_synthetic_in_production", None),
        ("h_number", H, None, "fnr_kind_no_login", "fnr_kind_no_login"),
    ],
)
def test_a_month_plus_40_is_decided_by_the_setting_alone(
    plus40: Any, kind: str | None, synthetic: str | None, in_production: str | None, in_test: str | None
) -> None:
    """H-number or NAV's synthetic: the shape is the same, so it is never guessed."""
    production, test = (judge("01415612385", environment=e, on=ON, plus40=plus40) for e in ("production", "test"))

    assert (kind, synthetic, True) == (test.kind, test.synthetic, test.valid)
    assert (in_production, in_test) == (production.reason, test.reason)


@pytest.mark.parametrize(
    ("accepted", "on", "since"),
    [
        (False, date(2031, 12, 31), date(2032, 1, 1)),
        (True, date(2032, 1, 1), date(2032, 1, 1)),
        (True, ON, ON),  # the school accepts it early
    ],
)
def test_the_rule_of_2032_counts_from_its_day(accepted: bool, on: date, since: date) -> None:
    """A number that only the new rule allows is valid all along, and accepted from the day in the settings."""
    verdict = judge("02013299903", environment="production", on=on, accept_2032_from=since)

    assert verdict.valid
    assert accepted == verdict.accepted


def test_a_century_never_issued_is_valid_by_the_rule_of_2032_alone() -> None:
    """Series 750-899 of the years 40-99 belong to no century, so before 2032 the date is the fault."""
    number = first_number(1, 81, 70, range(800, 900))
    verdict = judge(number, environment="test", on=ON)

    assert ("2032", True, "fnr_date") == (verdict.scheme, verdict.valid, verdict.reason)
    assert judge(number, environment="test", on=date(2032, 1, 1)).accepted


def test_a_birth_date_ahead_is_a_hint_and_no_more() -> None:
    """What the number says of the birth date never decides, not even when it has not come yet."""
    assert judge("02013299997", environment="production", on=ON).accepted


# ------------------------------------------------------------------------------------------------- what is written


@pytest.mark.parametrize(
    "written",
    [
        "418190 77302",
        "418190-77302",
        "418190.77302",
        "418190\u00a077302",
        " 41 81 90 773 02 ",
        "418190 – 77302",
        "418190\u202f77302\n",
        "4-1-8-1-9-0-7-7-3-0-2",
        "41819077302\u200b",
    ],
)
def test_separators_that_people_write_are_removed(written: str) -> None:
    """Spaces of every kind, hyphens, dashes and dots stand in nobody's way."""
    assert SYNTHETIC == clean(written)
    assert judge(written, environment="test", on=ON).accepted
    assert not judge(written, environment="test", on=ON).folded


@pytest.mark.parametrize("written", ["４１８１９０７７３０２", "٤١٨١٩٠ ٧٧٣٠٢", "4181９077302"])
def test_digits_of_other_scripts_are_folded_and_noted(written: str) -> None:
    """Full-width and other Unicode digits count as digits, and a person can see that they were folded."""
    verdict = judge(written, environment="test", on=ON)

    assert SYNTHETIC == clean(written)
    assert (True, True) == (verdict.accepted, verdict.folded)


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        ("fnr_missing", None),
        ("fnr_missing", ""),
        ("fnr_missing", " - "),
        ("fnr_length", "vet ikke"),
        ("fnr_length", "418190:77302"),
        ("fnr_length", "418190/77302"),
        ("fnr_length", "4181907730"),
        ("fnr_length", "418190773021"),
        ("fnr_length", "4181907730²"),
        ("fnr_length", "41819O77302"),
        ("fnr_length", SYNTHETIC + " " + SYNTHETIC),
        ("fnr_length", SYNTHETIC + " " * 5000),
        ("fnr_length", "\ud800" * 11),
        ("fnr_lost_leading_zero", "1810000186"),
        ("fnr_lost_leading_zero", "181000 0186"),
        ("fnr_checksum", "41819077303"),
    ],
)
def test_what_is_no_number_says_why(reason: str, written: str | None) -> None:
    """Missing, wrong length and a lost zero are told apart, and nothing is repaired."""
    verdict = judge(written, environment="test", on=ON)

    assert (reason, False) == (verdict.reason, verdict.valid)


def test_the_lost_zero_of_this_file_is_one() -> None:
    """The ten digits above are a synthetic number without its first zero."""
    assert judge("01810000186", environment="test", on=ON).accepted


# ------------------------------------------------------------------------------------------------- input and output


def test_the_frame_has_the_promised_shape() -> None:
    """Columns, order and dtypes are those of the interface."""
    frame = classify([SYNTHETIC, None], environment="test")

    assert ["kind", "synthetic", "scheme", "valid", "accepted", "reason", "birth_date_hint"] == list(frame.columns)
    assert ["category"] * 3 + ["bool"] * 2 + ["category", "datetime64[s]"] == [str(t) for t in frame.dtypes]
    for column, categories in (("kind", KINDS), ("synthetic", SYNTHETICS), ("scheme", SCHEMES), ("reason", REASONS)):
        assert list(categories) == list(frame[column].cat.categories)
    assert frame.index.equals(pd.RangeIndex(2))


TYPED = [
    "str",
    "object",
    "category",
    "string[python]",
    "string[pyarrow]",
    pd.ArrowDtype(pa.string()),
    pd.ArrowDtype(pa.large_string()),
    pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string())),
]


@pytest.mark.parametrize("dtype", TYPED, ids=str)
def test_every_text_dtype_gives_the_same(dtype: Any) -> None:
    """How pandas keeps the text makes no difference, nor do a slice, a step or an index of one's own."""
    numbers = [n for n, *_ in VECTORS] + [n for n, _ in FAULTY] + [None, "418190 77302", "１" * 11]
    series = pd.Series(numbers, index=range(100, 100 + len(numbers)), dtype=dtype)
    expected = classify(numbers, environment="test", on=ON)

    found = classify(series, environment="test", on=ON)
    assert found.index.equals(series.index)
    pd.testing.assert_frame_equal(expected, found.reset_index(drop=True))
    pd.testing.assert_frame_equal(found.iloc[3::2], classify(series.iloc[3::2], environment="test", on=ON))


def test_lists_arrays_and_indexes_are_taken() -> None:
    """Any iterable of text will do, an empty one too."""
    numbers = [SYNTHETIC, "1"]
    expected = classify(pd.Series(numbers), environment="test")

    for given_ in (tuple(numbers), iter(numbers), np.array(numbers), pd.Index(numbers)):
        pd.testing.assert_frame_equal(expected, classify(given_, environment="test"))
    assert (0, 7) == classify([], environment="test").shape


@pytest.mark.parametrize(
    "numbers",
    [
        pd.Series([1820959570]),
        pd.Series([1820959570.0]),
        pd.Series([True]),
        pd.Series(pd.to_datetime(["2026-11-23"])),
        pd.Series([1], dtype="category"),
        pd.Series([1], dtype="Int64"),
        pd.Series([1], dtype=pd.ArrowDtype(pa.int64())),
        np.array([1, 2]),
        SYNTHETIC,
    ],
    ids=str,
)
def test_numbers_as_numbers_are_refused(numbers: Any) -> None:
    """Integers, floats, truths, dates, and one text in place of a column are wrong use, never coerced."""
    with pytest.raises(TypeError):
        classify(numbers, environment="test")


def test_a_foreign_object_among_texts_is_its_own_fault_alone() -> None:
    """What is no text in an object column has no length to speak of; missing is missing; neighbours are untouched."""
    column = pd.Series(
        [SYNTHETIC, 41819077302, 4.1e10, b"41819077302", ["4"], None, np.nan, pd.NA, SYNTHETIC], dtype=object
    )

    reasons = classify(column, environment="test").reason.astype(object)
    assert [None, *["fnr_length"] * 4, *["fnr_missing"] * 3, None] == [None if pd.isna(r) else r for r in reasons]


# ------------------------------------------------------------------------------------------------- properties

WRITTEN = st.none() | st.text(max_size=30) | st.text(alphabet="0123456789 -.４٢x", max_size=16)


@st.composite
def synthetic_numbers(draw: st.DrawFn) -> str:
    """A well-made number with an offset, or a FH-number; check digits by either rule."""
    day, month = draw(st.integers(1, 31)), draw(st.integers(1, 12))
    offset = draw(st.sampled_from([40, 65, 80]))
    nine = f"{day + draw(st.sampled_from([0, 40])):02}{month + offset:02}{draw(st.integers(0, 99999)):05}"
    if draw(st.integers(0, 9)) == 0:
        nine = draw(st.sampled_from("89")) + nine[1:]
    k1 = (draw(st.integers(0, 3)) - sum(w * int(d) for w, d in zip(WEIGHTS_1, nine, strict=True))) % 11
    ten = f"{nine}{k1 % 10}"
    k2 = -sum(w * int(d) for w, d in zip(WEIGHTS_2, ten, strict=True)) % 11
    return f"{ten}{k2 % 10}"


def reference(number: str, environment: str, on: date, plus40: str | None, since: date) -> tuple[Any, ...]:
    """The rules once more, for eleven ASCII digits, one number at a time and as plainly as can be."""
    d = [int(c) for c in number]
    r1 = (sum(w * x for w, x in zip(WEIGHTS_1, d, strict=False)) + d[9]) % 11
    r2 = (sum(w * x for w, x in zip(WEIGHTS_2, d, strict=False)) + d[10]) % 11
    day, month, yy, series = int(number[:2]), int(number[2:4]), int(number[4:6]), int(number[6:9])
    is_d = 41 <= day <= 71
    day -= 40 * is_d
    offset = next((o for o in (0, 40, 65, 80) if 1 <= month - o <= 12), None)
    fh = d[0] >= 8
    if not fh and (offset is None or not 1 <= day <= monthrange(2000 + yy, month - offset)[1]):
        return (None, None, None, False, "fnr_date", None)
    if r1 > 3 or r2:
        return (None, None, None, False, "fnr_checksum", None)
    born = None
    if not fh:
        assert offset is not None
        year = next((y + yy for low, high, first, last, y in (D_SERIES if is_d else FNR_SERIES)
                     if low <= series <= high and first <= yy <= last), None)  # fmt: skip
        if r1 == 0 and year and day <= monthrange(year, month - offset)[1]:
            born = date(year, month - offset, day)
    scheme = "legacy" if born or (fh and r1 == 0) else "2032"
    kind: str | None = FH if fh else D if is_d else FNR
    synthetic = None if fh or not offset else {40: S40, 65: S65, 80: S80}[offset]
    if not fh and offset == 40:
        kind = {None: None, "nav": kind, "h_number": H}[plus40]
        synthetic = None if plus40 == "h_number" else S40
    reason = None
    if kind not in (FNR, D):
        reason = "fnr_kind_no_login"
    elif environment == "production" and synthetic:
        reason = "fnr_synthetic_in_production"
    elif environment == "test" and not synthetic:
        reason = "fnr_real_in_test"
    elif scheme == "2032" and on < since:
        reason = "fnr_checksum" if r1 else "fnr_date"
    return (kind, synthetic, scheme, True, reason, born)


FNR_SERIES = [(0, 499, 0, 99, 1900), (500, 749, 54, 99, 1800), (500, 999, 0, 39, 2000), (900, 999, 40, 99, 1900)]
D_SERIES = [
    (500, 599, 58, 99, 1800),
    (0, 199, 0, 39, 1900),
    (0, 499, 40, 99, 1900),
    (600, 999, 40, 99, 1900),
    (200, 999, 0, 39, 2000),
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(synthetic_numbers() | st.from_regex(r"\A[0-9]{2}[4-9][0-9]{8}\Z"), min_size=1, max_size=20),
    st.sampled_from(["production", "test"]),
    st.sampled_from([ON, date(2032, 1, 1)]),
    st.sampled_from([None, "nav", "h_number"]),
)
def test_the_column_and_the_plain_rules_agree(numbers: list[str], environment: Any, on: date, plus40: Any) -> None:
    """The vectorised verdicts are those of a plain reading of the rules, number by number."""
    since = date(2032, 1, 1)
    frame = classify(numbers, environment=environment, on=on, plus40=plus40, accept_2032_from=since)

    found = frame.astype(object).where(frame.notna(), None)
    for number, row in zip(numbers, found.itertuples(index=False), strict=True):
        hint = row.birth_date_hint and row.birth_date_hint.date()
        expected = reference(number, environment, on, plus40, since)
        assert expected == (row.kind, row.synthetic, row.scheme, row.valid, row.reason, hint)
        assert row.accepted == (row.reason is None)


@settings(max_examples=40, deadline=None)
@given(st.lists(WRITTEN, max_size=40))
def test_no_text_raises_and_order_is_kept(numbers: list[str | None]) -> None:
    """Any text gets a verdict, in its place; accepted and reason exclude each other."""
    frame = classify(numbers, environment="test", on=ON)

    assert len(numbers) == len(frame)
    assert (frame.accepted == frame.reason.isna()).all()
    assert not (frame.accepted & ~frame.valid).any()
    reversed_ = classify(numbers[::-1], environment="test", on=ON)
    pd.testing.assert_frame_equal(frame, reversed_.iloc[::-1].reset_index(drop=True))


@settings(max_examples=40, deadline=None)
@given(st.lists(WRITTEN | synthetic_numbers(), max_size=60), st.integers(1, 20))
def test_chunking_is_invisible(numbers: list[str | None], size: int) -> None:
    """The size of the runs changes nothing, nor does text that comes in pieces already."""
    whole = classify(numbers, environment="test", on=ON)

    sizes = identity._CHUNK, identity._ODD_CHUNK
    try:
        identity._CHUNK, identity._ODD_CHUNK = size, max(1, size // 2)  # type: ignore[misc]
        pd.testing.assert_frame_equal(whole, classify(numbers, environment="test", on=ON))
        text = [n.encode("utf-8", "replace").decode() if n else n for n in numbers]
        pieces = pa.chunked_array([text[i : i + 7] for i in range(0, len(text), 7)], pa.string())
        series = pd.Series(pieces.to_pandas(types_mapper=pd.ArrowDtype))
        pd.testing.assert_frame_equal(whole, classify(series, environment="test", on=ON))
    finally:
        identity._CHUNK, identity._ODD_CHUNK = sizes  # type: ignore[misc]


@settings(max_examples=40, deadline=None)
@given(WRITTEN)
def test_cleaning_is_idempotent_and_judged_alike(written: str | None) -> None:
    """Cleaning twice is cleaning once, and a cleaned number gets the verdict of the written one."""
    once = clean(written or "")

    assert once == clean(once)
    assert judge(once, environment="test", on=ON)[:7] == judge(written, environment="test", on=ON)[:7]


@settings(max_examples=40, deadline=None)
@given(synthetic_numbers(), st.integers(0, 10), st.integers(1, 9))
def test_a_single_wrong_digit_is_always_caught(number: str, place: int, by: int) -> None:
    """No slip of one digit turns a valid number into another valid one, under either rule."""
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]

    first, second = (judge(n, environment="test", on=ON) for n in (number, wrong))
    assert not (first.valid and second.valid)


# -------------------------------------------------------------- python-stdnum, the independent oracle where it is right


@given(synthetic_numbers())
def test_check_digits_are_those_of_stdnum(number: str) -> None:
    """For any nine digits stdnum and we compute the same check digits, or both find that there are none."""
    k1 = stdnum.calc_check_digit1(number[:9])
    k2 = stdnum.calc_check_digit2(number[:9] + k1) if len(k1) == 1 else "10"

    assert check_digits(number[:9]) == (k1 + k2 if len(k1 + k2) == 2 else None)


def stdnum_date(number: str) -> date | None:
    """The date stdnum reads. It knows no + 80, so it is shown + 40, whose check digits it is not asked about."""
    try:
        return stdnum.get_birth_date(f"{number[:2]}{int(number[2:4]) - 40}{number[4:]}")
    except InvalidComponent:
        return None


def every_series(*, d_number: bool) -> pd.DataFrame:
    """A + 80 number for each of the 100 000 pairs of year and series, on the first day of January on which it has
    check digits by the rule of 1964, with our date and stdnum's."""
    pairs = np.array(list(product(range(100), range(1000))))
    ten_days = np.arange(1, 11) + 40 * d_number
    day, month, yy, series = np.broadcast_arrays(ten_days, 81, pairs[:, :1], pairs[:, 1:])
    nine = ((day * 100 + month) * 100 + yy) * 1000 + series
    digits = nine[..., None] // 10 ** np.arange(8, -1, -1) % 10
    k1 = -(digits @ np.array(WEIGHTS_1)) % 11
    k2 = -(digits @ np.array(WEIGHTS_2[:9]) + k1 * WEIGHTS_2[9]) % 11
    chosen = np.arange(len(pairs)), ((k1 < 10) & (k2 < 10)).argmax(axis=1)
    numbers = [f"{n:09}{a}{b}" for n, a, b in zip(nine[chosen], k1[chosen], k2[chosen], strict=True)]
    verdicts = classify(numbers, environment="test", on=ON)
    assert verdicts.valid.all()
    hints = [None if pd.isna(hint) else hint.date() for hint in verdicts.birth_date_hint]
    theirs = pd.Series([stdnum_date(number) for number in numbers], dtype=object)
    return pd.DataFrame(
        {"yy": pairs[:, 0], "series": pairs[:, 1], "stdnum": theirs, "ours": pd.Series(hints, dtype=object)}
    )


def test_fodselsnummer_dates_are_those_of_stdnum() -> None:
    """For every year and series of a fødselsnummer the date is stdnum's. No difference."""
    frame = every_series(d_number=False)

    assert frame.stdnum.tolist() == frame.ours.tolist()


def test_d_number_dates_differ_from_stdnum_where_its_table_is_wrong() -> None:
    """stdnum reads D-numbers by the table of fødselsnummer. Of 98 200 pairs issued since 2021 it rejects 11 100 and
    dates 18 900 to the wrong century; these differences and no others."""
    frame = every_series(d_number=True)
    issued = frame.ours.notna()
    rejected = issued & frame.stdnum.isna()
    wrong = issued & ~rejected & (frame.ours != frame.stdnum)

    assert (98_200, 11_100, 18_900) == (issued.sum(), rejected.sum(), wrong.sum())
    assert (frame.ours == frame.stdnum)[issued & ~rejected & ~wrong].all()
    # The rest, by the table: never issued as D-number, yet dated by stdnum.
    assert (frame[~issued].series.between(500, 599) & frame[~issued].yy.between(40, 57)).all()


KIND = "fnr_kind_no_login"  # what we say of an undecided + 40, the only offset that stdnum reads
REAL = "fnr_real_in_test"
DIFFERENCES = [
    ("D-number of 29 February 2000: stdnum reads 1900, no leap year", "leap", KIND, False, True),
    ("+ 40 (H-number or NAV): stdnum takes it for an ordinary number", "15507600333", KIND, True, True),
    ("+ 65 (Norsk helsenett): stdnum knows no such month", "41664061188", None, False, True),
    ("+ 80 (Skatteetaten): stdnum knows no such month", "41819077302", None, False, True),
    ("FH-number: stdnum wants a date", "81234567802", KIND, False, True),
    ("2032, r1 of 1 to 3: stdnum has the rule of 1964 alone", "02013299903", REAL, False, True),
    ("a date ahead: stdnum's answer changes with the day", "02013299997", REAL, False, True),
    ("no century: stdnum rejects what 2032 allows", "no century", KIND, False, True),
    ("a colon between: not what people write", "155076:00333", "fnr_length", True, False),
    ("a dot between: people write it", "155076.00333", KIND, False, True),
]


@pytest.mark.parametrize(("why", "number", "reason", "theirs", "ours"), DIFFERENCES, ids=[d[0] for d in DIFFERENCES])
def test_the_known_differences_to_stdnum(why: str, number: str, reason: str | None, theirs: bool, ours: bool) -> None:
    """Where we differ from stdnum we mean to, each time for the reason given; a repaired stdnum fails this test."""
    made = {"leap": first_number(69, 42, 0, range(200, 500)), "no century": first_number(1, 41, 70, range(800, 900))}
    number = made.get(number, number)
    verdict = judge(number, environment="test", on=ON)

    assert theirs == stdnum.is_valid(number), why
    assert (ours, reason) == (verdict.valid, verdict.reason), why


@pytest.mark.parametrize(
    "number", ["29020073150", "30108299920", "13097248032", "13097248023", "02013299987", "1234567890"]
)
def test_ordinary_vectors_are_as_stdnum_has_them(number: str) -> None:
    """On the published arithmetic vectors of the old rule we agree."""
    assert stdnum.is_valid(number) == judge(number, environment="production", on=ON).accepted


@pytest.mark.parametrize("nine", ["", "12345678", "1234567890", "12345678a", "１２３４５６７８９"])
def test_check_digits_want_nine_digits(nine: str) -> None:
    """Anything else is a mistake of the caller."""
    with pytest.raises(ValueError, match="nine digits"):
        check_digits(nine)
