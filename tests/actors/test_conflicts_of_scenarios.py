"""An infeasible scenario names hard clauses of which none could be left out, and a way out that works."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from planner.domain.relaxation import Relaxation
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningResult
from planner.simulation.generate import generate
from planner.verification.counterfactual import counterfactual
from tests.planning import optimum, plan_in_process, without_clause
from tests.scenario_builder import frame, with_table

SEEDS = (9, 44, 47, 67, 76)
MORE = (79, 87, 92, 112)


@cache
def infeasible(seed: int) -> Scenario:
    """A tiny scenario without a plan."""
    return generate("tiny", seed=seed)


def only(scenario: Scenario, clauses: tuple[str, ...]) -> Scenario:
    """The scenario without any hard clause but these."""
    for clause in scenario.clauses:
        if clause.penalty is None and clause.id not in clauses and clause.kind not in {"exclusivity", "price_floor"}:
            scenario = without_clause(scenario, clause.id)
    return scenario


def check(seed: int, folder: Path) -> None:
    """The named clauses conflict by themselves, and hold without any one of them."""
    scenario = infeasible(seed)
    result = plan_in_process(scenario, folder).result
    assert result.outcome is Outcome.INFEASIBLE
    hard = {clause.id for clause in scenario.clauses if clause.penalty is None}
    assert result.conflict
    assert set(result.conflict) <= hard
    assert all(amount > 0 for _, amount in result.relaxation)
    assert all(name in result.detail for name in result.conflict)
    together = only(scenario, result.conflict)
    assert not optimum(together).feasible
    for name in result.conflict:
        assert optimum(without_clause(together, name)).feasible, f"{name} is not needed in {result.conflict}"
    assert [term[0] for term in result.terms] == list(result.conflict)
    assert all(contract and text for _, contract, _, text in result.terms)
    check_repairs(scenario, result)


def check_repairs(scenario: Scenario, result: PlanningResult) -> None:
    """Each repair makes a plan possible, and a hundredth less of it does not."""
    assert {name for name, _ in result.repairs} <= set(result.conflict)
    for name, amount in result.repairs:
        assert optimum(counterfactual(scenario, [Relaxation(name, amount=amount)]).scenario).feasible
        assert not optimum(counterfactual(scenario, [Relaxation(name, amount=0.99 * amount)]).scenario).feasible


@pytest.mark.parametrize("seed", SEEDS)
def test_the_named_clauses_conflict_and_each_is_needed(seed: int, tmp_path: Path) -> None:
    """Alone they are infeasible; with any one of them left out there is a plan."""
    check(seed, tmp_path / "plan")


def test_a_clause_that_alone_repairs_a_conflict_of_several_is_found(tmp_path: Path) -> None:
    """Of three clauses that cannot hold together, either volume alone repairs it; parity does not, whatever its gap."""
    result = plan_in_process(infeasible(44), tmp_path / "plan").result
    assert result.conflict == ("impossible/quota", "impossible/other", "parity")
    assert {name for name, _ in result.repairs} == {"impossible/quota", "impossible/other"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", MORE)
def test_the_named_clauses_conflict_and_each_is_needed_on_more_seeds(seed: int, tmp_path: Path) -> None:
    """The same on more infeasible seeds."""
    check(seed, tmp_path / "plan")


def test_a_clause_and_a_limit_that_are_each_impossible_are_both_in_the_way_out(tmp_path: Path) -> None:
    """Where neither kind loosened alone opens a way, one conflict is named, and what both of them have to give."""
    shut = [("PL2", market, "*", 0) for market in ("north", "south")]
    scenario = with_table(infeasible(9), "lane_closures", frame("lane_closures", shut))
    result = plan_in_process(scenario, tmp_path / "plan").result
    assert result.outcome is Outcome.INFEASIBLE
    assert result.conflict == ("plant:PL2: balance P2 in period 0",), "3.12 on hand, room for 2.06, no way out"
    assert dict(result.relaxation) == pytest.approx({"impossible/volume": 9.04, result.conflict[0]: 1.06})
