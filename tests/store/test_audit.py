"""The audit chain: whoever changes, removes, adds or reorders a row is found out, and what it cannot see is said."""

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError
from support_store import Desk, column

from schemas.errors import UsageFault
from store import audit, audit_guard, audit_heads, tables

AUDIT = tables.audit


@pytest.fixture
def chain(desk: Desk) -> Desk:
    """Nine rows that hold."""
    with desk.store.write() as tx:
        for n in range(9):
            audit.write(tx, "kari", "looked", f"S-{n}", f"n={n}")
    return desk


def verify(desk: Desk) -> tuple[int, str] | None:
    """What the check says."""
    with desk.store.read() as tx:
        found = audit.verify(tx, audit_heads.read(desk.store))
    return (found.seq, found.what) if found else None


def tamper(desk: Desk, *statements: object) -> None:
    """Somebody who owns the database, and takes the triggers down first."""
    with desk.store.write() as tx:
        audit_guard.lift(tx.connection)
        for statement in statements:
            tx.connection.execute(statement)  # type: ignore[call-overload]
        audit_guard.guard(tx.connection)


def test_what_is_taken_back_is_no_link_of_the_chain(desk: Desk) -> None:
    """One of many that fails leaves nothing, and what is written after it follows on what was written before it."""
    with desk.store.write() as tx:
        audit.write(tx, "kari", "looked", "S-before")
        with pytest.raises(ValueError, match="taken back"), tx.savepoint():
            audit.write(tx, "kari", "looked", "S-taken-back")
            raise ValueError("taken back")
        audit.write(tx, "kari", "looked", "S-after")

    assert ["S-before", "S-after"] == [row.subject_id for row in desk.rows(AUDIT)]
    assert verify(desk) is None


def test_an_untouched_chain_holds(chain: Desk) -> None:
    """Rows written in one or many transactions verify, and so does an empty chain."""
    with chain.store.write() as tx:
        audit.write(tx, "ola", "looked")

    assert verify(chain) is None


@pytest.mark.parametrize(
    "change",
    [{"actor": "ola"}, {"action": "erased"}, {"subject_id": "S-9"}, {"subject_id": None}, {"detail": "n=40"},
     {"mac": bytes(32)}, {"prev": bytes(32)}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_changed_row_is_found(chain: Desk, change: dict[str, object]) -> None:
    """Any column of a row, once written, is fixed."""
    tamper(chain, update(AUDIT).where(AUDIT.c.seq == 5).values(**change))

    assert (5, "changed") == verify(chain)


def test_a_changed_time_is_found(chain: Desk) -> None:
    """When something was done cannot be altered."""
    from datetime import timedelta

    at = chain.rows(AUDIT, AUDIT.c.seq == 5)[0].at
    tamper(chain, update(AUDIT).where(AUDIT.c.seq == 5).values(at=at + timedelta(microseconds=1)))

    assert (5, "changed") == verify(chain)


def test_a_removed_row_is_found(chain: Desk) -> None:
    """A gap shows, also where the rows after it are numbered anew."""
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq == 5))
    assert (5, "removed") == verify(chain)

    for seq in (6, 7, 8, 9):
        tamper(chain, update(AUDIT).where(AUDIT.c.seq == seq).values(seq=seq - 1))
    assert (5, "removed") == verify(chain)


def test_an_inserted_row_is_found(chain: Desk) -> None:
    """A row that the software did not write does not fit, not even as a copy of a real one at the end."""
    last = chain.rows(AUDIT, AUDIT.c.seq == 9)[0]._asdict()
    tamper(chain, insert(AUDIT).values(**{**last, "seq": 10}))
    assert (10, "changed") == verify(chain)

    tamper(chain, update(AUDIT).where(AUDIT.c.seq == 10).values(prev=last["mac"]))
    assert (10, "changed") == verify(chain)


def test_a_row_put_in_between_is_found(chain: Desk) -> None:
    """Making room by numbering the later rows anew does not help."""
    for seq in (9, 8, 7, 6, 5):
        tamper(chain, update(AUDIT).where(AUDIT.c.seq == seq).values(seq=seq + 1))
    tamper(chain, insert(AUDIT).values(**{**chain.rows(AUDIT, AUDIT.c.seq == 4)[0]._asdict(), "seq": 5}))

    assert (5, "inserted") == verify(chain)


def test_exchanged_rows_are_found(chain: Desk) -> None:
    """Two rows cannot change places."""
    for old, new in ((4, 100), (5, 4), (100, 5)):
        tamper(chain, update(AUDIT).where(AUDIT.c.seq == old).values(seq=new))

    assert (4, "removed") == verify(chain)


def test_a_cut_head_is_found(chain: Desk) -> None:
    """The oldest rows cannot go unseen."""
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq <= 3))

    assert (1, "removed") == verify(chain)


def test_a_chain_written_with_another_key_is_found(chain: Desk) -> None:
    """Without the audit key nobody can rewrite the chain from a row on: the first forged row fails."""
    import hashlib

    rows = [row._asdict() for row in chain.rows(AUDIT, AUDIT.c.seq >= 5)]
    prev = rows[0]["prev"]
    for row in rows:
        prev = hashlib.sha256(prev).digest()
        tamper(chain, update(AUDIT).where(AUDIT.c.seq == row["seq"]).values(mac=prev))

    assert (5, "changed") == verify(chain)


def test_a_cut_tail_is_not_found_by_the_chain_alone(chain: Desk) -> None:
    """A known limit, kept in view: without a head exported elsewhere, a chain that lost its newest rows verifies."""
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq > 6))

    assert verify(chain) is None


def test_a_cut_tail_is_found_by_the_head_written_down(chain: Desk) -> None:
    """With last night's newest row kept elsewhere, rows gone since are missed, also once new ones are written."""
    assert 9 == audit_heads.export(chain.store)
    assert verify(chain) is None
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq > 6))
    assert (7, "cut") == verify(chain)
    with chain.store.write() as tx:
        for _ in range(5):
            audit.write(tx, "kari", "looked")

    assert (9, "changed") == verify(chain)


def test_heads_are_written_down_once_and_privately(chain: Desk) -> None:
    """A night without news adds no line; the file is its owner's; a line that a crash cut short is no head."""
    for _ in range(3):
        audit_heads.export(chain.store)
    file = audit_heads.file(chain.store)
    with file.open("a") as more:
        more.write("10 ab")

    assert [9] == [one.seq for one in audit_heads.read(chain.store)]
    assert 0o600 == file.stat().st_mode & 0o777


def test_a_store_put_back_on_purpose_is_no_break(chain: Desk) -> None:
    """After a restore the chain goes on from an older row: the heads after it are void, those before still count."""
    audit_heads.export(chain.store)
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq > 6))
    with chain.store.read() as tx:
        newest = audit.head(tx)
    assert newest is not None
    audit_heads.append(chain.store, newest, restored=True)
    assert verify(chain) is None
    tamper(chain, delete(AUDIT).where(AUDIT.c.seq > 5))

    assert (6, "cut") == verify(chain)


@pytest.mark.parametrize("statement", [update(AUDIT).values(actor="ola"), delete(AUDIT)], ids=["update", "delete"])
def test_an_audit_row_is_not_changed_by_accident(chain: Desk, statement: object) -> None:
    """The database itself refuses to change or remove a row."""
    with pytest.raises(DBAPIError), chain.store.engine.begin() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    assert 9 == len(chain.rows(AUDIT))


def test_an_action_that_is_rolled_back_leaves_no_row(desk: Desk) -> None:
    """Action and audit row are one transaction: neither without the other."""
    with pytest.raises(RuntimeError), desk.store.write() as tx:
        audit.write(tx, "kari", "looked")
        raise RuntimeError
    assert [] == desk.rows(AUDIT)


@pytest.mark.parametrize("detail", ["Kåre Modigmaur", "kari@example.com", "a\nb", "x" * 201, "code=a\n"])
def test_a_detail_holds_codes_only(desk: Desk, detail: str) -> None:
    """Names, addresses and free text cannot be written into the audit."""
    with desk.store.write() as tx, pytest.raises(ValueError, match="codes only"):
        audit.write(tx, "kari", "looked", None, detail)


@pytest.mark.parametrize("name", ["Kari Modigmaur", "kari@example.com", "12345678901", "k1234567", "", "a b", "kari\n"])
def test_a_staff_id_is_no_name_and_no_number(name: str) -> None:
    """Stewards stand in the audit by a short id, which can be neither a sentence nor an identity number."""
    with pytest.raises(UsageFault, match="staff_id"):
        audit.staff(name)


@pytest.mark.parametrize("name", ["kari", "k.nordmann", "ab12", "demo.steward"])
def test_a_staff_id_as_schools_have_them_is_taken(name: str) -> None:
    """Ordinary user names pass."""
    assert name == audit.staff(name)


def test_the_audit_of_a_form_holds_nothing_of_it(desk: Desk) -> None:
    """Every row that a form and a steward leave behind is made of ids of ours, codes and counts."""
    family = desk.family()
    sent = desk.decided(column(family, family.mother, fnr=""))
    desk.steward(sent, "confirm", fnr=family.mother.number)
    rows = desk.rows(AUDIT)
    text = " ".join(f"{row.actor} {row.action} {row.subject_id} {row.detail}" for row in rows)

    assert {"rules", "kari"} == {row.actor for row in rows}
    words = [family.pupil.name, *family.mother.name.split(), family.mother.number, family.mother.mobile]
    assert [] == [word for word in words if word in text]
    assert verify(desk) is None


def test_the_newest_rows_are_told_by_id(desk: Desk) -> None:
    """The history of one submission is the rows about it and its entries, oldest first."""
    from store import listing

    family = desk.family()
    sent = desk.decided(column(family, family.mother))
    entry = desk.entry(sent)
    with desk.store.read() as tx:
        told = [row.action for row in listing.history(tx, [sent, entry.id])]
        everything = tx.connection.execute(select(AUDIT.c.action).order_by(AUDIT.c.seq)).scalars().all()

    assert ["entry_decided"] == told
    assert ["guardian_linked", "entry_decided"] == list(everything)
