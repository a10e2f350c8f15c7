"""What is asked of a block at prices, and the default answer: a mixed-integer solve that may stop early.

At prices π of the linking rows a block b solves ``max (c_b − L_bᵀπ)·x`` over its own rows. Any *dual* bound of that is
a term of the Lagrangian bound, so an oracle may stop whenever it likes; every feasible point is a proposal, a column
of the restricted master. A reply repeats the prices it answers: what does not match the prices asked enters no bound.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from solvers.coordination.block_problem import BlockProblem, Part
from solvers.coordination.knapsack import KnapsackOracle, is_knapsack
from solvers.coordination.proposal import Proposal, Reply, proposal, rounding_error, settled
from solvers.coordination.verify import relaxation_bound
from solvers.core.backend import Backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits, Solution, Termination

MOST_LEVERS = 20
"""Blocks with more linked integer columns are not varied column by column."""


class Oracle(Protocol):
    """A block that answers prices; long-lived, so that it may keep its model."""

    def answer(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Reply:
        """Return a dual bound of the block at these prices, float64 [links], and proposals, within the limits."""
        ...


class Pricing(Protocol):
    """All blocks asked at once, wherever they are."""

    def ask(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Sequence[Reply | None]:
        """Return one reply per block in their order, None where a block did not answer."""
        ...


class MixedIntegerOracle:
    """A block solved by a backend on a model that lives on, started from the last answer."""

    def __init__(self, part: Part, backend: Backend) -> None:
        self._part = part
        self._model = backend.load(part.program)
        self._every = np.arange(part.program.columns, dtype=np.int32)
        self._last: Floats | None = None
        # Blocks that no link touches, and prices asked again, need no second solve.
        self._known: Reply | None = None
        self._reduced = part.program.objective
        self._starts = backend.capabilities.warm_start
        linked = np.bincount(part.links.index, minlength=part.program.columns) > 0
        open_columns = part.program.integer & (part.program.lower < part.program.upper)
        self._levers = np.flatnonzero(linked & open_columns).astype(np.int32)

    def answer(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Reply:
        """Return the solver's dual bound at these prices and its incumbent."""
        part = self._part
        reduced = part.program.objective - part.links.transposed_times(prices)
        known = self._known
        if known is not None and np.array_equal(reduced, self._reduced) and _close_enough(known, limits):
            return replace(known, prices=prices, work=1)
        self._model.set_objective(self._every, reduced)
        found = self._model.solve(limits=limits, start=self._last if self._starts else None)
        proposals: tuple[Proposal, ...] = ()
        if found.x is not None:
            self._last = settled(part.program, found.x)
            proposals = (proposal(part, self._last),)
        bound = self._bound(found, reduced) + rounding_error(part, prices)
        self._reduced = reduced
        self._known = Reply(prices, bound, proposals, work=1 + found.iterations + found.nodes)
        return self._known

    def _bound(self, found: Solution, reduced: Floats) -> float:
        """Return a bound under the reduced objective: the solver's own, or what a linear solve's duals prove."""
        if found.termination is Termination.UNBOUNDED:
            return np.inf
        if found.row_dual is None or found.termination is not Termination.OPTIMAL:
            return found.bound
        return relaxation_bound(replace(self._part.program, objective=reduced), found.row_dual)

    def resume(self, last: Floats) -> None:
        """Start the next answer from this point [columns], as if it had been the last answer."""
        self._last, self._known = last, None

    def varied(self, prices: Floats, around: Floats, *, limits: Limits = UNLIMITED) -> tuple[Proposal, ...]:
        """Return the best points at these prices with one linked integer column a step above or below ``around``.

        Links that must be met exactly need such points, which no prices would ever make a block propose.
        """
        part, made = self._part, []
        if len(self._levers) > MOST_LEVERS:
            return ()
        self._model.set_objective(self._every, part.program.objective - part.links.transposed_times(prices))
        for lever in self._levers:
            column, place = np.array([lever], dtype=np.int32), slice(lever, lever + 1)
            for value in (np.rint(around[place]) - 1.0, np.rint(around[place]) + 1.0):
                if not part.program.lower[lever] <= value[0] <= part.program.upper[lever]:
                    continue
                self._model.set_column_bounds(column, value, value)
                found = self._model.solve(limits=limits)
                if found.x is not None:
                    made.append(proposal(part, settled(part.program, found.x)))
            self._model.set_column_bounds(column, part.program.lower[place], part.program.upper[place])
        return tuple(made)


def _close_enough(known: Reply, limits: Limits) -> bool:
    """Tell whether an answer is as exact as asked for, rounding of its bound aside."""
    if not known.proposals:
        return False
    gap = known.bound - known.proposals[0].value(known.prices)
    return gap <= max(limits.absolute_gap, 1e-9 * abs(known.bound))


def oracle_of(part: Part, backend: Backend) -> Oracle:
    """Return the best oracle there is for a block: exact where its structure is known, else the backend."""
    return KnapsackOracle(part) if is_knapsack(part) else MixedIntegerOracle(part, backend)


class SerialPricing:
    """Asks one oracle after the other in this process; blocks that are equal are asked once."""

    def __init__(self, problem: BlockProblem, oracles: Sequence[Oracle]) -> None:
        if len(oracles) != len(problem.blocks):
            raise InvalidProgram(f"{len(problem.blocks)} blocks need as many oracles, got {len(oracles)}")
        self.oracles = tuple(oracles)
        twins: dict[tuple[bytes, ...], int] = {}
        self._twin = [twins.setdefault(_fingerprint(part), b) for b, part in enumerate(problem.blocks)]

    def ask(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Sequence[Reply | None]:
        """Return one reply per block in their order; seconds are those of all together, who is late is missing."""
        begun, replies = time.monotonic(), list[Reply | None]()
        for b, twin in enumerate(self._twin):
            left = _left(limits, begun)
            if twin < b:
                replies.append(replies[twin])
            else:
                replies.append(None if left is None else self.oracles[b].answer(prices, limits=left))
        return replies

    def varied(
        self, prices: Floats, around: Sequence[Floats], *, limits: Limits = UNLIMITED
    ) -> Sequence[tuple[Proposal, ...]]:
        """Return what each block offers one step away from ``around``; twins that stand alike are asked once."""
        known: dict[tuple[int, bytes], tuple[Proposal, ...]] = {}
        begun, made = time.monotonic(), []
        for twin, own in zip(self._twin, around, strict=False):
            oracle, key = self.oracles[twin], (twin, own.tobytes())
            if key not in known:
                known[key], left = (), _left(limits, begun)
                if isinstance(oracle, MixedIntegerOracle) and left is not None:
                    known[key] = oracle.varied(prices, own, limits=left)
            made.append(known[key])
        return made


def _left(limits: Limits, begun: float) -> Limits | None:
    """Return the limits with the seconds that are left since ``begun``, None where there are none."""
    if limits.seconds is None:
        return limits
    seconds = limits.seconds - (time.monotonic() - begun)
    return replace(limits, seconds=seconds) if seconds > 0 else None


def _fingerprint(part: Part) -> tuple[bytes, ...]:
    program = part.program
    matrices = [array for rows in (program.rows, part.links) for array in (rows.start, rows.index, rows.value)]
    vectors = (program.objective, program.lower, program.upper, program.integer, program.row_lower, program.row_upper)
    return tuple(array.tobytes() for array in (*matrices, *vectors, np.array([program.offset])))
