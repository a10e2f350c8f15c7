"""Block-angular programs of retail pack assignment, three public instances: the backends on the whole program.

A comparison of peers with each other, until there is a decomposition: that is one more line of contenders, which gets
the model and its blocks. What counts is that value and bound agree with the published ones. CP-SAT takes no part, since
the models have continuous columns without a bound.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.instances.block_mip import check_model, row_bound
from benchmarks.instances.by_backend import by_backend, relaxed_by_backend
from benchmarks.instances.claims import verdict
from benchmarks.instances.generated import generated_block_mip
from benchmarks.instances.references import Known, read_known
from benchmarks.subject import Answer, Case, Phase, Subject, Verdict
from solvers.coordination.block_files import BlockMip, read_block_mip
from solvers.core.program import Program


def _prepare(case: Case, data: Path | None, seed: int) -> Known[BlockMip]:
    if case.instance is not None:
        return read_known(data, case.instance, read_block_mip)
    blocks, products = int(case.parameters["blocks"]), int(case.parameters["products"])
    return Known(generated_block_mip(blocks=blocks, products=products, seed=seed))


def _program(instance: Known[BlockMip]) -> Program:
    return instance.data.model.program()


def _check(instance: Known[BlockMip], answer: Answer, case: Case) -> Verdict:
    del case
    model = instance.data.model
    return verdict(
        answer,
        check=lambda x: check_model(model, x),
        certify=lambda row_dual: row_bound(model, row_dual),
        sense="max" if model.maximise else "min",
        reference=instance.reference,
    )


def _case(file: str, time_limit: float) -> Case:
    return Case(
        name=file.partition(".")[0],
        phase=Phase.SOLVE,
        suites=frozenset({"full"}),
        instance=f"block/{file}",
        time_limit=time_limit,
    )


_TINY = Case(
    name="tiny",
    phase=Phase.SOLVE,
    suites=frozenset({"smoke"}),
    parameters={"blocks": 4, "products": 3},
    time_limit=2.0,
    contenders=("highs", "scip"),
)

SUBJECT = Subject(
    name="block_mip",
    title="Block-angular programs: the backends on public instances",
    cases=(_TINY, _case("retail3.mps", 25.0), _case("retail27.mps.gz", 25.0), _case("retail20.mps", 20.0)),
    prepare=_prepare,
    contenders=(
        by_backend("highs", _program, sense="min"),
        by_backend("scip", _program, sense="min"),
        relaxed_by_backend("highs", _program, sense="min"),
    ),
    peer="highs",
    check=_check,
)
