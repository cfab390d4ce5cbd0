"""Prefect's own history is pruned on a real server: old runs go with their logs and tables, young ones stay."""

from typing import Any

import pytest
from support_runs import Runs

PRUNED = """
import json, time
from datetime import UTC, datetime, timedelta
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, LogCreate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import State, StateType
from tasks.guard import safe_flow
from tasks.report.history import prune

NAME = "pruned-in-a-test"  # the server is shared: nobody else's runs are touched

@safe_flow(NAME)
def flow() -> None: ...

with get_client(sync_client=True) as client:
    now = datetime.now(UTC)
    run = client.create_flow_run(flow)
    client.set_flow_run_state(run.id, State(type=StateType.COMPLETED), force=True)
    client.create_logs([LogCreate(name="prefect", level=30, message="codes", timestamp=now, flow_run_id=run.id)])
    client.create_artifact(ArtifactCreate(key="retention", type="table", data="[]", flow_run_id=run.id))

    def left():
        mine = [run.id]
        runs = [one.id for one in client.read_flow_runs() if one.id == run.id]
        logs = client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=mine)))
        tables = client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=mine)))
        return [len(runs), len(logs), len(tables)]

    told = {"young": prune(30, now + timedelta(days=29), flows=(NAME,)), "before": left()}
    told["old"] = prune(30, now + timedelta(days=31), flows=(NAME,))
    until = time.monotonic() + 60  # the server deletes the logs in its own time
    while time.monotonic() < until and left() != [0, 0, 0]:
        time.sleep(0.2)
    told |= {"after": left(), "again": prune(30, now + timedelta(days=31), flows=(NAME,))}
    print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def pruned(runs: Runs) -> dict[str, Any]:
    """A run that ended today, pruned as of 29 days from now, and as of 31."""
    told: dict[str, Any] = runs(code=PRUNED).fine().json
    return told


def test_a_run_stays_to_be_seen_for_its_days(pruned: dict[str, Any]) -> None:
    """A day short of thirty: run, log and table are all there."""
    assert (0, [1, 1, 1]) == (pruned["young"], pruned["before"])


def test_an_old_run_goes_with_its_logs_and_tables(pruned: dict[str, Any]) -> None:
    """A day over thirty: nothing of it is left, and there is nothing to do again."""
    assert (1, [0, 0, 0], 0) == (pruned["old"], pruned["after"], pruned["again"])
