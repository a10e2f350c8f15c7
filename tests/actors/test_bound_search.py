"""The search for the tightest bound, where it goes on from leaves of an earlier plan."""

from __future__ import annotations

import numpy as np
import pytest

from actors.allowance import Allowance
from actors.bound_search import BoundSearch, EarlierLeaf
from actors.bounding import multipliers
from actors.host import SharedSurroundings
from actors.joint_problem import join
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from tests.planning import in_process


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_the_whole_is_relaxed_with_every_choice_open_after_leaves_were(seed: int) -> None:
    """Relaxations of leaves restrict choices; the relaxation of the whole has the value it has without them."""
    scenario = generate("tiny", seed=seed)
    network = in_process(scenario)
    problem = join(network, SharedSurroundings(scenario), scenario["segments"]["segment"].to_list())
    highs, program, choices = backend("highs"), problem.assembly.program, problem.assembly.choices
    fresh = highs.load(program).solve(relaxed=True)
    assert fresh.row_dual is not None
    given = multipliers(fresh.row_dual * 0.5, problem.blocks, problem.links)
    search = BoundSearch(
        problem,
        network,
        highs.load(program),
        backend=highs,
        allowance=Allowance(clock=lambda: 0.0, cancelled=lambda: False),
    )
    others = [tuple(range(len(group))) for _, group in choices[1:]]
    search.take_up([EarlierLeaf(((option,), *others), given) for option in range(len(choices[0][1]))])
    search.tighten(lambda: None, lambda: False, rounds=0)
    assert any(bound.leaf.x is not None for bound in search.leaves)
    assert search.relax_whole().objective == pytest.approx(fresh.objective, rel=1e-9)
    assert np.isfinite(search.bound)
