"""What the lot-sizing subjects share: files and generated instances made ready, and their plans held against the data.

A solution is handed over as float64 [2, N, T]: lots, and set-ups as 0 or 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import Checked, verdict
from benchmarks.instances.clsp import ClspData, check_clsp, read_clsp
from benchmarks.instances.clsp_instance import clsp_instance
from benchmarks.instances.generated import generated_clsp
from benchmarks.instances.references import Reference, read_known
from benchmarks.subject import Answer, Case, Phase, Verdict
from solvers.backends.registry import backend
from solvers.core.program import Floats
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan
from solvers.lotsizing.verify import lower_bound

PUBLIC = ("X11117A", "X11118B", "X12128A", "X12417B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lots:
    """An instance as it stands in its file and as the solvers take it, with what is published about it."""

    data: ClspData
    instance: LotSizingInstance
    reference: Reference | None = None


def public_case(name: str, *, time_limit: float) -> Case:
    """Return the case of a public instance."""
    return Case(
        name=name, phase=Phase.SOLVE, suites=frozenset({"full"}), instance=f"clsp/{name}", time_limit=time_limit
    )


def generated_case(items: int, periods: int, *, suite: str, time_limit: float, cycle: float = 2.0) -> Case:
    """Return a case of a generated instance, named by its size."""
    return Case(
        name=f"{items}x{periods}",
        phase=Phase.SOLVE,
        suites=frozenset({suite}),
        parameters={"items": items, "periods": periods, "cycle": cycle},
        time_limit=time_limit,
    )


def prepare(case: Case, data: Path | None, seed: int) -> Lots:
    """Read or generate the instance of a case."""
    if case.instance is not None:
        known = read_known(data, case.instance, read_clsp)
        return Lots(data=known.data, instance=clsp_instance(known.data), reference=known.reference)
    items, periods = int(case.parameters["items"]), int(case.parameters["periods"])
    made = generated_clsp(items=items, periods=periods, seed=seed, cycle=float(case.parameters["cycle"]))
    return Lots(data=made, instance=clsp_instance(made))


def tiny() -> LotSizingInstance:
    """Return an instance to warm up with: imports and caches are nobody's solve."""
    return clsp_instance(generated_clsp(items=2, periods=4, seed=0))


def handed(plan: LotSizingPlan) -> Floats:
    """Return a plan as the subjects hand it over."""
    return np.stack([plan.production, plan.setup.astype(np.float64)])


def multipliers(instance: LotSizingInstance) -> Floats | None:
    """Return the multipliers of the facility-location relaxation, from which a checker recomputes its bound."""
    program = facility_location_formulation(instance).program
    return backend("highs").load(program).solve(relaxed=True).row_dual


def check(lots: Lots, answer: Answer, case: Case) -> Verdict:
    """Recompute plan and bound from the data, and hold them against the reference; a certificate are multipliers."""
    del case

    def plan(x: Floats) -> Checked:
        quantity, setup = x.reshape(2, lots.data.items, lots.data.periods)
        return check_clsp(lots.data, quantity=quantity, setup=setup.ravel())

    def certify(row_dual: Floats) -> float:
        return lower_bound(facility_location_formulation(lots.instance).program, row_dual)

    return verdict(answer, check=plan, certify=certify, sense="min", reference=lots.reference)
