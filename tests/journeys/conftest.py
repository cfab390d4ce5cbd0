"""The office that the tests of the commands share, one for each file."""

import pytest
from support_office import SENT, Office
from support_runs import Runs
from support_world import Town

from fixtures.casebook import Case
from fixtures.school import School


@pytest.fixture(scope="module")
def office(homes: Town, runs: Runs, school: School, cases: dict[str, Case], request: pytest.FixtureRequest) -> Office:
    """The home after its first intake."""
    home, inbox = homes.home(f"c-{request.module.__name__[-7:]}"), homes.inbox()
    homes.fill(home, (cases[name] for name in SENT), inbox)
    first = runs("intake", "--json", home=home, env=inbox.environ).fine()
    return Office(home, runs, school, cases, inbox, first)
