"""The coordinator: reconciles the agents under the linking rows, with a bound it can prove and a plan it can show.

:meth:`Coordinator.plan` reads as the algorithm's table of contents:

1. every agent formulates its block, the blocks are joined into one relaxation (`joint_problem`);
2. the relaxation is solved, and its set-ups give a first plan (`plan_search`);
3. whole rebate tiers are chosen best first, each leaf's multipliers give a checked bound, and agents answer its prices
   with their own dual bounds while prices move inside a trust region (`bound_search`);
4. slope scaling finds set-ups, segments make offers whole, a linear program polishes the rest (`plan_search`), and a
   few products at a time are decided anew (`plan_improvement`);
5. where the problem is small, or no plan was found, the solver is given the whole.

Steps are counted, replies are read in the order of the agents' names, and no decision looks at a clock, so the same
scenario, seed and work limit give the same plan wherever the agents live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actors.allowance import Allowance
from actors.bound_search import SOLVER_TOLERANCE, BoundSearch, LeafBound
from actors.candidate import Candidate, Polisher
from actors.conflict import Conflict, find_conflict
from actors.formulate.problem import Around
from actors.incumbents import Incumbent, Incumbents
from actors.joint_problem import JointProblem, hard_reward_floors, join
from actors.plan_search import PlanSearch
from actors.protocol import AgentNetwork
from actors.replanning import earlier_plan
from actors.sparing import Aim
from planner.domain.gap import relative_gap
from planner.domain.plan import Plan
from solvers.core.backend import Backend, Model
from solvers.core.termination import Limits, Termination

FIRST_SPLITS = 12
"""Most splits into whole tiers before plans are searched."""
ROUNDS = 60
"""Most pricing rounds once plans have been searched."""
NEAR = 1.1
"""Up to this many times the wanted gap, an earlier plan is improved before agents are asked at new prices.

A sweep over the neighbourhoods gains about a thousandth of the value; what is further away wants better bounds first.
"""
SWEEPS = 12
"""Most sweeps over the neighbourhoods of the best plan once prices have been negotiated."""
MONOLITH_COLUMNS = 400
"""Up to this many binary columns the problem is also given to the solver as a whole."""
MONOLITH_NODES = 20_000

Observe = Callable[[str, float | None, float | None], None]


@dataclass(frozen=True, slots=True, eq=False)
class Reconciled:
    """What coordination found: the best complete solution, the leaves with their bounds, and why it ended."""

    problem: JointProblem
    candidate: Candidate | None
    leaves: tuple[LeafBound, ...]
    bound_proved: float
    proved_by: Mapping[str, object]
    stopped_by: str
    steps: int
    conflict: Conflict | None = None
    incumbent: Incumbent | None = None


class Coordinator:
    """One planning run over a network of agents."""

    def __init__(
        self, network: AgentNetwork, around: Around, backend: Backend, *, allowance: Allowance, observe: Observe
    ) -> None:
        self._network, self._around, self._backend = network, around, backend
        self._allowance, self._observe = allowance, observe
        self.incumbents = Incumbents(allowance)
        self._whole_bound = np.inf
        self._gap = 0.0

    def plan(self, segments: Sequence[str], *, gap: float, earlier: Plan | None = None) -> Reconciled:
        """Plan until the gap, a limit or the end of ideas; ``segments`` names the segments in table order.

        What an ``earlier`` plan decided and proved is tried first, on the problem as it is now.
        """
        self._gap = gap
        self._join(segments)
        ended = None if earlier is None else self._take_up(earlier)
        if ended is None and not self._near():
            ended = self._relax()
        if ended is not None:
            return ended
        if self._bounds.bound == -np.inf or (self._small() and not self._done() and self._solve_whole()):
            return self._infeasible(relaxed=False)
        self._bounds.tighten(self._telling("negotiating prices"), self._done, rounds=1)
        start = self._bounds.most_promising
        if start is not None and not self._done():
            self._plans.scale_slopes(start, self._telling("searching plans"), self._done)
        self._improve(1)
        self._bounds.tighten(self._telling("negotiating prices"), self._done, rounds=ROUNDS)
        self._improve(SWEEPS)
        if self._plans.best is None and not self._small() and not self._done() and self._solve_whole():
            return self._infeasible(relaxed=False)
        return self._result()

    def _join(self, segments: Sequence[str]) -> None:
        self._observe("formulating", None, None)
        self._problem = join(self._network, self._around, segments)
        self._relaxation: Model = self._backend.load(self._problem.assembly.program)
        floors = hard_reward_floors(self._problem)
        polisher = Polisher(self._problem.assembly, self._backend, self._network, floors)
        self._plans = PlanSearch(
            self._problem, polisher, self._backend, allowance=self._allowance, incumbents=self.incumbents
        )
        self._bounds = BoundSearch(
            self._problem,
            self._network,
            self._relaxation,
            backend=self._backend,
            allowance=self._allowance,
            aiming=self._aim,
        )

    def _aim(self) -> Aim | None:
        best = self._plans.best
        return None if best is None else Aim(best.shares, best.value + self._gap * abs(best.value))

    def _take_up(self, earlier: Plan) -> Reconciled | None:
        """Begin with what an earlier plan decided and proved; returns the result where that was enough."""
        self._tell("taking up an earlier plan")
        known = earlier_plan(earlier, self._problem, self._network)
        self._plans.take_up(known.x, known.used, known.tiers)
        if self._allowance.step():
            self._bounds.take_up(known.leaves)
        self._bounds.tighten(self._telling("negotiating prices"), self._done, rounds=0, relax=False)
        if self._near() and not self._done():
            self._improve(1)
        self._bounds.tighten(self._telling("negotiating prices"), self._done, rounds=1, hopeful=True)
        return self._result() if self._done() else None

    def _improve(self, sweeps: int) -> None:
        if not self._small():
            self._plans.improve(self._telling("improving plans"), self._done, sweeps=sweeps)

    def _relax(self) -> Reconciled | None:
        """Begin with the relaxation and whole tiers; returns the result where there is none to go on from."""
        self._observe("relaxing", None, None)
        if not self._allowance.step():
            return self._result()
        root = self._bounds.relax_whole()
        if root.termination in {Termination.LIMIT, Termination.INTERRUPTED}:
            self._allowance.interrupted()
            return self._result()
        if root.termination is Termination.INFEASIBLE:
            return self._infeasible(relaxed=True)
        if not self._small() and self._plans.best is None:
            self._plans.plan_early(root)
        self._bounds.begin(root)
        self._bounds.choose_tiers(self._telling("choosing tiers"), most=FIRST_SPLITS)
        return None

    def _small(self) -> bool:
        return int(self._problem.assembly.program.integer.sum()) <= MONOLITH_COLUMNS

    def _solve_whole(self) -> bool:
        """Give the whole problem to the solver; returns whether it proved that there is no plan."""
        self._tell("solving the whole")
        if not self._allowance.step():
            return False
        model = self._backend.load(self._problem.assembly.program)
        seconds = self._allowance.seconds_left()
        solution = model.solve(limits=Limits(nodes=MONOLITH_NODES, gap=min(self._gap, 1e-6), seconds=seconds))
        if solution.termination is Termination.INFEASIBLE:
            return True
        if solution.termination is Termination.INTERRUPTED or self._allowance.out_of_time():
            self._allowance.interrupted()
        # A bound holds for the rows as the solver keeps them, within its tolerance.
        self._whole_bound = solution.bound + SOLVER_TOLERANCE * max(1.0, abs(solution.bound))
        if solution.x is not None:
            self._plans.consider_whole(solution.x, solution)
        self._tell("solving the whole")
        return False

    def _bound(self) -> float | None:
        bound = min(self._bounds.bound, self._whole_bound)
        return float(bound) if np.isfinite(bound) else None

    def _value(self) -> float | None:
        return None if self._plans.best is None else self._plans.best.value

    def _tell(self, phase: str) -> None:
        self._observe(phase, self._value(), self._bound())

    def _telling(self, phase: str) -> Callable[[], None]:
        return lambda: self._tell(phase)

    def _reached(self, gap: float) -> bool:
        value, bound = self._value(), self._bound()
        return value is not None and bound is not None and relative_gap(value, bound) <= gap

    def _near(self) -> bool:
        return self._reached(NEAR * self._gap) or self._allowance.stopped_by is not None

    def _done(self) -> bool:
        return self._reached(self._gap) or self._allowance.stopped_by is not None

    def _infeasible(self, *, relaxed: bool) -> Reconciled:
        self._observe("explaining infeasibility", None, None)
        problem = self._problem
        conflict = find_conflict(
            problem.around, problem.blocks, problem.assembly, backend=self._backend, relaxed=relaxed
        )
        return self._result(conflict)

    def _result(self, conflict: Conflict | None = None) -> Reconciled:
        bound, stopped = self._bound(), self._allowance.stopped_by
        if stopped is None:
            stopped = "infeasible" if conflict is not None else "gap" if self._reached(self._gap) else "exhausted"
        proved_by = {"checked": "duals of the relaxation and the exact best response of every customer"}
        leaves = self._bounds.tightest
        if any(leaf.proved_by for leaf in leaves):
            proved_by["agents"] = "dual bounds of the agents' own solvers, leaf by leaf in the certificate"
        if np.isfinite(self._whole_bound):
            proved_by["whole"] = f"{self._backend.name} branch and bound on the whole problem"
        return Reconciled(
            problem=self._problem,
            candidate=self._plans.best,
            leaves=tuple(leaves),
            bound_proved=np.inf if bound is None else bound,
            proved_by=proved_by,
            stopped_by=stopped,
            steps=self._allowance.steps,
            conflict=conflict,
        )
