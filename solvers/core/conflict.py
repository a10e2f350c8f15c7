"""A minimal set of rows that cannot hold together, found with any backend by asking what is feasible.

QuickXplain (Junker 2004): the rows are halved again and again, so that a conflict of k among n rows costs about
``2 k log(n/k) + 2 k`` solves, not n. Columns keep their bounds and integrality throughout; a row left out is freed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Termination


def minimal_conflict(
    backend: Backend, program: Program, *, among: Ints | None = None, relaxed: bool = False, limits: Limits = UNLIMITED
) -> Ints:
    """Return the rows of a minimal conflict, int32 ascending; empty where the columns' bounds alone admit no point.

    ``among`` are rows known to hold a conflict (all unless told), ``relaxed`` ignores integrality, ``limits`` are those
    of each solve: one that ends undecided counts as feasible, so the set stays a conflict but may not be minimal.

    Raises
    ------
    ValueError
        If the rows are not known to be in conflict.
    """
    candidates = np.arange(program.rows.rows, dtype=np.int32) if among is None else among
    model = backend.load(replace(program, objective=np.zeros(program.columns)))
    every = np.arange(program.rows.rows, dtype=np.int32)

    def infeasible(rows: list[int]) -> bool:
        low, high = np.full(len(every), -np.inf), np.full(len(every), np.inf)
        low[rows], high[rows] = program.row_lower[rows], program.row_upper[rows]
        model.set_row_bounds(every, low, high)
        return model.solve(limits=limits, relaxed=relaxed).termination is Termination.INFEASIBLE

    if not infeasible(candidates.tolist()):
        raise ValueError("these rows are not known to be in conflict; ask for one of an infeasible program only")
    if infeasible([]):
        return np.zeros(0, dtype=np.int32)
    return np.array(sorted(_smallest(infeasible, [], candidates.tolist(), changed=False)), dtype=np.int32)


def _smallest(
    infeasible: Callable[[list[int]], bool], kept: list[int], among: list[int], *, changed: bool
) -> list[int]:
    """Return those of ``among`` that a minimal conflict needs beside ``kept``, to which rows were just added or not."""
    if changed and infeasible(kept):
        return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    first, second = among[:half], among[half:]
    of_second = _smallest(infeasible, kept + first, second, changed=True)
    of_first = _smallest(infeasible, kept + of_second, first, changed=bool(of_second))
    return of_first + of_second
