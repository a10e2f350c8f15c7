"""The array formulation of the whole problem against the readable Pyomo model, on random tiny scenarios."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from pyomo.contrib.appsi.base import TerminationCondition
from pyomo.contrib.appsi.solvers.highs import Highs

from actors.formulate.problem import formulate
from actors.formulate.reference import planning_data
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.termination import Limits, Termination
from solvers.network.assembly import assemble
from solvers.reference.planning import planning_model

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


def check(seed: int) -> None:
    """Compare both optima of a tiny scenario."""
    scenario = generate("tiny", seed=seed)
    assert array_optimum(scenario) == pytest.approx(reference_optimum(scenario), rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_the_arrays_have_the_optimum_of_the_readable_model(seed: int) -> None:
    """On a tiny scenario both formulations have one optimum, or are infeasible together."""
    check(seed)
