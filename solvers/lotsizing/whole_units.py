"""Lot sizing in whole units: for goods that come in pieces, and for engines that know whole numbers only.

All columns of a formulation become integer, within bounds rounded inwards. Where the data are whole and, with its
set-ups fixed, a problem is a flow of units through periods and one resource, whole units cost no more than fractions:
the constraints then form a network, whose corners are whole (Hoffman and Kruskal 1956; Ahuja, Magnanti and Orlin 1993).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.core.program import Floats
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance


def in_whole_units(formulation: Formulation) -> Formulation:
    """Return the formulation with every column integer; its columns keep their places."""
    program = formulation.program
    return replace(
        formulation,
        program=replace(
            program,
            integer=np.ones(program.columns, dtype=np.bool_),
            lower=np.ceil(program.lower - 1e-9),
            upper=np.floor(program.upper + 1e-9),
        ),
    )


def whole_units_suffice(instance: LotSizingInstance) -> bool:
    """Whether some optimal plan is in whole units, because the problem with fixed set-ups is a network flow.

    Sufficient, not necessary: quantities and times are whole, no lots use other items, and no item uses more than one
    limited resource, of which a unit takes nothing or 1.
    """
    quantities = (instance.demand, instance.initial_stock, instance.min_lot, instance.max_lot)
    times = (instance.setup_time, instance.unit_time, instance.capacity, instance.overtime_most)
    if len(instance.bom_parent) or not all(_whole(table) for table in (*quantities, *times)):
        return False
    limited = np.isfinite(instance.capacity).any(axis=1)
    unit = instance.unit_time[:, limited]
    return bool(np.isin(unit, (0.0, 1.0)).all() and ((unit > 0).sum(axis=1) <= 1).all())


def _whole(table: Floats) -> bool:
    finite = table[np.isfinite(table)]
    return bool((finite == np.rint(finite)).all())
