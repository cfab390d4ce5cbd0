"""`foresatt init`: a home with its store, keys and commented settings."""

import click

from console.state import State, common, pass_state


@click.command(short_help="Make a home: store, keys, settings.")
@click.option("--environment", type=click.Choice(["production", "test"]), default="production", show_default=True)
@click.option("--school", default="Skolen", help="The school's name, for lists and letters.")
@common
@pass_state
def init(state: State, environment: str, school: str) -> None:
    """Make a home with a fresh store, keys of its own and a settings file with comments.

    The home is --home, FORESATT_HOME, or ~/.local/share/foresatt. The environment is stamped into the store: production
    takes real identity numbers only, test only synthetic ones.
    """
    house = create(state, environment, school)
    state.emit({"home": str(house), "environment": environment})
    if not state.as_json:
        click.echo(f"Made a home at {house}")
        click.echo("Back up keys/ apart from store/: without the keys the store is dead, together they open it.")
        click.echo("Next: foresatt roster import FILE, then foresatt check")


def create(state: State, environment: str, school: str) -> str:
    """Make the home, the store and the school's mail key; returns the home's path."""
    from schemas.errors import UsageFault
    from store.config import TEMPLATE, House, load
    from store.home import private_write
    from store.opening import create_store
    from tasks.decrypt.keyring import generate_key, make_home, stop_agent

    if any(c in school for c in '"\\\n'):
        raise UsageFault("school_name", "the school's name cannot hold quotes or line breaks", "choose a plainer one")
    told = load(state.config, state.home, {**_environ(), "FORESATT_ENVIRONMENT": environment})
    store = create_store(House(told.home, told.settings, None))
    store.close()
    private_write(told.home.settings, TEMPLATE.format(environment=environment, school=school).encode())
    make_home(told.home.gnupg)
    generate_key(told.home.gnupg, "foresatt intake")
    stop_agent(told.home.gnupg)
    return str(told.home.root)


def _environ() -> dict[str, str]:
    import os

    return dict(os.environ)
