"""`foresatt findings`: the morning in counts, one line each with initials, closed by name; the protected apart."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from support_store import Desk, Family, add_guardian

from console.main import cli
from store import findings, protection, tables
from store.findings import Fact

Run = Callable[..., Result]


@pytest.fixture
def run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`foresatt findings` on the desk's home."""
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")
    monkeypatch.setenv("FORESATT_STAFF_RESTRICTED", "ane")

    def call(*words: str) -> Result:
        desk.store.checkpoint()
        return CliRunner().invoke(cli, ["--home", str(desk.house.home.root), "findings", *words])

    return call


def died(desk: Desk) -> tuple[Family, str]:
    """A family whose mother the register says has died; and the finding's id."""
    family = desk.family()
    with desk.store.write() as tx:
        mother = add_guardian(tx, family, family.mother)
        findings.add(tx, Fact("guardian_died", family.pupil_id, mother))
        findings.enforce(tx)
        return family, findings.listed(tx, restricted=True)[-1].id


def test_the_morning_is_counts_and_codes(desk: Desk, run: Run) -> None:
    """No name, no id: what needs a person, by kind."""
    died(desk)

    assert {"finding_guardian_died": 1} == json.loads(run("--json").stdout)["needs_you"]


def test_a_line_says_what_it_means_and_shows_initials(desk: Desk, run: Run) -> None:
    """Kind, date, class, how it may be closed; no name in full."""
    family, ident = died(desk)
    told = run("list").output

    assert all(word in told for word in (ident, "guardian_died", "2STA", "kept or ended"))
    assert not any(name in told for name in (family.mother.name, family.pupil.name))


def test_closing_as_ended_erases_and_leaves_a_remove_line(desk: Desk, run: Run) -> None:
    """At once, by name; the audit knows who."""
    _, ident = died(desk)
    assert 0 == run("close", ident, "--as", "ended", "--by", "kari").exit_code

    assert [] == [*desk.rows(tables.guardians), *desk.rows(tables.links)]
    assert "kari" in {row.actor for row in desk.rows(tables.audit, tables.audit.c.action == "finding_closed")}


def test_a_protected_familys_finding_is_for_the_restricted_role(desk: Desk, run: Run) -> None:
    """Nobody else sees it, counts it or closes it, and whoever tries is remembered."""
    family, ident = died(desk)
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, "steward")

    assert ident not in run("list").output
    assert {} == {k: v for k, v in json.loads(run("--json").stdout)["needs_you"].items() if "finding" in k}
    assert ident in run("list", "--by", "ane").output
    for words in (("list", "--by", "kari"), ("close", ident, "--as", "kept", "--by", "kari")):
        assert 0 != run(*words).exit_code
    assert 2 == len(desk.rows(tables.audit, tables.audit.c.action == "restricted_refused"))
    assert 0 == run("close", ident, "--as", "kept", "--by", "ane").exit_code
