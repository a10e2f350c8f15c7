"""What loosening a clause is worth: intervals of certified values and bounds hold the true change of the optimum."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.domain.clauses import BudgetClause
from planner.domain.plan import Plan
from planner.domain.relaxation import Relaxation, parse_relaxation
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.simulation.generate import generate
from planner.verification.check import check_plan
from planner.verification.counterfactual import Certified, Counterfactual, ValueChange, counterfactual, value_change
from tests.micro_scenario import micro
from tests.planning import decomposed, optimum, plan_in_process

ROUGH = PlanningParameters(gap=0.05)


def planned(scenario: Scenario, folder: Path) -> Plan:
    """Plan a scenario; the plan holds."""
    plan = plan_in_process(scenario, folder, ROUGH).plan
    assert plan is not None
    assert check_plan(scenario, plan).holds
    return plan


def certified(plan: Plan) -> Certified:
    """Value and bounds of a plan."""
    return Certified(*(float(str(plan.summary[name])) for name in ("value", "bound_proved", "bound_checked")))


def answered(scenario: Scenario, relaxation: Relaxation, folder: Path) -> tuple[Counterfactual, ValueChange]:
    """Plan a scenario with and without a clause loosened, and compare."""
    plan = planned(scenario, folder / "before")
    changed = counterfactual(scenario, [relaxation], plan)
    after = planned(changed.scenario, folder / "after")
    return changed, value_change(certified(plan), certified(after), kept=changed.kept, monotone=changed.monotone)


def test_a_budget_loosened_by_what_one_more_customer_costs_is_proven_to_help(tmp_path: Path) -> None:
    """Brand's 0.75 pay for two customers in period 1; 0.15 more pay for one in period 0, which brings 1.3."""
    clause = BudgetClause(id="budget", contract="C", partner="brand", max=0.75)
    changed, change = answered(micro(clause), parse_relaxation("budget=0.15"), tmp_path)
    assert change.helps
    assert change.lower == pytest.approx(1.3, abs=1e-3)
    assert change.upper == pytest.approx(1.3, abs=1e-3)
    assert changed.estimate == pytest.approx(0.15 * 2.6 / 0.6)


def test_a_budget_that_does_not_bind_is_not_said_to_help(tmp_path: Path) -> None:
    """A budget of 5, of which 1.2 are spent, loosened by 1 changes nothing, and nothing is claimed."""
    clause = BudgetClause(id="budget", contract="C", partner="brand", max=5.0)
    changed, change = answered(micro(clause), parse_relaxation("budget=1"), tmp_path)
    assert not change.helps
    assert (change.lower, changed.estimate) == (0.0, 0.0)
    assert change.upper == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("seed", "by"),
    [
        (7, "25%"),
        (3, "drop"),
        pytest.param(13, "drop", marks=pytest.mark.slow),
        pytest.param(14, "25%", marks=pytest.mark.slow),
    ],
)
def test_the_interval_holds_the_true_change_however_rough_the_plans(seed: int, by: str, tmp_path: Path) -> None:
    """With plans of agents alone and gaps of up to 5 %, both intervals hold the change of the exact optimum."""
    scenario = generate("tiny", seed=seed)
    with decomposed():
        plan = planned(scenario, tmp_path / "first")
        dearest = plan["clauses"].sort("price", descending=True)["clause"][0]
        changed, change = answered(scenario, parse_relaxation(f"{dearest}={by}"), tmp_path)
    before, after = optimum(scenario), optimum(changed.scenario)
    least, most = after.reached - before.claimed, after.claimed - before.reached
    slack = 1e-6 * abs(before.claimed)
    assert change.lower <= most + slack
    assert least <= change.upper + slack
    assert change.checked is not None
    assert change.checked[0] <= most + slack
    assert least <= change.checked[1] + slack


def test_the_interval_is_that_of_values_and_bounds() -> None:
    """From [10, 12] to [13, 14] the best value changes by 1 to 4; a rise of [10, 12] to [11, 14] is not proven."""
    proven = value_change(Certified(10.0, 12.0), Certified(13.0, 14.0))
    assert (proven.lower, proven.upper, proven.helps, proven.checked) == (1.0, 4.0, True, None)
    open_ended = value_change(Certified(10.0, 12.0), Certified(11.0, 14.0))
    assert (open_ended.lower, open_ended.upper, open_ended.helps) == (0.0, 4.0, False)


def test_only_a_loosening_that_can_cost_nothing_is_kept_above_zero() -> None:
    """Where a change may do harm, as with rebate tiers, the interval may lie below zero."""
    change = value_change(Certified(10.0, 12.0), Certified(11.0, 11.5), monotone=False)
    assert (change.lower, change.upper) == (-1.0, 1.5)


def test_the_known_plan_of_the_second_problem_counts() -> None:
    """A plan that keeps its decisions and pays less penalty proves a rise that the new plan alone does not."""
    change = value_change(Certified(10.0, 10.5), Certified(10.2, 12.0), kept=11.0)
    assert (change.lower, change.helps) == (0.5, True)
