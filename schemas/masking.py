"""What people see of a value by default, and what a log line may keep.

Belongs here: masking of one known field, scrubbing of unknown text, the log filter. Does not belong here: who may see
more (the console asks why and writes an audit row). Scrubbing is the net, never the method: a name cannot be found by
pattern, so nothing personal is logged in the first place.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from pathlib import PurePath
from typing import Final

# ---------------------------------------------------------------------------------------------- one known field

_MANY: Final = 20  # no mask is longer, so that a pasted page stays a short line


def mask(field: str, value: str | None) -> str:
    """`value` of the form's field as it is shown without `--reveal`; an empty or missing value gives "".

    fnr: a star for every digit, so only the length shows. name, pupil: initials. mobile: the last two digits.
    email: the first letter and the top-level domain. Any other field: "***".
    """
    text = (value or "").strip()
    if not text:
        return ""
    if field == "fnr":
        return "*" * (min(sum(c.isdigit() for c in text), _MANY) or 3)
    if field in ("name", "pupil"):
        return " ".join(f"{word[0].upper()}." for word in re.findall(r"[^\W\d_]+", text)[:6]) or "***"
    if field == "mobile":
        digits = [c for c in text if c.isdigit()]
        return "*" * min(len(digits) - 2, _MANY) + "".join(digits[-2:]) if 6 <= len(digits) <= _MANY else "***"
    if field == "email":
        found = re.fullmatch(r"(.)[^@]*@.*\.([^\W\d_]{2,10})", text)
        return f"{found[1]}***@***.{found[2].lower()}" if found and found[1].isalpha() else "***"
    return "***"


# --------------------------------------------------------------------------------------------------- unknown text

NUMBER: Final = "[number]"
EMAIL: Final = "[e-mail]"

_GAP: Final = r"(?:\s|[.\-‐‑‒–—−/_·+()]|%20|%2D|%C2%A0){0,3}"
_WORD: Final = r"[^\s@<>\"'(),;:\[\]{}|=]"
_TOKENS: Final = re.compile(
    rf"""
    # A UUID as Prefect makes them, and a time stamp, survive: neither can be read as an identity number.
    (?P<keep> (?<![0-9A-Za-z]) [0-9a-f]{{8}}-[0-9a-f]{{4}}-[1-8][0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}
              (?![0-9A-Za-z])
            | (?<!\d) (?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d
              (?:[.,]\d{{3}}(?:\d{{3}})?)? (?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d)? (?!\d) )
  | (?P<email> (?<!{_WORD}) {_WORD}+ (?:@|%40) {_WORD}* )
  | (?P<number> \d (?:{_GAP}\d){{8,}}                              # 9 digits or more, however they are spaced
            | (?<![\d.,]) [49]\d\d[ ]?\d\d[ ]?\d{{3}} (?!\d)        # a Norwegian mobile, in the groupings people use
            | (?<![\d.,]) [49]\d[ ]\d\d[ ]\d\d[ ]\d\d (?!\d) )
    """,
    re.VERBOSE | re.IGNORECASE,
)


def scrub(text: str) -> str:
    """`text` without digit runs that could be an identity or phone number and without e-mail addresses.

    Wider than a valid number, since rejected forms are exactly those with malformed ones: any 9 digits, also spaced,
    dotted, hyphenated or URL-encoded, and 8 that look like a Norwegian mobile. Ids of our own hold no digit. Where in
    doubt it redacts: a hexadecimal digest may lose a part.
    """
    return _TOKENS.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    if found.lastgroup == "keep" and re.search("[a-z:]", found[0], re.IGNORECASE):
        return found[0]
    return EMAIL if found.lastgroup == "email" else NUMBER


def skeleton(exc: BaseException) -> str:
    """The type and places (`folder/file.py:line`) of an exception and of its causes; never its text or its values."""
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen and len(seen) < 5:
        seen.add(id(current))
        frames = traceback.extract_tb(current.__traceback__, limit=-12)
        places = [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno}" for f in frames]
        lines.append(f"{type(current).__name__} at {' > '.join(places) or 'no frames'}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return scrub("\nafter ".join(lines))


class Redact(logging.Filter):
    """Scrubs every record that passes. Put it on handlers: a logger's filter misses records that propagate.

    The message is formatted and scrubbed, an exception becomes its skeleton, stack texts are dropped. It lets every
    record through, and it never raises: a message that cannot be formatted is replaced.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean `record` in place."""
        try:
            record.msg = scrub(record.getMessage())
        except Exception:
            record.msg = "a log message that could not be formatted"
        record.args = ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = skeleton(record.exc_info[1])
        elif record.exc_text:  # another handler's formatter may have cached the whole traceback
            record.exc_text = scrub(record.exc_text) if getattr(record, "redacted", False) else "exception text dropped"
        record.redacted = True
        record.exc_info = record.stack_info = None
        return True


def quiet() -> None:
    """From now on this process tells of no value by accident: uncaught exceptions, in threads and finalisers too, print
    type and place only, and what libraries log or warn of passes `Redact` (Prefect sets handlers of its own later)."""
    sys.excepthook = lambda kind, fault, _trace: sys.stderr.write(skeleton(fault) + "\n") and None
    threading.excepthook = lambda args: sys.stderr.write(f"thread: {args.exc_type.__name__}\n") and None
    sys.unraisablehook = lambda args: sys.stderr.write(f"unraisable: {args.exc_type.__name__}\n") and None
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a handler that fails would print the exception being handled, text and all
    if not logging.root.handlers:
        handler = logging.StreamHandler()
        handler.addFilter(Redact())
        logging.root.addHandler(handler)
