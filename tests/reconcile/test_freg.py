"""Asking Folkeregisteret, over TLS, a stand-in that is as strict as the original and fails in every way it can."""

import json
import logging
import random
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from support_register import Registry

from fixtures.freg_people import Household, document, grade, meta, population
from fixtures.people import People, Person
from schemas.errors import OutsideFault
from schemas.names import agrees
from schemas.register import Changes, RegisterPerson, Wanted
from schemas.settings import REGISTER_PARTS
from tasks.reconcile.freg import Folkeregisteret
from tasks.reconcile.freg_http import TRIES, RegisterHttp
from tasks.reconcile.maskinporten import Maskinporten
from tasks.reconcile.responsibility import anyone_protected, is_guardian

TODAY = date(2026, 10, 14)
NOBODY = "41819077302"
"""A synthetic number that nobody in the population has."""


@pytest.fixture(scope="module")
def households() -> dict[str, Household]:
    """Everybody in the register."""
    return dict(population(TODAY))


class Asking:
    """A client, and how long it slept between tries."""

    def __init__(self, registry: Registry, **more: Any) -> None:
        told = registry.chosen(**more)
        self.slept: list[float] = []
        self.tokens = Maskinporten(told, "test")
        headers = {"IntegrasjonId": told.integration_id, "IntegrasjonPassord": "fiks-password"}
        http = RegisterHttp(
            f"{told.url}/{registry.freg.prefix}",
            self.tokens,
            headers=headers if told.integration_id else {},
            ca_file=told.ca_file,
            timeout=10.0,
            sleep=self.slept.append,
        )
        self.register = Folkeregisteret(http, told.parts)


@pytest.fixture
def asking(registry: Registry, households: dict[str, Household]) -> Asking:
    """A client of a register that everybody is in."""
    registry.freg.add(one for home in population(TODAY).values() for one in home.documents)
    return Asking(registry)


def fault(ask: Callable[[], Any]) -> OutsideFault:
    """The fault of asking, once it is certain that it tells of nobody."""
    with pytest.raises(OutsideFault) as found:
        ask()
    told = " ".join(map(str, found.value.args))
    assert found.value.__cause__ is None
    assert not re.search(r"\d{6}|personer|navn=|Bearer|support", told)
    return found.value


# --- people -----------------------------------------------------------------------------------------------------------


def test_one_person_is_read(asking: Asking, households: dict[str, Household]) -> None:
    """Number, name, birth date and state, with what was asked for and no more."""
    home = households["shared"]
    person = asking.register.person(home.pupil.number)

    assert person is not None
    assert (home.pupil.number, home.pupil.born, "bosatt") == (person.number, person.born, person.status)
    assert agrees(home.pupil.name, person.names[0])
    assert 2 == len(person.responsibilities)


def test_only_what_the_rule_needs_is_asked_for(asking: Asking, registry: Registry) -> None:
    """`part` is repeated, never joined; no address, no history, no family comes back."""
    asking.register.people([next(iter(registry.freg.people))])
    (_, _, query, body) = registry.asked("bulkoppslag")[0]

    assert list(REGISTER_PARTS) == query["part"]
    assert ["true"] == query["somBestilt"]
    assert {"foedselsEllerDNummer"} == set(json.loads(body))
    assert not {"bostedsadresse", "historikk", "familierelasjon", "person-basis"} & set(REGISTER_PARTS)


def test_nobody_is_told_from_somebody(asking: Asking, households: dict[str, Household]) -> None:
    """A number that the register does not know is `unknown`; one person is nobody."""
    number = households["sole"].pupil.number
    told = asking.register.people([number, NOBODY])

    assert ({number}, {NOBODY}, frozenset()) == (set(told.people), set(told.unknown), told.missing)
    assert asking.register.person(NOBODY) is None


def test_a_thousand_go_in_one_request(asking: Asking, registry: Registry) -> None:
    """2 001 numbers are three requests, and every one is accounted for."""
    people = People(random.Random(3))
    numbers = [people.number(date(2010, 1, 1 + at % 28)) for at in range(2_001)]
    told = asking.register.people(numbers)

    assert [1_000, 1_000, 1] == [
        len(json.loads(body)["foedselsEllerDNummer"]) for _, _, _, body in registry.asked("bulkoppslag")
    ]
    assert set(numbers) == told.unknown


def test_answers_are_matched_by_number_never_by_place(
    asking: Asking, registry: Registry, households: dict[str, Household]
) -> None:
    """Turned round, and with one left out that is then asked for by itself."""
    numbers = [households[name].pupil.number for name in ("shared", "sole", "widowed", "none")]
    registry.freg.shuffles = True
    registry.freg.leaves_out = {numbers[1]}
    told = asking.register.people(numbers)

    assert {number: number for number in numbers} == {asked: person.number for asked, person in told.people.items()}
    assert [f"/{registry.freg.prefix}/v1/personer/{numbers[1]}"] == [
        path for method, path, _, _ in registry.freg.requests if method == "GET"
    ]


def test_what_a_bulk_answer_passes_over_is_missing_not_unknown(asking: Asking, registry: Registry) -> None:
    """Too many to be asked for one by one: nothing is concluded about them."""
    numbers = list(registry.freg.people)[:30]
    registry.freg.leaves_out = set(numbers[:25])
    told = asking.register.people(numbers)

    assert (set(numbers[25:]), frozenset(), set(numbers[:25])) == (set(told.people), told.unknown, set(told.missing))
    assert [] == [path for method, path, _, _ in registry.freg.requests if method == "GET"]


def test_a_merged_number_is_answered_as_the_person_it_became(
    asking: Asking, registry: Registry, households: dict[str, Household]
) -> None:
    """The number asked for is one of hers, though it is not the one in use."""
    home = households["sole"]
    old, new = NOBODY, home.adults[0].number
    registry.freg.merge(old, new)
    for person in (asking.register.person(old), asking.register.people([old]).people[old]):
        assert person is not None
        assert (new, {new, old}) == (person.number, set(person.numbers))


def test_numbers_no_longer_in_use_come_with_history_alone(
    asking: Asking, registry: Registry, households: dict[str, Household]
) -> None:
    """The second question about somebody brings numbers, and no name, address or relation of the past."""
    number = households["sole"].adults[0].number
    registry.freg.merge(NOBODY, number)
    plain = asking.register.people([number]).people[number]
    told = asking.register.people([number], former=True).people[number]

    assert ({number}, {number, NOBODY}) == (set(plain.numbers), set(told.numbers))
    assert ((), ()) == (told.names, told.responsibilities)


EXPECTED = {
    "shared": "yes", "sole": "yes", "widowed": "yes", "gone_abroad": "yes", "new_name": "yes", "d_number_pupil": "yes",
    "namesake_one": "yes", "namesake_two": "yes", "fortrolig_pupil": "yes", "strengt_fortrolig_pupil": "yes",
    "fortrolig_guardian": "yes", "strengt_fortrolig_guardian": "yes", "new_grading": "yes", "andre": "review",
    "ukjent": "review", "dead_guardian": "review", "eighteen_today": "review", "opphoert": "review",
    "false_identity": "review", "verge": "review", "new_kind": "review", "contradictory": "review",
    "organisation": "review", "without_number": "review", "none": "review",
}  # fmt: skip
PROTECTED = {name for name in EXPECTED if "fortrolig" in name} | {"new_grading"}


@pytest.mark.parametrize("name", EXPECTED)
def test_every_household_is_judged_as_it_is(name: str, asking: Asking, households: dict[str, Household]) -> None:
    """Asked over the wire, for the first adult (a stranger where there is none), and whether anyone is protected."""
    home = households[name]
    adult = home.adults[0] if home.adults else households["shared"].adults[0]
    numbers = [home.pupil.number, *(one.number for one in home.adults), adult.number]
    told = asking.register.people(list(dict.fromkeys(numbers))).people
    found = is_guardian(
        told.get(adult.number), told[home.pupil.number], name=adult.name, pupil_name=home.pupil.name,
        born=home.pupil.born, today=TODAY, leap_day="28_february",
    )  # fmt: skip

    assert EXPECTED[name] == found.answer
    assert (name in PROTECTED) == anyone_protected(told[number] for number in numbers)


def test_every_household_of_the_register_is_judged(households: dict[str, Household]) -> None:
    """None is in the register for nothing."""
    assert set(EXPECTED) == set(households)


def test_protection_that_came_between_two_reads_is_seen(
    asking: Asking, registry: Registry, households: dict[str, Household]
) -> None:
    """Nothing is remembered from the first."""
    number = households["shared"].pupil.number
    before = asking.register.people([number]).people[number]
    grade(registry.freg.people[number], "strengtFortrolig")
    after = asking.register.people([number]).people[number]

    assert (False, True) == (before.protected, after.protected)


def test_an_address_that_is_asked_for_brings_its_own_grading(registry: Registry) -> None:
    """A graded address counts though the person has no grading."""
    who = People(random.Random(1)).adult()
    told = document(who)
    told["bostedsadresse"][0]["adressegradering"] = "fortrolig"
    registry.freg.add([told])

    assert not Asking(registry).register.people([who.number]).people[who.number].protected
    parts = [*REGISTER_PARTS, "bostedsadresse"]
    assert Asking(registry, parts=parts).register.people([who.number]).people[who.number].protected


# --- unique search ----------------------------------------------------------------------------------------------------


def test_the_one_of_a_name_and_birth_date_is_found(asking: Asking, households: dict[str, Household]) -> None:
    """Whole words, the date in eight digits."""
    who = households["sole"].pupil
    found = asking.register.search(Wanted(who.name, who.born))

    assert found is not None
    assert who.number == found.number


def test_namesakes_and_nobody_are_not_told_apart(asking: Asking, households: dict[str, Household]) -> None:
    """Two of one name and birth date, or none: no answer, and nobody is guessed."""
    twin = households["namesake_one"].pupil

    assert asking.register.search(Wanted(twin.name, twin.born)) is None
    assert asking.register.search(Wanted("Ingen Slik", twin.born)) is None


# --- the feed ---------------------------------------------------------------------------------------------------------


def numbers_of(pages: list[Changes]) -> list[list[int]]:
    """The sequence numbers, page by page."""
    return [[one.sequence for one in page.items] for page in pages]


def test_the_feed_is_read_on_from_where_we_were(asking: Asking, registry: Registry) -> None:
    """From the number after, over gaps, page after page, until there is none."""
    freg = registry.freg
    freg.page = 2
    for at, kind in enumerate(("personErOppdatert", "endringIForeldreansvar", "personErDoed", "noeHeltNytt")):
        freg.happen(NOBODY, kind, gap=at)
    pages = list(asking.register.changes(1))

    assert [[3, 6], [10]] == numbers_of(pages)
    assert [6, 10] == [page.last for page in pages]
    assert ["endringIForeldreansvar", "personErDoed", "noeHeltNytt"] == [
        one.kind for page in pages for one in page.items
    ]
    assert {NOBODY} == {one.number for page in pages for one in page.items}
    assert ["2", "7", "11"] == [query["seq"][0] for _, _, query, _ in registry.asked("feed")]


def test_nothing_new_is_no_page(asking: Asking, registry: Registry) -> None:
    """An empty list; and when asked again, 304 for the same ETag."""
    registry.freg.happen(NOBODY, "personErOppdatert")

    assert [] == list(asking.register.changes(1))
    assert 0 == registry.freg.unchanged
    assert [] == list(asking.register.changes(1))
    assert 1 == registry.freg.unchanged
    assert 1 == asking.register.last_sequence()


def test_a_feed_that_no_longer_reaches_back_says_so(asking: Asking, registry: Registry) -> None:
    """Older than 36 months: only a full pass tells."""
    registry.freg.oldest = 5_000
    pages = list(asking.register.changes(17))

    assert [(17, True, ())] == [(page.last, page.too_old, page.items) for page in pages]
    assert 5_000 == asking.register.last_sequence()


def test_events_from_before_are_no_news(asking: Asking, registry: Registry) -> None:
    """A feed that goes back behind us is not followed, or it would go round for ever."""
    registry.freg.faults.append("old_events")

    assert [] == list(asking.register.changes(5))


def test_who_stops_has_asked_for_no_more(asking: Asking, registry: Registry) -> None:
    """Pages are asked for as they are taken."""
    registry.freg.page = 1
    for _ in range(3):
        registry.freg.happen(NOBODY, "personErOppdatert")
    next(iter(asking.register.changes(0)))

    assert 1 == len(registry.asked("feed"))


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "slept"),
    [("500", [0.5]), ("503_html", [0.5]), ("drop", [0.5]), ("429_ms", [20.0]), ("429_s", [7.0]), ("429_date", [0.5])],
)
def test_what_may_pass_is_tried_again(kind: Any, slept: list[float], asking: Asking, registry: Registry) -> None:
    """After a pause: our own, or as told, in seconds or milliseconds, and never longer than 20 seconds."""
    registry.freg.faults.append(kind)

    assert asking.register.last_sequence() == 0
    assert slept == asking.slept


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("500", "register_status_500"),
        ("503_html", "register_status_503"),
        ("drop", "register_unreachable"),
        ("429_ms", "register_status_429"),
    ],
)
def test_what_does_not_pass_is_the_next_runs(kind: Any, code: str, asking: Asking, registry: Registry) -> None:
    """Three tries, and a fault of the outside."""
    registry.freg.faults.extend([kind] * TRIES)

    assert code == fault(asking.register.last_sequence).code
    assert TRIES == len(registry.freg.requests)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("firewall", "register_firewall"),
        ("firewall_404", "register_firewall"),
        ("garbage", "register_unreadable"),
        ("nested", "register_unreadable"),
        ("list", "register_unreadable"),
        ("redirect", "register_status_302"),
        ("endless", "register_too_large"),
    ],
)
@pytest.mark.parametrize("what", ["people", "person", "search", "feed", "last"])
def test_what_makes_no_sense_concludes_nothing(
    kind: Any, code: str, what: str, asking: Asking, registry: Registry, households: dict[str, Household]
) -> None:
    """Not the register's own answer, or none: a fault, at once, whatever was asked; nobody becomes unknown by it."""
    register, who = asking.register, households["sole"].pupil
    ask: dict[str, Callable[[], Any]] = {
        "people": lambda: register.people([who.number]),
        "person": lambda: register.person(who.number),
        "search": lambda: register.search(Wanted(who.name, who.born)),
        "feed": lambda: list(register.changes(0)),
        "last": register.last_sequence,
    }
    registry.freg.faults.append(kind)

    assert code == fault(ask[what]).code
    assert 1 == len(registry.freg.requests)


def test_a_token_that_is_taken_no_longer_is_renewed_once(asking: Asking, registry: Registry) -> None:
    """Ended before its time: one new one, and on with it."""
    asking.register.last_sequence()
    registry.freg.revoked.update(registry.freg.seen)

    assert 0 == asking.register.last_sequence()
    assert 2 == len(registry.tokens.grants)


def test_a_second_refusal_ends_it(asking: Asking, registry: Registry) -> None:
    """A fresh token that is not taken is a matter of the settings."""
    asking.register.last_sequence()
    registry.freg.faults.extend(["401", "401", "401"])

    assert "register_token" == fault(asking.register.last_sequence).code
    assert (2, 3) == (len(registry.tokens.grants), len(registry.freg.requests))


def test_a_fresh_token_that_is_not_taken_is_not_asked_for_again(asking: Asking, registry: Registry) -> None:
    """The very first one: another would be as good."""
    registry.freg.faults.append("401")

    assert "register_token" == fault(asking.register.last_sequence).code
    assert 1 == len(registry.tokens.grants)


def test_another_scope_is_forbidden(asking: Asking, registry: Registry) -> None:
    """403: the school lacks the right, and no token helps."""
    registry.freg.scope = "folkeregister:deling/privat"

    assert "register_forbidden" == fault(asking.register.last_sequence).code
    assert 1 == len(registry.freg.requests)


def test_a_wrong_path_is_no_unknown_person(asking: Asking, registry: Registry) -> None:
    """404 where there must be something."""
    registry.freg.prefix = "folkeregisteret/api/privat"
    for ask in (asking.register.last_sequence, lambda: asking.register.people([NOBODY])):
        assert "register_path" == fault(ask).code


def test_a_server_that_cannot_prove_its_name_is_told_nothing(registry: Registry) -> None:
    """TLS is checked: no request, and no token, leaves us."""
    made = Asking(registry, ca_file=str(registry.tokens.authority.stranger))

    assert "register_unreachable" == fault(made.register.last_sequence).code
    assert [] == registry.freg.requests


# --- variants ---------------------------------------------------------------------------------------------------------


def test_the_other_shape_of_path_works(registry: Registry) -> None:
    """`api` before the package, as for those without a legal basis."""
    registry.freg.prefix = "folkeregisteret/api/privat"
    registry.freg.scope = "folkeregister:deling/privat"
    registry.tokens.scopes = {registry.freg.scope}

    assert 0 == Asking(registry, scope=registry.freg.scope).register.last_sequence()


def test_ks_fiks_works(registry: Registry, households: dict[str, Household]) -> None:
    """The role in the path, two headers more, another scope; a part that the role lacks is an error."""
    registry.freg.prefix = "folkeregister/api/v1/9f8e7d6c-role"
    registry.freg.scope = "ks:fiks"
    registry.tokens.scopes = {"ks:fiks"}
    registry.freg.role = set(REGISTER_PARTS)
    home = households["sole"]
    registry.freg.add(population(TODAY)["sole"].documents)
    made = Asking(registry, scope="ks:fiks", integration_id="fiks-id")

    assert {home.pupil.number} == set(made.register.people([home.pupil.number]).people)
    registry.freg.role.discard("foreldreansvar")
    assert "register_bad_request" == fault(lambda: made.register.people([home.pupil.number])).code
    assert "register_forbidden" == fault(Asking(registry, scope="ks:fiks").register.last_sequence).code


# --- silence ----------------------------------------------------------------------------------------------------------


def test_no_library_tells_whom_we_asked_for(
    asking: Asking, households: dict[str, Household], caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at its loudest: no number, no name, no token, no address."""
    for name in ("", "httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    try:
        who = households["sole"].pupil
        asking.register.person(who.number)
        asking.register.search(Wanted(who.name, who.born))
        asking.register.people([who.number])
    finally:
        for name in ("", "httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
            logging.getLogger(name).setLevel(logging.NOTSET if name else logging.WARNING)
    told = caplog.text + " ".join(str(record.args) for record in caplog.records)

    assert not re.search(rf"{who.number}|{who.name.split()[0]}|personer|Bearer", told)


def test_nothing_that_was_read_shows_itself(households: dict[str, Household]) -> None:
    """Not in a `repr` of anything, which is where debuggers and logs look."""
    who: Person = households["fortrolig_pupil"].pupil
    person = RegisterPerson(who.number, names=(who.name,), protection="fortrolig")
    shown = " ".join(map(repr, (person, Wanted(who.name, who.born), meta() and person.responsibilities)))

    assert not re.search(rf"{who.number}|{who.name.split()[0]}|fortrolig", shown)
