"""A grid of what-if cases by the product's pool of warm workers, beside what one would do without it.

All plan to the same gap in the same run. The pool plans the base and every case of the grid; the others plan some of
its cases, evenly from all, each from nothing: a loop over ``concordat plan``, a pool of processes, and plain Ray tasks.
``case_cpu_s`` is the processor time that planning one case takes, ``cases_a_second`` how many end in a second once all
workers are at work. ``overhead_s`` is what a worker spends on a case besides planning: handing over, keeping the
result, and making and checking the scenario. With linear plants the peer is one process that stays warm. Contenders
plan different numbers of cases, so no total of seconds is told.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean

from actors.certify import certify
from benchmarks.concordat_command import run_concordat
from benchmarks.instances.what_if_grids import AskedGrid, ask, cold_seconds, without_setups
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from cluster.runtimes import agent_settings
from cluster.what_if.run import run_grid
from cluster.what_if.worker import CasePlanner
from planner.adapters.case_store import ParquetCaseStore
from planner.adapters.plan_folder import read_plan
from planner.adapters.scenario_folder import read_scenario, write_scenario
from planner.cli.what_if_order import GridRunOrder
from planner.domain.grid import Case as Question
from planner.ports.planning_runtime import Outcome
from planner.ports.what_if import CaseResult
from planner.simulation.generate import generate
from planner.verification.findings import find_problems

CORES = 2
_SECONDS = 300.0
"""No case may take longer."""
_TOLERANCE = 1e-6
_PATCHED = 20
_BASE_SHARE = 0.8
"""To which share of the gap of all cases a pool and a warm process plan the base: nearer, all others begin nearer."""
POOL, LOOP, PROCESSES, TASKS, WARM = "warm pool", "concordat plan", "process pool", "cold Ray tasks", "one warm process"


def _prepare(case: Case, data: Path | None, seed: int) -> AskedGrid:
    preset = str(case.parameters["scenario"])
    if preset == "given" and data is None:
        raise ValueError(f"case {case.name!r} needs a scenario folder")
    base = read_scenario(data) if preset == "given" and data is not None else generate(preset, seed=seed)
    if case.parameters.get("linear"):
        base = without_setups(base)
    folder = Path(tempfile.mkdtemp(prefix="concordat-grid-"))
    return ask(base, folder, count=int(case.parameters["cases"]), gap=float(case.parameters["gap"]), seed=seed)


def _pool(asked: AskedGrid, _: Stopwatch, __: Case) -> Answer:
    """Run the grid as `concordat whatif run` does."""
    out = asked.folder / "run"
    order = GridRunOrder(
        grid=asked.file,
        out=out,
        gap=asked.gap,
        base_gap=_BASE_SHARE * asked.gap,
        seconds=_SECONDS,
        workers=CORES,
    )
    began = time.perf_counter()
    run_grid(order, lambda _: None)
    grid = {"grid_s": time.perf_counter() - began}
    results = ParquetCaseStore(out).results()
    ended = {file.stem: file.stat().st_mtime for file in (out / "results").glob("*.parquet")}
    later = sorted((r for r in results if r.levels), key=lambda result: ended[result.key])
    patching = _patching_seconds(asked)
    grid["base_cpu_s"] = next(result.cpu_seconds or 0.0 for result in results if not result.levels)
    return Answer(solution=tuple(results), figures=grid | _rates(later, ended, patching) | _costs(later, asked))


def _rates(later: Sequence[CaseResult], ended: dict[str, float], patching: float) -> dict[str, float]:
    """Return rate and overhead over the cases after those with which workers began."""
    begun = min(2 * CORES, len(later) - 1)
    steady = later[begun:]
    span = ended[later[-1].key] - ended[later[begun - 1].key]
    spent = sum(result.seconds for result in steady)
    return {
        "cases_a_second": len(steady) / span,
        "overhead_s": max(0.0, CORES * span - spent) / len(steady) + patching,
        "patching_s": patching,
    }


def _patching_seconds(asked: AskedGrid) -> float:
    """Return how long it takes to make the scenario of a case and to look for findings."""
    cases, began = asked.some(_PATCHED), time.perf_counter()
    for question in cases:
        find_problems(question.scenario(asked.base))
    return (time.perf_counter() - began) / len(cases)


def _costs(results: Sequence[CaseResult], asked: AskedGrid) -> dict[str, float]:
    planned = [result for result in results if result.outcome == Outcome.PLANNED.value]
    gaps = [_gap(result) for result in planned]
    figures = {"cases": float(len(results)), "planned": float(len(planned))}
    if planned:
        figures |= {
            "case_cpu_s": fmean(result.cpu_seconds or 0.0 for result in planned),
            "case_s": fmean(result.seconds for result in planned),
            "largest_gap": max(gaps),
            "share_within_gap": sum(gap <= asked.gap + _TOLERANCE for gap in gaps) / len(gaps),
        }
    return figures


def _gap(result: CaseResult) -> float:
    if result.value is None or result.bound_proved is None:
        return float("inf")
    return max(0.0, result.bound_proved - result.value) / (abs(result.value) or 1.0)


def _warm(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    """Plan the base and some cases from it in this process, which stays warm."""
    planner, folder = CasePlanner(asked.base, agent_settings()), asked.folder / "base"
    parameters = asked.parameters(_SECONDS)
    results = [planner.plan(Question((), ()), replace(parameters, gap=_BASE_SHARE * asked.gap), str(folder))]
    onward = type(parameters)(gap=asked.gap, time_limit=_SECONDS, base_plan=str(folder))
    cases = asked.some(int(case.parameters["cold"]) + CORES)
    results += [planner.plan(question, onward) for question in cases[:CORES]]
    began = time.perf_counter()
    results += [planner.plan(question, onward) for question in cases[CORES:]]
    seconds = time.perf_counter() - began
    steady = results[1 + CORES :]
    rate = len(steady) / seconds
    return Answer(solution=tuple(results), figures={"cases_a_second": rate} | _costs(steady, asked))


def _loop(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    """Have every case planned by a command of its own, from a folder that is made before."""
    cases = asked.some(int(case.parameters["cold"]))
    options = ("--gap", str(asked.gap), "--time-limit", str(_SECONDS), "--runtime", "local")
    for place, question in enumerate(cases):
        write_scenario(question.scenario(asked.base), asked.folder / f"case-{place}")
    timer = Stopwatch()
    with timer.measure("cases"):
        for place in range(len(cases)):
            run_concordat("plan", asked.folder / f"case-{place}", "--out", asked.folder / f"plan-{place}", *options)
    figures = timer.figures()
    pairs = [read_plan(asked.folder / f"plan-{place}").summary for place in range(len(cases))]
    return Answer(
        solution=tuple((_number(pair["value"]), _number(pair["bound_proved"])) for pair in pairs),
        figures={
            "case_cpu_s": figures["cases_cpu_s"] / len(cases),
            "cases_a_second": len(cases) / figures["cases_s"],
            "cases": float(len(cases)),
        },
    )


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None


def _processes(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    """Have a pool of processes plan cases from nothing; starting them does not count."""
    cases, parameters = asked.some(int(case.parameters["cold"])), asked.parameters(_SECONDS)
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        list(pool.map(_loaded, range(CORES)))
        began = time.perf_counter()
        asks = [pool.submit(cold_seconds, asked.base, question, parameters) for question in cases]
        answers = [each.result() for each in asks]
    return _cold_answer(answers, time.perf_counter() - began)


def _loaded(_: int) -> None:
    """Have everything imported."""


def _tasks(asked: AskedGrid, _: Stopwatch, case: Case) -> Answer:
    """Have plain Ray tasks plan cases from nothing; starting Ray does not count."""
    words = (asked.file, asked.gap, _SECONDS, case.parameters["cold"], CORES)
    command = [sys.executable, "-m", "benchmarks.peers.cold_ray_cases", *map(str, words)]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    *answers, seconds = json.loads(said.stdout.splitlines()[-1])
    return _cold_answer(answers, seconds)


def _cold_answer(answers: Sequence[tuple[float, float | None, float | None]], seconds: float) -> Answer:
    return Answer(
        solution=tuple((value, bound) for _, value, bound in answers),
        figures={
            "case_cpu_s": fmean(cpu for cpu, _, _ in answers),
            "cases_a_second": len(answers) / seconds,
            "cases": float(len(answers)),
        },
    )


def _check(asked: AskedGrid, answer: Answer, _: Case) -> Verdict:
    """Refute results that are missing, or whose value lies above their bound; recompute the plan of the base."""
    if not isinstance(answer.solution, tuple) or not answer.solution:
        return Verdict(problems=("nothing was planned",))
    problems: list[str] = []
    if isinstance(answer.solution[0], CaseResult):
        problems += _refuted(asked, answer.solution)
    else:
        above = sum(_above(value, bound) for value, bound in answer.solution)
        problems += [f"{above} cases claim no value, or one above their bound"] if above else []
    return Verdict(problems=tuple(problems))


def _refuted(asked: AskedGrid, results: tuple[CaseResult, ...]) -> list[str]:
    planned = [result for result in results if result.outcome == Outcome.PLANNED.value]
    problems = [f"{r.name} failed: {r.detail[:200]}" for r in results if r.outcome == Outcome.FAILED.value]
    problems += [
        f"{result.name}: value {result.value} and bounds {result.bound_proved}, {result.bound_checked}"
        for result in planned
        if _above(result.value, result.bound_proved) or _above(result.value, result.bound_checked)
    ]
    folder = next((folder for name in ("run/base-plan", "base") if (folder := asked.folder / name).is_dir()), None)
    if folder is None:
        return [*problems, "the base has no plan"]
    certificate = certify(asked.base, read_plan(folder))
    claimed = next((result.value for result in planned if not result.levels), None)
    if claimed is None or abs(claimed - certificate.value) > _TOLERANCE * max(1.0, abs(certificate.value)):
        problems.append(f"the base is claimed to be worth {claimed}, and is worth {certificate.value}")
    return problems + [str(breach) for breach in certificate.breaches]


def _above(value: float | None, bound: float | None) -> bool:
    return value is None or bound is None or value > bound + _TOLERANCE * max(1.0, abs(bound))


def _case(name: str, scenario: str, suite: str, *contenders: str, **parameters: float) -> Case:
    return Case(
        name=name,
        phase=Phase.JOB,
        suites=frozenset({suite}),
        parameters={"scenario": scenario, **parameters},
        time_limit=60.0 if suite == "smoke" else 3600.0,
        contenders=contenders,
    )


SUBJECT = Subject(
    name="whatif_grids",
    title="A grid of what-if cases by warm workers, beside planning each anew",
    cases=(
        _case("tiny", "tiny", "smoke", POOL, WARM, PROCESSES, cases=6, cold=2, gap=0.01),
        _case("demo", "demo", "whatif", POOL, LOOP, PROCESSES, TASKS, cases=199, cold=20, gap=0.01),
        _case("linear", "demo", "whatif", POOL, WARM, cases=120, cold=60, gap=0.01, linear=1.0),
        _case("given", "given", "whatif", POOL, cases=49, cold=0, gap=0.015),
    ),
    prepare=_prepare,
    contenders=(
        Contender(name=POOL, run=_pool, ours=True),
        Contender(name=WARM, run=_warm),
        Contender(name=LOOP, run=_loop),
        Contender(name=PROCESSES, run=_processes),
        Contender(name=TASKS, run=_tasks),
    ),
    peer=PROCESSES,
    check=_check,
    targets=(
        Target(
            text=f"linear plants: {CORES} workers plan ≥ 0.8 × {CORES} times what one warm process does",
            case="linear",
            contender=POOL,
            figure="cases_a_second",
            against=WARM,
            at_least=0.8 * CORES,
        ),
        Target(
            text="demo: a case to 1 % in ≤ 1/4 of the cold processor time",
            case="demo",
            contender=POOL,
            figure="case_cpu_s",
            against=PROCESSES,
            at_most=0.25,
        ),
        *(
            Target(
                text=f"{case}: ≤ 50 ms of overhead for a case",
                case=case,
                contender=POOL,
                figure="overhead_s",
                at_most=0.05,
            )
            for case in ("demo", "linear")
        ),
        Target(
            text="given scenario: a grid of 50 within 30 minutes",
            case="given",
            contender=POOL,
            figure="grid_s",
            at_most=1800.0,
        ),
        Target(
            text="given scenario: all cases of the grid to 1.5 %",
            case="given",
            contender=POOL,
            figure="largest_gap",
            at_most=0.015 + _TOLERANCE,
        ),
    ),
)
