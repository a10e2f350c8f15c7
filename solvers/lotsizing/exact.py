"""Lot sizing to a proven optimum: relaxation first, then branch and cut where it has to be.

1. The relaxation of the facility-location formulation (:mod:`solvers.lotsizing.facility_location`) is solved. Where its
   set-ups are whole its plan is optimal; where few are not, a tree of a few such relaxations closes the gap at once
   (:mod:`solvers.lotsizing.small_tree`). The bound is then recomputed from multipliers.
2. Otherwise a branch and cut of the backend closes what is left of the gap, which is small in this formulation: a
   backend that looks for a proof rather than for plans is the right one (``HighsBackend(search="proof")``).

For engines of whole numbers, and on demand, the plain formulation in whole units is solved instead: it is smaller, and
such engines do not rest on relaxations. Sources: Eppen and Martin (1987), Solving multi-item capacitated lot-sizing
problems using variable redefinition; Trigeiro, Thomas and McClain (1989); Pochet and Wolsey (2006).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from solvers.core.backend import Backend, Model, Progress
from solvers.core.errors import Unsupported
from solvers.core.termination import UNLIMITED, Limits, Termination
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.plan import LotSizingPlan
from solvers.lotsizing.restricted import CheckedPlan, better, checked, start_of
from solvers.lotsizing.small_tree import small_tree
from solvers.lotsizing.whole_units import in_whole_units, whole_units_suffice

_LEAST_SECONDS = 1e-3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Proof:
    """What an exact solve left behind, in costs: to be minimised.

    ``best`` is a plan recomputed from the data, None without one; ``bound`` is a lower bound on the cost of every plan
    (+inf: there is none), ``recomputed`` by weak duality or the backend's claim. ``nodes`` counts those of the tree.
    """

    termination: Termination
    best: CheckedPlan | None
    bound: float
    recomputed: bool = False
    nodes: int = 0


def solve_exactly(
    instance: LotSizingInstance,
    backend: Backend,
    *,
    limits: Limits = UNLIMITED,
    start: LotSizingPlan | None = None,
    whole_units: bool = False,
    progress: Progress | None = None,
) -> Proof:
    """Solve an instance to the gap of ``limits``; ``whole_units`` asks for lots, stock and overtime in whole numbers.

    ``progress`` hears of plans and bounds as they come, in the sense of maximisation (minus the cost).

    Raises
    ------
    Unsupported
        If the backend knows whole numbers only and fractions may be cheaper; ``whole_units`` accepts that.
    """
    if whole_units or not backend.capabilities.continuous:
        if not whole_units and not whole_units_suffice(instance):
            raise Unsupported(
                f"{backend.name!r} knows whole numbers only, and fractions of a unit may be cheaper here; ask for "
                "whole_units, or choose a backend that takes continuous columns"
            )
        formulation = in_whole_units(plain_formulation(instance))
        return _branch_and_cut(formulation, backend.load(formulation.program), limits, start, progress)
    started = time.monotonic()
    formulation = facility_location_formulation(instance)
    model = backend.load(formulation.program)
    relaxed = model.solve(limits=limits, relaxed=True)
    if relaxed.termination is Termination.INFEASIBLE:
        return Proof(termination=Termination.INFEASIBLE, best=None, bound=np.inf)
    tree = small_tree(formulation, model, relaxed, _left(limits, started))
    if tree.closed:
        return Proof(
            termination=Termination.OPTIMAL,
            best=tree.best,
            bound=tree.bound,
            recomputed=tree.recomputed,
            nodes=tree.nodes,
        )
    begin = _cheaper(instance, start, tree.best)
    return _branch_and_cut(formulation, model, _left(limits, started), begin, progress)


def _cheaper(
    instance: LotSizingInstance, start: LotSizingPlan | None, found: CheckedPlan | None
) -> LotSizingPlan | None:
    """Return the cheaper plan to start from; a given one that breaks a constraint may still be repaired."""
    best = better(found, None if start is None else checked(instance, start))
    return start if best is None else best.plan


def _left(limits: Limits, started: float) -> Limits:
    """Return the limits with the seconds that are left of them."""
    if limits.seconds is None:
        return limits
    return replace(limits, seconds=max(limits.seconds - (time.monotonic() - started), _LEAST_SECONDS))


def _branch_and_cut(
    formulation: Formulation,
    model: Model,
    limits: Limits,
    start: LotSizingPlan | None,
    progress: Progress | None,
) -> Proof:
    begin = None if start is None else start_of(formulation, start)
    found = model.solve(limits=limits, start=begin, progress=progress)
    best = None if found.x is None else checked(formulation.instance, formulation.read(found.x))
    return Proof(termination=found.termination, best=best, bound=-found.bound, nodes=found.nodes)
