"""What can become of a submission and of an entry (the words of the domain; every list and JSON uses these)."""

from enum import StrEnum
from typing import Final


class SubmissionOutcome(StrEnum):
    """What a whole delivery turned out to be."""

    DUPLICATE = "duplicate"
    UNREADABLE = "unreadable"
    NOT_A_FORM = "not_a_form"
    READ = "read"


class EntryOutcome(StrEnum):
    """What became of one guardian for one pupil."""

    LOADED = "loaded"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    NO_LOGIN = "no_login"
    REJECTED = "rejected"
    NEEDS_REVIEW = "needs_review"
    NOT_APPLICABLE = "not_applicable"
    SUPERSEDED = "superseded"
    CONSENT_RECORDED = "consent_recorded"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    EXPIRED = "expired"


OPEN: Final = frozenset({EntryOutcome.NEEDS_REVIEW, EntryOutcome.REJECTED})
"""Entries that a person may still change; everything else is final."""

DROPS_ORIGINAL_AT_ONCE: Final = frozenset({EntryOutcome.REFUSED, EntryOutcome.NOT_APPLICABLE})
"""One such entry, and the sealed original dies in the transaction that decides the last entry."""
