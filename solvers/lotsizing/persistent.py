"""A loaded lot-sizing program that follows changes of prices, demand and capacity without a rebuild.

The arrays of a formulation cost little and keep their sparsity pattern under such changes; what differs from the
loaded ones is passed on, so the program stands exactly as if it had been loaded anew, and a linear solve goes on from
its last basis. In the plain formulation the pattern never depends on the amounts; in the facility-location formulation
it depends on which requirements are 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from solvers.core.backend import Backend
from solvers.core.termination import UNLIMITED, Limits, Solution
from solvers.lotsizing.follow import follow, refuse_structure
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.plan import LotSizingPlan

Formulate = Callable[[LotSizingInstance], Formulation]


class LotSizingModel:
    """A formulation of an instance, loaded into a backend.

    ``formulation`` is the one that stands now; its ``instance`` holds the changed data.
    """

    def __init__(
        self, instance: LotSizingInstance, backend: Backend, *, formulate: Formulate = plain_formulation
    ) -> None:
        self._formulate = formulate
        self.formulation: Formulation = formulate(instance)
        self._model = backend.load(self.formulation.program)
        self._loaded_offset = self.formulation.program.offset

    @property
    def instance(self) -> LotSizingInstance:
        """The data as they stand."""
        return self.formulation.instance

    def change(self, **tables: Any) -> None:
        """Replace tables of the instance, named and shaped as at its birth.

        Raises
        ------
        InvalidProgram
            If a table belongs to the structure, its numbers are wrong, or the change alters which columns and entries
            there are (a limit or backlog where there was none); the model then stands as before.
        """
        refuse_structure(tables)
        changed = self._formulate(replace(self.instance, **tables))
        follow(self._model, self.formulation.program, changed.program)
        self.formulation = changed

    def solve(
        self, *, limits: Limits = UNLIMITED, start: LotSizingPlan | None = None, relaxed: bool = False
    ) -> Solution:
        """Solve as :meth:`solvers.core.backend.Model.solve` does, from a plan if one is given."""
        begin = None if start is None else self.formulation.start(start)
        solution = self._model.solve(limits=limits, start=begin, relaxed=relaxed)
        moved = self.formulation.program.offset - self._loaded_offset
        value = None if solution.objective is None else solution.objective + moved
        return replace(solution, objective=value, bound=solution.bound + moved)
