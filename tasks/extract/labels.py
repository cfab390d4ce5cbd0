"""What single words and lines on a form mean: a label, a heading, a blank, a tick, a greeting, a no.

Belongs here: judging one cell of text by itself. Does not belong here: which guardian's column it stands in
(`tasks.extract.table`), where the cell came from (`text`, `pdf`), whether its value is right (`schemas`).
"""

import re
from dataclasses import dataclass
from typing import Final

from schemas.documents import FIELDS, FieldName
from schemas.form import LABELS, REFUSAL_LABELS, REFUSAL_WORDS
from schemas.numbers import clean
from tasks.extract.numbers import candidates

MAX_VALUE: Final = 200
"""Characters of one value; the rest of a longer one is dropped and a person reads it."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label as found. `field` is None where it asks for something the form has no use for (the pupil's own number);
    `slot` is set where the label itself says whose column it is; `own` where no other letter has this label ("Foresatte
    til", "Fødselsnr")."""

    field: FieldName | None
    slot: int | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of one guardian's column or block; `slot` is None for "Mor", "Far" and the like. `rest`: what follows
    on the same line."""

    slot: int | None
    rest: str


_GUARDIAN: Final = r"(?:foresatte?|føresette?|foresett|forelder|guardian|parent|verge)"
_CHILD: Final = r"(?:elev(?:en)?|barn(?:et)?|pupil|student|child)"
_OWNER: Final = (
    r"(?:(?P<childs>elevens|eleven\s+sitt?|barnets|barnet\s+sitt?|pupil['’]?s|student['’]?s|child['’]?s)"
    r"|foresattes|føresettes|foresatte\s+sitt?|guardian['’]?s|parent['’]?s|mors|fars|mitt|min|mi|my|ditt|your)\s+"
)
_MORE: Final[dict[FieldName, tuple[str, ...]]] = {
    "pupil": ("forelder til", "mor til", "far til", "mother of", "father of", "verge for", "guardian for", "child"),
    "fnr": ("fødselnummer", "fødselsnummar", "fødselsnumer", "national id number", "national id"),
    "name": (),
    "mobile": ("mobilnummar", "cell"),
    "email": ("e-mailadresse", "epost-adresse"),
}
_SEPARATOR: Final = r"(?:[\s._…*]*[:\uff1a=]|\s+(?:[-\u2010-\u2015→]|->)(?=\s)|\s*(?:\.{3,}|_{3,}|…+))[*_]{0,2}"


def _spelled(label: str) -> str:
    """One label as a pattern: hyphens and dots may be missing, blanks may be many."""
    pieces = {" ": r"\s+", "-": r"[\s\-\u2010-\u2015]?", ".": r"\.?\s*"}
    return "".join(pieces.get(letter, re.escape(letter)) for letter in label)


def _label_pattern() -> str:
    """Every label of the form, the longest first, each with what people add to it."""
    every = [(name, label) for name in FIELDS for label in (*LABELS[name], *_MORE[name]) if "(" not in label]
    every.sort(key=lambda pair: -len(pair[1]))
    groups = "|".join(f"(?P<{name}{number}>{_spelled(label)})" for number, (name, label) in enumerate(every))
    return (
        rf"(?:{_GUARDIAN}\s*(?:nr\.?\s*)?(?P<before>[12])\s*[:.,)\-\u2010-\u2015]*\s*)?(?:{_OWNER})?(?:{groups})"
        r"(?:[\s.\-]?(?:nr|nummer|number|no|adresse|address)(?!\w))?\.?(?![\w@])"
        r"(?:\s*\([^()]{0,40}\))?"
        rf"(?:\s+(?:på|til|for|of)\s+(?:the\s+)?(?:(?P<ofchild>{_CHILD})|{_GUARDIAN})(?!\w))?"
        r"(?:\s*(?:nr\.?\s*)?(?P<after>[12])(?=\s*(?:[:=]|$)))?"
    )


_LABEL: Final = re.compile(rf"(?<![\w@.-]){_label_pattern()}(?P<separator>{_SEPARATOR})?", re.IGNORECASE)
_BULLET: Final = re.compile(r"^\s*(?:[*•·▪◦–—-]+\s+|\d{1,2}[.)]\s+|#+\s*|[*_]{1,2}(?=\w))")
_HEADING: Final = re.compile(
    rf"^(?:{_GUARDIAN}\s*(?:nr\.?|no\.?|\#)?\s*(?P<slot>[12])\b|(?P<first>[12])\.\s*{_GUARDIAN}\b"
    rf"|(?P<kin>mor|far|mamma|pappa|mother|father|{_GUARDIAN}))(?![\w/]|\s+(?:til|for|of)\b)"
    r"(?P<separator>\s*[:.)=\-\u2010-\u2015]+\s*)?(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_BOTH: Final = re.compile(rf"^\W*{_GUARDIAN}\s*1\W+{_GUARDIAN}\s*2\W*$", re.IGNORECASE)
_BLANK: Final = re.compile(r"^[\s._\-\u2010-\u2015…/\\|*,;:]*$")
_TICKED: Final = re.compile(r"[\[(]\s*[xX×✓✔]\s*[\])]|[☒☑✓✔✅⊠🗹🗷✗✘]")
_UNTICKED: Final = re.compile(r"[\[(]\s*[\])]|[☐□❏❑▢]")
_BOX: Final = re.compile(f"(?:{_TICKED.pattern})|(?:{_UNTICKED.pattern})")
_GREETING: Final = re.compile(
    r"^\W*(?:med\s+(?:vennlig|venleg|beste?|venn?lege?)\s+hels|(?:beste|vennlig|venleg|venlege)\s+hels|hilsen\b|hels(?:ing)\b"
    r"|mvh\b|m\.v\.h|vh\b|(?:best|kind|warm)\s+regards|regards\b|sincerely|yours\b|cheers\b|sendt fra min|sent from my"
    r"|takk\b|tusen takk|thank|hei\b|hallo\b|hi\b|hello\b|dear\b|kjære\b)|^\s*--\s*$",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    r"^\W*(?:med\s+\w+\s+hels|(?:beste|vennlig|venleg|venlege)\s+hels|hilsen\b|helsing\b|mvh\b|m\.v\.h|vh\b"
    r"|(?:best|kind|warm)\s+regards|regards\b|sincerely|yours\b)|^\s*--\s*$",
    re.IGNORECASE,
)
_SMALL: Final = frozenset(
    (
        "von",
        "van",
        "der",
        "de",
        "den",
        "del",
        "da",
        "di",
        "dos",
        "af",
        "av",
        "al",
        "el",
        "bin",
        "ibn",
        "la",
        "le",
        "og",
        "and",
    )
)
_CLASS: Final = r"(?:[(,]?\s*(?:i\s+|klasse\s+|kl\.?\s*|class\s+|vg\s*)?[1-3]\s?[A-ZÆØÅ]{0,5}\d?\)?)"
_WORD: Final = re.compile(r"^[^\W\d_](?:[^\W\d_]|[.'’\-])*,?$")
_NEITHER: Final = re.compile(
    r"^(?:hei|hallo|hi|takk|er|har|jeg|eg|vi|det|den|som|for|til|med|the|is|are|we|you)$", re.I
)


def labels_in(text: str) -> list[Label | str]:
    """`text` of one cell as labels and the values between them, in order; no label: the text alone.

    A label counts where a separator follows it ("Navn:", "mobil =", "E-post ....."), where it is the whole cell, or
    where the cell starts with it and what follows can be its value ("Fnr 418190 77302").
    """
    text = _BULLET.sub("", text).strip()
    matches = [match for match in _LABEL.finditer(text) if match["separator"] is not None]
    if not matches or matches[0].start() > 0:
        first = _LABEL.match(text)
        if first and first["separator"] is None:
            rest = text[first.end() : matches[0].start() if matches else None].strip(" *_\t")
            label = _meant(first)
            if not rest or (label.field and plausible(label.field, rest)):
                matches.insert(0, first)
    if not matches:
        return [text]
    parts: list[Label | str] = [text[: matches[0].start()]] if text[: matches[0].start()].strip() else []
    ends = [match.start() for match in matches[1:]] + [len(text)]
    for match, end in zip(matches, ends, strict=True):
        parts.append(_meant(match))
        value = text[match.end() : end]
        if not blank(value):
            parts.append(value.strip())
    return parts


def _meant(match: re.Match[str]) -> Label:
    """Which field a found label is for."""
    found = next(key for key, value in match.groupdict().items() if value is not None and key[-1].isdigit())
    field: FieldName | None = next(name for name in FIELDS if found.startswith(name))
    if (match["childs"] or match["ofchild"]) and field != "pupil":
        field = "pupil" if field == "name" else None
    slot = match["before"] or match["after"]
    own = field == "fnr" or (field == "pupil" and bool(re.match(_GUARDIAN, match[0], re.IGNORECASE)))
    return Label(field, int(slot) if slot else None, own)


def heading_in(text: str) -> Heading | None:
    """The heading that `text` is or starts with: "Foresatte 1", "2. føresette:", "Guardian 2 - …", "Mor:".

    "Foresatte til" is a label, and a heading without a number counts only alone or before a separator.
    """
    match = _HEADING.match(_BULLET.sub("", text).strip(" *_"))
    if match is None or (match["rest"] and not match["separator"]):
        return None
    slot = match["slot"] or match["first"]
    return Heading(int(slot) if slot else None, "" if blank(match["rest"]) else match["rest"].strip())


def both_headings(text: str) -> bool:
    """Whether one cell holds the headings of both columns, as when the table is pasted as plain text."""
    return bool(_BOTH.match(text))


def blank(text: str) -> bool:
    """Whether a cell is empty: nothing, or only the line to write on."""
    return bool(_BLANK.match(text))


def ticks_in(text: str) -> list[bool]:
    """The boxes in `text` from left to right: True where ticked."""
    return [_TICKED.match(box[0]) is not None for box in _BOX.finditer(text)]


def refusal_label_in(text: str) -> bool:
    """Whether the printed refusal stands in `text`; its first half is enough, since lines break."""
    squeezed = " ".join(text.casefold().split())
    return any(" ".join(label.split()[:5]) in squeezed for label in REFUSAL_LABELS)


_NO: Final = "|".join(_spelled(words) for words in REFUSAL_WORDS)
_REFUSES: Final = re.compile(rf"(?<!\w)(?:{_NO})(?!\w)", re.IGNORECASE)
_ALLOWED_TO: Final = re.compile(
    r"(?:\b(?:kan|may|can|might|could|not|n['’]t|ikke|ikkje|aldri|never)\s+(?:\w+\s+)?$)|(?:\b(?:hvis|dersom|viss|om|if|when|som|who)\s+"
    r"(?:\w+\s+){0,3}$)",
    re.IGNORECASE,
)
_NOT_AFTER: Final = re.compile(r"^\s+(?:ikke|ikkje)\b", re.IGNORECASE)
_ABOUT: Final = re.compile(
    r"nummer|nummar|number|\bf(?:ø|o)?nr\b|visma|pålogging|innlogging|log\s?in|\bden\b|dette", re.IGNORECASE
)


def refuses_in_words(sentence: str, *, on_form: bool) -> bool:
    """Whether a sentence of the guardian's own says no to the use of the number.

    What the school's letter says a guardian *may* do is none. Off a form (`on_form` false) the number or the login
    must be spoken of, since people decline many things; on a form a short no is enough.
    """
    match = _REFUSES.search(sentence)
    if not match or _ALLOWED_TO.search(sentence[: match.start()]) or _NOT_AFTER.match(sentence[match.end() :]):
        return False
    return bool(_ABOUT.search(sentence)) or (on_form and len(sentence.split()) <= 6)


def plausible(field: FieldName, text: str) -> bool:
    """Whether a text that no separator ties to a label can be that field's value. Judges shape only."""
    text = text.strip()
    if not text or len(text) > 80:
        return False
    if field == "email":
        return bool(re.match(r"^<?[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+>?(?:\s*<mailto:[^\s<>]+>)?$", text))
    if field == "fnr":
        return bool(re.match(r"^\d[\d\s.\-\u2010-\u2015]*\d$", text)) and 9 <= sum(map(str.isdigit, text)) <= 13
    if field == "mobile":
        return bool(re.match(r"^[+(]?\d[\d\s().\-/]*\d$", text)) and 8 <= sum(map(str.isdigit, text)) <= 15
    if field == "pupil":
        text = re.sub(rf"\s+{_CLASS}$", "", text)
    words = text.split()
    if greeting(text) or len(words) > (10 if field == "pupil" else 7) or any(map(_NEITHER.match, words)):
        return False
    return all(_WORD.match(word) or (field == "pupil" and word in ("/", "&", "+")) for word in words) and all(
        word[0].isupper() or word.casefold() in _SMALL or not word[0].isalpha() for word in words
    )


def greeting(text: str) -> bool:
    """Whether a line is a greeting or thanks, never a value."""
    return bool(_GREETING.match(text))


def closing(text: str) -> bool:
    """Whether a line ends a letter: what follows is a signature."""
    return bool(_CLOSING.match(text))


def cleaned(field: FieldName, text: str) -> str:
    """A value as written, without what mail programs and typing add: wide blanks, link brackets, a trailing comma.

    An identity number is given as its digits where nothing but digits and their spacing stands there, or where
    exactly one run of 11 does; otherwise as written. Empty for a blank cell.
    """
    text = " ".join(text.replace("\u00ad", "").split()).strip("* \t,;|")
    if field == "email":
        text = re.sub(r"\s*[<\[(]mailto:[^\s<>\[\]()]*[>\])]", "", text, flags=re.IGNORECASE)
        text = re.sub(r"^(?:mailto:|<)|>$", "", text, flags=re.IGNORECASE).strip()
        return "" if blank(text) else re.sub(r"(?<=[@.])\s|\s(?=[@.])", "", text) if text.count("@") == 1 else text
    if blank(text):
        return ""
    if field == "fnr":
        digits = clean(text)
        if digits.isdecimal():
            return digits
        runs = candidates(text)
        return runs[0] if len(runs) == 1 else text
    return text
