"""`foresatt turning-18` and `foresatt warnings`: what the calendar will erase, told ahead of it."""

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.state import State, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from store.database import Transaction

CONSENT = {"confirmed": "confirmed: keeps access", "pending": "PENDING: does not stop the erasure"}


@click.command("turning-18", short_help="Who turns 18, and whose guardians stay.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400), help="How far ahead.")
@click.option("--pending", is_flag=True, help="Only where no confirmed consent covers the guardian.")
@click.option(
    "--letters", type=click.Path(dir_okay=False, path_type=Path), help="Also write a letter to each pupil: a new .pdf."
)
@click.option("--lang", type=click.Choice(["nb", "nn", "en"]), help="Of the letters. Default: the school's language.")
@click.option("--class", "class_name", metavar="CLASS", help="Only this class.")
@click.option(
    "--by", metavar="STAFF", help="Your staff id, with --letters; with the restricted role: protected families too."
)
@common
@pass_state
def turning_18(
    state: State,
    days: int,
    pending: bool,
    letters: Path | None,
    lang: str | None,
    class_name: str | None,
    by: str | None,
) -> None:
    """List the pupils who turn 18 within N days, with their guardians, and whether a consent covers each.

    --letters writes a letter to each pupil of the list, asking whether guardians keep their access, with the pupil's
    own consent form on the page after it. Hand it to the pupil: nobody else is to answer.

    \b
    foresatt turning-18 --days 60
    foresatt turning-18 --days 60 --letters june.pdf --by kari
    """
    if letters and not by:
        raise UsageFault("by_missing", "--letters needs --by STAFF", "add your staff id")
    from store import audit, protection, roles

    who = audit.staff(by) if by else None
    with state.looking("turning_18", who) as tx:
        hidden = frozenset() if roles.is_restricted(tx.settings, who) else protection.protected(tx)
        rows = [
            row
            for row in _turning(tx, days)
            if row["pupil_id"] not in hidden
            and class_name in (None, row["class"])
            and not (pending and row["consent"] == "confirmed")
        ]
    written = _letters(state, rows, letters, lang, str(by)) if letters else None
    state.emit({"days": days, "pupils": rows} | ({"letters": written} if letters else {}))
    headers = ("on", "days", "class", "pupil", "guardian", "consent", "consent_id")
    shown = [{**row, "consent": CONSENT.get(row["consent"], "none: access ends")} for row in rows]
    state.table(f"Turning 18 within {days} days", headers, [[row[name] for name in headers] for row in shown])
    if letters:
        state.say(f"{written} letters written; each has the pupil's consent form on its second page")


@click.command(short_help="What will be erased unless somebody acts.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 120), help="How far ahead.")
@click.option("--by", metavar="STAFF", help="With the restricted role: protected families too.")
@common
@pass_state
def warnings(state: State, days: int, by: str | None) -> None:
    """List what the calendar will erase: links of pupils who turn 18 or wait between two years, and forms that nobody
    has decided, whose original goes unseen. The nightly run counts each 30, 14, 7 and 1 days ahead, once."""
    from store import audit, roles
    from store import warnings as store_warnings

    what = {
        "turning_18": "foresatt turning-18",
        "between_years": "does the pupil come back? then the roster must say so",
        "expires_unseen": "foresatt show ID, then foresatt review",
    }
    who = audit.staff(by) if by else None
    with state.looking("warnings", who) as tx:
        found = store_warnings.ahead(tx, days, restricted=roles.is_restricted(tx.settings, who))
    headers = ("on", "days", "kind", "id", "warned", "next")
    rows = [(one.on, one.days, one.kind, one.subject_id, one.warned or "", what[one.kind]) for one in found]
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Ahead", headers, rows)


def _turning(tx: "Transaction", days: int) -> list[dict[str, Any]]:
    """A row for each guardian of each pupil who turns 18 from tomorrow on."""
    from schemas.due import birthday_18
    from store import consents, guardians
    from store.people import read_pupils

    given: dict[tuple[str, str], tuple[str, str]] = {}
    for one in consents.read(tx):
        if one.state != "withdrawn" and given.get((one.pupil_id, one.guardian_id), ("",))[0] != "confirmed":
            given[one.pupil_id, one.guardian_id] = (one.state, one.id)
    last = tx.today + timedelta(days=days)
    rows = []
    for pupil in read_pupils(tx):
        day = birthday_18(pupil.born, tx.settings.retention.leap_day)
        if not tx.today < day <= last:
            continue
        for guardian in guardians.of_pupil(tx, pupil.id):
            state, ident = given.get((pupil.id, guardian.id), ("none", ""))
            rows.append(
                {
                    "on": day,
                    "days": (day - tx.today).days,
                    "class": pupil.class_name,
                    "pupil": pupil.name,
                    "guardian": guardian.name,
                    "consent": state,
                    "consent_id": ident,
                    "pupil_id": pupil.id,
                    "guardian_id": guardian.id,
                }
            )
    return sorted(rows, key=lambda row: (row["on"], row["class"], row["pupil"], row["guardian"]))


def _letters(state: State, rows: list[dict[str, Any]], out: Path, lang: str | None, by: str) -> int:
    from store import audit
    from store.home import private_write
    from tasks.provision.form_pdf import Pupil, Sender
    from tasks.provision.letters import eighteen_pdf
    from tasks.provision.words import LANGUAGES

    by = audit.staff(by)
    pupils: dict[str, tuple[Pupil, date]] = {}
    for row in rows:
        pupils[row["pupil_id"]] = (Pupil(row["pupil_id"], row["pupil"], row["class"]), row["on"])
    if not pupils:
        raise UsageFault("no_letters", "nobody of the list is to be asked", "see: foresatt turning-18, or more --days")
    school = state.house().settings.school
    language = next((one for one in LANGUAGES if one == lang), school.language)
    data = eighteen_pdf(list(pupils.values()), language, Sender(school.name, school.digipost, school.email))
    with state.store() as store, store.write() as tx:
        audit.write(tx, by, "letters_printed", None, f"kind=turning_18 count={len(pupils)}")
        private_write(out, data)
    return len(pupils)
