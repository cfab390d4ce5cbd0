"""Mobile numbers and e-mail addresses: what can be used, in one spelling, and what to say of the rest.

Belongs here: parsing, normalising and comparing as text. Does not belong here: look-ups of any kind (no DNS, no SMS),
and whose number it is. Both fields are optional on the form: a bad one is dropped with a warning, never guessed.
"""

import re
import unicodedata
from functools import cache
from typing import Any, Final, TypeGuard

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType
from rapidfuzz.distance import OSA

_LONGEST: Final = 320  # what the standard lets an address have; no phone field needs more

# ------------------------------------------------------------------------------------------------------- mobile

_SMS: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_NORWEGIAN_MOBILE: Final = re.compile(r"[49]\d{7}")
_PLAIN_MOBILE: Final = re.compile(r"(?:\+47|0047)?([49][0-9]{7})")
_NUMBER: Final = re.compile(r"\+?\d(?:[ .\-]*\d){3,19}")
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")


def check_mobile(text: str | None) -> tuple[str | None, str | None]:
    """(E.164, None) for a number that takes SMS, (None, None) for an empty field, else what is wrong.

    `mobile_invalid` with None: no phone number; with a number: well formed but in no range that is handed out (new
    ranges open faster than any list), so it is kept and only warned of. `mobile_no_sms`: a landline or service
    number, dropped. Notes are stripped first ("912 34 567 (mor)"), since phonenumbers reads letters as keypad digits.
    Of two different numbers neither is taken. Numbers without a country code are Norwegian.
    """
    if not _filled(text):
        return None, None
    plain = _PLAIN_MOBILE.fullmatch(text[:_LONGEST].replace(" ", ""))
    if plain and _norwegian_ranges().fullmatch(plain[1]):
        return f"+47{plain[1]}", None
    verdicts = {_judge(candidate) for candidate in _candidates(text[:_LONGEST])}
    usable = {verdict for verdict in verdicts if verdict[0]}
    if len(usable) == 1:
        return usable.pop()
    return None, "mobile_no_sms" if not usable and (None, "mobile_no_sms") in verdicts else "mobile_invalid"


def same_mobile(a: str | None, b: str | None) -> bool:
    """Whether both are the same usable number, by E.164; two empty or bad ones are not the same."""
    first = check_mobile(a)[0]
    second = first if a == b else check_mobile(b)[0]
    return first is not None and first == second


@cache
def _norwegian_ranges() -> re.Pattern[str]:
    """phonenumbers' own list of Norwegian mobile ranges: asking it directly is ten times as fast as its parser, and
    most numbers are such."""
    norway: Any = phonenumbers.PhoneMetadata.metadata_for_region("NO")
    return re.compile(norway.mobile.national_number_pattern)


def _candidates(text: str) -> list[str]:
    """What may be a number in `text`; letters, other brackets and the like stand between two of them."""
    text = re.sub(r"\s+", " ", _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    text = re.sub("[‐‑‒–—−]", "-", text).replace("(0)", "")
    text = re.sub(r"\((\+?[\d ]+)\)", r"\1", text).replace("+ ", "+")
    return _NUMBER.findall(text)


def _judge(candidate: str) -> tuple[str | None, str | None]:
    try:
        number = phonenumbers.parse(candidate, "NO")
    except phonenumbers.NumberParseException:
        return None, "mobile_invalid"
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        return (e164, None) if phonenumbers.number_type(number) in _SMS else (None, "mobile_no_sms")
    norwegian = number.country_code == 47
    ours = norwegian and _NORWEGIAN_MOBILE.fullmatch(str(number.national_number))
    if phonenumbers.is_possible_number(number) and (ours or not norwegian):
        return e164, "mobile_invalid"
    return None, "mobile_invalid"


# ------------------------------------------------------------------------------------------------------- e-mail

KNOWN_DOMAINS: Final = (
    "gmail.com", "googlemail.com", "hotmail.com", "hotmail.no", "outlook.com", "outlook.no", "live.com", "live.no",
    "yahoo.com", "yahoo.no", "ymail.com", "icloud.com", "proton.me", "protonmail.com",
    "online.no", "getmail.no", "broadpark.no", "lyse.net", "altibox.no", "telenor.no", "start.no",
)  # fmt: skip
"""The domains most guardians write from; one slip away from one of them looks mistyped."""
_ALSO_REAL: Final = ("mail.com", "email.com", "email.no", "live.cn")
_ENDINGS: Final = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "comm": "com", "coom": "com",
    "nno": "no", "noo": "no", "on": "no",
}  # fmt: skip
"""Slips in the last label, none of them a top-level domain, and what is meant."""
_PLAIN_EMAIL: Final = re.compile(r"([A-Za-z0-9_+\-]{1,30}(?:\.[A-Za-z0-9_+\-]{1,30})?)@([A-Za-z.]+)")


def check_email(text: str | None) -> tuple[str | None, str | None]:
    """(address, None) for a usable one, (None, None) for an empty field, else what is wrong.

    The address is trimmed and its domain lower-cased and in Unicode; the part before the @ is left as it is written.
    `email_looks_mistyped`: near a well-known domain but not it ("gmail.con", "hotmial.com"), kept and never changed;
    with None where it cannot be an address either ("gmailcom"). `email_invalid`: dropped.
    """
    if not _filled(text):
        return None, None
    written = _trim(text)
    plain = _PLAIN_EMAIL.fullmatch(written)
    if plain and plain[2].lower() in KNOWN_DOMAINS:  # most are such, and need no parser
        return f"{plain[1]}@{plain[2].lower()}", None
    slip = propose_email(written) is not None
    try:
        normalised = validate_email(written, check_deliverability=False).normalized
    except EmailNotValidError:
        return None, "email_looks_mistyped" if slip else "email_invalid"
    return normalised, "email_looks_mistyped" if slip else None


def same_email(a: str | None, b: str | None) -> bool:
    """Whether both are the same usable address, whatever the case; two empty or bad ones are not the same."""
    if not a or not b or _plainly_apart(a, b):
        return False
    first = check_email(a)[0]
    second = first if a == b else check_email(b)[0]
    return first is not None and second is not None and first.casefold() == second.casefold()


def _plainly_apart(a: str, b: str) -> bool:
    """Whether the two differ in more than case, marks around them and spellings of a letter or a domain: most do, and
    need no parser."""
    both = f"{a} {b}".lower()
    return both.isascii() and "xn--" not in both and _trim(a).lower() != _trim(b).lower()


def propose_email(text: str | None) -> str | None:
    """What a mistyped address may have been meant to be, for a person's eyes; None where nothing looks mistyped."""
    local, _, domain = _trim(text).rpartition("@") if _filled(text) else ("", "", "")
    domain = domain.casefold()
    if not local or domain in KNOWN_DOMAINS or domain in _ALSO_REAL:
        return None
    domain = domain.replace(",", ".")
    near = [known for known in KNOWN_DOMAINS if len(known) >= 8 and OSA.distance(domain, known, score_cutoff=1) <= 1]
    head, _, ending = domain.rpartition(".")
    if not near and head and _ENDINGS.get(ending):
        near = [f"{head}.{_ENDINGS[ending]}"]
    return f"{local}@{near[0]}" if near else None


# --------------------------------------------------------------------------------------------------------- both


def _filled(text: str | None) -> TypeGuard[str]:
    """Whether there is anything in the field; a dash or a dot is how people leave it empty."""
    return isinstance(text, str) and any(character.isalnum() for character in text)


def _trim(text: str) -> str:
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFC", text[: 2 * _LONGEST])).strip()
    return re.sub(r"^(?:mailto:)?\s*<?\s*|\s*[>.,;]*$", "", plain, flags=re.IGNORECASE)
