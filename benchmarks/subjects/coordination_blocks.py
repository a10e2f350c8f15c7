"""Block problems from public families: decomposition against the whole in one solver.

Retail pack assignment (MPS and block files) and generalised assignment, whose blocks are the agents' knapsacks and
whose links are the jobs. Everybody minimises the same program. What counts is recomputed from the instance: value and
violations of every solution, and the bound that prices prove by themselves as far as the instance allows it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.instances.block_mip import check_model
from benchmarks.instances.by_backend import by_backend
from benchmarks.instances.claims import Checked, verdict
from benchmarks.instances.gap import GapData, check_gap, gap_job_bound, gap_program, read_gap
from benchmarks.instances.generated import generated_block_mip, generated_gap
from benchmarks.instances.references import Reference, read_known
from benchmarks.subject import Answer, Case, Contender, Phase, Stopwatch, Subject, Target, Verdict
from solvers.backends.highs import HighsBackend
from solvers.coordination.block_files import BlockMip, read_block_mip
from solvers.coordination.block_problem import MASTER, BlockProblem, from_program
from solvers.coordination.block_result import BlockLimits, BlockResult, Moment, Stop
from solvers.coordination.components import split_components
from solvers.coordination.solve import Engines, solve_blocks
from solvers.coordination.verify import lagrangian_bound
from solvers.core.errors import SolverError
from solvers.core.program import Floats, Program

_GAP = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instance:
    """A problem with its blocks, a checker of points from the raw data, and what prices prove by the raw data alone."""

    program: Program
    problem: BlockProblem
    check: Callable[[Floats], Checked]
    prove: Callable[[Floats], float] | None
    reference: Reference | None


def _prepare(case: Case, data: Path | None, seed: int) -> Instance:
    if "type" in case.parameters:
        agents, jobs = int(case.parameters["agents"]), int(case.parameters["jobs"])
        return _assignment(generated_gap(str(case.parameters["type"]), agents=agents, jobs=jobs, seed=seed), None)
    if "blocks" in case.parameters:
        blocks, products = int(case.parameters["blocks"]), int(case.parameters["products"])
        return _packs(generated_block_mip(blocks=blocks, products=products, seed=seed), None)
    if case.instance is not None and case.instance.startswith("gap/"):
        known = read_known(data, case.instance, read_gap)
        return _assignment(known.data, known.reference)
    packs = read_known(data, str(case.instance), read_block_mip)
    return _packs(packs.data, packs.reference)


def _packs(data: BlockMip, reference: Reference | None) -> Instance:
    return Instance(
        program=data.model.program(),
        problem=data.problem(),
        check=lambda x: check_model(data.model, x),
        prove=None,
        reference=reference,
    )


def _assignment(data: GapData, reference: Reference | None) -> Instance:
    agents, jobs = data.cost.shape
    program = gap_program(data)
    row_block = np.concatenate([np.full(jobs, MASTER), np.arange(agents)]).astype(np.int32)
    return Instance(
        program=program,
        problem=from_program(program, row_block, np.repeat(np.arange(agents), jobs).astype(np.int32)),
        check=lambda x: check_gap(data, x),
        prove=lambda prices: gap_job_bound(data, -prices),
        reference=reference,
    )


def _by_blocks(instance: Instance, watch: Stopwatch, case: Case) -> Answer:
    """Solve by blocks; blocks go to HiGHS in the search for strong relaxations, the whole to HiGHS as it is."""

    def progress(moment: Moment) -> None:
        value, bound = (-number if math.isfinite(number) else None for number in (moment.value, moment.bound))
        watch.point(value=value, bound=bound)

    limits = BlockLimits(gap=_GAP, seconds=case.time_limit)
    engines = Engines(oracles=HighsBackend(search="proof"))
    try:
        with watch.measure("solve"):
            found = solve_blocks(
                instance.problem, backend=HighsBackend(), limits=limits, engines=engines, progress=progress
            )
    except SolverError as error:
        return Answer(failure=f"{error.code}: {error}")
    return Answer(
        solution=found.x,
        value=None if found.x is None else -found.value,
        bound=-found.bound if math.isfinite(found.bound) else None,
        certificate=found,
        figures={"rounds": float(found.rounds), "work": float(found.work)},
        stopped=None if found.stop is Stop.GAP else found.stop.value,
    )


def _check(instance: Instance, answer: Answer, case: Case) -> Verdict:
    del case
    found = answer.certificate
    stands = verdict(
        replace(answer, certificate=None),
        check=instance.check,
        certify=lambda _: math.nan,
        sense="min",
        reference=instance.reference,
    )
    if not isinstance(found, BlockResult) or not found.block_bounds:
        return stands
    return _with_prices(instance, found, stands)


def _with_prices(instance: Instance, found: BlockResult, stands: Verdict) -> Verdict:
    """Recompute what the prices prove: from the raw data where that is possible, else from the blocks' own claims."""
    again = -lagrangian_bound(split_components(instance.problem), found.prices, found.block_bounds)
    alone = again if instance.prove is None else instance.prove(found.prices)
    problems = stands.problems
    if -found.price_bound > again + 1e-9 * abs(again) or again > alone + 1e-6 * abs(alone):
        claimed = f"prices are said to prove {-found.price_bound:.10g}, blocks' claims {again:.10g}"
        problems = (*problems, f"{claimed}, the data {alone:.10g}")
    return replace(stands, problems=problems, figures={"price_bound": alone})


def _case(file: str, time_limit: float) -> Case:
    return Case(
        name=file.rpartition("/")[2].partition(".")[0],
        phase=Phase.SOLVE,
        suites=frozenset({"coordination"}),
        instance=file,
        time_limit=time_limit,
    )


def _tiny(name: str, **parameters: int | str) -> Case:
    return Case(name=name, phase=Phase.SOLVE, suites=frozenset({"smoke"}), parameters=parameters, time_limit=2.0)


_PACKS = (_case("block/retail3.mps", 25.0), _case("block/retail27.mps.gz", 25.0), _case("block/retail20.mps", 40.0))
_EASY = tuple(_case(f"gap/{name}", 20.0) for name in ("a05100", "b05100", "c05100", "c10100"))
_HARD = tuple(_case(f"gap/{name}", 15.0) for name in ("d05100", "e05100"))


def _within(text: str, case: Case, figure: str, at_most: float) -> Target:
    return Target(text=f"{case.name}: {text}", case=case.name, contender="concordat", figure=figure, at_most=at_most)


_TARGETS = (
    *(_within("proved to 0.1 %", case, "gap", 1e-3) for case in _PACKS[:2]),
    *(_within("within 60 s of CPU", case, "solve_cpu_s", 60.0) for case in _PACKS[:2]),
    _within("gap of 2 % at most", _PACKS[2], "gap", 0.02),
    *(_within("proved optimal", case, "gap", 1e-9) for case in _EASY),
    *(_within("gap of 0.5 % at most", case, "gap", 5e-3) for case in _HARD),
)

SUBJECT = Subject(
    name="coordination_blocks",
    title="Block problems: by blocks, and as a whole",
    cases=(
        _tiny("tiny packs", blocks=4, products=3),
        _tiny("tiny assignment", type="c", agents=3, jobs=15),
        *_PACKS,
        *_EASY,
        *_HARD,
    ),
    prepare=_prepare,
    contenders=(
        Contender(name="concordat", run=_by_blocks, ours=True),
        by_backend("highs", lambda instance: instance.program, sense="min"),
        by_backend("scip", lambda instance: instance.program, sense="min"),
    ),
    peer="highs",
    check=_check,
    targets=_TARGETS,
)
