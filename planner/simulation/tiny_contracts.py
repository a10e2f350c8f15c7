"""The contracts of a tiny scenario: every clause kind, hard and soft, sized so that it matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

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
from planner.domain.horizon import Horizon
from planner.simulation.agreements import Dates, agree
from planner.simulation.draw import Draw
from planner.simulation.parameters import TinyParameters
from planner.simulation.tiny_loyalty import TinyLoyalty
from planner.simulation.tiny_network import DISTRIBUTORS, MARKETS, PRODUCTS, TinyNetwork


def draw_contracts(
    draw: Draw, horizon: Horizon, network: TinyNetwork, loyalty: TinyLoyalty, parameters: TinyParameters
) -> tuple[Contract, ...]:
    """Draw one contract per partner; partners without a clause have none."""
    drafts: dict[str, list[Clause]] = {}
    for brand in loyalty.brands:
        drafts[brand] = _brand_clauses(draw, brand, loyalty, parameters.clause)
    for distributor in DISTRIBUTORS:
        drafts[distributor] = _distributor_clauses(draw, distributor, network, parameters.clause)
    for supplier in network.suppliers:
        drafts[supplier] = _supplier_clauses(draw, supplier, parameters.clause)
    drafts[DISTRIBUTORS[0]] += _joint_clauses(draw, network, parameters.clause)
    if draw.chance(parameters.clause):
        drafts[loyalty.brands[0]].append(_reward_floor(draw, loyalty))
    dates = {partner: _dates(draw, horizon) for partner in drafts}
    if draw.chance(parameters.impossible):
        for partner, clauses in _impossible(draw, network, loyalty).items():
            drafts[partner] += clauses
            dates[partner] = (None, None)
    return tuple(agree(partner, clauses, dates=dates[partner]) for partner, clauses in drafts.items() if clauses)


def _dates(draw: Draw, horizon: Horizon) -> Dates:
    """Return effective dates that sometimes cut off the first or the last period, never all."""
    start = horizon.start_date
    if draw.chance(0.7):
        return draw.pick(((None, None), (start - timedelta(days=400), start + timedelta(days=900))))
    second, last = horizon.first_day(1), horizon.first_day(horizon.periods - 1)
    return draw.pick(((second, None), (None, last - timedelta(days=1)), (start + timedelta(days=1), date(2030, 1, 1))))


def _penalty(draw: Draw, low: float, high: float) -> float | None:
    return draw.between(low, high) if draw.chance(0.65) else None


def _potential_spend(partner: str, loyalty: TinyLoyalty, *, best: bool = True) -> float:
    """Return what the partner would fund if every customer got the partner's dearest offer once."""
    tables = loyalty.tables
    pairs = (
        tables["customers"]
        .join(tables["responses"], on="segment")
        .join(tables["offers"], on="offer")
        .join(tables["offer_funding"].filter(pl.col("partner") == partner), on="offer")
        .with_columns(
            spend=(pl.col("weight") * pl.col("redeem_probability")).clip(0, 1) * pl.col("face_value") * pl.col("share")
        )
    )
    per_customer = pairs.group_by("customer").agg(pl.col("spend").max() if best else pl.col("spend").mean())
    return float(per_customer["spend"].sum())


def _brand_clauses(draw: Draw, brand: str, loyalty: TinyLoyalty, chance: float) -> list[Clause]:
    spend = _potential_spend(brand, loyalty)
    clauses: list[Clause] = []
    if draw.chance(chance):
        each = draw.chance(0.5)
        limit = round(spend * draw.between(0.1, 0.8), 3)
        clauses.append(_budget(f"{brand}/budget", each=each, high=limit, penalty=_penalty(draw, 0.3, 3.0)))
    if draw.chance(chance * 0.7):
        each = draw.chance(0.5)
        penalty = _penalty(draw, 0.3, 4.0)
        least = round(spend * (draw.between(0.01, 0.05) if penalty is None else draw.between(0.2, 0.9)), 3)
        clauses.append(_budget(f"{brand}/floor", each=each, low=least, penalty=penalty))
    if draw.chance(chance * 0.6):
        clauses.append(
            ExclusivityClause(
                id=f"{brand}/territory",
                contract="",
                partner="",
                each_window=draw.chance(0.7),
                offers_of=brand,
                markets=(draw.pick(MARKETS),),
            )
        )
    if draw.chance(chance * 0.7):
        clauses.append(
            PriceFloorClause(
                id=f"{brand}/net-price",
                contract="",
                partner="",
                each_window=draw.chance(0.7),
                offers_of=brand,
                min_net_revenue_share=draw.between(0.5, 0.95),
            )
        )
    return clauses


def _budget(
    name: str, *, each: bool, low: float | None = None, high: float | None = None, penalty: float | None = None
) -> BudgetClause:
    return BudgetClause(id=name, contract="", partner="", each_window=each, min=low, max=high, penalty=penalty)


def _ordered(partner: str, network: TinyNetwork) -> float:
    return float(network.tables["orders"].filter(pl.col("partner") == partner)["quantity"].sum())


def _distributor_clauses(draw: Draw, distributor: str, network: TinyNetwork, chance: float) -> list[Clause]:
    ordered = _ordered(distributor, network)
    clauses: list[Clause] = []
    if draw.chance(chance):
        each, penalty = draw.chance(0.4), _penalty(draw, 0.5, 6.0)
        share = draw.between(0.05, 0.25) if penalty is None else draw.between(0.6, 1.0)
        low = round(ordered * share, 2)
        if each:
            low = round(low / 2, 2)
        clauses.append(
            VolumeClause(
                id=f"{distributor}/volume",
                contract="",
                partner="",
                each_window=each and penalty is not None,
                orders_of=distributor,
                min=low,
                penalty=penalty,
            )
        )
    if draw.chance(chance * 0.4):
        clauses.append(
            VolumeClause(
                id=f"{distributor}/quota",
                contract="",
                partner="",
                each_window=draw.chance(0.4),
                orders_of=distributor,
                max=round(ordered * draw.between(0.2, 0.9), 2),
                penalty=_penalty(draw, 0.5, 4.0),
            )
        )
    if draw.chance(chance):
        penalty = _penalty(draw, 0.5, 6.0)
        rate = draw.between(0.05, 0.2) if penalty is None else draw.between(0.6, 1.0)
        clauses.append(
            ServiceClause(
                id=f"{distributor}/service",
                contract="",
                partner="",
                each_window=draw.chance(0.2 if penalty is None else 0.5),
                orders_of=distributor,
                min_fill_rate=rate,
                on_time=draw.chance(0.5),
                penalty=penalty,
            )
        )
    return clauses


def _joint_clauses(draw: Draw, network: TinyNetwork, chance: float) -> list[Clause]:
    clauses: list[Clause] = []
    if draw.chance(chance):
        clauses.append(
            ParityClause(
                id="parity",
                contract="",
                partner="",
                each_window=draw.chance(0.4),
                orders_of=DISTRIBUTORS,
                max_fill_gap=draw.pick((0.0, 0.05, 0.2)),
                penalty=_penalty(draw, 2.0, 40.0),
            )
        )
    limited = _limited_plants(network)
    if limited and draw.chance(chance * 1.2):
        plant = draw.pick(limited)
        made = sorted({PRODUCTS[product] for maker, product in network.recipes if maker == plant})
        clauses.append(
            ReservationClause(
                id="reserve",
                contract="",
                partner="",
                each_window=draw.chance(0.5),
                plant=plant,
                share=draw.between(0.2, 0.9),
                families=tuple(draw.some(made, draw.whole(1, len(made)))),
                orders_of=draw.pick(DISTRIBUTORS),
                penalty=_penalty(draw, 0.5, 4.0),
            )
        )
    if network.tables["baseline"].height and draw.chance(chance):
        clauses.append(
            StabilityClause(
                id="stability",
                contract="",
                partner="",
                frozen_periods=tuple(range(draw.whole(1, 2))),
                max=draw.pick((0.0, draw.between(0.5, 6.0))),
                penalty=draw.between(0.3, 4.0),
            )
            if draw.chance(0.65)
            else StabilityClause(
                id="stability", contract="", partner="", frozen_periods=(0,), max=_deviation(draw, network)
            )
        )
    return clauses


def _limited_plants(network: TinyNetwork) -> list[str]:
    resources = network.tables["resources"]
    unlimited = set(resources.filter(pl.col("regular").is_null())["plant"])
    return [plant for plant in network.plants if plant not in unlimited]


def _deviation(draw: Draw, network: TinyNetwork) -> float:
    """Return a hard bound that still allows to make next to nothing of the baseline."""
    first = network.tables["baseline"].filter(pl.col("period") == 0)
    return round(float(first["quantity"].sum()) * draw.between(0.7, 1.2), 2)


def _supplier_clauses(draw: Draw, supplier: str, chance: float) -> list[Clause]:
    expected = draw.between(8.0, 20.0)
    clauses: list[Clause] = []
    if draw.chance(chance * 0.6):
        each, penalty = draw.chance(0.5), _penalty(draw, 0.5, 3.0)
        low = round(expected * (draw.between(0.1, 0.3) if penalty is None else draw.between(0.4, 1.2)), 2)
        clauses.append(
            PurchaseClause(
                id=f"{supplier}/take",
                contract="",
                partner="",
                each_window=each,
                supplier=supplier,
                min=low,
                penalty=penalty,
            )
        )
    if draw.chance(chance * 0.6):
        clauses.append(
            PurchaseClause(
                id=f"{supplier}/quota",
                contract="",
                partner="",
                each_window=draw.chance(0.5),
                supplier=supplier,
                max=round(expected * draw.between(0.4, 1.0), 2),
                penalty=_penalty(draw, 0.5, 4.0),
            )
        )
    if draw.chance(chance):
        rates = sorted((draw.between(0.02, 0.12), draw.between(0.1, 0.35)), reverse=draw.chance(0.1))
        first = round(expected * draw.between(0.1, 0.5), 2)
        steps = (first, round(first + expected * draw.between(0.1, 0.6), 2))
        tiers = tuple(RebateTier(step, rate) for step, rate in zip(steps, rates, strict=True))
        clauses.append(
            RebateClause(
                id=f"{supplier}/rebate",
                contract="",
                partner="",
                each_window=draw.chance(0.4),
                supplier=supplier,
                tiers=tiers[: draw.whole(1, 2)],
            )
        )
    return clauses


def _reward_floor(draw: Draw, loyalty: TinyLoyalty) -> RewardFloorClause:
    tiers: Sequence[str] = sorted(set(loyalty.tables["customers"]["tier"]))
    penalty = _penalty(draw, 0.3, 4.0)
    return RewardFloorClause(
        id="guarantee",
        contract="",
        partner="",
        each_window=draw.chance(0.7),
        tier=draw.pick(tiers),
        min_share=draw.between(0.05, 0.2) if penalty is None else draw.between(0.5, 1.0),
        penalty=penalty,
    )


def _impossible(draw: Draw, network: TinyNetwork, loyalty: TinyLoyalty) -> dict[str, list[Clause]]:
    """Return hard clauses that cannot hold: one alone, two of one partner, or two of different partners."""
    distributor, other = DISTRIBUTORS
    ordered = _ordered(distributor, network)
    too_much = VolumeClause(
        id="impossible/volume", contract="", partner="", orders_of=distributor, min=round(ordered * 1.2, 2)
    )
    most = VolumeClause(
        id="impossible/quota", contract="", partner="", orders_of=distributor, max=round(ordered * 0.1, 2)
    )
    all_served = ServiceClause(
        id="impossible/service", contract="", partner="", orders_of=distributor, min_fill_rate=0.4
    )
    other_served = VolumeClause(
        id="impossible/other",
        contract="",
        partner="",
        orders_of=other,
        min=round(_ordered(other, network) * 0.5, 2),
    )
    same = ParityClause(id="impossible/parity", contract="", partner="", orders_of=DISTRIBUTORS, max_fill_gap=0.1)
    brand = loyalty.brands[0]
    spend_all = _budget("impossible/spend", each=False, low=round(2.5 * _potential_spend(brand, loyalty) + 1, 2))
    choices: tuple[dict[str, list[Clause]], ...] = (
        {distributor: [too_much]},
        {distributor: [most, all_served]},
        {distributor: [most, same], other: [other_served]},
        {brand: [spend_all]},
    )
    return draw.pick(choices)
