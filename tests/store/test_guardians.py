"""Guardians: found by number without an index that could be reversed, and the number let go of after sign-off."""

import pytest
from sqlalchemy import select
from support_store import Desk, add_guardian

from store import guardians, tables, worklist
from store.contact import tell

ROW = tables.guardians


def test_a_guardian_is_found_by_number(desk: Desk) -> None:
    """The right one of many is found, and nobody where the number is unknown."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        for _ in range(20):
            who = desk.people.adult()
            guardians.add(tx, name=who.name, number=who.number, mobile="", email="")
        found = guardians.find_by_number(tx, family.mother.number)

        assert found is not None
        assert (ident, family.mother.name, family.mother.number) == (found.id, found.name, found.number)
        assert guardians.find_by_number(tx, family.father.number) is None


def test_the_lookup_value_is_sixteen_bits(desk: Desk) -> None:
    """The look-up value in the database cannot be turned back into one number: it fits thousands."""
    with desk.store.write() as tx:
        for _ in range(40):
            guardians.add(tx, name="x", number=desk.people.number(desk.people.adult().born), mobile="", email="")
    rows = desk.rows(ROW)

    assert all(0 <= row.number_bucket < 2**16 for row in rows)
    assert {None} == {row.number_mac for row in rows}


def test_two_in_one_bucket_are_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guardians whose numbers fall into the same bucket are never confused."""
    monkeypatch.setattr(guardians, "bucket", lambda _ring, _number, _epoch: 7)
    one, two, three = (desk.people.adult() for _ in range(3))
    with desk.store.write() as tx:
        first = guardians.add(tx, name=one.name, number=one.number, mobile="", email="")
        second = guardians.add(tx, name=two.name, number=two.number, mobile="", email="")

        assert first == getattr(guardians.find_by_number(tx, one.number), "id", None)
        assert second == getattr(guardians.find_by_number(tx, two.number), "id", None)
        assert guardians.find_by_number(tx, three.number) is None


def test_a_reduced_guardian_is_still_found(desk: Desk) -> None:
    """After sign-off the number is gone from the store, and a later form with it still finds its guardian."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        before = guardians.read_guardian(tx, ident)
        assert before is not None
        guardians.reduce_number(tx, before)
        after = guardians.read_guardian(tx, ident)

        assert after is not None
        assert (before.name, "", before.mobile, before.email) == (after.name, after.number, after.mobile, after.email)
        assert ident == getattr(guardians.find_by_number(tx, family.mother.number), "id", None)
        assert guardians.find_by_number(tx, family.father.number) is None
        assert not guardians.has_number(tx, after, family.father.number)
        assert not guardians.has_number(tx, after, "")


def test_the_old_ciphertext_of_a_reduced_number_is_dead(desk: Desk) -> None:
    """A copy of the old row, put back or in a backup, does not open with the guardian's new key."""
    from schemas.errors import NotReady

    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        old = tx.connection.execute(select(ROW.c.number_ct).where(ROW.c.id == ident)).scalar_one()
        before = guardians.read_guardian(tx, ident)
        assert before is not None
        guardians.reduce_number(tx, before)

        with pytest.raises(NotReady, match="seal_broken"):
            tx.vault.open(ident, "guardians.number", ident, old, 1)


def test_no_byte_of_the_number_or_its_old_key_is_left_after_the_reduction(desk: Desk) -> None:
    """Once the store is checkpointed, neither the old ciphertext nor the old wrapped key is in any store file."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
    row, key = desk.rows(ROW)[0], desk.rows(tables.data_keys, tables.data_keys.c.subject_id == ident)[0].wrapped
    with desk.store.write() as tx:
        before = guardians.read_guardian(tx, ident)
        assert before is not None
        guardians.reduce_number(tx, before)
    desk.store.checkpoint()
    left = b"".join(path.read_bytes() for path in desk.house.home.database.parent.iterdir())

    assert row.number_ct not in left
    assert row.name_ct not in left
    assert key not in left


def test_reducing_twice_changes_nothing(desk: Desk) -> None:
    """A second sign-off for the same guardian leaves the look-up value as it is."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        for _ in range(2):
            guardian = guardians.read_guardian(tx, ident)
            assert guardian is not None
            guardians.reduce_number(tx, guardian)

        assert ident == getattr(guardians.find_by_number(tx, family.mother.number), "id", None)


def test_a_waiting_message_survives_the_reduction(desk: Desk) -> None:
    """The notice of a change can still be sent after the guardian's number was let go."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        guardian = guardians.read_guardian(tx, ident)
        assert guardian is not None
        tell(tx, guardian, "contact_changed", "once")
        guardians.reduce_number(tx, guardian)
        message = tx.connection.execute(select(tables.outbox)).one()

        told = tx.vault.open(ident, "outbox.payload", message.id, message.payload_ct)
        assert family.mother.email.encode() in told


def test_a_contact_change_keeps_the_rest(desk: Desk) -> None:
    """New contact data leave name and number as they were, and the row version goes up."""
    family = desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, family, family.mother)
        before = guardians.read_guardian(tx, ident)
        assert before is not None
        guardians.change_contact(tx, before, mobile="+4790000000", email="")
        after = guardians.read_guardian(tx, ident)

    assert after is not None
    assert (before.name, before.number, "+4790000000", "") == (after.name, after.number, after.mobile, after.email)
    assert 2 == desk.rows(ROW)[0].row_version


def test_the_last_link_names_the_guardian_who_must_go(desk: Desk) -> None:
    """Unlinking says whether the guardian has no pupil left."""
    one, two = desk.family(), desk.family()
    with desk.store.write() as tx:
        ident = add_guardian(tx, one, one.mother)
        guardians.link(tx, two.pupil_id, ident, basis="roster", submission="S-B", arrived=tx.now)

        assert guardians.unlink(tx, one.pupil_id, ident) is None
        assert ident == guardians.unlink(tx, two.pupil_id, ident)


def test_nothing_of_a_guardian_shows_by_accident(desk: Desk) -> None:
    """A guardian, an opened line and a known guardian print without name, number, mobile and e-mail."""
    family = desk.family()
    with desk.store.write() as tx:
        guardian = guardians.read_guardian(tx, add_guardian(tx, family, family.mother))
        worklist.sync(tx)
        line = worklist.read_lines(tx, reveal=True)[0]
        from store.people import read_pupils

        shown = f"{guardian!r}{line!r}{read_pupils(tx)!r}"

    mother = family.mother
    words = [*mother.name.split(), mother.number, mother.mobile, mother.email, family.pupil.name, family.pupil.number]
    assert [] == [word for word in words if word in shown]
