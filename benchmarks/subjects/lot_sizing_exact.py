"""Lot sizing with set-up times to a proven optimum, against HiGHS on both formulations and CP-SAT.

All start from arrays in memory and end at a relative gap of 1e-4, HiGHS' own; building counts. The plan is recomputed
from the file, value and bound are held against the published optimum.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.instances.lot_sizing_cases import (
    PUBLIC,
    Lots,
    check,
    generated_case,
    handed,
    prepare,
    public_case,
    tiny,
)
from benchmarks.subject import Answer, Case, Contender, Stopwatch, Subject, Target
from solvers.backends.cpsat import CpSatBackend
from solvers.backends.highs import HighsBackend
from solvers.core.backend import Backend, Progress
from solvers.core.errors import SolverError
from solvers.core.termination import Limits, Termination
from solvers.lotsizing.exact import Proof, solve_exactly
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation

_GAP = 1e-4
_STOPPED = {Termination.LIMIT: "time limit", Termination.INTERRUPTED: "interrupted"}


def _limits(case: Case) -> Limits:
    return Limits(seconds=case.time_limit, gap=_GAP)


def _curve(watch: Stopwatch) -> Progress:
    def note(value: float | None, bound: float) -> None:
        watch.point(value=None if value is None else -value, bound=-bound)

    return note


def _exactly(name: str, make: Callable[[], Backend], *, ours: bool = False) -> Contender:
    """Return the contender that hands the instance to `solve_exactly` with a backend."""

    def run(lots: Lots, watch: Stopwatch, case: Case) -> Answer:
        solver = make()
        solve_exactly(tiny(), solver)
        try:
            with watch.measure("solve"):
                proof = solve_exactly(lots.instance, solver, limits=_limits(case), progress=_curve(watch))
        except SolverError as error:
            return Answer(failure=f"{error.code}: {error}")
        watch.point(value=None if proof.best is None else proof.best.cost, bound=proof.bound)
        return _answer(proof)

    return Contender(name=name, run=run, ours=ours)


def _answer(proof: Proof) -> Answer:
    if proof.termination is Termination.INFEASIBLE:
        return Answer(failure="says infeasible")
    return Answer(
        solution=None if proof.best is None else handed(proof.best.plan),
        value=None if proof.best is None else proof.best.cost,
        bound=proof.bound,
        figures={"nodes": float(proof.nodes), "bound_recomputed": float(proof.recomputed)},
        stopped=_STOPPED.get(proof.termination),
    )


def _highs(name: str, formulate: Callable[[LotSizingInstance], Formulation]) -> Contender:
    """Return HiGHS as it is, on a formulation."""

    def run(lots: Lots, watch: Stopwatch, case: Case) -> Answer:
        solver = HighsBackend()
        solver.load(formulate(tiny()).program).solve()
        with watch.measure("build"):
            formulation = formulate(lots.instance)
            model = solver.load(formulation.program)
        with watch.measure("solve"):
            found = model.solve(limits=_limits(case), progress=_curve(watch))
        value = None if found.objective is None else -found.objective
        watch.point(value=value, bound=-found.bound)
        if found.termination is Termination.INFEASIBLE:
            return Answer(failure="says infeasible")
        return Answer(
            solution=None if found.x is None else handed(formulation.read(found.x)),
            value=value,
            bound=-found.bound,
            figures={"nodes": float(found.nodes)},
            stopped=_STOPPED.get(found.termination),
        )

    return Contender(name=name, run=run)


_PEERS = ("highs, facility location", "highs, plain")


def _target(case: str, peer: str) -> Target:
    return Target(
        text=f"{case} to proven optimum, no slower than {peer}",
        case=case,
        contender="concordat",
        figure="total_s",
        against=peer,
        at_most=1.0,
    )


SUBJECT = Subject(
    name="lot_sizing_exact",
    title="Lot sizing with set-up times, to a proven optimum",
    cases=(
        generated_case(3, 6, suite="smoke", time_limit=2.0),
        *(public_case(name, time_limit=15.0) for name in PUBLIC),
        generated_case(12, 16, suite="full", time_limit=15.0),
        generated_case(20, 20, suite="full", time_limit=15.0),
    ),
    prepare=prepare,
    contenders=(
        _exactly("concordat", lambda: HighsBackend(search="proof"), ours=True),
        _highs(_PEERS[0], facility_location_formulation),
        _highs(_PEERS[1], plain_formulation),
        _exactly("cp-sat", CpSatBackend),
    ),
    peer=_PEERS[0],
    check=check,
    targets=tuple(_target(case, peer) for case in PUBLIC for peer in _PEERS),
)
