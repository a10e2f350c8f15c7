"""The restricted master: mixes of proposals, prices in their box, growth without a rebuild, trees of master columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from solvers.backends.registry import backend
from solvers.coordination.block_problem import MASTER, BlockProblem, from_program
from solvers.coordination.column_generation import ColumnGeneration
from solvers.coordination.master_tree import MasterTree
from solvers.coordination.oracle import MixedIntegerOracle, SerialPricing, oracle_of
from solvers.coordination.proposal import proposal
from solvers.coordination.restricted_master import RestrictedMaster
from solvers.coordination.verify import tree_bound
from solvers.core.errors import InvalidProgram
from solvers.core.termination import Limits
from tests.solvers.small_block_problems import assignment
from tests.solvers.small_programs import program

HIGHS = backend("highs")


def packs(need: tuple[float, ...] = (2.0, 3.0, 5.0)) -> BlockProblem:
    """Stores that want some units each, which come in cases of 4: links ``Σ x = 4 z``, master column z costs 1.

    A store pays 3 for a unit it lacks and 1 for one too many.
    """
    blocks = len(need)
    width = 3 * blocks + 1
    rows, bounds = [], []
    for b, units in enumerate(need):
        row = [0.0] * width
        row[3 * b : 3 * b + 3] = [1.0, 1.0, -1.0]
        rows.append(row)
        bounds.append((units, units))
    rows.append([1.0 if j % 3 == 0 and j < 3 * blocks else -4.0 if j == width - 1 else 0.0 for j in range(width)])
    given = program(
        [*([-0.1, -3.0, -1.0] * blocks), -1.0],
        rows,
        [*bounds, (0.0, 0.0)],
        bounds=[*([(0.0, 9.0)] * (3 * blocks)), (0.0, 5.0)],
        integer=[*([True, False, False] * blocks), True],
    )
    of_row = np.append(np.arange(blocks), MASTER).astype(np.int32)
    return from_program(given, of_row, np.append(np.repeat(np.arange(blocks), 3), MASTER).astype(np.int32))


def begun(problem: BlockProblem, name: str = "highs", rounds: int = 30) -> ColumnGeneration:
    """Column generation after some rounds, its masters solved by a backend."""
    pricing = SerialPricing(problem, [oracle_of(part, HIGHS) for part in problem.blocks])
    made = ColumnGeneration(problem, pricing, RestrictedMaster(problem, backend(name)), np.zeros(problem.links))
    for _ in range(rounds):
        if not made.step(tolerance=1e-7, limits=Limits(gap=0.0, absolute_gap=1e-9)):
            break
    return made


def optimum(problem: BlockProblem) -> float:
    """The value of the whole in one exact solve."""
    found = HIGHS.load(problem.whole()).solve(limits=Limits(gap=0.0, absolute_gap=1e-9)).objective
    assert found is not None
    return found


@pytest.mark.parametrize("problem", [packs(), assignment(2)], ids=["packs", "assignment"])
def test_masters_that_grow_and_masters_loaded_anew_agree(problem: BlockProblem) -> None:
    """HiGHS takes columns into its model, GLOP gets a new program: both converge to the same bound."""
    one, two = begun(problem, rounds=200), begun(problem, "glop", rounds=200)
    assert one.best is not None
    assert two.best is not None
    assert one.best.bound == pytest.approx(two.best.bound, abs=1e-5)


def test_a_proposal_counts_once() -> None:
    """The same point twice is one column; of another block it is another."""
    problem = packs()
    master = RestrictedMaster(problem, HIGHS)
    made = proposal(problem.blocks[0], np.array([2.0, 0.0, 0.0]))
    assert [master.add(0, (made,)), master.add(0, (made, made)), master.add(1, (made,))] == [1, 0, 1]
    assert master.proposals == 2


def test_prices_stay_in_their_box_and_shortages_are_told() -> None:
    """With no proposals there is a mix that is short, and its prices are those of the box."""
    problem = packs()
    mix = RestrictedMaster(problem, HIGHS).solve(np.array([0.25]), np.array([0.5]))
    assert mix is not None
    assert mix.short
    assert 0.25 - 1e-9 <= mix.prices[0] <= 0.5 + 1e-9


def test_whole_mixes_hold() -> None:
    """A whole mix that is not short is a solution of the whole problem."""
    problem = packs((4.0, 4.0))
    master = RestrictedMaster(problem, HIGHS)
    for b, part in enumerate(problem.blocks):
        master.add(b, (proposal(part, np.array([4.0, 0.0, 0.0])), proposal(part, np.array([0.0, 4.0, 0.0]))))
    mix = master.whole(limits=Limits(), penalty=50.0)
    assert mix is not None
    assert not mix.short
    assert mix.value == pytest.approx(optimum(problem))


def test_leaves_of_master_columns_close_what_prices_leave_open() -> None:
    """Half cases are fractional at the root; two branches have whole ones, and the bound falls to the optimum."""
    problem = packs()
    root = begun(problem)
    assert root.best is not None
    best = optimum(problem)
    assert root.best.bound > best + 1e-3
    tree = MasterTree(problem, root)

    def evaluate(leaf: ColumnGeneration) -> None:
        while leaf.rounds < 30 and leaf.step(tolerance=1e-7, limits=Limits(gap=0.0, absolute_gap=1e-9)):
            pass

    last = tree.bound
    while tree.split(evaluate, worth=best + 1e-6):
        assert best - 1e-6 <= tree.bound <= last
        last = tree.bound
    assert tree.bound == pytest.approx(best, abs=1e-5)
    proofs = [leaf.proof for leaf in tree.leaves]
    assert tree_bound(problem, proofs) == pytest.approx(tree.bound, abs=1e-9)
    for left_out in range(len(proofs)):
        with pytest.raises(InvalidProgram, match="leave out"):
            tree_bound(problem, proofs[:left_out] + proofs[left_out + 1 :])


def test_leaves_partition_the_whole_values() -> None:
    """Every whole value of a master column lies in exactly one leaf."""
    problem = packs()
    tree = MasterTree(problem, begun(problem))
    tree.split(lambda _: None, worth=-np.inf)
    assert len(tree.leaves) == 2
    for z in range(6):
        assert sum(bool(leaf.proof.lower[0] <= z <= leaf.proof.upper[0]) for leaf in tree.leaves) == 1


def test_blocks_step_aside_where_links_must_be_met() -> None:
    """Varied proposals hold in their block and have the linked column one step from where it was."""
    problem = packs()
    part = problem.blocks[0]
    oracle = MixedIntegerOracle(part, HIGHS)
    made = oracle.varied(np.zeros(1), np.array([2.0, 0.0, 0.0]))
    assert [offer.x[0] for offer in made] == [1.0, 3.0]
    assert all(part.program.rows.times(offer.x)[0] == pytest.approx(2.0) for offer in made)
    (wanted,) = oracle.answer(np.zeros(1)).proposals
    assert wanted.x[0] == 2.0


def test_twins_are_asked_once() -> None:
    """Equal blocks share one answer, a different one has its own."""
    problem = packs((2.0, 2.0, 3.0))
    pricing = SerialPricing(problem, [oracle_of(part, HIGHS) for part in problem.blocks])
    one, two, three = pricing.ask(np.zeros(1))
    assert one is two
    assert three is not one
    renamed = replace(problem.blocks[0], name="other")
    again = SerialPricing(replace(problem, blocks=(renamed, *problem.blocks[1:])), pricing.oracles)
    one, two, _ = again.ask(np.zeros(1))
    assert one is two
