"""What a block answers to prices: a dual bound, and points that are columns of the restricted master."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.coordination.block_problem import Part
from solvers.core.program import Floats, Program

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A feasible point ``x`` of a block: its ``worth`` without prices, its ``activity`` in the linking rows [links]."""

    worth: float
    activity: Floats
    x: Floats

    def value(self, prices: Floats) -> float:
        """Return what the proposal is worth under prices."""
        return self.worth - float(prices @ self.activity)


@dataclass(frozen=True, slots=True, eq=False)
class Reply:
    """A block's answer: an upper bound on its optimum under ``prices``, and proposals; ``work`` counts solver steps."""

    prices: Floats
    bound: float
    proposals: tuple[Proposal, ...] = ()
    work: int = 0


def settled(program: Program, x: Floats) -> Floats:
    """Return a solver's point with whole integers and columns within their bounds, which solvers miss by a little."""
    point: Floats = np.clip(np.where(program.integer, np.rint(x), x), program.lower, program.upper)
    return point


def proposal(part: Part, x: Floats) -> Proposal:
    """Return a point of a block with its worth and activity."""
    return Proposal(float(part.program.objective @ x) + part.program.offset, part.links.times(x), x)


def rounding_error(part: Part, prices: Floats) -> float:
    """Return how much rounding ``c − Lᵀπ`` can change a block's value, over its columns with finite bounds."""
    program, links = part.program, part.links
    size = np.abs(program.objective) + replace(links, value=np.abs(links.value)).transposed_times(np.abs(prices))
    reach = np.maximum(np.abs(program.lower), np.abs(program.upper))
    terms = np.bincount(links.index, minlength=program.columns) + program.columns + 4
    return float((size * np.where(np.isfinite(reach), reach, 0.0) * terms).sum() * 4 * _UNIT)
