"""An infeasible request in contract language: which hard clauses cannot hold together, and the cheapest way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actors.formulate.links import CLAUSE_ROWS, clause_of
from actors.formulate.problem import Surroundings
from solvers.core.backend import Backend
from solvers.core.program import Ints
from solvers.network.assembly import Assembly
from solvers.network.block import Block, Labels
from solvers.network.conflict import minimal_conflict


@dataclass(frozen=True, slots=True)
class Conflict:
    """``clauses`` (ids) cannot hold together; where none can be named, ``clauses`` names physical rows instead.

    ``relaxation`` lists (clause id or row, amount) of the least relative loosening that makes a plan possible.
    """

    clauses: tuple[str, ...]
    relaxation: tuple[tuple[str, float], ...]
    physical: bool


def find_conflict(
    around: Surroundings, blocks: Sequence[Block], assembly: Assembly, *, backend: Backend, relaxed: bool
) -> Conflict:
    """Explain an infeasible problem; ``relaxed`` says that already its linear relaxation has no solution."""
    soft = {clause.id for clause in around.scenario.clauses if clause.penalty is not None}
    clauses: dict[str, list[int]] = {}
    physical: dict[str, list[int]] = {}
    for name, labels, start in _labelled(around, blocks, assembly):
        for i, (kind, key, period) in enumerate(zip(labels.kind, labels.key, labels.period, strict=True)):
            if kind in CLAUSE_ROWS and clause_of(key) not in soft:
                clauses.setdefault(clause_of(key), []).append(start + i)
            elif kind in {"capacity", "balance", "market", "material", "redemptions"}:
                physical.setdefault(f"{name}{kind} {key} in period {period}", []).append(start + i)
    for groups, is_physical in ((clauses, False), (physical, True)):
        found = minimal_conflict(assembly.program, _arrays(groups), backend, relaxed=relaxed)
        if found.groups:
            return Conflict(found.groups, tuple(sorted(found.loosening.items())), is_physical)
    return Conflict((), (), physical=True)


def _labelled(around: Surroundings, blocks: Sequence[Block], assembly: Assembly) -> list[tuple[str, Labels, int]]:
    found = [(f"{b.name}: ", b.rows, int(s)) for b, s in zip(blocks, assembly.row_start, strict=False)]
    return [*found, ("", around.links.links.labels, int(assembly.row_start[-1]))]


def _arrays(groups: dict[str, list[int]]) -> dict[str, Ints]:
    return {name: np.array(rows, dtype=np.int32) for name, rows in groups.items()}
