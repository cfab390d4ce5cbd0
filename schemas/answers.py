"""What the school says to whoever sent something in: the words, and nothing else than these words.

Belongs here: every text that goes out by itself, in bokmål, nynorsk and English, and which reasons may be told. Does
not belong here: to whom (`tasks/reconcile/answering`), or sending (`tasks/provision`).

No text has a place for a value or a name. None speaks of the other guardian, the pupil, enrolment, age, consent or
protection, and none tells what was decided: whoever is protected is told the same, at the same time, as anyone else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from schemas import reasons

if TYPE_CHECKING:
    from schemas.settings import Language

Way = Literal["mail", "letter", "none"]
"""mail: to an e-mail address known before; letter: to print, to the roster's address; none: nothing is known."""
Kind = Literal["answer", "contact_changed", "refusal_question"]

MAY_BE_TOLD: Final = frozenset(
    {
        "fnr_missing",
        "fnr_length",
        "fnr_checksum",
        "fnr_date",
        "fnr_lost_leading_zero",
        "name_missing",
        "mobile_invalid",
        "email_invalid",
        "wrong_key",
        "integrity_failed",
        "damaged",
        "too_large",
        "password_only",
        "unsupported",
    }
)
"""Reasons that concern the quality of the form itself and nothing that only the school knows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to prepare. `owner` is the pupil on whose list the contact stands: it goes with the list."""

    slot: int
    way: Way
    owner: str = ""
    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    language: Language | None = None
    codes: tuple[str, ...] = ()


_SUBJECT: Final[dict[Kind, tuple[str, str, str]]] = {
    "answer": ("Mottatt", "Motteke", "Received"),
    "contact_changed": ("Ny kontaktinformasjon", "Ny kontaktinformasjon", "New contact details"),
    "refusal_question": ("Vi trenger svar fra deg", "Vi treng svar frå deg", "We need an answer from you"),
}
_BODY: Final[dict[Kind, tuple[str, str, str]]] = {
    "answer": (
        "Skolen har mottatt det du sendte. Trenger vi noe mer, tar vi kontakt.",
        "Skolen har motteke det du sende. Treng vi noko meir, tek vi kontakt.",
        "The school has received what you sent. If we need anything more, we will contact you.",
    ),
    "contact_changed": (
        "Skolen har fått ny kontaktinformasjon for deg. Kjenner du ikke til det, ta kontakt med skolen med en gang.",
        "Skolen har fått ny kontaktinformasjon for deg. Kjenner du ikkje til det, ta kontakt med skolen med ein gong.",
        "The school has been given new contact details for you. If this is news to you, contact the school at once.",
    ),
    "refusal_question": (
        "Skolen har fått beskjed om at du ikke vil oppgi fødselsnummeret ditt. Ta kontakt med skolen og si om det "
        "stemmer.",
        "Skolen har fått melding om at du ikkje vil oppgi fødselsnummeret ditt. Ta kontakt med skolen og sei om det "
        "stemmer.",
        "The school has been told that you do not want to give your national identity number. Contact the school and "
        "say whether that is right.",
    ),
}
_CORRECT: Final = (
    "Det er noe du må rette først:",
    "Det er noko du må rette først:",
    "There is something that you must correct first:",
)
_AUTOMATIC: Final = (
    "Denne meldingen er laget av en maskin. Send aldri fødselsnummer i vanlig e-post.",
    "Denne meldinga er laga av ei maskin. Send aldri fødselsnummer i vanleg e-post.",
    "This message was made by a machine. Never send a national identity number by ordinary e-mail.",
)
_ORDER: Final[tuple[Language, ...]] = ("nb", "nn", "en")


def subject(kind: Kind, language: Language | None, school: str) -> str:
    """The one line above."""
    return f"{_SUBJECT[kind][_ORDER.index(language or 'nb')]} – {school}"


def body(kind: Kind, language: Language | None, school: str, codes: Sequence[str] = ()) -> str:
    """The whole text: in the form's language, else in bokmål with English below. A code that may not be told is left
    out."""
    languages: tuple[Language, ...] = (language,) if language else ("nb", "en")
    return "\n\n--\n\n".join(_in(kind, one, school, codes) for one in languages)


def _in(kind: Kind, language: Language, school: str, codes: Sequence[str]) -> str:
    at = _ORDER.index(language)
    told = [code for code in dict.fromkeys(codes) if code in MAY_BE_TOLD]
    lines = [_BODY[kind][at]]
    if told:
        lines.append(_CORRECT[at])
        lines += [f"- {reasons.text(code, language)} {reasons.next_step(code, language)}" for code in told]
    return "\n\n".join([*lines, _AUTOMATIC[at], school])
