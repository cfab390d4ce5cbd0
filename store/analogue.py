"""The analogue register: guardians who get paper instead of a login. No number, mobile or e-mail stands here."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, insert, select, update

from schemas.ids import new_id
from schemas.names import agrees
from schemas.settings import Language
from store.database import Transaction
from store.tables import refusals

BY_THEMSELVES: Final = ("refused", "no_login")
"""Said by the guardian: no older form undoes it. The others are owed (`tasks.provision.owed`), and undo nothing."""
IN_REVIEW: Final = "in_review"
"""Proven, and a person has not decided in time."""
UNTIL_ACCESS: Final = "until_access"
"""Opted in, or decided: on paper until the ADD line is signed off, and they can log in."""
BY_SCHOOL: Final = "by_school"
"""The pupil is protected: before the restricted role only."""


@dataclass(frozen=True, slots=True)
class OnPaper:
    """One pair on the register, opened. `why`: refused, no_login, in_review, until_access or by_school."""

    id: str
    pupil_id: str
    why: str
    name: str = field(repr=False)
    address: str = field(repr=False)
    arrived_at: datetime
    due_on: date | None
    language: Language | None = None


def add(
    tx: Transaction,
    pupil_id: str,
    *,
    why: str,
    name: str,
    address: str,
    submission: str,
    arrived: datetime,
    language: Language | None = None,
) -> str:
    """Put a pair on the register, sealed under a key of its own. `language`: that of their form, where it is known."""
    ident = new_id("R")
    tx.vault.new_key(ident)
    details = json.dumps({"name": name, "address": address, "language": language}).encode()
    sealed = tx.vault.seal(ident, "refusals.details", ident, details)
    values = {"pupil_id": pupil_id, "why": why, "submission_id": submission, "arrived_at": arrived}
    tx.connection.execute(insert(refusals).values(id=ident, details_ct=sealed, **values))
    return ident


def of_pupil(tx: Transaction, pupil_id: str | None = None) -> list[OnPaper]:
    """The register, or the part of it that concerns one pupil; without those who are past their date and only kept by a
    legal hold."""
    return _opened(tx, _ALL if pupil_id is None else _OF_PUPIL, {"pupil": pupil_id, "today": tx.today})


def kept(tx: Transaction) -> list[OnPaper]:
    """All of it, with what only a legal hold keeps: for who must answer what is held (article 15)."""
    return _opened(tx, select(refusals).order_by(refusals.c.arrived_at), {})


def _opened(tx: Transaction, query: Select[Any], asked: dict[str, Any]) -> list[OnPaper]:
    found = []
    for row in tx.connection.execute(query, asked).all():
        details = json.loads(tx.vault.open(row.id, "refusals.details", row.id, row.details_ct))
        about = {"name": details["name"], "address": details["address"], "language": details.get("language")}
        found.append(OnPaper(row.id, row.pupil_id, row.why, arrived_at=row.arrived_at, due_on=row.due_on, **about))
    return found


_ALL: Final = (
    select(refusals)
    .where(refusals.c.due_on.is_(None) | (refusals.c.due_on > bindparam("today")))
    .order_by(refusals.c.arrived_at)
)
_OF_PUPIL: Final = _ALL.where(refusals.c.pupil_id == bindparam("pupil"))


def until_access(tx: Transaction, ident: str) -> None:
    """The guardian of this row is loaded now: the register lets go of them when they can log in."""
    tx.connection.execute(update(refusals).where(refusals.c.id == ident).values(why=UNTIL_ACCESS))


def access_started(tx: Transaction, pupil_id: str, name: str) -> None:
    """Take a guardian of this pupil off the register, whatever put them there: they can log in."""
    for row in of_pupil(tx, pupil_id):
        if agrees(row.name, name):
            remove(tx, row.id)


def remove(tx: Transaction, ident: str) -> None:
    """Take a pair off the register."""
    tx.vault.destroy(ident)
    tx.connection.execute(delete(refusals).where(refusals.c.id == ident))
