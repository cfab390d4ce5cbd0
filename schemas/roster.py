"""The roster's file as a pandera model: one row a line of it, one vectorised check a rule, failures by line and column.

Belongs here: the columns of the school's list, their meaning and their rules. Does not belong here: reading a file
(`tasks/reconcile`), and which numbers this store may hold: that is the store's environment, asked at import.
"""

from datetime import date
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from schemas.identity import classify
from schemas.stations import Station, row_rule, rule

YES: Final = ("ja", "j", "1", "x", "true", "yes")
NO: Final = ("nei", "n", "0", "false", "no")
DATES: Final = ("født", "start", "slutt", "avbrudd")
NUMBERS: Final = ("fnr", "foresatt1_fnr", "foresatt2_fnr")
UNUSABLE: Final = ("fnr_length", "fnr_lost_leading_zero", "fnr_date", "fnr_checksum")
"""Rules that leave a cell out instead of stopping the file: a pupil without a number is one all the same."""
WORDS: Final = {
    "roster_incomplete": "must be filled in",
    "roster_date": "not a date like 2026-08-17",
    "roster_yes_no": "neither ja nor nei",
    "roster_contradicts": "another than in an earlier line of the same elev_id",
    "roster_age": "the pupil would be younger than 10 or older than 100 at the start",
    "roster_date_form": "its dates can be read in more than one way: name the form in a mapping",
    "roster_key": "tells pupils apart, and is not a whole number here",
    "roster_formula": "a formula without its result: open and save the file in the spreadsheet program",
    "roster_cell": "the spreadsheet shows an error here",
    "roster_no_start": "nothing says when enrolments start: set roster.year_starts to the first day of the school year",
    "roster_year_over": "the school year of the settings is over: set roster.year_starts and roster.year_ends anew",
    "roster_no_birth": "no birth date: the list cannot be used without",
    "roster_loose": "belongs to nothing that is told",
}
"""What is said of a rule that stops the file."""
WHERE: Final = {"roster_contradicts": "født", "roster_age": "født"}
"""The column that a rule of the whole row is about."""


def _cell(description: str) -> Any:
    return pa.Field(nullable=True, description=description)


def _day(text: Any) -> Any:
    return pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")


def _is_day(text: Any) -> Any:
    return text.isna() | (text.str.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}").fillna(value=False) & _day(text).notna())


def _number(code: str, sentence: str) -> Any:
    """Form alone, so by the rule of 2032 too, and of every kind; what may be used is for the store to say."""

    def holds(numbers: Any) -> Any:
        return ~classify(numbers, environment="production", accept_2032_from=date.min)["reason"].eq(code)

    return rule(NUMBERS, code, sentence, holds)


def _one_truth(frame: pd.DataFrame, column: str, of: list[str]) -> Any:
    """Where the first line with the same `of` says the same in `column`."""
    return frame[column].fillna("").eq(frame.groupby(of, dropna=False)[column].transform("first").fillna(""))


def _plausible(frame: pd.DataFrame) -> Any:
    years = (_day(frame["start"]) - _day(frame["født"])).dt.days / 365.25
    return years.isna() | years.between(10, 100)


class RosterRows(Station):
    """One row a line of the school's list, which is one enrolment of one pupil. Empty cells are missing."""

    line: Series[int] = pa.Field(description="Line of the file in which the row ends; no column of it.")
    elev_id: Series[str] = _cell("The list's own id of the pupil; rows with the same are one pupil.")
    navn: Series[str] = _cell("The pupil's name.")
    født: Series[str] = _cell("Birth date. It, never the number, decides who is 18.")
    klasse: Series[str] = _cell("Class, as it is shown on lists.")
    start: Series[str] = _cell("First day of the enrolment.")
    slutt: Series[str] = _cell("Last day of the enrolment; empty while it is open.")
    avbrudd: Series[str] = _cell("First day on which the pupil is no longer one, where the stay was broken off.")
    avgangselev: Series[str] = _cell("ja: nothing follows this enrolment. Empty is nei.")
    skjermet: Series[str] = _cell("ja: the pupil is protected. One line that says so is enough. Empty is nei.")
    fnr: Series[str] = _cell("The pupil's identity number.")
    foresatt1_navn: Series[str] = _cell("First known guardian; without a name the other cells are not used.")
    foresatt1_fnr: Series[str] = _cell("Identity number.")
    foresatt1_mobil: Series[str] = _cell("Mobile.")
    foresatt1_epost: Series[str] = _cell("E-mail address.")
    foresatt1_adresse: Series[str] = _cell("Postal address, for letters.")
    foresatt2_navn: Series[str] = _cell("Second known guardian.")
    foresatt2_fnr: Series[str] = _cell("Identity number.")
    foresatt2_mobil: Series[str] = _cell("Mobile.")
    foresatt2_epost: Series[str] = _cell("E-mail address.")
    foresatt2_adresse: Series[str] = _cell("Postal address, for letters.")

    filled = rule(
        ("elev_id", "navn", "født", "start"), "roster_incomplete", "It is filled in.", lambda text: text.notna()
    )
    dates = rule(DATES, "roster_date", "It is empty or a date that exists, as year-month-day.", _is_day)
    words = rule(
        ("avgangselev", "skjermet"),
        "roster_yes_no",
        "It is ja, nei or empty.",
        lambda text: text.isna() | text.str.lower().isin([*YES, *NO]),
    )
    length = _number("fnr_length", "A number has eleven digits, and nothing else but separators.")
    lost_zero = _number("fnr_lost_leading_zero", "No spreadsheet has taken its first zero.")
    number_date = _number("fnr_date", "Its first six digits are a date.")
    checksum = _number("fnr_checksum", "Its check digits are right.")

    one_birth_date = row_rule(
        "roster_contradicts", "A pupil has one birth date.", lambda frame: _one_truth(frame, "født", ["elev_id"])
    )
    plausible_age = row_rule("roster_age", "The pupil is 10 to 100 years old at the start.", _plausible)
