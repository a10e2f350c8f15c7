"""Best-first search over a few whole choices, each node a linear relaxation of everything else.

Groups of binary columns of which exactly one is 1 (rebate tiers) are fractional in the relaxation at a large cost to
the bound. A *leaf* allows, in every group, a subset of its options; the leaves of the tree always partition all
combinations, so the largest bound of a leaf is a bound on the whole. The node with the largest bound is split on its
most fractional group, one child per allowed option, until it is whole there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from solvers.core.backend import Model
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import Solution, Termination

WHOLE = 1e-6
"""A choice within this distance of 0 or 1 counts as whole."""

Solve = Callable[[], Solution]


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """A part of all combinations of choices, with a relaxation's answer to it.

    ``allowed`` lists per group the options (positions) this leaf allows. ``bound`` is the relaxation's value (−inf if
    infeasible), ``x`` and ``row_dual`` its solution; an infeasible leaf carries the multipliers of its parent.
    """

    allowed: tuple[tuple[int, ...], ...]
    bound: float
    x: Floats | None
    row_dual: Floats | None

    def whole(self, choices: Sequence[tuple[str, Ints]]) -> bool:
        """Tell whether the relaxation chose one option in every group."""
        return self.x is not None and all(_fraction(self.x[group]) <= WHOLE for _, group in choices)


def root_leaf(program: Program, choices: Sequence[tuple[str, Ints]], solution: Solution) -> Leaf:
    """Return the leaf that allows everything, from the solution of the relaxation."""
    allowed = tuple(tuple(j for j, c in enumerate(group) if program.upper[c] > 0) for _, group in choices)
    bound = -np.inf if solution.objective is None else solution.objective
    return Leaf(allowed, bound, solution.x, solution.row_dual)


def split(leaf: Leaf, model: Model, choices: Sequence[tuple[str, Ints]], solve: Solve) -> tuple[Leaf, ...] | None:
    """Split a leaf on its most fractional group and solve the children; None if ``solve`` hit a limit."""
    if leaf.x is None:
        raise ValueError("an infeasible leaf needs no splitting")
    fractions = [_fraction(leaf.x[group]) for _, group in choices]
    g = int(np.argmax(fractions))
    children = []
    for option in leaf.allowed[g]:
        allowed = (*leaf.allowed[:g], (option,), *leaf.allowed[g + 1 :])
        restrict(model, choices, allowed)
        solution = solve()
        if solution.termination is Termination.INFEASIBLE:
            children.append(Leaf(allowed, -np.inf, None, leaf.row_dual))
        elif solution.termination is not Termination.OPTIMAL or solution.objective is None:
            return None
        else:
            children.append(Leaf(allowed, solution.objective, solution.x, solution.row_dual))
    return tuple(replace(child, bound=min(child.bound, leaf.bound)) for child in children)


def restrict(model: Model, choices: Sequence[tuple[str, Ints]], allowed: Sequence[tuple[int, ...]]) -> None:
    """Let a model take only the allowed options of every group."""
    for (_, group), options in zip(choices, allowed, strict=True):
        lower, upper = choice_box(len(group), options)
        model.set_column_bounds(group, lower, upper)


def choice_box(size: int, options: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return lower and upper bounds of a group's columns that allow some options only."""
    upper = np.zeros(size)
    upper[list(options)] = 1.0
    lower = upper.copy() if len(options) == 1 else np.zeros(size)
    return lower, upper


def partition(leaves: Sequence[tuple[tuple[int, ...], ...]], sizes: Sequence[int]) -> bool:
    """Tell whether leaves are disjoint and together cover every combination of ``sizes`` options."""
    total = int(np.prod([max(size, 0) for size in sizes], dtype=object)) if sizes else 1
    covered = sum(int(np.prod([len(set(options)) for options in leaf], dtype=object)) if leaf else 1 for leaf in leaves)
    if covered != total or any(len(leaf) != len(sizes) for leaf in leaves):
        return False
    if any(not 0 <= o < size for leaf in leaves for options, size in zip(leaf, sizes, strict=True) for o in options):
        return False
    return all(
        any(not set(a) & set(b) for a, b in zip(one, other, strict=True))
        for i, one in enumerate(leaves)
        for other in leaves[:i]
    )


def _fraction(values: Floats) -> float:
    return float(np.minimum(values, 1.0 - values).max(initial=0.0))
