"""Medians, spreads, ratios and bounds of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.results import Ending
from benchmarks.statistics import Ratio, Summary, ratio, summarise, summary
from benchmarks.subject import Case, Phase
from tests.benchmarks.bench_toys import results, turn


def _known(median: float, *, at_least: bool = False) -> Summary:
    return Summary(median=median, low=median, high=median, count=1, at_least=at_least)


@given(st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=9))
def test_a_median_lies_within_its_spread(values: list[float]) -> None:
    """The least, the median and the most are ordered, and all turns count."""
    found = summarise([(value, False) for value in values])
    assert found is not None
    assert found.low <= found.median <= found.high
    assert found.count == len(values)


def test_a_stopped_turn_gives_only_a_lower_bound() -> None:
    """The seconds of a turn that stopped at its limit are at least what is needed; its build was finished."""
    run = results(turn("peer", ending=Ending.STOPPED, total_s=30.5, build_s=1.0))
    total, build = (summary(run, "s", "c", "peer", figure) for figure in ("total_s", "build_s"))
    assert total is not None
    assert total.at_least
    assert build is not None
    assert not build.at_least


def test_a_turn_that_was_ended_took_at_least_the_limit() -> None:
    """A child that was ended has no figures; its time counts as the limit or more, its build is unknown."""
    run = results(turn("peer", ending=Ending.TIMED_OUT))
    assert summary(run, "s", "c", "peer", "total_s") == _known(30.0, at_least=True)
    assert summary(run, "s", "c", "peer", "build_s") is None
    assert summary(run, "s", "c", "peer", "peak_bytes") is None
    building = Case(name="c", phase=Phase.BUILD, suites=frozenset(), time_limit=9.0)
    run = results(turn("peer", ending=Ending.TIMED_OUT), cases=(building,))
    assert summary(run, "s", "c", "peer", "build_s") == _known(9.0, at_least=True)


@pytest.mark.parametrize("ending", [Ending.FAILED, Ending.CRASHED])
def test_a_turn_without_an_answer_has_no_figures(ending: Ending) -> None:
    """Whoever fails fast is not fast."""
    assert summary(results(turn("peer", ending=ending, total_s=0.1)), "s", "c", "peer", "total_s") is None


def test_a_ratio_knows_when_it_is_a_bound() -> None:
    """A bound above or below the line shows in the sign, and two of them say nothing."""
    assert ratio(_known(1.0), _known(4.0)) == Ratio(value=0.25)
    assert ratio(_known(1.0), _known(4.0, at_least=True)) == Ratio(value=0.25, sign="≤")
    assert ratio(_known(8.0, at_least=True), _known(4.0)) == Ratio(value=2.0, sign="≥")
    assert ratio(_known(8.0, at_least=True), _known(4.0, at_least=True)) is None
    assert ratio(_known(1.0), _known(0.0)) is None
    assert ratio(None, _known(1.0)) is None
