"""The array formulation of the whole problem against the readable Pyomo model, on random tiny scenarios."""

from __future__ import annotations

import math
from functools import cache

import pyomo.environ as pyo
import pytest
from pyomo.contrib.appsi.base import TerminationCondition
from pyomo.contrib.appsi.solvers.highs import Highs

from actors.formulate.problem import formulate
from actors.formulate.reference import planning_data
from planner.domain.clauses import CLAUSE_KINDS
from planner.domain.plan import VALUE_PARTS
from planner.domain.scenario import Scenario
from planner.domain.schema import TABLES
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.termination import Limits, Termination
from solvers.network.assembly import assemble
from solvers.reference.planning import planning_model
from tests.scenario_builder import small_scenario, with_closed_recipes, with_closures

FEW = range(12)
EXACT = {"mip_rel_gap": 1e-9, "mip_abs_gap": 1e-9, "mip_feasibility_tolerance": 1e-9}


def reference_optimum(scenario: Scenario) -> float:
    """The optimum of the readable model, -inf if infeasible.

    Set-ups and other whole numbers are rounded and the rest solved again, so that no big-M leaks.
    """
    model = planning_model(planning_data(scenario, eligibility_patterns(scenario)))
    solver = Highs()
    solver.config.load_solution = False
    solver.highs_options = {"threads": 1, "random_seed": 0, "parallel": "off"} | EXACT
    results = solver.solve(model)
    if results.termination_condition is TerminationCondition.infeasible:
        return -math.inf
    assert results.termination_condition is TerminationCondition.optimal
    results.solution_loader.load_vars()
    for variable in model.component_data_objects(pyo.Var):
        if variable.is_binary() and variable.value is not None:
            variable.fix(round(variable.value))
    results = solver.solve(model)
    assert results.termination_condition is TerminationCondition.optimal
    return float(results.best_feasible_objective)


def array_optimum(scenario: Scenario) -> float:
    """The optimum of the assembled blocks, -inf if infeasible."""
    problem = formulate(scenario, eligibility_patterns(scenario))
    program = assemble(problem.blocks, problem.around.links.links).program
    solution = backend("highs").load(program).solve(limits=Limits(gap=1e-9, absolute_gap=1e-9))
    assert solution.termination in {Termination.OPTIMAL, Termination.INFEASIBLE}
    return -math.inf if solution.objective is None else solution.objective


@cache
def optimum_of(seed: int) -> float:
    """The optimum of a tiny scenario as it is drawn; several tests ask for it."""
    return array_optimum(generate("tiny", seed=seed))


def check(scenario: Scenario) -> None:
    """Compare both optima of a scenario."""
    assert array_optimum(scenario) == pytest.approx(reference_optimum(scenario), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", FEW)
def test_the_arrays_have_the_optimum_of_the_readable_model(seed: int) -> None:
    """On a tiny scenario both formulations have one optimum, or are infeasible together."""
    assert optimum_of(seed) == pytest.approx(reference_optimum(generate("tiny", seed=seed)), rel=1e-6, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 150))
def test_the_arrays_have_the_optimum_of_the_readable_model_on_many(seed: int) -> None:
    """On many more tiny scenarios both formulations have one optimum, or are infeasible together."""
    check(generate("tiny", seed=seed))


@pytest.mark.parametrize("seed", range(6))
def test_both_formulations_agree_where_lanes_are_closed(seed: int) -> None:
    """With a third of lanes and periods closed, both formulations have one optimum, or are infeasible together."""
    check(with_closures(generate("tiny", seed=seed), seed))


@pytest.mark.parametrize("seed", range(6))
def test_both_formulations_agree_where_recipes_are_closed(seed: int) -> None:
    """With a third of recipes and periods closed, both formulations have one optimum, or are infeasible together."""
    check(with_closed_recipes(generate("tiny", seed=seed), seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 150))
def test_both_formulations_agree_where_recipes_are_closed_on_many(seed: int) -> None:
    """On many more tiny scenarios with closed recipes both have one optimum, or are infeasible together."""
    check(with_closed_recipes(generate("tiny", seed=seed), seed))


def test_closing_recipes_costs_money_in_what_is_compared() -> None:
    """Closures bind in what is compared."""
    plain = [generate("tiny", seed=seed) for seed in range(4)]
    assert any(array_optimum(with_closed_recipes(s, i)) < optimum_of(i) - 1e-6 for i, s in enumerate(plain))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6, 150))
def test_both_formulations_agree_where_lanes_are_closed_on_many(seed: int) -> None:
    """On many more tiny scenarios with closed lanes both have one optimum, or are infeasible together."""
    check(with_closures(generate("tiny", seed=seed), seed))


def test_closing_lanes_costs_money_in_what_is_compared() -> None:
    """Closures bind in what is compared, and some of them close a product's own lane."""
    closed = [with_closures(generate("tiny", seed=seed), seed) for seed in FEW]
    worse = [array_optimum(closed[seed]) < optimum_of(seed) - 1e-6 for seed in range(4)]
    assert any(worse)
    assert any((scenario["lane_closures"]["product"] != "*").any() for scenario in closed)


def test_both_formulations_agree_on_a_scenario_written_by_hand() -> None:
    """A scenario with every table and every clause kind has one optimum in both formulations."""
    check(small_scenario())


def test_the_seeds_show_every_clause_kind_every_optional_table_and_infeasibility() -> None:
    """What the few seeds compare leaves out no clause kind, no optional table, and not what cannot hold."""
    scenarios = [generate("tiny", seed=seed) for seed in FEW]
    scenarios += [with_closures(scenarios[0], 0), with_closed_recipes(scenarios[0], 0)]
    assert {clause.kind for s in scenarios for clause in s.clauses} == set(CLAUSE_KINDS)
    optional = {name for name, table in TABLES.items() if table.optional}
    assert {name for s in scenarios for name in optional if s[name].height} == optional
    assert -math.inf in {optimum_of(seed) for seed in FEW}


def test_the_model_prints_in_the_words_of_its_text() -> None:
    """Rows carry the names their modules speak of, clause rows the clause's id, and the parts are those of a plan."""
    scenario = small_scenario()
    model = planning_model(planning_data(scenario, eligibility_patterns(scenario)))
    named = {component.name for component in model.component_objects(pyo.Constraint)}
    assert {"lot_needs_setup", "capacity", "stock_balance", "material_balance", "market_balance", "demand"} <= named
    assert set(model.part) == set(VALUE_PARTS)
    rows = {key[0] for name in ("clause_rows", "clause_forbids", "tier_pays") for key in model.find_component(name)}
    assert rows >= {clause.id for clause in scenario.clauses if clause.kind not in {"exclusivity", "price_floor"}}
