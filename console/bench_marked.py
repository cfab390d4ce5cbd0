"""The part of `foresatt bench paper` that asks whether print with a pen's mark on it is still taken for print.

Belongs here: cells of every typeface at hand with every kind of mark, judged as a cell of a page that is otherwise
print. Does not belong here: whole sheets (`bench_paper`), the marks (`fixtures.penmarks`).
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fixtures.penmarks import Marked
    from schemas.documents import FieldName

FIRST_SEED: Final = 50_000
"""The seeds by which the rules were chosen lie elsewhere."""


def marked_figures(each: int) -> list[dict[str, Any]]:
    """`each` cells of every kind of mark on a number, a name and an address, and of print alone in every typeface."""
    from console.bench import figure
    from fixtures.penmarks import NUMBER_MARKS, WORD_MARKS

    numbers, names = _trusted("fnr", NUMBER_MARKS, each), _trusted("name", WORD_MARKS, each)
    beside = {kind: mark for kind, mark in WORD_MARKS.items() if not kind.endswith("behind")}
    addresses = _trusted("email", beside, each)
    alone = {name: _alone(name, each) for name in ("fnr", "name")}
    return [
        figure("written_over_trusted", sum(numbers), "count", f"of {len(numbers)} printed numbers with a pen's mark"),
        figure("written_over_names_trusted", sum(names), "count", f"of {len(names)} names with a pen's mark"),
        figure(
            "written_over_addresses_trusted",
            sum(addresses),
            "count",
            f"of {len(addresses)} addresses; behind them is no room",
        ),
        *(
            figure(
                f"unmarked_{word}accepted_share", sum(cells) / len(cells), "share", f"{len(cells)} cells, 10 typefaces"
            )
            for word, cells in (("", alone["fnr"]), ("names_", alone["name"]))
        ),
    ]


def _alone(name: "FieldName", each: int) -> list[bool]:
    from fixtures.penmarks import marked
    from fixtures.printedcells import TYPEFACES

    return [
        believed(name, marked(_printed(name, seed), face, None, seed=seed))
        for place, face in enumerate(TYPEFACES)
        for seed in range(FIRST_SEED + 100 * place, FIRST_SEED + 100 * place + each)
    ]


def _trusted(name: "FieldName", marks: "Mapping[str, Callable[..., None]]", each: int) -> list[bool]:
    from fixtures.penmarks import marked
    from fixtures.printedcells import TYPEFACES

    found = []
    for kind, mark in enumerate(marks.values()):
        for number in range(each):
            seed, face = FIRST_SEED + 1_000 * kind + number, TYPEFACES[(kind + number) % len(TYPEFACES)]
            found.append(believed(name, marked(_printed(name, seed), face, mark, seed=seed)))
    return found


def believed(name: "FieldName", cell: "Marked") -> bool:
    """Whether a cell, on a page that is otherwise print, would be used without a person, or nearly so."""
    from schemas.settings import Post
    from tasks.extract.cell import look
    from tasks.extract.policy import judged

    seen = look(name, cell.grey, cell.unit, Post().tessdata)
    return seen is not None and judged(seen, page_printed=True)[2] != "review"


def _printed(name: "FieldName", seed: int) -> str:
    from fixtures.paperset import filled_form

    return str(getattr(filled_form(seed).first, name))
