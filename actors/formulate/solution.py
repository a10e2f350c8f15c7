"""Solutions of blocks as decision tables of a plan: rounding lives here.

Quantities are rounded to :data:`DECIMALS`, which is finer than any row's tolerance; quantities without a set-up and
numbers below the last decimal vanish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from actors.formulate.members import Members
from actors.formulate.partner import PartnerLayout
from actors.formulate.plant import PlantLayout
from actors.formulate.segment import SegmentLayout
from planner.domain.plan import PLAN_TABLES, empty_plan_table
from solvers.core.program import Floats
from solvers.offers.instance import NO_OFFER, Choice

DECIMALS = 9

Tables = dict[str, pl.DataFrame]


def plant_tables(layout: PlantLayout, x: Floats) -> Tables:
    """Return production, overtime, stock and shipments of a plant's solution."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in ("production", "overtime", "stock", "shipments")}
    for product, columns in layout.production.items():
        setup = np.round(x[layout.setup[product]])
        quantity = _clean(x[columns]) * setup
        rows["production"] += [
            (layout.plant, product, t, float(quantity[t]), int(setup[t])) for t in np.flatnonzero(setup).tolist()
        ]
    for name, group in (("overtime", layout.overtime), ("stock", layout.stock)):
        for key, columns in group.items():
            rows[name] += [(layout.plant, key, t, q) for t, q in _nonzero(x[columns])]
    shipped = {place: x[columns] for place, columns in layout.shipment.items()}
    for item, (markets, columns) in layout.surplus.items():
        for t, market in enumerate(markets):
            shipped[market, item][t] += x[columns[t]]
    for (market, item), quantity in shipped.items():
        rows["shipments"] += [(layout.plant, market, item, t, q) for t, q in _nonzero(quantity)]
    return {name: _frame(name, values) for name, values in rows.items()}


def partner_tables(layout: PartnerLayout, x: Floats, orders: Mapping[str, tuple[str, int]]) -> Tables:
    """Return service of a partner's orders and its purchases; ``orders`` maps order → (product, due period)."""
    service: list[tuple[object, ...]] = []
    for order, columns in layout.served.items():
        product, due = orders[order]
        service += [("order", order, product, due + t, q) for t, q in _nonzero(x[columns])]
    purchases: list[tuple[object, ...]] = []
    for material, (periods, columns) in layout.bought.items():
        purchases += [(layout.partner, material, int(periods[i]), q) for i, q in _nonzero(x[columns])]
    return {"service": _frame("service", service), "purchases": _frame("purchases", purchases)}


def segment_tables(layout: SegmentLayout, x: Floats) -> Tables:
    """Return service of a segment's demand."""
    service: list[tuple[object, ...]] = []
    for product, columns in layout.served.items():
        service += [("segment", layout.segment, product, t, q) for t, q in _nonzero(x[columns])]
    return {"service": _frame("service", service)}


def reward_table(members: Members, choice: Choice, customers: pl.Series, offers: pl.Series) -> pl.DataFrame:
    """Return the rewards of a segment; ``choice`` is int16 [N, W] in the order of the members."""
    member, window = np.nonzero(choice != NO_OFFER)
    return pl.DataFrame(
        {
            "customer": customers.gather(members.rows[member]),
            "window": window.astype(np.int64),
            "offer": offers.gather(choice[member, window].astype(np.int64)),
        },
        schema=PLAN_TABLES["rewards"],
    )


def join_tables(parts: Iterable[Tables]) -> Tables:
    """Put the tables of all agents together; tables nobody reports are empty."""
    found: dict[str, list[pl.DataFrame]] = {name: [] for name in PLAN_TABLES}
    for part in parts:
        for name, frame in part.items():
            found[name].append(frame)
    return {name: pl.concat(frames) if frames else empty_plan_table(name) for name, frames in found.items()}


def _clean(values: Floats) -> Floats:
    return np.maximum(np.round(values, DECIMALS), 0.0)


def _nonzero(values: Floats) -> list[tuple[int, float]]:
    clean = _clean(values)
    return [(int(t), float(clean[t])) for t in np.flatnonzero(clean)]


def _frame(name: str, rows: list[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PLAN_TABLES[name], orient="row")
