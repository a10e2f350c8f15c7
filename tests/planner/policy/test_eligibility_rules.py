"""Eligibility rules: SQL conditions over customers, offers and segments, the same for one customer and for many."""

from __future__ import annotations

import dataclasses
import sqlite3

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.domain.errors import ScenarioInvalid
from planner.domain.scenario import EligibilityRule
from planner.policy.eligibility import eligibility_patterns, rule_findings
from tests.scenario_builder import small_scenario, with_table

CUSTOMERS = small_scenario()["customers"]["customer"].to_list()
OFFERS = ["O1", "O2", "O3"]


def ruled(*conditions):
    """Return the small scenario with these conditions as its only eligibility rules."""
    rules = tuple(EligibilityRule(f"r{i}", "forbid", when) for i, when in enumerate(conditions))
    return dataclasses.replace(small_scenario(), eligibility=rules)


def forbidden(scenario):
    """Return the forbidden (customer, offer) pairs."""
    found = eligibility_patterns(scenario)
    return {
        (customer, offer)
        for c, customer in enumerate(scenario["customers"]["customer"])
        for o, offer in enumerate(scenario["offers"]["offer"])
        if not found.allowed[found.pattern[c], o]
    }


def everyone(*customers):
    """Return all pairs of these customers."""
    return {(customer, offer) for customer in customers for offer in OFFERS}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("NOT customer.consent", everyone("3", "5")),
        ("customer.tenure_days < 30", everyone("5", "6")),
        ("customer.tenure_days IS NULL", everyone("6")),
        ("customer.tenure_days IS NOT NULL AND customer.tenure_days BETWEEN 30 AND 90", everyone("2", "3")),
        ("customer.tier IN ('gold', 'platinum')", everyone("1", "2", "3")),
        ("segment.region = 'south'", everyone("4", "5", "6")),
        ("offer.sponsor = ''", {(customer, "O3") for customer in CUSTOMERS}),
        ("offer.max_redemptions > 5", {(c, o) for c in CUSTOMERS for o in ("O2", "O3")}),
        ("customer.weight * 2 + 1 > offer.face_value + 3", {("2", "O1"), ("2", "O3"), ("4", "O3")}),
        ("customer.consent IS TRUE AND offer.offer LIKE 'O_' AND customer.tier LIKE 's%r'", everyone("4", "6")),
        ("customer.weight / (customer.weight - 1) > 100", everyone("1", "5")),
        ("-customer.weight < -1.9 OR FALSE", everyone("2")),
        ("customer.consent <> TRUE", everyone("3", "5")),
        ("TRUE", everyone(*CUSTOMERS)),
        ("1 > 2", set()),
    ],
)
def test_a_match_or_an_unknown_forbids(condition, expected):
    """Pairs for which the condition is true or NULL are forbidden, all others allowed."""
    assert forbidden(ruled(condition)) == expected


def test_rules_add_up():
    """A pair is forbidden if any rule forbids it."""
    one, two = "NOT customer.consent", "offer.face_value > 1.5 AND customer.tier <> 'gold'"
    assert forbidden(ruled(one, two)) == forbidden(ruled(one)) | forbidden(ruled(two))


def test_patterns_are_few_and_the_same_pairs_hold_for_each_customer_alone():
    """Customers with equal answers share a pattern, and one customer alone gets the answer it gets among all."""
    scenario = small_scenario()
    assert len(eligibility_patterns(scenario).allowed) == 3
    alone = set()
    for row in range(len(CUSTOMERS)):
        alone |= forbidden(with_table(scenario, "customers", scenario["customers"][row : row + 1]))
    assert alone == forbidden(scenario)


def test_more_distinct_conditions_than_one_block_of_bits_are_packed_right():
    """Forty conditions, each true for one customer only, forbid exactly what each says."""
    many = pl.concat([small_scenario()["customers"]] * 7).with_columns(
        customer=pl.int_range(42).cast(pl.String), weight=pl.int_range(42).cast(pl.Float64)
    )
    rules = [f"customer.weight = {i} AND offer.face_value > {i % 3}" for i in range(40)]
    scenario = with_table(ruled(*rules), "customers", many)
    worth = {"O1": 1.0, "O2": 2.0, "O3": 0.5}
    expected = {(str(i), offer) for i in range(40) for offer, value in worth.items() if value > i % 3}
    assert forbidden(scenario) == expected


def test_customers_of_an_unknown_segment_get_nothing_a_segment_rule_could_forbid():
    """A segment that is not found makes the condition unknown."""
    scenario = ruled("segment.region = 'nowhere'")
    moved = scenario["customers"].with_columns(segment=pl.lit("gone"))
    assert forbidden(with_table(scenario, "customers", moved)) == everyone(*CUSTOMERS)


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("customer.consent AND", "eligibility-syntax"),
        ("", "eligibility-syntax"),
        ("customer.colour = 'red'", "eligibility-unknown-column"),
        ("partner.role = 'x'", "eligibility-unknown-column"),
        ("consent", "eligibility-unknown-column"),
        ("customer.tier > 5", "eligibility-type"),
        ("customer.weight", "eligibility-type"),
        ("NOT customer.weight", "eligibility-type"),
        ("customer.consent < TRUE", "eligibility-type"),
        ("customer.tier + 1 > 2", "eligibility-type"),
        ("customer.weight IN (1, 'two')", "eligibility-type"),
        ("length(customer.tier) > 2", "eligibility-not-allowed"),
        ("customer.segment IN (SELECT segment FROM segments)", "eligibility-not-allowed"),
        ("SELECT 1", "eligibility-not-allowed"),
        ("customer.tier = NULL", "eligibility-not-allowed"),
        ("customer.consent; DROP TABLE customers", "eligibility-not-allowed"),
        ("CASE WHEN customer.consent THEN TRUE END", "eligibility-not-allowed"),
    ],
)
def test_what_is_no_condition_is_a_finding(condition, rule):
    """Each refused condition is named by row and rule, says why, and is not evaluated."""
    scenario = ruled("TRUE", condition)
    assert [(f.table, f.row, f.column, f.rule) for f in rule_findings(scenario)] == [
        ("eligibility.json", 1, "when", rule)
    ]
    with pytest.raises(ScenarioInvalid):
        eligibility_patterns(scenario)


def test_another_effect_and_a_second_rule_of_the_same_id_are_findings():
    """Only 'forbid' exists, and ids are unique."""
    rules = (EligibilityRule("a", "allow", "TRUE"), EligibilityRule("a", "forbid", "TRUE"))
    found = rule_findings(dataclasses.replace(small_scenario(), eligibility=rules))
    assert [(f.row, f.column, f.rule) for f in found] == [(0, "effect", "eligibility-effect"), (1, "id", "duplicate")]


NUMBERS = st.sampled_from(["customer.tenure_days", "customer.weight", "offer.face_value", "offer.max_redemptions", "2"])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", "=", "<>", ">=", ">"]), NUMBERS),
    st.builds("{} BETWEEN {} AND {}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} IN ({}, {})".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} IS NULL".format, NUMBERS),
    st.builds("{} / {} > 1".format, NUMBERS, NUMBERS),
    st.sampled_from(["customer.consent", "customer.tier = 'gold'", "offer.campaign_type = segment.tier", "TRUE"]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner.map("({})".format)),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
@settings(max_examples=120, deadline=None)
def test_conditions_mean_what_sqlite_says(condition):
    """Any allowed condition forbids exactly the pairs for which SQLite answers true or NULL."""
    scenario = ruled(condition)
    base = sqlite3.connect(":memory:")
    for table, name in (("customer", "customers"), ("offer", "offers"), ("segment", "segments")):
        frame = scenario[name]
        kinds = {pl.Float64: "REAL", pl.Int64: "INTEGER", pl.Boolean: "INTEGER", pl.String: "TEXT"}
        columns = ", ".join(f'"{column}" {kinds[type(dtype)]}' for column, dtype in frame.schema.items())
        base.execute(f"CREATE TABLE {table} ({columns})")
        base.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * frame.width)})", frame.rows())  # noqa: S608 - own text
    joined = "customer CROSS JOIN offer JOIN segment ON segment.segment = customer.segment"
    query = f"SELECT customer.customer, offer.offer FROM {joined} WHERE ({condition}) OR ({condition}) IS NULL"  # noqa: S608 - own text
    # SQLite divides whole numbers without remainder; conditions know doubles only.
    query = query.replace("customer.tenure_days", "CAST(customer.tenure_days AS REAL)").replace("2 /", "2.0 /")
    assert forbidden(scenario) == set(base.execute(query).fetchall())
    base.close()
