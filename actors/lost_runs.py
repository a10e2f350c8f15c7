"""Runs whose process died are begun again: a plan depends on its inputs alone, so that the second one is the first.

What was accepted of a run that died is what the next attempt ends with. A run that ends its process every time is a
failure after some attempts, since it is likely to be the reason.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace

from planner.ports.planning_runtime import GIVEN_UP, Outcome, PlanningParameters, PlanningResult, Progress, StopPoint
from planner.ports.run_steps import RunStep, StepKind

MOST_ATTEMPTS = 3
"""How often a run is begun before it is held to be what ends its process."""
STARTING = "starting agents"
"""The phase of a run whose processes do not stand yet."""

Events = AsyncGenerator[Progress | PlanningResult]
Attempt = Callable[[PlanningParameters], Events]


class RunLost(Exception):
    """The ``process`` that a run depends on is gone, or cannot be reached; the message says how that was noticed."""

    def __init__(self, process: str, message: str) -> None:
        super().__init__(message)
        self.process = process


class LostRuns:
    """Begins the runs of one runtime again where they were lost, and remembers what was accepted of them."""

    def __init__(self) -> None:
        self._accepted: dict[str, str] = {}

    def note_accepted(self, run: str, incumbent: str) -> None:
        """Let a run end with this incumbent even if it has to be begun again."""
        self._accepted[run] = incumbent

    async def plan(
        self, run: str, parameters: PlanningParameters, attempt: Attempt
    ) -> AsyncIterator[Progress | PlanningResult]:
        """Yield what attempts tell, until one has a result; ``attempt`` raises :class:`RunLost` where it was lost.

        Attempts count their seconds from this call. Each loss is a step of kind RESTART, from when it was noticed until
        the next attempt is under way.
        """
        began, lost = time.monotonic(), None
        try:
            for number in range(1, MOST_ATTEMPTS + 1):
                noticed = time.monotonic() - began
                try:
                    async with aclosing(attempt(parameters)) as events:
                        async for event in events:
                            if lost is not None and _under_way(event):
                                step = _restart(lost.process, noticed, time.monotonic() - began)
                                event, lost = replace(event, steps=(step, *event.steps)), None  # noqa: PLW2901
                            yield event
                        return
                except RunLost as error:
                    lost = error
                    yield Progress(seconds=time.monotonic() - began, phase="beginning again")
                    if number == MOST_ATTEMPTS:
                        yield PlanningResult(outcome=Outcome.FAILED, stopped_by="error", detail=_given_up(error))
                parameters = self._again(run, parameters)
        finally:
            self._accepted.pop(run, None)

    def _again(self, run: str, parameters: PlanningParameters) -> PlanningParameters:
        """Return the parameters of the next attempt; finding an accepted plan again may take the time it took."""
        incumbent = self._accepted.get(run)
        if incumbent is None or parameters.stop is not None:
            return parameters
        limit = None if parameters.time_limit is None else 2 * parameters.time_limit
        return replace(parameters, stop=StopPoint(incumbent=incumbent), time_limit=limit)


def _under_way(event: Progress | PlanningResult) -> bool:
    return isinstance(event, PlanningResult) or event.phase != STARTING


def _restart(process: str, began: float, ended: float) -> RunStep:
    return RunStep(kind=StepKind.RESTART, what=process, began=began, ended=ended)


def _given_up(error: RunLost) -> str:
    return (
        f"{GIVEN_UP}: {error}, in each of {MOST_ATTEMPTS} attempts; it may need more memory than there is: see the "
        "server's log, then ask for the plan anew"
    )
