"""Order is by arrival: whatever order forms are processed in, no older one writes over what a newer one said."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from support_store import DAY, TODAY, Desk, Family, Template, column, noon, open_desk, refusal

from fixtures.filled import FilledColumn
from store import analogue, tables

KINDS = ("number", "refusal", "no_number", "unproven_refusal", "other_number", "empty")


def written(family: Family, kind: str, other: str, stranger: str) -> FilledColumn:
    """What the mother (or somebody in her name) sends."""
    mother = family.mother
    return {
        "number": column(family, mother),
        "refusal": refusal(family, mother),
        "no_number": column(family, mother, fnr="har ikke norsk nummer"),
        "unproven_refusal": refusal(family, mother, mobile=stranger, email=""),
        "other_number": column(family, mother, fnr=other),
        "empty": column(family, mother, fnr=""),
    }[kind]


def state(desk: Desk, family: Family) -> tuple[list[str], list[str]]:
    """(numbers linked, why on paper) for the mother."""
    with desk.store.read() as tx:
        paper = [row.why for row in analogue.of_pupil(tx, family.pupil_id) if row.why != analogue.UNTIL_ACCESS]
    return [one.number for one in desk.guardians(family)], paper


@bounds(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=4), order=st.randoms(use_true_random=False))
def test_no_order_of_processing_lets_an_older_form_win(template: Template, kinds: list[str], order: object) -> None:
    """Forms arrive one a day and are processed in any order. Whatever is loaded or on paper in the end comes from a
    form than which no newer effective one exists; the mother is never both; and an entry that was overtaken says so."""
    with TemporaryDirectory() as folder:
        desk = open_desk(Path(folder) / "home", template)
        family = desk.family()
        other, stranger = desk.people.number(family.mother.born), desk.people.adult().mobile
        arrivals = {}
        shuffled = list(enumerate(kinds))
        order.shuffle(shuffled)  # type: ignore[attr-defined]
        for day, kind in shuffled:
            sent = desk.decided(written(family, kind, other, stranger), when=TODAY - (9 - day) * DAY)
            arrivals[sent] = (day, desk.outcomes(sent)[0])
        numbers, paper = state(desk, family)
        effective = {day: outcome for day, outcome in arrivals.values() if outcome in ("loaded", "refused", "no_login")}

        assert len(numbers) + len(paper) <= 1
        if effective:
            # A newer form that took effect is never undone by an older one that was processed after it.
            newest = max(effective)
            expected = {"loaded": (1, []), "refused": (0, ["refused"]), "no_login": (0, ["no_login"])}
            assert expected[effective[newest]] == (len(numbers), paper)
        said = desk.rows(tables.refusals, tables.refusals.c.why != analogue.UNTIL_ACCESS)
        arrived = [row.arrived_at for row in (*desk.links(family), *said)]
        assert all(moment >= noon(TODAY - (9 - day) * DAY) for moment in arrived for day in effective)
        desk.store.close()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_of_three_wins_in_every_order(desk: Desk, order: Sequence[int]) -> None:
    """Loaded, refused, and loaded again with her own word: in all six orders the newest has her loaded."""
    family = desk.family()
    forms = [column(family, family.mother), refusal(family, family.mother), column(family, family.mother)]
    sent = {at: desk.decided(forms[at], when=TODAY - (5 - at) * DAY) for at in order}

    assert ([family.mother.number], []) == state(desk, family)
    assert [noon(TODAY - 3 * DAY)] == [row.arrived_at for row in desk.links(family)]
    assert desk.outcomes(sent[2])[0] in ("loaded", "unchanged")


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_refusal_at_the_end_is_not_undone_in_any_order(desk: Desk, order: Sequence[int]) -> None:
    """Refused, loaded, refused: in all six orders nobody is live in the end; refused outright, or resting until she is
    asked."""
    family = desk.family()
    forms = [refusal(family, family.mother), column(family, family.mother), refusal(family, family.mother)]
    for at in order:
        desk.decided(forms[at], when=TODAY - (5 - at) * DAY)
    live = [row for row in desk.links(family) if row.suspended is None]

    assert [] == live
    assert (["refused"], []) == (state(desk, family)[1], desk.links(family)) or (
        ["refusal_unproven"] == [row.suspended for row in desk.links(family)]
    )


def test_a_form_between_two_refusals_does_not_undo_the_second(desk: Desk) -> None:
    """The register's row bears the newest refusal's time."""
    family = desk.family()
    for days in (5, 1):
        desk.decided(refusal(family, family.mother), when=TODAY - days * DAY)
    sent = desk.decided(column(family, family.mother), when=TODAY - 3 * DAY)

    assert (["superseded"], [], ["refused"]) == (desk.outcomes(sent), desk.links(family), state(desk, family)[1])


def test_an_older_no_number_does_not_put_a_loaded_guardian_on_paper(desk: Desk) -> None:
    """She had no number then, and has one now."""
    family = desk.family()
    desk.decided(column(family, family.mother))
    sent = desk.decided(column(family, family.mother, fnr="har ikke norsk nummer"), when=TODAY - DAY)

    assert (["superseded"], []) == (desk.outcomes(sent), desk.rows(tables.refusals))


def test_an_older_unproven_refusal_does_not_make_a_newer_link_rest(desk: Desk) -> None:
    """Whatever was said in her name before, she has sent a newer form since."""
    family = desk.family()
    desk.decided(column(family, family.mother))
    sent = desk.decided(refusal(family, family.mother, mobile="", email=""), when=TODAY - DAY)

    assert (["superseded"], [None]) == (desk.outcomes(sent), [row.suspended for row in desk.links(family)])


def test_a_stewards_word_does_not_make_an_older_form_newer(desk: Desk) -> None:
    """Confirmed today, arrived last week: what she said yesterday stands."""
    family = desk.family()
    old = desk.decided(column(family, family.mother, mobile="", email=""), when=TODAY - 7 * DAY)
    assert ["needs_review"] == desk.outcomes(old)
    desk.decided(refusal(family, family.mother), when=TODAY - DAY)
    desk.steward(old, "confirm")

    assert (["superseded"], [], ["refused"]) == (desk.outcomes(old), desk.links(family), state(desk, family)[1])


def test_an_older_form_about_a_sibling_does_not_put_an_old_contact_back(desk: Desk) -> None:
    """The guardian's mobile was changed by a newer form about one child; then an older one about the other."""
    one = desk.family()
    two = desk.child("Stilkopp", one.adults)
    desk.decided(column(one, one.mother), when=TODAY - 5 * DAY)
    new = desk.people.adult().mobile
    changed = desk.decided(column(one, one.mother, mobile=new))
    desk.steward(changed, "confirm")
    late = desk.decided(column(two, two.mother), when=TODAY - 2 * DAY)

    assert (["loaded"], []) == (desk.outcomes(late), desk.codes(late))
    assert [f"+47{new}"] == [one.mobile for one in desk.guardians(two)]


def test_forms_of_one_run_are_decided_in_order_of_arrival(desk: Desk) -> None:
    """Taken in the wrong way round, in one batch: the newer is the one that counts."""
    family = desk.family()
    newer = desk.send(refusal(family, family.mother), when=TODAY)
    older = desk.send(column(family, family.mother), when=TODAY - DAY)
    desk.run()

    assert (["loaded"], ["needs_review"]) == (desk.outcomes(older), desk.outcomes(newer))
    assert ["refusal_unproven"] == [row.suspended for row in desk.links(family)]


def test_two_at_the_same_moment_are_both_decided(desk: Desk) -> None:
    """Neither is older: the second finds the first unchanged."""
    family = desk.family()
    moment = noon(TODAY) + timedelta(seconds=1)
    sent = [desk.send(column(family, family.mother), when=moment) for _ in range(2)]
    desk.run()

    assert ["loaded", "unchanged"] == sorted(outcome for one in sent for outcome in desk.outcomes(one))
