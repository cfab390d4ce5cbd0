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

    with orchestrator(house):
        from flows.deployments import SCHEDULES, serve_all

        for flow, cron in SCHEDULES:
            state.say(f"{flow.name:10} {cron or 'by hand'}")
        state.say(f"Prefect: {os.environ['PREFECT_API_URL'].removesuffix('/api')}  (Ctrl-C stops)")
        serve_all()
