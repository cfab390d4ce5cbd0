"""The nightly reconciliation: roster, due dates, register, every stored link, forms that wait, each channel's count.

Each part is whole in itself and goes on where it was stopped. A fault of the outside world in one part (the roster's
file is not there, the register does not answer) leaves the others going and makes the run red at its end: nothing is
erased or loaded because of it, and the next night makes up for it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from flows.road import Tally, red, walk
from flows.steps import GUARDED, WATCH, opened
from schemas.documents import ChannelName
from schemas.errors import ForesattError, RunFault, SafetyRefusal
from store import punctual
from store.database import Store
from store.ledger import undecided
from tasks.collect.census import Counted, census
from tasks.collect.channels import channels
from tasks.guard import current_run, safe_flow, safe_task
from tasks.reconcile.following import Followed, follow
from tasks.reconcile.importing import import_roster
from tasks.reconcile.nightly import look_at_links
from tasks.reconcile.register import make_register
from tasks.reconcile.rosters import configured_roster
from tasks.reconcile.waiting import try_again, worth_trying
from tasks.report.counts import Morning, morning
from tasks.report.summary import publish
from tasks.retain.overdue import overdue
from tasks.retain.sweep import recompute

import_task = safe_task(import_roster, "roster")
recompute_task = safe_task(recompute, "recompute")
follow_task = safe_task(follow, "register")
links_task = safe_task(look_at_links, "links")
waiting_task = safe_task(worth_trying, "waiting")
count_task = safe_task(census, "count")
CHANNELS: tuple[ChannelName, ...] = ("email", "digipost", "post")
T = TypeVar("T")


@dataclass(slots=True)
class Night:
    """What the night did, and why it is red."""

    faults: list[ForesattError] = field(default_factory=list)
    roster: dict[str, int] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    followed: Followed = field(default_factory=Followed)
    counted: dict[str, Counted] = field(default_factory=dict)

    def tried(self, part: Callable[[], T]) -> T | None:
        """What a part gives; None where the outside world, or the guard, stopped it."""
        try:
            return part()
        except ForesattError as fault:
            self.faults.append(fault)
            return None


@safe_flow("reconcile")
def reconcile() -> dict[str, Any]:
    """Run it once; a second run the same night changes nothing."""
    watch, night, tally = WATCH.get(), Night(), Tally()
    with opened() as store:
        watch("roster", None)
        night.tried(lambda: _roster(store, night))
        pupils = recompute_task(store)
        watch("register", None)
        night.tried(lambda: _register(store, night))
        watch("links", None)
        night.opened += links_task(store)
        changed = None if night.followed.whole else night.followed.changed
        chosen = try_again(store, waiting_task(store, changed))
        if chosen:
            night.tried(lambda: walk(store, GUARDED, tally, only=chosen, watch=lambda state: watch("decide", state)))
        watch("count", None)
        for name in CHANNELS:
            night.tried(lambda which=name: _count(store, which, night))  # type: ignore[misc]
        left, late, waits = undecided(store), overdue(store), morning(store)
        with store.read() as tx:
            if missed := punctual.fault(tx):
                night.faults.insert(0, missed)
    if why := red(tally):
        night.faults.append(why)
    counts = _told(night, tally, len(chosen), waits)
    publish("reconcile", {**counts, "run": {"pupils": pupils, "undecided": left, "overdue": late}})
    if night.faults:  # a list that is held says so (exit 4) only where nothing else is wrong
        raise next((f for f in night.faults if not isinstance(f, SafetyRefusal)), night.faults[0])
    return {
        "flow_run_id": current_run(),
        "pupils": pupils,
        "tried_again": len(chosen),
        "outcomes": dict(sorted(tally.outcomes.items())),
        "undecided": left,
        "overdue": late,
        "mailbox": asdict(night.counted["email"]) if "email" in night.counted else {},
        **{key: value for key, value in counts.items() if key != "outcome"},
    }


def _told(night: Night, tally: Tally, tried: int, waits: Morning) -> dict[str, dict[str, int]]:
    """The summary of the night, in counts and codes: what changed, what waits for a person, what is late."""
    register = {"asked": night.followed.asked, "events": night.followed.events, "new_number": night.followed.renumbered}
    differs = {f"{name}_{what}": n for name, one in night.counted.items() for what, n in asdict(one).items() if n}
    return {
        "outcome": dict(tally.outcomes),
        "changed": {**night.roster, **{f"found_{kind}": n for kind, n in sorted(night.opened.items())}, "tried": tried},
        "register": register if night.followed.asked or night.followed.events else {},
        "needs_you": waits.needs_you,
        "late": {**waits.late, **{f"differs_{name}": number for name, number in differs.items()}},
    }


def _roster(store: Store, night: Night) -> None:
    """The list that the settings name; one that is held, or not there, changes nothing."""
    if (roster := configured_roster(store.settings, store.home)) is None:
        return
    told = import_task(store, roster)
    night.roster = {f"roster_{name}": n for name, n in asdict(told).items() if isinstance(n, int) and n}


def _register(store: Store, night: Night) -> None:
    """What the register tells; what it told before it stopped answering stays written down."""
    register = make_register(store)
    try:
        night.followed = follow_task(store, register)
        night.opened += night.followed.opened
    finally:
        register.close()


def _count(store: Store, which: ChannelName, night: Night) -> None:
    """What a source holds against what the ledger knows; a difference makes the run red."""
    sources = channels(store.settings, store.home, which)
    try:
        counted = count_task(sources, store)
    finally:
        for source in sources:
            source.close()
    if sources:
        night.counted[which] = counted
    if counted.unknown or counted.gone:
        where = "mailbox" if which == "email" else which
        raise RunFault(f"{where}_differs", f"{where} and ledger do not agree", "see docs/operators/mail.md")
