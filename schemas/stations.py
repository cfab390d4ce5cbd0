"""What every station of the journey shares: strict models, named rules, and failures that name places and never values.

Belongs here: trying a frame against its pandera model, and the way to write a rule. Does not belong here: any model
(`schemas.frames` for the entries, `schemas.roster` for the roster's file).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pandera.pandas as pa


class Misfit(NamedTuple):
    """One failing row: its position in the frame, the column (or "" for a rule of the whole row), and the rule."""

    row: int
    column: str
    rule: str


def misfits(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> list[Misfit]:
    """Every row that breaks a rule of `model`, all rules tried, in the order of rows, columns and rules.

    Raises TypeError, naming columns and types and never a value, where the frame itself is not as the model says:
    columns missing or unknown, a type other than the declared one, a missing value where none may be.
    """
    schema = model.to_schema()
    types = {name: column.dtype.type for name, column in schema.columns.items()}
    # pandera lets an object column pass for text (0.35), and an unknown column's name through in its message.
    wrong = [name for name, dtype in types.items() if name not in frame or frame[name].dtype != dtype]
    if wrong or len(types) != frame.shape[1]:
        raise TypeError(f"{model.__name__}: columns missing, unknown or of another type: {', '.join(wrong) or 'extra'}")
    known = {one.name: at for at, one in enumerate(_checks(schema))}
    cases: list[tuple[Any, str, str]] = []
    try:
        model.validate(frame.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        found = errors.failure_cases[["index", "column", "check"]].drop_duplicates()
        cases = list(found.itertuples(index=False, name=None))
    # Raised out here, or the exception would carry pandera's, and that one the whole frame.
    strange = sorted({str(rule) for row, _, rule in cases if rule not in known or row is None or row != row})
    if strange:
        raise TypeError(f"{model.__name__}: {', '.join(strange)}")
    whole = {check.name for check in schema.checks}
    told = {Misfit(int(row), "" if rule in whole else column, rule) for row, column, rule in cases}
    columns = [*types, ""]
    return sorted(told, key=lambda one: (one.row, columns.index(one.column), known[one.rule]))


def check(model: type[pa.DataFrameModel], frame: pd.DataFrame) -> pd.DataFrame:
    """`frame`, which no rule of `model` may fault: for frames of our own making. Raises TypeError as `misfits` does,
    and where a rule is broken: our mistake, not a guardian's."""
    broken = sorted({one.rule for one in misfits(model, frame)})
    if broken:
        raise TypeError(f"{model.__name__}: {', '.join(broken)}")
    return frame


def build(model: type[pa.DataFrameModel], **columns: Iterable[Any]) -> pd.DataFrame:
    """A frame with the types that `model` declares. In text a lone surrogate, which damaged mail can hold and no Arrow
    column can, becomes the replacement character."""
    made: dict[str, pd.Series[Any]] = {}
    for name, column in model.to_schema().columns.items():
        dtype: Any = column.dtype.type
        values = [_whole(value) if isinstance(value, str) else value for value in columns[name]]
        made[name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(made)


def _whole(text: str) -> str:
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Rule(NamedTuple):
    """One rule of a model, for the documentation; a rule of the whole row has no columns."""

    name: str
    columns: tuple[str, ...]
    sentence: str


def rules(model: type[pa.DataFrameModel]) -> list[Rule]:
    """The rules of `model` in order of their columns, each once; those of the whole row last."""
    schema = model.to_schema()
    found: dict[str, Rule] = {}
    for name, column in [*schema.columns.items(), ("", schema)]:
        for one in column.checks:
            earlier = found.get(one.name, Rule(one.name, (), one.description))
            found[one.name] = earlier._replace(columns=(*earlier.columns, *filter(None, (name,))))
    return list(found.values())


def _checks(schema: Any) -> list[Any]:
    return [one for column in schema.columns.values() for one in column.checks] + list(schema.checks)


def rule(columns: str | Sequence[str], name: str, sentence: str, holds: Callable[[Any], Any]) -> Any:
    """A check of one column, or the same of several: `holds` takes it whole and says where the rule is kept. Rules
    about a form are named after their reason code."""
    named = (columns,) if isinstance(columns, str) else tuple(columns)
    return pa.check(*named, name=name, description=sentence, ignore_na=False)(_named(name, holds))


def row_rule(name: str, sentence: str, holds: Callable[[pd.DataFrame], Any]) -> Any:
    """As `rule`, over several columns at once."""
    return pa.dataframe_check(name=name, description=sentence, ignore_na=False)(_named(name, holds))


def _named(name: str, holds: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def kept(cls: type[pa.DataFrameModel], values: Any) -> Any:
        return holds(values)

    kept.__name__ = name  # what an inheriting model calls the check
    return kept


class Station(pa.DataFrameModel):
    """Exactly the declared columns with the declared types: nothing is coerced."""

    class Config:
        """Strict."""

        strict = True
        coerce = False
