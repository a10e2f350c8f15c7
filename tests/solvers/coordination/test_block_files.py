"""Problems from MPS and block files, solved to what is published about them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from solvers.backends.highs import HighsBackend
from solvers.coordination.block_files import read_block_mip
from solvers.coordination.block_result import BlockLimits
from solvers.coordination.solve import Engines, solve_blocks
from solvers.coordination.verify import check_point

MODEL = """NAME toy
ROWS
 N cost
 L a
 L b
 E link
COLUMNS
 M0 'MARKER' 'INTORG'
 x cost -2 a 1 link 1
 y cost -3 b 1 link 1
 M1 'MARKER' 'INTEND'
 z cost 1 link -2
RHS
 RHS a 3 b 2
BOUNDS
 UP BOUND x 9
 UP BOUND y 9
 UP BOUND z 9
ENDATA
"""


def test_a_model_with_blocks_becomes_a_problem(tmp_path: Path) -> None:
    """A minimisation of two blocks and a master column is read and solved as the maximisation of its negative."""
    (tmp_path / "toy.mps").write_text(MODEL, encoding="utf-8")
    (tmp_path / "toy.block").write_text("0 0\n1 1\n", encoding="utf-8")
    problem = read_block_mip(tmp_path / "toy.mps").problem()
    assert [part.name for part in problem.parts] == ["0", "1", "master"]
    result = solve_blocks(problem, backend=HighsBackend())
    # x = 3, y = 2 and z = (3 + 2)/2 cost −6 − 6 + 2.5.
    assert result.value == pytest.approx(9.5)
    assert result.x is not None
    assert result.x.tolist() == pytest.approx([3.0, 2.0, 2.5])


@pytest.mark.shared_data
def test_a_public_problem_is_proved_to_a_thousandth() -> None:
    """Of retail3, solution and bound agree with the published optimum to 0.1 %, by prices and without a time limit."""
    beside = Path(__file__).parents[4] / "shared" / "data"
    folder = Path(os.environ.get("CONCORDAT_SHARED_DATA", beside)) / "instances"
    if not folder.is_dir():
        pytest.skip("the reference data set ../shared/data is not beside the checkout")
    published = json.loads((folder / "references.json").read_text(encoding="utf-8"))["block/retail3"]["value"]
    problem = read_block_mip(folder / "block" / "retail3.mps").problem()
    engines = Engines(whole=False, oracles=HighsBackend(search="proof"))
    result = solve_blocks(problem, backend=HighsBackend(), limits=BlockLimits(gap=1e-3), engines=engines)
    assert result.x is not None
    assert result.gap <= 1e-3
    assert check_point(problem, result.x).violation <= 1e-6
    assert -result.bound <= published + 1e-4 <= -result.value + 1e-3
