"""Nothing is lost or doubled: the process dies at every boundary of the road, and the next run makes it whole.

Belongs here: SIGKILL between steps and inside them. Does not belong here: faults that a run survives
(`test_poison`).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support_faults import Workshop
from support_runs import Ran
from support_world import picture

KILLED = -9

KILLS: Mapping[str, dict[str, Any]] = {
    "before anything is taken in": {"target": "tasks.collect.step:take_in", "nth": 1},
    "an original sealed but not committed": {"target": "store.ledger:original", "when": "after", "nth": 3},
    "an original committed": {"target": "tasks.collect.step:take_in", "when": "after", "nth": 2},
    "all channels collected": {"target": "store.ledger:claim", "nth": 1},
    "a batch claimed": {"target": "store.ledger:claim", "when": "after", "nth": 1},
    "half a batch decrypted": {"target": "tasks.decrypt.step:open_delivery", "nth": 3},
    "a batch decrypted": {"target": "tasks.extract.step:read_opened", "nth": 1},
    "a batch read": {"target": "tasks.validate.step:check_switched_on", "nth": 1},
    "a batch judged": {"target": "tasks.reconcile.step:read_pupils", "nth": 1},
    "half a batch reconciled": {"target": "tasks.reconcile.step:decide", "nth": 3},
    "nothing of a batch loaded": {"target": "tasks.load.step:write_submission", "nth": 1},
    "half a batch loaded, not committed": {"target": "tasks.load.step:apply", "when": "after", "nth": 3},
    "an erasure intended, the decision not committed": {"target": "store.erasure:intend", "when": "after", "nth": 1},
    "a batch committed, its erasure not noted": {"target": "store.erasure:done", "nth": 1},
    "one batch done, the next claimed": {"target": "store.ledger:claim", "when": "after", "nth": 2},
    "the last batch half loaded": {"target": "tasks.load.step:write_submission", "when": "after", "nth": 7},
    "a mail moved, not noted": {"target": "tasks.collect.step:_settled", "nth": 2},
    "a mail moved and noted": {"target": "tasks.collect.step:_settled", "when": "after", "nth": 3},
    "all done, not reported": {"target": "flows.intake:publish", "nth": 1},
}


@pytest.fixture(scope="module")
def killed(workshop: Workshop) -> Iterator[dict[str, tuple[Ran, Ran, dict[str, Any]]]]:
    """For every place: the run that was killed there, the run after it, and what the home holds then."""

    def play(number: int, place: str) -> tuple[Ran, Ran, dict[str, Any]]:
        home = workshop.home(f"k{number}")
        first = workshop.intake(home, KILLS[place] | {"do": "kill"})
        return first, workshop.intake(home), picture(home)

    with ThreadPoolExecutor(3) as pool:
        yield dict(zip(KILLS, pool.map(play, range(1, len(KILLS) + 1), KILLS), strict=True))


def test_the_undisturbed_run_is_worth_comparing_with(workshop: Workshop) -> None:
    """The measure itself holds something of every kind: else equal pictures would prove nothing."""
    told = workshop.undisturbed

    assert 8 == len(told["submissions"])
    assert {"loaded", "not_applicable", "rejected", "needs_review"} == {
        entry[2] for line in told["submissions"] for entry in line[6:]
    }
    assert 7 == len(told["links"])
    assert {"refusal_question": 1} == told["outbox"]
    assert 1 == sum("refusal_unproven" in link for link in told["links"])
    assert 2 == sum(told["erased"].values())


@pytest.mark.parametrize("place", KILLS)
def test_a_run_killed_anywhere_is_made_whole_by_the_next(
    place: str, workshop: Workshop, killed: dict[str, tuple[Ran, Ran, dict[str, Any]]]
) -> None:
    """After a SIGKILL at any boundary one more run leaves exactly what an undisturbed one does: every submission
    decided once, nothing lost, nothing doubled, no lease held, every source settled."""
    first, second, told = killed[place]

    assert (KILLED, 0) == (first.code, second.code), second.out + second.err
    assert 0 == second.json["undecided"]
    assert {name: workshop.undisturbed[name] for name in told} == told
