"""Article 15: the report about one person holds every value that the store holds about that person, and nothing of
anybody else.

Belongs here: planting people in every sealed column and looking what the report holds. Does not belong here: the
command and the paper (`tests/console`, `tests/provision`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update
from support_store import STAFF, TODAY, Desk, Family, add_guardian, column, noon, settings

from fixtures.filled import FilledForm
from fixtures.people import Person as Somebody
from schemas.answers import Answer
from schemas.errors import UsageFault
from schemas.ids import new_id
from store import analogue, audit, dossier, exported, guardians, outbox, person, protection, rosters, tables, worklist
from store.people import KnownGuardian, RosterPupil
from store.person_rows import Person


@dataclass
class World:
    """A mother, a father and a pupil in every corner of the store, another family beside them, and an impostor."""

    desk: Desk
    family: Family
    other: Family
    mother: str
    father: str
    held: str
    impostors: str
    paper: str
    impostor: Somebody


@pytest.fixture
def world(sqlite_desk: Desk) -> World:
    """Planted: each person has values that nobody else has."""
    desk = sqlite_desk
    family = desk.family(lists=("number", "mobile", "email"))
    other = desk.family(lists=("number", "mobile", "email"))
    both = FilledForm(column(family, family.mother), column(family, family.father))
    desk.decided(both, when=TODAY - timedelta(days=3))
    with desk.store.read() as tx:
        found = {one.name: one.id for one in guardians.of_pupil(tx, family.pupil_id)}
    mother, father = found[family.mother.name], found[family.father.name]
    held = desk.decided(FilledForm(column(family, family.mother, fnr="1234", email="Ny.Adresse@example.com"),
                                   column(family, family.father, mobile="99 88 77 66")))  # fmt: skip
    impostor = desk.people.adult()
    impostors = desk.decided(
        column(family, family.mother, fnr=impostor.number, mobile=impostor.mobile, email=impostor.email)
    )
    with desk.store.write() as tx:
        _plant(tx, desk, family, other, mother, held)
        why = {"why": "refused", "arrived": noon(TODAY)}
        at = "Papirveien 9, 0150 Oslo"
        paper = analogue.add(tx, family.pupil_id, name=family.father.name, address=at, submission="S-X", **why)
        hers = other.mother
        analogue.add(tx, other.pupil_id, name=hers.name, address=hers.address, submission="S-Y", **why)
    return World(desk, family, other, mother, father, held, impostors, paper, impostor)


def _plant(tx: Any, desk: Desk, family: Family, other: Family, mother: str, held: str) -> None:
    """What the road does not leave behind by itself: corrections, lines, messages, a name in a file's name."""
    from store import entries

    entries.correct(tx, held, 1, 0, "mobile", "91 11 22 33", STAFF)
    entries.correct(tx, held, 2, 0, "email", "far.rettet@example.com", STAFF)
    for _ in range(2):
        worklist.sync(tx)
    told = json.dumps(
        {"media_type": "text/plain", "name": f"{family.mother.name} og {family.father.name}.pdf"}
    ).encode()
    sealed = tx.vault.seal(held, "submissions.about", held, told)
    this = tables.submissions.c.id == held
    tx.connection.execute(update(tables.submissions).where(this).values(about_ct=sealed))
    copy = new_id("I")
    tx.vault.new_key(copy)
    handle = tx.vault.seal_text(
        copy, "sightings.handle", copy, f"/scan/{family.father.name} {family.mother.number}.pdf"
    )
    row = {"id": copy, "submission_id": held, "channel": "post", "source_key": copy.encode()[:32].ljust(32)}
    row |= {"source_ref": bytes(32), "seen_at": tx.now, "handle_ct": handle}
    tx.connection.execute(insert(tables.sightings).values(**row))
    known = (
        KnownGuardian(family.mother.name, family.mother.number, email="liste.ny@example.com"),
        KnownGuardian(family.father.name, email="far.liste@example.com"),
    )
    listed = RosterPupil("elev-1", family.pupil.name, family.pupil.born, "3STC", family.pupil.number, False, (), known)
    rosters.hold(tx, [listed], [], source_digest=bytes(32), pupils=1, added=0, gone=0)
    ident = new_id("O")
    payload = json.dumps({"mobile": "90 00 11 22", "email": "mor.gammel@example.com"}).encode()
    sealed = tx.vault.seal(mother, "outbox.payload", ident, payload)
    message = {"id": ident, "dedup_key": "contact:x", "kind": "contact_changed", "subject_id": mother}
    tx.connection.execute(insert(tables.outbox).values(**message, payload_ct=sealed, made_at=tx.now))
    for owner, who in ((family, family.father), (other, other.mother)):
        answer = Answer(1, "letter", owner.pupil_id, name=who.name, address=who.address)
        outbox.prepare(tx, f"S-{owner.pupil_id}", [answer])


def report(world: World, ident: str, **more: Any) -> dict[str, Any]:
    """The report as JSON."""
    with world.desk.store.write() as tx:
        found = person.by_id(tx, ident, **more)
        return dossier.dossier(tx, found, by=STAFF, proven_by="passport").as_json()


def values(told: dict[str, Any]) -> set[str]:
    """Every value in it."""
    return {value for one in told["held"] for value in one["values"].values()}


def text(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)


def of(*people: Somebody) -> list[str]:
    """What of these people must not stand in another's report."""
    told = [(one.name, one.number, one.mobile, one.email) for one in people]
    return [value for one in told for value in one if value]


def columns() -> set[str]:
    """Every sealed column of the store."""
    found = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_ct")
    }
    assert len(found) >= 16
    return found


# ------------------------------------------------------------------------------------------------------ completeness


def test_every_sealed_column_has_its_place_in_the_report() -> None:
    """Whoever adds a sealed column must say what of it a person is told, and plant it below."""
    assert columns() == set(dossier.COLUMNS) == set(PLANTED)


PLANTED: dict[str, Sequence[str]] = {
    "guardians.name_ct": ["mother.name"],
    "guardians.number_ct": ["mother.number"],
    "guardians.mobile_ct": ["mother.mobile"],
    "guardians.email_ct": ["mother.email"],
    "pupils.known_ct": ["mother.address"],
    "pupils.name_ct": ["pupil.name"],
    "pupils.class_ct": ["class"],
    "pupils.number_ct": ["pupil.number"],
    "entries.fields_ct": ["1234", "Ny.Adresse@example.com"],
    "corrections.value_ct": ["91 11 22 33"],
    "outbox.payload_ct": ["90 00 11 22", "mor.gammel@example.com"],
    "worklist_lines.text_ct": ["mother.name"],
    "refusals.details_ct": ["Papirveien 9, 0150 Oslo"],
    "submissions.about_ct": ["mother.name"],
    "submissions.original_ct": [],
    "sightings.handle_ct": ["mother.number"],
    "exported_ids.imprint_ct": [],
    "roster_runs.content_ct": ["liste.ny@example.com"],
}
"""What is planted in each, and whose report must hold it (below)."""
OF_ANOTHER = {"refusals.details_ct": "father", "pupils.class_ct": "pupil", "pupils.number_ct": "pupil"}


def test_a_guardians_report_holds_every_value_about_them(world: World) -> None:
    """All that was planted for the mother, in whichever column, also in forms held back and what a steward typed."""
    told = report(world, world.mother)
    family = world.family
    wanted = {"mother.name": family.mother.name, "mother.number": family.mother.number,
              "mother.mobile": family.mother.mobile, "mother.email": family.mother.email,
              "mother.address": family.mother.address, "pupil.name": family.pupil.name}  # fmt: skip
    missing = {
        (column, name)
        for column, names in PLANTED.items()
        if column not in OF_ANOTHER
        for name in names
        if not any(_same(wanted.get(name, name), value) for value in values(told))
    }

    assert set() == missing


def _same(wanted: str, value: str) -> bool:
    return wanted == value or wanted.lower() == value.lower() or wanted.replace(" ", "") in value.replace(" ", "")


def test_the_paper_register_is_told_to_whoever_stands_on_it(world: World) -> None:
    """The father's row, with the address."""
    assert "Papirveien 9, 0150 Oslo" in values(report(world, world.father))
    assert world.paper in {one["id"] for one in report(world, world.father)["held"]}


def test_a_pupils_report_holds_every_value_about_the_pupil(world: World) -> None:
    """Name, number, class, birth date, stays, consents, what forms and lines say of the pupil; no guardian."""
    pupil, family = world.family.pupil, world.family
    told = report(world, family.pupil_id)

    assert {pupil.name, pupil.number, "2STA", "3STC", pupil.born.isoformat(), "2025-08-18"} <= values(told)
    assert {"pupil", "enrolment", "form", "line"} <= {one["what"] for one in told["held"]}
    assert [] == [value for value in of(family.mother, family.father, world.impostor) if value in text(told)]
    assert world.mother not in text(told)


def test_every_record_says_where_from_why_and_until_when(world: World) -> None:
    """The delivery with channel and day, a purpose, and a date or what ends it; the known records are all there."""
    told = report(world, world.mother)
    kinds = {one["what"] for one in told["held"]}

    assert {"guardian", "link", "listed", "form", "correction", "original", "source_copy", "line", "message"} <= kinds
    assert all(
        one["source"]["channel"] and one["purpose"] and (one["until"] or one["until_why"]) for one in told["held"]
    )
    (link,) = [one for one in told["held"] if one["what"] == "link"]
    assert ("roster", "post", "2026-10-11") == (link["basis"], link["source"]["channel"], link["source"]["at"])
    assert ("2028-03-05", "turned_18") == (link["until"], link["until_why"])


def test_it_says_to_whom_they_were_exported(world: World) -> None:
    """Recipient, purpose and day, where an export has told of them; nothing where none has."""
    desk = world.desk
    assert [] == [one for one in report(world, world.mother)["held"] if one["what"] == "exported"]
    desk.store.settings = settings(oneroster={"recipient": "Timeplan AS", "purpose": "timeplan"})
    with desk.store.write() as tx:
        exported.remember(tx, [exported.Exported(world.mother, exported.opaque_id(tx, world.mother), "guardian", "x")])
    (told,) = [one for one in report(world, world.mother)["held"] if one["what"] == "exported"]

    assert {"recipient": "Timeplan AS", "why": "timeplan"} == told["details"]


# ------------------------------------------------------------------------------------------------- and nothing else


def test_it_holds_nothing_of_anybody_else(world: World) -> None:
    """Not the other guardian on the same form, not the pupil's number or class, not the other family, not the
    impostor who wrote this guardian's name."""
    family, other = world.family, world.other
    told = text(report(world, world.mother))
    strangers = [*of(family.father, world.impostor, other.mother, other.father), other.pupil.name, other.pupil.number]
    strangers += [
        family.pupil.number,
        "2STA",
        "Papirveien",
        "99 88 77 66",
        "far.liste@example.com",
        "3STC",
        "far.rettet@example.com",
        world.father,
    ]

    assert [] == [value for value in strangers if value in told]
    assert family.mother.number not in text(report(world, world.father))


def test_nothing_of_protection_is_told(world: World) -> None:
    """Neither the flag, nor the suspension it makes, nor what the audit says of it."""
    with world.desk.store.write() as tx:
        protection.protect(tx, world.family.pupil_id, "steward", "per")
    told = text(report(world, world.mother)) + text(report(world, world.family.pupil_id))

    assert [] == [word for word in ("by_school", "protected", "shielded", "restricted") if word in told]


def test_what_hangs_on_a_pupil_can_be_left_out(world: World) -> None:
    """Nothing of that pupil then stands in it: no form, no line, no list, no name."""
    with world.desk.store.write() as tx:
        found = person.by_id(tx, world.mother)
        left = frozenset({world.family.pupil_id})
        told = dossier.dossier(tx, found, by=STAFF, proven_by="passport", leave_out=left).as_json()

    assert world.family.pupil.name not in text(told)
    assert {"guardian", "message"} >= {one["what"] for one in told["held"]}


def test_the_pupils_own_number_on_a_guardians_form_is_not_the_guardians(world: World) -> None:
    """Who wrote the child's number is not told it, and the field is said to be withheld; the pupil is told it."""
    desk, family = world.desk, world.family
    sent = desk.decided(column(family, family.mother, fnr=family.pupil.number, mobile=family.mother.mobile))
    told = report(world, world.mother)

    assert family.pupil.number not in text(told)
    assert [["fnr"]] == [
        one["withheld"] for one in told["held"] if one["id"] == desk.entry(sent).id and one["withheld"]
    ]
    assert any(desk.entry(sent).id == one["id"] for one in report(world, family.pupil_id)["held"])


def test_a_form_in_the_name_alone_is_counted_and_not_told(world: World) -> None:
    """The impostor's form bears the mother's name: she is told that there is one, not what stands in it."""
    told = report(world, world.mother)

    assert 1 == told["unsure"]
    assert world.desk.entry(world.impostors).id not in text(told)


# ---------------------------------------------------------------------------------------------------- who has looked


def test_it_says_who_has_looked(world: World) -> None:
    """Each row of the audit about the person or a form of theirs, with staff id, action and time; what was done to the
    other column of the same form is not theirs. Whoever read a whole list that they stood on is named too."""
    with world.desk.store.write() as tx:
        audit.write(tx, "kari", "revealed", world.held, "why=audit")
        audit.write(tx, "per", "review", world.held, "slot=2 ord=0 mobile=corrected")
        audit.write(tx, "ola", "list_read", None, "list=worklist")
        audit.write(tx, "eva", "list_read", None, "list=analogue")
    told = report(world, world.mother)

    assert {("kari", "revealed")} == {(one["by"], one["action"]) for one in told["looked"]} - {
        ("rules", "entry_decided"),
        ("rules", "guardian_linked"),
    }
    assert [("ola", "list_read")] == [(one["by"], one["action"]) for one in told["lists"]]
    assert [("ola"), ("eva")] == [one["by"] for one in report(world, world.father)["lists"]]


# --------------------------------------------------------------------------------------------------- finding somebody


def found(world: World, told: str) -> list[Person]:
    with world.desk.store.read() as tx:
        return person.find(tx, told)


def test_a_number_finds_one_person_everywhere(world: World) -> None:
    """Guardian, list and forms are one person, whether by number, spaced number, or name."""
    mother = world.family.mother
    for told in (mother.number, f"{mother.number[:6]} {mother.number[6:]}", mother.name):
        (one, *rest) = found(world, told)
        assert world.mother == one.id
        assert [] == rest


def test_an_impostor_is_found_by_the_number(world: World) -> None:
    """The number on the form leads to that form, not to the one whose name it bears."""
    assert [world.impostors] == [one.id for one in found(world, world.impostor.number)]


def test_a_pupil_is_found_by_number_and_name(world: World) -> None:
    """And is nobody's guardian."""
    pupil = world.family.pupil
    assert [[world.family.pupil_id]] * 2 == [
        [one.id for one in found(world, told)] for told in (pupil.number, pupil.name)
    ]


def test_somebody_on_the_list_alone_is_found(world: World) -> None:
    """A known guardian who never sent a form, and one on the register for paper."""
    (one,) = found(world, world.other.father.number)
    assert one.id.startswith("K-")
    (two,) = found(world, world.other.mother.name)
    assert {"listed", "paper"} == {kind for kind, there in (("listed", two.listed), ("paper", two.paper)) if there}
    assert world.other.mother.email in values(report(world, one.id, name=world.other.mother.name))


def test_somebody_only_on_a_held_form_is_found(world: World) -> None:
    """Whoever wrote a name that no list has, by the number and by the name; and that leads on to nobody."""
    who = world.desk.people.adult()
    sent = world.desk.decided(column(world.family, who))
    for told in (who.number, who.name):
        assert [sent] == [one.id for one in found(world, told)]
    told = report(world, sent, slot=1)
    assert {who.name, who.number} <= values(told)
    assert [] == [value for value in of(world.family.mother, world.family.father) if value in text(told)]


def test_an_impostors_form_does_not_lead_to_the_one_whose_name_it_bears(world: World) -> None:
    """Whoever proves to be its sender is told what they wrote; nothing of the mother but the name they wrote."""
    told = report(world, world.impostors, slot=1)
    mother = world.family.mother

    assert {world.impostor.number} <= values(told)
    assert [] == [
        value for value in (mother.number, mother.mobile, mother.email, mother.address) if value in text(told)
    ]


def test_namesakes_are_two_people(sqlite_desk: Desk) -> None:
    """Father and son of one name on the same list: neither report holds the other's number."""
    desk = sqlite_desk
    one, two = desk.people.adult(), desk.people.adult()
    two = replace(two, name=one.name)
    family = desk.child("Rolig", (one, two), lists=("number", "mobile", "email"))
    with desk.store.write() as tx:
        ids = [add_guardian(tx, family, who) for who in (one, two)]
    here = World(desk, family, family, *ids, "", "", "", one)

    assert two.number not in text(report(here, ids[0]))
    assert one.number not in text(report(here, ids[1]))
    assert {one.number, one.email} <= values(report(here, ids[0]))
    assert 2 == len(found(here, one.name))


def test_after_the_erasure_the_line_that_is_left_is_found_by_name(world: World) -> None:
    """The REMOVE line outlives the guardian: who asks is told that their name still stands on it."""
    from store import erasure

    with world.desk.store.write() as tx:
        worklist.read_lines(tx, reveal=True)
        erasure.erase(tx, f"{world.family.pupil_id}/{world.mother}", "withdrawn")
        this = tables.pupils.c.id == world.family.pupil_id
        tx.connection.execute(update(tables.pupils).where(this).values(known_id=None, known_ct=None))
    kinds = {kind for one in found(world, world.family.mother.name) for kind in ("lines",) if one.lines}

    assert {"lines"} == kinds


@pytest.mark.parametrize(
    ("ident", "code"),
    [
        ("G-NOBODY", "bad_id"),
        ("Kari Nordmann", "bad_id"),
        ("G-" + "Q" * 26, "no_such_person"),
        ("S-" + "Q" * 26, "no_such_person"),
        ("E-" + "Q" * 26, "bad_id"),
    ],
)
def test_an_id_that_is_nobodys_is_wrong_use(ident: str, code: str, sqlite_desk: Desk) -> None:
    """Said so, without repeating it."""
    with sqlite_desk.store.read() as tx, pytest.raises(UsageFault, match=code) as told:
        person.by_id(tx, ident)
    assert "Kari" not in str(told.value)
