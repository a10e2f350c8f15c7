"""What reports say and draw: tables, profiles, curves, and charts that are well-formed."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report.content import sections
from benchmarks.report.curves import gap_charts, scaling_charts, varied_parameter
from benchmarks.report.html import as_html
from benchmarks.report.markdown import as_markdown
from benchmarks.report.numbers import as_bytes, as_number, as_ratio, as_seconds, as_times_faster
from benchmarks.report.profiles import Times, profile, profile_charts
from benchmarks.report.svg import Axis, Series, line_chart
from benchmarks.results import Ending
from benchmarks.statistics import Ratio
from benchmarks.subject import Case, Phase, Target
from tests.benchmarks.bench_toys import results, turn

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def test_the_profile_tells_shares_within_a_factor_of_the_fastest() -> None:
    """A contender that is fastest on half the cases starts there, and one that does not finish never gets to 1."""
    times: Times = {"x": {"a": 1.0, "b": 4.0}, "y": {"a": 6.0, "b": 2.0}, "z": {"a": 1.0, "b": None}, "w": {"a": None}}
    steps = profile(times)
    assert steps["a"][1:4] == ((1.0, 1 / 3), (1.0, 2 / 3), (3.0, 1.0))
    assert steps["b"][1:3] == ((1.0, 1 / 3), (4.0, 2 / 3))
    assert steps["b"][-1][1] == pytest.approx(2 / 3)


@given(
    st.dictionaries(st.sampled_from("xyz"), st.dictionaries(st.sampled_from("abc"), st.floats(0.1, 9.0) | st.none()))
)
def test_profiles_rise_and_stay_within_one(times: dict[str, dict[str, float | None]]) -> None:
    """Shares never fall with the factor and never exceed one, and somebody is always the fastest."""
    steps = profile(times)
    for points in steps.values():
        assert list(points) == sorted(points)
        assert all(0 <= share <= 1 for _, share in points)
    if any(sum(v is not None for v in known.values()) and len(known) > 1 for known in times.values()):
        assert any(points[1][0] == 1.0 for points in steps.values())


@given(st.lists(st.lists(st.tuples(FINITE, FINITE), max_size=4), max_size=3), st.sets(st.sampled_from("xys")))
def test_charts_are_well_formed_whatever_is_drawn(lines: list[list[tuple[float, float]]], kinds: set[str]) -> None:
    """Any points give an element that parses, without numbers that no browser reads."""
    across, up, steps = (kind in kinds for kind in "xys")
    series = [Series(name=f'<"{n}&>', points=tuple(points), steps=steps) for n, points in enumerate(lines)]
    chart = line_chart("a < b", Axis(label="x & y", logarithmic=across), Axis(label="y", logarithmic=up), series)
    assert ET.fromstring(chart.svg).tag.endswith("svg")  # noqa: S314  # our own chart
    assert "nan" not in chart.svg
    assert "inf" not in chart.svg


def test_a_scaling_chart_runs_over_the_parameter_that_varies() -> None:
    """The parameter with the most values is the axis, and cases of other phases stay out."""
    cases = [
        Case(name=f"n={n}", phase=Phase.SCALE, suites=frozenset(), parameters={"k": 2, "n": n, "kind": "x"})
        for n in (10, 100, 1000)
    ]
    assert varied_parameter(cases) == "n"
    assert varied_parameter(cases[:1]) is None
    turns = [replace(turn(name, total_s=n * 0.1), case=f"n={n}") for n in (10, 100, 1000) for name in ("ours", "peer")]
    charts = scaling_charts(results(*turns, cases=tuple(cases)))
    assert [chart.title for chart in charts] == ["Scaling, s: seconds over n"]
    assert charts[0].svg.count("<circle") == 4  # three points and the legend's


def test_the_gap_curve_takes_the_best_bound_where_a_point_has_none() -> None:
    """A contender without bounds of its own is drawn against the bound of another."""
    own = replace(turn("ours", total_s=2.0), curve=((0.5, None, None), (1.0, 8.0, None), (2.0, 10.0, None)), value=10.0)
    assert gap_charts(results(own)) == []
    peer = replace(turn("peer", total_s=2.0), bound=12.0, bound_checked=True)
    (chart,) = gap_charts(results(own, peer))
    assert "ours" in chart.svg
    assert "peer" not in chart.svg


def test_violations_and_unchecked_bounds_are_shown() -> None:
    """A peer's violated constraints are named, and a bound that nobody recomputed is marked as claimed."""
    peer = replace(
        turn("peer", total_s=4.0), value=5.0, bound=6.0, gap=0.2, violation=2e-4, violated=("cap 3 by 2e-4",)
    )
    own = replace(turn("ours", total_s=1.0), value=5.0, bound=6.0, gap=0.2, bound_checked=True)
    text = as_markdown(results(own, peer))
    assert "cap 3 by 2e-4" in text[text.index("## Violated constraints") :]
    assert "| ours | peer | total_s | 4x | 0.25 | — | 0.2 | 0.2 (claimed) |" in text
    assert "6 (claimed)" in text


def test_a_run_cut_short_says_so() -> None:
    """A report of an unfinished run does not pass for a whole one."""
    run = results(turn("ours", total_s=1.0))
    assert "cut short" not in as_markdown(run)
    run.complete = False
    assert "cut short" in as_markdown(run)


def test_empty_sections_stay_away() -> None:
    """A run in which nothing went wrong has no sections on what went wrong."""
    titles = [section.title for section in sections(results(turn("ours", total_s=1.0), turn("peer", total_s=2.0)))]
    assert titles == ["Benchmarks", "Ratios", "s", "Machine"]


def test_words_cannot_break_the_reports() -> None:
    """What contenders say is escaped in the page and kept on one line in the table."""
    bad = replace(turn("ours", ending=Ending.CRASHED), words="<script>alert('x')</script>\n| a | b & c")
    page = as_html(results(bad))
    ET.fromstring(page.partition("\n")[2])  # noqa: S314  # our own page
    assert "<script" not in page
    assert "alert('x')</script> \\| a \\| b & c |" in as_markdown(results(bad))


def test_profiles_need_two_contenders() -> None:
    """A subject with a single contender has no profile."""
    assert profile_charts(results(turn("ours", total_s=1.0))) == []
    titles = [chart.title for chart in profile_charts(results(turn("ours", total_s=1.0), turn("peer", total_s=2.0)))]
    assert titles == ["Performance profile, all subjects: 1 case", "Performance profile, s: 1 case"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (as_seconds(0.0123), "12.3 ms"),
        (as_seconds(12.34), "12.3 s"),
        (as_bytes(3 * 2**30), "3 GiB"),
        (as_bytes(2**19), "0.5 MiB"),
        (as_number(None), "—"),
        (as_number(1234567.8), "1,234,568"),
        (as_number(3e-8), "3e-08"),
        (as_ratio(Ratio(value=0.08, sign="≤")), "≤ 0.08"),
        (as_times_faster(Ratio(value=0.08, sign="≤")), "≥ 12.5x"),
        (as_times_faster(Ratio(value=2.0)), "0.5x"),
    ],
)
def test_numbers_are_written_with_their_units(written: str, text: str) -> None:
    """Seconds, bytes and ratios read at a glance, and a bound keeps its sign the right way round."""
    assert written == text


def test_the_smoke_suite_shows_no_targets_of_cases_it_has_not() -> None:
    """Targets are about cases of the full suite, where one that was not run stays visible as not measured."""
    target = Target(text="quick", case="c", contender="ours", figure="total_s", at_most=1.0)
    run = results(turn("ours", total_s=0.5), targets=(target, replace(target, text="elsewhere", case="d")))
    assert "elsewhere" in as_markdown(run)
    run.suite = "smoke"
    assert "elsewhere" not in as_markdown(run)
    assert "quick" in as_markdown(run)


def test_two_that_were_stopped_are_put_beside_each_other_by_their_gaps() -> None:
    """Where neither finished, the ratio is that of the gaps they had reached."""
    own, peer = (
        replace(turn(name, ending=Ending.STOPPED, total_s=30.0), value=1.0, bound=1.0 + gap, gap=gap)
        for name, gap in (("ours", 0.01), ("peer", 0.04))
    )
    assert "| ours | peer | gap | 4x | 0.25 |" in as_markdown(results(own, peer))
