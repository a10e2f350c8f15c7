"""The plain lot-sizing formulation in linopy, as one would write it with labelled arrays, and its hand-over to HiGHS.

Sets, variables and constraints as in :mod:`solvers.lotsizing.plain`, for one level without lead times, backlog and
smallest lots, every item on one resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from solvers.core.program import Floats, Ints
from solvers.lotsizing.instance import LotSizingInstance

if TYPE_CHECKING:
    import xarray as xr


def built_in_linopy(instance: LotSizingInstance, most: Floats) -> Any:
    """Return a HiGHS instance that holds the formulation; ``most`` [N, T] forces set-ups.

    Raises ValueError where the instance holds more than this model states.
    """
    import linopy  # noqa: PLC0415  # heavy: it takes seconds, which only its own turns shall spend
    import xarray as xr  # noqa: PLC0415  # heavy, comes with linopy
    from linopy.io import to_highspy  # noqa: PLC0415  # as above

    extras = len(instance.bom_parent) or instance.lead_time.any() or instance.min_lot.any()
    if extras or np.isfinite(instance.backlog_cost).any() or (np.count_nonzero(instance.unit_time, axis=1) != 1).any():
        raise ValueError("this peer knows one level, one resource per item, no backlog, lead times or smallest lots")
    item, period, resource = (np.arange(n) for n in (instance.items, instance.periods, instance.resources))

    def per_item(table: Floats) -> xr.DataArray:
        return xr.DataArray(table, coords={"item": item, "period": period})

    def per_resource(table: Floats) -> xr.DataArray:
        return xr.DataArray(table, coords={"resource": resource, "period": period})

    def single(values: Floats | Ints) -> xr.DataArray:
        return xr.DataArray(values, coords={"item": item})

    line = single(instance.unit_time.argmax(axis=1).astype(np.int32)).rename("resource")
    model = linopy.Model()
    x = model.add_variables(
        lower=0, upper=per_item(most), dims=["item", "period"], coords=[item, period], name="production"
    )
    y = model.add_variables(binary=True, dims=["item", "period"], coords=[item, period], name="setup")
    u = model.add_variables(
        lower=0, upper=per_item(instance.demand), dims=["item", "period"], coords=[item, period], name="lost"
    )
    o = model.add_variables(
        lower=0,
        upper=per_resource(instance.overtime_most),
        dims=["resource", "period"],
        coords=[resource, period],
        name="overtime",
    )
    s = model.add_variables(lower=0, dims=["item", "period"], coords=[item, period], name="stock")
    needed = instance.demand.copy()
    needed[:, 0] -= instance.initial_stock
    model.add_constraints(x + u + s.shift(period=1).fillna(0) - s == per_item(needed), name="balance")
    model.add_constraints(x - per_item(most) * y <= 0, name="lot needs set-up")
    used = x * single(instance.unit_time.max(axis=1))
    used = used + y * single(instance.setup_time.max(axis=1))
    busy = used.groupby(line).sum()
    model.add_constraints(busy - o <= per_resource(instance.capacity), name="capacity")
    model.add_objective(
        (x * per_item(instance.unit_cost)).sum()
        + (y * per_item(instance.setup_cost)).sum()
        + (s * per_item(instance.holding_cost)).sum()
        + (u * single(instance.shortage_cost)).sum()
        + (o * per_resource(instance.overtime_cost)).sum()
    )
    return to_highspy(model)
