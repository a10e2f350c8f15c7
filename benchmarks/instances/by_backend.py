"""Contenders that hand a whole program to a solver backend, alike for every subject: a new one is one line."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.instances.references import Sense
from benchmarks.subject import Answer, Case, Contender, Stopwatch
from solvers.backends.registry import backend
from solvers.core.backend import Backend
from solvers.core.errors import SolverError
from solvers.core.program import Program, SparseRows
from solvers.core.termination import Limits, Solution, Termination

AsProgram = Callable[[Any], Program]
"""From the prepared instance of a subject to the program; its time counts as build."""

_STOPPED = {Termination.LIMIT: "time limit", Termination.INTERRUPTED: "interrupted"}


def by_backend(name: str, program: AsProgram, *, sense: Sense, ours: bool = False) -> Contender:
    """Return the contender that solves the program with the backend of this name; its solution is the column vector."""

    def run(instance: Any, watch: Stopwatch, case: Case) -> Answer:
        try:
            return _solve(_warm(backend(name)), program, instance, watch, case, sense=sense)
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")

    return Contender(name=name, run=run, ours=ours)


def relaxed_by_backend(name: str, program: AsProgram, *, sense: Sense) -> Contender:
    """Return the contender that solves the linear relaxation only; its certificate are the row duals of the program.

    It does not do the job: its seconds are the figure ``relaxation_s`` and no part that is ranked with those that do.
    """

    def run(instance: Any, watch: Stopwatch, case: Case) -> Answer:
        del watch
        try:
            solver = _warm(backend(name))
            started = time.perf_counter()
            found = solver.load(program(instance)).solve(limits=Limits(seconds=case.time_limit), relaxed=True)
            seconds = time.perf_counter() - started
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")
        if found.row_dual is None:
            return Answer(failure=f"no duals: {found.termination.value}")
        return Answer(
            bound=_in_sense(found.bound, sense),
            certificate=found.row_dual,
            figures={"relaxation_s": seconds},
            stopped="relaxation only",
        )

    return Contender(name=f"{name} LP", run=run)


def _warm(solver: Backend) -> Backend:
    """Let the library load what it loads at its first solve, unmeasured."""
    one, none = np.ones(1), np.zeros(0)
    rows = SparseRows.from_triplets((), (), (), 0, 1)
    solver.load(Program(one, -one, one, np.ones(1, dtype=np.bool_), rows, none, none)).solve()
    return solver


def _solve(solver: Backend, program: AsProgram, instance: Any, watch: Stopwatch, case: Case, *, sense: Sense) -> Answer:
    def progress(value: float | None, bound: float) -> None:
        watch.point(value=None if value is None else _in_sense(value, sense), bound=_in_sense(bound, sense))

    with watch.measure("build"):
        model = solver.load(program(instance))
    with watch.measure("solve"):
        found = model.solve(
            limits=Limits(seconds=case.time_limit),
            progress=progress if solver.capabilities.progress else None,
        )
        progress(found.objective, found.bound)
    return _answer(found, sense)


def _answer(found: Solution, sense: Sense) -> Answer:
    if found.termination in {Termination.INFEASIBLE, Termination.UNBOUNDED}:
        return Answer(failure=f"says {found.termination.value}")
    return Answer(
        solution=found.x,
        value=None if found.objective is None else _in_sense(found.objective, sense),
        bound=_in_sense(found.bound, sense),
        figures={"nodes": float(found.nodes)},
        stopped=_STOPPED.get(found.termination),
    )


def _in_sense(number: float, sense: Sense) -> float | None:
    """Turn a number of the maximised program into one of the problem; None if it is infinite."""
    if not math.isfinite(number):
        return None
    return -number if sense == "min" else number
