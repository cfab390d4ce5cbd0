"""The one role there is: who may see what concerns protected families.

The settings list staff ids (`staff.restricted`). What counts is the word of whoever types `--by`, and the audit keeps
it: a fence against looking by accident and without a trace, not against whoever owns the machine (SECURITY.md).
"""

from typing import NoReturn

from schemas.errors import SafetyRefusal
from schemas.settings import Settings
from store import audit
from store.database import Store


def is_restricted(settings: Settings, by: str | None) -> bool:
    """Whether this staff id has the restricted role."""
    return by is not None and by in settings.staff.restricted


def require_restricted(store: Store, by: str, subject: str | None, *, what: str) -> None:
    """Raise `SafetyRefusal`, remembered in the audit, unless `by` has the role. `what`: a code for what was asked."""
    if not is_restricted(store.settings, by):
        refuse(store, by, subject, what=what)


def refuse(store: Store, by: str, subject: str | None, *, what: str) -> NoReturn:
    """Remember that somebody without the role asked, and raise `SafetyRefusal`. In a transaction of its own, so that it
    stays remembered."""
    with store.write() as tx:
        audit.write(tx, by, "restricted_refused", subject, f"what={what}")
    raise SafetyRefusal(
        "by_school", "the school is taking care of this", "it is for the stewards named in staff.restricted"
    )
