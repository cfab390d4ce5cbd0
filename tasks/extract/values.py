"""What a piece of text can be: a blank, a field's value, a greeting, a tick, a no.

Belongs here: judging and tidying one value or sentence by itself. Does not belong here: which label it answers
(`labels`), whether the value is right (`schemas`).
"""

import re
from typing import Final

from schemas.documents import FieldName
from schemas.form import ERASURE_WORDS, NOBODY_WORDS, REFUSAL_LABELS, REFUSAL_WISHES, REFUSAL_WORDS
from schemas.numbers import clean
from tasks.extract.numbers import candidates

MAX_VALUE: Final = 200
"""Characters of one value; the rest of a longer one is dropped and a person reads it."""
_BLANK: Final = re.compile(r"^[\s._\-\u2010-\u2015…/\\|*,;:]*$")
_TICKED: Final = re.compile(r"[\[(]\s*[xX×✓✔]\s*[\])]|[☒☑✓✔✅⊠🗹🗷✗✘]")
_UNTICKED: Final = re.compile(r"[\[(]\s*[\])]|[☐□❏❑▢]")
_BOX: Final = re.compile(f"(?:{_TICKED.pattern})|(?:{_UNTICKED.pattern})")
_MARK: Final = re.compile(r"^[\s:.,_–-]*(x+|ja|yes|nei|no|[■●◼⬛✕✖⊗⬤])[\s:.,!_–-]*$")
_GREETING: Final = re.compile(
    r"^\W*(?:med\s+(?:vennlig|venleg|beste?|venn?lege?)\s+h[ei]ls|(?:beste|vennlig|venleg|venlege)\s+h[ei]ls|hilsen\b|hels(?:ing)\b"
    r"|mvh\b|m\.v\.h|vh\b|(?:best|kind|warm)\s+regards|regards\b|sincerely|yours\b|cheers\b|sendt fra min|sent from my"
    r"|takk\b|tusen takk|thank|hei\b|hallo\b|hi\b|hello\b|dear\b|kjære\b)|^\s*--\s*$",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    r"^\W*(?:med\s+\w+\s+h[ei]ls|(?:beste|vennlig|venleg|venlege)\s+h[ei]ls|hilsen\b|helsing\b|mvh\b|m\.v\.h|vh\b"
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


def mark_in(text: str) -> str | None:
    """What was put instead of the box, before or behind the printed refusal: "x" for a cross, a blot or a yes, "no" for
    a no before it, None for neither."""
    squeezed = " ".join(text.casefold().split())
    label = next((one for one in REFUSAL_LABELS if " ".join(one.split()[:5]) in squeezed), None)
    if label is None:
        return None
    before, _, behind = squeezed.partition(" ".join(label.split()[:5]))
    behind = behind.removeprefix(f" {' '.join(label.split()[5:])}")
    found = [one[1] if one else "" for one in (_MARK.match(before), _MARK.match(behind))]
    no = ("nei", "no")
    if found[0] in no:
        return "no"
    return "x" if any(one and one not in no for one in found) else None


def spelled(label: str) -> str:
    """A label or phrase as a pattern: hyphens and dots may be missing, blanks may be many, and Norwegian letters be
    written as people without the keyboard do, or be lost."""
    pieces = {" ": r"\s+", "-": r"[\s\-\u2010-\u2015]?", ".": r"\.?\s*", "'": "['’]"}
    pieces |= {"ø": "(?:ø|ö|oe?|[?\ufffd])", "å": "(?:å|ä|aa?|[?\ufffd])", "æ": "(?:æ|ä|ae?|[?\ufffd])"}
    return "".join(pieces.get(letter, re.escape(letter)) for letter in label)


_NO: Final = "|".join(spelled(words) for words in REFUSAL_WORDS)
_REFUSES: Final = re.compile(rf"(?<!\w)(?:{_NO})(?!\w)", re.IGNORECASE)
_WISHES: Final = "|".join(spelled(words) for words in REFUSAL_WISHES)
_TURNED: Final = (
    r"(?:ønsker|ønskjer|vil|tillater|tillét|godtar|godtek|samtykker|samtykkjer|gir|gjev)\s+(?:jeg|vi|eg|me)\s+"
    r"(?:\w+\s+){0,2}(?:ikke|ikkje)"
)
"""Words in the order that Norwegian gives them behind another part of the sentence: "Likevel vil jeg ikke"."""
_WISHES_NOT: Final = re.compile(rf"(?<!\w)(?:{_WISHES}|{_TURNED})(?!\w)", re.IGNORECASE)
_THE_NUMBER: Final = re.compile(
    r"f(?:ø|o|oe)ds[ea]l(?:s|[a-zæøå]*n)|person-?n|\bfnr\b|\bid[\s-]?(?:no|nu)|identi\w+[\s-]n|d-?numm"
    r"|personal\s+n|social\s+sec",
    re.I,
)
_ALLOWED_TO: Final = re.compile(
    r"(?:\b(?:kan|may|can|might|could|not|n['’]t|ikke|ikkje|aldri|never)\s+(?:\w+\s+)?$)"
    r"|(?:(?<!meg )(?<!oss )\b(?:hvis|dersom|viss|om|if|when|som|who)\s+(?:\w+\s+){0,3}$)",
    re.IGNORECASE,
)
_NOT_AFTER: Final = re.compile(r"^\s+(?:ikke|ikkje)\b", re.IGNORECASE)
_ERASES: Final = re.compile(rf"(?<!\w)(?:{'|'.join(ERASURE_WORDS)})(?!\w)", re.IGNORECASE)
_A_NUMBER: Final = re.compile(r"numm[ea]r|numr[ea]|number", re.IGNORECASE)
_NO_MORE: Final = re.compile(r"^\W*(?:jeg|vi|eg|me|i|we)\s+(?:avslår|nekter|nektar|refuse|decline)\W*$", re.IGNORECASE)
_BARE_NO: Final = re.compile(r"^\W*(?:nei|no)(?:\W+(?:takk|thanks|thank you))?\W*$", re.IGNORECASE)
_NOBODY: Final = re.compile(
    rf"^\W*(?:{'|'.join(spelled(words) for words in NOBODY_WORDS)})\W*$",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"nummer|nummar|number|\bf(?:ø|o)?nr\b|visma|pålogging|innlogging|log\s?in|\bden\b|dette", re.IGNORECASE
)


def refuses_in_words(sentence: str, *, on_form: bool) -> bool:
    """Whether a sentence of the guardian's own says no to the use of the number.

    What the school's letter says a guardian *may* do is none. Off a form (`on_form` false) the number or the login
    must be spoken of, since people decline many things; on a form a short no is enough.
    """
    if _NO_MORE.match(sentence):
        return True
    match, number = _REFUSES.search(sentence), _THE_NUMBER.search(sentence)
    short = on_form and len(sentence.split()) <= 6
    if not match and (number or short or (on_form and _A_NUMBER.search(sentence))):
        match = _WISHES_NOT.search(sentence) or (_ERASES.search(sentence) if number else None)
    if not match or _ALLOWED_TO.search(sentence[: match.start()]) or _NOT_AFTER.match(sentence[match.end() :]):
        return False
    return bool(number or _ABOUT.search(sentence)) or short


def refuses_in_cell(value: str) -> bool:
    """The same of what stands where the number should: there a bare no is one, and it need not say what of."""
    match = _REFUSES.search(value) or _WISHES_NOT.search(value)
    return bool(_BARE_NO.match(value)) or (match is not None and not _NOT_AFTER.match(value[match.end() :]))


def nobody(value: str) -> bool:
    """Whether a cell says that there is nobody to name: "ingen", "ikke aktuelt", "n/a"."""
    return bool(_NOBODY.match(value))


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
    joined = ("/", "&", "+") if field == "pupil" else ()
    if greeting(text) or len(words) > (10 if joined else 7) or not any(map(str.isalpha, text)):
        return False
    if any(_NEITHER.match(word) or not (_WORD.match(word) or word in joined) for word in words):
        return False
    return all(word[0].isupper() or word.casefold() in _SMALL or word in joined for word in words)


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
