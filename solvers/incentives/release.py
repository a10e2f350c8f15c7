"""Release and pacing of money over windows: how much to spend where, at given prices per unit of money.

Maximise ``Σ_w price[w]·amount[w] - Σ_k penalty[k]·violation[k]`` over ``0 ≤ amount[w] ≤ most[w]`` under rows on sums
of windows (a minimum or maximum of one window, or of the horizon). A linear program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.backend import Backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Program
from solvers.core.termination import UNLIMITED, Limits, Solution
from solvers.incentives.draft import Draft
from solvers.incentives.rows import AmountRows


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ReleaseInstance:
    """``price`` [W] finite, ``most`` [W] ≥ 0 and finite: what could be spent at all, ``rows`` over the W windows."""

    price: Floats
    most: Floats
    rows: AmountRows

    def __post_init__(self) -> None:
        windows = len(self.price)
        if len(self.most) != windows or self.rows.member.shape[1] != windows:
            raise InvalidProgram(f"{windows} prices need {windows} largest amounts and rows over {windows} windows")
        if not np.isfinite(self.price).all() or not np.isfinite(self.most).all() or (self.most < 0).any():
            raise InvalidProgram("prices and largest amounts must be finite, and amounts at least 0")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Release:
    """Amounts per window, None where the hard rows cannot hold; ``bound`` is the solver's claim."""

    amount: Floats | None
    bound: float
    solution: Solution


def release_program(instance: ReleaseInstance) -> Program:
    """Return the linear program; its first W columns are the amounts, its rows are those of the instance."""
    draft = Draft()
    amount = draft.add_columns(instance.price, instance.most)
    draft.add_amount_rows(instance.rows, amount)
    return draft.program()


def solve_release(instance: ReleaseInstance, backend: Backend, *, limits: Limits = UNLIMITED) -> Release:
    """Solve with any backend that solves linear programs."""
    solution = backend.load(release_program(instance)).solve(limits=limits)
    amount = None if solution.x is None else np.clip(solution.x[: len(instance.price)], 0.0, instance.most)
    return Release(amount=amount, bound=solution.bound, solution=solution)
