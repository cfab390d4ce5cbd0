"""Dispatches: what goes out on paper is ticked off for each, and what is not is late."""

from datetime import date

import pytest
from sqlalchemy import update
from support_store import DAY, TODAY, Desk, Family, refusal

from schemas.errors import UsageFault
from store import analogue, deletions, dispatches, erasure, tables


def on_paper(desk: Desk) -> tuple[Family, str]:
    """A family whose mother is on the register; the row's id."""
    family = desk.family()
    desk.decided(refusal(family, family.mother))
    with desk.store.read() as tx:
        return family, analogue.of_pupil(tx, family.pupil_id)[0].id


def late(desk: Desk) -> int:
    with desk.store.read() as tx:
        return dispatches.late(tx)


def test_a_dispatch_is_ticked_off_by_name(desk: Desk) -> None:
    """Two get it; one is ticked off, again changes nothing; the audit has who and how many, and nobody's name."""
    (_, one), (_, two) = on_paper(desk), on_paper(desk)
    with desk.store.write() as tx:
        # 14 October is a Wednesday; five working days later is Wednesday the 21st.
        assert date(2026, 10, 21) == dispatches.make(tx, "vinterferie", [one, two], "kari")
        assert (1, 0) == (
            dispatches.tick(tx, "vinterferie", [one], "ola"),
            dispatches.tick(tx, "vinterferie", [one], "x"),
        )
        (found,) = dispatches.read(tx)
        assert {one: "ola", two: None} == {
            row: line.ticked_by for row, line in dispatches.lines(tx, "vinterferie").items()
        }

    assert (2, 1, False) == (found.total, found.waiting, found.late)
    told = [(r.actor, r.action, r.detail) for r in desk.rows(tables.audit) if r.action.startswith("dispatch")]
    assert [
        ("kari", "dispatch_made", "code=vinterferie count=2"), ("ola", "dispatch_ticked", "code=vinterferie count=1"),
    ] == told  # fmt: skip


def test_what_is_not_ticked_off_is_late_until_it_is(desk: Desk) -> None:
    """On its date it is not late, the day after it is, and a tick ends it."""
    _, one = on_paper(desk)
    with desk.store.write() as tx:
        dispatches.make(tx, "vinterferie", [one], "kari")
    desk.on(date(2026, 10, 21))
    assert 0 == late(desk)
    desk.on(date(2026, 10, 22))
    assert 1 == late(desk)
    with desk.store.write() as tx:
        assert dispatches.read(tx)[0].late
        dispatches.tick(tx, "vinterferie", [one], "kari")
    assert 0 == late(desk)


def test_a_line_goes_with_its_row_of_the_register(desk: Desk) -> None:
    """Erased: nobody waits any more, and the dispatch itself is forgotten when nobody is on it."""
    _, one = on_paper(desk)
    with desk.store.write() as tx:
        dispatches.make(tx, "vinterferie", [one], "kari")
    deletions.intend(desk.store, [(one, "pupil_over")])
    erasure.replay(desk.store)

    assert [] == desk.rows(tables.dispatch_lines)
    with desk.store.write() as tx:
        assert 1 == dispatches.forget_old(tx)
    assert [] == desk.rows(tables.dispatches)


def test_an_old_dispatch_is_kept_while_somebody_waits(desk: Desk) -> None:
    """All ticked off and more than a year ago: forgotten. With one who waits it stays."""
    (_, one), (_, two) = on_paper(desk), on_paper(desk)
    with desk.store.write() as tx:
        dispatches.make(tx, "vinterferie", [one, two], "kari")
        dispatches.tick(tx, "vinterferie", [one], "kari")
        tx.connection.execute(update(tables.dispatches).values(made_on=TODAY - 500 * DAY))
        assert 0 == dispatches.forget_old(tx)
        dispatches.tick(tx, "vinterferie", [two], "kari")
        assert 1 == dispatches.forget_old(tx)


def test_protected_families_are_counted_for_their_stewards_only(desk: Desk) -> None:
    """The count of a dispatch does not tell that somebody more is on it."""
    (_, one), (family, two) = on_paper(desk), on_paper(desk)
    with desk.store.write() as tx:
        dispatches.make(tx, "vinterferie", [one, two], "kari")
        this = tables.pupils.c.id == family.pupil_id
        tx.connection.execute(update(tables.pupils).where(this).values(shielded=True))

        assert (1, 2) == (dispatches.read(tx)[0].total, dispatches.read(tx, restricted=True)[0].total)


@pytest.mark.parametrize("code", ["Vinterferie", "a b", "", "kari 12829499914", "x12829499914", "a" * 40])
def test_a_code_cannot_be_a_sentence_or_a_number(desk: Desk, code: str) -> None:
    """It stands in the audit: small letters, few digits, hyphens."""
    _, one = on_paper(desk)
    with desk.store.write() as tx, pytest.raises(UsageFault, match="dispatch_code"):
        dispatches.make(tx, code, [one], "kari")


def test_what_cannot_be_is_said(desk: Desk) -> None:
    """A code that is taken, a dispatch to nobody, one that is not there, a row that is not on it."""
    (_, one), (_, two) = on_paper(desk), on_paper(desk)
    with desk.store.write() as tx:
        dispatches.make(tx, "vinterferie", [one], "kari")
        for code, act in {
            "dispatch_exists": lambda: dispatches.make(tx, "vinterferie", [one], "kari"),
            "dispatch_nobody": lambda: dispatches.make(tx, "tur", [], "kari"),
            "no_such_dispatch": lambda: dispatches.tick(tx, "tur", [one], "kari"),
            "not_on_dispatch": lambda: dispatches.tick(tx, "vinterferie", [two], "kari"),
        }.items():
            with pytest.raises(UsageFault, match=code):
                act()
