"""A pupil's consent to extend that came as a file: filled in on screen, or known by its heading alone.

Belongs here: the consent's own fields, telling its text from the guardians' form. Does not belong here: its picture
(`scan`), what it is worth (`tasks/reconcile`): nothing, until a steward has spoken with the pupil. The date beside the
signature is not read: anybody can write one, and what counts is that the pupil is 17 when the steward records it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from schemas.boxed import CONSENT_FIELDS, titled_consent
from schemas.documents import ReadEntry, ReadField, ReadForm
from tasks.extract import values
from tasks.extract.labels import Label, heading_in, labels_in

_PUPIL, _FIRST, _SECOND, _DATE = CONSENT_FIELDS
_IN_WORDS: Final = re.compile(
    r"(?=.*(?:tilgang|innsyn|access))(?<!\w)(?:jeg|eg|i)(?!\w)[^.!?>]{0,60}(?<!\w)"
    r"(?:samtykker|samtykkjer|consent to|trekk(?:j?er)? (?:\w+ ){0,3}(?:tilbake|attende)|withdraw)(?!\w)",
    re.IGNORECASE,
)
"""A pupil who writes of the guardians' access: what the school's letter says a pupil *may* do has no "I" in it."""
_SLOTS: Final[Mapping[str, int]] = {_FIRST: 1, _SECOND: 2}


def filled_consent(fields: Mapping[str, str]) -> ReadForm | None:
    """The consent in fields by name: an entry for each guardian it names; None where no field is a consent's, or none
    is filled in. A date alone is a consent that names nobody."""
    read = {name: values.cleaned("name", text)[: values.MAX_VALUE] for name, text in fields.items()}
    read = {name: text for name, text in read.items() if name in CONSENT_FIELDS and text}
    if not read:
        return None
    told = {name: ReadField(text, 1.0, f"field {name}", "accepted") for name, text in read.items() if name != _DATE}
    entries = [
        ReadEntry(slot, pupil=told.get(_PUPIL), name=told[name]) for name, slot in _SLOTS.items() if name in told
    ]
    return ReadForm(tuple(entries), "consent")


def is_consent(fields: Iterable[str]) -> bool:
    """Whether a file's field names are the consent's."""
    return any(name in CONSENT_FIELDS for name in fields)


def unread_consent(lines: Iterable[str], forms: tuple[ReadForm, ...]) -> tuple[ReadForm, ...]:
    """The forms of a text, or, under a consent's heading, that consent alone: in free text its names are for eyes. So
    is one in a pupil's own words, given or taken back, where there is no form."""
    lines = list(lines)
    titled = any(map(titled_consent, lines))
    found = titled and (bool(forms) or any(map(_names_somebody, lines)))
    found = found or (not forms and any(map(_IN_WORDS.search, lines)))
    return (ReadForm((), "consent"),) if found else forms


def _names_somebody(line: str) -> bool:
    """Whether a line is a label with a name behind it."""
    parts = labels_in(line)
    heading = heading_in(line)
    named = heading.rest if heading else "".join(part for part in parts[1:2] if isinstance(part, str))
    return bool(heading or isinstance(parts[0], Label)) and values.plausible("name", named)
