"""Generated networks are the same for the same arguments, have a plan, and are the same problem in both forms."""

import numpy as np
import pytest

from benchmarks.instances.generated_networks import block_problem, generated_network
from benchmarks.instances.network_races import Raced, check, prepare
from benchmarks.subject import Answer
from benchmarks.subjects.coordination_networks import SUBJECT
from solvers.backends.highs import HighsBackend
from solvers.coordination.block_result import BlockLimits, Stop
from solvers.coordination.choose_engine import deciding_blocks, slack, whole_first
from solvers.coordination.components import split_components
from solvers.coordination.solve import Engines, solve_blocks
from solvers.core.termination import Limits


def test_the_usual_network_has_a_block_per_plant_and_21_common_rows() -> None:
    """The size that is raced on is the size that is told."""
    problem = block_problem(generated_network(plants=2, seed=1))
    assert (len(problem.blocks), problem.links, problem.master.program.columns) == (2, 21, 20)


def test_same_arguments_give_the_same_network() -> None:
    """Every number of the whole program is equal, and another seed changes it."""
    first, again, other = (
        block_problem(generated_network(plants=2, seed=seed, items=2, periods=4)).whole() for seed in (3, 3, 4)
    )
    assert np.array_equal(first.objective, again.objective)
    assert np.array_equal(first.rows.value, again.rows.value)
    assert not np.array_equal(first.objective, other.objective)


def test_both_forms_have_the_same_optimum_and_the_strong_one_a_tighter_relaxation() -> None:
    """A small network solved to optimality costs the same in both forms."""
    network = generated_network(plants=2, seed=2, items=2, periods=4, materials=1)
    best, relaxed = [], []
    for form in ("plain", "strong"):
        model = HighsBackend().load(block_problem(network, form).whole())
        best.append(model.solve(limits=Limits(gap=1e-7)).objective)
        relaxed.append(model.solve(relaxed=True).objective)
    assert best[0] == pytest.approx(best[1], rel=1e-6)
    assert best[1] <= relaxed[1] + 1e-6 < relaxed[0]


def test_the_check_refutes_a_plan_that_breaks_a_row_and_a_value_nobody_has() -> None:
    """A plan of nothing breaks the balances; a right plan with a wrong claim is a problem."""
    case = SUBJECT.case("tiny")
    network = prepare(case, None, 1)
    problem = block_problem(network)
    nothing = check(network, Answer(solution=Raced(form="strong", x=np.zeros(problem.columns)), value=0.0), case)
    assert nothing.value is None
    assert nothing.violation > 0
    found = HighsBackend().load(problem.whole()).solve()
    assert found.x is not None
    assert found.objective is not None
    right = Raced(form="strong", x=found.x)
    assert not check(network, Answer(solution=right, value=-found.objective, bound=-found.bound), case).problems
    assert check(network, Answer(solution=right, value=-0.9 * found.objective), case).problems


def test_blocks_without_decisions_do_not_count_when_an_engine_is_chosen() -> None:
    """Columns that stand alone split off into blocks, but two plants remain few."""
    problem = split_components(block_problem(generated_network(plants=2, seed=1)))
    assert len(problem.blocks) > deciding_blocks(problem) == 2
    assert whole_first(problem)


def test_many_plants_are_solved_by_prices_and_alike_each_time() -> None:
    """Ten small plants reach 1 % without the whole being searched, around the optimum, and the same way twice."""
    problem = block_problem(generated_network(plants=10, seed=3, items=2, periods=4, materials=1))
    best = HighsBackend().load(problem.whole()).solve(limits=Limits(gap=1e-3))
    assert best.objective is not None
    first, again = (
        solve_blocks(
            problem,
            backend=HighsBackend(search="proof"),
            limits=BlockLimits(gap=0.01),
            engines=Engines(whole=False),
        )
        for _ in range(2)
    )
    assert first.stop is Stop.GAP
    assert first.proved_by == "prices"
    assert first.value <= best.bound + 1e-4
    assert first.bound >= best.objective - 1e-4
    assert first.x is not None
    assert again.x is not None
    assert np.array_equal(first.x, again.x)
    assert first.history == again.history


def test_answers_get_tighter_with_the_rounds_down_to_a_quarter_of_the_target() -> None:
    """What may stay open falls from round to round and ends at what the target allows."""
    left = [slack(1.0, -1000.0, rounds) for rounds in range(8)]
    assert left == sorted(left, reverse=True)
    assert left[0] == 2.5
    assert left[-1] == 0.25
    assert slack(1.0, np.inf, 0) == 0.25
