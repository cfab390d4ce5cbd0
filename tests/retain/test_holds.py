"""Legal holds keep sealed data until their end, and access not a day longer than the ordinary date."""

from datetime import date

import pytest
from support_store import DAY, HERE, TODAY, Desk, Family, add_guardian, column, refusal

from schemas.due import Enrolment, erased_on
from schemas.errors import UsageFault
from store import analogue, audit, deletions, entries, erasure, holds, ledger, tables, worklist
from tasks.retain.overdue import late, overdue
from tasks.retain.sweep import foreseen, sweep

BIRTHDAY = date(2026, 10, 20)
BORN = date(2008, 10, 20)
END = date(2027, 1, 15)


def held(desk: Desk, *, on: str = "pupil") -> tuple[Family, str, str]:
    """A linked mother, in Visma InSchool by a signed ADD line, with a hold on pupil or guardian; and the hold."""
    family = desk.child(desk.people.surname(), (desk.people.adult(), desk.people.adult()), born=BORN, stays=HERE)
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
        worklist.sync(tx)
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
        subject = family.pupil_id if on == "pupil" else mother
        return family, mother, holds.place(tx, subject, reason="legal_claim", ends_on=END, by="kari")


def on(desk: Desk, day: date) -> dict[str, int]:
    """The sweep of a day."""
    desk.on(day)
    return sweep(desk.store)


@pytest.mark.parametrize("whom", ["pupil", "guardian"])
def test_a_hold_keeps_the_data_and_not_the_access(desk: Desk, whom: str) -> None:
    """On the birthday the link is suspended and nothing is exported; REMOVE is due on the ordinary day; the guardian's
    row and key are there until the hold ends, and then all of it goes."""
    family, mother, _ = held(desk, on=whom)
    gone = on(desk, BIRTHDAY)
    with desk.store.read() as tx:
        assert [("remove", BIRTHDAY)] == [(line.kind, line.due_on) for line in worklist.read_lines(tx)]
        assert tx.vault.has_key(mother)
    assert "link:turned_18" not in gone
    assert [("held", BIRTHDAY)] == [(row.suspended, row.due_on) for row in desk.links(family)]
    assert 0 == overdue(desk.store.close() or desk.on(BIRTHDAY + 30 * DAY).store)
    assert {} == on(desk, END - DAY)

    assert 1 == on(desk, END)["link:turned_18"]
    assert ([], []) == (desk.rows(tables.guardians), desk.rows(tables.holds))
    assert {} == sweep(desk.store)


def test_without_the_hold_it_would_be_late(desk: Desk) -> None:
    """The independent count excuses what is held, and only that."""
    held(desk)
    desk.on(BIRTHDAY + DAY)
    assert {} == late(desk.store)
    with desk.store.write() as tx:
        tx.connection.execute(tables.holds.delete())

    assert {"known_guardians": 1, "links": 1} == late(desk.store)


def test_a_hold_that_is_ended_lets_go_at_once(desk: Desk) -> None:
    """Whoever ends it early is named in the audit, and the next sweep takes what was due."""
    family, _, hold = held(desk)
    on(desk, BIRTHDAY + DAY)
    with desk.store.write() as tx:
        assert [hold] == [one.id for one in holds.active(tx, family.pupil_id)]
        holds.end(tx, hold, "ola")
        told = [(row.actor, row.action) for row in audit.read(tx, [family.pupil_id])]

    assert [("kari", "hold_placed"), ("ola", "hold_ended")] == told
    assert {"known_guardians:turned_18": 1, "link:turned_18": 1} == sweep(desk.store)


def test_a_hold_ahead_of_the_date_changes_nothing(desk: Desk) -> None:
    """While the link is alive it is exported and reached as ever."""
    family, _, _ = held(desk)
    on(desk, BIRTHDAY - DAY)

    assert [None] == [row.suspended for row in desk.links(family)]


def test_who_is_let_stay_meanwhile_lives_again(desk: Desk) -> None:
    """The pupil left, was held, and is enrolled again before the hold ends: the link is an ordinary one."""
    family = desk.child("Vik", (desk.people.adult(),), stays=(Enrolment(date(2025, 8, 18), interrupted=BIRTHDAY),))
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
        holds.place(tx, family.pupil_id, reason="complaint", ends_on=END, by="kari")
    on(desk, BIRTHDAY)
    assert ["held"] == [row.suspended for row in desk.links(family)]
    with desk.store.write() as tx:
        tx.connection.execute(tables.enrolments.update().values(interrupted=None))
    on(desk, BIRTHDAY + DAY)

    assert [(None, date(2028, 3, 5))] == [(row.suspended, row.due_on) for row in desk.links(family)]


def test_an_original_is_held_with_whom_it_is_about(desk: Desk) -> None:
    """Its days are over and it stays sealed, until the hold ends; the entry that waited for a person expires on its
    day, so that nobody decides or reads it any more."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    end = TODAY + 120 * DAY
    with desk.store.write() as tx:
        holds.place(tx, family.pupil_id, reason="police", ends_on=end, by="kari")
    assert {"entry:expired": 1} == on(desk, TODAY + 95 * DAY)
    with desk.store.read() as tx:
        assert ledger.original(tx, sent)
        assert {} == entries.fields(tx, desk.entry(sent))
    assert ["expired"] == desk.outcomes(sent)
    assert 0 == overdue(desk.on(TODAY + 100 * DAY).store)

    assert {"original:original_time_out": 1} == on(desk, end)
    assert (None, None) == (desk.entry(sent).fields_ct, desk.entry(sent).pupil_id)


def test_the_register_rests_too(desk: Desk) -> None:
    """Who gets paper and is held: no letter after the date."""
    family = desk.family(born=BORN)
    desk.decided(refusal(family, family.mother))
    with desk.store.write() as tx:
        assert 1 == len(analogue.of_pupil(tx))
        holds.place(tx, family.pupil_id, reason="complaint", ends_on=END, by="kari")
    on(desk, BIRTHDAY)
    with desk.store.read() as tx:
        assert [] == analogue.of_pupil(tx)
    assert 1 == len(desk.rows(tables.refusals))
    on(desk, END)

    assert [] == desk.rows(tables.refusals)


def test_who_withdraws_and_is_held_is_suspended_and_not_erased(desk: Desk) -> None:
    """What a decision erases at once waits for the hold as well."""
    family, mother, _ = held(desk, on="guardian")
    erasure.intend(desk.store, [(f"{family.pupil_id}/{mother}", "withdrawn")])

    assert [] == deletions.read(desk.store)


def test_a_rehearsal_counts_no_held_thing(desk: Desk) -> None:
    """What it foresees is what goes, hold or no hold."""
    held(desk)
    desk.on(BIRTHDAY)
    told = foreseen(desk.store)

    assert [] == [ident for ident, what in told if what.startswith("link")]
    assert {} == sweep(desk.store)


@pytest.mark.parametrize(
    ("subject", "reason", "ends_on", "code"),
    [
        ("P-" + "X" * 26, "police", END, "no_such_subject"),
        ("L-" + "X" * 26, "police", END, "no_such_subject"),
        ("", "a claim", END, "hold_reason"),
        ("", "police", TODAY, "hold_end"),
    ],
)
def test_a_hold_that_cannot_be_is_refused(desk: Desk, subject: str, reason: str, ends_on: date, code: str) -> None:
    """Nobody, no reason of the list, no day ahead."""
    family = desk.family()
    with desk.store.write() as tx, pytest.raises(UsageFault, match=code):
        holds.place(tx, subject or family.pupil_id, reason=reason, ends_on=ends_on, by="kari")


@pytest.mark.parametrize(
    ("expected", "due_on", "held_until"),
    [
        (BIRTHDAY, BIRTHDAY, None),
        (END, BIRTHDAY, END),
        (BIRTHDAY, BIRTHDAY, date(2026, 10, 1)),
        (None, None, END),
    ],
)
def test_what_is_held_is_gone_on_the_later_day(expected: date, due_on: date, held_until: date) -> None:
    """Due in October, held until January: gone in January; a hold that ended before moves nothing."""
    assert expected == erased_on(due_on, held_until)
