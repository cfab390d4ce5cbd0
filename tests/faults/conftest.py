"""The workshop and the desks that the tests of this room share."""

import pytest
import support_faults
from support_runs import Runs
from support_store import desk as sqlite_desk
from support_store import either_desk as desk
from support_store import server, server_template, template
from support_world import Town

from fixtures.casebook import Case

__all__ = ["desk", "server", "server_template", "sqlite_desk", "template", "workshop"]


@pytest.fixture(scope="session")
def workshop(homes: Town, runs: Runs, cases: dict[str, Case]) -> support_faults.Workshop:
    """Copies of one filled home."""
    return support_faults.workshop(homes, runs, cases)
