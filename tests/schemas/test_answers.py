"""What the school says by itself: three languages, no value, no name, and nothing that only the school knows."""

import re

import pytest

from fixtures import mail
from schemas.answers import MAY_BE_TOLD, Kind, body, subject
from schemas.language import language_of
from schemas.reasons import CATALOGUE
from schemas.sender import answerable_sender

KINDS: tuple[Kind, ...] = ("answer", "contact_changed", "refusal_question")
NEVER = re.compile(
    r"\b(elev(en|ens)?|barn(et)?|pupil|child|student|alder|age|samtykke|consent|registrert|registered|lagt inn|"
    r"sperret|skjermet|protected|andre|other guardian|liste|list|roster|mor|far|mother|father|avvist|godkjent)\b"
)
"""Words that would tell of the pupil, the other guardian, enrolment, age, consent, protection, or the decision."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_no_text_tells_what_only_the_school_knows(kind: Kind, language: str) -> None:
    """No text, with every correction that may be told in it, holds a digit or a word about anything but the form."""
    text = body(kind, language, "Skolen", sorted(MAY_BE_TOLD)) if kind == "answer" else body(kind, language, "Skolen")  # type: ignore[arg-type]
    said = f"{subject(kind, language, 'Skolen')} {text}".lower().replace("eleven digits", "")  # type: ignore[arg-type]

    assert None is NEVER.search(said)
    assert not any(c.isdigit() for c in said)


def test_what_may_be_told_is_the_guardians_own_and_about_the_form() -> None:
    """Each code that may be told is one that the guardian can mend, in the number, the name, the contact or the
    document; none is about the pupil, the link, the refusal or the consent."""
    told = [CATALOGUE[code] for code in MAY_BE_TOLD]

    assert {"guardian"} == {reason.owner for reason in told}
    assert {"fnr", "name", "mobile", "email", "document"} == {reason.field for reason in told}


def test_a_code_that_may_not_be_told_is_left_out() -> None:
    """Whatever is in the list, only what may be told is said."""
    assert body("answer", "nb", "Skolen") == body("answer", "nb", "Skolen", ["pupil_adult", "by_school", "nonsense"])


def test_without_a_language_it_is_bokmal_with_english_below() -> None:
    """Where the form's language is not known, both are said, bokmål first."""
    text = body("answer", None, "Skolen")

    assert text.index("Skolen har mottatt") < text.index("The school has received")
    assert "The school" not in body("answer", "nb", "Skolen")
    assert "motteke" in body("answer", "nn", "Skolen")


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("kari@foresatt.example", mail.plain("x")),
        ("kari@foresatt.example", mail.plain("x", mail.Letterhead(sender='"Nordmann, Kari" <kari@foresatt.example>'))),
        (None, mail.bounce()),
        (None, mail.auto_reply()),
        (None, mail.newsletter()),
        (None, b"From: MAILER-DAEMON@mail.example\r\n\r\n"),
        (None, b"From: a@b.example\r\nAuto-Submitted: auto-generated; x=y\r\n\r\n"),
        (None, b"From: a@b.example\r\nPrecedence: list\r\n\r\n"),
        (None, b"From: a@b.example\r\nReturn-Path: <>\r\n\r\n"),
        (None, b"From: a@b.example\r\nList-Unsubscribe: <mailto:x@y.example>\r\n\r\n"),
        (None, b"From: no-reply@b.example\r\n\r\n"),
        ("a@b.example", b"From: a@b.example\r\nAuto-Submitted: no\r\n\r\n"),
        ("", b"From: a@b.example, c@d.example\r\n\r\n"),
        ("", b"From: undisclosed\r\n\r\n"),
        ("", b""),
        ("", bytes(range(256)) * 40),
        ("", b"From: =?utf-8?B?\xff\xfe?= <\xe5\r\n\r\n"),
    ],
)
def test_who_may_be_answered(expected: str | None, raw: bytes) -> None:
    """One address in From may be; delivery reports, lists, auto-replies and machines never; what cannot be read names
    nobody, and nothing raises."""
    assert expected == answerable_sender(raw)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("nb", "Foresatte til: Ola\nNavn: Kari"),
        ("nn", "Føresette til: Ola\nNamn: Kari"),
        ("en", "Guardian of: Ola\nName: Kari"),
        ("nn", "Hei, eg legg ved skjema. Helsing Kari"),
        (None, "12829499914"),
        (None, ""),
    ],
)
def test_the_language_of_a_form(expected: str | None, text: str) -> None:
    """The form's own words tell its language; where none does, nothing is guessed."""
    assert expected == language_of(text)
