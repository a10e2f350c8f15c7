"""Spend a budget on the pairs of cases that values and bounds leave undecided: those that matter most, cheapest first.

A step plans one case further, to the gap at which a pair is decided. What it finds never loosens what was known: a plan
of a scenario is worth what it is worth, and a checked bound of a scenario bounds all of its plans, so the better value
and the tighter bound of both runs hold together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import polars as pl

from planner.domain.comparison import decisive_steps, undecided_pairs
from planner.domain.gap import relative_gap
from planner.ports.planning_runtime import Outcome
from planner.ports.what_if import CaseOrder, CaseResult, CaseRunner, CaseStore

_MARGIN, _TIES = 0.9, 3e-6
"""A gap is asked a little below the one that decides, by this share and by what intervals are widened for rounding."""
_MORE, _BEGINNING = 4.0, 10.0
"""Estimates of seconds are rough: a step may take this many times as long, and this much more to begin and certify."""
_OF_BUDGET = 0.9
"""A step may take this share of the seconds left, so that it can still be certified and kept."""
_FOLLOWS = 0.1
"""A recomputed bound that came less than this share of its way does not follow that of the solvers."""
_COLUMNS = {
    "key": pl.String(),
    "name": pl.String(),
    "outcome": pl.String(),
    "value": pl.Float64(),
    "bound_proved": pl.Float64(),
    "bound_checked": pl.Float64(),
    "seconds": pl.Float64(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Plan the case of this key further, to a relative gap, within ``seconds``; ``pairs`` may be decided by it."""

    key: str
    gap: float
    seconds: float
    pairs: int


@dataclass(frozen=True, slots=True)
class Undecided:
    """How many pairs are undecided: with the reference, between two leading cases, and all others."""

    reference: int
    leaders: int
    others: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.reference + self.leaders + self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionProgress:
    """A step that ended: what it asked, the case's result now, whether its gap was reached, and what is undecided."""

    step: Step
    result: CaseResult
    reached: bool
    undecided: Undecided
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionEnd:
    """How deciding ended.

    ``before`` and ``after`` count undecided pairs. Of those left, ``in_vain`` had all their steps tried for as long as
    a step may take, ``no_plan`` have a side of which nothing is known, and ``too_close`` are told apart by no gap; the
    others are left for want of budget.
    """

    steps: int
    before: Undecided
    after: Undecided
    in_vain: int
    no_plan: int
    too_close: int
    out_of_budget: bool


def combined(earlier: CaseResult, further: CaseResult) -> CaseResult:
    """Return what both runs of one case prove together: the better plan, and the tightest of all bounds.

    ``plan_hash`` is that of the plan with the value, ``bound_hash`` that of the plan which came with the checked bound.
    Seconds add up. A run that failed, or found nothing, adds its seconds alone.
    """
    if further.outcome == Outcome.INFEASIBLE.value and earlier.value is None:
        return further
    spent = earlier.seconds + further.seconds
    cpu = [each.cpu_seconds for each in (earlier, further) if each.cpu_seconds is not None]
    better = further if further.value is not None and further.value > _or_least(earlier.value) else earlier
    tighter = min((earlier, further), key=lambda each: _or_most(each.bound_checked))
    return replace(
        better,
        bound_checked=tighter.bound_checked,
        bound_proved=min((earlier.bound_proved, further.bound_proved), key=_or_most),
        bound_hash=tighter.bound_hash or tighter.plan_hash,
        seconds=spent,
        cpu_seconds=sum(cpu) if cpu else None,
    )


class Deciding:
    """One run that decides pairs of a grid whose ``results`` are known, as many steps at a time as there are lanes.

    ``against`` is the key of the case that others are compared with, ``bounds`` the field whose bounds count. A step
    takes at most ``seconds``; one in vain is asked again only for twice as long. ``ordered`` makes an order of a step
    and the case's present result. After ``budget`` seconds of ``clock`` (None: no limit) what is under way is given up.
    """

    def __init__(
        self,
        runner: CaseRunner,
        store: CaseStore,
        ordered: Callable[[Step, CaseResult], CaseOrder],
        *,
        clock: Callable[[], float],
        seconds: float,
        budget: float | None = None,
        bounds: str = "bound_checked",
        tell: Callable[[DecisionProgress], None] = lambda _: None,
    ) -> None:
        self._runner, self._store, self._ordered = runner, store, ordered
        self._clock, self._seconds, self._budget, self._bounds, self._tell = clock, seconds, budget, bounds, tell
        self._results: dict[str, CaseResult] = {}
        self._against = ""
        self._vain: dict[str, float] = {}
        self._tighter: dict[str, float] = {}
        self._steps = 0

    async def decide(self, results: Iterable[CaseResult], against: str) -> DecisionEnd:
        """Decide what the budget allows; results that get better are kept as they come."""
        self._results, self._against, self._steps = {each.key: each for each in results}, against, 0
        before, left = self._undecided(), self._left()
        spent = left is not None and left <= 0
        try:
            if not spent:
                async with asyncio.timeout(left):
                    await self._work()
        except TimeoutError:
            spent = True
        return self._end(before, spent=spent)

    async def _work(self) -> None:
        under_way: dict[asyncio.Task[CaseResult], Step] = {}
        try:
            while True:
                while len(under_way) < self._runner.lanes:
                    step = self._next({step.key for step in under_way.values()})
                    if step is None:
                        break
                    order = self._ordered(step, self._results[step.key])
                    under_way[asyncio.create_task(self._result(order), name=f"what-if step {step.key}")] = step
                if not under_way:
                    return
                ended, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for task in ended:
                    self._take(under_way.pop(task), task.result())
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _result(self, order: CaseOrder) -> CaseResult:
        results = [result async for result in self._runner.run([order])]
        return results[0]

    def _take(self, step: Step, further: CaseResult) -> None:
        known = self._results[step.key]
        now = combined(known, further)
        self._store.keep(now)
        self._results[step.key] = now
        self._steps += 1
        before, gap = self._gap(known), self._gap(now)
        reached = now.outcome == Outcome.INFEASIBLE.value or gap <= step.gap
        if reached:
            self._vain.pop(step.key, None)
            self._tighter.pop(step.key, None)
        elif further.stopped_by == "gap" and before - gap > _FOLLOWS * (before - step.gap):
            # The solvers' own bound was close enough and the recomputed one only on its way: ask for less.
            self._tighter[step.key] = 0.5 * self._tighter.get(step.key, 1.0)
        else:
            # Whoever ended for another reason than time has no use for more seconds.
            self._vain[step.key] = step.seconds if further.stopped_by == "time" else self._seconds
        self._tell(
            DecisionProgress(step=step, result=now, reached=reached, undecided=self._undecided(), detail=further.detail)
        )

    def _gap(self, result: CaseResult) -> float:
        bound = getattr(result, self._bounds)
        return float("inf") if result.value is None or bound is None else relative_gap(result.value, bound)

    def _next(self, under_way: set[str]) -> Step | None:
        """Return the step to take: of the pairs that matter most, that with the fewest seconds a pair."""
        left = self._left()
        if left is not None and left <= 0:
            return None
        open_ = self._open_steps().filter(~pl.any_horizontal(pl.col("first_key", "second_key").is_in(under_way)))
        if open_.is_empty():
            return None
        chosen = (
            open_.filter(pl.col("rank") == pl.col("rank").min())
            .sort("key", "gap", descending=[False, True])
            .with_columns(pairs=pl.int_range(1, pl.len() + 1).over("key"))
            .sort(pl.col("cost") / pl.col("pairs"), "key", "gap")
            .row(0, named=True)
        )
        seconds = chosen["limit"] if left is None else min(chosen["limit"], _OF_BUDGET * left)
        return Step(key=chosen["key"], gap=chosen["asked"], seconds=seconds, pairs=chosen["pairs"])

    def _open_steps(self) -> pl.DataFrame:
        """Return all steps that are worth asking, with the gap to ask and the seconds to allow."""
        steps = decisive_steps(self._cases(), self._against, self._bounds)
        longer = {key: min(2.0 * spent, self._seconds) for key, spent in self._vain.items() if spent < self._seconds}
        spent = {key: self._seconds for key in self._vain if key not in longer}
        tighter = pl.col("key").replace_strict(self._tighter, default=1.0, return_dtype=pl.Float64)
        again = pl.col("key").replace_strict(longer, default=None, return_dtype=pl.Float64)
        allowed = (_MORE * pl.col("seconds") + _BEGINNING).clip(upper_bound=self._seconds)
        return steps.with_columns(
            asked=_MARGIN * tighter * (pl.col("gap") - _TIES),
            limit=pl.coalesce(again, allowed),
            cost=pl.coalesce(again, pl.col("seconds")),
        ).filter((pl.col("asked") > 0) & (tighter > _TIES) & ~pl.col("key").is_in(list(spent)))

    def _end(self, before: Undecided, *, spent: bool) -> DecisionEnd:
        left = undecided_pairs(self._cases(), self._against, self._bounds).select("first_key", "second_key")
        unknown = [
            key
            for key, each in self._results.items()
            if each.value is None and each.outcome != Outcome.INFEASIBLE.value
        ]
        planned = left.filter(~pl.any_horizontal(pl.all().is_in(unknown)))
        stepped = decisive_steps(self._cases(), self._against, self._bounds).select(left.columns).unique()
        open_ = self._open_steps().select(left.columns).unique()
        return DecisionEnd(
            steps=self._steps,
            before=before,
            after=self._undecided(),
            in_vain=stepped.height - open_.height,
            no_plan=left.height - planned.height,
            too_close=planned.join(stepped, on=left.columns, how="anti").height,
            out_of_budget=spent,
        )

    def _left(self) -> float | None:
        return None if self._budget is None else self._budget - self._clock()

    def _undecided(self) -> Undecided:
        ranks = undecided_pairs(self._cases(), self._against, self._bounds)["rank"].to_list()
        return Undecided(*(ranks.count(rank) for rank in range(3)))

    def _cases(self) -> pl.DataFrame:
        rows = [tuple(getattr(each, name) for name in _COLUMNS) for each in self._results.values()]
        return pl.DataFrame(rows, schema=_COLUMNS, orient="row").sort("name", "key")


def reference_key(results: Iterable[CaseResult], base: str) -> str:
    """Return the key of the case that others are compared with: ``base``, or the best where that has no result."""
    known = {each.key: each for each in results}
    best = max(known.values(), key=lambda each: (_or_least(each.value), each.key), default=None)
    return base if base in known or best is None else best.key


def _or_least(value: float | None) -> float:
    return -float("inf") if value is None else value


def _or_most(bound: float | None) -> float:
    return float("inf") if bound is None else bound
