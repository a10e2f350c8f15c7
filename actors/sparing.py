"""Asking plants sparingly: those whose answers promise most first, and no more once the bound is good enough.

A plant's answer costs a mixed-integer solve. Weak duality bounds its part without one, from the multipliers of its rows
in the relaxation, and the parts of a bound add up. So the bound of a leaf may take some plants' parts from their
answers and those of others from multipliers: it is valid whichever were asked. What an answer can gain at most is the
plant's share of the gap, the difference between its part of the bound and what the best plan so far does with it at the
same prices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from actors.bounding import Multipliers, restrict_choices
from solvers.core.program import Floats
from solvers.network.block import Block
from solvers.network.verify import block_bound

GROUPS = 4
"""Plants are asked in so many groups at most, each at once, so that several hosts still share the work."""


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """A plan, float64 [columns] of the assembled program, and the bound at which it is good enough."""

    plan: Floats
    enough: float


Aiming = Callable[[], Aim | None]
"""What is aimed at now: None while there is no plan."""


def nothing_aimed_at() -> None:
    """Say that no plan is known."""


def plants_of(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks whose answers cost a mixed-integer solve."""
    return [block for block in blocks if block.name.startswith("plant:") and block.program.integer.any()]


def weak_bounds(
    plants: Sequence[Block], given: Multipliers, prices: Floats, allowed: Mapping[str, tuple[int, ...]]
) -> dict[str, float]:
    """Return for each plant a bound on its part at these prices, from the multipliers of its rows alone."""
    return {
        block.name: block_bound(restrict_choices(block, allowed), block.links, given.rows[block.name], prices)
        for block in plants
    }


def in_groups(
    plants: Sequence[Block], parts: Mapping[str, Floats], prices: Floats, weak: Mapping[str, float]
) -> list[list[str]]:
    """Return the names of the plants in groups, those first whose share of the gap is largest.

    ``parts`` holds what the plan does with each, float64 [columns of the block].
    """
    shares = {block.name: weak[block.name] - _worth(block, parts[block.name], prices) for block in plants}
    ordered = sorted(shares, key=lambda name: (-shares[name], name))
    size = math.ceil(len(ordered) / GROUPS)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def _worth(block: Block, x: Floats, prices: Floats) -> float:
    program = block.program
    return float(program.objective @ x + program.offset - prices @ block.links.times(x))
