"""Blocks built column by column, and put together into one program."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.core.errors import InvalidProgram
from solvers.core.program import SparseRows
from solvers.network.assembly import assemble, split_columns
from solvers.network.block import Block, Labels, Links
from tests.solvers.small_programs import INF, builder, dense, links


def lots() -> Block:
    """A set-up that allows a quantity, tied to link 1."""
    made = builder("lots")
    made.offset = -2.0
    setup = made.add_columns("setup", ["a"], 0, upper=1.0, objective=-5.0, integer=True)
    quantity = made.add_columns("quantity", ["a"], 0, upper=8.0, objective=-1.0)
    row = made.add_rows("most", ["a"], 0, lower=0.0)
    made.add_entries(row, setup, 8.0)
    made.add_entries(row, quantity, -1.0)
    made.add_links(1, quantity, 1.0)
    made.add_setups(setup, quantity, np.array([8.0]))
    return made.build(2)


def tiers() -> Block:
    """Two tiers of which one is chosen, and a sale tied to both links."""
    made = builder("tiers")
    tier = made.add_columns("tier", ["t0", "t1"], [3, 4], upper=1.0, objective=[0.0, 2.0], integer=True)
    sale = made.add_columns("sale", ["s"], -1, lower=1.0, upper=6.0, objective=4.0)
    one = made.add_rows("one", ["x"], -1, lower=1.0, upper=1.0)
    made.add_entries(one, tier, 1.0)
    made.add_links([0, 1], sale, [2.0, -1.0])
    made.add_choice("x@-1", tier)
    return made.build(2)


def test_columns_rows_and_labels_stand_in_the_order_added() -> None:
    """Scalars spread over keys, labels say kind, key and period, and the vectors hold what was given."""
    block = tiers()
    assert block.columns.kind == ("tier", "tier", "sale")
    assert block.columns.key == ("t0", "t1", "s")
    assert block.columns.period.tolist() == [3, 4, -1]
    assert block.program.objective.tolist() == [0.0, 2.0, 4.0]
    assert block.program.lower.tolist() == [0.0, 0.0, 1.0]
    assert block.program.integer.tolist() == [True, True, False]
    assert block.rows.kind == ("one",)
    assert dense(block.program.rows).tolist() == [[1.0, 1.0, 0.0]]
    assert dense(block.links).tolist() == [[0.0, 0.0, 2.0], [0.0, 0.0, -1.0]]


def test_repeated_entries_add_up() -> None:
    """Two entries at one place are one entry with their sum, in own rows and in linking rows."""
    made = builder()
    column = made.add_columns("x", ["a"], 0, upper=1.0)
    row = made.add_rows("r", ["a"], 0)
    for value in (1.5, 2.0):
        made.add_entries(row, column, value)
        made.add_links(0, column, -value)
    block = made.build(1)
    assert dense(block.program.rows).tolist() == [[3.5]]
    assert dense(block.links).tolist() == [[-3.5]]


def test_the_total_of_upper_bounds() -> None:
    """The builder adds up the upper bounds of chosen columns before the block is frozen."""
    made = builder()
    first = made.add_columns("x", ["a", "b"], 0, upper=[1.0, 2.0])
    second = made.add_columns("y", ["c"], 0, upper=4.0)
    assert made.total_upper(np.concatenate([first[1:], second])) == 6.0


def test_an_empty_block_is_a_constant() -> None:
    """A block nothing was added to has no columns and no rows, and keeps its constant."""
    made = builder()
    made.offset = 7.0
    block = made.build(3)
    assert (block.program.columns, block.program.rows.rows, block.program.offset) == (0, 0, 7.0)
    assert block.links.rows == 3


def test_assembled_blocks_stand_side_by_side_above_the_linking_rows() -> None:
    """Own rows are block-diagonal, linking rows last; set-ups and choices are renumbered; constants add up."""
    rows = links([(-INF, 9.0), (0.0, 0.0)])
    whole = assemble([lots(), tiers()], rows)
    assert dense(whole.program.rows).tolist() == [
        [8.0, -1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 2.0],
        [0.0, 1.0, 0.0, 0.0, -1.0],
    ]
    assert whole.program.row_lower.tolist() == [0.0, 1.0, -INF, 0.0]
    assert whole.program.row_upper.tolist() == [INF, 1.0, 9.0, 0.0]
    assert whole.program.objective.tolist() == [-5.0, -1.0, 0.0, 2.0, 4.0]
    assert whole.program.offset == -2.0
    assert whole.link_rows == slice(2, 4)
    assert whole.rows_of(1) == slice(1, 2)
    assert (whole.setups.setup.tolist(), whole.setups.quantity.tolist()) == ([0], [1])
    assert [(name, group.tolist()) for name, group in whole.choices] == [("x@-1", [2, 3])]


def test_splitting_columns_undoes_the_assembly() -> None:
    """A vector over the whole falls apart into the blocks' vectors, whose money and activities add up."""
    blocks = [lots(), tiers(), builder("nothing").build(2)]
    whole = assemble(blocks, links([(-INF, 9.0), (0.0, 0.0)]))
    x = np.array([1.0, 3.0, 0.0, 1.0, 3.0])
    parts = split_columns(whole, x)
    assert [part.tolist() for part in parts] == [[1.0, 3.0], [0.0, 1.0, 3.0], []]
    money = sum(float(b.program.objective @ part + b.program.offset) for b, part in zip(blocks, parts, strict=True))
    assert money == whole.program.objective @ x + whole.program.offset
    activity = sum(b.links.times(part) for b, part in zip(blocks, parts, strict=True))
    np.testing.assert_array_equal(activity, whole.program.rows.times(x)[whole.link_rows])


def test_parts_that_do_not_fit_are_refused() -> None:
    """Labels, links and blocks of unequal sizes are refused when they are made."""
    one = np.zeros(1, dtype=np.int32)
    with pytest.raises(InvalidProgram, match="as many kinds"):
        Labels(("a", "b"), ("x",), one)
    with pytest.raises(InvalidProgram, match="one lower and one upper"):
        Links(Labels(("a",), ("x",), one), np.zeros(2), np.zeros(1))
    block = lots()
    with pytest.raises(InvalidProgram, match="block lots"):
        Block(
            block.name,
            block.program,
            SparseRows.from_triplets([], [], [], 2, 3),
            block.rows,
            block.columns,
            block.setups,
        )
