"""Passing the differences of two programs of one sparsity pattern on to a loaded model."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from solvers.core.backend import Model
from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Ints, Program

STRUCTURE = frozenset({"lead_time", "bom_parent", "bom_component", "bom_quantity", "unit_time", "setup_time"})
"""Tables of an instance whose changes need a new model."""


def refuse_structure(tables: Iterable[str]) -> None:
    """Raise InvalidProgram if one of the named tables shapes the program itself."""
    if fixed := sorted(STRUCTURE.intersection(tables)):
        raise InvalidProgram(f"{', '.join(fixed)} shape the program itself; load a new model for other ones")


def follow(model: Model, old: Program, new: Program) -> None:
    """Turn a model of ``old`` into one of ``new`` but for the offset; what is equal is left alone, as is the basis.

    Raises
    ------
    InvalidProgram
        If the two have different columns, integrality or entries; the model is then as before.
    """
    same_rows = old.rows is new.rows
    if not (np.array_equal(old.integer, new.integer) and (same_rows or _same_places(old, new))):
        raise InvalidProgram(
            "the change alters which columns and entries there are (it brings or takes away a limit, backlog, lost "
            "sales or a requirement); load a new model"
        )
    if len(columns := _places(old.objective != new.objective)):
        model.set_objective(columns, new.objective[columns])
    if len(columns := _places((old.lower != new.lower) | (old.upper != new.upper))):
        model.set_column_bounds(columns, new.lower[columns], new.upper[columns])
    if len(rows := _places((old.row_lower != new.row_lower) | (old.row_upper != new.row_upper))):
        model.set_row_bounds(rows, new.row_lower[rows], new.row_upper[rows])
    if not same_rows and len(entries := _places(old.rows.value != new.rows.value)):
        rows = np.searchsorted(new.rows.start, entries, side="right").astype(np.int32) - 1
        model.set_coefficients(rows, new.rows.index[entries], new.rows.value[entries])


def _same_places(old: Program, new: Program) -> bool:
    return np.array_equal(old.rows.start, new.rows.start) and np.array_equal(old.rows.index, new.rows.index)


def _places(differs: Bools) -> Ints:
    return np.flatnonzero(differs).astype(np.int32)
