"""The exact dynamic program of lot sizing without capacity, for all items at once.

For one item with set-up, unit and holding costs, ``best[t]`` is the least cost of serving the requirements before t;
the last lot, started for arrival in s, serves those of s to t-1:

    best[0] = 0,   best[t] = min( best[t-1] if n[t-1] = 0,
                                  min_{s<t} best[s] + f[s] + Σ_{s≤u<t} n[u]·(c[s] + holding from s to u) )

Source: Wagner and Whitin (1958), Dynamic version of the economic lot size model, Management Science 5(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Bools, Floats
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.requirements import requirements


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Uncapacitated:
    """Least ``cost`` per item float64 [N] without the holding of initial stock, with ``production`` float64 [N, T] and
    ``setup`` bool [N, T] that reach it.
    """

    cost: Floats
    production: Floats
    setup: Bools


def wagner_whitin(instance: LotSizingInstance) -> Uncapacitated:
    """Return the optimum of every item by itself: capacity, lot limits, backlog and lost sales are left aside.

    Components serve the requirements their parents' earliest lots would have. Raises InvalidProgram where a
    requirement falls before the first arrival.
    """
    net, periods = requirements(instance).net, instance.periods
    start = np.arange(periods)[None, :] - instance.lead_time[:, None]
    if (net[start < 0] > 0).any():
        item = int(np.flatnonzero(((start < 0) & (net > 0)).any(axis=1))[0])
        raise InvalidProgram(f"item {item} has requirements before its first lot can arrive; give it initial stock")
    place = np.maximum(start, 0)
    setup_cost = np.take_along_axis(instance.setup_cost, place, axis=1)
    unit_cost = np.take_along_axis(instance.unit_cost, place, axis=1)
    choice = np.zeros((instance.items, periods + 1), dtype=np.int64)
    best = np.zeros((instance.items, periods + 1))
    # run[i, s]: cost of one lot for s that serves s to t-1, without what comes before; carried from t to t+1.
    run = np.where(start >= 0, setup_cost, np.inf)
    hold = np.zeros((instance.items, periods))
    for t in range(1, periods + 1):
        need = net[:, t - 1]
        run[:, :t] += need[:, None] * (unit_cost[:, :t] + hold[:, :t])
        hold[:, :t] += instance.holding_cost[:, t - 1, None]
        total = best[:, :t] + run[:, :t]
        choice[:, t] = total.argmin(axis=1)
        best[:, t] = total.min(axis=1)
        free = (need == 0) & (best[:, t - 1] <= best[:, t])
        best[free, t] = best[free, t - 1]
        choice[free, t] = -1
    return _backwards(instance, net, best[:, -1], choice)


def _backwards(
    instance: LotSizingInstance, net: Floats, cost: Floats, choice: np.ndarray[tuple[int, int], np.dtype[np.int64]]
) -> Uncapacitated:
    periods, item = instance.periods, np.arange(instance.items)
    served = np.concatenate([np.zeros((instance.items, 1)), net.cumsum(axis=1)], axis=1)
    production = np.zeros((instance.items, periods))
    end = np.full(instance.items, periods)
    for t in range(periods, 0, -1):
        reached = end == t
        idle = reached & (choice[:, t] < 0)
        end[idle] = t - 1
        made = item[reached & ~idle]
        first = choice[made, t]
        production[made, first - instance.lead_time[made]] = served[made, t] - served[made, first]
        end[made] = first
    return Uncapacitated(cost=cost, production=production, setup=production > 0)
