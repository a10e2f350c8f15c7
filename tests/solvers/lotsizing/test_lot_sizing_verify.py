"""The checker of plans finds every kind of breach and adds up costs from the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.core.errors import InvalidProgram
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plan import LotSizingPlan, plan_of
from solvers.lotsizing.verify import recompute

INSTANCE = LotSizingInstance(
    demand=np.array([[4.0, 6.0, 5.0], [0.0, 0.0, 3.0]]),
    setup_cost=np.array([[10.0], [20.0]]),
    unit_cost=np.array([[1.0], [0.5]]),
    holding_cost=np.array([[1.0], [2.0]]),
    setup_time=np.array([[1.0], [0.0]]),
    unit_time=np.array([[1.0], [1.0]]),
    capacity=np.full((1, 3), 30.0),
    overtime_most=np.full((1, 3), 5.0),
    overtime_cost=np.full((1, 3), 7.0),
    lead_time=np.array([0, 1]),
    bom_parent=np.array([0], dtype=np.int32),
    bom_component=np.array([1], dtype=np.int32),
    bom_quantity=np.array([2.0]),
    initial_stock=np.array([0.0, 10.0]),
    min_lot=np.array([2.0, 0.0]),
    max_lot=np.array([12.0, 40.0]),
    backlog_cost=np.array([3.0, np.inf]),
    shortage_cost=np.array([np.inf, 50.0]),
)
PRODUCTION = np.array([[5.0, 10.0, 0.0], [23.0, 0.0, 0.0]])
LOST = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])


def good() -> LotSizingPlan:
    """A feasible plan made by hand."""
    return plan_of(INSTANCE, PRODUCTION, PRODUCTION > 0, lost=LOST)


def test_a_plan_made_by_hand_costs_what_the_hand_says() -> None:
    """Set-ups 40, units 26.5, stock of item 0 (1+5) and of item 1 (0+3 at 2): the sum, without breach."""
    found = recompute(INSTANCE, good())
    assert found.violated == ()
    assert found.violation == 0.0
    assert found.cost == pytest.approx(2 * 10 + 20 + 15 + 11.5 + 6 + 2 * 3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"setup": np.zeros((2, 3), dtype=bool)}, "lot without set-up"),
        ({"setup": np.ones((2, 3), dtype=bool)}, "lot too small"),
        ({"production": PRODUCTION + 8.0}, "too large"),
        ({"production": -PRODUCTION}, "production below 0"),
        ({"stock": np.zeros((2, 3))}, "stock less backlog"),
        ({"overtime": np.full((1, 3), -1.0)}, "overtime below 0"),
        ({"overtime": np.full((1, 3), 6.0)}, "overtime exceeded"),
        ({"production": PRODUCTION * 2.2}, "capacity exceeded"),
        ({"lost": np.ones((2, 3))}, "more lost than allowed"),
        ({"backlog": np.ones((2, 3))}, "backlog not allowed or left at the end"),
        ({"backlog": np.array([[0.0] * 3, [5.0, 0.0, 0.0]])}, "components used before"),
    ],
)
def test_every_kind_of_breach_is_named(change: dict[str, np.ndarray], words: str) -> None:
    """One field of a good plan spoilt at a time: the breach stands among the findings."""
    found = recompute(INSTANCE, replace(good(), **change))
    assert found.violation > 1e-6
    assert any(words in told for told in found.violated), found.violated


def test_what_is_served_late_follows_from_the_lots() -> None:
    """A later lot leaves a backlog, priced per unit and period; too few lots leave negative stock."""
    late = np.array([[2.0, 8.0, 5.0], [23.0, 0.0, 0.0]])
    plan = plan_of(INSTANCE, late, late > 0, lost=LOST)
    assert plan.backlog[0].tolist() == [2.0, 0.0, 0.0]
    assert recompute(INSTANCE, plan).violated == ()
    few = np.array([[2.0, 8.0, 0.0], [23.0, 0.0, 0.0]])
    assert any("stock below 0" in told for told in recompute(INSTANCE, plan_of(INSTANCE, few, few > 0)).violated)


def test_a_plan_of_mixed_shapes_is_refused() -> None:
    """Arrays that do not belong together are named."""
    with pytest.raises(InvalidProgram, match="stock has shape"):
        replace(good(), stock=np.zeros((2, 2)))
