"""Intake: collect from the channels, then walk the road until every submission is decided."""

import time
from typing import Any, Literal

from flows.road import Tally, red, walk
from flows.steps import GUARDED, WATCH, opened
from schemas.errors import ForesattError
from store.ledger import undecided
from store.protection import told_count
from tasks.collect.channels import channels
from tasks.collect.step import collect, dispose, settle
from tasks.guard import current_run, safe_flow, safe_task
from tasks.report.summary import publish

Which = Literal["email", "digipost", "post", "all"]

collect_task = safe_task(collect, "collect")
settle_task = safe_task(settle, "settle")
dispose_task = safe_task(dispose, "dispose")


@safe_flow("intake")
def intake(channel: Which = "all") -> dict[str, Any]:
    """Run intake once. A channel that fails leaves the others going and makes the run red at its end."""
    began, watch = time.monotonic(), WATCH.get()
    faults: list[ForesattError] = []
    with opened() as store:
        tally = Tally()
        sources = channels(store.settings, store.home, channel)
        for source in sources:
            watch("collect", tally)
            try:
                tally.collected += collect_task(source, store)
            except ForesattError as fault:
                faults.append(fault)
        try:
            walk(store, GUARDED, tally, watch=lambda state: watch("decide", state))
            settle_task(sources, store)
            dispose_task(sources, store)
        except ForesattError as fault:
            faults.append(fault)
        for source in sources:
            source.close()
        left = undecided(store)
        summary = summarise(tally, left, began)
    publish("intake", {"outcome": tally.outcomes, "reason": tally.reasons, "run": {"undecided": left}})
    if why := (faults[0] if faults else red(tally)):
        raise why
    return summary


def summarise(tally: Tally, left: int, began: float) -> dict[str, Any]:
    """The JSON of intake and reprocess (the keys are kept stable)."""
    return {
        "flow_run_id": current_run(),
        "collected": tally.collected,
        "decided": tally.decided,
        "undecided": left,
        "outcomes": dict(sorted(tally.outcomes.items())),
        "reasons": {code: told_count(code, count) for code, count in sorted(tally.reasons.items())},
        "seconds": round(time.monotonic() - began, 1),
    }
