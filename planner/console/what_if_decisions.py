"""Steps that decide pairs of what-if cases, and what is left undecided, in words."""

from __future__ import annotations

from collections.abc import Iterator

from planner.application.decide_grid import DecisionEnd, DecisionProgress, Undecided
from planner.console.what_if_words import duration


def step_line(progress: DecisionProgress) -> str:
    """Return what a step asked, what came of it, and how many pairs are undecided now."""
    step, result = progress.step, progress.result
    value = result.outcome if result.value is None else f"value {result.value:,.2f}"
    bound = "" if result.bound_checked is None else f", bound {result.bound_checked:,.2f}"
    how = "reached" if progress.reached else "not reached"
    why = f" ({progress.detail.splitlines()[0]})" if progress.detail and not progress.reached else ""
    asked = f"{result.name}: a gap of {step.gap:.4%} within {duration(step.seconds)} for up to {step.pairs:,} pairs"
    return f"{asked}: {how}{why}; {value}{bound}; {_counted(progress.undecided)}"


def decision_lines(end: DecisionEnd, seconds: float) -> Iterator[str]:
    """Return how many pairs were decided and why others are not; ``seconds`` is what a step may take."""
    yield (
        f"{end.steps} steps decided {end.before.total - end.after.total:,} of {end.before.total:,} undecided pairs; "
        f"now {_counted(end.after)}"
    )
    waiting = end.after.total - end.in_vain - end.no_plan - end.too_close
    reasons = (
        (
            end.no_plan,
            "have a side without a plan: `concordat whatif run --retry-failed`, with more --seconds if those ended it",
        ),
        (
            end.in_vain,
            f"have no step that helped within {duration(seconds)}: allow more by --seconds, or --bound proved",
        ),
        (end.too_close, "are worth the same as far as found: no gap tells them apart"),
        (waiting, "are left for want of budget: the same command goes on"),
    )
    for number, reason in reasons:
        if number:
            yield f"{number:,} of these {reason}"


def _counted(undecided: Undecided) -> str:
    return (
        f"{undecided.total:,} undecided ({undecided.reference:,} with the base, {undecided.leaders:,} between "
        f"candidates for the best, {undecided.others:,} others)"
    )
