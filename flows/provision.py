"""Provision: work list and analogue register brought in step with the store, and answers that wait are sent."""

from dataclasses import asdict
from typing import Any

from flows.steps import opened
from schemas.errors import ForesattError, RunFault
from store import punctual
from tasks.guard import current_run, safe_flow, safe_task
from tasks.provision.answers import send_where_set_up
from tasks.provision.step import provide
from tasks.report.summary import publish

provide_task = safe_task(provide, "provision")
answer_task = safe_task(send_where_set_up, "answers")


@safe_flow("provision")
def provision() -> dict[str, Any]:
    """Run it once; a second run changes nothing. An overdue REMOVE line shows in the summary until it is signed,
    and once it is some working days late (a setting) the run is red, as it is where a night's retention is missing."""
    with opened() as store:
        counts = asdict(provide_task(store))
        with store.read() as tx:
            missed = punctual.fault(tx)
        fault, said = None, dict[str, int]()
        try:
            said = asdict(answer_task(store))
        except ForesattError as why:  # the lists do not wait for a mail server
            fault = why
    publish("provision", {"line": counts, "answer": said})
    if red := (missed or fault):
        raise red
    if counts["serious"]:
        told = f"{counts['serious']} guardians should have been removed in Visma InSchool days ago"
        raise RunFault("remove_overdue", told, "today: foresatt worklist, remove them there, and sign")
    return {"flow_run_id": current_run(), **counts, "answers": said}
