"""Reading what Folkeregisteret sends: tolerant of what may vary, strict where somebody could be harmed.

Belongs here: documents as JSON in, persons out. Does not belong here: asking (`test_freg`).
"""

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.register import Protection, RegisterPerson, ResponsibilityKind, Status
from tasks.reconcile.freg_reader import Unreadable, read_answers, read_page, read_person, read_sequence

# Synthetic numbers, month + 80.
NUMBER, OTHER, THIRD = "12829499914", "12905299938", "10915596784"


def entry(**told: Any) -> dict[str, Any]:
    """An entry that is current."""
    return {"ajourholdstidspunkt": "2022-03-14T14:41:28.711214642+01:00", "erGjeldende": True, **told}


WHOLE: dict[str, Any] = {
    "identifikasjonsnummer": [entry(status="iBruk", foedselsEllerDNummer=NUMBER, identifikatortype="foedselsnummer")],
    "status": [entry(status="bosatt")],
    "navn": [entry(fornavn="KARI ANNE", mellomnavn="VIK", etternavn="MODIGMAUR")],
    "foedsel": [entry(foedselsdato="1994-02-12", foedselsaar="1994")],
    "foreldreansvar": [entry(ansvar="felles", ansvarssubjekt=OTHER, ansvarlig=NUMBER)],
}


def read(asked: str = "", **changes: Any) -> RegisterPerson:
    """The person of the whole document, with parts put in place of others; None takes a part out."""
    told = {name: part for name, part in {**copy.deepcopy(WHOLE), **changes}.items() if part is not None}
    return read_person(told, asked)


# --- what is there ----------------------------------------------------------------------------------------------------


def test_a_document_is_read() -> None:
    """Each part that the rule needs."""
    person = read()

    assert (NUMBER, (), ("KARI ANNE VIK MODIGMAUR",), date(1994, 2, 12), "bosatt") == (
        person.number,
        person.former,
        person.names,
        person.born,
        person.status,
    )
    assert [("felles", OTHER, NUMBER, False, False, True)] == [
        (one.kind, one.child, one.adult, one.organisation, one.without_number, one.current)
        for one in person.responsibilities
    ]
    assert (False, False, False, False, "ugradert") == (
        person.dead,
        person.false_identity,
        person.minor_guardianship,
        person.contradictory,
        person.protection,
    )


def test_nothing_is_a_person_of_whom_nothing_is_known() -> None:
    """An empty document: nobody's number, name or state; and nothing that could pass for one."""
    assert RegisterPerson("") == read_person({})
    assert RegisterPerson("", former=(NUMBER,)) == read_person({}, NUMBER)


@pytest.mark.parametrize("part", WHOLE)
@pytest.mark.parametrize("shape", [None, [], {}, "text", 7, ["text"], [None], [[]], True], ids=repr)
def test_no_shape_of_a_part_crashes(part: str, shape: Any) -> None:
    """Absent, empty, one thing in place of a list, something else entirely: what can be read is."""
    person = read(**{part: shape})

    assert isinstance(person, RegisterPerson)


@pytest.mark.parametrize("part", WHOLE)
def test_one_entry_may_stand_without_its_list(part: str) -> None:
    """Read as if it stood in one."""
    assert read() == read(**{part: WHOLE[part][0]})


def test_what_is_new_is_no_matter() -> None:
    """Unknown parts and fields change nothing."""
    told = {"nyDel": [{"a": {"b": [1]}}], "navn": [entry(**WHOLE["navn"][0], nyttFelt={"x": 1})]}

    assert read() == read(**told)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("1994-02-12", date(1994, 2, 12)),
        ("1994-02-12T00:00:00Z", date(1994, 2, 12)),
        ("1994", None),
        ("1994-02-30", None),
    ],
)
def test_birth_dates(told: str, expected: date | None) -> None:
    """A date, or none: never one that is made up."""
    assert expected == read(foedsel=[entry(foedselsdato=told, foedselsaar="1994")]).born


# --- numbers ----------------------------------------------------------------------------------------------------------


def number(told: str, status: str = "iBruk", current: bool = True) -> dict[str, Any]:
    """An entry of identifikasjonsnummer."""
    return {"foedselsEllerDNummer": told, "status": status, "erGjeldende": current}


@pytest.mark.parametrize(
    ("entries", "using", "former", "contradictory"),
    [
        ([number(NUMBER), number(OTHER, "opphoert", False)], NUMBER, {OTHER}, False),
        ([number(NUMBER), number(OTHER, "opphoert"), number(THIRD, "opphoert")], NUMBER, {OTHER, THIRD}, False),
        ([number(OTHER, "opphoert")], "", {OTHER}, False),
        ([number(NUMBER), number(OTHER)], "", {NUMBER, OTHER}, True),
        ([number(NUMBER), number(NUMBER, "opphoert", False)], NUMBER, set(), False),
        ([number("123"), number("1234567890a"), number(""), {"foedselsEllerDNummer": 7}], "", set(), False),
    ],
    ids=["one before", "two before", "out of use", "two in use", "the same again", "no numbers"],
)
def test_which_number_is_in_use(entries: list[Any], using: str, former: set[str], contradictory: bool) -> None:
    """One, none, or a contradiction; the others are the same person's."""
    person = read(identifikasjonsnummer=entries)

    assert (using, former, contradictory) == (person.number, set(person.former), person.contradictory)


def test_the_number_asked_for_is_the_persons() -> None:
    """A merged number answers as whom it became."""
    assert (NUMBER, {NUMBER, OTHER}) == (read(OTHER).number, set(read(OTHER).numbers))
    assert () == read(NUMBER).former


# --- strict -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (None, "ugradert"),
        ([], "ugradert"),
        ([entry(graderingsnivaa="ugradert")], "ugradert"),
        ([entry(graderingsnivaa="klientadresse")], "klientadresse"),
        ([entry(graderingsnivaa="fortrolig")], "fortrolig"),
        (entry(graderingsnivaa="strengtFortrolig"), "strengtFortrolig"),
        ([{"graderingsnivaa": "fortrolig"}], "fortrolig"),
        ([entry(graderingsnivaa="fortrolig") | {"erGjeldende": False}], "ugradert"),
        ([entry(graderingsnivaa="ugradert"), entry(graderingsnivaa="fortrolig")], "fortrolig"),
        ([entry(graderingsnivaa="noeNytt")], "other"),
        ([entry(graderingsnivaa=7)], "other"),
        ([entry()], "other"),
        ("fortrolig", "fortrolig"),
        (["noe"], "other"),
        ([None], "other"),
    ],
)
def test_the_strictest_grading_counts_and_what_cannot_be_read_is_one(part: Any, expected: Protection) -> None:
    """Only what plainly says "open" is open."""
    assert expected == read(adressebeskyttelse=part).protection


@pytest.mark.parametrize(
    "part", ["bostedsadresse", "deltBosted", "oppholdsadresse", "postadresse", "postadresseIUtlandet"]
)
def test_a_graded_address_protects(part: str) -> None:
    """While it is current."""
    graded = entry(adressegradering="strengtFortrolig", vegadresse={})

    assert "strengtFortrolig" == read(**{part: [entry(adressegradering="ugradert"), graded]}).protection
    assert "ugradert" == read(**{part: [graded | {"erGjeldende": False}]}).protection
    assert "ugradert" == read(**{part: [entry(vegadresse={})]}).protection


@pytest.mark.parametrize(
    ("part", "dead"),
    [({"doedsdato": "2024-05-16"}, True), ({}, False), (entry(), True), ("ja", True), ([entry()], True), (None, False),
     ({"erGjeldende": False, "doedsdato": "2024-05-16"}, False)],
)  # fmt: skip
def test_a_death_that_is_told_in_any_way_is_one(part: Any, dead: bool) -> None:
    """By the part, or by the state alone."""
    assert dead == read(doedsfall=part).dead
    assert read(status=[entry(status="doed")]).dead


@pytest.mark.parametrize(
    ("part", "false"),
    [({"erFalsk": True}, True), ({"rettIdentitetErUkjent": True}, True), ({"erFalsk": False}, False), ("ja", True),
     ({"erFalsk": True, "erGjeldende": False}, False), (None, False)],
)  # fmt: skip
def test_an_identity_is_false_unless_it_is_said_not_to_be(part: Any, false: bool) -> None:
    """A part that is there says so."""
    assert false == read(falskIdentitet=part).false_identity


@pytest.mark.parametrize(
    ("kind", "minor"),
    [("mindreaarig", True), ("ensligMindreaarigFlyktning", True), ("midlertidigForMindreaarig", True),
     ("noeNytt", True), ("voksen", False), ("midlertidigForVoksen", False), ("stadfestetFremtidsfullmakt", False)],
)  # fmt: skip
def test_a_guardianship_may_be_a_minors_unless_it_is_an_adults(kind: str, minor: bool) -> None:
    """A kind that is new may be anybody's."""
    assert minor == read(vergemaalEllerFremtidsfullmakt=[entry(vergemaaltype=kind, verge={})]).minor_guardianship


def test_responsibility_counts_only_while_it_says_that_it_is_current() -> None:
    """History is none, and an entry that does not say is none either."""
    told = {"ansvar": "mor", "ansvarssubjekt": OTHER, "ansvarlig": NUMBER}
    entries = [told | {"erGjeldende": True}, told | {"erGjeldende": False}, told, told | {"erGjeldende": "true"}]

    assert [True, False, False, False] == [one.current for one in read(foreldreansvar=entries).responsibilities]


def test_whoever_holds_it_without_a_number_is_told_from_nobody() -> None:
    """An organisation, a person known by name alone, or no one at all."""
    entries = [
        entry(ansvar="andre", ansvarligOrganisasjon="910000012"),
        entry(ansvar="far", ansvarligUtenIdentifikator={"navn": {"fornavn": "GLAD", "etternavn": "FISK"}}),
        entry(ansvar="ukjent"),
    ]

    assert [(True, False), (False, True), (False, False)] == [
        (one.organisation, one.without_number) for one in read(foreldreansvar=entries).responsibilities
    ]


def test_codes_that_are_new_become_other() -> None:
    """Of responsibility and of state; all known ones stay as they are."""
    kinds = [one for one in get_args(ResponsibilityKind) if one != "other"]
    states = [one for one in get_args(Status) if one not in ("other", "")]

    assert [*kinds, "other"] == [
        one.kind for one in read(foreldreansvar=[entry(ansvar=kind) for kind in [*kinds, "delt"]]).responsibilities
    ]
    assert [*states, "other"] == [read(status=[entry(status=state)]).status for state in [*states, "noeNytt"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"navn": [entry(fornavn="KARI", etternavn="A"), entry(fornavn="PER", etternavn="B")]},
        {"foedsel": [entry(foedselsdato="1994-02-12"), entry(foedselsdato="1994-02-13")]},
        {"status": [entry(status="bosatt"), entry(status="utflyttet")]},
    ],
    ids=["names", "birth dates", "states"],
)
def test_two_current_entries_where_there_is_one_truth_contradict(changes: dict[str, Any]) -> None:
    """Neither is chosen silently. The same twice is no contradiction."""
    assert read(**changes).contradictory
    assert not read(**{name: [part[0], part[0]] for name, part in changes.items()}).contradictory


# --- many -------------------------------------------------------------------------------------------------------------


def person(*numbers: str) -> dict[str, Any]:
    """A document of these numbers, the first in use."""
    return {"identifikasjonsnummer": [number(numbers[0]), *(number(one, "opphoert", False) for one in numbers[1:])]}


def test_answers_go_to_whom_was_asked_for() -> None:
    """By the number that stands beside the person, or one that the person has had; never by place, and nobody else."""
    stranger = "21883649874"
    told = {
        "oppslag": [
            {"foedselsEllerDNummer": stranger, "folkeregisterperson": person(stranger)},
            {"foedselsEllerDNummer": THIRD, "folkeregisterperson": person(THIRD, OTHER)},
            {"foedselsEllerDNummer": NUMBER, "folkeregisterperson": person(NUMBER)},
        ]
    }
    answered = read_answers(told, [NUMBER, OTHER])

    assert {NUMBER: NUMBER, OTHER: THIRD} == {asked: one.number for asked, one in answered.people.items()}
    assert (frozenset(), frozenset()) == (answered.unknown, answered.missing)


def test_unknown_and_missing_are_two_things() -> None:
    """Said to be nobody, or passed over."""
    message = {"feilmelding": {"feilmelding": "Fant ikke"}}
    told = {"oppslag": [{"foedselsEllerDNummer": NUMBER, **message}, {"foedselsEllerDNummer": "7"}, None, "x"]}
    answered = read_answers(told, [NUMBER, OTHER])

    assert ({NUMBER}, {OTHER}) == (answered.unknown, answered.missing)


def test_a_repeated_answer_is_one() -> None:
    """As `somBestilt` gives for whoever was asked for twice; a person beats a message."""
    one = {"foedselsEllerDNummer": NUMBER, "folkeregisterperson": person(NUMBER)}
    answered = read_answers({"oppslag": [one, {"foedselsEllerDNummer": NUMBER, "feilmelding": {}}, one]}, [NUMBER])

    assert ({NUMBER}, frozenset()) == (set(answered.people), answered.unknown)


# --- the feed ---------------------------------------------------------------------------------------------------------


def event(sequence: Any, **about: Any) -> dict[str, Any]:
    """One item."""
    return {"sekvensnummer": sequence, "hendelse": about}


def test_events_are_read_in_order_by_either_spelling() -> None:
    """hendelsetype in the feed, hendelsestype in documents; a type that is new is told as it is."""
    told = [
        event(9, folkeregisteridentifikator=NUMBER, hendelsestype="personErDoed"),
        event(7, folkeregisteridentifikator=OTHER, hendelsetype="noeNytt", nytt=1),
        event(8),
    ]

    assert [(7, OTHER, "noeNytt"), (8, "", ""), (9, NUMBER, "personErDoed")] == [
        (one.sequence, one.number, one.kind) for one in read_page(told)
    ]


@pytest.mark.parametrize("sequence", [None, "7", -1, True, 7.5, []])
def test_an_event_without_a_sequence_number_makes_the_page_unreadable(sequence: Any) -> None:
    """Who could not say how far it was read would lose what follows."""
    with pytest.raises(Unreadable):
        read_page([event(1), event(sequence)])
    with pytest.raises(Unreadable):
        read_sequence(sequence)


@pytest.mark.parametrize("reader", [read_person, read_page, lambda told: read_answers(told, [NUMBER])])
@pytest.mark.parametrize("told", [None, 7, "text", True])
def test_what_is_none_of_it_is_unreadable(reader: Callable[[Any], Any], told: Any) -> None:
    """And never an empty answer, which would mean something."""
    with pytest.raises(Unreadable):
        reader(told)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from([NUMBER, "fortrolig", "felles"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["erGjeldende", "ansvar", "ansvarlig", "status", "navn", "foreldreansvar", "identifikasjonsnummer",
             "foedsel", "adressebeskyttelse", "graderingsnivaa", "doedsfall", "foedselsEllerDNummer",
             "folkeregisterperson",
             "oppslag", "hendelse", "sekvensnummer", "bostedsadresse", "adressegradering", "falskIdentitet"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@given(JSON)
def test_no_json_at_all_crashes(told: Any) -> None:
    """Whatever comes is read, or is unreadable; and what was read still shows nothing of itself."""
    for reader in (read_person, read_page, read_sequence, lambda one: read_answers(one, [NUMBER])):
        try:
            found = reader(json.loads(json.dumps(told)))
        except Unreadable:
            continue
        assert NUMBER not in repr(found)
