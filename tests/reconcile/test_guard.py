"""A list that looks broken is held, and waits for a person; whoever turns 18 meanwhile goes all the same.

Belongs here: what is held, what is kept of it, how it is released. Does not belong here: formats, and what an accepted
list does (`test_importing`).
"""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support_store import DAY, HERE, TODAY, Desk, Family, add_guardian

from schemas.due import Enrolment
from schemas.errors import SafetyRefusal, UsageFault
from store import protection, rosters, tables
from store.people import KnownGuardian, RosterPupil, read_pupils
from tasks.reconcile.importing import Imported, import_roster, release
from tasks.reconcile.roster import Listed
from tasks.retain.overdue import overdue
from tasks.retain.sweep import sweep

MANY = 30


def pupil(at: int, **changes: object) -> RosterPupil:
    """One of the school."""
    who = RosterPupil(
        f"e{at}", f"Ola Maur {at}", date(2010, 3, 5), "2STA", "", False, HERE,
        (KnownGuardian(f"Kari Maur {at}"), KnownGuardian(f"Per Maur {at}")),
    )  # fmt: skip
    return replace(who, **changes)  # type: ignore[arg-type]


ALL = [pupil(n) for n in range(MANY)]


class Told:
    """A roster that tells these pupils."""

    kind = "csv"

    def __init__(self, pupils: list[RosterPupil], **more: object) -> None:
        self.told = Listed("csv", repr([(p.key, p.born, p.enrolments) for p in pupils]).encode(), pupils, **more)  # type: ignore[arg-type]

    def read(self, since: str = "") -> Listed:
        """All of it."""
        return self.told


def take(desk: Desk, pupils: list[RosterPupil], **more: object) -> Imported:
    """Import them."""
    return import_roster(desk.store, Told(pupils, **more))


def changed(count: int, **changes: object) -> list[RosterPupil]:
    """The school, `count` of it otherwise."""
    return [replace(one, **changes) if n < count else one for n, one in enumerate(ALL)]  # type: ignore[arg-type]


def states(desk: Desk) -> list[str]:
    """Of all runs, oldest first."""
    with desk.store.read() as tx:
        return [run.state for run in rosters.runs(tx)][::-1]


def held(desk: Desk, pupils: list[RosterPupil], code: str) -> str:
    """Import what must be held; returns the run's id."""
    before = desk.rows(tables.pupils), desk.rows(tables.enrolments)
    with pytest.raises(SafetyRefusal, match=code) as told:
        take(desk, pupils)
    assert 4 == told.value.exit_code
    assert before == (desk.rows(tables.pupils), desk.rows(tables.enrolments))
    with desk.store.read() as tx:
        run = rosters.runs(tx, held=True)[0]
    assert code in run.why
    assert run.id in told.value.next_step
    return str(run.id)


# --- what is held -----------------------------------------------------------------------------------------------------

PAST = (Enrolment(HERE[0].starts, TODAY - 30 * DAY),)
TOMORROW = (Enrolment(HERE[0].starts, TODAY + DAY),)
BROKEN_OFF = (replace(HERE[0], interrupted=TODAY - DAY),)


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("roster_ends", {"enrolments": PAST}),
        ("roster_ends", {"enrolments": TOMORROW}),
        ("roster_ends", {"enrolments": BROKEN_OFF}),
        ("roster_ends", {"born": date(2008, 3, 5)}),
        ("roster_births", {"born": date(2010, 3, 6)}),
        ("roster_births", {"born": date(2011, 3, 5)}),
        ("roster_names", {"name": "Ã˜la Maur"}),
        ("roster_guardians", {"known": ()}),
        ("roster_guardians", {"known": (KnownGuardian("Kari Maur 1"),)}),
        ("roster_guardians", {"known": (KnownGuardian("En Annen"), KnownGuardian("To Andre"))}),
    ],
)
def test_what_amounts_to_letting_go_of_many_is_held(desk: Desk, code: str, changes: dict[str, object]) -> None:
    """Eleven of thirty whose time would be over, or who are told quite otherwise, are too many; ten are not."""
    take(desk, ALL)
    held(desk, changed(11, **changes), code)

    assert ["applied", "held"] == states(desk)
    assert 10 == take(desk, changed(10, **changes)).changed


def test_an_end_that_lies_ahead_is_an_ordinary_one(desk: Desk) -> None:
    """A whole school gets the last day of its school year entered in one go; a class moves up."""
    take(desk, ALL)
    ends = (Enrolment(HERE[0].starts, date(2027, 6, 18)),)

    assert MANY == take(desk, changed(MANY, enrolments=ends, class_name="3STA")).changed


def test_the_leavers_of_last_year_may_vanish_from_the_list(desk: Desk) -> None:
    """Whose time was over anyway is not gone by the list."""
    take(desk, changed(20, enrolments=(Enrolment(HERE[0].starts, TODAY + 20 * DAY, final_year=True),)))
    desk.on(TODAY + 25 * DAY)
    sweep(desk.store)

    assert 20 == take(desk, ALL[20:]).missing


def test_all_marks_of_protection_lifted_at_once_are_held(desk: Desk) -> None:
    """A column that lost its content unshields nobody, and nothing that is said shows what it was about."""
    take(desk, changed(2, shielded=True))
    with pytest.raises(SafetyRefusal, match="roster_marks") as told:
        take(desk, ALL)
    with desk.store.read() as tx:
        assert 2 == len(protection.protected_by(tx, "roster"))
    assert "2" not in told.value.message.replace(f"{MANY}", "").replace("10", "")
    assert "skjerm" not in f"{told.value.message}{told.value.next_step}".lower()


def test_one_mark_less_is_followed(desk: Desk) -> None:
    """One family's protection ends while another's goes on."""
    take(desk, changed(2, shielded=True))
    take(desk, changed(1, shielded=True))
    with desk.store.read() as tx:
        assert 1 == len(protection.protected_by(tx, "roster"))


def test_a_list_without_the_column_of_marks_changes_no_protection(desk: Desk) -> None:
    """What a list does not say stays as it is."""
    take(desk, changed(2, shielded=True))
    take(desk, [replace(one, shielded=None) for one in ALL])
    with desk.store.read() as tx:
        assert 2 == len(protection.protected_by(tx, "roster"))


def test_a_delta_lets_go_of_nobody_whom_it_does_not_name(desk: Desk) -> None:
    """What a delta leaves out is not missing; what it says is removed has left today, and many of them are held."""
    take(desk, ALL)
    assert 0 == take(desk, [ALL[0]], complete=False).missing
    gone = take(desk, [], complete=False, removed=frozenset({"e1"}))

    assert (1, {0}) == (gone.missing, {row.missing_runs for row in desk.rows(tables.pupils)})
    assert [TODAY] == [row.interrupted for row in desk.rows(tables.enrolments) if row.interrupted]
    with pytest.raises(SafetyRefusal, match="roster_shrank"):
        take(desk, [], complete=False, removed=frozenset(one.key for one in ALL[2:20]))


def test_a_delta_says_only_what_it_says(desk: Desk) -> None:
    """A row without a birth date or enrolments changes what it names; a new pupil needs all of it."""
    take(desk, ALL)
    bare = {"born": None, "enrolments": None, "known": None, "shielded": None, "number": None}
    told = take(desk, [pupil(0, class_name="3STB", **bare), pupil(99, **bare)], complete=False)
    with desk.store.read() as tx:
        found = {one.name: one for one in read_pupils(tx)}

    assert (0, 1) == (told.added, told.changed)
    assert ("3STB", date(2010, 3, 5), 2) == (
        found["Ola Maur 0"].class_name, found["Ola Maur 0"].born, len(found["Ola Maur 0"].known),
    )  # fmt: skip


# --- release ----------------------------------------------------------------------------------------------------------


def test_a_person_releases_a_held_list(desk: Desk) -> None:
    """It is applied as it stood; whoever it lacks was missing once, and goes with the next list that lacks them."""
    take(desk, ALL)
    run = held(desk, changed(MANY, class_name="3STA")[15:], "roster_shrank")
    told = release(desk.store, run, by="kari")
    row = desk.rows(tables.roster_runs, tables.roster_runs.c.id == run)[0]

    assert (15, 0, 15) == (told.missing, told.ended, told.changed)
    assert ("released", "kari", None, None) == (row.state, row.released_by, row.content_ct, row.content_due_on)
    assert not [key for key in desk.rows(tables.data_keys) if key.subject_id == run]
    assert [("kari", run)] == [
        (r.actor, r.subject_id) for r in desk.rows(tables.audit) if r.action == "roster_released"
    ]

    desk.on(TODAY + DAY)
    assert 15 == take(desk, changed(MANY, class_name="3STA")[15:]).ended
    sweep(desk.store)
    assert (15, 0) == (len(desk.rows(tables.pupils)), overdue(desk.store))


@pytest.mark.parametrize("run", ["N-" + "A" * 26, "nonsense"])
def test_only_a_held_run_can_be_released(desk: Desk, run: str) -> None:
    """An unknown one cannot, an applied one neither, and none without a name."""
    take(desk, ALL)
    applied = desk.rows(tables.roster_runs)[0].id
    for one in (run, applied):
        with pytest.raises(UsageFault, match="no_such_run"):
            release(desk.store, one, by="kari")
    with pytest.raises(UsageFault, match="staff_id"):
        release(desk.store, applied, by="Kari Nordmann 12345678")


def test_a_right_list_makes_a_held_one_void(desk: Desk) -> None:
    """Once a whole list was taken in, what was held before it can do no more, and is destroyed."""
    take(desk, ALL)
    run = held(desk, ALL[15:], "roster_shrank")
    take(desk, changed(1, class_name="3STB"))

    assert ["applied", "superseded", "applied"] == states(desk)
    with pytest.raises(UsageFault, match="no_such_run"):
        release(desk.store, run, by="kari")
    assert not [key for key in desk.rows(tables.data_keys) if key.subject_id == run]


def test_what_a_held_list_said_is_sealed_and_destroyed_in_a_week(desk: Desk) -> None:
    """No name of it is in the file; after seven days its key is gone and the sweep has noted it."""
    take(desk, ALL)
    run = held(desk, [replace(one, name=f"Qvinnelyn {one.name}") for one in ALL], "roster_names")
    desk.store.checkpoint()
    data = b"".join(path.read_bytes() for path in desk.house.home.database.parent.iterdir())
    sealed = desk.rows(tables.roster_runs, tables.roster_runs.c.id == run)[0].content_ct
    assert b"Qvinnelyn" not in data
    assert sealed in data

    desk.on(TODAY + timedelta(days=7))
    assert {"held_roster:held_time_out": 1} == sweep(desk.store)
    assert ["applied", "expired"] == states(desk)
    assert 0 == overdue(desk.store)
    left = b"".join(path.read_bytes() for path in desk.house.home.database.parent.iterdir())
    assert sealed not in left


def test_birthdays_do_not_wait_for_a_held_list(desk: Desk) -> None:
    """A pupil turns 18 while a list is held: the guardian goes that day."""
    turns = replace(ALL[0], born=date(2008, 10, 15))
    take(desk, [turns, *ALL[1:]])
    with desk.store.write() as tx:
        mine = next(one for one in read_pupils(tx) if one.born == turns.born)
        who = desk.people.adult()
        add_guardian(tx, Family(mine.id, who, (who,)), who)
    held(desk, ALL[:15], "roster_shrank")
    desk.on(TODAY + DAY)
    sweep(desk.store)

    assert ([], 0) == (desk.rows(tables.links), overdue(desk.store))


def test_an_empty_list_can_be_released_by_nobody(desk: Desk) -> None:
    """It is noted as refused; there is nothing in it to take in."""
    take(desk, ALL)
    with pytest.raises(SafetyRefusal, match="roster_shrank"):
        take(desk, [])
    run = desk.rows(tables.roster_runs, tables.roster_runs.c.state == "refused")[0]
    with pytest.raises(UsageFault, match="no_such_run"):
        release(desk.store, run.id, by="kari")


def test_a_watched_file_that_did_not_change_is_one_list_for_ever(desk: Desk) -> None:
    """Read every night, an export of last week makes nobody leave; written anew, the same content does."""
    take(desk, ALL, mark="file 1")
    for day in (1, 2, 3):
        desk.on(TODAY + day * DAY)
        assert 0 == take(desk, ALL[1:], mark="file 2").ended
    desk.on(TODAY + 4 * DAY)
    assert 1 == take(desk, ALL[1:], mark="file 3").ended
