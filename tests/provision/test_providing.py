"""Provision: the lists say what the store says, and nothing on them runs in a spreadsheet or shows a number unasked."""

import csv
import io
from datetime import date

import pytest
from support_store import DAY, TODAY, Desk, add_guardian, both, refusal

from store import tables, worklist
from store.worklist import Line
from tasks.provision.lists import as_csv, as_row, headers
from tasks.provision.step import Provided, provide


def line(**changes: object) -> Line:
    """A line of the list."""
    told: dict[str, object] = {
        "id": "L-A", "kind": "add", "why": "loaded", "due_on": TODAY, "state": "open", "person_too": False,
        "overdue": False, "guardian": "Kari Modigmaur", "pupil": "Ola Modigmaur", "class_name": "2STA",
        "values": {"fnr": "12829499914", "mobile": "+4791234567", "email": "kari@example.com"},
    }  # fmt: skip
    return Line(**{**told, **changes})  # type: ignore[arg-type]


def test_provision_brings_the_lists_in_step(desk: Desk) -> None:
    """Two guardians loaded and one on paper: two ADD and two REMOVE lines, and one for each sheet to shred. To work on
    are the ADD lines and the refused sheet, whose sealed original went at once; none is late."""
    family, other = desk.family(), desk.family()
    desk.decided(both(family))
    desk.decided(refusal(other, other.mother))

    # The REMOVE lines were written with the links, when these got their due dates.
    assert Provided(made=2, cancelled=0, open=3, overdue=0, on_paper=1) == provide(desk.store)
    assert ["add", "add", "remove", "remove", "shred", "shred"] == sorted(
        row.kind for row in desk.rows(tables.worklist_lines)
    )


def test_provision_again_changes_nothing(desk: Desk) -> None:
    """A second run makes no line and cancels none."""
    desk.decided(both(desk.family()))
    provide(desk.store)
    before = desk.rows(tables.worklist_lines)

    assert (0, 0) == (provide(desk.store).made, provide(desk.store).cancelled)
    assert before == desk.rows(tables.worklist_lines)


def test_an_open_remove_past_its_date_is_counted_until_it_is_signed(desk: Desk) -> None:
    """The alarm is a number that does not go away by itself."""
    from tasks.retain.sweep import sweep

    family = desk.family(born=date(2008, 10, 15))
    with desk.store.write() as tx:
        for who in family.adults:
            add_guardian(tx, family, who)
    provide(desk.store)
    with desk.store.write() as tx:
        for one in worklist.read_lines(tx):
            worklist.sign(tx, one.id, as_="done", by="kari")
    desk.on(TODAY + DAY)
    sweep(desk.store)
    assert (2, 0) == (provide(desk.store).open, provide(desk.store).overdue)
    desk.on(TODAY + 2 * DAY)
    assert 2 == provide(desk.store).overdue
    with desk.store.write() as tx:
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="done", by="kari")
        worklist.sign(tx, worklist.read_lines(tx)[0].id, as_="not_done", by="kari", reason="no_access")

    assert 1 == provide(desk.store).overdue


def test_the_list_is_masked_until_asked(desk: Desk) -> None:
    """Number, mobile and e-mail are masked; names are not, or nobody could work with it."""
    masked, open_ = as_row(line()), as_row(line(), reveal=True)

    assert ("***********", "********67", "k***@***.com") == (masked["fnr"], masked["mobile"], masked["email"])
    assert ("12829499914", "+4791234567", "kari@example.com") == (open_["fnr"], open_["mobile"], open_["email"])
    assert "Kari Modigmaur" == masked["guardian"] == open_["guardian"]


@pytest.mark.parametrize(
    ("kind", "last", "note"),
    [
        ("add", False, ""),
        ("remove", False, "remove the link"),
        ("remove", True, "remove the link and the person"),
    ],
)
def test_the_note_says_what_to_remove(kind: str, last: bool, note: str) -> None:
    """The person only with the last link."""
    assert note == as_row(line(kind=kind, person_too=last))["note"]


def test_a_late_line_says_so_in_words() -> None:
    """Also in black and white, and in a file."""
    assert "OVERDUE" == as_row(line(overdue=True))["overdue"]
    assert "" == as_row(line(due_on=None))["due"]


def test_the_file_opens_in_a_spreadsheet(desk: Desk) -> None:
    """Semicolons, one line a line, all columns, and quotes where a value needs them."""
    rows = list(
        csv.DictReader(io.StringIO(as_csv([as_row(line(guardian='Kari "K;" Modigmaur'))]), newline=""), delimiter=";")
    )

    assert (list(headers()), 'Kari "K;" Modigmaur') == (list(rows[0]), rows[0]["guardian"])


@pytest.mark.parametrize("name", ["=1+1", "+47", "-1", "@SUM(A1)", "\t=1", "\r=1", "=HYPERLINK(x)"])
def test_nothing_in_the_file_runs(name: str) -> None:
    """A name that a spreadsheet would take for a formula is text; a mobile keeps its plus."""
    text = as_csv([as_row(line(guardian=name, pupil=name), reveal=True)])
    [row] = csv.DictReader(io.StringIO(text, newline=""), delimiter=";")

    assert (f"'{name}", f"'{name}", "+4791234567") == (row["guardian"], row["pupil"], row["mobile"])


def test_a_number_keeps_its_leading_zero_in_the_file() -> None:
    """Whatever a spreadsheet makes of it, the file itself has eleven digits."""
    text = as_csv([as_row(line(values={"fnr": "01829499912"}), reveal=True)])

    assert "01829499912" in text


def test_an_empty_list_is_its_headers() -> None:
    """Nothing to do is a file, too."""
    assert ";".join(headers()) + "\r\n" == as_csv([])
