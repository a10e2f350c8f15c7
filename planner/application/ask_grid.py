"""Ask a whole grid: the base first, from nothing, then every other case, going on from the plan of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from planner.application.run_grid import BASE_TIMES, GridEnd, GridRun
from planner.domain.case_tree import generations
from planner.domain.grid import BASE_CASE, Case
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CasePlans


async def ask_grid(
    run: GridRun,
    cases: Sequence[Case],
    *,
    parents: Mapping[str, str],
    plans: CasePlans,
    parameters: PlanningParameters,
    base_gap: float | None = None,
) -> GridEnd:
    """Plan all cases, the base among them, that have no result yet.

    ``parents`` says by keys from whose plan each case but the base goes on, as in :mod:`planner.domain.case_tree`; it
    waits for the results of all parents of its generation. Where no plan came of a parent, the parent's own is taken,
    in the end none at all. ``parameters`` are those of every case: the base may take `BASE_TIMES` as long and is
    planned to ``base_gap`` (None: the same), and a case may ask for another seed.

    Raises
    ------
    PlanUnreadable
        If a plan to go on from lies nowhere any more.
    """
    by_key = {case.key: case for case in cases}
    found = cache(plans.found)

    def start(key: str) -> str:
        parent = parents[key]
        while not found(parent) and parent in parents:
            parent = parents[parent]
        return found(parent)

    def ordered(key: str) -> CaseOrder:
        seed = by_key[key].seed(parameters.seed)
        onward = replace(parameters, base_plan=start(key), seed=seed)
        return CaseOrder(case=by_key[key], parameters=onward, plan_folder=plans.place(key))

    limit = parameters.time_limit
    longer = replace(
        parameters,
        gap=parameters.gap if base_gap is None else base_gap,
        time_limit=None if limit is None else BASE_TIMES * limit,
    )
    base = CaseOrder(case=BASE_CASE, parameters=longer, plan_folder=plans.place(BASE_CASE.key))
    end = await run.ask([base], among=by_key)
    for keys in generations(parents):
        if end.out_of_budget:
            break
        end = await run.ask([ordered(key) for key in run.missing(keys)], among=by_key)
    return end
