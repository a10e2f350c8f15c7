"""What every solver backend offers: one Protocol, capabilities declared.

A backend loads a :class:`~solvers.core.program.Program` into a model that lives on and can be changed without a
rebuild. Statuses and errors are translated once, in the backend; callers see only types of `solvers.core`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import UNLIMITED, Limits, Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; asking for more raises :class:`solvers.core.errors.Unsupported`."""

    integers: bool
    duals: bool
    warm_start: bool
    interrupt: bool


class Model(Protocol):
    """A loaded program that can be changed and solved again."""

    def set_objective(self, columns: Ints, values: Floats) -> None:
        """Replace objective coefficients of the given columns."""
        ...

    def set_column_bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given columns."""
        ...

    def set_row_bounds(self, rows: Ints, lower: Floats, upper: Floats) -> None:
        """Replace bounds of the given rows."""
        ...

    def solve(self, *, limits: Limits = UNLIMITED, start: Floats | None = None, relaxed: bool = False) -> Solution:
        """Solve from a defined start: ``start`` is a full or partial (NaN = unknown) column vector.

        ``relaxed`` drops integrality. A linear solve continues from the basis left by the last one of this model.
        """
        ...

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop; it ends with ``Termination.INTERRUPTED``."""
        ...


class Backend(Protocol):
    """A solver library behind the one door; ``name`` is how a user chooses it."""

    name: str
    capabilities: Capabilities

    def load(self, program: Program) -> Model:
        """Load a program."""
        ...
