"""The night dies anywhere, and the next one makes it whole: the parts of the reconciliation, in the flow's order.

Belongs here: SIGKILL between and inside the parts, over the register's stand-in. Does not belong here: the road from
form to store (`test_kill`), or Prefect, which keeps nothing that matters here.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import support_spoil
from sqlalchemy import select
from support_register import Registry, registries, registry
from support_store import HERE, Desk, Family, Template, add_guardian, column, known, open_desk, settings

from fixtures.freg_people import die, grade
from flows.road import PLAIN, Tally, walk
from schemas.due import Enrolment
from store import tables
from store.config import House
from store.database import Store
from store.opening import open_store
from store.people import RosterPupil
from tasks.reconcile import following
from tasks.reconcile.following import follow
from tasks.reconcile.importing import import_roster
from tasks.reconcile.nightly import look_at_links
from tasks.reconcile.register import make_register
from tasks.reconcile.roster import Listed
from tasks.reconcile.waiting import try_again, worth_trying
from tasks.retain.sweep import recompute

__all__ = ["registries", "registry"]
FORK = multiprocessing.get_context("fork")
PLACES: dict[str, dict[str, Any]] = {
    "the list compared, not applied": {"target": "tasks.reconcile.importing:_apply", "nth": 1},
    "the list applied, not committed": {"target": "tasks.reconcile.importing:_apply", "when": "after", "nth": 1},
    "the list committed": {"target": "tests_night:recompute", "nth": 1},
    "due dates recomputed": {"target": "tests_night:recompute", "when": "after", "nth": 1},
    "the register asked, nothing written": {"target": "store.findings:keep", "nth": 1},
    "what it said written, not committed": {"target": "tasks.reconcile.following:_write_state", "nth": 2},
    "half the pupils followed": {"target": "tasks.reconcile.following:_look", "when": "after", "nth": 1},
    "everybody followed, the month not noted": {"target": "tasks.reconcile.following:_remember", "nth": 2},
    "links compared": {"target": "tasks.reconcile.nightly:against_the_list", "when": "after", "nth": 1},
    "findings kept, not committed": {"target": "store.findings:enforce", "when": "after", "nth": 4},
    "a waiting form in the queue again": {"target": "store.ledger:claim", "nth": 1},
    "it is decided, not committed": {"target": "tasks.load.step:apply", "when": "after", "nth": 1},
    "all done": {"target": "store.ledger:claim", "when": "after", "nth": 2},
}


class List:
    """The school's newest list."""

    kind = "csv"

    def __init__(self, pupils: list[RosterPupil]) -> None:
        self._pupils = pupils

    def read(self, since: str = "") -> Listed:
        """All of it."""
        return Listed("csv", b"tonight", self._pupils, mark="tonight")


def play(store: Store, told: list[RosterPupil]) -> None:
    """One night, as `flows/reconcile.py` orders it."""
    import_roster(store, List(told))
    recompute(store)
    register = make_register(store)
    followed = follow(store, register)
    register.close()
    look_at_links(store)
    if chosen := try_again(store, worth_trying(store, None if followed.whole else followed.changed)):
        walk(store, PLAIN, Tally(), only=chosen)


def picture(store: Store) -> dict[str, Any]:
    """What the store holds, without ids, times and numbers of runs."""
    with store.read() as tx:
        run = tx.connection.execute
        names = {row.id: n for n, row in enumerate(run(select(tables.pupils.c.id).order_by(tables.pupils.c.born)))}
        rows = run(select(tables.links)).all()
        found = run(select(tables.findings)).all()
        held = run(select(tables.entries)).all()
        return {
            "links": sorted((names[r.pupil_id], r.basis, str(r.suspended), str(r.due_on)) for r in rows),
            "findings": sorted((r.kind, names[r.pupil_id], r.state, r.due_on) for r in found),
            "entries": sorted((r.outcome, r.held_until or r.received_at.date()) for r in held),
            "lines": sorted((r.kind, r.state, str(r.due_on)) for r in run(select(tables.worklist_lines)).all()),
            "queue": [r.state for r in run(select(tables.submissions)).all()],
            "register": sorted((r.key, r.value) for r in run(select(tables.store_info)).all() if "register" in r.key),
            "missing": sorted(run(select(tables.pupils.c.missing_runs)).scalars()),
        }


def scene(desk: Desk, registry: Registry) -> list[RosterPupil]:
    """A school in which much has happened since yesterday, and its newest list: a death, a protection, a guardian off
    the list, a pupil who is new and for whom a form waits, another who is missing."""
    families: list[Family] = []
    for day in (1, 2, 3, 4):
        family = desk.family(born=HERE[0].starts.replace(year=2010, day=day))
        documents = registry.enter(family)
        with desk.store.write() as tx:
            for adult in family.adults:
                add_guardian(tx, family, adult)
        families.append(family)
        if day == 1:
            die(documents[1])
        if day == 2:
            grade(documents[0], "fortrolig")
    surname = desk.people.surname()
    adults = (desk.people.adult(surname), desk.people.adult(surname))
    new = Family("", desk.people.pupil(surname, HERE[0].starts.replace(year=2010, day=9)), adults)
    registry.enter(new)
    desk.decided(column(new, new.mother))
    listed = [_told(n, family) for n, family in enumerate(families[:3], 1)]
    listed[2] = _told(3, families[2], families[2].father)
    return [*listed, _told(9, new)]


def _told(number: int, family: Family, *adults: Any) -> RosterPupil:
    lines = tuple(known(adult, ("mobile",)) for adult in adults or family.adults)
    child = family.pupil
    stays = (Enrolment(HERE[0].starts),)
    return RosterPupil(f"elev-{number}", child.name, child.born, "2STA", child.number, False, stays, lines)


def killed(house: House, told: list[RosterPupil], spoil: dict[str, Any]) -> None:
    """The night in a process of its own, which dies at this place."""
    spoil = {**spoil, "target": spoil["target"].replace("tests_night", __name__)}
    support_spoil.install(spoil | {"do": "kill"})
    store = open_store(house)
    play(store, told)
    os._exit(0)


@pytest.fixture
def desk(template: Template, tmp_path: Path, registry: Registry) -> Iterator[Desk]:
    """A desk whose settings lead to the register."""
    made = open_desk(tmp_path / "home", template, chosen=settings(folkeregister=registry.settings()))
    yield made
    made.store.close()


def test_a_night_has_much_to_do_and_the_next_one_nothing(desk: Desk, registry: Registry) -> None:
    """The measure itself: every part did something, and running it again changes nothing."""
    told = scene(desk, registry)
    play(desk.store, told)
    first = picture(desk.store)
    play(desk.store, told)

    assert {"guardian_died", "not_on_list"} <= {kind for kind, *_ in first["findings"]}
    assert {"by_school", "guardian_died", "None"} == {suspended for _, _, suspended, _ in first["links"]}
    assert (["loaded"], [0, 0, 0, 0, 1]) == ([outcome for outcome, _ in first["entries"]], first["missing"])
    assert first == picture(desk.store)


@pytest.mark.parametrize("place", PLACES)
def test_a_night_killed_anywhere_is_made_whole_by_the_next(
    place: str, desk: Desk, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a SIGKILL one more night leaves what an undisturbed one does."""
    monkeypatch.setattr(following, "PUPILS", 2)
    told = scene(desk, registry)
    desk.store.close()
    child = FORK.Process(target=killed, args=(desk.house, told, PLACES[place]))
    child.start()
    child.join(60)
    desk.store = open_store(desk.house)
    play(desk.store, told)
    after = picture(desk.store)
    play(desk.store, told)

    assert -signal.SIGKILL == child.exitcode
    assert after == picture(desk.store)
    assert {"guardian_died", "not_on_list"} <= {kind for kind, *_ in after["findings"]}
    assert {"by_school", "guardian_died", "None"} == {suspended for _, _, suspended, _ in after["links"]}
    assert (["loaded"], 9) == ([outcome for outcome, _ in after["entries"]], len(after["links"]))
    assert [0, 0, 0, 0, 1] == after["missing"]
