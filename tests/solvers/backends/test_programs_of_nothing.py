"""Programs without columns have a value, a bound and a truth of their own."""

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.program import Program, SparseRows
from solvers.core.termination import Termination


def _nothing(row_lower: float) -> Program:
    none = np.zeros(0)
    rows = SparseRows.from_triplets((), (), (), 1, 0)
    return Program(
        none, none, none, np.zeros(0, dtype=np.bool_), rows, np.array([row_lower]), np.array([np.inf]), offset=3.0
    )


@pytest.mark.parametrize("name", ["highs", "scip"])
@pytest.mark.parametrize("relaxed", [True, False])
def test_a_program_without_columns_is_worth_its_offset(name: str, *, relaxed: bool) -> None:
    """Where 0 satisfies all rows, value and bound are the offset."""
    found = backend(name).load(_nothing(-1.0)).solve(relaxed=relaxed)
    assert (found.termination, found.objective, found.bound) == (Termination.OPTIMAL, 3.0, 3.0)


@pytest.mark.parametrize("name", ["highs", "scip"])
def test_rows_that_nothing_satisfies_are_infeasible(name: str) -> None:
    """A row that asks something of no columns cannot hold."""
    assert backend(name).load(_nothing(1.0)).solve().termination is Termination.INFEASIBLE
