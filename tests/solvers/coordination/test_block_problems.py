"""Programs taken apart into blocks, put together again, and blocks that fall apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.coordination.block_problem import MASTER, BlockProblem, Part, from_network, from_program
from solvers.coordination.components import split_components
from solvers.coordination.verify import check_point
from solvers.core.errors import InvalidProgram
from solvers.core.program import SparseRows
from solvers.network.assembly import assemble
from tests.solvers.small_block_problems import assignment, random_problem
from tests.solvers.small_programs import INF, builder, dense, links, program


def torn() -> tuple[BlockProblem, Part]:
    """A problem of two blocks, and its first block."""
    problem = random_problem(3, blocks=2)
    return problem, problem.blocks[0]


@given(st.integers(0, 2**32), st.integers(0, 2))
def test_taking_apart_and_joining_changes_no_value(seed: int, masters: int) -> None:
    """Any point has the same value in the whole and in its parts, and split and join are each other's inverse."""
    problem = random_problem(seed, masters=masters)
    whole, x = problem.whole(), np.random.default_rng(seed).uniform(0, 4, problem.columns)
    np.testing.assert_array_equal(problem.join(problem.split(x)), x)
    assert check_point(problem, x).value == pytest.approx(float(whole.objective @ x + whole.offset))
    activity = whole.rows.times(x)
    misses = np.maximum(whole.row_lower - activity, activity - whole.row_upper).max()
    bounds = np.maximum(whole.lower - x, x - whole.upper).max()
    whole_numbers = np.where(whole.integer, np.abs(x - np.rint(x)), 0.0).max()
    assert check_point(problem, x).violation == pytest.approx(max(misses, bounds, whole_numbers, 0.0))


def test_columns_keep_their_places() -> None:
    """Blocks whose columns are scattered over the program get them in order, and the whole has them where they were."""
    given = program([1.0, 2.0, 3.0, 4.0], [[1, 0, 1, 0], [0, 1, 0, 0], [1, 1, 1, 1]], [(0, 5), (0, 3), (-INF, 7)])
    problem = from_program(given, np.array([1, 0, MASTER], np.int32), np.array([1, 0, 1, MASTER], np.int32))
    assert [part.name for part in problem.parts] == ["0", "1", "master"]
    assert [problem.columns_of(p).tolist() for p in range(3)] == [[1], [0, 2], [3]]
    np.testing.assert_array_equal(problem.whole().objective, given.objective)
    np.testing.assert_array_equal(dense(problem.whole().rows)[-1], [1, 1, 1, 1])


def test_a_row_of_one_block_with_a_column_of_another_is_refused() -> None:
    """The message names row, column and both blocks."""
    given = program([1.0, 1.0], [[1, 1]], [(0, 1)])
    with pytest.raises(InvalidProgram, match=r"row 0 of block 0 .* column 1 of block 1"):
        from_program(given, np.array([0], np.int32), np.array([0, 1], np.int32))


def test_parts_that_do_not_fit_are_refused() -> None:
    """Entries of other columns, another number of links, rows of the master, a place named twice."""
    problem, block = torn()
    with pytest.raises(InvalidProgram, match="speak of the same columns"):
        Part("odd", block.program, SparseRows.from_triplets((), (), (), problem.links, 99))
    with pytest.raises(InvalidProgram, match="knows 9 linking rows"):
        replace(problem, blocks=(replace(block, links=SparseRows.from_triplets((), (), (), 9, block.program.columns)),))
    with pytest.raises(InvalidProgram, match="none of its own"):
        replace(problem, master=block)
    with pytest.raises(InvalidProgram, match="once"):
        replace(problem, place=np.zeros_like(problem.place))


def test_a_network_is_a_block_problem() -> None:
    """Blocks and links of a network become the same whole that the network assembles."""
    made = []
    for name in ("a", "b"):
        block = builder(name)
        column = block.add_columns("x", ["k"], 0, upper=3.0, objective=2.0, integer=True)
        block.add_entries(block.add_rows("r", ["k"], 0, upper=2.0), column, 1.0)
        block.add_links(0, column, 1.0)
        made.append(block.build(1))
    rows = links([(-INF, 3.0)])
    ours, theirs = from_network(made, rows).whole(), assemble(made, rows).program
    np.testing.assert_array_equal(dense(ours.rows), dense(theirs.rows))
    np.testing.assert_array_equal(ours.row_upper, theirs.row_upper)
    np.testing.assert_array_equal(ours.objective, theirs.objective)


def test_blocks_fall_into_their_components() -> None:
    """A block of two rows without a common column is two blocks; a column that can only be 0 holds nothing together."""
    given = program(
        [1.0, 2.0, 3.0, 9.0],
        [[1, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 1]],
        [(0, 2), (0, 3), (-INF, 4)],
        bounds=[(0, 3), (0, 3), (0, 3), (0, 0)],
        offset=5.0,
    )
    problem = from_program(given, np.array([0, 0, MASTER], np.int32), np.zeros(4, np.int32))
    split = split_components(problem)
    assert [part.program.columns for part in split.blocks] == [1, 2, 1]
    x = np.array([1.0, 2.0, 1.0, 0.0])
    assert check_point(split, x) == check_point(problem, x)
    assert check_point(split, x).value == 13.0


@given(st.integers(0, 2**32))
def test_components_describe_the_same_problem(seed: int) -> None:
    """Any point has the same value and the same violation before and after blocks are split."""
    rng = np.random.default_rng(seed)
    problem = random_problem(seed) if seed % 2 else assignment(seed)
    split, x = split_components(problem), np.floor(rng.uniform(0, 2, problem.columns))
    before, after = check_point(problem, x), check_point(split, x)
    assert after.value == pytest.approx(before.value)
    assert after.violation == pytest.approx(before.violation)


def test_a_point_that_is_none_is_refused() -> None:
    """A point of another size or with NaN is no solution."""
    problem, _ = torn()
    for wrong in (np.zeros(problem.columns + 1), np.full(problem.columns, np.nan)):
        with pytest.raises(InvalidProgram, match="finite numbers"):
            check_point(problem, wrong)
