"""Fix-and-optimise: improve a plan by small mixed-integer programs, each with most set-ups fixed.

Neighbourhoods free the set-ups of some items over all periods, of all items in a window of periods, or of the items of
one resource in a window. They are tried in a fixed order, round after round, until a whole round improves nothing; only
improvements are accepted, so the plan never gets worse and is feasible throughout. Work is limited by nodes and
rounds. Source: Helber and Sahling (2010), A fix-and-optimize approach for the multi-level capacitated lot sizing
problem, International Journal of Production Economics 123(2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Bools
from solvers.core.termination import Limits
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan
from solvers.lotsizing.restricted import CheckedPlan, RestrictedModel, better, checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How far to search: ``items`` freed together, windows of ``periods`` moved by half their length, ``rounds`` at
    most, and ``nodes`` in each small program.
    """

    items: int = 2
    periods: int = 6
    rounds: int = 4
    nodes: int = 60

    def __post_init__(self) -> None:
        if min(self.items, self.periods, self.rounds) < 1 or self.nodes < 0:
            raise ValueError(
                f"an effort needs items, periods and rounds of at least 1 and nodes of at least 0, got {self}"
            )


_DEFAULT = Effort()

Formulate = Callable[[LotSizingInstance], Formulation]


def fix_and_optimise(
    instance: LotSizingInstance,
    backend: Backend,
    start: LotSizingPlan,
    *,
    effort: Effort = _DEFAULT,
    formulate: Formulate = facility_location_formulation,
) -> CheckedPlan:
    """Return a plan at most as dear as ``start``.

    Raises
    ------
    ValueError
        If the start breaks a constraint: there is nothing to improve then.
    """
    best = checked(instance, start)
    if best is None:
        raise ValueError("the plan to start from breaks a constraint; begin with one of relax_and_fix")
    model = RestrictedModel(formulate(instance), backend)
    tried = neighbourhoods(instance, effort)
    since_improved = 0
    for free in tried * effort.rounds:
        found = model.solve(best.plan.setup, free, limits=Limits(nodes=effort.nodes), start=best.plan)
        improved = better(best, found)
        since_improved = since_improved + 1 if improved is best else 0
        best = best if improved is None else improved
        if since_improved == len(tried):
            break
    return best


def neighbourhoods(instance: LotSizingInstance, effort: Effort) -> tuple[Bools, ...]:
    """Return the sets of set-ups that are freed together, bool [N, T] each, in the order they are tried."""
    everything = np.ones(instance.demand.shape, dtype=np.bool_)
    found = [*_windows(everything, effort.periods), *_groups(instance.items, instance.periods, effort.items)]
    if instance.resources > 1:
        busy = (instance.unit_time + instance.setup_time) > 0
        for q in range(instance.resources):
            found += _windows(everything & busy[:, q][:, None], 2 * effort.periods)
    unique = {free.tobytes(): free for free in found if free.any()}
    return tuple(unique.values())


def _windows(which: Bools, length: int) -> list[Bools]:
    periods = which.shape[1]
    starts = range(0, max(periods - length, 0) + max(length // 2, 1), max(length // 2, 1))
    place = np.arange(periods)
    return [which & ((place >= first) & (place < first + length))[None, :] for first in starts]


def _groups(items: int, periods: int, size: int) -> list[Bools]:
    """Return neighbouring items by twos, threes, …, every item with the next ones, in a ring."""
    found = []
    for first in range(items):
        free = np.zeros((items, periods), dtype=np.bool_)
        free[(first + np.arange(min(size, items))) % items] = True
        found.append(free)
    return found
