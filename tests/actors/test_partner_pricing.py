"""A partner's answer part by part against its block as one program, at random prices of the linking rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from actors.block_pricing import BlockPricing
from actors.formulate.problem import Problem, formulate
from actors.partner_pricing import PartnerPricing
from actors.protocol import AskPrice, Priced
from planner.domain.clauses import BudgetClause, Clause, PurchaseClause, RebateClause, RebateTier, VolumeClause
from planner.domain.scenario import Scenario
from planner.policy.eligibility import eligibility_patterns
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.network.block import Block
from tests.scenario_builder import small_scenario, with_clauses

NODES = 10_000


@cache
def formulated(seed: int) -> tuple[Scenario, Problem]:
    """A tiny scenario and its blocks; -1 is the one written by hand."""
    scenario = small_scenario() if seed < 0 else generate("tiny", seed=seed)
    return scenario, formulate(scenario, eligibility_patterns(scenario))


def random_prices(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """Sign-correct multipliers of the linking rows, about as large as prices are."""
    links = problem.around.links.links
    size = rng.uniform(0, 30, len(links.labels)) * (rng.random(len(links.labels)) < 0.7)
    sign = np.where(np.isfinite(links.upper), 1.0, -1.0)
    both = np.isfinite(links.upper) & np.isfinite(links.lower)
    return np.asarray(size * np.where(both, rng.choice([-1.0, 1.0], len(size)) * 0.1, sign))


def random_tiers(block: Block, rng: np.random.Generator) -> dict[str, tuple[int, ...]]:
    """Some tiers of some rebates."""
    allowed = {}
    for name, group in block.choices:
        options = tuple(j for j in range(len(group)) if rng.random() < 0.6)
        if options and rng.random() < 0.7:
            allowed[name] = options
    return allowed


def cases(seed: int) -> Iterator[tuple[Block, PartnerPricing, AskPrice]]:
    """Every partner of a scenario, asked three times."""
    scenario, problem = formulated(seed)
    rng = np.random.default_rng(seed + 1)
    for block, _ in problem.partners:
        pricing = PartnerPricing(block, scenario, backend("scip"), relative_gap=1e-9)
        for _ in range(3):
            yield block, pricing, AskPrice(random_prices(problem, rng), random_tiers(block, rng), NODES)


def lagrangian(answer: Priced, prices: np.ndarray) -> float:
    """What a proposal is worth at the prices."""
    assert answer.worth is not None
    assert answer.activity is not None
    return answer.worth - float(prices @ answer.activity)


def compare(block: Block, pricing: PartnerPricing, message: AskPrice) -> None:
    """Hold a partner's answer to that of its block as one program."""
    found = pricing.answer(message)
    whole = BlockPricing(block, backend("highs"), relative_gap=1e-9).answer(message)
    assert found.bound == pytest.approx(whole.bound, rel=1e-6, abs=1e-4)
    assert (found.worth is None) == (whole.worth is None)
    if found.worth is not None:
        assert lagrangian(found, message.prices) == pytest.approx(found.bound, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("seed", range(-1, 14))
def test_the_parts_together_answer_as_the_whole_block(seed: int) -> None:
    """Bound and proposal are worth the same as those of the block as one program, or both see that nothing holds."""
    for block, pricing, message in cases(seed):
        compare(block, pricing, message)


BASE = {"contract": "C", "partner": "dist-a"}
ODD = {
    "paid from the first unit": RebateClause(
        id="r", supplier="oilco", tiers=(RebateTier(0.0, 0.01), RebateTier(16.0, 0.05)), **BASE
    ),
    "a higher tier that pays less": RebateClause(
        id="r", supplier="oilco", tiers=(RebateTier(8.0, 0.4), RebateTier(16.0, 0.0)), each_window=True, **BASE
    ),
    "a rebate on nothing": RebateClause(id="r", supplier="dist-a", tiers=(RebateTier(8.0, 0.02),), **BASE),
    "a purchase of nothing": PurchaseClause(id="p", supplier="dist-a", min=5.0, penalty=1.5, **BASE),
    "a purchase that cannot be": PurchaseClause(id="p", supplier="dist-a", min=5.0, **BASE),
    "a budget of nobody's offers": BudgetClause(id="b", min=2.0, max=3.0, penalty=1.5, contract="C", partner="oilco"),
    "a budget that cannot be": BudgetClause(id="b", min=2.0, contract="C", partner="oilco"),
    "a volume that cannot be": VolumeClause(id="v", orders_of="dist-b", min=1000.0, **BASE),
    "no clause at all": None,
}


@pytest.mark.parametrize("clause", ODD.values(), ids=ODD.keys())
def test_odd_clauses_are_answered_alike(clause: Clause | None) -> None:
    """Tiers from nothing or paying less, and clauses about nothing, have the answer of the whole block."""
    scenario = with_clauses(small_scenario(), *([] if clause is None else [clause]))
    problem, rng = formulate(scenario, eligibility_patterns(scenario)), np.random.default_rng(5)
    for block, _ in problem.partners:
        pricing = PartnerPricing(block, scenario, backend("scip"), relative_gap=1e-9)
        for _ in range(3):
            compare(block, pricing, AskPrice(random_prices(problem, rng), {}, NODES))


def test_what_is_compared_holds_rebates_budgets_and_orders() -> None:
    """The seeds hold partners with tiers, with budgets and with orders, some asked for a few tiers only."""
    kinds, restricted = set(), False
    for seed in range(-1, 14):
        for block, _, message in cases(seed):
            kinds.update(block.columns.kind)
            restricted = restricted or bool(message.allowed)
    assert kinds >= {"served", "bought", "tier", "bought-in-tier", "released", "violation"}
    assert restricted
