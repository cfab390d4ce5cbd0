"""The gate before Folkeregisteret: off until somebody decided, every question remembered, no wrong number sent.

Belongs here: what may be asked and what is remembered. Does not belong here: the interface itself (`test_freg`).
"""

import json
import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support_register import Registry
from support_store import Desk, Template, open_desk, settings

from fixtures.people import People
from schemas.errors import ForesattError, NotReady, OutsideFault
from schemas.register import Wanted
from schemas.settings import Settings
from store import tables
from store.config import House, load
from store.database import Store
from store.home import Home
from store.opening import create_store
from tasks.reconcile.register import Register, RegisterOff, make_register

BORN = date(2010, 3, 5)
REAL, H_NUMBER, NHN, FH, NAV = "30108299920", "01415612385", "49680699185", "81234567802", "15507600333"
"""Published arithmetic vectors: never a person, never sent."""


@pytest.fixture
def office(template: Template, tmp_path: Path, registry: Registry) -> Iterator[Desk]:
    """A desk whose settings lead to the register."""
    made = open_desk(tmp_path / "home", template, chosen=settings(folkeregister=registry.settings()))
    yield made
    made.store.close()


@pytest.fixture
def register(office: Desk) -> Iterator[Register]:
    """Its register."""
    made = make_register(office.store)
    yield made
    made.close()


def remembered(desk: Desk) -> list[str]:
    """What the audit says of questions to the register."""
    return [row.detail for row in desk.rows(tables.audit, tables.audit.c.action == "register_asked")]


def sent(registry: Registry) -> list[str]:
    """Every identity number that reached the register."""
    found = [path.rpartition("/")[2] for _, path, _, _ in registry.asked("/personer/1")]
    bodies = [json.loads(body)["foedselsEllerDNummer"] for _, _, _, body in registry.asked("bulkoppslag")]
    return [*found, *(number for body in bodies for number in body)]


# --- on and off -------------------------------------------------------------------------------------------------------


def test_off_is_the_default_and_never_asks(desk: Desk) -> None:
    """There is nobody to ask, and whoever asks all the same is told so."""
    register = make_register(desk.store)

    assert not register.on
    assert isinstance(register, RegisterOff)
    for ask in (
        lambda: register.person("1", "guardian_check"),
        lambda: register.people(["1"], "guardian_check"),
        lambda: register.search(Wanted("A B", BORN), "guardian_check"),
        lambda: register.last_sequence("nightly_check"),
        lambda: list(register.changes(0, "nightly_check")),
    ):
        with pytest.raises(NotReady, match="register_off"):
            ask()
    assert [] == remembered(desk)


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("register_undecided", {"legal_basis": " "}),
        ("register_undecided", {"decided_by": ""}),
        ("register_undecided", {"decided_on": None}),
        ("register_undecided", {"decided_on": "2026-10-15"}),
        ("register_parts", {"parts": ["navn", "foreldreansvar"]}),
        ("register_url", {"url": "http://localhost:1"}),
        ("register_url", {"url": "https://user:word@localhost"}),
        ("register_url", {"url": "nowhere"}),
        ("no_password", {"integration_id": "fiks-id"}),
        ("maskinporten_half_set", {"client_id": ""}),
    ],
)
def test_switched_on_with_something_missing_is_refused(
    code: str, more: dict[str, Any], template: Template, tmp_path: Path, registry: Registry
) -> None:
    """Above all the decision: by what right, by whom, and when, which is not tomorrow."""
    desk = open_desk(tmp_path / "home", template, chosen=settings(folkeregister=registry.settings(**more)))
    with pytest.raises(ForesattError) as fault:
        make_register(desk.store)
    desk.store.close()

    assert code == fault.value.code
    assert fault.value.next_step
    assert [] == registry.freg.requests


def test_it_can_be_switched_on_by_the_environment(tmp_path: Path) -> None:
    """Every setting of it, lists with commas."""
    told = {"ON": "true", "LEGAL_BASIS": "lov", "DECIDED_ON": "2026-08-17", "PARTS": "navn,status"}
    environ = {"FORESATT_HOME": str(tmp_path), **{f"FORESATT_FOLKEREGISTER_{k}": v for k, v in told.items()}}
    found = load(environ=environ).settings.folkeregister

    assert (True, "lov", date(2026, 8, 17), ("navn", "status")) == (
        found.on,
        found.legal_basis,
        found.decided_on,
        found.parts,
    )


# --- remembered -------------------------------------------------------------------------------------------------------


def test_every_question_is_in_the_audit_with_its_purpose(office: Desk, register: Register, registry: Registry) -> None:
    """What was asked, why, and for how many; no number, no name, and once for a whole feed."""
    family = office.family()
    registry.enter(family)
    numbers = [family.pupil.number, family.mother.number]
    for _ in range(3):
        registry.freg.happen(numbers[0], "personErOppdatert")
    registry.freg.page = 1
    register.person(numbers[0], "nightly_check")
    register.people([*numbers, numbers[0]], "guardian_check")
    register.people(numbers, "guardian_check", former=True)
    register.search(Wanted(family.pupil.name, family.pupil.born), "guardian_check")
    register.last_sequence("self_test")
    list(register.changes(0, "nightly_check"))

    assert [
        "what=person purpose=nightly_check count=1",
        "what=people purpose=guardian_check count=2",
        "what=former_numbers purpose=guardian_check count=2",
        "what=search purpose=guardian_check count=1",
        "what=last_sequence purpose=self_test count=0",
        "what=changes purpose=nightly_check count=0",
    ] == remembered(office)


def test_it_is_remembered_before_it_is_asked(office: Desk, register: Register, registry: Registry) -> None:
    """A question that got no answer was one all the same."""
    registry.freg.faults.extend(["firewall"])
    with pytest.raises(OutsideFault):
        register.people([office.family().pupil.number], "guardian_check")

    assert ["what=people purpose=guardian_check count=1"] == remembered(office)


def test_a_question_that_cannot_be_remembered_is_not_asked(
    office: Desk, register: Register, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No audit, no look-up."""

    def broken(*_: object, **__: object) -> None:
        raise OutsideFault("store_unavailable")

    number = office.family().pupil.number
    monkeypatch.setattr("store.audit.write", broken)
    for ask in (lambda: register.people([number], "guardian_check"), lambda: register.person(number, "nightly_check")):
        with pytest.raises(OutsideFault, match="store_unavailable"):
            ask()

    assert [] == registry.freg.requests


# --- what may be sent -------------------------------------------------------------------------------------------------


def test_a_store_for_tests_sends_only_synthetic_numbers(office: Desk, register: Register, registry: Registry) -> None:
    """A number that could be somebody's stays here, and so does what no register knows."""
    mine = office.people.number(BORN)
    wrong = {REAL, H_NUMBER, FH, NAV, "12345678901", "1234567890", "", "abc"}
    told = register.people([mine, NHN, *wrong], "guardian_check")

    assert (wrong, {mine, NHN}) == (set(told.unsent), set(told.unknown))
    assert {mine, NHN} == set(sent(registry))
    for number in wrong:
        assert register.person(number, "guardian_check") is None
    assert {mine, NHN} == set(sent(registry))
    assert ["what=people purpose=guardian_check count=2"] == remembered(office)


def test_production_sends_no_synthetic_number(tmp_path: Path, registry: Registry) -> None:
    """Nor H- and FH-numbers; and where nothing may be sent, nothing is asked."""
    told = Settings.model_validate({"environment": "production", "folkeregister": registry.settings()})
    store: Store = create_store(House(Home(tmp_path / "home"), told, None))
    register = make_register(store)
    numbers = [People(random.Random(1)).number(BORN), H_NUMBER, NHN, FH, NAV]
    answered = register.people(numbers, "guardian_check")
    register.close()
    store.close()

    assert set(numbers) == answered.unsent
    assert [] == registry.freg.requests


@pytest.mark.parametrize(("plus40", "goes"), [("nav", True), ("h_number", False), (None, False)])
def test_40_on_the_month_is_what_the_settings_say(
    plus40: str | None, goes: bool, template: Template, tmp_path: Path, registry: Registry
) -> None:
    """NAV's test people go to the test register; H-numbers go nowhere, and what is undecided neither."""
    chosen = settings(folkeregister=registry.settings(), identity={"plus40": plus40})
    desk = open_desk(tmp_path / "home", template, chosen=chosen)
    register = make_register(desk.store)
    told = register.people([NAV], "guardian_check")
    register.close()
    desk.store.close()

    assert (goes, not goes) == (NAV in told.unknown, NAV in told.unsent)


def test_a_name_of_one_word_is_not_searched_for(office: Desk, register: Register, registry: Registry) -> None:
    """The register wants two, and refuses the rest."""
    assert register.search(Wanted("Kari", BORN), "guardian_check") is None
    assert [] == registry.freg.requests
