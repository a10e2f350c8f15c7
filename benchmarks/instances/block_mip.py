"""Block-angular mixed-integer programs: an MPS model and a file that says which rows belong to which block.

The block file holds pairs ``block row``, both counted from 0, rows in the order of the model without its objective.
Rows it does not list link the blocks. Source of the format: DIP (coin-or/Dip), MILPBlock application.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.instances.claims import Checked
from benchmarks.instances.mps import MpsData, read_mps_data
from benchmarks.instances.numbers import InstanceUnreadable, read_text
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints, SparseRows
from solvers.network.verify import block_bound, sign_correct

LINKING = -1
"""Block of a row that couples blocks, and of a column that stands in such rows only."""

_SHRINKS = (0.0, 1e-12, 1e-9)
_SUFFIXES = (".mps.gz", ".mps")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockMip:
    """A model with its blocks: ``row_block`` of shape (m,) and ``column_block`` of shape (n,), int32."""

    model: MpsData
    row_block: Ints
    column_block: Ints

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return len(np.unique(self.row_block[self.row_block != LINKING]))


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
    """Return the block of each of `rows` rows, int32 of shape (rows,), `LINKING` where the file lists none.

    Raises
    ------
    InstanceUnreadable
        If a line is not a pair of whole numbers, or names a row there is none of, or one twice.
    """
    block_of = np.full(rows, LINKING, dtype=np.int32)
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            raise _unreadable(path, number, f"expected a block and a row, two whole numbers, found {line.strip()!r}")
        block, row = int(words[0]), int(words[1])
        if row >= rows:
            raise _unreadable(path, number, f"the model has rows 0 to {rows - 1}, there is no row {row}")
        if block_of[row] != LINKING:
            raise _unreadable(path, number, f"row {row} is in block {block_of[row]} already")
        block_of[row] = block
    return block_of


def _unreadable(path: Path, line: int, cause: str) -> InstanceUnreadable:
    return InstanceUnreadable(f"{path.name}, line {line}: {cause}; correct this line, or fetch it with its model again")


def _column_block(model: MpsData, row_block: Ints, file: str) -> Ints:
    column_block = np.full(len(model.column_names), LINKING, dtype=np.int32)
    inside = row_block[model.entry_row] != LINKING
    columns, blocks = model.entry_column[inside], row_block[model.entry_row[inside]]
    column_block[columns] = blocks
    torn = columns[column_block[columns] != blocks]
    if len(torn):
        raise InstanceUnreadable(
            f"{file}: column {model.column_names[torn[0]]} stands in two blocks; leave the rows it joins unlisted"
        )
    return column_block


def check_model(model: MpsData, x: Floats) -> Checked:
    """Return value and violated rows and bounds of a point of shape (n,), from the model as its file gives it.

    Integer columns are rounded to whole numbers first; how far they were from whole counts as a violation, and so does
    what the rounding breaks.

    Raises
    ------
    ValueError
        If the point is of another size.
    """
    n = len(model.column_names)
    point = np.array(x, dtype=np.float64).ravel()
    if len(point) != n or not np.isfinite(point).all():
        raise ValueError(f"a solution of {n} finite numbers was expected, got {len(point)} numbers")
    whole = np.where(model.integer, np.rint(point), point)
    activity = np.bincount(model.entry_row, model.entry_value * whole[model.entry_column], len(model.row_names))
    broken: list[tuple[float, str]] = []
    for what, names, amount in (
        ("integer column", model.column_names, np.abs(point - whole)),
        ("column", model.column_names, np.maximum(model.lower - whole, whole - model.upper)),
        ("row", model.row_names, np.maximum(model.row_lower - activity, activity - model.row_upper)),
    ):
        broken += [(float(amount[i]), f"{what} {names[i]}") for i in np.flatnonzero(amount > 0)]
    return Checked.of(value=math.fsum(model.cost * whole) + model.offset, broken=broken)


def row_bound(model: MpsData, multipliers: Floats) -> float:
    """Return a bound in the model's own sense from row multipliers (m,) of its program, rounded outward.

    Multipliers whose sign does not fit the row are left out. Where rounding leaves the reduced cost of an unbounded
    column in doubt, all are shrunk a little: it then leans towards the column's own cost.

    Raises
    ------
    InvalidProgram
        If a column without a bound keeps a reduced cost in that direction, so that nothing is proved.
    """
    program = model.program()
    y = sign_correct(multipliers, program.row_lower, program.row_upper)
    none = SparseRows.from_triplets((), (), (), 0, program.columns)
    for shrink in _SHRINKS:
        try:
            upper = block_bound(program, none, (1 - shrink) * y, np.zeros(0))
        except InvalidProgram:
            if shrink == _SHRINKS[-1]:
                raise
        else:
            break
    return upper if model.maximise else -upper
