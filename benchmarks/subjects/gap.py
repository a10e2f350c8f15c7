"""Generalised assignment, six public instances: what the backends do with the plain program.

A comparison of peers with each other: the project has no method of its own for this family. What counts is that value
and bound agree with the published ones.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.instances.by_backend import by_backend, relaxed_by_backend
from benchmarks.instances.claims import verdict
from benchmarks.instances.gap import GapData, check_gap, gap_capacity_bound, gap_program, read_gap
from benchmarks.instances.generated import generated_gap
from benchmarks.instances.references import Known, read_known
from benchmarks.subject import Answer, Case, Phase, Subject, Verdict
from solvers.core.program import Floats, Program


def _prepare(case: Case, data: Path | None, seed: int) -> Known[GapData]:
    if case.instance is not None:
        return read_known(data, case.instance, read_gap)
    agents, jobs = int(case.parameters["agents"]), int(case.parameters["jobs"])
    return Known(generated_gap(str(case.parameters["type"]), agents=agents, jobs=jobs, seed=seed))


def _program(instance: Known[GapData]) -> Program:
    return gap_program(instance.data)


def _check(instance: Known[GapData], answer: Answer, case: Case) -> Verdict:
    del case
    agents, jobs = instance.data.cost.shape

    def certify(row_dual: Floats) -> float:
        return gap_capacity_bound(instance.data, row_dual[jobs : jobs + agents])

    return verdict(
        answer,
        check=lambda x: check_gap(instance.data, x),
        certify=certify,
        sense="min",
        reference=instance.reference,
    )


_MIXED = ("highs", "cpsat", "scip")


def _case(name: str, *more: str, time_limit: float = 10.0) -> Case:
    return Case(
        name=name,
        phase=Phase.SOLVE,
        suites=frozenset({"full"}),
        instance=f"gap/{name}",
        time_limit=time_limit,
        contenders=(*_MIXED, *more),
    )


_TINY = Case(
    name="tiny",
    phase=Phase.SOLVE,
    suites=frozenset({"smoke"}),
    parameters={"type": "c", "agents": 3, "jobs": 15},
    time_limit=2.0,
    contenders=(*_MIXED, "highs LP"),
)

SUBJECT = Subject(
    name="gap",
    title="Generalised assignment: the backends on public instances",
    cases=(
        _TINY,
        _case("a05100", "pyomo"),
        _case("b05100"),
        _case("c05100"),
        _case("c10100", "highs LP"),
        # These two stay open for minutes: what is compared is the gap.
        _case("d05100", time_limit=5.0),
        _case("e05100", "highs LP", time_limit=5.0),
    ),
    prepare=_prepare,
    contenders=(
        by_backend("highs", _program, sense="min"),
        by_backend("cpsat", _program, sense="min"),
        by_backend("scip", _program, sense="min"),
        by_backend("pyomo", _program, sense="min"),
        relaxed_by_backend("highs", _program, sense="min"),
    ),
    peer="highs",
    check=_check,
)
