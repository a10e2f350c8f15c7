"""Re-solving lot sizing after a change: a loaded model that follows, against building and solving anew.

Three changes one after the other, each followed by the linear relaxation of the plain formulation: prices of a tenth of
the items, demand of a tenth of the items, and a line that loses a tenth of its time for a quarter of the horizon. Then
all demand moves by up to a tenth, and the first plan with the old set-ups is wanted (every item's own optimum without
capacity). Bounds are certified from the multipliers handed over, the plan is recomputed from the changed data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.instances.lot_sizing_plant import generated_plant
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.program import Bools, Floats
from solvers.core.termination import Solution
from solvers.lotsizing.fixed_setups import FixedSetups
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.persistent import LotSizingModel
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.plan import LotSizingPlan
from solvers.lotsizing.verify import lower_bound, recompute
from solvers.lotsizing.wagner_whitin import wagner_whitin

Change = Mapping[str, Any]
"""New tables of an instance by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """An instance, what happens to it in turn (name, tables), the new demand of the plan, and the old set-ups."""

    instance: LotSizingInstance
    changes: tuple[tuple[str, Change], ...]
    demand: Floats
    setup: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handed:
    """What a contender hands over: relaxations after each change, and the first plan after the change of demand."""

    relaxations: tuple[Solution, ...]
    plan: LotSizingPlan | None


def _prepare(case: Case, data: Path | None, seed: int) -> _Input:
    del data
    items, periods = int(case.parameters["items"]), int(case.parameters["periods"])
    instance = generated_plant(items=items, periods=periods, seed=seed)
    chance = np.random.default_rng(seed + 1)

    def some(table: Floats, most: float) -> Floats:
        moved = chance.choice(items, max(1, items // 10), replace=False)
        changed = table.copy()
        changed[moved] = np.rint(10 * table[moved] * chance.uniform(1 - most, 1 + most, (len(moved), 1))) / 10
        return changed

    line, first = int(chance.integers(instance.resources)), int(chance.integers(periods * 3 // 4))
    capacity = instance.capacity.copy()
    capacity[line, first : first + periods // 4] *= 0.9
    prices = {"setup_cost": some(instance.setup_cost, 0.2), "holding_cost": some(instance.holding_cost, 0.2)}
    return _Input(
        instance=instance,
        changes=(
            ("prices", prices),
            ("demand", {"demand": some(instance.demand, 0.2)}),
            ("capacity", {"capacity": capacity}),
        ),
        demand=np.rint(instance.demand * chance.uniform(0.9, 1.1, instance.demand.shape)),
        setup=wagner_whitin(instance).setup,
    )


def _warm_up() -> None:
    """Solve a tiny model first: imports and caches are nobody's re-solve."""
    tiny = generated_plant(items=2, periods=3, seed=0)
    LotSizingModel(tiny, HighsBackend()).solve(relaxed=True)
    FixedSetups(tiny, wagner_whitin(tiny).setup, HighsBackend()).solve()


def _following(given: _Input, watch: Stopwatch, case: Case) -> Answer:
    del case
    _warm_up()
    model = LotSizingModel(given.instance, HighsBackend())
    model.solve(relaxed=True)
    relaxations = []
    for name, tables in given.changes:
        with watch.measure(name):
            model.change(**tables)
            relaxations.append(model.solve(relaxed=True))
    fixed = FixedSetups(given.instance, given.setup, HighsBackend())
    fixed.solve()
    with watch.measure("first_plan"):
        fixed.change(demand=given.demand)
        plan = fixed.solve()
    return _answer(relaxations, plan)


def _anew(given: _Input, watch: Stopwatch, case: Case) -> Answer:
    del case
    _warm_up()
    relaxations = []
    instance = given.instance
    for name, tables in given.changes:
        with watch.measure(name):
            instance = replace(instance, **tables)
            relaxations.append(LotSizingModel(instance, HighsBackend()).solve(relaxed=True))
    with watch.measure("first_plan"):
        changed = replace(given.instance, demand=given.demand)
        plan = FixedSetups(changed, given.setup, HighsBackend()).solve()
    return _answer(relaxations, plan)


def _answer(relaxations: list[Solution], plan: LotSizingPlan | None) -> Answer:
    return Answer(
        solution=_Handed(relaxations=tuple(relaxations), plan=plan),
        figures={"iterations": float(sum(solution.iterations for solution in relaxations))},
        failure=None if plan is not None else "no plan with the old set-ups",
    )


def _check(given: _Input, answer: Answer, case: Case) -> Verdict:
    del case
    handed = answer.solution
    if not isinstance(handed, _Handed) or handed.plan is None:
        return Verdict(problems=("nothing was handed over",))
    instance, problems, certified = given.instance, [], 0.0
    for (name, tables), solution in zip(given.changes, handed.relaxations, strict=True):
        instance = replace(instance, **tables)
        if solution.row_dual is None or solution.objective is None:
            problems.append(f"{name}: no multipliers")
            continue
        certified = lower_bound(plain_formulation(instance).program, solution.row_dual)
        if abs(certified + solution.objective) > 1e-6 * abs(certified):
            problems.append(f"{name}: claimed {-solution.objective}, multipliers certify {certified}")
    changed = replace(given.instance, demand=given.demand)
    found = recompute(changed, handed.plan)
    if (handed.plan.setup & ~given.setup).any():
        problems.append("the plan has set-ups that are not old ones")
    return Verdict(
        value=found.cost,
        bound=certified,
        bound_checked=True,
        violation=found.violation,
        violated=found.violated,
        problems=tuple(problems),
    )


def _case(items: int, periods: int, suite: str) -> Case:
    return Case(
        name=f"{items}x{periods}",
        phase=Phase.RESOLVE,
        suites=frozenset({suite}),
        parameters={"items": items, "periods": periods},
    )


def _ten_times(part: str) -> Target:
    return Target(
        text=f"200 × 52: linear program after a change of {part} ≥ 10× cold",
        case="200x52",
        contender="concordat",
        figure=f"{part}_s",
        against="cold",
        at_most=0.1,
    )


SUBJECT = Subject(
    name="lot_sizing_resolve",
    title="Lot sizing: a loaded model follows changes of prices, demand and capacity",
    cases=(_case(10, 8, "smoke"), _case(50, 26, "full"), _case(200, 52, "full")),
    prepare=_prepare,
    contenders=(
        Contender(name="concordat", run=_following, ours=True),
        Contender(name="cold", run=_anew),
    ),
    peer="cold",
    check=_check,
    targets=(
        _ten_times("prices"),
        _ten_times("demand"),
        _ten_times("capacity"),
        Target(
            text="200 × 52: first plan after a change of demand with old set-ups < 50 ms",
            case="200x52",
            contender="concordat",
            figure="first_plan_s",
            at_most=0.05,
        ),
    ),
)
