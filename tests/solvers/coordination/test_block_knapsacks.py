"""Knapsack blocks: exact answers, forced items, cores, and what is no knapsack."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.coordination.block_problem import Part
from solvers.coordination.column_generation import Priced
from solvers.coordination.core_problem import core_of
from solvers.coordination.knapsack import KnapsackOracle, is_knapsack
from solvers.coordination.oracle import MixedIntegerOracle, SerialPricing, oracle_of
from solvers.coordination.verify import lagrangian_bound
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, SparseRows
from tests.solvers.small_block_problems import assignment
from tests.solvers.small_programs import INF, program

HIGHS = backend("highs")


def knapsack(seed: int, items: int = 7) -> tuple[Part, Floats]:
    """A random knapsack with a fixed item, and prices of two links that its items stand in."""
    rng = np.random.default_rng(seed)
    worth, weight = rng.integers(-3, 15, items).astype(float), rng.integers(0, 9, items).astype(float)
    bounds = [(0.0, float(j != 2)) for j in range(items)]
    limits = [(-INF, float(rng.integers(3, 25)))]
    made = program(list(worth), [list(weight)], limits, bounds=bounds, integer=[True] * items, offset=1.5)
    links = rng.integers(0, 3, (2, items)).astype(float)
    i, j = np.nonzero(links)
    return Part("k", made, SparseRows.from_triplets(i, j, links[i, j], 2, items)), rng.normal(0, 2, 2)


def every_value(part: Part, prices: Floats) -> list[tuple[tuple[float, ...], float]]:
    """All feasible choices with their values under the prices."""
    reduced = part.program.objective - part.links.transposed_times(prices)
    choices = product(*((0.0, 1.0) if upper else (0.0,) for upper in part.program.upper))
    weigh = part.program.rows.times
    return [
        (x, float(reduced @ np.array(x)) + part.program.offset)
        for x in choices
        if weigh(np.array(x))[0] <= part.program.row_upper[0]
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_answers_are_exact(seed: int) -> None:
    """The proposal is the best of all choices, feasible, and the bound lies above it by rounding only."""
    part, prices = knapsack(seed)
    reply = KnapsackOracle(part).answer(prices)
    best = max(value for _, value in every_value(part, prices))
    (made,) = reply.proposals
    assert made.value(prices) == pytest.approx(best)
    assert best <= reply.bound <= best + 1e-9
    assert part.program.rows.times(made.x)[0] <= part.program.row_upper[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_forced_items_are_worth_what_enumeration_says(seed: int) -> None:
    """Each item at 0 and at 1 gives the best choice that has it so, −inf where there is none."""
    part, prices = knapsack(seed)
    forced, values = KnapsackOracle(part).forced(prices), every_value(part, prices)
    for j, (at_zero, at_one) in enumerate(forced.tolist()):
        for wanted, bound in ((0.0, at_zero), (1.0, at_one)):
            best = max((value for x, value in values if x[j] == wanted), default=-INF)
            assert bound == (pytest.approx(best) if np.isfinite(best) else -INF)
            assert bound >= best


def test_only_knapsacks_are_taken_for_knapsacks() -> None:
    """Fractional or negative weights, two rows, a wide or continuous column, a lower limit: left to a solver."""
    fits = {"rows": [[2, 3]], "row_bounds": [(-INF, 4)], "bounds": [(0, 1), (0, 1)], "integer": [True, True]}
    others = (
        {"rows": [[2.5, 3]]},
        {"rows": [[-2, 3]]},
        {"rows": [[2, 3], [1, 1]], "row_bounds": [(-INF, 4), (-INF, 1)]},
        {"bounds": [(0, 2), (0, 1)]},
        {"integer": [True, False]},
        {"row_bounds": [(1, 4)]},
        {"row_bounds": [(-INF, INF)]},
    )
    none = SparseRows.from_triplets((), (), (), 1, 2)
    assert is_knapsack(Part("k", program([1, 1], **fits), none))  # type: ignore[arg-type]  # arguments by name
    for other in others:
        part = Part("k", program([1, 1], **(fits | other)), none)  # type: ignore[arg-type]  # arguments by name
        assert not is_knapsack(part)
        assert isinstance(oracle_of(part, HIGHS), MixedIntegerOracle)
        with pytest.raises(InvalidProgram, match="let a backend solve it"):
            KnapsackOracle(part)


@pytest.mark.parametrize("seed", range(5))
def test_a_core_keeps_everything_better(seed: int) -> None:
    """Whatever lies outside the core is worth less than what the core was made for."""
    problem = assignment(seed)
    oracles = [oracle_of(part, HIGHS) for part in problem.blocks]
    whole = problem.whole()
    prices = HIGHS.load(whole).solve(relaxed=True).row_dual
    assert prices is not None
    prices = prices[-problem.links :]
    bounds = [reply.bound for reply in SerialPricing(problem, oracles).ask(prices) if reply is not None]
    priced = Priced(lagrangian_bound(problem, prices, bounds), prices, tuple(bounds))
    best = HIGHS.load(whole).solve()
    if best.x is None or best.objective is None:
        return
    core = core_of(problem, oracles, priced, best.objective - 0.5)
    assert core.left < problem.columns
    assert (core.lower - 1e-6 <= best.x).all()
    assert (best.x <= core.upper + 1e-6).all()
    above = core_of(problem, oracles, priced, best.objective + 0.5)
    model = HIGHS.load(whole)
    every = np.arange(problem.columns, dtype=np.int32)
    model.set_column_bounds(every, above.lower, above.upper)
    assert (model.solve().objective or -INF) <= best.objective + 1e-6
