"""`foresatt inspect` on paper, without a home: what is said in words, and what only a pupil can give, is unproven."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from console.main import cli
from console.state import State
from fixtures.boxed import with_values
from fixtures.filled import FilledColumn, FilledForm
from fixtures.pages import scanned
from tasks.provision.consent_pdf import consent_pdf


def inspected(tmp_path: Path, name: str, data: bytes) -> Any:
    """The file's document."""
    (tmp_path / name).write_bytes(data)
    told = CliRunner().invoke(
        cli, ["--home", str(tmp_path / "none"), "inspect", str(tmp_path / name), "--json"], obj=State()
    )
    assert 0 == told.exit_code
    return json.loads(told.stdout)


def test_a_no_in_words_on_paper_is_a_question(tmp_path: Path) -> None:
    """Neither a refusal nor a rejected form: a person decides what was meant."""
    form = FilledForm(FilledColumn("Ola Nordmann", "Ønsker ikke å oppgi", "Kari Nordmann"))
    document = inspected(tmp_path, "side.png", scanned(form, seed=3))
    [entry] = document["forms"][0]["entries"]

    assert ("needs_review", False) == (entry["outcome"], entry["refused"])
    codes = {one["code"] for one in document["verdicts"]}
    assert ("refusal_unproven" in codes, codes & {"fnr_missing", "readers_disagree"}) == (True, set())


def test_a_consent_is_a_form_of_its_own_kind(tmp_path: Path) -> None:
    """Named as one, and worth nothing by itself."""
    values = {"consent_pupil": "Ola Nordmann", "consent_guardian_1": "Kari Nordmann"}
    document = inspected(tmp_path, "samtykke.pdf", with_values(consent_pdf("nn"), values))

    assert ["consent"] == [form["kind"] for form in document["forms"]]
    assert "needs_review" == document["forms"][0]["entries"][0]["outcome"]
    assert {"consent_unproven", "pupil_not_found"} == {one["code"] for one in document["verdicts"]}
