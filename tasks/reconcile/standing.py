"""Whether what is stored still stands: every link against the school's own list, in frames, a few thousand pupils at a
time.

Belongs here: the comparison, which reads and writes nothing. Does not belong here: the register (`following`), what
follows from a fact (`store.findings`). What is alike letter for letter costs a merge; names are compared as evidence is
only where nothing else says that it is the same person. Memory is flat.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Row, select

from schemas.names import agrees
from schemas.numbers import clean as clean_number
from store.database import Transaction
from store.findings import Fact
from store.tables import data_keys, guardians, links, pupils

PUPILS: Final = 5_000
LINKS: Final = ("pupil_id", "guardian_id", "proven_by_list", "name", "number", "mac")
LISTED: Final = ("pupil_id", "list_name", "list_number")
_KNOWN_KEY: Final = data_keys.c.wrapped.label("wrapped")
_PUPILS: Final = (
    select(pupils.c.id, pupils.c.known_id, pupils.c.known_ct, pupils.c.row_version, _KNOWN_KEY)
    .join(data_keys, data_keys.c.subject_id == pupils.c.known_id)
    .where(pupils.c.known_ct.is_not(None))
    .order_by(pupils.c.id)
    .limit(PUPILS)
)
_LINKS: Final = (
    select(
        links.c.pupil_id,
        links.c.basis,
        guardians.c.id,
        guardians.c.name_ct,
        guardians.c.number_ct,
        guardians.c.number_mac,
        guardians.c.row_version,
        data_keys.c.wrapped,
    )
    .join(guardians, guardians.c.id == links.c.guardian_id)
    .join(data_keys, data_keys.c.subject_id == guardians.c.id)
)


def against_the_list(tx: Transaction, watch: Callable[[int], None] = lambda done: None) -> list[Fact]:
    """What the school's list says otherwise than the store: a guardian that it names for the pupil no longer, or under
    another number. Pupils of whom the list knows no guardian say nothing. `watch` is called with how many links."""
    facts: list[Fact] = []
    done = 0
    for stored, listed in _chunks(tx):
        facts += compare(tx, stored, listed)
        watch(done := done + len(stored))
    return facts


def compare(tx: Transaction, stored: pd.DataFrame, listed: pd.DataFrame) -> list[Fact]:
    """The facts of one chunk. `stored`: one row a link (`LINKS`; `number` or, once it was let go, its keyed value);
    `listed`: one row a guardian on the list (`LISTED`). Empty texts are "", never missing."""
    pairs = stored.reset_index(names="link").merge(listed, on="pupil_id", how="inner")
    link, name, number, mac, list_name, list_number = (
        pairs[column].to_numpy(dtype=object) for column in ("link", "name", "number", "mac", "list_name", "list_number")
    )
    named, numbered = name == list_name, (number == list_number) & (number != "")
    let_go = (number == "") & pairs["mac"].notna().to_numpy() & (list_number != "")
    for at in np.flatnonzero(let_go):
        numbered[at] = mac[at] == number_mac(tx, list_number[at])
    unsure = ~_any(link, named | numbered, len(stored))[link.astype(np.intp)]
    for at in np.flatnonzero(unsure):  # nothing is alike letter for letter
        named[at] = agrees(name[at], list_name[at])
    known, settled = (_any(link, held, len(stored)) for held in (named | numbered, numbered))
    compared = _any(link, np.ones(len(pairs), dtype=bool), len(stored))
    gone = np.flatnonzero(compared & ~known & stored["proven_by_list"].to_numpy(dtype=bool))
    facts = [_fact("not_on_list", stored, int(at)) for at in gone]
    has_number = (number != "") | pairs["mac"].notna().to_numpy()
    for at in np.flatnonzero(named & ~numbered & has_number & (list_number != "")):
        if not settled[link[at]]:
            facts.append(_fact("number_differs", stored, int(link[at]), list_number[at]))
            settled[link[at]] = True
    return facts


def _any(link: Any, held: Any, count: int) -> Any:
    """For each link, whether it holds in any of its rows."""
    found = np.zeros(count, dtype=bool)
    found[link[held].astype(np.intp)] = True
    return found


def number_mac(tx: Transaction, number: str) -> bytes:
    """As `store.guardians` keeps the number that was let go."""
    return tx.keyring.mac("delivery", b"number|" + number.encode())


def _fact(kind: str, stored: pd.DataFrame, link: int, detail: str = "") -> Fact:
    return Fact(kind, str(stored["pupil_id"].iat[link]), str(stored["guardian_id"].iat[link]), detail)


def _chunks(tx: Transaction) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    last = ""
    while rows := tx.connection.execute(_PUPILS.where(pupils.c.id > last)).all():
        first, last = rows[0].id, rows[-1].id
        theirs = _LINKS.where(links.c.pupil_id.between(first, last))
        yield _stored(tx, tx.connection.execute(theirs).all()), _listed(tx, rows)


def _stored(tx: Transaction, rows: Sequence[Row[Any]]) -> pd.DataFrame:
    """A row that is damaged says nothing here; it is told where it is used."""
    if not rows:
        return pd.DataFrame({name: [] for name in LINKS})
    whose, bases, idents, names, numbers, macs, versions, wrapped = zip(*rows, strict=True)
    tx.vault.take(list(zip(idents, wrapped, strict=True)))
    texts = (
        tx.vault.open_column(f"guardians.{column}", zip(idents, idents, sealed, versions, strict=True))
        for column, sealed in (("name", names), ("number", numbers))
    )
    name, number = (np.array(opened, dtype=object) for opened in texts)
    tx.vault.let_go(idents)
    proven = np.array(bases, dtype=object) == "roster"
    values = (whose, idents, proven, name, number, np.array(macs, dtype=object))
    found = pd.DataFrame(dict(zip(LINKS, values, strict=True)))
    whole = found["name"].notna() & found["number"].notna()
    return found if whole.all() else found[whole].reset_index(drop=True)


def _listed(tx: Transaction, rows: Sequence[Row[Any]]) -> pd.DataFrame:
    idents, subjects, sealed, versions, wrapped = zip(*rows, strict=True)
    tx.vault.take(list(zip(subjects, wrapped, strict=True)))
    told = tx.vault.open_column("pupils.known", zip(subjects, idents, sealed, versions, strict=True))
    tx.vault.let_go(subjects)
    whose, names, numbers = [], [], []
    for ident, text in zip(idents, told, strict=True):
        for one in json.loads(text) if text else ():
            number = one["number"]
            number = number if not number or number.isdigit() else clean_number(number)
            if one["name"] or number:
                whose.append(ident)
                names.append(one["name"])
                numbers.append(number)
    return pd.DataFrame(
        {
            "pupil_id": whose,
            "list_name": np.array(names, dtype=object),
            "list_number": np.array(numbers, dtype=object),
        },
        columns=list(LISTED),
    )
