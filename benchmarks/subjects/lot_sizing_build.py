"""Building a lot-sizing model: from arrays in memory until HiGHS holds it.

Every contender states the same plain formulation with the same forcing coefficients. What they loaded is compared
after the clock: the linear relaxation of each must have the bound that our own multipliers certify.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.instances.lot_sizing_plant import generated_plant
from benchmarks.peers.linopy_lot_sizing import built_in_linopy
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.core.program import Floats
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.requirements import largest_lot
from solvers.lotsizing.verify import lower_bound
from solvers.reference.clsp import loaded_in_highs, lot_sizing_plain, relaxed_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    instance: LotSizingInstance
    most: Floats


def _prepare(case: Case, data: Path | None, seed: int) -> _Input:
    del data
    items, periods = int(case.parameters["items"]), int(case.parameters["periods"])
    instance = generated_plant(items=items, periods=periods, seed=seed)
    return _Input(instance=instance, most=largest_lot(instance))


def _tiny() -> _Input:
    """Return an input to warm up with: imports and caches are not the model's."""
    instance = generated_plant(items=2, periods=3, seed=0)
    return _Input(instance=instance, most=largest_lot(instance))


def _ours(given: _Input, watch: Stopwatch, case: Case) -> Answer:
    del case
    solver = HighsBackend()
    solver.load(plain_formulation(_tiny().instance).program).hold()
    with watch.measure("build"):
        formulation = plain_formulation(given.instance)
        model = solver.load(formulation.program)
        model.hold()
    found = model.solve(relaxed=True)
    return Answer(
        bound=None if found.objective is None else -found.objective,
        certificate=found.row_dual,
        figures={"columns": formulation.program.columns, "rows": formulation.program.rows.rows},
    )


def _pyomo(given: _Input, watch: Stopwatch, case: Case) -> Answer:
    del case
    tiny = _tiny()
    loaded_in_highs(lot_sizing_plain(tiny.instance, tiny.most))
    with watch.measure("build"):
        model = lot_sizing_plain(given.instance, given.most)
        solver = loaded_in_highs(model)
    return Answer(bound=relaxed_cost(solver, model))


def _linopy(given: _Input, watch: Stopwatch, case: Case) -> Answer:
    del case
    tiny = _tiny()
    built_in_linopy(tiny.instance, tiny.most)
    with watch.measure("build"):
        highs = built_in_linopy(given.instance, given.most)
    for option, value in (("output_flag", False), ("solve_relaxation", True), ("threads", 1)):
        highs.setOptionValue(option, value)
    highs.run()
    return Answer(
        bound=float(highs.getInfo().objective_function_value),
        figures={"columns": highs.getNumCol(), "rows": highs.getNumRow()},
    )


def _check(given: _Input, answer: Answer, case: Case) -> Verdict:
    del case
    program = plain_formulation(given.instance).program
    duals = answer.certificate
    if duals is None:
        duals = HighsBackend().load(program).solve(relaxed=True).row_dual
    certified = lower_bound(program, duals)  # type: ignore[arg-type]  # a certificate is whatever its subject says
    problems = []
    if answer.bound is None or abs(answer.bound - certified) > 1e-6 * abs(certified):
        problems.append(f"the loaded model relaxes to {answer.bound}, the formulation to {certified}")
    for name, expected in (("columns", program.columns), ("rows", program.rows.rows)):
        if answer.figures.get(name, expected) != expected:
            problems.append(f"the loaded model has {answer.figures[name]} {name}, the formulation {expected}")
    return Verdict(bound=certified, bound_checked=True, problems=tuple(problems))


def _case(items: int, periods: int, suite: str) -> Case:
    return Case(
        name=f"{items}x{periods}",
        phase=Phase.BUILD,
        suites=frozenset({suite}),
        parameters={"items": items, "periods": periods},
    )


def _target(peer: str, share: int) -> Target:
    return Target(
        text=f"200 × 52: build ≤ 1/{share} of {peer}",
        case="200x52",
        contender="concordat",
        figure="build_s",
        against=peer,
        at_most=1 / share,
    )


SUBJECT = Subject(
    name="lot_sizing_build",
    title="Lot sizing: from arrays to a model HiGHS holds",
    cases=(_case(10, 8, "smoke"), _case(50, 26, "full"), _case(200, 52, "full")),
    prepare=_prepare,
    contenders=(
        Contender(name="concordat", run=_ours, ours=True),
        Contender(name="pyomo appsi", run=_pyomo),
        Contender(name="linopy", run=_linopy),
    ),
    peer="pyomo appsi",
    check=_check,
    targets=(_target("pyomo appsi", 40), _target("linopy", 8)),
)
