"""`foresatt show --reveal` proposes what a faulty number may have been meant to be, and the audit remembers it."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from support_store import Desk, column

from console.main import cli
from store import tables

Show = Callable[..., Result]


@pytest.fixture
def show(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Show:
    """`foresatt show` on the desk's home."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")

    def call(*words: str) -> Result:
        desk.store.checkpoint()
        told = CliRunner().invoke(cli, ["--home", str(desk.house.home.root), "show", *words])
        assert 0 == told.exit_code, told.output
        return told

    return call


def off_by_one(number: str) -> str:
    """The number with its seventh digit wrong."""
    return f"{number[:6]}{(int(number[6]) + 1) % 10}{number[7:]}"


def test_a_revealed_faulty_number_comes_with_proposals(desk: Desk, show: Show) -> None:
    """The changed digit stands in brackets, a few at most, and it is said that they must be compared."""
    family = desk.family()
    number = family.mother.number
    sent = desk.decided(column(family, family.mother, fnr=off_by_one(number)))
    told = show(sent, "--reveal", "--by", "kari", "--why", "correct").stdout
    perhaps = [line.split() for line in told.splitlines() if line.strip().startswith("perhaps")]

    assert f"{number[:6]}[{number[6]}]{number[7:]}" in {words[1] for words in perhaps}
    assert 1 <= len(perhaps) <= 5
    assert all("one digit otherwise" in " ".join(words) or "changed round" in " ".join(words) for words in perhaps)


def test_proposals_stand_in_the_json_with_their_slip(desk: Desk, show: Show) -> None:
    """For programs: number, slip and place of every proposal."""
    family = desk.family()
    number = family.mother.number
    sent = desk.decided(column(family, family.mother, fnr=off_by_one(number)))
    told = json.loads(show(sent, "--reveal", "--by", "kari", "--why", "correct", "--json").stdout)

    assert {"number": number, "slip": "digit", "at": [6]} in told["entries"][0]["fnr_proposals"]


def test_nothing_is_proposed_to_who_may_not_see_the_number(desk: Desk, show: Show) -> None:
    """Without `--reveal` there is no proposal, and nothing is written in the audit."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=off_by_one(family.mother.number)))
    before = len(desk.rows(tables.audit))
    masked, as_json = show(sent).stdout, json.loads(show(sent, "--json").stdout)

    assert "perhaps" not in masked
    assert "fnr_proposals" not in as_json["entries"][0]
    assert before == len(desk.rows(tables.audit))


def test_the_audit_remembers_that_proposals_were_shown(desk: Desk, show: Show) -> None:
    """Who looked, why, and how many proposals were shown; no digit of them."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=off_by_one(family.mother.number)))
    told = json.loads(show(sent, "--reveal", "--by", "kari", "--why", "correct", "--json").stdout)
    count = len(told["entries"][0]["fnr_proposals"])

    revealed = [(row.actor, row.detail) for row in desk.rows(tables.audit) if row.action == "revealed"]
    assert [("kari", f"why=correct proposals={count}")] == revealed


def test_a_good_number_is_shown_without_proposals(desk: Desk, show: Show) -> None:
    """What is held for another reason needs no other number."""
    family = desk.family(lists=())
    sent = desk.decided(column(family, family.mother))
    told = json.loads(show(sent, "--reveal", "--by", "kari", "--why", "audit", "--json").stdout)

    assert ["number_unproven"] == told["entries"][0]["reasons"]
    assert [] == told["entries"][0]["fnr_proposals"]
    assert ["why=audit"] == [row.detail for row in desk.rows(tables.audit) if row.action == "revealed"]
