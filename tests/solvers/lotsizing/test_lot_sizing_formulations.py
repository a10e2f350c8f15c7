"""Both formulations against a readable reference, against each other, and against the exact uncapacitated answer."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.termination import Solution
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.verify import lower_bound, recompute
from solvers.lotsizing.wagner_whitin import wagner_whitin
from solvers.reference.clsp import coarse_largest_lot, loaded_in_highs, lot_sizing_plain
from tests.solvers.small_lots import random_lots

FORMULATIONS = (plain_formulation, facility_location_formulation)


def reference_cost(instance: LotSizingInstance) -> float | None:
    """The optimum of the readable model; None if infeasible."""
    model = lot_sizing_plain(instance, coarse_largest_lot(instance))
    solver = loaded_in_highs(model)
    solver.config.load_solution = False
    solver.highs_options = {"threads": 1, "mip_rel_gap": 1e-9, "mip_abs_gap": 1e-9}
    found = solver.solve(model).best_feasible_objective
    return None if found is None or not np.isfinite(found) else float(found)


def solved(formulation: Formulation, *, relaxed: bool = False) -> Solution:
    """Solve with the default backend."""
    return backend("highs").load(formulation.program).solve(relaxed=relaxed)


@pytest.mark.parametrize("seed", range(125))
def test_both_formulations_have_the_optimum_of_the_readable_model(seed: int) -> None:
    """With every feature drawn at random, three models written apart agree, and the plans read back cost that much."""
    instance = random_lots(seed)
    expected = reference_cost(instance)
    for formulate in FORMULATIONS:
        formulation = formulate(instance)
        solution = solved(formulation)
        if expected is None:
            assert solution.x is None
            continue
        assert solution.x is not None
        found = recompute(instance, formulation.read(solution.x))
        assert found.violated == ()
        assert found.cost == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("seed", range(125))
def test_facility_location_bounds_at_least_as_well_and_never_above_the_optimum(seed: int) -> None:
    """The recomputed linear bounds are in order: plain, facility location, optimum."""
    instance = random_lots(seed)
    bounds = []
    for formulate in FORMULATIONS:
        formulation = formulate(instance)
        linear = solved(formulation, relaxed=True)
        if linear.x is None or linear.row_dual is None:
            return
        bounds.append(lower_bound(formulation.program, linear.row_dual))
        assert bounds[-1] == pytest.approx(-(linear.objective or 0.0), rel=1e-6, abs=1e-5)
    assert bounds[0] <= bounds[1] + 1e-5 * (1 + abs(bounds[1]))
    optimum = solved(plain_formulation(instance)).objective
    if optimum is not None:
        assert bounds[1] <= -optimum + 1e-5 * (1 + abs(optimum))


@pytest.mark.parametrize("seed", range(20))
def test_without_capacity_the_relaxation_is_the_dynamic_program(seed: int) -> None:
    """At one level without limits the linear program reaches Wagner and Whitin's cost with whole set-ups."""
    draw = np.random.default_rng(seed)
    shape = (3, int(draw.integers(3, 12)))
    instance = LotSizingInstance(
        demand=np.where(draw.random(shape) < 0.7, draw.integers(1, 40, shape), 0).astype(float),
        setup_cost=draw.integers(1, 90, shape).astype(float),
        unit_cost=draw.integers(0, 5, shape).astype(float),
        holding_cost=draw.integers(0, 4, shape).astype(float),
    )
    exact = wagner_whitin(instance)
    linear = solved(facility_location_formulation(instance), relaxed=True)
    assert -(linear.objective or 0.0) == pytest.approx(exact.cost.sum(), rel=1e-9)
    formulation = plain_formulation(instance)
    plan = formulation.read(solved(formulation).x)
    assert recompute(instance, plan).cost == pytest.approx(exact.cost.sum(), rel=1e-6)


def test_the_forcing_coefficient_is_as_tight_as_the_data() -> None:
    """Remaining demand, capacity less the set-up, and the largest lot: the least of them stands in the row."""
    instance = LotSizingInstance(
        demand=np.array([[10.0, 20.0, 5.0]]),
        setup_time=np.array([[4.0]]),
        unit_time=np.array([[2.0]]),
        capacity=np.array([[100.0, 36.0, 100.0]]),
        max_lot=np.array([30.0]),
        initial_stock=np.array([2.0]),
    )
    formulation = plain_formulation(instance)
    rows = formulation.program.rows
    entry = rows.start[formulation.forcing[0]] + 1
    assert rows.value[entry].tolist() == [-30.0, -16.0, -5.0]


def test_a_component_is_bounded_by_what_its_parents_need() -> None:
    """Echelon demand: two of the component per parent, started when the parent starts, less its own stock."""
    instance = LotSizingInstance(
        demand=np.array([[0.0, 0.0, 10.0], [0.0, 0.0, 0.0]]),
        setup_cost=np.ones((2, 1)),
        lead_time=np.array([1, 0]),
        bom_parent=np.array([0], dtype=np.int32),
        bom_component=np.array([1], dtype=np.int32),
        bom_quantity=np.array([2.0]),
        initial_stock=np.array([1.0, 3.0]),
    )
    formulation = facility_location_formulation(instance)
    upper = formulation.program.upper
    assert upper[formulation.production[0, :2]].tolist() == [9.0, 9.0]
    assert formulation.production[0, 2] == -1
    assert upper[formulation.production[1]].tolist() == [15.0, 15.0, 0.0]


@pytest.mark.parametrize("seed", [1, 5, 10, 26])
def test_a_start_holds_the_whole_plan(seed: int) -> None:
    """The columns of a plan satisfy the plain rows and give its cost."""
    instance = random_lots(seed)
    formulation = plain_formulation(instance)
    solution = solved(formulation)
    assert solution.x is not None
    start = formulation.start(formulation.read(solution.x))
    assert not np.isnan(start).any()
    activity = formulation.program.rows.times(start)
    assert (activity >= formulation.program.row_lower - 1e-6).all()
    assert (activity <= formulation.program.row_upper + 1e-6).all()
    assert formulation.program.objective @ start == pytest.approx(solution.objective)
