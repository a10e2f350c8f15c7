"""The page of a what-if comparison shows every case and factor, and shows names literally."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import polars as pl
import pytest

from planner.console.what_if_page import ComparisonView, render_comparison
from planner.domain.comparison import pairwise
from planner.domain.errors import InvalidRequest
from tests.what_if_results import case, clause, partner, results


def made_up(count: int) -> pl.DataFrame:
    """Return the base, ``count`` cases of one numeric factor, two of a text, four of both, and one that failed."""
    rows = [case("base", 100.0, 101.0, fill_rate=0.9, partners=[partner("<shop>", 3.0)])]
    for n in range(count):
        clauses = [clause("a&b", n / 10)]
        rows.append(case(f"demand={n}", 100.0 + n, 100.5 + n, fill_rate=0.9 - n / 100, own_spend=1.0, clauses=clauses))
    rows += [case(f"rule={text}", value, value + 1) for text, value in (("a<b>", 90.0), ("c", 80.0))]
    both = (("0", "c", 10.0), ("1", "c", 20.0), ("0", "d", 30.0), ("1", "d", 99.0))
    rows += [case(f"demand={n}, rule={text}", value, value + 1) for n, text, value in both if count]
    return results(*rows, case("demand=9, rule=e", None, outcome="failed"))


def page(cases: pl.DataFrame, view: ComparisonView | None = None) -> str:
    """Return the page of these results, once it was read as XML."""
    made = render_comparison(cases, pairwise(cases), "bound_checked", view)
    ET.fromstring(made.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own page
    return made


def test_every_case_stands_there_with_its_verdict_and_names_are_shown_literally() -> None:
    """Values, intervals and outcomes of all cases are on the page, and a level that looks like markup is none."""
    made = page(made_up(3))
    assert "rule=a&lt;b&gt;" in made
    assert "proven better" in made
    assert "proven worse" in made
    assert "failed" in made
    assert made == page(made_up(3))


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """It needs nothing but itself."""
    made = page(made_up(3))
    assert "<script" not in made
    assert "http" not in made.replace("http-equiv", "")


def test_factors_are_ordered_by_what_they_move_and_many_numbers_are_cut_in_thirds() -> None:
    """The widest factor comes first, and one of many numbers shows parts of their range."""
    made = page(made_up(30))
    assert "19.33–29" in made
    assert made.index(">demand<") < made.index(">rule<")
    few = page(made_up(3))
    assert few.index(">rule<") < few.index(">demand<")


def test_what_two_factors_do_together_is_told_with_its_proof() -> None:
    """Going from c to d is worth 59 more at demand 1 than at 0, which the bounds of four cases prove."""
    made = page(made_up(3))
    assert "Going from rule c to d is worth 59.00 more at demand 1 than at 0" in made
    assert "proven not to add up" in made
    turned = page(made_up(3), ComparisonView(heat=("rule", "demand")))
    assert "rule (rows) by demand (columns)" in turned
    with pytest.raises(InvalidRequest, match="no case has a factor"):
        page(made_up(3), ComparisonView(heat=("rule", "demnd")))


def test_the_front_marks_whose_standing_the_gaps_leave_open() -> None:
    """All cases of the front are listed with whether they stay there, and other measures can be chosen."""
    made = page(made_up(3))
    assert "4 cases on the front" in made
    assert "undecided within the gaps" in made
    assert "whatever the gaps hold" in made
    chosen = page(made_up(3), ComparisonView(pareto=("own_spend", "fill_rate")))
    assert "Own spend (less is better) and fill rate (more is better)" in chosen
    assert "1 case on the front" in chosen
    with pytest.raises(InvalidRequest, match="there is no measure"):
        page(made_up(3), ComparisonView(pareto=("value", "happiness")))


def test_measures_clauses_and_partners_are_shown_of_the_plans_found() -> None:
    """Every section says that its figures are those of plans and not bounds."""
    made = page(made_up(3))
    assert "Fill rate</th>" in made
    assert "a&amp;b" in made
    assert "&lt;shop&gt;" in made
    assert "not bounds" in made


@pytest.mark.parametrize("rows", [0, 1, 2000])
def test_any_number_of_cases_makes_a_page(rows: int) -> None:
    """None, one, and two thousand: what is left out of a long page is said."""
    cases = made_up(rows) if rows else made_up(1).clear()
    made = page(cases.head(1)) if rows == 1 else render_comparison(cases, pairwise(cases.head(50)), "bound_checked")
    assert ("more cases are in results.parquet" in made) is (rows == 2000)
    assert ("No factor has planned cases" in made) is (rows < 2)


def test_a_run_in_which_nothing_could_be_planned_says_so_in_every_section() -> None:
    """Infeasible cases have rows, and no figures."""
    made = page(results(case("base", None, outcome="infeasible"), case("a=1", None, outcome="failed")))
    for words in ("No factor has planned cases", "No planned case has levels of two factors", "No clause binds"):
        assert words in made


def test_results_of_older_versions_make_a_page_without_measures() -> None:
    """Where nothing was kept of service and partners, the page says which runs do not tell it."""
    made = page(results(case("base", 1.0, 2.0), case("a=1", 2.0, 3.0)))
    assert "results of older versions have none" in made
    assert "older versions did not keep it" in made
