"""One-time references leave nothing behind: whoever read one in the home, a log or what a command says
could use it.

Belongs here: printing them by the command, sending one in, and the search. Does not belong here: how the search works
(`test_sweep`), what a reference proves (`tests/load`).
"""

import logging
import re
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from support_store import Desk, column, desk, template
from support_sweep import Sweep

from console.main import cli
from fixtures.filled import FilledForm, as_lines
from schemas.onetime import read_code, written
from store import tables

__all__ = ["desk", "template"]


def test_a_code_stands_on_its_sheet_and_nowhere_else(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Printed, sent in, spent, processed again, sent by somebody else: neither the home, its database and its journal,
    nor a log, nor what the command says holds it; the sheet does."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("FORESATT_ENVIRONMENT", "test")
    family, sheets = desk.family(lists=()), tmp_path / "sheets.pdf"
    argv = ["form", "--class", "2STA", "--per-guardian", "--by", "kari", "--out", str(sheets), "--json"]
    said = CliRunner().invoke(cli, [*argv, "--home", str(desk.house.home.root)], catch_exceptions=False)
    codes = [code for text in _pages(sheets) for one in re.findall(r"[A-Z-]{19}", text) if (code := read_code(one))]
    assert (0, 2) == (said.exit_code, len(codes))
    form = as_lines(FilledForm(column(family, family.mother)))
    for _ in range(2):
        sent = desk.decided(f"Referanse: {written(codes[0])}\n\n{form}")
    desk.again(sent)
    assert 1 == len(desk.links(family))
    assert 1 == len(desk.rows(tables.one_time_references, tables.one_time_references.c.spent_by.is_not(None)))

    sweep = Sweep([text for code in codes for text in (code, written(code))])
    found, size = sweep.folders(desk.house.home.root)
    told = "\n".join([said.output, caplog.text]).encode()
    assert (set(), True) == (found | sweep.data(told, "said"), size > 100_000)
    assert sweep.data("\n".join(_pages(sheets)).encode(), "the sheets")


def _pages(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path.read_bytes())
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()
