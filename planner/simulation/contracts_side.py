"""The contracts of a generated scenario: all eleven clause kinds; every minimum is soft, so that a plan exists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    Contract,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    RebateTier,
    ReservationClause,
    RewardFloorClause,
    ServiceClause,
    StabilityClause,
    VolumeClause,
)
from planner.simulation.agreements import agree
from planner.simulation.demand_side import DemandSide
from planner.simulation.loyalty_side import LoyaltySide
from planner.simulation.network_side import Network
from planner.simulation.parameters import ContractParameters, LoyaltyParameters, NetworkParameters

PROGRAM = "PROGRAM"
_DATES = (date(2024, 1, 1), date(2027, 12, 31))


@dataclass(frozen=True, slots=True)
class Terms:
    """The three sets of parameters that contracts are written from."""

    contracts: ContractParameters
    network: NetworkParameters
    loyalty: LoyaltyParameters


def build_contracts(
    loyalty: LoyaltySide, network: Network, demand: DemandSide, terms: Terms
) -> tuple[tuple[Contract, ...], pl.DataFrame]:
    """Return one contract per partner, and the baseline that the stability clause compares with."""
    baseline = _baseline(loyalty, network, terms)
    drafts: list[tuple[str, list[Clause]]] = [
        *((brand, _brand(brand, loyalty, demand, terms)) for brand in loyalty.brands),
        *((name, _distributor(name, loyalty, network, demand, terms)) for name in demand.distributors),
        *((supplier, _supplier(supplier, material, network, terms)) for supplier, material in network.suppliers),
        (PROGRAM, _program(loyalty, baseline, terms)),
    ]
    return tuple(agree(partner, clauses, dates=_DATES) for partner, clauses in drafts), baseline


def _brand(brand: str, loyalty: LoyaltySide, demand: DemandSide, terms: Terms) -> list[Clause]:
    given, windows = terms.contracts, len(terms.network.windows)
    mine = (loyalty.offers["brand"] == brand).to_numpy()
    worth = loyalty.redemptions() * loyalty.offers["face_value"].to_numpy() * (1 - terms.loyalty.own_share)
    budget = round(given.budget_share * windows * float(worth[mine].sum()), 0)
    clauses: list[Clause] = [
        BudgetClause(id=f"{brand}/budget", max=budget, contract="", partner=""),
        BudgetClause(
            id=f"{brand}/floor",
            min=round(given.floor_of_budget * budget, 0),
            penalty=given.floor_penalty,
            contract="",
            partner="",
        ),
        BudgetClause(
            id=f"{brand}/pace", each_window=True, max=round(given.pace_of_budget * budget, 0), contract="", partner=""
        ),
    ]
    if brand == loyalty.brands[0]:
        markets = terms.network.markets[: len(terms.network.markets) // 2]
        clauses.append(
            ExclusivityClause(
                id=f"{brand}/territory", each_window=True, offers_of=brand, markets=markets, contract="", partner=""
            )
        )
    if brand == loyalty.brands[1]:
        share = _price_floor(mine, loyalty, demand, terms.loyalty)
        clauses.append(
            PriceFloorClause(
                id=f"{brand}/net-price",
                each_window=True,
                offers_of=brand,
                min_net_revenue_share=share,
                contract="",
                partner="",
            )
        )
    return clauses


def _price_floor(
    mine: np.ndarray[tuple[int], np.dtype[np.bool_]],
    loyalty: LoyaltySide,
    demand: DemandSide,
    parameters: LoyaltyParameters,
) -> float:
    """Return the net share of the brand's first offer in the middle segment, which about half of them reach."""
    offer = int(np.nonzero(mine)[0][0])
    cases = parameters.units_per_redemption * parameters.incremental_share * loyalty.mix[offer]
    worth = float(np.median(demand.revenue @ cases))
    return round(max(0.0, 1 - float(loyalty.offers["face_value"][offer]) / worth), 4)


def _distributor(name: str, loyalty: LoyaltySide, network: Network, demand: DemandSide, terms: Terms) -> list[Clause]:
    given, price = terms.contracts, float(loyalty.prices.mean())
    ordered = float(demand.tables["orders"].filter(pl.col("partner") == name)["quantity"].sum())
    clauses: list[Clause] = [
        VolumeClause(
            id=f"{name}/volume",
            orders_of=name,
            min=round(given.volume_share * ordered, 2),
            penalty=round(given.volume_penalty_share * price, 2),
            contract="",
            partner="",
        ),
        ServiceClause(
            id=f"{name}/on-time",
            each_window=True,
            orders_of=name,
            min_fill_rate=given.on_time_fill_rate,
            on_time=True,
            penalty=round(given.on_time_penalty_share * price, 2),
            contract="",
            partner="",
        ),
    ]
    if name == demand.distributors[0]:
        line = _reservable(network)
        clauses.append(
            ReservationClause(
                id=f"{name}/reserve",
                each_window=True,
                plant=line[0],
                share=given.reserved_share,
                families=(line[1],),
                orders_of=name,
                contract="",
                partner="",
            )
        )
        clauses.append(
            ParityClause(
                id=f"{name}~{demand.distributors[1]}/parity",
                orders_of=demand.distributors[:2],
                max_fill_gap=given.fill_gap,
                penalty=given.fill_gap_penalty,
                contract="",
                partner="",
            )
        )
    return clauses


def _reservable(network: Network) -> tuple[str, str]:
    """Return plant and family of the largest line of a plant without released production."""
    busy = set(network.tables["firm"]["plant"])
    line = max((line for line in network.lines if line.plant not in busy), key=lambda line: line.regular)
    return line.plant, line.family


def _supplier(supplier: str, material: str, network: Network, terms: Terms) -> list[Clause]:
    given = terms.contracts
    use = float(network.use[material].sum())
    if material in terms.network.second_sources:
        # Two suppliers share the use: what is expected of the first is its limit, of the second the rest.
        first = terms.network.first_source_limit
        use *= first if supplier.endswith("-1") else 1 - first
    cost = terms.network.packaging_cost if material not in dict(terms.network.materials).values() else 1.0
    tiers = tuple(
        RebateTier(round(step * use, 1), rate)
        for step, rate in zip(given.rebate_steps, given.rebate_rates, strict=True)
    )
    return [
        PurchaseClause(
            id=f"{supplier}/take",
            supplier=supplier,
            min=round(given.take_share * use, 1),
            penalty=round(given.take_penalty * cost, 4),
            contract="",
            partner="",
        ),
        RebateClause(id=f"{supplier}/rebate", supplier=supplier, tiers=tiers, contract="", partner=""),
    ]


def _program(loyalty: LoyaltySide, baseline: pl.DataFrame, terms: Terms) -> list[Clause]:
    given = terms.contracts
    tier = "gold" if "gold" in loyalty.segments["tier"].to_list() else str(loyalty.segments["tier"][0])
    return [
        RewardFloorClause(
            id="program/gold-guarantee",
            contract="",
            partner="",
            each_window=True,
            tier=tier,
            min_share=given.reward_floor_share,
            penalty=given.reward_floor_penalty,
        ),
        StabilityClause(
            id="program/stability",
            contract="",
            partner="",
            frozen_periods=tuple(range(given.frozen_periods)),
            max=round(given.deviation_share * float(baseline["quantity"].sum()), 1),
            penalty=round(given.deviation_penalty_share * float(loyalty.prices.mean()), 3),
        ),
    ]


def _baseline(loyalty: LoyaltySide, network: Network, terms: Terms) -> pl.DataFrame:
    """Return the earlier plan of the frozen periods: every line evenly loaded, released production as it is."""
    codes = loyalty.products["product"].to_list()
    rows = [
        (
            line.plant,
            codes[product],
            period,
            round(terms.contracts.baseline_share * line.regular / len(line.products), 2),
        )
        for line in network.lines
        for product in line.products
        for period in range(terms.contracts.frozen_periods)
    ]
    frame = pl.DataFrame(rows, schema=["plant", "product", "period", "quantity"], orient="row")
    released = network.tables["firm"].rename({"quantity": "released"})
    joined = frame.join(released, on=["plant", "product", "period"], how="left", maintain_order="left")
    return joined.select("plant", "product", "period", pl.coalesce("released", "quantity").alias("quantity"))
