"""The extract step: the form read off each opened delivery."""

from collections.abc import Mapping

from schemas.documents import Opened, Reading
from schemas.settings import Settings
from tasks.extract.read import read_opened


def extract_batch(opened: Mapping[str, Opened], settings: Settings) -> dict[str, Reading]:
    """Submission id -> what was read. What could not be opened is not read."""
    return {
        submission: read_opened(found, settings) if found.parts and not found.ordinary else Reading()
        for submission, found in opened.items()
    }
