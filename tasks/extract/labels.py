"""The labels and headings of the form, in every spelling people use.

Belongs here: finding them in one cell of text. Does not belong here: what can be a value (`values`), which guardian's
column it stands in (`table`), where the cell came from (`text`, `pdf`).
"""

import re
from dataclasses import dataclass
from typing import Final

from schemas.documents import FIELDS, FieldName
from schemas.form import LABELS
from tasks.extract.values import blank, plausible, spelled


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
    "fnr": (
        "11 siffer)",
        "siffer)",
        "fødselnummer",
        "fødselsnummar",
        "fødselsnumer",
        "national id number",
        "national id",
        "personal number",
        "personal id number",
        "personal identification number",
        "norwegian id number",
        "norwegian personal number",
        "norwegian national id",
        "social security number",
        "birth number",
        "identitetsnummer",
        "id-nummer",
    ),
    "name": ("fulle navn", "fulle namn", "for- og etternavn", "fornavn og etternavn"),
    "mobile": ("mobilnummar", "cell", "cell phone", "cellphone", "mobile phone", "mobiltlf", "mobil tlf", "tlf mobil"),
    "email": ("e-mailadresse", "epost-adresse"),
}
_SEPARATOR: Final = r"(?:[\s._…*]*[:\uff1a=]|\s+(?:[-\u2010-\u2015→]|->)(?=\s)|\s*(?:\.{3,}|_{3,}|…+))[*_]{0,2}"


def _label_pattern() -> str:
    """Every label of the form, the longest first, each with what people add to it."""
    every = [(name, label) for name in FIELDS for label in (*LABELS[name], *_MORE[name]) if "(" not in label]
    every.sort(key=lambda pair: -len(pair[1]))
    groups = "|".join(f"(?P<{name}{number}>{spelled(label)})" for number, (name, label) in enumerate(every))
    return (
        rf"(?:{_GUARDIAN}\s*(?:nr\.?\s*)?(?P<before>[12])\s*[:.,)\-\u2010-\u2015]*\s*)?(?:{_OWNER})?(?:{groups})"
        r"(?:[\s.\-]?(?:nr|nummer|number|no|adresse|address)(?!\w)|(?:et|en)(?!\w))?\.?(?![\w@])"
        r"(?:\s+(?:mitt|min|mi|vårt|vår)(?!\w))?"
        r"(?:\s*\([^()]{0,40}\))?"
        rf"(?:\s+(?:(?:på|til|for|of)\s+(?:the\s+)?)?(?:(?P<ofchild>{_CHILD})|{_GUARDIAN})(?!\w))?"
        r"(?:\s*(?:nr\.?\s*)?(?P<after>[12])(?=\s*(?:[:=]|$)))?"
    )


_LABEL: Final = re.compile(rf"(?<![\w@.-]){_label_pattern()}(?P<separator>{_SEPARATOR})?", re.IGNORECASE)
_BULLET: Final = re.compile(r"^\s*(?:[*•·▪◦–—-]+\s+|\d{1,2}[.)]\s+|#+\s*|[*_]{1,2}(?=\w))")
_HEADING: Final = re.compile(
    rf"^(?:{_GUARDIAN}\s*(?:nr\.?|no\.?|\#)?\s*(?P<slot>[12])\b|(?P<first>[12])\.\s*{_GUARDIAN}\b"
    rf"|(?P<kin>mor|far|mamma|pappa|mother|father|{_GUARDIAN}))(?![\w/]|\s+(?:til|for|of)\b)(?:\s*\([^()]{{1,30}}\))?"
    r"(?P<separator>\s*[:.)=\-\u2010-\u2015]+\s*)?(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_BOTH: Final = re.compile(rf"^\W*{_GUARDIAN}\s*1\W+{_GUARDIAN}\s*2\W*$", re.IGNORECASE)


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
        return _listed(text)
    parts: list[Label | str] = [text[: matches[0].start()]] if text[: matches[0].start()].strip() else []
    ends = [match.start() for match in matches[1:]] + [len(text)]
    for match, end in zip(matches, ends, strict=True):
        parts.append(_meant(match))
        value = text[match.end() : end]
        if not blank(value):
            parts.append(value.strip())
    return parts


def _listed(text: str) -> list[Label | str]:
    """A line such as "Kari Nordmann, fnr 418190 77302, mob 912 34 567": labels between commas, with blanks alone."""
    pieces = re.split(r"\s*[,;]\s+", text)
    parts: list[Label | str] = []
    for piece in pieces if len(pieces) > 1 else ():
        match = _LABEL.match(piece)
        label = _meant(match) if match else None
        value = piece[match.end() :].strip() if match else ""
        if label and label.field and plausible(label.field, value):
            parts += [label, value]
        else:
            parts.append(piece)
    return parts if sum(isinstance(part, Label) for part in parts) > 1 else [text]


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
