"""A solver's log is kept where it is asked for, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.core.program import Program, SparseRows


def _knapsack() -> Program:
    rows = SparseRows.from_triplets([0, 0, 0], [0, 1, 2], [3.0, 4.0, 5.0], 1, 3)
    return Program(
        np.array([4.0, 5.0, 6.0]),
        np.zeros(3),
        np.ones(3),
        np.ones(3, dtype=np.bool_),
        rows,
        np.full(1, -np.inf),
        np.array([8.0]),
    )


def test_every_solve_is_appended_to_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A linear and a mixed-integer solve of two models stand in one file, and nothing is printed."""
    log = tmp_path / "plan.log"
    sizes = []
    for relaxed in (True, False):
        HighsBackend(log=log).load(_knapsack()).solve(relaxed=relaxed)
        sizes.append(log.stat().st_size)
    assert 0 < sizes[0] < sizes[1]
    assert "HiGHS" in log.read_text(encoding="utf-8")
    assert capfd.readouterr().out == ""


def test_the_log_changes_no_answer(tmp_path: Path) -> None:
    """With and without a log the same point is found."""
    quiet, told = (b.load(_knapsack()).solve() for b in (HighsBackend(), HighsBackend(log=tmp_path / "log")))
    assert quiet.x is not None
    assert told.x is not None
    assert np.array_equal(quiet.x, told.x)


def test_a_log_in_no_folder_is_refused(tmp_path: Path) -> None:
    """The folder must exist."""
    with pytest.raises(ValueError, match="no folder"):
        HighsBackend(log=tmp_path / "missing" / "plan.log")
