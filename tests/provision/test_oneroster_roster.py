"""The export read back by the project's own roster reader, which shares no code with the writer."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from support_store import TODAY, Desk
from test_oneroster import exported, linked, school

from schemas.settings import RosterSettings
from store import erasure, guardians
from store.exported import opaque_id
from tasks.reconcile.roster import Unreadable
from tasks.reconcile.roster_oneroster import OneRosterRoster

__all__ = ["school"]
YEAR = RosterSettings(year_starts=date(2026, 8, 17), year_ends=date(2027, 6, 20))


def with_births(desk: Desk, data: bytes, born: dict[str, date]) -> bytes:
    """The same zip with the table that a roster needs and an export never has."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    texts["manifest.csv"] = texts["manifest.csv"].replace("file.demographics,absent", "file.demographics,bulk")
    with desk.store.read() as tx:
        rows = [f"{opaque_id(tx, pupil)},,,{day.isoformat()}" for pupil, day in born.items()]
    texts["demographics.csv"] = "\r\n".join(["sourcedId,status,dateLastModified,birthDate", *rows, ""])
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in texts.items():
            packed.writestr(name, text)
    return out.getvalue()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_bulk_reads_as_the_pupils_and_their_guardians(school: Any, version: str) -> None:
    """Whoever was written is read: names, mobile, e-mail, number, and whose guardian is whose, siblings included."""
    desk = school(version=version, contact=True, identity_number=True)
    family, mother = linked(desk)
    sibling = desk.child("Klokmaur", family.adults)
    other, _ = linked(desk)
    with desk.store.write() as tx:
        guardians.link(tx, sibling.pupil_id, mother, basis="roster", submission="S-B", arrived=tx.now)
    data = exported(desk).data
    with pytest.raises(Unreadable, match="roster_no_birth"):  # nobody takes it for the school's list
        OneRosterRoster(data, settings=YEAR, today=TODAY).read()
    born = {one.pupil_id: date(2010, 3, 5) for one in (family, sibling, other)}
    told = OneRosterRoster(with_births(desk, data, born), settings=YEAR, today=TODAY).read()

    expected = {one.pupil.name: one.mother for one in (family, sibling, other)}
    assert {name: {(who.name, who.number, who.mobile, who.email)} for name, who in expected.items()} == {
        one.name: {(k.name, k.number, k.mobile, k.email) for k in one.known or ()} for one in told.pupils
    }
    assert (True, ()) == (told.complete, told.left_out)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_delta_reads_as_who_is_new_and_who_is_gone(school: Any, version: str) -> None:
    """The pupil whose guardian was erased is removed, the new one is there with theirs, who stays is not told."""
    desk = school(version=version)
    linked(desk)
    gone, erased = linked(desk)
    exported(desk)
    with desk.store.write() as tx:
        ids = {opaque_id(tx, one) for one in (gone.pupil_id, erased)}
        erasure.erase_links(tx, [(gone.pupil_id, erased, "withdrawn")])
    new, _ = linked(desk)
    told = OneRosterRoster(exported(desk, delta=True).data, settings=YEAR, today=TODAY).read()

    assert (False, True, ids) == (told.complete, told.adds, told.removed)
    assert [(new.pupil.name, (new.mother.name,))] == [
        (one.name, tuple(known.name for known in one.known or ())) for one in told.pupils
    ]
