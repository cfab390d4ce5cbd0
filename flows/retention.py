"""Retention: erase what is due, prove that nothing is overdue."""

from datetime import date
from typing import Any

from flows.steps import WATCH, opened
from schemas.errors import RunFault
from store.audit import RULES
from store.audit_heads import export
from store.rotation import destroy_old
from tasks.collect.channels import channels
from tasks.collect.step import dispose
from tasks.guard import current_run, safe_flow, safe_task
from tasks.report.summary import publish
from tasks.retain.overdue import overdue
from tasks.retain.sweep import preview, sweep

sweep_task = safe_task(sweep, "retain")
destroy_task = safe_task(destroy_old, "destroy old keys")
head_task = safe_task(export, "write the audit's head down")
dispose_task = safe_task(dispose, "dispose")


@safe_flow("retention")
def retention(as_of: date | None = None, dry_run: bool = False) -> dict[str, Any]:
    """Erase everything due by `as_of` (today in Oslo); with `dry_run` only count it."""
    watch = WATCH.get()
    with opened(as_of) as store:
        if dry_run:
            counts = preview(store)
        else:
            counts = sweep_task(store, lambda done, total: watch("retain", (done, total)))
            sources = channels(store.settings, store.home)
            dispose_task(sources, store)
            for source in sources:
                source.close()
            destroy_task(store, RULES)
            head_task(store)
        late = overdue(store)
        day = store.today
    publish("retention", {"erased": counts, "run": {"overdue": late}})
    if late and not dry_run:
        raise RunFault("overdue", f"{late} things are overdue after the sweep", "run it again, then call for help")
    return {
        "flow_run_id": current_run(),
        "as_of": day.isoformat(),
        "dry_run": dry_run,
        "erased": counts,
        "overdue": late,
    }
