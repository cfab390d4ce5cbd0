"""The nightly reconciliation: forms that wait for their pupil are tried again, every due date is recomputed, and the
mailbox is counted against the ledger."""

from dataclasses import asdict
from typing import Any, Final

from flows.reprocess import reopen
from flows.road import Tally, red, walk
from flows.steps import GUARDED, WATCH, opened
from schemas.errors import ForesattError, RunFault
from store.database import Store
from store.ledger import undecided
from tasks.collect.census import census
from tasks.collect.channels import channels
from tasks.guard import current_run, safe_flow, safe_task
from tasks.report.summary import publish
from tasks.retain.overdue import overdue
from tasks.retain.sweep import recompute

WAITING: Final = ("pupil_not_found", "pupil_ambiguous", "guardian_not_on_roster")
"""What a newer roster may settle by itself."""

count_task = safe_task(census, "count")
recompute_task = safe_task(recompute, "recompute")


@safe_flow("reconcile")
def reconcile() -> dict[str, Any]:
    """Run it once; a second run the same night changes nothing."""
    watch = WATCH.get()
    with opened() as store:
        pupils = recompute_task(store)
        chosen = sorted({ident for code in WAITING for ident in reopen(store, [], code, None)})
        tally = Tally()
        if chosen:
            walk(store, GUARDED, tally, only=chosen, watch=lambda state: watch("decide", state))
        left, late = undecided(store), overdue(store)
        counted, fault = _count(store)
    counts = {"outcome": tally.outcomes, "run": {"pupils": pupils, "undecided": left, "overdue": late}}
    publish("reconcile", {**counts, "mailbox": counted})
    if why := (red(tally) or fault):
        raise why
    return {
        "flow_run_id": current_run(),
        "pupils": pupils,
        "tried_again": len(chosen),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "undecided": left,
        "overdue": late,
        "mailbox": counted,
    }


def _count(store: Store) -> tuple[dict[str, int], ForesattError | None]:
    """What the mailbox holds against what the ledger knows: the counts, and why the run is red."""
    sources = []
    try:
        sources = channels(store.settings, store.home, "email")
        counted = asdict(count_task(sources, store))
    except ForesattError as fault:  # the night's other work does not wait for a mail server
        return {}, fault
    finally:
        for source in sources:
            source.close()
    if any(counted.values()):
        told = "the mailbox and the ledger do not agree"
        return counted, RunFault("mailbox_differs", told, "see docs/operators/mail.md")
    return counted, None
