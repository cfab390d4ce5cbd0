"""The frame between extract and reconcile, as a pandera model: one row an entry, one vectorised check a rule.

The checks are named after the field they judge; the reason code comes from the field's own classifier, so that a
failure is a row of (place, field, code) and never text with a value.
"""

from typing import Any, Final, cast

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from schemas.contact import check_email, check_mobile
from schemas.identity import classify
from schemas.names import tidy
from schemas.settings import Settings
from schemas.verdicts import Fault

TEXT: Final = ("pupil", "fnr", "name", "mobile", "email")
WARNINGS: Final = frozenset({"mobile_invalid", "mobile_no_sms", "email_invalid", "email_looks_mistyped"})


class EntriesAsRead(pa.DataFrameModel):
    """One row an entry, as read off the forms, corrections laid over it. Missing cells are missing, not ""."""

    submission: Series[str] = pa.Field(description="Id of the submission.")
    slot: Series[int] = pa.Field(ge=1, description="Column of the form: 1 or 2.")
    ord: Series[int] = pa.Field(ge=0, description="Which pupil named in that column.")
    pupil: Series[str] = pa.Field(nullable=True, description="The pupil's name.")
    fnr: Series[str] = pa.Field(nullable=True, description="The guardian's identity number.")
    name: Series[str] = pa.Field(nullable=True, description="The guardian's name.")
    mobile: Series[str] = pa.Field(nullable=True, description="The guardian's mobile.")
    email: Series[str] = pa.Field(nullable=True, description="The guardian's e-mail address.")
    refused: Series[bool] = pa.Field(description="The refusal box is ticked.")

    class Config:
        """Exactly these columns with these types: nothing is coerced."""

        strict = True
        coerce = False


def judge(frame: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, dict[int, list[Fault]]]:
    """`frame` (EntriesAsRead) with the clean values, and the faults of each row by its position.

    Rows that refuse are not judged on their number: it is dropped unread. Raises `TypeError` where the frame itself is
    not what extract promises.
    """
    codes = _codes(frame, settings)

    class Judged(EntriesAsRead):
        """The same frame with every rule switched on, for these settings."""

        @pa.check("pupil", name="pupil", ignore_na=False)
        def pupil_named(cls, column: "pd.Series[str]") -> "pd.Series[bool]":
            """A pupil is named."""
            return _fine(codes["pupil"])

        @pa.check("fnr", name="fnr", ignore_na=False)
        def number_accepted(cls, column: "pd.Series[str]") -> "pd.Series[bool]":
            """The number may log in here, today."""
            return _fine(codes["fnr"])

        @pa.check("name", name="name", ignore_na=False)
        def guardian_named(cls, column: "pd.Series[str]") -> "pd.Series[bool]":
            """The guardian is named."""
            return _fine(codes["name"])

        @pa.check("mobile", name="mobile", ignore_na=False)
        def mobile_usable(cls, column: "pd.Series[str]") -> "pd.Series[bool]":
            """The mobile, where given, can take an SMS."""
            return _fine(codes["mobile"])

        @pa.check("email", name="email", ignore_na=False)
        def email_usable(cls, column: "pd.Series[str]") -> "pd.Series[bool]":
            """The e-mail address, where given, is one."""
            return _fine(codes["email"])

        @pa.dataframe_check(name="fnr_same_on_both")
        def number_once(cls, rows: pd.DataFrame) -> "pd.Series[bool]":
            """Two guardians on one form do not share a number."""
            return _fine(codes["same"].where(codes["same"]))

    faults: dict[int, list[Fault]] = {}
    for place, rule in _failures(Judged, frame):
        if rule == "fnr_same_on_both":
            faults.setdefault(place, []).append(Fault("fnr", rule))
        else:
            faults.setdefault(place, []).append(Fault(rule, str(codes[rule].iloc[place])))
    clean = frame.assign(fnr=codes["clean_fnr"], name=codes["clean_name"], pupil=codes["clean_pupil"])
    return clean.assign(mobile=codes["clean_mobile"], email=codes["clean_email"]), faults


def _fine(codes: "pd.Series[str]") -> "pd.Series[bool]":
    """True where there is no code."""
    return codes.isna()


def _failures(model: type[EntriesAsRead], frame: pd.DataFrame) -> list[tuple[int, str]]:
    """(row position, check) of every failure; the exception, which holds values, goes no further."""
    try:
        model.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases[["check", "index"]].drop_duplicates()
        listed = [(row.index, str(row.check)) for row in cases.itertuples(index=False, name="Case")]
        known = {"pupil", "fnr", "name", "mobile", "email", "fnr_same_on_both"}
        broken = any(check not in known for _, check in listed)
    else:
        return []
    if broken:
        raise TypeError("the frame of entries is not as extract promises")
    return sorted({(int(cast(Any, place)), check) for place, check in listed})


def _codes(frame: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Every column's reason codes (missing = fine) and clean values, by column."""
    ident = settings.identity
    judged = classify(
        frame["fnr"],
        environment=settings.environment,
        plus40=ident.plus40,
        accept_2032_from=ident.accept_2032_from,
    )
    refused = frame["refused"].to_numpy()
    fnr = judged["reason"].astype("str").where(judged["reason"].notna() & ~refused)
    digits = frame["fnr"].str.replace(r"\D", "", regex=True).where(judged["accepted"] & ~refused)
    twice = digits.notna() & pd.DataFrame({"s": frame["submission"], "n": digits, "slot": frame["slot"]}).groupby(
        ["s", "n"]
    )["slot"].transform("nunique").gt(1).reindex(frame.index, fill_value=False)
    mobile = [check_mobile(v) if isinstance(v, str) else (None, None) for v in frame["mobile"]]
    email = [check_email(v) if isinstance(v, str) else (None, None) for v in frame["email"]]
    name = frame["name"].map(lambda v: tidy(v) if isinstance(v, str) else None).astype("str")
    pupil = frame["pupil"].map(lambda v: tidy(v) if isinstance(v, str) else None).astype("str")
    told: Any = pd.Series

    def column(values: list[str | None]) -> Any:
        return told(values, index=frame.index, dtype="str")

    return {
        "pupil": column(["pupil_missing" if not isinstance(v, str) or not v else None for v in pupil]),
        "fnr": fnr,
        "name": column(["name_missing" if not isinstance(v, str) or not v else None for v in name]),
        "mobile": column([code for _, code in mobile]),
        "email": column([code for _, code in email]),
        "same": twice.astype(bool),
        "clean_fnr": digits,
        "clean_name": name,
        "clean_pupil": pupil,
        "clean_mobile": column([value for value, _ in mobile]),
        "clean_email": column([value for value, _ in email]),
    }
