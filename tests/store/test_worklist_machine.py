"""Whatever happens in whatever order, the list is the difference between what should stand in Visma InSchool and what
was signed off as standing there.

Belongs here: links that come, rest, change and go, and an operator who types what is shown, played against a plain
model. Does not belong here: single cases (`test_worklist`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select, update
from support_store import TODAY, Desk, Template, open_desk

from schemas.due import working_day_before
from store import erasure, guardians, tables, worklist
from store.database import Transaction
from store.worklist import Line
from store.worklist_removals import ensure_remove

LINES = tables.worklist_lines
NEAR = timedelta(days=14)


@dataclass(eq=False)
class Pair:
    """What the model knows of one guardian and pupil."""

    pupil: str
    guardian: str
    linked: bool = False
    suspended: bool = False
    due: date | None = None
    removed_early: date | None = None
    shown: set[str] = field(default_factory=set)
    """ADD lines that were opened and of which nobody said that nothing was done: they may have been typed in."""

    @property
    def live(self) -> bool:
        return self.linked and not self.suspended


class Office(RuleBasedStateMachine):
    """Two guardians who are always kept by another child, and one who has only this link; three pupils."""

    desk: Desk
    numbers: tuple[str, ...]

    def __init__(self) -> None:
        super().__init__()
        self._rehearsal = self.desk.store.rehearse()
        self.tx: Transaction = self._rehearsal.__enter__()
        pupils = [str(row.id) for row in self.tx.connection.execute(select(tables.pupils.c.id)).all()]
        anchor, *others = pupils
        people = [self._guardian(number) for number in range(3)]
        for kept in people[:2]:
            self._link(anchor, kept)
        self.pairs = [Pair(p, g) for p in others for g in people[:2]] + [Pair(others[0], people[2])]
        self.contact = dict.fromkeys(people, 0)
        """How often each one's contact has changed: a change that is changed back is still one to look at."""
        self.seen: dict[str, int] = {}
        self.vis: dict[tuple[str, str], int] = {}
        """What the operator has typed: pair -> which state of the contact."""

    def teardown(self) -> None:
        try:
            self.night()
        finally:
            self._rehearsal.__exit__(None, None, None)

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        """One move; the likelier ones are named more than once."""
        moves = (self.link, self.link, self.night, self.night, self.reveal, self.sign, self.sign, self.new_contact)
        moves += (self.due, self.suspend, self.erase, self.time_goes_by, self.sign_remove, self.sign_remove)
        data.draw(st.sampled_from(moves), label="move")(data)

    # --------------------------------------------------------------------------------------------- what befalls links

    def link(self, data: st.DataObject) -> None:
        """A form is loaded."""
        gone = [p for p in self.pairs if not p.linked and guardians.read_guardian(self.tx, p.guardian)]
        if gone:
            pair = data.draw(st.sampled_from(gone))
            self._link(pair.pupil, pair.guardian)
            pair.linked, pair.suspended, pair.due, pair.removed_early = True, False, None, None

    def due(self, data: st.DataObject) -> None:
        """A birthday comes near, a consent puts it off."""
        days = data.draw(st.sampled_from([1, 3, 4, 10, 40, None]))
        if pair := self._some(data, lambda p: p.linked):
            pair.due = None if days is None else self.tx.today + timedelta(days=days)
            this = (tables.links.c.pupil_id == pair.pupil) & (tables.links.c.guardian_id == pair.guardian)
            values = {"due_on": pair.due, "due_reason": "extended" if pair.due is None else "turned_18"}
            self.tx.connection.execute(update(tables.links).where(this).values(**values))
            ensure_remove(self.tx, pair.pupil, pair.guardian)
            if pair.removed_early and (pair.due is None or working_day_before(pair.due) > pair.removed_early):
                pair.removed_early = None

    def suspend(self, data: st.DataObject) -> None:
        """A doubtful refusal comes, or is settled."""
        if pair := self._some(data, lambda p: p.linked):
            pair.suspended = not pair.suspended
            why = "refusal_unproven" if pair.suspended else None
            guardians.suspend(self.tx, pair.pupil, pair.guardian, why)

    def erase(self, data: st.DataObject) -> None:
        """A refusal is proven."""
        if pair := self._some(data, lambda p: p.linked):
            self._erase(pair)

    def time_goes_by(self, data: st.DataObject) -> None:
        """And what is due is erased."""
        days = data.draw(st.integers(1, 5))
        self.tx = replace(self.tx, today=self.tx.today + timedelta(days=days))
        for pair in self.pairs:
            if pair.linked and pair.due is not None and pair.due <= self.tx.today:
                self._erase(pair)

    def new_contact(self, data: st.DataObject) -> None:
        """A newer report changes a mobile."""
        mobile = data.draw(st.sampled_from(["+4790000001", "+4790000002", "+4790000003"]))
        if pair := self._some(data, lambda p: p.linked):
            guardian = guardians.read_guardian(self.tx, pair.guardian)
            assert guardian is not None
            if mobile != guardian.mobile:
                guardians.change_contact(self.tx, guardian, mobile=mobile, email="")
                self.contact[pair.guardian] += 1
                worklist.contact_changed(self.tx, pair.guardian)

    # ------------------------------------------------------------------------------------------- what an operator does

    def reveal(self, data: st.DataObject) -> None:
        """A line is opened, to type it in."""
        if told := self._line(data, "add", "change"):
            line, pair = told
            worklist.read_lines(self.tx, only=line.id, reveal=True)
            self.seen[line.id] = self.contact[pair.guardian]
            if line.kind == "add":
                pair.shown.add(line.id)

    def sign(self, data: st.DataObject) -> None:
        """A line is signed off, opened before or not."""
        as_: Any = data.draw(st.sampled_from(["done", "already_in_vis", "newer_in_vis", "not_done"]))
        if told := self._line(data, "add", "change"):
            line, pair = told
            worklist.sign(self.tx, line.id, as_=as_, by="kari", reason="wait" if as_ == "not_done" else None)
            if as_ == "not_done":
                pair.shown.discard(line.id)
                self.seen.pop(line.id, None)
            else:
                self.vis[pair.pupil, pair.guardian] = self.seen.pop(line.id, self.contact[pair.guardian])

    def sign_remove(self, data: st.DataObject) -> None:
        """A removal is done, or could not be."""
        as_: Any = data.draw(st.sampled_from(["done", "already_in_vis", "not_done"]))
        if told := self._line(data, "remove"):
            line, pair = told
            worklist.sign(self.tx, line.id, as_=as_, by="kari", reason="no_access" if as_ == "not_done" else None)
            if as_ != "not_done":
                self.vis.pop((pair.pupil, pair.guardian), None)
                pair.shown.clear()
                early = pair.due is not None and line.due_on and working_day_before(pair.due) <= line.due_on
                pair.removed_early = line.due_on if pair.linked and early else None

    # ------------------------------------------------------------------------------------------------------ what holds

    def night(self, data: object = None) -> None:
        """Provision: the list is the difference, and a second run changes nothing."""
        worklist.sync(self.tx)
        assert {"add": 0, "remove": 0, "cancelled": 0} == worklist.sync(self.tx)
        add, change, remove = set(), set(), set()
        for pair in self.pairs:
            key = (pair.pupil, pair.guardian)
            stands = key in self.vis
            if pair.live and not stands and not pair.removed_early:
                add.add(key)
            if pair.live and stands and self.vis[key] != self.contact[pair.guardian]:
                change.add(key)
            must_go = not pair.linked or (pair.due is not None and working_day_before(pair.due) <= self.tx.today + NEAR)
            if (stands or pair.shown) and must_go:
                remove.add(key)
        listed = self._listed()

        assert add == {(pair.pupil, pair.guardian) for line, pair in listed if line.kind == "add"}
        assert change == {(pair.pupil, pair.guardian) for line, pair in listed if line.kind == "change"}
        assert remove == {(pair.pupil, pair.guardian) for line, pair in listed if line.kind == "remove"}
        assert len(listed) == len(add) + len(change) + len(remove)
        emptied = select(LINES.c.id).where(LINES.c.text_ct.is_not(None), LINES.c.state != "open")
        assert [] == list(self.tx.connection.execute(emptied).scalars())

    # --------------------------------------------------------------------------------------------------------- helpers

    def _guardian(self, number: int) -> str:
        told = {"name": f"Kari Prøve{'abc'[number]}", "mobile": "+4790000000", "email": ""}
        return guardians.add(self.tx, number=self.numbers[number], **told)

    def _link(self, pupil: str, guardian: str) -> None:
        guardians.link(self.tx, pupil, guardian, basis="roster", submission="S-A", arrived=self.tx.now)

    def _erase(self, pair: Pair) -> None:
        erasure.erase_links(self.tx, [(pair.pupil, pair.guardian, "turned_18")])
        pair.linked, pair.suspended, pair.removed_early, pair.due = False, False, None, None

    def _some(self, data: st.DataObject, wanted: Any) -> Pair | None:
        found = [pair for pair in self.pairs if wanted(pair)]
        return data.draw(st.sampled_from(found)) if found else None

    def _listed(self) -> list[tuple[Line, Pair]]:
        found = []
        for line in worklist.read_lines(self.tx):
            (row,) = self.tx.connection.execute(select(LINES).where(LINES.c.id == line.id)).all()
            found += [(line, p) for p in self.pairs if (p.pupil, p.guardian) == (row.pupil_id, row.guardian_id)]
        return sorted(found, key=lambda one: (self.pairs.index(one[1]), one[0].kind))  # ids are random

    def _line(self, data: st.DataObject, *kinds: str) -> tuple[Line, Pair] | None:
        found = [one for one in self._listed() if one[0].kind in kinds]
        return data.draw(st.sampled_from(found)) if found else None


@pytest.fixture(scope="module")
def shared(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One desk with three pupils; each life is played in a transaction that is taken back."""
    made = open_desk(Path(tmp_path_factory.mktemp("office")) / "home", template, day=TODAY)
    surname = made.people.surname()
    adults = (made.people.adult(surname), made.people.adult(surname))
    for _ in range(3):
        made.child(surname, adults)
    yield made
    made.store.close()


def test_the_list_is_the_difference(shared: Desk) -> None:
    """Links that come, rest, change, come due and go, lines that are opened and signed or not, in any order: what is
    listed is what lacks in Visma InSchool, what is old there, and what must go from there."""
    numbers = tuple(shared.people.adult("Prøve").number for _ in range(3))
    machine = type("Machine", (Office,), {"desk": shared, "numbers": numbers})
    told = settings(
        max_examples=30,
        stateful_step_count=60,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(machine, settings=told)
