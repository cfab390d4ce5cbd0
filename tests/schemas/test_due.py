"""The one due-date function keeps the domain's table "Purpose and retention"."""

from datetime import date, timedelta

import pytest
from dateutil.easter import easter  # comes with pandas
from hypothesis import given
from hypothesis import strategies as st

from schemas.due import (
    Due,
    Enrolment,
    birthday_18,
    due,
    is_adult,
    is_enrolled,
    is_working_day,
    next_working_day,
    working_day_before,
)
from schemas.settings import Retention

TODAY = date(2026, 11, 23)
RULES = Retention()
OPEN = [Enrolment(date(2026, 8, 17))]
YOUNG = date(2010, 3, 1)  # 18 on 2028-03-01


def when(
    born: date, stays: list[Enrolment], *, consent: bool = False, today: date = TODAY, rules: Retention = RULES
) -> Due:
    return due(born, stays, consent_until_leaving=consent, today=today, settings=rules)


# ------------------------------------------------------------------------------------------------ the 18th birthday


@pytest.mark.parametrize(
    ("expected", "born"),
    [
        (date(2026, 11, 23), date(2008, 11, 23)),  # 2008 + 18 = 2026: today
        (date(2026, 11, 24), date(2008, 11, 24)),  # tomorrow
        (date(2026, 11, 16), date(2008, 11, 16)),  # a week ago
        (date(2028, 3, 1), YOUNG),
    ],
)
def test_the_link_ends_on_the_18th_birthday(expected: date, born: date) -> None:
    """Without consent the link is due on the calendar day itself, also when that day has passed."""
    assert Due(expected, "turned_18") == when(born, OPEN)


def test_who_turns_18_today_is_due_today_and_who_does_tomorrow_is_not() -> None:
    """The boundary lies at the start of the birthday."""
    assert when(date(2008, 11, 23), OPEN).has_come(TODAY)
    assert not when(date(2008, 11, 24), OPEN).has_come(TODAY)
    assert is_adult(date(2008, 11, 23), TODAY)
    assert not is_adult(date(2008, 11, 24), TODAY)


@pytest.mark.parametrize(
    ("expected", "born", "setting"),
    [
        (date(2026, 2, 28), date(2008, 2, 29), "28_february"),  # 2026 is a common year
        (date(2026, 3, 1), date(2008, 2, 29), "1_march"),
        (date(2026, 2, 28), date(2008, 2, 28), "1_march"),  # the setting is for 29 February alone
        (date(2026, 3, 1), date(2008, 3, 1), "28_february"),
    ],
)
def test_born_on_29_february_follows_the_setting(expected: date, born: date, setting: str) -> None:
    """The default erases earlier."""
    assert expected == birthday_18(born, setting)  # type: ignore[arg-type]
    assert Due(expected, "turned_18") == when(born, OPEN, rules=Retention(leap_day=setting))  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------------- consent


def test_consent_keeps_the_link_while_nothing_ends_it() -> None:
    """With the pupil's consent there is no date until the pupil is known to leave."""
    assert Due(None, "extended") == when(date(2008, 11, 16), OPEN, consent=True)
    assert not Due(None, "extended").has_come(date(2050, 1, 1))


def test_consent_ends_when_the_pupil_leaves() -> None:
    """Consent lasts no longer than the stay: last day 19 June in the final year, due on the 20th."""
    stays = [Enrolment(date(2026, 8, 17), date(2027, 6, 19), final_year=True)]

    assert Due(date(2027, 6, 20), "left") == when(date(2008, 11, 16), stays, consent=True)


def test_the_birthday_counts_when_it_falls_on_the_day_of_leaving() -> None:
    """On the same day the birthday is the reason."""
    stays = [Enrolment(date(2026, 8, 17), date(2026, 11, 22))]  # leaving = the day after = 23 November

    assert Due(TODAY, "turned_18") == when(date(2008, 11, 23), stays)


# ---------------------------------------------------------------------------------------------------- leaving


@pytest.mark.parametrize(
    ("expected", "stays"),
    [
        # the last day is still a day as a pupil; the link goes on the next
        (date(2027, 2, 1), [Enrolment(date(2026, 8, 17), date(2027, 1, 31))]),
        # the interruption date is the first day as no pupil
        (date(2026, 12, 1), [Enrolment(date(2026, 8, 17), interrupted=date(2026, 12, 1))]),
        # the earlier of the two
        (date(2026, 12, 1), [Enrolment(date(2026, 8, 17), date(2027, 6, 19), date(2026, 12, 1))]),
        # long gone: the true day, so that it shows as overdue
        (date(2026, 2, 1), [Enrolment(date(2025, 8, 18), date(2026, 1, 31))]),
        # interrupted before it started: never a pupil
        (TODAY, [Enrolment(date(2026, 8, 17), interrupted=date(2026, 8, 1))]),
        # on no list at all
        (TODAY, []),
    ],
)
def test_the_link_ends_when_the_pupil_leaves(expected: date, stays: list[Enrolment]) -> None:
    """Leaving is the interruption date, or the day after the last day of the last enrolment."""
    assert Due(expected, "left") == when(YOUNG, stays)


def test_another_enrolment_carries_on() -> None:
    """A change of class or programme, recorded as an interruption and a new enrolment, is no leaving."""
    stays = [
        Enrolment(date(2026, 8, 17), date(2027, 6, 19), interrupted=date(2026, 10, 1)),
        Enrolment(date(2026, 10, 1), date(2027, 1, 31)),
    ]

    assert Due(date(2027, 2, 1), "left") == when(YOUNG, stays)


def test_an_enrolment_to_come_keeps_the_link() -> None:
    """Between two enrolments, and before the first, something is coming: a pupil who starts in August is kept."""
    last, coming = Enrolment(date(2025, 8, 18), date(2026, 6, 19)), Enrolment(date(2026, 8, 17))
    july = date(2026, 7, 10)

    assert Due(date(2028, 3, 1), "turned_18") == when(YOUNG, [last, coming], today=july)
    assert Due(date(2028, 3, 1), "turned_18") == when(YOUNG, [coming], today=july)
    assert not is_enrolled([last, coming], july)


def test_an_interruption_does_not_wait_for_what_is_coming() -> None:
    """The interruption date ends the link though a new enrolment is planned, whichever day one asks before it begins;
    once it has begun, the pupil is one again."""
    stays = [Enrolment(date(2026, 1, 5), interrupted=date(2026, 3, 2)), Enrolment(date(2026, 8, 17))]

    asked = [when(YOUNG, stays, today=day) for day in (date(2026, 2, 1), date(2026, 3, 2), date(2026, 8, 16))]

    assert [Due(date(2026, 3, 2), "left")] * 3 == asked
    assert Due(date(2028, 3, 1), "turned_18") == when(YOUNG, stays, today=date(2026, 8, 17))


# ------------------------------------------------------------------------------------------------ between years


@pytest.mark.parametrize(
    ("expected", "reason", "last_day"),
    [
        (date(2026, 6, 1), "left", date(2026, 5, 31)),
        (date(2026, 9, 1), "between_years", date(2026, 6, 1)),
        (date(2026, 9, 1), "between_years", date(2026, 6, 19)),
        (date(2026, 9, 1), "between_years", date(2026, 8, 31)),
        (date(2026, 9, 2), "left", date(2026, 9, 1)),
    ],
)
def test_over_the_summer_the_link_waits(expected: date, reason: str, last_day: date) -> None:
    """An enrolment that ended from 1 June to 31 August waits until 1 September."""
    assert Due(expected, reason) == when(YOUNG, [Enrolment(date(2025, 8, 18), last_day)])  # type: ignore[arg-type]


def test_the_final_year_and_an_interruption_do_not_wait() -> None:
    """Nothing follows the final year, and who broke off is not between years."""
    final = Enrolment(date(2025, 8, 18), date(2026, 6, 19), final_year=True)
    broken = Enrolment(date(2025, 8, 18), date(2026, 7, 31), interrupted=date(2026, 6, 20))
    broken_later = Enrolment(date(2025, 8, 18), date(2026, 6, 19), interrupted=date(2026, 9, 1))

    assert [Due(date(2026, 6, 20), "left")] * 3 == [when(YOUNG, [stay]) for stay in (final, broken, broken_later)]


def test_the_summer_never_puts_off_the_birthday() -> None:
    """Born 15 July 2008: 18 on 15 July 2026, before 1 September; with consent the summer's wait holds."""
    stays = [Enrolment(date(2025, 8, 18), date(2026, 6, 19))]

    assert Due(date(2026, 7, 15), "turned_18") == when(date(2008, 7, 15), stays)
    assert Due(date(2026, 9, 1), "between_years") == when(date(2008, 7, 15), stays, consent=True)


@pytest.mark.parametrize(
    ("expected", "reason", "setting"),
    [
        (date(2026, 8, 15), "between_years", "08-15"),
        (date(2026, 9, 30), "between_years", "09-31"),  # that month's last day
        (date(2026, 6, 20), "left", "02-29"),  # before the end: no wait, and never into the next year
    ],
)
def test_how_long_the_summer_lasts_is_a_setting(expected: date, reason: str, setting: str) -> None:
    """The date is the school's choice."""
    stays = [Enrolment(date(2025, 8, 18), date(2026, 6, 19))]

    assert Due(expected, reason) == when(YOUNG, stays, rules=Retention(between_years_until=setting))  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------- properties

DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
STAYS = st.lists(st.builds(Enrolment, DAYS, st.none() | DAYS, st.none() | DAYS, st.booleans()), max_size=4)


@given(st.dates(date(2003, 1, 1), date(2015, 12, 31)), STAYS, DAYS, st.booleans())
def test_nothing_outlives_its_purpose(born: date, stays: list[Enrolment], today: date, consent: bool) -> None:
    """Whatever the roster says: never past the 18th birthday without consent, never a wait over 92 days after the
    last day (1 June to 1 September), and never erased as `left` while the pupil is enrolled."""
    found = when(born, stays, consent=consent, today=today)

    assert consent or (found.on is not None and found.on <= birthday_18(born))
    if found.reason == "left" and is_enrolled(stays, today):
        assert found.on is not None
        assert found.on > today
    if found.on is not None and found.reason != "turned_18" and stays and found.on != today:
        assert any(s.last_day and timedelta(0) < found.on - s.last_day <= timedelta(days=92) for s in stays)


@given(st.dates(date(2003, 1, 1), date(2015, 12, 31)), STAYS, DAYS)
def test_consent_never_shortens(born: date, stays: list[Enrolment], today: date) -> None:
    """Consent only ever lengthens the time."""
    with_, without = when(born, stays, consent=True, today=today), when(born, stays, today=today)

    assert without.on is not None
    assert with_.on is None or with_.on >= without.on


def test_an_end_in_the_year_9999_is_open() -> None:
    """Some rosters write 9999-12-31 for an open end."""
    assert Due(None, "extended") == when(YOUNG, [Enrolment(date(2026, 8, 17), date(9999, 12, 31))], consent=True)


# ------------------------------------------------------------------------------------------------- working days


def test_the_public_holidays_of_2026() -> None:
    """Easter 2026 is 5 April: Thursday 2, Friday 3 and Monday 6 April, 14 May (+39) and 25 May (+50) are free."""
    free = [date(2026, 1, 1), date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)]
    free += [date(2026, 5, 14), date(2026, 5, 25), date(2026, 12, 25)]
    weekdays = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]

    assert free == [day for day in weekdays if day.weekday() < 5 and not is_working_day(day)]


@pytest.mark.parametrize(
    ("expected", "day"),
    [
        (date(2026, 11, 23), date(2026, 11, 23)),  # a Monday: itself
        (date(2026, 11, 20), date(2026, 11, 22)),  # Sunday: the Friday
        (date(2026, 4, 1), date(2026, 4, 6)),  # Easter Monday: the Wednesday before
        (date(2026, 12, 24), date(2026, 12, 27)),  # Sunday after Christmas: Christmas Eve is a working day
        (date(2026, 12, 31), date(2027, 1, 1)),
    ],
)
def test_a_remove_line_is_due_before_a_holiday(expected: date, day: date) -> None:
    """On a weekend or holiday the last working day before counts."""
    assert expected == working_day_before(day)


@pytest.mark.parametrize(
    ("expected", "day", "count"),
    [
        (date(2026, 11, 24), date(2026, 11, 23), 1),
        (date(2026, 11, 23), date(2026, 11, 20), 1),  # Friday: Monday
        (date(2026, 4, 7), date(2026, 4, 1), 1),  # over Easter
        (date(2026, 12, 7), date(2026, 11, 23), 10),  # two weeks without a holiday
    ],
)
def test_the_next_working_day_comes_after(expected: date, day: date, count: int) -> None:
    """The day itself never counts."""
    assert expected == next_working_day(day, count)


@given(st.integers(1900, 2199))
def test_easter_is_where_dateutil_has_it(year: int) -> None:
    """Good Friday and Easter Monday follow the Gregorian Easter."""
    sunday = easter(year)

    assert not is_working_day(sunday - timedelta(days=2))
    assert not is_working_day(sunday + timedelta(days=1))
    assert is_working_day(sunday + timedelta(days=2)) == ((sunday + timedelta(days=2)) not in _fixed(year))


def _fixed(year: int) -> set[date]:
    return {date(year, 5, 1), date(year, 5, 17)}
