"""Answering prices with a mixed-integer block: the bound is the solver's dual bound, so an early stop still counts."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from actors.kept_answers import KeptAnswer, KeptAnswers, program_digest
from actors.protocol import AskPrice, Priced
from solvers.coordination.choice_tree import choice_box
from solvers.core.backend import Backend, Model
from solvers.core.program import Floats
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.block import Block


class BlockPricing:
    """A block in a persistent model whose objective follows the prices of the linking rows.

    ``kept`` holds answers from earlier on; without it every question is solved.
    """

    def __init__(self, block: Block, backend: Backend, *, relative_gap: float, kept: KeptAnswers | None = None) -> None:
        self._block, self._backend, self._gap, self._kept = block, backend, relative_gap, kept
        self._columns = np.arange(block.program.columns, dtype=np.int32)
        self._model: Model | None = None
        self._digest = b""

    def answer(self, message: AskPrice) -> Priced:
        """Return a bound and a proposal at the asked prices.

        A block without columns is worth its constant, which needs no solver.
        """
        program = self._block.program
        if not len(self._columns):
            nothing = np.zeros_like(message.prices)
            return Priced(program.offset, "constant", program.offset, nothing, answers=message.question)
        reduced = program.objective - self._block.links.transposed_times(message.prices)
        if self._kept is None:
            return self._priced(message, self._solved(message, reduced)[0])
        key = self._key(message, reduced)
        known = self._kept.find(key)
        if known is None:
            known, repeatable = self._solved(message, reduced)
            if repeatable:
                self._kept.keep(key, known)
        return self._priced(message, known)

    def _solved(self, message: AskPrice, reduced: Floats) -> tuple[KeptAnswer, bool]:
        """Solve, and tell whether solving again would end the same."""
        program = self._block.program
        if self._model is None:
            self._model = self._backend.load(program)
        for name, group in self._block.choices:
            lower, upper = choice_box(len(group), message.allowed.get(name, tuple(range(len(group)))))
            self._model.set_column_bounds(group, lower, upper)
        self._model.set_objective(self._columns, reduced)
        # The gap of a block whose worth is near 0 must be absolute, or it never closes.
        scale = float(np.abs(program.objective).max(initial=1.0))
        limits = Limits(nodes=message.nodes, gap=self._gap, absolute_gap=1e-3 * scale, seconds=message.seconds)
        solution = self._model.solve(limits=limits)
        return KeptAnswer(solution.bound, f"{self._backend.name} dual bound", solution.x), _repeatable(solution, limits)

    def _priced(self, message: AskPrice, answer: KeptAnswer) -> Priced:
        if answer.x is None:
            return Priced(answer.bound, answer.proved_by, answers=message.question)
        program = self._block.program
        worth = float(program.objective @ answer.x + program.offset)
        activity = self._block.links.times(answer.x)
        return Priced(answer.bound, answer.proved_by, worth, activity, answers=message.question)

    def _key(self, message: AskPrice, reduced: Floats) -> bytes:
        """Return a hash of all that an answer depends on."""
        self._digest = self._digest or program_digest(self._block.program)
        digest = hashlib.sha256(self._digest)
        digest.update(np.ascontiguousarray(reduced).tobytes())
        own = {name: message.allowed[name] for name, _ in self._block.choices if name in message.allowed}
        places = [(name, group.tolist()) for name, group in self._block.choices]
        digest.update(json.dumps([self._backend.name, self._gap, message.nodes, own, places]).encode())
        return digest.digest()


def _repeatable(solution: Solution, limits: Limits) -> bool:
    """Tell whether work alone ended a solve, not a clock or an interruption."""
    if solution.termination is Termination.INTERRUPTED:
        return False
    out_of_nodes = limits.nodes is not None and solution.nodes >= limits.nodes
    return solution.termination is not Termination.LIMIT or limits.seconds is None or out_of_nodes
