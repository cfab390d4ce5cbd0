"""The school's form: its rows, its labels in every spelling people use, and the geometry of the printed table.

Reading (`tasks/extract`) and drawing (`fixtures`, `tasks/provision`) share this file and nothing else. The table of the
seed's letter is `SEED_TABLE`; what `foresatt form` prints, with corner marks and a box for each digit, is in
`schemas.boxed`.
Source: the school's own letter ("Informasjon om behov for fødselsnummer for pålogging til Visma InSchool").
"""

from dataclasses import dataclass
from typing import Final

from schemas.documents import FieldName

TITLE: Final = "Informasjon om behov for fødselsnummer for pålogging til Visma InSchool"
COLUMNS: Final = ("Foresatte 1", "Foresatte 2")
ROWS: Final[tuple[tuple[FieldName, str], ...]] = (
    ("pupil", "Foresatte til:"),
    ("fnr", "Fødselsnr (11 Siffer):"),
    ("name", "Navn:"),
    ("mobile", "Mobil:"),
    ("email", "E-post:"),
)

LABELS: Final[dict[FieldName, tuple[str, ...]]] = {
    "pupil": (
        "foresatte til",
        "foresatt til",
        "føresette til",
        "føresett til",
        "elev",
        "elevens navn",
        "eleven",
        "barn",
        "barnets navn",
        "guardian of",
        "parent of",
        "pupil",
        "student",
    ),
    "fnr": (
        "fødselsnr (11 siffer)",
        "fødselsnummer (11 siffer)",
        "fødselsnummer",
        "fødselsnr",
        "fnr",
        "personnummer",
        "personnr",
        "pnr",
        "fodselsnummer",
        "fodselsnr",
        "foedselsnummer",
        "foedselsnr",
        "d-nummer",
        "d-nr",
        "national identity number",
        "identity number",
        "id number",
    ),
    "name": ("navn", "namn", "fullt navn", "name", "full name"),
    "mobile": (
        "mobil",
        "mobilnummer",
        "mobilnr",
        "mobiltelefon",
        "tlf",
        "telefon",
        "telefonnummer",
        "tlf.nr",
        "mobile",
        "phone",
        "mob",
    ),
    "email": ("e-post", "epost", "e-postadresse", "epostadresse", "mail", "e-mail", "email", "mailadresse"),
}
"""Lower case, without colon or full stop at the end. Longer labels are tried first."""

REFUSAL_LABELS: Final = (
    "jeg avslår å tillate skolen å benytte fødselsnummeret",
    "eg avslår å la skolen bruke fødselsnummeret",
    "i refuse to let the school use the identity number",
)
"""A ticked box ("[x]", "☒", "☑") before one of these is a refusal."""

REFUSAL_WORDS: Final = (
    "avslår",
    "ønsker ikke å oppgi",
    "vil ikke oppgi",
    "ønskjer ikkje å oppgi",
    "vil ikkje oppgi",
    "samtykker ikke",
    "do not want to give",
    "decline",
    "refuse",
)
"""A refusal in words is proposed to a steward, never taken as one."""

REFUSAL_WISHES: Final = (
    "ønsker ikke",
    "ønskjer ikkje",
    "vil ikke at",
    "vil ikkje at",
    "vil ikke gi",
    "vil ikkje gje",
    "vil ikkje gi",
    "vil ikke dele",
    "vil ikkje dele",
    "vil ikke sende",
    "vil ikkje sende",
    "vil helst ikke",
    "vil helst ikkje",
    "helst ikke",
    "helst ikkje",
    "nei takk",
    "no thanks",
    "no thank you",
    "rather not",
    "prefer not",
    "gir ikke",
    "gir ikkje",
    "do not give",
    "don't give",
    "do not allow",
    "don't allow",
    "do not permit",
    "samtykkjer ikkje",
    "samtykker ikkje",
    "godtar ikke",
    "tillater ikke",
    "nekter",
    "reserverer meg",
    "reservere meg",
    "reservere oss",
    "sier nei",
    "seier nei",
    "takker nei",
    "takkar nei",
    "say no",
    "trekker tilbake",
    "trekkjer tilbake",
    "trekke tilbake",
    "trekkje tilbake",
    "trekker samtykke",
    "withdraw",
    "reserverer oss",
    "motsetter meg",
    "motsetter oss",
    "do not consent",
    "don't consent",
    "do not want",
    "don't want",
    "do not wish",
    "don't wish",
    "do not agree",
    "don't agree",
    "object to",
)
"""A refusal in words too, where the same sentence speaks of the number: people wish many things not."""

ERASURE_WORDS: Final = ("slett", "slette", "sletta", "fjern", "fjerne", "delete", "erase", "remove")
"""A wish that the number be gone, where the same sentence names it: mails' own footers ask to be deleted."""

NOBODY_WORDS: Final = (
    "ingen",
    "ingen andre",
    "ingen flere",
    "ingen fleire",
    "ikke aktuelt",
    "ikke aktuell",
    "ikkje aktuelt",
    "ikkje aktuell",
    "finnes ikke",
    "finst ikkje",
    "har ikke",
    "har ikkje",
    "n/a",
    "not applicable",
    "none",
    "nobody",
    "no one",
)
"""In a guardian's column: there is no such guardian. Such a column is as good as empty."""

NO_NUMBER_WORDS: Final = (
    "ikke",
    "ikkje",
    "ingen",
    "har ei",
    "none",
    "do not have",
    "don't have",
    "no number",
    "no norwegian",
)
"""In the number's cell and without a digit: "I have no Norwegian number"."""


@dataclass(frozen=True, slots=True)
class Table:
    """The printed table on A4 portrait, millimetres from the page's top left corner."""

    left: float = 20.0
    top: float = 150.0
    label_width: float = 50.0
    column_width: float = 60.0
    row_height: float = 10.0

    @property
    def x(self) -> tuple[float, float, float, float]:
        """The four vertical rules."""
        a, b = self.left + self.label_width, self.column_width
        return (self.left, a, a + b, a + 2 * b)

    @property
    def y(self) -> tuple[float, ...]:
        """The seven horizontal rules: a heading row, then one row a field."""
        return tuple(self.top + self.row_height * i for i in range(len(ROWS) + 2))


SEED_TABLE: Final = Table()
PAGE_MM: Final = (210.0, 297.0)
