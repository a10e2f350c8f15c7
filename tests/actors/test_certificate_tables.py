"""Multipliers written as tables and read back, and what is refused of a certificate."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest

from actors.bounding import Multipliers, checked_bound, has_rows, multipliers, proved_bound
from actors.certificate_tables import duals_table, leaf_name, read_duals
from actors.certify import certify, recomputed_bound
from actors.protocol import AskPrice, Priced
from planner.domain.hashing import sealed
from planner.domain.plan import Plan
from planner.domain.plan_form import canonical_tables
from planner.domain.scenario import Scenario
from planner.simulation.generate import generate
from solvers.backends.registry import backend
from solvers.core.errors import InvalidProgram
from tests.plan_changes import rehashed
from tests.planning import plan_in_process, whole_problem

SEED = 2


@cache
def tiny() -> Scenario:
    """A tiny scenario with several leaves in its certificate."""
    return generate("tiny", seed=SEED)


@cache
def tiny_plan() -> Plan:
    """Its plan."""
    with TemporaryDirectory() as folder:
        plan = plan_in_process(tiny(), Path(folder) / "plan").plan
    assert plan is not None
    return plan


def with_duals(plan: Plan, duals: pl.DataFrame) -> Plan:
    """The plan with other multipliers and hashes that fit."""
    return rehashed(plan, {**plan.tables, "duals": duals})


def test_multipliers_written_are_multipliers_read() -> None:
    """Every leaf's multipliers come back from the table as they were, zeros included, bit for bit."""
    problem, assembly = whole_problem(tiny())
    links = problem.around.links.links
    dual = backend("highs").load(assembly.program).solve(relaxed=True).row_dual
    assert dual is not None
    given = [multipliers(dual, problem.blocks, links), multipliers(-0.5 * dual, problem.blocks, links)]
    given[1] = replace(given[1], negotiated=2.0 * given[1].links)
    written = duals_table(given, problem.blocks, links)
    stored = canonical_tables({**tiny_plan().tables, "duals": written})["duals"]
    assert (stored["dual"] != 0).all()
    for place, one in enumerate(given):
        read = read_duals(stored, place, problem.blocks, links)
        np.testing.assert_array_equal(read.links, one.links)
        assert (read.negotiated is None) == (one.negotiated is None)
        if one.negotiated is not None:
            np.testing.assert_array_equal(read.negotiated, one.negotiated)
        assert set(read.rows) == {block.name for block in problem.blocks if has_rows(block)}
        for name, rows in one.rows.items():
            np.testing.assert_array_equal(read.rows[name], rows)


def test_a_row_the_scenario_does_not_have_is_refused() -> None:
    """Multipliers of unknown blocks or rows do not vanish silently."""
    problem, _ = whole_problem(tiny())
    links = problem.around.links.links
    schema = {"block": pl.String(), "row": pl.String(), "period": pl.Int64(), "dual": pl.Float64()}
    for block, row in (("plant:NOWHERE", "capacity/x"), (problem.blocks[0].name, "no such row"), ("links", "none")):
        table = pl.DataFrame([(f"{leaf_name(0)}/{block}", row, 0, 1.0)], schema=schema, orient="row")
        with pytest.raises(KeyError):
            read_duals(table, 0, problem.blocks, links)


def test_the_stored_bound_is_that_of_the_stored_multipliers() -> None:
    """What the verifier recomputes from the written tables is the bound the plan states, not one near it."""
    plan = tiny_plan()
    assert recomputed_bound(tiny(), plan) == pytest.approx(plan.summary["bound_checked"], rel=1e-12)
    assert certify(tiny(), plan).holds


def test_a_bound_of_other_multipliers_than_the_stored_ones_is_refused() -> None:
    """Stored multipliers a little off those the stated bound came from give another bound, and that is noticed."""
    plan = tiny_plan()
    other = with_duals(plan, plan["duals"].with_columns(pl.col("dual") * 1.01))
    rules = {breach.rule for breach in certify(tiny(), other).breaches}
    assert rules == {"bound.checked", "bound.leaf", "prices.dual"}


def test_no_multipliers_give_a_true_but_poor_bound() -> None:
    """Without any multipliers the bound is that of the boxes: above the stated one, and not what the plan states."""
    plan = tiny_plan()
    bare = with_duals(plan, plan["duals"].clear())
    stated = plan.summary["bound_checked"]
    assert isinstance(stated, float)
    assert recomputed_bound(tiny(), bare) > stated
    assert not certify(tiny(), bare).holds


def test_a_multiplier_of_the_wrong_sign_is_refused() -> None:
    """With one market price turned round there is no bound at all, and the verifier says why."""
    plan = tiny_plan()
    duals = plan["duals"]
    place = duals["row"].str.starts_with("market/").arg_true()[0]
    turned = pl.Series("dual", [-v if i == place else v for i, v in enumerate(duals["dual"].to_list())])
    wrong = with_duals(plan, duals.with_columns(turned))
    with pytest.raises(InvalidProgram, match="wrong sign"):
        recomputed_bound(tiny(), wrong)
    certificate = certify(tiny(), wrong)
    assert certificate.bound_checked is None
    assert [breach.rule for breach in certificate.breaches] == ["bound.certificate"]


def test_a_bound_summed_in_32_bits_is_refused_where_it_lies_too_low() -> None:
    """A stated bound lower than its multipliers allow is refused even with a gap that fits it."""
    plan = tiny_plan()
    value, stated = plan.summary["value"], plan.summary["bound_checked"]
    assert isinstance(stated, float)
    assert isinstance(value, float)
    low = stated - 2e-6 * abs(value)
    summary = {**plan.summary, "bound_checked": low, "gap_checked": (low - value) / abs(value)}
    claimed = Plan(plan.tables, sealed(summary))
    assert {breach.rule for breach in certify(tiny(), claimed).breaches} == {"bound.checked"}


def leaves_of(plan: Plan) -> list[dict[str, object]]:
    """The leaves of a plan's certificate, to change."""
    certificate = plan.summary["certificate"]
    assert isinstance(certificate, dict)
    leaves = copy.deepcopy(certificate["leaves"])
    assert isinstance(leaves, list)
    return leaves


def with_leaves(plan: Plan, leaves: list[dict[str, object]]) -> Plan:
    """The plan with other leaves."""
    certificate = plan.summary["certificate"]
    assert isinstance(certificate, dict)
    return Plan(plan.tables, {**plan.summary, "certificate": {**certificate, "leaves": leaves}})


def test_leaves_that_do_not_cover_every_choice_prove_nothing() -> None:
    """A leaf left out, named wrongly, or with an option less leaves combinations without a bound."""
    plan = tiny_plan()
    leaves = leaves_of(plan)
    assert len(leaves) > 1, "the example must have several leaves"
    renamed = [{**leaf, "id": "leaf-9"} for leaf in leaves]
    for bad in (leaves[:-1], [*leaves, leaves[0]], renamed, []):
        found = certify(tiny(), with_leaves(plan, bad))
        assert "bound.certificate" in {breach.rule for breach in found.breaches}


def test_a_certificate_that_is_not_there_is_named() -> None:
    """A plan without certificate has a recomputed value but no bound."""
    plan = tiny_plan()
    summary = {name: value for name, value in plan.summary.items() if name != "certificate"}
    certificate = certify(tiny(), Plan(plan.tables, summary))
    assert certificate.bound_checked is None
    assert "bound.certificate" in {breach.rule for breach in certificate.breaches}


def test_the_proved_bound_adds_the_agents_bounds_to_the_price_of_the_rows() -> None:
    """Answers of agents and prices times bounds add up, rounded up."""
    problem, _ = whole_problem(tiny())
    links = problem.around.links.links
    prices = np.zeros(len(links.labels))
    row = int(np.flatnonzero(links.lower < 0)[0]) if (links.lower < 0).any() else 0
    prices[row] = -2.0 if np.isfinite(links.lower[row]) else 0.0
    asked = AskPrice(prices, {}, 1)
    replies = {name: Priced(bound, "x", answers=asked.question) for name, bound in (("a", 0.1), ("b", 0.2))}
    paid = prices[row] * links.lower[row] if prices[row] else 0.0
    bound = proved_bound(links, prices, {"a": asked, "b": asked}, replies)
    assert bound >= math.fsum([0.1, 0.2, paid])
    assert bound == pytest.approx(0.3 + paid)


def test_a_checked_bound_takes_the_segments_answers_as_they_are() -> None:
    """A segment's better answer raises the bound by as much."""
    problem, _ = whole_problem(tiny())
    links = problem.around.links.links
    given = Multipliers(
        np.zeros(len(links.labels)),
        {block.name: np.zeros(block.program.rows.rows) for block in problem.blocks if has_rows(block)},
    )
    answers = {block.name: 1.0 for block in problem.blocks if not has_rows(block)}
    low = checked_bound(problem.blocks, links, given=given, allowed={}, responses=answers)
    first = next(iter(answers))
    high = checked_bound(problem.blocks, links, given=given, allowed={}, responses={**answers, first: 6.0})
    assert high - low == pytest.approx(5.0)
