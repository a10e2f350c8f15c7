"""What every solver backend offers: one Protocol, capabilities declared.

A backend loads a :class:`~solvers.core.program.Program` into a model that lives on and can be changed without a
rebuild. Statuses and errors are translated once, in the backend; callers see only types of `solvers.core`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.termination import UNLIMITED, Limits, Solution

Progress = Callable[[float | None, float], None]
"""Told ``(incumbent's value or None, bound)`` of a mixed-integer solve, in the sense of maximisation.

It is called from the solving thread or one of the solver's own, must not raise, and must be quick.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; asking for more raises :class:`solvers.core.errors.Unsupported`.

    ``integers`` and ``continuous`` say which columns it takes, ``infinite`` whether columns may lack a bound,
    ``duals`` that linear solves leave ``row_dual``, ``warm_start`` that a start is used, ``interrupt`` that a running
    solve can be stopped, ``progress`` that mixed-integer solves report, ``conflict`` that :meth:`Model.conflict` names
    rows. ``exact`` is False where values hold to a few digits only.
    """

    integers: bool
    duals: bool
    warm_start: bool
    interrupt: bool
    progress: bool = False
    conflict: bool = False
    continuous: bool = True
    infinite: bool = True
    exact: bool = True


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

    def set_coefficients(self, rows: Ints, columns: Ints, values: Floats) -> None:
        """Replace entries (row, column) of the matrix; raises InvalidProgram where there is no such entry."""
        ...

    def solve(
        self,
        *,
        limits: Limits = UNLIMITED,
        start: Floats | None = None,
        relaxed: bool = False,
        progress: Progress | None = None,
    ) -> Solution:
        """Solve from a defined start: ``start`` is a full or partial (NaN = unknown) column vector.

        ``relaxed`` drops integrality. A linear solve continues from the basis left by the last one of this model.
        ``progress`` is told whenever incumbent or bound of a mixed-integer solve improve; a linear solve has none.
        """
        ...

    def interrupt(self) -> None:
        """Ask a running solve, from another thread, to stop; it ends with ``Termination.INTERRUPTED``."""
        ...

    def conflict(self, *, limits: Limits = UNLIMITED) -> Ints:
        """Return a minimal set of rows that cannot hold together within the columns' bounds and integrality.

        Without any one of them the others can hold. Empty where the columns' bounds alone admit no point. ``limits``
        are those of each solve; a solve that ends undecided keeps its rows, so the set stays a conflict but may not be
        minimal. Raises ValueError if the program is not known to be infeasible.
        """
        ...


@runtime_checkable
class Restartable(Model, Protocol):
    """A model whose linear solves can begin from one and the same basis, however often and in whatever order."""

    def remember(self) -> None:
        """Keep the basis of the last linear solve as the start to come back to."""
        ...

    def begin_again(self, *, primal: bool = False) -> None:
        """Let the next linear solve start from the remembered basis, untouched by what was solved since.

        ``primal`` promises that the point of that basis still holds (bounds were only loosened, the objective may be
        another), so that the primal simplex goes on from it.
        """
        ...

    def begin_near(self, row_dual: Floats) -> None:
        """Let the next linear solve start where multipliers of the rows suggest, float64 (rows,), as in a solution.

        They may be those of a similar program, or 0 for rows of which nothing is known: only the way to the optimum
        depends on them.
        """
        ...


@runtime_checkable
class GrowingModel(Model, Protocol):
    """A model that columns can be added to; its basis stays, and the new columns are continuous."""

    def add_columns(self, objective: Floats, lower: Floats, upper: Floats, entries: SparseRows) -> None:
        """Append columns; ``entries`` has one row per new column, and the program's rows as its columns."""
        ...


class Backend(Protocol):
    """A solver library behind the one door; ``name`` is how a user chooses it."""

    name: str
    capabilities: Capabilities

    def load(self, program: Program) -> Model:
        """Load a program."""
        ...
