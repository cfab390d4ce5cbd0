"""Prefect as the house uses it: schedules on a real server, blind settings, a guard that refuses to be without them.

Belongs here: what depends on Prefect itself, checked against the installed one. Does not belong here: what flows do.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from support_runs import ROOT, Ran, Runs, Served, clean_environ

from tasks.prefect_settings import LOGGING

DEPLOY = """
import json, time
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from flows.deployments import deployments

made = {one.name: one.apply() for one in deployments()}
scheduled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=["SCHEDULED"])))
with get_client(sync_client=True) as client:
    until, runs = time.monotonic() + 90, []
    while time.monotonic() < until and len({run.deployment_id for run in runs}) < 4:
        runs = client.read_flow_runs(flow_run_filter=scheduled, limit=200)
        time.sleep(0.5)
    read = {name: client.read_deployment(ident) for name, ident in made.items()}
    print(json.dumps({"read": {name: one.model_dump(mode="json") for name, one in read.items()},
                      "runs": [run.model_dump(mode="json") for run in runs]}))
    for ident in made.values():
        client.delete_deployment(ident)
"""


@pytest.fixture(scope="module")
def deployed(runs: Runs) -> dict[str, Any]:
    """The deployments as the server knows them, and the runs that its scheduler made of them; then taken back."""
    told: dict[str, Any] = runs(code=DEPLOY).fine().json
    return told


FLOWS = ("intake", "provision", "reconcile", "reprocess", "retention")
SCHEDULED = [name for name in FLOWS if name != "reprocess"]


def test_every_flow_is_deployed(deployed: dict[str, Any]) -> None:
    """There is one deployment a flow."""
    assert set(FLOWS) == set(deployed["read"])


@pytest.mark.parametrize("name", SCHEDULED)
def test_the_server_schedules_runs(name: str, deployed: dict[str, Any]) -> None:
    """The scheduler of a real server makes runs of the deployment, at times in the future: a wrong stack of versions
    starts and then does not."""
    ident = deployed["read"][name]["id"]
    times = [run["expected_start_time"] for run in deployed["runs"] if run["deployment_id"] == ident]

    assert times
    assert [True] * len(times) == [when > deployed["read"][name]["created"] for when in times]


@pytest.mark.parametrize("name", SCHEDULED)
def test_schedules_are_in_oslo_and_never_in_the_hour_that_comes_twice(name: str, deployed: dict[str, Any]) -> None:
    """Every schedule names Europe/Oslo, and none fires from 02:00 to 03:00, which one night lacks and one has twice."""
    (schedule,) = [one["schedule"] for one in deployed["read"][name]["schedules"]]
    hours = schedule["cron"].split()[1]
    first, _, last = hours.partition("-")

    assert "Europe/Oslo" == schedule["timezone"]
    assert hours == "*" or hours.replace("-", "").isdigit()
    assert 2 not in range(int(first), int(last or first) + 1)


def test_reprocess_is_started_by_people_only(deployed: dict[str, Any]) -> None:
    """Nothing reprocesses by the clock."""
    assert [] == deployed["read"]["reprocess"]["schedules"]


@pytest.mark.parametrize("name", FLOWS)
def test_a_run_waits_for_the_one_before_it(name: str, deployed: dict[str, Any]) -> None:
    """At most one run of a deployment at a time; the next is put in the queue, never thrown away."""
    told = deployed["read"][name]

    assert 1 == told["global_concurrency_limit"]["limit"]
    assert "ENQUEUE" == told["concurrency_options"]["collision_strategy"]


def kinds(schema: Mapping[str, Any], root: Mapping[str, Any]) -> set[str]:
    """What a parameter's schema lets through, in one word each."""
    if "$ref" in schema:
        return kinds(root["definitions"][schema["$ref"].rsplit("/", 1)[1]], root)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return {kind for one in schema[several] for kind in kinds(one, root)}
    if schema.get("type") == "array":
        return kinds(schema["items"], root)
    if "enum" in schema or "const" in schema:
        return {"choice"}
    if "pattern" in schema:
        return {schema["pattern"]}
    return {schema.get("format") or schema.get("type") or "anything"}


def test_parameters_cannot_hold_a_person(deployed: dict[str, Any]) -> None:
    """Prefect keeps parameters for ever: only ids of ours, codes, dates, choices and switches can be given, and the
    server itself refuses anything else."""
    schemas = {name: one["parameter_openapi_schema"] for name, one in deployed["read"].items()}
    found = {kind for root in schemas.values() for one in root["properties"].values() for kind in kinds(one, root)}

    assert {"^S-[A-Z]{26}$", "^[a-z_0-9]{3,40}$", "date", "boolean", "null", "choice"} == found
    assert {True} == {one["enforce_parameter_schema"] for one in deployed["read"].values()}


# ----------------------------------------------------------------------------------------------------------- settings


def test_the_logging_file_is_prefects_own_with_the_filter_everywhere() -> None:
    """tasks/logging.yml is the installed Prefect's default with the redacting filter on every handler, and no more: an
    upgrade that changes the default shows here."""
    spec = importlib.util.find_spec("prefect")
    assert spec is not None and spec.submodule_search_locations is not None
    default = Path(spec.submodule_search_locations[0]) / "logging" / "logging.yml"
    expected, found = (yaml.safe_load(path.read_text("utf-8")) for path in (default, LOGGING))
    expected["filters"] = {"redact": {"()": "schemas.masking.Redact"}}
    for handler in expected["handlers"].values():
        handler["filters"] = ["redact"]

    assert expected == found


LOGS: Mapping[str, Mapping[str, str]] = {
    "ours": {},
    "a file that is not there": {"PREFECT_LOGGING_CONFIG_PATH": "/nowhere.yml"},
    "none": {"PREFECT_LOGGING_CONFIG_PATH": ""},
}


@pytest.fixture(scope="module")
def imported(short: Path, served: Served) -> dict[str, Ran]:
    """The guard imported in processes of their own, with one logging file and another."""
    good = clean_environ(short / "g") | served.environ | {"PREFECT_HOME": str(short / "g" / "prefect")}

    def play(changes: Mapping[str, str]) -> Ran:
        env = {name: value for name, value in (good | dict(changes)).items() if value}
        argv = [sys.executable, "-c", "import tasks.guard"]
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
        return Ran(done.returncode, done.stdout, done.stderr)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(LOGS, pool.map(play, LOGS.values()), strict=True))


def test_the_guard_refuses_other_logging(imported: dict[str, Ran]) -> None:
    """With our logging file the guard can be imported and says nothing; with none, or one that is not there, nothing
    can be imported and the reason is named. Prefect itself would go on without a word."""
    refused = [imported["a file that is not there"], imported["none"]]

    assert Ran(0, "", "") == imported["ours"]
    assert [1, 1] == [ran.code for ran in refused]
    assert ["a log handler without the redacting filter"] * 2 == [
        ran.err.strip().partition("prefect_open: Prefect would leak: ")[2] for ran in refused
    ]


AGAIN = """
import importlib, os, sys
for name in [name for name, value in os.environ.items() if value == ""]:
    del os.environ[name]
import prefect.context, tasks.guard
from schemas.errors import NotReady
prefect.context.refresh_global_settings_context()
try:
    importlib.reload(tasks.guard)
except NotReady as fault:
    print(fault)
"""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true"}, "results persisted by default"),
        ({"PREFECT_TASKS_DEFAULT_PERSIST_RESULT": "true"}, "task results persisted"),
        ({"PREFECT_TASKS_DISABLE_CACHING": "false"}, "task caching on"),
        ({"PREFECT_TASKS_DEFAULT_NO_CACHE": ""}, "task caching on"),
        ({"PREFECT_LOGGING_LOG_PRINTS": "true"}, "prints logged"),
        ({"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": ""}, "an ephemeral server allowed"),
        ({"PREFECT_LOGGING_TO_API_ENABLED": "false"}, ""),
        ({"PREFECT_API_URL": "http://prefect.example:4200/api"}, "an API address that is neither loopback nor https"),
        ({"PREFECT_API_URL": ""}, "an API address that is neither loopback nor https"),
    ],
)
def test_the_guard_refuses_other_settings(changes: dict[str, str], reason: str, runs: Runs) -> None:
    """Each must-have setting that is missing or wrong is named, and nothing can be imported; the house's own, and those
    that make Prefect say less, are let through."""
    said = runs(code=AGAIN, env=changes).fine().out.strip()

    assert (f"prefect_open: Prefect would leak: {reason}" if reason else "") == said


CLEAN = """
import json, traceback
from tasks.guard import cleaned
from schemas.errors import OutsideFault, SafetyRefusal

class Panic(BaseException): pass

def raises(kind):
    def inner(secret):
        try:
            raise ValueError(secret)
        except ValueError as cause:
            fault = kind(secret) if kind in (Panic, KeyError, ExceptionGroup) else kind("some_code", secret, "do this")
            fault.add_note(secret)
            fault.value = secret
            raise fault from cause
    return inner

told = []
for kind in (KeyError, Panic, OutsideFault, SafetyRefusal):
    try:
        cleaned(raises(kind))("12829499914")
    except BaseException as fault:
        told.append({
            "type": type(fault).__name__, "code": fault.code, "text": "".join(traceback.format_exception(fault)),
            "cause": fault.__cause__ is None, "context": fault.__context__ is None,
            "notes": getattr(fault, "__notes__", []), "attributes": [str(value) for value in vars(fault).values()],
        })
for kind in (SystemExit, KeyboardInterrupt):
    def stop(_): raise kind(3)
    try:
        cleaned(stop)("x")
    except BaseException as fault:
        told.append({"type": type(fault).__name__})
print(json.dumps(told))
"""


def test_the_guard_cleans_exceptions(runs: Runs) -> None:
    """What leaves a guarded function has no cause, no context, no notes, no attribute and no text that it did not write
    itself; faults of our own keep type and code; what stops the process is let through."""
    told = runs(code=CLEAN).fine().json

    assert ["RunFault", "RunFault", "OutsideFault", "SafetyRefusal", "SystemExit", "KeyboardInterrupt"] == [
        one["type"] for one in told
    ]
    assert ["unexpected", "unexpected", "some_code", "some_code"] == [one["code"] for one in told[:4]]
    assert {(True, True, ())} == {(one["cause"], one["context"], tuple(one["notes"])) for one in told[:4]}
    assert "12829499914" not in json.dumps(told)


STARTER = """
import os, signal
from pathlib import Path
from console.server import Orchestrator
from schemas.settings import Settings
from store.config import House
from store.home import Home

server = Orchestrator(House(Home(Path(os.environ["KILLED_HOME"])), Settings(), None))
server.start()
print(server._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_server_ends_with_whoever_started_it(short: Path, runs: Runs) -> None:
    """The local server watches the process that started it, and ends with it also where that was killed."""
    ran = runs(code=STARTER, env={"KILLED_HOME": str(short / "killed")})
    state = Path("/proc") / ran.out.strip() / "stat"
    until = time.monotonic() + 90
    while (running := state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] not in "ZX") and (
        time.monotonic() < until
    ):
        time.sleep(0.2)

    assert -9 == ran.code
    assert not running
