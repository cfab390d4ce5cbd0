"""The due date over a whole school year, asked day by day, and at the edges of the day in Oslo."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.simulated import Child, Link, is_of_age, lives
from schemas.due import Due, Enrolment, birthday_18, due, erased_on, is_adult
from schemas.settings import Retention
from store.database import OSLO

DAY = timedelta(days=1)
RULES = Retention()
YEAR = (date(2026, 8, 17), date(2027, 6, 20))
BORN = st.dates(date(2007, 1, 1), date(2011, 12, 31))


@st.composite
def stays(draw: st.DrawFn) -> list[Enrolment]:
    """One year, or two with a summer between, the first perhaps broken off."""
    final = draw(st.booleans())
    broken_off = draw(st.none() | st.dates(YEAR[0] + DAY, YEAR[1]))
    first = Enrolment(*YEAR, interrupted=broken_off, final_year=final)
    again = draw(st.booleans()) and not final and broken_off is None
    return [first, Enrolment(date(2027, 8, 16), date(2028, 6, 20), final_year=True)] if again else [first]


@given(born=BORN, places=stays(), consent=st.booleans())
def test_a_year_walked_day_by_day_says_the_same_as_the_date(born: date, places: list[Enrolment], consent: bool) -> None:
    """For each day of a school year and the summer after it: the link is due by then exactly if a plain look at that
    day says that it may not live. And what was due stays due: nothing known is needed to come back to life."""
    link = Link(Child("", "", born, places), "", consent="confirmed" if consent else "")
    day = YEAR[0]
    while day < date(2027, 10, 1):
        told = due(born, places, consent_until_leaving=consent, today=day, settings=RULES)
        assert (not lives(link, day)) == told.has_come(day), day
        day += DAY


@given(born=BORN, rules=st.sampled_from([Retention(), Retention(leap_day="1_march")]))
def test_on_the_due_date_the_pupil_is_18_and_the_day_before_17(born: date, rules: Retention) -> None:
    """Whatever the birth date, 29 February in either reading included."""
    day = birthday_18(born, rules.leap_day)

    assert is_adult(born, day, rules.leap_day)
    assert not is_adult(born, day - DAY, rules.leap_day)
    if rules.leap_day == "28_february":
        assert is_of_age(born, day)
        assert not is_of_age(born, day - DAY)


@given(born=BORN, places=stays(), today=st.dates(*YEAR))
def test_a_consent_only_puts_off(born: date, places: list[Enrolment], today: date) -> None:
    """With a consent the date is never earlier than without; without one it is never after the birthday."""
    plain, covered = (
        due(born, places, consent_until_leaving=consent, today=today, settings=RULES) for consent in (False, True)
    )

    assert (plain.on or date.max) <= (covered.on or date.max)
    assert (plain.on or date.max) <= birthday_18(born)


@given(born=BORN, places=stays(), today=st.dates(*YEAR), consent=st.booleans(), on=st.dates(*YEAR))
def test_a_withdrawal_stands_whatever_else_is_known(
    born: date, places: list[Enrolment], today: date, consent: bool, on: date
) -> None:
    """Once a guardian has withdrawn, nothing moves that date."""
    ended = Due(on, "withdrawn")

    assert ended == due(born, places, consent_until_leaving=consent, today=today, settings=RULES, ended=ended)


@given(on=st.dates(*YEAR), held=st.none() | st.dates(*YEAR))
def test_a_hold_only_keeps_longer(on: date, held: date | None) -> None:
    """What is held goes on the later of its date and the hold's end, and never before its date."""
    assert max(on, held or on) == erased_on(on, held)


@pytest.mark.parametrize(
    ("expected", "moment"),
    [
        (date(2026, 3, 4), datetime(2026, 3, 4, 22, 59, 59, tzinfo=UTC)),  # 23:59:59 in winter
        (date(2026, 3, 5), datetime(2026, 3, 4, 23, 0, tzinfo=UTC)),  # midnight: the birthday has begun
        (date(2026, 7, 4), datetime(2026, 7, 4, 21, 59, 59, tzinfo=UTC)),  # 23:59:59 in summer
        (date(2026, 7, 5), datetime(2026, 7, 4, 22, 0, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, 30, tzinfo=UTC)),  # the night that lacks an hour
        (date(2026, 10, 25), datetime(2026, 10, 24, 22, 30, tzinfo=UTC)),  # the night that has one twice
        (date(2026, 12, 31), datetime(2026, 12, 31, 22, 59, tzinfo=UTC)),
        (date(2027, 1, 1), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_birthday_begins_at_midnight_in_oslo(
    expected: date, moment: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's today is Oslo's date at that moment, whatever UTC and the machine's own clock say."""
    from store import database

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(ZoneInfo("Pacific/Auckland")) if tz is None else moment.astimezone(tz)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "datetime", Clock)
    store = object.__new__(database.Store)
    store._as_of = None

    assert expected == store.today
    assert OSLO.key == "Europe/Oslo"
