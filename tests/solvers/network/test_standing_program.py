"""A program that stands: answers depend on their change alone, are recomputed, and are those of a cold solve."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from solvers.core.program import Program, SparseRows
from solvers.core.termination import UNLIMITED
from solvers.network.reduction import without_fixed
from solvers.network.standing import Change, ColumnChange, EntryChange, NoOptimum, RowChange, StandingProgram

COLUMNS, ROWS = 14, 9


def drawn(seed: int) -> Program:
    """Return a bounded feasible program, a third of its columns fixed."""
    rng = random.Random(seed)
    dense = np.array([[rng.choice([0, 0, 1, 2, -1]) for _ in range(COLUMNS)] for _ in range(ROWS)], dtype=float)
    point = np.array([float(rng.randint(0, 4)) for _ in range(COLUMNS)])
    fixed = np.array([rng.random() < 0.33 for _ in range(COLUMNS)])
    activity = dense @ point
    i, j = np.nonzero(np.ones_like(dense))
    return Program(
        objective=np.array([float(rng.randint(-3, 6)) for _ in range(COLUMNS)]),
        lower=np.where(fixed, point, 0.0),
        upper=np.where(fixed, point, 5.0),
        integer=np.zeros(COLUMNS, dtype=bool),
        rows=SparseRows.from_triplets(i, j, dense[i, j], ROWS, COLUMNS),
        row_lower=np.where(np.arange(ROWS) % 3 == 0, activity - 2, -np.inf),
        row_upper=activity + 1,
        offset=2.5,
    )


def a_change(seed: int, program: Program) -> Change:
    """Return a change of some free columns, rows and entries that keeps the program feasible."""
    rng = random.Random(seed)
    free = np.flatnonzero(program.lower < program.upper).astype(np.int32)
    columns = free[:: rng.randint(1, 3)]
    rows = np.array(rng.sample(range(ROWS), 3), dtype=np.int32)
    return Change(
        ColumnChange(
            columns,
            program.lower[columns],
            program.upper[columns] + rng.randint(0, 3),
            np.array([float(rng.randint(-3, 9)) for _ in columns]),
        ),
        RowChange(rows, program.row_lower[rows], program.row_upper[rows] + rng.randint(0, 4)),
        EntryChange(rows[:1], free[:1], program.rows.value[rows[:1] * COLUMNS + free[:1]] * 0.5),
        offset=float(rng.randint(-2, 2)),
    )


def cold(program: Program) -> float | None:
    """Return the optimum of a program from nothing."""
    return backend("highs").load(program).solve(relaxed=True).objective


def standing(program: Program) -> StandingProgram:
    """Return the program loaded, with no fixed column open."""
    return StandingProgram(program, backend("highs"), open_columns=np.zeros(COLUMNS, dtype=bool))


@pytest.mark.parametrize("seed", range(8))
def test_changes_give_the_optimum_of_a_cold_solve(seed: int) -> None:
    """Value and bound of every change enclose what a solve of the changed program from nothing finds."""
    program = drawn(seed)
    stands = standing(program)
    assert stands.base.value == pytest.approx(cold(program), abs=1e-6)
    for number in range(6):
        change = a_change(10 * seed + number, program)
        found = stands.changed(change, UNLIMITED)
        expected = cold(change.applied(program))
        assert found.value == pytest.approx(expected, abs=1e-6)
        assert found.value - 1e-9 <= found.bound == pytest.approx(expected, abs=1e-6)
        assert found.violation <= 1.0


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    """The same changes asked forwards, backwards and by a second program give the same bytes."""
    program = drawn(3)
    changes = [a_change(seed, program) for seed in range(12)]
    one, other = standing(program), standing(program)
    forwards = [one.changed(change, UNLIMITED).x.tobytes() for change in changes]
    backwards = [one.changed(change, UNLIMITED).x.tobytes() for change in reversed(changes)]
    assert forwards == backwards[::-1]
    assert other.changed(changes[7], UNLIMITED).x.tobytes() == forwards[7]


def test_a_change_without_optimum_is_told_and_forgotten() -> None:
    """A row that cannot hold raises NoOptimum, and the next answer is as if it had not been asked."""
    program = drawn(1)
    stands = standing(program)
    rows = np.array([0], dtype=np.int32)
    with pytest.raises(NoOptimum, match="infeasible"):
        stands.changed(Change(rows=RowChange(rows, np.array([1e3]), np.array([1e4]))), UNLIMITED)
    assert stands.changed(Change(), UNLIMITED).value == pytest.approx(stands.base.value, abs=1e-9)


def test_fixed_columns_that_were_not_kept_open_cannot_change() -> None:
    """A change of a column that was left out is refused by name."""
    program = drawn(2)
    fixed = np.flatnonzero(program.lower == program.upper)[:1].astype(np.int32)
    with pytest.raises(InvalidProgram, match=f"column {fixed[0]} was left out"):
        standing(program).changed(
            Change(ColumnChange(fixed, np.zeros(1), np.ones(1), program.objective[fixed])), UNLIMITED
        )


@pytest.mark.parametrize("seed", range(6))
def test_leaving_out_fixed_columns_changes_no_optimum(seed: int) -> None:
    """The reduced program has the optimum of the whole, and its solution put back is one of the whole."""
    program = drawn(seed)
    reduction = without_fixed(program, np.zeros(COLUMNS, dtype=bool))
    assert reduction.program.columns < COLUMNS
    solution = backend("highs").load(reduction.program).solve(relaxed=True)
    assert solution.x is not None
    whole = reduction.whole_columns(solution.x)
    assert float(program.objective @ whole) + program.offset == pytest.approx(cold(program), abs=1e-6)
    assert np.all(program.rows.times(whole) <= program.row_upper + 1e-7)
    assert np.all(program.rows.times(whole) >= program.row_lower - 1e-7)


def test_a_backend_without_a_remembered_basis_gives_the_same_value() -> None:
    """Where models cannot begin again from a basis they are loaded anew, and the answers agree."""
    program = drawn(5)
    change = a_change(4, program)
    plain = StandingProgram(replace(program), backend("pyomo"), open_columns=np.zeros(COLUMNS, dtype=bool))
    assert plain.changed(change, UNLIMITED).value == pytest.approx(
        standing(program).changed(change, UNLIMITED).value, abs=1e-6
    )
