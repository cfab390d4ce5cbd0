"""The pupils whom an open entry may mean, as `review list` and `show` tell of them: ids and why, names on request."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from store.database import Transaction
    from store.listing import EntryLine

WHY: Final = {
    "same_name": "this very name",
    "near_name": "a name like it",
    "other_name": "another name",
    "number": "the list has a guardian with this number",
    "mobile": "the list has a guardian with this mobile",
    "email": "the list has a guardian with this e-mail",
    "guardian": "the list names this guardian",
}


def likely(tx: "Transaction", entry: "EntryLine", *, reveal: bool = False) -> list[dict[str, Any]]:
    """The likeliest pupils of an open entry, best first; those who are gone since are left out."""
    from schemas.masking import mask
    from store.entries import candidates
    from store.people import read_pupils

    found = []
    told = candidates(tx, entry.row)
    there = {pupil.id: pupil for pupil in read_pupils(tx, [one.pupil_id for one in told])} if told else {}
    for one in told:
        if (pupil := there.get(one.pupil_id)) is not None:
            name = pupil.name if reveal else mask("pupil", pupil.name)
            about = {"pupil_id": one.pupil_id, "pupil": name, "class": pupil.class_name}
            found.append({**about, "score": one.score, "why": list(one.why)})
    return found


def in_short(pupils: Sequence[dict[str, Any]]) -> str:
    """For one cell of a list."""
    told = [
        f"{one['pupil_id']} {one['pupil']} {one['class']} {one['score']:.2f} {'+'.join(one['why'])}" for one in pupils
    ]
    return "\n".join(told)


def in_words(pupils: Sequence[dict[str, Any]]) -> list[str]:
    """A line each, for one entry's page."""
    return [
        f"  {'perhaps':7} {one['pupil']:32} {one['class']:6} {one['pupil_id']}  "
        f"{one['score']:.2f}: {', '.join(WHY[code] for code in one['why'])}"
        for one in pupils
    ]
