"""The worker of the local runtime: one process that plans once with all agents in it.

It is told a run as one JSON line on standard input and tells progress and result as JSON lines on what was its standard
output; whatever a library prints goes to standard error. A further line ``accept ETAG`` ends the run with that plan and
is answered; any other line, or the end of its input (whoever started it is gone), cancels the run.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from actors.host import Host, agent_names
from actors.in_process import InProcessNetwork
from actors.recovery import AgentRecovery, Turn, open_journal
from actors.run import RunSettings, run_planning
from actors.run_control import RunControl
from actors.run_diary import RunSteps
from actors.settings import AgentSettings, open_folders
from actors.solver_logs import told_solves
from cluster.told_steps import written
from cluster.worker_lines import log_like_the_server, take_standard_output, write_line
from planner.domain.errors import ConcordatError
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, StopPoint
from solvers.core.errors import SolverError


class _Told:
    """The messages of this worker, from any of its threads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: dict[str, object]) -> None:
        with self._lock:
            write_line(self._stream, line)


def _obey(control: RunControl, told: _Told) -> None:
    """Do what further lines say, until the first one that cancels."""
    while (line := sys.stdin.readline()).startswith("accept "):
        etag = line.removeprefix("accept ").strip()
        told.write({"accepting": etag, "accepted": control.accept(etag)})
    control.cancel()


def _note_end(recovery: AgentRecovery, host: Host | None, planned: bool) -> None:  # noqa: FBT001 - told one thing
    recovery.end({} if host is None else host.blocks, planned=planned)


def parameters_of(order: Mapping[str, Any]) -> PlanningParameters:
    """Return the parameters that an order on standard input holds."""
    stop = order["stop"]
    return PlanningParameters(**{**order, "stop": None if stop is None else StopPoint(**stop)})


def main() -> None:
    """Plan as told on standard input."""
    log_like_the_server()
    told = _Told(take_standard_output())
    order = json.loads(sys.stdin.readline())
    control = RunControl()
    threading.Thread(target=_obey, args=(control, told), daemon=True, name="obeying").start()
    agents = AgentSettings(**order["settings"])
    # The monotonic clock is the machine's: so the start of this process counts as the requester's time.
    asked = float(order["asked"])
    steps = RunSteps(lambda: time.monotonic() - asked)
    settings = RunSettings(
        folders=open_folders(agents),
        parameters=parameters_of(order["parameters"]),
        code_hash=agents.code_hash,
        clock=lambda: time.monotonic() - asked,
        emit=lambda progress: told.write({"progress": {**asdict(progress), "steps": written(progress.steps)}}),
        control=control,
        coordinator_backend=agents.coordinator_backend,
        backends=agents.backends,
        libraries=agents.libraries,
        steps=steps,
    )
    try:
        scenario = settings.folders.read_scenario(order["scenario_folder"])
        names, plan_folder = agent_names(scenario), order["plan_folder"]
        turn = Turn(id=order["run"], run=order["run"], adapting=bool(settings.parameters.base_plan))
        recovery = AgentRecovery(open_journal(agents), f"worker-{os.getpid()}")
        versions = recovery.versions(names, turn)
        recovery.take_up(versions, turn, Path(order["scenario_folder"]).name)
        settings = replace(settings, ended=partial(_note_end, recovery, None))
        with told_solves(settings.folders, plan_folder, names, wanted=settings.parameters.solver_logs) as logs:
            host = Host(
                scenario,
                names,
                plant_backend=agents.plant_backend,
                partner_backend=agents.partner_backend,
                brake=settings.brake,
                logs=logs,
                versions=versions,
            )
            settings = replace(settings, logs=logs, ended=partial(_note_end, recovery, host))
            result = run_planning(scenario, InProcessNetwork(host, names, steps), plan_folder, settings)
    except Exception as error:
        with suppress(Exception):  # what ended the run is told, not what followed
            settings.ended(False)
        if not isinstance(error, ConcordatError | SolverError):
            raise
        result = PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=f"{error.code}: {error}")
    told.write({"result": {**asdict(result), "outcome": result.outcome.value, "steps": written(steps.take())}})


if __name__ == "__main__":
    main()
