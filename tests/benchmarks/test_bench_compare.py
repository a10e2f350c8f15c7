"""Two runs beside each other: faster, slower, or within noise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.compare import Change, as_table, change_between, compare
from benchmarks.results import Ending, Results
from benchmarks.statistics import Summary
from tests.benchmarks.bench_toys import results, turn


def _runs(ours: float, peer: float, **machine: Any) -> Results:
    turns = [
        turn(name, number=n, total_s=seconds * (1 + n / 100))
        for n in range(3)
        for name, seconds in (("ours", ours), ("peer", peer))
    ]
    return results(*turns, **machine)


def _change(a: Results, b: Results, contender: str = "ours") -> Change | None:
    rows = [row for row in compare(a, b).rows if (row.contender, row.figure) == (contender, "total_s")]
    return rows[0].change if rows else None


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(1.0, 0.5, Change.FASTER), (1.0, 2.0, Change.SLOWER), (1.0, 1.01, Change.NOISE), (1.0, 1.04, Change.NOISE)],
)
def test_seconds_change_when_spreads_part_and_medians_differ(before: float, after: float, change: Change) -> None:
    """Overlapping spreads and differences within 5 % are noise."""
    assert _change(_runs(before, 4.0), _runs(after, 4.0)) is change


def test_a_single_turn_needs_a_larger_difference() -> None:
    """Below three turns the spread says little, so 25 % are asked for."""
    one, other = (Summary(median=m, low=m, high=m, count=1) for m in (1.0, 1.2))
    assert change_between(one, other, figure="total_s") is Change.NOISE
    three, others = (Summary(median=m, low=m, high=m, count=3) for m in (1.0, 1.2))
    assert change_between(three, others, figure="total_s") is Change.SLOWER
    assert change_between(three, others, figure="peak_bytes") is Change.LARGER


def test_runs_of_different_machines_compare_ratios_to_the_peer() -> None:
    """A machine twice as fast makes nothing faster, and the comparison says what it compared."""
    comparison = compare(_runs(1.0, 4.0), _runs(0.5, 2.0, processor="Q"))
    assert not comparison.same_machine
    assert {row.change for row in comparison.rows} == {Change.NOISE}
    assert {row.contender for row in comparison.rows} == {"ours"}
    assert "different machines" in as_table(comparison)
    assert _change(_runs(1.0, 4.0), _runs(0.5, 4.0, cores=64)) is Change.FASTER


def test_an_unfinished_run_is_at_least_as_slow() -> None:
    """A run that was stopped counts as a lower bound, and two of them cannot be told apart."""
    stopped = results(turn("ours", ending=Ending.STOPPED, total_s=30.0))
    finished = results(turn("ours", total_s=3.0))
    assert _change(stopped, finished) is Change.FASTER
    assert _change(finished, stopped) is Change.SLOWER
    assert _change(stopped, stopped) is Change.UNKNOWN


def test_what_only_one_run_has_is_named() -> None:
    """Contenders without a partner are listed instead of being dropped."""
    comparison = compare(
        results(turn("ours", total_s=1.0), turn("peer", total_s=1.0)), results(turn("ours", total_s=1.0))
    )
    assert comparison.only_a == ("s · c · peer",)
    content = json.loads(json.dumps(comparison.content(), allow_nan=False))
    assert content["rows"][0]["change"] == "within noise"
