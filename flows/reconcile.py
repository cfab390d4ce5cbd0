"""The nightly reconciliation: forms that wait for their pupil are tried again, and every due date is recomputed."""

from typing import Any, Final

from flows.reprocess import reopen
from flows.road import Tally, red, walk
from flows.steps import GUARDED, WATCH, opened
from store.ledger import undecided
from tasks.guard import current_run, safe_flow, safe_task
from tasks.report.summary import publish
from tasks.retain.sweep import overdue, recompute

WAITING: Final = ("pupil_not_found", "pupil_ambiguous", "guardian_not_on_roster")
"""What a newer roster may settle by itself."""

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
    publish("reconcile", {"outcome": tally.outcomes, "run": {"pupils": pupils, "undecided": left, "overdue": late}})
    if fault := red(tally):
        raise fault
    return {
        "flow_run_id": current_run(),
        "pupils": pupils,
        "tried_again": len(chosen),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "undecided": left,
        "overdue": late,
    }
