"""Loaded lot-sizing programs follow changes as if they had been loaded anew."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.fixed_setups import FixedSetups
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.persistent import Formulate, LotSizingModel
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.verify import recompute
from tests.solvers.small_lots import plant, random_lots

FORMULATIONS = (plain_formulation, facility_location_formulation)


def changes(instance: LotSizingInstance, seed: int) -> list[dict[str, np.ndarray]]:
    """Other prices, other demand, less capacity, and all at once."""
    draw = np.random.default_rng(seed)

    def about(table: np.ndarray) -> np.ndarray:
        return np.rint(table * draw.uniform(0.7, 1.4, table.shape))

    prices = {name: about(getattr(instance, name)) for name in ("setup_cost", "holding_cost", "overtime_cost")}
    demand, capacity = {"demand": about(instance.demand)}, {"capacity": about(instance.capacity)}
    return [prices, demand, capacity, prices | demand | capacity]


@pytest.mark.parametrize("formulate", FORMULATIONS)
@pytest.mark.parametrize("seed", range(4))
def test_a_changed_model_answers_like_a_new_one(seed: int, formulate: Formulate) -> None:
    """After each change the linear and the whole optimum are those of the changed data loaded from scratch."""
    instance = plant(3, 4, seed)
    model = LotSizingModel(instance, backend("highs"), formulate=formulate)
    model.solve(relaxed=True)
    for tables in changes(instance, seed):
        model.change(**tables)
        fresh = LotSizingModel(model.instance, backend("highs"), formulate=formulate)
        for relaxed in (True, False):
            expected = fresh.solve(relaxed=relaxed).objective
            assert model.solve(relaxed=relaxed).objective == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_old_setups_give_the_best_lots_for_new_demand(seed: int) -> None:
    """Fixed set-ups are followed through changes, and the optimum's own set-ups lead back to the optimum."""
    instance = random_lots(seed)
    solution = LotSizingModel(instance, backend("highs")).solve()
    if solution.x is None:
        return
    best = plain_formulation(instance).read(solution.x)
    fixed = FixedSetups(instance, np.zeros_like(best.setup), backend("highs"))
    fixed.solve()
    fixed.change(setup=best.setup)
    plan = fixed.solve()
    assert plan is not None
    found = recompute(instance, plan)
    assert found.violated == ()
    assert found.cost == pytest.approx(recompute(instance, best).cost, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_a_first_plan_after_a_change_of_demand_is_feasible_with_the_old_setups(seed: int) -> None:
    """With overtime and lost sales the old set-ups always serve; the plan uses no others."""
    instance = plant(6, 8, seed)
    setup = np.random.default_rng(seed).random((6, 8)) < 0.4
    fixed = FixedSetups(instance, setup, backend("highs"))
    fixed.solve()
    for tables in changes(instance, seed):
        fixed.change(**tables)
        plan = fixed.solve()
        assert plan is not None
        assert recompute(fixed.instance, plan).violated == ()
        assert not (plan.setup & ~setup).any()


def test_without_a_plan_for_these_setups_there_is_none() -> None:
    """Demand that may not be lost and no set-up to serve it."""
    instance = LotSizingInstance(demand=np.ones((1, 2)))
    assert FixedSetups(instance, np.zeros((1, 2), dtype=bool), backend("highs")).solve() is None


def test_a_change_of_structure_is_refused_and_leaves_the_model_as_it_was() -> None:
    """A limit where there was none changes the rows; the message asks for a new model, and the old one answers."""
    instance = LotSizingInstance(
        demand=np.ones((2, 3)), setup_cost=np.ones((2, 1)), capacity=np.full((1, 3), np.inf), unit_time=np.ones((2, 1))
    )
    model = LotSizingModel(instance, backend("highs"))
    before = model.solve().objective
    with pytest.raises(InvalidProgram, match="load a new model"):
        model.change(capacity=np.ones((1, 3)))
    with pytest.raises(InvalidProgram, match="bom_parent shape the program"):
        model.change(bom_parent=np.array([0]))
    with pytest.raises(InvalidProgram, match=r"demand\[0, 0\]"):
        model.change(demand=np.full((2, 3), -1.0))
    assert model.instance is instance
    assert model.solve().objective == before
