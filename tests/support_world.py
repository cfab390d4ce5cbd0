"""Homes for tests: a synthetic school's, made once and copied, its sources filled with the cases that a test names.

Belongs here: making and copying homes, and looking into their store. Does not belong here: running anything
(`support_runs`).
"""

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from support_runs import clean_environ, environ

from console.setup import create
from console.state import State
from fixtures.casebook import Case
from fixtures.digipost import DigipostStandIn, make_key_file
from fixtures.school import School
from fixtures.town import fill
from store import analogue, audit, guardians, listing, tables
from store.config import House, load
from store.database import OSLO, Store, Transaction
from store.engines import READ
from store.listing import EntryLine, SubmissionLine
from store.opening import open_store
from store.people import read_pupils
from tasks.decrypt.keyring import stop_agent
from tasks.reconcile.importing import import_roster
from tasks.reconcile.roster_csv import CsvRoster

BROKER, SENDER = 1000, 2000
TODAY = datetime.now(OSLO).date()
"""One day for the whole session: whoever is 18 today must be so for school and software alike."""


@dataclass(frozen=True)
class Inbox:
    """A Digipost inbox of its own, and the settings that lead to it."""

    standin: DigipostStandIn
    environ: dict[str, str]


@dataclass
class Town:
    """Homes of one school, below one folder."""

    folder: Path
    school: School
    template: Path
    stack: ExitStack
    made: list[Path] = field(default_factory=list)

    def inbox(self) -> Inbox:
        """A new and empty Digipost inbox."""
        key = self.folder / f"digipost{len(list(self.folder.glob('*.pem')))}.pem"
        standin = self.stack.enter_context(DigipostStandIn(BROKER, SENDER, make_key_file(key)))
        told = {"URL": standin.url, "BROKER_ID": str(BROKER), "SENDER_ID": str(SENDER), "KEY_FILE": str(key)}
        told["CONTENT_HOSTS"] = standin.content_host
        return Inbox(standin, {f"FORESATT_DIGIPOST_{name}": value for name, value in told.items()})

    def home(self, name: str) -> Path:
        """A fresh home of the school, nothing at its sources."""
        return self.copy(self.template, name)

    def fill(self, home: Path, cases: Iterable[Case], inbox: Inbox, *, late: bool = False) -> None:
        """Put cases into the sources of a home."""
        place: dict[str, Any] = {"maildir": home / "mail", "scans": home / "scans", "gnupg": home / "gnupg"}
        fill(self.school, list(cases), standin=inbox.standin, late=late, **place)

    def copy(self, home: Path, name: str) -> Path:
        """A copy of a home with everything in it, times included."""
        stop_agent(home / "gnupg")
        made = self.folder / name
        shutil.copytree(home, made)
        self.made.append(made)
        return made


@contextmanager
def town(folder: Path, school: School) -> Iterator[Town]:
    """A town with the school's home, its roster taken in."""
    template = folder / "t"
    with environ(clean_environ(folder)):
        create(State(home=template), "test", "Testskolen")
    store = open_store(house(template))
    roster = school.roster_csv()
    import_roster(store, CsvRoster(roster))
    store.checkpoint()
    store.close()
    with ExitStack() as stack:
        made = Town(folder, school, template, stack)
        try:
            yield made
        finally:
            for home in (*made.made, template):
                if (home / "gnupg").is_dir():
                    stop_agent(home / "gnupg")


def house(home: Path) -> House:
    """The house of a home, by its own settings file alone."""
    return load(None, home, {})


@contextmanager
def opened(home: Path, as_of: date | None = None) -> Iterator[Store]:
    """The store of a home."""
    store = open_store(house(home), as_of)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def reading(home: Path, as_of: date | None = None) -> Iterator[Transaction]:
    """A look into the store of a home."""
    with opened(home, as_of) as store, store.read() as tx:
        yield tx


def submissions(home: Path) -> list[SubmissionLine]:
    """Everything that was taken in, oldest first."""
    with opened(home) as store, store.read() as tx:
        return listing.read(tx)


def matching(lines: Sequence[SubmissionLine], case: Case) -> SubmissionLine:
    """The one line that is this case's: nothing else came by that channel at that time."""
    place = (case.channel, case.received(TODAY))
    (line,) = [line for line in lines if (line.channel, line.received_at) == place]
    return line


def picture(home: Path) -> dict[str, Any]:
    """All that a home holds, in words that are the same for every home that lived through the same: ids left out."""
    with opened(home) as store, store.read() as tx:
        run = tx.connection.execute
        pupils = {pupil.id: pupil.name for pupil in read_pupils(tx)}
        held = [(row, guardians.read_guardian(tx, row.guardian_id)) for row in run(select(tables.links))]
        told: dict[str, Any] = {
            "submissions": [_picture(line) for line in listing.read(tx)],
            "links": sorted(
                (pupils[row.pupil_id], g.name, g.number, g.mobile, g.email, row.basis, str(row.suspended), row.due_on)
                for row, g in held
                if g is not None
            ),
            "guardians": len(run(select(tables.guardians.c.id)).all()),
            "paper": sorted((pupils[one.pupil_id], one.name, one.why) for one in analogue.of_pupil(tx)),
            "lines": sorted((pupils.get(x.pupil_id, ""), x.kind, x.state) for x in run(select(tables.worklist_lines))),
            "outbox": Counter(run(select(tables.outbox.c.kind)).scalars()),
            "keys": Counter(ident[0] for ident in run(select(tables.data_keys.c.subject_id)).scalars()),
            "sightings": Counter(
                (x.channel, x.settled_at is not None, x.handle_ct is not None, x.dispose_on)
                for x in run(select(tables.sightings))
            ),
            "leases": run(select(tables.submissions.c.owner).where(tables.submissions.c.owner.is_not(None))).all(),
            "audit": Counter(run(select(tables.audit.c.action)).scalars()),
            "audit breaks": audit.verify(tx),
        }
    with store.deletions.connect().execution_options(mode=READ) as connection:
        ledger = connection.execute(select(tables.deletion_ledger)).all()
    told["erased"] = Counter((row.subject_id[0], row.reason, row.done_at is not None) for row in ledger)
    told["mails"] = sorted(str(path.relative_to(home / "mail")) for path in (home / "mail").rglob("*.example*"))
    told["scans"] = Counter(path.parent.name for path in (home / "scans").rglob("*.*"))
    return told


def _picture(line: SubmissionLine) -> tuple[Any, ...]:
    told = (line.channel, line.received_at, line.state, line.outcome, sorted(line.codes), line.has_original)
    return (*told, *map(picture_of_entry, line.entries))


def picture_of_entry(entry: EntryLine) -> tuple[Any, ...]:
    """An entry without its ids."""
    return (entry.slot, entry.ord, entry.outcome, sorted(entry.codes), entry.held_until, entry.review_due_on)
