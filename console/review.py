"""`foresatt review`: a steward decides an open entry, and it goes the same road again at once."""

import sys
from typing import TYPE_CHECKING

import click

from console.state import F, State, by_option, common, pass_state
from console.submissions import as_json, not_for
from schemas.errors import NotReady, UsageFault

if TYPE_CHECKING:
    from store.database import Store, Transaction

FIELDS = ("pupil", "fnr", "name", "mobile", "email")


@click.group(short_help="Decide what needs a person.")
@common
def review() -> None:
    """Decide open entries. Every decision is yours by name, and the audit remembers it.

    \b
    foresatt review list
    foresatt review correct S-… --slot 1 --by kari       asks which field and what it should be
    foresatt review confirm S-… --slot 1 --by kari       you have seen that it is right
    foresatt review reject  S-… --slot 1 --by kari --reason pupil_not_found
    """


@review.command("list", short_help="What is open.")
@click.option("--by", metavar="STAFF", help="With the restricted role: the forms of protected families too.")
@common
@pass_state
def list_(state: State, by: str | None) -> None:
    """Open entries, those with a date first; values masked. Where the pupil is not certain, the likeliest few and
    why: `foresatt show ID --reveal` opens their names, `review correct` takes an id for the pupil."""
    from console.candidates import in_short, likely
    from schemas.masking import mask
    from store import audit, listing, roles
    from store.entries import fields

    who = audit.staff(by) if by else None
    with state.store() as store, store.read() as tx:
        restricted = roles.is_restricted(store.settings, who)
        rows, documents = [], []
        for line in listing.read(tx):
            for entry in line.entries:
                if entry.outcome not in ("needs_review", "rejected") or (entry.restricted and not restricted):
                    continue
                told = fields(tx, entry.row)
                values = " ".join(f"{n}:{mask(n, told[n][0])}" for n in FIELDS if n in told)
                due = entry.review_due_on or entry.held_until
                pupils = likely(tx, entry)
                codes = " ".join(entry.codes)
                rows.append((line.id, entry.slot, entry.ord, entry.outcome, codes, due, values, in_short(pupils)))
                told_entry = as_json(line)["entries"][line.entries.index(entry)]
                documents.append({"submission": line.id, "due": due, **told_entry, "pupil_candidates": pupils})
    state.emit(documents)
    rows.sort(key=lambda row: (row[5] is None, str(row[5])))
    state.table("Needs a person", ("submission", "slot", "ord", "outcome", "reasons", "due", "read", "perhaps"), rows)
    state.say(f"{len(rows)} open. Look at one: foresatt show ID. Decide: foresatt review confirm|correct|refuse|reject")


def _options(function: F) -> F:
    for option in (
        click.argument("ident", metavar="ID"),
        click.option("--slot", type=click.IntRange(1, 2), required=True, help="Column of the form."),
        click.option("--ord", "ord_", type=click.IntRange(0), default=0, help="Which pupil of that column."),
        by_option,
    ):
        function = option(function)
    return function


@review.command(short_help="It is right: load it.")
@_options
@click.option("--reason", metavar="CODE", default="seen", help="How you know: seen, called, known, decision_seen.")
@common
@pass_state
def confirm(state: State, ident: str, slot: int, ord_: int, by: str, reason: str) -> None:
    """You have seen that guardian, number and pupil belong together (or that a refusal is real)."""
    if reason not in ("seen", "called", "known", "decision_seen"):
        raise UsageFault("bad_reason", "confirm takes seen, called, known or decision_seen", "add --reason seen")
    _decide(state, ident, slot, ord_, by, [("decision", f"confirm {by} {reason}")])


@review.command(short_help="Put a field right.")
@_options
@click.option("--confirm", "confirms", is_flag=True, help="And confirm it in the same go.")
@common
@pass_state
def correct(state: State, ident: str, slot: int, ord_: int, by: str, confirms: bool) -> None:
    """Correct fields: read from standard input, one `field value` a line, or asked for. Never an argument.

    The field `pupil` also takes a pupil's id (P-…), to tell namesakes apart.
    """
    lines = _ask() if sys.stdin.isatty() else [line.rstrip("\n") for line in sys.stdin]
    changes = []
    for line in filter(None, lines):
        name, _, value = line.replace("=", " ", 1).replace(":", " ", 1).partition(" ")
        if name not in FIELDS or not value.strip() or len(value) > 300:
            raise UsageFault("bad_correction", "a correction is a field and its value", f"fields: {', '.join(FIELDS)}")
        changes.append((name, value.strip()))
    if not changes:
        raise UsageFault("bad_correction", "nothing was corrected", f"give a field ({', '.join(FIELDS)}) and its value")
    # An earlier decision was about the earlier value: it falls with it.
    changes.append(("decision", f"confirm {by} seen" if confirms else "open"))
    _decide(state, ident, slot, ord_, by, changes)


@review.command(short_help="The guardian refuses.")
@_options
@common
@pass_state
def refuse(state: State, ident: str, slot: int, ord_: int, by: str) -> None:
    """You know that the guardian refuses: no number is kept, and the pair goes on the analogue register."""
    _decide(state, ident, slot, ord_, by, [("decision", f"refuse {by} seen")])


@review.command(short_help="It cannot be used.")
@_options
@click.option("--reason", metavar="CODE", required=True, help="A code of the reason catalogue.")
@common
@pass_state
def reject(state: State, ident: str, slot: int, ord_: int, by: str, reason: str) -> None:
    """Reject an entry for a reason of the catalogue; it waits for a correction until its time is out."""
    from schemas.reasons import CATALOGUE

    if reason not in CATALOGUE:
        raise UsageFault("bad_reason", "there is no such reason code", "see docs/stewards/reasons.md")
    _decide(state, ident, slot, ord_, by, [("decision", f"reject {by} {reason}")])


def _ask() -> list[str]:
    name = click.prompt("Field", type=click.Choice(FIELDS), err=True)
    return [f"{name} {click.prompt('Value', err=True)}"]


def _decide(state: State, ident: str, slot: int, ord_: int, by: str, changes: list[tuple[str, str]]) -> None:
    from flows.road import PLAIN, Tally, walk
    from store import audit, entries, ledger, listing

    by = audit.staff(by)
    with state.store() as store:
        not_for(store, ident, by, what="review", slot=slot)
        with store.write() as tx:
            line = listing.one(tx, ident)
            _check_open(tx, ident, slot, ord_)
            for field, value in changes:
                entries.correct(tx, ident, slot, ord_, field, value.replace("\n", " "), by)
                told = value.split(" ")[0] if field == "decision" else "corrected"
                if told != "open":
                    audit.write(tx, by, "review", line.id, f"slot={slot} ord={ord_} {field}={told}")
            if not ledger.reopen(tx, ident):
                if line.has_original:
                    raise NotReady("being_processed", "another run is working on this submission", "try again shortly")
                raise UsageFault("original_gone", "the original of this submission is gone", "ask for a new form")
        walk(store, PLAIN, Tally(), only=[ident])
        _show(state, store, ident, slot, ord_)


def _check_open(tx: "Transaction", ident: str, slot: int, ord_: int) -> None:
    """Raise `UsageFault` where this entry is final already. A slot that no reader found may be typed in whole."""
    from store import entries

    row = entries.existing(tx, ident).get((slot, ord_))
    if row is not None and entries.is_final(row):
        raise UsageFault(
            "already_decided", f"this entry is decided: {row.outcome}", "a new form is needed to change it"
        )


def _show(state: State, store: "Store", ident: str, slot: int, ord_: int) -> None:
    from console.submissions import explain
    from store import listing

    with store.read() as tx:
        line = listing.one(tx, ident)
    state.emit(as_json(line))
    if state.as_json:
        return
    for entry in line.entries:
        if (entry.slot, entry.ord) == (slot, ord_):
            click.echo(f"{ident} slot {slot}: {entry.outcome}")
            for code in entry.codes:
                click.echo(f"  {explain(code, store.settings.school.language)}")
