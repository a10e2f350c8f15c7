"""Asking plants sparingly: which are asked first, and that a bound holds whoever was asked."""

from __future__ import annotations

import numpy as np
import pytest

from actors.allowance import Allowance
from actors.bound_search import BoundSearch
from actors.host import SharedSurroundings
from actors.joint_problem import join
from actors.sparing import GROUPS, Aim, in_groups, plants_of, weak_bounds
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from tests.planning import in_process


@pytest.mark.parametrize("seed", [1, 4])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_bound_holds_whoever_was_asked_for_it(seed: int, share: float) -> None:
    """What is aimed at ends the asking, and the bound stays above the optimum and within what all answers prove."""
    scenario = generate("tiny", seed=seed)
    network, highs = in_process(scenario), backend("highs")
    problem = join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list())
    whole = highs.load(problem.assembly.program).solve()
    assert whole.x is not None
    assert whole.objective is not None

    def proved(enough: float) -> BoundSearch:
        search = BoundSearch(
            problem,
            network,
            highs.load(problem.assembly.program),
            backend=highs,
            allowance=Allowance(clock=lambda: 0.0, cancelled=lambda: False),
            aiming=lambda: Aim(np.asarray(whole.x), enough),
        )
        search.begin(search.relax_whole())
        search.tighten(lambda: None, lambda: search.bound <= enough, rounds=1)
        return search

    least = proved(-np.inf).bound
    most = proved(np.inf).leaves[0].checked
    enough = least + share * (most - least)
    search = proved(enough)
    found = search.bound
    for leaf in search.leaves:
        assert list(leaf.proved_by) == [name for name in network.names if name in leaf.proved_by]
    assert whole.objective <= found * (1 + 1e-9)
    assert least <= found + 1e-6 * abs(found)
    assert found <= enough + 1e-6 * abs(enough)


def test_plants_with_the_largest_share_of_the_gap_are_asked_first() -> None:
    """Groups hold every plant once, in the order of what its answer may gain."""
    scenario = generate("tiny", seed=2)
    network, highs = in_process(scenario), backend("highs")
    problem = join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list())
    relaxed = highs.load(problem.assembly.program).solve(relaxed=True)
    search = BoundSearch(
        problem,
        network,
        highs.load(problem.assembly.program),
        backend=highs,
        allowance=Allowance(clock=lambda: 0.0, cancelled=lambda: False),
    )
    search.begin(relaxed)
    plants, given = plants_of(problem.blocks), search.leaves[0].given
    weak = weak_bounds(plants, given, given.links, {})
    nothing = {block.name: np.zeros(block.program.columns) for block in plants}
    groups = in_groups(plants, nothing, given.links, weak)
    ordered = [name for group in groups for name in group]
    assert len(groups) <= GROUPS
    assert sorted(ordered) == sorted(block.name for block in plants)
    gains = [weak[name] - next(b.program.offset for b in plants if b.name == name) for name in ordered]
    assert gains == sorted(gains, reverse=True)
