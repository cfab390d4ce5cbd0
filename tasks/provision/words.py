"""The words on paper: the letter, the labels, the consent, in bokmål, nynorsk and English.

Belongs here: reading `words/*.toml` and saying what must stand in them. Does not belong here: where anything stands on
the sheet (`schemas.boxed`, `form_pdf`), the texts of reasons (`schemas.reasons`).
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict

from schemas.boxed import Language
from schemas.documents import FieldName
from schemas.settings import WorklistField

LANGUAGES: Final[tuple[Language, ...]] = ("nb", "nn", "en")


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Section(_Words):
    """A heading and its paragraphs."""

    heading: str
    text: tuple[str, ...]


class ConsentWords(_Words):
    """The consent to extend."""

    title: str
    form_heading: str
    how: str
    pupil: str
    guardians: tuple[str, str]
    date: str
    signature: str
    declare: str
    sending: str
    letter: tuple[Section, ...]


class PaperWords(_Words):
    """The letter to those who get paper. `about` holds {pupil} and {class_name}."""

    title: str
    about: str
    text: tuple[str, ...]
    greeting: str


class WorklistWords(_Words):
    """The printed work list. `due` holds {date}, `late` {days}; `signed` has done, already, newer, not done."""

    title: str
    masked: str
    revealed: str
    nothing: str
    due: str
    late: str
    by: str
    kinds: dict[str, str]
    signed: tuple[str, str, str, str]
    fields: dict[WorklistField, str]
    notes: dict[str, str]


class EighteenWords(_Words):
    """The letter to a pupil who turns 18. `about` holds {pupil} and {class_name}; the texts may hold {day}, {before}
    and {school}. `months` are the twelve names."""

    title: str
    about: str
    text: tuple[str, ...]
    greeting: str
    months: tuple[str, ...]


class OneTimeWords(_Words):
    """The line with the one-time reference on a guardian's own sheet. `note` holds {day}."""

    to: str
    label: str
    note: str


class Words(_Words):
    """One language. `sending` holds {digipost} and {email}; `labels` has one for each field of the form."""

    lang: str
    title: str
    form_heading: str
    how: str
    columns: tuple[str, str]
    refusal: str
    refusal_note: str
    sending: str
    mobile_hint: str
    fnr_alert: str
    mobile_alert: str
    email_alert: str
    specimen_alt: str
    qr_alt: str
    labels: dict[FieldName, str]
    letter: tuple[Section, ...]
    consent: ConsentWords
    paper: PaperWords
    worklist: WorklistWords
    eighteen: EighteenWords
    onetime: OneTimeWords


@cache
def words(language: Language) -> Words:
    """The words of one language."""
    text = (files("tasks.provision") / "words" / f"{language}.toml").read_text("utf-8")
    return Words.model_validate(tomllib.loads(text))
