"""Sealing: a value opens only with its key, where it was put; what is left of an erased one says nothing."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from sqlalchemy import select, update
from support_store import Desk

from schemas.errors import NotReady
from schemas.ids import new_id
from store import guardians, tables
from store.sealing import pad, unpad

PLACE = "guardians.name"


@bounds(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=300))
def test_whatever_is_sealed_opens_as_it_was(desk: Desk, data: bytes) -> None:
    """Any bytes come back unchanged, and their ciphertext does not hold them."""
    subject = new_id("G")
    with desk.store.write() as tx:
        tx.vault.new_key(subject)
        sealed = tx.vault.seal(subject, PLACE, subject, data)

        assert data == tx.vault.open(subject, PLACE, subject, sealed)
        assert len(data) < 8 or data not in sealed


def test_any_flipped_bit_is_found(desk: Desk) -> None:
    """No bit of a sealed value, its format and key epoch included, can be changed unseen."""
    with desk.store.write() as tx:
        tx.vault.new_key("G-A")
        sealed = tx.vault.seal("G-A", PLACE, "G-A", b"Kari")
        opened = 0
        for bit in range(len(sealed) * 8):
            changed = bytearray(sealed)
            changed[bit // 8] ^= 1 << bit % 8
            try:
                tx.vault.open("G-A", PLACE, "G-A", bytes(changed))
                opened += 1
            except NotReady:
                continue

    assert 0 == opened


@pytest.mark.parametrize(
    ("subject", "place", "row", "version"),
    [
        ("G-B", PLACE, "G-A", 1),
        ("G-A", "guardians.email", "G-A", 1),
        ("G-A", PLACE, "G-B", 1),
        ("G-A", PLACE, "G-A", 2),
        ("G-A", PLACE, "G-A", 0),
    ],
    ids=["other person", "other column", "other row", "newer version", "older version"],
)
def test_a_moved_value_does_not_open(desk: Desk, subject: str, place: str, row: str, version: int) -> None:
    """A ciphertext put where another belongs, or back where a newer one was, is refused."""
    with desk.store.write() as tx:
        for each in ("G-A", "G-B"):
            tx.vault.new_key(each)
        sealed = tx.vault.seal("G-A", PLACE, "G-A", b"Kari", 1)

        with pytest.raises(NotReady, match="seal_broken"):
            tx.vault.open(subject, place, row, sealed, version)


def test_a_contact_put_back_from_an_older_row_does_not_open(desk: Desk) -> None:
    """Whoever can write in the database cannot roll a guardian's mobile back to an earlier one."""
    with desk.store.write() as tx:
        ident = guardians.add(tx, name="Kari", number="", mobile="+4791234567", email="")
        this = tables.guardians.c.id == ident
        old = tx.connection.execute(select(tables.guardians.c.mobile_ct).where(this)).scalar_one()
        before = guardians.read_guardian(tx, ident)
        assert before is not None
        guardians.change_contact(tx, before, mobile="+4790000000", email="")
        tx.connection.execute(update(tables.guardians).where(this).values(mobile_ct=old))

        with pytest.raises(NotReady, match="seal_broken"):
            guardians.read_guardian(tx, ident)


def test_padding_hides_lengths(desk: Desk) -> None:
    """All names up to 28 bytes have ciphertexts of one length, and longer ones come in steps of 32."""
    with desk.store.write() as tx:
        tx.vault.new_key("G-A")
        lengths = {n: len(tx.vault.seal("G-A", PLACE, "G-A", b"x" * n)) for n in range(0, 61)}

    assert 1 == len({lengths[n] for n in range(0, 29)})
    assert 1 == len({lengths[n] for n in range(29, 61)})
    assert 32 == lengths[29] - lengths[28]


@given(data=st.binary(max_size=200))
def test_padding_comes_off_again(data: bytes) -> None:
    """Zeros at the end of a value are not taken for padding."""
    assert data == unpad(pad(data))
    assert 0 == len(pad(data)) % 32


def test_two_sealings_of_one_value_differ(desk: Desk) -> None:
    """Equal values cannot be recognised by their ciphertexts."""
    with desk.store.write() as tx:
        tx.vault.new_key("G-A")

        assert 50 == len({tx.vault.seal("G-A", PLACE, "G-A", b"Kari") for _ in range(50)})


def test_without_its_key_a_value_is_dead(desk: Desk) -> None:
    """Destroying a person's key kills everything that was sealed under it."""
    with desk.store.write() as tx:
        tx.vault.new_key("G-A")
        sealed = tx.vault.seal("G-A", PLACE, "G-A", b"Kari")
        tx.vault.destroy("G-A")

        assert not tx.vault.has_key("G-A")
        with pytest.raises(NotReady, match="erased"):
            tx.vault.open("G-A", PLACE, "G-A", sealed)


def test_a_new_key_of_the_same_person_does_not_open_old_values(desk: Desk) -> None:
    """A person given a new key leaves the old values behind."""
    with desk.store.write() as tx:
        tx.vault.new_key("G-A")
        sealed = tx.vault.seal("G-A", PLACE, "G-A", b"Kari")
        tx.vault.destroy("G-A")
        tx.vault.new_key("G-A")

        with pytest.raises(NotReady, match="seal_broken"):
            tx.vault.open("G-A", PLACE, "G-A", sealed)


def test_a_correction_cannot_be_moved_to_another_field(desk: Desk) -> None:
    """A steward's value put under another field, slot or submission does not open."""
    from store import entries, ledger

    sent = desk.decided("Foresatte 1\nForesatte til: Ola\nNavn: Kari\n")
    with desk.store.write() as tx:
        entries.correct(tx, sent, 1, 0, "name", "Kari Snillmaur", "kari")
        entries.correct(tx, sent, 1, 0, "pupil", "Ola Snillmaur", "kari")
        names, pupils = (
            select(tables.corrections.c.value_ct).where(tables.corrections.c.field == field)
            for field in ("name", "pupil")
        )
        moved = tx.connection.execute(pupils).scalar_one()
        assert moved != tx.connection.execute(names).scalar_one()
        tx.connection.execute(
            update(tables.corrections).where(tables.corrections.c.field == "name").values(value_ct=moved)
        )

        assert ledger.reopen(tx, sent)

    assert [(sent, True)] == [(one.id, one.lost) for one in ledger.claim(desk.store, "me", 5)]
