"""The joint program with every offer held where a solution has it: small enough to be solved often."""

from __future__ import annotations

import numpy as np

from actors.candidate import Candidate, Polisher
from actors.joint_problem import JointProblem
from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats, Program
from solvers.core.termination import Limits, Termination
from solvers.network.remainder import Remainder, hold, rounding

OFFER_COLUMNS = frozenset({"given", "redeemed", "reached", "reached-pool", "reached-ever"})
"""Columns of segments that say who is offered what, and what follows from it."""
SMALL_PROGRAM = 10_000
"""Up to this many columns offers stay free: the program is small as it is."""


def offer_columns(problem: JointProblem) -> Bools:
    """Tell which columns of the joint program say who is offered what, bool of shape (columns,)."""
    kinds = [
        block.name.startswith("segment:") and kind in OFFER_COLUMNS
        for block in problem.blocks
        for kind in block.columns.kind
    ]
    return np.array(kinds, dtype=bool)


def hold_offers(problem: JointProblem, offers: Bools, x: Floats) -> Remainder:
    """Hold the offers of a large program at ``x``; a small one is left as it is."""
    small = problem.assembly.program.columns <= SMALL_PROGRAM
    return hold(problem.assembly, x, np.ones(len(offers), dtype=bool) if small else ~offers)


def complete_held(
    problem: JointProblem, offers: Bools, x: Floats, *, polisher: Polisher, backend: Backend, limits: Limits
) -> Candidate | None:
    """Make the offers of ``x`` whole and solve for all that is not whole; None where that is not feasible.

    ``x`` has whole set-ups and choices, and its offers are shares.
    """
    assembly = problem.assembly
    whole = x.copy()
    free = ~(offers | assembly.program.integer)
    whole[~free & ~offers] = np.round(x[~free & ~offers])
    tied = np.zeros(assembly.program.rows.rows, dtype=bool)
    for block, reply in polisher.realise(x).items():
        whole[reply.columns + assembly.column_start[block]] = reply.values
        tied[reply.free_rows + assembly.row_start[block]] = True
    if not _held_rows_hold(assembly.program, whole, free, tied):
        return None
    rest = hold(assembly, whole, free)
    solution = backend.load(rest.assembly.program).solve(limits=limits, relaxed=True)
    if solution.x is None or solution.objective is None or solution.termination is not Termination.OPTIMAL:
        return None
    return Candidate(solution.objective, rest.restore(solution.x), x)


def _held_rows_hold(program: Program, whole: Floats, free: Bools, tied: Bools) -> bool:
    """Tell whether rows without a free column hold, which a remainder leaves out; those ``tied`` to shares need not."""
    left = ~tied
    left[program.rows.row_of_entry()[free[program.rows.index]]] = False
    activity = program.rows.times(whole)
    slack = rounding(activity)
    within = (activity >= program.row_lower - slack) & (activity <= program.row_upper + slack)
    return bool(within[left].all())
