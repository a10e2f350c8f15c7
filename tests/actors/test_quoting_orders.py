"""Quotes by hand, against a cold solve of the scenario with the order in it, and whatever else is asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from actors.formulate.links import scope_label
from actors.quoting import QuotingAgent
from planner.domain.clauses import ParityClause, RebateClause, ServiceClause, VolumeClause, clause_scopes
from planner.domain.errors import InvalidRequest, PlanUnreadable, QuoteFailed
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.ports.quoting import NewOrder, Quote
from planner.verification.recompute import recompute
from solvers.backends.registry import backend
from tests.micro_scenario import micro
from tests.planning import plan_in_process, whole_problem
from tests.scenario_builder import frame, small_scenario, with_closures, with_table

NEW = "the new one"


def planned(scenario: Scenario, folder: Path) -> Plan:
    """Return the plan of a scenario."""
    plan = plan_in_process(scenario, folder).plan
    assert plan is not None
    return plan


def agent(scenario: Scenario, folder: Path) -> QuotingAgent:
    """Return a quoting agent of the scenario's plan."""
    return QuotingAgent(scenario, planned(scenario, folder), backend("highs"))


def soap(**differs: object) -> NewOrder:
    """Return an order of one unit of soap in period 1 of the micro scenario, at 4, with some fields changed."""
    fields = {"partner": "shop", "market": "m", "product": "soap", "period": 1, "quantity": 1.0, "unit_revenue": 4.0}
    return NewOrder(**(fields | {"max_delay": 0} | differs))  # type: ignore[arg-type]  # fields of several types


def cold_value(scenario: Scenario, plan: Plan, *, keep_promises: bool) -> float:
    """Return the optimum with the plan's set-ups, tiers and offers, formulated from the scenario and nothing else."""
    problem, assembly = whole_problem(scenario)
    lower, upper = assembly.program.lower.copy(), assembly.program.upper.copy()
    made = {
        (p, k, t) for p, k, t, setup in plan["production"].select("plant", "product", "period", "setup").rows() if setup
    }
    served = {
        (i, t): q
        for kind, i, t, q in plan["service"].select("kind", "id", "period", "quantity").rows()
        if kind == "order"
    }
    given = set(plan["rewards"].select("customer", "window", "offer").rows())
    customers = scenario["customers"]["customer"]
    names = {part.members.segment: [customers[int(row)] for row in part.members.rows] for part in problem.parts}
    for block, first in zip(problem.blocks, assembly.column_start, strict=False):
        kind, _, owner = block.name.partition(":")
        labels = zip(block.columns.kind, block.columns.key, block.columns.period.tolist(), strict=True)
        for j, (what, key, t) in enumerate(labels, start=int(first)):
            if (kind, what) == ("plant", "setup"):
                lower[j] = upper[j] = float((owner, key, t) in made)
            elif (kind, what) == ("partner", "served") and keep_promises:
                lower[j] = max(served.get((key, t), 0.0) - 1e-6, 0.0)
            elif what == "given":
                member, _, offer = key.partition("/")
                lower[j] = upper[j] = float((names[owner][int(member)], t, offer) in given)
    for name, group in assembly.choices:
        lower[group] = upper[group] = 0.0
        chosen = group[tier_of(scenario, plan, name)]
        lower[chosen] = upper[chosen] = 1.0
    program = dataclasses.replace(assembly.program, lower=lower, upper=upper)
    objective = backend("highs").load(program).solve(relaxed=True).objective
    return -np.inf if objective is None else objective


def tier_of(scenario: Scenario, plan: Plan, choice: str) -> int:
    """Return the tier that the purchases of a plan reach."""
    for clause in scenario.clauses:
        if isinstance(clause, RebateClause):
            for scope in clause_scopes(clause, scenario.horizon):
                if choice == f"{clause.id}@{scope_label(scope)}":
                    inside = pl.col("period").is_in(list(scope.periods)) & (pl.col("partner") == clause.supplier)
                    bought = float(plan["purchases"].filter(inside)["quantity"].sum()) + 1e-6
                    return sum(tier.from_quantity <= bought for tier in clause.tiers)
    raise AssertionError(choice)


def with_order(scenario: Scenario, order: NewOrder) -> Scenario:
    """Return the scenario with the order among its orders."""
    fields = [name for name in scenario["orders"].columns if name != "order"]
    row = pl.DataFrame(
        {"order": [NEW]} | {name: [getattr(order, name)] for name in fields}, schema=scenario["orders"].schema
    )
    return with_table(scenario, "orders", pl.concat([scenario["orders"], row]))


def test_an_order_takes_room_that_is_left(tmp_path: Path) -> None:
    """In period 1 the line has 3 units left: an order of 2 is served at once, at the cost of soap and oil."""
    quote = agent(micro(), tmp_path).quote(soap(quantity=2.0))
    assert quote.served == ((1, 2.0),)
    assert quote.short == 0
    assert quote.change_least == pytest.approx(2 * (4 - 1.5), abs=1e-5)
    assert quote.change_most == pytest.approx(2 * (4 - 1.5), abs=1e-5)
    assert quote.unit_cost == pytest.approx(1.5, abs=1e-5)
    parts = {name: amount for name, amount in quote.parts if amount}
    assert parts == pytest.approx({"order_revenue": 8.0, "production": -2.0, "purchase": -1.0}, abs=1e-5)


def test_promises_stand_unless_they_may_be_displaced(tmp_path: Path) -> None:
    """Period 0 is full: beside the promises only the uplift can give way, rival's 3 units where they may, too."""
    quoting = agent(micro(), tmp_path)
    cheap = quoting.quote(soap(period=0, quantity=3.0, unit_revenue=4.0))
    assert cheap.served == ()
    assert cheap.unit_cost is None
    kept = quoting.quote(soap(period=0, quantity=3.0, unit_revenue=6.0))
    assert kept.served == ((0, 1.0),)
    assert kept.change_least == pytest.approx(6 - 5, abs=1e-5)
    assert dict(kept.parts)["displaced_subscriptions"] == pytest.approx(-5.0, abs=1e-5)
    displaced = quoting.quote(soap(period=0, quantity=3.0, unit_revenue=4.0, keep_promises=False))
    assert displaced.served == ((0, 3.0),)
    assert displaced.change_least == pytest.approx(3 * 4 - 3 * 2, abs=1e-5)
    assert dict(displaced.parts)["displaced_orders"] == pytest.approx(-6.0, abs=1e-5)
    assert next((held.kind, held.name, held.period) for held in kept.binding) == ("resource", "A/line", 0)


ORDERS = [
    NewOrder(partner="dist-a", market="north", product="soap", period=1, quantity=3.0, unit_revenue=13.0, max_delay=2),
    NewOrder(
        partner="dist-b",
        market="south",
        product="cream",
        period=2,
        quantity=4.0,
        unit_revenue=15.0,
        shortage_penalty=2.0,
        max_delay=0,
    ),
    NewOrder(
        partner="dist-b", market="north", product="mix", period=0, quantity=6.0, unit_revenue=25.0, lateness_cost=1.0
    ),
    NewOrder(partner="brand", market="south", product="soap", period=3, quantity=2.0, unit_revenue=9.0, max_delay=0),
    NewOrder(
        partner="dist-a",
        market="south",
        product="cream",
        period=0,
        quantity=35.0,
        unit_revenue=14.0,
        shortage_penalty=1.0,
    ),
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, Plan, QuotingAgent]:
    """Return the small scenario with all clause kinds, its plan, and a quoting agent."""
    scenario = small_scenario()
    plan = planned(scenario, tmp_path_factory.mktemp("small") / "plan")
    return scenario, plan, QuotingAgent(scenario, plan, backend("highs"))


@pytest.mark.parametrize("keep_promises", [True, False])
@pytest.mark.parametrize("number", range(len(ORDERS)))
def test_a_quote_is_what_a_cold_solve_with_the_order_finds(
    small: tuple[Scenario, Plan, QuotingAgent], number: int, *, keep_promises: bool
) -> None:
    """With every clause kind in force, the change of value is that of two programs formulated from scenarios alone."""
    scenario, plan, quoting = small
    order = dataclasses.replace(ORDERS[number], keep_promises=keep_promises)
    before = cold_value(scenario, plan, keep_promises=keep_promises)
    after = cold_value(with_order(scenario, order), plan, keep_promises=keep_promises)
    quote = quoting.quote(order)
    assert quote.change_least - 1e-4 <= after - before <= quote.change_most + 1e-4
    assert quote.change_most - quote.change_least < 1e-4
    assert sum(amount for _, amount in quote.parts) == pytest.approx(quote.change_least, abs=1e-4)
    assert sum(quantity for _, quantity in quote.served) + quote.short == pytest.approx(order.quantity, abs=1e-5)


def test_a_quote_uses_no_closed_lane(tmp_path: Path) -> None:
    """An order that only a lane closed then would reach is short, held up by that lane; a period later it is served."""
    scenario = with_table(micro(), "lane_closures", frame("lane_closures", [("A", "m", "*", 0)]))
    quoting = agent(scenario, tmp_path)
    now = quoting.quote(soap(period=0, quantity=1.0, unit_revenue=50.0, max_delay=0))
    assert (now.served, now.short) == ((), 1.0)
    assert [(held.kind, held.name, held.period) for held in now.binding] == [("lane", "m/soap", 0)]
    later = quoting.quote(soap(period=0, quantity=1.0, unit_revenue=50.0, max_delay=1))
    assert [t for t, _ in later.served] == [1]


def test_quotes_under_closures_are_what_a_cold_solve_finds(tmp_path: Path) -> None:
    """With a third of lanes and periods closed, the change of value is still that of two programs solved cold."""
    scenario = with_closures(small_scenario(), 1)
    plan = planned(scenario, tmp_path / "plan")
    quoting = QuotingAgent(scenario, plan, backend("highs"))
    for order in ORDERS:
        before = cold_value(scenario, plan, keep_promises=order.keep_promises)
        after = cold_value(with_order(scenario, order), plan, keep_promises=order.keep_promises)
        quote = quoting.quote(order)
        assert quote.change_least - 1e-4 <= after - before <= quote.change_most + 1e-4


def test_the_clauses_asked_about_are_in_force(small: tuple[Scenario, Plan, QuotingAgent]) -> None:
    """The scenario of the comparison holds every kind of clause that counts an order."""
    kinds = {type(clause) for clause in small[0].clauses}
    assert {VolumeClause, ServiceClause, ParityClause} <= kinds


def test_quotes_are_the_same_in_any_order_and_after_a_restart(small: tuple[Scenario, Plan, QuotingAgent]) -> None:
    """Backwards, twice, and from an agent built anew, every quote is the same to the last digit."""
    scenario, plan, quoting = small
    once: list[Quote] = [quoting.quote(order) for order in ORDERS]
    assert [quoting.quote(order) for order in reversed(ORDERS)] == once[::-1]
    assert QuotingAgent(scenario, plan, backend("highs")).quote(ORDERS[2]) == once[2]


def test_a_plan_with_the_quoted_value_exists(tmp_path: Path) -> None:
    """The least change is that of a plan which the recomputation of decisions confirms."""
    scenario, order = micro(), soap(quantity=2.0)
    plan, quote = planned(scenario, tmp_path), agent(scenario, tmp_path / "again").quote(order)
    more = {
        "production": plan["production"].with_columns(
            quantity=pl.when(pl.col("period") == 1).then(pl.col("quantity") + 2).otherwise(pl.col("quantity"))
        ),
        "purchases": plan["purchases"].with_columns(
            quantity=pl.when(pl.col("period") == 1).then(pl.col("quantity") + 2).otherwise(pl.col("quantity"))
        ),
        "shipments": plan["shipments"].with_columns(
            quantity=pl.when(pl.col("period") == 1).then(pl.col("quantity") + 2).otherwise(pl.col("quantity"))
        ),
        "service": pl.concat(
            [
                plan["service"],
                pl.DataFrame([("order", NEW, "soap", 1, 2.0)], schema=plan["service"].schema, orient="row"),
            ]
        ),
    }
    after = recompute(with_order(scenario, order), {**plan.tables, **more})
    assert after.breaches == ()
    assert after.value - recompute(scenario, plan.tables).value >= quote.change_least - 1e-5


@pytest.mark.parametrize(
    ("field", "value"),
    [("partner", "nobody"), ("market", "moon"), ("product", "gold"), ("period", 2), ("quantity", 1e6)],
)
def test_orders_that_cannot_be_asked_about_are_refused_by_field(tmp_path: Path, field: str, value: object) -> None:
    """Names the scenario does not have, periods beyond its horizon and sizes beyond its demand are named."""
    with pytest.raises(InvalidRequest) as refused:
        agent(micro(), tmp_path).quote(soap(**{field: value}))
    assert refused.value.field == field


def test_the_first_order_that_parity_counts_needs_a_new_plan(tmp_path: Path) -> None:
    """A partner without orders has no fill rate yet; its first order would make a new row."""
    parity = ParityClause(id="fair", contract="C", partner="brand", orders_of=("shop", "brand"), max_fill_gap=0.5)
    with pytest.raises(InvalidRequest, match="first order of brand that parity clause fair"):
        agent(micro(parity), tmp_path).quote(soap(partner="brand"))


def test_an_order_that_breaks_a_hard_clause_has_no_quote(tmp_path: Path) -> None:
    """Where all of a partner's orders must be served and there is no room, the plan cannot take another one."""
    served = ServiceClause(id="all", contract="C", partner="brand", orders_of="shop", min_fill_rate=1.0)
    with pytest.raises(QuoteFailed, match="hard clause"):
        agent(micro(served), tmp_path).quote(soap(period=0, quantity=20.0))


def test_nothing_is_promised_on_a_plan_that_does_not_hold(tmp_path: Path) -> None:
    """A plan whose service exceeds its arrivals is refused with the rule it breaks."""
    scenario = micro()
    plan = planned(scenario, tmp_path)
    service = plan["service"].with_columns(quantity=pl.col("quantity") * 2)
    with pytest.raises(PlanUnreadable, match="does not hold"):
        QuotingAgent(scenario, Plan({**plan.tables, "service": service}, plan.summary), backend("highs"))
