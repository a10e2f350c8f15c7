"""Plans without a tree: feasible, never worse than their start, near the optimum, and the same every time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.instances.clsp import read_clsp
from benchmarks.instances.clsp_instance import clsp_instance
from benchmarks.instances.generated import generated_clsp
from solvers.backends.highs import HighsBackend
from solvers.core.slope_scaling import slopes
from solvers.core.termination import Limits
from solvers.lotsizing.exact import solve_exactly
from solvers.lotsizing.fix_and_optimise import Effort, fix_and_optimise, neighbourhoods
from solvers.lotsizing.instance import LotSizingInstance
from solvers.lotsizing.plain import plain_formulation
from solvers.lotsizing.plan import plan_of
from solvers.lotsizing.relax_and_fix import Windows, relax_and_fix
from solvers.lotsizing.restricted import CheckedPlan, RestrictedModel, better, checked
from solvers.lotsizing.slope_scaling import slope_scaling
from solvers.lotsizing.verify import recompute
from tests.solvers.small_lots import plant, random_lots

SOLVER = HighsBackend(search="proof")
Heuristic = Callable[[LotSizingInstance], CheckedPlan | None]


def rolled(instance: LotSizingInstance) -> CheckedPlan | None:
    """Relax-and-fix by three periods."""
    return relax_and_fix(instance, SOLVER, windows=Windows(length=3, overlap=1))


def scaled(instance: LotSizingInstance) -> CheckedPlan | None:
    """Slope scaling."""
    return slope_scaling(instance, SOLVER)


def improved(instance: LotSizingInstance) -> CheckedPlan | None:
    """Relax-and-fix, then fix-and-optimise."""
    start = relax_and_fix(instance, SOLVER)
    return None if start is None else fix_and_optimise(instance, SOLVER, start.plan)


HEURISTICS = (scaled, rolled, improved)


def trigeiro(seed: int, *, items: int = 5, periods: int = 10, cycle: float = 2.0) -> LotSizingInstance:
    """A small instance like the public ones."""
    return clsp_instance(generated_clsp(items=items, periods=periods, seed=seed, cycle=cycle))


def optimum(instance: LotSizingInstance) -> float | None:
    """The cost of an optimal plan, None if there is no plan."""
    best = solve_exactly(instance, SOLVER).best
    return None if best is None else best.cost


@pytest.mark.parametrize("heuristic", HEURISTICS)
@pytest.mark.parametrize("seed", range(12))
def test_plans_are_feasible_and_never_below_the_optimum(seed: int, heuristic: Heuristic) -> None:
    """With every feature drawn at random, a plan keeps every constraint and says its cost; none where there is none."""
    instance = random_lots(seed)
    found, best = heuristic(instance), optimum(instance)
    if found is None or best is None:
        assert found is None
        return
    again = recompute(instance, found.plan)
    assert again.violated == ()
    assert again.cost == pytest.approx(found.cost, rel=1e-12)
    assert found.cost >= best - 1e-6 * max(1.0, abs(best))


def test_relax_and_fix_finds_a_plan_wherever_there_is_one() -> None:
    """Small windows may fix what leaves no future; growing back over it, every feasible instance gets its plan."""
    for seed in range(20):
        instance = random_lots(seed)
        assert (rolled(instance) is None) == (optimum(instance) is None), f"seed {seed}"


@pytest.mark.parametrize(("heuristic", "worst"), [(scaled, 0.15), (rolled, 0.02), (improved, 0.002)])
def test_plans_are_near_the_optimum(heuristic: Heuristic, worst: float) -> None:
    """On instances like the public ones the gap to the optimum stays below what each heuristic is good for."""
    gaps = []
    for seed in range(3):
        instance = trigeiro(seed)
        found, best = heuristic(instance), optimum(instance)
        assert found is not None
        assert best is not None
        gaps.append(found.cost / best - 1)
    assert max(gaps) <= worst


def test_one_window_over_everything_is_exact() -> None:
    """Nothing relaxed and nothing fixed: relax-and-fix is then branch and bound."""
    instance = trigeiro(1, items=3, periods=6)
    found = relax_and_fix(instance, SOLVER, windows=Windows(length=6, overlap=0, nodes=10**6, gap=1e-9))
    assert found is not None
    assert found.cost == pytest.approx(optimum(instance), rel=1e-6)


def test_a_neighbourhood_of_everything_is_exact() -> None:
    """Freeing all set-ups at once, fix-and-optimise ends at the optimum from any plan."""
    instance = trigeiro(2, items=3, periods=6)
    start = scaled(instance)
    assert start is not None
    found = fix_and_optimise(instance, SOLVER, start.plan, effort=Effort(items=3, periods=6, nodes=10**6))
    assert found.cost == pytest.approx(optimum(instance), rel=1e-6)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), items=st.integers(1, 3), periods=st.integers(1, 5))
def test_fix_and_optimise_never_gets_worse(seed: int, items: int, periods: int) -> None:
    """Whatever is freed, the plan costs at most its start, and a second run from its end changes little."""
    instance = plant(4, 6, seed)
    everything = np.ones(instance.demand.shape, dtype=np.bool_)
    start = RestrictedModel(plain_formulation(instance), SOLVER).solve(everything, ~everything)
    assert start is not None
    effort = Effort(items=items, periods=periods, rounds=2, nodes=20)
    found = fix_and_optimise(instance, SOLVER, start.plan, effort=effort, formulate=plain_formulation)
    assert found.cost <= start.cost
    assert recompute(instance, found.plan).violated == ()


def test_a_broken_start_is_refused() -> None:
    """There is nothing to improve about a plan that makes nothing of what is asked."""
    instance = trigeiro(0, items=2, periods=3)
    nothing = plan_of(instance, np.zeros((2, 3)), np.zeros((2, 3), dtype=np.bool_))
    with pytest.raises(ValueError, match="breaks a constraint"):
        fix_and_optimise(instance, SOLVER, nothing)


def test_neighbourhoods_cover_every_set_up() -> None:
    """Every set-up is free in some neighbourhood, by item, by window and by resource, and none comes twice."""
    instance = plant(5, 9, 0)
    sets = neighbourhoods(instance, Effort(items=2, periods=4))
    assert np.any(sets, axis=0).all()
    assert any(free.all(axis=1).sum() == 2 and free.sum() == 18 for free in sets)
    assert any(free[:, 6:].all() and not free[:, :6].any() for free in sets)
    assert any(free[::2, :8].all() and not free[1::2].any() for free in sets)
    assert len({free.tobytes() for free in sets}) == len(sets)


def test_the_slope_is_that_of_the_lot_last_made() -> None:
    """4 of 10 units made: the whole charge falls on 4; nothing made keeps the last slope; dust counts as nothing."""
    last = np.array([1.0, 3.0, 2.0])
    assert slopes(last, np.full(3, 10.0), np.array([4.0, 0.0, 1e-9])).tolist() == [2.5, 3.0, 2.0]


def test_slope_scaling_pays_for_merging_lots() -> None:
    """Dear set-ups and cheap holding: one lot for all periods, which the plain relaxation does not see."""
    instance = LotSizingInstance(
        demand=np.array([[10.0, 10.0, 10.0, 10.0]]),
        setup_cost=np.full((1, 1), 500.0),
        holding_cost=np.full((1, 1), 1.0),
    )
    found = slope_scaling(instance, SOLVER)
    assert found is not None
    assert found.cost == pytest.approx(560.0)


def test_set_ups_without_lots_are_left_out() -> None:
    """A plan with an idle set-up is checked without it, and costs less."""
    instance = LotSizingInstance(demand=np.array([[5.0, 0.0]]), setup_cost=np.full((1, 1), 7.0))
    plan = plan_of(instance, np.array([[5.0, 0.0]]), np.array([[True, True]]))
    kept = checked(instance, plan)
    assert kept is not None
    assert kept.plan.setup.tolist() == [[True, False]]
    assert kept.cost == 7.0


def test_the_first_of_two_equal_plans_is_kept() -> None:
    """Equal costs change nothing, so that rounds end; no plan is worse than any."""
    instance = LotSizingInstance(demand=np.array([[5.0]]), setup_cost=np.full((1, 1), 7.0))
    one, other = (checked(instance, plan_of(instance, np.array([[5.0]]), np.array([[True]]))) for _ in range(2))
    assert better(one, other) is one
    assert better(None, other) is other
    assert better(one, None) is one


@pytest.mark.parametrize("heuristic", HEURISTICS)
def test_the_same_input_gives_the_same_plan(heuristic: Heuristic) -> None:
    """Nothing but the data decides: two runs make the same lots to the last bit."""
    first, second = heuristic(trigeiro(3)), heuristic(trigeiro(3))
    assert first is not None
    assert second is not None
    assert first.plan.production.tobytes() == second.plan.production.tobytes()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: Windows(length=3, overlap=3), "would not move on"),
        (lambda: Windows(length=0, overlap=0), "would not move on"),
        (lambda: Effort(rounds=0), "at least 1"),
        (lambda: slope_scaling(plant(2, 2, 0), SOLVER, passes=0), "at least one pass"),
    ],
)
def test_efforts_without_meaning_are_refused(wrong: Callable[[], object], says: str) -> None:
    """A window that stands still, no round or no pass says what to give instead."""
    with pytest.raises(ValueError, match=says):
        wrong()


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "optimal"), [("X11117A", 8375.8), ("X11118B", 8546.7), ("X12128A", 8385.0), ("X12417B", 62522.1)]
)
def test_public_instances_are_planned_within_a_percent_and_proved(name: str, optimal: float) -> None:
    """Relax-and-fix alone stays within 1 % of the published optimum, and the exact solver proves it."""
    beside = Path(__file__).parents[4] / "shared" / "data"
    path = Path(os.environ.get("CONCORDAT_SHARED_DATA", beside)) / "instances" / "clsp" / name
    if not path.exists():
        pytest.skip("the reference data set ../shared/data is not beside the checkout")
    instance = clsp_instance(read_clsp(path))
    found = relax_and_fix(instance, SOLVER)
    assert found is not None
    assert optimal - 1e-4 <= found.cost <= 1.01 * optimal
    proof = solve_exactly(instance, SOLVER, limits=Limits(gap=1e-4))
    assert proof.best is not None
    assert proof.best.cost == pytest.approx(optimal, rel=1e-4)
    assert proof.bound == pytest.approx(optimal, rel=1e-4)
