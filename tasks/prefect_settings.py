"""The settings that keep Prefect blind: what must be in the environment before Prefect is first imported.

Belongs here: names and values, without importing Prefect. `tasks.guard` checks at import that they took effect, since
Prefect fails open: a missing logging file or filter is silent.
"""

from pathlib import Path
from typing import Final

LOGGING: Final = Path(__file__).with_name("logging.yml")

ALWAYS: Final[dict[str, str]] = {
    "PREFECT_LOGGING_CONFIG_PATH": str(LOGGING),
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_TASKS_DEFAULT_NO_CACHE": "true",
    "PREFECT_TASKS_DISABLE_CACHING": "true",
    "PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    # One row at a time is the default; batches cost a fifth of the server's time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


def environment(folder: Path, api_url: str, auth: str, *, history_days: int, level: str = "WARNING") -> dict[str, str]:
    """Every `PREFECT_*` variable of a run. `folder` is Prefect's own home (0700); `api_url` must be loopback or https;
    `auth` is "user:password"."""
    return ALWAYS | {
        "PREFECT_HOME": str(folder),
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "results"),
        "PREFECT_API_URL": api_url,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_LOGGING_LEVEL": level,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": f"P{history_days}D",
    }
