"""Bounds of prices are bounds: whoever answers late, other prices, too early or not at all spoils none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends.registry import backend
from solvers.coordination.block_problem import BlockProblem
from solvers.coordination.column_generation import ColumnGeneration, fresh_bounds
from solvers.coordination.oracle import MixedIntegerOracle, SerialPricing, oracle_of
from solvers.coordination.proposal import Reply
from solvers.coordination.restricted_master import RestrictedMaster
from solvers.coordination.verify import checked_bound, lagrangian_bound, sign_correct
from solvers.core.errors import InvalidProgram
from solvers.core.program import Floats
from solvers.core.termination import UNLIMITED, Limits
from tests.solvers.small_block_problems import assignment, random_problem

HIGHS = backend("highs")
Spoil = Callable[[int, list[Reply]], Sequence[Reply | None]]


@dataclass
class Spoiled:
    """Pricing whose replies are changed on their way, from the second round on."""

    pricing: SerialPricing
    spoil: Spoil
    rounds: int = 0

    def ask(self, prices: Floats, *, limits: Limits = UNLIMITED) -> Sequence[Reply | None]:
        """Ask, and pass on what became of the replies."""
        self.rounds += 1
        replies = [reply for reply in self.pricing.ask(prices, limits=limits) if reply is not None]
        return replies if self.rounds == 1 else self.spoil(self.rounds, replies)


def serial(problem: BlockProblem) -> SerialPricing:
    """All blocks with their best oracles."""
    return SerialPricing(problem, [oracle_of(part, HIGHS) for part in problem.blocks])


def optimum(problem: BlockProblem) -> float:
    """The value of the whole in one exact solve."""
    found = HIGHS.load(problem.whole()).solve(limits=Limits(gap=0.0, absolute_gap=1e-9)).objective
    return -np.inf if found is None else found


def rounds(problem: BlockProblem, spoil: Spoil, count: int = 6) -> ColumnGeneration:
    """Run some rounds of column generation whose replies are spoiled."""
    pricing = Spoiled(serial(problem), spoil)
    made = ColumnGeneration(problem, pricing, RestrictedMaster(problem, HIGHS), np.zeros(problem.links))
    for _ in range(count):
        made.step(tolerance=1e-9)
    return made


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_any_prices_bound_the_optimum(seed: int) -> None:
    """Random prices with the right signs and exact replies give a bound; multipliers of rows give a weaker one."""
    problem = random_problem(seed)
    rng = np.random.default_rng(seed)
    prices = sign_correct(rng.normal(0, 3, problem.links), problem.link_lower, problem.link_upper)
    bounds = fresh_bounds(prices, serial(problem).ask(prices))
    assert bounds is not None
    bound = lagrangian_bound(problem, prices, bounds)
    assert bound >= optimum(problem) - 1e-6
    multipliers = [rng.normal(0, 2, part.program.rows.rows) for part in problem.blocks]
    assert checked_bound(problem, prices, multipliers) >= bound - 1e-6


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _, replies: [None, *replies[1:]],
        lambda _, replies: [*replies[:-1], replace(replies[-1], prices=replies[-1].prices + 1.0)],
        lambda _, replies: [None for _ in replies],
    ],
    ids=["one is missing", "one answers other prices", "nobody answers"],
)
def test_incomplete_rounds_make_no_bound(spoil: Spoil) -> None:
    """Only the first, complete round counts: later ones lack a block, or hold an answer to other prices."""
    problem = assignment(4)
    made = rounds(problem, spoil)
    assert made.rounds > 1
    assert len(made.asked) == 1
    assert made.best is made.asked[0]


def test_a_reply_to_earlier_prices_is_stale() -> None:
    """Replies kept back for a round are refused, although they are bounds of their own prices."""
    problem = assignment(4)
    kept: list[list[Reply]] = []

    def late(_: int, replies: list[Reply]) -> Sequence[Reply | None]:
        kept.append(replies)
        return kept[-2] if len(kept) > 1 else replies

    made = rounds(problem, late)
    assert len(made.asked) == 2
    assert made.best is not None
    assert made.best.bound >= optimum(problem)


def test_oracles_that_stop_early_still_bound() -> None:
    """With one node per answer the bounds are worse, never wrong."""
    problem = random_problem(8, blocks=4, columns=5, links=3)
    pricing = SerialPricing(problem, [MixedIntegerOracle(part, HIGHS) for part in problem.blocks])
    prices = np.zeros(problem.links)
    early = fresh_bounds(prices, pricing.ask(prices, limits=Limits(nodes=1, gap=0.5)))
    exact = fresh_bounds(prices, pricing.ask(prices, limits=Limits(gap=0.0, absolute_gap=1e-9)))
    assert early is not None
    assert exact is not None
    assert all(loose >= tight - 1e-6 for loose, tight in zip(early, exact, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_the_master_alone_is_never_taken_for_a_bound(seed: int) -> None:
    """After one round the master's value lies below the optimum's bound; what is reported does not."""
    problem = assignment(seed, agents=4, jobs=12)
    made = rounds(problem, lambda _, replies: replies, count=2)
    assert made.mix is not None
    assert made.best is not None
    assert made.best.bound >= optimum(problem) - 1e-9
    assert made.best.bound >= made.mix.value - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_rounds_lower_the_bound_to_that_of_the_master(seed: int) -> None:
    """Converged, bound and master agree, and no round ever made the best bound worse."""
    problem = assignment(seed, agents=4, jobs=12)
    made = ColumnGeneration(problem, serial(problem), RestrictedMaster(problem, HIGHS), np.zeros(problem.links))
    last = np.inf
    while made.rounds < 200 and made.step(tolerance=1e-6):
        assert made.best is not None
        assert made.best.bound <= last
        last = made.best.bound
    assert made.converged
    assert made.mix is not None
    assert last == pytest.approx(made.mix.value, abs=2e-6)


def test_prices_with_a_wrong_sign_prove_nothing() -> None:
    """A price that asks for a bound which a link does not have is refused, and so are too few bounds."""
    problem = replace(assignment(1), link_lower=np.full(9, -np.inf))
    with pytest.raises(InvalidProgram, match="wrong sign"):
        lagrangian_bound(problem, np.full(9, -1.0), [0.0, 0.0, 0.0])
    with pytest.raises(InvalidProgram, match="as many bounds"):
        lagrangian_bound(problem, np.zeros(9), [0.0])


def test_a_block_without_a_bound_leaves_none() -> None:
    """+inf of a block is +inf of the whole, NaN too; a block without a point leaves nothing to bound."""
    problem = assignment(1)
    prices = np.zeros(9)
    assert lagrangian_bound(problem, prices, [0.0, np.inf, 0.0]) == np.inf
    assert lagrangian_bound(problem, prices, [0.0, np.nan, 0.0]) == np.inf
    assert lagrangian_bound(problem, prices, [0.0, -np.inf, 0.0]) == -np.inf
