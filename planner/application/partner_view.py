"""What a partner gets to see of a plan: rows of its own, and nothing that speaks of anybody else.

A partner sees plans that were accepted, of scenarios in which it has a part. Of such a plan it gets its contracts'
clauses, its funding, the prices of its clauses, its orders and how they are served, and what is bought from it. A
clause that rests on another partner (parity, or orders of somebody else) would tell about that one and is withheld.
Everything is picked by name: a new column, table or field stays inside until it is added here.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

import polars as pl

from planner.application.planning_ports import PlanningPorts
from planner.application.recording import find_plan
from planner.domain.clauses import Clause, RebateTier
from planner.domain.errors import ConcordatError, NotFound
from planner.domain.plan import PLAN_TABLES, Plan
from planner.domain.scenario import Scenario
from planner.events.plan_record import PlanRecord, PlanState
from planner.verification.explanation_document import Document

VIEW_SCHEMA = "concordat.partner_view/1"

_REMEMBERED = 64
_ORDER_COLUMNS = ("order", "market", "product", "period", "quantity", "unit_revenue", "max_delay")
_NAMES_PARTNERS = ("orders_of", "offers_of", "supplier")
_SHORTFALL = ("kind", "id", "partner", "market", "product", "due", "ordered", "late", "short")
_BUDGET = ("clause", "partner", "window", "spent", "lower", "upper", "price", "state", "reach")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerShare:
    """What of a scenario is one partner's own: its orders, and the clauses it may see of its contracts."""

    orders: pl.DataFrame
    clauses: tuple[Clause, ...]
    withheld: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioShares:
    """What of a scenario is whose; ``header`` holds what all of them know."""

    header: Mapping[str, object]
    shares: Mapping[str, PartnerShare]


class PartnerViews:
    """Views of the plans of one server; what of a scenario is whose is remembered for those asked about last."""

    def __init__(self, ports: PlanningPorts) -> None:
        self._ports = ports
        self._shares: OrderedDict[str, ScenarioShares] = OrderedDict()
        # One at a time: a scenario with millions of customers takes seconds and memory.
        self._busy = asyncio.Lock()

    async def facts(self, plan: str) -> Mapping[str, bool | tuple[str, ...]]:
        """Return what policies of access look at: whether a plan is accepted, and the partners of its scenario.

        What nobody asked for, or cannot be read now, is not accepted and has no partners: an error would tell partners
        that there is something, and those who may see all of it are told by the use case.
        """
        try:
            record = await find_plan(self._ports, plan)
            if not is_shown(record):
                return {"accepted": False, "partners": ()}
            shares = await self._of_scenario(record.request.scenario)
        except ConcordatError:
            return {"accepted": False, "partners": ()}
        return {"accepted": True, "partners": tuple(sorted(shares.shares))}

    async def sees(self, record: PlanRecord, partner: str) -> bool:
        """Say whether a partner may see a plan at all."""
        if not is_shown(record):
            return False
        try:
            return partner in (await self._of_scenario(record.request.scenario)).shares
        except ConcordatError:
            return False  # a plan whose scenario is gone is shown to no partner

    async def files(self, plan: str, partner: str) -> Iterator[tuple[str, bytes]]:
        """Return the files of a partner's view of a plan that it may see, ``plan.json`` last.

        Raises
        ------
        NotFound
            If nobody asked for the plan here, or the partner has no part in it.
        PlanUnreadable
            If its folder is gone.
        """
        record = await find_plan(self._ports, plan)
        shares = await self._of_scenario(record.request.scenario)
        share = shares.shares.get(partner)
        if share is None or not is_shown(record):
            raise NotFound("there is no such plan for this partner")
        content = await asyncio.to_thread(self._ports.plans.read, plan)
        summary = {
            "schema": VIEW_SCHEMA,
            "plan": f"plans/{plan}",
            "partner": partner,
            **shares.header,
            "withheld_clauses": share.withheld,
        }
        return iter(_files(content, partner, share, summary))

    async def explanation(self, plan: str, partner: str, document: Document) -> Document:
        """Return of an explanation of a plan what is the partner's own: its late or short orders, and its budgets."""
        record = await find_plan(self._ports, plan)
        share = (await self._of_scenario(record.request.scenario)).shares.get(partner)
        clauses = {clause.id for clause in share.clauses} if share is not None else set()
        return {
            "plan": f"plans/{plan}",
            "currency": document.get("currency", ""),
            "priced": document.get("priced", False),
            "shortfalls": [
                {name: short[name] for name in _SHORTFALL}
                for short in _entries(document, "shortfalls")
                if short["kind"] == "order" and short["partner"] == partner
            ],
            "budgets": [
                {name: budget[name] for name in _BUDGET}
                for budget in _entries(document, "budgets")
                if budget["partner"] == partner and budget["clause"] in clauses
            ],
        }

    async def _of_scenario(self, scenario: str) -> ScenarioShares:
        async with self._busy:
            known = self._shares.get(scenario)
            if known is None:
                known = await asyncio.to_thread(self._read, scenario)
                self._shares[scenario] = known
                if len(self._shares) > _REMEMBERED:
                    self._shares.popitem(last=False)
            else:
                self._shares.move_to_end(scenario)
            return known

    def _read(self, scenario: str) -> ScenarioShares:
        return scenario_shares(self._ports.scenarios.read(scenario))


def is_shown(record: PlanRecord) -> bool:
    """Say whether partners may see a plan: it was made and accepted, so it is what will be executed."""
    return record.state is PlanState.PLANNED and record.acceptance is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPlan:
    """What a partner is told of a plan as a whole; times are UTC."""

    plan: str
    requested_at: datetime
    ended_at: datetime | None
    accepted_at: datetime | None


def partner_plan(record: PlanRecord) -> PartnerPlan:
    """Return what a partner is told of a plan that it may see: no value, no words, nobody's name."""
    accepted = record.acceptance.accepted_at if record.acceptance is not None else None
    return PartnerPlan(
        plan=record.plan, requested_at=record.requested_at, ended_at=record.ended_at, accepted_at=accepted
    )


def scenario_shares(scenario: Scenario) -> ScenarioShares:
    """Return what of a scenario is whose."""
    horizon = scenario.horizon
    header = {
        "currency": scenario.header.currency,
        "periods": horizon.periods,
        "period_days": horizon.period_days,
        "start_date": horizon.start_date.isoformat(),
        "windows": [list(window) for window in horizon.windows],
    }
    partners = [str(partner) for partner in scenario["partners"]["partner"]]
    return ScenarioShares(header=header, shares={partner: _share(scenario, partner) for partner in partners})


def _share(scenario: Scenario, partner: str) -> PartnerShare:
    orders = scenario["orders"].filter(pl.col("partner") == partner).select(_ORDER_COLUMNS)
    own = [
        clause
        for contract in scenario.contracts
        if contract.partner == partner
        for clause in contract.clauses
        if clause.partner == partner
    ]
    shown = tuple(clause for clause in own if _others(clause) <= {partner})
    return PartnerShare(orders=orders, clauses=shown, withheld=len(own) - len(shown))


def _others(clause: Clause) -> set[str]:
    """Return the partners that a clause rests on."""
    named: set[str] = set()
    for field in _NAMES_PARTNERS:
        value = getattr(clause, field, ())
        named |= {value} if isinstance(value, str) else set(value)
    return named


def _files(plan: Plan, partner: str, share: PartnerShare, summary: Mapping[str, object]) -> Iterator[tuple[str, bytes]]:
    clauses = [clause.id for clause in share.clauses]
    orders = share.orders["order"].to_list()
    own = {
        "clauses": plan["clauses"].filter(
            pl.col("clause").is_in(clauses) & pl.col("contract").is_in([clause.contract for clause in share.clauses])
        ),
        "funding": plan["funding"].filter(pl.col("partner") == partner),
        "prices": plan["prices"].filter((pl.col("kind") == "clause") & pl.col("key").is_in(clauses)),
        "purchases": plan["purchases"].filter(pl.col("partner") == partner),
        "service": plan["service"].filter((pl.col("kind") == "order") & pl.col("id").is_in(orders)),
    }
    for name, frame in own.items():
        yield f"{name}.csv", frame.select(list(PLAN_TABLES[name])).write_csv().encode()
    yield "orders.csv", share.orders.write_csv().encode()
    yield "contracts.json", _json([_clause(clause) for clause in share.clauses])
    yield "plan.json", _json(summary)


def _clause(clause: Clause) -> dict[str, object]:
    return {"kind": clause.kind} | {field.name: _plain(getattr(clause, field.name)) for field in fields(clause)}


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, RebateTier):
        return {"from_quantity": value.from_quantity, "rate": value.rate}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _entries(document: Document, name: str) -> list[Document]:
    entries = document.get(name, [])
    return list(entries) if isinstance(entries, list) else []
