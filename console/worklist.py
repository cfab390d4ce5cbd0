"""`foresatt worklist`: what to type into, change in and remove from Visma InSchool, signed off line by line."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from console.state import State, account, by_option, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.database import Store, Transaction
    from store.worklist import Line

SIGNATURES = ("done", "already_in_vis", "newer_in_vis", "not_done")
NOT_DONE = ("not_found_in_vis", "no_access", "wrong_person", "wait")
SEALED = (".pgp", ".gpg", ".asc")


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
@click.option("--by", metavar="STAFF", help="With the restricted role: the lines of protected families too.")
@common
@pass_state
def list_(state: State, signed: bool = False, by: str | None = None) -> None:
    """Open lines, REMOVE from 14 days ahead; numbers masked until revealed one by one."""
    from store import audit, roles
    from store.worklist import read_lines
    from tasks.provision.lists import as_row, headers

    who = audit.staff(by) if by else None
    with state.looking("worklist", who) as tx:
        restricted = roles.is_restricted(tx.settings, who)
        rows = [as_row(line) for line in read_lines(tx, signed=signed, restricted=restricted)]
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
    from store import audit, roles, worklist

    signature = next(s for s in get_args(worklist.Signature) if s == as_)
    by = audit.staff(by)
    with state.store() as store:
        with store.write() as tx:
            restricted = roles.is_restricted(tx.settings, by)
            worklist.sign(tx, line, as_=signature, by=by, reason=reason, restricted=restricted)
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
    from store import audit, roles
    from store.worklist import read_lines
    from tasks.provision.lists import as_row, headers

    by = audit.staff(by)
    with state.store() as store, store.write() as tx:
        found = read_lines(tx, only=line, reveal=True, restricted=roles.is_restricted(tx.settings, by))
        if not found:
            raise UsageFault("no_such_line", "there is no such open line", "see: foresatt worklist list")
        audit.write(tx, by, "line_revealed", line)
        row = as_row(found[0], reveal=True)
        order = headers(tx.settings.worklist.fields)
    state.emit(row)
    state.table("Line", ("field", "value"), [(name, row[name]) for name in order])


@worklist.command(short_help="The open lines as CSV or PDF.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A new file: .csv or .pdf, see below.")
@click.option("--to", metavar="STAFF|FINGERPRINT", help="Encrypt it to this person's key, in the ring of staff keys.")
@click.option("--reveal", "reveals", is_flag=True, help="With numbers; needs --by, and the audit remembers it.")
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Of a PDF. Default: the school's language.")
@click.option("--by", metavar="STAFF")
@common
@pass_state
def export(state: State, out: Path | None, to: str | None, reveals: bool, lang: str | None, by: str | None) -> None:
    """The open lines for a spreadsheet, to print, or encrypted for one person.

    \b
    foresatt worklist export                                          CSV (semicolons), on standard output
    foresatt worklist export --out liste.csv                          the same, as a file
    foresatt worklist export --out liste.pdf                          to print: a block a line, boxes to tick
    foresatt worklist export --out liste.pdf.pgp --to kari --reveal --by ola

    Encrypted, nothing of it is ever in clear on a disk. Any other file, and what is printed of it, is yours to destroy:
    foresatt cannot erase it. A PDF in clear puts a line on the list that says so.
    """
    from store import audit

    if reveals and not by:
        raise UsageFault("by_missing", "--reveal needs --by STAFF", "add your staff id")
    kind = _kind(out, to)
    who = audit.staff(by) if by else None
    with state.store() as store, store.write() as tx:
        data, count = _made(state, store, tx, kind, lang=lang, reveals=reveals, who=who)
        told = f"count={count} revealed={'yes' if reveals else 'no'}" + (f" as={kind}" if kind != "csv" else "")
        if to is not None and out is not None:
            from tasks.provision.encrypted import encrypt, find_key

            key = find_key(store.settings.staff.keys or store.home.staff_keys, to)
            data = encrypt(data, key, armour=out.suffix.lower() == ".asc")
            told += f" to={audit.staff(key.staff)}"
        elif kind == "pdf":
            from store import shredding

            shredding.printed(tx, "work list")
        audit.write(tx, who or account(), "worklist_exported", None, told)
        if out is not None:
            _write(out, data)
    if out is not None:
        state.emit({"lines": count})
        state.say(f"{count} lines written")
    elif state.as_json:
        state.emit({"lines": count, "csv": data.decode("utf-8-sig")})
    else:
        click.echo(data.decode("utf-8-sig"), nl=False)


def _kind(out: Path | None, to: str | None) -> Literal["csv", "pdf"]:
    """What to make, by the file's name: the last suffix says whether it is encrypted, the one before what it is."""
    sealed = out is not None and out.suffix.lower() in SEALED
    if (to is not None) != sealed:
        raise UsageFault("file_kind", "an encrypted file ends in .pgp, .gpg or .asc, and needs --to", "--out x.pdf.pgp")
    name = out.with_suffix("") if out is not None and sealed else out
    return "pdf" if name is not None and name.suffix.lower() == ".pdf" else "csv"


def _made(
    state: State, store: "Store", tx: "Transaction", kind: str, *, lang: str | None, reveals: bool, who: str | None
) -> tuple[bytes, int]:
    from store import audit, roles
    from store.worklist import read_lines
    from tasks.provision.form_pdf import Sender
    from tasks.provision.lists import as_csv, as_row, headers
    from tasks.provision.words import LANGUAGES
    from tasks.provision.worklist_pdf import worklist_pdf

    lines: Sequence[Line] = read_lines(tx, reveal=reveals, restricted=roles.is_restricted(tx.settings, who))
    for line in lines if reveals else ():
        audit.write(tx, who or account(), "line_revealed", line.id, "by=export")
    fields, school = tx.settings.worklist.fields, tx.settings.school
    if kind == "csv":
        return as_csv((as_row(x, reveal=reveals) for x in lines), headers(fields)).encode("utf-8-sig"), len(lines)
    language = next((one for one in LANGUAGES if one == lang), school.language)
    sender = Sender(school.name, school.digipost, school.email)
    return worklist_pdf(lines, language, sender, fields=fields, today=tx.today, reveal=reveals), len(lines)


def _write(out: Path, data: bytes) -> None:
    from store.home import private_write

    private_write(out, data)
