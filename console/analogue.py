"""`foresatt analogue list`: who gets paper instead of a login."""

import click

from console.state import State, common, pass_state


@click.group(short_help="Who gets paper.")
@common
def analogue() -> None:
    """The analogue register: whoever refused or has no number is owed the same information on paper."""


@analogue.command("list", short_help="The register, by class.")
@common
@pass_state
def list_(state: State) -> None:
    """Name, pupil, class, reason, address, and until when. A missing address is a task of its own."""
    from store import analogue as register
    from store.people import read_pupils

    headers = ("class", "pupil", "guardian", "why", "address", "until")
    with state.store() as store, store.read() as tx:
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
        )
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Analogue register", headers, rows)
