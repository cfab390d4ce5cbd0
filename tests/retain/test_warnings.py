"""Stewards are warned 30, 14, 7 and 1 days ahead, each time once, of what the calendar will erase."""

from datetime import date

import pytest
from support_store import DAY, HERE, TODAY, Desk, Family, add_guardian, column

from schemas.due import Enrolment
from store import consents, tables, warnings
from tasks.retain.sweep import sweep, warn

BIRTHDAY = date(2026, 11, 20)
BORN = date(2008, 11, 20)


def linked(desk: Desk, born: date = BORN, stay: Enrolment = HERE[0]) -> tuple[Family, str]:
    """A pupil with one linked guardian."""
    family = desk.child(desk.people.surname(), (desk.people.adult(),), born=born, stays=(stay,))
    with desk.store.write() as tx:
        return family, add_guardian(tx, family, family.mother)


def told(desk: Desk, first: date, days: int) -> list[tuple[date, dict[str, int]]]:
    """What is warned of on each of so many days, where anything is."""
    found = []
    for number in range(days):
        desk.on(first + number * DAY)
        if made := warn(desk.store):
            found.append((first + number * DAY, made))
    return found


def test_each_birthday_is_warned_of_four_times(desk: Desk) -> None:
    """20 November: on 21 October, 6, 13 and 19 November, and on no other day."""
    linked(desk)

    assert [
        (date(2026, 10, 21), {"turning_18:30": 1}),
        (date(2026, 11, 6), {"turning_18:14": 1}),
        (date(2026, 11, 13), {"turning_18:7": 1}),
        (date(2026, 11, 19), {"turning_18:1": 1}),
    ] == told(desk, TODAY, 38)


def test_a_missed_night_is_made_up_for(desk: Desk) -> None:
    """Nobody looked for a week: the step that was passed is told late, and once."""
    linked(desk)

    assert [(date(2026, 11, 10), {"turning_18:14": 1})] == told(desk, date(2026, 11, 10), 3)


def test_a_confirmed_consent_needs_no_warning_and_a_pending_one_does(desk: Desk) -> None:
    """A pending consent does not stop the erasure, so nobody may be lulled by it."""
    family, mother = linked(desk)
    desk.on(BIRTHDAY - 7 * DAY)
    with desk.store.write() as tx:
        given = consents.record(tx, family.pupil_id, mother, "kari")
        assert [("turning_18", 7)] == [(one.kind, one.days) for one in warnings.ahead(tx)]
        consents.confirm(tx, given, "ola")
        assert [] == warnings.ahead(tx)


def test_who_waits_between_two_years_is_listed(desk: Desk) -> None:
    """Last day 18 June, not the final year: listed for the steward before 1 September."""
    family, _ = linked(desk, date(2010, 3, 5), Enrolment(date(2025, 8, 18), ends=date(2027, 6, 18)))
    desk.on(date(2027, 8, 20))
    with desk.store.read() as tx:
        found = [(one.kind, one.subject_id, one.on, one.days) for one in warnings.ahead(tx)]

    assert [("between_years", family.pupil_id, date(2027, 9, 1), 12)] == found


def test_an_original_is_not_erased_unseen_without_a_warning(desk: Desk) -> None:
    """A form that nobody decided: its submission is listed before its 90 days are over, and not once it is decided."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    desk.on(TODAY + 80 * DAY)
    with desk.store.read() as tx:
        assert [("expires_unseen", sent, 10)] == [(one.kind, one.subject_id, one.days) for one in warnings.ahead(tx)]
    assert {"expires_unseen:14": 1} == warn(desk.store)
    desk.steward(sent, "confirm")
    with desk.store.read() as tx:
        assert [] == warnings.ahead(tx)


@pytest.mark.parametrize("leap_day", ["28_february", "1_march"])
def test_a_warning_follows_the_stored_date(sqlite_desk: Desk, leap_day: str) -> None:
    """Born on 29 February 2008: what is warned of is the day that will be, whatever the setting."""
    desk = sqlite_desk
    desk.house.settings.__dict__["retention"] = desk.house.settings.retention.model_copy(update={"leap_day": leap_day})
    desk.on(date(2026, 2, 14))
    linked(desk, date(2008, 2, 29))
    on = date(2026, 2, 28) if leap_day == "28_february" else date(2026, 3, 1)
    with desk.store.read() as tx:
        assert [(on, (on - date(2026, 2, 14)).days)] == [(one.on, one.days) for one in warnings.ahead(tx)]


def test_what_was_warned_of_is_forgotten_when_it_is_over(desk: Desk) -> None:
    """No id of an erased pupil stays in the table of warnings."""
    linked(desk)
    desk.on(BIRTHDAY - DAY)
    warn(desk.store)
    assert 1 == len(desk.rows(tables.warnings))
    desk.on(BIRTHDAY)
    sweep(desk.store)
    warn(desk.store)

    assert [] == desk.rows(tables.warnings)
