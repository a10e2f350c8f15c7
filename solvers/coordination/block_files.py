"""Block-angular mixed-integer programs from files: an MPS model, and which rows belong to which block.

The block file holds pairs ``block row``, both counted from 0, rows in the order of the model without its objective.
Rows it does not list link the blocks. Source of the format: DIP (coin-or/Dip), MILPBlock application.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from solvers.coordination.block_problem import MASTER, BlockProblem, from_program
from solvers.core.errors import InstanceUnreadable
from solvers.core.program import Ints
from solvers.core.text_file import read_text
from solvers.network.mps_reader import MpsData, read_mps_data

_SUFFIXES = (".mps.gz", ".mps")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockMip:
    """A model with its blocks: ``row_block`` of shape (m,) and ``column_block`` of shape (n,), int32."""

    model: MpsData
    row_block: Ints
    column_block: Ints

    def problem(self) -> BlockProblem:
        """Return the problem to maximise; columns keep the places they have in the model."""
        return from_program(self.model.program(), self.row_block, self.column_block)

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(np.unique(self.row_block[self.row_block != MASTER]))


def read_block_mip(path: Path) -> BlockMip:
    """Return the model of ``NAME.mps`` or ``NAME.mps.gz`` with the blocks of ``NAME.block`` beside it.

    Raises
    ------
    InstanceUnreadable
        If either file cannot be read, names a row there is none of or twice, or a column stands in two blocks.
    """
    suffix = next((suffix for suffix in _SUFFIXES if path.name.endswith(suffix)), None)
    if suffix is None:
        raise InstanceUnreadable(f"{path.name}: expected a name that ends in {' or '.join(_SUFFIXES)}; rename the file")
    blocks = path.with_name(path.name.removesuffix(suffix) + ".block")
    model = read_mps_data(path)
    row_block = read_blocks(blocks, rows=len(model.row_names))
    return BlockMip(model=model, row_block=row_block, column_block=_column_block(model, row_block, blocks.name))


def read_blocks(path: Path, *, rows: int) -> Ints:
    """Return the block of each of `rows` rows, int32 of shape (rows,), `MASTER` where the file lists none.

    Raises
    ------
    InstanceUnreadable
        If a line is not a pair of whole numbers, or names a row there is none of, or one twice.
    """
    block_of = np.full(rows, MASTER, dtype=np.int32)
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            raise _unreadable(path, number, f"expected a block and a row, two whole numbers, found {line.strip()!r}")
        block, row = int(words[0]), int(words[1])
        if row >= rows:
            raise _unreadable(path, number, f"the model has rows 0 to {rows - 1}, there is no row {row}")
        if block_of[row] != MASTER:
            raise _unreadable(path, number, f"row {row} is in block {block_of[row]} already")
        block_of[row] = block
    return block_of


def _unreadable(path: Path, line: int, cause: str) -> InstanceUnreadable:
    return InstanceUnreadable(f"{path.name}, line {line}: {cause}; correct this line, or fetch it with its model again")


def _column_block(model: MpsData, row_block: Ints, file: str) -> Ints:
    column_block = np.full(len(model.column_names), MASTER, dtype=np.int32)
    inside = row_block[model.entry_row] != MASTER
    columns, blocks = model.entry_column[inside], row_block[model.entry_row[inside]]
    column_block[columns] = blocks
    torn = columns[column_block[columns] != blocks]
    if len(torn):
        raise InstanceUnreadable(
            f"{file}: column {model.column_names[torn[0]]} stands in two blocks; leave the rows it joins unlisted"
        )
    return column_block
