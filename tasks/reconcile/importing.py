"""Taking a roster in: guarded against a broken list, then pupils, enrolments, due dates, protection.

Everything in one transaction. A list that the guard stops changes nothing: it is held, sealed, until a named person
releases it or its time is out. Does not belong here: formats (`rosters`), the comparison (`comparing`), the limits
(`guarding`).
"""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row

from schemas.errors import SafetyRefusal
from schemas.identity import classify
from schemas.settings import Settings
from store import audit, protection, rosters, worklist
from store.database import OSLO, Store, Transaction
from store.people import CHUNK, RosterPupil, end_now, mark_missing, save_pupils
from tasks.reconcile.comparing import Plan, compare
from tasks.reconcile.guarding import allowed, reasons, sentence
from tasks.reconcile.roster import Listed, Roster


@dataclass(frozen=True, slots=True)
class Imported:
    """What a roster changed, in counts: pupils on it, added, changed, known and missing from it, whose enrolment was
    ended by that. `left_out`: what it could not take, as line, column and code. `run`: the id of the run."""

    pupils: int
    added: int
    missing: int
    ended: int
    changed: int = field(default=0, compare=False)
    left_out: str = field(default="", compare=False)
    complete: bool = field(default=True, compare=False)
    run: str = field(default="", compare=False)
    understood: tuple[tuple[str, str], ...] = field(default=(), compare=False)


def import_roster(store: Store, roster: Roster, *, dry_run: bool = False, by: str = audit.RULES) -> Imported:
    """Read the roster and apply it, in one transaction.

    Raises `SafetyRefusal` where it is empty, where it would let go of or turn around more than the settings allow (it
    is held then, see `release`), or where it holds real people's numbers and this is a store for tests; what the reader
    raises passes. A pupil must be missing from two complete lists before an enrolment is ended by it.
    """
    with store.read() as tx:
        last = rosters.last_taken_in(tx, roster.kind)
    listed = roster.read(last.mark or "" if last is not None else "")
    fit, wrong_here = _fit_for(store.settings, listed.pupils)
    listed = replace(listed, pupils=fit)
    left_out = [*map(str, listed.left_out), *wrong_here]
    stopped = None
    with store.rehearse() if dry_run else store.write() as tx:
        digest = tx.keyring.mac("delivery", b"roster|" + listed.digest)
        told = {"source_digest": digest, "kind": listed.kind, "complete": listed.complete, "mark": listed.mark or None}
        plan = compare(tx, listed)
        counts = {"pupils": len(fit), "added": len(plan.added), "changed": len(plan.changed), "gone": plan.gone}
        stopped = _guard(tx, listed, plan, {**told, **counts}, by, dry_run=dry_run)
        if stopped is None:
            again = _same_as_before(tx, digest, listed.mark)
            ended = _apply(tx, plan, count_missing=not again)
            run = rosters.record(tx, "applied", **told, **counts)
            if listed.complete:
                rosters.supersede(tx)
            result = Imported(
                len(fit), len(plan.added), len(plan.missing) + len(plan.removed), ended, len(plan.changed),
                "; ".join(left_out), listed.complete, "" if dry_run else run, listed.understood,
            )  # fmt: skip
            audit.write(tx, by, "roster_imported", run, _detail(result, len(left_out)))
    if stopped is not None:
        raise stopped
    if not dry_run:
        store.checkpoint()  # what the list said before is gone from the disk
    return result


def release(store: Store, run: str, *, by: str) -> Imported:
    """Apply a held list on a named person's word. Whoever it lacks was missing once by it; the next complete list that
    lacks them too ends their enrolment. Raises `UsageFault` where no such run is held."""
    by = audit.staff(by)
    with store.write() as tx:
        row, pupils, removed, adds = rosters.held_content(tx, run)
        told = {"complete": row.complete, "adds": adds, "removed": frozenset(removed)}
        listed = Listed(row.kind, row.source_digest, pupils, **told)
        plan = compare(tx, listed)
        again = _same_as_before(tx, row.source_digest, row.mark or "")
        ended = _apply(tx, plan, count_missing=not again)
        counts = {"added": len(plan.added), "changed": len(plan.changed), "gone": plan.gone}
        rosters.released(tx, run, by, **counts)
        if listed.complete:
            rosters.supersede(tx)
        missing = len(plan.missing) + len(plan.removed)
        result = Imported(
            len(pupils), len(plan.added), missing, ended, len(plan.changed), complete=row.complete, run=run
        )
        audit.write(tx, by, "roster_released", run, _detail(result, 0))
    store.checkpoint()
    return result


def _detail(result: Imported, left_out: int) -> str:
    counts = {name: getattr(result, name) for name in ("pupils", "added", "missing", "ended", "changed")}
    counts |= {"left_out": left_out} if left_out else {}
    return " ".join(f"{name}={count}" for name, count in counts.items())


def _guard(
    tx: Transaction, listed: Listed, plan: Plan, told: dict[str, Any], by: str, *, dry_run: bool
) -> SafetyRefusal | None:
    """The refusal of a list that looks broken, which is then held; None where it may be taken in."""
    settings = tx.settings.roster
    if listed.complete and not listed.pupils:
        run = rosters.record(tx, "refused", why="roster_empty", **told)
        audit.write(tx, by, "roster_refused", run, "why=roster_empty")
        return SafetyRefusal("roster_shrank", "the list names no pupil at all", "export it again")
    if not (why := reasons(settings, len(listed.pupils), plan)):
        return None
    codes = ",".join(why)
    run = rosters.hold(tx, listed.pupils, sorted(listed.removed), adds=listed.adds, why=codes, **told)
    audit.write(tx, by, "roster_held", run, f"why={codes} allowed={allowed(settings, plan.known)}"[:200])
    message = sentence(why, len(listed.pupils), plan, settings)
    next_step = f"look at the list; if it is right: foresatt roster release {run} --by STAFF"
    if dry_run:
        next_step = "look at the list; if it is right, import it, and release it by name"
    return SafetyRefusal(next(iter(why)), message, next_step)


def _apply(tx: Transaction, plan: Plan, *, count_missing: bool) -> int:
    """Write what the plan says; returns how many enrolments a second missing ended."""
    work: list[tuple[RosterPupil, Row[Any] | None]] = [*((one, None) for one in plan.added), *plan.changed]
    for start in range(0, len(work), CHUNK):
        part = work[start : start + CHUNK]
        idents = save_pupils(tx, part)
        new = [ident for ident, (one, before) in zip(idents, part, strict=True) if before is None and one.shielded]
        plan.shield.extend(new)
    over = mark_missing(tx, plan.missing) if count_missing else []
    end_now(tx, plan.removed)
    worklist.refresh_all(tx, [*plan.dated, *over, *plan.removed])
    for ident in plan.shield:
        protection.protect(tx, ident, "roster")
    for ident in plan.unshield:
        protection.lift(tx, ident, "roster")
    return len(over)


def _fit_for(settings: Settings, told: list[RosterPupil]) -> tuple[list[RosterPupil], list[str]]:
    """The pupils with the numbers that this environment may hold, and what is to be said of the others.

    A test person in a school's own system is no fault of the pupils beside it: in production the number alone is left
    out. A real person's number in a store for tests means that the whole list is real: `SafetyRefusal`.
    """
    held = [n for one in told for n in (one.number, *(known.number for known in one.known or ())) if n]
    reasons = dict(zip(held, classify(held, environment=settings.environment)["reason"], strict=True))
    if "fnr_real_in_test" in reasons.values():
        raise SafetyRefusal(
            "roster_real_in_test",
            "the roster holds real people's numbers, and this is a store for tests",
            "use test data",
        )
    wrong = {number for number, why in reasons.items() if why == "fnr_synthetic_in_production"}
    if not wrong:
        return told, []
    fit = [
        replace(
            one,
            number="" if one.number in wrong else one.number,
            known=one.known
            and tuple(replace(known, number="" if known.number in wrong else known.number) for known in one.known),
        )
        for one in told
    ]
    return fit, [f"{len(wrong)} test numbers"]


def _same_as_before(tx: Transaction, digest: bytes, mark: str) -> bool:
    """Whether this very list was the last one taken in: today, or on whatever day where its mark says so. Then it is no
    second list to be missing from."""
    last = rosters.last_taken_in(tx)
    if last is None or last.source_digest != digest:
        return False
    return bool(mark and last.mark == mark) or bool(last.made_at.astimezone(OSLO).date() == tx.today)
