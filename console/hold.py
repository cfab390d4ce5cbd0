"""`foresatt person hold`: legal holds, placed, listed and lifted by a named person.

Does not belong here: what a hold keeps (`store.holds`).
"""

from datetime import datetime

import click

from console.person import ask, look_up, person, protected_pupils
from console.state import State, by_option, common, pass_state


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
        if not subject.startswith("S-"):
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

    with state.store() as store, store.write() as tx:
        holds.end(tx, hold_id, audit.staff(by))
    state.emit({"hold": hold_id})
    state.say(f"{hold_id} ended")


@hold.command("list", short_help="The holds that stand.")
@common
@pass_state
def list_holds(state: State) -> None:
    """Every hold that stands, the first to end first. Ids and codes only."""
    from store import holds

    with state.store() as store, store.read() as tx:
        rows = [(one.id, one.subject_id, one.reason, one.held_by, one.ends_on) for one in holds.active(tx)]
    headers = ("hold", "of", "reason", "held_by", "ends_on")
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Holds", headers, rows)
