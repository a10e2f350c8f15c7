"""Hard minimums on offers, met exactly by shares and missed by whole offers: asked for with a little more."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from actors.candidate import Polisher
from actors.certify import certify
from actors.formulate.links import clause_of
from actors.formulate.problem import totals
from actors.in_process import InProcessNetwork
from actors.joint_problem import JointProblem, hard_reward_floors
from actors.protocol import Formulate, Survey, Surveyed
from planner.domain.clauses import BudgetClause, RewardFloorClause
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny import tiny_scenario
from solvers.backends.registry import backend
from solvers.core.termination import Limits, Solution
from tests.planning import decomposed, in_process, plan_in_process, whole_problem
from tests.scenario_builder import small_scenario, with_clauses

LOYAL = TinyParameters(customers=(600, 600), segments=(3, 3), clause=0.0, impossible=0.0)
BRAND = {"contract": "C", "partner": "brand"}


def with_floor(scenario: Scenario, least: float, partner: str) -> Scenario:
    """The scenario with one contract: the partner's money must flow."""
    clause = BudgetClause(id="must-flow", contract="C", partner=partner, min=least)
    made = with_clauses(scenario, clause)
    contract = dataclasses.replace(made.contracts[0], partner=partner)
    return dataclasses.replace(made, contracts=(contract,))


def spendable(scenario: Scenario) -> float:
    """What brand A would pay if its dearest offers went to everyone."""
    problem, _ = whole_problem(scenario)
    return float(problem.around.partner.spend["BRAND-A"].sum())


@pytest.mark.parametrize(("seed", "part"), [(0, 0.1), (3, 0.1), (3, 0.5), (7, 0.1), (9, 0.1)])
def test_a_hard_minimum_that_shares_meet_exactly_is_met_by_whole_offers(seed: int, part: float) -> None:
    """Where shares spend exactly the minimum and whole offers less, another attempt asks for more and succeeds."""
    base = tiny_scenario(seed, LOYAL)
    scenario = with_floor(base, part * spendable(base), "BRAND-A")
    polisher, shared = polished(scenario)
    assert shared.objective is not None
    candidate = polisher.complete(shared, Limits())
    assert candidate is not None
    assert candidate.value <= shared.objective + 1e-6
    assert candidate.value >= shared.objective - 0.2 * abs(shared.objective)


def test_a_hard_minimum_on_offers_stands_in_a_certified_plan(tmp_path: Path) -> None:
    """Planned by agents alone, the minimum is met in the plan that is written, and the plan verifies."""
    base = tiny_scenario(3, LOYAL)
    least = 0.1 * spendable(base)
    scenario = with_floor(base, least, "BRAND-A")
    with decomposed():
        planned = plan_in_process(scenario, tmp_path / "plan", PlanningParameters(work_limit=20))
    assert planned.result.outcome is Outcome.PLANNED, planned.result.detail
    assert planned.plan is not None
    row = planned.plan["clauses"].row(0, named=True)
    assert (row["clause"], row["violation"]) == ("must-flow", 0.0)
    assert row["measure"] >= least - 1e-4
    assert certify(scenario, planned.plan).breaches == ()


def test_only_hard_minimums_on_offers_are_floors() -> None:
    """Budget minimums and reward floors without penalty are found among the rows, and no other clause."""
    clauses = (
        BudgetClause(id="hard-min", min=0.2, **BRAND),
        BudgetClause(id="hard-max", max=9.0, **BRAND),
        BudgetClause(id="soft-min", min=0.2, penalty=1.0, **BRAND),
        RewardFloorClause(id="hard-floor", tier="gold", min_share=0.5, each_window=True, **BRAND),
        RewardFloorClause(id="soft-floor", tier="gold", min_share=0.5, penalty=1.0, **BRAND),
    )
    problem, assembly = whole_problem(with_clauses(small_scenario(), *clauses))
    rows = hard_reward_floors(JointProblem(problem.blocks, problem.around, assembly))
    keys = [key for block in problem.blocks for key in block.rows.key] + list(problem.around.links.links.labels.key)
    assert [clause_of(keys[row]) for row in rows] == ["hard-min", "hard-floor", "hard-floor"]
    assert np.isfinite(assembly.program.row_lower[rows]).all()


def test_the_polisher_leaves_its_model_as_it_found_it() -> None:
    """After making offers whole, held columns, freed rows and lifted floors are what they were."""
    base = tiny_scenario(7, LOYAL)
    polisher, shared = polished(with_floor(base, 0.1 * spendable(base), "BRAND-A"))
    polisher.complete(shared, Limits())
    again = polisher.solve(Limits())
    assert again.objective == pytest.approx(shared.objective, abs=1e-6)


def polished(scenario: Scenario) -> tuple[Polisher, Solution]:
    """A polisher of a scenario whose set-ups are free, and its solution with offers in shares."""
    problem, assembly = whole_problem(scenario)
    network = in_process(scenario)
    _formulated(network)
    polisher = Polisher(
        assembly, backend("highs"), network, hard_reward_floors(JointProblem(problem.blocks, problem.around, assembly))
    )
    return polisher, polisher.solve(Limits())


def _formulated(network: InProcessNetwork) -> None:
    """Bring agents to where they can realise offers."""
    segments = [name for name in network.names if name.startswith("segment:")]
    replies = network.ask({name: Survey() for name in segments})
    surveyed = {name: reply for name, reply in replies.items() if isinstance(reply, Surveyed)}
    potentials = {name.removeprefix("segment:"): reply.potential for name, reply in surveyed.items()}
    total = totals(potentials, tuple(reply.eligible for reply in surveyed.values()))
    network.ask({name: Formulate(total) for name in network.names})
