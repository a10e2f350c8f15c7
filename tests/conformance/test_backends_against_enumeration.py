"""Exactness of every backend: small programs against enumeration and weak duality, changed ones against rebuilt."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.program import Program
from solvers.core.termination import Limits, Solution, Termination
from tests.conformance.backend_programs import (
    LINEAR,
    WHOLE,
    best_by_enumeration,
    drawn,
    lagrangian,
    violation,
)

EXACT = Limits(gap=1e-9, absolute_gap=1e-9)
EXACT_LINEAR = tuple(name for name in LINEAR if backend(name).capabilities.exact)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), feasible=st.booleans())
def test_every_backend_finds_the_best_of_all_points(seed: int, feasible: bool) -> None:  # noqa: FBT001 - drawn
    """The optimum over all whole points of the box, counted one by one, is what each finds, claims and bounds."""
    source = drawn(seed, feasible=feasible)
    best = best_by_enumeration(source)
    for name in WHOLE:
        answer = backend(name).load(source).solve(limits=EXACT)
        if best is None:
            assert answer.termination is Termination.INFEASIBLE, name
            continue
        assert answer.termination is Termination.OPTIMAL, name
        assert answer.x is not None
        assert violation(source, answer.x) <= 1e-6, name
        assert answer.objective == pytest.approx(best, abs=1e-6), name
        assert answer.bound == pytest.approx(best, abs=1e-6), name
        assert answer.bound >= best - 1e-9, name


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_relaxations_agree_and_duals_prove_them(seed: int) -> None:
    """All exact linear solvers report one value, at feasible points, and their duals prove it without any solver."""
    source = drawn(seed)
    plain = replace(source, integer=np.zeros(source.columns, dtype=bool))
    values = []
    for name in EXACT_LINEAR:
        answer = backend(name).load(source).solve(relaxed=True)
        assert answer.termination is Termination.OPTIMAL, name
        assert answer.x is not None
        assert answer.row_dual is not None
        assert violation(plain, answer.x) <= 1e-6, name
        assert lagrangian(plain, answer.row_dual) == pytest.approx(answer.objective, abs=1e-6), name
        values.append(answer.objective)
    assert values == pytest.approx([values[0]] * len(values), abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_first_order_solver_is_near(seed: int) -> None:
    """PDLP's value is that of the simplex within what it promises."""
    source = drawn(seed)
    expected = backend("highs").load(source).solve(relaxed=True).objective
    found = backend("pdlp").load(source).solve(relaxed=True).objective
    assert found == pytest.approx(expected, abs=1e-3)


def changed(draw: random.Random, now: Program) -> Program:
    """Change the objective, column bounds or row bounds at some places."""
    what = draw.choice(["objective", "columns"] + ["rows"] * (now.rows.rows > 0))
    if what == "objective":
        return replace(now, objective=np.array([draw.choice([v, draw.randint(-5, 5)]) for v in now.objective], float))
    if what == "columns":
        lower = np.array([draw.choice([v, draw.randint(-2, 1)]) for v in now.lower], dtype=float)
        return replace(now, lower=lower, upper=lower + draw.randint(0, 3))
    low = np.array([draw.choice([v, -np.inf, draw.randint(-4, 0)]) for v in now.row_lower], dtype=float)
    high = np.array([draw.choice([np.inf, draw.randint(-1, 6)]) for _ in now.row_upper], dtype=float)
    return replace(now, row_lower=low, row_upper=high)


def same(one: Solution, other: Solution) -> None:
    """Two answers say the same."""
    assert one.termination is other.termination
    assert one.objective == (None if other.objective is None else pytest.approx(other.objective, abs=1e-6))
    assert one.bound == pytest.approx(other.bound, abs=1e-6)


@pytest.mark.parametrize("name", sorted({*WHOLE, *EXACT_LINEAR}))
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_changed_model_answers_as_a_rebuilt_one(name: str, seed: int) -> None:
    """After every change a living model answers, whole and relaxed as far as it can, as one loaded anew."""
    draw, chosen = random.Random(seed), backend(name)
    now = drawn(seed)
    model = chosen.load(now)
    columns, rows = (np.arange(k, dtype=np.int32) for k in (now.columns, now.rows.rows))
    for _ in range(4):
        now = changed(draw, now)
        model.set_objective(columns, now.objective)
        model.set_column_bounds(columns, now.lower, now.upper)
        model.set_row_bounds(rows, now.row_lower, now.row_upper)
        if chosen.capabilities.continuous:
            same(model.solve(relaxed=True), chosen.load(now).solve(relaxed=True))
        if chosen.capabilities.integers:
            same(model.solve(limits=EXACT), chosen.load(now).solve(limits=EXACT))
