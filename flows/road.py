"""The road from the ledger to the store: claim, decrypt, extract, validate, reconcile, load, a batch at a time.

Belongs here: the order of the steps and what happens when one fails. Written without Prefect, so that a steward's
`review` walks the same road; intake and reprocess walk it with each step as a task run.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.errors import ForesattError, OutsideFault, RunFault
from schemas.outcomes import SubmissionOutcome
from schemas.verdicts import Verdict
from store import ledger
from store.database import Store
from store.ledger import Claimed
from store.owner import own_name
from tasks.decrypt.step import decrypt_batch
from tasks.extract.step import extract_batch
from tasks.load.step import Loaded, give_up, load_batch
from tasks.reconcile.step import reconcile_batch
from tasks.validate.step import validate_batch


class Steps(NamedTuple):
    """The five steps between the two durable points, plain or wrapped as task runs."""

    decrypt: Callable[..., dict[str, object]]
    extract: Callable[..., dict[str, object]]
    validate: Callable[..., list[Verdict]]
    reconcile: Callable[..., list[tuple[Verdict, list[object]]]]
    load: Callable[..., Loaded]


PLAIN: Final = Steps(decrypt_batch, extract_batch, validate_batch, reconcile_batch, load_batch)  # type: ignore[arg-type]


@dataclass(slots=True)
class Tally:
    """What a run did, in counts and codes."""

    collected: int = 0
    decided: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    locked: int = 0

    def add(self, loaded: Loaded) -> None:
        """Count one batch."""
        self.decided += loaded.decided
        self.outcomes += loaded.outcomes
        self.reasons += loaded.reasons


Watch = Callable[[Tally], None]


def walk(store: Store, steps: Steps, tally: Tally, *, only: Sequence[str] = (), watch: Watch = lambda _: None) -> Tally:
    """Work through the queue until nothing is left that this run can do.

    A batch that crashes goes back to be claimed one by one; one that crashes alone is left for the next run, three
    times, and then a person is asked. A fault of the outside world gives everything back and is raised.
    """
    owner = own_name()
    while claims := ledger.claim(store, owner, store.settings.intake.batch_size, only, skip=tally.failed):
        ids = [claim.id for claim in claims]
        try:
            most = store.settings.intake.max_attempts
            spent = [claim for claim in claims if claim.lost or (claim.alone and claim.attempts > most)]
            for claim in spent:
                verdict = Verdict(claim.id, claim.received_at, SubmissionOutcome.READ)
                tally.add(give_up(store, verdict, owner, "source_lost" if claim.lost else "processing_failed"))
            if good := [claim for claim in claims if claim not in spent]:
                with ledger.renewing(store, owner):
                    locked = _batch(store, steps, good, owner, tally)
                ledger.release(store, owner, locked, alone=False)
                tally.failed += locked
                tally.locked += len(locked)
        except OutsideFault:
            ledger.release(store, owner, ids, alone=False)
            raise
        except RunFault:
            ledger.release(store, owner, ids, alone=True)
            tally.failed += [claim.id for claim in claims if claim.alone]
        except BaseException:
            ledger.release(store, owner, ids, alone=True)
            raise
        watch(tally)
    return tally


def _batch(store: Store, steps: Steps, claims: list[Claimed], owner: str, tally: Tally) -> list[str]:
    """One batch through the five steps; returns the ids that a locked key of ours keeps shut."""
    settings = store.settings
    opened = steps.decrypt(claims, settings, store.home.gnupg)
    locked = [claim.id for claim in claims if claim.id not in opened]
    claims = [claim for claim in claims if claim.id in opened]
    readings = steps.extract(opened, settings)
    verdicts = steps.validate(claims, opened, readings, settings)
    decisions = steps.reconcile(verdicts, store)
    tally.add(steps.load(decisions, store, owner))
    return locked


def red(tally: Tally) -> ForesattError | None:
    """Why a run that left something undone is red; None where it is not."""
    if tally.locked:
        return OutsideFault("key_locked", "a key of the school's is locked", "unlock it, then run intake again")
    if tally.failed:
        told = f"{len(tally.failed)} submissions could not be processed"
        return RunFault("undecided", told, "run it again; after three times a person is asked")
    return None
