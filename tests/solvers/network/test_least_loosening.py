"""The least loosening of one group of rows: by hand, and enough but not more on random programs."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.program import Program
from solvers.core.termination import Termination
from solvers.network.loosening import LooseRows, least_loosening
from tests.solvers.small_programs import INF, program

HIGHS = backend("highs")


def loose(rows: list[int], weight: list[float] | None = None) -> LooseRows:
    """Rows that give way, each by one per unit unless told."""
    return LooseRows(np.array(rows, dtype=np.int32), np.array(weight or [1.0] * len(rows)))


def test_each_group_alone_gives_way_by_what_is_missing() -> None:
    """At least 8 and at most 5 of the same thing lack 3, whichever of the two gives way."""
    whole = program([1], [[1], [1]], [(8, INF), (-INF, 5)])
    found = least_loosening(whole, {"least": loose([0]), "most": loose([1])}, HIGHS, relaxed=True)
    assert found == {"least": pytest.approx(3), "most": pytest.approx(3)}


def test_rows_of_a_group_give_way_together_in_proportion() -> None:
    """Two bounds that lack 2 and 3 need 3 alike, but 4 if the second gives way by three quarters of the first."""
    whole = program([1, 1], [[1, 0], [0, 1], [1, 0], [0, 1]], [(4, INF), (6, INF), (-INF, 2), (-INF, 3)])
    assert least_loosening(whole, {"all": loose([0, 1])}, HIGHS, relaxed=True) == {"all": pytest.approx(3)}
    assert least_loosening(whole, {"all": loose([0, 1], [1, 0.75])}, HIGHS, relaxed=True) == {"all": pytest.approx(4)}


def test_a_group_that_cannot_repair_the_program_is_left_out() -> None:
    """Where two other rows conflict by themselves, no loosening of the third helps."""
    whole = program([1, 1], [[1, 0], [1, 0], [0, 1]], [(8, INF), (-INF, 5), (2, INF)])
    assert set(least_loosening(whole, {"x": loose([0]), "y": loose([2])}, HIGHS, relaxed=True)) == {"x"}


def test_whole_numbers_may_need_more_than_their_relaxation() -> None:
    """An even number of at least 3 is 3 in the relaxation and 4 in truth: at most 2.5 lacks 0.5, or 1.5."""
    whole = program([1], [[2], [2]], [(3, INF), (-INF, 2.5)], integer=[True])
    most = {"most": loose([1])}
    assert least_loosening(whole, most, HIGHS, relaxed=True) == {"most": pytest.approx(0.5)}
    assert least_loosening(whole, most, HIGHS, relaxed=False) == {"most": pytest.approx(1.5)}


@pytest.mark.parametrize("seed", range(12))
def test_the_loosening_suffices_and_a_hundredth_less_does_not(seed: int) -> None:
    """On random infeasible programs the group's bounds, moved by the amount, give a solution; moved by less, none."""
    draw = random.Random(seed)
    rows = [[draw.randint(0, 3) for _ in range(3)] for _ in range(4)]
    bounds = [(-INF, float(draw.randint(1, 6))) for _ in range(3)] + [(float(draw.randint(40, 60)), INF)]
    whole = program([1, 1, 1], [*rows[:3], [1, 1, 1]], bounds)
    found = least_loosening(whole, {"sum": loose([3])}, HIGHS, relaxed=True)
    assert feasible(moved(whole, found["sum"] + 1e-6))
    assert not feasible(moved(whole, 0.99 * found["sum"]))


def moved(whole: Program, by: float) -> Program:
    """The program with its last row's lower bound moved down."""
    lower = whole.row_lower.copy()
    lower[-1] -= by
    return replace(whole, row_lower=lower)


def feasible(whole: Program) -> bool:
    """Tell whether a program has a solution."""
    return HIGHS.load(whole).solve(relaxed=True).termination is Termination.OPTIMAL
