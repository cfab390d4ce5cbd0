"""Paper is destroyed by a person: a line that is due with the original, outlives it, and is signed off."""

import pytest
from support_store import DAY, TODAY, Desk, column, refusal

from schemas.errors import UsageFault
from store import shredding, tables, worklist
from tasks.provision.lists import as_row
from tasks.provision.step import provide
from tasks.retain.sweep import sweep


def lines(desk: Desk) -> list[worklist.Line]:
    """The open shred lines that show."""
    with desk.store.read() as tx:
        return [line for line in worklist.read_lines(tx) if line.kind == "shred"]


def test_a_sheet_is_due_with_its_original(desk: Desk) -> None:
    """Decided on 14 October, so both go on 13 November, a Friday; the line shows 14 days ahead and says which sheet."""
    family = desk.family()
    desk.decided(column(family, family.mother))
    provide(desk.store)
    desk.on(TODAY + 15 * DAY)
    assert [] == lines(desk)
    desk.on(TODAY + 16 * DAY)
    (line,) = lines(desk)

    assert ("paper_sheet", TODAY + 30 * DAY, False) == (line.why, line.due_on, line.overdue)
    assert "shred the sheet that came 2026-10-14 form.txt" == as_row(line)["note"]
    assert ("", "", "") == (line.guardian, line.pupil, line.class_name)


def test_the_line_outlives_the_original_and_is_emptied_when_signed(desk: Desk) -> None:
    """After the original's day the line is late, and stays until somebody has signed; then only codes are left."""
    family = desk.family()
    desk.decided(column(family, family.mother))
    provide(desk.store)
    desk.on(TODAY + 31 * DAY)
    sweep(desk.store)
    (line,) = lines(desk)
    assert line.overdue
    assert 1 == provide(desk.store).overdue
    with desk.store.write() as tx:
        worklist.sign(tx, line.id, as_="not_done", by="kari", reason="wait")
    assert 1 == len(lines(desk))
    with desk.store.write() as tx:
        worklist.sign(tx, line.id, as_="done", by="kari")
        assert not tx.vault.has_key(line.id)
    (row,) = desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "shred")

    assert ([], None, "kari") == (lines(desk), row.text_ct, row.signed_by)


def test_a_sheet_whose_original_goes_at_once_is_due_at_once(desk: Desk) -> None:
    """A refusal destroys the sealed original with the decision: the paper must not lie there for thirty days."""
    family = desk.family()
    desk.decided(refusal(family, family.mother))
    (line,) = lines(desk)

    assert (TODAY, "2026-10-14 form.txt") == (line.due_on, line.paper)


def test_a_line_follows_what_is_held(desk: Desk) -> None:
    """A held form is decided early: its sheet is due thirty days after that, not after ninety."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    provide(desk.store)
    desk.steward(sent, "confirm")
    sweep(desk.store)
    (row,) = desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "shred")

    assert TODAY + 30 * DAY == row.due_on
    assert {} == sweep(desk.store)
    assert 1 == len(desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "shred"))


def test_only_paper_is_shredded(desk: Desk) -> None:
    """What came by mail or Digipost has no sheet."""
    family = desk.family()
    desk.send(column(family, family.mother), channel="email")
    desk.run()
    provide(desk.store)

    assert [] == desk.rows(tables.worklist_lines, tables.worklist_lines.c.kind == "shred")


def test_a_list_that_was_printed_is_to_be_shredded(desk: Desk) -> None:
    """Due when an original of today would be, a working day; what it says is ours alone."""
    with desk.store.write() as tx:
        ident = shredding.printed(tx, "work list, 12 lines")
    desk.on(TODAY + 20 * DAY)
    (line,) = lines(desk)
    assert (ident, "printed_list", TODAY + 30 * DAY) == (line.id, line.why, line.due_on)
    with desk.store.write() as tx, pytest.raises(UsageFault, match="sign_reason"):
        worklist.sign(tx, ident, as_="not_done", by="kari")
