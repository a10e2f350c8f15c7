"""Comparisons and progress in the words of the terminal: what is not known is not told as a number."""

from __future__ import annotations

from planner.application.run_grid import GridProgress
from planner.console.what_if_words import comparison_lines, progress_line
from planner.domain.comparison import pairwise
from planner.ports.what_if import CaseResult
from tests.what_if_results import case, results


def compared(*rows: dict[str, object]) -> dict[str, str]:
    """Return the line of each case, by its name."""
    cases = results(*rows)
    lines = list(comparison_lines(cases, pairwise(cases), "bound_checked"))
    return {line.split()[0]: line for line in lines if line.split()[0] in cases["name"]}


def test_a_case_without_a_plan_has_its_end_in_words_and_no_interval() -> None:
    """Out of time, failed and infeasible cases stand there as people say it; no end of an interval is infinite."""
    lines = compared(
        case("base", 10.0, 11.0),
        case("a=1", None, outcome="no_plan_yet"),
        case("a=2", None, outcome="failed"),
        case("a=3", None, outcome="infeasible"),
        case("a=4", 13.0, 14.0),
    )
    assert "no plan yet" in lines["a=1"]
    assert lines["a=1"].endswith("undecided")
    assert lines["a=2"].endswith("undecided")
    assert lines["a=3"].endswith("proven worse")
    assert "2.00 to 4.00" in lines["a=4"]
    assert not any(word in line for line in lines.values() for word in ("inf ", "-inf", "nan", "_"))


def test_progress_tells_results_rate_time_left_and_the_latest_case() -> None:
    """Two of five cases in one minute are two a minute, and leave a minute and a half."""
    latest = CaseResult(
        key="k",
        name="a=1",
        levels={},
        outcome="planned",
        stopped_by="gap",
        seconds=2.5,
        value=100.0,
        bound_checked=101.0,
    )
    line = progress_line(GridProgress(done=2, total=5, here=2, seconds=60.0, latest=latest))
    assert line == "2/5  2.0 a minute, 90 s left  a=1: value 100.00, gap 1.00% in 2.5 s"
    assert progress_line(GridProgress(done=3, total=5, here=0, seconds=0.0)) == "3/5"
