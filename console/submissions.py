"""`foresatt submissions` and `foresatt show`: what came in, what became of it, and why."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from console.state import State, account, common, pass_state

if TYPE_CHECKING:
    from schemas.repairs import Proposal
    from schemas.settings import Language
    from store.database import Store, Transaction
    from store.listing import EntryLine, SubmissionLine

WHY = ("correct", "answer", "audit", "error_hunt")
MOST_PROPOSALS = 5
SLIPS = {
    "unreadable": "the digit that could not be read",
    "digit": "one digit otherwise",
    "swap": "two neighbours changed round",
    "zero": "a zero in front",
}


@click.command(short_help="What came in and what became of it.")
@click.option("--outcome", metavar="O", help="Only this outcome, for example needs_review.")
@click.option("--reason", metavar="CODE", help="Only with this reason code, for example fnr_checksum.")
@click.option("--channel", type=click.Choice(["email", "digipost", "post"]))
@common
@pass_state
def submissions(state: State, outcome: str | None, reason: str | None, channel: str | None) -> None:
    """List submissions: id, channel, when received, outcome of each entry, reasons, next step."""
    from store import listing

    with state.store() as store:
        language = store.settings.school.language
        with store.read() as tx:
            found = listing.read(tx, outcome=outcome, reason=reason, channel=channel)
    state.emit([as_json(line) for line in found])
    rows = [row for line in found for row in _rows(line, language)]
    state.table("Submissions", ("submission", "channel", "received", "slot", "outcome", "reasons", "next step"), rows)


@click.command(short_help="One submission with its history.")
@click.argument("ident", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show values and words; asks why, and the audit remembers it.")
@click.option("--by", metavar="STAFF", help="Your staff id, with --reveal; and for what is restricted.")
@click.option("--why", type=click.Choice(WHY), help="Why you look, with --reveal.")
@common
@pass_state
def show(state: State, ident: str, reveal: bool, by: str | None, why: str | None) -> None:
    """Show one submission: every entry, every field (masked), reasons, next steps, history."""
    from console.candidates import in_words, likely
    from console.wording import worded
    from store import audit, entries, listing, roles

    with state.store() as store:
        if reveal:
            by = audit.staff(by or click.prompt("Your staff id", err=True))
            why = why or click.prompt("Why do you look", type=click.Choice(WHY), err=True)
            with store.read() as tx:
                waits = bool(entries.with_a_refusal(tx, [ident]))
            if waits:  # what somebody refused waits for the others, and is nobody's to read but the restricted role's
                roles.require_restricted(store, by, ident, what="revealed")
        not_for(store, ident, by, what="show")
        proposals: dict[str, list[Proposal]] = {}
        with store.write() if reveal else store.read() as tx:
            line = listing.one(tx, ident)
            fields = {entry.id: _fields(tx, entry, reveal) for entry in line.entries}
            pupils = {entry.id: likely(tx, entry, reveal=reveal) for entry in line.entries}
            if reveal:
                proposals = {entry.id: _proposals(tx, entry, fields[entry.id]) for entry in line.entries}
                shown = sum(map(len, proposals.values()))
                audit.write(tx, str(by), "revealed", line.id, f"why={why}" + f" proposals={shown}" * bool(shown))
            past = listing.history(tx, [line.id, *(entry.id for entry in line.entries)])
        said = worded(store, line.id) if reveal else []
        language = store.settings.school.language
    document = as_json(line)
    for entry, told in zip(line.entries, document["entries"], strict=True):
        told["fields"] = fields[entry.id]
        told["pupil_candidates"] = pupils[entry.id]
        if reveal:
            told["fnr_proposals"] = [one._asdict() for one in proposals[entry.id]]
    if reveal:
        document["texts"] = said
    document["history"] = [
        {"at": row.at.isoformat(), "by": row.actor, "what": row.action, "detail": row.detail} for row in past
    ]
    state.emit(document)
    if state.as_json:
        return
    click.echo(f"{line.id}  {line.channel}  received {in_oslo(line.received_at)}  {line.outcome or line.state}")
    for code in line.codes:
        click.echo(f"  {explain(code, language)}")
    for entry in line.entries:
        click.echo(
            f"\nSlot {entry.slot}{f'.{entry.ord}' if entry.ord else ''}: {entry.outcome} (by {entry.decided_by})"
        )
        for name, field in fields[entry.id].items():
            click.echo(f"  {name:7} {field['value']:32} {field['confidence']:.2f}  {field['source']}")
        for one in proposals.get(entry.id, ())[:MOST_PROPOSALS]:
            click.echo(f"  {'perhaps':7} {one.marked:32} {SLIPS[one.slip]}; compare with the document")
        for line_ in in_words(pupils[entry.id]):
            click.echo(line_)
        for code in entry.codes:
            click.echo(f"  {explain(code, language)}")
        if entry.held_until:
            click.echo(f"  Kept until {entry.held_until} at the latest.")
    if said:
        click.echo("\n".join(["", "What came, in words:", *said]))
    state.table(
        "\nHistory", ("when", "who", "what", "detail"), [(in_oslo(r.at), r.actor, r.action, r.detail) for r in past]
    )


def not_for(store: "Store", ident: str, by: str | None, *, what: str, slot: int | None = None) -> None:
    """Raise `SafetyRefusal` where this submission (or this column of it) concerns a protected family, and `by` is not
    one of those who take care of them. The audit remembers it."""
    from store import audit, listing, roles

    with store.read() as tx:
        line = listing.one(tx, ident)
    hidden = any(entry.restricted for entry in line.entries if slot is None or entry.slot == slot)
    who = audit.staff(by) if by else account()
    if hidden and not roles.is_restricted(store.settings, who):
        roles.refuse(store, who, line.id, what=what)


def explain(code: str, language: "Language") -> str:
    """A reason in words, with its next step."""
    from schemas.reasons import next_step, text

    return f"{code}: {text(code, language)} {next_step(code, language)}"


def in_oslo(moment: datetime) -> str:
    """A moment as the office's clock shows it."""
    return moment.astimezone(ZoneInfo("Europe/Oslo")).strftime("%Y-%m-%d %H:%M")


def as_json(line: "SubmissionLine") -> dict[str, Any]:
    """One submission for `--json`, without values."""
    return {
        "id": line.id,
        "channel": line.channel,
        "received_at": line.received_at.isoformat(),
        "state": line.state,
        "outcome": line.outcome,
        "reasons": list(line.codes),
        "has_original": line.has_original,
        "entries": [
            {
                "id": entry.id,
                "slot": entry.slot,
                "ord": entry.ord,
                "outcome": entry.outcome,
                "reasons": list(entry.codes),
                "pupil_id": None if entry.restricted else entry.pupil_id,
                "decided_by": entry.decided_by,
                "held_until": entry.held_until.isoformat() if entry.held_until else None,
            }
            for entry in line.entries
        ],
    }


def _rows(line: "SubmissionLine", language: "Language") -> list[tuple[object, ...]]:
    from schemas.reasons import next_step

    def steps(codes: tuple[str, ...]) -> str:
        return " ".join(dict.fromkeys(next_step(code, language) for code in codes))

    when = in_oslo(line.received_at)
    if not line.entries:
        outcome = line.outcome or "undecided"
        return [(line.id, line.channel, when, "", outcome, " ".join(line.codes), steps(line.codes))]
    return [
        (line.id, line.channel, when, entry.slot, entry.outcome, " ".join(entry.codes), steps(entry.codes))
        for entry in line.entries
    ]


def _fields(tx: "Transaction", entry: "EntryLine", reveal: bool) -> dict[str, dict[str, Any]]:
    from schemas.masking import mask
    from store.entries import fields

    return {
        name: {
            "value": value if reveal else mask(name, value),
            "confidence": confidence,
            "source": source,
            "decision": decision,
        }
        for name, (value, confidence, source, decision) in fields(tx, entry.row).items()
    }


def _proposals(tx: "Transaction", entry: "EntryLine", fields: dict[str, dict[str, Any]]) -> "list[Proposal]":
    """What a faulty number may have been meant to be, for whoever has been let see the number itself."""
    from schemas.repairs import REPAIRABLE, propose_repairs

    if "fnr" not in fields or not REPAIRABLE & set(entry.codes):
        return []
    return propose_repairs(
        fields["fnr"]["value"],
        environment=tx.settings.environment,
        on=tx.today,
        plus40=tx.settings.identity.plus40,
        accept_2032_from=tx.settings.identity.accept_2032_from,
    )
