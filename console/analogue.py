"""`foresatt analogue`: who gets paper instead of a login, the letters and labels to them, and what must go out."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from console.state import State, account, by_option, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from store.database import Store
    from tasks.provision.merge import Recipient

HEADERS = ("class", "pupil", "guardian", "why", "address", "until", "id")
RESTRICTED = click.option("--restricted", is_flag=True, help="Protected families instead: for their stewards, by name.")


@click.group(short_help="Who gets paper.")
@common
def analogue() -> None:
    """The analogue register: whoever refused or has no number is owed the same information on paper."""


@analogue.command("list", short_help="The register, by class.")
@click.option("--by", metavar="STAFF", help="With the restricted role: protected families too.")
@common
@pass_state
def list_(state: State, by: str | None) -> None:
    """Name, pupil, class, reason, address, and until when. A missing address is a task of its own, with a date."""
    from store import audit, roles
    from tasks.provision.merge import on_paper

    who = audit.staff(by) if by else None
    with state.looking("analogue", who) as tx:
        hidden = on_paper(tx, restricted=True) if roles.is_restricted(tx.settings, who) else []
        rows = sorted(_row(one) for one in (*on_paper(tx), *hidden))
    state.emit([dict(zip(HEADERS, row, strict=True)) for row in rows])
    state.table("Analogue register", HEADERS, rows)


@analogue.command(short_help="A letter to each of them, as PDF.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file, .pdf.")
@click.option(
    "--text",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to tell them: plain text in UTF-8, paragraphs apart by an empty line.",
)
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Default: that of each family's form.")
@click.option("--dispatch", metavar="CODE", help="Only to those on this dispatch for whom it is not ticked off.")
@RESTRICTED
@by_option
@common
@pass_state
def letters(
    state: State, out: Path, text: Path | None, lang: str | None, dispatch: str | None, restricted: bool, by: str
) -> None:
    """Write a letter to everyone on the register, a page each, for window envelopes; the audit remembers it.

    Who has no address gets none and is counted: find the address first. The file is yours to delete.
    """
    from store import audit
    from store.home import private_write
    from tasks.provision.form_pdf import Sender
    from tasks.provision.letters import letters_pdf
    from tasks.provision.words import LANGUAGES

    told = _text(text) if text else ""
    by = audit.staff(by)
    school = state.house().settings.school
    language = next((one for one in LANGUAGES if one == lang), school.language)
    with state.store() as store:
        reached, missing = _reached(store, dispatch, restricted, by)
        sender = Sender(school.name, school.digipost, school.email)
        data = letters_pdf(reached, language, sender, told, own_language=lang is None)
        with store.write() as tx:
            audit.write(tx, by, "letters_printed", None, f"count={len(reached)}")
            for one in reached:
                audit.write(tx, by, "letter_printed", one.ident)
            private_write(out, data)
    state.emit({"letters": len(reached), "address_missing": missing})
    state.say(f"{len(reached)} letters written" + (f"; {missing} without an address" if missing else ""))


@analogue.command(short_help="Address labels, as PDF.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file, .pdf.")
@click.option("--sheet", type=click.Choice(["3x8", "3x7", "2x7"]), default="3x8", help="Labels on an A4 sheet.")
@click.option("--skip", type=click.IntRange(0, 23), default=0, help="Labels of the first sheet that are used already.")
@click.option("--dispatch", metavar="CODE", help="Only for those on this dispatch for whom it is not ticked off.")
@RESTRICTED
@by_option
@common
@pass_state
def labels(state: State, out: Path, sheet: str, skip: int, dispatch: str | None, restricted: bool, by: str) -> None:
    """Write name and address of everyone on the register on sheets of labels; print at 100 %. The file is yours to
    delete, and so is a sheet that went wrong."""
    from store import audit
    from store.home import private_write
    from tasks.provision.labels import SHEETS, labels_pdf

    by = audit.staff(by)
    if skip >= SHEETS[sheet].columns * SHEETS[sheet].rows:
        raise UsageFault("labels_skip", "a sheet has fewer labels than that", "see the box of labels")
    with state.store() as store:
        reached, missing = _reached(store, dispatch, restricted, by)
        data = labels_pdf(reached, sheet=sheet, skip=skip, title="Etiketter")
        with store.write() as tx:
            audit.write(tx, by, "labels_printed", None, f"count={len(reached)}")
            for one in reached:
                audit.write(tx, by, "label_printed", one.ident)
            private_write(out, data)
    state.emit({"labels": len(reached), "address_missing": missing})
    state.say(f"{len(reached)} labels written" + (f"; {missing} without an address" if missing else ""))


@analogue.group(short_help="What must go out on paper, and to whom.")
@common
def dispatch() -> None:
    """A piece of school information that others read in Visma InSchool, and those on the register get on paper."""


@dispatch.command(short_help="Make one.")
@click.argument("code", metavar="CODE")
@click.option("--class", "classes", multiple=True, metavar="CLASS", help="Only this class; may be given again.")
@by_option
@common
@pass_state
def make(state: State, code: str, classes: tuple[str, ...], by: str) -> None:
    """Make a dispatch, CODE being a title without anybody's name (vinterferie-2027), to everyone on the register now.
    Protected families are on it too, and only their stewards see them."""
    from store import audit, dispatches
    from tasks.provision.merge import on_paper

    by = audit.staff(by)
    with state.store() as store, store.write() as tx:
        everyone = [*on_paper(tx), *on_paper(tx, restricted=True)]
        rows = [one.ident for one in everyone if not classes or one.class_name in classes]
        due_on = dispatches.make(tx, code, rows, by)
    state.emit({"dispatch": code, "due": due_on})
    state.say(f"{code}: to be ticked off by {due_on}; see: foresatt analogue dispatch show {code}")


@dispatch.command("list", short_help="All of them.")
@common
@pass_state
def list_dispatches(state: State) -> None:
    """How many each goes to, how many wait, and by when. Codes and counts only."""
    from store import dispatches

    headers = ("dispatch", "made", "by", "due", "to", "waiting", "late")
    with state.store() as store, store.read() as tx:
        rows = [
            (x.code, x.made_on.isoformat(), x.made_by, x.due_on.isoformat(), x.total, x.waiting, "LATE" * x.late)
            for x in dispatches.read(tx)
        ]
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Dispatches", headers, rows)


@dispatch.command(short_help="To whom one goes.")
@click.argument("code", metavar="CODE")
@RESTRICTED
@click.option("--by", metavar="STAFF", help="With --restricted: your staff id.")
@common
@pass_state
def show(state: State, code: str, restricted: bool, by: str | None) -> None:
    """Whom it goes to, where, and who ticked it off."""
    from store import audit, dispatches
    from tasks.provision.merge import on_paper

    headers = ("class", "pupil", "guardian", "address", "id", "ticked", "by")
    who = audit.staff(by) if by else None
    with state.store() as store:
        _allow(store, restricted, who)
        with store.write() as tx:
            lines = dispatches.lines(tx, code)
            everyone = [one for one in on_paper(tx, restricted=restricted) if one.ident in lines]
            audit.write(tx, who or account(), "list_read", None, "list=dispatch" + ("_restricted" * restricted))
    rows = []
    for one in everyone:
        line = lines[one.ident]
        when = line.ticked_at.date().isoformat() if line.ticked_at else ""
        rows.append((one.class_name, one.pupil, one.name, _address(one), one.ident, when, line.ticked_by or ""))
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table(f"Dispatch {code}", headers, rows)


@analogue.command(short_help="Tick off what was sent.")
@click.argument("code", metavar="DISPATCH")
@click.argument("rows", nargs=-1, metavar="[R-…]...")
@click.option("--all", "everyone", is_flag=True, help="Everyone who is on it and has an address.")
@RESTRICTED
@by_option
@common
@pass_state
def tick(state: State, code: str, rows: tuple[str, ...], everyone: bool, restricted: bool, by: str) -> None:
    """Say that a dispatch was handed over or sent: to these rows of the register, or to all with an address."""
    from store import audit, dispatches
    from tasks.provision.merge import on_paper

    by = audit.staff(by)
    if bool(rows) == everyone:
        raise UsageFault("tick_whom", "name rows of the register, or --all", "see: foresatt analogue dispatch show")
    with state.store() as store:
        _allow(store, restricted, by)
        with store.write() as tx:
            mine = {one.ident: one for one in on_paper(tx, restricted=restricted)}
            if any(row not in mine for row in rows):
                raise UsageFault("not_on_dispatch", "not all of them are on it", "see: foresatt analogue dispatch show")
            there = dispatches.lines(tx, code)
            chosen = rows or [ident for ident, one in mine.items() if ident in there and one.address]
            count = dispatches.tick(tx, code, chosen, by)
    state.emit({"dispatch": code, "ticked": count})
    state.say(f"{code}: {count} ticked off")


def _allow(store: "Store", restricted: bool, who: str | None) -> None:
    from store import roles

    if restricted:
        if who is None:
            raise UsageFault("by_missing", "--restricted needs --by STAFF", "add your staff id")
        roles.require_restricted(store, who, None, what="analogue")


def _reached(store: "Store", code: str | None, restricted: bool, by: str) -> "tuple[list[Recipient], int]":
    """Those who can be written to, and how many cannot. `UsageFault` where there is nobody."""
    from store import dispatches
    from tasks.provision.merge import on_paper

    _allow(store, restricted, by)
    with store.read() as tx:
        everyone = on_paper(tx, restricted=restricted)
        if code is not None:
            waiting = {ident for ident, line in dispatches.lines(tx, code).items() if line.ticked_at is None}
            everyone = [one for one in everyone if one.ident in waiting]
    reached = [one for one in everyone if one.address]
    if not reached:
        raise UsageFault("no_letters", "nobody on the register has an address", "see: foresatt analogue list")
    return reached, len(everyone) - len(reached)


def _row(one: "Recipient") -> tuple[str, ...]:
    until = one.until.isoformat() if one.until else ""
    return (one.class_name, one.pupil, one.name, one.why, _address(one), until, one.ident)


def _address(one: "Recipient") -> str:
    return one.address or f"ADDRESS MISSING, find it by {one.find_by}"


def _text(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > 100_000:
        raise UsageFault("text_too_long", "the text is longer than a letter", "shorten it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageFault("text_encoding", "the text is not UTF-8", "save it as UTF-8") from None
