"""Hashes over content: what does not change the meaning does not change the hash, everything else does."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.domain.hashing import plan_hash, scenario_hash
from planner.domain.plan import DECISION_TABLES, PLAN_TABLES, empty_plan_table
from planner.domain.plan_form import canonical_number
from planner.domain.schema import TABLES
from tests.scenario_builder import frame, small_scenario, with_cell, with_table


def test_the_order_of_rows_contracts_and_rules_does_not_matter():
    """A scenario whose files are sorted another way has the same hash."""
    scenario = small_scenario()
    turned = dataclasses.replace(
        scenario,
        tables={name: frame.reverse() for name, frame in scenario.tables.items()},
        contracts=scenario.contracts[::-1],
        eligibility=scenario.eligibility[::-1],
    )
    assert scenario_hash(turned) == scenario_hash(scenario)


def test_the_width_of_a_further_column_does_not_matter():
    """A further customer column in 16 or 64 bits, or as categories, has the same content."""
    scenario = small_scenario()
    customers = scenario["customers"]
    for dtype in (pl.Int16, pl.UInt8):
        narrow = with_table(scenario, "customers", customers.with_columns(pl.col("household").cast(dtype)))
        assert scenario_hash(narrow) == scenario_hash(scenario)


def test_closures_enter_the_scenario_hash_and_their_absence_does_not():
    """Hashes from before the table of closures stand; a closure, and each cell of it, makes another scenario."""
    scenario = small_scenario()
    assert scenario_hash(scenario) == "147e61b6766e55637246f436ab69f891ce689c52a021681b87ae4c093ead7ba9"
    closures = [
        ("1901", "north", "*", 0),
        ("P2", "north", "*", 0),
        ("1901", "south", "*", 0),
        ("1901", "north", "*", 1),
    ]
    shut = [with_table(scenario, "lane_closures", frame("lane_closures", [row])) for row in closures]
    shut.append(with_table(scenario, "recipe_closures", frame("recipe_closures", [("1901", "soap", 0)])))
    assert len({scenario_hash(each) for each in (scenario, *shut)}) == 2 + len(closures)


@pytest.mark.parametrize("name", [name for name in TABLES if not small_scenario()[name].is_empty()])
def test_every_cell_enters_the_scenario_hash(name):
    """Changing any declared cell of any table changes the hash."""
    scenario = small_scenario()
    hashes = {scenario_hash(scenario)}
    for column, dtype in scenario[name].schema.items():
        old = scenario[name][column][0]
        new = f"{old}x" if dtype == pl.String else (not old if dtype == pl.Boolean else (old or 0) + 1)
        hashes.add(scenario_hash(with_cell(scenario, name, 0, column, new)))
    assert len(hashes) == 1 + scenario[name].width


def test_header_rules_and_clauses_enter_the_scenario_hash():
    """Another title, rule or clause bound is another scenario."""
    scenario = small_scenario()
    contract = scenario.contracts[0]
    clause = dataclasses.replace(contract.clauses[0], penalty=1.0)
    others = [
        dataclasses.replace(scenario, header=dataclasses.replace(scenario.header, title="other")),
        dataclasses.replace(scenario, eligibility=scenario.eligibility[:1]),
        dataclasses.replace(scenario, contracts=scenario.contracts[:3]),
        dataclasses.replace(
            scenario,
            contracts=(dataclasses.replace(contract, clauses=(clause, *contract.clauses[1:])), *scenario.contracts[1:]),
        ),
    ]
    assert len({scenario_hash(other) for other in [scenario, *others]}) == 5


def test_text_moved_between_neighbouring_cells_is_another_content():
    """Cells are told apart by their lengths, not only by the letters they hold together."""
    scenario = small_scenario()
    one = with_cell(with_cell(scenario, "products", 0, "unit", "ab"), "products", 1, "unit", "c")
    two = with_cell(with_cell(scenario, "products", 0, "unit", "a"), "products", 1, "unit", "bc")
    assert scenario_hash(one) != scenario_hash(two)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_to_plan_decimals_twice_changes_nothing(number):
    """A plan read back rounds to itself, at any size of its numbers."""
    once = canonical_number(np.array([number]))
    assert canonical_number(once).tobytes() == once.tobytes()
    assert abs(once[0] - number) <= 5.1e-7 + 1e-15 * abs(number)


def plan_tables(quantity):
    """Return a plan with one production row."""
    tables = {name: empty_plan_table(name) for name in PLAN_TABLES}
    row = ("1901", "soap", 0, quantity, 1)
    return tables | {"production": pl.DataFrame([row], schema=PLAN_TABLES["production"], orient="row")}


def test_a_plan_changed_below_the_tolerance_has_another_hash():
    """A change of one billionth changes the plan hash, one below the written decimals does not."""
    assert plan_hash(plan_tables(5.0)) != plan_hash(plan_tables(5.000000001))
    assert plan_hash(plan_tables(5.0)) == plan_hash(plan_tables(5.0000000001))


def test_rows_without_a_decision_do_not_enter_the_plan_hash():
    """A row of quantity 0 may be left out; a set-up without production may not."""
    none = {name: empty_plan_table(name) for name in PLAN_TABLES}
    still = plan_tables(0.0)
    assert plan_hash(still) != plan_hash(none)
    still["production"] = still["production"].with_columns(setup=pl.lit(0, dtype=pl.Int64))
    assert plan_hash(still) == plan_hash(none)


def test_every_decision_table_enters_the_plan_hash_and_the_others_do_not():
    """Clauses, prices and duals are judgements about a plan, not the plan."""
    none = {name: empty_plan_table(name) for name in PLAN_TABLES}
    for name, types in PLAN_TABLES.items():
        row = ["x" if dtype == pl.String else 1 for dtype in types.values()]
        filled = none | {name: pl.DataFrame([row], schema=types, orient="row")}
        assert (plan_hash(filled) != plan_hash(none)) == (name in DECISION_TABLES)
