"""`foresatt audit`: who did what, and whether anybody has changed the record of it."""

import click

from console.state import State, common, pass_state
from schemas.errors import NotReady


@click.group(short_help="Who did what; does the chain hold?")
@common
def audit() -> None:
    """The audit chain: each row sealed to the one before it, nothing about pupils or guardians in it."""


@audit.command(short_help="Does the chain hold?")
@common
@pass_state
def verify(state: State) -> None:
    """Find a changed, removed, inserted or cut row; exit 1 where there is one.

    A cut end is found by the newest rows written down every night (audit.head_file).
    """
    from store import audit, audit_heads

    with state.store() as store:
        heads = audit_heads.read(store)
        with store.read() as tx:
            newest = audit.head(tx)
            broken = audit.verify(tx, heads)
    rows = newest.seq if newest else 0
    if broken is not None:
        told = f"the audit chain breaks at row {broken.seq}: {broken.what}"
        raise NotReady("audit_broken", told, "leave everything as it is and call the data protection officer")
    state.emit({"holds": True, "rows": rows, "heads": len(heads)})
    state.say(f"holds: {rows} rows, {len(heads)} heads written down")


@audit.command(short_help="The rows themselves.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--last", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many, newest last.")
@click.option("--by", metavar="STAFF", help="With the restricted role: what concerns protected families too.")
@common
@pass_state
def show(state: State, ids: tuple[str, ...], last: int, by: str | None) -> None:
    """The newest rows, or those about the IDs named (submissions, entries, guardians, lines). Rows that would tell who
    is protected are left out: a gap in the numbers."""
    from store import audit, roles
    from store.dossier import KEPT_TO_OURSELVES

    with state.store() as store, store.read() as tx:
        everything = roles.is_restricted(store.settings, audit.staff(by) if by else None)
        found = [row for row in audit.read(tx, ids, last) if everything or row.action not in KEPT_TO_OURSELVES]
    rows = [
        {"seq": r.seq, "at": r.at, "actor": r.actor, "action": r.action, "subject": r.subject_id, "detail": r.detail}
        for r in found
    ]
    state.emit(rows)
    headers = ("seq", "at", "actor", "action", "subject", "detail")
    state.table("Audit", headers, [[row[name] for name in headers] for row in rows])
