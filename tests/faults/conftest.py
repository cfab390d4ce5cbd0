"""The workshop that the tests of this room share."""

import pytest
import support_faults
from support_runs import Runs
from support_world import Town

from fixtures.casebook import Case


@pytest.fixture(scope="session")
def workshop(homes: Town, runs: Runs, cases: dict[str, Case]) -> support_faults.Workshop:
    """Copies of one filled home."""
    return support_faults.workshop(homes, runs, cases)
