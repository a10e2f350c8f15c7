"""Medians and spreads over turns, and ratios between contenders; a turn that was stopped gives only a lower bound."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.results import Ending, Results, Turn
from benchmarks.subject import Case, Phase

LOWER_BOUNDED = frozenset({"total_s", "solve_s", "resolve_s"})

LEADING_FIGURE = {
    Phase.BUILD: "build_s",
    Phase.SOLVE: "total_s",
    Phase.RESOLVE: "resolve_s",
    Phase.MEMORY: "extra_bytes",
    Phase.SCALE: "total_s",
    Phase.JOB: "total_s",
}
"""The figure that a case is about; where a subject measured parts of its own, their total stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A figure over the turns of a contender; ``at_least`` says that the median is only a lower bound."""

    median: float
    low: float
    high: float
    count: int
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One figure over another; ``sign`` is "=" where both are known, "≤" or "≥" where one is a lower bound."""

    value: float
    sign: str = "="


def figure_of(turn: Turn, figure: str, case: Case) -> tuple[float, bool] | None:
    """Return a figure of a turn and whether it is only a lower bound; None where the turn has none.

    A turn that was ended by the bench took at least the time limit; its build time is unknown unless building is what
    the case is about. A turn that failed or crashed has no figures.
    """
    if turn.ending in {Ending.FAILED, Ending.CRASHED}:
        return None
    if figure == "gap":
        return None if turn.gap is None else (turn.gap, False)
    value = turn.figures.get(figure)
    if value is not None:
        return value, turn.ending.unfinished and figure in LOWER_BOUNDED
    if turn.ending is Ending.TIMED_OUT and (
        figure in LOWER_BOUNDED or (figure == "build_s" and case.phase is Phase.BUILD)
    ):
        return case.time_limit, True
    return None


def summary(results: Results, subject: str, case: str, contender: str, figure: str) -> Summary | None:
    """Return a contender's figure over its turns, None where no turn has it."""
    described = results.subjects[subject].cases[case]
    turns = results.turns_of(subject, case, contender)
    return summarise([known for turn in turns if (known := figure_of(turn, figure, described)) is not None])


def leading(results: Results, subject: str, case: str, contender: str) -> tuple[str, Summary | None]:
    """Return the name and the summary of the figure that a case is about."""
    figure = LEADING_FIGURE[results.subjects[subject].cases[case].phase]
    found = summary(results, subject, case, contender, figure)
    if found is None and figure.endswith("_s"):
        return "total_s", summary(results, subject, case, contender, "total_s")
    return figure, found


def summarise(known: Sequence[tuple[float, bool]]) -> Summary | None:
    """Return the median and the spread of figures that may be lower bounds, None for no figures."""
    if not known:
        return None
    values = [value for value, _ in known]
    return Summary(
        median=statistics.median(values),
        low=min(values),
        high=max(values),
        count=len(values),
        at_least=any(bounded for _, bounded in known),
    )


def ratio(upper: Summary | None, lower: Summary | None) -> Ratio | None:
    """Return the ratio of two medians, None where one is missing, the lower is 0, or both are lower bounds."""
    if upper is None or lower is None or lower.median == 0 or (upper.at_least and lower.at_least):
        return None
    sign = "≥" if upper.at_least else "≤" if lower.at_least else "="
    return Ratio(value=upper.median / lower.median, sign=sign)
