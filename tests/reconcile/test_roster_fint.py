"""FINT over real HTTP from a strict stand-in, and as saved files: who is a pupil, and what is never believed."""

import json
import logging
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support_store import DAY, TODAY, Desk

from fixtures import fint as standin
from fixtures.fint import FintStandIn
from fixtures.rosters import fint_page, fint_resources, noon
from fixtures.school import make_school
from schemas.due import is_enrolled
from schemas.errors import ForesattError, NotReady, OutsideFault
from schemas.settings import Fint, RosterSettings, Settings
from store.people import RosterPupil
from tasks.reconcile.fint_http import FintClient
from tasks.reconcile.importing import import_roster
from tasks.reconcile.roster import Listed, Unreadable
from tasks.reconcile.roster_fint import FintFiles, FintRoster
from tasks.reconcile.rosters import configured_roster, file_roster

SCHOOL = make_school(TODAY)
FEW = SCHOOL.group("ordinary")[:5]
RES = dict[str, list[dict[str, Any]]]


@pytest.fixture
def api() -> Iterator[FintStandIn]:
    """FINT, with five pupils."""
    with FintStandIn() as made:
        made.hold(fint_resources(FEW, made.url))
        os.environ |= {"FORESATT_FINT_CLIENT_SECRET": standin.SECRET, "FORESATT_FINT_PASSWORD": standin.PASSWORD}
        yield made
        for name in ("FORESATT_FINT_CLIENT_SECRET", "FORESATT_FINT_PASSWORD"):
            os.environ.pop(name, None)


def chosen(api: FintStandIn, **more: Any) -> Fint:
    """The settings for it."""
    told = {"url": api.url, "token_url": api.token_url, "client_id": standin.CLIENT, "username": standin.USER}
    return Fint.model_validate({**told, "page_size": 3, "timeout_seconds": 5, **more})


def roster(api: FintStandIn, today: date = TODAY, settings: RosterSettings | None = None, **more: Any) -> FintRoster:
    """The roster of it, never sleeping."""
    return FintRoster(
        chosen(api, **more), settings or RosterSettings(), today, lambda told: FintClient(told, sleep=lambda _: None)
    )


def files(resources: RES) -> dict[str, bytes]:
    """Saved answers, one a collection."""
    return {f"{name}.json": json.dumps(fint_page(listed)).encode() for name, listed in resources.items()}


def saved(resources: RES, **more: Any) -> Listed:
    """What they tell."""
    return FintFiles(files(resources), today=TODAY, **more).read()


def one(resources: RES, **more: Any) -> RosterPupil:
    """The first pupil that they tell."""
    return saved(resources, **more).pupils[0]


# --- who is told ------------------------------------------------------------------------------------------------------


def test_pupils_come_whole_over_several_pages(api: FintStandIn) -> None:
    """Name, birth date, class, number, enrolment and both parents, from seven collections."""
    told = roster(api).read()

    assert (5, True) == (len(told.pupils), told.complete)
    for mine, pupil in zip(told.pupils, FEW, strict=True):
        assert (pupil.key, pupil.name, pupil.person.born, pupil.class_name, pupil.person.number) == (
            mine.key, mine.name, mine.born, mine.class_name, mine.number,
        )  # fmt: skip
        assert {(a.name, a.number, a.mobile, a.email) for a in pupil.adults} == {
            (k.name, k.number, k.mobile, k.email) for k in mine.known or ()
        }
        assert pupil.enrolments == mine.enrolments
    assert 1 < sum(path.endswith("/person") for path in api.asked)


@pytest.mark.parametrize(
    ("start", "slutt", "avbrudd", "here"),
    [
        (TODAY - DAY, None, None, True),
        (TODAY, None, None, True),
        (TODAY + DAY, None, None, False),
        (TODAY - DAY, TODAY, None, True),
        (TODAY - 2 * DAY, TODAY - DAY, None, False),
        (TODAY - 2 * DAY, None, TODAY + DAY, True),
        (TODAY - 2 * DAY, None, TODAY, False),
        (TODAY - 9 * DAY, TODAY + DAY, TODAY - DAY, False),
        (TODAY - 9 * DAY, TODAY + 9 * DAY, TODAY + DAY, True),
    ],
)
def test_a_pupil_today(start: date, slutt: date | None, avbrudd: date | None, here: bool) -> None:
    """The start has come, the end is not passed, and the interruption is still ahead."""
    resources = fint_resources(FEW[:1])
    resources["elevforhold"][0] |= {
        "gyldighetsperiode": {"start": noon(start), "slutt": noon(slutt)},
        "avbruddsdato": noon(avbrudd),
    }

    assert here is is_enrolled(one(resources).enrolments or (), TODAY)


@pytest.mark.parametrize(
    "written",
    [
        "2010-03-05T12:00:00Z", "2010-03-05", "2010-03-05T00:00:00", "2010-03-04T23:30:00Z", 1267786800000,
        "1267786800000", "2010-03-05T12:00:00.000+01:00", "2010-03-05T00:00:00+01:00",
    ],
)  # fmt: skip
def test_dates_are_days_in_oslo(written: object) -> None:
    """ISO with and without time, milliseconds; midnight in Oslo is the evening before in UTC."""
    resources = fint_resources(FEW[:1])
    resources["person"][0]["fodselsdato"] = written

    assert date(2010, 3, 5) == one(resources).born


@pytest.mark.parametrize("written", ["5.3.2010", {"a": 1}, True, "x", 10**20])
def test_what_is_no_date_is_refused(written: object) -> None:
    """The place is told, and what stands there is not repeated."""
    resources = fint_resources(FEW[:1])
    resources["person"][0]["fodselsdato"] = written
    with pytest.raises(Unreadable, match="roster_date") as told:
        saved(resources)

    assert "2010" not in told.value.message


def older(resources: RES) -> RES:
    """The same in the words of 3.1: basisgruppe, and parents flagged on contact persons."""
    text = json.dumps(resources).replace("klassemedlemskap", "basisgruppemedlemskap").replace("klasse", "basisgruppe")
    made: RES = json.loads(text.replace("basisgruppebasisgruppe", "basisgruppe"))
    for person in made["person"]:
        for relation in ("foreldre", "foreldreansvar"):
            person["_links"].pop(relation, None)
    root = "https://api.example/utdanning/elev"
    for n, pupil in enumerate(FEW[:1]):
        for at, adult in enumerate(pupil.adults):
            mine = f"{root}/kontaktperson/systemid/kp-{n}-{at}"
            made["person"][n]["_links"].setdefault("parorende", []).append({"href": mine})
            who = {"href": f"{root}/person/fodselsnummer/{adult.number}"}
            made["kontaktperson"].append(
                {"systemId": {"identifikatorverdi": f"kp-{n}-{at}"}, "type": "x", "foreldreansvar": at == 0,
                 "_links": {"self": [{"href": mine}], "person": [who]}}
            )  # fmt: skip
    return made


def test_the_older_model_is_read_too() -> None:
    """Before 4.0 a class is a basisgruppe, before 3.2 a flag on the contact person says who is a parent."""
    mine, pupil = one(older(fint_resources(FEW[:1]))), FEW[0]

    assert pupil.class_name == mine.class_name
    assert [(pupil.adults[0].name, pupil.adults[0].mobile)] == [(k.name, k.mobile) for k in mine.known or ()]


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("forelder", True),
        ("Foresatt", True),
        ("Mor", True),
        ("far/verge", True),
        ("søsken", False),
        ("besteforelder", False),
    ],
)
def test_a_contact_person_who_is_called_a_guardian_is_known(kind: str, known: bool) -> None:
    """A contact that was typed in may show as `parorende`; a sibling is none."""
    resources = fint_resources(FEW[:1])
    link = "https://api.example/utdanning/elev/kontaktperson/systemid/kp"
    resources["person"][0]["_links"]["parorende"] = [{"href": link}]
    resources["kontaktperson"] = [
        {"systemId": {"identifikatorverdi": "kp"}, "type": kind, "navn": {"fornavn": "Åse", "etternavn": "Tue"},
         "kontaktinformasjon": {"mobiltelefonnummer": "91234567"}, "_links": {"self": [{"href": link}]}}
    ]  # fmt: skip

    assert known is ("Åse Tue" in {k.name for k in one(resources).known or ()})


def test_parents_are_found_from_either_side() -> None:
    """`foreldre` on the child, `foreldreansvar` on the adult, or both: each once."""
    both = fint_resources(FEW[:1])
    adults = {adult.name for adult in FEW[0].adults}
    for drop in ("foreldre", "foreldreansvar", "none"):
        resources = json.loads(json.dumps(both))
        for person in resources["person"]:
            person["_links"].pop(drop, None)
        told = one(resources).known or ()
        assert (adults, len(adults)) == ({k.name for k in told}, len(told))


def test_several_schools_are_asked_about() -> None:
    """A county's FINT tells of all its schools; the settings name one by number, id or name."""
    resources = fint_resources(FEW)
    other = "https://api.example/utdanning/utdanningsprogram/skole/systemid/skole-2"
    number, links = {"identifikatorverdi": "54321"}, {"self": [{"href": other}]}
    ident = {"identifikatorverdi": "skole-2"}
    resources["skole"].append({"systemId": ident, "skolenummer": number, "navn": "Andre", "_links": links})
    resources["elevforhold"][0]["_links"]["skole"] = [{"href": other.replace("systemid/skole-2", "skolenummer/54321")}]
    with pytest.raises(Unreadable, match="roster_schools"):
        saved(resources)
    with pytest.raises(Unreadable, match="roster_schools"):
        saved(resources, settings=RosterSettings(school="99"))
    for name in ("54321", "skole-2", "Andre"):
        assert [FEW[0].key] == [p.key for p in saved(resources, settings=RosterSettings(school=name)).pupils]
    assert 4 == len(saved(resources, settings=RosterSettings(school="12345")).pupils)


def test_of_whom_there_is_no_person_only_the_enrolment_is_told(desk: Desk) -> None:
    """A pupil whose person is hidden is neither missing nor forgotten: what is known stays, and it is said."""
    import_roster(desk.store, FintFiles(files(fint_resources(FEW)), today=TODAY))
    resources = fint_resources(FEW)
    del resources["person"][0]
    told = import_roster(desk.store, FintFiles(files(resources), today=TODAY))

    assert (0, 0, 5) == (told.missing, told.changed, told.pupils)
    assert "1 pupils" in told.left_out
    resources["person"] = []
    with pytest.raises(Unreadable, match="roster_no_birth"):
        saved(resources)


# --- saved files ------------------------------------------------------------------------------------------------------


def test_saved_answers_are_read_from_a_folder_or_a_zip(tmp_path: Path, desk: Desk) -> None:
    """In pages or whole, whatever the files are called."""
    resources = fint_resources(FEW)
    half = resources.pop("person")
    pages = {"a1": fint_page(half[:6], total=len(half), following="x/y/z"), "a2": fint_page(half[6:], total=len(half))}
    told = {**files(resources), **{f"{name}.json": json.dumps(page).encode() for name, page in pages.items()}}
    folder, packed = tmp_path / "fint", tmp_path / "fint.zip"
    folder.mkdir()
    with zipfile.ZipFile(packed, "w") as out:
        for name, data in told.items():
            (folder / name).write_bytes(data)
            out.writestr(f"fint/{name}", data)

    for source in (folder, packed):
        assert 5 == len(file_roster(source, desk.store.settings, desk.house.home).read().pupils)


@pytest.mark.parametrize("lost", ["a page", "the last page", "a collection", "its end"])
def test_saved_answers_that_are_not_whole_are_refused(lost: str) -> None:
    """By the number that FINT says there are, by the link to a next page, and by what must be there."""
    resources = fint_resources(FEW)
    told = files(resources)
    persons = resources["person"]
    if lost == "a page":
        told["person.json"] = json.dumps(fint_page(persons[:4], total=len(persons))).encode()
    if lost == "the last page":
        page = fint_page(persons, following="https://api.example/utdanning/elev/person?offset=9") | {
            "total_items": None
        }
        told["person.json"] = json.dumps(page).encode()
    if lost == "a collection":
        del told["elevforhold.json"]
    if lost == "its end":
        told["person.json"] = told["person.json"][:-40]
    with pytest.raises(Unreadable, match="roster_broken"):
        FintFiles(told, today=TODAY).read()


# --- over HTTP --------------------------------------------------------------------------------------------------------


def test_a_token_that_was_taken_back_is_asked_for_anew(api: FintStandIn) -> None:
    """Once; a second refusal is one."""
    with_token = FintClient(chosen(api), sleep=lambda _: None)
    assert with_token.collection("elev")
    api.revoke()
    assert with_token.collection("elev")
    assert 2 == len(api.tokens) + 1
    api.lives = -1
    api.revoke()
    with pytest.raises(NotReady, match="fint_refused"):
        with_token.collection("elev")


def test_a_token_whose_time_is_out_is_not_used(api: FintStandIn) -> None:
    """A token that lives a second is asked for again, and no answer is a 401 because of it."""
    api.lives = 31
    roster(api).read()

    assert [] == api.refused


@pytest.mark.parametrize(
    "fault", ["http_500", "http_503", "html", "cut", "circle", "elsewhere", "short", "gone_page", "no_shape"]
)
def test_an_answer_that_cannot_be_right_is_not_believed(api: FintStandIn, desk: Desk, fault: standin.Fault) -> None:
    """The run is red, nothing changes, nobody is missing by it, and no address or value is in what is said."""
    import_roster(desk.store, roster(api))
    before = desk.rows(desk_tables().pupils)
    api.fault = fault
    with pytest.raises(OutsideFault) as told:
        import_roster(desk.store, roster(api, today=TODAY + DAY))

    assert before == desk.rows(desk_tables().pupils)
    said = f"{told.value!r} {told.value.__cause__!r} {told.value.__context__!r}"
    assert [] == [value for value in ("127.0.0", "http:", FEW[0].person.number, FEW[0].name) if value in said]


def desk_tables() -> Any:
    """The tables."""
    from store import tables

    return tables


def test_a_fault_that_passes_is_waited_out(api: FintStandIn) -> None:
    """Two 500s, and then it answers."""
    api.fault, api.fails = "http_500", 2

    assert 5 == len(roster(api).read().pupils)


def test_wrong_credentials_are_told_as_such(api: FintStandIn) -> None:
    """What to mend is named, and no secret is."""
    api.fault = "refused"
    with pytest.raises(NotReady, match="fint_refused") as told:
        roster(api).read()
    assert [] == [w for w in (standin.SECRET, standin.PASSWORD) if w in f"{told.value!r}{told.value.next_step}"]
    del os.environ["FORESATT_FINT_PASSWORD"]
    with pytest.raises(NotReady, match="no_password"):
        roster(api).read()


def test_whether_it_answers_can_be_asked(api: FintStandIn) -> None:
    """For `foresatt check`: silence is good; a refusal is told."""
    roster(api).probe()
    api.fault = "refused"
    with pytest.raises(NotReady, match="fint_refused"):
        roster(api).probe()


def test_only_https_or_this_machine_is_asked(api: FintStandIn) -> None:
    """A password and children's data go over no open line."""
    for more in ({"url": "http://fint.example"}, {"token_url": "http://fint.example/token"}):
        with pytest.raises(NotReady, match="fint_url"):
            roster(api, **more).read()


def test_no_address_gets_into_a_log(api: FintStandIn, caplog: pytest.LogCaptureFixture) -> None:
    """A parent's number stands in the links; the libraries that ask write no line of it."""
    caplog.set_level(logging.DEBUG)
    roster(api).read()
    later = json.dumps({"full": TODAY.isoformat(), "at": {"elev": 1, "elevforhold": 1, "person": 1}})
    roster(api, full_days=2).read(later)

    assert [] == [r for r in caplog.records if "/utdanning/" in r.getMessage()]


# --- increments -------------------------------------------------------------------------------------------------------


def test_between_whole_readings_only_what_changed_is_asked_for(api: FintStandIn, desk: Desk) -> None:
    """A pupil of whom anything changed is told whole: an interruption, a parent's new mobile; nobody is missing."""
    import_roster(desk.store, roster(api, full_days=7))
    api.resources["elevforhold"][0]["avbruddsdato"] = noon(TODAY + DAY)
    api.touch("elevforhold", 0, 2_000)
    parent = next(
        n
        for n, p in enumerate(api.resources["person"])
        if p["fodselsnummer"]["identifikatorverdi"] == FEW[1].adults[0].number
    )
    api.resources["person"][parent]["kontaktinformasjon"]["mobiltelefonnummer"] = "40012345"
    api.touch("person", parent, 2_000)
    api.asked.clear()
    told = roster(api, today=TODAY + DAY, full_days=7).read(mark(desk))
    found = {pupil.key: pupil for pupil in told.pupils}

    assert (False, {FEW[0].key, FEW[1].key}) == (told.complete, set(found))
    assert [replace(FEW[0].enrolments[0], interrupted=TODAY + DAY)] == list(found[FEW[0].key].enrolments or ())
    assert "40012345" in {known.mobile for known in found[FEW[1].key].known or ()}
    assert FEW[1].class_name == found[FEW[1].key].class_name
    assert {1_000} == {moment for _, moment in api.stamps}
    assert 0 == import_roster(desk.store, roster(api, full_days=7)).missing


def mark(desk: Desk) -> str:
    """Of the last run."""
    return str(desk.rows(desk_tables().roster_runs)[-1].mark)


def test_a_whole_reading_comes_when_it_is_due(api: FintStandIn, desk: Desk) -> None:
    """What was deleted shows only there."""
    import_roster(desk.store, roster(api, full_days=2))

    assert not roster(api, today=TODAY + DAY, full_days=2).read(mark(desk)).complete
    assert roster(api, today=TODAY + 2 * DAY, full_days=2).read(mark(desk)).complete
    assert roster(api, today=TODAY + DAY, full_days=1).read(mark(desk)).complete
    assert roster(api, today=TODAY + DAY, full_days=2).read("nonsense").complete


def test_a_pupil_deleted_at_the_source_is_missing_after_two_whole_readings(api: FintStandIn, desk: Desk) -> None:
    """Not by increments, however many."""
    import_roster(desk.store, roster(api))
    api.hold(fint_resources(FEW[1:], api.url))
    assert (0, 0) == counts(import_roster(desk.store, roster(api)))
    desk.on(TODAY + DAY)
    assert (1, 0) == counts(import_roster(desk.store, roster(api, today=TODAY + DAY)))
    desk.on(TODAY + 2 * DAY)
    assert (1, 1) == counts(import_roster(desk.store, roster(api, today=TODAY + 2 * DAY)))


def counts(told: Any) -> tuple[int, int]:
    """(missing, ended)."""
    return told.missing, told.ended


def test_the_settings_name_it(api: FintStandIn, desk: Desk) -> None:
    """Without a file, FINT is the roster of runs that nobody watches; without either there is none."""
    told = Settings.model_validate({"environment": "test", "fint": chosen(api).model_dump()})

    assert isinstance(configured_roster(told, desk.house.home), FintRoster)
    assert configured_roster(Settings(), desk.house.home) is None


def test_an_empty_fint_is_never_that_everybody_left(api: FintStandIn, desk: Desk) -> None:
    """As the bridge throws such a round away."""
    import_roster(desk.store, roster(api))
    api.hold({name: [] for name in fint_resources(FEW)})
    with pytest.raises(ForesattError, match="roster_shrank"):
        import_roster(desk.store, roster(api, today=TODAY + DAY))


def test_one_saved_answer_is_no_roster(tmp_path: Path, desk: Desk) -> None:
    """It says what it needs."""
    (tmp_path / "elev.json").write_text("{}")
    with pytest.raises(Unreadable, match="roster_unknown"):
        file_roster(tmp_path / "elev.json", desk.store.settings, desk.house.home)
