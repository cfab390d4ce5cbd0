"""The `foresatt` command: puts the commands together, and turns faults into one clear line and an exit code.

Exit codes: 0 done, 1 could not finish (what is left is still undecided), 2 wrong use, 4 refused for safety.
"""

import json
import os
import sys

import click

from console.analogue import analogue
from console.answers import answers
from console.audit import audit
from console.bench import bench
from console.bench_reconcile import reconcile as bench_reconcile
from console.bench_retention import retention as bench_retention
from console.bench_store import store as bench_store
from console.check import check
from console.consent import consent
from console.demo import demo
from console.erase import erase as _erase  # noqa: F401  (a part of `person`)
from console.erased import erased
from console.findings import findings
from console.form import form
from console.hold import hold as _hold  # noqa: F401  (a part of `person`)
from console.inspect import inspect
from console.keys import keys
from console.oneroster import oneroster
from console.person import person
from console.protect import protect as _protect  # noqa: F401  (a part of `person`)
from console.review import review
from console.roster import roster
from console.runs import intake, provision, reconcile, reprocess, retention
from console.setup import init
from console.state import State, common
from console.store import store
from console.submissions import show, submissions
from console.turning import turning_18, warnings
from console.up import up
from console.worklist import worklist
from schemas.errors import ForesattError
from schemas.masking import quiet, skeleton

HELP = """foresatt takes in guardians' forms safely, and lets go of them on time.

\b
Start here:
  foresatt demo              a whole synthetic school, made and run before your eyes
  foresatt init              make a home for your own school
  foresatt check             is everything in place?
\b
Every day:
  foresatt intake            take in what came by e-mail, Digipost and post
  foresatt findings          what the night found out, and what is late
  foresatt review list       what needs you
  foresatt worklist          what to do in Visma InSchool
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="foresatt", prog_name="foresatt")
@common
def cli() -> None:
    """The root; see HELP."""


for command in (
    demo,
    init,
    check,
    intake,
    reconcile,
    retention,
    provision,
    reprocess,
    submissions,
    show,
    inspect,
    findings,
    review,
    roster,
    worklist,
    form,
    consent,
    turning_18,
    warnings,
    erased,
    analogue,
    oneroster,
    store,
    keys,
    audit,
    answers,
    person,
    up,
    bench,
):
    cli.add_command(command)
bench.add_command(bench_store)
bench.add_command(bench_retention)
bench.add_command(bench_reconcile)


def main() -> None:
    """Run, and exit with the documented code; no traceback ever shows a value."""
    os.umask(0o077)
    quiet()
    state = State()
    sys.exit(run(state))


def run(state: State) -> int:
    """Run the command line; returns the exit code."""
    try:
        cli.main(standalone_mode=False, obj=state)
    except click.exceptions.NoArgsIsHelpError as fault:
        click.echo(fault.format_message())
        return 2
    except click.ClickException as fault:
        _report(state, "usage", fault.format_message(), "see: foresatt --help")
        return 2
    except (click.Abort, KeyboardInterrupt):
        _report(state, "stopped", "stopped", "what was not finished is still undecided; run it again")
        return 1
    except ForesattError as fault:
        _report(state, fault.code, fault.message, fault.next_step)
        return fault.exit_code
    except (SystemExit, GeneratorExit):
        raise
    except BaseException as fault:  # libraries written in other languages panic with what is no Exception
        _report(state, "unexpected", skeleton(fault), "show this line to whoever looks after foresatt")
        return 1
    return 0


def _report(state: State, code: str, message: str, next_step: str) -> None:
    if state.as_json or "--json" in sys.argv:
        click.echo(json.dumps({"error": {"code": code, "message": message, "next": next_step}}, ensure_ascii=False))
    click.echo(f"foresatt: {message}" + (f"\n  {next_step}" if next_step else ""), err=True)


if __name__ == "__main__":
    main()
