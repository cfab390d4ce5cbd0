"""Stored due dates: all of them at once say what the one function says, and cost follows what differs."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import event, select, text, update
from support_store import DAY, HERE, TODAY, Desk, Family, add_guardian, column, noon, refusal

from schemas.due import Enrolment, due
from store import consents, guardians, tables, worklist
from store.due_dates import refresh_due


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def told(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(desk.store.engine, "before_cursor_execute", told)
    yield sent
    event.remove(desk.store.engine, "before_cursor_execute", told)


def of_all(desk: Desk) -> int:
    """The nightly recompute."""
    with desk.store.write() as tx:
        return worklist.refresh_all(tx)


def spoil(desk: Desk) -> None:
    """Put wrong dates everywhere."""
    wrong = {"due_on": date(2030, 1, 1)}
    with desk.store.write() as tx:
        for table in (tables.pupils, tables.links, tables.refusals):
            tx.connection.execute(update(table).values(**wrong))
        lines = tables.worklist_lines
        tx.connection.execute(update(lines).where(lines.c.kind == "remove").values(**wrong))


def stored(desk: Desk) -> list[tuple[object, ...]]:
    """Every stored date."""
    lines = desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "remove")
    return [
        *((row.id, row.due_on, row.due_reason) for row in desk.rows(tables.pupils)),
        *((row.pupil_id, row.guardian_id, row.due_on, row.due_reason) for row in desk.rows(tables.links)),
        *((row.id, row.due_on) for row in desk.rows(tables.refusals)),
        *((row.pupil_id, row.guardian_id, row.due_on, row.why) for row in lines),
    ]


def a_few(desk: Desk, count: int = 12) -> list[Family]:
    """Pupils of every kind, each with two guardians, some with consents; one with a guardian on paper."""
    chance = random.Random(7)
    made = []
    for number in range(count):
        ends = None if number % 3 else date(2027, 1, 10) + number * 30 * DAY
        stay = Enrolment(date(2025, 8, 18), ends=ends, final_year=number % 2 == 0)
        adults = (desk.people.adult(), desk.people.adult())
        born = date(2008, 11, 1) + timedelta(days=chance.randrange(300))
        made.append(desk.child(desk.people.surname(), adults, born=born, stays=(stay,)))
        with desk.store.write() as tx:
            mother = add_guardian(tx, made[-1], made[-1].mother)
            add_guardian(tx, made[-1], made[-1].father)
            if number % 4 == 0:
                consents.confirm(tx, consents.record(tx, made[-1].pupil_id, mother, "kari"), "ola")
    desk.decided(refusal(made[0], desk.people.adult()))
    return made


def test_all_at_once_says_what_the_one_function_says(desk: Desk) -> None:
    """Pupil, link, consent, enrolment: each stored date is what `schemas.due.due` answers for its inputs."""
    desk.on(TODAY)
    for family in a_few(desk):
        assert family.pupil_id
    spoil(desk)
    of_all(desk)
    rules = desk.store.settings.retention
    terms: dict[str, list[Enrolment]] = {}
    for row in desk.rows(tables.enrolments):
        terms.setdefault(row.pupil_id, []).append(Enrolment(row.starts, row.ends, row.interrupted, row.final_year))
    born = {row.id: row.born for row in desk.rows(tables.pupils)}
    given = {(row.pupil_id, row.guardian_id) for row in desk.rows(tables.consents)}
    links = desk.rows(tables.links)

    assert 24 == len(links)
    assert 3 == len(given)
    for row in links:
        consent = (row.pupil_id, row.guardian_id) in given
        told = due(born[row.pupil_id], terms[row.pupil_id], consent_until_leaving=consent, today=TODAY, settings=rules)
        assert (told.on, told.reason) == (row.due_on, row.due_reason)


def test_all_at_once_is_each_by_itself(desk: Desk) -> None:
    """The nightly recompute and the one after a change leave the same dates on everything, REMOVE lines included."""
    families = a_few(desk)
    before = sorted(map(repr, stored(desk)))
    spoil(desk)
    assert before != sorted(map(repr, stored(desk)))
    assert 12 == of_all(desk)
    at_once = sorted(map(repr, stored(desk)))
    spoil(desk)
    with desk.store.write() as tx:
        for family in families:
            worklist.refresh(tx, family.pupil_id)

    assert at_once == sorted(map(repr, stored(desk)))


def test_statements_do_not_grow_with_the_pupils(desk: Desk) -> None:
    """Twelve more pupils, all their dates wrong, and not one statement more."""
    counts = []
    for _ in range(2):
        a_few(desk)
        spoil(desk)
        with statements(desk) as sent:
            of_all(desk)
        counts.append(len([one for one in sent if not one.startswith("PRAGMA")]))

    assert counts[0] == counts[1]


def written(desk: Desk) -> object:
    """What moves as soon as any row is written: the log of SQLite's file, the places of PostgreSQL's rows."""
    if desk.store.engine.dialect.name == "sqlite":
        return desk.store.home.database.with_name(f"{desk.store.home.database.name}-wal").stat().st_size
    with desk.store.read() as tx:
        return [
            sorted(tx.connection.execute(select(text("ctid::text")).select_from(table)).scalars())
            for table in tables.metadata.sorted_tables
        ]


def test_what_is_right_is_not_written(desk: Desk) -> None:
    """A night in which nothing changed writes nothing at all; one wrong date is written."""
    a_few(desk)
    of_all(desk)
    desk.store.checkpoint()
    before = written(desk)
    of_all(desk)

    assert before == written(desk)

    with desk.store.write() as tx:
        one = select(tables.links.c.pupil_id).limit(1).scalar_subquery()
        tx.connection.execute(update(tables.links).where(tables.links.c.pupil_id == one).values(due_on=TODAY + DAY))
    desk.store.checkpoint()
    before = written(desk)
    of_all(desk)

    assert before != written(desk)


def test_a_withdrawal_is_not_put_off(desk: Desk) -> None:
    """What a guardian ended by withdrawing stays ended, whatever enrolment and consent say."""
    family = desk.child("Vik", (desk.people.adult(),), stays=HERE)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
        tx.connection.execute(update(tables.links).values(due_on=TODAY, due_reason="withdrawn"))
    of_all(desk)

    assert [(TODAY, "withdrawn")] == [(row.due_on, row.due_reason) for row in desk.links(family)]


def test_what_is_held_follows_in_the_same_pass(desk: Desk) -> None:
    """Entries that wait for a person keep to the pupil's new date, and their originals with them."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    with desk.store.write() as tx:
        tx.connection.execute(tables.enrolments.update().values(interrupted=TODAY + 9 * DAY))
    of_all(desk)

    assert TODAY + 9 * DAY == desk.entry(sent).held_until
    assert [TODAY + 9 * DAY] == [row.original_due_on for row in desk.rows(tables.submissions)]


def test_the_days_of_what_is_held_are_those_of_oslo(desk: Desk) -> None:
    """Half past eleven at night in UTC is the next day in Oslo, and 90 days count from there."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother), when=noon(TODAY) + timedelta(hours=11, minutes=30))

    assert TODAY + DAY + timedelta(days=90) == desk.entry(sent).held_until


def test_a_link_that_comes_between_gets_its_line(desk: Desk) -> None:
    """A link with a date and no REMOVE line has one after the night."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = guardians.add(tx, name="Kari Vik", number=family.mother.number, mobile="", email="")
        guardians.link(tx, family.pupil_id, ident, basis="roster", submission="S-TEST", arrived=noon(TODAY))
        refresh_due(tx, [family.pupil_id])
    of_all(desk)
    lines = desk.rows(tables.worklist_lines)

    assert [("remove", date(2028, 3, 3))] == [(line.kind, line.due_on) for line in lines]  # 5 March 2028 is a Sunday
