"""Old runs go from Prefect's own history, with their logs and tables, on whatever server keeps them.

The local server prunes itself while it is up, a school's own server by its own settings, which we do not know: so the
nightly retention asks for it in so many words. Does not belong here: what a run shows (`summary`).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
)

FLOWS: Final = ("intake", "provision", "reconcile", "reprocess", "retention")
PAGE: Final = 100


def prune(days: int, now: datetime | None = None, flows: Sequence[str] = FLOWS) -> int:
    """Delete these flows' runs that ended more than `days` days ago; returns how many. Their logs go with them on the
    server's side; their tables are deleted here."""
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    count = 0
    with get_client(sync_client=True) as client:
        for page in _old(client, before, flows):
            whose = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=page))
            while made := client.read_artifacts(artifact_filter=whose, limit=PAGE):
                for artifact in made:
                    client.delete_artifact(artifact.id)
            for ident in page:
                client.delete_flow_run(ident)
            count += len(page)
    return count


def _old(client: SyncPrefectClient, before: datetime, flows: Sequence[str]) -> Iterator[list[UUID]]:
    ours = FlowFilter(name=FlowFilterName(any_=list(flows)))
    ended = FlowRunFilter(end_time=FlowRunFilterEndTime(before_=before))
    while runs := client.read_flow_runs(flow_filter=ours, flow_run_filter=ended, limit=PAGE):
        yield [run.id for run in runs]
