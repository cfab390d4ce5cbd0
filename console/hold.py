"""`foresatt person hold`: legal holds, placed, listed and lifted by a named person.

Does not belong here: what a hold keeps (`store.holds`).
"""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from console.person import ask, look_up, person, protected_pupils
from console.state import State, by_option, common, pass_state

if TYPE_CHECKING:
    from store.database import Store


@person.group(short_help="Keep data beyond its date.")
@common
def hold() -> None:
    """Legal holds: data that is kept beyond its date, sealed, for a reason, by a named person, until a day.

    A hold keeps data, never access: lists, exports and REMOVE lines follow the ordinary date.
    """


@hold.command("place", short_help="Put a hold on somebody.")
@click.argument("ident", metavar="[ID]", required=False)
@click.option(
    "--reason", required=True, metavar="CODE", help="legal_claim, complaint, supervision, police, access_request."
)
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The day on which it ends.")
@by_option
@common
@pass_state
def place_hold(state: State, ident: str | None, reason: str, until: datetime, by: str) -> None:
    """Put a hold on a pupil (P-), a guardian (G-) or one submission (S-); or on the person asked for."""
    from store import audit, holds, roles

    by = audit.staff(by)
    told = ask(ident)
    with state.store() as store:
        subject = ident or ""
        if subject.startswith("S-"):
            _allow(store, subject, by)
        else:
            with store.read() as tx:
                who = look_up(tx, ident, told, None)
                hidden = protected_pupils(store, tx, who, by)
            if hidden is None:
                roles.refuse(store, by, who.id, what="hold")
            subject = who.id
        with store.write() as tx:
            made = holds.place(tx, subject, reason=reason, ends_on=until.date(), by=by)
    state.emit({"hold": made, "subject": subject, "ends_on": until.date()})
    state.say(f"{made}: {subject} is kept until {until.date()}")


@hold.command("lift", short_help="End a hold today.")
@click.argument("hold_id", metavar="H-…")
@by_option
@common
@pass_state
def lift_hold(state: State, hold_id: str, by: str) -> None:
    """End a hold. What was due meanwhile goes with the next sweep: foresatt retention."""
    from store import audit, holds

    by = audit.staff(by)
    with state.store() as store:
        with store.read() as tx:
            subjects = [one.subject_id for one in holds.active(tx) if one.id == hold_id]
        for subject in subjects:
            _allow(store, subject, by)
        with store.write() as tx:
            holds.end(tx, hold_id, by)
    state.emit({"hold": hold_id})
    state.say(f"{hold_id} ended")


@hold.command("list", short_help="The holds that stand.")
@click.option("--by", metavar="STAFF", help="With the restricted role: those on protected families too.")
@common
@pass_state
def list_holds(state: State, by: str | None) -> None:
    """Every hold that stands, the first to end first. Ids and codes only."""
    from store import audit, holds, protection, roles

    who = audit.staff(by) if by else None
    with state.looking("holds", who) as tx:
        standing = holds.active(tx)
        subjects = [one.subject_id for one in standing]
        hidden = frozenset() if roles.is_restricted(tx.settings, who) else protection.restricted(tx, subjects)
        shown = [one for one in standing if one.subject_id not in hidden]
        rows = [(one.id, one.subject_id, one.reason, one.held_by, one.ends_on) for one in shown]
    headers = ("hold", "of", "reason", "held_by", "ends_on")
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Holds", headers, rows)


def _allow(store: "Store", subject: str, by: str) -> None:
    """What concerns a protected family is for the stewards of that role."""
    from store import protection, roles

    with store.read() as tx:
        hidden = protection.restricted(tx, [subject])
    if hidden:
        roles.require_restricted(store, by, subject, what="hold")
