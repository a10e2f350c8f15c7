"""Plans that go on from earlier ones: valid, certified for the changed scenario, and the same every time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from actors.certify import certify
from actors.host import SharedSurroundings
from actors.joint_problem import JointProblem, join
from actors.replanning import EarlierPlan, earlier_plan
from benchmarks.instances.changed_scenarios import amended_contracts
from planner.domain.clauses import BudgetClause, RebateClause
from planner.domain.freezing import CLAUSE, frozen_to
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.generate import generate
from tests.micro_scenario import micro
from tests.middling import middling_scenario
from tests.planning import decomposed, in_process, optimum, plan_in_process
from tests.scenario_builder import small_scenario, with_table

GAP = 0.02


def more_orders(scenario: Scenario) -> Scenario:
    """Return the scenario with every order a fifth larger."""
    return with_table(scenario, "orders", scenario["orders"].with_columns(quantity=pl.col("quantity") * 1.2))


def outage(scenario: Scenario) -> Scenario:
    """Return the scenario whose first plant stands still for two periods."""
    plant = scenario["plants"]["plant"][0]
    still = (pl.col("plant") == plant) & pl.col("period").is_in([1, 2])
    hours = [pl.when(still).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("regular", "overtime_max")]
    return with_table(scenario, "resources", scenario["resources"].with_columns(hours))


def half_budgets(scenario: Scenario) -> Scenario:
    """Return the scenario with every budget halved."""

    def halved(clause: object) -> object:
        if isinstance(clause, BudgetClause) and clause.max is not None:
            return dataclasses.replace(clause, max=clause.max / 2)
        return clause

    return _with(scenario, halved)


def other_tiers(scenario: Scenario) -> Scenario:
    """Return the scenario whose rebates have one tier less, so that choices are other ones."""
    return _with(scenario, lambda c: dataclasses.replace(c, tiers=c.tiers[:-1]) if isinstance(c, RebateClause) else c)


def shifted_demand(scenario: Scenario) -> Scenario:
    """Return the scenario with a third of one segment's demand moved to another."""
    first, second = scenario["segments"]["segment"][:2].to_list()
    share = pl.when(pl.col("segment") == first).then(0.67).when(pl.col("segment") == second).then(1.33).otherwise(1.0)
    return with_table(scenario, "demand", scenario["demand"].with_columns(quantity=pl.col("quantity") * share))


CHANGES = [
    more_orders,
    outage,
    other_tiers,
    pytest.param(half_budgets, marks=pytest.mark.slow),
    pytest.param(shifted_demand, marks=pytest.mark.slow),
]


def _with(scenario: Scenario, change: Callable[[object], object]) -> Scenario:
    contracts = tuple(
        dataclasses.replace(contract, clauses=tuple(change(clause) for clause in contract.clauses))  # type: ignore[misc]  # the change keeps the kind
        for contract in scenario.contracts
    )
    return dataclasses.replace(scenario, contracts=contracts)


def planned(scenario: Scenario, folder: Path, **asked: object) -> Plan:
    """Return the plan of a scenario with all searches of the decomposition."""
    with decomposed():
        done = plan_in_process(scenario, folder, PlanningParameters(gap=GAP, work_limit=12, **asked))  # type: ignore[arg-type]  # passed on
    assert done.result.outcome is Outcome.PLANNED, done.result.detail
    assert done.plan is not None
    return done.plan


def known(plan: Plan, scenario: Scenario) -> tuple[JointProblem, EarlierPlan]:
    """Return the joint problem of a scenario and what an earlier plan says in it."""
    network = in_process(scenario)
    problem = join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list())
    return problem, earlier_plan(plan, problem, network)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a plan of the small scenario."""
    folder = tmp_path_factory.mktemp("base") / "plan"
    planned(small_scenario(), folder)
    return folder


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_plan_after_a_change_is_certified_for_the_changed_scenario(
    base: Path, tmp_path: Path, change: Callable[[Scenario], Scenario]
) -> None:
    """Everything holds when it is verified, the optimum lies below the bound, and the plan names its base by hash."""
    scenario = change(small_scenario())
    plan = planned(scenario, tmp_path / "plan", base_plan=str(base))
    assert certify(scenario, plan).breaches == ()
    assert optimum(scenario).reached <= float(str(plan.summary["bound_checked"])) + 1e-6
    told = plan.summary["parameters"]
    assert isinstance(told, dict)
    assert len(told["base_plan"]) == 64


def test_the_same_base_gives_the_same_plan(base: Path, tmp_path: Path) -> None:
    """Two plans of one changed scenario that go on from one plan have the same decisions."""
    one, other = (planned(outage(small_scenario()), tmp_path / name, base_plan=str(base)) for name in ("one", "other"))
    assert one.summary["plan_hash"] == other.summary["plan_hash"]


def test_nothing_changed_needs_no_new_relaxation(tmp_path: Path) -> None:
    """Going on from a plan of the same scenario reaches its gap at once, with its value but for remade offers."""
    scenario = middling_scenario(3)
    first = planned(scenario, tmp_path / "first")
    gap = float(str(first.summary["gap_checked"])) + 1e-6
    with decomposed():
        done = plan_in_process(
            scenario, tmp_path / "next", PlanningParameters(gap=gap, base_plan=str(tmp_path / "first"))
        )
    assert done.plan is not None
    assert done.plan.summary["stopped_by"] == "gap"
    assert "relaxing" not in {progress.phase for progress in done.told}
    assert float(str(done.plan.summary["value"])) >= float(str(first.summary["value"])) * (1 - 1e-4)


def test_bounds_that_agents_proved_are_proved_again_at_the_prices_of_the_plan(tmp_path: Path) -> None:
    """Where agents lowered the bound below the checked one, going on asks at their prices and needs no relaxation."""
    scenario = middling_scenario(4)
    with decomposed():
        first = plan_in_process(scenario, tmp_path / "first", PlanningParameters(gap=1e-3, work_limit=30)).plan
    assert first is not None
    assert first["duals"].filter(pl.col("block").str.ends_with("/negotiated")).height > 0
    proved, checked = (float(str(first.summary[name])) for name in ("bound_proved", "bound_checked"))
    assert proved < checked - 1e-4 * abs(checked)
    with decomposed():
        parameters = PlanningParameters(gap=float(str(first.summary["gap"])) + 1e-6, base_plan=str(tmp_path / "first"))
        done = plan_in_process(scenario, tmp_path / "next", parameters)
    assert done.plan is not None
    assert done.plan.summary["stopped_by"] == "gap"
    assert "relaxing" not in {progress.phase for progress in done.told}
    assert float(str(done.plan.summary["bound_proved"])) == pytest.approx(proved, rel=1e-6)


def test_multipliers_of_an_earlier_plan_fit_a_changed_problem(base: Path, tmp_path: Path) -> None:
    """Leaves always partition the choices; where tiers are other ones, one leaf allows them all."""
    plan = planned(small_scenario(), tmp_path / "plan")
    (_, same), (_, other) = (known(plan, s) for s in (small_scenario(), other_tiers(small_scenario())))
    certificate = plan.summary["certificate"]
    assert isinstance(certificate, dict)
    assert len(same.leaves) == len(certificate["leaves"])
    assert [leaf.allowed for leaf in other.leaves] == [((0, 1),)]
    assert same.used.sum() > 0


def test_offers_are_recalled_as_the_shares_they_were(tmp_path: Path) -> None:
    """With a pool per customer, shares are 1 exactly where the plan gave an offer that may still be redeemed."""
    scenario = small_scenario()
    plan = planned(scenario, tmp_path / "plan")
    problem, earlier = known(plan, scenario)
    given = [
        earlier.x[int(start) + j]
        for block, start in zip(problem.blocks, problem.assembly.column_start, strict=False)
        for j, kind in enumerate(block.columns.kind)
        if kind == "given"
    ]
    assert sorted(set(given)) in ([0.0, 1.0], [0.0])
    assert sum(given) == plan["rewards"].height


def test_frozen_periods_bound_what_may_change_and_have_a_price(tmp_path: Path) -> None:
    """With production of period 0 held to 9 units instead of 10, every further unit is worth what rival pays."""
    scenario = micro()
    plan = plan_in_process(scenario, tmp_path / "free").plan
    assert plan is not None
    made = plan["production"].with_columns(
        quantity=pl.when(pl.col("period") == 0).then(8.0).otherwise(pl.col("quantity"))
    )
    held = frozen_to(
        scenario, Plan({**plan.tables, "production": made}, plan.summary), partner="brand", periods=1, most=1.0
    )
    after = plan_in_process(held, tmp_path / "held", PlanningParameters(base_plan=str(tmp_path / "free"))).plan
    assert after is not None
    clause = after["clauses"].filter(pl.col("clause") == CLAUSE).row(0, named=True)
    assert clause["measure"] == pytest.approx(1.0, abs=1e-6)
    assert clause["price"] == pytest.approx(0.5, abs=1e-6)
    assert float(str(after.summary["value"])) == pytest.approx(float(str(plan.summary["value"])) - 0.5, abs=1e-5)
    assert certify(held, after).breaches == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"partner": "x"}, "no partner 'x'"), ({"periods": 3}, "from 1 to 2"), ({"most": -1.0}, "negative")],
)
def test_freezing_what_cannot_be_is_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    """An unknown partner, periods beyond the horizon and negative amounts are named."""
    plan = plan_in_process(micro(), tmp_path).plan
    assert plan is not None
    with pytest.raises(ValueError, match=message):
        frozen_to(micro(), plan, **({"partner": "brand", "periods": 1, "most": 1.0} | options))  # type: ignore[arg-type]  # several types


def test_a_relaxation_whose_first_optimum_misses_bounds_is_solved_anew(tmp_path: Path) -> None:
    """Here HiGHS' first optimum of a split holds within scaled tolerances only: that is no reason to stop."""
    scenario = amended_contracts(generate("demo", seed=7))
    asked = PlanningParameters(gap=0.0, work_limit=4)
    result = plan_in_process(scenario, tmp_path / "plan", asked).result
    assert result.stopped_by == "work"
    assert result.bound_proved is not None
    assert result.bound_proved < 746_100.0
