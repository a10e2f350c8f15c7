"""Which direction of a clause's number loosens it is what exact optima of amended scenarios say."""

from __future__ import annotations

from itertools import pairwise

import pytest

from planner.domain.patches.agreements import LOOSENED_BY, ClauseAmendment, ClauseSelection
from planner.domain.patches.selection import Condition
from tests.planning import optimum
from tests.scenario_builder import small_scenario

AMENDED = (
    ("brand/budget", "max", (0.3, 0.8, 1.2)),
    ("oil/take", "min", (5.0, 10.0, 30.0)),
    ("dist/on-time", "min_fill_rate", (0.5, 0.9, 1.0)),
    ("dist/reserve", "share", (0.1, 0.5, 0.9)),
    ("dist/parity", "max_fill_gap", (0.0, 0.05, 0.3)),
    ("brand/net", "min_net_revenue_share", (0.0, 0.5, 0.95)),
    ("program/gold", "min_share", (0.2, 0.7, 1.0)),
    ("program/gold", "penalty", (0.0, 5.0, 50.0)),
    ("oil/rebate", "tiers.rate", (0.0, 0.1, 0.3)),
)


def amended(clause: str, field: str, number: float) -> float:
    """Return the exact optimum of the small scenario with another number in a clause."""
    change = ClauseAmendment(ClauseSelection((Condition("id", (clause,)),)), field, scaled=False)
    best = optimum(change.apply(small_scenario(), number))
    assert best.feasible
    return best.reached


@pytest.mark.slow
@pytest.mark.parametrize(("clause", "field", "numbers"), AMENDED)
def test_the_best_plan_only_gains_where_a_number_loosens_its_clause(
    clause: str, field: str, numbers: tuple[float, ...]
) -> None:
    """Optima are ordered by the number, upwards or downwards as the table of directions says."""
    optima = [amended(clause, field, number) for number in numbers]
    ordered = optima if LOOSENED_BY[field] > 0 else optima[::-1]
    assert all(later >= earlier - 1e-4 for earlier, later in pairwise(ordered))


def test_every_direction_that_is_claimed_is_tried() -> None:
    """No number is called loosening without an example here."""
    assert {field for _, field, _ in AMENDED} == set(LOOSENED_BY)
