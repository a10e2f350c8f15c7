"""A loaded model whose coefficients change answers like a new one, whichever backend holds it."""

from __future__ import annotations

import random

import numpy as np
import pytest

from solvers.backends.highs import HighsBackend
from solvers.backends.registry import BACKEND_NAMES, backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Program
from tests.solvers.small_programs import program, random_program

LOOSE = {"pdlp": 1e-4}


def changed(given: Program, draw: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw other values, zeros among them, for some of the entries, as (rows, columns, values)."""
    entries = np.array(sorted(draw.sample(range(len(given.rows.value)), len(given.rows.value) // 2)), dtype=np.int64)
    values = np.array([float(draw.randint(-3, 3)) for _ in entries])
    return given.rows.row_of_entry()[entries], given.rows.index[entries], values


@pytest.mark.parametrize("name", [name for name in BACKEND_NAMES if name != "cpsat"])
def test_a_model_follows_changed_coefficients(name: str) -> None:
    """Linear optima after a change are those of the program loaded anew; the one loaded first is left as it was."""
    draw = random.Random(5)
    for _ in range(8):
        given = random_program(draw, columns=4, rows=3)
        model = backend(name).load(given)
        model.solve(relaxed=True)
        rows, columns, values = changed(given, draw)
        model.set_coefficients(rows, columns, values)
        before = given.rows.value.copy()
        fresh = backend("highs").load(
            Program(
                given.objective,
                given.lower,
                given.upper,
                given.integer,
                given.rows.with_values(rows, columns, values),
                given.row_lower,
                given.row_upper,
                given.offset,
            )
        )
        expected, found = fresh.solve(relaxed=True), model.solve(relaxed=True)
        assert (found.x is None) == (expected.x is None)
        if expected.objective is not None:
            assert found.objective == pytest.approx(expected.objective, rel=LOOSE.get(name, 1e-7), abs=1e-3)
        assert np.array_equal(given.rows.value, before)


@pytest.mark.parametrize("name", ["highs", "cpsat", "scip", "pyomo"])
def test_whole_answers_follow_changed_coefficients(name: str) -> None:
    """With integers too, before and after the first solve."""
    given = program([3.0, 2.0], [[1.0, 1.0]], [(-np.inf, 7.0)], integer=[True, True])
    model = backend(name).load(given)
    zero, one = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    model.set_coefficients(zero, zero, np.array([2.0]))
    assert model.solve().objective == pytest.approx(14.0)
    model.set_coefficients(zero, one, np.array([4.0]))
    assert model.solve().objective == pytest.approx(9.0)


def test_a_place_without_an_entry_is_refused() -> None:
    """Only entries that stand in the program can change."""
    given = program([1.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], [(0.0, 1.0), (0.0, 1.0)])
    model = backend("highs").load(given)
    with pytest.raises(InvalidProgram, match="row 0 has no entry in column 1"):
        model.set_coefficients(np.array([0], dtype=np.int32), np.array([1], dtype=np.int32), np.ones(1))


def test_a_program_can_be_handed_over_before_it_is_solved() -> None:
    """Holding changes no answer, whole or relaxed, and a program without rows is held too."""
    given = program([3.0, 2.0], [[2.0, 1.0]], [(-np.inf, 7.0)], integer=[True, True])
    model = HighsBackend().load(given)
    model.hold()
    model.hold(relaxed=True)
    assert model.solve().objective == pytest.approx(14.0)
    assert model.solve(relaxed=True).objective == pytest.approx(14.0)
    free = HighsBackend().load(program([1.0, 2.0], [], [], offset=1.0))
    free.hold()
    assert free.solve().objective == pytest.approx(31.0)
