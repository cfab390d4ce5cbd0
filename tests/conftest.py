"""What whole-house tests share: one Prefect server, one driver, one synthetic school. Made only where a test asks."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from support_runs import Runs, Served
from support_world import TODAY, Town, town

from fixtures.casebook import Case
from fixtures.cases import make_cases
from fixtures.school import School, make_school

hypothesis.settings.register_profile("house", deadline=None)  # a test does not time
hypothesis.settings.load_profile("house")

WHOLE_HOUSE = ("journeys", "faults", "privacy")


def pytest_itemcollected(item: pytest.Item) -> None:
    """On several cores: whole-house tests on one, as they share a Prefect server and filled homes; others by file."""
    room = item.path.relative_to(Path(__file__).parent).parts[0]
    shared = room in WHOLE_HOUSE and item.path.name != "test_store_faults.py"
    item.add_marker(pytest.mark.xdist_group("house" if shared else item.path.stem))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest part begins first."""
    items.sort(key=lambda item: "house" not in {mark.args[0] for mark in item.iter_markers("xdist_group")})


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
