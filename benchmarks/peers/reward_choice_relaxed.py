"""Peers of reward choice: solvers of any linear program, given the linear relaxation of the whole, loaded from arrays.

They are asked for less than our solver: fractions of offers, and no whole choice. What they prove is recomputed from
the duals of the rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.instances.reward_choice_turns import Given
from benchmarks.subject import Answer, Case, Contender, Stopwatch
from solvers.core.backend import Backend
from solvers.core.errors import SolverError
from solvers.core.program import Program, SparseRows
from solvers.core.termination import Limits, Termination
from solvers.core.weak_duality import sign_correct
from solvers.offers.whole_choice import whole_choice


def relaxed(name: str, backend: Callable[[], Backend]) -> Contender:
    """Return the contender that solves the linear relaxation with a backend."""

    def run(given: Given, watch: Stopwatch, case: Case) -> Answer:
        solver = backend()
        _warm(solver)
        instance = given.make()
        try:
            with watch.measure("build"):
                whole = whole_choice(instance)
                model = solver.load(whole.program)
            with watch.measure("solve"):
                found = model.solve(limits=Limits(seconds=case.time_limit), relaxed=True)
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")
        if found.termination in {Termination.INFEASIBLE, Termination.UNBOUNDED}:
            return Answer(failure=f"says {found.termination.value}")
        figures = {"iterations": float(found.iterations)}
        if found.x is not None and found.objective is not None:
            use = whole.program.rows.times(found.x)
            missed = np.maximum(whole.program.row_lower - use, use - whole.program.row_upper)
            figures |= {"lp_value": found.objective, "lp_violation": float(missed.max(initial=0.0))}
        price = None
        if found.row_dual is not None:
            price = sign_correct(found.row_dual[-instance.rows.rows :], instance.rows.lower, instance.rows.upper)
        return Answer(
            certificate=price,
            figures=figures,
            stopped=None if found.termination is Termination.OPTIMAL else found.termination.value,
        )

    return Contender(name=name, run=run)


def _warm(solver: Backend) -> None:
    """Let the library load what it loads at its first solve, unmeasured."""
    one, none = np.ones(1), np.zeros(0)
    rows = SparseRows.from_triplets((), (), (), 0, 1)
    solver.load(Program(one, -one, one, np.zeros(1, dtype=np.bool_), rows, none, none)).solve(relaxed=True)
