"""What binds a planned scenario, where the answer is known by hand; see `tests.micro_scenario` for the arithmetic."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from planner.client.explanation_conversions import explanation_from_wire
from planner.console.reading import records
from planner.domain.clauses import BudgetClause, Clause, ExclusivityClause, VolumeClause, clause_scopes
from planner.domain.plan import Plan
from planner.domain.scenario import Scenario
from planner.service.explanation_conversions import explanation_to_wire
from planner.simulation.generate import generate
from planner.verification.explanation import ExplainedBudget, ExplainedShortfall, PlanExplanation, explain
from planner.verification.explanation_budgets import Hindrance
from planner.verification.explanation_document import explanation_document
from planner.verification.explanation_prices import read_prices
from planner.verification.explanation_routes import Routes
from tests.micro_scenario import micro, patient_rival, unlimited
from tests.planning import plan_in_process
from tests.scenario_builder import frame, with_cell, with_table

BRAND = {"contract": "C", "partner": "brand"}
LOOSE = BudgetClause(id="budget", max=5.0, **BRAND)
TIGHT = BudgetClause(id="budget", max=0.75, **BRAND)
"""Each customer who gets the offer costs brand 0.3, so three of four cannot."""


def explained(scenario: Scenario, folder: Path) -> PlanExplanation:
    """Plan a scenario and explain the plan."""
    plan = plan_in_process(scenario, folder / "plan").plan
    assert plan is not None
    return explain(scenario, plan)


def closed(scenario: Scenario, *closures: tuple[str, str, str, int]) -> Scenario:
    """The scenario with these lanes closed."""
    return with_table(scenario, "lane_closures", frame("lane_closures", closures))


def with_dear_plant(scenario: Scenario) -> Scenario:
    """The scenario with a plant B like A, whose freight of 5 a unit is more than anything earns."""
    tables = {
        "plants": ("B", ""),
        "recipes": ("B", "soap", 0.0, 1.0, 0.0, None, 0),
        "bom": ("B", "soap", "oil", 1.0),
        "lanes": ("B", "m", "*", 0, 5.0),
    }
    for table, row in tables.items():
        scenario = with_table(scenario, table, scenario[table].vstack(frame(table, [row])))
    return scenario


def only(found: tuple[ExplainedShortfall, ...], order: str) -> ExplainedShortfall:
    """The shortfall of one order, which must be the only one."""
    (short,) = found
    assert short.fact.id == order
    return short


def budget(scenario: Scenario, folder: Path) -> ExplainedBudget:
    """The only application of the only budget clause."""
    (use,) = explained(scenario, folder).budgets
    return use


def hindrance(use: ExplainedBudget, kind: str) -> Hindrance:
    """The hindrance of a kind."""
    return next(found for found in use.fact.hindrances if found.kind == kind)


def without_nothing(document: object) -> object:
    """A document without the fields that are absent on the wire, tuples as lists."""
    if isinstance(document, dict):
        return {name: without_nothing(value) for name, value in document.items() if value is not None}
    return [without_nothing(item) for item in document] if isinstance(document, list | tuple) else document


def test_a_short_order_names_the_full_resource_and_its_price(tmp_path: Path) -> None:
    """Rival lacks 3 units because period 0 is full, and one more unit of the line would earn rival's margin of 0.5."""
    short = only(explained(micro(), tmp_path).shortfalls, "o3")
    fact = short.fact
    assert (fact.reason, fact.short, fact.late) == ("scarcity", pytest.approx(3.0), 0.0)
    assert fact.binding is not None
    assert (fact.binding.kind, fact.binding.name, fact.binding.plant, fact.binding.period) == (
        "capacity",
        "line",
        "A",
        0,
    )
    assert fact.binding.price == pytest.approx(0.5)
    assert fact.route is not None
    assert fact.route.cost == pytest.approx(sum(part.amount for part in fact.route.parts)) == pytest.approx(2.0)
    assert "line at A in period 0 at 0.5 EUR a unit (used up)" in short.text


def test_a_late_order_tells_what_being_on_time_would_bring_and_cost(tmp_path: Path) -> None:
    """Rival may wait a period at 0.1 a unit, so 3 units come late: on time they would cost at least 0.1 more."""
    fact = only(explained(patient_rival(micro()), tmp_path).shortfalls, "o3").fact
    assert (fact.reason, fact.late, fact.short, fact.later) == ("scarcity", pytest.approx(3.0), 0.0, 1)
    assert fact.binding is not None
    assert (fact.binding.kind, fact.binding.period) == ("capacity", 0)
    assert fact.later_worth is not None
    assert fact.later_price is not None
    assert fact.worth - fact.later_worth == pytest.approx(0.1)
    assert fact.price - fact.later_price >= 0.1 - 1e-6


def test_a_clause_that_forbids_serving_is_named_with_its_price(tmp_path: Path) -> None:
    """With room for everything, rival is short only because a clause allows it one unit; another would earn 0.5."""
    clause: Clause = VolumeClause(id="quota", orders_of="rival", max=1.0, **BRAND)
    fact = only(explained(unlimited(micro(clause)), tmp_path).shortfalls, "o3").fact
    assert (fact.reason, fact.short) == ("clause", pytest.approx(5.0))
    assert fact.binding is not None
    assert (fact.binding.name, fact.binding.price) == ("quota", pytest.approx(0.5))


def test_an_order_below_its_plain_cost_is_said_to_be_just_that(tmp_path: Path) -> None:
    """An order at 1 a unit, which costs 1.5 to make, is short for no scarcity at all."""
    fact = only(
        explained(unlimited(with_cell(micro(), "orders", 2, "unit_revenue", 1.0)), tmp_path).shortfalls, "o3"
    ).fact
    assert (fact.reason, fact.binding) == ("cost", None)


def test_an_order_that_no_lane_reaches_in_time_is_unreachable(tmp_path: Path) -> None:
    """With a transit of one period nothing can arrive in period 0, whatever it is worth."""
    found = explained(with_cell(micro(), "lanes", 0, "transit", 1), tmp_path).shortfalls
    reasons = {short.fact.id: short.fact.reason for short in found if short.fact.kind == "order"}
    assert reasons["o1"] == reasons["o3"] == "unreachable"


def test_an_order_that_only_a_closed_lane_would_reach_is_told_so(tmp_path: Path) -> None:
    """With its only lane closed in period 0 nothing is served then, and the words name plant and period."""
    found = explained(closed(micro(), ("A", "m", "*", 0)), tmp_path).shortfalls
    told = {short.fact.id: (short.fact.reason, short.text) for short in found if short.fact.kind == "order"}
    assert told["o1"][0] == told["o3"][0] == "unreachable"
    assert told["o1"][1].endswith("by period 0: the lane from A is closed in period 0")


def test_an_order_that_a_closed_lane_makes_dearer_is_told_so(tmp_path: Path) -> None:
    """The open lane of another plant costs more than rival's order is worth, the closed one would cost less."""
    scenario = closed(unlimited(with_dear_plant(micro())), ("A", "m", "*", 0))
    short = next(found for found in explained(scenario, tmp_path).shortfalls if found.fact.id == "o3")
    assert short.fact.route is not None
    assert short.fact.route.plant == "B"
    assert short.text.endswith("a unit would cost less, but the lane from A is closed in period 0")


def test_a_binding_budget_has_the_price_of_the_redemptions_it_stops(tmp_path: Path) -> None:
    """In period 0 a redemption brings 2.6 beyond what it displaces and costs brand 0.6: one more euro is worth 4.33."""
    use = budget(micro(TIGHT), tmp_path)
    assert (use.fact.state, use.fact.spent, use.fact.upper) == ("binding", pytest.approx(0.6), 0.75)
    assert use.fact.price == pytest.approx(2.6 / 0.6)
    assert "the budget itself" in use.text


def test_an_open_budget_whose_offers_reach_everybody_has_no_hindrance(tmp_path: Path) -> None:
    """Where every customer has the offer in both windows, nothing holds the rest of the budget back."""
    use = budget(micro(LOOSE), tmp_path)
    assert (use.fact.state, use.fact.price, use.fact.hindrances) == ("open", 0.0, ())
    assert use.fact.spent == pytest.approx(use.fact.reach) == pytest.approx(1.2)


def test_a_limit_on_redemptions_is_named_with_its_price(tmp_path: Path) -> None:
    """With 1.5 redemptions at most, one customer goes without: a redemption more is worth 2.6, brand would pay 0.3."""
    use = budget(with_cell(micro(LOOSE), "offers", 0, "max_redemptions", 1.5), tmp_path)
    found = hindrance(use, "max_redemptions")
    assert (use.fact.state, found.name) == ("open", "O")
    assert (found.money, found.price) == (pytest.approx(0.3), pytest.approx(2.6))


def test_a_clause_that_bans_offers_is_named_as_what_stops_the_budget(tmp_path: Path) -> None:
    """Where an exclusivity clause keeps the offer from the only market, all the money it would cost stays with it."""
    ban: Clause = ExclusivityClause(id="territory", offers_of="brand", markets=("elsewhere",), **BRAND)
    use = budget(micro(LOOSE, ban), tmp_path)
    found = hindrance(use, "exclusivity")
    assert (found.name, found.money, use.fact.spent) == ("territory", pytest.approx(1.2), 0.0)
    assert "territory" in use.text


def test_an_offer_that_loses_money_is_no_gain(tmp_path: Path) -> None:
    """An offer of face value 20 costs us 8 a redemption and brings 5, before anything is made."""
    use = budget(with_cell(micro(LOOSE), "offers", 0, "face_value", 20.0), tmp_path)
    assert (use.fact.state, hindrance(use, "no gain").money) == ("open", pytest.approx(24.0))


def test_an_offer_whose_units_cost_too_much_is_held_by_supply(tmp_path: Path) -> None:
    """An offer of face value 10 leaves 1 of a redemption, less than the 1.5 that its unit costs to make."""
    use = budget(with_cell(micro(LOOSE), "offers", 0, "face_value", 10.0), tmp_path)
    assert (use.fact.state, hindrance(use, "supply").money) == ("open", pytest.approx(12.0))


def test_a_window_within_a_binding_horizon_names_the_clause_of_the_horizon(tmp_path: Path) -> None:
    """A loose budget per window is held by the horizon's tight one, and says so with that one's price."""
    pace = BudgetClause(id="pace", max=5.0, each_window=True, **BRAND)
    uses = {(use.fact.clause, use.fact.window): use for use in explained(micro(TIGHT, pace), tmp_path).budgets}
    held = uses["pace", 0]
    assert (held.fact.state, held.fact.bound_by) == ("open", "budget")
    assert held.fact.bound_price == pytest.approx(2.6 / 0.6)
    assert "bound by budget" in held.text


def late_and_short(scenario: Scenario, plan: Plan) -> dict[str, tuple[float, float]]:
    """Late and short units of every order that has some, from the plan's table of service alone."""
    served = plan["service"].filter(pl.col("kind") == "order").select(order="id", at="period", served="quantity")
    each = scenario["orders"].join(served, on="order", how="left").with_columns(pl.col("served").fill_null(0.0))
    amounts = each.group_by("order").agg(
        late=pl.col("served").filter(pl.col("at") > pl.col("period")).sum(),
        short=pl.col("quantity").first() - pl.col("served").sum(),
    )
    return {order: (late, short) for order, late, short in amounts.rows() if late > 0.01 or short > 0.01}


@pytest.mark.parametrize("seed", [3, 4, 10, 11])
def test_no_late_or_short_order_and_no_budget_is_left_unexplained(seed: int, tmp_path: Path) -> None:
    """Each has one entry with its amounts, and what binds it at a price; only costs, lanes and whole lots have none."""
    scenario = generate("tiny", seed=seed)
    plan = plan_in_process(scenario, tmp_path / "plan").plan
    assert plan is not None
    told = explain(scenario, plan)
    shorts = [short for short in told.shortfalls if short.fact.kind == "order"]
    amounts = late_and_short(scenario, plan)
    assert sorted(short.fact.id for short in shorts) == sorted(amounts)
    for short in shorts:
        assert (short.fact.late, short.fact.short) == pytest.approx(amounts[short.fact.id], abs=1e-3)
        assert short.text
        if short.fact.reason in {"scarcity", "clause"}:
            assert short.fact.binding is not None
            assert short.fact.binding.amount > 0
        else:
            assert short.fact.reason in {"cost", "unreachable", "whole"}
    budgets = [clause for clause in scenario.clauses if isinstance(clause, BudgetClause)]
    scopes = [(clause.id, scope.window) for clause in budgets for scope in clause_scopes(clause, scenario.horizon)]
    assert sorted(scopes, key=str) == sorted(((use.fact.clause, use.fact.window) for use in told.budgets), key=str)
    assert all(use.text and (use.fact.price > 0 or use.fact.state != "binding") for use in told.budgets)
    assert amounts or budgets, "the example must have something to explain"


def test_an_explanation_keeps_every_number_on_the_wire(tmp_path: Path) -> None:
    """As a message and back, shortfalls, their routes and budgets are what the document said."""
    document = explanation_document(explained(micro(TIGHT), tmp_path))
    told = explanation_from_wire(explanation_to_wire(document))
    for field in ("shortfalls", "budgets"):
        sent, received = records(document[field]), records(told[field])
        assert len(sent) == len(received) > 0
        for before, after in zip(sent, received, strict=True):
            assert without_nothing(before) == without_nothing(after)


@pytest.mark.parametrize("seed", [8, 21])
def test_what_a_unit_costs_is_never_less_than_what_the_market_pays(seed: int, tmp_path: Path) -> None:
    """By duality nothing is left out of the cheapest way's cost, and where goods are served they mostly agree."""
    scenario = generate("tiny", seed=seed)
    plan = plan_in_process(scenario, tmp_path / "plan").plan
    assert plan is not None
    prices = read_prices(plan)
    routes = Routes(scenario, prices, plan["production"])
    pairs = [
        (route.cost, prices.market(market, product, t), sum(part.amount for part in route.parts))
        for market in scenario["markets"]["market"]
        for product in scenario["products"]["product"]
        for t in range(scenario.horizon.periods)
        if (route := routes.cheapest(market, product, t)) is not None
    ]
    assert all(cost >= price - 1e-4 for cost, price, _ in pairs)
    assert all(cost == pytest.approx(total, abs=1e-6) for cost, _, total in pairs)
    assert sum(cost <= price + 1e-4 for cost, price, _ in pairs) > len(pairs) / 2
