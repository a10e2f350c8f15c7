"""Planning anew after a change, from an earlier plan: its set-ups, tiers and offers, and the multipliers of its leaves.

Everything is read from the earlier plan's folder, so that a plan made from it is as reproducible as one made from
nothing. Multipliers need no new solve to bound the changed problem: any sign-correct vector bounds it (weak duality),
so rows that are gone are forgotten, new rows have multiplier 0, and a sign that no longer fits becomes 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from actors.bound_search import EarlierLeaf
from actors.bounding import Multipliers, has_rows
from actors.certificate_tables import read_known_duals
from actors.formulate.accepted import reached_tier
from actors.formulate.links import scope_label
from actors.joint_problem import JointProblem
from actors.protocol import AgentNetwork, Recall, Recalled, all_of
from planner.domain.clauses import RebateClause, clause_scopes
from planner.domain.plan import Plan
from solvers.coordination.choice_tree import partition
from solvers.core.program import Bools, Floats
from solvers.network.verify import sign_correct

Allowed = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class EarlierPlan:
    """What an earlier plan says in the numbering of the changed problem.

    ``used`` bool [setups], ``tiers`` (one option per choice) and ``x`` are its decisions: ``x`` float64 [columns] holds
    set-ups, tiers and offers in shares, and nothing else. ``leaves`` are the parts of its certificate with their
    multipliers, and always partition the combinations of choices.
    """

    used: Bools
    tiers: Allowed
    x: Floats
    leaves: tuple[EarlierLeaf, ...]


def earlier_plan(plan: Plan, problem: JointProblem, network: AgentNetwork) -> EarlierPlan:
    """Read an earlier plan against a changed problem; decisions about what is no longer there are left out."""
    assembly = problem.assembly
    used, tiers = _used(plan, problem), _tiers(plan, problem)
    used &= assembly.program.upper[assembly.setups.setup] > 0
    x = _offers(plan, problem, network)
    x[assembly.setups.setup] = used
    for (_, group), (option,) in zip(assembly.choices, tiers, strict=True):
        x[group[option]] = 1.0
    # What is released already is fixed by bounds, whatever the earlier plan says.
    x = np.clip(x, assembly.program.lower, assembly.program.upper)
    return EarlierPlan(used, tiers, x, _leaves(plan, problem))


def _offers(plan: Plan, problem: JointProblem, network: AgentNetwork) -> Floats:
    """Let every segment recall what it gave."""
    customers = problem.around.scenario["customers"].select("customer", "segment")
    given = plan["rewards"].join(customers, on="customer").partition_by("segment", as_dict=True)
    nothing = plan["rewards"].clear()
    messages = {
        name: Recall(given.get((name.removeprefix("segment:"),), nothing))
        for name in problem.assembly.names
        if name.startswith("segment:")
    }
    replies = all_of(Recalled, list(messages), network.ask(messages))
    x = np.zeros(problem.assembly.program.columns)
    for b, name in enumerate(problem.assembly.names):
        if name in replies:
            x[problem.assembly.columns_of(b)] = replies[name].x
    return x


def _used(plan: Plan, problem: JointProblem) -> Bools:
    made = plan["production"].filter(pl.col("setup") == 1).select("plant", "product", "period")
    planned = set(made.iter_rows())
    used = np.zeros(problem.assembly.program.columns, dtype=bool)
    for block, start in zip(problem.blocks, problem.assembly.column_start, strict=False):
        kind, _, plant = block.name.partition(":")
        if kind == "plant":
            labels = zip(block.columns.kind, block.columns.key, block.columns.period.tolist(), strict=True)
            for j, (what, product, t) in enumerate(labels, start=int(start)):
                used[j] = what == "setup" and (plant, product, t) in planned
    chosen: Bools = used[problem.assembly.setups.setup]
    return chosen


def _tiers(plan: Plan, problem: JointProblem) -> Allowed:
    scenario = problem.around.scenario
    reached = {
        f"{clause.id}@{scope_label(scope)}": reached_tier(clause, scope, plan["purchases"])
        for clause in scenario.clauses
        if isinstance(clause, RebateClause)
        for scope in clause_scopes(clause, scenario.horizon)
    }
    return tuple((min(reached.get(name, 0), len(group) - 1),) for name, group in problem.assembly.choices)


def _leaves(plan: Plan, problem: JointProblem) -> tuple[EarlierLeaf, ...]:
    """Return the leaves of a plan; where the choices have changed, one leaf that allows all of them."""
    certificate = plan.summary.get("certificate")
    stated = certificate.get("leaves", ()) if isinstance(certificate, dict) else ()
    sizes = {name: len(group) for name, group in problem.assembly.choices}
    allowed = [tuple(tuple(leaf["allowed"].get(name, ())) for name in sizes) for leaf in stated]
    known = all(set(leaf["allowed"]) == set(sizes) for leaf in stated)
    if known and allowed and partition(allowed, list(sizes.values())):
        return tuple(
            EarlierLeaf(options, _multipliers(plan, problem, place), _gained(stated[place]))
            for place, options in enumerate(allowed)
        )
    everything, place = tuple(tuple(range(size)) for size in sizes.values()), _priced_leaf(plan)
    gained = _gained(stated[place]) if place < len(stated) else 0.0
    return (EarlierLeaf(everything, _multipliers(plan, problem, place), gained),)


def _gained(stated: Mapping[str, float | None]) -> float:
    """Return by how much agents' answers had lowered the bound of a leaf, in the unit of the value."""
    checked, proved = stated.get("bound_checked"), stated.get("bound_proved")
    return 0.0 if checked is None or proved is None else max(checked - proved, 0.0)


def _priced_leaf(plan: Plan) -> int:
    certificate = plan.summary.get("certificate")
    name = certificate.get("priced_leaf", "") if isinstance(certificate, dict) else ""
    number = str(name).rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _multipliers(plan: Plan, problem: JointProblem, place: int) -> Multipliers:
    given, links = read_known_duals(plan["duals"], place, problem.blocks, problem.links), problem.links
    rows = {
        block.name: sign_correct(given.rows[block.name], block.program.row_lower, block.program.row_upper)
        for block in problem.blocks
        if has_rows(block)
    }
    asked = None if given.negotiated is None else sign_correct(given.negotiated, links.lower, links.upper)
    return Multipliers(sign_correct(given.links, links.lower, links.upper), rows, asked)
