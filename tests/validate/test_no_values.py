"""Ten thousand bad rows, and not one value in anything that could be logged, raised, kept or shown.

Belongs here: what judging itself says, raises and leaves behind. Does not belong here: whole runs (`tests/privacy`).
"""

import io
import json
import logging
import pickle
import re
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest

from schemas.documents import Opened, ReadEntry, ReadField, ReadForm, Reading
from schemas.errors import UsageFault
from schemas.frames import EntriesAsRead, EntriesJudged
from schemas.judging import judge
from schemas.settings import Settings
from schemas.stations import build
from store.ledger import Claimed
from tasks.reconcile.listing import COLUMNS as HEADERS
from tasks.reconcile.roster_csv import CsvRoster
from tasks.validate.step import validate_batch

ROWS = 10_000
TEST = Settings(environment="test")
PLANTED = re.compile(rb"zq[a-z]|[0-9]{8}", re.IGNORECASE)
"""A planted word, or digits enough for a number or a mobile; nothing else in what is searched has either."""


def cells(at: int) -> dict[str, str]:
    """What stands in one bad row: every cell is wrong, and says so with a planted word or digits."""
    digits = f"{(at * 7_919 + 11) % 10**11:011}"
    numbers = (digits, f"{digits} Zqnummer", digits[:9], f"Zqfnr{at}")
    return {
        "pupil": f"12345 {digits}" if at % 3 else f"Zqelev{at}",
        "fnr": numbers[at % 4],
        "name": "-" if at % 2 else f"Zqnavn {at}",
        "mobile": f"Zqmobil {at % 300:09}",  # each different one is parsed, which takes a moment
        "email": f"zqpost{at % 300} krøllalfa zqsted",
    }


def searched(*told: object) -> list[bytes]:
    """The planted values found in texts and bytes."""
    return [
        found[0] for one in told for found in PLANTED.finditer(one if isinstance(one, bytes) else str(one).encode())
    ]


def everything_of(error: BaseException) -> list[object]:
    """All that can be written down of an exception: text, repr, traceback with causes, pickle."""
    told = [str(error), repr(error), "".join(traceback.format_exception(error)), pickle.dumps(error)]
    return [*told, *(everything_of(error.__context__) if error.__context__ else [])]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """The bad rows as extract would hand them over."""
    rows = [cells(at) for at in range(ROWS)]
    return build(
        EntriesAsRead,
        submission=[f"S-{at // 2}" for at in range(ROWS)],
        slot=[at % 2 + 1 for at in range(ROWS)],
        ord=[0] * ROWS,
        refused=[at % 11 == 0 for at in range(ROWS)],
        **{name: [row[name] for row in rows] for name in rows[0]},
    )


def test_the_search_finds_what_is_planted(frame: pd.DataFrame) -> None:
    """The search below is not blind: every cell of every row but an empty name has something for it."""
    text = frame[["pupil", "fnr", "mobile", "email"]].map(lambda cell: bool(PLANTED.search(cell.encode())))

    assert text.all().all()
    assert searched(frame.to_csv())


@dataclass
class Judging:
    """What came of judging: the failures, what was logged or printed, and what pandera raised inside."""

    failures: pd.DataFrame = field(default_factory=pd.DataFrame)
    raised: list[pa.errors.SchemaErrors] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)


@pytest.fixture(scope="module")
def judged(frame: pd.DataFrame) -> Judging:
    """The rows judged once, with everybody listening."""
    validate: Callable[..., Any] = EntriesJudged.validate
    made = Judging()
    handler = logging.StreamHandler(made.log)

    def listening(*args: Any, **kwargs: Any) -> Any:
        try:
            return validate(*args, **kwargs)
        except pa.errors.SchemaErrors as error:
            made.raised.append(error)
            raise

    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(made.log), redirect_stderr(made.log):
            patch.setattr(EntriesJudged, "validate", listening)
            made.failures = judge(frame, TEST).failures
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    return made


def test_judging_says_nothing_of_what_it_judged(judged: Judging) -> None:
    """Failure table, its pickle, logs of every level and both outputs are free of values; and all rows are bad."""
    told = judged.failures

    assert ROWS == len(told[["submission", "slot"]].drop_duplicates())
    assert [] == searched(told.to_csv(), told.to_json(), pickle.dumps(told), repr(told), judged.log.getvalue())


def test_panderas_own_exception_knows_no_value(judged: Judging) -> None:
    """What pandera raises over ten thousand bad rows (text, table of failures, pickle, the frame it carries) has codes
    and counts only, though nobody outside ever sees it."""
    (raised,) = judged.raised
    table, data = raised.failure_cases, raised.data

    assert len(table) > 3 * ROWS
    assert [] == searched(table.to_csv(), data.to_csv(), raised.message, *everything_of(raised))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: f.astype({"fnr": object, "name": object}),
        lambda f: f.assign(slot="Zqslot"),
        lambda f: f.assign(slot=-1),
        lambda f: f.assign(ord=0, slot=1, submission="S-A"),
        lambda f: f.drop(columns="mobile"),
    ],
    ids=["objects", "text for a number", "no such column", "one place", "missing"],
)
def test_a_frame_refused_whole_is_not_repeated(frame: pd.DataFrame, spoil: Any) -> None:
    """Neither the exception nor its cause, context, traceback or pickle holds a value of the frame."""
    with pytest.raises(TypeError) as raised:
        judge(spoil(frame), TEST)

    assert [] == searched(*everything_of(raised.value))


def test_a_batch_of_bad_forms_becomes_codes(caplog: pytest.LogCaptureFixture) -> None:
    """Through the step itself: every form has its reasons, and neither they nor what is shown of a verdict, nor the
    counts that a steward sees, hold a value."""
    caplog.set_level(logging.DEBUG)
    ids = [f"S-{at}" for at in range(ROWS)]
    now = datetime.now(UTC)
    claims = [Claimed(ident, "post", now, b"", "text/plain", "", 0, False) for ident in ids]
    opened = dict.fromkeys(ids, Opened("text", "not_encrypted"))
    readings = {ident: Reading((ReadForm((entry(at),)),)) for at, ident in enumerate(ids)}
    verdicts = validate_batch(claims, opened, readings, TEST)
    counts = Counter(fault.code for one in verdicts for entry in one.entries for fault in entry.faults)

    assert all(entry.faults for one in verdicts for entry in one.entries)
    assert {"fnr_length", "fnr_date", "name_missing", "mobile_invalid", "email_invalid"} <= set(counts)
    assert [] == searched(caplog.text, repr(verdicts), json.dumps(counts))


def entry(at: int) -> ReadEntry:
    """A bad row as extract reads it off a form."""
    read = {name: ReadField(value, 1.0, "line 1", "accepted") for name, value in cells(at).items()}
    return ReadEntry(1, **read)


def test_the_artifact_of_a_run_has_counts_only(judged: Judging, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed to Prefect to be shown is codes and numbers of rows, small ones hidden."""
    from tasks.report import summary

    handed: list[dict[str, Any]] = []
    monkeypatch.setattr(summary, "create_table_artifact", lambda **told: handed.append(told))
    summary.publish("intake", {"reasons": Counter(judged.failures["code"])})

    assert {"what", "code", "count"} == set(handed[0]["table"][0])
    assert [] == searched(json.dumps(handed))


def test_a_list_of_bad_lines_becomes_places(caplog: pytest.LogCaptureFixture) -> None:
    """Ten thousand faulty lines of the roster give a short text of lines, columns and codes."""
    caplog.set_level(logging.DEBUG)
    line = ["Zqnøkkel{0}", "Zqelev {0}", "Zqdato", "Zqklasse", "zq", "", "", "zq", "zq", "12345{0:06}"]
    body = "\r\n".join(";".join([*line, *["Zqforesatt"] * 10]).format(at) for at in range(ROWS))
    with pytest.raises(UsageFault) as raised:
        CsvRoster(f"{';'.join(HEADERS)}\r\n{body}".encode()).read()

    assert len(raised.value.message) < 1000
    assert [] == searched(raised.value.next_step, caplog.text, *everything_of(raised.value))
