"""What the guide of block problems shows in Python is what runs, with oracles that nobody here wrote."""

from __future__ import annotations

import re
from typing import Any

import pytest

from solvers.backends.registry import backend
from solvers.coordination.oracle import SerialPricing
from solvers.coordination.proposal import Reply
from solvers.coordination.solve import Engines, solve_blocks
from solvers.coordination.verify import check_point, lagrangian_bound
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits
from tests.architecture.house import ROOT

HIGHS = backend("highs")


@pytest.fixture(scope="module")
def guide() -> dict[str, Any]:
    """Return the names that the guide's program leaves behind."""
    text = (ROOT / "docs/how-to/solve-block-problems.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    left: dict[str, Any] = {}
    exec(compile(program, "solve-block-problems.md", "exec"), left)  # noqa: S102 - it is the guide that is tested
    return left


def test_the_guide_runs_as_it_stands_and_proves_the_optimum(guide: dict[str, Any]) -> None:
    """Its own oracles lead to the value of one exact solve, and what their prices prove can be recomputed."""
    found, problem = guide["found"], guide["problem"]
    best = HIGHS.load(problem.whole()).solve(limits=Limits(gap=0.0, absolute_gap=1e-9)).objective
    assert best is not None
    assert found.value == found.bound == pytest.approx(best)
    assert check_point(problem, found.x).violation == 0.0
    assert found.rounds > 0
    again = lagrangian_bound(problem, found.prices, found.block_bounds)
    assert again == pytest.approx(found.price_bound)
    assert again >= best - 1e-6


class Counting:
    """An oracle of the guide that counts how often it is asked, and may keep its answer back for a round."""

    def __init__(self, oracle: Any, *, late: bool) -> None:
        self.oracle, self.late, self.asked = oracle, late, 0
        self.last: Reply | None = None

    def answer(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Reply:
        """Answer these prices, or, if late, the ones before."""
        self.asked += 1
        now: Reply = self.oracle.answer(prices, limits=limits)
        before, self.last = self.last, now
        return before if self.late and before is not None else now


@pytest.mark.parametrize("late", [False, True])
def test_prices_are_answered_by_the_oracles_that_were_given(guide: dict[str, Any], *, late: bool) -> None:
    """Nobody else is asked; oracles that answer a round late cost rounds, and no bound is claimed from them."""
    problem = guide["problem"]
    oracles = [Counting(guide["BestTour"](part), late=late) for part in problem.blocks]
    engines = Engines(pricing=SerialPricing(problem, oracles), whole=False, neighbourhoods=False)
    found = solve_blocks(problem, backend=HIGHS, engines=engines)
    assert all(oracle.asked > 0 for oracle in oracles)
    assert found.bound >= guide["found"].value - 1e-6
    assert found.price_bound >= guide["found"].value - 1e-6
