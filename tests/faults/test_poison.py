"""A run survives what goes wrong in it: one bad form is that form's fate, a fault of the world is nobody's.

Belongs here: exceptions in steps, servers that are down, runs that meet each other. Does not belong here: SIGKILL
between steps (`test_kill`), what is bad in a document itself (`journeys`).
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support_faults import SENT, Workshop
from support_runs import Ran
from support_world import matching, opened, picture, picture_of_entry, submissions

from fixtures.casebook import Case
from store import ledger
from store.listing import SubmissionLine
from store.owner import own_name

POISONED = "bad_check_digit"
OTHERS = [name for name in SENT if name != POISONED]

POISONS: Mapping[str, dict[str, Any]] = {
    "read": {"target": "tasks.extract.step:read_opened", "do": "panic"},
    "validate": {"target": "tasks.validate.step:judge", "do": "pandera"},
    "load": {"target": "tasks.load.step:apply", "do": "key", "when": "after"},
    "dies": {"target": "tasks.extract.step:read_opened", "do": "kill"},
}


@dataclass(frozen=True)
class Played:
    """One run, and the ledger after it."""

    ran: Ran
    lines: list[SubmissionLine]

    def of(self, case: Case) -> SubmissionLine:
        return matching(self.lines, case)


@pytest.fixture(scope="module")
def played(workshop: Workshop, cases: dict[str, Case]) -> dict[str, list[Played]]:
    """For every poison: five runs, one after the other."""

    def play(kind: str) -> list[Played]:
        home = workshop.home(f"p-{kind}")
        spoil = POISONS[kind] | {"holding": cases[POISONED].forms[0].first.name, "values": ["x"]}
        return [Played(workshop.intake(home, spoil), submissions(home)) for _ in range(5)]

    with ThreadPoolExecutor(len(POISONS)) as pool:
        return dict(zip(POISONS, pool.map(play, POISONS), strict=True))


@pytest.mark.parametrize("kind", ["read", "validate", "load"])
def test_one_poisoned_submission_holds_up_no_other(
    kind: str, played: dict[str, list[Played]], cases: dict[str, Case]
) -> None:
    """Where a step raises for one submission, the first run decides all others and says that it did not finish."""
    first = played[kind][0]

    assert 1 == first.ran.code
    assert "undecided" == first.ran.json["error"]["code"]
    assert {"decided"} == {first.of(cases[name]).state for name in OTHERS}
    assert ("new", None) == (first.of(cases[POISONED]).state, first.of(cases[POISONED]).outcome)


@pytest.mark.parametrize("kind", ["read", "validate", "load"])
def test_three_lone_attempts_and_a_person_is_asked(
    kind: str, played: dict[str, list[Played]], cases: dict[str, Case]
) -> None:
    """The poisoned submission is tried alone once a run; after three such runs it waits for a person as
    processing_failed, and runs are green again."""
    runs = played[kind]
    poisoned = [one.of(cases[POISONED]) for one in runs]

    assert [1, 1, 1, 0, 0] == [one.ran.code for one in runs]
    assert [1, 2, 3] == [line.attempts for line in poisoned[:3]]
    assert {"new"} == {line.state for line in poisoned[:3]}
    assert [("needs_review", ("processing_failed",))] * 2 == [
        (entry.outcome, entry.codes) for line in poisoned[3:] for entry in line.entries
    ]


def test_a_submission_that_kills_the_process_is_stopped_too(
    played: dict[str, list[Played]], cases: dict[str, Case]
) -> None:
    """One that takes the whole process down (as a broken library would) dies once with its batch and three times alone;
    then a person is asked, and all others are decided."""
    runs = played["dies"]
    last = runs[-1].of(cases[POISONED])

    assert [-9, -9, -9, -9, 0] == [one.ran.code for one in runs]
    assert [("needs_review", ("processing_failed",))] == [(entry.outcome, entry.codes) for entry in last.entries]
    assert {"decided"} == {runs[-1].of(cases[name]).state for name in OTHERS}


@pytest.mark.parametrize("kind", POISONS)
def test_the_others_are_as_they_would_have_been(
    kind: str, workshop: Workshop, played: dict[str, list[Played]], cases: dict[str, Case]
) -> None:
    """What becomes of the other submissions does not depend on the poisoned one, whatever it did."""
    undisturbed = {line[1]: (line[3], *line[6:]) for line in workshop.undisturbed["submissions"]}
    found = {line.received_at: (line.outcome, *map(picture_of_entry, line.entries)) for line in played[kind][-1].lines}
    at = played[kind][-1].of(cases[POISONED]).received_at

    assert {when: told for when, told in undisturbed.items() if when != at} == {
        when: told for when, told in found.items() if when != at
    }


def test_a_fault_of_the_world_counts_against_nobody(workshop: Workshop) -> None:
    """Where the outside world fails, everything stays undecided without an attempt counted, the run is red, and the
    next run heals it by itself."""
    home = workshop.home("o1")
    fault = {"target": "tasks.reconcile.step:read_pupils", "nth": 1, "do": "outside"}
    first, lines, second = workshop.intake(home, fault), submissions(home), workshop.intake(home)

    assert (1, "disk_full") == (first.code, first.json["error"]["code"])
    assert [("new", 0)] * len(SENT) == [(line.state, line.attempts) for line in lines]
    assert 0 == second.code
    assert workshop.undisturbed == picture(home)


def test_a_channel_that_is_down_holds_up_no_other(workshop: Workshop, cases: dict[str, Case]) -> None:
    """With Digipost down, mail and post are taken in and decided, the run is red, and the next run fetches the rest."""
    home = workshop.home("o2")
    workshop.inbox.standin.fail("http_503", 50)
    first, lines = workshop.intake(home), submissions(home)
    while workshop.inbox.standin.take_fault("/"):
        pass
    second = workshop.intake(home)

    assert 1 == first.code
    assert len(SENT) - 1 == len([line for line in lines if line.state == "decided"])
    assert (0, 1) == (second.code, second.json["collected"])
    assert workshop.undisturbed == picture(home)


def test_what_another_living_run_has_claimed_is_left_to_it(workshop: Workshop) -> None:
    """A lease whose owner lives is respected: the run decides the rest, says what is still undecided, and takes it
    once it is given back."""
    home = workshop.home("o3")
    workshop.intake(home, {"target": "tasks.reconcile.step:read_pupils", "nth": 1, "do": "outside"})
    with opened(home) as store:
        owner = own_name()
        mine = [one.id for one in ledger.claim(store, owner, 2)]
        first = workshop.intake(home).fine()
        ledger.release(store, owner, mine, alone=False)
    second = workshop.intake(home).fine()

    assert (len(SENT) - 2, 2) == (first.json["decided"], first.json["undecided"])
    assert (2, 0) == (second.json["decided"], second.json["undecided"])
    assert workshop.undisturbed == picture(home)


def test_two_runs_at_once_share_the_work(workshop: Workshop) -> None:
    """Two intakes of one home at the same time: each submission is taken in once and decided once."""
    home: Path = workshop.home("o4")
    with ThreadPoolExecutor(2) as pool:
        both = [ran.fine().json for ran in pool.map(lambda _: workshop.intake(home), range(2))]

    assert (len(SENT), len(SENT)) == (sum(one["collected"] for one in both), sum(one["decided"] for one in both))
    assert workshop.undisturbed == picture(home)
