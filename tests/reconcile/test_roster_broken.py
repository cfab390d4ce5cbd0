"""No truncation, shuffle or duplication of a roster lets go of more than the guard allows, whatever its format.

Belongs here: one property, for every format, over real imports. A pupil is let go of where an enrolment of theirs is
ended, or their due date brought to these days. Does not belong here: what is held (`test_guard`).
"""

import csv
import io
import json
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from xml.etree.ElementTree import tostring

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, example, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from support_store import DAY, TODAY, Desk, Template, open_desk

from fixtures.rosters import fint_page, fint_resources, oneroster_tables, oneroster_zip, pifu, workbook
from fixtures.school import make_school
from schemas.errors import OutsideFault, SafetyRefusal, UsageFault
from schemas.settings import RosterSettings
from store import tables
from tasks.reconcile.importing import import_roster
from tasks.reconcile.roster import Roster
from tasks.reconcile.rosters import Source, reader

SCHOOL = make_school(TODAY)
PUPILS = SCHOOL.pupils
Rows = list[list[str]]
Spoil = Callable[[Sequence[object], random.Random], list[object]]


def cut(rows: Sequence[object], rng: random.Random) -> list[object]:
    """The rows up to some."""
    return list(rows[: rng.randrange(len(rows) + 1)])


def shuffled(rows: Sequence[object], rng: random.Random) -> list[object]:
    """In any order."""
    return rng.sample(list(rows), len(rows))


def doubled(rows: Sequence[object], rng: random.Random) -> list[object]:
    """Some of them again, anywhere."""
    more = list(rows)
    for one in rng.sample(list(rows), rng.randrange(len(rows) + 1)):
        more.insert(rng.randrange(len(more) + 1), one)
    return more


def lost(rows: Sequence[object], rng: random.Random) -> list[object]:
    """Some of them missing."""
    return [one for one in rows if rng.random() > 0.3]


def lines(data: bytes, spoil: Spoil, rng: random.Random, separator: str = ";") -> bytes:
    """A CSV file with its rows spoilt."""
    rows: Rows = list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows([rows[0], *spoil(rows[1:], rng)])  # type: ignore[list-item]
    return out.getvalue().encode()


def of_csv(spoil: Spoil, rng: random.Random) -> bytes:
    """The list."""
    return lines(SCHOOL.roster_csv(), spoil, rng)


def of_xlsx(spoil: Spoil, rng: random.Random) -> bytes:
    """The list as a workbook."""
    return workbook(of_csv(spoil, rng))


def of_oneroster(spoil: Spoil, rng: random.Random) -> bytes:
    """A zip with one of its tables spoilt."""
    told = oneroster_tables(PUPILS)
    name = rng.choice(["users", "enrollments", "demographics", "classes"])
    return oneroster_zip({**told, name: spoil(told[name], rng)})  # type: ignore[dict-item]


def of_pifu(spoil: Spoil, rng: random.Random) -> bytes:
    """A document with its persons, groups or memberships spoilt, or the members of one."""
    root = fromstring(pifu(PUPILS))
    space = root.tag.rpartition("}")[0] + "}"
    place = rng.choice([root, *root.findall(space + "membership")])
    kind = space + (rng.choice(["person", "group", "membership"]) if place is root else "member")
    children = [one for one in place if one.tag == kind]
    for one in children:
        place.remove(one)
    place.extend(spoil(children, rng))  # type: ignore[arg-type]
    return bytes(tostring(root))


def of_fint(spoil: Spoil, rng: random.Random) -> bytes:
    """Saved answers, one collection of them spoilt: its number told or not."""
    told = fint_resources(PUPILS)
    name = rng.choice(list(told))
    listed = spoil(told[name], rng)
    pages = {one: fint_page(found) for one, found in told.items()}
    pages[name] = fint_page(listed, total=rng.choice([len(told[name]), len(listed)]))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for one, page in pages.items():
            packed.writestr(f"{one}.json", json.dumps(page))
    return out.getvalue()


FORMATS = {"csv": of_csv, "xlsx": of_xlsx, "oneroster": of_oneroster, "pifu": of_pifu, "fint": of_fint}
SPOILS: dict[str, Spoil] = {"cut": cut, "shuffled": shuffled, "doubled": doubled, "lost": lost}


def whole(rows: Sequence[object], rng: random.Random) -> list[object]:
    """As it is."""
    return list(rows)


def roster(data: bytes, settings: object) -> Roster:
    """Read as a file that somebody names."""
    return reader(data, settings)(Source(data, "", None, settings))  # type: ignore[arg-type]


def let_go(desk: Desk, before: dict[str, object]) -> set[str]:
    """Pupils whose date was brought to these days, or whose row is gone."""
    soon = TODAY + timedelta(days=14)
    after = {row.id: row.due_on for row in desk.rows(tables.pupils)}
    return {
        ident for ident, due in before.items()
        if ident not in after or (after[ident] != due and after[ident] <= soon < due)  # type: ignore[operator]
    }  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
@bounds(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spoil=st.sampled_from(sorted(SPOILS)), seed=st.integers(0, 10**6), at=st.integers(0, 10**6), bytes_too=st.booleans()
)
def test_no_broken_roster_lets_go_of_more_than_the_guard_allows(
    template: Template,
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    spoil: str,
    seed: int,
    at: int,
    bytes_too: bool,
) -> None:
    """Twice the same broken list, on two days, with the guard as it comes: at most what it allows is let go of."""
    desk = open_desk(tmp_path_factory.mktemp("broken") / "home", template)
    try:
        import_roster(desk.store, roster(FORMATS[kind](whole, random.Random(1)), desk.store.settings.roster))
        before: dict[str, object] = {row.id: row.due_on for row in desk.rows(tables.pupils)}
        protected = len(desk.rows(tables.protections))
        data = FORMATS[kind](SPOILS[spoil], random.Random(seed))
        if bytes_too:
            data = data[: at % (len(data) + 1)]
        for day in range(2):
            desk.on(TODAY + day * DAY)
            with suppress(UsageFault, SafetyRefusal, OutsideFault):
                import_roster(desk.store, roster(data, desk.store.settings.roster))
        allowed = max(
            desk.store.settings.roster.max_gone_count, int(desk.store.settings.roster.max_gone_share * len(before))
        )

        assert allowed >= len(let_go(desk, before))
        assert protected == len(desk.rows(tables.protections)) or protected == 1
        if spoil in ("shuffled", "doubled") and not bytes_too:
            assert set() == let_go(desk, before)
    finally:
        desk.store.close()


NOISE = st.sampled_from(
    ["", "x", "0", "2010-13-40", "-1", "null", "[]", "{}", "true", "9" * 30, '"', ";", "\x00", "Ã¸", "student"]
)


def noisy(kind: str, word: str, rng: random.Random) -> bytes:
    """The school's roster with one value in it replaced by a word, below whatever packs it."""
    data = FORMATS[kind](whole, rng)
    if kind in ("csv", "pifu"):
        return swapped(data, word, rng)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, swapped(old.read(name), word, rng) if name == chosen else old.read(name))
    return out.getvalue()


def swapped(data: bytes, word: str, rng: random.Random) -> bytes:
    """With one run of letters and digits replaced."""

    runs = list(re.finditer(rb"[\w-]+", data))
    one = rng.choice(runs)
    return data[: one.start()] + word.encode() + data[one.end() :]


@pytest.mark.parametrize("kind", FORMATS)
@bounds(max_examples=8, deadline=None)
@given(word=NOISE, seed=st.integers(0, 10**6))
@example(word="[]", seed=78)
def test_any_word_in_any_place_gives_pupils_or_a_fault_of_ours(kind: str, word: str, seed: int) -> None:
    """Whatever stands where something else should, the reader returns pupils or refuses with a code of its own."""
    try:
        told = roster(noisy(kind, word, random.Random(seed)), RosterSettings()).read()
    except UsageFault as fault:
        assert fault.code.startswith("roster_")
        return
    assert all(one.key for one in told.pupils)
