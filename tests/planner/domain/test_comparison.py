"""What values and bounds of two cases prove about them, and what is cheapest to do where they prove nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.comparison import (
    BETTER,
    NEITHER,
    UNDECIDED,
    WORSE,
    decisive_steps,
    pairwise,
    undecided_pairs,
)

Row = tuple[float | None, float | None, float, str]


def table(*rows: Row) -> pl.DataFrame:
    """Return cases from value, bound, seconds and outcome; they are called a, b, c …."""
    return pl.DataFrame(
        [
            (f"k{i}", "abcdefgh"[i], outcome, value, bound, seconds)
            for i, (value, bound, seconds, outcome) in enumerate(rows)
        ],
        schema={
            "key": pl.String,
            "name": pl.String,
            "outcome": pl.String,
            "value": pl.Float64,
            "bound_checked": pl.Float64,
            "seconds": pl.Float64,
        },
        orient="row",
    )


def planned(value: float, bound: float, seconds: float = 1.0) -> Row:
    """Return a case with a plan."""
    return value, bound, seconds, "planned"


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
widths = st.floats(0, 1e5).map(lambda x: round(x, 3))


@given(cases=st.lists(st.tuples(numbers, widths, st.floats(0, 1)), min_size=2, max_size=6))
def test_no_verdict_contradicts_the_best_plans_wherever_they_lie(cases: list[tuple[float, float, float]]) -> None:
    """Whatever the true optima between value and bound are, the interval holds and a proven verdict is true."""
    rows = [planned(value, value + width) for value, width, _ in cases]
    best = {"abcdefgh"[i]: value + share * width for i, (value, width, share) in enumerate(cases)}
    found = pairwise(table(*rows))
    assert found.height == len(cases) * (len(cases) - 1) // 2
    for row in found.iter_rows(named=True):
        difference = best[row["first"]] - best[row["second"]]
        assert row["low"] <= difference <= row["high"]
        assert row["verdict"] != BETTER or difference > 0
        assert row["verdict"] != WORSE or difference < 0


def test_intervals_that_do_not_meet_are_decided() -> None:
    """A value above the other's bound proves it, and equal cases are never proven different."""
    verdicts = pairwise(table(planned(100, 101), planned(95, 99), planned(100, 101)))["verdict"].to_list()
    assert verdicts == [BETTER, UNDECIDED, WORSE]


def test_the_cheaper_of_two_steps_is_proposed() -> None:
    """The loser's bound comes down at its own speed, the winner's value goes up at its own."""
    (slow,) = pairwise(table(planned(100, 110, 10.0), planned(90, 105, 100.0))).iter_rows(named=True)
    assert (slow["next"], slow["verdict"]) == ("a", UNDECIDED)
    assert slow["next_gap"] == pytest.approx(5 / 105)
    (quick,) = pairwise(table(planned(100, 110, 10.0), planned(90, 105, 1.0))).iter_rows(named=True)
    assert quick["next"] == "b"
    assert quick["next_gap"] == pytest.approx(10 / 90)
    assert quick["next_seconds"] == pytest.approx(15 / 10)


def test_a_case_planned_to_the_proposed_gap_decides_the_pair() -> None:
    """With its bound inside the proposed gap the loser is proven worse."""
    (row,) = pairwise(table(planned(100, 110), planned(90, 105))).iter_rows(named=True)
    assert row["next"] == "b"
    closed = 90 * (1 + row["next_gap"]) - 1e-3
    assert pairwise(table(planned(100, 110), planned(90, closed)))["verdict"].item() == BETTER


@pytest.mark.parametrize("rounding", [0.0, 1e-13, 1e-5])
def test_equal_values_have_no_step_that_helps(rounding: float) -> None:
    """Where both are worth the same so far, but for what recomputing may be wrong by, no gap decides."""
    (row,) = pairwise(table(planned(100 + rounding, 101 + rounding), planned(100, 101))).iter_rows(named=True)
    assert (row["next"], row["next_gap"], row["next_seconds"]) == (None, None, None)


def test_a_case_that_cannot_be_planned_is_worse_than_any_that_can() -> None:
    """Infeasible cases lose, two of them cannot be told apart, and failed ones prove nothing."""
    infeasible, failed = (None, None, 1.0, "infeasible"), (None, None, 1.0, "failed")
    found = pairwise(table(planned(-5, 0), infeasible, infeasible, failed))
    assert found["verdict"].to_list() == [BETTER, BETTER, UNDECIDED, NEITHER, UNDECIDED, UNDECIDED]


@given(cases=st.lists(st.tuples(st.floats(10, 1e4), st.floats(0, 0.2)), min_size=2, max_size=6))
def test_every_step_decides_its_pair_once_its_gap_is_reached(cases: list[tuple[float, float]]) -> None:
    """The seeming loser's bound comes down to the gap, or the seeming winner's value goes up to it."""
    rows = {f"k{i}": (value, value * (1 + share)) for i, (value, share) in enumerate(cases)}
    steps = decisive_steps(table(*(planned(*row) for row in rows.values())), "k0")
    for step in steps.iter_rows(named=True):
        first, second = step["first_key"], step["second_key"]
        ahead = first if rows[first][0] >= rows[second][0] else second
        value, bound = rows[step["key"]]
        gap = 0.99 * (step["gap"] - 1e-5)
        if gap <= 0:
            continue
        closer = (bound / (1 + gap), bound) if step["key"] == ahead else (value, value * (1 + gap))
        pair = [closer if key == step["key"] else rows[key] for key in (first, second)]
        assert pairwise(table(*(planned(*row) for row in pair)))["verdict"].item() in {BETTER, WORSE}


def test_pairs_with_the_reference_rank_first_and_candidates_for_the_best_second() -> None:
    """A case whose bound is below the best value found is no candidate any more."""
    cases = table(planned(90, 97.5), planned(100, 106), planned(99, 104), planned(95, 99.5), planned(94.5, 96))
    ranks = {(row[0], row[1]): row[2] for row in undecided_pairs(cases, "k0").iter_rows()}
    assert ranks == {("k0", "k3"): 0, ("k0", "k4"): 0, ("k1", "k2"): 1, ("k2", "k3"): 2, ("k3", "k4"): 2}
    stepped = {(row["first_key"], row["second_key"], row["rank"]) for row in decisive_steps(cases, "k0").to_dicts()}
    assert stepped == {(*pair, rank) for pair, rank in ranks.items()}
