"""Instances of lot sizing refuse data that cannot be meant, in words that help."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.core.errors import InvalidProgram
from solvers.lotsizing.instance import LotSizingInstance

DEMAND = np.ones((3, 4))


def arcs(*pairs: tuple[int, int]) -> dict[str, np.ndarray]:
    """A bill of materials with one unit per arc (parent, component)."""
    return {
        "bom_parent": np.array([parent for parent, _ in pairs], dtype=np.int32),
        "bom_component": np.array([component for _, component in pairs], dtype=np.int32),
        "bom_quantity": np.ones(len(pairs)),
    }


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"demand": np.ones(3)}, "table"),
        ({"demand": np.full((1, 2), np.nan)}, r"demand\[0, 0\] is nan"),
        ({"setup_cost": np.full((3, 1), -2.0)}, r"setup_cost\[0, 0\] is -2"),
        ({"holding_cost": np.full((3, 4), np.inf)}, "finite"),
        ({"unit_cost": np.ones((2, 4))}, r"\[n, 1\]"),
        ({"capacity": np.ones((1, 5))}, "must fit"),
        ({"lead_time": np.array([0, -1, 0])}, "whole numbers"),
        ({"lead_time": np.array([0.5, 1, 0])}, "whole numbers"),
        ({"min_lot": np.array([0.0, 5.0, 0.0]), "max_lot": np.array([9.0, 4.0, 9.0])}, "item 1 has min_lot 5"),
        (arcs((0, 3)), "item 3"),
        (arcs((0, 1), (0, 1)), "twice"),
        (arcs((0, 1)) | {"bom_quantity": np.zeros(1)}, r"bom_quantity\[0\] is 0"),
    ],
)
def test_wrong_data_are_refused_with_what_where_and_cure(tables: dict[str, np.ndarray], words: str) -> None:
    """Each kind of wrong number, shape or arc is named with its place."""
    with pytest.raises(InvalidProgram, match=words):
        LotSizingInstance(**({"demand": DEMAND} | tables))


def test_a_cycle_of_the_bill_of_materials_is_named() -> None:
    """The items of the cycle stand in the message."""
    with pytest.raises(InvalidProgram, match=r"cycle (1 -> 2 -> 1|2 -> 1 -> 2)"):
        LotSizingInstance(demand=DEMAND, **arcs((0, 1), (1, 2), (2, 1)))


def test_tables_are_broadcast_copied_and_read_only() -> None:
    """A value per item fills its row, and the caller's array can change without the instance noticing."""
    cost = np.array([[1.0], [2.0], [3.0]])
    instance = LotSizingInstance(demand=DEMAND, setup_cost=cost)
    cost[:] = 0.0
    assert instance.setup_cost[:, 3].tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="read-only"):
        instance.demand[0, 0] = 5.0


def test_arcs_are_grouped_with_parents_before_components() -> None:
    """An item stands below its lowest parent, however the arcs are given."""
    instance = LotSizingInstance(demand=DEMAND, **arcs((1, 2), (0, 2), (0, 1)))
    assert [group.tolist() for group in instance.levels()] == [[2], [0, 1]]
