"""Lists as schools have them: whatever they call their columns, however they write dates, numbers and names.

Belongs here: what a list says, as CSV and XLSX. Does not belong here: rules of a row (`test_roster_model`), what an
import changes (`test_importing`).
"""

import io
import tomllib
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from support_store import TODAY

from schemas.due import Enrolment
from schemas.errors import UsageFault
from schemas.settings import RosterSettings
from store.people import KnownGuardian, RosterPupil
from tasks.reconcile import mapping as mappings
from tasks.reconcile.headers import meaning
from tasks.reconcile.mapping import Mapping
from tasks.reconcile.roster import Listed, Unreadable
from tasks.reconcile.roster_csv import CsvRoster
from tasks.reconcile.roster_xlsx import XlsxRoster

SYNTHETIC = "41819077302"
YEAR = RosterSettings(year_starts=date(2026, 8, 17))
OPEN = (Enrolment(date(2026, 8, 17)),)


def read(text: str | bytes, mapping: Mapping | None = None, settings: RosterSettings = YEAR) -> Listed:
    """A CSV list."""
    data = text if isinstance(text, bytes) else text.encode()
    return CsvRoster(data, mapping=mapping, settings=settings, today=TODAY).read()


def one(text: str | bytes, **more: object) -> RosterPupil:
    """Its only pupil."""
    (pupil,) = read(text, **more).pupils  # type: ignore[arg-type]
    return pupil


def refused(text: str | bytes, **more: object) -> Unreadable:
    """Why it is not read."""
    with pytest.raises(Unreadable) as told:
        read(text, **more)  # type: ignore[arg-type]
    return told.value


# --- encoding and separator -------------------------------------------------------------------------------------------

PLAIN = "Elevnr;Navn;Født\n1;Bjørg Åsæter;05.03.2010\n2;Ola Maur;06.04.2010\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_encoding_and_separator_are_found_out(encoding: str, separator: str) -> None:
    """With or without a mark, as Excel saves it, separated by semicolon, comma or tab; and it is said."""
    told = read(PLAIN.replace(";", separator).encode(encoding))

    assert "Bjørg Åsæter" == told.pupils[0].name
    about = dict(told.understood)
    assert {"\t": "tab"}.get(separator, separator) == about["separator"]
    assert about["encoding"]


def test_a_list_cut_within_a_letter_is_not_taken_for_another_encoding() -> None:
    """As Windows-1252 every byte is a letter: what is UTF-8 but for its end is refused."""
    data = PLAIN.encode()

    assert "roster_encoding" == refused(data[: data.rindex("ø".encode()) + 1]).code
    assert "roster_encoding" == refused(data + b"3;Bj" + "ør;05.03.2010".encode()[:1]).code
    assert "roster_encoding" == refused(data + b"3;Bj\xf8rg;05.03.2010\n").code


@pytest.mark.parametrize(("column", "cell"), [("Slutt", "18.06.2027"), ("Skjermet", "ja"), ("Elevnr", "1234")])
def test_a_last_line_without_its_end_may_be_cut(column: str, cell: str) -> None:
    """A year of two digits, no protection, another id: where the last cell could say so, the file must have an end."""
    names = {"Elevnr": "17", "Navn": "Ola Maur", "Født": "05.03.2010", "Klasse": "2STA"}
    names.pop(column, None)
    text = f"{';'.join(names)};{column}\n{';'.join(names.values())};{cell}"

    assert "roster_broken" == refused(text).code
    assert "roster_broken" == refused(text[:-2]).code
    assert 1 == len(read(text + "\n").pupils)
    assert "2STA" == one("Elevnr;Navn;Født;Klasse\n1;Ola Maur;05.03.2010;2STA").class_name


def test_excels_own_hint_and_lines_above_the_names_are_passed_over() -> None:
    """`sep=`, a title, the day of the export; lines are counted as the file has them."""
    text = "sep=;\nElevliste høst;;\nTatt ut 14.10.2026;;\n" + PLAIN.replace("06.04.2010", "x")

    assert "line 6, column Født: " in refused(text).message


def test_quoted_cells_may_hold_separators_and_line_breaks() -> None:
    """As CSV has it."""
    assert (
        "Gata 1;\nOppgang B"
        == one('Elevnr;Navn;Født;Foresatt 1;Foresatt 1 adresse\n1;Ola Maur;05.03.2010;Kari;"Gata 1;\nOppgang B"\n')
        .known[0]
        .address
    )  # type: ignore[index]


# --- names of columns -------------------------------------------------------------------------------------------------

WORDS = {
    "bokmål": "Elevnummer;Etternavn;Fornavn;Fødselsdato;Klasse;Fra dato;Til dato;Avbruddsdato;Sperret adresse;"
    "Fødselsnummer;Foresatt 1 navn;Foresatt 1 fødselsnr;Foresatt 1 mobilnr;Foresatt 1 e-post;Foresatt 1 adresse;"
    "Foresatt 1 postnr;Foresatt 1 poststed;Navn foresatt 2;Mobil foresatt 2",
    "nynorsk": "Elevnr.;Etternamn;Førenamn;Fødd;Basisgruppe;Frå dato;Gyldig til;Avbrot;Sperra adresse;"
    "Fødselsnr (11 siffer);Føresett 1 namn;Føresett 1 personnummer;Føresett 1 mobil;Føresett 1 epost;"
    "Føresett 1 adresse;Føresett 1 postnummer;Føresett 1 poststad;Namn på føresett 2;Mobil føresette 2",
    "English": "Pupil ID;Surname;First name;Date of birth;Class;Start date;End date;Withdrawn;Protected;"
    "National ID;Guardian 1 name;Guardian 1 fnr;Guardian 1 mobile;Guardian 1 email;Guardian 1 address;"
    "Guardian 1 zip;Guardian 1 city;Parent 2;Parent 2 mobile phone",
}


@pytest.mark.parametrize("language", WORDS)
def test_columns_are_known_by_what_they_are_called(language: str) -> None:
    """In bokmål, nynorsk and English; and what is taken for what is said."""
    row = f"e7;Maur;Ola;05.03.2010;2STA;17.08.2026;18.06.2027;;nei;{SYNTHETIC};Kari Maur;{SYNTHETIC};91234567;"
    row += "kari@example.org;Gata 1;0123;Oslo;Per Maur;99139794"
    told = read(f"{WORDS[language]}\n{row}\n")
    kari = KnownGuardian("Kari Maur", SYNTHETIC, "91234567", "kari@example.org", "Gata 1, 0123 Oslo")
    terms = (Enrolment(date(2026, 8, 17), date(2027, 6, 18)),)
    expected = RosterPupil("e7", "Ola Maur", date(2010, 3, 5), "2STA", SYNTHETIC, False, terms,
                           (kari, KnownGuardian("Per Maur", mobile="99139794")))  # fmt: skip

    assert [expected] == told.pupils
    assert "not used" not in dict(told.understood)
    assert " + ".join(WORDS[language].split(";")[2:0:-1]) == dict(told.understood)["navn"]


@pytest.mark.parametrize("header", ["Merknad", "Telefon", "Nr", "Foresatt 5 navn", "Foresatt 1 yrke", "", "Karakter"])
def test_a_column_of_something_else_is_not_used_and_that_is_said(header: str) -> None:
    """Nothing is taken for what it might be."""
    told = read(f"Elevnr;Navn;Født;{header}\n1;Ola Maur;05.03.2010;hemmelig\n")

    assert None is meaning(header)
    assert header == dict(told.understood).get("not used", "")


def test_two_columns_for_the_same_are_asked_about() -> None:
    """Which of two counts would be a guess; where one is likelier, it is taken."""
    assert (
        "twice: født (Fødselsdato, FØDSELSDATO)" in refused("Elevnr;Navn;Fødselsdato;FØDSELSDATO\n1;Ola;x;x\n").message
    )
    both = one(
        "Elevnr;Navn;Født;Foresatt 1;Foresatt 1 telefon;Foresatt 1 mobil\n1;Ola Maur;05.03.2010;Kari;22;91234567\n"
    )
    assert "91234567" == both.known[0].mobile  # type: ignore[index]


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ("Navn;Født;Klasse", "elev_id (or fnr)"),
        ("Elevnr;Født;Fødselsnummer", "navn"),
        ("Elevnr;Navn;Fødselsnummer", "født"),
    ],
)
def test_what_must_be_there_is_named(names: str, missing: str) -> None:
    """Something that tells pupils apart, a name, a birth date: never one read off the number."""
    assert f"columns missing: {missing}" == refused(f"{names}\n1;2;{SYNTHETIC}\n").message


def test_a_list_without_ids_says_how_to_go_on_and_leaves_a_mapping_to_edit() -> None:
    """What tells pupils apart is the school's to say: names change, and whoever has another name would seem gone."""
    fault = refused("Navn;Født;Klasse\nOla Maur;05.03.2010;1STA\n")

    assert ("Navn", "Klasse") == (dict(fault.understood)["navn"], dict(fault.understood)["klasse"])
    assert 'key = ["navn", "født"]' in fault.next_step
    assert isinstance(fault.used, Mapping)
    text = mappings.as_toml(fault.used).replace("# key", "key")
    assert ("navn", "født") == mappings._mapping(tomllib.loads(text)).key


# --- enrolment --------------------------------------------------------------------------------------------------------


def test_a_list_without_enrolments_takes_the_school_year_of_the_settings_and_says_so() -> None:
    """Whoever is on it is a pupil this school year."""
    told = read(PLAIN, settings=RosterSettings(year_starts=date(2026, 8, 17), year_ends=date(2027, 6, 18)))

    assert (Enrolment(date(2026, 8, 17), date(2027, 6, 18)),) == told.pupils[0].enrolments
    assert "from 2026-08-17 to 2027-06-18 (roster.year_starts)" == dict(told.understood)["enrolments"]


def test_without_the_setting_it_is_asked_for_once() -> None:
    """No day is made up; the whole list has one fault, not one a line."""
    fault = refused(PLAIN, settings=RosterSettings())

    assert ("roster_no_start", 1) == (fault.code, len(fault.places))
    assert "roster.year_starts" in fault.message


def test_a_school_year_that_is_over_is_asked_about() -> None:
    """Last year's setting would make everybody a leaver."""
    over = RosterSettings(year_starts=date(2025, 8, 18), year_ends=date(2026, 6, 19))

    assert "roster_year_over" == refused(PLAIN, settings=over).code


def test_an_empty_start_in_a_column_of_starts_is_a_fault() -> None:
    """What the list leaves open in one line is not filled in from the settings."""
    assert (
        "roster_incomplete" == refused("Elevnr;Navn;Født;Start\n1;Ola;05.03.2010;17.08.2026\n2;Per;05.03.2010;\n").code
    )


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "cells"),
    [
        ("DD.MM.YYYY", ("05.03.2010", "5.4.2009")),
        ("DD.MM.YYYY", ("05/03/2010", "05-04-2009")),
        ("DD.MM.YY", ("05.03.10", "05.04.09")),
        ("DDMMYY", ("050310", "050409")),
        ("YYYY-MM-DD", ("2010-03-05", "2009-04-05")),
        ("YYYY-MM-DD", ("2010-03-05 00:00:00", "2009-04-05T00:00:00")),
        ("DDMMYYYY", ("05032010", "05042009")),
        ("YYYYMMDD", ("20100305", "20090405")),
        ("Excel", ("40242", "39908")),
    ],
)
def test_dates_are_read_in_the_form_of_their_column(form: str, cells: tuple[str, str]) -> None:
    """5 March 2010 and 5 April 2009, however they are written; and the form is said."""
    told = read(f"Elevnr;Navn;Født\n1;Ola Maur;{cells[0]}\n2;Per Maur;{cells[1]}\n")

    assert [date(2010, 3, 5), date(2009, 4, 5)] == [pupil.born for pupil in told.pupils]
    assert form == dict(told.understood)["dates in Født"]


def test_two_digits_are_the_century_that_can_be() -> None:
    """A birth date lies behind, the end of an enrolment may lie ahead."""
    who = one("Elevnr;Navn;Født;Start;Slutt\n1;Ola Maur;05.03.99;17.08.25;18.06.29\n")

    assert (date(1999, 3, 5), date(2029, 6, 18)) == (who.born, who.enrolments[0].ends)  # type: ignore[index]


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (("18.06.2027", "18.06.2028", "18.06.20"), 4),
        (("050310", "40409", "050510"), 3),
        (("2010-03-05", "2009-04-05", "2009-04-5"), 4),
    ],
)
def test_a_date_that_differs_from_its_column_is_a_fault(cells: tuple[str, ...], line: int) -> None:
    """A cut year is not two digits of another, a lost zero is not an Excel day."""
    name = "Slutt" if "2027" in cells[0] else "Født"
    others = {"Slutt": "05.03.2010", "Født": "18.06.2027"}
    rows = "".join(f"{n};Ola Maur;{cell};{others[name]};17.08.2025\n" for n, cell in enumerate(cells))
    fault = refused(f"Elevnr;Navn;{name};{'Født' if name == 'Slutt' else 'Slutt'};Start\n{rows}")

    assert [("roster_date", line, name)] == [(p.code, p.line, p.column) for p in fault.places]


@pytest.mark.parametrize("cells", [("40110", "40209"), ("05.03.10", "05.03.2010")])
def test_a_column_that_can_be_read_in_two_ways_is_asked_about(cells: tuple[str, str]) -> None:
    """The mapping then says which."""
    text = "Elevnr;Navn;Født\n1;Ola Maur;{}\n2;Per Maur;{}\n".format(*cells)
    fault = refused(text)
    assert "roster_date_form" == fault.code
    assert cells[0] not in fault.message

    if cells[0] == "40110":
        told = Mapping({"elev_id": ("Elevnr",), "navn": ("Navn",), "født": ("Født",)}, dates={"født": "Excel"})
        assert date(2009, 10, 24) == read(text, mapping=told).pupils[0].born


# --- numbers and names ------------------------------------------------------------------------------------------------


def numbered(cells: str, names: str = "Fødselsnummer") -> Listed:
    """A list with one pupil's number."""
    told = Mapping({"elev_id": ("Elevnr",), "navn": ("Navn",), "født": ("Født",), "fnr": tuple(names.split(";"))})
    return read(f"Elevnr;Navn;Født;{names}\n1;Ola Maur;05.03.2010;{cells}\n", mapping=told)


@pytest.mark.parametrize(
    ("cells", "names", "kept", "code"),
    [
        (SYNTHETIC, "Fødselsnummer", SYNTHETIC, None),
        ("418190 77302", "Fødselsnummer", "418190 77302", None),
        ("418190;77302", "Fødselsdato;Personnr", SYNTHETIC, None),
        ("1810000186", "Fødselsnummer", "", "fnr_lost_leading_zero"),
        ("18100;00186", "Dato;Personnr", "", "fnr_lost_leading_zero"),
        ("418190;7302", "Dato;Personnr", "", "fnr_length"),
    ],
)
def test_a_number_is_read_whole_or_in_two_and_never_repaired(
    cells: str, names: str, kept: str, code: str | None
) -> None:
    """With a space, six and five; a lost zero is told with its line, and the number is left out."""
    told = numbered(cells, names)

    assert kept == told.pupils[0].number
    assert ([(2, " + ".join(names.split(";")), code)] if code else []) == [
        (p.line, p.column, p.code) for p in told.left_out
    ]


@pytest.mark.parametrize(("number", "kept"), [("77302", SYNTHETIC), ("7302", "")])
def test_a_number_in_two_columns_is_seen_by_what_stands_in_them(number: str, kept: str) -> None:
    """Norwegian school tools export birth date and five-digit personnummer: the guardian's own date goes with it. A
    lost zero is told, and the number left out."""
    told = read(
        "Elevnr;Navn;Fødselsdato;Personnr;Foresatt 1;Foresatt 1 fødselsdato;Foresatt 1 personnr\n"
        f"1;Ola Maur;05.03.2010;77302;Kari Maur;418190;{number}\n"
        "2;Eli Tue;06.03.2010;77302;Åse Tue;418190;77302\n3;Per Tue;07.03.2010;77302;Åse Tue;418190;77302\n"
    )
    understood = dict(told.understood)

    assert "Fødselsdato + Personnr" == understood["fnr"]
    assert "Foresatt 1 fødselsdato + Foresatt 1 personnr" == understood["foresatt1_fnr"]
    assert (kept, date(2010, 3, 5)) == (told.pupils[0].known[0].number, told.pupils[0].born)  # type: ignore[index]
    assert "not used" not in understood


def test_a_whole_number_beside_a_birth_date_is_not_put_together() -> None:
    """Eleven digits need no other column, and the guardian's birth date is for nothing."""
    told = read(
        "Elevnr;Navn;Født;Foresatt 1;Foresatt 1 født;Foresatt 1 personnr\n"
        f"1;Ola Maur;05.03.2010;Kari Maur;418190;{SYNTHETIC}\n2;Eli Maur;06.03.2010;Per Maur;418190;77302\n"
    )

    assert [SYNTHETIC, ""] == [pupil.known[0].number for pupil in told.pupils]  # type: ignore[index]
    assert "Foresatt 1 født" == dict(told.understood)["not used"]


def test_a_list_without_ids_tells_pupils_apart_by_their_numbers() -> None:
    """And says so; a pupil without a whole number stops it, for nothing else would tell who that is."""
    text = f"Navn;Født;Fødselsnummer\nOla Maur;05.03.2010;{SYNTHETIC}\n"

    assert SYNTHETIC == one(text).key
    assert "fnr" == dict(read(text).understood)["key"]
    fault = refused(text + "Per Maur;05.03.2010;1810000186\n")
    assert [("roster_key", 3)] == [(place.code, place.line) for place in fault.places]


@pytest.mark.parametrize("name", ["Maur, Ola Johan", "Ola Johan Maur", " Ola  Johan Maur "])
def test_names_stand_as_they_are_said(name: str) -> None:
    """Surname first with a comma is turned."""
    assert "Ola Johan Maur" == one(f'Elevnr;Navn;Født\n1;"{name}";05.03.2010\n').name


# --- guardians --------------------------------------------------------------------------------------------------------


def test_guardians_may_have_rows_of_their_own() -> None:
    """One row for each pupil and guardian: they are gathered, a row that stands twice counts once, in any order."""
    rows = ["1;Ola Maur;05.03.2010;Kari Maur;91234567", "1;Ola Maur;05.03.2010;Per Maur;99139794",
            "2;Eli Tue;05.04.2010;Åse Tue;40012345", "1;Ola Maur;05.03.2010;Kari Maur;91234567"]  # fmt: skip
    head = "Elevnr;Elev;Født;Foresatt;Foresatt mobil\n"
    for order in (rows, rows[::-1]):
        told = {pupil.key: pupil for pupil in read(head + "\n".join(order) + "\n").pupils}
        assert {"Kari Maur", "Per Maur"} == {known.name for known in told["1"].known or ()}
        assert (2, 1, OPEN) == (len(told["1"].known or ()), len(told["2"].known or ()), told["1"].enrolments)


def test_a_third_and_a_fourth_guardian_are_known_too() -> None:
    """Stepfamilies and foster homes."""
    names = "".join(f";Foresatt {n} navn;Foresatt {n} mobil" for n in (1, 2, 3, 4))
    who = one(f"Elevnr;Navn;Født{names}\n1;Ola;05.03.2010;A A;1;B B;2;C C;3;D D;4\n")

    assert [("A A", "1"), ("B B", "2"), ("C C", "3"), ("D D", "4")] == [(k.name, k.mobile) for k in who.known or ()]


def test_mother_and_father_are_the_first_and_second() -> None:
    """Mor, Far; their mobiles beside them."""
    who = one("Elevnr;Navn;Født;Mor;Mors mobil;Far;Fars e-post\n1;Ola;05.03.2010;Kari M;91234567;Per M;p@example.org\n")

    assert [("Kari M", "91234567", ""), ("Per M", "", "p@example.org")] == [
        (k.name, k.mobile, k.email) for k in who.known or ()
    ]


def test_what_a_list_has_no_column_for_it_does_not_say() -> None:
    """Without a column of protection nothing is said of it: what is known stays."""
    assert None is one("Elevnr;Navn;Født\n1;Ola Maur;05.03.2010\n").shielded
    assert one("Elevnr;Navn;Født;Skjermet\n1;Ola Maur;05.03.2010;ja\n").shielded


# --- saved mappings ---------------------------------------------------------------------------------------------------


def test_a_mapping_is_saved_as_it_was_understood_and_reads_the_same(tmp_path: Path) -> None:
    """Names of columns and forms of dates; no value of the list."""
    text = "Id nr;Etternavn;Fornavn;Født\nq1;Qvinnelyn;Ola;05.03.2010\n".replace("Id nr", "Elevnr")
    roster = CsvRoster(text.encode(), settings=YEAR, today=TODAY)
    expected = roster.read().pupils
    assert roster.used is not None
    file = mappings.save(tmp_path / "mappings", "skolen", roster.used)
    saved = file.read_text("utf-8")

    assert 0o600 == file.stat().st_mode & 0o777
    assert [] == [value for value in ("Qvinnelyn", "q1", "2010") if value in saved]
    assert expected == read(text, mapping=mappings.load(tmp_path / "mappings", "skolen")).pupils
    assert ["skolen"] == mappings.names(tmp_path / "mappings")


def test_a_mapping_names_columns_that_no_word_would_tell(tmp_path: Path) -> None:
    """Written by hand: other names, parts put together, a key of two columns."""
    (tmp_path / "egen.toml").write_text(
        'key = ["navn", "født"]\n[columns]\nnavn = ["F", "E"]\n"født" = "D"\nforesatt_navn = "G"\n'
        '[file]\nseparator = "|"\nencoding = "cp1252"\n',
        "utf-8",
    )
    who = one("F|E|D|G|X\nOla|Mår|05.03.2010|Kari|y\n".encode("cp1252"), mapping=mappings.load(tmp_path, "egen"))

    assert ("Ola Mår|2010-03-05", "Ola Mår", "Kari") == (who.key, who.name, who.known[0].name)  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("columns", "mapping_wrong"),
        ("[colums]\n", "mapping_wrong"),
        ('[columns]\nnavn = "A"\nfødselsdag = "B"\n', "mapping_wrong"),
        ('[columns]\nnavn = "A"\nklasse = ["B", "C"]\n', "mapping_wrong"),
        ("[columns]\nnavn = 7\n", "mapping_wrong"),
        ('[columns]\nelev_id = "A"\nnavn = "B"\n"født" = "C"\n[dates]\n"født" = "MM/DD/YYYY"\n', "mapping_wrong"),
        ('[columns]\nelev_id = "A"\nnavn = "B"\n', "roster_headers"),
        ('key = ["klasse"]\n[columns]\nnavn = "B"\n"født" = "C"\n', "mapping_wrong"),
    ],
)
def test_a_mapping_that_cannot_be_is_told(tmp_path: Path, text: str, code: str) -> None:
    """What is wrong in it is named."""
    (tmp_path / "egen.toml").write_text(text, "utf-8")
    with pytest.raises(UsageFault, match=code):
        mappings.load(tmp_path, "egen")


@pytest.mark.parametrize("name", ["../keys", "A", "", "a b", "a" * 41])
def test_a_mappings_name_is_a_word(tmp_path: Path, name: str) -> None:
    """It becomes a file's name."""
    with pytest.raises(UsageFault, match="mapping_name"):
        mappings.load(tmp_path, name)


def test_a_column_of_the_mapping_that_is_not_there_is_named() -> None:
    """The export has changed: nothing is read by other columns instead."""
    told = Mapping({"elev_id": ("Elevnr",), "navn": ("Navn",), "født": ("Født",), "fnr": ("Fnr",)})

    assert "Fnr" in refused(PLAIN, mapping=told).message


# --- workbooks --------------------------------------------------------------------------------------------------------


def book(*rows: list[object], sheet: str = "Elever", extra: str = "") -> bytes:
    """A workbook with these rows."""
    made = openpyxl.Workbook()
    first = made.active
    assert first is not None
    first.title = sheet
    for row in rows:
        first.append(row)
    if extra:
        made.create_sheet(extra).append(["noe", "annet"])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


HEAD: list[object] = ["Elevnr", "Navn", "Født", "Start", "Fødselsnummer", "Skjermet"]


def read_book(data: bytes, **more: object) -> Listed:
    """What it tells."""
    return XlsxRoster(data, settings=YEAR, today=TODAY, **more).read()  # type: ignore[arg-type]


def test_a_workbook_is_read_with_its_own_kinds_of_cells() -> None:
    """Dates as date cells, numbers as numbers, ticks as booleans; a number that lost its zero is told."""
    born = datetime.combine(date(2010, 3, 5), time())
    rows = [
        [7, "Maur, Ola", born, date(2026, 8, 17), int(SYNTHETIC), True],
        [8.0, "Tue, Eli", born, date(2026, 8, 17), 1810000186, False],
    ]
    told = read_book(book(["Elevliste"], [], HEAD, *rows, extra="Notater"))
    ola, eli = told.pupils

    assert ("7", "Ola Maur", date(2010, 3, 5), SYNTHETIC, True) == (
        ola.key,
        ola.name,
        ola.born,
        ola.number,
        ola.shielded,
    )
    assert ("8", "", False) == (eli.key, eli.number, eli.shielded)
    assert [(5, "Fødselsnummer", "fnr_lost_leading_zero")] == [(p.line, p.column, p.code) for p in told.left_out]
    assert "Elever" == dict(told.understood)["sheet"]


def test_days_that_lost_their_format_are_excels_days() -> None:
    """40242 is 5 March 2010."""
    assert date(2010, 3, 5) == read_book(book(HEAD[:3], [1, "Ola", 40242], [2, "Per", 39908])).pupils[0].born


def test_a_formula_without_its_result_and_an_error_are_told() -> None:
    """A program that wrote formulas and never worked them out leaves nothing to read; a column that is not used may
    hold what it likes."""
    told = book([*HEAD[:3], "X"], [1, "Ola", "=DATE(2010,3,5)", "=1/0"], [2, "#N/A", date(2010, 4, 5), "#REF!"])
    with pytest.raises(Unreadable) as fault:
        read_book(told)

    assert {(2, "Født", "roster_formula"), (3, "Navn", "roster_cell")} == {
        (place.line, place.column, place.code) for place in fault.value.places
    }


def test_two_sheets_that_may_be_the_list_are_asked_about() -> None:
    """The mapping names one."""
    made = openpyxl.Workbook()
    for title in ("Vg1", "Vg2"):
        sheet = made.create_sheet(title)
        sheet.append(HEAD[:3])
        sheet.append([title, "Ola", date(2010, 3, 5)])
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(Unreadable, match="roster_sheets") as fault:
        read_book(out.getvalue())
    told = Mapping({"elev_id": ("Elevnr",), "navn": ("Navn",), "født": ("Født",)}, sheet="Vg2")

    assert "Vg1, Vg2" in fault.value.message
    assert ["Vg2"] == [pupil.key for pupil in read_book(out.getvalue(), mapping=told).pupils]


def test_a_workbook_cut_anywhere_is_refused() -> None:
    """Its table of contents stands at the end."""
    whole = book(HEAD[:3], [1, "Ola", date(2010, 3, 5)])
    for cut in range(0, len(whole) - 1, len(whole) // 25):
        with pytest.raises(Unreadable):
            read_book(whole[:cut])


def test_a_workbook_that_unpacks_to_too_much_is_refused_unopened() -> None:
    """By what it says of itself, and by how tightly it is packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b" " * 5_000_000)
    with pytest.raises(Unreadable, match="roster_too_large"):
        read_book(out.getvalue())
    small = RosterSettings(max_bytes=1_000)
    with pytest.raises(Unreadable, match="roster_too_large"):
        XlsxRoster(book(HEAD[:3], [1, "Ola", date(2010, 3, 5)]), settings=small).read()
    few = RosterSettings(max_rows=3)
    with pytest.raises(Unreadable, match="roster_too_large"):
        XlsxRoster(book(HEAD[:3], *([n, "Ola", date(2010, 3, 5)] for n in range(5))), settings=few).read()


def test_entities_in_a_workbook_are_not_followed() -> None:
    """A declared entity in its XML is refused, not expanded."""
    data = book(HEAD[:3], [1, "Ola", date(2010, 3, 5)])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            text = old.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                text = text.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1)
            new.writestr(info.filename, text)
    with pytest.raises(Unreadable, match="roster_broken"):
        read_book(out.getvalue())
