"""The roster's file is judged by its model: every fault at once, by line, column and code, and never a value."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from support_store import Desk, settings

from schemas.errors import SafetyRefusal, UsageFault
from schemas.ids import is_id
from schemas.roster import RosterRows
from schemas.stations import build, check
from store import tables
from store.people import read_pupils
from tasks.reconcile.importing import import_roster
from tasks.reconcile.listing import COLUMNS as HEADERS
from tasks.reconcile.roster import Place
from tasks.reconcile.roster_csv import CsvRoster

Row = dict[str, str]
SYNTHETIC, OTHER, ORDINARY = "41819077302", "12829499914", "30108299920"  # published vectors


def row(key: str = "e1", **changes: str) -> Row:
    """One line of the list without a fault."""
    told = dict.fromkeys(HEADERS, "") | {"elev_id": key, "navn": "Ola Rettmaur", "født": "2010-03-05"}
    told |= {"klasse": "2STA", "start": "2025-08-18", "avgangselev": "nei", "skjermet": "nei"}
    return told | {"foresatt1_navn": "Kari Rettmaur", "foresatt1_mobil": "91234567"} | changes


def as_csv(rows: Sequence[Row]) -> bytes:
    """The list as the school exports it."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, HEADERS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def refused(*rows: Row) -> UsageFault:
    """Why the reader refuses the list."""
    with pytest.raises(UsageFault) as told:
        CsvRoster(as_csv(rows)).read()
    return told.value


# --- what stops the file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "column", "changes"),
    [
        ("roster_incomplete", "elev_id", {"elev_id": ""}),
        ("roster_incomplete", "navn", {"navn": "  "}),
        ("roster_incomplete", "født", {"født": ""}),
        ("roster_incomplete", "start", {"start": ""}),
        ("roster_date", "født", {"født": "05.03.2010"}),
        ("roster_date", "start", {"start": "20250818"}),
        ("roster_date", "slutt", {"slutt": "2026-02-30"}),
        ("roster_date", "avbrudd", {"avbrudd": "2026-8-1"}),
        ("roster_yes_no", "avgangselev", {"avgangselev": "kanskje"}),
        ("roster_yes_no", "skjermet", {"skjermet": "2"}),
        ("roster_age", "født", {"født": "2025-03-05"}),
        ("roster_age", "født", {"født": "1910-03-05"}),
        ("roster_age", "født", {"født": "2110-03-05"}),
    ],
)
def test_each_fault_is_told_by_line_column_and_code(code: str, column: str, changes: Row) -> None:
    """The second line of three is faulty: that place is named, and no other."""
    fault = refused(row("e1"), row("e2", **changes), row("e3"))

    assert code == fault.code
    assert fault.message.startswith(f"line 3, column {column}: ")
    assert ";" not in fault.message


def test_all_faults_are_told_at_once() -> None:
    """Whoever puts the list right sees every place, in the order of the lines; a long tale is cut."""
    fault = refused(row("e1", født="x", skjermet="kanskje"), row("e2"), row("e3", start=""))
    assert ["line 2, column født", "line 2, column skjermet", "line 4, column start"] == [
        one.partition(":")[0] for one in fault.message.split("; ")
    ]

    long = refused(*(row(f"e{n}", start="") for n in range(30)))
    assert long.message.endswith("; and 20 more")


def test_a_fault_never_repeats_a_value() -> None:
    """Message, next step, text and cause of the exception hold nothing that stands in the list."""
    values = ("Ola", "Rettmaur", "2010", SYNTHETIC, "91234567", "hemmelig")
    fault = refused(row(født="hemmelig 2010", skjermet="hemmelig", fnr=SYNTHETIC), row("e2", elev_id=""))
    said = f"{fault!r} {fault} {fault.message} {fault.next_step} {fault.__cause__!r} {fault.__context__!r}"

    assert [] == [value for value in values if value in said]


def test_two_birth_dates_of_one_pupil_are_told_at_the_second() -> None:
    """The line that contradicts the first is named."""
    fault = refused(row("e1"), row("e2"), row("e1", start="2026-08-17", født="2009-03-05"))

    assert ("roster_contradicts", True) == (fault.code, fault.message.startswith("line 4, column født: "))


def test_a_column_that_stands_twice_is_refused() -> None:
    """Which of the two counts would be a guess."""
    with pytest.raises(UsageFault, match="roster_headers") as told:
        CsvRoster(as_csv([row()]).replace(b"klasse", b"navn")).read()

    assert "twice: navn" in told.value.message


def test_lines_of_nothing_but_separators_are_no_pupils() -> None:
    """Spreadsheets leave them at the end."""
    empty = b";" * (len(HEADERS) - 1) + b"\r\n"

    assert 1 == len(CsvRoster(as_csv([row()]) + empty * 3 + b"\r\n").read().pupils)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("fnr_length", "vet ikke"),
        ("fnr_lost_leading_zero", "1810000186"),
        ("fnr_date", "41934063587"),
        ("fnr_checksum", "41819077303"),
    ],
)
@pytest.mark.parametrize("column", ["fnr", "foresatt1_fnr", "foresatt2_fnr"])
def test_a_number_that_is_none_is_left_out_and_told(column: str, code: str, number: str) -> None:
    """The pupil is taken in without it, and the place is told by code."""
    roster = CsvRoster(as_csv([row("e1"), row("e2", foresatt2_navn="Per", **{column: number})])).read()
    pupil = roster.pupils[1]

    assert (Place(3, column, code),) == roster.left_out
    assert f"line 3, column {column}: {code}" == str(roster.left_out[0])
    assert [""] * 3 == [pupil.number, *(known.number for known in pupil.known)]


@pytest.mark.parametrize("number", [SYNTHETIC, "418190 77302", ORDINARY, "81234567802", "15507600333", "02013299903"])
def test_a_number_that_is_one_is_kept_as_it_stands(number: str) -> None:
    """Every kind and scheme: what this store may hold is asked when the list is taken in."""
    roster = CsvRoster(as_csv([row(fnr=number, foresatt1_fnr=number)])).read()

    assert [number] * 2 == [roster.pupils[0].number, roster.pupils[0].known[0].number]
    assert () == roster.left_out


def test_what_was_left_out_is_told_and_counted(desk: Desk) -> None:
    """The import names the places, and the audit has their number."""
    data = as_csv([row("e1", fnr="1"), row("e2", navn="Per Rettmaur", foresatt1_fnr="1810000186")])
    told = import_roster(desk.store, CsvRoster(data))

    assert "line 2, column fnr: fnr_length; line 3, column foresatt1_fnr: fnr_lost_leading_zero" == told.left_out
    details = [r.detail for r in desk.rows(tables.audit) if r.action == "roster_imported"]
    assert ["pupils=2 added=2 missing=0 ended=0 changed=0 left_out=2"] == details


@pytest.mark.parametrize("column", ["fnr", "foresatt2_fnr"])
def test_a_store_for_tests_refuses_a_list_of_real_people(desk: Desk, column: str) -> None:
    """One ordinary number means that the names beside it are real too: nothing is taken in."""
    data = as_csv([row("e1", fnr=SYNTHETIC), row("e2", foresatt2_navn="Per", **{column: ORDINARY})])
    with pytest.raises(SafetyRefusal, match="roster_real_in_test") as told:
        import_roster(desk.store, CsvRoster(data))

    assert ORDINARY not in f"{told.value.message}{told.value.next_step}"
    assert [] == desk.rows(tables.pupils)


def test_production_leaves_a_test_number_out(desk: Desk) -> None:
    """A test person in the school's own system stops nobody; the number is not taken in, and it is told."""
    desk.store.settings = settings(environment="production")
    data = as_csv([row("e1", fnr=SYNTHETIC, foresatt1_fnr=OTHER), row("e2", navn="Per Rettmaur", fnr=ORDINARY)])
    told = import_roster(desk.store, CsvRoster(data))
    with desk.store.read() as tx:
        found = {pupil.name: (pupil.number, pupil.known[0].number) for pupil in read_pupils(tx)}

    assert {"Ola Rettmaur": ("", ""), "Per Rettmaur": (ORDINARY, "")} == found
    assert (2, "2 test numbers") == (told.pupils, told.left_out)


# --- the model --------------------------------------------------------------------------------------------------------


def test_the_files_columns_are_the_models() -> None:
    """What the reader asks for is what the model declares, and nothing of it is an object."""
    columns = RosterRows.to_schema().columns

    assert ["line", *HEADERS] == list(columns)
    assert {"int64", "str"} == {str(column.dtype.type) for column in columns.values()}
    check(RosterRows, build(RosterRows, line=[2], **{name: [row()[name] or None] for name in HEADERS}))


CELLS = st.text(max_size=12) | st.sampled_from(["2010-03-05", "ja", "nei", SYNTHETIC, "e1", "Ola"])


@bounds(max_examples=12, deadline=None)
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(HEADERS, CELLS)), max_size=6))
def test_any_cells_give_pupils_or_a_fault(rows: list[Row]) -> None:
    """Whatever is written, the reader returns pupils or refuses, with a code of its own."""
    try:
        pupils = (
            CsvRoster(
                "\n".join([";".join(HEADERS), *(";".join(one.values()) for one in rows)]).encode("utf-8", "replace")
            )
            .read()
            .pupils
        )
    except UsageFault as fault:
        assert fault.code.startswith("roster_")
        return
    assert all(pupil.key and pupil.name and not is_id(pupil.key) for pupil in pupils)


@bounds(max_examples=15, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_give_pupils_or_a_fault(noise: bytes, at: int) -> None:
    """A damaged file is a fault, never another exception."""
    whole = as_csv([row("e1"), row("e2")])
    for data in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        try:
            CsvRoster(data).read()
        except UsageFault as fault:
            assert fault.code.startswith("roster_")
