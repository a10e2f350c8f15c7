"""Plan folders: the numbers written are the plan, and a damaged folder says what is wrong with it."""

from __future__ import annotations

import math

import polars as pl
import pytest

from planner.adapters.plan_folder import read_plan, write_plan
from planner.domain.errors import FolderNotWritable, PlanUnreadable
from planner.domain.hashing import plan_hash
from planner.domain.plan import PLAN_TABLES, Plan, empty_plan_table
from planner.domain.plan_form import canonical_tables


def rows(name, *values):
    """Return a plan table from rows in the order of its columns."""
    return pl.DataFrame(values, schema=PLAN_TABLES[name], orient="row")


@pytest.fixture
def plan():
    """Return a plan with awkward numbers, unordered rows and text ids that look like numbers."""
    tables = {name: empty_plan_table(name) for name in PLAN_TABLES}
    tables["production"] = rows(
        "production",
        ("P2", "cream", 1, 0.1 + 0.2, 1),
        ("1901", "soap", 0, 1 / 3, 1),
        ("1901", "soap", 1, 1e-12, 1),
        ("1901", "soap", 2, -1e-12, 0),
    )
    tables["stock"] = rows("stock", ("1901", "soap", 0, 123456789.123456789), ("1901", "soap", 1, 0.0))
    tables["rewards"] = rows("rewards", ("10", 1, "O1"), ("9", 0, "O2"), ("10", 0, "O1"))
    tables["funding"] = rows("funding", ("brand", 0, 0.0), ("brand", 1, 2 / 3))
    tables["clauses"] = rows(
        "clauses",
        ("C", "b", 1, 1.0, None, 2.0, 0.0, 0.0, None),
        ("C", "a", None, 1.0, 0.5, None, 0.0, 0.0, 0.1),
        ("C", "b", 0, 1.0, None, 2.0, 0.0, 0.0, 0.0),
    )
    tables["duals"] = rows("duals", ("block", "row", None, 0.1 + 0.2))
    return Plan(tables, {"value": 1.5, "gap": math.inf, "facts": {"list": [1, math.nan, "x"]}})


def test_a_plan_reads_back_as_exactly_the_numbers_hashed(plan, tmp_path):
    """The tables read equal the canonical ones bit by bit, and so do the hashes."""
    write_plan(plan, tmp_path / "plan")
    again = read_plan(tmp_path / "plan")
    expected = canonical_tables(plan.tables)
    assert all(again[name].equals(expected[name]) for name in PLAN_TABLES)
    assert plan_hash(again.tables) == plan_hash(plan.tables)
    assert again["production"]["quantity"].to_list() == [0.333333333, 0.0, 0.3]
    assert again["duals"]["dual"].to_list() == [0.1 + 0.2]


def test_rows_are_written_in_the_order_of_their_keys(plan, tmp_path):
    """The horizon's row of a clause comes before its windows, customers are ordered as text."""
    write_plan(plan, tmp_path / "plan")
    again = read_plan(tmp_path / "plan")
    assert again["clauses"].select("clause", "window").rows() == [("a", None), ("b", 0), ("b", 1)]
    assert again["rewards"].select("customer", "window").rows() == [("10", 0), ("10", 1), ("9", 0)]


def test_the_same_plan_gives_the_same_bytes(plan, tmp_path):
    """Writing a plan that was read gives every file again byte for byte."""
    write_plan(plan, tmp_path / "one")
    write_plan(read_plan(tmp_path / "one"), tmp_path / "two")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_numbers_that_json_does_not_know_become_null(plan, tmp_path):
    """An infinite gap is written as null, so that every JSON reader can read the plan."""
    write_plan(plan, tmp_path / "plan")
    assert read_plan(tmp_path / "plan").summary == {"value": 1.5, "gap": None, "facts": {"list": [1, None, "x"]}}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("plan.json", None),
        ("plan.json", "{"),
        ("plan.json", "[]"),
        ("production.csv", None),
        ("production.csv", "plant,product\na,b\n"),
        ("stock.csv", "plant,item,period,quantity\na,b,x,1\n"),
        ("rewards.parquet", "junk"),
    ],
)
def test_a_damaged_plan_names_the_file(plan, tmp_path, name, damage):
    """Missing, foreign or untyped content raises PlanUnreadable with the file's name."""
    write_plan(plan, tmp_path / "plan")
    if damage is None:
        (tmp_path / "plan" / name).unlink()
    else:
        (tmp_path / "plan" / name).write_text(damage)
    with pytest.raises(PlanUnreadable, match=name.replace(".", r"\.")):
        read_plan(tmp_path / "plan")


def test_a_plan_folder_that_is_not_there_is_unreadable(tmp_path):
    """The error names the folder."""
    with pytest.raises(PlanUnreadable, match="nowhere"):
        read_plan(tmp_path / "nowhere")


def test_a_plan_is_not_written_over_a_scenario(plan, tmp_path):
    """A folder without plan.json is not replaced."""
    (tmp_path / "scenario.json").write_text("{}")
    with pytest.raises(FolderNotWritable, match="holds no plan"):
        write_plan(plan, tmp_path)
    assert (tmp_path / "scenario.json").exists()
