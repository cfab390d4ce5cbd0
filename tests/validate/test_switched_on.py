"""Nothing is believed while validation is off, however it was switched off; and no entry gets lost on the way in."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pandera.config
import pytest

from schemas.documents import Opened, ReadEntry, ReadField, ReadForm, Reading
from schemas.errors import NotReady
from schemas.settings import Settings
from schemas.verdicts import Verdict
from store.ledger import Claimed
from tasks.validate import step
from tasks.validate.step import check_switched_on, validate_batch

TEST = Settings(environment="test")
ALONE = """
from schemas.settings import Settings
from tasks.validate.step import check_switched_on
check_switched_on(Settings(environment="test"))
"""


def verdict(**cells: str) -> Verdict:
    """What becomes of one form with these cells."""
    read = {name: ReadField(value, 1.0, "line 1", "accepted") for name, value in cells.items()}
    reading = Reading((ReadForm((ReadEntry(1, **read),)),))
    claim = Claimed("S-A", "post", datetime.now(UTC), b"", "text/plain", "", 0, False)
    return validate_batch([claim], {"S-A": Opened("text", "not_encrypted")}, {"S-A": reading}, TEST)[0]


# --- switched off -----------------------------------------------------------------------------------------------------


def test_a_known_bad_row_is_found_bad_where_nothing_is_switched_off() -> None:
    """The check passes as the software is shipped, in either environment, and stays passed."""
    for environment in ("test", "production", "test"):
        check_switched_on(Settings(environment=environment))


@pytest.mark.parametrize("off", [{"validation_enabled": False}, {"validation_depth": "SCHEMA_ONLY"}])
def test_panderas_own_configuration_cannot_switch_it_off(off: dict[str, object]) -> None:
    """Off, or reduced to types: nothing is judged until it is on again."""
    check_switched_on(TEST)
    with pandera.config.config_context(**off):  # type: ignore[arg-type]
        for judging in (lambda: check_switched_on(TEST), lambda: verdict(name="Kari")):
            with pytest.raises(NotReady, match="validation_off"):
                judging()
    check_switched_on(TEST)


@pytest.mark.parametrize("variable", ["PANDERA_VALIDATION_ENABLED=0", "PANDERA_VALIDATION_DEPTH=SCHEMA_ONLY"])
def test_the_environment_cannot_switch_it_off(variable: str) -> None:
    """A process that is started with the variable set refuses to judge, and says why."""
    name, _, value = variable.partition("=")
    done = subprocess.run(
        [sys.executable, "-c", ALONE], env={**os.environ, name: value}, capture_output=True, text=True, check=False
    )

    assert 1 == done.returncode
    assert "validation_off: validation is switched off" in done.stderr


def test_a_variable_set_later_is_noticed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children would inherit it, so the check does not wait until one is started."""
    monkeypatch.setenv("PANDERA_VALIDATION_ENABLED", "no")
    with pytest.raises(NotReady, match="validation_off"):
        check_switched_on(TEST)


def test_a_judge_that_finds_nothing_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the known bad row that proves it, whatever any configuration says."""
    real = step.judge

    def blind(*args: object) -> object:
        judged = real(*args)  # type: ignore[arg-type]
        return judged._replace(failures=judged.failures.iloc[:0])

    step._finds_the_bad.cache_clear()
    monkeypatch.setattr(step, "judge", blind)
    with pytest.raises(NotReady, match="validation_off"):
        check_switched_on(TEST)
    step._finds_the_bad.cache_clear()


# --- nothing is lost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pupil", ["2STA", "(ingen)", "-", "12345", " ", "8. mars 2009"])
def test_a_pupils_cell_that_names_nobody_loses_no_entry(pupil: str) -> None:
    """A class, a date or a note in the pupil's cell: the entry is there, and says that the pupil is missing."""
    found = verdict(pupil=pupil, name="Kari Maur", fnr="41819077302")

    assert 1 == len(found.entries)
    assert "pupil_missing" in {fault.code for fault in found.entries[0].faults} or found.entries[0].get("pupil")


def test_broken_unicode_is_judged_like_any_text() -> None:
    """A lone surrogate, as damaged mail can leave it, is no reason to fall over."""
    found = verdict(pupil="Ola \ud800Maur", name="Kari\udfff Maur", fnr="418190\udc8077302", email="\ud800@x.no")

    assert "fnr_length" in {fault.code for fault in found.entries[0].faults}
    assert "Kari\ufffd Maur" == found.entries[0].get("name")
