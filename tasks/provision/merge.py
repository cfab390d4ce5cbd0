"""Whom the school's paper goes to: a page for each pupil of a class, a letter for each guardian who gets paper.

Belongs here: choosing them from the store. Does not belong here: drawing (`form_pdf`, `letters`), the register itself
(`store.analogue`).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

from schemas.due import is_adult, next_working_day
from schemas.names import agrees, normalise
from schemas.settings import Language
from store import analogue, audit, onetime
from store.database import OSLO, Transaction
from store.people import Pupil as Held
from store.people import read_pupils
from tasks.provision.form_pdf import Addressee, Pupil


@dataclass(frozen=True, slots=True)
class Recipient:
    """A guardian who gets paper, and whose. `ident` is the register's (R-…); `find_by` the day by which a missing
    address must be found."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    pupil: str = field(repr=False)
    class_name: str
    ident: str = ""
    why: str = ""
    until: date | None = None
    language: Language | None = None
    find_by: date | None = None


def classes(tx: Transaction) -> list[str]:
    """The classes that have pupils to hand a form to, sorted."""
    return sorted({pupil.class_name for pupil in read_pupils(tx) if _asked(tx, pupil)})


def of_class(tx: Transaction, class_name: str) -> list[Pupil]:
    """The pupils of a class to hand a form to, by name: enrolled now or to come, under 18, and with a
    guardian who is not on the register for paper (whoever refused is not asked again)."""
    chosen = [p for p in read_pupils(tx) if p.class_name == class_name and _asked(tx, p)]
    return [Pupil(p.id, p.name, p.class_name) for p in sorted(chosen, key=lambda p: normalise(p.name))]


def per_guardian(tx: Transaction, class_name: str, by: str) -> list[Pupil]:
    """A sheet for each guardian of a class whom the school's list names with an address or an e-mail, each with a fresh
    one-time reference, which is written into the store and the audit. Whoever has chosen paper gets none, and nobody
    does in a protected family: where they live is for others to handle. Nor do two guardians of one name: the
    reference could not tell them apart."""
    sheets = []
    chosen = [p for p in read_pupils(tx) if p.class_name == class_name and not p.shielded and _asked(tx, p)]
    for pupil in sorted(chosen, key=lambda p: normalise(p.name)):
        paper = [one.name for one in analogue.of_pupil(tx, pupil.id)]
        names = [normalise(known.name) for known in pupil.known]
        made = 0
        for known in pupil.known:
            reached = known.name and (known.address.strip() or known.email.strip())
            if not reached or names.count(normalise(known.name)) > 1 or any(agrees(known.name, one) for one in paper):
                continue
            code, expires = onetime.make(tx, pupil.id, known.name)
            to = Addressee(known.name, " ".join(known.address.split()), code, expires - timedelta(days=1))
            sheets.append(Pupil(pupil.id, pupil.name, pupil.class_name, to))
            made += 1
        if made:
            audit.write(tx, by, "references_made", pupil.id, f"count={made}")
    return sheets


def one_pupil(tx: Transaction, ident: str) -> Pupil | None:
    """The pupil with this id of ours; None where there is none."""
    found = read_pupils(tx, only=ident)
    return Pupil(found[0].id, found[0].name, found[0].class_name) if found else None


def on_paper(tx: Transaction, *, restricted: bool = False) -> list[Recipient]:
    """Everyone on the register for paper, by class, pupil and name; families of protected pupils only before the
    restricted role, and then nobody else. An address that was missing is taken from the school's list once it is there.
    """
    pupils = {pupil.id: pupil for pupil in read_pupils(tx) if pupil.shielded == restricted}
    rows = []
    for one in analogue.of_pupil(tx):
        if (pupil := pupils.get(one.pupil_id)) is None or (one.why == analogue.BY_SCHOOL and not restricted):
            continue  # what was owed for protection's sake stands before nobody else when that was lifted
        listed = (known.address for known in pupil.known if agrees(known.name, one.name))
        address = one.address.strip() or next((told for told in listed if told.strip()), "")
        by = next_working_day(one.arrived_at.astimezone(OSLO).date(), tx.settings.analogue.address_days)
        rows.append(
            Recipient(
                one.name, address, pupil.name, pupil.class_name, one.id, one.why, one.due_on, one.language,
                find_by=None if address else by,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row.class_name, normalise(row.pupil), normalise(row.name)))


def late_addresses(tx: Transaction) -> int:
    """How many addresses should have been found before today. Protected families' are not counted: their stewards see
    the date on their own list, and a number here would tell of them."""
    return sum(one.find_by is not None and one.find_by < tx.today for one in on_paper(tx))


def _asked(tx: Transaction, pupil: Held) -> bool:
    stays = any(stay.last_day is None or stay.last_day >= tx.today for stay in pupil.enrolments)  # or will in August
    if not stays or is_adult(pupil.born, tx.today, tx.settings.retention.leap_day):
        return False
    on_register = analogue.of_pupil(tx, pupil.id)
    paper = [one.name for one in on_register if one.why != analogue.BY_SCHOOL]  # a sheet left out would tell of it
    if not pupil.known:  # whose guardians the school's list does not name has two at most
        return len(paper) < 2
    return any(not any(agrees(known.name, name) for name in paper) for known in pupil.known)
