"""The whole program on one model that lives on: bounds, repairs, neighbourhoods and the search for everything.

A neighbourhood fixes some integer columns where a solution has them, and lets a solver decide the others and all
continuous ones; what it finds is a solution of the whole.
"""

from __future__ import annotations

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats, Program
from solvers.core.termination import Limits, Solution


class WholeModel:
    """All blocks, master columns and linking rows, loaded once."""

    def __init__(self, problem: BlockProblem, backend: Backend) -> None:
        self.program: Program = problem.whole()
        self._backend = backend
        self._model = backend.load(self.program)
        self._integers = np.flatnonzero(self.program.integer).astype(np.int32)
        self._starts = backend.capabilities.warm_start

    def relaxed(self, *, limits: Limits) -> Solution:
        """Solve the linear relaxation."""
        self._free()
        return self._model.solve(limits=limits, relaxed=True)

    def near(self, x: Floats, free: Bools, *, limits: Limits, start: Floats | None = None) -> Solution:
        """Solve with integer columns outside ``free`` [columns] fixed at their whole values in ``x``.

        A ``start`` counts only where it agrees with these.
        """
        fixed = self._integers[~free[self._integers]]
        at = np.rint(x[fixed])
        self._free()
        self._model.set_column_bounds(fixed, at, at)
        agrees = self._starts and start is not None and np.array_equal(np.rint(start[fixed]), at)
        return self._model.solve(limits=limits, start=start if agrees else None)

    def within(self, lower: Floats, upper: Floats, *, limits: Limits, start: Floats | None = None) -> Solution:
        """Solve with other bounds of the integer columns; ``lower`` and ``upper`` are of the whole."""
        self._model.set_column_bounds(self._integers, lower[self._integers], upper[self._integers])
        return self._model.solve(limits=limits, start=start if self._starts else None)

    def _free(self) -> None:
        program, every = self.program, self._integers
        self._model.set_column_bounds(every, program.lower[every], program.upper[every])
