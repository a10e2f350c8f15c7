"""Steps of a run in the lines between a worker and its runtime."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.ports.run_steps import RunStep, StepKind


def written(steps: Iterable[RunStep]) -> list[list[object]]:
    """Return steps as JSON has them, short, since there are thousands."""
    return [[step.kind.value, step.what, step.began, step.ended, step.count] for step in steps]


def read(lines: Iterable[Sequence[object]]) -> tuple[RunStep, ...]:
    """Return the steps that were written."""
    return tuple(
        RunStep(
            kind=StepKind(kind),
            what=str(what),
            began=float(str(began)),
            ended=float(str(ended)),
            count=int(str(count)),
        )
        for kind, what, began, ended, count in lines
    )
