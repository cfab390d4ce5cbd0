"""`foresatt person protect`: a steward's flag of protection, and the tasks of those who take care of such families."""

from typing import TYPE_CHECKING, Any

import click

from console.person import ask, look_up, person
from console.state import State, by_option, common, pass_state
from schemas.errors import UsageFault

if TYPE_CHECKING:
    from store.database import Transaction


@person.group(short_help="A protected family.")
@common
def protect() -> None:
    """Protected families. Any steward may place the flag; only those named in `staff.restricted` see or lift it.

    All links of the pupil rest, what is open is withdrawn, and one task waits for those stewards. Everywhere else the
    reason is the neutral `by_school`, as for anything else that the school takes care of.
    """


@protect.command(short_help="Flag a pupil, or all pupils of a guardian.")
@click.argument("ident", metavar="[ID]", required=False)
@by_option
@common
@pass_state
def place(state: State, ident: str | None, by: str) -> None:
    """Place the flag. The person is an id (P-…, G-…), or asked for by number or name."""
    from store import audit, protection

    by = audit.staff(by)
    told = ask(ident)
    with state.store() as store:
        with store.write() as tx:
            pupils = _pupils(tx, ident, told)
            for pupil_id in pupils:
                protection.protect(tx, pupil_id, "steward", by)
        store.checkpoint()
    state.emit({"pupils": len(pupils)})
    state.say("done: the school takes care of this")


@protect.command(short_help="Take a steward's flag off.")
@click.argument("ident", metavar="[ID]", required=False)
@by_option
@common
@pass_state
def lift(state: State, ident: str | None, by: str) -> None:
    """Lift the flag that a steward placed, or that somebody on a form brought. What the roster or the register says of
    the pupil and the guardians stays."""
    from store import audit, protection, roles

    by = audit.staff(by)
    told = ask(ident)
    with state.store() as store:
        roles.require_restricted(store, by, None, what="protect_lift")
        with store.write() as tx:
            pupils = _pupils(tx, ident, told)
            lifted = sum(_lift(tx, pupil_id, by) for pupil_id in pupils)
            left = sum(protection.is_protected(tx, pupil_id) for pupil_id in pupils)
    state.emit({"lifted": lifted, "still_protected": left})
    state.say(f"{lifted} lifted" + (f"; {left} still protected by roster or register" if left else ""))


def _lift(tx: "Transaction", pupil_id: str, by: str) -> bool:
    from store import protection

    placed = protection.lift(tx, pupil_id, "steward", by)
    return protection.lift(tx, pupil_id, "form", by) or placed


@protect.command("list", short_help="The protected pupils: your tasks.")
@by_option
@common
@pass_state
def list_(state: State, by: str) -> None:
    """Every protected pupil, those that nobody has looked at first: who says so, what is open. For the restricted role.

    What to do is yours to judge: who may go on seeing the pupil in Visma InSchool, and who must be taken out there.
    """
    from store import audit, protection, roles
    from store.people import read_pupils

    by = audit.staff(by)
    headers = ("pupil_id", "pupil", "class", "says", "since", "seen_by", "forms", "remove")
    rows: list[tuple[Any, ...]] = []
    with state.store() as store:
        roles.require_restricted(store, by, None, what="protect_list")
        with store.write() as tx:
            audit.write(tx, by, "list_read", None, "list=protected")
            for task in protection.tasks(tx):
                (pupil,) = read_pupils(tx, task.pupil_id) or (None,)
                name, class_name = (pupil.name, pupil.class_name) if pupil else ("", "")
                forms, lines = protection.waiting(tx, task.pupil_id)
                says, since = "+".join(task.sources), task.since.date().isoformat()
                rows.append((task.pupil_id, name, class_name, says, since, task.seen_by or "", forms, lines))
    state.emit([dict(zip(headers, row, strict=True)) for row in rows])
    state.table("Protected", headers, rows)


@protect.command(short_help="You have done what there was to do.")
@click.argument("ident", metavar="P-…")
@by_option
@common
@pass_state
def seen(state: State, ident: str, by: str) -> None:
    """Sign the task off: it stays in the list, as seen by you."""
    from store import audit, protection, roles

    by = audit.staff(by)
    with state.store() as store:
        roles.require_restricted(store, by, ident, what="protect_seen")
        with store.write() as tx:
            protection.seen(tx, ident, by)
    state.emit({"pupil": ident, "seen_by": by})
    state.say(f"{ident}: seen")


def _pupils(tx: "Transaction", ident: str | None, told: str) -> list[str]:
    who = look_up(tx, ident, told, None)
    found = [who.pupil.id] if who.pupil else sorted(who.pupils)
    if not found:
        raise UsageFault("no_such_pupil", "no pupil hangs on this person", "name the pupil")
    return found
