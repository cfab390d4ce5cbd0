"""What a steward sees of a run: a table artifact with counts and codes. A count below 5 is shown as "<5"."""

from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_table_artifact


def shown(count: int) -> str:
    """A small count could point at somebody."""
    return "<5" if 0 < count < 5 else str(count)


def publish(key: str, counts: Mapping[str, Mapping[str, int]]) -> None:
    """One table for a run: group, code, count. `key` is the flow's name; codes come from our own catalogues."""
    table: list[dict[str, Any]] = [
        {"what": group, "code": code, "count": shown(number)}
        for group, numbers in counts.items()
        for code, number in sorted(numbers.items())
    ]
    create_table_artifact(key=key, table=table, description="Counts and codes only; details with: foresatt submissions")
