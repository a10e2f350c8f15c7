"""Whole choices searched best first: leaves partition all combinations, so the largest bound bounds them all."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.coordination.choice_tree import (
    Leaf,
    choice_box,
    partition,
    restrict,
    root_leaf,
    split,
)
from solvers.core.program import Ints, Program
from solvers.core.termination import Solution, Termination
from tests.solvers.small_programs import INF, program

SIZES = st.lists(st.integers(1, 3), min_size=0, max_size=3)
Choices = tuple[tuple[str, Ints], ...]


def all_of(sizes: list[int]) -> tuple[tuple[int, ...], ...]:
    """The leaf that allows everything."""
    return tuple(tuple(range(size)) for size in sizes)


def grown(draw: random.Random, sizes: list[int], steps: int) -> list[tuple[tuple[int, ...], ...]]:
    """Split random leaves on random groups, one child per option."""
    leaves = [all_of(sizes)]
    for _ in range(steps):
        place = draw.randrange(len(leaves))
        leaf = leaves[place]
        if leaf:
            g = draw.randrange(len(leaf))
            leaves[place : place + 1] = [(*leaf[:g], (option,), *leaf[g + 1 :]) for option in leaf[g]]
    return leaves


@given(SIZES, st.integers(0, 2**32), st.integers(0, 6))
def test_leaves_of_any_tree_partition_all_combinations(sizes: list[int], seed: int, steps: int) -> None:
    """However a tree was grown its leaves are a partition, and no more so with one left out, doubled or cut."""
    draw = random.Random(seed)
    leaves = grown(draw, sizes, steps)
    assert partition(leaves, sizes)
    place = draw.randrange(len(leaves))
    assert not partition(leaves[:place] + leaves[place + 1 :], sizes)
    assert not partition([*leaves, leaves[place]], sizes)
    if sizes:
        cut = (leaves[place][0][:-1], *leaves[place][1:])
        assert not partition([*leaves[:place], cut, *leaves[place + 1 :]], sizes)


@given(
    SIZES.filter(lambda sizes: len(sizes) == 2), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=4)
)
def test_a_partition_covers_every_combination_exactly_once(sizes: list[int], masks: list[tuple[int, int]]) -> None:
    """Of arbitrary leaves, exactly those are accepted that hold every combination in one leaf and no other."""
    leaves = [
        tuple(tuple(o for o in range(size) if mask >> o & 1) for size, mask in zip(sizes, pair, strict=True))
        for pair in masks
    ]
    times = [
        sum(all(o in options for o, options in zip(combination, leaf, strict=True)) for leaf in leaves)
        for combination in itertools.product(*(range(size) for size in sizes))
    ]
    empty = any(not options for leaf in leaves for options in leaf)
    if not empty:
        assert partition(leaves, sizes) == all(count == 1 for count in times)
    elif partition(leaves, sizes):
        assert all(count == 1 for count in times)


@pytest.mark.parametrize(
    "leaves",
    [[((0, 1, 2),)], [((-1, 0),)], [((0,), (0,)), ((1,), (0,))], [((0, 0),)], []],
)
def test_options_that_do_not_exist_partition_nothing(leaves: list[tuple[tuple[int, ...], ...]]) -> None:
    """Options out of range, repeated, of more groups, or no leaf at all do not partition two options."""
    assert not partition(leaves, [2])


def test_a_choice_box_forces_a_single_option() -> None:
    """One allowed option is forced; of several each may be taken."""
    assert [side.tolist() for side in choice_box(3, (1,))] == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]
    assert [side.tolist() for side in choice_box(3, (0, 2))] == [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]


def best_leaf(leaves: list[Leaf]) -> Leaf:
    """The leaf with the largest bound."""
    return max(leaves, key=lambda leaf: leaf.bound)


def tiers(draw: random.Random, groups: int = 2) -> tuple[Program, Choices]:
    """Groups of three options, each worth money and using up a common resource."""
    n = 3 * groups
    rows = [[1.0 if j // 3 == g else 0.0 for j in range(n)] for g in range(groups)]
    rows.append([float(draw.randint(0, 5)) for _ in range(n)])
    limits = [(1.0, 1.0)] * groups + [(-INF, float(draw.randint(3, 7)) + 0.5)]
    made = program(
        [float(draw.randint(0, 9)) for _ in range(n)], rows, limits, bounds=[(0.0, 1.0)] * n, integer=[True] * n
    )
    return made, tuple((f"g{g}", np.arange(3 * g, 3 * g + 3, dtype=np.int32)) for g in range(groups))


@given(st.integers(0, 2**32))
def test_best_first_splitting_ends_at_the_best_whole_choice(seed: int) -> None:
    """Split until the best leaf is whole, the leaves partition, bounds never rise, and the last one is the optimum."""
    made, choices = tiers(random.Random(seed))
    model = backend("highs").load(made)
    root = model.solve(relaxed=True)
    exact = backend("highs").load(made).solve()
    if root.termination is Termination.INFEASIBLE or exact.objective is None:
        return
    leaves = [root_leaf(made, choices, root)]
    last = leaves[0].bound
    for _ in range(20):
        worst = best_leaf(leaves)
        if worst.whole(choices):
            break
        children = split(worst, model, choices, lambda: model.solve(relaxed=True))
        assert children is not None
        assert all(child.bound <= worst.bound for child in children)
        leaves[leaves.index(worst) : leaves.index(worst) + 1] = children
        assert partition([leaf.allowed for leaf in leaves], [3, 3])
        assert best_leaf(leaves).bound <= last + 1e-9
        last = best_leaf(leaves).bound
    assert best_leaf(leaves).whole(choices)
    assert best_leaf(leaves).bound == pytest.approx(exact.objective, abs=1e-6)


def test_an_infeasible_child_keeps_its_parents_multipliers() -> None:
    """A child without a solution has no bound to give but still carries multipliers for a checked one."""
    made = program(
        [3.0, 1.0], [[1.0, 1.0], [4.0, 0.0]], [(1.0, 1.0), (-INF, 2.0)], bounds=[(0.0, 1.0)] * 2, integer=[True] * 2
    )
    choices: Choices = (("g", np.array([0, 1], dtype=np.int32)),)
    model = backend("highs").load(made)
    root = root_leaf(made, choices, model.solve(relaxed=True))
    assert not root.whole(choices)
    children = split(root, model, choices, lambda: model.solve(relaxed=True))
    assert children is not None
    impossible, possible = children
    assert impossible.bound == -INF
    assert impossible.x is None
    assert impossible.row_dual is root.row_dual
    assert possible.bound == 1.0
    with pytest.raises(ValueError, match="infeasible leaf"):
        split(impossible, model, choices, lambda: model.solve(relaxed=True))


def test_a_limit_leaves_the_tree_as_it_was() -> None:
    """A child whose solve hit a limit gives no children at all, so that the leaves still partition."""
    made, choices = tiers(random.Random(1))
    half = np.full(6, 1 / 3)
    leaf = Leaf(all_of([3, 3]), 9.0, half, np.zeros(3))
    stopped = Solution(termination=Termination.LIMIT)
    assert split(leaf, backend("highs").load(made), choices, lambda: stopped) is None


def test_the_root_leaves_out_options_that_are_closed() -> None:
    """An option whose column can only be 0 is not allowed from the start."""
    made = program([1.0, 1.0], [[1.0, 1.0]], [(1.0, 1.0)], bounds=[(0.0, 0.0), (0.0, 1.0)])
    choices: Choices = (("g", np.array([0, 1], dtype=np.int32)),)
    leaf = root_leaf(made, choices, backend("highs").load(made).solve())
    assert leaf.allowed == ((1,),)


def test_restricting_and_allowing_everything_again() -> None:
    """A restricted model takes the allowed options only, and everything once all are allowed."""
    made, choices = tiers(random.Random(4))
    model = backend("highs").load(made)
    free = model.solve(relaxed=True)
    restrict(model, choices, ((2,), (0, 1)))
    x = model.solve(relaxed=True).x
    if x is not None:
        np.testing.assert_allclose(x[[0, 1, 2, 5]], [0.0, 0.0, 1.0, 0.0], atol=1e-9)
    restrict(model, choices, all_of([3, 3]))
    assert model.solve(relaxed=True).objective == pytest.approx(free.objective)
