"""The page of columns and rules is what the models say: whoever changes a model runs `make docs`."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from schemas.frames import STATIONS
from schemas.roster import RosterRows
from schemas.stations import rules

ROOT = Path(__file__).parents[1]
MODELS = (*STATIONS, RosterRows)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The tool that writes the page."""
    spec = importlib.util.spec_from_file_location("fields_page", ROOT / "tools/fields_page.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_is_current(maker: ModuleType) -> None:
    """The page in the checkout is, byte for byte, what the tool would write."""
    assert maker.page() == (ROOT / "docs/stewards/fields.md").read_text("utf-8")


def test_the_page_tells_every_column_and_every_rule(maker: ModuleType) -> None:
    """Each column of each model stands on the page with its meaning, and each rule with its sentence."""
    page = maker.page()
    columns = [(name, one.description) for model in MODELS for name, one in model.to_schema().columns.items()]
    told = [(one.name, one.sentence) for model in MODELS for one in rules(model)]

    assert [] == [
        name for name, meaning in columns if not meaning or f"| `{name}` |" not in page or meaning not in page
    ]
    assert [] == [name for name, sentence in told if not sentence.endswith(".") or sentence not in page]
    assert [] == [name for name, _ in told if f"`{name}`" not in page]
