"""Which first decisions hold up over the scenarios of a what-if run, in words and columns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from planner.application.compare_robust import RobustChoice, Robustness
from planner.console.what_if_words import plain_table
from planner.domain.robustness import Interval, Risk

_MOST_TOLD = 3


def robust_lines(found: RobustChoice, periods: int, *, left: int, left_out: int, not_kept: int = 0) -> Iterator[str]:
    """Return a row for each candidate, the choice, and what it rests on.

    The first ``periods`` were held. ``left`` pairs of candidate and scenario have no result yet; ``left_out`` cases of
    the grid have no plan, and of ``not_kept`` the plan was not kept.
    """
    risk = f"CVaR at {found.alpha:g}"
    rows = [["first decisions of", "worst case", risk, "largest regret"]]
    ranked = sorted(found.rows, key=lambda row: (-row.worth(found.risk).low, -row.worth(found.risk).high))
    rows += [[row.candidate.name, _told(row.worst), _told(row.cvar), _told(row.regret)] for row in ranked]
    yield from plain_table(rows)
    for row in ranked:
        yield from _impossible(row)
    yield f"over {found.scenarios} scenarios; held: set-ups, lots and purchases of {_periods(periods)}"
    if left_out:
        yield f"{left_out} cases of the grid have no plan and count for nothing here"
    if not_kept:
        yield (
            f"the plans of {not_kept} cases were not kept and could not be tried: `whatif run --keep-plans` into a new "
            "folder keeps all, --decide those that it makes"
        )
    if left:
        yield f"{left} pairs are not planned yet: the same command goes on"
    yield _choice(found)


def robust_table(found: RobustChoice) -> pl.DataFrame:
    """Return a row for each candidate: key, name, plan hash, intervals, and in how many scenarios it is impossible."""
    return pl.DataFrame(
        {
            "key": [row.candidate.key for row in found.rows],
            "name": [row.candidate.name for row in found.rows],
            "plan_hash": [row.candidate.plan_hash for row in found.rows],
            **{
                f"{name}_{end}": [getattr(getattr(row, name), end) for row in found.rows]
                for name in ("worst", "cvar", "regret")
                for end in ("low", "high")
            },
            "impossible": [len(row.impossible) for row in found.rows],
            "chosen": [place == found.choice.best for place in range(len(found.rows))],
        }
    )


def _choice(found: RobustChoice) -> str:
    best = found.best
    by = "worst case" if found.risk is Risk.WORST else f"CVaR at {found.alpha:g}"
    name = best.candidate.name
    if best.worth(found.risk).low == -math.inf:
        return f"no candidate is known to hold up in every scenario, so none is the best by {by}"
    loss = f"at most {best.regret.high:,.2f} is lost by it in any scenario"
    if found.choice.proven:
        return f"the first decisions of {name} are proven best by {by} among these; {loss}"
    rivals = ", ".join(found.rows[place].candidate.name for place in found.choice.rivals[:_MOST_TOLD])
    more = f" and {len(found.choice.rivals) - _MOST_TOLD} more" if len(found.choice.rivals) > _MOST_TOLD else ""
    return f"the first decisions of {name} lead by {by}, undecided at this gap against {rivals}{more}; {loss}"


def _impossible(row: Robustness) -> Iterator[str]:
    for scenario, reason in row.impossible[:_MOST_TOLD]:
        yield f"{row.candidate.name} cannot be carried out in {scenario}: {reason.splitlines()[0] if reason else ''}"
    if len(row.impossible) > _MOST_TOLD:
        yield f"{row.candidate.name} cannot be carried out in {len(row.impossible) - _MOST_TOLD} more"
    if row.unknown:
        yield f"{row.candidate.name}: nothing was found in {len(row.unknown)} scenarios, where it may be worth anything"


def _told(interval: Interval) -> str:
    low, high = interval.low, interval.high
    if low == high and math.isinf(low):
        return "impossible"
    if math.isinf(low) and math.isinf(high):
        return "unknown"
    return f"{low:,.2f} to {high:,.2f}".replace("-inf", "−∞").replace("inf", "∞")


def _periods(count: int) -> str:
    return "the first period" if count == 1 else f"the first {count} periods"
