"""The night's benchmark compares what a night compares, and would notice if anything changed."""

import pytest
from support_store import Desk, desk, template

from console.bench_nightly import bare, compare_all, fill, listed
from console.bench_reconcile import matching_figures
from schemas.identity import classify

__all__ = ["desk", "template"]


def test_a_store_that_agrees_with_its_list_is_compared_whole(desk: Desk) -> None:
    """Nothing to do: neither on the list, nor in the due dates, nor in a link; and the bare means open the same."""
    fill(desk.store, 200)
    compare_all(desk.store, listed(200))
    opened, merged = bare(desk.store, listed(200))

    assert 0 < opened
    assert 0 < merged


def test_a_list_that_says_something_else_stops_the_benchmark(desk: Desk) -> None:
    """A figure of a night in which something changed would be another figure."""
    fill(desk.store, 200)
    with pytest.raises(RuntimeError):
        compare_all(desk.store, listed(202))


def test_nobody_on_the_benchmarks_list_is_real() -> None:
    """Every number is one of a test store's."""
    numbers = [guardian.number for one in listed(100) for guardian in one.known or ()]

    assert classify(numbers, environment="test")["accepted"].all()


def test_the_figures_keep_their_names() -> None:
    """What programs rely on."""
    figures = {one["name"]: one["value"] for one in matching_figures(60, lambda text: None)}

    assert {"match_seconds_1000", "wrong_links", "automatic_share"} == figures.keys()
    assert 0 == figures["wrong_links"]
