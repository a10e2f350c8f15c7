"""Value and bound as they stand: solutions are recomputed before they count, bounds are rounded where values are."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.block_result import BlockLimits, Moment, Progress
from solvers.coordination.proposal import settled
from solvers.coordination.verify import check_point
from solvers.core.program import Floats, Program
from solvers.core.termination import Limits

_NOISE = 1e-12
FEASIBLE = 1e-6
"""Violations up to this are what solvers call feasible."""


@dataclass(slots=True, eq=False)
class Standing:
    """The best solution and the best bound, with the history of both.

    ``program`` is the whole, ``step`` the grid of its values (0 without one), ``deadline`` on the monotonic clock.
    """

    problem: BlockProblem
    limits: BlockLimits
    progress: Progress | None
    program: Program
    step: float = field(init=False)
    x: Floats | None = None
    value: float = -np.inf
    bound: float = np.inf
    proved_by: str = "nobody"
    work: int = 0
    late: bool = False
    unbounded: bool = False
    deadline: float | None = None
    history: list[Moment] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.step = value_step(self.program)
        if self.limits.seconds is not None:
            self.deadline = time.monotonic() + self.limits.seconds

    def offer(self, x: Floats | None, engine: str) -> bool:
        """Take a solution if it holds and is better; returns whether it was."""
        if x is None:
            return False
        point = settled(self.program, x)
        found = check_point(self.problem, point)
        if found.violation > FEASIBLE or (self.x is not None and found.value <= self.value + _NOISE * abs(self.value)):
            return False
        self.x, self.value = point, found.value
        self._note(engine)
        return True

    def miss(self, x: Floats) -> float:
        """Return by how much a solution breaks a bound, a row or integrality at most."""
        return check_point(self.problem, settled(self.program, x)).violation

    def prove(self, bound: float, engine: str) -> bool:
        """Take an upper bound if it is lower; returns whether it was."""
        if self.step and math.isfinite(bound):
            offset = self.program.offset
            bound = min(bound, offset + self.step * math.floor((bound - offset) / self.step + 1e-6))
        if bound >= self.bound:
            return False
        self.bound, self.proved_by = bound, engine
        self._note(engine)
        return True

    @property
    def done(self) -> bool:
        """Whether the gap asked for is reached, or nothing can be found."""
        if self.bound == -np.inf or self.unbounded:
            return True
        if self.x is None:
            return False
        return self.bound - self.value <= max(self.target, self.limits.absolute_gap)

    @property
    def target(self) -> float:
        """The absolute gap that is close enough, by the value so far, else by the bound."""
        size = abs(self.value) if self.x is not None else abs(self.bound)
        return self.limits.gap * size if math.isfinite(size) else 0.0

    @property
    def over(self) -> bool:
        """Whether to stop: done, or out of time."""
        return self.done or self.out_of_time()

    def out_of_time(self) -> bool:
        """Tell whether the time limit has passed; once it has, the result depends on the machine."""
        self.late = self.late or (self.deadline is not None and time.monotonic() >= self.deadline)
        return self.late

    def allow(self, *, nodes: int | None = None, gap: float = 0.0, absolute_gap: float = 1e-9) -> Limits:
        """Return limits of one solve within the time that is left."""
        seconds = None if self.deadline is None else max(self.deadline - time.monotonic(), 1e-3)
        return Limits(seconds=seconds, nodes=nodes, gap=gap, absolute_gap=absolute_gap)

    def _note(self, engine: str) -> None:
        moment = Moment(engine, self.work, self.value, self.bound)
        self.history.append(moment)
        if self.progress is not None:
            self.progress(moment)


def value_step(program: Program) -> float:
    """Return the grid that values of all solutions lie on (plus the offset), 0 where there is none.

    There is one where only integer columns have a worth: the greatest common divisor of these, if not tiny.
    """
    worth = program.objective[program.objective != 0]
    if not len(worth) or not program.integer[program.objective != 0].all():
        return 0.0
    exact = [Fraction(float(w)).limit_denominator(10**6) for w in np.unique(np.abs(worth))]
    if any(float(fraction) != float(w) for fraction, w in zip(exact, np.unique(np.abs(worth)), strict=True)):
        return 0.0
    denominator = math.lcm(*(fraction.denominator for fraction in exact))
    if denominator > 10**6:
        return 0.0
    return math.gcd(*(int(fraction * denominator) for fraction in exact)) / denominator
