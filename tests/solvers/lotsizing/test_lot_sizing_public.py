"""Linear bounds of the public capacitated lot-sizing instances, against a model written apart."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pyomo.environ as pyo
import pytest

from benchmarks.instances.clsp import read_clsp
from solvers.backends.registry import backend
from solvers.core.program import Floats
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.verify import lower_bound
from solvers.reference.clsp import loaded_in_highs, lot_sizing_facility_location

NAMES = ("X11117A", "X11118B", "X12128A", "X12417B")


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return the folder of public instances, or skip."""
    beside = Path(__file__).parents[4] / "shared" / "data"
    found = Path(os.environ.get("CONCORDAT_SHARED_DATA", beside)) / "instances"
    if not found.is_dir():
        pytest.skip("the reference data set ../shared/data is not beside the checkout")
    return found


def instance_of(path: Path) -> LotSizingInstance:
    """Read an instance; its unit cost is left out, as in the published values."""
    data = read_clsp(path)
    return LotSizingInstance(
        demand=data.demand,
        setup_cost=data.setup_cost[:, None],
        holding_cost=data.holding[:, None],
        setup_time=data.setup_time[:, None],
        unit_time=data.use[:, None],
        capacity=np.full((1, data.periods), data.capacity),
    )


def certified(formulation: Formulation) -> float:
    """Solve the linear relaxation and recompute its bound from the multipliers."""
    duals = backend("highs").load(formulation.program).solve(relaxed=True).row_dual
    assert duals is not None
    return lower_bound(formulation.program, duals)


def reference_bound(instance: LotSizingInstance) -> float:
    """The linear relaxation of the readable facility-location model."""
    model = lot_sizing_facility_location(instance)
    pyo.TransformationFactory("core.relax_integer_vars").apply_to(model)
    return float(loaded_in_highs(model).solve(model).best_feasible_objective)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", NAMES)
def test_the_strong_bound_is_the_readable_models_and_below_the_proven_optimum(folder: Path, name: str) -> None:
    """Plain bound < facility-location bound = that of the readable model ≤ proven optimum."""
    instance = instance_of(folder / "clsp" / name)
    plain, strong = certified(plain_formulation(instance)), certified(facility_location_formulation(instance))
    optimum = json.loads((folder / "references.json").read_text(encoding="utf-8"))[f"clsp/{name}"]["value"]
    print(f"{name}: plain {plain:.4f}, facility location {strong:.4f}, optimum {optimum}")  # noqa: T201  shown by -s
    assert strong == pytest.approx(reference_bound(instance), rel=1e-7)
    assert plain < strong <= optimum + 1e-6


def test_the_readable_model_agrees_on_generated_instances() -> None:
    """The same without the public data: a one-level instance with overtime, capacity of two resources, idle demand."""
    draw = np.random.default_rng(4)
    demand: Floats = np.where(draw.random((6, 8)) < 0.8, draw.integers(5, 50, (6, 8)), 0).astype(float)
    demand[:, 0] = 0.0
    instance = LotSizingInstance(
        demand=demand,
        setup_cost=draw.integers(20, 200, (6, 8)).astype(float),
        unit_cost=draw.integers(0, 5, (6, 8)).astype(float),
        holding_cost=draw.integers(1, 4, (6, 8)).astype(float),
        setup_time=draw.integers(0, 20, (6, 2)).astype(float),
        unit_time=draw.integers(0, 3, (6, 2)).astype(float),
        capacity=np.full((2, 8), 220.0),
        overtime_most=np.full((2, 8), 100.0),
        overtime_cost=np.full((2, 8), 3.0),
    )
    assert certified(facility_location_formulation(instance)) == pytest.approx(reference_bound(instance), rel=1e-7)
