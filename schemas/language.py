"""Which of the form's three languages a text is written in, by words that only one of them has.

Belongs here: telling bokmål, nynorsk and English apart. Does not belong here: what the text says.
"""

import re
from collections import Counter
from typing import Final

from schemas.settings import Language

WORDS: Final[dict[Language, frozenset[str]]] = {
    "nb": frozenset(
        [
            "foresatte",
            "foresatt",
            "jeg",
            "ikke",
            "hvordan",
            "navn",
            "skjemaet",
            "vedlagt",
            "mitt",
            "min",
            "våre",
            "vår",
            "også",
            "hilsen",
        ]
    ),
    "nn": frozenset(
        [
            "føresette",
            "føresett",
            "eg",
            "ikkje",
            "korleis",
            "namn",
            "namnet",
            "vedlagd",
            "vår",
            "òg",
            "nokon",
            "helsing",
            "skjema",
            "frå",
        ]
    ),
    "en": frozenset(
        [
            "guardian",
            "guardians",
            "pupil",
            "student",
            "parent",
            "the",
            "my",
            "name",
            "number",
            "please",
            "attached",
            "regards",
        ]
    ),
}
_WORD: Final = re.compile(r"[a-zæøåò]+")
LOOKED_AT: Final = 20_000


def language_of(text: str) -> Language | None:
    """The language whose words the text holds most of; None where none stands out."""
    seen = set(_WORD.findall(text[:LOOKED_AT].lower()))
    counts = Counter({language: len(words & seen) for language, words in WORDS.items()}).most_common()
    (best, most), (_, second) = counts[0], counts[1]
    return best if most > second else None
