"""What whole-house tests share: one Prefect server, one driver, one synthetic school. Made only where a test asks."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from support_runs import Runs, Served
from support_world import TODAY, Town, town
from xdist.scheduler import LoadScopeScheduling

from fixtures.casebook import Case
from fixtures.cases import make_cases
from fixtures.school import School, make_school

hypothesis.settings.register_profile("house", deadline=None)  # a test does not time
hypothesis.settings.load_profile("house")

WHOLE_HOUSE = ("journeys", "faults", "privacy")


def _share(nodeid: str) -> str:
    """On several cores: whole-house tests on one, as they share a Prefect server and filled homes; others by file."""
    file = nodeid.partition("::")[0]
    whole = any(f"tests/{room}/" in file for room in WHOLE_HOUSE) and not file.endswith("test_store_faults.py")
    return "house" if whole else file


class _Shares(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out shares, each to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return _share(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> _Shares:
    """pytest-xdist asks how to part the tests."""
    return _Shares(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest share begins first."""
    items.sort(key=lambda item: _share(item.nodeid) != "house")


@pytest.fixture(scope="session")
def short() -> Iterator[Path]:
    """A folder near the root: the socket of a GnuPG agent allows no long path."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="fs"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def served(short: Path) -> Iterator[Served]:
    """A Prefect server on loopback; it starts while homes are made."""
    server = Served(short / "s")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def runs(short: Path, served: Served) -> Iterator[Runs]:
    """`foresatt` as a function, with that server."""
    made = Runs(short / "r", served)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def school() -> School:
    """A synthetic school as it stands today."""
    return make_school(TODAY)


@pytest.fixture(scope="session")
def cases(school: School) -> dict[str, Case]:
    """What is sent to it, by name."""
    return {case.name: case for case in make_cases(school)}


@pytest.fixture(scope="session")
def homes(short: Path, runs: Runs, school: School) -> Iterator[Town]:
    """Homes of that school."""
    with town(short / "h", school) as made:
        yield made
