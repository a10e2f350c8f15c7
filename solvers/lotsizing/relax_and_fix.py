"""Relax-and-fix: periods are decided window by window, the future relaxed, the past fixed.

Set-ups are whole in a window of periods, fixed before it and relaxed after it. Once a window is solved, all of it but
its last ``overlap`` periods is fixed and the window moves on. Where the past leaves no feasible future, the window
grows backwards over what it fixed and is solved again, at last over the whole horizon. Work is limited by nodes, so the
same input gives the same plan. Sources: Stadtler (2003), Multilevel lot sizing with setup times and multiple
constrained resources: internally rolling schedules with lot-sizing windows, Operations Research 51(3); Pochet and
Wolsey (2006), ch. 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solvers.core.backend import Backend
from solvers.core.program import Bools, Floats
from solvers.core.termination import Limits
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.formulation import Formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.restricted import CheckedPlan, RestrictedModel, with_integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """``length`` periods are decided at a time, of which the last ``overlap`` are decided again by the next window.

    ``nodes`` and ``gap`` end the search in a window.
    """

    length: int = 4
    overlap: int = 1
    nodes: int = 50
    gap: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.length:
            raise ValueError(
                f"a window of {self.length} periods cannot overlap by {self.overlap}; it would not move on"
            )


_DEFAULT = Windows()


def relax_and_fix(instance: LotSizingInstance, backend: Backend, *, windows: Windows = _DEFAULT) -> CheckedPlan | None:
    """Return a plan; None if none was found, which proves nothing unless the search had no limit."""
    formulation = facility_location_formulation(instance)
    setup = np.zeros(instance.demand.shape, dtype=np.bool_)
    limits = Limits(nodes=windows.nodes, gap=windows.gap)
    step = windows.length - windows.overlap
    first, end = 0, min(windows.length, instance.periods)
    while True:
        chosen = _window(formulation, backend, setup, (first, end), limits)
        if chosen is None:
            if first == 0 and end == instance.periods:
                return None
            # A window that no past spoils may still lack a plan within its nodes: then it also grows forwards.
            first, end = max(0, first - step), end if first > 0 else min(end + step, instance.periods)
            continue
        setup[:, first:end] = chosen[:, first:end]
        if end == instance.periods:
            break
        first = max(first + 1, end - windows.overlap)
        end = min(first + windows.length, instance.periods)
    return RestrictedModel(formulation, backend).solve(setup, np.zeros_like(setup))


def _window(
    formulation: Formulation, backend: Backend, setup: Bools, window: tuple[int, int], limits: Limits
) -> Bools | None:
    """Return the set-ups of a solution in which the window's are whole, bool [N, T]; None without one."""
    first, end = window
    inside = np.zeros(setup.shape, dtype=np.bool_)
    inside[:, first:end] = True
    narrowed = with_integers(formulation, inside)
    lower, upper = narrowed.program.lower.copy(), narrowed.program.upper.copy()
    past = formulation.setup[:, :first]
    fixed = np.minimum(setup[:, :first].astype(np.float64), upper[np.maximum(past, 0)])
    for side in (lower, upper):
        side[past[past >= 0]] = fixed[past >= 0]
    found = backend.load(replace(narrowed.program, lower=lower, upper=upper)).solve(limits=limits)
    return None if found.x is None else _chosen(formulation, found.x)


def _chosen(formulation: Formulation, x: Floats) -> Bools:
    place = formulation.setup
    chosen: Bools = (place >= 0) & (x[np.maximum(place, 0)] > 0.5)
    return chosen
