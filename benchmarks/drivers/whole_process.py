"""Drive contenders as processes: each turn starts every contender once, in order, and measures all it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.process_tree import ProcessFigures, run_measured
from benchmarks.subject import Contender, Measurement, Outcome, Workload

_GRACE_SECONDS = 120.0


def drive(contenders: Sequence[Contender], workload: Workload) -> list[Measurement]:
    """Run all contenders ``workload.rounds`` times, interleaved.

    A contender is ended after three times the time limit and two minutes: some solvers overrun theirs twofold.
    """
    measurements = []
    for turn in range(workload.rounds):
        for contender in contenders:
            cost = run_measured(
                contender.command,
                deadline=3 * workload.time_limit + _GRACE_SECONDS,
                log=workload.scratch / f"{contender.name}-{turn}.log",
            )
            measurements.append(_measurement(contender, turn, cost))
    return measurements


def _measurement(contender: Contender, turn: int, cost: ProcessFigures) -> Measurement:
    # A command that failed may have left an earlier turn's files, so its outcome is not read.
    ended = "ended at its deadline" if cost.returncode is None else f"exit code {cost.returncode}"
    outcome = contender.outcome() if cost.returncode == 0 else Outcome(failure=f"{ended}: {cost.errors}")
    figures = {**outcome.figures, "processes": float(cost.processes), "left_processes": float(cost.left)}
    return Measurement(
        contender=contender.name,
        round=turn,
        wall_s=cost.wall_s,
        cpu_s=cost.cpu_s,
        peak_bytes=cost.peak_bytes,
        outcome=replace(outcome, figures=figures),
    )
