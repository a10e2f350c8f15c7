"""The search for plans: set-ups by slope scaling, whole tiers, whole offers, and the rest polished.

Every plan that counts is complete: its set-ups, tiers and every customer's offer are whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from actors.allowance import Allowance
from actors.candidate import Candidate, Polisher
from actors.incumbents import Incumbents
from actors.joint_problem import JointProblem
from solvers.coordination.choice_tree import restrict
from solvers.core.backend import Model
from solvers.core.program import Bools, Floats, Ints
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.slope_scaling import SlopeScaling, in_use

CYCLE = 3
"""Slope-scaling passes from one fixed plan to the next."""
PATIENCE = 4
"""Cycles without a better plan after which the search ends."""
LEAST_GAIN = 1e-5
"""A plan that is better by less than this, relatively, does not prolong the search."""
REPAIR_NODES = 500
"""Branch-and-bound nodes spent on choosing among set-ups that cannot all be used."""


class PlanSearch:
    """The complete plans of one run so far, and the ways to a better one."""

    def __init__(
        self,
        problem: JointProblem,
        relaxation: Model,
        polisher: Polisher,
        *,
        allowance: Allowance,
        incumbents: Incumbents,
    ) -> None:
        self._assembly, self._relaxation = problem.assembly, relaxation
        self._polisher, self._allowance = polisher, allowance
        self._incumbents = incumbents

    @property
    def best(self) -> Candidate | None:
        """The best complete plan so far."""
        return self._incumbents.best

    def plan_early(self, root: Solution) -> None:
        """Make a first plan of the relaxation as it stands, so that a short deadline has one."""
        if root.x is None or not self._allowance.step():
            return
        fixed = self._fixed_plan(root.x, middle_choice(root.x, self._assembly.choices))
        if fixed is not None:
            self.consider(fixed)

    def take_up(self, used: Bools, tiers: Sequence[tuple[int, ...]]) -> None:
        """Make a plan with set-ups and tiers of an earlier one; set-ups that cannot stand together give way."""
        if not self._allowance.step():
            return
        used = used & (self._assembly.program.upper[self._assembly.setups.setup] > 0)
        self._polisher.fix(used, tiers)
        solution = self._polisher.solve(self._limits())
        if solution.termination is Termination.INFEASIBLE:
            limits = Limits(nodes=REPAIR_NODES, seconds=self._allowance.seconds_left())
            solution = self._polisher.choose(used, limits)
        self.consider(solution)

    def scale_slopes(self, x: Floats, report: Callable[[], None], done: Callable[[], bool]) -> None:
        """Alternate slope scaling and fixed plans from a solution of the relaxation, with the tiers it chose."""
        tiers = largest_choice(x, self._assembly.choices)
        restrict(self._relaxation, self._assembly.choices, tiers)
        scaling = SlopeScaling(self._assembly)
        try:
            self._scale(scaling, x, tiers, report=report, done=done)
        finally:
            scaling.uncharge(self._relaxation)
        self._try_tiers(report, done)

    def consider(self, shared: Solution) -> None:
        """Complete a solution whose offers are still shares, and keep it if it is the best."""
        candidate = self._polisher.complete(shared, self._limits())
        if candidate is not None:
            self._incumbents.offer(candidate)

    def consider_whole(self, x: Floats, solution: Solution) -> None:
        """Complete a solution of the whole problem, whose set-ups and tiers are ``x``'s."""
        tiers = largest_choice(x, self._assembly.choices)
        self._polisher.fix(x[self._assembly.setups.setup] > 0.5, tiers)
        self.consider(solution)

    def _scale(
        self,
        scaling: SlopeScaling,
        x: Floats,
        tiers: Sequence[tuple[int, ...]],
        *,
        report: Callable[[], None],
        done: Callable[[], bool],
    ) -> None:
        idle, promise = 0, -np.inf
        while idle < PATIENCE and not done() and self._allowance.step():
            fixed = self._fixed_plan(x, tiers)
            quantity = scaling.quantities(x)
            idle += 1
            if fixed is not None and fixed.objective is not None and fixed.x is not None:
                quantity = scaling.quantities(fixed.x)
                if promise == -np.inf or fixed.objective > promise + LEAST_GAIN * abs(promise):
                    idle = 0
                if fixed.objective > promise:
                    promise = fixed.objective
                    self.consider(fixed)
            report()
            for _ in range(CYCLE):
                if done() or not self._allowance.step():
                    return
                scaling.charge(self._relaxation, quantity)
                solution = self._relaxation.solve(limits=self._limits(), relaxed=True)
                if solution.x is None or solution.termination is not Termination.OPTIMAL:
                    self._allowance.interrupted()
                    return
                x, quantity = solution.x, scaling.quantities(solution.x)

    def _try_tiers(self, report: Callable[[], None], done: Callable[[], bool]) -> None:
        """Try every other tier with the set-ups of the best plan: what it buys may reach more than was fixed."""
        if self.best is None:
            return
        used = self.best.x[self._assembly.setups.setup] > 0.5
        tiers = largest_choice(self.best.x, self._assembly.choices)
        for g, (_, group) in enumerate(self._assembly.choices):
            for option in range(len(group)):
                if (option,) == tiers[g]:
                    continue
                if done() or not self._allowance.step():
                    return
                other = (*tiers[:g], (option,), *tiers[g + 1 :])
                self._polisher.fix(used, other)
                fixed, value = self._polisher.solve(self._limits()), self.best.value
                if fixed.objective is not None and fixed.objective > value:
                    self.consider(fixed)
                if self.best.value > value:
                    tiers = other
                    report()

    def _fixed_plan(self, x: Floats, tiers: Sequence[tuple[int, ...]]) -> Solution | None:
        """Solve with the set-ups a solution uses; where smallest lots forbid that, with the best of them."""
        used = in_use(self._assembly, x)
        self._polisher.fix(used, tiers)
        solution = self._polisher.solve(self._limits())
        if solution.termination is Termination.INFEASIBLE:
            solution = self._polisher.choose(used, Limits(nodes=REPAIR_NODES, seconds=self._allowance.seconds_left()))
        if solution.termination in {Termination.LIMIT, Termination.INTERRUPTED} and self._allowance.out_of_time():
            self._allowance.interrupted()
        return solution if solution.x is not None else None

    def _limits(self) -> Limits:
        return Limits(seconds=self._allowance.seconds_left())


def largest_choice(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the one with the largest share."""
    return tuple((int(np.argmax(x[group])),) for _, group in choices)


def middle_choice(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the mean position of the shares, rounded down so that no tier is promised early."""
    return tuple((int(np.clip(x[group] @ np.arange(len(group)) + 1e-6, 0, len(group) - 1)),) for _, group in choices)
