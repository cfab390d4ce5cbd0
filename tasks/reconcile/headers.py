"""What the columns of a school's list are called: from their names to ours, in bokmål, nynorsk and English.

Belongs here: words. Does not belong here: saved mappings (`mapping`), what stands below the names (`listing`).
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

PUPIL: Final = {
    "elev_id": (
        "elev_id", "elev id", "elevid", "elevnummer", "elevnr", "elev nr", "elevkode", "elev nummer", "systemid",
        "student id", "studentid", "pupil id", "pupil number", "sourcedid", "id",
    ),
    "navn": (
        "navn", "namn", "elevnavn", "elevnamn", "elevens navn", "namnet til eleven", "navn elev", "namn elev",
        "fullt navn", "fullt namn", "heile namnet", "name", "full name", "pupil name", "student name", "elev", "pupil",
        "student",
    ),
    "etternavn": ("etternavn", "etternamn", "slektsnavn", "slektsnamn", "elevens etternavn", "surname", "last name",
        "lastname", "family name", "etternavn elev", "etternamn elev"),
    "fornavn": ("fornavn", "førenamn", "fornamn", "elevens fornavn", "first name", "firstname", "given name",
        "given names", "fornavn elev", "førenamn elev"),
    "mellomnavn": ("mellomnavn", "mellomnamn", "middle name"),
    "født": (
        "født", "fødd", "fødselsdato", "fødsels dato", "fødselsdag", "født dato", "fødd dato", "f dato", "fdato",
        "date of birth", "birth date", "birthdate", "dob", "born",
    ),
    "klasse": (
        "klasse", "klassenavn", "klassenamn", "basisgruppe", "hovedgruppe", "klasse gruppe", "class", "form",
        "class name", "gruppe", "group",
    ),
    "start": (
        "start", "startdato", "start dato", "fra dato", "frå dato", "fradato", "frådato", "gyldig fra", "gyldig frå",
        "begynt", "byrja", "begynte", "innmeldt", "innmeld", "inntaksdato", "elevforhold fra", "elevforhold frå",
        "start date", "begin date", "enrolled from", "enrolled", "fra", "frå", "from",
    ),
    "slutt": (
        "slutt", "sluttdato", "slutt dato", "til dato", "tildato", "gyldig til", "elevforhold til", "end date",
        "enrolled until", "til", "to", "end",
    ),
    "avbrudd": (
        "avbrudd", "avbrot", "avbruddsdato", "avbrotsdato", "utmeldt", "utmeld", "utmeldt dato", "utmeldingsdato",
        "slutta", "sluttet", "withdrawn", "withdrawal date", "interrupted",
    ),
    "avgangselev": ("avgangselev", "avgang", "avgangsår", "siste år", "final year", "graduating"),
    "skjermet": (
        "skjermet", "skjerma", "skjermet adresse", "skjerma adresse", "adressesperre", "sperret adresse",
        "sperra adresse", "hemmelig adresse", "hemmeleg adresse", "gradert adresse", "kode 6 7", "sperret", "sperra",
        "protected", "protected address", "shielded",
    ),
    "fnr": (
        "fnr", "fødselsnummer", "fødselsnr", "fødsels nummer", "personnummer", "personnr",
        "pnr", "fødsels og personnummer", "national id", "national identity number", "nin", "identity number", "ssn",
    ),
}  # fmt: skip
"""Ours -> what it may be called, the likeliest first: where several columns fit, the earlier one is taken."""
GUARDIAN: Final = {
    "navn": ("navn", "namn", "name", "fullt navn", "fullt namn", "full name", ""),
    "etternavn": ("etternavn", "etternamn", "surname", "last name", "family name"),
    "fornavn": ("fornavn", "førenamn", "fornamn", "first name", "given name"),
    "fnr": PUPIL["fnr"],
    "født": PUPIL["født"],
    "mobil": (
        "mobil", "mobilnr", "mobilnummer", "mobiltelefon", "mobiltlf", "mobile", "mobile phone", "cell", "sms",
        "telefon", "tlf", "telefonnummer", "tlf nr", "phone", "phone number",
    ),
    "epost": ("epost", "e post", "e postadresse", "epostadresse", "mail", "e mail", "email", "email address"),
    "adresse": ("adresse", "postadresse", "gateadresse", "gate", "bostedsadresse", "bustadadresse", "address",
        "street", "street address"),
    "postnr": ("postnr", "postnummer", "zip", "postal code", "postcode"),
    "poststed": ("poststed", "poststad", "sted", "stad", "city", "town"),
}  # fmt: skip
"""The same for what is told of a guardian; nothing at all is the name. A birth date is the first half of a number."""
GUARDIANS: Final = (
    "foresatt", "foresatte", "føresett", "føresette", "forelder", "foreldre", "verge", "guardian", "parent",
    "kontaktperson", "pårørende", "pårørande",
)  # fmt: skip
PARENTS: Final = {"mor": 1, "mors": 1, "mother": 1, "far": 2, "fars": 2, "father": 2}
MOST_GUARDIANS: Final = 4
_FILLERS: Final = frozenset({"til", "på", "for", "av", "sin", "sitt", "s", "the", "of", "nr"})


def folded(header: str) -> str:
    """A header as it is compared: small letters, no signs, single spaces."""
    text = unicodedata.normalize("NFKC", header).casefold()
    return " ".join(re.findall(r"\w+", text.replace("_", " ") if text != "elev_id" else text))


def meaning(header: str) -> tuple[str, int] | None:
    """(our name, rank) of a header; the lower the rank the likelier. None for one that means nothing to us."""
    text = re.sub(" 11 (siffer|sifre|digits)", "", folded(header))
    return _guardian(text) or _named(text, PUPIL)


def meanings(headers: Sequence[str]) -> dict[str, list[int]]:
    """Our name -> the columns that may be it, those of the best rank: more than one is for a person to choose."""
    found: dict[str, list[tuple[int, int]]] = {}
    for at, header in enumerate(headers):
        if told := meaning(header):
            found.setdefault(told[0], []).append((told[1], at))
    return {name: [at for rank, at in places if rank == min(places)[0]] for name, places in found.items()}


def _named(text: str, names: dict[str, tuple[str, ...]]) -> tuple[str, int] | None:
    for name, words in names.items():
        if text in words:
            return name, words.index(text)
    return None


def _guardian(text: str) -> tuple[str, int] | None:
    """`foresatt2_mobil` for "Mobil foresatt 2", "Føresett 2 - mobilnr", "Guardian 2 mobile", "Far mobil"; without a
    number the list has a row for each: `foresatt_mobil`."""
    words = re.findall(r"[^\W\d]+|\d+", text)
    number = next((PARENTS[word] for word in words if word in PARENTS), 0)
    if not number and not any(word in GUARDIANS for word in words):
        return None
    digits = [word for word in words if word.isdigit()]
    if len(digits) > 1 or any(not 1 <= int(word) <= MOST_GUARDIANS for word in digits):
        return None
    number = int(digits[0]) if digits else number
    plain = [w for w in words if not (w in GUARDIANS or w in PARENTS or w in _FILLERS or w.isdigit())]
    told = _named(" ".join(plain), GUARDIAN)
    return (f"foresatt{number or ''}_{told[0]}", told[1]) if told else None
