"""What the coordinator actor holds: one run at a time, its progress and its cancelling.

A plain object; `on_ray` wraps it into an actor and gives it the way to its agents' hosts.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from actors.checked_replies import CheckedNetwork, RenewableNetwork
from actors.recovery import Turn
from actors.settings import AgentSettings, Patience, open_folders
from planner.domain.errors import ConcordatError
from planner.ports.planning_runtime import Outcome, PlanningParameters, PlanningResult, Progress

if TYPE_CHECKING:  # the gateway loads this module, but runs nothing
    from actors.run_control import RunControl
    from actors.run_diary import RunSteps
    from actors.solver_logs import RunLogs

_MOST_TOLD = 10_000
"""Steps of a run that are kept for whoever watches it."""


class HostNetwork(RenewableNetwork, Protocol):
    """A network whose agents live on hosts."""

    def __init__(
        self,
        turn: Turn,
        hosts: list[Any],
        scenario_folder: str,
        names: tuple[str, ...],
        *,
        steps: RunSteps,
        logs: RunLogs | None = None,
        patience: Patience | None = None,
    ) -> None: ...

    def end(self, planned: bool) -> None:  # noqa: FBT001 - a callback that is told one thing
        """Have every host note how this turn ended; raises where an agent was lost to another host."""
        ...

    @staticmethod
    def stop(hosts: list[Any], turn: str) -> None:
        """End what agents on these hosts solve in this turn."""
        ...


class CoordinatorHost:
    """What the coordinator actor holds: one run at a time, its progress and its cancelling."""

    def __init__(self, settings: AgentSettings, network: type[HostNetwork]) -> None:
        self._settings, self._network = settings, network
        self._progress: dict[str, deque[Progress]] = {}
        self._telling = threading.Lock()
        self._running: tuple[str, RunControl] | None = None

    def plan(self, run: str, order: tuple[str, str, PlanningParameters, float], hosts: list[Any]) -> PlanningResult:
        """Plan one scenario; ``order`` is scenario folder, plan folder, parameters, seconds already spent."""
        from actors.brake import Brake  # noqa: PLC0415 - the gateway loads this module, but no agent
        from actors.host import agent_names  # noqa: PLC0415 - as above
        from actors.run import RunSettings, run_planning  # noqa: PLC0415 - as above
        from actors.run_control import RunControl  # noqa: PLC0415 - as above
        from actors.run_diary import RunSteps  # noqa: PLC0415 - as above
        from actors.solver_logs import told_solves  # noqa: PLC0415 - as above
        from solvers.core.errors import SolverError  # noqa: PLC0415 - as above

        scenario_folder, plan_folder, parameters, elapsed = order
        # Not the run's name: a run that is taken up again must not be stopped by what stopped it before.
        started = time.monotonic()
        turn = Turn(id=secrets.token_hex(8), run=run, adapting=bool(parameters.base_plan))
        control = RunControl()
        self._running = (run, control)
        steps = RunSteps(lambda: time.monotonic() - started + elapsed)
        settings = RunSettings(
            folders=open_folders(self._settings),
            parameters=parameters,
            code_hash=self._settings.code_hash,
            clock=lambda: time.monotonic() - started + elapsed,
            emit=lambda progress: self._tell(run, progress),
            control=control,
            coordinator_backend=self._settings.coordinator_backend,
            backends=self._settings.backends,
            libraries=self._settings.libraries,
            steps=steps,
            brake=Brake(lambda: self._network.stop(hosts, turn.id)),
        )
        try:
            scenario = settings.folders.read_scenario(scenario_folder)
            names = agent_names(scenario)
            with told_solves(settings.folders, plan_folder, names, wanted=parameters.solver_logs) as logs:
                patience = self._settings.patience
                network = self._network(turn, hosts, scenario_folder, names, steps=steps, logs=logs, patience=patience)
                settings = replace(settings, logs=logs, ended=network.end)
                result = run_planning(scenario, CheckedNetwork(network), plan_folder, settings)
            return replace(result, steps=steps.take())
        except Exception as error:
            with suppress(Exception):  # what ended the run is told, not what followed
                settings.ended(False)
            if not isinstance(error, ConcordatError | SolverError):
                raise
            return PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=f"{error.code}: {error}")
        finally:
            self._running = None

    def alive(self) -> bool:
        """Answer, also in the middle of a run."""
        return True

    def progress(self, run: str) -> list[Progress]:
        """Return and forget what a run told since it was last asked."""
        with self._telling:
            return list(self._progress.pop(run, ()))

    def _tell(self, run: str, progress: Progress) -> None:
        with self._telling:
            self._progress.setdefault(run, deque(maxlen=_MOST_TOLD)).append(progress)

    def cancel(self, run: str) -> None:
        """Stop a run soon, in the middle of a solve if one is under way; a run that is not running is ignored."""
        control = self._control_of(run)
        if control is not None:
            control.cancel()

    def accept(self, run: str, incumbent: str) -> bool:
        """End a run soon with exactly this incumbent; see the port."""
        control = self._control_of(run)
        return control is not None and control.accept(incumbent)

    def _control_of(self, run: str) -> RunControl | None:
        running = self._running
        return running[1] if running is not None and running[0] == run else None
