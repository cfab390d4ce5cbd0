"""`foresatt worklist`: what to type into, change in and remove from Visma InSchool, signed off line by line."""

from pathlib import Path
from typing import get_args

import click

from console.state import State, account, by_option, common, pass_state
from schemas.errors import UsageFault

SIGNATURES = ("done", "already_in_vis", "newer_in_vis", "not_done")
NOT_DONE = ("not_found_in_vis", "no_access", "wrong_person", "wait")


@click.group(short_help="What to do in Visma InSchool.", invoke_without_command=True)
@click.pass_context
@common
def worklist(ctx: click.Context) -> None:
    """The Visma InSchool work list: ADD, CHANGE and REMOVE lines, due first.

    Nothing in Visma InSchool removes a guardian who was typed in by hand: only these lines do, through you.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@worklist.command("list", short_help="The open lines.")
@click.option("--signed", is_flag=True, help="The signed ones instead.")
@common
@pass_state
def list_(state: State, signed: bool = False) -> None:
    """Open lines, REMOVE from 14 days ahead; numbers masked until revealed one by one."""
    from store.worklist import read_lines
    from tasks.provision.lists import as_row, headers

    with state.looking("worklist") as tx:
        rows = [as_row(line) for line in read_lines(tx, signed=signed)]
        shown = [name for name in headers(tx.settings.worklist.fields) if name != "why"]
    state.emit(rows)
    state.table("Work list", shown, [[row[name] for name in shown] for row in rows])


@worklist.command(short_help="Sign a line off.")
@click.argument("line", metavar="LINE")
@click.option("--as", "as_", type=click.Choice(SIGNATURES), required=True)
@click.option("--reason", type=click.Choice(NOT_DONE), help="With not_done.")
@by_option
@common
@pass_state
def sign(state: State, line: str, as_: str, reason: str | None, by: str) -> None:
    """Say what you did. After an ADD the number is let go and only its look-up value stays.

    What was not done stays on the list, with the reason. A REMOVE line cannot be signed as newer_in_vis: whoever
    stands on one must go.
    """
    from store import audit, worklist

    signature = next(s for s in get_args(worklist.Signature) if s == as_)
    with state.store() as store:
        with store.write() as tx:
            worklist.sign(tx, line, as_=signature, by=audit.staff(by), reason=reason)
        store.checkpoint()
    state.emit({"line": line, "signed_as": as_})
    state.say(f"{line}: {as_}")


@worklist.command(short_help="Show one line with its number.")
@click.argument("line", metavar="LINE")
@by_option
@common
@pass_state
def reveal(state: State, line: str, by: str) -> None:
    """Show one line unmasked, to type it into Visma InSchool; the audit remembers it."""
    from store import audit
    from store.worklist import read_lines
    from tasks.provision.lists import as_row, headers

    by = audit.staff(by)
    with state.store() as store, store.write() as tx:
        found = read_lines(tx, only=line, reveal=True)
        if not found:
            raise UsageFault("no_such_line", "there is no such open line", "see: foresatt worklist list")
        audit.write(tx, by, "line_revealed", line)
        row = as_row(found[0], reveal=True)
        order = headers(tx.settings.worklist.fields)
    state.emit(row)
    state.table("Line", ("field", "value"), [(name, row[name]) for name in order])


@worklist.command(short_help="The open lines as CSV.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file; standard output without it.")
@click.option("--reveal", "reveals", is_flag=True, help="With numbers; needs --by, and the audit remembers it.")
@click.option("--by", metavar="STAFF")
@common
@pass_state
def export(state: State, out: Path | None, reveals: bool, by: str | None) -> None:
    """The open lines as CSV (semicolons). A file with numbers is yours to delete: foresatt cannot erase it."""
    from store import audit
    from store.home import private_write
    from store.worklist import read_lines
    from tasks.provision.lists import as_csv, as_row, headers

    if reveals and not by:
        raise UsageFault("by_missing", "--reveal needs --by STAFF", "add your staff id")
    with state.store() as store, store.write() as tx:
        lines = read_lines(tx, reveal=reveals)
        who = audit.staff(by) if by else account()
        audit.write(tx, who, "worklist_exported", None, f"count={len(lines)} revealed={'yes' if reveals else 'no'}")
        text = as_csv((as_row(line, reveal=reveals) for line in lines), headers(tx.settings.worklist.fields))
        if out is not None:
            private_write(out, text.encode("utf-8-sig"))
    if out is not None:
        state.emit({"lines": len(lines)})
        state.say(f"{len(lines)} lines written")
    elif state.as_json:
        state.emit({"lines": len(lines), "csv": text})
    else:
        click.echo(text, nl=False)
