"""Set-ups, lots, released production and capacity: what plants may make, and what making costs."""

from __future__ import annotations

import numpy as np

from planner.domain.lookup import row_positions
from planner.domain.scenario import Scenario
from planner.verification.breaches import Bools, Breach, Floats, exceeds, listed, tolerance
from planner.verification.decisions import Decisions


def production_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    """Return what breaks set-ups, lot sizes, released production and capacity."""
    return [*_lot_breaches(scenario, decisions), *_capacity_breaches(scenario, decisions)]


def production_parts(scenario: Scenario, decisions: Decisions) -> dict[str, float]:
    """Return the value parts production, setup and overtime (≤ 0)."""
    recipes, resources = scenario["recipes"], scenario["resources"]
    return {
        "production": -float(recipes["unit_cost"].to_numpy() @ decisions.production.sum(axis=1)),
        "setup": -float(recipes["setup_cost"].to_numpy() @ decisions.setup.sum(axis=1)),
        "overtime": -float(resources["overtime_cost"].to_numpy() @ decisions.overtime),
    }


def routing_use(scenario: Scenario, decisions: Decisions) -> Floats:
    """Return the capacity used by every routing, set-ups included: float64 of shape (routings, periods).

    A routing without a recipe uses nothing.
    """
    routings = scenario["routings"]
    recipe = row_positions(routings.select("plant", "product"), scenario["recipes"].select("plant", "product"))
    use = (
        routings["capacity_per_unit"].to_numpy()[:, None] * decisions.production[recipe]
        + routings["setup_capacity"].to_numpy()[:, None] * decisions.setup[recipe]
        if scenario["recipes"].height
        else np.zeros((routings.height, scenario.horizon.periods))
    )
    return np.asarray(np.where((recipe >= 0)[:, None], use, 0.0))


def _lot_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    recipes = scenario["recipes"]
    quantity, setup = decisions.production, decisions.setup
    shape = quantity.shape
    released = np.full(shape, np.nan)
    firm = scenario["firm"]
    recipe = row_positions(firm.select("plant", "product"), recipes.select("plant", "product"))
    period = firm["period"].to_numpy()
    known = (recipe >= 0) & (period >= 0) & (period < shape[1])
    released[recipe[known], period[known]] = firm["quantity"].to_numpy()[known]
    free = np.isnan(released)
    closed = free & _closed(scenario, shape)
    min_lot = np.broadcast_to(recipes["min_lot"].to_numpy()[:, None], shape)
    max_lot = np.broadcast_to(recipes["max_lot"].fill_null(np.inf).to_numpy()[:, None], shape)
    fixed = np.where(free, 0.0, released)

    def where(r: int, t: int) -> str:
        return f"plant {recipes['plant'][r]}, product {recipes['product'][r]}, period {t}"

    off = np.abs(quantity - fixed)
    return [
        *listed(
            "production.setup",
            free & (setup == 0) & (quantity > tolerance(np.zeros(shape))),
            lambda r, t: (where(r, t), f"{quantity[r, t]:g} is made without a set-up"),
            quantity,
        ),
        *listed(
            "production.min-lot",
            free & (setup == 1) & exceeds(min_lot, quantity),
            lambda r, t: (
                where(r, t),
                f"{quantity[r, t]:g} is less than the smallest lot {min_lot[r, t]:g}",
            ),
            min_lot - quantity,
        ),
        *listed(
            "production.max-lot",
            free & (setup == 1) & exceeds(quantity, max_lot),
            lambda r, t: (
                where(r, t),
                f"{quantity[r, t]:g} is more than the largest lot {max_lot[r, t]:g}",
            ),
            quantity - max_lot,
        ),
        *listed(
            "production.closed",
            closed & ((setup == 1) | (quantity > tolerance(np.zeros(shape)))),
            lambda r, t: (
                where(r, t),
                f"the recipe is closed in this period, the plan has {quantity[r, t]:g}, set-up {setup[r, t]:g}",
            ),
            quantity,
        ),
        *listed(
            "production.firm",
            ~free & ((off > tolerance(fixed)) | (setup == 0)),
            lambda r, t: (
                where(r, t),
                f"{fixed[r, t]:g} is released with its set-up, the plan has {quantity[r, t]:g}, set-up {setup[r, t]:g}",
            ),
            off,
        ),
    ]


def _closed(scenario: Scenario, shape: tuple[int, ...]) -> Bools:
    """Return bool [recipes, periods]: where no lot may be started."""
    closures, closed = scenario["recipe_closures"], np.zeros(shape, dtype=np.bool_)
    recipe = row_positions(closures.select("plant", "product"), scenario["recipes"].select("plant", "product"))
    period = closures["period"].to_numpy()
    known = (recipe >= 0) & (period >= 0) & (period < shape[1])
    closed[recipe[known], period[known]] = True
    return closed


def _capacity_breaches(scenario: Scenario, decisions: Decisions) -> list[Breach]:
    resources, routings = scenario["resources"], scenario["routings"]
    lines = (
        resources.select("plant", "resource").vstack(routings.select("plant", "resource")).unique(maintain_order=True)
    )
    shape = (lines.height, scenario.horizon.periods)
    line = row_positions(resources.select("plant", "resource"), lines)
    period = resources["period"].to_numpy()
    known = (period >= 0) & (period < shape[1])
    place = (line[known], period[known])
    # A period without a row has no capacity: production there is a breach, not a gift.
    regular, overtime = np.zeros(shape), np.zeros(shape)
    regular[place] = resources["regular"].fill_null(np.inf).to_numpy()[known]
    overtime[place] = decisions.overtime[known]
    used = np.zeros(shape)
    np.add.at(used, row_positions(routings.select("plant", "resource"), lines), routing_use(scenario, decisions))
    allowed = regular + overtime
    paid_limit = resources["overtime_max"].fill_null(np.inf).to_numpy()

    def where(q: int, t: int) -> str:
        return f"plant {lines['plant'][q]}, resource {lines['resource'][q]}, period {t}"

    return [
        *listed(
            "capacity",
            np.isfinite(allowed) & (used - np.where(np.isfinite(allowed), allowed, 0.0) > tolerance(regular)),
            lambda q, t: (
                where(q, t),
                f"{used[q, t]:g} is used of regular {regular[q, t]:g} and overtime {overtime[q, t]:g}",
            ),
            used - allowed,
        ),
        *listed(
            "overtime.limit",
            exceeds(decisions.overtime, paid_limit),
            lambda i: (
                f"plant {resources['plant'][i]}, resource {resources['resource'][i]}, period {period[i]}",
                f"overtime {decisions.overtime[i]:g} exceeds {paid_limit[i]:g}",
            ),
            decisions.overtime - paid_limit,
        ),
    ]
