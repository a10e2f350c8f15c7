"""Release of money and purchases with rebates: programs, exact bounds and enumeration agree."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from solvers.core.termination import Termination
from solvers.incentives.purchase import PurchaseInstance, Rebates, formulate_purchase, solve_purchase
from solvers.incentives.release import ReleaseInstance, solve_release
from solvers.incentives.rows import AmountRows, no_rows
from solvers.incentives.verify import purchase_bound, purchase_value, release_bound, release_value

INF = np.inf


def window_rows(rng: np.random.Generator, items: int, windows: int, *, top: float) -> AmountRows:
    """Random rows, each over one window of the items or all of them, some soft."""
    window = np.arange(items) * windows // items
    count = int(rng.integers(0, 5))
    member = np.zeros((count, items), dtype=bool)
    for k in range(count):
        pick = int(rng.integers(-1, windows))
        member[k] = True if pick < 0 else window == pick
    lower = np.where(rng.random(count) < 0.5, -INF, rng.integers(0, 8, count) * top / 10)
    upper = np.where(rng.random(count) < 0.5, INF, np.maximum(lower, 0) + rng.integers(0, 8, count) * top / 10)
    return AmountRows(
        member=member,
        lower=lower,
        upper=upper,
        penalty=np.where(rng.random(count) < 0.4, INF, rng.integers(0, 5, count) / 2.0),
    )


def random_release(seed: int) -> ReleaseInstance:
    """A release over up to four windows."""
    rng = np.random.default_rng(seed)
    windows = int(rng.integers(1, 5))
    return ReleaseInstance(
        price=rng.integers(-4, 5, windows) / 2.0,
        most=rng.integers(0, 10, windows).astype(float),
        rows=window_rows(rng, windows, windows, top=10.0),
    )


def random_purchase(seed: int) -> PurchaseInstance:
    """A purchase of up to six items in up to three windows, a rebate on each window or on all items."""
    rng = np.random.default_rng(seed)
    items = int(rng.integers(1, 7))
    windows = int(rng.integers(1, min(items, 3) + 1))
    window = np.arange(items) * windows // items
    scopes = [window == w for w in range(windows)] if rng.random() < 0.6 else []
    scopes += [np.ones(items, dtype=bool)] if rng.random() < 0.6 or not scopes else []
    tiers = int(rng.integers(1, 4))
    threshold = np.cumsum(rng.integers(1, 6, (len(scopes), tiers)), axis=1).astype(float)
    threshold[rng.random(len(scopes)) < 0.2, -1] = INF
    rate = rng.integers(0, 6, (len(scopes), tiers)) / 20.0
    return PurchaseInstance(
        value=rng.integers(0, 12, items).astype(float),
        cost=rng.integers(1, 12, items).astype(float),
        most=rng.integers(0, 6, items).astype(float),
        rows=window_rows(rng, items, windows, top=8.0),
        rebates=Rebates(
            member=np.array(scopes),
            threshold=threshold,
            rate=np.sort(rate, axis=1) if rng.random() < 0.7 else rate,
            open_tier=rng.random((len(scopes), tiers + 1)) < 0.9,
        ),
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_release_is_the_exact_optimum_with_every_linear_backend(seed: int) -> None:
    """Highs, GLOP and rational arithmetic find the same worth, or agree that the hard rows cannot hold."""
    instance = random_release(seed)
    exact = release_bound(instance)
    for name in ("highs", "glop"):
        release = solve_release(instance, backend(name))
        if release.amount is None:
            assert release.solution.termination is Termination.INFEASIBLE
            assert exact == -INF
        else:
            assert release_value(instance, release.amount) == pytest.approx(exact, abs=1e-7)
            assert release.bound == pytest.approx(exact, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_purchase_is_the_exact_optimum_whoever_solves_it(seed: int) -> None:
    """The optimum of each backend equals the exact enumeration of tiers, its quantities are worth what it claims."""
    instance = random_purchase(seed)
    exact = purchase_bound(instance)
    for name in ("scip", "highs"):
        check_purchase(instance, exact, name)


def check_purchase(instance: PurchaseInstance, exact: float, name: str) -> None:
    """Compare one backend's purchase with the exact optimum."""
    bought = solve_purchase(instance, backend(name))
    if bought.quantity is None:
        assert bought.solution.termination is Termination.INFEASIBLE
        assert exact == -INF
        return
    assert bought.solution.objective == pytest.approx(exact, abs=1e-5)
    assert bought.bound >= exact - 1e-5
    ascending = bool((np.diff(instance.rebates.rate, axis=1) >= 0).all()) and bool(instance.rebates.open_tier.all())
    if ascending:
        assert purchase_value(instance, bought.quantity) == pytest.approx(exact, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_relaxation_with_fixed_tiers_decomposes_the_purchase(seed: int) -> None:
    """The best linear program over all tier choices has the optimum's worth: branching on tiers is complete."""
    instance = random_purchase(seed)
    formulation = formulate_purchase(instance)
    model = backend("highs").load(formulation.program)
    best = -INF
    for tiers in itertools.product(*(np.flatnonzero(row) for row in instance.rebates.open_tier)):
        fixed = np.zeros(formulation.chosen.shape)
        fixed[np.arange(len(tiers)), list(tiers)] = 1.0
        columns = formulation.chosen.ravel()
        allowed = fixed.ravel() <= formulation.program.upper[columns]
        if not allowed.all():
            continue
        model.set_column_bounds(columns, fixed.ravel(), fixed.ravel())
        solution = model.solve(relaxed=True)
        best = max(best, -INF if solution.objective is None else solution.objective)
    assert best == pytest.approx(purchase_bound(instance), abs=1e-6)


def test_a_tier_is_bought_into_where_the_rebate_pays_for_it() -> None:
    """Buying at a loss of 1 a unit pays once 20 % of the whole cost comes back."""
    instance = PurchaseInstance(
        value=np.array([9.0, 9.0]),
        cost=np.array([10.0, 10.0]),
        most=np.array([6.0, 6.0]),
        rows=no_rows(2),
        rebates=Rebates(
            member=np.ones((1, 2), dtype=bool),
            threshold=np.array([[10.0]]),
            rate=np.array([[0.2]]),
            open_tier=np.ones((1, 2), dtype=bool),
        ),
    )
    bought = solve_purchase(instance, backend("scip"))
    assert bought.tier is not None
    assert bought.tier.tolist() == [1]
    assert purchase_bound(instance) == pytest.approx(12.0)
    closed = Rebates(
        member=instance.rebates.member,
        threshold=instance.rebates.threshold,
        rate=instance.rebates.rate,
        open_tier=np.array([[True, False]]),
    )
    without = PurchaseInstance(
        value=instance.value, cost=instance.cost, most=instance.most, rows=instance.rows, rebates=closed
    )
    assert purchase_bound(without) == 0.0
    assert solve_purchase(without, backend("scip")).solution.objective == pytest.approx(0.0)


def test_rows_that_overlap_without_nesting_still_give_a_bound() -> None:
    """Where rows cross, the bound leaves one out and stays at or above the optimum."""
    member = np.array([[True, True, False], [False, True, True]])
    instance = ReleaseInstance(
        price=np.ones(3),
        most=np.full(3, 5.0),
        rows=AmountRows(
            member=member, lower=np.full(2, -INF), upper=np.array([4.0, 3.0]), penalty=np.array([INF, INF])
        ),
    )
    optimum = solve_release(instance, backend("glop")).solution.objective
    assert optimum == pytest.approx(7.0)
    assert release_bound(instance) == 9.0


def test_open_limits_and_falling_thresholds_are_refused() -> None:
    """Infinite limits and thresholds that do not ascend are invalid programs."""
    with pytest.raises(InvalidProgram, match="finite"):
        ReleaseInstance(price=np.ones(1), most=np.full(1, INF), rows=no_rows(1))
    with pytest.raises(InvalidProgram, match="ascend"):
        Rebates(
            member=np.ones((1, 1), dtype=bool),
            threshold=np.array([[2.0, 1.0]]),
            rate=np.zeros((1, 2)),
            open_tier=np.ones((1, 3), dtype=bool),
        )
