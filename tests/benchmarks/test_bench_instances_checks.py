"""Our own checkers of public instances: values, violations and bounds recomputed, against enumeration and a solver."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances.block_mip import check_model, row_bound
from benchmarks.instances.clsp import ClspData, check_clsp
from benchmarks.instances.gap import GapData, check_gap, gap_capacity_bound, gap_job_bound, gap_program
from benchmarks.instances.generated import generated_block_mip, generated_clsp, generated_gap, generated_mmkp
from benchmarks.instances.mmkp import MmkpData, check_mmkp, mmkp_bound, mmkp_program
from solvers.backends.highs import HighsBackend
from solvers.core.errors import InvalidProgram
from solvers.network.mps_reader import MpsData

SEEDS = st.integers(0, 10_000)


def _best_gap(data: GapData) -> float | None:
    """Return the least cost over all assignments, None if none is feasible."""
    m, n = data.cost.shape
    jobs, costs = np.arange(n), []
    for agents in itertools.product(range(m), repeat=n):
        x = np.zeros((m, n))
        x[list(agents), jobs] = 1
        if np.all((data.use * x).sum(axis=1) <= data.capacity):
            costs.append(float((data.cost * x).sum()))
    return min(costs, default=None)


def _best_mmkp(data: MmkpData) -> float | None:
    """Return the largest value over all choices, None if none is feasible."""
    n, l = data.value.shape
    values = []
    for items in itertools.product(range(l), repeat=n):
        taken = (np.arange(n), np.array(items))
        if np.all(data.use[taken].sum(axis=0) <= data.capacity):
            values.append(float(data.value[taken].sum()))
    return max(values, default=None)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from("cde"))
def test_the_assignment_program_its_check_and_its_bounds_agree_with_enumeration(seed: int, kind: str) -> None:
    """The solver's optimum is the enumerated one, the check says the same, and no bound of any prices exceeds it."""
    data = generated_gap(kind, agents=2, jobs=7, seed=seed)
    best = _best_gap(data)
    found = HighsBackend().load(gap_program(data)).solve()
    if best is None:
        assert found.x is None
        return
    assert found.x is not None
    checked = check_gap(data, found.x)
    assert (checked.value, checked.feasible, checked.violated) == (pytest.approx(best), True, ())
    chance = np.random.default_rng(seed)
    for scale in (0.1, 1.0, 10.0):
        assert gap_capacity_bound(data, scale * chance.normal(size=2)) <= best
        assert gap_job_bound(data, scale * 10 * chance.random(7)) <= best


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_knapsack_program_its_check_and_its_bound_agree_with_enumeration(seed: int) -> None:
    """The solver's optimum is the enumerated one, the check says the same, and no bound of any prices falls below."""
    data = generated_mmkp(classes=4, items=4, resources=3, seed=seed)
    best = _best_mmkp(data)
    found = HighsBackend().load(mmkp_program(data)).solve()
    assert best is not None
    assert found.x is not None
    checked = check_mmkp(data, found.x)
    assert (checked.value, checked.feasible, checked.violated) == (pytest.approx(best), True, ())
    chance = np.random.default_rng(seed)
    for scale in (0.1, 1.0, 10.0):
        assert mmkp_bound(data, scale * chance.normal(size=3)) >= best


@pytest.mark.parametrize("seed", range(5))
def test_duals_of_the_relaxation_certify_its_value(seed: int) -> None:
    """From the solver's row duals the recomputed bounds reach the value of the relaxation and never pass it."""
    gap, mmkp = (
        generated_gap("d", agents=4, jobs=30, seed=seed),
        generated_mmkp(classes=20, items=6, resources=4, seed=seed),
    )
    relaxed = HighsBackend().load(gap_program(gap)).solve(relaxed=True)
    assert relaxed.row_dual is not None
    assert gap_capacity_bound(gap, relaxed.row_dual[30:]) == pytest.approx(-relaxed.bound, abs=1e-5)
    job_prices = -relaxed.row_dual[:30]
    assert gap_job_bound(gap, job_prices) >= -relaxed.bound - 1e-5
    relaxed = HighsBackend().load(mmkp_program(mmkp)).solve(relaxed=True)
    assert relaxed.row_dual is not None
    assert mmkp_bound(mmkp, relaxed.row_dual[20:]) == pytest.approx(relaxed.bound, abs=1e-5)


def test_a_bound_is_rounded_outward() -> None:
    """Where the exact bound is 0.1 + 0.2, which no float is, the recomputed one stays on the safe side of it."""
    data = GapData(cost=np.array([[0.1, 0.2]]), use=np.zeros((1, 2)), capacity=np.zeros(1))
    assert gap_capacity_bound(data, np.zeros(1)) < 0.3 < 0.1 + 0.2
    value = MmkpData(value=np.array([[0.1], [0.2]]), use=np.zeros((2, 1, 1)), capacity=np.zeros(1))
    assert mmkp_bound(value, np.zeros(1)) > 0.3


def test_prices_below_zero_count_as_none() -> None:
    """Capacity that is left over is worth nothing: a negative price of it must not lift a bound past the optimum."""
    gap = GapData(cost=np.ones((1, 1)), use=np.ones((1, 1)), capacity=np.full(1, 10.0))
    assert gap_capacity_bound(gap, np.full(1, -1.0)) <= 1.0
    mmkp = MmkpData(value=np.ones((1, 1)), use=np.ones((1, 1, 1)), capacity=np.full(1, 10.0))
    assert mmkp_bound(mmkp, np.full(1, -1.0)) >= 1.0


def test_job_prices_solve_the_knapsacks_exactly() -> None:
    """With room for two of three jobs the two worth most count, and with room for all the bound is the total cost."""
    cost, price = np.array([[1.0, 2.0, 4.0]]), np.array([10.0, 12.0, 11.0])
    some = GapData(cost=cost, use=np.array([[2.0, 3.0, 3.0]]), capacity=np.array([6.0]))
    assert gap_job_bound(some, price) == pytest.approx(33 - (9 + 10))
    everything = GapData(cost=cost, use=np.array([[2.0, 3.0, 3.0]]), capacity=np.array([8.0]))
    assert gap_job_bound(everything, price) == pytest.approx(7.0)


def test_job_prices_need_whole_uses() -> None:
    """A knapsack by table has no place for half a unit, and says so."""
    data = GapData(cost=np.ones((1, 1)), use=np.full((1, 1), 0.5), capacity=np.ones(1))
    with pytest.raises(ValueError, match="whole"):
        gap_job_bound(data, np.ones(1))


def test_violated_constraints_of_an_assignment_are_named() -> None:
    """Too much load, a job left out, a job done twice and a half assignment are told, worst first."""
    data = GapData(cost=np.array([[1.0, 2, 4], [8, 16, 32]]), use=np.full((2, 3), 5.0), capacity=np.array([5.0, 20.0]))
    checked = check_gap(data, np.array([[1, 1, 0], [1, 0, 0.4]]))
    assert checked.value == 11.0
    assert not checked.feasible
    assert checked.violation == 5.0
    assert checked.violated[0] == "agent 1 uses 10 of 5 (by 5)"
    assert {text.split(" (")[0] for text in checked.violated[1:]} == {
        "job 1 is assigned 2 times",
        "job 3 is assigned 0 times",
        "variable 5 is 0.4, neither whole nor within 0 and 1",
    }
    with pytest.raises(ValueError, match="6 finite numbers"):
        check_gap(data, np.full(6, np.nan))


def test_violated_constraints_of_a_knapsack_are_named() -> None:
    """A class without an item and a resource used up are told, and of many only the worst few."""
    data = MmkpData(value=np.ones((9, 2)), use=np.full((9, 2, 1), 3.0), capacity=np.array([2.0]))
    checked = check_mmkp(data, np.array([[1.0, 0.0]] * 2 + [[0.0, 0.0]] * 7))
    assert checked.violated[0] == "resource 1 uses 6 of 2 (by 4)"
    assert "class 3 has 0 items (by 1)" in checked.violated
    assert checked.violated[-1] == "and 3 more"


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_block_models_check_and_bound_hold_against_the_solver(seed: int) -> None:
    """The solver's plan keeps all rows, its value is recomputed, and its relaxation's duals give a bound below it."""
    model = generated_block_mip(blocks=3, products=3, seed=seed).model
    loaded = HighsBackend().load(model.program())
    found, relaxed = loaded.solve(), loaded.solve(relaxed=True)
    assert found.x is not None
    assert found.objective is not None
    assert relaxed.row_dual is not None
    checked = check_model(model, found.x)
    assert checked.feasible
    assert checked.value == pytest.approx(-found.objective)
    bound = row_bound(model, relaxed.row_dual)
    assert bound == pytest.approx(-relaxed.bound, abs=1e-5)
    assert bound <= checked.value
    assert row_bound(dataclasses.replace(model, maximise=True, cost=-model.cost), relaxed.row_dual) == -bound


def test_violated_rows_and_columns_of_a_block_model_are_named() -> None:
    """A row, a column's bound and a fraction where a whole number is due are told by their names."""
    model = generated_block_mip(blocks=2, products=2, seed=1).model
    point = np.array([9.0, 0.5, 0.0, 0.0, 50.0, 50.0])
    checked = check_model(model, point)
    named = " ".join(checked.violated)
    assert "column lots[0,0]" in named
    assert "integer column lots[0,1] (by 0.5)" in named
    assert "row capacity[0]" in named
    assert "demand" not in named


def test_multipliers_that_leave_a_column_unbounded_prove_nothing() -> None:
    """A column without an upper bound that the multipliers make worth having is no bound at all, and is named."""
    model = generated_block_mip(blocks=2, products=2, seed=1).model
    with pytest.raises(InvalidProgram, match="column 4 is unbounded"):
        row_bound(model, np.array([0.0, 0.0, -1e3, 0.0]))


def test_rounding_does_not_spoil_a_bound_over_an_unbounded_column() -> None:
    """A reduced cost of 0.1 + 0.2 - 0.3 is nought but for rounding, so the multipliers still prove their bound of 2."""
    data = MpsData(
        maximise=False,
        cost=np.array([0.3]),
        offset=0.0,
        column_names=("x",),
        lower=np.zeros(1),
        upper=np.full(1, np.inf),
        integer=np.zeros(1, dtype=np.bool_),
        row_names=("a", "b"),
        row_lower=np.ones(2),
        row_upper=np.full(2, np.inf),
        entry_row=np.array([0, 1], dtype=np.int32),
        entry_column=np.zeros(2, dtype=np.int32),
        entry_value=np.array([0.1, 0.2]),
    )
    assert 2 - 1e-6 < row_bound(data, -np.ones(2)) <= 2


def test_a_lot_sizing_plan_is_priced_from_its_file() -> None:
    """One lot for two periods costs a set-up and its stock; capacity, missing set-ups and shortage are told."""
    data = ClspData(
        unit_cost=1.0,
        capacity=25.0,
        use=np.array([2.0]),
        holding=np.array([3.0]),
        setup_time=np.array([5.0]),
        setup_cost=np.array([7.0]),
        demand=np.array([[4.0, 6.0]]),
    )
    checked = check_clsp(data, quantity=np.array([[10.0, 0.0]]), setup=np.array([[1.0, 0.0]]))
    assert checked.value == 6 * 3 + 7
    assert checked.violated == ()
    named = " ".join(check_clsp(data, quantity=np.array([[3.0, 12.0]]), setup=np.array([[0.0, 1.0]])).violated)
    assert "item 1 is made in period 1 without a set-up (by 3)" in named
    assert "item 1 is short at the end of period 1 (by 1)" in named
    assert "period 2 uses 29 of 25 (by 4)" in named
    assert "less than nothing" in " ".join(
        check_clsp(data, quantity=np.array([[-1.0, 0.0]]), setup=np.zeros((1, 2))).violated
    )
    with pytest.raises(ValueError, match="finite quantities"):
        check_clsp(data, quantity=np.zeros((2, 1)), setup=np.zeros((1, 2)))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from([0.5, 0.9, 1.0]), st.sampled_from([1.0, 4.0]))
def test_generated_lot_sizing_is_feasible(seed: int, utilisation: float, cycle: float) -> None:
    """Setting up everything always and making as early as needed serves all demand on time."""
    data = generated_clsp(items=5, periods=8, seed=seed, utilisation=utilisation, cycle=cycle)
    room = data.capacity - data.setup_time.sum()
    quantity = np.zeros_like(data.demand)
    spare = np.full(data.periods, room)
    for t in range(data.periods):
        for i in range(data.items):
            left = data.demand[i, t]
            for s in range(t, -1, -1):
                made = min(left, spare[s])
                quantity[i, s] += made
                spare[s] -= made
                left -= made
    assert check_clsp(data, quantity=quantity, setup=np.ones_like(quantity)).feasible


def test_generated_instances_depend_on_their_seed_alone() -> None:
    """The same arguments give the same numbers, another seed gives others, and unknown types are refused."""
    for make in (
        lambda seed: generated_gap("e", agents=3, jobs=9, seed=seed).cost,
        lambda seed: generated_mmkp(classes=3, items=3, resources=2, seed=seed).value,
        lambda seed: generated_block_mip(blocks=2, products=2, seed=seed).model.entry_value,
        lambda seed: generated_clsp(items=3, periods=5, seed=seed).demand,
    ):
        np.testing.assert_array_equal(make(3), make(3))
        assert not np.array_equal(make(3), make(4))
    with pytest.raises(ValueError, match="type 'z'"):
        generated_gap("z", agents=2, jobs=2, seed=0)
    with pytest.raises(ValueError, match="utilisation"):
        generated_clsp(items=2, periods=2, seed=0, utilisation=1.5)
