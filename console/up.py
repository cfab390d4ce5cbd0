"""`foresatt up`: the Prefect server and the schedules on one machine, until Ctrl-C."""

import click

from console.state import State, common, pass_state


@click.command(short_help="Server and schedules, until Ctrl-C.")
@common
@pass_state
def up(state: State) -> None:
    """Keep a Prefect server on loopback and run every flow on its schedule (Europe/Oslo). Ctrl-C stops both.

    Runs that were missed while it was down are not made up one by one: the next run does what they would have done.
    """
    import os

    house = state.house()
    house.home.require()
    from console.server import orchestrator
    from store.home import private_write

    with orchestrator(house):
        (house.home.prefect / "login").unlink(missing_ok=True)
        from flows.deployments import SCHEDULES, serve_all

        for flow, cron in SCHEDULES:
            state.say(f"{flow.name:10} {cron or 'by hand'}")
        login = house.home.prefect / "login"
        if not house.settings.prefect.api_url:
            private_write(login, os.environ["PREFECT_API_AUTH_STRING"].encode() + b"\n")
            state.say(f"The page asks for a user and a password: they stand in {login}, for your account alone")
        state.say(f"Prefect: {os.environ['PREFECT_API_URL'].removesuffix('/api')}  (Ctrl-C stops)")
        try:
            serve_all()
        finally:
            login.unlink(missing_ok=True)
