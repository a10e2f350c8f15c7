"""From a reconciled solution to a plan that stands on its own: decisions, worth, prices, certificate, hashes."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import polars as pl

from actors.allowance import Allowance
from actors.bound_search import LeafBound
from actors.candidate import Candidate
from actors.certificate_tables import clause_prices, duals_table, leaf_name, price_clauses, prices_table
from actors.coordinator import Reconciled
from actors.formulate.solution import join_tables
from actors.protocol import AgentNetwork, Decide, Decided, all_of
from planner.domain.eligibility import Eligibility
from planner.domain.gap import relative_gap
from planner.domain.hashing import plan_hash, scenario_hash, sealed, table_hash
from planner.domain.plan import Plan
from planner.domain.plan_form import canonical_table, canonical_tables
from planner.domain.scenario import Scenario
from planner.ports.planning_runtime import PlanningParameters
from planner.verification.facts import plan_facts
from planner.verification.recompute import Recomputation, recompute

PLAN_SCHEMA = "concordat.plan/1"

UNREPEATABLE = frozenset({"time", "cancelled", "accepted", "replay"})
"""Ends of runs that depend on the moment; such a plan is made again only by stopping where it stopped."""

History = list[tuple[float, float | None, float | None]]


@dataclass(frozen=True, slots=True, eq=False)
class Circumstances:
    """What a plan tells of its making beside the solution; ``made_with`` names code, libraries and backends."""

    scenario: Scenario
    eligibility: Eligibility
    parameters: PlanningParameters
    history: History
    made_with: Mapping[str, object]


class InvalidDecisions(Exception):
    """The decisions do not pass the recomputation: a defect of Concordat, never of the scenario."""


def finish(found: Reconciled, network: AgentNetwork, allowance: Allowance, around: Circumstances) -> Plan:
    """Collect the agents' decisions and certify them.

    Raises
    ------
    InvalidDecisions
        If the recomputation finds a rule broken; nothing that breaks a hard rule is ever called a plan.
    """
    if found.candidate is None:
        raise InvalidDecisions("there is no solution to finish")
    decisions = _decide(found, found.candidate, network)
    tables, worth = _recompute(decisions, around)
    leaf = priced_leaf(found)
    blocks, links = found.problem.blocks, found.problem.links
    told = {
        "funding": worth.expected_funding,
        "clauses": price_clauses(worth.clauses, clause_prices(leaf.given, blocks, links)),
        "prices": prices_table(leaf.given, blocks, links),
        "duals": duals_table([leaf.given for leaf in found.leaves], blocks, links),
    }
    tables |= {name: canonical_table(name, frame) for name, frame in told.items()}
    return Plan(tables, sealed(_summary(found, tables, worth, allowance=allowance, around=around)))


def _decide(found: Reconciled, candidate: Candidate, network: AgentNetwork) -> dict[str, pl.DataFrame]:
    assembly = found.problem.assembly
    messages = {
        name: Decide(candidate.x[assembly.columns_of(b)], candidate.shares[assembly.columns_of(b)])
        for b, name in enumerate(assembly.names)
    }
    replies = all_of(Decided, list(messages), network.ask(messages))
    return join_tables(dict(reply.tables) for reply in replies.values())


def _recompute(
    decisions: dict[str, pl.DataFrame], around: Circumstances
) -> tuple[dict[str, pl.DataFrame], Recomputation]:
    tables = canonical_tables(decisions)
    unfunded = {name: frame for name, frame in tables.items() if name != "funding"}
    worth = recompute(around.scenario, unfunded, eligibility=around.eligibility)
    if worth.breaches:
        raise InvalidDecisions(f"{len(worth.breaches)} rules do not hold, first: {worth.breaches[0]}")
    return tables, worth


def _summary(
    found: Reconciled,
    tables: Mapping[str, pl.DataFrame],
    worth: Recomputation,
    *,
    allowance: Allowance,
    around: Circumstances,
) -> dict[str, object]:
    checked = max(leaf.checked for leaf in found.leaves)
    proved = min(found.bound_proved, checked)
    # A plan is the same whether somebody wanted to read what solvers told meanwhile or not.
    parameters = {name: value for name, value in asdict(around.parameters).items() if name != "solver_logs"}
    # Hosts share out the work and the time limit only ends it: neither is part of what a plan depends on.
    asked = {
        name: parameters[name]
        for name in ("gap", "seed", "work_limit", "base_plan")
        if name != "base_plan" or parameters[name]
    }
    return {
        "schema": PLAN_SCHEMA,
        "scenario_id": around.scenario.header.id,
        "scenario_hash": scenario_hash(around.scenario),
        "policies_hash": _hash([asdict(rule) for rule in around.scenario.eligibility]),
        **around.made_with,
        "parameters": parameters,
        "parameters_hash": _hash(asked),
        "plan_hash": plan_hash(tables, canonical=True),
        "tables_hash": {name: table_hash(name, frame, canonical=True) for name, frame in tables.items()},
        "seed": around.parameters.seed,
        "value": worth.value,
        "value_parts": dict(worth.parts),
        "bound_proved": proved,
        "bound_checked": checked,
        "gap": relative_gap(worth.value, proved),
        "gap_checked": relative_gap(worth.value, checked),
        "proved_by": dict(found.proved_by),
        "stopped_by": found.stopped_by,
        "reproducible": found.stopped_by not in UNREPEATABLE,
        "stopped_at": _stopped_at(found),
        "limits": {**parameters, "steps": found.steps},
        "history": [*around.history, (allowance.clock(), worth.value, proved)],
        "certificate": {
            "priced_leaf": leaf_name(found.leaves.index(priced_leaf(found))),
            "choices": {name: len(group) for name, group in found.problem.assembly.choices},
            "leaves": [_leaf(place, leaf, found) for place, leaf in enumerate(found.leaves)],
        },
        "facts": plan_facts(around.scenario, tables, worth),
    }


def _stopped_at(found: Reconciled) -> dict[str, object]:
    """Return where the run stopped, for a replay: steps begun, and the plan it ended with.

    ``whole`` is false for a plan out of a solve that was cut short, which no replay can cut at the same place.
    """
    chosen = found.incumbent
    if chosen is None:
        return {"steps": found.steps}
    return {"steps": found.steps, "incumbent": chosen.etag, "whole": chosen.whole}


def priced_leaf(found: Reconciled) -> LeafBound:
    """Return the leaf whose multipliers are the prices of the plan: the one that decides the bound."""
    return max(found.leaves, key=lambda leaf: leaf.proved)


def _leaf(place: int, leaf: LeafBound, found: Reconciled) -> dict[str, object]:
    names = [name for name, _ in found.problem.assembly.choices]
    allowed = {name: list(options) for name, options in zip(names, leaf.leaf.allowed, strict=True)}
    return {
        "id": leaf_name(place),
        "allowed": allowed,
        "bound_checked": leaf.checked,
        "bound_proved": leaf.proved if math.isfinite(leaf.proved) else None,
        "proved_by": dict(leaf.proved_by),
    }


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
