"""Provision: the Visma InSchool work list and the analogue register brought in step with the store."""

from dataclasses import asdict
from typing import Any

from flows.steps import opened
from tasks.guard import current_run, safe_flow, safe_task
from tasks.provision.step import provide
from tasks.report.summary import publish

provide_task = safe_task(provide, "provision")


@safe_flow("provision")
def provision() -> dict[str, Any]:
    """Run it once; a second run changes nothing. An overdue REMOVE line shows in the summary until it is signed."""
    with opened() as store:
        counts = asdict(provide_task(store))
    publish("provision", {"line": counts})
    return {"flow_run_id": current_run(), **counts}
