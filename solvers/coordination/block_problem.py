"""A block-angular program: blocks with rows of their own, coupled by linking rows, and master columns of no block.

``max Σ_b c_b·x_b + c_0·z``  subject to each block's rows, bounds and integrality, the bounds and integrality of the
master columns z, and the linking rows ``link_lower ≤ Σ_b L_b·x_b + L_0·z ≤ link_upper``. A minimisation is the
maximisation of its negative. Source: Dantzig and Wolfe (1960), Decomposition principle for linear programs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats, Ints, Program, SparseRows, numbers
from solvers.network.block import Block, Links

MASTER = -1
"""Block of a row that links blocks, and of a column that belongs to none."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A block, or the master columns: a program of its own and its entries in the linking rows."""

    name: str
    program: Program
    links: SparseRows

    def __post_init__(self) -> None:
        if self.links.columns != self.program.columns:
            raise InvalidProgram(
                f"block {self.name}: {self.links.columns} columns in the linking rows, {self.program.columns} in its "
                "program; both must speak of the same columns"
            )


@dataclass(frozen=True, slots=True, eq=False)
class BlockProblem:
    """Blocks, master columns (a part without rows) and bounds of the linking rows, float64 of shape (links,).

    ``place`` says where the columns of all blocks, one after the other and then the master columns, stand in a solution
    of the whole: int32, a permutation.
    """

    blocks: tuple[Part, ...]
    master: Part
    link_lower: Floats
    link_upper: Floats
    place: Ints
    _start: Ints = field(init=False, repr=False)

    def __post_init__(self) -> None:
        start = np.cumsum([0, *(part.program.columns for part in self.parts)]).astype(np.int32)
        object.__setattr__(self, "_start", start)
        links = len(self.link_lower)
        if len(self.link_upper) != links:
            raise InvalidProgram("linking rows need one lower and one upper bound each")
        for name, bounds in (("link_lower", self.link_lower), ("link_upper", self.link_upper)):
            numbers(name, bounds)
        for part in self.parts:
            if part.links.rows != links:
                raise InvalidProgram(f"block {part.name} knows {part.links.rows} linking rows, the problem has {links}")
        if self.master.program.rows.rows:
            raise InvalidProgram("rows of master columns are linking rows; give the master part none of its own")
        if not np.array_equal(np.sort(self.place), np.arange(start[-1])):
            raise InvalidProgram("place must name the position of every column once")

    @property
    def parts(self) -> tuple[Part, ...]:
        """All blocks, and last the master columns."""
        return (*self.blocks, self.master)

    @property
    def links(self) -> int:
        """Number of linking rows."""
        return len(self.link_lower)

    @property
    def columns(self) -> int:
        """Number of columns of the whole."""
        return len(self.place)

    @property
    def integer(self) -> Bools:
        """Which columns of the whole are integer."""
        whole = np.empty(self.columns, dtype=np.bool_)
        whole[self.place] = np.concatenate([part.program.integer for part in self.parts])
        return whole

    def columns_of(self, part: int) -> Ints:
        """Return where the columns of a part stand in the whole."""
        return self.place[self._start[part] : self._start[part + 1]]

    def split(self, x: Floats) -> tuple[Floats, ...]:
        """Return the columns of each part, master columns last."""
        return tuple(x[self.columns_of(p)] for p in range(len(self.parts)))

    def join(self, parts: Sequence[Floats]) -> Floats:
        """Return the whole from the columns of each part."""
        whole = np.empty(self.columns)
        whole[self.place] = np.concatenate(parts)
        return whole

    def whole(self) -> Program:
        """Return everything as one program: the rows of all blocks in their order, then the linking rows."""
        i, j, v, height = [], [], [], 0
        links = sum(part.program.rows.rows for part in self.parts)
        for p, part in enumerate(self.parts):
            for matrix, first in ((part.program.rows, height), (part.links, links)):
                i.append(matrix.row_of_entry() + first)
                j.append(self.columns_of(p)[matrix.index])
                v.append(matrix.value)
            height += part.program.rows.rows
        programs = [part.program for part in self.parts]
        return Program(
            objective=self.join([p.objective for p in programs]),
            lower=self.join([p.lower for p in programs]),
            upper=self.join([p.upper for p in programs]),
            integer=self.integer,
            rows=SparseRows.from_triplets(
                np.concatenate(i), np.concatenate(j), np.concatenate(v), links + self.links, self.columns
            ),
            row_lower=np.concatenate([*(p.row_lower for p in programs), self.link_lower]),
            row_upper=np.concatenate([*(p.row_upper for p in programs), self.link_upper]),
            offset=sum(p.offset for p in programs),
        )


def from_program(program: Program, row_block: Ints, column_block: Ints) -> BlockProblem:
    """Take a program apart: ``row_block`` [rows] and ``column_block`` [columns] are blocks, `MASTER` for linking.

    Raises
    ------
    InvalidProgram
        If a row of a block has an entry in a column of another; names both.
    """
    row, column = program.rows.row_of_entry(), program.rows.index
    torn = np.flatnonzero((row_block[row] != MASTER) & (row_block[row] != column_block[column]))
    if len(torn):
        r, c = row[torn[0]], column[torn[0]]
        raise InvalidProgram(
            f"row {r} of block {row_block[r]} has an entry in column {c} of block {column_block[c]}; declare the row "
            "linking, or the column one of its block"
        )
    linking = _places(row_block == MASTER)
    names = np.unique(np.concatenate([row_block, column_block]))
    columns = [_places(column_block == name) for name in (*names[names != MASTER], MASTER)]
    rows = [*(_places(row_block == name) for name in names[names != MASTER]), linking[:0]]
    labels = [*(str(name) for name in names[names != MASTER]), "master"]
    parts = [
        Part(label, _own(program, inside, own), _entries(program.rows, own, inside=linking))
        for label, own, inside in zip(labels, columns, rows, strict=True)
    ]
    # The offset belongs to nobody; the master part keeps it.
    master = replace(parts[-1], program=replace(parts[-1].program, offset=program.offset))
    place = np.concatenate(columns).astype(np.int32)
    return BlockProblem(tuple(parts[:-1]), master, program.row_lower[linking], program.row_upper[linking], place)


def from_network(blocks: Sequence[Block], links: Links) -> BlockProblem:
    """Take the blocks and linking rows of a network; there are no master columns, columns keep their order."""
    parts = tuple(Part(block.name, block.program, block.links) for block in blocks)
    none, count = np.zeros(0), len(links.labels)
    rows = SparseRows.from_triplets((), (), (), 0, 0)
    nobody = Program(none, none, none, np.zeros(0, dtype=np.bool_), rows, none, none)
    master = Part("master", nobody, SparseRows.from_triplets((), (), (), count, 0))
    place = np.arange(sum(part.program.columns for part in parts), dtype=np.int32)
    return BlockProblem(parts, master, links.lower, links.upper, place)


def _places(chosen: Bools) -> Ints:
    return np.flatnonzero(chosen).astype(np.int32)


def _own(program: Program, rows: Ints, columns: Ints) -> Program:
    return Program(
        objective=program.objective[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        integer=program.integer[columns],
        rows=_entries(program.rows, columns, inside=rows),
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
    )


def _entries(matrix: SparseRows, columns: Ints, *, inside: Ints) -> SparseRows:
    """Return the entries of some columns in the rows ``inside``, both numbered anew."""
    row_number, column_number = np.full(matrix.rows, -1), np.full(matrix.columns, -1)
    row_number[inside], column_number[columns] = np.arange(len(inside)), np.arange(len(columns))
    i, j = row_number[matrix.row_of_entry()], column_number[matrix.index]
    kept = (i >= 0) & (j >= 0)
    return SparseRows.from_triplets(i[kept], j[kept], matrix.value[kept], len(inside), len(columns))
