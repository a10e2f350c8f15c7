"""Lot sizing at one site, written to be read: the reference that array formulations are tested against.

Sets: recipes r (each makes one item), items i, resources q, materials n, lanes l (each ships one item), periods t.

    max  Σ price[l,t]·ship - freight[l]·ship - Σ setup_cost[r]·y + unit_cost[r]·q + charges
         - Σ overtime_cost·o - Σ holding[i]·s + safety_penalty[i]·short - Σ material_price[n,t]·draw
    s.t. min_lot[r]·y ≤ q ≤ most[r,t]·y                                    lots need set-ups
         Σ_r per_unit[r,q]·q + per_setup[r,q]·y ≤ regular + o               capacity and overtime
         s[i,t] = s[i,t-1] + received + Σ q[r, t-lead[r]] - Σ use·q - Σ ship - Σ dumped
         safety[i] ≤ s[i,t] + short[i,t],   s[i,t] ≤ max_stock[i]
         Σ material_use[r,n]·q ≤ material_received[n,t] + draw[n,t]
         deviation[r,t] ≥ |q[r,t] - baseline[r,t]|                          charged per unit

A released lot (``released`` finite) has its quantity and pays its set-up; smallest lots do not bind it.
Source: Trigeiro, Thomas, McClain (1989), Capacitated lot sizing with setup times, extended by the terms above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from solvers.core.program import Floats, Ints

Relation = Any
"""A Pyomo relational expression or ``Constraint.Skip``; Pyomo carries no types."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LotSizing:
    """Data of the model above; float64 unless said otherwise, +inf for "no limit", NaN in ``released`` for "free".

    Per recipe: ``makes`` int32 [R] (an item), ``lead`` int32 [R], ``setup_cost``, ``unit_cost``, ``min_lot`` [R];
    ``most``, ``released``, ``baseline``, ``deviation_charge``, ``unit_charge``, ``setup_charge`` [R, T]; ``per_unit``,
    ``per_setup`` [R, Q]; ``use`` [R, I]; ``material_use`` [R, N]. Per resource: ``regular``, ``overtime_most``,
    ``overtime_cost`` [Q, T]. Per item: ``on_hand``, ``holding``, ``safety``, ``safety_penalty``, ``max_stock``,
    ``dump_cost`` [I] (+inf: cannot be got rid of); ``received`` [I, T]. Per material: ``material_received``,
    ``material_price`` [N, T]. Per lane: ``ships`` int32 [L] (an item); ``freight`` [L]; ``ship_most``,
    ``price`` [L, T].
    """

    makes: Ints
    lead: Ints
    setup_cost: Floats
    unit_cost: Floats
    min_lot: Floats
    most: Floats
    released: Floats
    baseline: Floats
    deviation_charge: Floats
    unit_charge: Floats
    setup_charge: Floats
    per_unit: Floats
    per_setup: Floats
    use: Floats
    material_use: Floats
    regular: Floats
    overtime_most: Floats
    overtime_cost: Floats
    on_hand: Floats
    holding: Floats
    safety: Floats
    safety_penalty: Floats
    max_stock: Floats
    dump_cost: Floats
    received: Floats
    material_received: Floats
    material_price: Floats
    ships: Ints
    freight: Floats
    ship_most: Floats
    price: Floats


def lot_sizing_model(data: LotSizing) -> pyo.ConcreteModel:
    """Return the model; variables ``y``, ``q``, ``overtime``, ``stock``, ``short``, ``ship``, ``dumped``, ``draw``."""
    model = pyo.ConcreteModel("lot sizing")
    model.R = pyo.RangeSet(0, len(data.makes) - 1)
    model.Q = pyo.RangeSet(0, len(data.regular) - 1)
    model.I = pyo.RangeSet(0, len(data.on_hand) - 1)
    model.N = pyo.RangeSet(0, len(data.material_price) - 1)
    model.L = pyo.RangeSet(0, len(data.ships) - 1)
    model.T = pyo.RangeSet(0, data.received.shape[1] - 1)
    _variables(model, data)
    _lots(model, data)
    _resources(model, data)
    _stocks(model, data)
    _materials(model, data)
    _worth(model, data)
    return model


def _variables(model: pyo.ConcreteModel, data: LotSizing) -> None:
    model.y = pyo.Var(model.R, model.T, domain=pyo.Binary)
    model.q = pyo.Var(model.R, model.T, domain=pyo.NonNegativeReals)
    model.overtime = pyo.Var(model.Q, model.T, bounds=lambda _, q, t: (0, _limit(data.overtime_most, q, t)))
    model.stock = pyo.Var(model.I, model.T, bounds=lambda _, i, _t: (0, _limit(data.max_stock, i)))
    model.short = pyo.Var(model.I, model.T, domain=pyo.NonNegativeReals)
    model.ship = pyo.Var(model.L, model.T, bounds=lambda _, l, t: (0, _limit(data.ship_most, l, t)))
    model.dumped = pyo.Var(model.I, model.T, bounds=lambda _, i, _t: (0, None if np.isfinite(data.dump_cost[i]) else 0))
    model.draw = pyo.Var(model.N, model.T, domain=pyo.NonNegativeReals)
    model.deviation = pyo.Var(model.R, model.T, domain=pyo.NonNegativeReals)


def _lots(model: pyo.ConcreteModel, data: LotSizing) -> None:
    for r in model.R:
        for t in model.T:
            if not np.isnan(data.released[r, t]):
                model.q[r, t].fix(float(data.released[r, t]))
                model.y[r, t].fix(1)

    def lot_needs_setup(m: pyo.ConcreteModel, r: int, t: int) -> Relation:
        return pyo.Constraint.Skip if m.y[r, t].fixed else m.q[r, t] <= float(data.most[r, t]) * m.y[r, t]

    model.lot_needs_setup = pyo.Constraint(model.R, model.T, rule=lot_needs_setup)

    def lot_is_large_enough(m: pyo.ConcreteModel, r: int, t: int) -> Relation:
        return pyo.Constraint.Skip if m.y[r, t].fixed else m.q[r, t] >= float(data.min_lot[r]) * m.y[r, t]

    model.lot_is_large_enough = pyo.Constraint(model.R, model.T, rule=lot_is_large_enough)

    def above_baseline(m: pyo.ConcreteModel, r: int, t: int) -> Relation:
        return m.deviation[r, t] >= m.q[r, t] - float(data.baseline[r, t])

    model.above_baseline = pyo.Constraint(model.R, model.T, rule=above_baseline)

    def below_baseline(m: pyo.ConcreteModel, r: int, t: int) -> Relation:
        return m.deviation[r, t] >= float(data.baseline[r, t]) - m.q[r, t]

    model.below_baseline = pyo.Constraint(model.R, model.T, rule=below_baseline)


def _resources(model: pyo.ConcreteModel, data: LotSizing) -> None:
    def capacity(m: pyo.ConcreteModel, q: int, t: int) -> Relation:
        if np.isinf(data.regular[q, t]):
            return pyo.Constraint.Skip
        used = sum(float(data.per_unit[r, q]) * m.q[r, t] + float(data.per_setup[r, q]) * m.y[r, t] for r in m.R)
        return used - m.overtime[q, t] <= float(data.regular[q, t])

    model.capacity = pyo.Constraint(model.Q, model.T, rule=capacity)


def _stocks(model: pyo.ConcreteModel, data: LotSizing) -> None:
    def balance(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        before = m.stock[i, t - 1] if t > 0 else float(data.on_hand[i])
        made = sum(m.q[r, t - int(data.lead[r])] for r in m.R if data.makes[r] == i and t >= data.lead[r])
        consumed = sum(float(data.use[r, i]) * m.q[r, t] for r in m.R if data.use[r, i] != 0)
        shipped = sum(m.ship[l, t] for l in m.L if data.ships[l] == i) + m.dumped[i, t]
        return m.stock[i, t] == before + float(data.received[i, t]) + made - consumed - shipped

    model.balance = pyo.Constraint(model.I, model.T, rule=balance)

    def safety(m: pyo.ConcreteModel, i: int, t: int) -> Relation:
        return m.stock[i, t] + m.short[i, t] >= float(data.safety[i])

    model.safety = pyo.Constraint(model.I, model.T, rule=safety)


def _materials(model: pyo.ConcreteModel, data: LotSizing) -> None:
    def material(m: pyo.ConcreteModel, n: int, t: int) -> Relation:
        needed = sum(float(data.material_use[r, n]) * m.q[r, t] for r in m.R)
        return needed - m.draw[n, t] <= float(data.material_received[n, t])

    model.material = pyo.Constraint(model.N, model.T, rule=material)


def _worth(model: pyo.ConcreteModel, data: LotSizing) -> None:
    def total(weights: Floats, variable: pyo.Var) -> Any:
        return sum(float(weights[key]) * variable[key] for key in variable if weights[key] != 0)

    periods = len(model.T)

    def each(weights: Floats) -> Floats:
        return np.repeat(weights[:, None], periods, axis=1)

    dump_cost = each(np.where(np.isfinite(data.dump_cost), data.dump_cost, 0.0))
    model.worth = pyo.Objective(
        sense=pyo.maximize,
        expr=total(data.price - each(data.freight), model.ship)
        - total(each(data.setup_cost) + data.setup_charge, model.y)
        - total(each(data.unit_cost) + data.unit_charge, model.q)
        - total(data.deviation_charge, model.deviation)
        - total(data.overtime_cost, model.overtime)
        - total(each(data.holding), model.stock)
        - total(each(data.safety_penalty), model.short)
        - total(dump_cost, model.dumped)
        - total(data.material_price, model.draw),
    )


def _limit(most: Floats, *place: int) -> float | None:
    value = float(most[place])
    return value if np.isfinite(value) else None
