"""`foresatt person`: what one person may ask for under the GDPR, proven to a named steward, and remembered.

Belongs here: asking who it is, who may see it, where the answer goes. Does not belong here: what is told
(`store.dossier`), what is erased (`store.withdrawal`), protection (`console/protect`).
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.state import F, State, by_option, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from store.database import Store, Transaction
    from store.guardians import Guardian
    from store.person_rows import Person

PROOFS = ("passport", "id_card", "id_porten", "known_in_person")
CORRECTABLE = ("name", "mobile", "email", "fnr")


@click.group(short_help="What one person may ask for.")
@common
def person() -> None:
    """What the school holds about one person: told, corrected, erased, kept on hold, protected.

    \b
    foresatt person report --by kari --proven-by passport            asks whom, and shows it here
    foresatt person report --by kari --proven-by passport --key A.asc --out A.pdf.asc
    foresatt person correct G-… --by kari --proven-by id_porten      asks which field, and what it should be

    The person is named by an id of ours, or by identity number or name: asked for, or the first line of standard input.
    """


def whose_options(function: F) -> F:
    """Who it is, and how they proved it."""
    for option in (
        click.argument("ident", metavar="[ID]", required=False),
        click.option("--slot", type=click.IntRange(1, 2), help="With a submission's id: which column of the form."),
        click.option(
            "--proven-by", "proof", type=click.Choice(PROOFS), required=True, help="How they proved who they are."
        ),
        by_option,
    ):
        function = option(function)
    return function


def ask(ident: str | None, question: str = "Identity number or name") -> str:
    """What names the person, where that is no id: asked for on a terminal, else the next line of standard input."""
    if ident is not None and not ident.startswith("K-"):
        return ""
    told = click.prompt(question, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not str(told).strip():
        raise UsageFault("nobody_named", "nobody was named", "give an id, or a number or name on standard input")
    return str(told).strip()


def look_up(tx: "Transaction", ident: str | None, told: str, slot: int | None) -> "Person":
    """The one person meant. Raises `UsageFault` where it is nobody, or more than one: then their ids are said."""
    from store import person

    if ident is not None:
        return person.by_id(tx, ident, slot=slot, name=told)
    found = person.find(tx, told)
    if not found:
        raise UsageFault("no_such_person", "nobody of that number or name is kept", "try number and name both")
    if len(found) > 1:
        told = ", ".join(dict.fromkeys(one.id for one in found))
        raise UsageFault("several_people", f"{len(found)} people fit", f"name one by id: {told}")
    return found[0]


def protected_pupils(store: "Store", tx: "Transaction", who: "Person", by: str) -> frozenset[str] | None:
    """The protected pupils that this person's data hangs on; None where `by` may not see that there are any."""
    from store import protection, roles
    from store.person import pupils_touched

    touched = frozenset(pupils_touched(who) & protection.protected(tx))
    touched |= {line.row.pupil_id or "" for line in who.lines if line.row.restricted}
    return None if touched and not roles.is_restricted(store.settings, by) else touched


@person.command(short_help="All that is held about them (article 15).")
@whose_options
@click.option("--format", "kind", type=click.Choice(["pdf", "json"]), default="pdf", help="With --key or --out.")
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Encrypt it to the one OpenPGP public key in this file.",
)
@click.option("--out", metavar="FILE", help="A new file; - for standard output. Without --key it holds them in clear.")
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Default: the school's language in the settings.")
@click.option("--also-protected", is_flag=True, help="For the restricted role: what hangs on protected pupils too.")
@common
@pass_state
def report(
    state: State,
    ident: str | None,
    slot: int | None,
    proof: str,
    by: str,
    kind: str,
    key: Path | None,
    out: str | None,
    lang: str | None,
    also_protected: bool,
) -> None:
    """Everything held about one person: where from, why, until when, and who has looked. Nothing of anybody else.

    Shown here, or written: a PDF in the school's design or JSON, encrypted to the person's key. In clear only where
    --out says so without --key: print it, then delete the file; foresatt cannot.
    """
    from store import audit, roles
    from store.dossier import dossier
    from tasks.provision.encrypted import encrypt, key_in
    from tasks.provision.words import LANGUAGES

    by = audit.staff(by)
    told = ask(ident)
    marked = key_in(key) if key else None
    with state.store() as store:
        with store.read() as tx:
            who = look_up(tx, ident, told, slot)
            hidden = protected_pupils(store, tx, who, by)
        if hidden is None:
            roles.refuse(store, by, who.id, what="report")
        own = {who.pupil.id} if who.pupil else set()
        leave_out = frozenset() if also_protected or not hidden else hidden - own
        with store.write() as tx:
            how = "screen" if not (key or out) else f"{kind} sealed={'yes' if key else 'no'}"
            audit.write(tx, by, "person_reported", who.id, f"proven={proof} as={how}")
            made = dossier(tx, who, by=by, proven_by=proof, leave_out=leave_out).as_json()
        settings, today = store.settings, store.today
    language = next((one for one in LANGUAGES if one == lang), settings.school.language)
    if key or out:
        data = _document(made, kind, language, settings.school.name, today)
        _hand_out(encrypt(data, marked, armour=True) if marked else data, out)
        if out not in (None, "-"):
            state.emit({"person": who.id, "records": len(made["held"]), "encrypted": bool(key)})
        state.say(
            f"{len(made['held'])} records"
            + (f", encrypted to the key {marked.fingerprint}: compare it" if marked else "")
        )
        return
    state.emit(made)
    if not state.as_json:
        from tasks.provision.rights_pdf import as_lines

        for style, line in as_lines(made, language, today):
            click.echo(f"\n{line}" if style != "P" else "  " + line.replace("\t", ": "))


def _document(made: dict[str, Any], kind: str, language: Any, school: str, today: Any) -> bytes:
    import json

    from tasks.provision.rights_pdf import rights_pdf

    if kind == "json":
        return json.dumps(made, ensure_ascii=False, indent=1).encode()
    return rights_pdf(made, language, school, today)


def _hand_out(data: bytes, out: str | None) -> None:
    from store.home import private_write

    if out is None or out == "-":
        sys.stdout.buffer.write(data)
    else:
        private_write(Path(out), data)


@person.command(short_help="Put name, mobile or e-mail right (article 16).")
@whose_options
@common
@pass_state
def correct(state: State, ident: str | None, slot: int | None, proof: str, by: str) -> None:
    """Correct a guardian's name, mobile or e-mail: one `field value` a line on standard input, or asked for.

    The contact known before is told, and the work list gets a CHANGE line. A wrong number (`fnr`) is never just
    changed: it goes in as a form in the person's name, which a steward then confirms. What the school's own list says
    is corrected in the list.
    """
    from store import audit, contact, roles

    by = audit.staff(by)
    told = ask(ident)
    changes, number = _changes()
    with state.store() as store:
        with store.read() as tx:
            who = look_up(tx, ident, told, slot)
            hidden = protected_pupils(store, tx, who, by)
        if hidden is None:
            roles.refuse(store, by, who.id, what="correct")
        if who.guardian is None:
            raise UsageFault("no_guardian", "that is no loaded guardian", "correct it in the school's own list")
        fields = ",".join([*changes, *(["fnr"] if number else [])])
        with store.write() as tx:
            if changes:
                contact.change(tx, who.guardian, changes)
            audit.write(tx, by, "person_corrected", who.id, f"proven={proof} fields={fields}")
        store.checkpoint()
        sent = _number_for_review(store, who.guardian, who.pupils, number) if number else []
    state.emit({"person": who.id, "corrected": list(changes), "review": sent})
    if changes:
        state.say(f"{who.id}: {', '.join(changes)} corrected; the contact known before will be told")
    for submission in sent:
        state.say(f"the number waits for a steward: foresatt review confirm {submission} --slot 1 --by STAFF")


def _changes() -> tuple[dict[str, str], str]:
    """(clean new values, the new number), from standard input or a prompt."""
    from schemas.contact import check_email, check_mobile
    from schemas.names import tidy
    from schemas.numbers import clean

    if sys.stdin.isatty():
        name = click.prompt("Field", type=click.Choice(CORRECTABLE), err=True)
        lines = [f"{name} {click.prompt('Value', err=True)}"]
    else:
        lines = [line.strip() for line in sys.stdin if line.strip()]
    changes: dict[str, str] = {}
    for line in lines:
        name, _, value = line.replace("=", " ", 1).replace(":", " ", 1).partition(" ")
        if name not in CORRECTABLE or not value.strip() or len(value) > 300:
            fields = ", ".join(CORRECTABLE)
            raise UsageFault("bad_correction", "a correction is a field and its value", f"fields: {fields}")
        judges: dict[str, Callable[[str], tuple[str | None, str | None]]] = {
            "mobile": check_mobile,
            "email": check_email,
        }
        judged, why = judges[name](value.strip()) if name in judges else (tidy(value), None)
        if why is not None or not judged:
            raise UsageFault("bad_correction", f"that is no {name} that can be used", f"reason: {why or 'empty'}")
        changes[name] = clean(value) if name == "fnr" else judged
    if not changes:
        raise UsageFault("bad_correction", "nothing was corrected", f"give a field ({', '.join(CORRECTABLE)})")
    return {name: value for name, value in changes.items() if name != "fnr"}, changes.get("fnr", "")


def _number_for_review(store: "Store", guardian: "Guardian", pupils: set[str], number: str) -> list[str]:
    """A form for each pupil, as if the guardian had sent it: the same judges, the same review. Returns those ids."""
    from datetime import UTC, datetime

    from flows.road import PLAIN, Tally, walk
    from schemas.documents import Delivery
    from schemas.identity import classify
    from schemas.ids import new_id
    from store import guardians, ledger
    from store.people import read_pupils

    if not classify([number], environment=store.settings.environment)["accepted"].iloc[0]:
        raise UsageFault("bad_correction", "that is no number that can log in", "compare it with the document")
    sent = []
    with store.read() as tx:
        if guardians.has_number(tx, guardian, number):
            raise UsageFault("same_number", "that is the number that is kept", "nothing is to be changed")
        named = [pupil.name for pupil in read_pupils(tx) if pupil.id in pupils]
    for name in named:
        told = f"Foresatte til: {name}\nFødselsnr: {number}\nNavn: {guardian.name}\n"
        for label, value in (("Mobil", guardian.mobile), ("E-post", guardian.email)):
            told += f"{label}: {value}\n" if value else ""
        made = Delivery("post", f"steward|{new_id('S')}", datetime.now(UTC), told.encode(), "text/plain")
        if (ident := ledger.take_in(store, made)) is not None:
            sent.append(ident)
    walk(store, PLAIN, Tally(), only=sent)
    return sent
