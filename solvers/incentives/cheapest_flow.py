"""Minimum-cost flow by the primal network simplex, in whole numbers: the engine under exact budgets.

The basis is a spanning tree that stays strongly feasible (every tree arc can still send flow towards the root), which
rules out cycling (Cunningham 1976; Ahuja, Magnanti, Orlin, Network Flows, 11.6). It starts from the path through the
nodes in their order, for which the first T arcs lead up and the next T down, so no artificial arcs are needed. Arcs are
looked at in blocks, in turn; the worst of the first block with a violated arc enters. Deterministic, and exact as long
as sums of flows and of bounds stay below 2^62.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from solvers.core.kernels import compiled
from solvers.core.program import Bools, Ints
from solvers.incentives.tension import HARD, Arcs, Wholes

_BLOCK = 48  # arcs; a full scan takes fewer pivots, but four to ten times the time


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Flow:
    """The cheapest ``flow`` int64 [A] and the ``potential`` int64 [T+1] of the nodes, potential[0] = 0.

    Where ``unbounded``, the potentials say nothing and ``flow`` is 1 along a cycle of hard arcs that costs less than 0.
    """

    flow: Wholes
    potential: Wholes
    unbounded: bool
    pivots: int


def cheapest_flow(arcs: Arcs, pull: Wholes) -> Flow:
    """Send ``pull`` to the nodes at least cost Σ bound·flow within ``0 ≤ flow ≤ price``."""
    flow = np.zeros(len(arcs.tail), dtype=np.int64)
    potential = np.zeros(len(pull), dtype=np.int64)
    pivots = _solve(_Net(arcs.tail, arcs.head, arcs.bound, arcs.price), pull, flow, potential)
    return Flow(flow=flow, potential=potential, unbounded=pivots < 0, pivots=abs(pivots))


class _Net(NamedTuple):
    """The arcs as arrays [A]."""

    tail: Ints
    head: Ints
    bound: Wholes
    price: Wholes


class _Tree(NamedTuple):
    """The basis: every node's parent, the arc between them, its depth, and room to put nodes in order; all [T+1]."""

    parent: Wholes
    link: Wholes
    depth: Wholes
    order: Wholes


class _Cycle(NamedTuple):
    """What the entering arc closes: flow runs from the apex down to ``first``, over the arc, up from ``second``."""

    entering: int
    first: int
    second: int
    apex: int


@compiled
def _solve(net: _Net, pull: Wholes, flow: Wholes, potential: Wholes) -> int:
    """Fill flow and potentials; return the number of pivots, negative if a cycle of hard arcs costs less than 0."""
    tree = _path(pull, flow)
    in_tree = np.zeros(len(flow), dtype=np.bool_)
    in_tree[tree.link[1:]] = True
    _refresh(net, tree, potential)
    pivots, entering = 1, 0
    while True:
        entering = _entering(net, flow, potential, in_tree, entering)
        if entering < 0:
            return pivots
        forward = flow[entering] == 0
        cycle = _cycle(net, tree, entering, forward)
        amount, leaving, on_first = _blocking(net, tree, cycle, flow)
        if amount == HARD:
            flow[:] = 0
            _push(net, tree, cycle, flow, 1)
            return -pivots
        _push(net, tree, cycle, flow, amount)
        flow[entering] += 0 if forward else -2 * amount
        if leaving >= 0:
            in_tree[tree.link[leaving]] = False
            in_tree[entering] = True
            _hang(tree, cycle, leaving, on_first)
            _refresh(net, tree, potential)
        pivots += 1


@compiled
def _path(pull: Wholes, flow: Wholes) -> _Tree:
    """Return the path tree, and put its flow in place."""
    nodes = len(pull)
    parent, link = np.arange(nodes) - 1, np.full(nodes, -1)
    needed = 0
    for node in range(nodes - 1, 0, -1):
        needed += pull[node]
        up, down = node - 1, nodes - 1 + node - 1
        link[node] = up if needed > 0 else down
        flow[link[node]] = abs(needed)
    return _Tree(parent, link, np.arange(nodes), np.empty(nodes, dtype=np.int64))


@compiled
def _entering(net: _Net, flow: Wholes, potential: Wholes, in_tree: Bools, after: int) -> int:
    """Return the worst arc of the first block after ``after`` that holds a violated one, -1 where no block does."""
    best, worst, a = -1, 0, after
    for place in range(1, len(flow) + 1):
        a = a + 1 if a + 1 < len(flow) else 0
        if not in_tree[a] and net.price[a] > 0:
            slack = net.bound[a] - potential[net.head[a]] + potential[net.tail[a]]
            violation = -slack if flow[a] == 0 else slack
            if violation > worst:
                best, worst = a, violation
        if best >= 0 and place % _BLOCK == 0:
            return best
    return best


@compiled
def _cycle(net: _Net, tree: _Tree, entering: int, forward: bool) -> _Cycle:  # noqa: FBT001 (compiled: no keywords)
    first, second = net.tail[entering], net.head[entering]
    if not forward:
        first, second = second, first
    u, v = first, second
    while u != v:
        if tree.depth[u] >= tree.depth[v]:
            u = tree.parent[u]
        else:
            v = tree.parent[v]
    return _Cycle(entering, first, second, u)


@compiled
def _blocking(net: _Net, tree: _Tree, cycle: _Cycle, flow: Wholes) -> tuple[int, int, bool]:
    """Return how much the cycle takes, and the last of its nodes, from the apex on, whose arc allows no more.

    The node is -1 where the entering arc itself is last; the flag says whether the node lies above ``first``.
    """
    amount, leaving, on_first = net.price[cycle.entering], -1, False
    node = cycle.first
    while node != cycle.apex:
        a = tree.link[node]
        room = flow[a] if net.tail[a] == node else _room_above(net.price[a], flow[a])
        if room < amount:
            amount, leaving, on_first = room, node, True
        node = tree.parent[node]
    node = cycle.second
    while node != cycle.apex:
        a = tree.link[node]
        room = _room_above(net.price[a], flow[a]) if net.tail[a] == node else flow[a]
        if room <= amount and room < HARD:
            amount, leaving, on_first = room, node, False
        node = tree.parent[node]
    return amount, leaving, on_first


@compiled
def _room_above(price: int, flow: int) -> int:
    return HARD if price == HARD else price - flow


@compiled
def _push(net: _Net, tree: _Tree, cycle: _Cycle, flow: Wholes, amount: int) -> None:
    """Send an amount around the cycle, as if the entering arc were used forward."""
    flow[cycle.entering] += amount
    node = cycle.first
    while node != cycle.apex:
        a = tree.link[node]
        flow[a] += -amount if net.tail[a] == node else amount
        node = tree.parent[node]
    node = cycle.second
    while node != cycle.apex:
        a = tree.link[node]
        flow[a] += amount if net.tail[a] == node else -amount
        node = tree.parent[node]


@compiled
def _hang(tree: _Tree, cycle: _Cycle, leaving: int, on_first: bool) -> None:  # noqa: FBT001 (compiled: no keywords)
    """Hang the subtree cut off above ``leaving`` onto the entering arc."""
    node, above, arc = cycle.first, cycle.second, cycle.entering
    if not on_first:
        node, above = above, node
    while True:
        following, next_arc = tree.parent[node], tree.link[node]
        tree.parent[node], tree.link[node] = above, arc
        if node == leaving:
            return
        above, arc, node = node, next_arc, following


@compiled
def _refresh(net: _Net, tree: _Tree, potential: Wholes) -> None:
    """Recompute depths and potentials from the tree, every node after its parent."""
    tree.depth[1:] = -1
    for start in range(1, len(potential)):
        count, node = 0, start
        while tree.depth[node] < 0:
            tree.order[count] = node
            count += 1
            node = tree.parent[node]
        for place in range(count - 1, -1, -1):
            node = tree.order[place]
            a, above = tree.link[node], tree.parent[node]
            tree.depth[node] = tree.depth[above] + 1
            # A tree arc is tight: S[head] - S[tail] = bound.
            potential[node] = potential[above] + (-net.bound[a] if net.tail[a] == node else net.bound[a])
