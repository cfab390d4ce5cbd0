"""Retention: erase what is due, warn of what lies ahead, prove that nothing is overdue."""

from datetime import date
from typing import Any

from flows.steps import WATCH, opened
from schemas.errors import ForesattError, RunFault
from store import punctual
from store.audit import RULES
from store.audit_heads import export
from store.database import OSLO, Store
from store.rotation import destroy_old
from tasks.collect.channels import channels
from tasks.collect.step import dispose
from tasks.guard import current_run, safe_flow, safe_task
from tasks.report.history import prune
from tasks.report.summary import publish
from tasks.retain.overdue import late
from tasks.retain.sweep import foreseen, sweep, tally, warn

sweep_task = safe_task(sweep, "retain")
warn_task = safe_task(warn, "warn")
destroy_task = safe_task(destroy_old, "destroy old keys")
head_task = safe_task(export, "write the audit's head down")
dispose_task = safe_task(dispose, "dispose")
prune_task = safe_task(prune, "prune the run history")


@safe_flow("retention")
def retention(as_of: date | None = None, dry_run: bool = False) -> dict[str, Any]:
    """Erase everything due by `as_of` (today in Oslo); with `dry_run` only say what, by id."""
    with opened(as_of) as store:
        told: dict[str, Any] = {"flow_run_id": current_run(), "as_of": store.today.isoformat(), "dry_run": dry_run}
        if dry_run:
            listed = foreseen(store)
            told |= {"erased": tally(listed), "listed": [{"id": ident, "what": what} for ident, what in listed]}
            told["overdue"] = sum(late(store, min(store.today, store.now.astimezone(OSLO).date())).values())
            publish("retention", {"would_erase": told["erased"], "run": {"overdue": told["overdue"]}})
            return told
        watch = WATCH.get()
        told["erased"] = sweep_task(store, lambda done, total: watch("retain", (done, total)))
        told["warned"] = warn_task(store)
        destroy_task(store, RULES)
        head_task(store)
        fault = _outside(store)
        kinds = late(store)
        told["overdue"] = sum(kinds.values())
        if not told["overdue"] and fault is None:
            with store.write() as tx:
                punctual.succeeded(tx)
    run = {"overdue": told["overdue"]}
    publish("retention", {"erased": told["erased"], "warned": told["warned"], "overdue": kinds, "run": run})
    if told["overdue"]:
        raise RunFault("overdue", f"overdue after the sweep: {_said(kinds)}", "run it again, then call for help")
    if fault is not None:
        raise fault
    return told


def _outside(store: Store) -> ForesattError | None:
    """Copies at the sources, and old runs at Prefect's. What somebody else's server does not let us do now keeps
    nothing of ours from being erased; the run is red for it, and the next one does it."""
    found: ForesattError | None = None
    sources = []
    try:
        sources = channels(store.settings, store.home)
        dispose_task(sources, store)
    except ForesattError as fault:
        found = fault
    finally:
        for source in sources:
            source.close()
    try:
        prune_task(store.settings.prefect.history_days)
    except ForesattError as fault:
        found = found or fault
    return found


def _said(kinds: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
