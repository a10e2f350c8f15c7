"""Tiny scenarios: valid, reproducible, and rich enough to test everything against an exact answer."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest

from planner.domain.clauses import CLAUSE_KINDS, RebateClause, clause_scopes
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.simulation.generate import generate
from planner.verification.findings import find_problems

SEEDS = range(300)


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [generate("tiny", seed=seed) for seed in SEEDS]


def share(scenarios: list[Scenario], has: object) -> float:
    return sum(bool(has(scenario)) for scenario in scenarios) / len(scenarios)


def test_no_finding_stands_against_a_tiny_scenario(scenarios: list[Scenario]) -> None:
    """Validation finds nothing wrong with any of a hundred seeds."""
    assert [(s.header.id, finding) for s in scenarios[::3] for finding in find_problems(s)] == []


def test_a_seed_gives_the_same_scenario_and_another_seed_another(scenarios: list[Scenario]) -> None:
    """Every seed has its own scenario hash, and gives it again."""
    hashes = [scenario_hash(scenario) for scenario in scenarios[:25]]
    assert hashes == [scenario_hash(generate("tiny", seed=seed)) for seed in SEEDS[:25]]
    assert len(set(hashes)) == 25


@pytest.mark.parametrize("kind", sorted(CLAUSE_KINDS))
def test_every_clause_kind_occurs_often(scenarios: list[Scenario], kind: str) -> None:
    """Each of the eleven kinds stands in at least a fifth of the seeds and applies somewhere in the horizon."""
    assert share(scenarios, lambda s: any(c.kind == kind and clause_scopes(c, s.horizon) for c in s.clauses)) >= 0.2


@pytest.mark.parametrize(
    "kind", ["budget", "volume", "service", "reservation", "purchase", "parity", "reward_floor", "stability"]
)
def test_bounds_are_hard_in_some_seeds_and_soft_in_others(scenarios: list[Scenario], kind: str) -> None:
    """A kind that may have a penalty has one in many clauses and none in many others."""
    soft = Counter(c.penalty is not None for s in scenarios for c in s.clauses if c.kind == kind)
    assert min(soft[True], soft[False]) >= 10


@pytest.mark.parametrize(
    "kind",
    ["budget", "volume", "service", "purchase", "rebate", "parity", "exclusivity", "price_floor", "reward_floor"],
)
def test_clauses_repeat_per_window_in_some_seeds_and_not_in_others(scenarios: list[Scenario], kind: str) -> None:
    """Both forms of a kind that knows windows occur."""
    each = Counter(c.each_window for s in scenarios for c in s.clauses if c.kind == kind)
    assert min(each[True], each[False]) >= 10


@pytest.mark.parametrize("table", ["receipts", "in_transit", "firm", "baseline"])
def test_optional_tables_come_and_go(scenarios: list[Scenario], table: str) -> None:
    """An optional table has rows in some seeds; only the baseline is nearly always there."""
    assert 0.1 <= share(scenarios, lambda s: s[table].height) <= (1.0 if table == "baseline" else 0.6)


def test_edge_cases_of_the_problem_all_occur(scenarios: list[Scenario]) -> None:
    """Every feature that a planner might forget is there in at least two of a hundred seeds."""
    features = {
        "exact lane beside *": lambda s: (s["lanes"]["product"] != "*").any(),
        "transit": lambda s: (s["lanes"]["transit"] > 0).any(),
        "lead time": lambda s: (s["recipes"]["lead_time"] > 0).any(),
        "least lot": lambda s: (s["recipes"]["min_lot"] > 0).any(),
        "largest lot": lambda s: s["recipes"]["max_lot"].is_not_null().any(),
        "component made here": lambda s: s["bom"]["component"].is_in(s["products"]["product"].to_list()).any(),
        "material received": lambda s: (~s["receipts"]["item"].is_in(s["products"]["product"].to_list())).any(),
        "unlimited overtime": lambda s: s["resources"]["overtime_max"].is_null().any(),
        "unlimited capacity": lambda s: s["resources"]["regular"].is_null().any(),
        "two resources": lambda s: s["routings"].group_by("plant", "product").len()["len"].max() > 1,
        "any delay": lambda s: s["orders"]["max_delay"].is_null().any(),
        "stock that does not fit": lambda s: (s["stock"]["on_hand"] > s["stock"]["max_stock"]).any(),
        "recipe without stock row": lambda s: s["stock"].height < s["recipes"].height,
        "redemptions limited": lambda s: s["offers"]["max_redemptions"].is_not_null().any(),
        "own offer": lambda s: (s["offers"]["sponsor"] == "").any(),
        "shared funding": lambda s: s["offer_funding"].height > s["offers"]["offer"].n_unique(),
        "certain redemption": lambda s: (
            s["customers"].join(s["responses"], on="segment").select(pl.col("weight") * pl.col("redeem_probability"))
            > 1
        )["weight"].any(),
        "consent unknown": lambda s: s["customers"]["consent"].is_null().any(),
        "tenure unknown": lambda s: s["customers"]["tenure_days"].is_null().any(),
        "demand rows missing": lambda s: (
            s["demand"].height < s["segments"].height * s["products"].height * s.horizon.periods
        ),
        "effective dates cut": lambda s: any(
            len(s.horizon.periods_inside(c.effective_from, c.effective_to)) < s.horizon.periods for c in s.contracts
        ),
        "falling rebate": lambda s: any(
            a.rate > b.rate
            for c in s.clauses
            if isinstance(c, RebateClause)
            for a, b in zip(c.tiers, c.tiers[1:], strict=False)
        ),
    }
    shares = {name: share(scenarios, has) for name, has in features.items()}
    assert {name: value for name, value in shares.items() if value < 0.02} == {}


def test_some_seeds_ask_for_the_impossible(scenarios: list[Scenario]) -> None:
    """Hard clauses that no plan can keep together stand in a few seeds, and never softened."""
    planted = [[c for c in s.clauses if c.id.startswith("impossible/")] for s in scenarios]
    assert 0.005 <= sum(bool(clauses) for clauses in planted) / len(scenarios) <= 0.05
    assert [c.id for clauses in planted for c in clauses if c.penalty is not None] == []


def test_an_unknown_preset_is_refused_with_the_known_ones() -> None:
    """The error names what can be generated."""
    with pytest.raises(ValueError, match="tiny, demo, large"):
        generate("huge", seed=1)


def test_a_negative_seed_is_refused() -> None:
    """A seed below 0 is an error and not another stream."""
    with pytest.raises(ValueError, match="seed"):
        generate("tiny", seed=-1)
