"""Stored due dates: recomputed for a few pupils when an input changes, and for all of them every night.

Belongs here: reading the inputs of `schemas.due` in bulk, asking it once for equal inputs, writing what differs. Does
not belong here: the rule itself (`schemas.due`), the REMOVE lines that follow (`store.worklist.refresh`).
"""

from collections.abc import Collection
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, Select, select

from schemas.due import Due, Enrolment, due
from store.bulk import update_keyed
from store.database import Transaction
from store.entries import refresh_held
from store.tables import consents, enrolments, links, pupils, refusals

ENDED: Final = ("withdrawn", "replaced", "responsibility_ended")
"""Why a link may be due that no enrolment or consent puts off."""
FEW: Final = 5_000
"""Of more pupils than this all are recomputed: it is quicker than naming them."""

Stay = tuple[date, date | None, date | None, bool]
Only = Collection[str] | None


def refresh_due(tx: Transaction, only: Only = None) -> int:
    """Recompute every due date that hangs on these pupils (on all, without `only`): known guardians, links, register,
    what is held. A handful of statements, however many there are; returns how many pupils were looked at."""
    if only is not None and len(only) > FEW:
        only = None
    ask = _Asked(tx, only)
    _write_pupils(tx, ask)
    _write_register(tx, ask, only)
    _write_links(tx, ask, only)
    refresh_held(tx, only)
    return len(ask.pupils)


class _Asked:
    """The one due-date function over what the store knows of these pupils; equal inputs are asked about once."""

    def __init__(self, tx: Transaction, only: Only) -> None:
        found = _of(tx, select(pupils.c.id, pupils.c.born, pupils.c.due_on, pupils.c.due_reason), pupils.c.id, only)
        self.pupils = {row[0]: row for row in found}
        columns = ("pupil_id", "starts", "ends", "interrupted", "final_year")
        listed = select(*(enrolments.c[name] for name in columns)).order_by(enrolments.c.starts)
        stays: dict[str, tuple[Stay, ...]] = {}
        for pupil_id, starts, ends, interrupted, final_year in _of(tx, listed, enrolments.c.pupil_id, only):
            stays[pupil_id] = (*stays.get(pupil_id, ()), (starts, ends, interrupted, final_year))
        self._stays = stays
        self._today, self._settings = tx.today, tx.settings.retention
        self._terms: dict[tuple[Stay, ...], tuple[Enrolment, ...]] = {}
        self._known: dict[tuple[date, tuple[Stay, ...]], Due] = {}
        self._plain: dict[str, Due] = {}

    def __call__(self, pupil_id: str, *, consent: bool = False, ended: Due | None = None) -> Due:
        if consent or ended is not None:
            return self._ask(pupil_id, consent, ended)
        found = self._plain.get(pupil_id)
        if found is None:
            key = (self.pupils[pupil_id].born, self._stays.get(pupil_id, ()))
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._ask(pupil_id, consent, ended)
            self._plain[pupil_id] = found
        return found

    def _ask(self, pupil_id: str, consent: bool, ended: Due | None) -> Due:
        stays = self._stays.get(pupil_id, ())
        terms = self._terms.get(stays)
        if terms is None:
            terms = self._terms[stays] = tuple(Enrolment(*stay) for stay in stays)
        rules: dict[str, Any] = {"today": self._today, "settings": self._settings}
        return due(self.pupils[pupil_id].born, terms, consent_until_leaving=consent, ended=ended, **rules)


def _write_pupils(tx: Transaction, ask: _Asked) -> None:
    differs = []
    for ident, _, on, why in ask.pupils.values():
        ends = ask(ident)
        if on != ends.on or why != ends.reason:
            differs.append((ident, ends.on, ends.reason))
    update_keyed(tx.connection, pupils, ("id",), ("due_on", "due_reason"), differs)


def _write_register(tx: Transaction, ask: _Asked, only: Only) -> None:
    listed = select(refusals.c.id, refusals.c.pupil_id, refusals.c.due_on)
    rows = _of(tx, listed, refusals.c.pupil_id, only)
    differs = [(row.id, when) for row in rows if row.due_on != (when := ask(row.pupil_id).on)]
    update_keyed(tx.connection, refusals, ("id",), ("due_on",), differs)


def _write_links(tx: Transaction, ask: _Asked, only: Only) -> None:
    """What a hold kept past its date is suspended as `held`; where the date was put off since, it lives again."""
    confirmed = select(consents.c.pupil_id, consents.c.guardian_id).where(consents.c.state == "confirmed")
    given = {(row.pupil_id, row.guardian_id) for row in _of(tx, confirmed, consents.c.pupil_id, only)}
    listed = select(links.c.pupil_id, links.c.guardian_id, links.c.due_on, links.c.due_reason, links.c.suspended)
    differs, lives = [], []
    for pupil_id, guardian_id, on, why, suspended in _of(tx, listed, links.c.pupil_id, only):
        ended = Due(on, why) if why in ENDED else None
        consent = (pupil_id, guardian_id) in given
        ends = ask(pupil_id, consent=consent, ended=ended) if consent or ended else ask(pupil_id)
        if on != ends.on or why != ends.reason:
            differs.append((pupil_id, guardian_id, ends.on, ends.reason))
        if suspended == "held" and not ends.has_come(tx.today):
            lives.append((pupil_id, guardian_id, None))
    pair = ("pupil_id", "guardian_id")
    update_keyed(tx.connection, links, pair, ("due_on", "due_reason"), differs)
    update_keyed(tx.connection, links, pair, ("suspended",), lives)


def _of(tx: Transaction, query: Select[Any], whose: Any, only: Only) -> list[Row[Any]]:
    return list(tx.connection.execute(query if only is None else query.where(whose.in_(only))).all())
