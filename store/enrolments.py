"""Enrolments as they are stored, read for many pupils at once; most of a school has the same, kept once."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from schemas.due import Enrolment
from store.bulk import each
from store.database import Transaction
from store.tables import enrolments

Terms = tuple[Enrolment, ...]


def stays(tx: Transaction, only: Collection[str] | None = None) -> dict[str, Terms]:
    """Pupil -> enrolments by their first day, of these pupils (of all, without `only`); who has none is not there."""
    told = enrolments.c
    query = select(told.pupil_id, told.starts, told.ends, told.interrupted, told.final_year)
    if only is not None:
        query = query.where(told.pupil_id.in_(only))
    single: dict[tuple[date, date | None, date | None, bool], Terms] = {}
    found: dict[str, Terms] = {}
    for pupil_id, *stay in each(tx.connection.execute(query)):
        starts, ends, interrupted, final_year = stay
        key = (starts, ends, interrupted, final_year)
        one = single.get(key)
        if one is None:
            one = single[key] = (Enrolment(*key),)
        before = found.get(pupil_id)
        found[pupil_id] = one if before is None else tuple(sorted((*before, *one), key=_first_day))
    return found


def _first_day(stay: Enrolment) -> date:
    return stay.starts
