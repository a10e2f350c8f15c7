"""Gap-over-time and scaling curves of a run."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report.svg import Axis, Chart, Series, line_chart
from benchmarks.results import Measured, Results, Turn
from benchmarks.statistics import leading, summary
from benchmarks.subject import Case, Phase

_MOST_POINTS = 200
_LEAST_GAP = 1e-9
"""Where a logarithmic axis ends: a gap of 0 is drawn here."""


def gap_charts(results: Results) -> list[Chart]:
    """Return a chart for each case in which a contender noted points; gaps are relative to its value at that time.

    A point without a bound is put against the best recomputed or claimed bound of the case.
    """
    charts = []
    for measured in results.subjects.values():
        for case in measured.cases:
            series = [line for name in measured.taking_part(case) if (line := _gap_line(results, measured, case, name))]
            if series:
                charts.append(
                    line_chart(
                        f"Gap over time, {measured.name}, {case}",
                        Axis(label="measured seconds", logarithmic=True),
                        Axis(label="relative gap", logarithmic=True),
                        series,
                    )
                )
    return charts


def _gap_line(results: Results, measured: Measured, case: str, name: str) -> Series | None:
    turns = [turn for turn in results.turns_of(measured.name, case, name) if turn.curve]
    if not turns:
        return None
    fallback = _best_bound(turns[0], results, measured, case)
    points: list[tuple[float, float]] = []
    for seconds, value, bound in turns[0].curve:
        known = bound if bound is not None else fallback
        if value is None or known is None or seconds <= 0:
            continue
        points.append((seconds, max(_LEAST_GAP, abs(known - value) / (abs(value) or 1.0))))
    return Series(name=name, points=_thinned(points), steps=True, markers=len(points) < 12) if points else None


def _best_bound(own: Turn, results: Results, measured: Measured, case: str) -> float | None:
    if own.bound is not None:
        return own.bound
    others = [
        turn
        for name in measured.taking_part(case)
        for turn in results.turns_of(measured.name, case, name)
        if turn.bound is not None
    ]
    # A checked bound comes first; the sense of the problem is unknown here, so the nearest one is taken.
    others.sort(key=lambda turn: (not turn.bound_checked, abs((turn.bound or 0.0) - (own.value or 0.0))))
    return others[0].bound if others else None


def _thinned(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    step = max(1, -(-len(points) // _MOST_POINTS))
    return (*points[:-1:step], points[-1])


def scaling_charts(results: Results) -> list[Chart]:
    """Return log-log charts of seconds and of memory over the parameter that the scaling cases of a subject vary."""
    charts = []
    for measured in results.subjects.values():
        cases = [case for case in measured.cases.values() if case.phase is Phase.SCALE]
        parameter = varied_parameter(cases)
        if parameter is None:
            continue
        size = Axis(label=parameter, logarithmic=True)
        for label, figure in (("seconds", None), ("bytes beyond the instance", "extra_bytes")):
            series = [
                line
                for name in measured.ours
                if (line := _scaling_line(results, measured, cases, parameter, name, figure)) is not None
            ]
            if series:
                title = f"Scaling, {measured.name}: {label} over {parameter}"
                charts.append(line_chart(title, size, Axis(label=label, logarithmic=True), series))
    return charts


def varied_parameter(cases: Sequence[Case]) -> str | None:
    """Return the numeric parameter with the most different values over the cases, None if none has two."""
    values: dict[str, set[float]] = {}
    for case in cases:
        for name, value in case.parameters.items():
            if not isinstance(value, str):
                values.setdefault(name, set()).add(float(value))
    widest = max(values, key=lambda name: len(values[name]), default=None)
    return widest if widest is not None and len(values[widest]) > 1 else None


def _scaling_line(
    results: Results, measured: Measured, cases: Sequence[Case], parameter: str, name: str, figure: str | None
) -> Series | None:
    found = []
    for case in cases:
        size = case.parameters.get(parameter)
        if size is None or isinstance(size, str):
            continue
        known = (
            leading(results, measured.name, case.name, name)[1]
            if figure is None
            else summary(results, measured.name, case.name, name, figure)
        )
        if known is not None:
            found.append((float(size), known))
    if not found:
        return None
    found.sort(key=lambda pair: pair[0])
    unfinished = " (unfinished runs at their limit)" if any(known.at_least for _, known in found) else ""
    return Series(
        name=name + unfinished,
        points=tuple((size, known.median) for size, known in found),
        markers=True,
        whiskers=tuple((known.low, known.high) for _, known in found),
    )
