"""`foresatt findings`: the morning's summary, what the night found out about stored links, and closing it by name."""

from typing import TYPE_CHECKING, Any, get_args

import click

from console.state import State, by_option, common, pass_state

if TYPE_CHECKING:
    from sqlalchemy import Row

    from store.database import Transaction

AS = ("seen", "kept", "ended")
SHOWN = ("finding", "kind", "due", "late", "class", "pupil", "guardian", "close as", "what it means")


@click.group(short_help="What the night found out.", invoke_without_command=True)
@click.pass_context
@common
def findings(ctx: click.Context) -> None:
    """What needs you this morning, and what the night found out about links that are stored.

    \b
    foresatt findings                              the summary: what needs you, what is late
    foresatt findings list                         one line each, most urgent first
    foresatt findings close F-… --as kept --by kari   you have seen that the link is right
    foresatt findings close F-… --as ended --by kari  it is not: erased here, and to be removed in Visma InSchool
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(summary)


@findings.command(short_help="What needs you, what is late.")
@common
@pass_state
def summary(state: State) -> None:
    """The morning in counts. Protected families count nowhere here."""
    from tasks.report.counts import morning

    with state.store() as store:
        waits = morning(store)
    state.emit({"needs_you": waits.needs_you, "late": waits.late})
    late = [("late", what, count) for what, count in waits.late.items()]
    rows = [*late, *(("needs you", what, count) for what, count in waits.needs_you.items())]
    state.table("This morning", ("", "what", "count"), rows)
    if not rows:
        state.say("Nothing needs you.")


@findings.command("list", short_help="One line each.")
@click.option("--closed", is_flag=True, help="Those that were closed, too.")
@click.option("--by", metavar="STAFF", help="Your staff id, where you take care of protected families: theirs, too.")
@common
@pass_state
def list_(state: State, closed: bool, by: str | None) -> None:
    """Open findings, most urgent first; names as initials."""
    from store import audit, roles
    from store import findings as kept

    with state.store() as store:
        if by is not None:
            roles.require_restricted(store, audit.staff(by), None, what="findings")
        with store.read() as tx:
            found = [_told(tx, row) for row in kept.listed(tx, closed=closed, restricted=by is not None)]
        if by is not None:
            with store.write() as tx:
                audit.write(tx, by, "list_read", None, "list=findings_restricted")
    state.emit(found)
    state.table("Findings", SHOWN, [[one[name] for name in SHOWN] for one in found])
    state.say(f"{len(found)} found. Close one: foresatt findings close ID --as {'|'.join(AS)} --by STAFF")


@findings.command(short_help="You have looked.")
@click.argument("ident", metavar="ID")
@click.option("--as", "as_", type=click.Choice(AS), required=True, help="What you found.")
@by_option
@common
@pass_state
def close(state: State, ident: str, as_: str, by: str) -> None:
    """Say what you found. seen: nothing to change here. kept: the link is right; one that rests lives again. ended: the
    guardian is one no longer; the link is erased, and a REMOVE line is due today."""
    from schemas.findings import ClosedAs
    from store import audit, deletions, erasure, roles
    from store import findings as kept

    word = next(w for w in get_args(ClosedAs) if w == as_)
    by = audit.staff(by)
    with state.store() as store:
        with store.read() as tx:
            hidden = kept.is_restricted(tx, ident)
        if hidden:
            roles.require_restricted(store, by, ident, what="findings")
        with store.write() as tx:
            row = kept.close(tx, ident, word, by)
        if word == "ended":
            deletions.intend(store, [(f"{row.pupil_id}/{row.guardian_id}", "responsibility_ended")])
            erasure.replay(store)
            store.checkpoint()
    state.emit({"finding": ident, "closed_as": as_})
    state.say(f"{ident}: {as_}")


def _told(tx: "Transaction", row: "Row[Any]") -> dict[str, Any]:
    from schemas.findings import KINDS
    from schemas.masking import mask
    from store.guardians import read_guardian
    from store.people import read_pupils

    kind = KINDS[row.kind]
    pupil = next(iter(read_pupils(tx, row.pupil_id)), None)
    guardian = read_guardian(tx, row.guardian_id) if row.guardian_id else None
    return {
        "finding": row.id,
        "kind": row.kind,
        "state": row.state,
        "due": row.due_on,
        "late": "LATE" if row.state == "open" and row.due_on < tx.today else "",
        "pupil_id": row.pupil_id,
        "guardian_id": row.guardian_id,
        "class": pupil.class_name if pupil else "",
        "pupil": mask("name", pupil.name) if pupil else "",
        "guardian": mask("name", guardian.name) if guardian else "",
        "close as": " or ".join(kind.closes) if row.state == "open" else row.closed_as,
        "closed_by": row.closed_by,
        "what it means": kind.text[tx.settings.school.language],
    }
