"""`foresatt analogue`: who gets paper instead of a login, and the letters to them."""

from pathlib import Path

import click

from console.state import State, by_option, common, pass_state
from schemas.errors import UsageFault


@click.group(short_help="Who gets paper.")
@common
def analogue() -> None:
    """The analogue register: whoever refused or has no number is owed the same information on paper."""


@analogue.command("list", short_help="The register, by class.")
@click.option("--by", metavar="STAFF", help="With the restricted role: protected families too.")
@common
@pass_state
def list_(state: State, by: str | None) -> None:
    """Name, pupil, class, reason, address, and until when. A missing address is a task of its own."""
    from store import analogue as register
    from store import audit, protection, roles
    from store.people import read_pupils

    who = audit.staff(by) if by else None
    headers = ("class", "pupil", "guardian", "why", "address", "until")
    with state.looking("analogue", who) as tx:
        hidden = frozenset() if roles.is_restricted(tx.settings, who) else protection.protected(tx)
        pupils = {pupil.id: pupil for pupil in read_pupils(tx)}
        rows = sorted(
            (
                pupils[one.pupil_id].class_name,
                pupils[one.pupil_id].name,
                one.name,
                one.why,
                one.address or "ADDRESS MISSING",
                one.due_on.isoformat() if one.due_on else "",
            )
            for one in register.of_pupil(tx)
            if one.pupil_id not in hidden
        )
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Analogue register", headers, rows)


@analogue.command(short_help="A letter to each of them, as PDF.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="A new file, .pdf.")
@click.option(
    "--text",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to tell them: plain text in UTF-8, paragraphs apart by an empty line.",
)
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Default: the school's language in the settings.")
@by_option
@common
@pass_state
def letters(state: State, out: Path, text: Path | None, lang: str | None, by: str) -> None:
    """Write a letter to everyone on the register, a page each, for window envelopes; the audit remembers it.

    Who has no address gets none and is counted: find the address first. The file is yours to delete.
    """
    from store import audit
    from store.home import private_write
    from tasks.provision import merge
    from tasks.provision.form_pdf import Sender
    from tasks.provision.letters import letters_pdf
    from tasks.provision.words import LANGUAGES

    told = _text(text) if text else ""
    by = audit.staff(by)
    school = state.house().settings.school
    language = next((one for one in LANGUAGES if one == lang), school.language)
    with state.store() as store, store.write() as tx:
        everyone = merge.on_paper(tx)
        reached = [one for one in everyone if one.address.strip()]
        if not reached:
            raise UsageFault("no_letters", "nobody on the register has an address", "see: foresatt analogue list")
        data = letters_pdf(reached, language, Sender(school.name, school.digipost, school.email), told)
        audit.write(tx, by, "letters_printed", None, f"count={len(reached)}")
        for one in reached:
            audit.write(tx, by, "letter_printed", one.ident)
        private_write(out, data)
    missing = len(everyone) - len(reached)
    state.emit({"letters": len(reached), "address_missing": missing})
    state.say(f"{len(reached)} letters written" + (f"; {missing} without an address" if missing else ""))


def _text(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > 100_000:
        raise UsageFault("text_too_long", "the text is longer than a letter", "shorten it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageFault("text_encoding", "the text is not UTF-8", "save it as UTF-8") from None
