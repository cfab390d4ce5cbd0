"""The sweep: each due date on its day, nothing before, nothing left for a second run, and a count as its proof."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from sqlalchemy import select, update
from support_store import DAY, HERE, TODAY, Desk, Family, add_guardian, both, column, refusal

from fixtures.filled import FilledForm
from schemas.due import Enrolment
from store import audit, guardians, tables, worklist
from tasks.retain.overdue import overdue
from tasks.retain.sweep import preview, sweep


def linked(desk: Desk, born: date = date(2010, 3, 5), *stays: Enrolment) -> Family:
    """A pupil with a linked mother and a father on paper."""
    surname = desk.people.surname()
    family = desk.child(surname, (desk.people.adult(), desk.people.adult()), born=born, stays=stays or HERE)
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    return family


def swept(desk: Desk, day: date) -> dict[str, int]:
    """The sweep of a day."""
    desk.on(day)
    return sweep(desk.store)


def dump(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {name: [tuple(row) for row in desk.rows(table)] for name, table in tables.metadata.tables.items()}


# --- by date ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "stay", "day", "reason"),
    [
        (date(2008, 11, 2), HERE[0], date(2026, 11, 2), "turned_18"),
        (date(2008, 2, 29), Enrolment(date(2024, 8, 19)), date(2026, 2, 28), "turned_18"),  # in a common year
        (date(2010, 3, 5), Enrolment(date(2025, 8, 18), interrupted=date(2026, 11, 2)), date(2026, 11, 2), "left"),
        (date(2010, 3, 5), Enrolment(date(2025, 8, 18), ends=date(2026, 11, 2)), date(2026, 11, 3), "left"),
        (date(2010, 3, 5), Enrolment(date(2025, 8, 18), ends=date(2027, 6, 18)), date(2027, 9, 1), "between_years"),
        (
            date(2010, 3, 5),
            Enrolment(date(2025, 8, 18), ends=date(2027, 6, 18), final_year=True),
            date(2027, 6, 19),
            "left",
        ),
        (date(2009, 7, 20), Enrolment(date(2025, 8, 18), ends=date(2027, 6, 18)), date(2027, 7, 20), "turned_18"),
    ],
    ids=["18", "29 February", "interrupted", "ended", "between years", "final year", "18 between years"],
)
def test_a_link_is_erased_on_its_day_and_not_before(
    desk: Desk, born: date, stay: Enrolment, day: date, reason: str
) -> None:
    """Guardian, link and known guardians stay until the day before, and are gone on the day."""
    desk.on(day - 2 * DAY)
    linked(desk, born, stay)

    assert {} == swept(desk, day - DAY)
    assert {f"known_guardians:{reason}": 1, f"link:{reason}": 1} == swept(desk, day)
    assert ([], []) == (desk.rows(tables.links), desk.rows(tables.guardians))
    assert 0 == overdue(desk.store)


def test_the_second_sweep_finds_nothing(desk: Desk) -> None:
    """What is due goes in one run: links, register, known guardians, originals, held entries."""
    family = desk.family(born=date(2008, 11, 2))
    desk.decided(FilledForm(column(family, family.mother), refusal(family, family.father)))
    desk.decided(column(family, desk.people.adult()))
    desk.decided("")
    first = swept(desk, TODAY + 91 * DAY)

    assert {"entry:expired", "known_guardians:turned_18", "link:turned_18", "register:pupil_over"} <= set(first)
    assert {} == sweep(desk.store)
    assert 0 == overdue(desk.store)


def test_a_sweep_that_was_missed_is_made_up_for(desk: Desk) -> None:
    """After a week without a run everything that became due in it goes, and the count of what is late is 0 again."""
    linked(desk, date(2008, 10, 16))
    desk.on(date(2026, 10, 23))
    assert 2 == overdue(desk.store)  # the link and the known guardians

    assert {"known_guardians:turned_18": 1, "link:turned_18": 1} == sweep(desk.store)
    assert 0 == overdue(desk.store)


def test_due_today_is_not_overdue(desk: Desk) -> None:
    """Late is what should have gone before today."""
    linked(desk, date(2008, 10, 16))
    desk.on(date(2026, 10, 16))

    assert 0 == overdue(desk.store)
    desk.on(date(2026, 10, 17))
    assert 2 == overdue(desk.store)


@pytest.mark.parametrize("table", ["links", "refusals", "pupils", "submissions", "entries"])
def test_what_is_late_is_counted_by_a_query_of_its_own(desk: Desk, table: str) -> None:
    """Each kind of thing that can be late is counted from its stored date, whatever the sweep believes."""
    family = desk.family(lists=("mobile",))
    desk.decided(both(family))
    desk.decided(refusal(desk.family(), family.mother, name="Nobody"))
    other = desk.family()
    desk.decided(refusal(other, other.mother))
    column_of = {"submissions": "original_due_on", "entries": "held_until"}.get(table, "due_on")
    that = tables.metadata.tables[table]
    chosen = that.c[column_of].is_not(None)
    expected = len(desk.rows(that, chosen))
    with desk.store.write() as tx:
        tx.connection.execute(update(that).where(chosen).values({column_of: TODAY - DAY}))

    assert expected >= 1
    assert expected == overdue(desk.store)


def test_time_itself_moves_a_date(desk: Desk) -> None:
    """The return of a pupil between two years is known in August: what waited until 1 September goes on."""
    family = linked(desk, date(2010, 3, 5), Enrolment(date(2025, 8, 18), ends=date(2027, 6, 18)))
    desk.on(date(2027, 8, 20))
    with desk.store.write() as tx:
        values = {"pupil_id": family.pupil_id, "starts": date(2027, 8, 16), "final_year": False}
        tx.connection.execute(tables.enrolments.insert().values(**values))
    assert {} == sweep(desk.store)

    assert [date(2028, 3, 5)] == [row.due_on for row in desk.links(family)]
    assert {} == swept(desk, date(2027, 9, 1))


# --- what else goes ---------------------------------------------------------------------------------------------------


def test_an_original_goes_when_its_days_are_over(desk: Desk) -> None:
    """30 days after the decision it is destroyed; the day before it is there."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother))
    assert {} == swept(desk, TODAY + 29 * DAY)
    assert {"original:original_time_out": 1} == swept(desk, TODAY + 30 * DAY)
    row = desk.rows(tables.submissions)[0]

    assert (None, None, "decided", "read") == (row.original_ct, row.about_ct, row.state, row.outcome)
    assert (None, "loaded") == (desk.entry(sent).fields_ct, desk.entry(sent).outcome)
    assert 1 == len(desk.links(family))


def test_what_is_held_expires_with_its_original(desk: Desk) -> None:
    """At the end of its time the entry is a tombstone: no field, no reason, no pupil; the original is destroyed."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    assert {} == swept(desk, TODAY + 89 * DAY)
    found = swept(desk, TODAY + 90 * DAY)
    entry = desk.entry(sent)

    assert 1 == found["entry:expired"]
    assert ("expired", None, None, None) == (entry.outcome, entry.fields_ct, entry.pupil_id, entry.held_until)
    assert ([], None) == (desk.codes(sent), desk.rows(tables.submissions)[0].original_ct)


def test_the_original_of_two_held_entries_goes_with_the_later(desk: Desk) -> None:
    """One entry's pupil turns 18 first: its fields go that day, and the original waits for the other one."""
    adults = (desk.people.adult("Stølykt"), desk.people.adult("Stølykt"))
    grown = desk.child("Stølykt", adults, born=date(2008, 10, 20), lists=(), given="Ola")
    small = desk.child("Stølykt", adults, lists=(), given="Kari")
    form = FilledForm(column(grown, adults[0]), column(small, adults[1]))
    sent = desk.decided(form)
    swept(desk, date(2026, 10, 20))

    assert ["expired", "needs_review"] == desk.outcomes(sent)
    assert desk.rows(tables.submissions)[0].original_ct is not None
    assert desk.entry(sent, 1).fields_ct is None
    desk.steward(sent, "confirm", slot=2)
    assert ["expired", "loaded"] == desk.outcomes(sent)


def test_what_is_held_follows_a_pupil_who_leaves(desk: Desk) -> None:
    """The pupil leaves after the form came: the held entry goes that day, not after 90 days."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    with desk.store.write() as tx:
        tx.connection.execute(tables.enrolments.update().values(interrupted=TODAY + 5 * DAY))
        worklist.refresh(tx, family.pupil_id)
    assert TODAY + 5 * DAY == desk.entry(sent).held_until
    swept(desk, TODAY + 5 * DAY)

    assert ["expired"] == desk.outcomes(sent)
    assert desk.rows(tables.submissions)[0].original_ct is None


def test_what_is_held_gets_its_time_back_when_the_pupil_stays(desk: Desk) -> None:
    """A leaving date that was a mistake does not cost the form: the 90 days count again, entry and original alike."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    for gone in (TODAY + 5 * DAY, None):
        with desk.store.write() as tx:
            tx.connection.execute(tables.enrolments.update().values(interrupted=gone))
            worklist.refresh(tx, family.pupil_id)

    assert TODAY + 90 * DAY == desk.entry(sent).held_until
    assert [TODAY + 90 * DAY] == [row.original_due_on for row in desk.rows(tables.submissions)]


def test_what_could_not_be_opened_goes_after_90_days(desk: Desk) -> None:
    """An unreadable delivery is kept for a person as long as anything held, and then its original goes."""
    sent = desk.decided("")
    assert ["unreadable"] == desk.outcomes(sent)
    assert {} == swept(desk, TODAY + 89 * DAY)
    assert {"original:original_time_out": 1} == swept(desk, TODAY + 90 * DAY)


def test_what_is_back_in_the_queue_is_not_swept(desk: Desk) -> None:
    """An original that is being processed again is left until it is decided."""
    from store import ledger

    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=""))
    with desk.store.write() as tx:
        ledger.reopen(tx, sent)
    swept(desk, TODAY + 100 * DAY)
    with desk.store.read() as tx:
        assert ledger.original(tx, sent)


def test_tombstones_go_when_nothing_can_bring_the_form_back(desk: Desk) -> None:
    """13 months after, what was left of a submission is deleted; before, or while the source has it, it stays."""
    old, young, at_source = (desk.decided("ordinary", when=TODAY) for _ in range(3))
    long_ago = datetime.now(UTC) - timedelta(days=31 * 13 + 1)
    rows = tables.submissions
    with desk.store.write() as tx:
        tx.connection.execute(update(rows).where(rows.c.id.in_([old, at_source])).values(decided_at=long_ago))
        held = tables.sightings.c.submission_id == at_source
        tx.connection.execute(update(tables.sightings).where(held).values(handle_ct=b"x"))
    assert {"tombstone:time_out": 1} == sweep(desk.store)

    assert {young, at_source} == {row.id for row in desk.rows(rows)}
    assert {} == sweep(desk.store)


def test_a_held_originals_submission_is_no_tombstone(desk: Desk) -> None:
    """However old: while its original is there it is not purged."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother))
    long_ago = datetime.now(UTC) - timedelta(days=5000)
    with desk.store.write() as tx:
        tx.connection.execute(update(tables.submissions).values(decided_at=long_ago))

    assert {} == sweep(desk.store)
    assert [sent] == [row.id for row in desk.rows(tables.submissions)]


# --- how --------------------------------------------------------------------------------------------------------------


def test_a_rehearsal_counts_what_would_go_and_changes_nothing(desk: Desk) -> None:
    """`--dry-run` of a day to come says what that day will erase, and not even a due date is written."""
    linked(desk, date(2008, 11, 2))
    before = dump(desk)
    desk.on(date(2026, 11, 2))

    assert {"known_guardians:turned_18": 1, "link:turned_18": 1} == preview(desk.store)
    assert before == dump(desk)
    assert preview(desk.store) == sweep(desk.store)


def test_a_sweep_of_many_goes_in_chunks_and_says_how_far(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long sweeps commit as they go, and whoever watches sees it."""
    from tasks.retain import sweep as module

    monkeypatch.setattr(module, "CHUNK", 3)
    for _ in range(4):
        linked(desk, date(2008, 10, 16))
    desk.on(date(2026, 10, 16))
    seen: list[tuple[int, int]] = []
    sweep(desk.store, lambda done, total: seen.append((done, total)))

    assert [(3, 8), (6, 8), (8, 8)] == seen
    assert [] == desk.rows(tables.links)


def test_a_sweep_that_dies_half_way_is_finished_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the first chunk: the next run finds the rest, and everything is gone once."""
    from tasks.retain import sweep as module

    monkeypatch.setattr(module, "CHUNK", 2)
    for _ in range(3):
        linked(desk, date(2008, 10, 16))
    desk.on(date(2026, 10, 16))

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(desk.store, die)
    assert 1 <= len(desk.rows(tables.links)) < 3
    sweep(desk.store)

    assert ([], []) == (desk.rows(tables.links), desk.rows(tables.guardians))
    assert {} == sweep(desk.store)


def test_every_sweep_is_in_the_audit_in_counts(desk: Desk) -> None:
    """What was erased, by kind and reason and number, and never whom."""
    for _ in range(2):
        linked(desk, date(2008, 10, 16))
    swept(desk, date(2026, 10, 16))
    told = [(row.actor, row.subject_id, row.detail) for row in desk.rows(tables.audit) if row.action == "erased"]

    assert [
        ("rules", None, "known_guardians=turned_18 count=2"),
        ("rules", None, "link=turned_18 count=2"),
    ] == told
    with desk.store.read() as tx:
        assert audit.verify(tx) is None


def test_the_deletion_ledger_names_everything_that_went(desk: Desk) -> None:
    """Each subject with its reason, done, by ids of ours alone."""
    family = linked(desk, date(2008, 10, 16))
    guardian = desk.links(family)[0].guardian_id
    swept(desk, date(2026, 10, 16))
    with desk.store.deletions.connect() as connection:
        rows = connection.execute(select(tables.deletion_ledger)).all()

    assert {f"{family.pupil_id}/{guardian}"} == {row.subject_id for row in rows if "/" in row.subject_id}
    assert [guardian] == [row.subject_id for row in rows if row.subject_id.startswith("G-")]  # each person their own
    assert {("turned_18", True)} == {(row.reason, row.done_at is not None) for row in rows}


def test_a_number_that_a_sign_off_kept_goes_the_next_night(desk: Desk) -> None:
    """Signed off while the settings kept numbers; they no longer do, and the night lets go of it."""
    family = linked(desk)
    with desk.store.write() as tx:
        worklist.sync(tx)
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
        row = tables.guardians
        ident = tx.connection.execute(select(row.c.id)).scalar_one()
        found = guardians.read_guardian(tx, ident)
        assert found is not None
        assert "" == found.number
        sealed = tx.vault.seal_text(ident, "guardians.number", ident, family.mother.number, 2)
        tx.connection.execute(update(row).values(number_ct=sealed))
    sweep(desk.store)

    assert [""] == [one.number for one in desk.guardians(family)]
    assert [None] == [one.number_ct for one in desk.rows(tables.guardians)]


def test_a_remove_line_is_due_on_the_day_of_the_sweep(desk: Desk) -> None:
    """Who was typed into Visma InSchool is to be taken out the day the link is erased."""
    family = linked(desk, date(2008, 10, 16))
    with desk.store.write() as tx:
        worklist.sync(tx)
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
    swept(desk, date(2026, 10, 16))
    with desk.store.read() as tx:
        lines = [(line.kind, line.guardian, line.due_on, line.person_too) for line in worklist.read_lines(tx)]

    assert [("remove", family.mother.name, date(2026, 10, 16), True)] == lines


@bounds(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    born=st.dates(date(2006, 1, 1), date(2012, 12, 31)),
    starts=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    length=st.integers(0, 900),
    step=st.integers(0, 1200),
    final=st.booleans(),
)
def test_on_any_day_nothing_is_late_after_the_sweep(
    desk: Desk, born: date, starts: date, length: int, step: int, final: bool
) -> None:
    """Whatever the birth date and the enrolment: after the sweep of any day nothing is overdue, no link is past its
    date, no guardian is without a link, and the next sweep finds nothing."""
    stay = Enrolment(starts, ends=starts + length * DAY, final_year=final)
    desk.on(TODAY)
    linked(desk, born, stay)
    swept(desk, TODAY + step * DAY)

    assert 0 == overdue(desk.store)
    assert all(row.due_on is None or row.due_on > desk.store.today for row in desk.rows(tables.links))
    assert {row.guardian_id for row in desk.rows(tables.links)} == {row.id for row in desk.rows(tables.guardians)}
    assert {} == sweep(desk.store)
