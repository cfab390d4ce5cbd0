"""OneRoster zips and PIFU-IMS: who is told, what is tolerated, and what is asked about."""

import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support_store import TODAY, Desk

from fixtures.people import Pupil
from fixtures.rosters import Rows, oneroster_tables, oneroster_zip, pifu, workbook
from fixtures.school import make_school
from schemas.due import Enrolment
from schemas.settings import RosterSettings, Settings
from store.home import Home
from store.people import RosterPupil
from tasks.reconcile.importing import import_roster
from tasks.reconcile.roster import Listed, Roster, Unreadable
from tasks.reconcile.roster_oneroster import OneRosterRoster
from tasks.reconcile.roster_pifu import PifuRoster
from tasks.reconcile.rosters import Source, file_roster, reader

SCHOOL = make_school(TODAY)
FEW = SCHOOL.group("ordinary")[:4]
YEAR = RosterSettings(year_starts=date(2026, 8, 17))
Tables = dict[str, Rows]


def of_zip(tables: Tables, version: str = "1.1", settings: RosterSettings | None = None, **more: Any) -> Listed:
    """What a OneRoster zip tells."""
    return OneRosterRoster(oneroster_zip(tables, version, **more), settings=settings, today=TODAY).read()


def of_pifu(data: bytes, settings: RosterSettings | None = None) -> Listed:
    """What a PIFU-IMS document tells."""
    return PifuRoster(data, settings=settings, today=TODAY).read()


def expected(pupil: Pupil, numbers: bool = True) -> tuple[object, ...]:
    """What a pupil's line must say."""
    adults = {(one.name, one.number if numbers else "", one.mobile, one.email) for one in pupil.adults}
    return pupil.name, pupil.person.born, pupil.class_name, pupil.person.number, set(pupil.enrolments), adults


def told(mine: RosterPupil) -> tuple[object, ...]:
    """The same of what was read."""
    adults = {(one.name, one.number, one.mobile, one.email) for one in mine.known or ()}
    return mine.name, mine.born, mine.class_name, mine.number, set(mine.enrolments or ()), adults


# --- OneRoster: who is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("folder", ["", "export/"])
def test_a_bulk_tells_everybody_whole(version: str, folder: str) -> None:
    """Pupils with demographics, enrolment, home class and parents; 1.2 has its roles in a table of their own. The end
    date of an enrolment is the first day without it."""
    ends = replace(FEW[0], enrolments=(Enrolment(date(2025, 8, 18), date(2027, 6, 18)),))
    listed = of_zip(oneroster_tables([ends, *FEW[1:]], version), version, folder=folder)

    assert (version, True, 4) == (dict(listed.understood)["version"], listed.complete, len(listed.pupils))
    assert [expected(one) for one in [ends, *FEW[1:]]] == [told(mine) for mine in listed.pupils]
    assert [one.key for one in FEW] == [mine.key for mine in listed.pupils]


def test_a_zip_without_birth_dates_is_asked_about() -> None:
    """Without demographics nobody's 18th birthday is known; the number in `identifier` is no birth date."""
    tables = oneroster_tables(FEW)
    del tables["demographics"]
    with pytest.raises(Unreadable, match="roster_no_birth") as fault:
        of_zip(tables)
    assert [("users.csv", 2, "birthDate")] == [(p.file, p.line, p.column) for p in fault.value.places[:1]]

    tables = oneroster_tables(FEW)
    tables["demographics"][1]["birthDate"] = ""
    with pytest.raises(Unreadable, match="roster_no_birth") as fault:
        of_zip(tables)
    assert [3] == [place.line for place in fault.value.places]


def test_agents_may_stand_on_either_side_or_nowhere() -> None:
    """The child's row, the guardian's, both; and with agents empty for everyone there is no known guardian."""
    for keep in ("student", "parent", "both"):
        tables = oneroster_tables(FEW)
        for row in tables["users"]:
            if keep not in (row["role"], "both"):
                row["agentSourcedIds"] = ""
        assert [expected(one) for one in FEW] == [told(mine) for mine in of_zip(tables).pupils]
    tables = oneroster_tables(FEW)
    for row in tables["users"]:
        row["agentSourcedIds"] = ""
    assert [()] * 4 == [mine.known for mine in of_zip(tables).pupils]


def changed(column: str, value: str, role: str = "parent") -> Tables:
    """A zip in which that column of everyone with that role holds this."""
    tables = oneroster_tables(FEW)
    for row in tables["users"]:
        if row["role"] == role:
            row[column] = value
    return tables


def test_what_is_met_in_the_wild_is_tolerated() -> None:
    """Empty usernames, an e-mail as the username, a teacher or a relative among the agents, more columns, no orgs."""
    assert expected(FEW[0]) == told(of_zip(changed("username", "")).pupils[0])
    mails = changed("email", "")
    for row in mails["users"]:
        row["username"] = f"{row['sourcedId']}@example.org"
    assert all(known.email.endswith("@example.org") for known in of_zip(mails).pupils[0].known or ())
    assert () == of_zip(changed("role", "relative")).pupils[0].known
    more = oneroster_tables(FEW)
    for row in more["users"]:
        row["resourceSourcedIds"] = "r1"
    del more["orgs"]
    assert expected(FEW[0]) == told(of_zip(more).pupils[0])
    assert 4 == len(of_zip(oneroster_tables(FEW), manifest=False).pupils)


def renamed(tables: Tables, names: dict[str, str], **more: Any) -> bytes:
    """The zip with columns called otherwise."""
    import io

    data = oneroster_zip(tables, **more)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            head, _, rest = text.partition("\r\n")
            cells = [names.get(cell, cell) for cell in head.split(",")]
            new.writestr(name, ",".join(cells) + "\r\n" + rest)
    return out.getvalue()


def test_old_names_of_columns_and_of_the_source_are_known() -> None:
    """`userId` and `agents`; `file.systemName` for `source.systemName`."""
    old = {"userIds": "userId", "agentSourcedIds": "agents", "source.systemName": "file.systemName"}
    told_ = OneRosterRoster(renamed(oneroster_tables(FEW), old), today=TODAY).read()

    assert [expected(one) for one in FEW] == [told(mine) for mine in told_.pupils]


def test_an_identifier_that_is_no_identity_number_is_none() -> None:
    """An employee number, a name; a number among `userIds` is found by its kind."""
    assert "" == of_zip(changed("identifier", "A-17", "student")).pupils[0].number
    tables = changed("identifier", "17", "student")
    tables["users"][0]["userIds"] = f"{{LocalId:17}},{{NIN:{FEW[0].person.number}}}"
    assert FEW[0].person.number == of_zip(tables).pupils[0].number
    wrong = of_zip(changed("identifier", "41819077303", "student"))
    assert ("", ["fnr_checksum"]) == (wrong.pupils[0].number, [place.code for place in wrong.left_out])


def test_without_a_begin_date_the_session_or_the_settings_say_since_when() -> None:
    """The class's term, else roster.year_starts, else a question."""
    tables = oneroster_tables(FEW)
    for row in tables["enrollments"]:
        row["beginDate"] = ""
    with pytest.raises(Unreadable, match="roster_no_start"):
        of_zip(tables)
    assert date(2026, 8, 17) == (of_zip(tables, settings=YEAR).pupils[0].enrolments or ())[0].starts
    del tables["enrollments"]
    assert (Enrolment(date(2026, 8, 17)),) == of_zip(tables, settings=YEAR).pupils[0].enrolments


def test_a_pupil_without_an_enrolment_is_no_pupil_of_ours() -> None:
    """Where the zip tells enrolments, whoever has none is missing."""
    tables = oneroster_tables(FEW)
    tables["enrollments"] = tables["enrollments"][1:]

    assert [one.key for one in FEW[1:]] == [mine.key for mine in of_zip(tables).pupils]


def test_a_zip_of_several_schools_is_asked_about() -> None:
    """The settings name one, by its id, identifier or name."""
    tables = oneroster_tables(FEW)
    tables["enrollments"][0]["schoolSourcedId"] = "skole-2"
    tables["orgs"].append({"sourcedId": "skole-2", "name": "Andre", "type": "school", "identifier": "54321"})
    with pytest.raises(Unreadable, match="roster_schools"):
        of_zip(tables)
    for name in ("skole-2", "Andre", "54321"):
        assert [FEW[0].key] == [m.key for m in of_zip(tables, settings=RosterSettings(school=name)).pupils]


# --- OneRoster: what is broken ----------------------------------------------------------------------------------------


def test_a_table_that_the_manifest_promises_must_be_there() -> None:
    """An export that lost a file is no bulk."""
    tables = oneroster_tables(FEW)
    whole = oneroster_zip(tables)
    import io

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != "enrollments.csv":
                new.writestr(name, old.read(name))
    with pytest.raises(Unreadable, match=r"enrollments\.csv"):
        OneRosterRoster(out.getvalue(), today=TODAY).read()


def test_a_zip_cut_anywhere_is_refused() -> None:
    """The table of contents stands at the end."""
    whole = oneroster_zip(oneroster_tables(FEW))
    for cut in range(0, len(whole) - 1, len(whole) // 30):
        with pytest.raises(Unreadable):
            OneRosterRoster(whole[:cut], today=TODAY).read()


@pytest.mark.parametrize(
    ("table", "column"), [("users", "familyName"), ("enrollments", "role"), ("demographics", "birthDate")]
)
def test_a_column_without_which_a_table_says_nothing_must_be_there(table: str, column: str) -> None:
    """File and column are named."""
    with pytest.raises(Unreadable, match="roster_headers") as fault:
        OneRosterRoster(renamed(oneroster_tables(FEW), {column: "x"}), today=TODAY).read()

    assert f"{table}.csv" in fault.value.message


# --- OneRoster: delta -------------------------------------------------------------------------------------------------


def delta(**tables: Rows) -> Listed:
    """What a delta tells."""
    return of_zip(tables, how="delta")


def test_a_delta_tells_only_what_it_names(desk: Desk) -> None:
    """A new mobile of a parent comes with the child's row; nobody is missing; who is to be deleted ends today."""
    import_roster(desk.store, OneRosterRoster(oneroster_zip(oneroster_tables(FEW)), today=TODAY))
    tables = oneroster_tables(FEW[:1])
    for row in tables["users"]:
        row |= {"status": "active", "sms": "40012345" if row["role"] == "parent" else ""}
    leaves = {"sourcedId": FEW[1].key, "status": "tobedeleted", "role": "student"}
    got = delta(users=[*tables["users"], leaves])

    assert (False, {FEW[1].key}) == (got.complete, set(got.removed))
    assert (None, None) == (got.pupils[0].born, got.pupils[0].enrolments)
    done = import_roster(desk.store, Told(got))
    assert (1, 1) == (done.missing, done.changed)
    from store import tables as stored

    assert [TODAY] == [row.interrupted for row in desk.rows(stored.enrolments) if row.interrupted]


class Told:
    """A roster that was read already."""

    kind = "oneroster"

    def __init__(self, listed: Listed) -> None:
        self.listed = listed

    def read(self, since: str = "") -> Listed:
        """It."""
        return self.listed


def test_a_delta_shortens_no_enrolment_and_adds_one(desk: Desk) -> None:
    """One class that a pupil left says nothing about the others."""
    import_roster(desk.store, OneRosterRoster(oneroster_zip(oneroster_tables(FEW)), today=TODAY))
    row = oneroster_tables(FEW)["enrollments"][0] | {"status": "active", "endDate": "2026-10-01"}
    import_roster(desk.store, Told(delta(users=[], enrollments=[row])))
    from store import tables as stored

    before = {term.starts for term in FEW[0].enrolments}
    mine = [r for r in desk.rows(stored.enrolments) if r.starts in before]
    assert any(r.ends is None and r.interrupted is None for r in mine)
    assert 0 == len([p for p in desk.rows(stored.pupils) if p.due_reason == "left"])


def test_a_delta_cannot_let_go_of_many(desk: Desk) -> None:
    """Deletions are guarded as missing pupils are."""
    every = SCHOOL.pupils
    import_roster(desk.store, OneRosterRoster(oneroster_zip(oneroster_tables(every)), today=TODAY))
    gone = [{"sourcedId": one.key, "status": "tobedeleted", "role": "student"} for one in SCHOOL.group("ordinary")[:20]]
    with pytest.raises(Exception, match="roster_shrank"):
        import_roster(desk.store, Told(delta(users=gone)))


# --- PIFU-IMS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["-v1", "-v1.1"])
def test_a_full_document_tells_everybody_whole(version: str) -> None:
    """Pupils by their membership of a basisgruppe, guardians by the pupil's word, without numbers of theirs."""
    listed = of_pifu(pifu(FEW, version=version))

    assert [expected(one, numbers=False) for one in FEW] == [told(mine) for mine in listed.pupils]
    assert (True, ["sas|" + one.key for one in FEW]) == (listed.complete, [mine.key for mine in listed.pupils])


def altered(old: str, new: str, data: bytes | None = None) -> bytes:
    """The document with something else in it; what is replaced must be there."""
    text = (data or pifu(FEW)).decode()
    assert old in text
    return text.replace(old, new).encode()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("</enterprise>", "", "roster_broken"),
        ("pifu-ims_sas-v1", "pifu-ims_sas-v1", ""),
        ("http://pifu.no/xsd", "http://example.org/xsd", "roster_unknown"),
        ("<type>full</type>", "<type>melding</type>", "roster_unknown"),
        ("<bday>", "<bday>x", "roster_date"),
        ("<enterprise", '<!DOCTYPE x [<!ENTITY a "b">]><enterprise', "roster_broken"),
    ],
)
def test_a_document_that_is_none_is_refused(old: str, new: str, code: str) -> None:
    """Cut off, of another kind, with a document type, with a date that is none."""
    if not code:
        assert 4 == len(of_pifu(altered(old, new)).pupils)
        return
    with pytest.raises(Unreadable, match=code):
        of_pifu(altered(old, new))


def test_a_document_cut_anywhere_is_refused() -> None:
    """XML has an end."""
    whole = pifu(FEW)
    for cut in range(0, len(whole) - 1, len(whole) // 30):
        with pytest.raises(Unreadable):
            of_pifu(whole[:cut])


def test_status_and_timeframe_say_who_is_a_pupil() -> None:
    """A role that is one no more and has no end is as good as none; a person who is `inaktiv` too; the group's own time
    stands in where the membership has none."""
    text = pifu(FEW[:1]).decode()
    start = FEW[0].enrolments[-1].starts.isoformat()
    frame = f"<timeframe><begin>{start}</begin></timeframe>"
    stays = text.count("<timeframe>")
    assert 0 == len(of_pifu(text.replace("<status>1</status>", "<status>0</status>").encode()).pupils)
    assert 0 == len(of_pifu(text.replace(">aktiv<", ">inaktiv<").encode()).pupils)
    bare = text.replace(frame, "") if frame in text else text
    assert stays
    with pytest.raises(Unreadable, match="roster_no_start"):
        of_pifu(bare.encode())
    assert date(2026, 8, 17) == max(term.starts for term in of_pifu(bare.encode(), YEAR).pupils[0].enrolments or ())
    dated = bare.replace("<status>1</status>", "<status>1</status><datetime>2025-08-20</datetime>")
    assert date(2025, 8, 20) == max(term.starts for term in of_pifu(dated.encode()).pupils[0].enrolments or ())


def test_next_of_kin_are_no_guardians_and_teachers_no_pupils() -> None:
    """Only the type `guardian`, only the role 01, only a basisgruppe or the school."""
    assert () == of_pifu(altered('type="guardian"', 'type="nextOfKin"')).pupils[0].known
    assert 0 == len(of_pifu(altered('roletype="01"', 'roletype="02"')).pupils)
    other = altered('level="1">basisgruppe', 'level="2">undervisningsgruppe')
    assert 0 == len(of_pifu(other).pupils)


def test_a_delta_of_pifu_adds_and_deletes(desk: Desk) -> None:
    """`recstatus` 3 says who is to be deleted; nobody else is missing."""
    import_roster(desk.store, PifuRoster(pifu(FEW), today=TODAY))
    data = pifu(FEW[:1], kind="delta").replace(b"<person>", b'<person recstatus="3">', 1)
    listed = of_pifu(data)

    assert (False, {f"sas|{FEW[0].key}"}) == (listed.complete, set(listed.removed))
    assert 1 == import_roster(desk.store, Told(listed)).missing


# --- which reader -----------------------------------------------------------------------------------------------------


def sources() -> dict[str, bytes]:
    """The same school in every format."""
    table = SCHOOL.roster_csv()
    return {
        "csv": table,
        "xlsx": workbook(table),
        "oneroster": oneroster_zip(oneroster_tables(SCHOOL.pupils)),
        "pifu": pifu(SCHOOL.pupils),
    }


@pytest.mark.parametrize("kind", ["csv", "xlsx", "oneroster", "pifu"])
def test_the_reader_is_chosen_by_the_content(kind: str, tmp_path: Path) -> None:
    """Whatever the file is called."""
    (tmp_path / "liste.dat").write_bytes(sources()[kind])
    chosen: Roster = file_roster(tmp_path / "liste.dat", Settings(), Home(tmp_path))

    assert kind == chosen.kind
    assert {one.name for one in SCHOOL.pupils} >= {one.name for one in chosen.read().pupils if one.name}


@pytest.mark.parametrize(
    "data",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"<html><body>",
        b"PK\x05\x06" + bytes(18),
        b"[]",
        b"%PDF-1.7\n",
    ],
)
def test_what_is_no_list_is_told_as_such(data: bytes) -> None:
    """An old workbook, a web page, an empty zip, a PDF."""
    with pytest.raises(Unreadable):
        reader(data, RosterSettings())(Source(data, "", None, RosterSettings())).read()
