"""Taking a roster in: guarded against a broken file, then pupils, enrolments, due dates, protection."""

import hashlib
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import insert, select

from schemas.errors import SafetyRefusal
from schemas.identity import classify
from schemas.ids import new_id
from schemas.settings import Settings
from store import audit, protection, worklist
from store.database import OSLO, Store, Transaction
from store.people import RosterPupil, mark_missing, roster_key, save_pupil
from store.tables import pupils, roster_runs
from tasks.reconcile.roster import Roster


@dataclass(frozen=True, slots=True)
class Imported:
    """What a roster changed, in counts; and `left_out`: numbers that it did not take, as line, column and code."""

    pupils: int
    added: int
    missing: int
    ended: int
    left_out: str = field(default="", compare=False)


def import_roster(store: Store, roster: Roster, source: bytes, *, dry_run: bool = False, by: str = "rules") -> Imported:
    """Apply the roster in one transaction. Raises `SafetyRefusal` where it is empty or sharply shorter than what the
    store knows, or where it holds real people's numbers and this is a store for tests; a pupil must be missing from two
    complete runs before an enrolment is ended by it."""
    told, wrong_here = _fit_for(store.settings, roster.read())
    left_out = [*map(str, getattr(roster, "left_out", ())), *wrong_here]
    with store.rehearse() if dry_run else store.write() as tx:
        known = {row.roster_key: row.id for row in tx.connection.execute(select(pupils.c.roster_key, pupils.c.id))}
        listed = {roster_key(tx, pupil.key) for pupil in told}
        gone = [ident for key, ident in known.items() if key not in listed]
        _guard(tx, len(told), len(known), len(gone))
        added, protected = 0, protection.protected(tx)
        for pupil in told:
            ident, new = save_pupil(tx, pupil)
            added += new
            worklist.refresh(tx, ident)
            if pupil.shielded or ident in protected:
                protection.follow_roster(tx, ident, before=ident in protected)
        digest = tx.keyring.mac("delivery", b"roster|" + hashlib.sha256(source).digest())
        ended = 0
        for ident in () if _same_as_before(tx, digest) else gone:
            if mark_missing(tx, ident):
                ended += 1
                worklist.refresh(tx, ident)
        result = Imported(len(told), added, len(gone), ended, "; ".join(left_out))
        row = {"id": new_id("N"), "source_digest": digest, "state": "applied", "pupils": len(told), "added": added}
        tx.connection.execute(insert(roster_runs).values(**row, gone=len(gone), made_at=_moment(tx)))
        counts = {name: count for name, count in asdict(result).items() if name != "left_out"}
        counts |= {"left_out": len(left_out)} if left_out else {}
        detail = " ".join(f"{name}={count}" for name, count in counts.items())
        audit.write(tx, by, "roster_imported", str(row["id"]), detail)
    if not dry_run:
        store.checkpoint()  # what the list said before is gone from the disk
    return result


def _fit_for(settings: Settings, told: list[RosterPupil]) -> tuple[list[RosterPupil], list[str]]:
    """The pupils with the numbers that this environment may hold, and what is to be said of the others.

    A test person in a school's own system is no fault of the pupils beside it: in production the number alone is left
    out. A real person's number in a store for tests means that the whole list is real: `SafetyRefusal`.
    """
    held = [number for pupil in told for number in (pupil.number, *(known.number for known in pupil.known)) if number]
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
            pupil,
            number="" if pupil.number in wrong else pupil.number,
            known=tuple(replace(one, number="" if one.number in wrong else one.number) for one in pupil.known),
        )
        for pupil in told
    ]
    return fit, [f"{len(wrong)} test numbers"]


def _same_as_before(tx: Transaction, digest: bytes) -> bool:
    """Whether this very file was the last one taken in, today: then it is no second list to be missing from."""
    last = tx.connection.execute(select(roster_runs).order_by(roster_runs.c.made_at.desc()).limit(1)).one_or_none()
    return last is not None and bool(last.source_digest == digest) and _day(last.made_at) == tx.today


def _moment(tx: Transaction) -> datetime:
    """Now, on the day that the store is on."""
    return datetime.combine(tx.today, tx.now.astimezone(OSLO).time(), OSLO)


def _day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def _guard(tx: Transaction, told: int, known: int, gone: int) -> None:
    guard = tx.settings.roster
    allowed = max(guard.max_gone_count, int(guard.max_gone_share * known))
    if told == 0 or gone > allowed:
        raise SafetyRefusal(
            "roster_shrank",
            f"the roster lists {told} pupils and lacks {gone} of the {known} known; at most {allowed} may go at once",
            "check the file; if they really left, raise roster.max_gone_count for this one import",
        )
