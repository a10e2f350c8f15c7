"""Dynamic slope scaling for lot sizing: a heuristic that solves linear programs only.

In the relaxation of the plain formulation a lot of x needs the share x/M of a set-up, of its cost and of its time. Each
pass replaces M by the lot last made, so that making the same again costs and takes what it really does:

    x[i,t] ≤ (M[i,t] / slope[i,t])·y[i,t],   0 ≤ y[i,t] ≤ slope[i,t],   slope = M / last lot

M is far from what a lot will be: with a slope of 1 set-ups look next to free. The first lots are therefore those of the
facility-location relaxation, each as if its share of a set-up were a whole one; a period in which that makes nothing
counts as making half its requirement, too dear to be opened without need.

The set-ups in use are then fixed, and the linear program that is left gives a plan. It ends when the set-ups in use
come back, or after ``passes``. Sources: Kim and Pardalos (1999), A solution approach to the fixed charge network flow
problem using a dynamic slope scaling procedure; Crainic, Gendron and Hernu (2004), A slope scaling/Lagrangean
perturbation heuristic with long-term memory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Floats, Ints, Program, SparseRows
from solvers.core.slope_scaling import IN_USE, slopes
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.requirements import requirements
from solvers.lotsizing.restricted import CheckedPlan, RestrictedModel, better

_STEEPEST = 1e4


def slope_scaling(instance: LotSizingInstance, backend: Backend, *, passes: int = 12) -> CheckedPlan | None:
    """Return the best plan of all passes; None if none of them gave a feasible one.

    Raises
    ------
    ValueError
        If there is no pass to make.
    """
    if passes < 1:
        raise ValueError(f"slope scaling needs at least one pass, got {passes}")
    formulation = plain_formulation(instance)
    fixed = RestrictedModel(formulation, backend)
    most = _most(formulation)
    first = _first_lots(instance, backend)
    if first is None:
        return None
    slope = _kept(slopes(slopes(np.ones(most.shape), most, _dear_lots(instance)), most, first))
    best: CheckedPlan | None = None
    seen: set[bytes] = set()
    for _ in range(passes):
        lots = _lots(formulation, backend, slope)
        if lots is None:
            break
        used = lots > IN_USE
        if used.tobytes() in seen:
            break
        seen.add(used.tobytes())
        best = better(best, fixed.solve(used, np.zeros_like(used)))
        slope = _kept(slopes(slope, most, lots))
    return best


def _kept(slope: Floats) -> Floats:
    """Return slopes a program can hold; below 1 they would allow less than M."""
    return np.clip(slope, 1.0, _STEEPEST)


def _most(formulation: Formulation) -> Floats:
    """Return M, float64 [N, T], 0 where no lot can start."""
    return _of(formulation.program.upper, formulation.production)


def _first_lots(instance: LotSizingInstance, backend: Backend) -> Floats | None:
    """Return the lots of the strong relaxation per share of a set-up, float64 [N, T]; None where it has no solution."""
    strong = facility_location_formulation(instance)
    found = backend.load(strong.program).solve(relaxed=True)
    if found.x is None:
        return None
    lots, share = (_of(found.x, place) for place in (strong.production, strong.setup))
    return np.divide(lots, share, out=np.zeros_like(lots), where=share > IN_USE)


def _dear_lots(instance: LotSizingInstance) -> Floats:
    """Return half the requirement of every period, or of a mean one where there is none, float64 [N, T]."""
    net = requirements(instance).net
    return 0.5 * np.where(net > 0, net, net.mean(axis=1, keepdims=True))


def _lots(formulation: Formulation, backend: Backend, slope: Floats) -> Floats | None:
    """Return the lots of the relaxation with these slopes, float64 [N, T]; None where it has no solution."""
    model = backend.load(_sloped(formulation, slope))
    found = model.solve(relaxed=True)
    return None if found.x is None else _of(found.x, formulation.production)


def _of(x: Floats, place: Ints) -> Floats:
    return np.where(place >= 0, x[np.maximum(place, 0)], 0.0)


def _sloped(formulation: Formulation, slope: Floats) -> Program:
    program, kept = formulation.program, formulation.forcing >= 0
    rows, columns = formulation.forcing[kept], formulation.setup[kept]
    slopes_of_column = np.ones(program.columns)
    slopes_of_column[columns] = slope[kept]
    forcing = np.zeros(program.rows.rows, dtype=np.bool_)
    forcing[rows] = True
    setup = np.zeros(program.columns, dtype=np.bool_)
    setup[columns] = True
    entry = forcing[program.rows.row_of_entry()] & setup[program.rows.index]
    value = program.rows.value.copy()
    value[entry] /= slopes_of_column[program.rows.index[entry]]
    return replace(
        program,
        rows=SparseRows(program.rows.start, program.rows.index, value, program.columns),
        upper=np.where(setup, program.upper * slopes_of_column, program.upper),
        integer=np.zeros(program.columns, dtype=np.bool_),
    )
