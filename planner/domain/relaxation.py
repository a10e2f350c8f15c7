"""Clauses loosened: what somebody wants to know when asking "what if we agreed on less?".

A clause is loosened by an amount in the unit of its measure, by a share of its own number, or dropped. A clause that
states a rate (service, reservation, reward floor) has bounds that differ between windows: its rate is changed so that
the largest bound gives way by the asked amount and the others in proportion. No bound gives way by more than asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from planner.domain.clauses import (
    BudgetClause,
    Clause,
    Contract,
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
from planner.domain.errors import InvalidRequest
from planner.domain.scenario import Scenario

DROP = "drop"


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One clause loosened by ``amount`` (unit of its measure) or ``share`` of its own number; by neither: dropped."""

    clause: str
    amount: float | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and self.share is not None:
            raise InvalidRequest(f"loosen {self.clause} by an amount or by a share, not by both", "relaxation")
        for number in (self.amount, self.share):
            if number is not None and not (math.isfinite(number) and number > 0):
                raise InvalidRequest(f"{self.clause} is to be loosened by more than 0, got {number}", "relaxation")

    def __str__(self) -> str:
        """Return the relaxation as :func:`parse_relaxation` reads it."""
        if self.share is not None:
            return f"{self.clause}={100 * self.share:.12g}%"
        return f"{self.clause}={DROP if self.amount is None else f'{self.amount:.12g}'}"


def parse_relaxation(text: str) -> Relaxation:
    """Return what ``CLAUSE=12.5``, ``CLAUSE=10%`` or ``CLAUSE=drop`` asks for.

    Raises
    ------
    InvalidRequest
        If the text is none of these.
    """
    clause, equals, by = text.rpartition("=")
    if not equals or not clause:
        raise InvalidRequest(
            f"{text!r} names no clause and amount: write CLAUSE=12.5, CLAUSE=10% or CLAUSE={DROP}", "relax"
        )
    if by == DROP:
        return Relaxation(clause)
    try:
        number = float(by.removesuffix("%"))
    except ValueError as error:
        raise InvalidRequest(f"{by!r} is no amount: write CLAUSE=12.5, CLAUSE=10% or CLAUSE={DROP}", "relax") from error
    return Relaxation(clause, share=number / 100) if by.endswith("%") else Relaxation(clause, amount=number)


def relax(scenario: Scenario, relaxations: Sequence[Relaxation], largest: Mapping[str, float]) -> Scenario:
    """Return the scenario with clauses loosened; its assumptions say which.

    ``largest`` holds the largest bound of every clause that states a rate, as its present rate makes it, in the unit
    of the measure.

    Raises
    ------
    InvalidRequest
        If there is no such clause, or it cannot be loosened like this.
    """
    asked = {relaxation.clause: relaxation for relaxation in relaxations}
    known = {clause.id for clause in scenario.clauses}
    for clause in asked:
        if clause not in known:
            raise InvalidRequest(f"the scenario has no clause {clause!r}: take an id from contracts.json", "relaxation")
    if not asked or len(asked) < len(relaxations):
        raise InvalidRequest("name every clause that is to be loosened once", "relaxation")
    contracts = tuple(_relaxed(contract, asked, largest) for contract in scenario.contracts)
    what_if = sorted(str(relaxation) for relaxation in relaxations)
    header = replace(scenario.header, assumptions={**scenario.header.assumptions, "what_if": what_if})
    return replace(scenario, header=header, contracts=contracts)


def _relaxed(contract: Contract, asked: Mapping[str, Relaxation], largest: Mapping[str, float]) -> Contract:
    clauses: list[Clause] = []
    for clause in contract.clauses:
        relaxation = asked.get(clause.id)
        if relaxation is None:
            clauses.append(clause)
        elif relaxation.share is not None:
            clauses.append(_by_share(clause, relaxation.share))
        elif relaxation.amount is not None:
            clauses.append(_by_amount(clause, relaxation.amount, largest.get(clause.id, 0.0)))
    return replace(contract, clauses=tuple(clauses))


def _by_share(clause: Clause, share: float) -> Clause:
    return _loosened(clause, lambda low: low * (1.0 - share), lambda high: high * (1.0 + share))


def _by_amount(clause: Clause, amount: float, largest: float) -> Clause:
    if not isinstance(clause, ServiceClause | RewardFloorClause | ReservationClause):
        return _loosened(clause, lambda low: low - amount, lambda high: high + amount)
    if largest <= 0:
        raise InvalidRequest(
            f"{clause.id} bounds nothing that could be loosened by an amount: give a share such as 10%, or {DROP}",
            "relaxation",
        )
    if isinstance(clause, ReservationClause):
        # Its bound is what the share leaves: (1 − share) · regular.
        return _loosened(clause, lambda share: 1.0 - (1.0 - share) * (1.0 + amount / largest), _same)
    return _by_share(clause, amount / largest)


def _loosened(clause: Clause, down: Callable[[float], float], up: Callable[[float], float]) -> Clause:
    """Change every number of a clause that demands something: lower bounds go down, upper bounds go up."""

    def least(number: float) -> float:
        return max(down(number), 0.0)

    match clause:
        case BudgetClause() | VolumeClause() | PurchaseClause():
            low = None if clause.min is None else least(clause.min)
            loosened: Clause = replace(clause, min=low, max=None if clause.max is None else up(clause.max))
        case StabilityClause():
            loosened = replace(clause, max=up(clause.max))
        case ParityClause():
            loosened = replace(clause, max_fill_gap=min(up(clause.max_fill_gap), 1.0))
        case PriceFloorClause():
            loosened = replace(clause, min_net_revenue_share=least(clause.min_net_revenue_share))
        case RebateClause():
            tiers = tuple(RebateTier(least(tier.from_quantity), tier.rate) for tier in clause.tiers)
            loosened = replace(clause, tiers=tiers)
        case ServiceClause():
            loosened = replace(clause, min_fill_rate=least(clause.min_fill_rate))
        case ReservationClause():
            loosened = replace(clause, share=least(clause.share))
        case RewardFloorClause():
            loosened = replace(clause, min_share=least(clause.min_share))
        case _:
            raise InvalidRequest(
                f"a clause of kind {clause.kind} has no number to loosen: write {clause.id}={DROP}", "relaxation"
            )
    return loosened


def _same(number: float) -> float:
    return number
