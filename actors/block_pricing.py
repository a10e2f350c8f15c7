"""Answering prices with a mixed-integer block: the bound is the solver's dual bound, so an early stop still counts."""

from __future__ import annotations

import numpy as np

from actors.protocol import AskPrice, Priced
from solvers.coordination.choice_tree import choice_box
from solvers.core.backend import Backend, Model
from solvers.core.termination import Limits
from solvers.network.block import Block


class BlockPricing:
    """A block in a persistent model whose objective follows the prices of the linking rows."""

    def __init__(self, block: Block, backend: Backend, *, relative_gap: float) -> None:
        self._block, self._backend, self._gap = block, backend, relative_gap
        self._columns = np.arange(block.program.columns, dtype=np.int32)
        self._model: Model | None = None

    def answer(self, message: AskPrice) -> Priced:
        """Return a bound and a proposal at the asked prices.

        A block without columns is worth its constant, which needs no solver.
        """
        program = self._block.program
        if not len(self._columns):
            nothing = np.zeros_like(message.prices)
            return Priced(program.offset, "constant", program.offset, nothing, answers=message.question)
        if self._model is None:
            self._model = self._backend.load(program)
        for name, group in self._block.choices:
            lower, upper = choice_box(len(group), message.allowed.get(name, tuple(range(len(group)))))
            self._model.set_column_bounds(group, lower, upper)
        self._model.set_objective(self._columns, program.objective - self._block.links.transposed_times(message.prices))
        # The gap of a block whose worth is near 0 must be absolute, or it never closes.
        scale = float(np.abs(program.objective).max(initial=1.0))
        limits = Limits(nodes=message.nodes, gap=self._gap, absolute_gap=1e-3 * scale, seconds=message.seconds)
        solution = self._model.solve(limits=limits)
        proved_by = f"{self._backend.name} dual bound"
        if solution.x is None:
            return Priced(solution.bound, proved_by, answers=message.question)
        worth = float(program.objective @ solution.x + program.offset)
        activity = self._block.links.times(solution.x)
        return Priced(solution.bound, proved_by, worth, activity, answers=message.question)
