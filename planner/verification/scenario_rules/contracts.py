"""Rules of contracts: what a clause names exists, and what it asks for makes sense."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    ExclusivityClause,
    ParityClause,
    PriceFloorClause,
    PurchaseClause,
    RebateClause,
    RewardFloorClause,
    StabilityClause,
    VolumeClause,
)
from planner.domain.finding import Finding
from planner.domain.scenario import Scenario

CONTRACTS = "contracts.json"

_NAMES = {
    "orders_of": "partner",
    "offers_of": "partner",
    "supplier": "partner",
    "plant": "plant",
    "families": "family",
    "markets": "market",
    "tier": "tier",
}
_SHARES = ("share", "min_fill_rate", "min_share", "max_fill_gap", "min_net_revenue_share")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a clause stands, so that its findings can say so."""

    row: int
    clause: Clause

    def finding(self, field: str, rule: str, value: object, message: str) -> Finding:
        column = f"clauses[{self.clause.id}].{field}"
        return Finding(CONTRACTS, self.row, column, rule, str(value), message)


def contract_findings(scenario: Scenario) -> Iterator[Finding]:
    """Yield the findings against contracts and clauses."""
    known = _known_names(scenario)
    contract_ids: set[str] = set()
    clause_ids: set[str] = set()
    for row, contract in enumerate(scenario.contracts):
        if contract.id in contract_ids:
            yield Finding(CONTRACTS, row, "id", "duplicate", contract.id, "this id is taken by another contract")
        contract_ids.add(contract.id)
        if contract.partner not in known["partner"]:
            yield Finding(CONTRACTS, row, "partner", "unknown-reference", contract.partner, "not found in partners")
        first, last = contract.effective_from, contract.effective_to
        if first is not None and last is not None and first > last:
            message = f"must not lie after effective_to, {last}"
            yield Finding(CONTRACTS, row, "effective_from", "effective-dates", str(first), message)
        for clause in contract.clauses:
            place = _Place(row, clause)
            if clause.id in clause_ids:
                yield place.finding("id", "duplicate", clause.id, "this id is taken by another clause")
            clause_ids.add(clause.id)
            yield from _clause_findings(place, known, scenario.horizon.periods)


def _known_names(scenario: Scenario) -> dict[str, set[str]]:
    tiers = set(scenario["segments"]["tier"].unique().to_list())
    wanted = {clause.tier for clause in scenario.clauses if isinstance(clause, RewardFloorClause)}
    if wanted - tiers:
        # A tier may stand on customers only; a million of them are looked at only where it matters.
        tiers |= set(scenario["customers"]["tier"].unique().to_list())
    return {
        "partner": set(scenario["partners"]["partner"].to_list()),
        "plant": set(scenario["plants"]["plant"].to_list()),
        "family": set(scenario["products"]["family"].to_list()),
        "market": set(scenario["markets"]["market"].to_list()),
        "tier": tiers - {"", None},
    }


def _clause_findings(place: _Place, known: dict[str, set[str]], periods: int) -> Iterator[Finding]:
    clause = place.clause
    yield from _name_findings(place, known)
    yield from _bound_findings(place)
    for field in _SHARES:
        value = getattr(clause, field, None)
        if value is not None and not 0 <= value <= 1:
            yield place.finding(field, "share", value, "must lie between 0 and 1")
    if clause.penalty is not None:
        if isinstance(clause, ExclusivityClause | PriceFloorClause | RebateClause):
            message = f"a {clause.kind} clause cannot be soft; leave the penalty out"
            yield place.finding("penalty", "penalty-refused", clause.penalty, message)
        elif not 0 <= clause.penalty < math.inf:
            yield place.finding("penalty", "negative", clause.penalty, "must be a finite number, not negative")
    if isinstance(clause, RebateClause):
        yield from _tier_findings(place, clause)
    if isinstance(clause, StabilityClause):
        yield from _frozen_findings(place, clause, periods)


def _name_findings(place: _Place, known: dict[str, set[str]]) -> Iterator[Finding]:
    clause = place.clause
    for field, noun in _NAMES.items():
        value = getattr(clause, field, None)
        if value is None:
            continue
        names = value if isinstance(value, tuple) else (value,)
        if not names:
            yield place.finding(field, "names-nothing", "", f"must name at least one {noun}")
        for name in names:
            if name not in known[noun]:
                yield place.finding(field, "unknown-reference", name, f"no such {noun}")
    if isinstance(clause, ParityClause) and len(set(clause.orders_of)) < 2:
        message = "must name at least two partners to compare"
        yield place.finding("orders_of", "names-nothing", ", ".join(clause.orders_of), message)


def _bound_findings(place: _Place) -> Iterator[Finding]:
    clause = place.clause
    if isinstance(clause, StabilityClause):
        if not 0 <= clause.max < math.inf:
            yield place.finding("max", "negative", clause.max, "must be a finite number, not negative")
        return
    if not isinstance(clause, BudgetClause | VolumeClause | PurchaseClause):
        return
    if clause.min is None and clause.max is None:
        yield place.finding("max", "names-nothing", "", "a clause needs min, max or both")
    for field, bound in (("min", clause.min), ("max", clause.max)):
        if bound is not None and not 0 <= bound < math.inf:
            yield place.finding(field, "negative", bound, "must be a finite number, not negative")
    if clause.min is not None and clause.max is not None and clause.min > clause.max:
        yield place.finding("min", "min-over-max", clause.min, f"must not be larger than max, {clause.max:g}")


def _tier_findings(place: _Place, clause: RebateClause) -> Iterator[Finding]:
    if not clause.tiers:
        yield place.finding("tiers", "names-nothing", "", "must hold at least one tier")
    for position, tier in enumerate(clause.tiers):
        field = f"tiers[{position}]"
        if not 0 <= tier.from_quantity < math.inf:
            message = "must be a finite number, not negative"
            yield place.finding(f"{field}.from_quantity", "negative", tier.from_quantity, message)
        if not 0 <= tier.rate <= 1:
            yield place.finding(f"{field}.rate", "share", tier.rate, "must lie between 0 and 1")
        if position and tier.from_quantity <= clause.tiers[position - 1].from_quantity:
            message = "tiers must ascend in from_quantity"
            yield place.finding(f"{field}.from_quantity", "tiers-ascend", tier.from_quantity, message)


def _frozen_findings(place: _Place, clause: StabilityClause, periods: int) -> Iterator[Finding]:
    if not clause.frozen_periods:
        yield place.finding("frozen_periods", "names-nothing", "", "must name at least one period")
    if len(set(clause.frozen_periods)) < len(clause.frozen_periods):
        yield place.finding("frozen_periods", "duplicate", clause.frozen_periods, "a period stands there twice")
    for period in clause.frozen_periods:
        if not 0 <= period < periods:
            message = f"must lie in the horizon, 0 to {periods - 1}"
            yield place.finding("frozen_periods", "period-outside", period, message)
