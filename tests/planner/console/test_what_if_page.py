"""The page of a what-if comparison shows every case and factor, and shows names literally."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import polars as pl

from planner.console.what_if_page import render_comparison
from planner.domain.comparison import pairwise

SCHEMA = {
    "key": pl.String,
    "name": pl.String,
    "outcome": pl.String,
    "levels": pl.List(pl.Struct({"factor": pl.String, "level": pl.String})),
    "value": pl.Float64,
    "bound_checked": pl.Float64,
    "seconds": pl.Float64,
}


def results(count: int) -> pl.DataFrame:
    """Return the base, ``count`` cases of one numeric factor, one of a text, and one that failed."""
    rows: list[tuple[object, ...]] = [("k", "base", "planned", [], 100.0, 101.0, 1.0)]
    for n in range(count):
        levels = [{"factor": "demand", "level": str(n)}]
        rows.append((f"d{n}", f"demand={n}", "planned", levels, 100.0 + n, 100.5 + n, 1.0))
    for text, value in (("a<b>", 90.0), ("c", 80.0)):
        rows.append((text, f"rule={text}", "planned", [{"factor": "rule", "level": text}], value, value + 1, 1.0))
    rows.append(("f", "broken", "failed", [{"factor": "demand", "level": "9"}], None, None, 1.0))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def page(count: int) -> str:
    """Return the page of these results, once it was read as XML."""
    cases = results(count)
    made = render_comparison(cases, pairwise(cases), "bound_checked")
    ET.fromstring(made.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own page
    return made


def test_every_case_stands_there_with_its_verdict_and_names_are_shown_literally() -> None:
    """Values, intervals and outcomes of all cases are on the page, and a level that looks like markup is none."""
    made = page(3)
    assert "rule=a&lt;b&gt;" in made
    assert "proven better" in made
    assert "proven worse" in made
    assert "failed" in made
    assert made == page(3)


def test_factors_are_ordered_by_what_they_move_and_many_numbers_are_cut_in_thirds() -> None:
    """The widest factor comes first, and a sampled one shows parts of its range."""
    made = page(30)
    assert "0 to 9.667" in made
    assert made.index(">demand<") < made.index(">rule<")
    few = page(3)
    assert few.index(">rule<") < few.index(">demand<")


def test_a_page_without_results_says_so() -> None:
    """Nothing to compare is a page too."""
    cases = results(0).clear()
    assert "No factor has planned cases" in render_comparison(cases, pairwise(cases), "bound_checked")
