"""Bodies of mail, from the raw bytes of a mail to the fields of the form."""

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from support_bodies import FLOWED, HTML, PLAIN, Reading

from schemas.documents import FIELDS
from schemas.settings import Settings
from tasks.decrypt.open import open_delivery
from tasks.extract.read import read_opened


def mail(body: str, subtype: str, **parameters: str) -> bytes:
    """A mail with that body, as the standard library packs it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "kari@example.no", "post@skolen.example", "Skjema"
    message.set_content(body, subtype=subtype, charset="utf-8", cte="base64")
    for name, value in parameters.items():
        message.set_param(name, value)
    return message.as_bytes(policy=SMTP)


def read(raw: bytes) -> Reading:
    """The forms in a mail as {slot: {field: value}}; `check`: the fields that are left to a person."""
    opened = open_delivery(raw, "message/rfc822", "", settings=Settings(), home=Path("/nonexistent"))
    forms: list[dict[int, dict[str, Any]]] = []
    for form in read_opened(opened, Settings()).forms:
        columns: dict[int, dict[str, Any]] = {}
        for entry in form.entries:
            found = {name: field for name in FIELDS if (field := entry.get(name))}
            columns[entry.slot] = {name: field.value for name, field in found.items()}
            columns[entry.slot] |= {"refused": True} if entry.refused else {}
            columns[entry.slot] |= {"in_words": True} if entry.refused_in_words else {}
            doubtful = {name for name, field in found.items() if field.decision != "accepted"}
            columns[entry.slot] |= {"check": doubtful} if doubtful else {}
        forms.append(columns)
    return forms


def test_the_table_is_long_enough() -> None:
    """At least sixty bodies, no two of them alike."""
    bodies = {body for kind in (PLAIN, HTML, FLOWED) for body, _ in kind.values()}
    assert len(bodies) >= 60


@pytest.mark.parametrize(("body", "expected"), PLAIN.values(), ids=PLAIN.keys())
def test_plain_bodies(body: str, expected: Reading) -> None:
    """What people type is read field by field; what had to be guessed is left to a person."""
    assert expected == read(mail(body, "plain"))


@pytest.mark.parametrize(("body", "expected"), HTML.values(), ids=HTML.keys())
def test_html_bodies(body: str, expected: Reading) -> None:
    """A form filled in as HTML is read as it looks."""
    assert expected == read(mail(f"<html><body>{body}</body></html>", "html"))


@pytest.mark.parametrize(("body", "expected"), FLOWED.values(), ids=FLOWED.keys())
def test_flowed_bodies(body: str, expected: Reading) -> None:
    """A line that a mail program broke softly is one line again."""
    assert expected == read(mail(body, "plain", format="flowed"))
