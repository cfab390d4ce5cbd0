"""`foresatt answers`: what the school says to whoever sent something in: by mail, or on paper."""

from pathlib import Path

import click

from console.state import State, by_option, common, pass_state
from schemas.errors import UsageFault


@click.group(short_help="Answers to senders.")
@common
def answers() -> None:
    """What waits to be said. Who is answered, and with which words, was settled when the form was read: the same for
    everybody, whatever became of it."""


@answers.command("list", short_help="What waits.")
@common
@pass_state
def list_(state: State) -> None:
    """Each message with its way (mail, letter, or none: somebody has to call), and what is to be corrected. Addresses
    are not shown."""
    from store import outbox

    headers = ("message", "kind", "way", "since", "attempts", "language", "corrections")
    with state.store() as store, store.read() as tx:
        rows = [
            (
                one.id,
                one.kind,
                one.way,
                one.due_on.isoformat() if one.due_on else "",
                one.attempts,
                one.language or "nb+en",
                " ".join(one.codes),
            )
            for one in outbox.waiting(tx)
        ]
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Answers", headers, rows)


@answers.command("print", short_help="The letters as a PDF.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A new file.")
@by_option
@common
@pass_state
def print_(state: State, out: Path, by: str) -> None:
    """Write every letter that waits into one PDF, a sheet each, and count them as sent. The file is yours to delete:
    foresatt cannot erase it."""
    from store import audit, outbox
    from store.home import private_write
    from tasks.provision.answer_letters import answer_letters

    by = audit.staff(by)
    if out.exists():
        raise UsageFault("file_exists", "the file exists already", "choose another name")
    with state.store() as store:
        with store.write() as tx:
            found = [one for one in outbox.waiting(tx) if one.way == "letter"]
            if found:
                audit.write(tx, by, "answers_printed", None, f"count={len(found)}")
                for one in found:
                    audit.write(tx, by, "answer_printed", one.id)
                private_write(out, answer_letters(found, store.settings.school.name, store.today))
                outbox.sent(tx, [one.id for one in found])
        store.checkpoint()
    state.emit({"letters": len(found)})
    state.say(f"{len(found)} letters written" if found else "no letter waits")


@answers.command(short_help="Send the mails now.")
@common
@pass_state
def send(state: State) -> None:
    """Send every mail that waits; the provision flow does the same every morning. Each goes once."""
    from dataclasses import asdict

    from tasks.provision import answers as saying

    with state.store() as store:
        counts = asdict(saying.send(store))
        store.checkpoint()
    state.emit(counts)
    state.table("Answers", ("what", "count"), list(counts.items()))
