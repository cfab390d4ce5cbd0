"""The OneRoster export: whom it names, what it never tells, and that a strict receiver takes it."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from support_oneroster import Rejected, read
from support_store import DAY, TODAY, Desk, Family, Template, add_guardian, open_desk, settings

from schemas.errors import SafetyRefusal, UsageFault
from store import consents, erasure, guardians, tables
from store.config import House
from store.database import OSLO
from store.exported import opaque_id
from tasks.provision.oneroster import Export, export
from tasks.retain.overdue import late
from tasks.retain.sweep import sweep

DECIDED: dict[str, Any] = {
    "on": True, "recipient": "Læreplattformen", "purpose": "innlogging for foresatte", "processor_agreement": "2026/17",
    "decided_by": "rektor", "decided_on": date(2026, 8, 17),
}  # fmt: skip


@pytest.fixture
def school(template: Template, tmp_path: Path) -> Any:
    """A desk whose school has decided the export; made with what a test adds."""
    made: list[Desk] = []

    def make(**told: Any) -> Desk:
        chosen = settings(oneroster={**DECIDED, **told})
        made.append(open_desk(tmp_path / f"home{len(made)}", template, chosen=chosen))
        return made[-1]

    yield make
    for desk in made:
        desk.store.close()


def exported(desk: Desk, *, delta: bool = False) -> Export:
    with desk.store.write() as tx:
        return export(tx, "kari", delta=delta)


def linked(desk: Desk, born: date = date(2010, 3, 5), **more: Any) -> tuple[Family, str]:
    family = desk.family(born=born, **more)
    with desk.store.write() as tx:
        return family, add_guardian(tx, family, family.mother)


def names(data: bytes) -> set[str]:
    return {f"{row['givenName']} {row['familyName']}" for row in read(data)["users"]}


# ------------------------------------------------------------------------------------------------- it must be decided


@pytest.mark.parametrize("lacks", ["on", "recipient", "purpose", "processor_agreement", "decided_by", "decided_on"])
def test_nothing_is_told_before_it_is_decided(school: Any, lacks: str) -> None:
    """Off, or any of recipient, purpose, agreement, who and when missing: refused (exit 4), and the audit has no
    export."""
    desk = school(**{lacks: {"on": False, "decided_on": None}.get(lacks, " ")})
    linked(desk)
    with pytest.raises(SafetyRefusal, match="oneroster") as fault:
        exported(desk)

    assert 4 == fault.value.exit_code
    assert lacks == "on" or lacks in fault.value.message
    assert [] == desk.rows(tables.audit, tables.audit.c.action == "oneroster_exported")


def test_a_decision_of_tomorrow_does_not_count_today(school: Any) -> None:
    """The day of the decision must have come."""
    with pytest.raises(SafetyRefusal, match="oneroster_undecided"):
        exported(school(decided_on=TODAY + DAY))


def test_each_export_is_in_the_audit(school: Any) -> None:
    """By whom, and how many; nobody's id, and no name."""
    desk = school()
    linked(desk)
    exported(desk)
    (row,) = desk.rows(tables.audit, tables.audit.c.action == "oneroster_exported")

    told = "version=1.1 kind=bulk students=1 guardians=1 gone=0 identity_number=no"
    assert ("kari", None, told) == (row.actor, row.subject_id, row.detail)


# -------------------------------------------------------------------------------------------------- what stands in it


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_strict_receiver_takes_it(school: Any, version: str) -> None:
    """Headers in the standard's order, every property of the manifest, agents both ways, status and dates empty."""
    desk = school(version=version)
    family, guardian = linked(desk)
    sibling = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardians.link(tx, sibling.pupil_id, guardian, basis="roster", submission="S-B", arrived=tx.now)
    found = read(exported(desk).data)
    mother = next(row for row in found["users"] if row["familyName"] == family.mother.name.split()[-1] and
                  len(row["agentSourcedIds"].split(",")) == 2)  # fmt: skip
    roles = {row["userSourcedId"]: row["role"] for row in found.get("roles", [])} or {
        row["sourcedId"]: row["role"] for row in found["users"]
    }

    assert version == found["manifest"][0]["oneroster.version"]
    assert "guardian" == roles[mother["sourcedId"]]
    assert ["guardian", "student", "student"] == sorted(roles.values())
    assert "absent" == found["manifest"][0]["file.enrollments"] == found["manifest"][0]["file.demographics"]


def test_the_roles_word_is_a_setting(school: Any) -> None:
    """Some receivers know `parent` only."""
    desk = school(guardian_role="parent")
    linked(desk)

    assert {"parent", "student"} == {row["role"] for row in read(exported(desk).data)["users"]}


def test_number_and_contact_are_told_only_where_switched_on(school: Any) -> None:
    """By default names alone; each switch adds its own columns and no other."""
    for told in ({}, {"contact": True}, {"identity_number": True}):
        desk = school(**told)
        family, _ = linked(desk)
        data = exported(desk).data
        (row,) = (row for row in read(data)["users"] if row["role"] == "guardian")
        who = family.mother

        contact = (who.email, who.mobile) if told.get("contact") else ("", "")
        assert (contact, who.number if told.get("identity_number") else "") == (
            (row["email"], row["sms"]), row["identifier"],
        )  # fmt: skip


def test_ids_can_not_be_computed_from_a_number(school: Any) -> None:
    """40 letters, keyed and of a random id: the same person has another after an erasure, and for another recipient,
    and no id holds a digit of anybody's number or an id of ours."""
    desk, other = school(), school(recipient="Et annet system")
    family, guardian = linked(desk)
    with desk.store.write() as tx:
        first = opaque_id(tx, guardian)
    for row in read(exported(desk).data)["users"]:
        assert row["sourcedId"].isalpha()
        assert 40 == len(row["sourcedId"])
        assert row["sourcedId"] == row["username"]
        assert guardian.lower()[2:] not in row["sourcedId"]
    with other.store.read() as tx:
        assert first != opaque_id(tx, guardian)
    with desk.store.write() as tx:
        erasure.erase_links(tx, [(family.pupil_id, guardian, "withdrawn")])
        assert first != opaque_id(tx, add_guardian(tx, family, family.mother))


def test_a_single_name_stands_for_both(school: Any) -> None:
    """Given and family name are required, and an empty one would be refused."""
    desk = school()
    family = desk.family()
    with desk.store.write() as tx:
        ident = guardians.add(tx, name="Sukarno", number=family.mother.number, mobile="", email="")
        guardians.link(tx, family.pupil_id, ident, basis="steward", submission="S-A", arrived=tx.now)

    assert "Sukarno Sukarno" in names(exported(desk).data)


# ------------------------------------------------------------------------------------------------------ whom it leaves


@pytest.mark.parametrize("why", ["suspended", "shielded", "past_date", "of_18", "of_18_and_dates_stale"])
def test_who_must_not_be_told_is_not(school: Any, why: str) -> None:
    """Suspended links, protected families, links past their date though still held, pupils of 18 without consent, also
    where no night has computed the dates anew: neither guardian nor pupil; others stay."""
    desk = school()
    family, guardian = linked(desk, born=date(2008, 10, 14) if why.startswith("of_18") else date(2010, 3, 5))
    kept, _ = linked(desk)
    with desk.store.write() as tx:
        mine = tables.links.c.pupil_id == family.pupil_id
        if why == "suspended":
            guardians.suspend(tx, family.pupil_id, guardian, "refusal_unproven")
        elif why == "shielded":
            this = tables.pupils.c.id == family.pupil_id
            tx.connection.execute(update(tables.pupils).where(this).values(shielded=True))
        elif why == "past_date":
            tx.connection.execute(update(tables.links).where(mine).values(due_on=TODAY))
        elif why == "of_18_and_dates_stale":
            tx.connection.execute(update(tables.links).where(mine).values(due_on=TODAY + 90 * DAY))

    assert {kept.pupil.name, kept.mother.name} == names(exported(desk).data)


def test_a_consent_keeps_its_guardian_and_no_other(school: Any) -> None:
    """The pupil is 18 today and has consented for the mother: she stands there, the father does not."""
    desk = school()
    family = desk.family(born=date(2008, 10, 15))
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
        add_guardian(tx, family, family.father)
        consents.confirm(tx, consents.record(tx, family.pupil_id, mother, "kari"), "kari")
    desk.on(date(2026, 10, 15))

    assert {family.pupil.name, family.mother.name} == names(exported(desk).data)


# --------------------------------------------------------------------------------------------------------------- delta


def test_a_delta_tells_what_changed_and_who_is_gone(school: Any) -> None:
    """Unchanged: not told. A new contact: active. Erased: to be deleted, by the id alone, without a name."""
    desk = school(contact=True)
    still, _ = linked(desk)
    _, moved = linked(desk)
    gone, erased = linked(desk)
    before = {row["sourcedId"]: row for row in read(exported(desk).data)["users"]}
    with desk.store.write() as tx:
        ids = {who: opaque_id(tx, who) for who in (moved, erased, gone.pupil_id)}
        person = guardians.read_guardian(tx, moved)
        assert person is not None
        guardians.change_contact(tx, person, mobile="+4790000001", email="")
        erasure.erase_links(tx, [(gone.pupil_id, erased, "withdrawn")])
    new, _ = linked(desk)
    found = read(exported(desk, delta=True).data)
    told = {row["sourcedId"]: (row["status"], row["familyName"], row["sms"]) for row in found["users"]}

    assert {ids[erased]: ("tobedeleted", "-", ""), ids[gone.pupil_id]: ("tobedeleted", "-", "")} == {
        ident: row for ident, row in told.items() if row[0] == "tobedeleted"
    }
    assert "+4790000001" == told[ids[moved]][2]
    assert {ids[moved]} == {ident for ident, row in told.items() if row[0] == "active" and ident in before}
    assert {new.pupil.name, new.mother.name} < names(exported(desk).data)
    assert not {still.mother.name, gone.mother.name} & {
        f"{row['givenName']} {row['familyName']}" for row in found["users"]
    }
    assert "delta" == found["manifest"][0]["file.users"]


def test_a_second_delta_has_nothing_to_say(school: Any) -> None:
    """Told is told; and somebody who is gone is told of once."""
    desk = school()
    family, guardian = linked(desk)
    exported(desk)
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, guardian, "refusal_unproven")
    first, second = exported(desk, delta=True), exported(desk, delta=True)

    assert (2, 0) == (first.gone, second.gone)
    assert [] == read(second.data)["users"]


def test_whoever_is_live_again_is_told_again(school: Any) -> None:
    """Suspended, told as gone, live again: active in the next delta."""
    desk = school()
    family, guardian = linked(desk)
    exported(desk)
    for why in ("refusal_unproven", None):
        with desk.store.write() as tx:
            guardians.suspend(tx, family.pupil_id, guardian, why)
        last = exported(desk, delta=True)

    assert (1, 1, 0) == (last.students, last.guardians, last.gone)


def test_a_delta_needs_something_to_follow(school: Any) -> None:
    """Nothing exported yet, or the store put back to an earlier day since: a bulk export first."""
    from store import audit

    desk = school()
    linked(desk)
    with pytest.raises(UsageFault, match="delta_needs_bulk"):
        exported(desk, delta=True)
    exported(desk)
    exported(desk, delta=True)
    with desk.store.write() as tx:
        audit.write(tx, "kari", "store_restored", None, "rows=1 erased=0")
    with pytest.raises(UsageFault, match="delta_needs_bulk"):
        exported(desk, delta=True)


def test_the_memory_is_forgotten_with_the_person(school: Any) -> None:
    """Beside each opaque id lies an imprint under the person's own key; erased, the imprint opens no more, no id of
    ours stands there, and after the next export the opaque id is gone too."""
    desk = school()
    family, guardian = linked(desk)
    exported(desk)
    with desk.store.write() as tx:
        ident = opaque_id(tx, guardian)
        erasure.erase_links(tx, [(family.pupil_id, guardian, "withdrawn")])
        assert not tx.vault.has_key(guardian)
    assert ident in {row.ident for row in desk.rows(tables.exported_ids)}
    assert not any(guardian in str(value) for row in desk.rows(tables.exported_ids) for value in row)
    exported(desk, delta=True)

    assert [] == desk.rows(tables.exported_ids)


@pytest.mark.parametrize("off", [False, True])
def test_an_id_that_nobody_is_told_of_any_more_goes_by_itself(school: Any, off: bool) -> None:
    """Somebody is erased, and no export follows: the id may stay so long as a delta can tell the recipient, 31 days
    after the last one, and no night longer than the export is on. Then a bulk export says it."""
    desk = school()
    family, guardian = linked(desk)
    exported(desk)
    told_on = desk.rows(tables.exported_ids)[0].told_at.astimezone(OSLO).date()
    with desk.store.write() as tx:
        erasure.erase_links(tx, [(family.pupil_id, guardian, "withdrawn")])
    chosen = desk.house.settings
    if off:
        desk.house = House(desk.house.home, settings(oneroster={**DECIDED, "on": False}), None)
    assert {"exported_ids": 2} == late(desk.store, told_on + 33 * DAY)
    for days, ids in ((31, 0 if off else 2), (32, 0)):
        desk.on(told_on + days * DAY)
        assert {} == late(desk.store)
        sweep(desk.store)
        assert ids == len(desk.rows(tables.exported_ids)), days
    desk.house = House(desk.house.home, chosen, None)
    desk.on(told_on + 32 * DAY)
    with pytest.raises(UsageFault, match="delta_needs_bulk"):
        exported(desk, delta=True)
    assert [] == read(exported(desk).data)["users"]


def test_a_number_that_was_let_go_does_not_stop_a_delta(school: Any) -> None:
    """At sign-off the person gets a new key: they are told once more, and it goes on."""
    desk = school()
    _, guardian = linked(desk)
    exported(desk)
    with desk.store.write() as tx:
        person = guardians.read_guardian(tx, guardian)
        assert person is not None
        guardians.reduce_number(tx, person)

    assert 1 == exported(desk, delta=True).guardians
    assert 0 == exported(desk, delta=True).guardians


# ------------------------------------------------------------------------------------------------- the reader itself


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("username,userIds", "userIds,username"),
        ("file.users,bulk", "file.users,delta"),
        ("file.results,absent\r\n", ""),
        (",guardian,", ",teacher,"),
        ("oneroster.version,1.1", "oneroster.version,2.0"),
    ],
)
def test_the_reader_rejects_what_a_receiver_rejects(school: Any, old: str, new: str) -> None:
    """The check is not blind: columns in another order, a wrong kind, a lacking property, a role of its own."""
    desk = school()
    linked(desk)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(exported(desk).data)) as packed, zipfile.ZipFile(out, "w") as spoilt:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
        assert any(old in text for text in texts.values())
        for name, text in texts.items():
            spoilt.writestr(name, text.replace(old, new))
    with pytest.raises(Rejected):
        read(out.getvalue())
