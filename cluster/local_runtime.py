"""The local runtime: each plan in one spawned worker process, without Ray."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import asdict
from typing import Any

from actors.lost_runs import LostRuns, RunLost
from actors.settings import AgentSettings
from cluster.local_quoting import LocalQuoting
from cluster.plan_worker import PlanWorker
from cluster.told_steps import read
from planner.ports.agent_hosts import HostState
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress
from planner.ports.quoting import NewOrder, Quote


class LocalRuntime:
    """Plans in worker processes of this machine; see :class:`planner.ports.planning_runtime.PlanningRuntime`."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._workers: dict[str, PlanWorker] = {}
        self._quoting = LocalQuoting(settings)
        self._lost = LostRuns()

    async def plan(
        self, run: str, scenario_folder: str, plan_folder: str, parameters: PlanningParameters
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Plan in a new worker, and in another one if that is killed; one that ends by itself is a failed result."""
        asked = time.monotonic()

        def attempt(again: PlanningParameters) -> AsyncGenerator[Progress | PlanningResult]:
            return self._attempt(run, (scenario_folder, plan_folder, asked), again)

        async for event in self._lost.plan(run, parameters, attempt):
            yield event

    async def _attempt(
        self, run: str, order: tuple[str, str, float], parameters: PlanningParameters
    ) -> AsyncGenerator[Progress | PlanningResult]:
        """Plan in one worker; ``order`` is scenario folder, plan folder, and when the run was asked for."""
        scenario_folder, plan_folder, asked = order
        worker = await PlanWorker.start()
        self._workers[run] = worker
        try:
            told = {
                "run": run,
                "settings": asdict(self._settings),
                "parameters": asdict(parameters),
                "scenario_folder": scenario_folder,
                "plan_folder": plan_folder,
                "asked": asked,
            }
            await worker.say(json.dumps(told))
            async for line in worker.lines():
                if "progress" in line:
                    progress = line["progress"]
                    yield Progress(**{**progress, "steps": read(progress["steps"])})
                else:
                    yield _result(line["result"])
                    return
            code = await worker.exit_code()
            if code < 0:
                raise RunLost("worker", f"the worker ended with code {code}")
            detail = f"the worker ended with code {code}; its last words are in the server's log"
            yield PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=detail)
        finally:
            self._workers.pop(run, None)
            await worker.end()

    async def cancel(self, run: str) -> None:
        """Ask the worker of a run to stop with its best plan."""
        if run in self._workers:
            await self._workers[run].say("cancel")

    async def accept(self, run: str, incumbent: str) -> bool:
        """Ask the worker of a run to stop with exactly this incumbent; see the port."""
        worker = self._workers.get(run)
        accepted = worker is not None and await worker.accept(incumbent)
        if accepted:
            self._lost.note_accepted(run, incumbent)
        return accepted

    async def close(self) -> None:
        """End all workers."""
        await self._quoting.close()
        for worker in list(self._workers.values()):
            await worker.end()

    async def hosts(self, only: str = "") -> tuple[HostState, ...]:
        """Tell the workers that run now; see :class:`planner.ports.agent_hosts.AgentHosts`."""
        known = tuple(HostState(f"worker of plan {run}", worker.alive) for run, worker in self._workers.items())
        return tuple(host for host in known if only in ("", host.name))

    async def quote(self, scenario_folder: str, plan_folder: str, order: NewOrder) -> Quote:
        """Return what an order would mean for a plan; see the port."""
        return await self._quoting.quote(scenario_folder, plan_folder, order)


def _result(line: dict[str, Any]) -> PlanningResult:
    line["outcome"] = Outcome(line["outcome"])
    line["conflict"], line["steps"] = tuple(line["conflict"]), read(line["steps"])
    for pairs in ("relaxation", "terms", "repairs"):
        line[pairs] = tuple(tuple(pair) for pair in line[pairs])
    return PlanningResult(**line)
