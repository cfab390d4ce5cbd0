"""`foresatt erased`: the proof of what was erased, from the deletion ledger."""

from collections import Counter
from datetime import datetime

import click

from console.state import State, account, common, pass_state

KINDS = {
    "G": "guardian",
    "P": "pupil",
    "K": "known_guardians",
    "R": "register",
    "S": "original",
    "N": "held_roster",
}


@click.command(short_help="Proof of what was erased.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was erased on this day or later.")
@click.option("--ids", is_flag=True, help="Every row by its id, instead of the counts.")
@click.option("--by", metavar="STAFF", help="With --ids and the restricted role: the rows of protected pupils too.")
@common
@pass_state
def erased(state: State, since: datetime | None, ids: bool, by: str | None) -> None:
    """Show what was erased: counts by day, kind and reason, or with --ids a row each, from the deletion ledger, a file
    that no backup brings back. Ids of ours, reasons and dates; nothing in it says who it was.

    A row without a day was intended and is not done yet; the next command that opens the store does it.
    """
    from store import audit, deletions, protection, roles
    from store.database import OSLO

    who = audit.staff(by) if by else None
    with state.store() as store:
        ledger = deletions.read(store, everything=True)
        if ids:
            with store.read() as tx:
                hidden = frozenset() if roles.is_restricted(tx.settings, who) else protection.protected(tx)
            ledger = [row for row in ledger if row.subject_id.partition("/")[0] not in hidden]
            with store.write() as tx:
                audit.write(tx, who or account(), "list_read", None, "list=erased")
    rows = []
    for row in ledger:
        day = row.done_at.astimezone(OSLO).date() if row.done_at else None
        if since is None or day is None or day >= since.date():
            kind = "link" if "/" in row.subject_id else KINDS.get(row.subject_id[0], row.subject_id[0])
            rows.append((day.isoformat() if day else "", kind, row.reason, row.subject_id))
    counts = sorted(Counter(row[:3] for row in rows).items())
    headers = ("day", "what", "reason", "id") if ids else ("day", "what", "reason", "count")
    shown = sorted(rows) if ids else [(*key, number) for key, number in counts]
    state.emit({"erased": [dict(zip(headers, row, strict=True)) for row in shown], "rows": len(rows)})
    state.table("Erased", headers, shown)
