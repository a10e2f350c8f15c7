"""A whole scenario put together around its loyalty side."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from planner.domain.horizon import Horizon
from planner.domain.scenario import EligibilityRule, Scenario, ScenarioHeader
from planner.domain.schema import TABLES
from planner.simulation.contracts_side import PROGRAM, Terms, build_contracts
from planner.simulation.demand_side import DemandSide, build_demand
from planner.simulation.draw import Draw
from planner.simulation.frames import declared_types, frame_of_rows
from planner.simulation.loyalty_side import LoyaltySide, loyalty_tables
from planner.simulation.network_side import Market, Network, build_network
from planner.simulation.parameters import NetworkParameters

CURRENCY = "USD"

_RULES = (
    EligibilityRule("no-consent-no-offer", "forbid", "NOT customer.consent"),
    EligibilityRule("cooling-in-period", "forbid", "customer.tenure_days < 30"),
    EligibilityRule(
        "type-a-is-for-silver-and-gold", "forbid", "offer.campaign_type = 'Type A' AND customer.tier = 'bronze'"
    ),
    EligibilityRule("high-face-value-for-gold", "forbid", "offer.face_value > 1.5 AND customer.tier <> 'gold'"),
)


@dataclass(frozen=True, slots=True)
class Story:
    """What a scenario says about itself."""

    id: str
    title: str
    provenance: str
    assumptions: dict[str, object]
    seed: int


def assemble(draw: Draw, side: LoyaltySide, terms: Terms, story: Story) -> Scenario:
    """Return the scenario: demand first, then a network sized for it, then contracts sized for both."""
    parameters = terms.network
    demand = build_demand(draw, side, parameters)
    market = Market(tuple(side.products["product"]), tuple(side.products["family"]), side.prices, demand.total)
    network = build_network(draw, market, parameters)
    contracts, baseline = build_contracts(side, network, demand, terms)
    tables = {
        "products": declared_types("products", side.products),
        **network.tables,
        **demand.tables,
        **loyalty_tables(draw, side, len(parameters.windows), terms.loyalty),
        "partners": _partners(side, network, demand, parameters),
        "baseline": declared_types("baseline", baseline),
    }
    return Scenario(
        header=_header(story, parameters),
        tables={name: tables[name] for name in TABLES if name in tables},
        eligibility=_RULES,
        contracts=contracts,
    )


def _partners(side: LoyaltySide, network: Network, demand: DemandSide, parameters: NetworkParameters) -> pl.DataFrame:
    return frame_of_rows(
        "partners",
        [
            *((brand, "brand", "") for brand in side.brands),
            *zip(demand.distributors, ["distributor"] * len(demand.distributors), parameters.markets, strict=True),
            *((supplier, "supplier", "") for supplier, _ in network.suppliers),
            (PROGRAM, "programme", ""),
        ],
    )


def _header(story: Story, parameters: NetworkParameters) -> ScenarioHeader:
    return ScenarioHeader(
        id=story.id,
        title=story.title,
        currency=CURRENCY,
        horizon=Horizon(parameters.periods, parameters.period_days, parameters.start_date, parameters.windows),
        provenance=story.provenance,
        assumptions=story.assumptions,
        seed=story.seed,
    )
