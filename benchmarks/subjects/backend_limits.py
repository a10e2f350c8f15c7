"""Time limits of every backend, on programs in whose presolve, heuristics or crossover libraries look at no clock.

What counts is by how much a solve overruns its limit, in parts of what is allowed, 5 % of it + 0.3 s. The peer is
HiGHS left alone with its own limit. The programs are reward choices in whole numbers (each customer one offer, budget
rows over half of all pairs) and covers; every point handed over is recomputed, and no bound may fall below it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.backends.registry import backend
from solvers.core.backend import Backend
from solvers.core.errors import SolverError
from solvers.core.program import Floats, Program, SparseRows
from solvers.core.termination import Limits, Termination

_OFFERS, _BUDGETS = 10, 10
_PART, _FIXED = 0.05, 0.3
_ALONE = "highs alone"
_MIXED = ("highs", "pyomo", "scip", "cpsat", _ALONE)
_LINEAR = ("highs", "highs ipm", "glop", "pdlp", _ALONE)


def _rewards(customers: int, seed: int) -> Program:
    """One offer at most per customer, budgets of a quarter of what all offers would take."""
    rng, pairs = np.random.default_rng(seed), customers * _OFFERS
    rows, columns = [np.repeat(np.arange(customers), _OFFERS)], [np.arange(pairs)]
    values, sides = [np.ones(pairs)], [np.ones(customers)]
    for k in range(_BUDGETS):
        cost = rng.integers(1, 101, pairs) * (rng.random(pairs) < 0.5)
        used = np.flatnonzero(cost)
        rows.append(np.full(len(used), customers + k))
        columns.append(used)
        values.append(cost[used].astype(np.float64))
        sides.append(np.array([cost.sum() // (4 * _OFFERS)], dtype=np.float64))
    count = customers + _BUDGETS
    return _in_units(
        rng.integers(1, 1000, pairs).astype(np.float64),
        SparseRows.from_triplets(np.concatenate(rows), np.concatenate(columns), np.concatenate(values), count, pairs),
        (np.full(count, -np.inf), np.concatenate(sides)),
    )


def _cover(sets: int, seed: int) -> Program:
    """Cover each of ``sets // 60`` elements by sets of 12 elements each, at least cost."""
    rng, elements = np.random.default_rng(seed), sets // 60
    member = np.concatenate([rng.integers(0, elements, 12 * sets), np.arange(elements)])
    of = np.concatenate([np.repeat(np.arange(sets), 12), rng.integers(0, sets, elements)])
    key = np.unique(member.astype(np.int64) * sets + of)
    matrix = SparseRows.from_triplets(key // sets, key % sets, np.ones(len(key)), elements, sets)
    cost = rng.integers(1, 100, sets).astype(np.float64)
    return _in_units(-cost, matrix, (np.ones(elements), np.full(elements, np.inf)))


def _in_units(objective: Floats, matrix: SparseRows, sides: tuple[Floats, Floats]) -> Program:
    n = len(objective)
    return Program(objective, np.zeros(n), np.ones(n), np.ones(n, dtype=np.bool_), matrix, *sides)


_KINDS = {"rewards": _rewards, "cover": _cover}


def _prepare(case: Case, data: Path | None, seed: int) -> Program:
    """Generate the program of a case."""
    del data
    program = _KINDS[str(case.parameters["kind"])](int(case.parameters["size"]), seed)
    if case.parameters["relaxed"]:
        return replace(program, integer=np.zeros(program.columns, dtype=np.bool_))
    return program


def _contender(name: str, make: Callable[[], Backend], *, ours: bool = True) -> Contender:
    def run(instance: Program, watch: Stopwatch, case: Case) -> Answer:
        try:
            solver = make()
            with watch.measure("build"):
                model = solver.load(instance)
            with watch.measure("solve"):
                started = time.perf_counter()
                found = model.solve(limits=Limits(seconds=case.time_limit, gap=0.0, absolute_gap=0.0))
                took = time.perf_counter() - started
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")
        overrun = max(took - case.time_limit, 0.0)
        return Answer(
            solution=found.x,
            value=found.objective,
            bound=found.bound if np.isfinite(found.bound) else None,
            figures={
                "overrun_s": overrun,
                "overrun_allowed_ratio": overrun / (_PART * case.time_limit + _FIXED),
            },
            stopped="time limit" if found.termination is Termination.LIMIT else None,
        )

    return Contender(name=name, run=run, ours=ours)


def _check(program: Program, answer: Answer, case: Case) -> Verdict:
    """Recompute the point; the bound is claimed, and must not fall below the point's value."""
    del case
    if not isinstance(answer.solution, np.ndarray):
        return Verdict(bound=answer.bound)
    x = answer.solution
    activity = program.rows.times(x)
    value = float(program.objective @ x + program.offset)
    excess = (program.lower - x, x - program.upper, program.row_lower - activity, activity - program.row_upper)
    problems = []
    if answer.value is not None and abs(answer.value - value) > 1e-6 * max(1.0, abs(value)):
        problems.append(f"claimed {answer.value}, recomputed {value}")
    if answer.bound is not None and answer.bound < value - 1e-6 * max(1.0, abs(value)):
        problems.append(f"bound {answer.bound} is below the point's value {value}")
    return Verdict(
        value=value,
        bound=answer.bound,
        gap=None if answer.bound is None or value == 0 else max(answer.bound - value, 0.0) / abs(value),
        violation=max(float(part.max(initial=0.0)) for part in excess),
        problems=tuple(problems),
    )


def _case(kind: str, size: int, seconds: float, *, relaxed: bool = False, suite: str = "full") -> Case:
    return Case(
        name=f"{kind} {size}{' relaxed' if relaxed else ''}, {seconds:g} s",
        phase=Phase.SOLVE,
        suites=frozenset({suite}),
        parameters={"kind": kind, "size": size, "relaxed": int(relaxed)},
        time_limit=seconds,
        # Pyomo builds the large covers for half a minute before its limit begins.
        contenders=_LINEAR if relaxed else tuple(n for n in _MIXED if n != "pyomo" or kind == "rewards"),
    )


_CASES = (
    _case("rewards", 500, 0.5, suite="smoke"),
    _case("rewards", 4_000, 1.0),
    _case("rewards", 10_000, 3.0),
    _case("cover", 60_000, 3.0),
    _case("cover", 60_000, 10.0),
    _case("rewards", 40_000, 1.0, relaxed=True),
    _case("rewards", 40_000, 3.0, relaxed=True),
)

SUBJECT = Subject(
    name="backend_limits",
    title="Time limits of the backends: overrun in parts of 5 % + 0.3 s",
    cases=_CASES,
    prepare=_prepare,
    contenders=(
        *(_contender(name, partial(backend, name)) for name in ("highs", "pyomo", "scip", "cpsat", "glop", "pdlp")),
        _contender("highs ipm", partial(HighsBackend, method="ipm")),
        _contender(_ALONE, partial(HighsBackend, watchdog=False), ours=False),
    ),
    peer=_ALONE,
    check=_check,
    targets=tuple(
        Target(
            text=f"{contender} ends within 5 % + 0.3 s of its limit: {case.name}",
            case=case.name,
            contender=contender,
            figure="overrun_allowed_ratio",
            at_most=1.0,
        )
        for case in _CASES
        for contender in case.contenders
        if contender != _ALONE
    ),
)
