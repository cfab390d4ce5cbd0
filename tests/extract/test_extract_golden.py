"""Golden pages: worn sheets kept as files, so that a change of reader, library or machine shows in what is read."""

import json
from pathlib import Path

import pytest

from schemas.documents import FIELDS
from schemas.settings import Post
from tasks.extract.scan import read_image

GOLDEN = Path(__file__).parent / "golden"
PAGES = json.loads((GOLDEN / "pages.json").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_golden_page_is_read_as_it_was(name: str) -> None:
    """What is accepted is what the sheet says, pen is for review, and numbers come back exactly, also by pen."""
    reading = read_image((GOLDEN / f"{name}.jpg").read_bytes(), Post())
    entries = {str(entry.slot): entry for form in reading.forms for entry in form.entries}

    assert PAGES[name]["faults"] == list(reading.faults)
    assert PAGES[name]["entries"].keys() == entries.keys()
    for slot, cells in PAGES[name]["entries"].items():
        read = {field: found for field in FIELDS if (found := entries[slot].get(field))}
        assert {field: decision for field, (_, decision) in cells.items()} == {
            f: one.decision for f, one in read.items()
        }
        assert cells["fnr"][0] == read["fnr"].value
        sure = [field for field, one in read.items() if one.decision != "review"]
        assert [cells[field][0] for field in sure] == [read[field].value for field in sure]
