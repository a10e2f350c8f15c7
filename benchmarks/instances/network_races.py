"""Races on generated networks: who closes the gap first, in processor seconds, and whose bound and plan hold.

Figures: ``one_percent_cpu_s`` and ``thousandth_cpu_s`` are processor seconds, building included, until value and bound
were that close. Of a peer that did not come so far it is what it spent in all, so a ratio over it is too high, never
too low; of ours it is missing then. ``fifth_cpu_s`` likewise tells when a gap of 20 % was left behind.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.instances.claims import Checked, verdict
from benchmarks.instances.generated_networks import Form, Network, block_problem, generated_network
from benchmarks.subject import Answer, Case, Contender, Stopwatch, Verdict
from solvers.backends.highs import HighsBackend
from solvers.backends.registry import backend
from solvers.coordination.block_result import BlockLimits, Moment, Stop
from solvers.coordination.solve import Engines, solve_blocks
from solvers.coordination.verify import check_point
from solvers.core.errors import SolverError
from solvers.core.program import Floats
from solvers.core.termination import Limits, Termination

MARKS = {"fifth_cpu_s": 0.2, "one_percent_cpu_s": 0.01, "thousandth_cpu_s": 0.001}
_STOPPED = {Termination.LIMIT: "time limit", Termination.INTERRUPTED: "interrupted"}
_HELD = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Raced:
    """A plan as a contender hands it over: columns of the block problem in one of the forms."""

    form: Form
    x: Floats


def prepare(case: Case, data: Path | None, seed: int) -> Network:
    """Generate the network of a case; its own parameter ``draw`` is added to the seed of the run."""
    del data
    given = case.parameters
    sizes = {name: int(given[name]) for name in ("items", "periods", "materials") if name in given}
    return generated_network(plants=int(given["plants"]), seed=seed + int(given["draw"]), **sizes)


def check(network: Network, answer: Answer, case: Case) -> Verdict:
    """Recompute value and violations of a plan from the program it is a plan of; bounds are claims."""
    del case
    raced = answer.solution
    form: Form = raced.form if isinstance(raced, Raced) else "strong"
    problem = block_problem(network, form)

    def plan(x: Floats) -> Checked:
        point = check_point(problem, x)
        broken = [(point.violation, "the worst of bounds, rows and integrality")] if point.violation > _HELD else []
        return Checked.of(value=-point.value, broken=broken)

    def no_certificate(row_dual: Floats) -> float:
        raise ValueError(f"a race hands over no multipliers, got {len(row_dual)}")

    handed = Answer(
        solution=raced.x if isinstance(raced, Raced) else None,
        value=answer.value,
        bound=answer.bound,
        stopped=answer.stopped,
        failure=answer.failure,
    )
    return verdict(handed, check=plan, certify=no_certificate, sense="min")


@dataclass(slots=True)
class _Marks:
    """Notes when the gap falls below each mark, and the curve."""

    watch: Stopwatch
    begun: float = field(default_factory=time.process_time)
    reached: dict[str, float] = field(default_factory=dict)

    def note(self, value: float | None, bound: float) -> None:
        spent = time.process_time() - self.begun
        known = value is not None and math.isfinite(value)
        self.watch.point(
            value=-value if known and value is not None else None, bound=-bound if math.isfinite(bound) else None
        )
        if not known or value is None:
            return
        gap = (bound - value) / max(abs(value), 1e-9)
        for name, mark in MARKS.items():
            if gap <= mark:
                self.reached.setdefault(name, spent)

    def figures(self, *, ours: bool) -> dict[str, float]:
        spent = time.process_time() - self.begun
        return {name: self.reached.get(name, spent) for name in MARKS if name in self.reached or not ours}


def _gap(case: Case) -> float:
    return float(case.parameters["gap"])


def _decompose(network: Network, watch: Stopwatch, case: Case) -> Answer:
    marks = _Marks(watch)

    def note(moment: Moment) -> None:
        marks.note(moment.value, moment.bound)

    try:
        with watch.measure("build"):
            problem = block_problem(network)
        with watch.measure("solve"):
            found = solve_blocks(
                problem,
                backend=HighsBackend(search="proof"),
                limits=BlockLimits(gap=_gap(case), seconds=case.time_limit),
                engines=Engines(monolith=HighsBackend()),
                progress=note,
            )
    except SolverError as error:
        return Answer(failure=f"{error.code}: {error}")
    marks.note(found.value, found.bound)
    return Answer(
        solution=None if found.x is None else Raced(form="strong", x=found.x),
        value=None if found.x is None else -found.value,
        bound=-found.bound,
        figures={"rounds": float(found.rounds), **marks.figures(ours=True)},
        stopped=None if found.stop is Stop.GAP else f"limit of {found.stop.value}",
    )


def _whole(name: str, form: Form, network: Network, watch: Stopwatch, case: Case) -> Answer:
    solver = backend(name)
    marks = _Marks(watch)
    try:
        with watch.measure("build"):
            model = solver.load(block_problem(network, form).whole())
        with watch.measure("solve"):
            found = model.solve(
                limits=Limits(seconds=case.time_limit, gap=_gap(case)),
                progress=marks.note if solver.capabilities.progress else None,
            )
    except SolverError as error:
        return Answer(failure=f"{error.code}: {error}")
    marks.note(found.objective, found.bound)
    return Answer(
        solution=None if found.x is None else Raced(form=form, x=found.x),
        value=None if found.objective is None else -found.objective,
        bound=-found.bound if math.isfinite(found.bound) else None,
        figures={"nodes": float(found.nodes), **marks.figures(ours=False)},
        stopped=_STOPPED.get(found.termination),
    )


def decomposed(name: str) -> Contender:
    """Return the contender that solves a network by its blocks, in the strong formulation."""
    return Contender(name=name, run=_decompose, ours=True)


def monolith(name: str, solver: str, form: Form) -> Contender:
    """Return the contender that hands the whole network, in a form, to a backend."""
    return Contender(name=name, run=partial(_whole, solver, form))
