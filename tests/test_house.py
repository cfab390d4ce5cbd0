"""The house keeps its own rules: floors, rooms, docstrings, the lock, no real number, no loose end.

Belongs here: what can be seen from the files alone, without running a step. Does not belong here: what the software
does. Format, lint and types are `make check`.
"""

import ast
import calendar
import os
import re
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
ROOMS = ("schemas", "store", "tasks", "flows", "console", "fixtures")
STEPS = ("collect", "decrypt", "extract", "validate", "reconcile", "load", "retain", "provision", "report")


@cache
def files() -> tuple[str, ...]:
    """Every file of the checkout that git knows or would add, as a path below the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return tuple(name for name in sorted(set(listed.stdout.decode().split("\0"))) if name and (ROOT / name).is_file())


def modules(*folders: str) -> list[str]:
    return [name for name in files() if name.endswith(".py") and name.partition("/")[0] in folders]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text("utf-8"), name)


def texts() -> Iterator[tuple[str, int, str]]:
    """(file, line number, line) of every text file."""
    for name in files():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data[:4096]:
            for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
                yield name, number, line


def importers(package: str, names: list[str]) -> set[str]:
    """The modules that import the package, at the top or inside a function."""
    found = set()
    for name in names:
        for node in ast.walk(tree(name)):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            if any(one.partition(".")[0] == package for one in imported):
                found.add(name)
    return found


# --- floors and rooms -------------------------------------------------------------------------------------------------


def test_nothing_imports_upwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts of pyproject.toml hold: floors, steps apart, Prefect and fixtures kept where they belong."""
    monkeypatch.chdir(ROOT)

    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


def test_prefect_is_imported_only_where_it_may_be() -> None:
    """Prefect is imported by the guard, the reports, the flows and one file of the console, nowhere else."""
    found = importers("prefect", modules(*ROOMS))
    in_console = {name for name in found if name.startswith("console/")}

    elsewhere = {
        n for n in found - in_console if n != "tasks/guard.py" and not n.startswith(("tasks/report/", "flows/"))
    }
    assert set() == elsewhere
    assert len(in_console) <= 1, in_console


def test_fixtures_are_imported_only_by_demo_benchmarks_and_tests() -> None:
    """The software needs nothing of the synthetic school, except to show it."""
    found = importers("fixtures", modules(*ROOMS))

    assert set() == {n for n in found if not n.startswith(("fixtures/", "console/demo", "console/bench"))}


def test_every_room_exists_and_is_not_empty() -> None:
    """The rooms and steps of the house stand where the folder list promises them, each with something in it."""
    folders = [*ROOMS, *(f"tasks/{step}" for step in STEPS)]

    assert [] == [f for f in folders if f"{f}/__init__.py" not in files()], "no __init__.py"
    assert [] == [
        f for f in folders if not any(n.startswith(f"{f}/") and not n.endswith("__init__.py") for n in files())
    ]
    assert [] == [f for f in ("tests", "docs/decisions") if not any(n.startswith(f"{f}/") for n in files())]


def test_no_package_is_called_foresatt_and_none_stands_outside_the_rooms() -> None:
    """The distribution ships the rooms as they stand; `foresatt` is the name of the command only."""
    packages = {n.partition("/")[0] for n in files() if re.fullmatch(r"[^/]+/__init__\.py", n)}

    assert set(ROOMS) == packages - {"tests"}
    assert [] == [n for n in files() if "foresatt" in Path(n).parts[:-1] or Path(n).name == "foresatt.py"]


# --- docstrings -------------------------------------------------------------------------------------------------------


def test_every_module_begins_with_a_paragraph() -> None:
    """Whoever opens a file reads first, in whole sentences, what it is for."""
    docs = {name: ast.get_docstring(tree(name)) or "" for name in modules(*ROOMS, "tests")}
    paragraphs = {name: " ".join(doc.split("\n\n")[0].split()) for name, doc in docs.items()}

    assert [] == [n for n, p in paragraphs.items() if len(p.split()) < 5 or not re.match(r"[A-Z`].*[.:]$", p)]


def test_every_room_says_what_belongs_there() -> None:
    """The first docstring of a room, or of a step, says what belongs in it and what does not."""
    rooms = [f"{room}/__init__.py" for room in (*ROOMS, *(f"tasks/{step}" for step in STEPS))]
    docs = {n: " ".join((ast.get_docstring(tree(n)) or "").split()) for n in rooms}

    assert [] == [n for n, doc in docs.items() if "elongs here:" not in doc or "not belong here:" not in doc]


def test_every_test_states_its_requirement() -> None:
    """Each test has a docstring that is a sentence."""
    silent = []
    for name in modules("tests"):
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                doc = ast.get_docstring(node) or ""
                if len(doc.split()) < 4 or not doc.rstrip().endswith("."):
                    silent.append(f"{name}:{node.lineno} {node.name}")

    assert [] == silent


# --- the lock and the tools -------------------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    """Package -> its whole entry in the lock, for every entry (a package may have one for each Python)."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE))
    return {entry.split(" \\")[0]: entry for entry in entries}


def test_every_locked_package_is_pinned_and_has_hashes() -> None:
    """What is installed is byte for byte what was locked."""
    entries = locked()

    assert len(entries) > 100
    assert [] == [head for head in entries if not re.match(r"[a-z0-9-]+==[0-9][^ ]*( ; .+)?$", head)]
    assert [] == [head for head, entry in entries.items() if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]


def test_everything_asked_for_is_locked() -> None:
    """Each direct dependency, those for development included, stands in the lock."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    asked = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["dev"]]
    asked += project["build-system"]["requires"]
    names = {re.split(r"[\[<>=~! ]", one, maxsplit=1)[0].lower() for one in asked}

    assert set() == names - {head.partition("==")[0] for head in locked()}


def test_the_lock_names_no_address() -> None:
    """Where packages come from is each site's own choice: no index, link or path stands in the lock or its makers."""
    pattern = re.compile(r"https?://|file:|--(extra-)?index-url|--find-links| @ ")
    makers = ("requirements.lock", "Makefile", "tools/setup.sh", ".ci/run")
    lines = [
        f"{n}:{i}" for n, i, line in texts() if n in makers and pattern.search(line.replace("--no-emit-index-url", ""))
    ]

    assert [] == lines


def test_make_explains_itself() -> None:
    """`make` alone lists every target, with a word on each."""
    # Without the flags of a `make` that may have started this run.
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    )
    shown = done.stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)

    assert (0, "") == (done.returncode, done.stderr)
    assert {"setup", "demo", "test", "check", "format", "lock", "clean", "help"} <= set(targets)
    assert [] == [target for target in targets if not re.search(rf"^  make {target} +\w", shown, re.MULTILINE)]


def test_the_scripts_can_be_run() -> None:
    """The build server's entry calls `make test`, and the scripts are executable."""
    assert re.search(r"^exec make .*\btest\b", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)
    assert [] == [s for s in (".ci/run", "tools/setup.sh") if not (ROOT / s).stat().st_mode & stat.S_IXUSR]


# --- what must never stand in a file ----------------------------------------------------------------------------------

# Published arithmetic vectors (Skatteetaten's documentation, navikt/fnrvalidator): never a person.
PUBLISHED = {
    "30108299939",
    "30108299920",
    "02013299997",
    "02013299903",
    "29020073150",
    "29020105729",
    "20036914712",
    "55102499947",
    "13097248032",
    "13097248023",
    "02013299987",
    "02013299996",
}
NUMBER = re.compile(r"(?<![0-9A-Za-z.])(\d{6})[ \-\u00a0]?(\d{5})(?![0-9A-Za-z])")


def could_be_a_person(number: str) -> bool:
    """Dated with an ordinary month, and the check digits hold under the rule of 1964 or of 2032.

    Kept apart from `schemas.identity` on purpose: a mistake there must not blind the watch here.
    """
    digits = [int(c) for c in number]
    day, month, year = int(number[:2]), int(number[2:4]), int(number[4:6])
    day = day - 40 if day > 40 else day  # a D-number
    longest = 29 if month == 2 and year % 4 == 0 else calendar.monthrange(2001, month)[1] if 1 <= month <= 12 else 0
    first = sum(w * d for w, d in zip((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), digits, strict=False)) % 11
    second = sum(w * d for w, d in zip((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), digits, strict=True)) % 11
    return 1 <= day <= longest and first <= 3 and second == 0


def test_the_watch_sees_a_number_that_could_be_a_person() -> None:
    """The check below is not blind: it knows a published ordinary number, and lets the synthetic ones pass."""
    assert could_be_a_person("29020073150")
    assert could_be_a_person("02013299903")
    assert not could_be_a_person("12829499914")
    assert not could_be_a_person("13097248023")


def test_no_file_holds_a_number_that_could_be_a_person() -> None:
    """Every identity number in the project is synthetic, except the published arithmetic vectors."""
    found = []
    for name, number, line in texts():
        for match in NUMBER.finditer(line):
            digits = match[1] + match[2]
            if digits not in PUBLISHED and could_be_a_person(digits):
                found.append(f"{name}:{number}: {digits[:4]}*******")

    assert [] == found


def test_no_file_holds_a_loose_end_or_a_path_of_one_machine() -> None:
    """What is left to do stands in an issue, and nothing works on one machine only."""
    loose = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b|(?<![\w.])/(root|work|Users|home/\w+)/")

    assert [] == [f"{n}:{i}" for n, i, line in texts() if n != "LICENSE" and loose.search(line)]
