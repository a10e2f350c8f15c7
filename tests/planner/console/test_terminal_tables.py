"""The facts of a plan in the terminal."""

from __future__ import annotations

import io
import re

import polars as pl
from rich.console import Console

from planner.console.terminal import print_plan
from planner.domain.plan import Plan
from tests.planner.console.reported_plan import reported_plan


def printed(plan: Plan, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_plan(plan, console)
    return console.file.getvalue()


def test_terminal_prints_headline_and_every_table():
    """Headline, value parts, capacity, families, budgets and costly clauses are printed with their names."""
    text = printed(reported_plan())
    for words in (
        "Small scenario for tests",
        "bound proved",
        "invented for tests",
        "the work limit was used up",
        "Clause penalties",
    ):
        assert words in text
    for words in ("1901", "care (t)", "brand", "dist/parity", "violated"):
        assert words in text


def test_the_gap_over_time_is_drawn_from_its_first_to_its_last_moment():
    """However long the history, about ten moments are shown, and the first and the last are among them."""
    short = printed(reported_plan())
    assert re.search(r"0\.5 +– +150\.00 +–", short)
    assert re.search(r"4\.0 +100\.00 +120\.00 +20 %", short)
    moments = [[float(second), 100.0, 200.0 - second] for second in range(100)]
    lines = printed(reported_plan(history=moments)).splitlines()
    shown = [line for line in lines if re.match(r" *\d+\.\d +100\.00 ", line)]
    assert len(shown) == 10
    assert (shown[0].split()[2], shown[-1].split()[2]) == ("200.00", "101.00")


def test_long_tables_are_cut_and_counted():
    """At most fifteen clauses are shown, and the rest is counted."""
    plan = reported_plan()
    violated = plan["clauses"].filter(pl.col("violation") > 0).head(1)
    many = pl.concat([violated.with_columns(clause=pl.lit(f"clause {i}")) for i in range(20)])
    text = printed(Plan({**plan.tables, "clauses": many}, plan.summary))
    assert text.count("violated") == 15 + 1
    assert f"and {many.height - 15} more rows" in text


def test_rows_of_a_clause_are_counted_together():
    """Twelve violated windows of a clause are one line with the sum of what was paid."""
    plan = reported_plan()
    violated = plan["clauses"].filter(pl.col("violation") > 0).head(1)
    many = pl.concat([violated.with_columns(window=pl.lit(i), penalty=pl.lit(10.0)) for i in range(12)])
    text = printed(Plan({**plan.tables, "clauses": many.cast(dict(plan["clauses"].schema))}, plan.summary), width=80)
    (line,) = [line for line in text.splitlines() if line.endswith("violated ")]
    assert line.split()[1:3] == ["12", "windows"]
    assert "120.00" in line


def test_markup_in_ids_is_printed_literally():
    """An id that looks like rich markup is printed as it is."""
    plan = reported_plan()
    named = plan["clauses"].with_columns(clause=pl.lit("[red]x[/red]"))
    assert "[red]x[/red]" in printed(Plan({**plan.tables, "clauses": named}, plan.summary))


def test_plan_without_facts_prints_its_headline():
    """An older plan without facts prints what it knows."""
    text = printed(Plan(reported_plan().tables, {"value": 12.5, "scenario_id": "old"}))
    assert "old" in text
    assert "12.50" in text


def test_narrow_terminal_loses_no_clause_id():
    """On a narrow terminal long ids are folded, not cut."""
    text = printed(reported_plan(), width=60)
    assert "…" not in text
