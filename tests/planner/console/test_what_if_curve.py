"""The curve of an amended clause, in the terminal and as a page: proven for us, exact but no bound for partners."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from planner.application.amendment_curve import AmendmentCurve, amendment_curve
from planner.console.what_if_curve import curve_lines, render_curve
from tests.what_if_results import case, clause, partner, results


def curve(*, looser: int = 1, present: float | None = 5.0) -> AmendmentCurve:
    """Return a curve with a number of each kind: worse, infeasible, better, and not planned yet."""
    rows = results(
        case("base", 10.0, 11.0, partners=[partner("a<b>", -3.0)]),
        case("n=1", None, outcome="infeasible"),
        case("n=3", 5.0, 6.0, partners=[partner("a<b>", -1.5)]),
        case("n=9", 13.0, 14.0, partners=[partner("a<b>", -4.0)], clauses=[clause("<c>", 0.25)]),
    )
    numbers = {"n=1": 1.0, "n=3": 3.0, "n=7": 7.0, "n=9": 9.0}
    return amendment_curve(rows, numbers, ("<c>", "max"), present=present, looser=looser)


def page(told: AmendmentCurve) -> str:
    """Return the page of a curve, once it was read as XML."""
    made = render_curve(told)
    ET.fromstring(made.removeprefix("<!DOCTYPE html>"))  # noqa: S314 - our own page
    return made


def test_every_number_has_a_line_and_partners_have_their_own() -> None:
    """Intervals and verdicts for us, amounts and changes for the partner."""
    lines = list(curve_lines(curve()))
    assert lines[0] == "as it is: value 10.00, max 5"
    words = {line.split()[0]: line for line in lines[2:6]}
    assert "infeasible" in words["1"]
    assert "proven worse" in words["3"]
    assert "not planned yet" in words["7"]
    assert words["9"].endswith("proven better   0.25")
    assert "a<b>, exact in the plans found and no bound:" in lines
    assert lines[-1].split() == ["9", "−4.00", "−1.00"]


def test_the_page_draws_the_curve_and_shows_names_literally() -> None:
    """The plot is there with its intervals, and the same curve gives the same bytes."""
    made = page(curve())
    assert "&lt;c&gt;" in made
    assert "a&lt;b&gt;" in made
    assert 'class="band"' in made
    assert "proven for all numbers between" in made
    assert made == page(curve())


def test_nothing_is_shaded_where_neither_direction_loosens() -> None:
    """Between planned numbers nothing is proven then, and nothing claimed."""
    made = page(curve(looser=0, present=None))
    assert 'class="band"' not in made
    assert "proven for all numbers between" not in made


def test_a_curve_of_nothing_planned_is_a_page_too() -> None:
    """There is a table, and no plot."""
    told = amendment_curve(results(), {"n=1": 1.0, "n=2": 2.0}, ("c", "min"), present=1.5, looser=-1)
    made = page(told)
    assert "not planned yet" in made
    assert "mean the same to every partner" in made
