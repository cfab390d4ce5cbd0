"""Rosters leave nothing behind: no name, number or contact in the home, in temporary files, logs or what faults say.

Belongs here: every format taken in, held, refused and released, with planted people; a saved mapping. Does not belong
here: how the search works (`test_sweep`), whole runs under Prefect (`test_leaks`).
"""

import logging
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from support_planted import people, planted, values
from support_store import TODAY, Desk, desk, template
from support_sweep import Sweep

from fixtures import fint as standin
from fixtures.fint import FintStandIn
from fixtures.people import Pupil
from fixtures.rosters import fint_resources, oneroster_tables, oneroster_zip, pifu, workbook
from fixtures.school import School, make_school
from schemas.errors import ForesattError
from schemas.settings import Fint, RosterSettings
from store import rosters
from store.home import Home
from tasks.reconcile import mapping as mappings
from tasks.reconcile.importing import import_roster, release
from tasks.reconcile.roster import Roster
from tasks.reconcile.roster_csv import CsvRoster
from tasks.reconcile.roster_fint import FintRoster
from tasks.reconcile.rosters import Source, reader

__all__ = ["desk", "template"]
SCHOOL = planted(make_school(TODAY))
VALUES = [value for value in values(SCHOOL) if value]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files, that nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder


def of_school(kind: str, school: School) -> bytes:
    """The school's list in a format."""
    every: tuple[Pupil, ...] = school.pupils
    makers = {
        "csv": school.roster_csv,
        "xlsx": lambda: workbook(school.roster_csv()),
        "oneroster": lambda: oneroster_zip(oneroster_tables(every)),
        "pifu": lambda: pifu(every),
    }
    return makers[kind]()


def read(data: bytes) -> Roster:
    """Its reader."""
    settings = RosterSettings()
    return reader(data, settings)(Source(data, "", None, settings))


def shrunk() -> School:
    """Half of the school, the planted people among them."""
    mine = [one.key for one in people(SCHOOL)]
    rest = [one for one in SCHOOL.pupils if one.key not in mine]
    kept = [one for one in SCHOOL.pupils if one.key in mine] + rest[: len(rest) // 2]
    return School(SCHOOL.today, SCHOOL.seed, tuple(kept), SCHOOL.strangers, {})


def search(where: Path, home: Home, temporary: Path, said: list[str]) -> None:
    """Nothing is found in any file below the home, nor in temporary files, nor in what was said."""
    sweep = Sweep(VALUES)
    found, size = sweep.folders(home.root, temporary)

    assert size > 100_000
    assert set() == found
    assert set() == sweep.data("\n".join(said).encode(), "what was said")


@pytest.mark.parametrize("kind", ["csv", "xlsx", "oneroster", "pifu"])
def test_no_format_leaves_anything(
    desk: Desk, kind: str, temporary: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Taken in, held, refused for damage, released: sealed in the store, and nowhere else at all."""
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    whole, half = of_school(kind, SCHOOL), of_school(kind, shrunk())
    said.append(repr(import_roster(desk.store, read(whole))))
    broken = [whole[:-30], whole.replace(b"20", b"x0", 40), whole[: len(whole) // 2], half]
    for data in broken:
        try:
            said.append(repr(import_roster(desk.store, read(data))))
        except ForesattError as fault:
            said += [repr(fault), fault.message, fault.next_step, repr(fault.__cause__), repr(fault.__context__)]
    with desk.store.read() as tx:
        held = rosters.runs(tx, held=True)
    assert held
    search(tmp_path, desk.house.home, temporary, said)
    said.append(repr(release(desk.store, held[0].id, by="kari")))
    said += [record.getMessage() for record in caplog.records]
    search(tmp_path, desk.house.home, temporary, said)


def test_a_saved_mapping_holds_names_of_columns_only(desk: Desk, temporary: Path, tmp_path: Path) -> None:
    """It lies in the home in clear, for an editor."""
    roster = CsvRoster(SCHOOL.roster_csv())
    import_roster(desk.store, roster)
    assert roster.used is not None
    mappings.save(desk.house.home.mappings, "skolen", roster.used)

    assert desk.house.home.mappings.is_dir()
    search(tmp_path, desk.house.home, temporary, [])


def test_fint_leaves_nothing_either(
    desk: Desk, temporary: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers stand in its links: asked over HTTP, whole and by what changed, with faults, and never written down."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FORESATT_FINT_CLIENT_SECRET", standin.SECRET)
    monkeypatch.setenv("FORESATT_FINT_PASSWORD", standin.PASSWORD)
    said: list[str] = []
    with FintStandIn() as api:
        api.hold(fint_resources(SCHOOL.pupils, api.url))
        told = {"url": api.url, "token_url": api.token_url, "client_id": standin.CLIENT, "username": standin.USER}
        for day, fault in enumerate([None, "cut", "gone_page", "elsewhere"]):
            api.fault = fault  # type: ignore[assignment]
            chosen = Fint.model_validate({**told, "page_size": 50})
            roster = FintRoster(chosen, RosterSettings(), date(2026, 10, 14 + day))
            try:
                said.append(repr(import_roster(desk.store, roster)))
            except ForesattError as error:
                said += [repr(error), repr(error.__cause__), repr(error.__context__)]
    said += [record.getMessage() for record in caplog.records]

    assert 3 == sum("fint_" in line for line in said if line.startswith("Outside"))
    search(tmp_path, desk.house.home, temporary, said)
