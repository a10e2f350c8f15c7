"""Workers of a what-if pool may die, hang or never start: each case gets one result, and nobody is left behind."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cluster.what_if import crew, pool
from cluster.what_if.pool import Patience, WorkerPool
from planner.domain.errors import PlanningFailed
from planner.domain.grid import Case
from planner.domain.patches.change import Patch
from planner.domain.patches.seed import PlanningSeed
from planner.ports.planning_runtime import PlanningParameters
from planner.ports.what_if import CaseOrder, CaseResult

SCRIPT = """
import json, os, sys, time
run = json.loads(sys.stdin.readline())
if run.get("stillborn"):
    sys.exit(3)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    what = run.get(str(order["parameters"]["seed"]), "answer")
    noted = os.path.join(run["folder"], order["key"])
    first = not os.path.exists(noted)
    open(noted, "a").write(f"{os.getpid()}\\n")
    if what == "die" or (what == "die once" and first):
        os._exit(9)
    if what == "hang":
        time.sleep(600)
    result = dict(key=order["key"], name="", levels={}, outcome="planned", stopped_by="gap", seconds=0.1, clauses=[])
    print(json.dumps({"result": result}), flush=True)
"""


def orders(count: int) -> list[CaseOrder]:
    """Return orders whose seeds are 1, 2, …, by which the scripted worker knows what to do."""
    change = PlanningSeed()
    return [
        CaseOrder(
            case=Case((("seed", float(n)),), (Patch(change, float(n)),)),
            parameters=PlanningParameters(seed=n, time_limit=0.1),
        )
        for n in range(1, count + 1)
    ]


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start scripted workers instead of ones that plan."""
    monkeypatch.setattr(crew, "WORKER", (sys.executable, "-c", SCRIPT))


def answers(
    folder: Path, wanted: list[CaseOrder], *, patience: Patience | None = None, **script: object
) -> tuple[list[CaseResult], dict[str, list[str]]]:
    """Return the results of one lane, and by case the processes that began it; no process is left."""

    async def asked() -> list[CaseResult]:
        pool = WorkerPool({"folder": str(folder), **script}, 1, patience=patience or Patience())
        try:
            return [result async for result in pool.run(wanted)]
        finally:
            await pool.close()
            assert pool.processes == ()

    results = asyncio.run(asked())
    return results, {file.name: file.read_text().split() for file in folder.iterdir()}


def test_one_worker_answers_case_after_case(tmp_path: Path) -> None:
    """A warm worker plans all cases of a lane, in their order."""
    wanted = orders(3)
    results, begun = answers(tmp_path, wanted)
    assert [result.key for result in results] == [order.case.key for order in wanted]
    assert len({process for each in begun.values() for process in each}) == 1


def test_a_case_whose_worker_died_is_planned_by_another(tmp_path: Path) -> None:
    """One death costs one more attempt, and the cases after it go on with the new worker."""
    wanted = orders(3)
    results, begun = answers(tmp_path, wanted, **{"2": "die once"})
    assert [result.outcome for result in results] == ["planned"] * 3
    assert [len(begun[order.case.key]) for order in wanted] == [1, 2, 1]


def test_a_case_that_kills_its_workers_is_a_failure_with_the_reason(tmp_path: Path) -> None:
    """After two deaths the case is given up, and others are planned as if nothing had been."""
    results, begun = answers(tmp_path, orders(3), **{"2": "die"})
    assert [result.outcome for result in results] == ["planned", "failed", "planned"]
    assert results[1].detail.startswith("WORKER_LOST")
    assert sum(map(len, begun.values())) == 4


def test_a_case_that_never_ends_is_given_up_once_its_time_is_long_over(tmp_path: Path) -> None:
    """A hanging worker is killed, its case is a failure that says so, and the next case has a new worker."""
    results, _ = answers(tmp_path, orders(2), patience=Patience(1.0, 0.5), **{"1": "hang"})
    assert [result.outcome for result in results] == ["failed", "planned"]
    assert results[0].detail.startswith("TIMED_OUT")
    assert results[0].stopped_by == "time"


def test_a_worker_is_replaced_after_many_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat since no process lives on for ever, and no case is lost by the change."""
    monkeypatch.setattr(pool, "MOST_CASES", 2)
    results, begun = answers(tmp_path, orders(5))
    assert [result.outcome for result in results] == ["planned"] * 5
    assert len({process for each in begun.values() for process in each}) == 3


class NodesThatCome:
    """A crew whose first worker is better off elsewhere once it has answered; see the port."""

    def __init__(self) -> None:
        self.started: list[OneNode] = []

    async def start(self, _: Mapping[str, object]) -> OneNode:
        """See the port."""
        self.started.append(OneNode())
        return self.started[-1]

    def is_misplaced(self, worker: OneNode) -> bool:
        """See the port."""
        return worker is self.started[0]

    async def close(self) -> None:
        """See the port."""


class OneNode:
    """A worker that answers and notes what; see the port."""

    def __init__(self) -> None:
        self.alive, self.answered = True, 0

    async def ask(self, line: Mapping[str, object]) -> dict[str, Any]:
        """See the port."""
        self.answered += 1
        told = {"key": line["key"], "name": "", "levels": {}, "outcome": "planned", "stopped_by": "gap"}
        return {"result": {**told, "seconds": 0.1, "clauses": []}}

    async def end(self) -> None:
        """See the port."""
        self.alive = False


def test_a_worker_that_would_be_better_off_elsewhere_ends_with_its_case() -> None:
    """It is replaced between two cases, so that a node that comes is used and nothing is planned twice."""
    crew = NodesThatCome()

    async def asked() -> list[CaseResult]:
        pool = WorkerPool({}, 1, crew=crew)
        try:
            return [result async for result in pool.run(orders(3))]
        finally:
            assert [worker.alive for worker in crew.started] == [False, True]
            await pool.close()

    assert len(asyncio.run(asked())) == 3
    assert [worker.answered for worker in crew.started] == [1, 2]
    assert not any(worker.alive for worker in crew.started)


def test_a_worker_that_cannot_start_ends_the_run(tmp_path: Path) -> None:
    """What keeps every worker from starting is no property of a case, so the run says so at once."""
    with pytest.raises(PlanningFailed, match="exit code 3"):
        answers(tmp_path, orders(2), stillborn=True)


def test_a_pool_without_workers_is_refused() -> None:
    """Nobody would ever answer."""
    with pytest.raises(ValueError, match="at least 1 worker"):
        WorkerPool({}, 0)
