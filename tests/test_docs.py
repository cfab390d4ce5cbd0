"""The words keep up with the code: pages made from it are current, and what README and docs name is there.

Belongs here: comparing pages with the code. Does not belong here: how a page is written (`tools/pages.py`), and the
pictures of screens, which differ each time they are taken.
"""

import ast
import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import click
import pytest
from defusedxml import ElementTree

from console.main import cli
from schemas.settings import Section, Settings
from tasks.reconcile.listing import COLUMNS as HEADERS

ROOT = Path(__file__).parents[1]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
PICTURES = sorted((ROOT / "docs").rglob("*.svg"))
HISTORY = {"CHANGELOG.md"}
"""Pages that may name what is no more."""
WAITING: set[str] = set()
"""Settings that nothing reads yet; each is a defect, and whoever mends one takes it out here."""


def names(paths: tuple[Path, ...] | list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@cache
def tool(name: str) -> ModuleType:
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def code(text: str) -> Iterator[str]:
    """Every piece of code on a page: inline, and each line of a block."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for block in blocks:
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


# --- pages that are made ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(tool("pages").pages()))
def test_the_pages_made_from_the_code_are_current(name: str) -> None:
    """What the code says of reasons and settings is what the pages say; `make docs` writes them anew."""
    assert tool("pages").pages()[name] == (ROOT / name).read_text("utf-8")


# --- commands ---------------------------------------------------------------------------------------------------------


def commands() -> list[tuple[str, str]]:
    """(page, command line) of every `foresatt …` that a page shows."""
    found = []
    for page in PAGES:
        if page.name in HISTORY:
            continue
        for piece in code(page.read_text("utf-8")):
            line = re.sub(r"^(\$ |FORESATT_\w+=\S+ )", "", piece.strip())
            if re.match(r"foresatt( [a-z-]|$)", line):
                found.append((str(page.relative_to(ROOT)), re.split(r" {2,}| #|[;|]", line)[0]))
    return found


def wrong_in(line: str) -> str:
    """What of a command line the command does not know; empty where it knows all of it."""
    command: click.Command = cli
    words = iter(line.split()[1:])
    for word in words:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            option = next((p for p in [*command.params, *cli.params] if name in p.opts), None)
            if name == "--help":
                continue
            if option is None:
                return f"{name} of {command.name}"
            if isinstance(option, click.Option) and not option.is_flag:
                value = value or next(words, "")
                if isinstance(option.type, click.Choice) and value.islower() and value not in option.type.choices:
                    return f"{name} {value}"
        elif isinstance(command, click.Group):
            if word not in command.commands:
                return word
            command = command.commands[word]
        elif (
            isinstance(
                kind := next((p.type for p in command.params if p.param_type_name == "argument"), None), click.Choice
            )
            and word not in kind.choices
        ):
            return word
    return ""


def test_commands_are_found_on_the_pages() -> None:
    """The check below is not blind: it sees commands, and knows a wrong one."""
    assert len(commands()) > 60
    assert "nonsense" == wrong_in("foresatt nonsense")
    assert "--loud of intake" == wrong_in("foresatt intake --loud")
    assert "--as maybe" == wrong_in("foresatt worklist sign LINE --as maybe --by kari")


def test_every_command_shown_exists_with_its_options() -> None:
    """Whoever types what README or docs show is understood."""
    assert [] == [f"{page}: {line}: {wrong}" for page, line in commands() if (wrong := wrong_in(line))]


def test_every_command_stands_in_the_readme() -> None:
    """No command is a secret."""
    told = (ROOT / "README.md").read_text("utf-8")

    assert [] == [name for name in cli.commands if f"foresatt {name}" not in told]


def test_every_make_target_shown_exists() -> None:
    """Each `make …` on a page is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    pieces = {piece for page in PAGES for piece in code(page.read_text("utf-8"))}
    shown = {
        name for piece in pieces if (m := re.match(r"(?:\$ )?make ((?:[a-z]+ ?)+)", piece)) for name in m[1].split()
    }

    assert {"demo", "test"} <= shown
    assert set() == shown - targets


# --- links, paths, pictures -------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page, as code-hosting pages make them from headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return set(plain)


@pytest.mark.parametrize("name", names(PAGES))
def test_relative_links_lead_somewhere(name: str) -> None:
    """Each link to a file, folder or heading of ours arrives."""
    page, broken = ROOT / name, []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)

    assert [] == broken


def test_every_file_named_exists() -> None:
    """A page that sends somebody to a file of the house sends them to one that is there."""
    rooms = ("schemas", "store", "tasks", "flows", "console", "fixtures", "tests", "tools", "docs")
    pattern = re.compile(rf"(?:{'|'.join(rooms)})/[\w./-]*")
    pieces = {(page, piece) for page in PAGES if page.name not in HISTORY for piece in code(page.read_text("utf-8"))}
    named = {(str(page.relative_to(ROOT)), piece) for page, piece in pieces if pattern.fullmatch(piece)}
    home = {"store/", "store/foresatt.db"}  # a folder of the home bears the same name

    assert len(named) > 40
    assert [] == sorted(f"{page}: {p}" for page, p in named if p not in home and not (ROOT / p).exists())


@pytest.mark.parametrize("name", names(PICTURES))
def test_pictures_stand_on_their_own(name: str) -> None:
    """Each picture is well formed, has a title for those who hear it, fetches nothing, and is shown somewhere."""
    text = (ROOT / name).read_text("utf-8")
    drawn = ElementTree.fromstring(text)

    assert "{http://www.w3.org/2000/svg}title" == drawn[0].tag
    assert (drawn[0].text or "").strip()
    assert not re.search(r"(href|src|url)\s*[=(]\s*[\"']?(?!#)", text), "an address"
    assert "<script" not in text
    assert any(Path(name).name in page.read_text("utf-8") for page in PAGES)


# --- settings, roster -------------------------------------------------------------------------------------------------


def settings() -> Iterator[tuple[str, str, type[Section]]]:
    """(section, key, class of the section) of every setting below a section."""
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            for key in kind.model_fields:
                yield section, key, kind


def test_every_setting_is_described_and_stands_on_its_page() -> None:
    """An operator finds each key, what it means, and its variable."""
    page = (ROOT / "docs/operators/settings.md").read_text("utf-8")
    told = [
        (f"{s}.{k}", kind.model_fields[k].description, f"`FORESATT_{s.upper()}_{k.upper()}`")
        for s, k, kind in settings()
    ]

    assert [] == [name for name, described, variable in told if not described or variable not in page]


def test_every_setting_is_read_somewhere() -> None:
    """A setting that nothing reads is a promise that nothing keeps."""
    read = set()
    for room in ("schemas", "store", "tasks", "flows", "console"):
        for file in (ROOT / room).rglob("*.py"):
            if file.name != "settings.py":
                read |= reads(ast.parse(file.read_text("utf-8")))
    keys = {f"{section}.{key}" for section, key, _ in settings()}

    assert WAITING == keys - read


def reads(tree: ast.Module) -> set[str]:
    """The settings that a module reads: `….section.key`, or `….key` where it holds that section as a whole."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    chained = {(n.value.attr, n.attr) for n in attributes if isinstance(n.value, ast.Attribute)}
    inner = {id(n.value) for n in attributes}
    held = {n.attr for n in attributes if id(n) not in inner and ast.unparse(n.value).endswith("settings")}
    imports = (n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "schemas.settings")
    classes = {alias.name for node in imports for alias in node.names}
    single = {n.attr for n in attributes}
    return {
        f"{section}.{key}"
        for section, key, kind in settings()
        if (section, key) in chained or (key in single and (section in held or kind.__name__ in classes))
    }


def test_every_column_of_the_roster_is_explained() -> None:
    """Whoever makes the file finds each column on the page about it."""
    page = (ROOT / "docs/operators/roster.md").read_text("utf-8")

    assert [] == [name for name in HEADERS if f"`{name}`" not in page]


def test_every_decision_has_a_number_of_its_own() -> None:
    """Decisions are numbered without gaps, and each begins with its number."""
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert [f"{n:04}" for n in range(1, len(pages) + 1)] == [page.name[:4] for page in pages]
    assert [] == [p.name for p in pages if not p.read_text("utf-8").startswith(f"# {int(p.name[:4])}. ")]
