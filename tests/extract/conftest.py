"""Filled forms by number, and readings in a shape that compares with them. Numbers are synthetic (month + 80)."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from fixtures.filled import FilledColumn, FilledForm
from schemas.documents import FIELDS, ReadForm
from schemas.numbers import check_digits

GIVEN = ("Kari", "Åse", "Ørjan", "Sigrid", "Bjørn", "Per-Erik", "Anne-Marie", "Mohammed", "Tønnes", "Wanja", "Håkon")
FAMILY = ("Nordmann", "Østby", "Ødegård", "Bækkelund", "Hansen-Lie", "Aasen", "Skjærvø", "Khan", "Løvås", "Ytterdal")


def _number(draw: random.Random) -> str:
    while True:
        nine = f"{draw.randint(1, 28):02}{draw.randint(81, 92)}{draw.randint(60, 99)}{draw.randint(0, 499):03}"
        check = check_digits(nine)
        if check:
            return nine + check


def _column(draw: random.Random, refused: bool) -> FilledColumn:
    name = f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"
    mobile = f"{draw.choice('49')}{draw.randint(0, 9_999_999):07}"
    email = name.lower().replace(" ", draw.choice("._-")).translate(str.maketrans("åøæ", "aoa")) + "@example.no"
    number = "" if refused else _number(draw)
    return FilledColumn(f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}", number, name, mobile, email, refused)


@pytest.fixture
def filled() -> Callable[[int], FilledForm]:
    """The form number n: one column or two, now and then a refusal or an empty cell."""

    def make(number: int) -> FilledForm:
        draw = random.Random(number)
        first = _column(draw, number % 7 == 3)
        second = FilledColumn() if number % 3 == 2 else _column(draw, number % 5 == 1)
        return FilledForm(first, second)

    return make


@pytest.fixture
def told() -> Callable[[Any], dict[int, dict[str, Any]]]:
    """A form, read or filled, as {slot: {field: value}} with refusals among the fields."""

    def tell(form: Any) -> dict[int, dict[str, Any]]:
        columns: dict[int, dict[str, Any]] = {}
        if isinstance(form, ReadForm):
            for entry in form.entries:
                columns[entry.slot] = {name: read.value for name in FIELDS if (read := entry.get(name))}
                columns[entry.slot] |= {"refused": True} if entry.refused else {}
                columns[entry.slot] |= {"in_words": True} if entry.refused_in_words else {}
        else:
            for slot, column in enumerate(form.columns, 1):
                cells = {name: getattr(column, name) for name in FIELDS if getattr(column, name)}
                if cells or column.refused:
                    columns[slot] = cells | ({"refused": True} if column.refused else {})
        return columns

    return tell
