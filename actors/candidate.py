"""From a solution of the relaxation to a complete plan: fix set-ups and tiers, make offers whole, polish the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from actors.protocol import AgentNetwork, Realise, Realised
from solvers.coordination.choice_tree import choice_box, restrict
from solvers.core.backend import Backend, Model
from solvers.core.program import Bools, Floats, Ints
from solvers.core.termination import Limits, Solution
from solvers.network.assembly import Assembly
from solvers.network.slope_scaling import fix_setups

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A complete solution: ``x`` of the assembled program, and ``shares``, from which offers were made whole."""

    value: float
    x: Floats
    shares: Floats


class Polisher:
    """A persistent linear program with whole set-ups, tiers and offers, in which everything else is optimal.

    ``floors`` are rows with hard minimums on what offers do.
    """

    def __init__(self, assembly: Assembly, backend: Backend, network: AgentNetwork, floors: Ints) -> None:
        self._assembly, self._network, self._floors = assembly, network, floors
        self._program = assembly.program
        self._backend = backend
        self._mixed: Model | None = None
        self._tiers = np.zeros(assembly.program.columns)
        self.model: Model = backend.load(assembly.program)

    def fix(self, used: Bools, allowed: Sequence[tuple[int, ...]]) -> None:
        """Fix set-ups and tiers."""
        restrict(self.model, self._assembly.choices, allowed)
        for (_, group), options in zip(self._assembly.choices, allowed, strict=True):
            self._tiers[group] = choice_box(len(group), options)[1]
        fix_setups(self.model, self._assembly, used)

    def solve(self, limits: Limits) -> Solution:
        """Solve with offers still in shares."""
        return self.model.solve(limits=limits, relaxed=True)

    def choose(self, used: Bools, limits: Limits) -> Solution:
        """Choose among the set-ups in use, and fix what was chosen, so that :meth:`complete` can go on from there."""
        columns, program = self._assembly.setups.setup, self._program
        mixed = self._whole_setups()
        restrict_to = np.where(used, program.upper[columns], 0.0)
        mixed.set_column_bounds(columns, np.minimum(program.lower[columns], restrict_to), restrict_to)
        for _, group in self._assembly.choices:
            mixed.set_column_bounds(group, self._tiers[group], self._tiers[group])
        solution = mixed.solve(limits=limits)
        if solution.x is not None:
            fix_setups(self.model, self._assembly, solution.x[columns] > 0.5)
        return solution

    def _whole_setups(self) -> Model:
        """Return a model in which only set-ups and tiers are whole, built when first needed."""
        if self._mixed is None:
            integer = np.zeros(self._program.columns, dtype=bool)
            integer[self._assembly.setups.setup] = True
            self._mixed = self._backend.load(replace(self._program, integer=integer))
        return self._mixed

    def complete(self, shared: Solution, limits: Limits) -> Candidate | None:
        """Make the offers of a solution whole and solve for the rest; None where no attempt is feasible.

        Whole offers stay at or below their shares, so a hard minimum that the shares meet exactly may be missed by a
        customer or two; it is then asked for with a little more, and offers are made whole again.
        """
        least, most = self._program.row_lower[self._floors], self._program.row_upper[self._floors]
        try:
            for attempt in range(_ATTEMPTS):
                if shared.x is None:
                    return None
                replies = self.realise(shared.x)
                self.model.set_row_bounds(self._floors, least, most)
                self._hold(replies)
                solution = self.model.solve(limits=limits, relaxed=True)
                self._release(replies)
                if solution.x is not None and solution.objective is not None:
                    return Candidate(solution.objective, solution.x, shared.x)
                lifted = np.minimum(least + (np.abs(least) * 0.002 + 1e-3) * 8**attempt, most)
                self.model.set_row_bounds(self._floors, lifted, most)
                shared = self.model.solve(limits=limits, relaxed=True)
        finally:
            self.model.set_row_bounds(self._floors, least, most)
        return None

    def realise(self, x: Floats) -> Mapping[int, Realised]:
        """Let every segment make the offers of a solution whole; returns replies by the number of the block."""
        names = self._assembly.names
        segments = [b for b, name in enumerate(names) if name.startswith("segment:")]
        messages = {names[b]: Realise(x[self._assembly.columns_of(b)]) for b in segments}
        replies = self._network.ask(messages)
        return {b: reply for b in segments if isinstance(reply := replies[names[b]], Realised)}

    def _hold(self, replies: Mapping[int, Realised]) -> None:
        for b, reply in replies.items():
            columns = reply.columns + self._assembly.column_start[b]
            self.model.set_column_bounds(columns, reply.values, reply.values)
            rows = reply.free_rows + self._assembly.row_start[b]
            free = np.full(len(rows), np.inf)
            self.model.set_row_bounds(rows, -free, free)

    def _release(self, replies: Mapping[int, Realised]) -> None:
        for b, reply in replies.items():
            columns = reply.columns + self._assembly.column_start[b]
            self.model.set_column_bounds(columns, self._program.lower[columns], self._program.upper[columns])
            rows = reply.free_rows + self._assembly.row_start[b]
            self.model.set_row_bounds(rows, self._program.row_lower[rows], self._program.row_upper[rows])
