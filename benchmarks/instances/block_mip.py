"""Block-angular mixed-integer programs: what is claimed of a model, recomputed from its file."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.instances.claims import Checked
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, SparseRows
from solvers.network.mps_reader import MpsData
from solvers.network.verify import block_bound, sign_correct

_SHRINKS = (0.0, 1e-12, 1e-9)


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
