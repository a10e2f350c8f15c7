"""Blocks and linking rows as one program, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.network.block import Block, Links, Setups


@dataclass(frozen=True, slots=True, eq=False)
class Assembly:
    """All blocks in one program: columns and own rows in block order, then the linking rows.

    ``column_start`` and ``row_start`` are int32 of shape (blocks + 1,); block ``b`` has columns
    ``column_start[b]:column_start[b+1]``, and ``row_start[-1]`` is the first linking row. ``setups`` and ``choices``
    are those of the blocks in the numbering of the whole.
    """

    program: Program
    names: tuple[str, ...]
    column_start: Ints
    row_start: Ints
    setups: Setups
    choices: tuple[tuple[str, Ints], ...]

    def columns_of(self, block: int) -> slice:
        """Return the columns of a block."""
        return slice(int(self.column_start[block]), int(self.column_start[block + 1]))

    def rows_of(self, block: int) -> slice:
        """Return the own rows of a block."""
        return slice(int(self.row_start[block]), int(self.row_start[block + 1]))

    @property
    def link_rows(self) -> slice:
        """The linking rows."""
        return slice(int(self.row_start[-1]), self.program.rows.rows)


def assemble(blocks: Sequence[Block], links: Links) -> Assembly:
    """Join blocks and linking rows into one program."""
    columns = np.cumsum([0, *(b.program.columns for b in blocks)]).astype(np.int32)
    rows = np.cumsum([0, *(b.program.rows.rows for b in blocks)]).astype(np.int32)
    i, j, v = [], [], []
    for block, first_column, first_row in zip(blocks, columns[:-1], rows[:-1], strict=True):
        for part, offset in ((block.program.rows, first_row), (block.links, rows[-1])):
            i.append(part.row_of_entry() + offset)
            j.append(part.index + first_column)
            v.append(part.value)
    height = int(rows[-1]) + len(links.labels)
    programs = [b.program for b in blocks]
    program = Program(
        objective=np.concatenate([p.objective for p in programs]),
        lower=np.concatenate([p.lower for p in programs]),
        upper=np.concatenate([p.upper for p in programs]),
        integer=np.concatenate([p.integer for p in programs]),
        rows=SparseRows.from_triplets(
            np.concatenate(i), np.concatenate(j), np.concatenate(v), height, int(columns[-1])
        ),
        row_lower=np.concatenate([*(p.row_lower for p in programs), links.lower]),
        row_upper=np.concatenate([*(p.row_upper for p in programs), links.upper]),
        offset=float(sum(p.offset for p in programs)),
    )
    setups = Setups(
        np.concatenate([b.setups.setup + c for b, c in zip(blocks, columns, strict=False)]).astype(np.int32),
        np.concatenate([b.setups.quantity + c for b, c in zip(blocks, columns, strict=False)]).astype(np.int32),
        np.concatenate([b.setups.most for b in blocks]),
    )
    choices = tuple(
        (name, (group + c).astype(np.int32)) for b, c in zip(blocks, columns, strict=False) for name, group in b.choices
    )
    return Assembly(program, tuple(b.name for b in blocks), columns, rows, setups, choices)


def split_columns(assembly: Assembly, x: Floats) -> tuple[Floats, ...]:
    """Return each block's part of a column vector."""
    return tuple(x[assembly.columns_of(b)] for b in range(len(assembly.names)))
