"""A small tree of relaxations, for gaps that a few branchings close: no cuts, no copies, one warm linear program.

The tree branches on the most fractional set-up, depth first, the nearer value first; every node is solved from the
basis of the last. A node's bound is not the solver's word: it is recomputed from the multipliers of its rows by weak
duality within the node's box, and it is never below its parent's. The least bound of the leaves is one of the whole
problem. A node said to be infeasible has no such proof: the tree goes on, but its bound no longer counts as recomputed.
Source: Land and Doig (1960), An automatic method of solving discrete programming problems, Econometrica 28(3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.core.backend import Model
from solvers.core.program import Floats, Ints
from solvers.core.termination import Limits, Solution, Termination
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.restricted import CheckedPlan, better, checked
from solvers.lotsizing.verify import lower_bound

_WHOLE = 1e-6
_MOST_FRACTIONAL = 3
_MOST_NODES = 24


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tree:
    """The ``best`` plan and a lower ``bound`` on the cost after ``nodes``; ``closed`` where they meet.

    ``recomputed`` says that every leaf's bound is, and none of them rests on the solver's word.
    """

    best: CheckedPlan | None
    bound: float
    nodes: int
    closed: bool
    recomputed: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """A solved box of set-ups, bounds float64 of shape (set-ups,), and a lower bound on every plan within it."""

    lower: Floats
    upper: Floats
    solved: Solution
    bound: float


def small_tree(formulation: Formulation, model: Model, relaxed: Solution, limits: Limits) -> Tree:
    """Return the tree below a solved relaxation, cut off at a few nodes.

    ``limits`` give the gap and limit every node. The model has its set-ups free before and after.
    """
    columns, program = formulation.setup[formulation.setup >= 0], formulation.program
    root = _node(formulation, program.lower[columns], program.upper[columns], relaxed, -np.inf)
    if root is None:
        return Tree(best=None, bound=-np.inf, nodes=1, closed=False)
    try:
        return _grow(formulation, model, root, limits)
    finally:
        model.set_column_bounds(columns, root.lower, root.upper)


def _grow(formulation: Formulation, model: Model, root: _Node, limits: Limits) -> Tree:
    columns = formulation.setup[formulation.setup >= 0]
    best: CheckedPlan | None = None
    proven, nodes, stack, recomputed = np.inf, 1, [root], True
    while stack:
        node = stack.pop()
        found = _plan(formulation, columns, node)
        best = better(best, found)
        if best is not None and best.cost - node.bound <= max(limits.absolute_gap, limits.gap * abs(best.cost)):
            proven = min(proven, node.bound)
            continue
        place = _branching(columns, node, nodes)
        if place is None:
            return Tree(best=best, bound=root.bound, nodes=nodes, closed=False)
        for lower, upper in _boxes(node, place, columns):
            model.set_column_bounds(columns, lower, upper)
            solved = model.solve(limits=limits, relaxed=True)
            nodes += 1
            if solved.termination is Termination.INFEASIBLE:
                recomputed = False
                continue
            child = _node(formulation, lower, upper, solved, node.bound)
            if child is None:
                return Tree(best=best, bound=root.bound, nodes=nodes, closed=False)
            stack.append(child)
    return Tree(best=best, bound=proven, nodes=nodes, closed=best is not None, recomputed=recomputed)


def _node(formulation: Formulation, lower: Floats, upper: Floats, solved: Solution, least: float) -> _Node | None:
    """Return the node with its bound recomputed; None where the solver left no multipliers to do so."""
    if solved.x is None or solved.row_dual is None:
        return None
    program, columns = formulation.program, formulation.setup[formulation.setup >= 0]
    low, high = program.lower.copy(), program.upper.copy()
    low[columns], high[columns] = lower, upper
    bound = lower_bound(replace(program, lower=low, upper=high), solved.row_dual)
    return _Node(lower, upper, solved, max(bound, least))


def _plan(formulation: Formulation, columns: Ints, node: _Node) -> CheckedPlan | None:
    """Return the plan of a node whose set-ups are whole; None for any other."""
    x = node.solved.x
    if x is None or len(_fractional(x[columns])):
        return None
    return checked(formulation.instance, formulation.read(x))


def _branching(columns: Ints, node: _Node, nodes: int) -> int | None:
    """Return the place of the most fractional set-up; None where there is none or the tree would grow too large."""
    setup = np.zeros(0) if node.solved.x is None else node.solved.x[columns]
    open_places = _fractional(setup)
    if not 0 < len(open_places) <= _MOST_FRACTIONAL + 3 * (nodes > 1) or nodes + 2 > _MOST_NODES:
        return None
    return int(open_places[np.abs(setup[open_places] - 0.5).argmin()])


def _boxes(node: _Node, place: int, columns: Ints) -> list[tuple[Floats, Floats]]:
    """Return the two boxes, the one nearer to the relaxation last, since the stack is served from its end."""
    low, high = node.lower.copy(), node.upper.copy()
    low[place], high[place] = 1.0, 0.0
    boxes = [(node.lower, high), (low, node.upper)]
    nearer_to_zero = node.solved.x is not None and node.solved.x[columns[place]] < 0.5
    return boxes[::-1] if nearer_to_zero else boxes


def _fractional(setup: Floats) -> Ints:
    return np.flatnonzero(np.abs(setup - np.rint(setup)) > _WHOLE).astype(np.int32)
