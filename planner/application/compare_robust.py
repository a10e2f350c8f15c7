"""Which first decisions hold up over all scenarios of a grid: those of each plan kept, held fixed in every scenario."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from planner.domain.robustness import (
    IMPOSSIBLE,
    Choice,
    Interval,
    Risk,
    certified,
    choose,
    cvar,
    largest,
    regret,
    worst_case,
)
from planner.ports.planning_runtime import Outcome
from planner.ports.what_if import CaseOrder, CaseResult, CaseRunner


@dataclass(frozen=True, slots=True)
class Candidate:
    """First decisions that may be held: those of the plan of this hash, kept in a folder, of the case ``key``."""

    key: str
    name: str
    plan_hash: str
    folder: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """What the first decisions of a candidate are worth over all scenarios.

    ``worst``, ``cvar`` and ``regret`` (the largest over scenarios) are certified intervals. In the scenarios of
    ``impossible`` (name and reason) the decisions cannot be carried out; of ``unknown`` ones nothing was found.
    """

    candidate: Candidate
    worst: Interval
    cvar: Interval
    regret: Interval
    impossible: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]

    def worth(self, risk: Risk) -> Interval:
        """Return the interval that decisions are compared by."""
        return self.worst if risk is Risk.WORST else self.cvar


@dataclass(frozen=True, slots=True)
class RobustChoice:
    """All candidates, the choice among them by a risk (CVaR at ``alpha``), and how many scenarios it rests on."""

    rows: tuple[Robustness, ...]
    choice: Choice
    scenarios: int
    risk: Risk
    alpha: float

    @property
    def best(self) -> Robustness:
        """The candidate chosen."""
        return self.rows[self.choice.best]


def screened(results: Sequence[CaseResult], base: str, most: int) -> tuple[CaseResult, ...]:
    """Return at most so many results whose plans are tried: the base's, and others spread evenly over all values.

    Spread, not the best: a plan is worth much where much is asked, which says nothing of its first decisions. The most
    and the least valuable case are among them where there is room.
    """
    if most < 1:
        raise ValueError(f"at least 1 candidate is tried, got {most}")
    first = [each for each in results if each.key == base]
    others = sorted((each for each in results if each.key != base), key=lambda each: (-(each.value or 0.0), each.key))
    room = most - len(first)
    if room < len(others):
        steps = max(room - 1, 1)
        others = [others[round(i * (len(others) - 1) / steps)] for i in range(max(room, 0))]
    return (*first, *others)


def robust_choice(
    candidates: Sequence[Candidate],
    free: Sequence[CaseResult],
    held: Mapping[tuple[str, str], CaseResult],
    *,
    risk: Risk,
    alpha: float,
    bounds: str = "bound_checked",
) -> RobustChoice:
    """Return what each candidate is worth over the scenarios of ``free``, and which is best.

    ``free`` are the results of scenarios with nothing held, ``held`` those with the decisions of a candidate (by its
    plan hash) in a scenario (by its key). ``bounds`` is the field whose bounds count. A plan with decisions held is a
    plan of the scenario, and a bound of the scenario bounds what is held too.

    Raises
    ------
    ValueError
        If there is no candidate or no scenario.
    """
    worths = {
        (candidate.plan_hash, each.key): _worth(candidate, held.get((candidate.plan_hash, each.key)), each, bounds)
        for candidate in candidates
        for each in free
    }
    best: dict[str, Interval] = {}
    for each in free:
        alone = certified(each.value, getattr(each, bounds))
        low = max(alone.low, *(worths[candidate.plan_hash, each.key].low for candidate in candidates))
        best[each.key] = Interval(min(low, alone.high), alone.high)
    rows = tuple(_row(candidate, free, held, worths=worths, best=best, alpha=alpha) for candidate in candidates)
    return RobustChoice(rows, choose([row.worth(risk) for row in rows]), len(free), risk, alpha)


def _row(
    candidate: Candidate,
    free: Sequence[CaseResult],
    held: Mapping[tuple[str, str], CaseResult],
    *,
    worths: Mapping[tuple[str, str], Interval],
    best: Mapping[str, Interval],
    alpha: float,
) -> Robustness:
    own = [worths[candidate.plan_hash, each.key] for each in free]
    # Of the scenario that a plan was made for, the plan itself is known.
    others = [each for each in free if each.plan_hash != candidate.plan_hash]
    found = [(each, held.get((candidate.plan_hash, each.key))) for each in others]
    return Robustness(
        candidate,
        worst_case(own),
        cvar(own, alpha),
        largest([regret(best[each.key], worth) for each, worth in zip(free, own, strict=True)]),
        tuple((each.name, row.detail) for each, row in found if row is not None and _is_impossible(row)),
        tuple(each.name for each, row in found if row is None or (row.value is None and not _is_impossible(row))),
    )


def _worth(candidate: Candidate, held: CaseResult | None, free: CaseResult, bounds: str) -> Interval:
    """Return what a candidate's decisions are worth in a scenario; its own plan is a plan with them."""
    own = [free] if free.plan_hash == candidate.plan_hash else []
    if held is not None and _is_impossible(held) and not own:
        return IMPOSSIBLE
    tried = [*own, *([held] if held is not None else [])]
    known = [bound for each in (*tried, free) if (bound := getattr(each, bounds)) is not None]
    return certified(
        max((each.value for each in tried if each.value is not None), default=None), min(known, default=None)
    )


def _is_impossible(result: CaseResult) -> bool:
    return result.outcome == Outcome.INFEASIBLE.value


class HeldRunner:
    """Plans cases with periods held, and gives each result the key of what was asked; see the port."""

    def __init__(self, runner: CaseRunner) -> None:
        self._runner = runner

    @property
    def lanes(self) -> int:
        """See the port."""
        return self._runner.lanes

    async def run(self, orders: Sequence[CaseOrder]) -> AsyncIterator[CaseResult]:
        """See the port."""
        for order in orders:
            async for result in self._runner.run([order]):
                yield replace(result, key=order.key)

    async def close(self) -> None:
        """See the port."""
        await self._runner.close()
