"""The reason catalogue is whole, and says nothing it must not say."""

import re

import pytest

from schemas.errors import UsageFault
from schemas.reasons import CATALOGUE, next_step, reason, text

DOMAIN = """
| fnr | `fnr_missing` `fnr_length` `fnr_checksum` `fnr_date` `fnr_lost_leading_zero` `fnr_synthetic_in_production` `fnr_real_in_test` `fnr_kind_no_login` `fnr_same_on_both` `fnr_is_pupils` `fnr_differs_from_known` |
| name, mobile, email | `name_missing` `name_differs` `mobile_invalid` `mobile_no_sms` `email_invalid` `email_looks_mistyped` |
| pupil | `pupil_missing` `pupil_not_found` `pupil_ambiguous` `pupil_adult` `pupil_left` |
| link | `number_unproven` `guardian_not_on_roster` `no_responsibility` `responsibility_other` `contact_change_unproven` `guardian_maybe_minor` `by_school` |
| refusal, consent | `refusal_unproven` `refusal_and_number` `consent_unproven` |
| document | `arrived_unencrypted` `low_confidence` `handwritten` `layout_not_found` `readers_disagree` `two_layers_disagree` `wrong_key` `integrity_failed` `damaged` `too_large` `password_only` `unsupported` `form_ambiguous` |
| system | `processing_failed` `source_lost` |
"""  # noqa: E501
CODES = re.findall(r"`(\w+)`", DOMAIN)


def test_every_code_of_the_domain_is_in_the_catalogue() -> None:
    """The catalogue holds each code of the domain's list."""
    assert len(CODES) == 47
    assert set(CODES) <= set(CATALOGUE)


@pytest.mark.parametrize("row", [row for row in DOMAIN.splitlines() if row])
def test_each_code_stands_under_its_field(row: str) -> None:
    """A reason's field is the one under which the domain lists it."""
    fields = {f.strip() for f in row.split("|")[1].split(",")}

    assert {reason(c).field for c in re.findall(r"`(\w+)`", row)} == fields


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_reason_speaks_three_languages(code: str) -> None:
    """Text and next step stand in bokmål, nynorsk and English, as whole sentences that a guardian can read."""
    for said in (reason(code).text, reason(code).next_step):
        assert set(said) == {"nb", "nn", "en"}
        assert all(8 <= len(sentence) <= 160 and sentence.endswith(".") for sentence in said.values())


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_no_reason_can_carry_a_value(code: str) -> None:
    """No text has a place for a value, and none holds technical words."""
    words = " ".join([*reason(code).text.values(), *reason(code).next_step.values()])

    assert not re.search(r"[{}%]|\d{3}|mod|checksum|kontrollsum|regex", words)


def test_the_neutral_reason_is_silent_about_protection() -> None:
    """`by_school` tells nothing: no word of protection, address or secrecy in any language."""
    words = " ".join([*reason("by_school").text.values(), *reason("by_school").next_step.values()]).casefold()

    assert not re.search(r"beskytt|verna|vern|fortrolig|adress|skjerm|secret|protect|hemmel|løynd|sperr", words)


def test_nynorsk_is_not_bokmaal() -> None:
    """Nynorsk texts hold none of the commonest words that only bokmål has."""
    bokmaal = re.compile(r"\b(ikke|noe|foresatte?|fra|jeg|mer|flere|hvis|trenger|mangler|siffrene|gjøre)\b", re.I)

    assert [c for c in CATALOGUE if bokmaal.search(text(c, "nn") + " " + next_step(c, "nn"))] == []


@pytest.mark.parametrize(
    ("severity", "codes"),
    [
        ("warn", ["mobile_invalid", "mobile_no_sms", "email_invalid", "email_looks_mistyped", "refusal_and_number"]),
        ("review", ["number_unproven", "refusal_unproven", "fnr_differs_from_known", "guardian_not_on_roster"]),
        ("review", ["low_confidence", "arrived_unencrypted", "form_ambiguous", "processing_failed", "pupil_not_found"]),
        ("review", ["contact_change_unproven", "consent_unproven", "pupil_ambiguous", "name_differs", "by_school"]),
        ("reject", ["fnr_missing", "fnr_length", "fnr_checksum", "fnr_date", "fnr_lost_leading_zero"]),
        ("reject", ["fnr_synthetic_in_production", "fnr_real_in_test", "fnr_kind_no_login", "fnr_is_pupils"]),
        ("info", ["pupil_adult", "pupil_left"]),
    ],
)
def test_severity_follows_the_domain(severity: str, codes: list[str]) -> None:
    """Optional fields warn, doubt waits for a person, what cannot be used is rejected, what is erased is told."""
    assert {severity} == {reason(c).severity for c in codes}


def test_a_failed_processing_belongs_to_the_administrator() -> None:
    """Three failed attempts are the administrator's to mend."""
    assert reason("processing_failed").owner == "administrator"


def test_an_unknown_code_is_a_usage_fault() -> None:
    """A code outside the catalogue cannot be shown."""
    with pytest.raises(UsageFault):
        reason("no_such_reason")


# --- tone -------------------------------------------------------------------------------------------------------------

HARD = re.compile(
    r"\b(ugyldig|invalid|feilaktig|må umiddelbart|error|fault|failed|obligatorisk|vennligst|herved|jf|pga|evt|hhv|vedr"
    r"|validering|parse|syntaks|attributt|input|record|entry|fnr|id)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_the_words_are_plain(code: str) -> None:
    """Short sentences without the words of programs and of offices, and nobody is shouted at or blamed."""
    for language in ("nb", "nn", "en"):
        said = f"{text(code, language)} {next_step(code, language)}"
        sentences = [one for one in re.split(r"(?<=[.!?])\s", said) if one]

        assert not HARD.search(said)
        assert "!" not in said
        assert max(len(sentence.split()) for sentence in sentences) <= 24
        assert not re.search(r"\b[A-ZÆØÅ]{4,}\b", said.replace("PDF", ""))


@pytest.mark.parametrize("code", sorted(c for c, one in CATALOGUE.items() if one.owner == "guardian"))
def test_what_a_guardian_reads_says_nothing_of_others(code: str) -> None:
    """No word of the roster, of enrolment, age, consent, the other guardian, or of whose number it is: an answer goes
    to whoever sent the form, and anybody can send one."""
    said = " ".join([*reason(code).text.values(), *reason(code).next_step.values()]).casefold()

    assert not re.search(r"elevlist|roster|listen har|18|samtykk|consent|begge|both|elevens fødselsnummer", said)
    assert not re.search(r"pupil's national|to a child|annen foresatt|other guardian|folkeregister|register", said)
