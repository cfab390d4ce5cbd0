"""What people type and programs rely on: running flows, homes and settings, wrong use, the global options.

Belongs here: the face of the `foresatt` command. Does not belong here: lists (`test_commands_lists`), decisions
(`test_commands_review`), what the rules make of a form (`test_whole_journey`).
"""

import json
import sys
from pathlib import Path
from subprocess import run
from uuid import UUID

import click
import pytest
from support_office import RUN_KEYS, SENT, Office, refused
from support_runs import ROOT, Runs

from console.main import cli
from tasks.decrypt.keyring import stop_agent

# ------------------------------------------------------------------------------------------------------- running flows


def test_intake_answers_with_the_promised_keys(office: Office) -> None:
    """`intake --json` is one document with exactly the keys that programs rely on, and nothing else on that stream."""
    told = office.first.json

    assert RUN_KEYS == set(told)
    assert 1 == len(office.first.out.splitlines())
    assert told["flow_run_id"] == str(UUID(told["flow_run_id"]))
    assert {"loaded", "rejected", "needs_review", "unreadable", "not_a_form", "refused"} == set(told["outcomes"])
    assert 2 == told["reasons"]["fnr_checksum"]


@pytest.mark.parametrize(
    ("argv", "keys"),
    [
        (("reprocess", "--since", "2020-01-01"), RUN_KEYS),
        (("reconcile",), {"flow_run_id", "pupils", "tried_again", "outcomes", "undecided", "overdue", "mailbox"}),
        (("provision",), {"flow_run_id", "made", "cancelled", "open", "overdue", "on_paper", "answers"}),
        (("retention", "--dry-run"), {"flow_run_id", "as_of", "dry_run", "erased", "overdue"}),
    ],
)
def test_every_flow_answers_with_its_keys(argv: tuple[str, ...], keys: set[str], office: Office) -> None:
    """The other flows' documents have the keys they are known by; each is a run in Prefect of its own."""
    told = office.json(*argv)

    assert keys <= set(told)
    assert told["flow_run_id"] == str(UUID(told["flow_run_id"]))


def test_reprocess_takes_ids_and_codes(office: Office) -> None:
    """Only the submissions named, or those with the reason named, go the road again."""
    one = office.of("misspelt_pupil")

    assert 1 == office.json("reprocess", one.id)["decided"]
    assert {"unreadable": 1} == office.json("reprocess", "--reason", "wrong_key")["outcomes"]
    refused(office("reprocess", "12345", "--json"), 2, "bad_id")
    refused(office("reprocess", "--reason", "no_such_code", "--json"), 2, "bad_reason")


def test_a_source_that_is_down_makes_the_run_red(office: Office) -> None:
    """A mail folder that is not there is exit 1, and says what to do."""
    ran = office("intake", "email", "--json", env={"FORESATT_EMAIL_SOURCE": "/nowhere/mail"})

    refused(ran, 1, "mail_source_unreachable")


# -------------------------------------------------------------------------------------------------- homes and settings


def test_init_makes_a_home_once(runs: Runs, short: Path) -> None:
    """A home private to its owner, with a settings file; a second time is wrong use."""
    home = short / "new"
    told = runs("init", "--environment", "test", "--school", "Prøveskolen", "--json", home=home).fine().json

    assert {"home": str(home), "environment": "test"} == told
    assert 0o700 == home.stat().st_mode & 0o777
    assert 'name = "Prøveskolen"' in (home / "foresatt.toml").read_text("utf-8")
    refused(runs("init", "--json", home=home), 2, "home_exists")
    stop_agent(home / "gnupg")


def test_check_says_that_all_is_well(office: Office) -> None:
    """Every part is named and fine, exit 0."""
    told = office.json("check")

    assert told["ok"]
    assert {"name", "ok", "detail", "next"} == {key for one in told["checks"] for key in one}
    wanted = {"settings", "keys", "gpg", "ocr", "email", "digipost", "post", "roster", "register", "store"}
    assert wanted <= {one["name"] for one in told["checks"]}


def test_check_says_what_is_wrong_and_how_to_mend_it(office: Office) -> None:
    """A part that fails is exit 1 and named, with the next step."""
    broken = office.inbox.environ | {"FORESATT_POST_TESSDATA": "/nowhere"}
    ran = office("check", "--json", env=broken)

    refused(ran, 1, "check_failed")
    assert "ocr" in ran.json["error"]["message"]
    assert "install" in ran.json["error"]["next"]
    assert [line.split("\t")[0] for line in office("check", env=broken).out.splitlines()].count("FAILS") == 1


@pytest.mark.parametrize("argv", [("submissions",), ("intake",), ("worklist",), ("check",)])
def test_a_home_of_another_environment_is_refused(argv: tuple[str, ...], office: Office) -> None:
    """Settings that say production, a store that is stamped test: exit 4 before anything is read (`check` names it)."""
    ran = office(*argv, "--json", env={"FORESATT_ENVIRONMENT": "production"})

    if argv == ("check",):
        refused(ran, 1, "check_failed")
    else:
        refused(ran, 4, "wrong_environment")


@pytest.mark.parametrize(
    ("env", "argv", "exit_code", "code"),
    [
        ({"FORESATT_EMAIL_SHOE": "43"}, ("submissions",), 2, "setting_unknown"),
        ({"FORESATT_INTAKE_BATCH_SIZE": "many"}, ("submissions",), 2, "setting_wrong"),
        ({}, ("submissions", "--config", "/nowhere.toml"), 2, "config_missing"),
        ({}, ("sumbissions",), 2, "usage"),
        ({}, ("submissions", "--shoe"), 2, "usage"),
        ({}, ("intake", "pigeon"), 2, "usage"),
        ({}, ("intake", "digipost", "--from", "."), 2, "from_needs_channel"),
    ],
)
def test_wrong_use_is_two(
    env: dict[str, str], argv: tuple[str, ...], exit_code: int, code: str, office: Office
) -> None:
    """Settings, files, commands and options that cannot be are exit 2, each with its code."""
    refused(office(*argv, "--json", env=env), exit_code, code)


def test_there_is_no_home_here(runs: Runs, tmp_path: Path) -> None:
    """Where no home is, every command says so and how to make one."""
    ran = runs("submissions", "--json", home=tmp_path / "nothing")

    refused(ran, 1, "no_home")
    assert "foresatt init" in ran.json["error"]["next"]


def test_the_demo_replaces_only_a_demo(runs: Runs, tmp_path: Path) -> None:
    """A folder that holds anything else is left alone."""
    (tmp_path / "thesis.txt").write_text("mine")

    refused(runs("demo", "--json", home=tmp_path), 2, "not_a_demo")
    assert ["thesis.txt"] == [path.name for path in tmp_path.iterdir()]


# ------------------------------------------------------------------------------------------------------ the whole face


def test_global_options_go_before_and_after(office: Office) -> None:
    """`--home` and `--json` mean the same before the command's name, after it, and on both sides of a subcommand."""
    home = str(office.home)
    office("provision").fine()
    said = [
        office.runs("--home", home, "--json", "worklist", "list").fine().out,
        office.runs("worklist", "--home", home, "--json", "list").fine().out,
        office.runs("worklist", "list", "--home", home, "--json").fine().out,
        office.runs("--json", "worklist", "list", env={"FORESATT_HOME": home}).fine().out,
        office.runs("--config", f"{home}/foresatt.toml", "worklist", "--json").fine().out,
    ]

    assert {said[0]} == set(said)
    assert json.loads(said[0])


def parameters(command: click.Command, path: str = "foresatt") -> list[tuple[str, click.Parameter]]:
    """Every option and argument of every command."""
    found = [(path, one) for one in command.params]
    for name, sub in getattr(command, "commands", {}).items():
        found += parameters(sub, f"{path} {name}")
    return found


def test_no_command_takes_personal_data_as_an_argument() -> None:
    """Whatever can be typed on a command line is a file, an id of ours, a code, a date, a number or a switch."""
    words = {"fnr", "name", "mobile", "email", "value", "number", "address", "text", "note"}
    suspects = {(path, one.name) for path, one in parameters(cli) if one.name in words}

    assert 40 < len(parameters(cli))
    assert {("foresatt analogue letters", "text")} >= suspects  # a file's name


def test_light_commands_import_nothing_heavy() -> None:
    """`--help` and `--version` answer at once: pandas, SQLAlchemy and Prefect are not imported."""
    code = (
        "import sys, console.main; print([m for m in ('pandas', 'sqlalchemy', 'prefect', 'cv2') if m in sys.modules])"
    )
    said = run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "[]" == said.strip()


def test_as_a_process_of_its_own(office: Office, short: Path) -> None:
    """The command as people start it: help without arguments is exit 2, `--help` and `--version` are 0, a list is
    clean JSON."""
    done = {argv: office.runs.process(*argv) for argv in ((), ("--help",), ("--version",))}
    listed = office.runs.process("submissions", "--json", home=office.home)

    assert [2, 0, 0] == [ran.code for ran in done.values()]
    assert "foresatt intake" in done["--help",].out
    assert done["--version",].out.startswith("foresatt, version ")
    assert (len(SENT), "") == (len(listed.fine().json), listed.err)
