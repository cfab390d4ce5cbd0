"""What is late: a count in plain SQL on the stored dates, which shares no code with the sweep. It must be 0.

Belongs here: looking. Does not belong here: anything that erases, or anything imported from what erases.
"""

from datetime import date, timedelta

from sqlalchemy import text

from store.database import Store

_HELD = "EXISTS (SELECT 1 FROM holds WHERE ends_on > :today AND subject_id IN ({}))"
_ITS_PEOPLE = "EXISTS (SELECT 1 FROM {0} AS x WHERE x.submission_id = submissions.id AND {1})"
_OF_X = _HELD.format("x.pupil_id, x.guardian_id")
_PARTS = {
    "links": ("links WHERE due_on < :today", [_HELD.format("links.pupil_id, links.guardian_id")]),
    "register": ("refusals WHERE due_on < :today", [_HELD.format("refusals.pupil_id")]),
    "known_guardians": ("pupils WHERE due_on < :today AND known_ct IS NOT NULL", [_HELD.format("pupils.id")]),
    "entries": ("entries WHERE held_until < :today AND outcome IN ('needs_review', 'rejected')", []),
    "originals": (
        "submissions WHERE original_due_on < :today AND original_ct IS NOT NULL AND state = 'decided'",
        [_HELD.format("submissions.id"), _ITS_PEOPLE.format("entries", _OF_X), _ITS_PEOPLE.format("links", _OF_X)],
    ),
    "roster_runs": ("roster_runs WHERE content_due_on < :today AND content_ct IS NOT NULL", []),
    "source_copies": ("sightings WHERE dispose_on < :today AND handle_ct IS NOT NULL", []),
    "exported_ids": ("exported_ids WHERE told_at < :a_month_ago", []),
    "guardians": ("guardians WHERE 1 = 1", ["EXISTS (SELECT 1 FROM links WHERE links.guardian_id = guardians.id)"]),
}
"""What should be gone, and what excuses it."""


def overdue(store: Store) -> int:
    """How much should have gone before today and is still here."""
    return sum(late(store).values())


def late(store: Store, day: date | None = None) -> dict[str, int]:
    """The same by kind, without what is 0: links, register rows, known guardians, held entries, originals, lists held
    back, copies at the source, ids that an export told too long ago, and guardians whom no link keeps."""
    with store.read() as tx:
        today = day or tx.today
        told = {"today": today.isoformat(), "a_month_ago": (today - timedelta(days=32)).isoformat()}
        found = {}
        for kind, (rows, excuses) in _PARTS.items():
            query = " AND NOT ".join([f"SELECT count(*) FROM {rows}", *excuses])  # noqa: S608 - our own words
            found[kind] = int(tx.connection.execute(text(query), told).scalar_one())
    return {kind: count for kind, count in found.items() if count}
