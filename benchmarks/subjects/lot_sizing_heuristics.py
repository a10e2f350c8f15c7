"""Lot-sizing heuristics: how near to the optimum in how much time, beside HiGHS stopped after the same time.

The bound of every contender is that of the facility-location relaxation, recomputed from its multipliers and not part
of the time; ``excess`` is what a plan costs above the published optimum, relative to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.instances.lot_sizing_cases import (
    PUBLIC,
    Lots,
    check,
    generated_case,
    handed,
    multipliers,
    prepare,
    public_case,
    tiny,
)
from benchmarks.subject import Answer, Case, Contender, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.termination import Limits, Termination
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.fix_and_optimise import fix_and_optimise
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.relax_and_fix import relax_and_fix
from solvers.lotsizing.restricted import CheckedPlan, checked
from solvers.lotsizing.slope_scaling import slope_scaling

Heuristic = Callable[[LotSizingInstance], CheckedPlan | None]
_SOLVER = HighsBackend(search="proof")


def _slope_scaling(instance: LotSizingInstance) -> CheckedPlan | None:
    return slope_scaling(instance, _SOLVER)


def _relax_and_fix(instance: LotSizingInstance) -> CheckedPlan | None:
    return relax_and_fix(instance, _SOLVER)


def _fix_and_optimise(instance: LotSizingInstance) -> CheckedPlan | None:
    start = _relax_and_fix(instance)
    return None if start is None else fix_and_optimise(instance, _SOLVER, start.plan)


def _ours(name: str, heuristic: Heuristic) -> Contender:
    def run(lots: Lots, watch: Stopwatch, case: Case) -> Answer:
        del case
        heuristic(tiny())
        with watch.measure("solve"):
            found = heuristic(lots.instance)
        return _answer(lots.instance, found)

    return Contender(name=name, run=run, ours=True)


def _highs_as_long(lots: Lots, watch: Stopwatch, case: Case) -> Answer:
    """HiGHS on the stronger formulation, for as long as fix-and-optimise has just taken in the same process."""
    started = time.perf_counter()
    _fix_and_optimise(lots.instance)
    seconds = min(time.perf_counter() - started, case.time_limit)
    with watch.measure("build"):
        formulation = facility_location_formulation(lots.instance)
        model = HighsBackend().load(formulation.program)
    with watch.measure("solve"):
        found = model.solve(limits=Limits(seconds=seconds))
    best = None if found.x is None else checked(lots.instance, formulation.read(found.x))
    stopped = "after as long as fix-and-optimise" if found.termination is Termination.LIMIT else None
    return replace(_answer(lots.instance, best), stopped=stopped)


def _answer(instance: LotSizingInstance, found: CheckedPlan | None) -> Answer:
    if found is None:
        return Answer(failure="found no plan")
    return Answer(solution=handed(found.plan), value=found.cost, certificate=multipliers(instance))


def _check(lots: Lots, answer: Answer, case: Case) -> Verdict:
    # Nobody here claims the optimum, so that missing it refutes nothing.
    found = check(lots, replace(answer, stopped=answer.stopped or "without a proof"), case)
    if found.value is None or lots.reference is None or not lots.reference.value:
        return found
    return replace(found, figures={"excess": max(0.0, found.value / lots.reference.value - 1)})


def _within(contender: str, most: float, case: str) -> Target:
    return Target(
        text=f"{case}: {contender} within {most:.1%} of the optimum",
        case=case,
        contender=contender,
        figure="excess",
        at_most=most,
    )


SUBJECT = Subject(
    name="lot_sizing_heuristics",
    title="Lot sizing with set-up times: plans without a proof",
    cases=(
        generated_case(3, 6, suite="smoke", time_limit=2.0),
        *(public_case(name, time_limit=10.0) for name in PUBLIC),
        generated_case(20, 20, suite="full", time_limit=15.0, cycle=3.0),
    ),
    prepare=prepare,
    contenders=(
        _ours("slope scaling", _slope_scaling),
        _ours("relax-and-fix", _relax_and_fix),
        _ours("relax-and-fix, fix-and-optimise", _fix_and_optimise),
        Contender(name="highs, as long", run=_highs_as_long),
    ),
    peer="highs, as long",
    check=_check,
    targets=tuple(
        _within(contender, most, case)
        for case in PUBLIC
        for contender, most in (("relax-and-fix", 0.01), ("relax-and-fix, fix-and-optimise", 0.005))
    ),
)
