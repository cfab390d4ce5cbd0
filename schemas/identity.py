"""Norwegian identity numbers, judged at millions a second: kind, scheme, validity, and whether one may be used here.

Belongs here: the rules of fødselsnummer, D-number, H-number and FH-number, over whole columns. Does not belong here:
repair (check digits detect, they never mend), ages (the date is a hint), looking anyone up. pandas and numpy are
imported at the top, so import this file only where a column is judged; text and arithmetic are in `schemas.numbers`.

Sources: Skatteetaten's documentation of the numbers, of the D-number series of 2021 and of the reform of 2032;
Norsk helsenett for H, FH and +65; NAV for +40.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute

from schemas.numbers import (
    OTHER,
    SEPARATOR,
    WEIGHTS_1,
    WEIGHTS_2,
    check_digits,
    classify_character,
    clean,
    was_folded,
)

if TYPE_CHECKING:
    from schemas.settings import Environment

__all__ = ["KINDS", "REASONS", "SCHEMES", "SYNTHETICS", "Verdict", "check_digits", "classify", "clean", "judge"]

Plus40 = Literal["h_number", "nav"]

KINDS: Final = ("fodselsnummer", "d_number", "h_number", "fh_number")
SYNTHETICS: Final = ("skatteetaten", "nhn", "nav_or_h")
SCHEMES: Final = ("legacy", "2032")
REASONS: Final = (
    "fnr_missing",
    "fnr_length",
    "fnr_lost_leading_zero",
    "fnr_date",
    "fnr_checksum",
    "fnr_kind_no_login",
    "fnr_synthetic_in_production",
    "fnr_real_in_test",
)
"""In order of precedence: the first that applies is the reason."""

_MISSING, _LENGTH, _LOST_ZERO, _DATE, _CHECKSUM, _NO_LOGIN, _SYNTHETIC, _REAL = range(8)
_NONE: Final = -1  # pandas' code for a missing category
_CHUNK: Final = 65_536  # rows; what fits a core's cache is twice as fast as one pass over everything
_ODD_CHUNK: Final = 8_192
_ODD_BYTES: Final = 256  # a longer text is no number, however it is spaced

Array = np.ndarray[Any, np.dtype[Any]]
pa: Final[Any] = pyarrow  # has no types of its own
pc: Final[Any] = pyarrow.compute
Text = Any  # a pyarrow.LargeStringArray


class Verdict(NamedTuple):
    """One number's row of `classify`, and whether non-ASCII digits were folded on the way."""

    kind: str | None
    synthetic: str | None
    scheme: str | None
    valid: bool
    accepted: bool
    reason: str | None
    birth_date_hint: date | None
    folded: bool


def classify(
    numbers: pd.Series[Any] | Iterable[str | None],
    *,
    environment: Environment,
    on: date | None = None,
    plus40: Plus40 | None = None,
    accept_2032_from: date = date(2032, 1, 1),
) -> pd.DataFrame:
    """Judge every number; one row per input, in order.

    Args:
        numbers: a Series of text (`str`, ArrowDtype or object), or an iterable of `str | None`.
        environment: `production` accepts nothing synthetic, `test` nothing else.
        on: the day that counts for the 2032 switch; today in Europe/Oslo where None.
        plus40: what a month + 40 is; None leaves it undecided: valid, not accepted.
        accept_2032_from: numbers that only the rule of 2032 allows are accepted from this day.

    Returns:
        A frame with the input Series' index (else a RangeIndex) and the columns
        kind, synthetic, scheme, reason: category (`KINDS`, `SYNTHETICS`, `SCHEMES`, `REASONS`) or missing;
        valid: bool, well formed under some scheme, whatever the day; accepted: bool, valid and usable here today;
        birth_date_hint: datetime64[s] by the century tables, NaT where they say nothing (FH-numbers, scheme 2032).
        `reason` is missing exactly where `accepted`. kind, synthetic and scheme are missing where not `valid`; kind
        also for an undecided + 40. D-numbers 200-499 of the years 00-39 are dated 2000-2039, though some older ones
        mean the 1900s. The hint never decides anything, not even when it lies ahead.

    Reasons in order of precedence (a number has one): missing; not eleven digits, or ten that a leading zero would
    make valid; an impossible date (before the check digits, which a wrong date nearly always spoils too); check
    digits; a kind that cannot log in (H, FH, undecided + 40: in every environment); the environment; last, a number
    that only the rule of 2032 allows, before its day: the check digits or the date, as today's rule sees it.

    Raises:
        TypeError: a numeric, boolean or date column. Numbers are text; a zero in front is lost otherwise. A value
            in an object column that is no text is `fnr_length`.
    """
    rules = _Rules(environment, on or datetime.now(ZoneInfo("Europe/Oslo")).date(), plus40, accept_2032_from)
    if isinstance(numbers, str):
        raise TypeError("one number alone is for judge")
    if not isinstance(numbers, pd.Series):
        typed = isinstance(numbers, np.ndarray | pd.Index)
        numbers = pd.Series(numbers) if typed else pd.Series(list(numbers), dtype=object)
    if isinstance(numbers.dtype, pd.CategoricalDtype):
        numbers = numbers.astype(numbers.cat.categories.dtype)
    _refuse_numbers(numbers.dtype)
    out = _Columns(len(numbers))
    start = 0
    for part, foreign in _parts(numbers):
        out.fill(start, rules.judge(*_digits(part, foreign)))
        start += len(part)
    return out.frame(numbers.index)


def judge(
    number: str | None,
    *,
    environment: Environment,
    on: date | None = None,
    plus40: Plus40 | None = None,
    accept_2032_from: date = date(2032, 1, 1),
) -> Verdict:
    """One number, by the same rules as `classify`. A convenience: a column at a time is thousands of times faster."""
    frame = classify([number], environment=environment, on=on, plus40=plus40, accept_2032_from=accept_2032_from)
    kind, synthetic, scheme, valid, accepted, reason, hint = (
        None if pd.isna(value) else value for value in frame.iloc[0]
    )
    hint = None if hint is None else hint.date()
    return Verdict(
        kind,
        synthetic,
        scheme,
        bool(valid),
        bool(accepted),
        reason,
        hint,
        isinstance(number, str) and was_folded(number),
    )


# ------------------------------------------------------------------------------------------------- text to digits


def _parts(numbers: pd.Series[Any]) -> Iterator[tuple[Text, Array | None]]:
    """The text as runs of Arrow, with a mask of the values that are no text (None where all are)."""
    if numbers.dtype == object or getattr(numbers.dtype, "storage", "") == "python":
        values = numbers.to_numpy(object)
        for start in range(0, len(values), _CHUNK):
            yield _from_objects(values[start : start + _CHUNK])
        return
    column = pa.array(numbers)
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        for start in range(0, len(chunk), _CHUNK):
            yield chunk.slice(start, _CHUNK).cast(pa.large_string()), None


def _from_objects(values: Any) -> tuple[Text, Array | None]:
    foreign = None
    if pd.api.types.infer_dtype(values, skipna=True) not in ("string", "empty"):
        text = np.fromiter((isinstance(value, str) for value in values), bool, len(values))
        foreign = ~(text | pd.isna(values))
        values = np.where(text, values, None)
    try:
        return pa.array(values, pa.large_string(), from_pandas=True), foreign
    except UnicodeEncodeError:  # a lone surrogate is no digit, and no reason to fall over
        mended = [v.encode("utf-8", "replace").decode() if isinstance(v, str) else None for v in values]
        return pa.array(mended, pa.large_string()), foreign


def _refuse_numbers(dtype: object) -> None:
    kind = dtype
    if isinstance(dtype, pd.ArrowDtype):
        kind = dtype.pyarrow_dtype
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
        if any(test(kind) for test in tests):
            return
    if not (isinstance(kind, pd.StringDtype) or kind == np.dtype(object)):
        raise TypeError(f"identity numbers are text, not {dtype}: as numbers they lose a zero in front")


def _bytes(part: Text) -> tuple[Array, Array]:
    """Where each text ends, counted from the first one's start, and the bytes of all."""
    _, offsets, data = part.buffers()
    ends = np.frombuffer(offsets, np.int64)[part.offset : part.offset + len(part) + 1]
    first, last = int(ends[0]), int(ends[-1])
    return ends - first, np.frombuffer(data, np.uint8)[first:last] if last > first else np.empty(0, np.uint8)


def _digits(part: Text, foreign: Array | None) -> tuple[Array, Array]:
    """The digits, shape (11, n), and for each number its fault: none, missing, wrong length, or a lost zero to try.

    Where there is a fault the digits are zeros, or, for a zero to try, the ten with a zero in front.
    """
    ends, data = _bytes(part)
    length = np.diff(ends)
    eleven = length == 11
    if eleven.all():
        digits = data.reshape(-1, 11).T.copy()
    else:
        digits = np.zeros((11, len(part)), np.uint8)
        digits[:, eleven] = data[ends[:-1][eleven] + np.arange(11)[:, None]]
    digits -= 48
    plain = eleven & (digits.max(axis=0) <= 9)
    digits[:, ~plain] = 0
    fault = np.where(plain, np.int8(_NONE), np.int8(_LENGTH))
    odd = np.flatnonzero(~plain & (length <= _ODD_BYTES))
    for start in range(0, len(odd), _ODD_CHUNK):
        rows = odd[start : start + _ODD_CHUNK]
        digits[:, rows], fault[rows] = _clean_digits(pc.fill_null(part.take(pa.array(rows)), ""))
    if part.null_count:
        fault[pc.is_null(part).to_numpy(zero_copy_only=False)] = _MISSING
    if foreign is not None:
        fault[foreign] = _LENGTH
    return digits, fault


_classes: Final = np.full(0x110000, 255, np.uint8)
"""What `classify_character` says of each code point, filled in as they turn up."""


def _clean_digits(part: Text) -> tuple[Array, Array]:
    """As `_digits`, for texts with separators, other scripts' digits, or anything else in them."""
    _, data = _bytes(part)
    points = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), np.uint32)
    classes = _classes[points]
    for new in np.unique(points[classes == 255]):
        _classes[new] = classify_character(chr(new))
    classes = _classes[points]
    kept = classes != SEPARATOR
    owner = np.repeat(np.arange(len(part), dtype=np.int32), pc.utf8_length(part).to_numpy())[kept]
    classes = classes[kept]
    count = np.bincount(owner, minlength=len(part))
    count[owner[classes == OTHER]] = -1
    digits = np.zeros((11, len(part)), np.uint8)
    for length in (10, 11):
        mine = count == length
        digits[11 - length :, mine] = classes[mine[owner]].reshape(-1, length).T
    return digits, np.select([count == 11, count == 10, count == 0], [_NONE, _LOST_ZERO, _MISSING], _LENGTH)


# ------------------------------------------------------------------------------------------------ digits to verdict

_FH, _OFFSETS = 9, (0, 40, 65, 80)
"""Shapes: 0 impossible, 1 to 4 fødselsnummer by `_OFFSETS`, 5 to 8 D-number by `_OFFSETS`, 9 FH-number."""
_LENGTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LEAP_DAY: Final = 59  # of a leap year, counted from 0
_NAT: Final = np.iinfo(np.int64).min


@lru_cache(maxsize=1)
def _tables() -> tuple[Array, Array, Array, Array]:
    """By day * 100 + month: shape, and day of a leap year. By D-number, individnummer and two-digit year: the year,
    0 where none was issued. By year: days from 1970 to its 1 January."""
    shape, day_of_year = np.zeros(10_000, np.uint8), np.zeros(10_000, np.int16)
    for is_d in (False, True):
        for kind, offset in enumerate(_OFFSETS, 1):
            for month, length in enumerate(_LENGTHS, 1):
                at = (np.arange(1, length + 1) + 40 * is_d) * 100 + month + offset
                shape[at] = kind + 4 * is_d
                day_of_year[at] = sum(_LENGTHS[: month - 1]) + np.arange(length)
    shape[8000:] = _FH
    years = np.arange(1854, 2040)
    new_year = np.zeros(2041, np.int32)
    new_year[years] = (years - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int32)
    return shape, day_of_year, _century_table(), new_year


def _century_table() -> Array:
    """(2 * 1000 * 100) years by D-number, individnummer and two-digit year, flat."""
    table = np.zeros((2, 1000, 100), np.int16)
    yy = np.arange(100, dtype=np.int16)
    fnr, d = table
    for series, first, last, low, high, century in (
        (fnr, 0, 499, 0, 99, 1900),
        (fnr, 500, 749, 54, 99, 1800),
        (fnr, 500, 999, 0, 39, 2000),
        (fnr, 900, 999, 40, 99, 1900),
        (d, 500, 599, 58, 99, 1800),
        (d, 0, 199, 0, 39, 1900),
        (d, 0, 499, 40, 99, 1900),
        (d, 600, 999, 40, 99, 1900),
        (d, 200, 999, 0, 39, 2000),
    ):
        series[first : last + 1, low : high + 1] = century + yy[low : high + 1]
    return table.ravel()


class _Verdicts(NamedTuple):
    """What became of a run of numbers: category codes, truths, and seconds since 1970."""

    kind: Array
    synthetic: Array
    scheme: Array
    valid: Array
    accepted: Array
    reason: Array
    birth_date_hint: Array


class _Rules:
    """The rules as they stand in one environment on one day."""

    def __init__(self, environment: Environment, on: date, plus40: Plus40 | None, accept_2032_from: date) -> None:
        fnr, d, h, fh = range(4)
        skatteetaten, nhn, nav = range(3)
        undecided = {"h_number": h, "nav": None, None: _NONE}[plus40]
        as_fnr, as_d = (fnr, d) if undecided is None else (undecided, undecided)
        forty = _NONE if plus40 == "h_number" else nav
        self.kind = np.array([_NONE, fnr, as_fnr, fnr, fnr, d, as_d, d, d, fh], np.int8)
        self.synthetic = np.array([_NONE, *([_NONE, forty, nhn, skatteetaten] * 2), _NONE], np.int8)
        login = (self.kind == fnr) | (self.kind == d)
        wrong_here = {"production": (self.synthetic != _NONE, _SYNTHETIC), "test": (self.synthetic == _NONE, _REAL)}
        where, reason = wrong_here[environment]
        self.reason = np.where(~login, _NO_LOGIN, np.where(where, reason, _NONE)).astype(np.int8)
        self.accepts_2032 = on >= accept_2032_from

    def judge(self, digits: Array, fault: Array) -> _Verdicts:
        """Judge digits of shape (11, n), with the fault of each as `_digits` gives it."""
        shapes, days_of_year, centuries, new_years = _tables()
        d = digits.astype(np.uint16)
        day_month = ((d[0] * 10 + d[1]) * 10 + d[2]) * 10 + d[3]
        yy = d[4] * 10 + d[5]
        shape, day_of_year = shapes[day_month], days_of_year[day_month]
        leap_day = day_of_year == _LEAP_DAY
        year4 = (yy & 3) == 0
        date_ok = (shape > 0) & (year4 | ~leap_day)  # any century: 1900, the one exception, is told below
        r1 = _weighted(d, WEIGHTS_1, 9) % 11
        r2 = _weighted(d, WEIGHTS_2, 10) % 11
        valid = date_ok & (r1 <= 3) & (r2 == 0)
        lost_zero = valid & (fault == _LOST_ZERO)
        valid &= fault == _NONE

        series = (d[6] * 10 + d[7]) * 10 + d[8]
        year = centuries[(shape > 4) * np.int32(100_000) + series * np.int32(100) + yy]
        dated = (year > 0) & ~(leap_day & (year == 1900)) & (shape != _FH)
        legacy = valid & (r1 == 0) & (dated | (shape == _FH))
        common = ~year4 | (year == 1900)
        days = new_years[year] + day_of_year - (common & (day_of_year > _LEAP_DAY))
        hint = np.where(legacy & dated, days * np.int64(86_400), _NAT)

        reason = np.where(valid, self.reason[shape], np.where(date_ok, np.int8(_CHECKSUM), np.int8(_DATE)))
        if not self.accepts_2032:
            early = valid & ~legacy & (reason == _NONE)
            reason[early] = np.where(r1[early] > 0, _CHECKSUM, _DATE)
        faulty = fault != _NONE
        reason[faulty] = np.where(fault == _LOST_ZERO, np.where(lost_zero, _LOST_ZERO, _LENGTH), fault)[faulty]
        return _Verdicts(
            kind=np.where(valid, self.kind[shape], np.int8(_NONE)),
            synthetic=np.where(valid, self.synthetic[shape], np.int8(_NONE)),
            scheme=np.where(valid, (~legacy).view(np.int8), np.int8(_NONE)),
            valid=valid,
            accepted=reason == _NONE,
            reason=reason,
            birth_date_hint=hint,
        )


def _weighted(digits: Array, weights: tuple[int, ...], check: int) -> Array:
    """The weighted sum, at most 405 + 9, with the check digit's own weight of one."""
    total: Array = digits[check].copy()
    for digit, weight in zip(digits, weights, strict=False):
        total += digit * np.uint16(weight)
    return total


class _Columns:
    """The result's columns, made once and filled a part at a time."""

    def __init__(self, rows: int) -> None:
        self.kind, self.synthetic, self.scheme, self.reason = (np.empty(rows, np.int8) for _ in range(4))
        self.valid, self.accepted = (np.empty(rows, bool) for _ in range(2))
        self.birth_date_hint = np.empty(rows, np.int64)

    def fill(self, start: int, verdicts: _Verdicts) -> None:
        """Put `verdicts` in from row `start` on."""
        for name, values in verdicts._asdict().items():
            getattr(self, name)[start : start + len(values)] = values

    def frame(self, index: pd.Index[Any]) -> pd.DataFrame:
        """The frame, without another copy."""
        columns = {
            "kind": _category(self.kind, KINDS),
            "synthetic": _category(self.synthetic, SYNTHETICS),
            "scheme": _category(self.scheme, SCHEMES),
            "valid": self.valid,
            "accepted": self.accepted,
            "reason": _category(self.reason, REASONS),
            "birth_date_hint": self.birth_date_hint.view("datetime64[s]"),
        }
        return pd.DataFrame({n: pd.Series(v, index, copy=False) for n, v in columns.items()}, copy=False)


def _category(codes: Array, categories: tuple[str, ...]) -> pd.Categorical[Any]:
    return pd.Categorical.from_codes(codes, dtype=_dtype(categories), validate=False)


@cache
def _dtype(categories: tuple[str, ...]) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(list(categories))
