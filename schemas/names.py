"""Names: a key to compare by, a tidy spelling to show, and whether two of them can be the same person's.

Belongs here: text in, text or a verdict out. Does not belong here: rosters, thresholds for what to do about a score,
and any repair of a name: the original is kept beside the key. No script or tradition is assumed; one-word names are
names. Source of the normalising and the weights: measurements on a synthetic roster with harsh noise.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from anyascii import anyascii
from rapidfuzz.distance import OSA, JaroWinkler

LONGEST: Final = 200
"""Characters of a name; more is a pasted text, and is cut."""

# --------------------------------------------------------------------------------------------- spelling and keys


def tidy(name: str) -> str:
    """`name` as it should be shown: NFC, mojibake undone where that round-trips, "Etternavn, Fornavn" turned, white
    space single, at most `LONGEST` characters. Case and every letter are left as they are. Idempotent."""
    text, before = name, None
    while text != before:  # what one rule leaves can be what another looks for
        text, before = _tidy_once(text), text
    return text


def _tidy_once(text: str) -> str:
    text = unicodedata.normalize("NFC", _undo_mojibake(text))
    if not text.isprintable():  # most names are, and need no look at each letter
        text = "".join(" " if _is_control(c) else c for c in text)
    text = " ".join(text.split())[:LONGEST].strip(" ,")
    surname, comma, given = (part.strip() for part in text.partition(","))
    return f"{given} {surname}" if comma and "," not in given else text


def _is_control(character: str) -> bool:
    """Control and direction marks; not the joiners, which some scripts need."""
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character not in "\u200c\u200d"


def normalise(name: str) -> str:
    """The key that names are compared by: lower-case ASCII words with single spaces. Idempotent.

    å, ø, æ become aa, o, ae; every other letter what anyascii makes of it; hyphens part words, apostrophes do not.
    The key makes some different names alike, so it is for comparing, never for showing.
    """
    text = unicodedata.normalize("NFKC", tidy(name)).casefold()
    text = re.sub(r"['’ʼ`´]", "", unicodedata.normalize("NFC", text).translate(_NORDIC))
    return " ".join(re.findall("[a-z0-9]+", anyascii(text).casefold()))[:LONGEST].rstrip()


def phonetic(name: str) -> str:
    """The key folded by sound, for scoring: Christian and Kristian, Håkon and Haakon, Marie and Mari are one."""
    return " ".join(filter(None, (_by_sound(word).replace("ie", "i") for word in normalise(name).split())))


_NORDIC: Final = str.maketrans({"å": "aa", "ø": "o", "æ": "ae"})
_SOUNDS: Final = (
    ("aa", "a"), ("oe", "o"), ("ae", "e"), ("ch", "k"), ("ck", "k"), ("c", "k"), ("q", "k"), ("ph", "f"), ("th", "t"),
    ("w", "v"), ("z", "s"), ("hj", "j"), ("gj", "j"), ("y", "i"),
)  # fmt: skip


def _by_sound(word: str) -> str:
    for spelt, heard in _SOUNDS:
        word = word.replace(spelt, heard)
    return re.sub(r"(.)\1+", r"\1", word)


def _undo_mojibake(text: str) -> str:
    """UTF-8 that was read as Windows-1252, put right; repeated, since it may have happened twice."""
    while not text.isascii():
        try:
            octets = text.encode("cp1252")
        except UnicodeEncodeError:
            try:
                octets = b"".join(_octet(character) for character in text)
            except UnicodeEncodeError:
                return text
        try:
            undone = octets.decode("utf-8")
        except UnicodeDecodeError:
            return text
        text = undone
    return text


def _octet(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:  # five octets have no character there, and are passed through as they are
        return character.encode("latin-1")


# --------------------------------------------------------------------------------------------------- comparing


def agrees(a: str, b: str) -> bool:
    """Whether two names can be one person's, strictly enough to count as evidence beside a number or a contact.

    Given name (the first word) and surname (the last) must both agree. Middle names may be missing on one side or be
    initials, but none may contradict. Words agree when they are spelt alike but for c/k, th/t, aa/å, single and double
    letters and the like. One slip more is let pass, in a surname of six letters or more and never in its first:
    members of a family share the surname and differ by the given name (Kristin, Kristian), so a slip there would let
    one in for another. For the same reason none is let pass where one of the two stands surname first without a
    comma. A given name's initial is not enough. A one-word name agrees with itself alone. Symmetric.
    """
    first = [_by_sound(word) for word in normalise(a).split()]
    second = first if a == b else [_by_sound(word) for word in normalise(b).split()]
    if min(len(first), len(second)) < 2:
        return bool(first) and first == second
    if _in_order(first, second, _surnames_agree):
        return True
    if 1 in map(len, (first[0], first[-1], second[0], second[-1])):  # turned, an initial could be the given name
        return False
    pairs = [(turned, second) for turned in _turned(first)] + [(turned, first) for turned in _turned(second)]
    return any(_in_order(one, two, str.__eq__) for one, two in pairs)


def _turned(words: list[str]) -> tuple[list[str], list[str]]:
    return [*words[1:], words[0]], [words[-1], *words[:-1]]


def _in_order(a: list[str], b: list[str], same_surname: Callable[[str, str], bool]) -> bool:
    if a[0] != b[0] or len(a[0]) == 1 or not same_surname(a[-1], b[-1]):
        return False
    fewer, more = sorted((a[1:-1], b[1:-1]), key=len)
    rest = iter(more)
    return all(any(_or_initial(word, other) for other in rest) for word in fewer)


def _surnames_agree(a: str, b: str) -> bool:
    return a == b or (a[0] == b[0] and min(len(a), len(b)) >= 6 and OSA.distance(a, b, score_cutoff=1) <= 1)


def _or_initial(a: str, b: str) -> bool:
    return a == b or (1 in (len(a), len(b)) and a[0] == b[0])


def score(a: str, b: str) -> float:
    """How well the name on a form (`a`) fits one on a list (`b`), 0 to 1, for ranking what a person is shown.

    Given name .47, surname .47, middle .06 (half where one side has none); an initial counts .80; each word of `a`
    that fits nothing costs .12; never more than the weaker of given name and surname plus .35.
    """
    return fit(phonetic(a).split(), phonetic(b).split())


def fit(form: list[str], known: list[str]) -> float:
    """`score` of two names that are folded by sound and parted into words already, for comparing one with many."""
    if not form or not known:
        return 0.0
    if min(len(form), len(known)) == 1:  # one word alone can fit half a name at most
        return round(max(_alike(x, y) for x in form for y in known) * (0.94 if len(form) == len(known) else 0.47), 4)
    return round(max(_aligned(one, known) for one in (form, [*form[1:], form[0]])), 4)


def _aligned(form: list[str], known: list[str]) -> float:
    given, surname = _alike(form[0], known[0]), _alike(form[-1], known[-1])
    middle, left = form[1:-1], known[1:-1]
    fits = [max((_alike(word, other) for other in [*left, known[-1], known[0]]), default=0.0) for word in middle]
    strangers = sum(fit < 0.8 for fit in fits)
    share = sum(fits) / len(fits) if fits and left else 0.5
    total = 0.47 * given + 0.47 * surname + 0.06 * (1.0 if not middle and not left else share) - 0.12 * strangers
    return max(0.0, min(total, min(given, surname) + 0.35, 1.0))


def _alike(a: str, b: str) -> float:
    if 1 in (len(a), len(b)) and a != b:
        return 0.8 if a[0] == b[0] else 0.0
    return float(JaroWinkler.similarity(a, b, score_cutoff=0.7))  # below, it is chance: Per and Kari share a letter


# --------------------------------------------------------------------------------------------------- siblings

_MOST: Final = 8  # pupils in one cell; more is no list of siblings
_APART: Final = re.compile(r"[\n;/]")
_AND: Final = re.compile(r"[&+]|(?:^|\s)(?:og|and|samt)(?=\s|$)", re.IGNORECASE)
_NOTES: Final = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|(?:\b(?:klasse|kl|class|vg|født|fødd|f|born)\b[.:]?\s*)?[^\s,;/]*\d[^\s,;/]*",
    re.IGNORECASE,
)
"""Brackets, classes, birth dates."""


def split_pupils(text: str) -> list[str]:
    """The pupils that one cell names, tidied, in order; a surname given once goes to all who lack one.

    "Ola og Kari Hansen" is Ola Hansen and Kari Hansen, also with a line break, "&", "+", "/" or "and" between. A comma
    turns a name where one side of it is a single word ("Hansen, Ola", "Berg Hansen, Ola", "Hansen, Ola og Kari"), and
    parts pupils otherwise ("Ola Hansen, Kari Hansen", "Ola, Kari og Per Hansen"). Notes in brackets and words with
    digits are left out.
    """
    pieces: list[str] = []
    for line in _APART.split(_NOTES.sub(" ", _undo_mojibake(text[: LONGEST * _MOST]))):
        joined = _AND.split(line)
        for i, piece in enumerate(joined):
            listed = any("," not in later and len(later.split()) > 1 for later in joined[i + 1 :])
            pieces += _by_comma(piece, listed)
    names = [name for name in map(tidy, pieces) if any(c.isalpha() for c in name)][:_MOST]
    for i, name in enumerate(names):
        if len(name.split()) == 1:
            whole = next((n for n in [*names[i + 1 :], *names[:i][::-1]] if len(n.split()) > 1), None)
            names[i] = f"{name} {whole.split()[-1]}" if whole else name
    return list(dict.fromkeys(names))


def _by_comma(text: str, listed: bool) -> list[str]:
    """`listed`: a whole name follows in the same list, so that single words before it are given names."""
    parts = [part for part in (p.strip() for p in text.split(",")) if part]
    if len(parts) == 2 and not listed and min(len(part.split()) for part in parts) == 1:
        return [f"{parts[1]} {parts[0]}"]
    return parts
