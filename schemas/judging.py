"""From entries as read to what may be used and what is wrong: the measuring that the rules of `schemas.frames` judge.

Belongs here: asking each field's own judge over whole columns. Does not belong here: the rules (`schemas.frames`), the
fields' own knowledge (`schemas.identity`, `schemas.contact`, `schemas.names`). Cost: numbers at millions a second; a
name, mobile or address once for each distinct value, a foreign mobile or unusual address at some ten thousand a second.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from schemas.contact import check_email, check_mobile
from schemas.due import is_adult
from schemas.frames import FORMS_APART, EntriesAsRead, EntriesJudged, EntriesValidated, Failures
from schemas.identity import classify
from schemas.names import tidy
from schemas.numbers import clean, was_folded
from schemas.reasons import reason
from schemas.settings import Settings
from schemas.stations import check, misfits

PLACE: Final = ["submission", "slot", "ord"]

Text = Any  # pd.Series[str]; pandas' own stubs know no missing text


class Judged(NamedTuple):
    """`clean` is an `EntriesValidated`, row for row as read; `failures` a `Failures`, in the order of the rows."""

    clean: pd.DataFrame
    failures: pd.DataFrame


def judge(frame: pd.DataFrame, settings: Settings, today: date | None = None) -> Judged:
    """Judge entries (an `EntriesAsRead`). Whatever is written becomes a verdict; nothing a form says raises.

    The number of whoever refuses is dropped unread. `today` (Europe/Oslo's where None) counts for the switch of 2032
    and for how old a birth-date hint makes a guardian. Raises TypeError where the frame itself is not as its model
    says.
    """
    frame = check(EntriesAsRead, frame).reset_index(drop=True)
    today = today or datetime.now(ZoneInfo("Europe/Oslo")).date()
    clean_, measures = _measure(frame, settings, today)
    found = misfits(EntriesJudged, measures)
    places = frame[PLACE].take(np.array([one.row for one in found], dtype=np.intp)).reset_index(drop=True)
    failures = places.assign(
        field=pd.Series([reason(one.rule).field for one in found], dtype="str"),
        code=pd.Series([one.rule for one in found], dtype="str"),
    )
    return Judged(check(EntriesValidated, clean_), check(Failures, failures))


def _measure(frame: pd.DataFrame, settings: Settings, today: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(EntriesValidated, EntriesJudged) of the frame."""
    rules = settings.identity
    refused = frame["refused"]
    given: Text = frame["fnr"].mask(refused)
    number = classify(
        given,
        environment=settings.environment,
        on=today,
        plus40=rules.plus40,
        accept_2032_from=rules.accept_2032_from,
    )
    usable: Text = _digits(given.where(number["accepted"]))
    mobile, mobile_reason = _each(frame["mobile"], check_mobile)
    email, email_reason = _each(frame["email"], check_email)
    pupil, _ = _each(frame["pupil"], _name)
    name, _ = _each(frame["name"], _name)
    clean_ = frame[PLACE].assign(pupil=pupil, fnr=usable, name=name, mobile=mobile, email=email, refused=refused)
    measures = frame[PLACE].assign(
        pupil_filled=pupil.notna(),
        name_filled=name.notna(),
        number_reason=number["reason"].astype("str").mask(refused),
        number_folded=_folded(given, usable),
        number_columns=_columns(frame, usable),
        looks_minor=_looks_minor(number["birth_date_hint"].where(usable.notna()), today, settings),
        refused_number=refused & frame["fnr"].notna(),
        mobile_reason=mobile_reason,
        mobile_columns=_columns(frame, mobile),
        email_reason=email_reason,
        email_columns=_columns(frame, email.str.lower()),
    )
    return clean_, measures


def _each(column: Text, judge_one: Callable[[str], tuple[str | None, str | None]]) -> tuple[Text, Text]:
    """(values, reasons) that `judge_one` gives, asked once for each distinct text; missing where that is missing."""
    codes, distinct = pd.factorize(column)
    told = [*(judge_one(text) for text in distinct), (None, None)]  # the last is what -1, a missing cell, picks
    values, reasons = ([one[at] for one in told] for at in (0, 1))
    return _texts(values, codes), _texts(reasons, codes)


def _texts(distinct: Sequence[str | None], codes: Any) -> Text:
    return pd.Series(pd.array(distinct, dtype="str").take(codes))


def _name(text: str) -> tuple[str | None, None]:
    """A name without a letter is none: a dash or a dot is how people leave a cell empty."""
    name = tidy(text)
    return (name if any(c.isalpha() for c in name) else None), None


def _digits(accepted: Text) -> Text:
    """Accepted numbers as eleven ASCII digits."""
    plain = accepted.str.fullmatch("[0-9]{11}").fillna(value=True).astype(bool)
    return accepted.where(plain, _each(accepted.where(~plain), lambda text: (clean(text), None))[0])


def _folded(given: Text, usable: Text) -> Any:
    """Where digits of another script were read as ordinary ones."""
    changed = usable.notna() & given.ne(usable)
    folded = np.zeros(len(given), dtype=bool)
    folded[changed] = [was_folded(text) for text in given[changed]]
    return folded


def _columns(frame: pd.DataFrame, values: Text) -> Any:
    """In how many columns of its form each value stands; 1 where there is none."""
    held = pd.DataFrame({"submission": frame["submission"], "form": frame["ord"] // FORMS_APART, "value": values})
    twice = values.notna() & held.duplicated(keep=False)
    count = np.ones(len(frame), dtype=np.int64)
    groups = held.assign(slot=frame["slot"])[twice].groupby(list(held.columns))
    count[twice] = groups["slot"].transform("nunique")
    return count


def _looks_minor(hints: Any, today: date, settings: Settings) -> Any:
    """Where the number's birth-date hint says under 18. Only a warning hangs on it: the hint decides nothing."""
    codes, distinct = pd.factorize(hints)
    leap_day = settings.retention.leap_day
    minor = [not is_adult(born, today, leap_day) for born in pd.DatetimeIndex(distinct).date]
    return np.array([*minor, False], dtype=bool)[codes]
