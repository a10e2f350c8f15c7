"""Why nothing is feasible: a set of row groups that cannot hold together, and none of which could be left out."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.program import Floats, Ints, Program
from solvers.core.termination import Termination
from solvers.network.conflict import minimal_conflict
from tests.solvers.small_programs import INF, program

HIGHS = backend("highs")


def groups(**rows: list[int]) -> dict[str, Ints]:
    """Groups of rows by name."""
    return {name: np.array(members, dtype=np.int32) for name, members in rows.items()}


def feasible(whole: Program, held: dict[str, Ints], *, among: dict[str, Ints], relaxed: bool) -> bool:
    """Tell whether a point exists when only some of the groups hold; rows in no group always hold."""
    lower, upper = whole.row_lower.copy(), whole.row_upper.copy()
    for name, rows in among.items():
        if name not in held:
            lower[rows], upper[rows] = -INF, INF
    freed = replace(whole, row_lower=lower, row_upper=upper, objective=np.zeros_like(whole.objective))
    return HIGHS.load(freed).solve(relaxed=relaxed).termination is not Termination.INFEASIBLE


def assert_minimal(whole: Program, all_groups: dict[str, Ints], *, relaxed: bool) -> None:
    """The named groups are infeasible together, and feasible without any one of them."""
    conflict = minimal_conflict(whole, all_groups, HIGHS, relaxed=relaxed)
    named = {name: all_groups[name] for name in conflict.groups}
    assert named
    assert not feasible(whole, named, among=all_groups, relaxed=relaxed)
    for name in named:
        rest = {other: rows for other, rows in named.items() if other != name}
        assert feasible(whole, rest, among=all_groups, relaxed=relaxed), f"{name} is not needed in {conflict.groups}"


def test_two_of_three_groups_in_conflict() -> None:
    """X ≥ 6 against x ≤ 4 is the conflict; y ≤ 1 is not in it; one row must give way by 2."""
    whole = program([1.0, 1.0], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [(6.0, INF), (-INF, 4.0), (-INF, 1.0)])
    found = minimal_conflict(whole, groups(least=[0], most=[1], other=[2]), HIGHS, relaxed=True)
    assert found.groups == ("least", "most")
    assert sum(found.loosening.values()) == pytest.approx(2.0)
    assert set(found.loosening) <= {"least", "most"}


def test_a_group_that_cannot_hold_by_itself() -> None:
    """A single group asking for more than the box allows is the whole conflict."""
    whole = program([1.0], [[1.0], [1.0]], [(12.0, INF), (0.0, 3.0)])
    assert minimal_conflict(whole, groups(much=[0], little=[1]), HIGHS, relaxed=True).groups == ("much",)


def test_a_group_of_several_rows_stands_or_falls_as_one() -> None:
    """A group whose first row is harmless is named for its second."""
    whole = program([1.0, 0.0], [[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]], [(0.0, 9.0), (5.0, INF), (-INF, 2.0)])
    found = minimal_conflict(whole, groups(two=[0, 1], one=[2]), HIGHS, relaxed=True)
    assert found.groups == ("two", "one")


def test_three_groups_of_which_any_two_hold() -> None:
    """X + y ≥ 10, x ≤ 4 and y ≤ 4 conflict only all together."""
    whole = program([0.0, 0.0], [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]], [(10.0, INF), (-INF, 4.0), (-INF, 4.0)])
    found = minimal_conflict(whole, groups(sum=[0], x=[1], y=[2]), HIGHS, relaxed=True)
    assert found.groups == ("sum", "x", "y")


def test_a_conflict_of_whole_numbers_only() -> None:
    """2x = 3 holds for no whole x; relaxed it does, so it is found among integers only."""
    whole = program([0.0], [[2.0], [1.0]], [(3.0, 3.0), (0.0, 5.0)], integer=[True])
    found = minimal_conflict(whole, groups(odd=[0], small=[1]), HIGHS, relaxed=False)
    assert found.groups == ("odd",)


def test_nothing_to_name_where_the_rest_is_infeasible_already() -> None:
    """Where rows outside all groups conflict, no group is blamed."""
    whole = program([0.0], [[1.0], [1.0], [1.0]], [(6.0, INF), (-INF, 4.0), (-INF, 9.0)])
    found = minimal_conflict(whole, groups(innocent=[2]), HIGHS, relaxed=True)
    assert found.groups == ()
    assert dict(found.loosening) == {}


def drawn(draw: random.Random, *, integer: bool) -> Program:
    """Draw rows that often conflict."""
    columns, rows = 3, 6
    coefficients = [[float(draw.randint(-2, 2)) for _ in range(columns)] for _ in range(rows)]
    limits = []
    for _ in range(rows):
        at = float(draw.randint(-6, 8))
        limits.append(draw.choice(((at, INF), (-INF, at), (at, at + 1))))
    return program([0.0] * columns, coefficients, limits, bounds=[(0.0, 4.0)] * columns, integer=[integer] * columns)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.booleans())
def test_a_conflict_is_infeasible_and_loses_that_with_any_of_its_groups(seed: int, integer: bool) -> None:  # noqa: FBT001 - drawn
    """On random infeasible programs the conflict is minimal, relaxed or in whole numbers."""
    draw = random.Random(seed)
    whole = drawn(draw, integer=integer)
    parts = groups(a=[0], b=[1, 2], c=[3], d=[4, 5])
    assume(not feasible(whole, parts, among=parts, relaxed=not integer))
    assert_minimal(whole, parts, relaxed=not integer)


@given(st.integers(0, 2**32))
def test_the_loosening_makes_a_point_possible(seed: int) -> None:
    """With every row of a group loosened by the group's amount, something is feasible."""
    whole = drawn(random.Random(seed), integer=False)
    parts = groups(a=[0], b=[1, 2], c=[3], d=[4, 5])
    assume(not feasible(whole, parts, among=parts, relaxed=True))
    loosening = minimal_conflict(whole, parts, HIGHS, relaxed=True).loosening
    lower, upper = whole.row_lower.copy(), whole.row_upper.copy()
    for name, amount in loosening.items():
        _loosen(lower, upper, parts[name], amount + 1e-6)
    eased = replace(whole, row_lower=lower, row_upper=upper)
    assert HIGHS.load(eased).solve(relaxed=True).termination is not Termination.INFEASIBLE


def _loosen(lower: Floats, upper: Floats, rows: Ints, amount: float) -> None:
    lower[rows] -= amount
    upper[rows] += amount
