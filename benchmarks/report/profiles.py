"""Performance profiles (Dolan and Moré 2002): the share of cases a contender finishes within a factor of the fastest.

Each contender is counted over the cases it took part in; a case that it did not finish, or whose claims were refuted,
is never reached by any factor.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.report.svg import Axis, Chart, Series, line_chart
from benchmarks.results import Measured, Results
from benchmarks.statistics import leading
from benchmarks.subject import Phase

Times = Mapping[str, Mapping[str, float | None]]
"""Seconds by case and contender, None where a contender did not finish."""

_ALL = "all subjects"


def profile(times: Times) -> dict[str, tuple[tuple[float, float], ...]]:
    """Return (factor, share) steps by contender; cases that nobody finished are left out."""
    ratios: dict[str, list[float | None]] = {}
    for by_contender in times.values():
        finished = [seconds for seconds in by_contender.values() if seconds]
        if len(by_contender) < 2 or not finished:
            continue
        for contender, seconds in by_contender.items():
            ratios.setdefault(contender, []).append(seconds / min(finished) if seconds else None)
    last = max((ratio for known in ratios.values() for ratio in known if ratio is not None), default=1.0)
    steps = {}
    for contender, known in ratios.items():
        reached = sorted(ratio for ratio in known if ratio is not None)
        rises = [(ratio, (place + 1) / len(known)) for place, ratio in enumerate(reached)]
        end = rises[-1][1] if rises else 0.0
        steps[contender] = ((1.0, 0.0), *rises, (last * 1.2, end))
    return steps


def profile_charts(results: Results) -> list[Chart]:
    """Return a chart of ours beside the peers over all subjects, and one for each subject with several contenders."""
    charts = []
    everything: dict[str, dict[str, float | None]] = {}
    for measured in results.subjects.values():
        times = _times(results, measured)
        for case, by_contender in times.items():
            sides = {
                side: [seconds for name, seconds in by_contender.items() if measured.ours[name] is ours]
                for side, ours in (("ours, the best", True), ("peers, the best", False))
            }
            best = {side: min((s for s in seconds if s), default=None) for side, seconds in sides.items() if seconds}
            everything[f"{measured.name}/{case}"] = best
        charts += _chart(measured.name, times)
    return [*_chart(_ALL, everything), *charts]


def _times(results: Results, measured: Measured) -> dict[str, dict[str, float | None]]:
    times: dict[str, dict[str, float | None]] = {}
    for name, case in measured.cases.items():
        if case.phase is Phase.MEMORY:
            continue
        times[name] = {
            contender: _finished_seconds(results, measured.name, name, contender)
            for contender in measured.taking_part(name)
            if results.turns_of(measured.name, name, contender)
        }
    return times


def _finished_seconds(results: Results, subject: str, case: str, contender: str) -> float | None:
    _, found = leading(results, subject, case, contender)
    refuted = any(turn.problems for turn in results.turns_of(subject, case, contender))
    return None if found is None or found.at_least or refuted else found.median


def _chart(name: str, times: Times) -> list[Chart]:
    steps = profile(times)
    if len(steps) < 2:
        return []
    cases = sum(1 for by_contender in times.values() if len(by_contender) > 1 and any(by_contender.values()))
    title = f"Performance profile, {name}: {cases} case{'s' if cases > 1 else ''}"
    series = [Series(name=contender, points=points, steps=True) for contender, points in steps.items()]
    factor = Axis(label="factor of the fastest contender's time", logarithmic=True)
    return [line_chart(title, factor, Axis(label="share of cases finished", low=0.0, high=1.0), series)]
