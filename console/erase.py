"""`foresatt person erase`: a guardian asks to be erased, or a pupil of 18 takes their access away.

Does not belong here: what goes and what stays (`store.withdrawal`).
"""

import click

from console.person import ask, look_up, person, protected_pupils, whose_options
from console.state import State, common, pass_state


@person.command(short_help="Let go of them (article 17).")
@whose_options
@click.option("--dry-run", is_flag=True, help="Only say what would go and what must stay.")
@common
@pass_state
def erase(state: State, ident: str | None, slot: int | None, proof: str, by: str, dry_run: bool) -> None:
    """A guardian asks to be erased: links, number and forms go at once, a REMOVE line is due today, and they get paper
    from now on. No older form brings them back. A pupil of 18 takes the guardians' access away.

    What must stay is said, and why. What is erased cannot be brought back: try --dry-run first.
    """
    from dataclasses import asdict

    from store import audit, roles, withdrawal

    by = audit.staff(by)
    told = ask(ident)
    with state.store() as store:
        with store.read() as tx:
            who = look_up(tx, ident, told, slot)
            hidden = protected_pupils(store, tx, who, by)
            plan = withdrawal.plan(tx, who) if hidden is not None else None
        if plan is None:
            roles.refuse(store, by, who.id, what="erase")
        if not (dry_run or plan.empty):
            plan = withdrawal.carry_out(store, who, by=by, proven_by=proof)
    state.emit({"person": who.id, "dry_run": dry_run, **asdict(plan), "stays": list(plan.stays)})
    what = {"link": len(plan.links), "link kept by a hold, resting": len(plan.kept), "form": len(plan.forms)}
    what |= {"message": len(plan.messages), "number on the school's list": plan.numbers}
    rows = [(name, count) for name, count in what.items() if count]
    state.table("Would go" if dry_run else "Gone", ("what", "count"), rows)
    state.table("Stays", ("what", "why"), [(code, withdrawal.STAYS[code]) for code in plan.stays])
