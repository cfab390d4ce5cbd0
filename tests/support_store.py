"""A desk for tests of the middle rooms: a real store in a folder, a made-up school in it, and the moves of an office.

Belongs here: making homes, pupils and deliveries, and walking the real road on them. Does not belong here: any
expectation. Forms come in as text files by post: the whole road is walked, and nothing needs a key of GnuPG's.
"""

import os
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from fixtures.filled import FilledColumn, FilledForm, as_lines
from fixtures.people import People, Person
from fixtures.postgresql import PostgreSQL, postgresql
from flows.road import PLAIN, Tally, walk
from schemas.documents import ChannelName, Delivery
from schemas.due import Enrolment
from schemas.settings import Settings
from store import entries, guardians, ledger, tables
from store.config import House
from store.database import Store, Transaction
from store.due_dates import refresh_due
from store.home import Home
from store.opening import create_store, open_store
from store.people import KnownGuardian, RosterPupil, save_pupil

TODAY = date(2026, 10, 14)
"""A Wednesday; the desk's calendar stands there unless a test turns it."""
DAY = timedelta(days=1)
HERE = (Enrolment(date(2025, 8, 18)),)
"""An open stay at the school."""
STAFF = "kari"


def noon(day: date) -> datetime:
    """Noon of a day, UTC."""
    return datetime.combine(day, time(12), UTC)


def settings(**sections: Any) -> Settings:
    """The settings of a test store, sections given as dictionaries."""
    return Settings.model_validate({**{"environment": "test"}, **sections})


@dataclass(frozen=True)
class Family:
    """A pupil and both guardians, as the school knows them."""

    pupil_id: str
    pupil: Person
    adults: tuple[Person, ...]

    @property
    def mother(self) -> Person:
        """The first guardian on the list."""
        return self.adults[0]

    @property
    def father(self) -> Person:
        """The second guardian on the list."""
        return self.adults[1]


@dataclass
class Desk:
    """An open store and who works at it."""

    store: Store
    house: House
    people: People
    sent: list[str] = field(default_factory=list)
    keys: int = 0

    # ------------------------------------------------------------------------------------------------ the school

    def family(
        self, *, born: date = date(2010, 3, 5), lists: Sequence[str] = ("mobile",), shielded: bool = False
    ) -> Family:
        """A new family on the roster, which lists `lists` of number, mobile and email for both guardians."""
        surname = self.people.surname()
        adults = (self.people.adult(surname), self.people.adult(surname))
        return self.child(surname, adults, born=born, lists=lists, shielded=shielded)

    def child(
        self,
        surname: str,
        adults: tuple[Person, ...],
        *,
        born: date = date(2010, 3, 5),
        lists: Sequence[str] = ("mobile",),
        shielded: bool = False,
        given: str = "",
        stays: tuple[Enrolment, ...] = HERE,
    ) -> Family:
        """A pupil of these guardians on the roster."""
        person = self.people.pupil(surname, born, given=given)
        told = RosterPupil(
            key=self.key(),
            name=person.name,
            born=born,
            class_name="2STA",
            number=person.number,
            shielded=shielded,
            enrolments=stays,
            known=tuple(known(adult, lists) for adult in adults),
        )
        with self.store.write() as tx:
            ident, _ = save_pupil(tx, told)
            refresh_due(tx, [ident])
        return Family(ident, person, adults)

    def key(self) -> str:
        """A roster's own id that nobody has yet."""
        self.keys += 1
        return f"elev-{self.keys}"

    # ------------------------------------------------------------------------------------------------ deliveries

    def send(
        self,
        *forms: FilledForm | FilledColumn | str,
        when: datetime | date = TODAY,
        ref: str | None = None,
        channel: ChannelName = "post",
    ) -> str:
        """Take in one delivery; returns the submission's id. It is not decided yet: see `run`."""
        text = "\n\n".join(form if isinstance(form, str) else as_lines(_form(form)) for form in forms)
        moment = when if isinstance(when, datetime) else noon(when)
        ref = ref or f"sheet {len(self.sent)}"
        delivery = Delivery(channel, ref, moment, text.encode(), "text/plain", "form.txt", None)
        made = ledger.take_in(self.store, delivery)
        if made is None:
            raise AssertionError("this delivery was known already")
        self.sent.append(made)
        return made

    def run(self) -> Tally:
        """Walk the road until the queue is empty."""
        return walk(self.store, PLAIN, Tally())

    def decided(self, *forms: FilledForm | FilledColumn | str, when: datetime | date = TODAY) -> str:
        """Send, and walk the road."""
        sent = self.send(*forms, when=when)
        self.run()
        return sent

    def again(self, submission: str) -> None:
        """Process a decided submission once more."""
        with self.store.write() as tx:
            if not ledger.reopen(tx, submission):
                raise AssertionError("nothing to process again")
        self.run()

    def steward(self, submission: str, decision: str = "", slot: int = 1, ord_: int = 0, **fields: str) -> None:
        """A steward corrects fields, or decides ("confirm", "refuse", "reject CODE"), and it is processed again."""
        word, _, reason = decision.partition(" ")
        told = [*fields.items(), *([("decision", f"{word} {STAFF} {reason or 'seen'}")] if word else [])]
        with self.store.write() as tx:
            for name, value in told:
                entries.correct(tx, submission, slot, ord_, name, value, STAFF)
        self.again(submission)

    # ---------------------------------------------------------------------------------------------- what there is

    def entry(self, submission: str, slot: int = 1, ord_: int = 0) -> Row[Any]:
        """The row of one entry."""
        with self.store.read() as tx:
            return entries.existing(tx, submission)[(slot, ord_)]

    def outcomes(self, submission: str) -> list[str]:
        """The outcomes of a submission's entries, by slot; the submission's own where it has none."""
        with self.store.read() as tx:
            found = sorted(entries.existing(tx, submission).items())
            if found:
                return [row.outcome for _, row in found]
            query = select(tables.submissions.c.outcome).where(tables.submissions.c.id == submission)
            return [str(tx.connection.execute(query).scalar_one())]

    def codes(self, submission: str) -> list[str]:
        """The reason codes of a submission and its entries, sorted."""
        query = select(tables.reasons.c.code).where(tables.reasons.c.submission_id == submission)
        with self.store.read() as tx:
            return sorted(tx.connection.execute(query).scalars())

    def rows(self, table: Any, *where: Any) -> list[Row[Any]]:
        """Rows of a table."""
        with self.store.read() as tx:
            return list(tx.connection.execute(select(table).where(*where)).all())

    def guardians(self, family: Family) -> list[guardians.Guardian]:
        """The guardians linked to the pupil, opened."""
        with self.store.read() as tx:
            return sorted(guardians.of_pupil(tx, family.pupil_id), key=lambda one: one.name)

    def links(self, family: Family) -> list[Row[Any]]:
        """The links of the pupil."""
        return self.rows(tables.links, tables.links.c.pupil_id == family.pupil_id)

    # -------------------------------------------------------------------------------------------------- calendars

    def on(self, day: date) -> "Desk":
        """The same home on another day."""
        self.store.close()
        self.store = open_store(self.house, as_of=day)
        return self


def known(who: Person, lists: Sequence[str]) -> KnownGuardian:
    """A guardian as the roster has them; the name always, the rest as asked for."""
    return KnownGuardian(
        who.name,
        number=who.number if "number" in lists else "",
        mobile=who.mobile if "mobile" in lists else "",
        email=who.email if "email" in lists else "",
        address=who.address,
    )


def column(family: Family, who: Person, **changes: Any) -> FilledColumn:
    """What a guardian writes who fills in everything."""
    told = {"pupil": family.pupil.name, "fnr": who.number, "name": who.name, "mobile": who.mobile, "email": who.email}
    return FilledColumn(**{**told, **changes})


def both(family: Family) -> FilledForm:
    """Both columns filled in."""
    return FilledForm(*(column(family, who) for who in family.adults))


def refusal(family: Family, who: Person, **changes: Any) -> FilledColumn:
    """A ticked refusal with name, mobile and e-mail."""
    return column(family, who, **{"fnr": "", "refused": True, **changes})


def add_guardian(tx: Transaction, family: Family, who: Person, *, arrived: date = TODAY) -> str:
    """A linked guardian, straight into the store; returns the id."""
    ident = guardians.add(tx, name=who.name, number=who.number, mobile=who.mobile, email=who.email)
    guardians.link(tx, family.pupil_id, ident, basis="roster", submission="S-TEST", arrived=noon(arrived))
    refresh_due(tx, [family.pupil_id])
    return ident


def _form(told: FilledForm | FilledColumn) -> FilledForm:
    return told if isinstance(told, FilledForm) else FilledForm(told)


def open_desk(root: Path, template: "Template", *, day: date = TODAY, chosen: Settings | None = None) -> Desk:
    """A desk in a copy of the template home, on a copy of its database."""
    shutil.copytree(template.root, root)
    told = chosen or settings()
    if template.server is not None:
        place = {"url": template.server.url(template.server.database(template.database)), "password_env": PASSWORD}
        told = Settings.model_validate({**told.model_dump(), "store": place})
    house = House(Home(root), told, None)
    return Desk(open_store(house, as_of=day), house, People(random.Random(root.name)))


PASSWORD = "FORESATT_STORE_PASSWORD"


@dataclass(frozen=True)
class Template:
    """An empty home, made once and copied for every test; with `server`, its store is a database there."""

    root: Path
    server: PostgreSQL | None = None
    database: str = ""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """An empty home on SQLite."""
    root = tmp_path_factory.mktemp("home") / "template"
    store = create_store(House(Home(root), settings(), None))
    store.checkpoint()
    store.close()
    return Template(root)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    """A PostgreSQL server, started once; its password is in the environment."""
    with postgresql() as made:
        before = os.environ.get(PASSWORD)
        os.environ[PASSWORD] = made.password
        yield made
        os.environ.pop(PASSWORD)
        if before is not None:
            os.environ[PASSWORD] = before


@pytest.fixture(scope="session")
def server_template(tmp_path_factory: pytest.TempPathFactory, server: PostgreSQL) -> Template:
    """An empty home on PostgreSQL."""
    root = tmp_path_factory.mktemp("home") / "template"
    database = server.database()
    place = {"url": server.url(database), "password_env": PASSWORD}
    create_store(House(Home(root), settings(store=place), None)).close()
    return Template(root, server, database)


@pytest.fixture
def desk(template: Template, tmp_path: Path) -> Iterator[Desk]:
    """A desk on TODAY, on SQLite."""
    made = open_desk(tmp_path / "home", template)
    yield made
    made.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on TODAY, once on each database."""
    chosen: Template = request.getfixturevalue("template" if request.param == "sqlite" else "server_template")
    made = open_desk(tmp_path / "home", chosen)
    yield made
    made.store.close()
    if chosen.server is not None:
        chosen.server.drop(str(made.store.engine.url.database))
