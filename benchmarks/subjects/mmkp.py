"""Multiple-choice knapsacks, four public instances (I07 is open): what the backends do with the plain program.

A comparison of peers with each other: the project has no method of its own for this family. What counts is that value
and bound agree with the published ones.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.instances.by_backend import by_backend, relaxed_by_backend
from benchmarks.instances.claims import verdict
from benchmarks.instances.generated import generated_mmkp
from benchmarks.instances.mmkp import MmkpData, check_mmkp, mmkp_bound, mmkp_program, read_mmkp
from benchmarks.instances.references import Known, read_known
from benchmarks.subject import Answer, Case, Phase, Subject, Verdict
from solvers.core.program import Floats, Program


def _prepare(case: Case, data: Path | None, seed: int) -> Known[MmkpData]:
    if case.instance is not None:
        return read_known(data, case.instance, read_mmkp)
    classes, items, resources = (int(case.parameters[name]) for name in ("classes", "items", "resources"))
    return Known(generated_mmkp(classes=classes, items=items, resources=resources, seed=seed))


def _program(instance: Known[MmkpData]) -> Program:
    return mmkp_program(instance.data)


def _check(instance: Known[MmkpData], answer: Answer, case: Case) -> Verdict:
    del case

    def certify(row_dual: Floats) -> float:
        return mmkp_bound(instance.data, row_dual[len(instance.data.value) :])

    return verdict(
        answer,
        check=lambda x: check_mmkp(instance.data, x),
        certify=certify,
        sense="max",
        reference=instance.reference,
    )


_MIXED = ("highs", "cpsat", "scip")


def _case(name: str, *more: str) -> Case:
    return Case(
        name=name,
        phase=Phase.SOLVE,
        suites=frozenset({"full"}),
        instance=f"mmkp/{name}",
        time_limit=10.0,
        contenders=(*_MIXED, *more),
    )


_TINY = Case(
    name="tiny",
    phase=Phase.SOLVE,
    suites=frozenset({"smoke"}),
    parameters={"classes": 6, "items": 4, "resources": 3},
    time_limit=2.0,
    contenders=("highs", "cpsat"),
)

SUBJECT = Subject(
    name="mmkp",
    title="Multiple-choice knapsack: the backends on public instances",
    cases=(_TINY, _case("I01"), _case("I02"), _case("I05", "pyomo"), _case("I07", "highs LP")),
    prepare=_prepare,
    contenders=(
        by_backend("highs", _program, sense="max"),
        by_backend("cpsat", _program, sense="max"),
        by_backend("scip", _program, sense="max"),
        by_backend("pyomo", _program, sense="max"),
        relaxed_by_backend("highs", _program, sense="max"),
    ),
    peer="highs",
    check=_check,
)
