"""A grid on a Ray cluster of two nodes, one of which is killed with all that runs on it in the middle of the run.

``asked_again`` is how many cases had to be begun once more, ``seconds`` what all cases took from the first worker on.
The peer runs the same grid on the same cluster, and nothing is killed.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.instances.what_if_grids import AskedGrid, ask
from benchmarks.process_tree import processes_below, title_of
from benchmarks.ray_nodes import kill_with_all_below, ray_head, ray_node
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from cluster.runtimes import agent_settings
from cluster.what_if.on_ray import cluster_pool
from cluster.what_if.pool import WorkerPool
from planner.adapters.case_store import ParquetCaseStore
from planner.application.run_grid import GridProgress, GridRun
from planner.domain.hashing import scenario_hash
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.ports.what_if import CaseOrder
from planner.simulation.generate import generate

_GAP, _SECONDS, _NODES = 0.01, 120.0, 2
_WORKER = b"ray::LineWorker"


def _prepare(case: Case, _: Path | None, seed: int) -> AskedGrid:
    folder = Path(tempfile.mkdtemp(prefix="concordat-hosts-"))
    base = generate(str(case.parameters["scenario"]), seed=seed)
    return ask(base, folder, count=int(case.parameters["cases"]), gap=_GAP, seed=seed)


def _killed(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    return _asked(asked, kill_after=int(case.parameters["kill_after"]))


def _undisturbed(asked: AskedGrid, _: Stopwatch, __: Case) -> Answer:
    return _asked(asked, kill_after=None)


def _asked(asked: AskedGrid, *, kill_after: int | None) -> Answer:
    with ray_head() as (address, told, _), ray_node(told, f"--address={address}") as second:
        os.environ |= {name: value for name, value in told.items() if name.startswith("RAY_")}
        run = {
            "grid": str(asked.file),
            "scenario_hash": scenario_hash(asked.base),
            "settings": asdict(agent_settings()),
        }
        pool = cluster_pool(run, asked.base, asked.folder, address=address, workers=_NODES)
        return asyncio.run(_watched(asked, pool, second, kill_after=kill_after))


async def _watched(asked: AskedGrid, pool: WorkerPool, second: int, *, kill_after: int | None) -> Answer:
    """Plan all cases; once both nodes have a worker and so many further cases have ended, kill the second one."""
    store, seen = ParquetCaseStore(asked.folder / "run"), [0, 0]
    store.claim({"schema": "concordat.what-if/1"})

    def tell(progress: GridProgress) -> None:
        if kill_after is None or seen[1] or not any(title_of(p).startswith(_WORKER) for p in processes_below(second)):
            return
        seen[0] += 1
        if seen[0] > kill_after and progress.done < progress.total:
            seen[1] = 1
            kill_with_all_below(second)

    run = GridRun(pool, store, clock=time.monotonic, tell=tell)
    parameters, base_plan = asked.parameters(_SECONDS), asked.folder / "base-plan"
    base, *others = asked.cases
    began = time.perf_counter()
    try:
        await run.ask([CaseOrder(case=base, parameters=parameters, plan_folder=str(base_plan))])
        onward = PlanningParameters(gap=asked.gap, time_limit=_SECONDS, base_plan=str(base_plan))
        await run.ask([CaseOrder(case=case, parameters=onward) for case in others])
    finally:
        await pool.close()
    figures = {"seconds": time.perf_counter() - began, "asked_again": float(pool.asked_again), "killed": float(seen[1])}
    return Answer(solution=tuple(store.results()), figures=figures)


def _check(asked: AskedGrid, answer: Answer, case: Case) -> Verdict:
    """Refute a run that lost a case, or in which nothing was killed."""
    results: Sequence[object] = answer.solution if isinstance(answer.solution, tuple) else ()
    planned = sum(getattr(result, "outcome", "") != Outcome.FAILED.value for result in results)
    problems = []
    if planned < len(asked.cases):
        problems.append(f"{planned} of {len(asked.cases)} cases have a result")
    if answer.figures.get("asked_again", 0.0) > 0 and not answer.figures.get("killed"):
        problems.append(f"case {case.name}: workers were lost although nothing was killed")
    return Verdict(problems=tuple(problems))


def _case(name: str, *suites: str, cases: int, kill_after: int) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset(suites),
        parameters={"scenario": "tiny", "cases": cases, "kill_after": kill_after},
        time_limit=300.0,
    )


SUBJECT = Subject(
    name="whatif_hosts",
    title="A grid on two nodes of Ray, one of which is killed in the middle",
    # Each starts Ray with two nodes, which takes too long for smoke: the smallest is reached by its name, and has cases
    # enough to last until the second node has a worker.
    cases=(_case("few-cases", cases=120, kill_after=2), _case("two-nodes", "whatif", cases=120, kill_after=20)),
    prepare=_prepare,
    contenders=(
        Contender(name="one killed", run=_killed, ours=True),
        Contender(name="nothing killed", run=_undisturbed),
    ),
    peer="nothing killed",
    check=_check,
    targets=(
        Target(
            text="a killed node costs no more than the chunk of cases under way there",
            case="two-nodes",
            contender="one killed",
            figure="asked_again",
            at_most=1.0,
        ),
        Target(
            text="the node was killed in the middle of the run",
            case="two-nodes",
            contender="one killed",
            figure="killed",
            at_least=1.0,
        ),
    ),
)
