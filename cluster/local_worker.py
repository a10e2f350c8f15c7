"""The worker of the local runtime: one process that plans once with all agents in it.

It is told a run as one JSON line on standard input and tells progress and result as JSON lines on what was its standard
output; whatever a library prints goes to standard error. Any further line, or the end of its input (whoever started it
is gone), cancels the run.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TextIO

from actors.host import Host, agent_names
from actors.in_process import InProcessNetwork
from actors.run import RunSettings, run_planning
from actors.settings import AgentSettings, open_folders
from planner.domain.errors import ConcordatError
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult
from solvers.core.errors import SolverError


class _Cancelling:
    """Whether the run was cancelled, and whom to interrupt then."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._interrupt: Callable[[], None] | None = None

    def watch(self) -> None:
        sys.stdin.readline()
        self._event.set()
        if self._interrupt is not None:
            self._interrupt()

    def interruptible(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt

    def cancelled(self) -> bool:
        return self._event.is_set()


def main() -> None:
    """Plan as told on standard input."""
    started = time.monotonic()
    told = _take_standard_output()
    order = json.loads(sys.stdin.readline())
    cancelling = _Cancelling()
    threading.Thread(target=cancelling.watch, daemon=True, name="cancelling").start()
    agents = AgentSettings(**order["settings"])
    settings = RunSettings(
        folders=open_folders(agents),
        parameters=PlanningParameters(**order["parameters"]),
        code_hash=agents.code_hash,
        clock=lambda: time.monotonic() - started + order["elapsed"],
        cancelled=cancelling.cancelled,
        emit=lambda progress: _write(told, {"progress": asdict(progress)}),
        coordinator_backend=agents.coordinator_backend,
        interruptible=cancelling.interruptible,
    )
    try:
        scenario = settings.folders.read_scenario(order["scenario_folder"])
        names = agent_names(scenario)
        host = Host(scenario, names, plant_backend=agents.plant_backend, partner_backend=agents.partner_backend)
        result = run_planning(scenario, InProcessNetwork(host, names), order["plan_folder"], settings)
    except (ConcordatError, SolverError) as error:
        result = PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=f"{error.code}: {error}")
    _write(told, {"result": {**asdict(result), "outcome": result.outcome.value}})


def _take_standard_output() -> TextIO:
    """Keep standard output for messages alone, so that no library can print between them."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return told


def _write(told: TextIO, line: dict[str, object]) -> None:
    told.write(json.dumps(line) + "\n")
    told.flush()


if __name__ == "__main__":
    main()
