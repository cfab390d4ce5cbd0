"""Protected pupils: whoever says so, everything of theirs rests, and only one task in a restricted list shows it."""

import json

import pytest
from sqlalchemy import select
from support_store import TODAY, Desk, Family, add_guardian, column, settings

from schemas.answers import Answer
from schemas.errors import SafetyRefusal, UsageFault
from store import audit, guardians, outbox, protection, roles, tables, worklist
from store.due_dates import refresh_due
from store.people import KnownGuardian, RosterPupil, save_pupil


def linked(desk: Desk, family: Family) -> str:
    """The mother, linked, her ADD line shown to somebody and the REMOVE line written."""
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        worklist.sync(tx)
        worklist.read_lines(tx, reveal=True)
    return ident


def protect(desk: Desk, family: Family, source: protection.Source = "steward") -> None:
    with desk.store.write() as tx:
        protection.protect(tx, family.pupil_id, source, "kari")


def suspended(desk: Desk) -> list[str | None]:
    return [row.suspended for row in desk.rows(tables.links)]


def shown(desk: Desk, *, restricted: bool = False) -> list[str]:
    """The kinds of the open lines, all REMOVE lines of the coming years among them."""
    chosen = settings(worklist={"show_days_ahead": 3000})
    desk.store.settings = chosen
    with desk.store.read() as tx:
        return sorted(line.kind for line in worklist.read_lines(tx, restricted=restricted))


def test_a_stewards_flag_lets_every_link_rest(desk: Desk) -> None:
    """All links of the pupil are suspended with the neutral reason; another pupil's are not touched."""
    family, other = desk.family(), desk.family()
    linked(desk, family)
    linked(desk, other)
    protect(desk, family)

    found = {row.pupil_id: row.suspended for row in desk.rows(tables.links)}
    assert {family.pupil_id: "by_school", other.pupil_id: None} == found


def test_open_lines_are_withdrawn_and_a_removal_waits_for_the_role(desk: Desk) -> None:
    """ADD and CHANGE lines go. The guardian may stand in Visma InSchool, so the REMOVE line stays: for the restricted
    role alone, in every list."""
    family = desk.family()
    linked(desk, family)

    assert ["add", "remove"] == shown(desk)
    protect(desk, family)
    assert [] == shown(desk)
    assert ["remove"] == shown(desk, restricted=True)


def test_a_line_made_while_protected_is_restricted(desk: Desk) -> None:
    """Also a REMOVE line that is written later, with the erasure, stands before the role only."""
    family = desk.family()
    linked(desk, family)
    with desk.store.write() as tx:
        tx.connection.execute(tables.worklist_lines.delete().where(tables.worklist_lines.c.kind == "remove"))
    protect(desk, family)
    with desk.store.write() as tx:
        worklist.refresh(tx, family.pupil_id)

    assert [] == shown(desk)
    assert ["remove"] == shown(desk, restricted=True)


def test_waiting_answers_and_messages_are_withdrawn(desk: Desk) -> None:
    """What was to be said to the family is not said, and the contacts in it are gone; other families' waits on."""
    family, other = desk.family(), desk.family()
    mother = linked(desk, family)
    with desk.store.write() as tx:
        for owner in (family, other):
            told = Answer(1, "mail", owner.pupil_id, email=owner.mother.email)
            outbox.prepare(tx, f"S-{owner.pupil_id}", [told])
        sealed = tx.vault.seal(mother, "outbox.payload", "O-TEST", json.dumps({"email": family.mother.email}).encode())
        row = {"id": "O-TEST", "dedup_key": "x", "kind": "contact_changed", "subject_id": mother, "payload_ct": sealed}
        tx.connection.execute(tables.outbox.insert().values(**row, made_at=tx.now))
    protect(desk, family)

    with desk.store.read() as tx:
        assert [other.mother.email] == [one.email for one in outbox.waiting(tx)]
    assert 1 == sum(row.payload_ct is not None for row in desk.rows(tables.outbox))


def test_protection_ends_with_its_last_source(desk: Desk) -> None:
    """Roster, register and steward each say so for themselves. The links live again only when nobody does."""
    family = desk.family()
    linked(desk, family)
    protect(desk, family, "register")
    protect(desk, family, "steward")
    with desk.store.write() as tx:
        protection.lift(tx, family.pupil_id, "register")
        assert protection.is_protected(tx, family.pupil_id)
    assert ["by_school"] == suspended(desk)
    with desk.store.write() as tx:
        protection.lift(tx, family.pupil_id, "steward", "kari")
        worklist.sync(tx)
        assert not protection.is_protected(tx, family.pupil_id)
    assert [None] == suspended(desk)
    assert ["add", "remove"] == shown(desk)


def test_the_roster_does_not_lift_what_another_source_says(desk: Desk) -> None:
    """A list that knows nothing of it leaves a steward's flag standing."""
    family = desk.family()
    protect(desk, family)
    told = RosterPupil("elev-1", "Ola Nytt", family.pupil.born, "2STB", "", False, (), (KnownGuardian("Kari Nytt"),))
    with desk.store.write() as tx:
        assert (family.pupil_id, False) == save_pupil(tx, told)
        refresh_due(tx, [family.pupil_id])

        assert protection.is_protected(tx, family.pupil_id)


def test_a_link_that_rests_for_another_reason_goes_on_resting(desk: Desk) -> None:
    """Protection neither hides nor ends an unproven refusal."""
    family = desk.family()
    mother = linked(desk, family)
    with desk.store.write() as tx:
        guardians.suspend(tx, family.pupil_id, mother, "refusal_unproven")
    protect(desk, family)
    with desk.store.write() as tx:
        protection.lift(tx, family.pupil_id, "steward", "kari")

    assert ["refusal_unproven"] == suspended(desk)


def test_one_task_for_each_pupil_until_somebody_saw_it(desk: Desk) -> None:
    """However many say so, there is one task; seen, it stays in the list as seen, and a new source asks anew."""
    family = desk.family()
    protect(desk, family, "register")
    protect(desk, family, "roster")
    with desk.store.write() as tx:
        (task,) = protection.tasks(tx)
        assert (family.pupil_id, {"register", "roster"}, None) == (task.pupil_id, {*task.sources}, task.seen_at)
        protection.seen(tx, family.pupil_id, "kari")
        assert ["kari"] == [one.seen_by for one in protection.tasks(tx)]
        with pytest.raises(UsageFault, match="no_such_task"):
            protection.seen(tx, family.pupil_id, "kari")
        protection.protect(tx, family.pupil_id, "steward", "kari")
        assert [None] == [one.seen_at for one in protection.tasks(tx)]


def test_who_set_and_lifted_it_is_remembered_once(desk: Desk) -> None:
    """One audit row for each change, with its source; saying it again is no change."""
    family = desk.family()
    protect(desk, family)
    protect(desk, family)
    with desk.store.write() as tx:
        protection.lift(tx, family.pupil_id, "steward", "per")
        protection.lift(tx, family.pupil_id, "steward", "per")
        rows = [(row.actor, row.action, row.detail) for row in audit.read(tx, [family.pupil_id])]

    assert [("kari", "protected", "source=steward"), ("per", "unprotected", "source=steward")] == rows


def test_nobody_can_be_protected_who_is_not_there(desk: Desk) -> None:
    """An id that is no pupil's is wrong use."""
    with desk.store.write() as tx, pytest.raises(UsageFault, match="no_such_pupil"):
        protection.protect(tx, "P-NOBODY", "steward", "kari")


def test_a_form_for_a_pupil_under_a_stewards_flag_is_held_like_any(desk: Desk) -> None:
    """The steward's flag counts as the roster's does: held, with the neutral reason."""
    family = desk.family()
    protect(desk, family)
    sent = desk.decided(column(family, family.mother), when=TODAY)

    assert (["needs_review"], ["by_school"]) == (desk.outcomes(sent), desk.codes(sent))


def test_the_flag_goes_with_the_pupil(desk: Desk) -> None:
    """Once the pupil is erased nothing says any more that there was protection."""
    from store.erasure import erase

    family = desk.family()
    protect(desk, family)
    with desk.store.write() as tx:
        erase(tx, family.pupil_id, "left")
        assert [] == tx.connection.execute(select(tables.protections)).all()


def test_without_the_role_a_look_is_refused_and_remembered(desk: Desk) -> None:
    """Whoever is not named in the settings is refused with exit code 4, and the audit keeps it."""
    family = desk.family()
    desk.store.settings = settings(staff={"restricted": ["kari"]})
    roles.require_restricted(desk.store, "kari", family.pupil_id, what="show")
    with pytest.raises(SafetyRefusal, match="by_school") as refused:
        roles.require_restricted(desk.store, "per", family.pupil_id, what="show")

    assert 4 == refused.value.exit_code
    told = [(row.actor, row.subject_id, row.detail) for row in desk.rows(tables.audit)]
    assert [("per", family.pupil_id, "what=show")] == told
