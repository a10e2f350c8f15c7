"""Targets held against the figures of a run: met, missed, or not measured, each with its figure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from benchmarks.results import Ending, Measured, Results
from benchmarks.statistics import Ratio, ratio, summary
from benchmarks.subject import Target


class Mark(Enum):
    """What became of a target."""

    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A target of a subject, its mark, the figure or ratio it was judged by, and why where that is not plain."""

    subject: str
    target: Target
    mark: Mark
    figure: Ratio | None = None
    why: str = ""


def judge(results: Results) -> list[Judgement]:
    """Judge every target of every subject of a run, ratios first."""
    judgements = [
        _judge(results, measured, target) for measured in results.subjects.values() for target in measured.targets
    ]
    return sorted(judgements, key=lambda judgement: not judgement.target.is_ratio)


def _judge(results: Results, measured: Measured, target: Target) -> Judgement:
    other_case = target.against_case or target.case
    for case in (target.case, other_case):
        if case not in measured.cases:
            return _unmeasured(measured, target, f"case {case} was not run")
    if wrong := _wrong(results, measured, target):
        return Judgement(subject=measured.name, target=target, mark=Mark.MISSED, why=wrong)
    own = summary(results, measured.name, target.case, target.contender, target.figure)
    if own is None:
        return _unmeasured(measured, target, _why_missing(results, measured, target.case, target.contender))
    figure = Ratio(value=own.median, sign="≥" if own.at_least else "=")
    if target.is_ratio:
        rival = target.against or target.contender
        other = summary(results, measured.name, other_case, rival, target.against_figure or target.figure)
        quotient = ratio(own, other)
        if quotient is None:
            why = _why_missing(results, measured, other_case, rival) if other is None else "neither finished, or 0"
            return _unmeasured(measured, target, why)
        figure = quotient
    reached = _reached(figure, target)
    if reached is None:
        return Judgement(
            subject=measured.name, target=target, mark=Mark.NOT_MEASURED, figure=figure, why="only a bound is known"
        )
    return Judgement(subject=measured.name, target=target, mark=Mark.MET if reached else Mark.MISSED, figure=figure)


def _reached(figure: Ratio, target: Target) -> bool | None:
    """Return whether the figure lies within the target's numbers, None where its being a bound leaves it open."""
    within = []
    if target.at_most is not None:
        below = figure.value <= target.at_most
        within.append(None if (figure.sign == "≥" and below) or (figure.sign == "≤" and not below) else below)
    if target.at_least is not None:
        above = figure.value >= target.at_least
        within.append(None if (figure.sign == "≤" and above) or (figure.sign == "≥" and not above) else above)
    if False in within:
        return False
    return None if None in within else True


def _wrong(results: Results, measured: Measured, target: Target) -> str:
    """Return what disqualifies a contender's figures: claims refuted, or no answer in one of its turns."""
    for turn in results.turns_of(measured.name, target.case, target.contender):
        if turn.problems:
            return f"refuted: {turn.problems[0]}"
        if turn.ending in {Ending.FAILED, Ending.CRASHED}:
            return f"{turn.ending.value}: {turn.words or 'no word'}"
    return ""


def _why_missing(results: Results, measured: Measured, case: str, contender: str) -> str:
    turns = results.turns_of(measured.name, case, contender)
    if not turns:
        return f"{contender} took no turn"
    bad = next((turn for turn in turns if turn.ending is not Ending.ANSWERED), None)
    return f"{contender} has no such figure" if bad is None else f"{contender} {bad.ending.value}: {bad.words or ''}"


def _unmeasured(measured: Measured, target: Target, why: str) -> Judgement:
    return Judgement(subject=measured.name, target=target, mark=Mark.NOT_MEASURED, why=why)
