"""A solver's log is kept where it is asked for, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.backends.registry import BACKEND_NAMES, KEEP_LOGS, backend
from solvers.backends.solver_log import SolverLog
from solvers.core.errors import Unsupported
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
        HighsBackend(log=SolverLog(log)).load(_knapsack()).solve(relaxed=relaxed)
        sizes.append(log.stat().st_size)
    assert 0 < sizes[0] < sizes[1]
    assert "HiGHS" in log.read_text(encoding="utf-8")
    assert capfd.readouterr().out == ""


def test_the_log_changes_no_answer(tmp_path: Path) -> None:
    """With and without a log the same point is found."""
    backends = (HighsBackend(), HighsBackend(log=SolverLog(tmp_path / "log")))
    quiet, told = (each.load(_knapsack()).solve() for each in backends)
    assert quiet.x is not None
    assert told.x is not None
    assert np.array_equal(quiet.x, told.x)


def test_a_log_that_is_full_says_so_once_and_grows_no_more(tmp_path: Path) -> None:
    """Beyond its size no solve is told, neither of a model that was told before nor of a new one; answers stay."""
    log = SolverLog(tmp_path / "log", most_bytes=200)
    before = HighsBackend(log=log).load(_knapsack())
    first = before.solve()
    size = log.file.stat().st_size
    assert size > 200
    later = [before.solve(), HighsBackend(log=log).load(_knapsack()).solve(), before.solve(relaxed=True)]
    log.note("nobody reads this")
    text = log.file.read_text(encoding="utf-8")
    assert text[size:] == "cut here: solves after the first 200 bytes are not told\n"
    assert [each.bound for each in later[:2]] == [first.bound] * 2


def test_a_log_in_no_folder_is_refused(tmp_path: Path) -> None:
    """The folder must exist, and there must be room for something."""
    with pytest.raises(ValueError, match="no folder"):
        SolverLog(tmp_path / "missing" / "plan.log")
    with pytest.raises(ValueError, match="at least 1 byte"):
        SolverLog(tmp_path / "plan.log", most_bytes=0)


@pytest.mark.parametrize("name", BACKEND_NAMES)
def test_backends_say_whether_they_keep_a_log(tmp_path: Path, name: str) -> None:
    """A backend either tells its solve to the log, or refuses the log by name."""
    log = SolverLog(tmp_path / "log")
    if name in KEEP_LOGS:
        backend(name, log=log).load(_knapsack()).solve()
        assert log.file.stat().st_size > 0
    else:
        with pytest.raises(Unsupported, match=name):
            backend(name, log=log)
