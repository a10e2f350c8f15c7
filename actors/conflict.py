"""An infeasible request in contract language: which hard clauses cannot hold together, and the cheapest ways out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actors.formulate.links import CLAUSE_ROWS, clause_of
from actors.formulate.problem import Surroundings
from planner.domain.scenario import Scenario
from planner.verification.facts_clauses import clause_application, clause_terms
from solvers.core.backend import Backend
from solvers.core.program import Floats, Ints, Program
from solvers.network.assembly import Assembly
from solvers.network.block import Block, Labels
from solvers.network.conflict import minimal_conflict
from solvers.network.loosening import LooseRows, least_loosening

MOST_WHOLE = 400
"""Up to this many binary columns repairs are sought in whole numbers; above, the relaxation gives a first amount."""

_DECIMALS = 1e6
_RATES = frozenset({"service", "reservation", "reward_floor"})
"""Kinds whose bounds follow from one rate, so that they give way in proportion to it."""

_PHYSICAL = frozenset({"capacity", "balance", "market", "material", "redemptions"})


@dataclass(frozen=True, slots=True)
class Conflict:
    """``clauses`` (ids) cannot hold together; where none can be named, ``clauses`` names physical rows instead.

    ``relaxation`` lists (clause id or row, amount) of the least relative loosening that makes a plan possible.
    ``terms`` says of each, in order: (clause id or row, contract, kind, what it demands). ``repairs`` lists (clause id,
    amount): each of them alone, loosened by that amount, makes a plan possible; the least relative one first.
    """

    clauses: tuple[str, ...]
    relaxation: tuple[tuple[str, float], ...]
    physical: bool
    terms: tuple[tuple[str, str, str, str], ...] = ()
    repairs: tuple[tuple[str, float], ...] = ()


def find_conflict(
    around: Surroundings, blocks: Sequence[Block], assembly: Assembly, *, backend: Backend, relaxed: bool
) -> Conflict:
    """Explain an infeasible problem; ``relaxed`` says that already its linear relaxation has no solution."""
    clauses, physical = _groups(around, blocks, assembly)
    # Clauses and limits may each be impossible by themselves: then loosening one kind alone opens no way out.
    for groups, together in ((clauses, False), (physical, False), ({**clauses, **physical}, True)):
        found = minimal_conflict(assembly.program, groups, backend, relaxed=relaxed)
        if not found.groups:
            continue
        is_physical = any(name in physical for name in found.groups)
        repairs: tuple[tuple[str, float], ...] = ()
        if not is_physical and not together:
            whole = int(assembly.program.integer.sum()) <= MOST_WHOLE
            repairs = _repairs(
                around.scenario,
                assembly.program,
                {name: groups[name] for name in found.groups},
                backend=backend,
                relaxed=relaxed and not whole,
            )
        return Conflict(
            found.groups,
            tuple(sorted(found.loosening.items())),
            is_physical,
            terms=conflict_terms(around.scenario, found.groups),
            repairs=repairs,
        )
    return Conflict((), (), physical=True)


def conflict_terms(scenario: Scenario, names: Sequence[str]) -> tuple[tuple[str, str, str, str], ...]:
    """Return (clause id or row, contract, kind, what it demands) of everything named."""
    clauses = {clause.id: clause for clause in scenario.clauses}
    found = []
    for name in names:
        clause = clauses.get(name)
        if clause is None:
            found.append((name, "", "limit", name))
        else:
            demand = f"{clause_terms(clause)} {clause_application(clause)}"
            found.append((name, clause.contract, clause.kind, demand))
    return tuple(found)


def _repairs(
    scenario: Scenario, program: Program, groups: Mapping[str, Ints], *, backend: Backend, relaxed: bool
) -> tuple[tuple[str, float], ...]:
    kinds = {clause.id: clause.kind for clause in scenario.clauses}
    bounds = {name: _bounds(program, rows) for name, rows in groups.items()}
    loose = {
        name: LooseRows(rows, _weights(bounds[name], rates=kinds[name] in _RATES)) for name, rows in groups.items()
    }
    found = least_loosening(program, loose, backend, relaxed=relaxed)
    # What is written is rounded up, so that it still suffices.
    amounts = {name: math.ceil(amount * _DECIMALS + 0.5) / _DECIMALS for name, amount in found.items()}
    relative = {name: amount / (1.0 + float(bounds[name].max(initial=0.0))) for name, amount in amounts.items()}
    return tuple(sorted(amounts.items(), key=lambda repair: (relative[repair[0]], repair[0])))


def _bounds(program: Program, rows: Ints) -> Floats:
    lower, upper = program.row_lower[rows], program.row_upper[rows]
    return np.abs(np.where(np.isfinite(lower), lower, np.where(np.isfinite(upper), upper, 0.0)))


def _weights(bounds: Floats, *, rates: bool) -> Floats:
    largest = float(bounds.max(initial=0.0))
    return bounds / largest if rates and largest > 0 else np.ones(len(bounds))


def _groups(
    around: Surroundings, blocks: Sequence[Block], assembly: Assembly
) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Return the rows of every hard clause by its id, and those of physical limits by their names."""
    soft = {clause.id for clause in around.scenario.clauses if clause.penalty is not None}
    clauses: dict[str, list[int]] = {}
    physical: dict[str, list[int]] = {}
    for name, labels, start in _labelled(around, blocks, assembly):
        for i, (kind, key, period) in enumerate(zip(labels.kind, labels.key, labels.period, strict=True)):
            if kind in CLAUSE_ROWS and clause_of(key) not in soft:
                clauses.setdefault(clause_of(key), []).append(start + i)
            elif kind in _PHYSICAL:
                physical.setdefault(f"{name}{kind} {key} in period {period}", []).append(start + i)
    return _arrays(clauses), _arrays(physical)


def _labelled(around: Surroundings, blocks: Sequence[Block], assembly: Assembly) -> list[tuple[str, Labels, int]]:
    found = [(f"{b.name}: ", b.rows, int(s)) for b, s in zip(blocks, assembly.row_start, strict=False)]
    return [*found, ("", around.links.links.labels, int(assembly.row_start[-1]))]


def _arrays(groups: dict[str, list[int]]) -> dict[str, Ints]:
    return {name: np.array(rows, dtype=np.int32) for name, rows in groups.items()}
