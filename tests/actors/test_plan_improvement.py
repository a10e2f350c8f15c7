"""Neighbourhoods of a plan: which products they are of, and that deciding them anew never makes a plan worse."""

from __future__ import annotations

import numpy as np
import pytest

from actors.allowance import Allowance
from actors.candidate import Polisher
from actors.host import SharedSurroundings
from actors.incumbents import Incumbents
from actors.joint_problem import JointProblem, hard_reward_floors, join
from actors.neighbourhoods import batches, product_columns
from actors.plan_search import PlanSearch
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny import tiny_scenario
from solvers.backends.registry import backend
from tests.planning import in_process

FEASIBLE = TinyParameters(impossible=0.0)


def joined(seed: int) -> tuple[JointProblem, PlanSearch, Incumbents]:
    """A scenario's joint problem, a search for its plans, and the plans found."""
    scenario = tiny_scenario(seed, FEASIBLE)
    network, highs = in_process(scenario), backend("highs")
    problem = join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list())
    allowance = Allowance(clock=lambda: 0.0, cancelled=lambda: False)
    incumbents = Incumbents(allowance)
    polisher = Polisher(problem.assembly, highs, network, hard_reward_floors(problem))
    return problem, PlanSearch(problem, polisher, highs, allowance=allowance, incumbents=incumbents), incumbents


def improved(seed: int) -> tuple[JointProblem, list[float], Incumbents]:
    """The first plan of a scenario after a few sweeps, with all values on the way."""
    problem, plans, incumbents = joined(seed)
    plans.plan_early(backend("highs").load(problem.assembly.program).solve(relaxed=True))
    values = [] if plans.best is None else [plans.best.value]

    def report() -> None:
        if plans.best is not None:
            values.append(plans.best.value)

    plans.improve(report, lambda: False, sweeps=4)
    return problem, values, incumbents


@pytest.mark.parametrize("seed", [2, 5, 12, 38])
def test_sweeps_never_make_a_plan_worse(seed: int) -> None:
    """Values only rise, the best is what its columns are worth, and all its set-ups and tiers are whole."""
    problem, values, incumbents = improved(seed)
    best, program = incumbents.best, problem.assembly.program
    if best is None:
        assert values == []
        return
    assert values == sorted(values)
    assert best.value == pytest.approx(float(program.objective @ best.x) + program.offset)
    whole = best.x[np.concatenate([problem.assembly.setups.setup, *(g for _, g in problem.assembly.choices)])]
    np.testing.assert_allclose(whole, np.round(whole), atol=1e-6)


def test_sweeps_repeat_themselves() -> None:
    """The same plan is improved in the same way, to the last bit."""
    first, again = (improved(12)[2].best for _ in range(2))
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(first.x, again.x)


def test_sweeps_find_what_a_first_plan_misses() -> None:
    """On some of a few scenarios deciding products anew finds a plan that is truly better than the first."""
    gains = [values[-1] - values[0] for values in (improved(seed)[1] for seed in range(4)) if values]
    assert max(gains) > 1e-3


def test_a_neighbourhood_holds_a_products_columns_wherever_they_are() -> None:
    """Set-ups, lots, stock, shipments and service of the product are free in every block, those of others are not."""
    problem = joined(5)[0]
    columns = product_columns(problem)
    names = problem.around.scenario["products"]["product"].to_list()
    free, start = columns.around([0]), problem.assembly.column_start
    for b, block in enumerate(problem.blocks):
        for j, (kind, key) in enumerate(zip(block.columns.kind, block.columns.key, strict=True)):
            if block.name.startswith("plant:") and kind in {"setup", "production", "stock", "shipment", "surplus"}:
                assert free[start[b] + j] == (key.rpartition("/")[2] == names[0])
            if kind in {"given", "redeemed", "tier"}:
                assert not free[start[b] + j]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_every_product_is_decided_once_a_sweep(size: int) -> None:
    """Batches take sets from different groups, and all of them together hold every product once."""
    groups = ((0, 1, 2, 3, 4), (5, 6), (7,))
    made = list(batches(groups, size))
    assert sorted(k for batch in made for products in batch for k in products) == list(range(8))
    for batch in made:
        of_group = [next(g for g, group in enumerate(groups) if products[0] in group) for products in batch]
        assert len(set(of_group)) == len(batch)
        assert all(len(products) <= size for products in batch)
