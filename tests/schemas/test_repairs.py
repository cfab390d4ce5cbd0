"""What a faulty number may have been meant to be: proposed to a steward, and out of reach of every step and flow."""

import ast
from pathlib import Path

import grimp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.numbers import synthetic_numbers
from schemas.identity import classify, judge
from schemas.repairs import REPAIRABLE, Proposal, propose_repairs

ROOT = Path(__file__).parents[2]
NUMBER = "41819077302"  # a published synthetic vector
NUMBERS = list(synthetic_numbers(300, seed=3, wrong_share=0))


# --- what is proposed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slip", "marked", "written"),
    [
        ("unreadable", "4181907730[2]", "4181907730?"),
        ("unreadable", "41819[0]77302", "41819O 77302"),
        ("digit", "4181907730[2]", "41819077303"),
        ("swap", "418190773[02]", "41819077320"),
        ("zero", "[0]1810000186", "1810000186"),
    ],
)
def test_each_slip_is_told_apart_and_marked(slip: str, marked: str, written: str) -> None:
    """A digit that could not be read, a wrong one, two neighbours changed round, a lost zero: each by its name, with
    what differs in brackets."""
    assert (slip, marked) in [(one.slip, one.marked) for one in propose_repairs(written, environment="test")]


@pytest.mark.parametrize(
    "written", [NUMBER, "418190-77302", "81234567802", None, "", "vet ikke", "4181907", "??8190 77302"]
)
def test_nothing_is_proposed_for_what_is_right_or_too_far_off(written: str | None) -> None:
    """A number that checks out needs no repair, and with two slips there would be too many to choose from."""
    assert [] == propose_repairs(written)


@pytest.mark.parametrize(
    ("environment", "expected"), [(None, [NUMBER]), ("test", [NUMBER]), ("production", [])]
)  # fmt: skip
def test_only_what_this_store_could_accept_is_proposed(environment: str | None, expected: list[str]) -> None:
    """A proposal that would be rejected again helps nobody; without an environment the form alone counts."""
    assert expected == [one.number for one in propose_repairs("4181907730?", environment=environment)]  # type: ignore[arg-type]


def test_what_todays_rule_allows_comes_first() -> None:
    """Candidates that only the rule of 2032 allows stand behind the others."""
    for number in NUMBERS[:20]:
        wrong = f"{number[:4]}{(int(number[4]) + 1) % 10}{number[5:]}"
        schemes = [judge(one.number, environment="test").scheme for one in propose_repairs(wrong)]

        assert sorted(schemes, key=lambda scheme: scheme == "2032") == schemes


@settings(max_examples=30)
@given(st.sampled_from(NUMBERS), st.integers(0, 10), st.integers(1, 9))
def test_a_wrong_digit_is_always_among_the_proposals(number: str, at: int, more: int) -> None:
    """Whichever digit is wrong, the right number is proposed, as that digit's slip, and every proposal checks out."""
    wrong = f"{number[:at]}{(int(number[at]) + more) % 10}{number[at + 1 :]}"
    found = propose_repairs(wrong, environment="test")

    assert Proposal(number, "digit", (at,)) in found
    assert classify([one.number for one in found], environment="test")["accepted"].all()


@settings(max_examples=30)
@given(st.sampled_from(NUMBERS), st.integers(0, 10))
def test_an_unreadable_digit_has_one_reading(number: str, at: int) -> None:
    """The second check digit leaves exactly one, under either rule."""
    assert [Proposal(number, "unreadable", (at,))] == propose_repairs(f"{number[:at]}?{number[at + 1 :]}")


@settings(max_examples=30)
@given(st.sampled_from(NUMBERS), st.integers(0, 9))
def test_swapped_neighbours_are_always_among_the_proposals(number: str, at: int) -> None:
    """The other way round is proposed as a swap, never as two digits."""
    swapped = f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}"
    expected = [] if swapped == number else [Proposal(number, "swap", (at, at + 1))]

    assert expected == [one for one in propose_repairs(swapped, environment="test") if one.number == number]


@given(st.none() | st.text(max_size=30) | st.text(alphabet="0123456789?O -４\ud800", max_size=14))
def test_no_text_breaks_it(text: str | None) -> None:
    """Whatever was read, there is a list, and each proposal is eleven digits that check out."""
    for one in propose_repairs(text):
        assert judge(one.number, environment="test").valid
        assert one.marked.replace("[", "").replace("]", "") == one.number


# --- who can come by it -----------------------------------------------------------------------------------------------


def test_no_path_of_imports_leads_from_a_step_or_a_flow_to_it() -> None:
    """Neither directly nor by a detour, at the top of a file or inside a function."""
    graph = grimp.build_graph("schemas", "store", "tasks", "flows", "console", "fixtures", cache_dir=None)

    for room in ("store", "tasks", "flows", "fixtures"):
        assert not graph.chain_exists(importer=room, imported="schemas.repairs", as_packages=True), room
    assert {"console.submissions"} == set(graph.find_modules_that_directly_import("schemas.repairs"))


def test_no_step_names_it_in_a_text() -> None:
    """Nor is it imported by name at run time, which a graph of imports would not see."""
    rooms = (path for room in ("schemas", "store", "tasks", "flows") for path in (ROOT / room).rglob("*.py"))
    naming = [
        path.name
        for path in rooms
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in ("schemas.repairs", "repairs", "propose_repairs")
    ]

    assert [] == naming


def test_it_is_asked_only_where_a_slip_can_explain_the_fault() -> None:
    """Length, lost zero, date and check digits; a number that is right but not allowed needs no other."""
    assert {"fnr_length", "fnr_lost_leading_zero", "fnr_date", "fnr_checksum"} == REPAIRABLE
