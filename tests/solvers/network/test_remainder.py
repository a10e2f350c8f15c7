"""Columns held at their values: what is left is a joint program whose solutions are solutions of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.termination import Termination
from solvers.network.assembly import Assembly, assemble
from solvers.network.remainder import hold, rounding
from tests.solvers.small_programs import INF, builder, links


def shop() -> Assembly:
    """Two blocks: one makes up to 10 under a set-up, one of two options sells; at most as much is sold as made."""
    maker = builder("maker")
    setup = maker.add_columns("setup", ["a"], 0, upper=1.0, objective=-5.0, integer=True)
    quantity = maker.add_columns("quantity", ["a"], 0, upper=10.0, objective=-1.0)
    row = maker.add_rows("most", ["a"], 0, lower=0.0)
    maker.add_entries(row, setup, 10.0)
    maker.add_entries(row, quantity, -1.0)
    maker.add_links(0, quantity, 1.0)
    maker.add_setups(setup, quantity, np.full(1, 10.0))
    seller = builder("seller")
    option = seller.add_columns("option", ["low", "high"], 0, upper=1.0, objective=[0.0, 2.0], integer=True)
    sold = seller.add_columns("sold", ["a"], 0, upper=8.0, objective=3.0)
    one = seller.add_rows("one", ["option"], 0, lower=1.0, upper=1.0)
    seller.add_entries(one, option, 1.0)
    least = seller.add_rows("least", ["a"], 0, lower=0.0)
    seller.add_entries(least, sold, 1.0)
    seller.add_entries(least, option[1:], -6.0)
    seller.add_links(0, sold, -1.0)
    seller.add_choice("option", option)
    return assemble([maker.build(1), seller.build(1)], links([(0.0, INF)]))


X = np.array([1.0, 7.0, 0.0, 1.0, 7.0])
EVERYTHING = np.ones(5, dtype=bool)


def test_nothing_held_leaves_the_program_as_it_is() -> None:
    """With every column free the remainder is the whole."""
    whole = shop()
    left = hold(whole, X, EVERYTHING)
    assert left.assembly.program.rows.rows == whole.program.rows.rows
    np.testing.assert_array_equal(left.assembly.program.row_lower, whole.program.row_lower)
    np.testing.assert_array_equal(left.assembly.program.objective, whole.program.objective)
    np.testing.assert_array_equal(left.assembly.setups.setup, whole.setups.setup)
    assert [group.tolist() for _, group in left.assembly.choices] == [[2, 3]]


def test_what_is_held_is_taken_from_the_rows_and_counted_in_the_value() -> None:
    """With the option and the set-up held, a remainder is worth what the whole is, and keeps only rows it is in."""
    free = np.array([False, True, False, False, True])
    left = hold(shop(), X, free)
    program = left.assembly.program
    assert program.offset == pytest.approx(-5.0 + 2.0)
    assert (left.assembly.column_start.tolist(), left.assembly.row_start.tolist()) == ([0, 1, 2], [0, 1, 2])
    assert (len(left.assembly.setups.setup), left.assembly.choices) == (0, ())
    np.testing.assert_allclose(program.row_lower, [-10.0, 6.0, 0.0])
    found = backend("highs").load(program).solve()
    assert found.x is not None
    np.testing.assert_allclose(left.restore(found.x), [1.0, 8.0, 0.0, 1.0, 8.0])
    assert found.objective == pytest.approx(float(shop().program.objective @ left.restore(found.x)))


def test_a_row_missed_by_rounding_keeps_the_room_taken() -> None:
    """Where the held solution misses a row in the ninth digit, the row is moved by that."""
    rounded = X - np.array([0.0, 1e-9, 0.0, 0.0, 0.0])
    program = hold(shop(), rounded, np.array([False, True, False, False, False])).assembly.program
    assert program.row_lower[1] == rounded[1]


def test_a_row_that_is_really_missed_stays_missed() -> None:
    """Rounding is forgiven, a violation is not: held at a solution that breaks a row, nothing else keeps it either."""
    broken = X - np.array([0.0, 0.0, 0.0, 0.0, 3.0])
    program = hold(shop(), broken, np.array([False, True, False, True, False])).assembly.program
    assert backend("highs").load(program).solve().termination is Termination.INFEASIBLE


@given(st.lists(st.booleans(), min_size=5, max_size=5), st.sampled_from([(7.0, 7.0), (6.0, 6.0), (10.0, 8.0)]))
def test_the_held_solution_is_a_solution_of_what_is_left(mask: list[bool], amounts: tuple[float, float]) -> None:
    """Whatever is held at a solution, its free part keeps all rows that are left, and is worth the same."""
    x = X.copy()
    x[1], x[4] = amounts
    whole, free = shop(), np.array(mask)
    left = hold(whole, x, free)
    program, part = left.assembly.program, left.part(x)
    activity = program.rows.times(part)
    assert np.all(activity >= program.row_lower - 1e-9)
    assert np.all(activity <= program.row_upper + 1e-9)
    assert program.objective @ part + program.offset == pytest.approx(whole.program.objective @ x)
    np.testing.assert_array_equal(left.restore(part), x)


@given(st.floats(-1e9, 1e9))
def test_room_for_rounding_stays_within_what_a_verifier_forgives(activity: float) -> None:
    """A plan made of what is left of a program is verified in the whole, whose rows are held to their own tolerance."""
    room = float(rounding(np.array([activity]))[0])
    assert 0 < room <= 0.5 * (1e-4 + 1e-7 * abs(activity)) * (1 + 1e-12)
    assert room <= 1e-6 * max(1.0, abs(activity))
