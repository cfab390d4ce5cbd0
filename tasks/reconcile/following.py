"""Following the register: what it says tonight of stored links, of those whom something happened to; monthly of all.

Belongs here: whom to ask, in what order, and remembering how far we came; each step is one transaction, so that a run
that is stopped anywhere goes on where it was. Does not belong here: what responsibility is (`responsibility`), what
follows from a fact (`store.findings`, `store.protection`). Nothing is asked inside a transaction.

Where the register has nothing to say of a number (it was let go, may not be sent, was not answered), nothing is
concluded from that.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select

from schemas.due import is_adult
from schemas.findings import OF_REGISTER
from schemas.numbers import clean as clean_number
from schemas.register import Answered, RegisterPerson
from store import audit, findings, guardians, protection, worklist
from store.database import Store, Transaction
from store.findings import Fact
from store.guardians import Guardian
from store.people import Pupil, read_pupils
from store.tables import links, pupils, store_info
from tasks.reconcile.register import Register
from tasks.reconcile.responsibility import is_guardian

PUPILS: Final = 300
"""Pupils looked at together: with their guardians about one question to the register."""
SEQUENCE: Final = "register_sequence"
WHOLE_ON: Final = "register_whole_on"
REACHED: Final = "register_reached"
_NAME: Final = "name_differs_in_register"
_NOBODY: Final = "fnr_not_in_register"


@dataclass(slots=True)
class Followed:
    """What came of it: counts of findings opened by kind, and the numbers that something was told about (None: of all).
    `protected` is for the restricted role alone; nobody else is shown it."""

    opened: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    events: int = 0
    renumbered: int = 0
    protected: int = 0
    whole: bool = False
    changed: set[str] = field(default_factory=set, repr=False)


def follow(store: Store, register: Register, watch: Callable[[int], None] = lambda done: None) -> Followed:
    """Events since the last one, then whom they are about; all of them in a new month, at first, and where the feed no
    longer reaches back. Raises `OutsideFault` where the register does not answer: what was done until then stays done,
    and the next run goes on from there."""
    done = Followed()
    if not register.on:
        return done
    with store.read() as tx:
        state = {key: _state(tx, key) for key in (SEQUENCE, WHOLE_ON, REACHED)}
        today = tx.today
    whole_on = date.fromisoformat(state[WHOLE_ON]) if state[WHOLE_ON] else None
    due = whole_on is None or (whole_on.year, whole_on.month) != (today.year, today.month)
    if state[SEQUENCE] is None:  # what happens from now on is an event; what was before, the whole pass tells
        _remember(store, **{SEQUENCE: str(register.last_sequence("nightly_check"))})
    elif not due:
        due = _events(store, register, int(state[SEQUENCE]), done, watch)
    if due:
        _whole(store, register, state[REACHED] or "", done, watch)
    return done


def _events(store: Store, register: Register, since: int, done: Followed, watch: Callable[[int], None]) -> bool:
    """Page by page; each page's number is remembered with what came of it. True where only a whole pass helps."""
    ours: dict[str, set[str]] | None = None
    for page in register.changes(since, "nightly_check"):
        if page.too_old:
            _remember(store, **{SEQUENCE: str(page.last)})
            return True
        ours = _ours(store) if ours is None else ours
        about = sorted({ident for item in page.items for ident in ours.get(item.number, ())})
        done.events += len(page.items)
        done.changed |= {item.number for item in page.items if item.number in ours}
        for start in range(0, len(about), PUPILS):
            _look(store, register, about[start : start + PUPILS], done)
        _remember(store, **{SEQUENCE: str(page.last)})
        watch(done.asked)
    return False


def _whole(store: Store, register: Register, reached: str, done: Followed, watch: Callable[[int], None]) -> None:
    done.whole = True
    while True:
        with store.read() as tx:
            linked = select(links.c.pupil_id).where(links.c.pupil_id == pupils.c.id).exists()
            query = select(pupils.c.id).where(pupils.c.id > reached, linked).order_by(pupils.c.id).limit(PUPILS)
            idents = list(tx.connection.execute(query).scalars())
            today = tx.today
        if not idents:
            _remember(store, **{WHOLE_ON: today.isoformat(), REACHED: None})
            return
        _look(store, register, idents, done, **{REACHED: idents[-1]})
        reached = idents[-1]
        watch(done.asked)


def _look(store: Store, register: Register, idents: Sequence[str], done: Followed, **state: str | None) -> None:
    """Ask about these pupils and their guardians, and write down what follows, in one transaction."""
    with store.read() as tx:
        families = list(_families(tx, idents))
    numbers = sorted({n for pupil, theirs in families for n in (_number(pupil), *(g.number for g in theirs)) if n})
    told = register.people(numbers, "nightly_check")
    done.asked += len(numbers)
    with store.write() as tx:
        facts: list[Fact] = []
        for pupil, theirs in families:
            now = [g for g in guardians.of_pupil(tx, pupil.id) if any(g.id == one.id for one in theirs)]
            facts += _facts(tx, pupil, now, told)
            done.renumbered += _renumber(tx, pupil, now, told)
            done.protected += _protect(tx, pupil, theirs, told)
        done.opened += findings.keep(tx, facts, OF_REGISTER, only=[pupil.id for pupil, _ in families])
        _write_state(tx, state)


def _facts(tx: Transaction, pupil: Pupil, theirs: Sequence[Guardian], told: Answered) -> Iterator[Fact]:
    """What speaks against a link. Nothing is concluded from an answer that did not come."""
    young = told.people.get(_number(pupil))
    basis = {row.guardian_id: row.basis for row in tx.connection.execute(_of(pupil.id)).all()}
    for guardian in theirs:
        if guardian.number in told.unknown:
            yield Fact("not_in_register", pupil.id, guardian.id)
        adult = told.people.get(guardian.number)
        if adult is None:
            continue
        if adult.dead or adult.status == "doed":
            yield Fact("guardian_died", pupil.id, guardian.id)
            continue
        if young is None or is_adult(pupil.born, tx.today, tx.settings.retention.leap_day):
            continue  # nobody has responsibility for an adult: what keeps that link is a consent
        about = {"today": tx.today, "leap_day": tx.settings.retention.leap_day}
        names = {"name": guardian.name, "pupil_name": pupil.name, "born": pupil.born}
        finding = is_guardian(adult, young, **names, **about)  # type: ignore[arg-type]
        codes = {fault.code for fault in finding.faults}
        if _NAME in codes:
            yield Fact("name_changed", pupil.id, guardian.id, " ".join(adult.names))
        if finding.answer == "no" or "no_responsibility" in codes:
            # A steward has seen why this one counts though the register never had it: that stands until they look.
            steward = basis.get(guardian.id) == "steward"
            yield Fact("responsibility_unclear" if steward else "responsibility_ended", pupil.id, guardian.id)
        elif codes - {_NAME, _NOBODY}:
            yield Fact("responsibility_unclear", pupil.id, guardian.id, " ".join(sorted(codes)))


def _renumber(tx: Transaction, pupil: Pupil, theirs: Sequence[Guardian], told: Answered) -> int:
    """Follow a person to a new number (D-number to fødselsnummer, say): the look-up by the old one tells the new."""
    count = 0
    for guardian in theirs:
        adult = told.people.get(guardian.number)
        if adult is None or not adult.number or adult.number == guardian.number:
            continue
        if guardian.number not in adult.numbers or guardians.find_by_number(tx, adult.number) is not None:
            continue
        guardians.change_number(tx, guardian, adult.number)
        for pupil_id in tx.connection.execute(
            select(links.c.pupil_id).where(links.c.guardian_id == guardian.id)
        ).scalars():
            worklist.changed(tx, pupil_id, guardian.id)
        findings.add(tx, Fact("number_changed", pupil.id, guardian.id, adult.number))
        audit.write(tx, audit.RULES, "number_followed", guardian.id)
        count += 1
    return count


def _protect(tx: Transaction, pupil: Pupil, theirs: Sequence[Guardian], told: Answered) -> int:
    """Protection acts at once; it ends only where everybody was answered and nobody is protected."""
    numbers = (_number(pupil), *(guardian.number for guardian in theirs))
    people: list[RegisterPerson | None] = [told.people.get(number) for number in numbers]
    if any(person is not None and person.protected for person in people):
        return int(protection.protect(tx, pupil.id, "register"))
    if all(person is not None for person in people):
        protection.lift(tx, pupil.id, "register")
    return 0


def _families(tx: Transaction, idents: Sequence[str]) -> Iterator[tuple[Pupil, list[Guardian]]]:
    for pupil in read_pupils(tx, idents):
        yield pupil, guardians.of_pupil(tx, pupil.id)


def _ours(store: Store) -> dict[str, set[str]]:
    """Number -> pupils whom it concerns: their own, and their guardians'."""
    found: dict[str, set[str]] = {}
    with store.read() as tx:
        last = ""
        linked = select(links.c.pupil_id).where(links.c.pupil_id == pupils.c.id).exists()
        page = select(pupils.c.id).where(linked).order_by(pupils.c.id).limit(5_000)
        while idents := list(tx.connection.execute(page.where(pupils.c.id > last)).scalars()):
            last = idents[-1]
            for ident, number in guardians.numbers_of(tx, idents):
                found.setdefault(number, set()).add(ident)
            for pupil in read_pupils(tx, idents):
                if number := _number(pupil):
                    found.setdefault(number, set()).add(pupil.id)
    return found


def _number(pupil: Pupil) -> str:
    return clean_number(pupil.number) if pupil.number else ""


def _of(pupil_id: str) -> Any:
    return select(links.c.guardian_id, links.c.basis).where(links.c.pupil_id == pupil_id)


def _state(tx: Transaction, key: str) -> str | None:
    found: str | None = tx.connection.execute(select(store_info.c.value).where(store_info.c.key == key)).scalar()
    return found


def _remember(store: Store, **state: str | None) -> None:
    with store.write() as tx:
        _write_state(tx, state)


def _write_state(tx: Transaction, state: dict[str, str | None]) -> None:
    for key, value in state.items():
        tx.connection.execute(delete(store_info).where(store_info.c.key == key))
        if value is not None:
            tx.connection.execute(insert(store_info).values(key=key, value=value))
