"""What whole-house tests share: one Prefect server, one driver, one synthetic school. Made only where a test asks."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support_runs import Runs, Served
from support_world import TODAY, Town, town

from fixtures.casebook import Case
from fixtures.cases import make_cases
from fixtures.school import School, make_school


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
