"""Lot sizing at several levels with capacity: the data, checked at birth.

Items i make lots in periods t on resources q. A lot started in t pays its set-up, uses capacity and components in t and
arrives in ``t + lead_time``; what would arrive after the horizon is not made. External demand may be served late
(backlog, to be cleared by the last period) or be lost, where the costs allow it. Backlog is for external demand only:
components must be there when their lot starts.

Sources: Trigeiro, Thomas, McClain (1989), Capacitated lot sizing with setup times, Management Science 35(3); Pochet and
Wolsey (2006), Production Planning by Mixed Integer Programming.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import numpy as np

from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats, Ints


def _constant(value: float) -> Floats:
    return np.full((), value)


def _zero() -> Floats:
    return _constant(0.0)


def _infinite() -> Floats:
    return _constant(np.inf)


def _no_floats() -> Floats:
    return np.zeros(0)


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LotSizingInstance:
    """N items, T periods, Q resources; costs are to be minimised.

    All tables are float64 and are broadcast to the shape named (give a column ``[N, 1]`` for a value per item):
    ``demand`` [N, T]; ``setup_cost``, ``unit_cost``, ``holding_cost`` [N, T]; ``setup_time``, ``unit_time`` [N, Q];
    ``capacity`` (regular, +inf: none), ``overtime_most``, ``overtime_cost`` [Q, T]; ``initial_stock``, ``min_lot``
    (0: none), ``max_lot`` (+inf: none), ``backlog_cost`` per unit and period (+inf: not allowed), ``shortage_cost`` per
    unit lost (+inf: not allowed) [N]. ``lead_time`` int32 [N] in periods. The bill of materials is a list of triplets:
    a unit of ``bom_parent[k]`` uses ``bom_quantity[k]`` units of ``bom_component[k]``, int32, int32, float64 [B].
    Units: costs in money, times in capacity units. Arrays are read-only after birth.

    Raises
    ------
    InvalidProgram
        If shapes do not fit, a number is NaN, negative or infinite where it may not be, or the bill of materials has
        a cycle (which is named).
    """

    demand: Floats
    setup_cost: Floats = field(default_factory=_zero)
    unit_cost: Floats = field(default_factory=_zero)
    holding_cost: Floats = field(default_factory=_zero)
    setup_time: Floats = field(default_factory=_zero)
    unit_time: Floats = field(default_factory=_zero)
    capacity: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    overtime_most: Floats = field(default_factory=_zero)
    overtime_cost: Floats = field(default_factory=_zero)
    lead_time: Ints = field(default_factory=lambda: np.zeros((), dtype=np.int32))
    bom_parent: Ints = field(default_factory=_no_ints)
    bom_component: Ints = field(default_factory=_no_ints)
    bom_quantity: Floats = field(default_factory=_no_floats)
    initial_stock: Floats = field(default_factory=_zero)
    min_lot: Floats = field(default_factory=_zero)
    max_lot: Floats = field(default_factory=_infinite)
    backlog_cost: Floats = field(default_factory=_infinite)
    shortage_cost: Floats = field(default_factory=_infinite)

    def __post_init__(self) -> None:
        demand = np.asarray(self.demand, dtype=np.float64)
        if demand.ndim != 2 or 0 in demand.shape:
            raise InvalidProgram(f"demand must be a table [items, periods] with entries, not of shape {demand.shape}")
        n, t = demand.shape
        q = len(self.capacity) if np.ndim(self.capacity) == 2 else 1
        per_period, per_resource = (n, t), (n, q)
        shapes = {"demand": per_period, "setup_cost": per_period, "unit_cost": per_period, "holding_cost": per_period}
        shapes |= {"setup_time": per_resource, "unit_time": per_resource}
        shapes |= dict.fromkeys(("capacity", "overtime_most", "overtime_cost"), (q, t))
        for name, shape in shapes.items():
            _settle(self, name, shape, infinite=name in {"capacity", "overtime_most"})
        for name in ("initial_stock", "min_lot", "max_lot", "backlog_cost", "shortage_cost"):
            _settle(self, name, (n,), infinite=name in {"max_lot", "backlog_cost", "shortage_cost"})
        _settle_whole(self, "lead_time", (n,))
        small = np.flatnonzero(self.max_lot < self.min_lot)
        if len(small):
            i = int(small[0])
            raise InvalidProgram(
                f"item {i} has min_lot {self.min_lot[i]} above max_lot {self.max_lot[i]}; no lot can be made"
            )
        _check_bom(self)

    @property
    def items(self) -> int:
        """N."""
        return int(self.demand.shape[0])

    @property
    def periods(self) -> int:
        """T."""
        return int(self.demand.shape[1])

    @property
    def resources(self) -> int:
        """Q."""
        return int(self.capacity.shape[0])

    def is_component(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return bool [N]: the items that lots of other items use."""
        used = np.zeros(self.items, dtype=np.bool_)
        used[self.bom_component] = True
        return used

    def levels(self) -> tuple[Ints, ...]:
        """Return groups of arcs of the bill of materials, parents before their components.

        Every group holds the arcs (int32, places in ``bom_parent``) into components of one level, where level 0 are
        the items no lot uses and an item stands one below its lowest parent.
        """
        level = _levels(self)
        depth = level[self.bom_component]
        return tuple(np.flatnonzero(depth == k).astype(np.int32) for k in range(1, int(level.max(initial=0)) + 1))


def _settle(instance: LotSizingInstance, name: str, shape: tuple[int, ...], *, infinite: bool) -> None:
    given = np.asarray(getattr(instance, name), dtype=np.float64)
    if given.size == 0 and 0 in shape:
        given = np.zeros(shape)
    try:
        table = np.ascontiguousarray(np.broadcast_to(given, shape)).copy()
    except ValueError:
        raise InvalidProgram(
            f"{name} has shape {given.shape} but must fit {shape}; give a column [n, 1] for one value per row"
        ) from None
    bad = np.isnan(table) | (table < 0) | (False if infinite else np.isinf(table))
    if bad.any():
        place = tuple(int(k) for k in np.argwhere(bad)[0])
        most = "not negative" if infinite else "finite and not negative"
        raise InvalidProgram(f"{name}{list(place)} is {table[place]}; it must be {most}")
    table.setflags(write=False)
    object.__setattr__(instance, name, table)


def _settle_whole(instance: LotSizingInstance, name: str, shape: tuple[int, ...]) -> None:
    given = np.asarray(getattr(instance, name))
    if given.size and (given.dtype.kind not in "iu" or given.min() < 0):
        raise InvalidProgram(f"{name} must hold whole numbers of at least 0; got {given.dtype} from {given.min()}")
    try:
        table = np.broadcast_to(given, shape).astype(np.int32)
    except ValueError:
        raise InvalidProgram(f"{name} has shape {given.shape} but must fit {shape}") from None
    table.setflags(write=False)
    object.__setattr__(instance, name, table)


def _check_bom(instance: LotSizingInstance) -> None:
    arcs = np.size(instance.bom_parent)
    for name in ("bom_parent", "bom_component"):
        _settle_whole(instance, name, (arcs,))
        item = getattr(instance, name)
        if arcs and item.max() >= instance.items:
            raise InvalidProgram(f"{name} names item {item.max()} but there are only {instance.items}, counted from 0")
    _settle(instance, "bom_quantity", (arcs,), infinite=False)
    if (instance.bom_quantity == 0).any():
        arc = int(np.flatnonzero(instance.bom_quantity == 0)[0])
        raise InvalidProgram(f"bom_quantity[{arc}] is 0; leave the triplet out or give a positive quantity")
    pairs = instance.bom_parent.astype(np.int64) * instance.items + instance.bom_component
    if len(np.unique(pairs)) < arcs:
        raise InvalidProgram("the bill of materials names a pair of parent and component twice; add the quantities up")
    _levels(instance)


def _levels(instance: LotSizingInstance) -> Ints:
    """Return the longest way from an item no lot uses, int32 [N]; raises InvalidProgram for a cycle and names it."""
    level = np.zeros(instance.items, dtype=np.int32)
    for _ in range(instance.items):
        deeper = level.copy()
        np.maximum.at(deeper, instance.bom_component, level[instance.bom_parent] + 1)
        if np.array_equal(deeper, level):
            return level
        level = deeper
    cycle = _cycle(instance)
    raise InvalidProgram(
        f"the bill of materials has the cycle {' -> '.join(map(str, cycle))}; an item cannot be part of itself"
    )


def _cycle(instance: LotSizingInstance) -> list[int]:
    graph: dict[int, list[int]] = {}
    for parent, component in zip(instance.bom_parent.tolist(), instance.bom_component.tolist(), strict=True):
        graph.setdefault(component, []).append(parent)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[int] = error.args[1]
        return found
    return []
