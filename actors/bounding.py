"""Bounds on the whole problem, leaf by leaf.

A leaf (a part of all combinations of whole choices) comes with multipliers of every row of the relaxation. Two bounds
are made of them, and never mixed up:

- *checked*: weak duality over the boxes of plants and partners, in outward-rounded arithmetic, plus the exact best
  response of every customer to the prices. It needs no solver and is what the verifier recomputes.
- *proved*: at prices of the linking rows, the sum of the agents' own dual bounds. It trusts their solvers, but only
  where they answered, and answered these prices: an answer that is missing, endless, no number or to another question
  leaves no bound, unless weak duality gives one for that agent's part at the same prices.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from actors.protocol import AskPrice, Priced, Reply
from planner.domain.plan_form import canonical_number
from solvers.coordination.choice_tree import choice_box
from solvers.core.program import Floats, Program
from solvers.network.block import Block, Links
from solvers.network.verify import block_bound, row_part, sign_correct, sum_upward


@dataclass(frozen=True, slots=True, eq=False)
class Multipliers:
    """Sign-correct multipliers of a leaf: prices of the linking rows, and of every plant's and partner's own rows.

    ``negotiated`` are the prices of the linking rows at which agents proved its best bound, if they were asked;
    they are no part of the checked bound, but what a later run asks first.
    """

    links: Floats
    rows: Mapping[str, Floats]
    negotiated: Floats | None = None


def multipliers(row_dual: Floats, blocks: Sequence[Block], links: Links) -> Multipliers:
    """Cut the duals of the assembled relaxation into sign-correct multipliers; segments need none of their own.

    They are rounded to the decimals of a written plan, so that the bound belongs to what is written.
    """
    row_dual = canonical_number(row_dual)
    rows, start = {}, 0
    for block in blocks:
        y = row_dual[start : start + block.program.rows.rows]
        start += block.program.rows.rows
        if has_rows(block):
            rows[block.name] = sign_correct(y, block.program.row_lower, block.program.row_upper)
    return Multipliers(sign_correct(row_dual[start:], links.lower, links.upper), rows)


def has_rows(block: Block) -> bool:
    """Tell whether a block's own rows carry multipliers (a segment's part is answered exactly instead)."""
    return not block.name.startswith("segment:")


def checked_bound(
    blocks: Sequence[Block],
    links: Links,
    *,
    given: Multipliers,
    allowed: Mapping[str, tuple[int, ...]],
    responses: Mapping[str, float],
) -> float:
    """Return the bound of a leaf from its multipliers; ``responses`` holds each segment's exact best response.

    Raises :class:`solvers.core.errors.InvalidProgram` naming the row if a multiplier has the wrong sign.
    """
    if math.inf in responses.values():
        return math.inf
    parts = list(row_part(given.links, links.lower, links.upper))
    for block in blocks:
        if has_rows(block):
            program = restrict_choices(block, allowed)
            parts.append(block_bound(program, block.links, given.rows[block.name], given.links))
        else:
            parts.append(responses[block.name])
    return sum_upward(parts)


def answered(asked: Mapping[str, AskPrice], replies: Mapping[str, Reply]) -> dict[str, float]:
    """Return the bound of every agent that was asked, +inf where it gave none to this very question."""
    bounds = dict.fromkeys(asked, math.inf)
    for name, question in asked.items():
        reply = replies.get(name)
        if isinstance(reply, Priced) and reply.answers == question.question and not math.isnan(reply.bound):
            bounds[name] = reply.bound
    return bounds


def proved_bound(
    links: Links,
    prices: Floats,
    asked: Mapping[str, AskPrice],
    replies: Mapping[str, Reply],
    otherwise: Mapping[str, float] = MappingProxyType({}),
) -> float:
    """Return the sum of the bounds of all agents ``asked`` at these prices of the linking rows, float64 [links].

    ``otherwise`` are bounds at the same prices that need no answer; of two the smaller counts. The sum is +inf where
    one of the agents has none, or was asked at other prices, else −inf where one of them says that its part has no
    solution.
    """
    if any(not np.array_equal(question.prices, prices) for question in asked.values()):
        return math.inf
    bounds = [min(bound, otherwise.get(name, math.inf)) for name, bound in answered(asked, replies).items()]
    for endless in (math.inf, -math.inf):
        if endless in bounds:
            return endless
    return sum_upward([*row_part(prices, links.lower, links.upper), *bounds])


def restrict_choices(block: Block, allowed: Mapping[str, tuple[int, ...]]) -> Program:
    """Return a block's program with its choices restricted to the allowed options."""
    program = block.program
    if not any(name in allowed for name, _ in block.choices):
        return program
    lower, upper = program.lower.copy(), program.upper.copy()
    for name, group in block.choices:
        if name in allowed:
            lower[group], upper[group] = choice_box(len(group), allowed[name])
    return Program(
        program.objective,
        lower,
        upper,
        program.integer,
        program.rows,
        program.row_lower,
        program.row_upper,
        program.offset,
    )
