"""Exact lot sizing: proofs held to the optimum of an unreduced model, and CP-SAT held to HiGHS."""

from __future__ import annotations

import numpy as np
import pytest

from solvers.backends.cpsat import CpSatBackend
from solvers.backends.highs import HighsBackend
from solvers.backends.registry import backend
from solvers.core.errors import Unsupported
from solvers.core.termination import Limits, Termination
from solvers.lotsizing.exact import Proof, solve_exactly
from solvers.lotsizing.facility_location import facility_location_formulation
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.plan import plan_of
from solvers.lotsizing.small_tree import small_tree
from solvers.lotsizing.verify import recompute
from solvers.lotsizing.whole_units import whole_units_suffice
from tests.solvers.small_lots import random_lots

PROVING = HighsBackend(search="proof")
EXACT = Limits(gap=1e-9, absolute_gap=1e-7)


def single_machine(seed: int, *, items: int = 3, periods: int = 6) -> LotSizingInstance:
    """Items on one tight resource in whole numbers, some with backlog, overtime, smallest lots and lead times."""
    draw = np.random.default_rng(seed)
    demand = draw.integers(0, 12, (items, periods)).astype(float)
    demand[:, 0] *= draw.random(items) < 0.5
    setup_time = draw.integers(0, 5, (items, 1)).astype(float)
    return LotSizingInstance(
        demand=demand,
        setup_cost=draw.integers(5, 60, (items, 1)).astype(float),
        holding_cost=draw.integers(1, 20, (items, 1)) / 10,
        setup_time=setup_time,
        unit_time=np.ones((items, 1)),
        capacity=np.full((1, 1), np.ceil(demand.sum() / periods * 1.2 + setup_time.sum())),
        overtime_most=np.full((1, 1), float(draw.integers(0, 6))),
        overtime_cost=np.full((1, 1), 3.0),
        initial_stock=draw.integers(0, 10, items).astype(float),
        lead_time=draw.integers(0, 2, items).astype(np.int32),
        min_lot=draw.integers(0, 8, items).astype(float),
        backlog_cost=np.where(draw.random(items) < 0.5, draw.integers(3, 9, items), np.inf),
        shortage_cost=np.where(draw.random(items) < 0.7, 50.0, np.inf),
    )


def assert_proved(instance: LotSizingInstance, proof: Proof, expected: float | None) -> None:
    """The plan keeps every constraint and costs what it says, and the bound meets it."""
    if expected is None:
        assert proof.termination is Termination.INFEASIBLE
        assert proof.best is None
        return
    assert proof.termination is Termination.OPTIMAL
    assert proof.best is not None
    again = recompute(instance, proof.best.plan)
    assert again.violated == ()
    assert again.cost == pytest.approx(proof.best.cost, rel=1e-12)
    assert proof.best.cost == pytest.approx(expected, rel=1e-6, abs=1e-5)
    assert proof.bound == pytest.approx(expected, rel=1e-6, abs=1e-5)


@pytest.mark.parametrize("seed", range(30))
def test_a_proof_meets_the_optimum_of_the_plain_program(seed: int) -> None:
    """With every feature drawn at random, value and bound are those of the plain formulation solved by itself."""
    instance = random_lots(seed)
    found = backend("highs").load(plain_formulation(instance).program).solve(limits=EXACT)
    expected = None if found.objective is None else -found.objective
    assert_proved(instance, solve_exactly(instance, PROVING, limits=EXACT), expected)


def agree_in_whole_units(instance: LotSizingInstance) -> None:
    """CP-SAT and HiGHS have the same answer, which is the continuous one where whole units suffice."""
    by_highs = solve_exactly(instance, PROVING, limits=EXACT, whole_units=True)
    expected = None if by_highs.best is None else by_highs.best.cost
    assert_proved(instance, by_highs, expected)
    assert_proved(instance, solve_exactly(instance, CpSatBackend(), limits=EXACT, whole_units=True), expected)
    if whole_units_suffice(instance):
        assert_proved(instance, solve_exactly(instance, PROVING, limits=EXACT), expected)


@pytest.mark.parametrize("seed", range(25))
def test_cp_sat_agrees_where_whole_units_suffice(seed: int) -> None:
    """Backlog, overtime, smallest lots, lead times and lost sales on one resource: three engines, one optimum."""
    instance = single_machine(seed)
    assert whole_units_suffice(instance)
    agree_in_whole_units(instance)


@pytest.mark.parametrize("seed", range(15))
def test_cp_sat_agrees_with_every_feature(seed: int) -> None:
    """Bills of materials and several resources too, both engines bound to whole units."""
    agree_in_whole_units(random_lots(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25, 145))
def test_cp_sat_agrees_on_many(seed: int) -> None:
    """The same comparison on more instances of both kinds."""
    agree_in_whole_units(single_machine(seed))
    agree_in_whole_units(random_lots(seed))


def test_fractions_are_not_given_up_silently() -> None:
    """Half a unit of time per unit made: CP-SAT is refused, and accepted once whole units are asked for."""
    instance = LotSizingInstance(
        demand=np.array([[3.0, 4.0]]),
        setup_cost=np.full((1, 1), 5.0),
        unit_time=np.full((1, 1), 2.0),
        capacity=np.array([[7.0, 7.0]]),
        overtime_most=np.full((1, 1), 10.0),
        overtime_cost=np.full((1, 1), 1.0),
    )
    assert not whole_units_suffice(instance)
    with pytest.raises(Unsupported, match="ask for whole_units"):
        solve_exactly(instance, CpSatBackend())
    in_halves = solve_exactly(instance, PROVING)
    in_wholes = solve_exactly(instance, CpSatBackend(), whole_units=True)
    assert in_halves.best is not None
    assert in_wholes.best is not None
    assert in_halves.best.cost == pytest.approx(10.0)
    assert in_wholes.best.cost == pytest.approx(11.0)


def two_items_sharing(capacity: float) -> LotSizingInstance:
    """Two items that fit one period's capacity only with set-ups shared out."""
    return LotSizingInstance(
        demand=np.array([[20.0, 30.0, 30.0], [20.0, 30.0, 30.0]]),
        setup_cost=np.array([[50.0], [60.0]]),
        holding_cost=np.array([[1.0], [1.5]]),
        setup_time=np.full((2, 1), 8.0),
        unit_time=np.ones((2, 1)),
        capacity=np.full((1, 3), capacity),
    )


def test_ample_capacity_needs_no_tree() -> None:
    """Where the relaxation has whole set-ups its multipliers are the proof, and one node is all."""
    proof = solve_exactly(two_items_sharing(1000.0), PROVING)
    assert proof.recomputed
    assert proof.nodes == 1


def test_a_few_branchings_are_proved_leaf_by_leaf() -> None:
    """A tight capacity leaves a fraction: the small tree closes it with recomputed bounds, like branch and cut does."""
    instance = two_items_sharing(90.0)
    proof = solve_exactly(instance, PROVING, limits=EXACT)
    by_itself = backend("highs").load(facility_location_formulation(instance).program).solve(limits=EXACT)
    assert proof.recomputed
    assert proof.nodes > 1
    assert_proved(instance, proof, -(by_itself.objective or 0.0))


def test_an_infeasible_leaf_rests_on_the_solver_and_says_so() -> None:
    """Where a set-up cannot be left out, that branch has no multipliers: proved, but not called recomputed."""
    instance = two_items_sharing(80.0)
    proof = solve_exactly(instance, PROVING, limits=EXACT)
    assert proof.nodes > 1
    assert not proof.recomputed
    assert_proved(instance, proof, 330.0)


def test_the_tree_leaves_set_ups_free() -> None:
    """After the tree the same model solves the whole problem, not the last leaf."""
    instance = two_items_sharing(72.0)
    formulation = facility_location_formulation(instance)
    model = backend("highs").load(formulation.program)
    before = model.solve(relaxed=True)
    small_tree(formulation, model, before, EXACT)
    after = model.solve(relaxed=True)
    assert after.objective == pytest.approx(before.objective)


def test_no_capacity_for_the_first_demand_is_infeasible() -> None:
    """Without backlog, demand of the first period beyond its capacity has no plan, and no bound."""
    proof = solve_exactly(two_items_sharing(40.0), PROVING)
    assert proof.termination is Termination.INFEASIBLE
    assert proof.best is None
    assert proof.bound == np.inf


def test_a_given_plan_is_kept_where_nothing_may_be_searched() -> None:
    """With a limit of no nodes beyond the root, the answer is at least as good as the plan to start from."""
    instance = random_lots(5)
    start = solve_exactly(instance, PROVING).best
    assert start is not None
    again = solve_exactly(instance, PROVING, start=start.plan, limits=Limits(nodes=0))
    assert again.best is not None
    assert again.best.cost <= start.cost + 1e-6


def test_progress_is_told_in_minus_costs() -> None:
    """What the listener hears brackets the optimum: values below it, bounds above it, as a maximisation."""
    instance = single_machine(5, items=4, periods=8)
    heard: list[tuple[float | None, float]] = []
    proof = solve_exactly(
        instance, CpSatBackend(), whole_units=True, progress=lambda value, bound: heard.append((value, bound))
    )
    assert proof.best is not None
    assert heard
    for value, bound in heard:
        assert bound >= -proof.best.cost - 1e-6
        assert value is None or value <= -proof.best.cost + 1e-6


def test_the_same_input_gives_the_same_proof() -> None:
    """Two solves of one instance end with the same plan, bound and number of nodes."""
    first, second = (solve_exactly(random_lots(4), PROVING) for _ in range(2))
    assert first.bound == second.bound
    assert first.nodes == second.nodes
    assert (first.best is None) == (second.best is None)
    if first.best is not None and second.best is not None:
        assert first.best.plan.production.tobytes() == second.best.plan.production.tobytes()


def test_lots_in_whole_units_are_whole() -> None:
    """Every lot and every stock of a plan asked for in whole units is a whole number."""
    instance = random_lots(5)
    proof = solve_exactly(instance, CpSatBackend(), whole_units=True)
    assert proof.best is not None
    made = proof.best.plan.production
    np.testing.assert_array_equal(made, np.rint(made))
    again = plan_of(instance, made, proof.best.plan.setup, lost=proof.best.plan.lost)
    assert recompute(instance, again).violated == ()
