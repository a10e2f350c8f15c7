"""The search for plans: set-ups by slope scaling, whole tiers, whole offers, and the rest polished.

Every plan that counts is complete: its set-ups, tiers and every customer's offer are whole. Set-ups are sought with
offers held, which makes programs many times faster to solve; between searches offers follow the best plan's set-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from actors.allowance import Allowance
from actors.candidate import Candidate, Polisher
from actors.held_offers import complete_held, hold_offers, offer_columns
from actors.incumbents import Incumbents
from actors.joint_problem import JointProblem
from actors.plan_improvement import PlanImprovement
from solvers.coordination.choice_tree import choice_box
from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats, Ints
from solvers.core.termination import Limits, Solution, Termination
from solvers.network.remainder import Remainder
from solvers.network.slope_scaling import in_use
from solvers.network.slope_search import SlopeSearch

CYCLE = 3
"""Slope-scaling passes from one fixed plan to the next."""
PATIENCE = 4
"""Cycles without a better plan after which a search ends."""
RESTARTS = (6.0, 3.0)
"""What set-ups not in use are charged, in smallest charges, when a search begins: the first, and the one after it.

Lots fill a part of what a set-up allows, so that even the first relaxation should charge more than the smallest slope:
on 3,300 set-ups that saves half of the passes.
"""
WORTH_COMPLETING = 5e-4
"""A plan better by this, relatively, is completed at once; a smaller gain waits for the search to falter."""
LEAST_GAIN = 1e-5
"""A plan that is better by less than this, relatively, does not prolong the search."""
REPAIR_NODES = 500
"""Branch-and-bound nodes spent on choosing among set-ups that cannot all be used."""

Tiers = tuple[tuple[int, ...], ...]


class PlanSearch:
    """The complete plans of one run so far, and the ways to a better one."""

    def __init__(
        self,
        problem: JointProblem,
        polisher: Polisher,
        backend: Backend,
        *,
        allowance: Allowance,
        incumbents: Incumbents,
    ) -> None:
        self._problem, self._assembly, self._backend = problem, problem.assembly, backend
        self._polisher, self._allowance = polisher, allowance
        self._incumbents = incumbents
        self._offers = offer_columns(problem)
        self._improvement = PlanImprovement(problem, self._offers, backend, allowance=allowance, incumbents=incumbents)

    @property
    def best(self) -> Candidate | None:
        """The best complete plan so far."""
        return self._incumbents.best

    def plan_early(self, root: Solution) -> None:
        """Make a first plan of the relaxation as it stands, so that a short deadline has one."""
        if root.x is None or not self._allowance.step():
            return
        tiers = middle_choice(root.x, self._assembly.choices)
        held, search = self._begin(root.x, tiers)
        fixed = self._fixed_plan(held, search, in_use(search.assembly, held.part(root.x)), tiers)
        if fixed is not None:
            self._consider(fixed, tiers)

    def take_up(self, x: Floats, used: Bools, tiers: Tiers) -> None:
        """Make a plan with set-ups, tiers and offers of an earlier one; offers, then set-ups, give way if they must."""
        if not self._allowance.step():
            return
        held = complete_held(
            self._problem, self._offers, x, polisher=self._polisher, backend=self._backend, limits=self._limits()
        )
        if held is not None:
            # Searches go on from ``shares``, which must be a solution and not only its whole numbers.
            self._keep(replace(held, shares=held.x))
            return
        self._polisher.fix(used, tiers)
        solution = self._polisher.solve(self._limits())
        if solution.termination is Termination.INFEASIBLE:
            limits = Limits(nodes=REPAIR_NODES, seconds=self._allowance.seconds_left())
            solution = self._polisher.choose(used, limits)
        self._consider(solution, tiers)

    def scale_slopes(self, x: Floats, report: Callable[[], None], done: Callable[[], bool]) -> None:
        """Search from a solution of the relaxation with the tiers it chose, then again from the best plan."""
        for turn, unused in enumerate(RESTARTS):
            if turn:
                if self.best is None:
                    break
                x = self._free_offers(self.best)
                report()
            tiers = largest_choice(x, self._assembly.choices)
            self._scale(x, tiers, unused, report=report, done=done)
            if done() or self._allowance.stopped_by is not None:
                return
        self._try_tiers(report, done)

    def improve(self, report: Callable[[], None], done: Callable[[], bool], *, sweeps: int) -> None:
        """Decide a few products at a time anew, where there is a plan."""
        if self.best is not None:
            self._improvement.improve(report, done, sweeps=sweeps)

    def consider_whole(self, x: Floats, solution: Solution) -> None:
        """Complete a solution of the whole problem, whose set-ups and tiers are ``x``'s."""
        tiers = largest_choice(x, self._assembly.choices)
        self._polisher.fix(x[self._assembly.setups.setup] > 0.5, tiers)
        self._keep(self._polisher.complete(solution, self._limits()))

    def _begin(self, x: Floats, tiers: Tiers) -> tuple[Remainder, SlopeSearch]:
        held = hold_offers(self._problem, self._offers, x)
        return held, SlopeSearch(held.assembly, self._backend, boxes(tiers, self._assembly.choices))

    def _scale(
        self, x: Floats, tiers: Tiers, unused: float, *, report: Callable[[], None], done: Callable[[], bool]
    ) -> None:
        held, search = self._begin(x, tiers)
        search.start(held.part(x), unused=unused)
        idle, promise = 0, -np.inf
        waiting: Solution | None = None
        part: Floats | None = held.part(x)
        while part is not None and idle < PATIENCE and not done() and self._allowance.step():
            fixed = self._fixed_plan(held, search, in_use(search.assembly, part), tiers)
            idle += 1
            if fixed is not None and fixed.objective is not None:
                if promise == -np.inf or fixed.objective > promise + LEAST_GAIN * abs(promise):
                    idle = 0
                if fixed.objective > promise:
                    promise, waiting = fixed.objective, fixed
            if waiting is not None and (idle > 0 or self._much_better(promise)):
                self._consider(waiting, tiers)
                waiting = None
            report()
            if done():
                return
            part = search.advance(CYCLE, self._limits())
            if part is None and self._allowance.out_of_time():
                self._allowance.interrupted()
        if waiting is not None:
            self._consider(waiting, tiers)

    def _much_better(self, value: float) -> bool:
        return self.best is None or value > self.best.value + WORTH_COMPLETING * abs(self.best.value)

    def _free_offers(self, best: Candidate) -> Floats:
        """Let offers follow the set-ups of the best plan; returns a solution with its set-ups and tiers."""
        if not self._allowance.step():
            return best.shares
        tiers = largest_choice(best.shares, self._assembly.choices)
        self._polisher.fix(best.shares[self._assembly.setups.setup] > 0.5, tiers)
        solution = self._polisher.solve(self._limits())
        if solution.x is None or solution.objective is None or solution.termination is not Termination.OPTIMAL:
            return best.shares
        if solution.objective > best.value:
            self._consider(solution, tiers)
        return solution.x

    def _try_tiers(self, report: Callable[[], None], done: Callable[[], bool]) -> None:
        """Try every other tier with the set-ups of the best plan: what it buys may reach more than was fixed."""
        if self.best is None:
            return
        tiers = largest_choice(self.best.shares, self._assembly.choices)
        used = self.best.shares[self._assembly.setups.setup] > 0.5
        held, search = self._begin(self.best.shares, tiers)
        for g, (_, group) in enumerate(self._assembly.choices):
            for option in range(len(group)):
                if (option,) == tiers[g]:
                    continue
                if done() or not self._allowance.step():
                    return
                other = (*tiers[:g], (option,), *tiers[g + 1 :])
                search.choose(boxes(other, self._assembly.choices))
                fixed, value = search.fix(used, self._limits()), self.best.value
                if fixed.x is not None and fixed.objective is not None and fixed.objective > value:
                    self._consider(_restored(held, fixed), other)
                if self.best.value > value:
                    tiers = other
                    report()

    def _consider(self, shared: Solution, tiers: Tiers) -> None:
        """Complete a solution whose offers are still shares, and keep it if it is the best."""
        best = self.best
        if shared.x is None or shared.objective is None or (best is not None and shared.objective <= best.value):
            return
        candidate = complete_held(
            self._problem,
            self._offers,
            shared.x,
            polisher=self._polisher,
            backend=self._backend,
            limits=self._limits(),
        )
        if candidate is None:
            self._polisher.fix(shared.x[self._assembly.setups.setup] > 0.5, tiers)
            candidate = self._polisher.complete(shared, self._limits())
        self._keep(candidate)

    def _keep(self, candidate: Candidate | None) -> None:
        if candidate is not None:
            self._incumbents.offer(candidate)

    def _fixed_plan(self, held: Remainder, search: SlopeSearch, used: Bools, tiers: Tiers) -> Solution | None:
        """Solve with the set-ups a solution uses; where smallest lots forbid that, with the best of them."""
        solution = search.fix(used, self._limits())
        if solution.termination is Termination.INFEASIBLE:
            self._polisher.fix(used, tiers)
            limits = Limits(nodes=REPAIR_NODES, seconds=self._allowance.seconds_left())
            solution = self._polisher.choose(used, limits)
        else:
            solution = _restored(held, solution)
        if solution.termination in {Termination.LIMIT, Termination.INTERRUPTED} and self._allowance.out_of_time():
            self._allowance.interrupted()
        return solution if solution.x is not None else None

    def _limits(self) -> Limits:
        return Limits(seconds=self._allowance.seconds_left())


def boxes(tiers: Sequence[tuple[int, ...]], choices: Sequence[tuple[str, Ints]]) -> tuple[Floats, ...]:
    """Return what columns of each group are fixed at."""
    return tuple(choice_box(len(group), options)[1] for (_, group), options in zip(choices, tiers, strict=True))


def _restored(held: Remainder, solution: Solution) -> Solution:
    return solution if solution.x is None else replace(solution, x=held.restore(solution.x), row_dual=None)


def largest_choice(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the one with the largest share."""
    return tuple((int(np.argmax(x[group])),) for _, group in choices)


def middle_choice(x: Floats, choices: Sequence[tuple[str, Ints]]) -> tuple[tuple[int, ...], ...]:
    """Return one option per group: the mean position of the shares, rounded down so that no tier is promised early."""
    return tuple((int(np.clip(x[group] @ np.arange(len(group)) + 1e-6, 0, len(group) - 1)),) for _, group in choices)
