"""`foresatt consent`: a pupil's consent that guardians keep access after the 18th birthday."""

from typing import TYPE_CHECKING

import click

from console.state import State, by_option, common, pass_state

if TYPE_CHECKING:
    from store.database import Store


@click.group(short_help="Consents to extend beyond 18.")
@common
def consent() -> None:
    """Consents to extend: given by the pupil from 17, counting only once a steward confirmed it with the pupil."""


@consent.command("list", short_help="Consents, and who could be covered.")
@click.option("--by", metavar="STAFF", help="With the restricted role: those of protected pupils too.")
@common
@pass_state
def list_(state: State, by: str | None) -> None:
    """Consents given, and the linked guardians of pupils of 17 that one could cover; names as initials."""
    from schemas.masking import mask
    from store import audit, consents, guardians, protection, roles
    from store.people import read_pupils

    who = audit.staff(by) if by else None
    with state.looking("consents", who) as tx:
        hidden = frozenset() if roles.is_restricted(tx.settings, who) else protection.protected(tx)
        given = [one for one in consents.read(tx) if one.pupil_id not in hidden]
        covered = {(one.pupil_id, one.guardian_id) for one in given if one.state != "withdrawn"}
        rows = [(c.id, c.state, c.given_on, c.pupil_id, c.guardian_id, c.recorded_by, c.confirmed_by) for c in given]
        possible = []
        for pupil in read_pupils(tx):
            age = (
                tx.today.year - pupil.born.year - ((tx.today.month, tx.today.day) < (pupil.born.month, pupil.born.day))
            )
            if age != 17 or pupil.id in hidden:
                continue
            for guardian in guardians.of_pupil(tx, pupil.id):
                if (pupil.id, guardian.id) not in covered:
                    masked = (mask("name", pupil.name), mask("name", guardian.name))
                    possible.append((pupil.id, pupil.class_name, masked[0], guardian.id, masked[1]))
    headers = ("consent", "state", "given", "pupil_id", "guardian_id", "recorded_by", "confirmed_by")
    more = ("pupil_id", "class", "pupil", "guardian_id", "guardian")
    state.emit(
        {
            "consents": [dict(zip(headers, row, strict=True)) for row in rows],
            "possible": [dict(zip(more, row, strict=True)) for row in possible],
        }
    )
    state.table("Consents", headers, rows)
    state.table("Pupils of 17 and their guardians", more, possible)


@consent.command(short_help="Note that a pupil consents.")
@click.option("--pupil", required=True, metavar="P-…")
@click.option("--guardian", metavar="G-…", help="The guardian it covers; one call for each.")
@by_option
@common
@pass_state
def record(state: State, pupil: str, guardian: str | None, by: str) -> None:
    """Record a consent as pending; it counts only once it is confirmed.

    Without --guardian: for a pupil of 18 and a guardian who is not registered, because they were erased that birthday.
    Once it is confirmed, ask the guardian for a new form: it comes to you, and the consent covers whom you confirm.
    """
    from store import audit, consents

    by = audit.staff(by)
    with state.store() as store:
        _allow(store, pupil, by)
        with store.write() as tx:
            ident = consents.record(tx, pupil, guardian, by)
    state.emit({"consent": ident, "state": "pending"})
    state.say(f"{ident} recorded; it counts once confirmed: foresatt consent confirm {ident} --by STAFF")


@consent.command(short_help="You have confirmed it with the pupil.")
@click.argument("ident", metavar="C-…")
@by_option
@common
@pass_state
def confirm(state: State, ident: str, by: str) -> None:
    """Confirm a pending consent: you have spoken with the pupil."""
    from store import audit, consents

    by = audit.staff(by)
    with state.store() as store:
        _allow(store, _pupil_of(store, ident), by)
        with store.write() as tx:
            consents.confirm(tx, ident, by)
    state.emit({"consent": ident, "state": "confirmed"})
    state.say(f"{ident} confirmed")


@consent.command(short_help="The pupil takes it back.")
@click.argument("ident", metavar="C-…")
@by_option
@common
@pass_state
def withdraw(state: State, ident: str, by: str) -> None:
    """Withdraw a consent. A pupil of 18 or more: the guardian's link is erased at once."""
    from store import audit, consents
    from tasks.retain.sweep import sweep

    by = audit.staff(by)
    with state.store() as store:
        _allow(store, _pupil_of(store, ident), by)
        with store.write() as tx:
            consents.withdraw(tx, ident, by)
        erased = sweep(store)
    state.emit({"consent": ident, "state": "withdrawn", "erased": erased})
    state.say(f"{ident} withdrawn")


def _pupil_of(store: "Store", ident: str) -> str:
    """Whose consent it is; nobody's where there is none: what is asked for then says so."""
    from store import consents

    with store.read() as tx:
        return next((one.pupil_id for one in consents.read(tx) if one.id == ident), "")


def _allow(store: "Store", pupil_id: str, by: str) -> None:
    """A protected pupil's consents are for the stewards of that role."""
    from store import protection, roles

    with store.read() as tx:
        hidden = protection.is_protected(tx, pupil_id)
    if hidden:
        roles.require_restricted(store, by, pupil_id, what="consent")
