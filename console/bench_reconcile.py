"""`foresatt bench reconcile`: who is matched and who is let in, on forms with known truth; and what a night costs.

The forms are `fixtures.noise`'s, which knows nothing of the rules, and go the same way as anybody's: validate,
reconcile, on a real store.
"""

import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from console.bench import Figure, figure, show
from console.state import State, common, pass_state

if TYPE_CHECKING:
    from fixtures.noise import Form, Noise
    from store.database import Store

SCHOOL = 1_500
FORMS = 10_000
BATCH = 200


@click.command(short_help="Matching, and the night's comparison.")
@click.option("--forms", default=FORMS, show_default=True, type=click.IntRange(1_000), help="How many to match.")
@click.option(
    "--guardians", default=400_000, show_default=True, type=click.IntRange(20_000), help="How many to compare."
)
@common
@pass_state
def reconcile(state: State, forms: int, guardians: int) -> None:
    """Match forms against a school of 1,500, of which one in five names a child who is not there and one in twenty is
    an impostor's. Then a night in which nothing has changed: list, due dates and every stored link, against bare
    decrypting and a bare pandas merge. Takes some ten minutes; --guardians 40000 takes two."""
    from console.bench_nightly import nightly_figures

    figures = matching_figures(forms, state.say)
    show(state, "bench reconcile", [*figures, *nightly_figures(fresh_store, state.say, (guardians // 20, guardians))])


def matching_figures(count: int, say: Callable[[str], None]) -> list[Figure]:
    """The figures about matching: `match_seconds_1000`, `wrong_links`, `automatic_share`."""
    from fixtures.noise import Noise

    say(f"{count:,} forms in a school of {SCHOOL:,} …")
    noise = Noise(SCHOOL)
    with fresh_store() as store:
        pupils = enrol(store, noise)
        tally, taken = match(store, list(noise.forms(count)), pupils)
    possible = tally["right"] + tally["missed"]
    of = "forms of honest guardians about a pupil on the list"
    return [
        figure("match_seconds_1000", taken * 1_000 / count, "s", f"CPU time, a school of {SCHOOL:,} pupils"),
        figure("wrong_links", tally["wrong"], "count", f"{count:,} forms, impostors and absent children included"),
        figure("automatic_share", tally["right"] / possible, "share", f"{possible:,} {of}"),
    ]


@contextmanager
def fresh_store() -> "Iterator[Store]":
    """A store of its own in a folder that goes afterwards."""
    from schemas.settings import Settings
    from store.config import House
    from store.home import Home
    from store.opening import create_store

    folder = Path(tempfile.mkdtemp(prefix="foresatt-bench-"))
    store = create_store(House(Home(folder / secrets.token_hex(4)), Settings(environment="test"), None))
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(folder, ignore_errors=True)


def enrol(store: "Store", noise: "Noise") -> dict[str, str]:
    """The school's pupils into the store; returns pupil id -> the list's key."""
    from schemas.due import Enrolment
    from store.people import KnownGuardian, RosterPupil, save_pupil

    found = {}
    with store.write() as tx:
        for child in noise.pupils:
            known = tuple(KnownGuardian(one.name, one.number, one.mobile, one.email) for one in child.lines)
            stays = (Enrolment(date(2025, 8, 18)),)
            told = RosterPupil(child.key, child.name, child.born, "1STA", "", False, stays, known)
            found[save_pupil(tx, told)[0]] = child.key
    return found


def match(store: "Store", forms: "list[Form]", pupils: dict[str, str]) -> tuple[Counter[str], float]:
    """(what became of the columns, CPU seconds). Of honest ones about a pupil on the list: right or missed (a person
    looks); of all: wrong; the others are held."""
    from schemas.outcomes import EntryOutcome
    from tasks.reconcile.step import reconcile_batch

    verdicts = _verdicts(store, forms)
    tally: Counter[str] = Counter()
    began = time.process_time()
    decided = [
        pair for at in range(0, len(verdicts), BATCH) for pair in reconcile_batch(verdicts[at : at + BATCH], store)
    ]
    taken = time.process_time() - began
    truth = {(f"S-{at}", slot): column for at, form in enumerate(forms) for slot, column in enumerate(form.columns, 1)}
    for _, decisions in decided:
        for one in decisions:
            column = truth[one.entry.submission, one.entry.slot]
            if one.outcome is EntryOutcome.LOADED:
                right = column.right is not None and pupils[one.pupil_id or ""] == column.right
                tally["right" if right else "wrong"] += 1
            else:
                tally["missed" if column.honest and column.right else "held"] += 1
    return tally, taken


def _surely(text: str) -> Any:
    from schemas.documents import ReadField

    return ReadField(text, 1.0, "", "accepted")


def _verdicts(store: "Store", forms: "list[Form]") -> list[Any]:
    """The forms as mails that were opened and read without a doubt, validated."""
    from schemas.documents import Opened, ReadEntry, ReadForm, Reading
    from store.ledger import Claimed
    from tasks.validate.step import validate_batch

    came = datetime.now(UTC)
    claims, readings = [], {}
    for at, form in enumerate(forms):
        ident = f"S-{at}"
        columns = tuple(
            ReadEntry(slot, **{name: _surely(text) for name, text in column.values.items() if text})
            for slot, column in enumerate(form.columns, 1)
        )
        claims.append(Claimed(ident, "digipost", came, b"", "application/pdf", "", 0, False))
        readings[ident] = Reading((ReadForm(columns),))
    opened = {claim.id: Opened("pdf", "not_encrypted") for claim in claims}
    return validate_batch(claims, opened, readings, store.settings)
