"""Who sent a mail, as far as it may be answered: the address in From, unless a machine or a list wrote it.

Belongs here: reading the header of a mail for an answer. Does not belong here: proof; anybody may write any From.
Source: RFC 3834 (automatic responses), RFC 3464 (delivery reports), RFC 2919 (lists).
"""

import re
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Final

HEADER_BYTES: Final = 200_000
ROBOTS: Final = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce")
LISTED: Final = ("List-Id", "List-Post", "List-Unsubscribe", "List-Help", "Mailing-List", "X-Mailman-Version", "X-Loop")
AUTOMATIC: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply-From", "Feedback-ID", "X-Failed-Recipients")


def answerable_sender(raw: bytes) -> str | None:
    """The one address in From, "" where there is none to be read, None where no answer must go out on this mail."""
    try:
        head = BytesHeaderParser().parsebytes(_HEAD.split(raw[:HEADER_BYTES], maxsplit=1)[0])
        there = {name.lower() for name in head}
        told = dict.fromkeys(_READ, "")
        for name in _READ:
            if name.lower() in there:
                told[name] = " ".join(str(one) for one in head.get_all(name, [])).strip().lower()
        automatic = told["Auto-Submitted"].split(";")[0].strip() not in ("", "no")
        bulk = any(word in told["Precedence"].split() for word in ("bulk", "list", "junk", "auto_reply"))
        report = told["Content-Type"].startswith("multipart/report") or "<>" in told["Return-Path"]
        marked = any(told[name] for name in (*LISTED, *AUTOMATIC))
        if automatic or bulk or report or marked:
            return None
        found = getaddresses([told["From"]])
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""  # a header that nobody can read names nobody
    if len(found) != 1:
        return ""
    address = found[0][1]
    if address.partition("@")[0].startswith(ROBOTS):
        return None
    return address if "@" in address else ""


_HEAD: Final = re.compile(rb"(?<=\n)\r?\n")
_READ: Final = ("From", "Auto-Submitted", "Precedence", "Content-Type", "Return-Path", *LISTED, *AUTOMATIC)
