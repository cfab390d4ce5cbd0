"""The catalogue and the code are one: every reason is raised, tested, translated and documented, and no other is.

Belongs here: comparing the catalogue with what uses it. Does not belong here: its words (`test_reasons`).
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from schemas import contact, identity
from schemas.frames import EntriesJudged
from schemas.reasons import CATALOGUE
from schemas.repairs import REPAIRABLE
from schemas.roster import UNUSABLE
from schemas.stations import rules
from schemas.verdicts import Fault
from tasks.validate.step import UNREADABLE

ROOT = Path(__file__).parents[2]
SILENT = {"schemas/reasons.py", "schemas/repairs.py"}
"""Files that name reasons without raising any."""
OWN_TESTS = {"tests/schemas/test_catalogue.py", "tests/schemas/test_reasons.py"}

NOT_RAISED: dict[str, str] = {}
"""Reasons that nothing raises yet, each with why. Whoever builds what raises one takes it out of here."""


@cache
def trees(*folders: str) -> dict[str, ast.Module]:
    """Every module below these folders, parsed."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8")) for path in paths}


def words(modules: Iterable[ast.Module]) -> set[str]:
    """Every text constant."""
    nodes = (node for tree in modules for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def product() -> dict[str, ast.Module]:
    """The rooms that can raise a reason."""
    return {name: tree for name, tree in trees("schemas", "store", "tasks", "flows").items() if name not in SILENT}


def spoken() -> Iterator[tuple[str, str]]:
    """(file, code) of every reason that is written out where one is made: in a `Fault`, or among `faults`."""
    for name, tree in product().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            made = node.func.id if isinstance(node.func, ast.Name) else ""
            of_fault = node.args[1:2] if made == "Fault" else []
            listed = (
                [one.value for one in node.keywords if one.arg == "faults"] if made in ("Reading", "Verdict") else []
            )
            for one in (*of_fault, *(leaf for part in listed for leaf in ast.walk(part))):
                if (
                    isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                    and one.value not in ("document", "system")
                ):
                    yield name, one.value


# --- both ways --------------------------------------------------------------------------------------------------------


def test_every_reason_is_raised_somewhere() -> None:
    """Each code stands in the code of a step or of a judge, but for those that say why nothing raises them yet."""
    raised = set(CATALOGUE) & words(product().values())

    assert set(NOT_RAISED) == set(CATALOGUE) - raised


def test_no_reason_is_raised_that_the_catalogue_does_not_have() -> None:
    """Wherever a reason is written out, and in every table of reasons, it is one of the catalogue's."""
    tables = [identity.REASONS, UNREADABLE.values(), REPAIRABLE, UNUSABLE]
    named = [one.name for one in rules(EntriesJudged) if one.columns and not one.name.endswith("_counts")]

    assert len(list(spoken())) > 25
    assert [] == [(name, code) for name, code in spoken() if code not in CATALOGUE]
    assert set() == {code for table in (*tables, named) for code in table} - set(CATALOGUE)


@pytest.mark.parametrize(
    ("field", "code"), [("fnr", "fnr_odd"), ("fnr", ""), ("link", "fnr_length"), ("", "fnr_length")]
)
def test_a_fault_cannot_be_made_of_anything_else(field: str, code: str) -> None:
    """Also at run time: a code that the catalogue does not have, or a field that is not the reason's, is refused."""
    assert Fault("fnr", "fnr_length")
    with pytest.raises(ValueError, match="catalogue"):
        Fault(field, code)


def test_what_the_judges_of_contacts_say_is_in_the_catalogue() -> None:
    """Codes of mobiles and addresses come from their own file."""
    said = {
        word
        for word in words([ast.parse(Path(contact.__file__).read_text("utf-8"))])
        if re.match("(mobile|email)_", word)
    }

    assert {"mobile_invalid", "mobile_no_sms", "email_invalid", "email_looks_mistyped"} == said
    assert said <= set(CATALOGUE)


# --- tested, translated, documented -----------------------------------------------------------------------------------


def test_every_reason_is_exercised_by_a_test() -> None:
    """Each raised code is expected by name in a test beside those of the catalogue itself."""
    others = [tree for name, tree in trees("tests").items() if name not in OWN_TESTS]

    assert set() == set(CATALOGUE) - set(NOT_RAISED) - words(others)


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_reason_is_translated_and_documented(code: str) -> None:
    """Three languages of text and of next step, and a heading on the stewards' page with all of them."""
    one = CATALOGUE[code]
    page = (ROOT / "docs/stewards/reasons.md").read_text("utf-8")
    section = page.partition(f"\n### {code}\n")[2].partition("\n### ")[0]

    assert {"nb", "nn", "en"} == set(one.text) == set(one.next_step)
    assert [] == [words for words in (*one.text.values(), *one.next_step.values()) if words not in section]


def test_the_rules_of_a_form_use_every_severity() -> None:
    """What a broken rule leads to is for the catalogue to say, and it says each of the four of some rule."""
    severities = {CATALOGUE[one.name].severity for one in rules(EntriesJudged) if one.name in CATALOGUE}

    assert {"reject", "review", "warn", "info"} == severities
