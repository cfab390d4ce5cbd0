"""The guard: a list that would let go of many at once, or that turns much of what is known around, waits for a person.

A broken export looks like a school that everybody left. What is asked is not only who is missing but whatever comes to
the same: ends and birth dates that are moved, guardians that vanish, marks that are lifted. Does not belong here: what
a list would change (`comparing`).
"""

from typing import Final

from schemas.settings import RosterSettings
from tasks.reconcile.comparing import SOON, Plan

SAID: Final = {
    "roster_shrank": "{count} of the {known} known pupils are not on it",
    "roster_ends": f"the time of {{count}} pupils would be over within {SOON.days} days",
    "roster_births": "{count} pupils would have another birth date",
    "roster_names": "{count} pupils would have another name",
    "roster_guardians": "{count} pupils would lose guardians that were known",
    "roster_marks": "a column of marks is suddenly without any",
}
"""Why a list is held. Nobody's protection shows by the words."""


def allowed(settings: RosterSettings, known: int) -> int:
    """How many pupils one list may let go of, or turn around in one respect."""
    return max(settings.max_gone_count, int(settings.max_gone_share * known))


def reasons(settings: RosterSettings, told: int, plan: Plan) -> dict[str, int]:
    """Code -> how many pupils, for everything that looks broken; empty where the list may be taken in."""
    most = allowed(settings, plan.known)
    counts = {
        "roster_shrank": plan.gone,
        "roster_ends": plan.ended,
        "roster_births": plan.births,
        "roster_names": plan.names,
        "roster_guardians": plan.guardians,
    }
    found = {code: count for code, count in counts.items() if count > most}
    lifted = len(plan.unshield)
    if lifted > 1 and lifted == len(plan.protected):
        found["roster_marks"] = lifted
    return found


def sentence(found: dict[str, int], told: int, plan: Plan, settings: RosterSettings) -> str:
    """The same for people."""
    said = [SAID[code].format(count=count, known=plan.known) for code, count in found.items()]
    most = allowed(settings, plan.known)
    return f"the list of {told} pupils is held: {'; '.join(said)} (at most {most} may be at once)"
