"""Erasure: intended first, carried out whole, healed after a crash, and nothing left in any file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, func, select
from support_store import DAY, TODAY, Desk, add_guardian, both, column, noon, refusal

from schemas.due import Enrolment
from store import deletions, erasure, guardians, ledger, tables, worklist
from tasks.retain.overdue import overdue
from tasks.retain.sweep import sweep

LEDGER = tables.deletion_ledger


def intents(desk: Desk) -> dict[str, tuple[str, bool]]:
    """Subject -> (reason, done) of the deletion ledger."""
    with desk.store.deletions.connect() as connection:
        return {row.subject_id: (row.reason, row.done_at is not None) for row in connection.execute(select(LEDGER))}


def count(desk: Desk, table: object) -> int:
    """How many rows a table has."""
    with desk.store.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]


def files(desk: Desk) -> bytes:
    """Every byte of the store's files and the ledger's."""
    home = desk.house.home
    paths = [*home.database.parent.iterdir(), *home.deletions.parent.iterdir()]
    return b"".join(path.read_bytes() for path in paths)


def linked(desk: Desk) -> tuple[str, str]:
    """A pupil and a linked guardian; returns both ids."""
    family = desk.family()
    with desk.store.write() as tx:
        return family.pupil_id, add_guardian(tx, family, family.mother)


def replay_everything(desk: Desk) -> int:
    """As after a restore; returns how many were erased."""
    with desk.store.write() as tx:
        carried_out = erasure.replay_everything(desk.store, tx)
    erasure.note_replayed(desk.store, carried_out)
    return carried_out.erased


def stray_keys(desk: Desk) -> list[str]:
    """Data keys whose subject is not there any more."""
    holders = {
        "P": select(tables.pupils.c.id),
        "K": select(tables.pupils.c.known_id),
        "G": select(tables.guardians.c.id),
        "R": select(tables.refusals.c.id),
        "S": select(tables.submissions.c.id).where(tables.submissions.c.original_ct.is_not(None)),
        "I": select(tables.sightings.c.id).where(tables.sightings.c.handle_ct.is_not(None)),
        "O": select(tables.outbox.c.id).where(tables.outbox.c.payload_ct.is_not(None)),
        "L": select(tables.worklist_lines.c.id).where(tables.worklist_lines.c.text_ct.is_not(None)),
    }
    with desk.store.read() as tx:
        alive = {kind: set(tx.connection.execute(query).scalars()) for kind, query in holders.items()}
        keys = tx.connection.execute(select(tables.data_keys.c.subject_id)).scalars().all()
    return [subject for subject in keys if subject not in alive[subject[0]]]


# --- intent, crash, healing -------------------------------------------------------------------------------------------


def test_the_intent_is_written_before_anything_is_erased(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the erasure itself fails, the intent stands in the ledger, not done, and nothing is half erased."""
    pupil, guardian = linked(desk)

    def broken(*_: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(erasure, "erase_links", broken)
    deletions.intend(desk.store, [(f"{pupil}/{guardian}", "turned_18")])
    with pytest.raises(RuntimeError):
        erasure.replay(desk.store)

    assert {f"{pupil}/{guardian}": ("turned_18", False)} == intents(desk)
    assert 1 == count(desk, tables.links)


def test_a_crash_between_intent_and_erasure_heals_when_the_store_is_opened(desk: Desk) -> None:
    """Whatever command comes next carries out what was intended."""
    pupil, guardian = linked(desk)
    deletions.intend(desk.store, [(f"{pupil}/{guardian}", "turned_18")])
    desk.on(TODAY)

    assert {f"{pupil}/{guardian}": ("turned_18", True)} == intents(desk)
    assert (0, 0) == (count(desk, tables.links), count(desk, tables.guardians))


def test_a_crash_between_erasure_and_its_note_heals(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was erased and not noted is noted by the next run, which finds nothing to erase."""
    pupil, guardian = linked(desk)
    deletions.intend(desk.store, [(f"{pupil}/{guardian}", "turned_18")])
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(deletions, "done", lambda *_: (_ for _ in ()).throw(RuntimeError()))
        erasure.replay(desk.store)
    assert 0 == count(desk, tables.links)

    assert 0 == erasure.replay(desk.store)
    assert {f"{pupil}/{guardian}": ("turned_18", True)} == intents(desk)


def test_an_undecided_submissions_original_is_never_destroyed(desk: Desk) -> None:
    """An intent that outran its decision (the decision was rolled back) is void: the form is decided anew."""
    sent = desk.send("a form")
    deletions.intend(desk.store, [(sent, "decided")])
    desk.on(TODAY)

    with desk.store.read() as tx:
        assert b"a form" == ledger.original(tx, sent)
    assert {} == intents(desk)


def test_a_submission_being_processed_again_keeps_its_original(desk: Desk) -> None:
    """The sweep, too, leaves alone what is back in the queue."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=""))
    with desk.store.write() as tx:
        assert ledger.reopen(tx, sent)
    deletions.intend(desk.store, [(sent, "original_time_out")])
    erasure.replay(desk.store)

    with desk.store.read() as tx:
        assert ledger.original(tx, sent)


def test_a_restored_pupil_goes_with_everything_whatever_the_order(desk: Desk) -> None:
    """A pupil erased from the roster takes links, guardians, register rows and their keys along, also where the ledger
    names only the pupil."""
    family = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    desk.decided(refusal(family, family.father))
    assert (1, 1, 1) == tuple(count(desk, t) for t in (tables.links, tables.guardians, tables.refusals))
    deletions.intend(desk.store, [(family.pupil_id, "left")])
    erasure.replay(desk.store)

    empty = (tables.pupils, tables.links, tables.guardians, tables.refusals, tables.enrolments)
    assert [0] * 5 == [count(desk, table) for table in empty]
    assert [] == stray_keys(desk)


# --- what goes and what stays -----------------------------------------------------------------------------------------


def test_the_last_link_takes_the_guardian_along(desk: Desk) -> None:
    """A guardian of two siblings stays for the younger one, and goes with the last link."""
    one = desk.family()
    two = desk.child("Klokmaur", one.adults)
    with desk.store.write() as tx:
        ident = add_guardian(tx, one, one.mother)
        guardians.link(tx, two.pupil_id, ident, basis="roster", submission="S-B", arrived=tx.now)
        assert erasure.erase(tx, f"{one.pupil_id}/{ident}", "turned_18")
    assert (1, 1) == (count(desk, tables.guardians), count(desk, tables.links))

    with desk.store.write() as tx:
        assert erasure.erase(tx, f"{two.pupil_id}/{ident}", "turned_18")
        assert not erasure.erase(tx, f"{two.pupil_id}/{ident}", "turned_18")
    assert (0, 0) == (count(desk, tables.guardians), count(desk, tables.links))
    assert [] == stray_keys(desk)


def test_no_byte_of_an_erased_person_is_left_in_any_store_file(sqlite_desk: Desk) -> None:
    """After erasure and checkpoint the guardian's ciphertexts and wrapped key are in no file of the store."""
    family = sqlite_desk.family()
    with sqlite_desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
    row = sqlite_desk.rows(tables.guardians)[0]
    key = sqlite_desk.rows(tables.data_keys, tables.data_keys.c.subject_id == ident)[0].wrapped
    traces = [row.number_ct, row.name_ct, row.mobile_ct, row.email_ct, key]
    sqlite_desk.store.checkpoint()
    before = files(sqlite_desk)
    assert all(trace in before for trace in traces)

    deletions.intend(sqlite_desk.store, [(f"{family.pupil_id}/{ident}", "turned_18")])
    erasure.replay(sqlite_desk.store)
    after = files(sqlite_desk)

    assert [] == [trace for trace in traces if trace in after]


@pytest.mark.parametrize("kind", ["refusal", "adult"])
def test_no_byte_of_a_dropped_original_is_left(sqlite_desk: Desk, kind: str) -> None:
    """A refusal's original, or one about a pupil of 18, is destroyed when it is decided: original, file name and key
    are in no file of the store any more."""
    born = date(2008, 10, 14) if kind == "adult" else date(2010, 3, 5)
    family = sqlite_desk.family(born=born)
    sent = sqlite_desk.send(refusal(family, family.mother) if kind == "refusal" else column(family, family.mother))
    row = sqlite_desk.rows(tables.submissions)[0]
    key = sqlite_desk.rows(tables.data_keys, tables.data_keys.c.subject_id == sent)[0].wrapped
    traces = [row.original_ct, row.about_ct, key]
    sqlite_desk.store.checkpoint()
    assert all(trace in files(sqlite_desk) for trace in traces)
    sqlite_desk.run()

    assert ["refused" if kind == "refusal" else "not_applicable"] == sqlite_desk.outcomes(sent)
    left = files(sqlite_desk)
    assert [] == [trace for trace in traces if trace in left]


def test_what_was_read_off_the_forms_of_an_erased_guardian_goes_too(desk: Desk) -> None:
    """The fields kept with the entry (number, mobile, e-mail) do not outlive the guardian they are of."""
    family = desk.family(born=date(2008, 10, 15))
    sent = desk.decided(both(family))
    assert ["loaded", "loaded"] == desk.outcomes(sent)
    desk.on(TODAY + DAY)
    sweep(desk.store)

    assert [(None, None, None)] * 2 == [
        (row.fields_ct, row.pupil_id, row.guardian_id) for row in (desk.entry(sent, 1), desk.entry(sent, 2))
    ]


def test_the_number_of_who_withdraws_goes_from_earlier_originals(desk: Desk) -> None:
    """A guardian who refuses after having been loaded: the number is erased at once, also in the sealed original of
    the earlier form, which is due the same day."""
    family = desk.family()
    first = desk.decided(column(family, family.mother), when=TODAY - 3 * DAY)
    second = desk.decided(refusal(family, family.mother))
    desk.steward(second, "confirm")
    sweep(desk.store)

    assert ["refused"] == desk.outcomes(second)
    assert [] == desk.rows(tables.guardians)
    rows = {row.id: row.original_ct for row in desk.rows(tables.submissions)}
    assert {first: None, second: None} == rows


def test_tombstones_hold_nothing_personal(desk: Desk) -> None:
    """What stays of a refused form is digests, dates and codes."""
    family = desk.family()
    sent = desk.decided(refusal(family, family.mother))
    row = desk.rows(tables.submissions)[0]
    entry = desk.entry(sent)

    assert (None, None, "decided") == (row.original_ct, row.about_ct, row.state)
    assert (None, "refused") == (entry.fields_ct, entry.outcome)
    assert [] == desk.rows(tables.corrections)
    assert [] == desk.rows(tables.data_keys, tables.data_keys.c.subject_id == sent)


@contextmanager
def many_lives(desk: Desk) -> Iterator[None]:
    """A school's year in short: loads, refusals, a birthday, a leaver, a number reduced, originals out of time."""
    grown, small, gone = desk.family(born=date(2008, 11, 2)), desk.family(), desk.family()
    sibling = desk.child("Lurmaur", grown.adults)
    for family in (grown, small, gone, sibling):
        desk.send(both(family))
    desk.send(refusal(small, small.mother))
    desk.send("Nothing to see")
    desk.run()
    with desk.store.write() as tx:
        worklist.sync(tx)
        for line in worklist.read_lines(tx, reveal=True):
            if line.kind == "add":
                worklist.sign(tx, line.id, as_="done", by="kari")
        tx.connection.execute(delete(tables.enrolments).where(tables.enrolments.c.pupil_id == gone.pupil_id))
    yield


def test_no_key_outlives_what_it_was_for(desk: Desk) -> None:
    """After a year of loads, refusals, birthdays and leavers no data key is left without its subject, nothing is
    overdue, and no guardian is there without a link."""
    with many_lives(desk):
        desk.on(date(2026, 11, 30))
        sweep(desk.store)

    assert 0 == overdue(desk.store)
    assert [] == stray_keys(desk)
    held = {row.guardian_id for row in desk.rows(tables.links)}
    assert held == {row.id for row in desk.rows(tables.guardians)}


def test_a_leaver_taken_off_the_roster_is_erased_in_one_sweep(desk: Desk) -> None:
    """Pupil, links, register row and known guardians go in the same sweep; the second finds nothing."""
    from store.due_dates import refresh_due
    from store.people import mark_missing

    family = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
    desk.decided(refusal(family, family.father))
    with desk.store.write() as tx:
        assert not mark_missing(tx, [family.pupil_id])
        assert mark_missing(tx, [family.pupil_id])
        refresh_due(tx, [family.pupil_id])
    first, second = sweep(desk.store), sweep(desk.store)

    assert {} == second
    assert {"known_guardians:left": 1, "link:left": 1, "pupil:left": 1, "register:pupil_over": 1} == first
    assert 0 == count(desk, tables.pupils)
    assert [] == stray_keys(desk)


def test_an_erased_pupil_keeps_nobody_in_visma(desk: Desk) -> None:
    """Whoever was typed into Visma InSchool gets a REMOVE line also when the pupil as a whole is erased."""
    family = desk.family()
    with desk.store.write() as tx:
        add_guardian(tx, family, family.mother)
        worklist.sync(tx)
        line = worklist.read_lines(tx, reveal=True)[0]
        worklist.sign(tx, line.id, as_="done", by="kari")
    deletions.intend(desk.store, [(family.pupil_id, "left")])
    erasure.replay(desk.store)

    with desk.store.read() as tx:
        lines = worklist.read_lines(tx)
    assert [("remove", family.mother.name, family.pupil.name, True)] == [
        (line.kind, line.guardian, line.pupil, line.person_too) for line in lines
    ]


def test_an_unknown_pupil_with_no_stay_at_all_is_due(desk: Desk) -> None:
    """Without any enrolment there is no purpose: known guardians are due at once."""
    family = desk.child("Stømaur", (desk.people.adult(), desk.people.adult()), stays=())
    sweep(desk.store)

    assert None is desk.rows(tables.pupils, tables.pupils.c.id == family.pupil_id)[0].known_ct
    assert Enrolment(TODAY).covers(TODAY)


@pytest.mark.parametrize("what", ["guardian", "guardian's key", "pupil", "pupil's key"])
def test_a_damaged_row_keeps_nobody_from_being_erased(desk: Desk, what: str) -> None:
    """Where a name no longer opens, its person is erased all the same, and so is everybody else."""
    damaged, other = desk.family(born=date(2008, 10, 15)), desk.family(born=date(2008, 10, 15))
    with desk.store.write() as tx:
        ident = add_guardian(tx, damaged, damaged.mother)
        add_guardian(tx, other, other.mother)
        subject = ident if what.startswith("guardian") else damaged.pupil_id
        if what.endswith("key"):
            tx.connection.execute(delete(tables.data_keys).where(tables.data_keys.c.subject_id == subject))
        else:
            table = tables.guardians if subject == ident else tables.pupils
            tx.connection.execute(
                table.update().where(table.c.id == subject).values(name_ct=b"\x01\x00\x01" + bytes(60))
            )
    desk.on(TODAY + DAY)
    sweep(desk.store)

    assert (0, 0, 0) == (count(desk, tables.links), count(desk, tables.guardians), overdue(desk.store))


def test_a_pair_linked_anew_is_not_erased_by_an_old_intent(desk: Desk) -> None:
    """After a restore the ledger is replayed whole: it erases what it erased then, not a link that came later."""
    family = desk.family()
    other = desk.child("Klokmaur", family.adults)
    with desk.store.write() as tx:
        guardian = add_guardian(tx, family, family.mother, arrived=TODAY - DAY)
        guardians.link(tx, other.pupil_id, guardian, basis="roster", submission="S-B", arrived=noon(TODAY))
    subject = f"{family.pupil_id}/{guardian}"
    deletions.intend(desk.store, [(subject, "withdrawn")])
    erasure.replay(desk.store)
    with desk.store.write() as tx:  # a form of tomorrow, and then the backup of yesterday
        later = datetime.now(UTC) + DAY
        guardians.link(tx, family.pupil_id, guardian, basis="steward", submission="S-C", arrived=later)
    assert 0 == replay_everything(desk)
    assert 2 == count(desk, tables.links)
    with desk.store.write() as tx:
        tx.connection.execute(tables.links.update().values(arrived_at=noon(TODAY - DAY)))

    assert 1 == replay_everything(desk)
    assert [other.pupil_id] == [row.pupil_id for row in desk.rows(tables.links)]
