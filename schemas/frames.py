"""The frames between the steps as pandera models: entries as read, judged, validated and reconciled, and failures.

Belongs here: columns, types, and every rule as one named, vectorised check. Does not belong here: measuring
(`schemas.judging`), the roster's own file (`schemas.roster`). The rules about a form stand on `EntriesJudged`, which
holds codes, counts and truths and no value: what pandera says of a failing row cannot repeat what stands on the form.
A station for the register comes with the register's client; until then nothing would live in it.
"""

from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from schemas.names import LONGEST
from schemas.outcomes import EntryOutcome
from schemas.reasons import CATALOGUE
from schemas.stations import Station, row_rule, rule

FORMS_APART: Final = 10
"""`ord` of the first entry of the second form in a document: room for nine pupils in a column."""
BASES: Final = ("register", "roster", "steward")
Out = EntryOutcome


def _says(column: str, code: str, sentence: str) -> Any:
    """The rule that `column`, which holds a classifier's codes, does not hold this one."""
    return rule(column, code, sentence, lambda codes: codes.ne(code))


def _fits(column: str, name: str, sentence: str, pattern: str) -> Any:
    """The rule that text, where there is any, is of this form as a whole."""
    return rule(column, name, sentence, lambda text: text.isna() | text.str.fullmatch(pattern).fillna(value=False))


class Place(Station):
    """Where an entry stands: it is found again by these through every reprocessing."""

    submission: Series[str] = pa.Field(description="Id of the submission.")
    slot: Series[int] = pa.Field(description="Column of the form, 1 or 2; 0 is the document as a whole.")
    ord: Series[int] = pa.Field(description="Which pupil named in that column, from 0; 10 on for a second form.")

    place_once = row_rule(
        "place_once",
        "One row for each place.",
        lambda frame: ~frame.duplicated(["submission", "slot", "ord"], keep=False),
    )
    slot_counts = rule("slot", "slot_counts", "Not negative.", lambda slot: slot.ge(0))
    ord_counts = rule("ord", "ord_counts", "Not negative.", lambda ord_: ord_.ge(0))


class EntriesAsRead(Place):
    """One row an entry, as read off the forms, a steward's corrections laid over it. Anything may be written here."""

    pupil: Series[str] = pa.Field(nullable=True, description="The pupil's name; a missing cell is missing, not empty.")
    fnr: Series[str] = pa.Field(nullable=True, description="What stands in the cell for the identity number.")
    name: Series[str] = pa.Field(nullable=True, description="The guardian's name.")
    mobile: Series[str] = pa.Field(nullable=True, description="What stands in the cell for the mobile.")
    email: Series[str] = pa.Field(nullable=True, description="What stands in the cell for the e-mail address.")
    refused: Series[bool] = pa.Field(description="The refusal box is ticked, or a steward says that it is meant.")


class EntriesJudged(Place):
    """One row an entry, as the judges of each field measure it: codes, counts and truths, and no value."""

    pupil_filled: Series[bool] = pa.Field(description="A pupil is named: there is a letter in the cell.")
    name_filled: Series[bool] = pa.Field(description="The guardian is named.")
    number_reason: Series[str] = pa.Field(
        nullable=True, description="What `classify` says of the number; missing where it may be used, or was refused."
    )
    number_folded: Series[bool] = pa.Field(description="Digits of another script were read as ordinary ones.")
    number_columns: Series[int] = pa.Field(description="In how many columns of the form this usable number stands.")
    looks_minor: Series[bool] = pa.Field(description="By the number's birth-date hint the guardian is under 18.")
    refused_number: Series[bool] = pa.Field(description="A number is written beside a refusal. It is dropped unread.")
    mobile_reason: Series[str] = pa.Field(nullable=True, description="What is wrong with the mobile, where anything.")
    mobile_columns: Series[int] = pa.Field(description="In how many columns of the form this usable mobile stands.")
    email_reason: Series[str] = pa.Field(nullable=True, description="What is wrong with the address, where anything.")
    email_columns: Series[int] = pa.Field(description="In how many columns of the form this usable address stands.")

    pupil_missing = rule("pupil_filled", "pupil_missing", "A pupil is named.", lambda filled: filled)
    name_missing = rule("name_filled", "name_missing", "The guardian is named.", lambda filled: filled)
    fnr_missing = _says("number_reason", "fnr_missing", "A number is given, unless the guardian refuses.")
    fnr_length = _says("number_reason", "fnr_length", "It has eleven digits, and nothing else but separators.")
    fnr_lost_leading_zero = _says(
        "number_reason", "fnr_lost_leading_zero", "It is not ten digits that a zero in front would make a number."
    )
    fnr_date = _says("number_reason", "fnr_date", "Its first six digits are a date that exists, by the kind's rules.")
    fnr_checksum = _says("number_reason", "fnr_checksum", "Its two check digits are right.")
    fnr_kind_no_login = _says(
        "number_reason", "fnr_kind_no_login", "It is a fødselsnummer or a D-number, which alone can log in."
    )
    fnr_synthetic_in_production = _says(
        "number_reason", "fnr_synthetic_in_production", "In a production store it is no test number."
    )
    fnr_real_in_test = _says("number_reason", "fnr_real_in_test", "In a test store it is a test number.")
    fnr_same_on_both = rule(
        "number_columns", "fnr_same_on_both", "Two guardians of one form have two numbers.", lambda count: count.le(1)
    )
    fnr_folded = rule("number_folded", "fnr_folded", "It is written with the digits 0 to 9.", lambda folded: ~folded)
    guardian_maybe_minor = rule(
        "looks_minor",
        "guardian_maybe_minor",
        "By the birth date that the number hints at, the guardian is 18 or more. A hint decides nothing.",
        lambda minor: ~minor,
    )
    refusal_and_number = rule(
        "refused_number", "refusal_and_number", "Whoever refuses gives no number.", lambda number: ~number
    )
    mobile_invalid = _says(
        "mobile_reason", "mobile_invalid", "The mobile, where given, is one number in a range that is handed out."
    )
    mobile_no_sms = _says("mobile_reason", "mobile_no_sms", "The mobile, where given, can receive text messages.")
    mobile_same_on_both = rule(
        "mobile_columns",
        "mobile_same_on_both",
        "Two guardians of one form have two mobiles.",
        lambda count: count.le(1),
    )
    email_invalid = _says("email_reason", "email_invalid", "The address, where given, is one e-mail address.")
    email_looks_mistyped = _says(
        "email_reason", "email_looks_mistyped", "Its domain is not one slip away from a well-known one."
    )
    email_same_on_both = rule(
        "email_columns",
        "email_same_on_both",
        "Two guardians of one form have two addresses.",
        lambda count: count.le(1),
    )


class Failures(Place):
    """What is wrong with a batch of entries: one row a broken rule, codes only."""

    field: Series[str] = pa.Field(description="The field that the catalogue gives the reason.")
    code: Series[str] = pa.Field(description="The reason's code.")

    place_once = row_rule("place_once", "Each reason once for an entry.", lambda frame: ~frame.duplicated(keep=False))
    in_catalogue = rule("code", "in_catalogue", "The catalogue has the code.", lambda code: code.isin(list(CATALOGUE)))


class EntriesValidated(Place):
    """One row an entry, with the values that may be used, in one spelling; what may not is missing."""

    pupil: Series[str] = pa.Field(nullable=True, description="The pupil's name, tidied.")
    fnr: Series[str] = pa.Field(nullable=True, description="The number, eleven digits, usable here today.")
    name: Series[str] = pa.Field(nullable=True, description="The guardian's name, tidied.")
    mobile: Series[str] = pa.Field(nullable=True, description="The mobile as E.164 (+4791234567).")
    email: Series[str] = pa.Field(nullable=True, description="The address, its domain in lower case.")
    refused: Series[bool] = pa.Field(description="The guardian refuses.")

    names_fit = rule(
        ("pupil", "name"),
        "names_fit",
        f"1 to {LONGEST} characters.",
        lambda text: text.isna() | text.str.len().between(1, LONGEST),
    )
    eleven_digits = _fits("fnr", "eleven_digits", "Eleven ASCII digits.", "[0-9]{11}")
    e164 = _fits("mobile", "e164", "A plus and up to 15 digits.", r"\+[1-9][0-9]{3,14}")
    one_address = _fits("email", "one_address", "One @ with something on both sides.", r"[^@\s]+@[^@\s]+")
    refusal_drops_number = row_rule(
        "refusal_drops_number", "A refusal leaves no number.", lambda frame: ~(frame["refused"] & frame["fnr"].notna())
    )


class EntriesReconciled(Place):
    """One row an entry, as decided: what load is about to carry out."""

    pupil_id: Series[str] = pa.Field(nullable=True, description="Id of the pupil, where one is identified.")
    outcome: Series[str] = pa.Field(description="The outcome, before the store's latest state is asked.")
    basis: Series[str] = pa.Field(nullable=True, description="What proves the link: register, roster or steward.")
    holds_number: Series[bool] = pa.Field(description="The decision carries an identity number.")

    outcome_known = rule(
        "outcome",
        "outcome_known",
        "One of the domain's outcomes.",
        lambda outcome: outcome.isin([o.value for o in Out]),
    )
    basis_known = rule(
        "basis", "basis_known", "One of the three.", lambda basis: basis.isna() | basis.isin(list(BASES))
    )
    nothing_without_evidence = row_rule(
        "nothing_without_evidence",
        "Loaded, refused and no_login need a pupil and a basis.",
        lambda frame: (
            ~_is(frame, Out.LOADED, Out.REFUSED, Out.NO_LOGIN) | frame[["pupil_id", "basis"]].notna().all(axis=1)
        ),
    )
    loaded_with_number = row_rule(
        "loaded_with_number", "Nobody is loaded without a number.", lambda f: ~_is(f, Out.LOADED) | f["holds_number"]
    )
    erased_at_once = row_rule(
        "erased_at_once",
        "Refused, no_login and not_applicable carry no number.",
        lambda frame: ~(_is(frame, Out.REFUSED, Out.NO_LOGIN, Out.NOT_APPLICABLE) & frame["holds_number"]),
    )
    not_applicable_to_whom = row_rule(
        "not_applicable_to_whom",
        "Only an identified pupil can be of age or gone.",
        lambda frame: ~_is(frame, Out.NOT_APPLICABLE) | frame["pupil_id"].notna(),
    )


def _is(frame: pd.DataFrame, *outcomes: EntryOutcome) -> "pd.Series[bool]":
    return frame["outcome"].isin([outcome.value for outcome in outcomes])


STATIONS: Final = (EntriesAsRead, EntriesJudged, Failures, EntriesValidated, EntriesReconciled)
"""In the order of the journey."""
