"""Memory over thousands of what-if cases: of a run's process and all its workers, from its first cases to its last.

``growth`` is the mean of the last quarter of the cases over that of the second, when all workers are warm; the pool
replaces its workers after many cases, so both hold workers of every age. The peer is one process that plans all the
cases and is never replaced, so it shows what native libraries scatter.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from statistics import fmean

from benchmarks.instances.what_if_grids import AskedGrid, ask
from benchmarks.process_tree import tree_bytes
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from cluster.runtimes import agent_settings
from cluster.what_if.run import run_grid
from cluster.what_if.worker import CasePlanner
from planner.adapters.case_store import ParquetCaseStore
from planner.cli.what_if_order import GridRunOrder
from planner.domain.grid import Case as Question
from planner.ports.planning_runtime import Outcome, PlanningParameters
from planner.simulation.generate import generate

_GAP, _SECONDS, _WORKERS = 0.01, 60.0, 2
_SAMPLE_SECONDS = 1.0
_MIB = 1 << 20


class _Samples:
    """Memory of this process and all below it, beside the number of cases that had ended by then."""

    def __init__(self) -> None:
        self.ended = 0
        self._taken: list[tuple[int, int]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="sampling memory", daemon=True)
        self._thread.start()

    def stop(self, cases: int) -> dict[str, float]:
        """Return figures over so many cases."""
        self._over.set()
        self._thread.join()
        quarters = [
            [size for ended, size in self._taken if part * cases / 4 <= ended < (part + 1) * cases / 4]
            for part in range(4)
        ]
        figures = {"peak_mib": max(size for _, size in self._taken) / _MIB}
        if quarters[1] and quarters[3]:
            figures |= {
                "second_quarter_mib": fmean(quarters[1]) / _MIB,
                "last_quarter_mib": fmean(quarters[3]) / _MIB,
                "growth": fmean(quarters[3]) / fmean(quarters[1]),
            }
        return figures

    def _sample(self) -> None:
        while True:
            self._taken.append((self.ended, tree_bytes(os.getpid())))
            if self._over.wait(_SAMPLE_SECONDS):
                return


def _prepare(case: Case, _: Path | None, seed: int) -> AskedGrid:
    folder = Path(tempfile.mkdtemp(prefix="concordat-memory-"))
    base = generate(str(case.parameters["scenario"]), seed=seed)
    return ask(base, folder, count=int(case.parameters["cases"]), gap=_GAP, seed=seed)


def _pool(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    out, samples = asked.folder / "run", _Samples()
    order = GridRunOrder(grid=asked.file, out=out, gap=asked.gap, seconds=_SECONDS, workers=_WORKERS)

    def tell(_: str) -> None:
        samples.ended += 1

    began = time.perf_counter()
    run_grid(order, tell)
    figures = {"seconds": time.perf_counter() - began} | samples.stop(int(case.parameters["cases"]))
    return Answer(solution=tuple(result.outcome for result in ParquetCaseStore(out).results()), figures=figures)


def _one(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    planner, folder, samples = CasePlanner(asked.base, agent_settings()), asked.folder / "base", _Samples()
    outcomes = [planner.plan(Question((), ()), asked.parameters(_SECONDS), str(folder)).outcome]
    onward = PlanningParameters(gap=asked.gap, time_limit=_SECONDS, base_plan=str(folder))
    for question in asked.cases[1:]:
        outcomes.append(planner.plan(question, onward).outcome)
        samples.ended += 1
    return Answer(solution=tuple(outcomes), figures=samples.stop(int(case.parameters["cases"])))


def _check(asked: AskedGrid, answer: Answer, _: Case) -> Verdict:
    """Refute memory of a run that did not plan every case."""
    outcomes = answer.solution if isinstance(answer.solution, tuple) else ()
    failed = sum(outcome == Outcome.FAILED.value for outcome in outcomes)
    problems = [f"{failed} cases failed"] if failed else []
    if len(outcomes) != len(asked.cases):
        problems.append(f"{len(outcomes)} of {len(asked.cases)} cases have a result")
    return Verdict(problems=tuple(problems))


def _case(name: str, suite: str, cases: int, seconds: float) -> Case:
    return Case(
        name=name,
        phase=Phase.MEMORY,
        suites=frozenset({suite}),
        parameters={"scenario": "tiny", "cases": cases},
        time_limit=seconds,
    )


SUBJECT = Subject(
    name="whatif_memory",
    title="Memory over thousands of what-if cases, by workers that are replaced and by one that is not",
    cases=(_case("8-cases", "smoke", 8, 60.0), _case("2000-cases", "whatif", 2000, 2400.0)),
    prepare=_prepare,
    contenders=(
        Contender(name="warm pool", run=_pool, ours=True),
        Contender(name="one warm process", run=_one),
    ),
    peer="one warm process",
    check=_check,
    targets=(
        Target(
            text="memory is flat over 2,000 cases: the last quarter within 5 % of the second",
            case="2000-cases",
            contender="warm pool",
            figure="growth",
            at_most=1.05,
        ),
    ),
)
