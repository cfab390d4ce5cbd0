"""Whom the school's paper goes to: a page for each pupil of a class, a letter for each guardian who gets paper.

Belongs here: choosing them from the store. Does not belong here: drawing (`form_pdf`, `letters`), the register itself
(`store.analogue`).
"""

from dataclasses import dataclass, field

from schemas.due import is_adult
from schemas.names import normalise
from store import analogue
from store.database import Transaction
from store.people import Pupil as Held
from store.people import read_pupils
from tasks.provision.form_pdf import Pupil


@dataclass(frozen=True, slots=True)
class Recipient:
    """A guardian who gets paper, and whose; `ident`: of the register's row."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    pupil: str = field(repr=False)
    class_name: str
    ident: str = ""


def classes(tx: Transaction) -> list[str]:
    """The classes that have pupils to hand a form to, sorted."""
    return sorted({pupil.class_name for pupil in read_pupils(tx) if _asked(tx, pupil)})


def of_class(tx: Transaction, class_name: str) -> list[Pupil]:
    """The pupils of a class to hand a form to, by name: enrolled now or to come, under 18, and with a
    guardian who is not on the register for paper (whoever refused is not asked again)."""
    chosen = [p for p in read_pupils(tx) if p.class_name == class_name and _asked(tx, p)]
    return [Pupil(p.id, p.name, p.class_name) for p in sorted(chosen, key=lambda p: normalise(p.name))]


def one_pupil(tx: Transaction, ident: str) -> Pupil | None:
    """The pupil with this id of ours; None where there is none."""
    found = read_pupils(tx, only=ident)
    return Pupil(found[0].id, found[0].name, found[0].class_name) if found else None


def on_paper(tx: Transaction) -> list[Recipient]:
    """Everyone on the register for paper, by class, pupil and name. A shielded pupil's family has no address here: it
    never goes into a file that anyone at the office may open, and looks like any address that is missing."""
    pupils = {pupil.id: pupil for pupil in read_pupils(tx)}
    rows = [
        Recipient(
            one.name,
            "" if pupils[one.pupil_id].shielded else one.address,
            pupils[one.pupil_id].name,
            pupils[one.pupil_id].class_name,
            one.id,
        )
        for one in analogue.of_pupil(tx)
        if one.pupil_id in pupils
    ]
    return sorted(rows, key=lambda row: (row.class_name, normalise(row.pupil), normalise(row.name)))


def _asked(tx: Transaction, pupil: Held) -> bool:
    stays = any(stay.last_day is None or stay.last_day >= tx.today for stay in pupil.enrolments)  # or will in August
    if not stays or is_adult(pupil.born, tx.today, tx.settings.retention.leap_day):
        return False
    paper = {normalise(one.name) for one in analogue.of_pupil(tx, pupil.id)}
    return not paper or not pupil.known or not {normalise(known.name) for known in pupil.known} <= paper
