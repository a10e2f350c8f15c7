"""The public instances as they lie in the data folder: all are read, and what is published holds against them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instances.block_mip import row_bound
from benchmarks.instances.clsp import read_clsp
from benchmarks.instances.gap import gap_capacity_bound, gap_program, read_gap
from benchmarks.instances.mmkp import mmkp_bound, mmkp_program, read_mmkp
from benchmarks.instances.references import Reference, read_references
from solvers.backends.highs import HighsBackend
from solvers.coordination.block_files import BlockMip, read_block_mip

pytestmark = pytest.mark.shared_data

GAP = ("a05100", "b05100", "c05100", "c10100", "d05100", "e05100")
MMKP = ("I01", "I02", "I05", "I07")
BLOCK = ("retail3.mps", "retail27.mps.gz", "retail20.mps")
CLSP = ("X11117A", "X11118B", "X12128A", "X12417B")


@pytest.fixture(scope="module")
def data() -> Path:
    """Return the folder of public instances, or skip."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CONCORDAT_SHARED_DATA", beside)) / "instances"
    if not folder.is_dir():
        pytest.skip("the reference data set ../shared/data is not beside the checkout")
    return folder


def _proven(data: Path, instance: str) -> Reference:
    return read_references(data)[instance]


@pytest.mark.parametrize("name", GAP)
def test_assignment_instances_hold_against_their_published_values(data: Path, name: str) -> None:
    """The certified bound of the relaxation stays below the published optimum, by a few per cent at most."""
    gap = read_gap(data / "gap" / name)
    dual = HighsBackend().load(gap_program(gap)).solve(relaxed=True).row_dual
    value = _proven(data, f"gap/{name}").value
    assert dual is not None
    assert value is not None
    bound = gap_capacity_bound(gap, dual[gap.cost.shape[1] :])
    assert 0.98 * value < bound <= value


@pytest.mark.parametrize("name", MMKP)
def test_knapsack_instances_hold_against_their_published_values(data: Path, name: str) -> None:
    """The certified bound of the relaxation stays above the best known value, and is the published one of I07."""
    mmkp = read_mmkp(data / "mmkp" / name)
    dual = HighsBackend().load(mmkp_program(mmkp)).solve(relaxed=True).row_dual
    known = _proven(data, f"mmkp/{name}")
    assert dual is not None
    assert known.value is not None
    bound = mmkp_bound(mmkp, dual[len(mmkp.value) :])
    assert known.value <= bound < 1.06 * known.value
    if known.status == "open":
        assert bound == pytest.approx(known.bound, abs=0.01)


@pytest.mark.parametrize("name", BLOCK)
def test_block_models_fall_apart_without_their_linking_rows(data: Path, name: str) -> None:
    """Unlisted rows are few, each block has rows and columns, and a certified bound stays below the known value."""
    mip: BlockMip = read_block_mip(data / "block" / name)
    assert np.count_nonzero(mip.row_block == -1) < 10
    assert set(mip.column_block) >= set(range(mip.blocks))
    dual = HighsBackend().load(mip.model.program()).solve(relaxed=True).row_dual
    value = _proven(data, f"block/{name.partition('.')[0]}").value
    assert dual is not None
    assert value is not None
    assert row_bound(mip.model, dual) <= value


@pytest.mark.parametrize("name", CLSP)
def test_lot_sizing_instances_are_read(data: Path, name: str) -> None:
    """Ten items over twenty periods, with less demand than capacity, and a published value."""
    clsp = read_clsp(data / "clsp" / name)
    assert (clsp.items, clsp.periods) == (10, 20)
    assert (clsp.use @ clsp.demand).sum() < clsp.capacity * clsp.periods
    assert _proven(data, f"clsp/{name}").status == "optimal"
