#!/usr/bin/env python3
"""Takes the pictures of the screens in docs/pictures/screens: runs the real commands on the demo school, in a terminal.

`make screens` runs it, about a minute. Nobody in the pictures exists. Ids are made anew each time, so each run changes
every picture; take them again when a screen has changed, not otherwise. Does not belong here: anything a test needs.
"""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from tasks.decrypt.keyring import stop_agent

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = ROOT / "docs" / "pictures" / "screens"
FORESATT: Final = str(Path(sys.executable).with_name("foresatt"))
WIDTH: Final = 112
WIDE: Final = 138
WIDEST: Final = 168
FORMAT: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{unique_id}-title">
<title id="{unique_id}-title">TITLE</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-family: system-ui, "DejaVu Sans", Arial, sans-serif; font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One command as typed, what is answered when it asks, and which lines of the output are shown."""

    command: str
    answers: tuple[str, ...] = ()
    head: int = 60
    tail: int = 0


def run(step: Step, home: Path, width: int) -> str:
    """The command's output as the terminal gets it, colours included."""
    master, slave = pty.openpty()
    environ = os.environ | {"FORESATT_HOME": str(home), "COLUMNS": str(width), "LINES": "200", "TERM": "xterm-256color"}
    environ.pop("NO_COLOR", None)
    command = [FORESATT, *step.command.split()[1:]]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environ, cwd=home, close_fds=True)
    os.close(slave)
    answers, shown, at = list(step.answers), b"", 0
    while True:
        ready = select.select([master], [], [], 1.0)[0]
        try:
            piece = os.read(master, 65536) if ready else b""
        except OSError:  # Linux's way of saying that the other end is closed
            break
        shown += piece
        if answers and shown[at:].rstrip(b" ").endswith(b":"):
            at = len(shown)
            os.write(master, answers.pop(0).encode() + b"\n")
        if not piece and ready:
            break
    os.close(master)
    process.wait(timeout=120)
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(re.split(r"\r\x1b\[K", line)[-1] for line in lines).strip("\n")


def picture(name: str, title: str, steps: Sequence[Step], home: Path, width: int = WIDTH) -> None:
    """Write one picture: the commands with what they print."""
    title = title[0].upper() + title[1:]
    console = Console(record=True, width=width, file=StringIO(), force_terminal=True, color_system="truecolor")
    for number, step in enumerate(steps):
        console.print(Text("\n$ " if number else "$ ", style="green") + Text(step.command, style="bold white"))
        printed = Text.from_ansi(run(step, home, width)).split("\n", allow_blank=True)
        lines = [piece for line in printed for piece in line.divide(range(width, len(line), width))]
        left = len(lines) - step.head - step.tail
        for line in lines[: step.head]:
            console.print(line, soft_wrap=True)
        if left > 0:
            console.print(Text(f"    … {left} more lines …", style="italic bright_black"))
            for line in lines[len(lines) - step.tail :] if step.tail else ():
                console.print(line, soft_wrap=True)
    told = console.export_svg(
        title=title, theme=SVG_EXPORT_THEME, code_format=FORMAT.replace("TITLE", title), unique_id=f"fs-{name}"
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.svg").write_text(told, "utf-8")


def ask(home: Path, *command: str) -> Any:
    """A command's `--json`."""
    environ = os.environ | {"FORESATT_HOME": str(home)}
    done = subprocess.run([FORESATT, "--json", *command], env=environ, capture_output=True, check=True)
    return json.loads(done.stdout)


def first(found: list[dict[str, Any]], reason: str, channel: str) -> str:
    """The id of the first submission of that channel with an entry for that reason."""
    fits = (
        one["id"]
        for one in found
        if one["channel"] == channel and any(reason in entry["reasons"] for entry in one["entries"])
    )
    return str(next(fits))


def right_number() -> str:
    """What the guardian of the case with a wrong check digit should have written."""
    from fixtures.cases import make_cases
    from fixtures.school import make_school

    school = make_school(datetime.now(ZoneInfo("Europe/Oslo")).date())
    wrong = next(case for case in make_cases(school) if case.name == "bad_check_digit").forms[0].first
    adults = (adult for pupil in school.pupils for adult in pupil.adults if pupil.name == wrong.pupil)
    return next(adult.number for adult in adults if adult.name == wrong.name)


def more_mail(home: Path) -> None:
    """Some mails come in once more, as when somebody presses Send twice."""
    for number, mail in enumerate(sorted((home / "mail" / ".Ferdig" / "cur").iterdir())[::6]):
        shutil.copy2(mail, home / "mail" / "new" / f"again{number}.{mail.name.partition(':')[0]}")


def take(home: Path) -> None:
    """Every picture, in the order of a morning."""
    found = ask(home, "submissions")
    wrong, scan = first(found, "fnr_checksum", "email"), first(found, "low_confidence", "post")
    lines = ask(home, "worklist", "list")
    add = next(line["line"] for line in lines if line["do"] == "ADD" and line["fnr"])
    scenes: dict[str, tuple[str, int, list[Step]]] = {
        "check": ("is everything in place?", WIDTH, [Step("foresatt check")]),
        "review-list": ("what needs a person", WIDE, [Step("foresatt review list", head=27, tail=2)]),
        "unreadable": ("what could not be opened", WIDTH, [Step("foresatt submissions --outcome unreadable")]),
        "show": ("why a form was rejected", WIDTH, [Step(f"foresatt show {wrong}")]),
        "correct": (
            "one field put right, and loaded",
            WIDTH,
            [Step(f"foresatt review correct {wrong} --slot 1 --by kari", ("fnr", right_number()))],
        ),
        "confirm": (
            "a scan that was read right, confirmed",
            WIDTH,
            [
                Step(f"foresatt show {scan} --reveal --by kari --why correct", head=10),
                Step(f"foresatt review confirm {scan} --slot 1 --by kari"),
            ],
        ),
        "worklist": ("what to do in Visma InSchool", WIDEST, [Step("foresatt worklist", head=15, tail=8)]),
        "sign": (
            "a line revealed, typed in, signed off",
            WIDTH,
            [
                Step(f"foresatt worklist reveal {add} --by kari"),
                Step(f"foresatt worklist sign {add} --as done --by kari"),
            ],
        ),
        "analogue": ("who gets paper", WIDTH, [Step("foresatt analogue list")]),
    }
    for name, (title, width, steps) in scenes.items():
        picture(name, title, steps, home, width)
    more_mail(home)
    picture("intake", "what came, and what became of it", [Step("foresatt intake")], home, 84)


def main() -> None:
    """Make a demo school in a temporary folder, and take the pictures on it."""
    with tempfile.TemporaryDirectory(prefix="fs-") as folder:
        home = Path(folder) / "demo"
        subprocess.run([FORESATT, "demo", "--home", str(home)], check=True, stdout=subprocess.DEVNULL)
        take(home)
        stop_agent(home / "gnupg")


if __name__ == "__main__":
    main()
