"""Dynamic slope scaling for set-ups: a heuristic that solves linear programs only.

A set-up that allows at most ``most`` units is charged, in the relaxation, its cost per ``most``; a plan that makes
fewer pays more. Each pass charges every set-up its cost per the quantity last made, so that small lots become dear and
vanish or merge (Kim and Pardalos 1999; Crainic, Gendron, Hernu 2004). Fixing the set-ups in use and solving what is
left gives a plan.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solvers.core.backend import Model
from solvers.core.program import Bools, Floats
from solvers.core.slope_scaling import IN_USE, slopes
from solvers.network.assembly import Assembly

_STEEPEST = 1e5


@dataclass(slots=True, eq=False)
class SlopeScaling:
    """The charges of a run of slope scaling; ``multiplier`` ≥ 1 scales each set-up's linear charge."""

    assembly: Assembly
    multiplier: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.multiplier = np.ones(len(self.assembly.setups.setup))

    def charge(self, model: Model, quantity: Floats) -> None:
        """Charge every set-up by the quantities last made, float64 of shape (pairs,)."""
        setups = self.assembly.setups
        self.multiplier = slopes(self.multiplier, setups.most, quantity)
        cost = self.assembly.program.objective[setups.setup] * np.minimum(self.multiplier, _STEEPEST)
        model.set_objective(setups.setup, cost)

    def uncharge(self, model: Model) -> None:
        """Charge every set-up its own cost again, so that the model is the relaxation it was."""
        setups = self.assembly.setups.setup
        model.set_objective(setups, self.assembly.program.objective[setups])

    def quantities(self, x: Floats) -> Floats:
        """Return the quantities a solution makes under each set-up."""
        return x[self.assembly.setups.quantity]


def in_use(assembly: Assembly, x: Floats) -> Bools:
    """Return which set-ups a solution needs, bool of shape (pairs,)."""
    return np.asarray(x[assembly.setups.quantity] > IN_USE)


def fix_setups(model: Model, assembly: Assembly, used: Bools) -> None:
    """Fix the set-ups in use to 1 and all others to 0."""
    fixed = used.astype(np.float64)
    model.set_column_bounds(assembly.setups.setup, fixed, fixed)


def free_setups(model: Model, assembly: Assembly) -> None:
    """Let a model choose set-ups again."""
    columns = assembly.setups.setup
    model.set_column_bounds(columns, assembly.program.lower[columns], assembly.program.upper[columns])
