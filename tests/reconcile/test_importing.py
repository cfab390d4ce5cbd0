"""Taking the roster in: a broken list changes nothing, a pupil leaves after two, and protection shows at once."""

import contextlib
import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from support_store import DAY, TODAY, Desk, Family, Template, add_guardian, column, open_desk, settings

from schemas.errors import SafetyRefusal, UsageFault
from store import analogue, guardians, tables, worklist
from store.people import read_pupils
from tasks.reconcile.importing import Imported, import_roster
from tasks.reconcile.listing import COLUMNS as HEADERS
from tasks.reconcile.roster_csv import CsvRoster
from tasks.retain.overdue import overdue
from tasks.retain.sweep import sweep

Row = dict[str, str]


def row(number: int, **changes: str) -> Row:
    """One line of the list; `number` makes the pupil."""
    told = dict.fromkeys(HEADERS, "")
    told |= {"elev_id": f"e{number}", "navn": f"Ola {WORDS[number]}maur", "født": "2010-03-05", "klasse": "2STA"}
    told |= {"start": "2025-08-18", "avgangselev": "nei", "skjermet": "nei"}
    told |= {"foresatt1_navn": f"Kari {WORDS[number]}maur", "foresatt1_mobil": "91234567"}
    return told | changes


WORDS = [
    f"{a}{b}" for a in ("Rask", "Stø", "Fin", "Myk", "Lur") for b in ("bil", "bok", "lykt", "hatt", "sko", "ku", "øl")
]


def as_csv(rows: list[Row]) -> bytes:
    """The list as the school exports it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADERS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def take(desk: Desk, rows: list[Row] | bytes, **more: bool) -> Imported:
    """Import a list."""
    data = rows if isinstance(rows, bytes) else as_csv(rows)
    return import_roster(desk.store, CsvRoster(data), **more)


def pupils(desk: Desk) -> dict[str, object]:
    """Name -> pupil."""
    with desk.store.read() as tx:
        return {pupil.name: pupil for pupil in read_pupils(tx)}


def link(desk: Desk, number: int) -> tuple[str, str]:
    """Link a guardian to the pupil of a line; returns both ids."""
    with desk.store.write() as tx:
        pupil = next(p for p in read_pupils(tx) if p.name == f"Ola {WORDS[number]}maur")
        who = desk.people.adult()
        family = Family(pupil.id, who, (who,))
        return pupil.id, add_guardian(tx, family, who)


def missing(desk: Desk) -> set[int]:
    """How many runs in a row each pupil was missing."""
    return {row.missing_runs for row in desk.rows(tables.pupils)}


# --- what a list says -------------------------------------------------------------------------------------------------


def test_a_list_is_taken_in_whole(desk: Desk) -> None:
    """Pupils with class, birth date, enrolments of all their lines, and known guardians."""
    rows = [row(0, slutt="2026-06-19"), row(0, start="2026-08-17"), row(1, foresatt1_fnr="x", foresatt2_navn="Per")]

    assert Imported(2, 2, 0, 0) == take(desk, rows)
    ola = pupils(desk)["Ola Raskbilmaur"]
    assert ("2STA", date(2010, 3, 5), 2) == (ola.class_name, ola.born, len(ola.enrolments))  # type: ignore[attr-defined]
    assert ["Kari Raskbilmaur"] == [known.name for known in ola.known]  # type: ignore[attr-defined]
    assert 2 == len(pupils(desk)["Ola Raskbokmaur"].known)  # type: ignore[attr-defined]


def test_the_same_list_again_changes_nothing(desk: Desk) -> None:
    """Ids stay, nobody is added, nobody is missing."""
    rows = [row(n) for n in range(5)]
    take(desk, rows)
    before = {r.id: (r.born, r.due_on) for r in desk.rows(tables.pupils)}

    again = take(desk, rows)
    assert (Imported(5, 0, 0, 0), 0) == (again, again.changed)
    assert before == {r.id: (r.born, r.due_on) for r in desk.rows(tables.pupils)}


def test_a_changed_line_changes_the_pupil(desk: Desk) -> None:
    """Class, name and the date of leaving follow the list, and so do due date and REMOVE line."""
    take(desk, [row(n) for n in range(3)])
    pupil, _ = link(desk, 0)
    take(desk, [row(0, klasse="3STA", avbrudd="2026-10-20"), row(1), row(2)])

    assert "3STA" == pupils(desk)["Ola Raskbilmaur"].class_name  # type: ignore[attr-defined]
    assert [date(2026, 10, 20)] == [r.due_on for r in desk.rows(tables.links)]
    assert [date(2026, 10, 20)] == [r.due_on for r in desk.rows(tables.worklist_lines) if r.kind == "remove"]
    assert pupil == pupils(desk)["Ola Raskbilmaur"].id  # type: ignore[attr-defined]


def test_nothing_of_the_list_stands_in_the_clear(desk: Desk) -> None:
    """Names, numbers, classes and contacts are sealed; a pupil's key in the list is only a keyed digest."""
    take(desk, [row(0, elev_id="ELEVNOEKKEL", foresatt1_epost="kari@example.com")])
    desk.store.checkpoint()
    data = desk.house.home.database.read_bytes()

    assert [] == [word for word in (b"Raskbil", b"kari@", b"91234567", b"ELEVNOEKKEL") if word in data]


# --- a broken list ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "roster_headers"),
        (b"\xff\xfen\x00;", "roster_encoding"),
        ("navn;født\nOla;2010\n".encode(), "roster_headers"),
        (as_csv([row(0, født="5.3.201")]), "roster_date"),
        (as_csv([row(0, start="2026-02-30")]), "roster_date"),
        (as_csv([row(0, født="")]), "roster_incomplete"),
        (as_csv([row(0, navn="")]), "roster_incomplete"),
        (as_csv([row(0, elev_id="")]), "roster_incomplete"),
        (as_csv([row(0, skjermet="kanskje")]), "roster_yes_no"),
        (as_csv([row(0)]) + b'"e1";"Ola', "roster_broken"),
        (as_csv([row(0)]) + b"e1;Ola Maur;2010-03-05;2STA;2025-08-18", "roster_broken"),
        (as_csv([row(0)]).replace(b"2STA", b"2STA;2STB"), "roster_broken"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_whole(desk: Desk, data: bytes, code: str) -> None:
    """Line and column are named, no value is, and nothing is changed."""
    take(desk, [row(n) for n in range(3)])
    before = desk.rows(tables.pupils)
    with pytest.raises(UsageFault, match=code) as told:
        take(desk, data)

    assert before == desk.rows(tables.pupils)
    assert "Ola" not in f"{told.value.message}{told.value.next_step}"


def test_one_pupil_with_two_birth_dates_is_refused(desk: Desk) -> None:
    """The birth date decides what is erased when: a list that contradicts itself is not taken in."""
    with pytest.raises(UsageFault, match="roster_contradicts"):
        take(desk, [row(0), row(0, født="2008-03-05")])


@pytest.mark.parametrize(("gone", "stopped"), [(10, False), (11, True), (29, True)])
def test_a_list_that_suddenly_shrank_is_refused(desk: Desk, gone: int, stopped: bool) -> None:
    """More than ten of thirty at once looks like a broken export: exit 4, and nothing is changed."""
    rows = [row(n) for n in range(30)]
    take(desk, rows)
    before = desk.rows(tables.pupils)
    if not stopped:
        assert gone == take(desk, rows[gone:]).missing
        return
    with pytest.raises(SafetyRefusal, match="roster_shrank") as told:
        take(desk, rows[gone:])
    assert 4 == told.value.exit_code
    assert before == desk.rows(tables.pupils)
    assert ["applied", "held"] == sorted(run.state for run in desk.rows(tables.roster_runs))


def test_an_empty_list_is_refused(desk: Desk) -> None:
    """Headers without pupils are never "everybody left", not even in a new store."""
    with pytest.raises(SafetyRefusal, match="roster_shrank"):
        take(desk, [])


def test_the_guard_follows_the_settings(template: Template, tmp_path: Path) -> None:
    """The school chooses how many may go; the larger of count and share counts."""
    desk = open_desk(tmp_path / "home", template, chosen=settings(roster={"max_gone_count": 0, "max_gone_share": 0.1}))
    rows = [row(n) for n in range(20)]
    take(desk, rows)
    take(desk, rows[2:])
    with pytest.raises(SafetyRefusal):
        take(desk, rows[3:])
    desk.store.close()


@bounds(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=0, max_value=len(as_csv([row(n) for n in range(12)]))))
def test_a_list_cut_anywhere_erases_nobody(desk: Desk, cut: int) -> None:
    """An export that broke off at any byte ends nobody's enrolment, and unshields nobody."""
    whole = as_csv([row(n, skjermet="ja") for n in range(12)])
    take(desk, whole)
    with contextlib.suppress(UsageFault, SafetyRefusal):
        take(desk, whole[:cut])
    shielded = {r.shielded for r in desk.rows(tables.pupils)}
    take(desk, whole)

    assert {True} == shielded
    assert 12 == len(desk.rows(tables.pupils))
    assert all(r.interrupted is None for r in desk.rows(tables.enrolments))


def test_a_rehearsal_says_what_would_be_and_changes_nothing(desk: Desk) -> None:
    """`--dry-run` counts as the real thing does."""
    take(desk, [row(n) for n in range(5)])
    before = (desk.rows(tables.pupils), desk.rows(tables.data_keys), desk.rows(tables.roster_runs))

    assert Imported(5, 1, 1, 0) == take(desk, [row(n) for n in range(1, 6)], dry_run=True)
    assert before == (desk.rows(tables.pupils), desk.rows(tables.data_keys), desk.rows(tables.roster_runs))


# --- leaving ----------------------------------------------------------------------------------------------------------


def test_missing_once_is_nothing_and_twice_is_leaving(desk: Desk) -> None:
    """A pupil must be missing from two complete lists; then guardian, register row and pupil are erased that day."""
    rows = [row(n) for n in range(5)]
    take(desk, rows)
    pupil, _ = link(desk, 0)
    assert Imported(4, 0, 1, 0) == take(desk, rows[1:])
    sweep(desk.store)
    assert 1 == len(desk.rows(tables.links))

    desk.on(TODAY + DAY)
    assert Imported(4, 0, 1, 1) == take(desk, rows[1:])
    assert [(TODAY + DAY, "left")] == [(r.due_on, r.due_reason) for r in desk.rows(tables.links)]
    sweep(desk.store)
    assert ([], []) == (desk.rows(tables.links), desk.rows(tables.pupils, tables.pupils.c.id == pupil))
    assert 0 == overdue(desk.store)


def test_the_same_list_twice_on_one_day_is_one_list(desk: Desk) -> None:
    """A steward who imports a faulty list once more does not make pupils leave by it."""
    rows = [row(n) for n in range(5)]
    take(desk, rows)
    assert 0 == take(desk, rows[1:]).ended
    assert 0 == take(desk, rows[1:]).ended
    assert {0, 1} == missing(desk)

    desk.on(TODAY + DAY)
    assert 1 == take(desk, rows[1:]).ended


def test_who_is_back_on_the_list_was_never_missing(desk: Desk) -> None:
    """Missing, there, missing: that is once."""
    rows = [row(n) for n in range(5)]
    for day, listed in enumerate((rows, rows[1:], rows, rows[1:])):
        desk.on(TODAY + day * DAY)
        assert 0 == take(desk, listed).ended
    assert {0, 1} == missing(desk)


def test_known_guardians_go_on_the_18th_birthday(desk: Desk) -> None:
    """What the list told of a guardian is shredded that day, and a later list does not bring it back."""
    rows = [row(0, født="2008-10-15"), row(1)]
    take(desk, rows)
    mine = desk.rows(tables.pupils, tables.pupils.c.born == date(2008, 10, 15))
    sealed = {r.known_ct for r in mine}
    key = {r.wrapped for r in desk.rows(tables.data_keys) if r.subject_id == mine[0].known_id}
    assert (1, 1) == (len(sealed - {None}), len(key))
    desk.on(TODAY + DAY)
    sweep(desk.store)
    assert () == pupils(desk)["Ola Raskbilmaur"].known  # type: ignore[attr-defined]
    take(desk, rows)
    sweep(desk.store)

    assert () == pupils(desk)["Ola Raskbilmaur"].known  # type: ignore[attr-defined]
    assert 1 == len(pupils(desk)["Ola Raskbokmaur"].known)  # type: ignore[attr-defined]
    left = b"".join(path.read_bytes() for path in desk.house.home.database.parent.iterdir())
    gone = [r for r in sealed | key if r is not None and r in left]
    assert [] == gone


# --- protection -------------------------------------------------------------------------------------------------------


def test_a_shielded_pupils_links_are_suspended_at_once(desk: Desk) -> None:
    """With the list that says so, all links rest, nobody is listed to be added, and the reason shown is the neutral
    one; once the list says otherwise they live again."""
    rows = [row(n) for n in range(3)]
    take(desk, rows)
    link(desk, 0)
    link(desk, 1)
    with desk.store.write() as tx:
        worklist.sync(tx)
    take(desk, [row(0, skjermet="ja"), *rows[1:]])

    assert {None, "by_school"} == {r.suspended for r in desk.rows(tables.links)}
    with desk.store.read() as tx:
        assert ["Ola Raskbokmaur"] == [line.pupil for line in worklist.read_lines(tx)]
    take(desk, rows)
    assert {None} == {r.suspended for r in desk.rows(tables.links)}


def test_protection_in_one_of_several_lines_is_protection(desk: Desk) -> None:
    """A pupil with a line a year is shielded if any of them says so, in whatever order they stand."""
    for rows in ([row(0, skjermet="ja", slutt="2026-06-19"), row(0, start="2026-08-17")],
                 [row(0, slutt="2026-06-19"), row(0, start="2026-08-17", skjermet="ja")]):  # fmt: skip
        take(desk, rows)
        assert [True] == [r.shielded for r in desk.rows(tables.pupils)]


def test_a_guardian_linked_while_the_pupil_becomes_shielded_is_suspended(desk: Desk) -> None:
    """A link written just after the list was taken in (it was decided just before) is suspended like the others."""
    take(desk, [row(0, skjermet="ja")])
    link(desk, 0)

    assert ["by_school"] == [r.suspended for r in desk.rows(tables.links)]


def test_the_end_of_protection_leaves_other_suspensions(desk: Desk) -> None:
    """A link that rests because of an unproven refusal goes on resting."""
    take(desk, [row(0)])
    pupil, guardian = link(desk, 0)
    with desk.store.write() as tx:
        guardians.suspend(tx, pupil, guardian, "refusal_unproven")
    take(desk, [row(0, skjermet="ja")])
    take(desk, [row(0)])

    assert ["refusal_unproven"] == [r.suspended for r in desk.rows(tables.links)]


def test_the_import_is_in_the_audit_in_counts(desk: Desk) -> None:
    """Who took a list in, and how many it changed."""
    data = as_csv([row(n) for n in range(3)])
    import_roster(desk.store, CsvRoster(data), by="kari")
    told = [(r.actor, r.action, r.detail) for r in desk.rows(tables.audit)]

    assert [("kari", "roster_imported", "pupils=3 added=3 missing=0 ended=0 changed=0")] == told


def test_register_rows_follow_the_pupils_date(desk: Desk) -> None:
    """The analogue register has the same due date as a link would have."""
    take(desk, [row(0), row(1)])
    with desk.store.write() as tx:
        pupil = next(p for p in read_pupils(tx) if p.name == "Ola Raskbilmaur")
        about = {"name": "Kari", "address": "", "submission": "S-A", "arrived": tx.now}
        analogue.add(tx, pupil.id, why="refused", **about)
    take(desk, [row(0, avbrudd="2026-10-20"), row(1)])

    assert [date(2026, 10, 20)] == [r.due_on for r in desk.rows(tables.refusals)]


def test_a_form_finds_the_pupil_of_the_newest_list(desk: Desk) -> None:
    """A pupil who was not listed when the form came is found once they are."""
    family = desk.family()
    unlisted = Family("", family.pupil, family.adults)
    sent = desk.decided(column(unlisted, family.mother, pupil="Ola Raskbilmaur"))
    assert ["pupil_not_found"] == desk.codes(sent)
    told: Callable[..., Row] = row
    first = told(0, foresatt1_navn=family.mother.name, foresatt1_mobil=family.mother.mobile)
    with desk.store.write() as tx:
        tx.connection.execute(tables.pupils.delete())
    take(desk, [first])
    desk.again(sent)

    assert ["loaded"] == desk.outcomes(sent)


@pytest.mark.parametrize("what", ["name", "key"])
def test_a_damaged_pupil_stops_nobody_and_is_mended_by_the_next_list(desk: Desk, what: str) -> None:
    """Forms about others are decided; those about this pupil wait, and are loaded after the next import."""
    first = row(0, foresatt1_navn="Kari Raskbilmaur", foresatt1_mobil="41234567")
    take(desk, [first])
    family = desk.family()
    with desk.store.write() as tx:
        pupil = next(p for p in read_pupils(tx) if p.name == "Ola Raskbilmaur")
        if what == "key":
            tx.connection.execute(tables.data_keys.delete().where(tables.data_keys.c.subject_id == pupil.id))
        else:
            broken = b"\x01\x00\x01" + bytes(60)
            tx.connection.execute(tables.pupils.update().where(tables.pupils.c.id == pupil.id).values(name_ct=broken))
    who = desk.people.adult()
    about = Family(pupil.id, family.pupil, (who,))
    form = column(about, who, pupil="Ola Raskbilmaur", name="Kari Raskbilmaur", mobile="41234567")
    waits, other = desk.send(form), desk.send(column(family, family.mother))
    desk.run()
    assert (["pupil_not_found"], ["loaded"]) == (desk.codes(waits), desk.outcomes(other))
    take(desk, [first])
    desk.again(waits)

    assert ["loaded"] == desk.outcomes(waits)
