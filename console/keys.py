"""`foresatt keys`: the keys that everything is sealed under, and the one that guardians encrypt to."""

import click

from console.state import State, by_option, common, pass_state


@click.group(short_help="The keys: how old, turn them, give out the public one.")
@common
def keys() -> None:
    """The store's keys turn by epochs: an erased person is dead in every backup older than the kept epochs.

    The school's OpenPGP key is another thing: guardians encrypt their mail to its public half.
    """


@keys.command(short_help="Which epoch, how old, what waits.")
@common
@pass_state
def status(state: State) -> None:
    """The key epoch, its age, how many data keys there are, and what a rotation that was interrupted left to do."""
    from store import rotation

    with state.store() as store:
        told = rotation.status(store)
        due = int(str(told["age_days"])) >= store.settings.keys.rotate_days
    state.emit({**told, "rotate": due or bool(told["waiting"])})
    old = ", ".join(str(one["epoch"]) for one in told["old_epochs"]) or "none"  # type: ignore[attr-defined]
    rows = [(name, told[name]) for name in ("epoch", "age_days", "data_keys", "waiting")]
    state.table("Keys", ("what", "is"), [*rows, ("old epochs kept", old)])
    if told["waiting"]:
        state.say("A rotation was interrupted. Go on with it: foresatt keys rotate --by STAFF")
    elif due:
        state.say("It is time for new keys: foresatt keys rotate --by STAFF")


@keys.command(short_help="New keys for everything.")
@by_option
@common
@pass_state
def rotate(state: State, by: str) -> None:
    """Begin a new epoch: every data key is wrapped anew, every look-up value made anew.

    May be interrupted: the next call goes on. The old keys are destroyed keep_old_days later, by the nightly
    retention; from then on older backups cannot be read. Put a copy of the key file into escrow now, and destroy the
    escrow copy of the old one on the same day.
    """
    from store import audit, rotation

    by = audit.staff(by)
    with state.store() as store, state.progress("keys") as watch:
        done = rotation.rotate(store, by, watch)
    state.emit(done)
    state.table("New keys", ("what", "count"), list(done.items()))


@keys.command("export-public", short_help="The key that guardians encrypt to.")
@common
@pass_state
def export_public(state: State) -> None:
    """The school's public OpenPGP key, to publish beside the form."""
    from tasks.decrypt.keyring import export_public, secret_keys, stop_agent

    house = state.house()
    house.home.require()
    try:
        fingerprints = [key.fingerprint for key in secret_keys(house.home.gnupg)]
        text = export_public(house.home.gnupg)
    finally:
        stop_agent(house.home.gnupg)
    state.emit({"fingerprints": fingerprints, "key": text})
    if not state.as_json:
        click.echo(text)
