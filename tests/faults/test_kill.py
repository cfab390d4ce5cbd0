"""Nothing is lost or doubled: the process dies at every boundary of the road, and the next run makes it whole.

Belongs here: SIGKILL between steps and inside them. Does not belong here: faults that a run survives
(`test_poison`).
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support_faults import Workshop
from support_runs import Ran
from support_world import matching, picture, reading, submissions

from fixtures.casebook import Case
from store.tables import links

KILLED = -9

KILLS: Mapping[str, dict[str, Any]] = {
    "before anything is taken in": {"target": "tasks.collect.step:take_in_all", "nth": 1},
    "an original sealed but not committed": {"target": "store.ledger:_Fresh.write", "when": "after", "nth": 1},
    "an original committed": {"target": "tasks.collect.step:take_in_all", "when": "after", "nth": 1},
    "all channels collected": {"target": "store.ledger:claim", "nth": 1},
    "a batch claimed": {"target": "store.ledger:claim", "when": "after", "nth": 1},
    "half a batch decrypted": {"target": "tasks.decrypt.step:open_delivery", "nth": 3},
    "a batch decrypted": {"target": "tasks.extract.step:read_opened", "nth": 1},
    "a batch read": {"target": "tasks.validate.step:check_switched_on", "nth": 1},
    "a batch judged": {"target": "tasks.reconcile.step:read_pupils", "nth": 1},
    "half a batch reconciled": {"target": "tasks.reconcile.step:decide", "nth": 3},
    "nothing of a batch loaded": {"target": "tasks.load.step:write_submission", "nth": 1},
    "half a batch loaded, not committed": {"target": "tasks.load.step:apply", "when": "after", "nth": 3},
    "an erasure intended, the decision not committed": {"target": "store.deletions:intend", "when": "after", "nth": 1},
    "a batch committed, its erasure not noted": {"target": "store.deletions:done", "nth": 1},
    "one batch done, the next claimed": {"target": "store.ledger:claim", "when": "after", "nth": 2},
    "the last batch half loaded": {"target": "tasks.load.step:write_submission", "when": "after", "nth": 7},
    "mails moved, not noted": {"target": "tasks.collect.step:_settled", "nth": 1},
    "mails moved and noted": {"target": "flows.intake:dispose_task", "nth": 1},
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
    assert (1, {"refusal_question", "answer"}) == (told["outbox"]["refusal_question"], set(told["outbox"]))
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


# ------------------------------------------------------------------------------------------------ a steward's decision

DECISION_KILLS: Mapping[str, dict[str, Any]] = {
    "before it is written down": {"target": "store.ledger:reopen", "nth": 1},
    "written down, not begun": {"target": "store.ledger:claim", "nth": 1},
    "applied, not committed": {"target": "tasks.load.step:apply", "when": "after", "nth": 1},
    "committed, the guardian not erased": {"target": "store.erasure:erase_links", "nth": 1},
    "the guardian erased, not noted": {"target": "store.deletions:done", "nth": 2},
}


@pytest.fixture(scope="module")
def suspended(workshop: Workshop) -> Path:
    """A home after its first intake: one guardian's link rests, since somebody refused in their name."""
    home = workshop.home("s")
    workshop.intake(home).fine()
    return home


@pytest.fixture(scope="module")
def confirmed(
    workshop: Workshop, suspended: Path, cases: dict[str, Case]
) -> dict[str, tuple[list[int], dict[str, Any]]]:
    """A refusal for a loaded guardian, confirmed by a steward with a kill at every place, and then again; exit codes,
    and what the home holds after the night. The first is the undisturbed one."""
    ident = matching(submissions(suspended), cases["refusal_for_the_other_parent"]).id
    told = ("review", "refuse", ident, "--slot", "2", "--by", "kari", "--json")

    def play(place: str) -> tuple[list[int], dict[str, Any]]:
        home = workshop.homes.copy(suspended, f"s-{len(place)}")
        spoil = [DECISION_KILLS[place] | {"do": "kill"}] if place else []
        codes = [workshop.runs(*told, home=home, spoil=spoil).code, workshop.runs(*told, home=home).code]
        workshop.runs("retention", "--json", home=home).fine()
        return codes, {name: told for name, told in picture(home).items() if name != "audit"}

    return {place: play(place) for place in ("", *DECISION_KILLS)}


def test_a_refusal_that_a_steward_confirms_erases_the_guardian(
    confirmed: dict[str, tuple[list[int], dict[str, Any]]], workshop: Workshop
) -> None:
    """Undisturbed: the link that was suspended is gone with its guardian, the pair is on the analogue register; to
    decide it again is wrong use."""
    codes, told = confirmed[""]

    assert [0, 2] == codes
    assert len(workshop.undisturbed["links"]) - 1 == len(told["links"])
    assert "refusal_unproven" not in str(told["links"])
    assert ["refused"] == [why for _, _, why in told["paper"]]


@pytest.mark.parametrize("place", DECISION_KILLS)
def test_a_decision_killed_anywhere_can_be_made_again(
    place: str, confirmed: dict[str, tuple[list[int], dict[str, Any]]]
) -> None:
    """A steward whose command was killed types it again: it is carried out, or it was already; after the night the home
    is as if nothing had happened."""
    codes, told = confirmed[place]

    assert KILLED == codes[0]
    assert codes[1] in (0, 2)
    assert confirmed[""][1] == told


def test_an_erasure_that_was_asked_for_and_killed_is_carried_out_by_the_night(
    workshop: Workshop, suspended: Path
) -> None:
    """Killed between what `person erase` commits first and the ledger's row of the links: the night leaves exactly what
    an undisturbed erasure does, in the ledger as well."""
    with reading(suspended) as tx:
        query = select(links.c.guardian_id).where(links.c.suspended.is_(None)).order_by(links.c.guardian_id)
        who = str(tx.connection.execute(query.limit(1)).scalar_one())
    told = ("person", "erase", who, "--by", "kari", "--proven-by", "passport", "--json")
    left = []
    for at, spoil in enumerate(([], [{"target": "store.erasure:intend", "nth": 1, "do": "kill"}])):
        home = workshop.homes.copy(suspended, f"e-{at}")
        assert (KILLED if spoil else 0) == workshop.runs(*told, home=home, spoil=spoil).code
        workshop.runs("retention", "--json", home=home).fine()
        left.append({name: told for name, told in picture(home).items() if name != "audit"})

    assert left[0] == left[1]
    assert {("E", "withdrawn", True), ("G", "withdrawn", True)} <= set(left[0]["erased"])
    assert "refused" in [why for _, _, why in left[0]["paper"]]


def test_a_copy_that_was_deleted_and_not_noted(workshop: Workshop, cases: dict[str, Case]) -> None:
    """Killed between deleting a copy at its source and writing that down, for a mail and for a letter: the next run
    notes it and stumbles over nothing."""
    inbox, home = workshop.homes.inbox(), workshop.homes.home("d")
    workshop.homes.fill(home, (cases[name] for name in ("plain_mail_refusal", "own_refusal")), inbox)
    kill = {"target": "tasks.collect.step:_forget", "nth": 1, "do": "kill"}
    codes = [
        workshop.runs("intake", "--json", home=home, env=inbox.environ, spoil=spoil).code
        for spoil in ([kill], [kill], [])
    ]

    assert [KILLED, KILLED, 0] == codes
    assert ([], []) == (inbox.standin.documents, picture(home)["mails"])
    assert {False} == {has_handle for _, _, has_handle, _ in picture(home)["sightings"]}
