"""The one due-date function: the day on which a guardian's link to a pupil is erased, and the calendar it needs.

Belongs here: dates in, a date out. Does not belong here: a clock (today is Europe/Oslo's date, passed in), storage,
what happens on the day. The birth date is the roster's or the register's, never one read off an identity number.
Source: the domain's table "Purpose and retention".
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:  # the settings model is heavy, and light commands show dates
    from schemas.settings import Retention

LeapDay = Literal["28_february", "1_march"]
DueReason = Literal["turned_18", "left", "between_years", "extended", "withdrawn", "replaced", "responsibility_ended"]
"""extended: the pupil's consent covers the guardian and nothing is known that ends it, so there is no date yet.
withdrawn: a proven refusal; replaced: a steward has seen the same person under a new number;
responsibility_ended: a steward has seen that the guardian is one no longer, or has died."""

_DAY: Final = timedelta(days=1)
_FIRST: Final = date(2, 1, 1)
_FOR_EVER: Final = 9999
"""Some systems write 9999-12-31 for "open"."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A stay at this school. `ends` is the last day of it, None while open. `interrupted` is the first day on which
    the pupil is no longer one (FINT's avbruddsdato), None where nothing is recorded. `final_year`: nothing follows."""

    starts: date
    ends: date | None = None
    interrupted: date | None = None
    final_year: bool = False

    @property
    def last_day(self) -> date | None:
        """The last day as a pupil, None while open."""
        before = self.interrupted and max(self.interrupted, _FIRST) - _DAY
        return min((d for d in (self.ends, before) if d is not None and d.year < _FOR_EVER), default=None)

    @property
    def broken_off(self) -> bool:
        """Whether it is the interruption that ends it."""
        return self.interrupted is not None and (self.ends is None or self.interrupted <= self.ends)

    def covers(self, day: date) -> bool:
        """Whether the pupil is one on `day` by this enrolment."""
        return self.starts <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True, slots=True)
class Due:
    """The day of erasure and why; `on` is None only for `extended`. A day in the past means now."""

    on: date | None
    reason: DueReason

    def has_come(self, today: date) -> bool:
        """Whether the link must be gone by the end of `today`."""
        return self.on is not None and self.on <= today


def birthday_18(born: date, leap_day: LeapDay = "28_february") -> date:
    """The 18th birthday. Born on 29 February: the 18th is in a common year, and the setting says whether it is
    28 February (the reading that erases earlier) or 1 March."""
    year = born.year + 18
    if (born.month, born.day) != (2, 29) or isleap(year):
        return born.replace(year=year)
    return date(year, 2, 28) if leap_day == "28_february" else date(year, 3, 1)


def is_adult(born: date, today: date, leap_day: LeapDay = "28_february") -> bool:
    """Whether someone born on `born` is 18 or more on `today`."""
    return today >= birthday_18(born, leap_day)


def is_enrolled(enrolments: Sequence[Enrolment], today: date) -> bool:
    """Whether any enrolment is current on `today`."""
    return any(e.covers(today) for e in enrolments)


def due(
    born: date,
    enrolments: Sequence[Enrolment],
    *,
    consent_until_leaving: bool,
    today: date,
    settings: Retention,
    ended: Due | None = None,
) -> Due:
    """When a guardian's link to the pupil ends.

    `consent_until_leaving`: the pupil's valid consent covers this guardian. The earlier of leaving and, without
    consent, the 18th birthday counts; on the same day the birthday is the reason. Nothing puts the birthday off.
    `ended`: the guardian withdrew or was replaced on a day; no enrolment and no consent puts that off either.
    """
    if ended is not None and ended.on is not None:
        return ended
    leaves, why = _leaves(tuple(enrolments), today, settings.between_years_until)
    turns_18 = birthday_18(born, settings.leap_day)
    if not consent_until_leaving and (leaves is None or turns_18 <= leaves):
        return Due(turns_18, "turned_18")
    return Due(leaves, why)


def erased_on(on: date | None, held_until: date | None) -> date | None:
    """The day on which what is due on `on` is gone. A legal hold keeps the sealed data until the day it ends; it does
    not keep access, which ends on `on` whatever is held."""
    return on if on is None or held_until is None else max(on, held_until)


@lru_cache(maxsize=1024)  # a school year ends on the same day for most
def _leaves(enrolments: tuple[Enrolment, ...], today: date, waits_until: str) -> tuple[date | None, DueReason]:
    """The first day as no pupil of this school, as far as is known today; None while there is none."""
    stays = [e for e in enrolments if e.last_day is None or e.starts <= e.last_day]
    begun = [e for e in stays if e.starts <= today]
    here = max(begun, key=_end) if begun else min(stays, key=lambda e: e.starts, default=None)
    while here is not None and here.last_day is not None:
        after = here.last_day + _DAY
        running = [e for e in stays if e.covers(after)]
        # An ordinary end waits for what is coming, however long the gap; an interruption does not.
        coming = [e for e in stays if e.starts > after and not here.broken_off]
        if not running and not coming:
            return _after_last(here, here.last_day, waits_until)
        here = max(running, key=_end) if running else min(coming, key=lambda e: e.starts)
    return (today, "left") if here is None else (None, "extended")


def _after_last(stay: Enrolment, last_day: date, waits_until: str) -> tuple[date, DueReason]:
    if stay.interrupted is None and not stay.final_year and 6 <= last_day.month <= 8:
        waits = _day_in(last_day.year, waits_until)
        if waits > last_day:
            return waits, "between_years"
    return last_day + _DAY, "left"


def _end(stay: Enrolment) -> tuple[date, bool]:
    """Sorts by last day; on the same day an interruption comes last, so that it decides."""
    return stay.last_day or date.max, stay.broken_off


def _day_in(year: int, month_day: str) -> date:
    month, day = map(int, month_day.split("-"))
    while True:  # a setting such as 02-29 or 09-31 means that month's last day
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


# ------------------------------------------------------------------------------------------------- working days


@lru_cache(maxsize=1024)
def working_day_before(day: date) -> date:
    """`day` itself where it is a working day, else the last one before it: REMOVE lines come early, not late."""
    while not is_working_day(day):
        day -= _DAY
    return day


def next_working_day(day: date, count: int = 1) -> date:
    """The `count`-th working day after `day`, which itself never counts."""
    for _ in range(count):
        day += _DAY
        while not is_working_day(day):
            day += _DAY
    return day


def working_days_after(day: date, today: date) -> int:
    """How many working days lie after `day`, `today` among them: 0 on the weekend after a Friday."""
    return sum(is_working_day(day + n * _DAY) for n in range(1, (today - day).days + 1))


def is_working_day(day: date) -> bool:
    """Monday to Friday and no Norwegian public holiday (lov om helligdager, lov om 1. og 17. mai)."""
    return day.weekday() < 5 and day not in _holidays(day.year)


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    fixed = {date(year, 1, 1), date(year, 5, 1), date(year, 5, 17), date(year, 12, 25), date(year, 12, 26)}
    # From Easter Sunday: Maundy Thursday, Good Friday, Easter, Ascension, Whitsun.
    easter = _easter(year)
    return frozenset(fixed | {easter + timedelta(days=n) for n in (-3, -2, 0, 1, 39, 49, 50)})


def _easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (the anonymous computus; the tests compare it with dateutil's)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    w = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + w - 7 * ((a + 11 * h + 22 * w) // 451) + 114, 31)
    return date(year, month, day + 1)
