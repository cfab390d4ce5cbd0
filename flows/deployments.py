"""Every deployment with its schedule: Europe/Oslo, outside 02:00-03:00 where a night has that hour twice or never."""

from typing import Any, Final

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron

from flows.intake import intake
from flows.provision import provision
from flows.reconcile import reconcile
from flows.reprocess import reprocess
from flows.retention import retention

ZONE: Final = "Europe/Oslo"
SCHEDULES: Final[tuple[tuple[Any, str | None], ...]] = (
    (retention, "10 0 * * *"),
    (reconcile, "30 3 * * *"),
    (intake, "*/15 5-22 * * *"),
    (provision, "0 6 * * *"),
    (reprocess, None),
)
ONE_AT_A_TIME: Final = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE)


def deployments() -> list[RunnerDeployment]:
    """One deployment a flow, named after it; a run waits for the one before it."""
    return [
        flow.to_deployment(
            name=flow.name,
            schedule=Cron(cron, timezone=ZONE) if cron else None,
            concurrency_limit=ONE_AT_A_TIME,
        )
        for flow, cron in SCHEDULES
    ]


def serve_all() -> None:
    """Keep the schedules until stopped: polls the server and starts each run in a process of its own."""
    from prefect import serve

    serve(*deployments(), limit=2, pause_on_shutdown=False, print_starting_message=False)
